#include "sock/news.h"

#include <errno.h>
#include <string.h>

void zc_xpub_peer_unref (struct zc_xpub_peer *peer)
{
    if (!peer || --peer->refs)
        return;
    zc_topics_close (&peer->asked);
    zc_free (peer);
}

int zc_news_reserve (struct zc_xpub *x)
{
    if (x->ring_count < x->ring_cap)
        return 0;
    size_t cap = x->ring_cap ? x->ring_cap * 2 : 8;
    struct zc_xpub_sender *ring = zc_calloc (cap, sizeof *ring);
    if (!ring)
        return -ENOMEM;
    for (size_t i = 0; i < x->ring_count; i++)
        ring[i] = x->ring[(x->ring_head + i) & (x->ring_cap - 1)];
    zc_free (x->ring);
    x->ring = ring;
    x->ring_head = 0;
    x->ring_cap = cap;
    return 0;
}

void zc_news_push (struct zc_xpub *x, struct zc_xpub_peer *peer, bool is_message)
{
    x->ring[(x->ring_head + x->ring_count++) & (x->ring_cap - 1)] = (struct zc_xpub_sender){peer, is_message};
    if (!peer)
        return;
    peer->refs++;
    if (is_message)
        peer->messages++;
    else
        peer->notices++;
}

struct zc_xpub_sender zc_news_pop (struct zc_xpub *x)
{
    struct zc_xpub_sender from = x->ring[x->ring_head];

    x->ring_head = (x->ring_head + 1) & (x->ring_cap - 1);
    x->ring_count--;
    if (from.peer && from.is_message)
        from.peer->messages--;
    else if (from.peer)
        from.peer->notices--;
    return from;
}

int zc_news_put_notice (struct zc_xpub *x, struct zc_xpub_peer *peer, bool cancel, const uint8_t *topic,
                        size_t n)
{
    if (zc_news_reserve (x) < 0)
        return -ENOMEM;
    uint8_t *at = n < SIZE_MAX - 10 ? zc_frames_room_fast (&x->news, n + 10) : NULL;
    if (!at)
        return -ENOMEM;
    size_t head = zc_frame_head (at, 0, n + 1);
    at[head] = !cancel;
    if (n)
        memcpy (at + head + 1, topic, n);
    zc_frames_grown (&x->news, head + 1 + n);
    zc_news_push (x, peer, false);
    return 0;
}
