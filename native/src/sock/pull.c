/* PULL: receives from all peers in turn, never sends (RFC 30). */
#include "sock/patterns.h"
#include "zmq.h"

const struct zc_pattern zc_pattern_pull = {
    .type = ZMQ_PULL,
    .receives = true,
    .hub =
        {
            .attach = zc_attach_receiver,
            .detach = zc_detach_plain,
            .can_recv = zc_can_recv_any,
        },
    .recv = zc_recv_fair,
    .recv_only_finds = true,
};
