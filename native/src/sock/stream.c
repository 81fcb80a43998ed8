/* STREAM: raw TCP. A ROUTER whose peers speak no ZMTP: a message is the connection's name and bytes. A connection is named from
 * its attach on, so that a program can connect, read ROUTING_ID and send. Sending no bytes closes the connection. */
#include "sock/patterns.h"

#include <errno.h>
#include "zmq.h"

static int admit (struct zc_sock *s, const struct zc_msg *first)
{
    const struct zc_pipe *p = zc_router_find (s->state, first);
    if (!p)
        return -EHOSTUNREACH;
    return zc_pipe_can_put (p) ? 0 : -EAGAIN;
}

static int put_bytes (struct zc_sock *s, struct zc_msg *parts, bool force)
{
    struct zc_pipe *p = zc_router_find (s->state, &parts[0]);

    if (!p)
        return -EHOSTUNREACH;
    if (zc_msg_size (&parts[1]) == 0) {
        zc_pipe_end (p);
        return 0;
    }
    int rc = zc_pipe_put (p, &parts[1], 1, force);
    return rc == -EPIPE ? -EHOSTUNREACH : rc;
}

static int send_bytes (struct zc_sock *s, struct zc_msg *parts, size_t count, bool force)
{
    if (count > 2)
        return -EINVAL;
    int rc = count == 2 ? put_bytes (s, parts, force) : 0; /* a name alone goes nowhere */
    if (rc == -EHOSTUNREACH && force) {
        s->hub->dropped++; /* it left since the name was taken */
        rc = 0;
    }
    if (rc == 0)
        zc_sock_parts_sent (parts, count);
    return rc;
}

const struct zc_pattern zc_pattern_stream = {
    .type = ZMQ_STREAM,
    .sends = true,
    .receives = true,
    .state_size = sizeof (struct zc_router),
    .last_part = 2,
    .hub =
        {
            .attach = zc_router_attach,
            .up = zc_router_up,
            .down = zc_router_down,
            .ending = zc_router_ending,
            .detach = zc_router_detach,
            .input = zc_router_input,
            .can_recv = zc_router_can_recv,
            .can_send = zc_can_always,
            .picks_peer = true,
        },
    .open = zc_router_open,
    .close = zc_router_close,
    .send = send_bytes,
    .admit = admit,
    .recv = zc_router_recv,
};
