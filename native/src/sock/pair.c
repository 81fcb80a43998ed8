/* PAIR: one peer (RFC 31). The first pipe is the peer; later ones are ended as soon as they are connected, what they send is
 * dropped. When the peer has left, the next may come although the leaver's messages are still unread: those come first. */
#include "sock/patterns.h"

#include <errno.h>
#include "zmq.h"

struct pair
{
    struct zc_pipe *peer;   /* NULL: none */
    struct zc_pipe *leaver; /* has left, but its messages are unread */
};

static struct pair *pair_of (const struct zc_hub *h)
{
    return zc_sock_of (h)->state;
}

static bool adopt (struct pair *s, struct zc_pipe *p)
{
    if (s->peer)
        return false;
    s->peer = p;
    zc_pipe_open_out (p);
    return true;
}

static void attach (struct zc_hub *h, struct zc_pipe *p)
{
    adopt (pair_of (h), p);
}

static void up (struct zc_hub *h, struct zc_pipe *p)
{
    struct pair *s = pair_of (h);
    if (s->peer != p && !adopt (s, p))
        zc_pipe_kill (p, -EBUSY, 0, "this PAIR has its peer already");
}

static void ending (struct zc_hub *h, struct zc_pipe *p)
{
    struct pair *s = pair_of (h);
    if (s->peer != p || s->leaver)
        return;
    s->leaver = p;
    s->peer = NULL;
}

static void detach (struct zc_hub *h, struct zc_pipe *p)
{
    struct pair *s = pair_of (h);
    if (s->peer == p)
        s->peer = NULL;
    if (s->leaver != p)
        return;
    s->leaver = NULL;
    if (s->peer && s->peer->is_ending) {
        s->leaver = s->peer;
        s->peer = NULL;
    }
}

static void input (struct zc_hub *h, struct zc_pipe *p)
{
    struct pair *s = pair_of (h);
    if (p != s->peer && p != s->leaver)
        zc_pipe_drop_all (p);
}

static struct zc_pipe *readable (struct zc_hub *h)
{
    const struct pair *s = pair_of (h);

    (void)zc_hub_next_in (h); /* brings in what a peer inside the process has written */
    if (s->leaver && s->leaver->in_msgs)
        return s->leaver;
    return s->peer && s->peer->in_msgs ? s->peer : NULL;
}

static bool can_recv (struct zc_hub *h)
{
    return readable (h) != NULL;
}

static int recv_one (struct zc_sock *s, struct zc_incoming *in)
{
    struct zc_pipe *p = readable (s->hub);
    if (!p)
        return -EAGAIN;
    zc_incoming_from (in, p);
    return 0;
}

const struct zc_pattern zc_pattern_pair = {
    .type = ZMQ_PAIR,
    .sends = true,
    .receives = true,
    .state_size = sizeof (struct pair),
    .hub =
        {
            .attach = attach,
            .up = up,
            .ending = ending,
            .detach = detach,
            .input = input,
            .can_recv = can_recv,
            .can_send = zc_can_send_any,
        },
    .send = zc_send_balanced,
    .recv = recv_one,
    .recv_only_finds = true,
};
