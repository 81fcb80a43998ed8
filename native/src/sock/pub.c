/* PUB: an XPUB that never receives: subscriptions take effect, what else its peers send is dropped (RFC 29). */
#include "sock/patterns.h"
#include "zmq.h"

const struct zc_pattern zc_pattern_pub = {
    .type = ZMQ_PUB,
    .sends = true,
    .state_size = sizeof (struct zc_xpub),
    .hub =
        {
            .attach = zc_xpub_attach,
            .up = zc_xpub_up,
            .down = zc_xpub_down,
            .detach = zc_xpub_detach,
            .input = zc_xpub_input,
            .input_is_urgent = true,
            .can_send = zc_can_always,
            .picks_peer = true,
        },
    .open = zc_xpub_open,
    .close = zc_xpub_close,
    .send = zc_xpub_send,
    .admit = zc_xpub_admit,
};
