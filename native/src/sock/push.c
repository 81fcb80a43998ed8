/* PUSH: sends in turn to all peers, never receives (RFC 30). */
#include "sock/patterns.h"
#include "zmq.h"

const struct zc_pattern zc_pattern_push = {
    .type = ZMQ_PUSH,
    .sends = true,
    .hub =
        {
            .attach = zc_attach_sender,
            .detach = zc_detach_plain,
            .input = zc_input_drop,
            .input_is_urgent = true,
            .can_send = zc_can_send_any,
        },
    .send = zc_send_balanced,
};
