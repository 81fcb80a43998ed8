/* What an XPUB's program has to hear, in the order it came: notices of subscriptions and the peers' own messages, and who sent
 * each. Private to xpub.c. Everything runs under the hub's lock. */
#ifndef ZC_SOCK_NEWS_H
#define ZC_SOCK_NEWS_H

#include "sock/patterns.h"

/* One connection of a pipe; also held by what it sent and is unread. */
struct zc_xpub_peer
{
    uint32_t refs;
    struct zc_pipe *pipe; /* NULL: lost */
    bool is_refused;      /* being closed: nothing of it counts any more */
    uint64_t topics, topic_bytes;
    uint64_t notices;       /* unread */
    uint32_t messages;      /* unread */
    struct zc_topics asked; /* with XPUB_MANUAL or XPUB_VERBOSER: its topics, each once */
};

struct zc_xpub_sender
{
    struct zc_xpub_peer *peer; /* NULL: nobody's, its sender was lost */
    bool is_message;
};

void zc_xpub_peer_unref (struct zc_xpub_peer *); /* NULL: nothing */

int zc_news_reserve (struct zc_xpub *); /* room for one more sender: 0, -ENOMEM */
/* What was put behind x->news was sent by peer (NULL: one that was lost). Room was reserved. */
void zc_news_push (struct zc_xpub *, struct zc_xpub_peer *, bool is_message);
/* The sender of what is at the head of x->news; its reference is the caller's. There is one. */
struct zc_xpub_sender zc_news_pop (struct zc_xpub *);
/* A notice that peer (NULL: one that was lost) subscribed or cancelled. 0, -ENOMEM. */
int zc_news_put_notice (struct zc_xpub *, struct zc_xpub_peer *, bool cancel, const uint8_t *topic, size_t n);

#endif
