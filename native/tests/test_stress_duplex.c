/* Both directions on one socket: who waits to send and who waits to receive is woken, each for its own peer. */
#include "stress.h"

/* ---- both directions on one socket: who waits to send and who waits to receive wake each other's peers ---- */

struct duplex
{
    struct arena a;
    void *s[2];
    long each;
    _Atomic long got[2];
};
struct duplexer
{
    struct duplex *d;
    int side;
    pthread_t id;
};

static void *duplex_sends (void *arg)
{
    struct duplexer *w = arg;
    char b[64] = {0};

    for (long i = 0; i < w->d->each; i++) {
        if (zmq_send (w->d->s[w->side], b, sizeof b, 0) < 0)
            break;
        atomic_fetch_add (&w->d->a.sent, 1);
    }
    return NULL;
}

static void *duplex_receives (void *arg)
{
    struct duplexer *w = arg;
    char b[64];

    while (zmq_recv (w->d->s[w->side], b, sizeof b, 0) >= 0) {
        atomic_fetch_add (&w->d->a.got, 1);
        if (atomic_fetch_add (&w->d->got[w->side], 1) % 100 == 0)
            nap_us (1000);
    }
    return NULL;
}

static void duplex_over (const char *transport, int hwm)
{
    static struct duplex d;
    static struct duplexer w[8];
    char endpoint[256];

    memset (&d, 0, sizeof d);
    d.each = scaled (3000);
    d.a.plan = (struct plan){.transport = transport, .socks = 1};
    void *ctx = zmq_ctx_new ();
    for (int i = 0; i < 2; i++)
        d.s[i] = socket_of (ctx, ZMQ_DEALER, hwm, i ? 0 : -1);
    d.a.send[0] = d.s[0];
    d.a.recv[0] = d.s[1];
    bind_somewhere (d.s[0], transport, endpoint, sizeof endpoint);
    CHECK_INT (zmq_connect (d.s[1], endpoint), 0);
    for (int i = 0; i < 8; i++) {
        w[i] = (struct duplexer){.d = &d, .side = i % 2};
        pthread_create (&w[i].id, NULL, i < 4 ? duplex_receives : duplex_sends, &w[i]);
    }
    await_messages (&d.a, 4 * d.each);
    for (int i = 0; i < 2; i++)
        CHECK_INT (zmq_close (d.s[i]), 0);
    for (int i = 0; i < 8; i++)
        join_in_time (&d.a, w[i].id, "duplex at close");
    CHECK_INT (zmq_ctx_term (ctx), 0);
}

TEST (both_directions_at_once_with_small_marks)
{
    duplex_over ("inproc", 1);
    duplex_over ("tcp", 1);
    duplex_over ("ipc", 10);
}

/* A sender of a ROUTER that must deliver waits for its own peer, not for any. */
static void *mandatory_sends (void *arg)
{
    struct duplexer *w = arg;
    char id = (char)('A' + w->side);

    for (long i = 0; i < w->d->each; i++) {
        zmq_msg_t m[2];
        zmq_msg_init_size (&m[0], 1);
        memcpy (zmq_msg_data (&m[0]), &id, 1);
        zmq_msg_init_size (&m[1], 30000);
        memset (zmq_msg_data (&m[1]), 0, 30000);
        int rc = zcffi_send_parts (w->d->a.recv[0], m, 2, 0);
        zmq_msg_close (&m[0]);
        zmq_msg_close (&m[1]);
        if (rc < 0)
            break;
        atomic_fetch_add (&w->d->a.sent, 1);
    }
    return NULL;
}

TEST (senders_of_a_router_wait_each_for_their_peer)
{
    static struct duplex d;
    static struct duplexer w[4];
    char endpoint[256], b[8];

    memset (&d, 0, sizeof d);
    d.each = scaled (300);
    d.a.plan = (struct plan){.transport = "tcp", .socks = 1};
    void *ctx = zmq_ctx_new (), *router = socket_of (ctx, ZMQ_ROUTER, 2, -1);
    set_int (router, ZMQ_ROUTER_MANDATORY, 1);
    d.a.recv[0] = router;
    struct zc_hub *hub = hub_of (router);
    bind_somewhere (router, "tcp", endpoint, sizeof endpoint);
    for (int i = 0; i < 2; i++) {
        char id = (char)('A' + i);
        d.s[i] = socket_of (ctx, ZMQ_DEALER, 2, -1);
        CHECK_INT (zmq_setsockopt (d.s[i], ZMQ_ROUTING_ID, &id, 1), 0);
        CHECK_INT (zmq_connect (d.s[i], endpoint), 0);
        CHECK_INT (zmq_send (d.s[i], "hi", 2, 0), 2);
    }
    for (int i = 0; i < 4; i++)
        CHECK (zmq_recv (router, b, sizeof b, 0) >= 0);
    for (int i = 0; i < 4; i++) { /* A's senders first: they sleep before B's */
        w[i] = (struct duplexer){.d = &d, .side = i / 2};
        pthread_create (&w[i].id, NULL, mandatory_sends, &w[i]);
        if (i == 1)
            EVENTUALLY (hub, asleep (&hub->out) == 2);
    }
    /* B reads all that is for it while A reads nothing, then A. */
    for (int side = 1; side >= 0; side--) {
        int timeout = (int)stall_ms ();
        set_int (d.s[side], ZMQ_RCVTIMEO, timeout);
        for (long i = 0; i < 2 * d.each; i++) {
            if (zmq_recv (d.s[side], b, sizeof b, 0) < 0) {
                d.a.send[0] = d.s[side];
                stalled (&d.a, "a sender sleeps although its peer has room");
            }
        }
    }
    for (int i = 0; i < 4; i++)
        join_in_time (&d.a, w[i].id, "ROUTER senders");
    CHECK_INT (zmq_close (router), 0);
    CHECK_INT (zmq_close (d.s[0]), 0);
    CHECK_INT (zmq_close (d.s[1]), 0);
    CHECK_INT (zmq_ctx_term (ctx), 0);
}
