/* SUB: an XSUB that subscribes by option and filters once more what arrives, since a publisher may send what was just
 * cancelled, or all there is (RFC 29). */
#include "sock/patterns.h"

#include <errno.h>
#include "zmq.h"

static bool is_wanted (const struct zc_sock *s, const struct zc_pipe *p)
{
    const struct zc_xsub *x = s->state;
    struct zc_view v;

    zc_frames_peek (&p->in, &v);
    return zc_topics_match (&x->topics, v.data, v.size) != s->opt.invert_matching;
}

/* The next pipe whose message is wanted, the others' dropped. NULL: none. */
static struct zc_pipe *next_wanted (struct zc_hub *h)
{
    struct zc_pipe *p;

    while ((p = zc_hub_next_in (h)) != NULL && !is_wanted (zc_sock_of (h), p))
        zc_pipe_drop_head (p);
    return p;
}

static bool can_recv (struct zc_hub *h)
{
    return next_wanted (h) != NULL;
}

static int recv_wanted (struct zc_sock *s, struct zc_incoming *in)
{
    struct zc_pipe *p = next_wanted (s->hub);
    if (!p)
        return -EAGAIN;
    zc_incoming_from (in, p);
    return 0;
}

static int set (struct zc_sock *s, int option, const void *value, size_t size)
{
    if (option == ZMQ_SUBSCRIBE)
        return zc_xsub_subscribe (s, value, size);
    if (option == ZMQ_UNSUBSCRIBE)
        return zc_xsub_unsubscribe (s, value, size);
    return 0;
}

const struct zc_pattern zc_pattern_sub = {
    .type = ZMQ_SUB,
    .receives = true,
    .state_size = sizeof (struct zc_xsub),
    .hub =
        {
            .attach = zc_attach_receiver,
            .up = zc_xsub_up,
            .detach = zc_detach_plain,
            .can_recv = can_recv,
        },
    .open = zc_xsub_open,
    .close = zc_xsub_close,
    .recv = recv_wanted,
    .recv_only_finds = true,
    .set = set,
};
