/* DEALER: sends in turn to all peers, receives from all in turn (RFC 28). */
#include "sock/patterns.h"
#include "zmq.h"

const struct zc_pattern zc_pattern_dealer = {
    .type = ZMQ_DEALER,
    .sends = true,
    .receives = true,
    .hub =
        {
            .attach = zc_attach_sender,
            .up = zc_up_probe,
            .detach = zc_detach_plain,
            .can_recv = zc_can_recv_any,
            .can_send = zc_can_send_any,
        },
    .send = zc_send_balanced,
    .recv = zc_recv_fair,
    .recv_only_finds = true,
};
