/* XSUB: receives from all publishers in turn, unfiltered (RFC 29). A message of one part that starts with byte 1 or 0 (un)subscribes,
 * any other goes upstream to every publisher with room. Subscriptions are counted here: each is told to the peers, only the
 * last cancellation is. Whoever comes up is told all of them. */
#include "sock/patterns.h"

#include <errno.h>
#include "core/driver.h"
#include "zmq.h"

int zc_xsub_open (struct zc_sock *s)
{
    struct zc_xsub *x = s->state;
    zc_topics_init (&x->topics);
    return 0;
}

void zc_xsub_close (struct zc_sock *s)
{
    struct zc_xsub *x = s->state;
    zc_topics_close (&x->topics);
}

/* A peer that can't be told is better lost: it is told everything when it comes back. */
static void kill_untold (struct zc_pipe *p)
{
    zc_pipe_kill (p, -ENOMEM, 0, "no memory for a subscription");
}

static int tell_topic (void *pipe, const uint8_t *topic, size_t n)
{
    return zc_pipe_subscribe (pipe, false, topic, n);
}

void zc_xsub_up (struct zc_hub *h, struct zc_pipe *p)
{
    struct zc_xsub *x = zc_sock_of (h)->state;
    if (zc_topics_each (&x->topics, tell_topic, p) < 0)
        kill_untold (p);
}

/* Pipes that are not up yet hear of it when they are. */
static void tell_all (struct zc_hub *h, bool cancel, const uint8_t *topic, size_t n)
{
    struct zc_pipe *next;

    for (struct zc_pipe *p = h->pipes; p; p = next) {
        next = p->next;
        if (p->is_up && zc_pipe_subscribe (p, cancel, topic, n) < 0)
            kill_untold (p);
    }
}

int zc_xsub_subscribe (struct zc_sock *s, const void *topic, size_t n)
{
    struct zc_xsub *x = s->state;
    int rc = zc_topics_add (&x->topics, topic, n);
    if (rc < 0)
        return rc;
    tell_all (s->hub, false, topic, n);
    return 0;
}

int zc_xsub_unsubscribe (struct zc_sock *s, const void *topic, size_t n)
{
    struct zc_xsub *x = s->state;
    if (zc_topics_remove (&x->topics, topic, n) == 1)
        tell_all (s->hub, true, topic, n);
    return 0;
}

static int send_upstream (struct zc_sock *s, struct zc_msg *parts, size_t count, bool force)
{
    const uint8_t *data = zc_msg_bytes (parts);
    size_t n = zc_msg_size (parts);

    (void)force;
    if (count > 1 || n == 0 || data[0] > 1)
        return zc_send_to_all (s->hub, parts, count);
    int rc = data[0] ? zc_xsub_subscribe (s, data + 1, n - 1) : zc_xsub_unsubscribe (s, data + 1, n - 1);
    if (rc == 0)
        zc_sock_parts_sent (parts, count);
    return rc;
}

const struct zc_pattern zc_pattern_xsub = {
    .type = ZMQ_XSUB,
    .sends = true,
    .receives = true,
    .state_size = sizeof (struct zc_xsub),
    .hub =
        {
            .attach = zc_attach_sender,
            .up = zc_xsub_up,
            .detach = zc_detach_plain,
            .can_recv = zc_can_recv_any,
            .can_send = zc_can_always,
        },
    .open = zc_xsub_open,
    .close = zc_xsub_close,
    .send = send_upstream,
    .recv = zc_recv_fair,
    .recv_only_finds = true,
};
