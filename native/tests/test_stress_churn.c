/* Sockets, endpoints, peers and contexts that end while others wait on them. */
#include "stress.h"

#include <poll.h>

/* ---- sockets that end while others wait on them ---- */

struct churn
{
    void *s[2];
    _Atomic int waits;
};

static void *churn_receives (void *arg)
{
    struct churn *c = arg;
    char b[64];

    atomic_fetch_add (&c->waits, 1);
    while (zmq_recv (c->s[1], b, sizeof b, 0) >= 0) {
    }
    CHECK (is_over (errno));
    return NULL;
}

static void *churn_sends (void *arg)
{
    struct churn *c = arg;
    char b[64] = {0};

    atomic_fetch_add (&c->waits, 1);
    while (zmq_send (c->s[0], b, 30, 0) >= 0) {
    }
    CHECK (is_over (errno));
    return NULL;
}

static void *churn_polls (void *arg)
{
    struct churn *c = arg;

    atomic_fetch_add (&c->waits, 1);
    for (;;) {
        zmq_pollitem_t it[2] = {{.socket = c->s[0], .events = ZMQ_POLLOUT | ZMQ_POLLIN},
                                {.socket = c->s[1], .events = ZMQ_POLLIN}};
        char b[64];
        if (zmq_poll (it, 2, -1) < 0) {
            CHECK (is_over (errno));
            return NULL;
        }
        if (it[1].revents)
            (void)zmq_recv (c->s[1], b, sizeof b, ZMQ_DONTWAIT);
    }
}

static void *churn_watches (void *arg)
{
    struct churn *c = arg;
    char b[64];
    int fd = -1, e;
    size_t n = sizeof fd;

    atomic_fetch_add (&c->waits, 1);
    if (zmq_getsockopt (c->s[1], ZMQ_FD, &fd, &n) < 0)
        return NULL;
    while ((e = events_of (c->s[1])) >= 0) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (e & ZMQ_POLLIN)
            (void)zmq_recv (c->s[1], b, sizeof b, ZMQ_DONTWAIT);
        else
            (void)poll (&p, 1, 1);
    }
    return NULL;
}

static void churn_round (const char *transport, uint32_t *x, bool by_term, bool watched)
{
    static const int pairs[][2] = {
        {ZMQ_PUSH, ZMQ_PULL}, {ZMQ_PAIR, ZMQ_PAIR}, {ZMQ_DEALER, ZMQ_DEALER}, {ZMQ_PUB, ZMQ_SUB}};
    const int *types = pairs[rnd (x) % 4];
    struct churn c = {{NULL, NULL}, 0};
    struct arena a = {.plan = {.transport = transport, .socks = 1}};
    char endpoint[256];
    pthread_t t[5];
    void *ctx = zmq_ctx_new ();

    for (int i = 0; i < 2; i++) {
        c.s[i] = socket_of (ctx, types[i], (int)(rnd (x) % 20), -1);
        set_int (c.s[i], ZMQ_LINGER, rnd (x) % 2 ? 0 : 20);
    }
    a.send[0] = c.s[0];
    a.recv[0] = c.s[1];
    int binder = (int)(rnd (x) % 2);
    bind_somewhere (c.s[binder], transport, endpoint, sizeof endpoint);
    for (uint32_t i = types[0] == ZMQ_PAIR ? 1 : 1 + rnd (x) % 3; i; i--)
        CHECK_INT (zmq_connect (c.s[!binder], endpoint), 0);
    void *(*mains[5]) (void *) = {churn_receives, churn_sends, churn_polls, churn_receives,
                                  watched ? churn_watches : churn_sends};
    for (int i = 0; i < 5; i++)
        pthread_create (&t[i], NULL, mains[i], &c);
    nap_us (rnd (x) % 3000);
    for (uint32_t i = rnd (x) % 4; i; i--) { /* endpoints come and go meanwhile */
        if (rnd (x) % 2)
            (void)zmq_disconnect (c.s[!binder], endpoint);
        else
            (void)zmq_unbind (c.s[binder], endpoint);
        nap_us (rnd (x) % 300);
        if (rnd (x) % 2)
            (void)zmq_bind (c.s[binder], endpoint);
        (void)zmq_connect (c.s[!binder], endpoint);
        nap_us (rnd (x) % 1000);
    }
    if (by_term)
        CHECK_INT (zmq_ctx_shutdown (ctx), 0);
    else {
        int first = (int)(rnd (x) % 2);
        CHECK_INT (zmq_close (c.s[first]), 0);
        nap_us (rnd (x) % 500);
        CHECK_INT (zmq_close (c.s[!first]), 0);
    }
    for (int i = 0; i < 5; i++)
        join_in_time (&a, t[i], by_term ? "a wait that term should end" : "a wait that close should end");
    if (by_term)
        for (int i = 0; i < 2; i++)
            CHECK_INT (zmq_close (c.s[i]), 0);
    CHECK_INT (zmq_send (c.s[0], "x", 1, 0), -1);
    CHECK_INT (errno, ENOTSOCK);
    CHECK_INT (zmq_ctx_term (ctx), 0);
}

static void *churner (void *arg)
{
    static const char *transports[] = {"tcp", "ipc", "inproc"};
    uint32_t x = (uint32_t)(uintptr_t)arg;

    for (long i = scaled (60); i; i--)
        churn_round (transports[rnd (&x) % 3], &x, rnd (&x) % 2, rnd (&x) % 3 == 0);
    return NULL;
}

TEST (close_and_term_end_every_wait)
{
    pthread_t t[2];

    for (int i = 0; i < 2; i++)
        pthread_create (&t[i], NULL, churner, (void *)(uintptr_t)(i + 11));
    for (int i = 0; i < 2; i++)
        pthread_join (t[i], NULL);
}

/* Everybody waits, then the context ends under them; each closes its own sockets. */
struct terminal
{
    void *ctx;
    int place;
    pthread_t id;
};

static void *works_until_term (void *arg)
{
    struct terminal *t = arg;
    void *push = zmq_socket (t->ctx, ZMQ_PUSH), *pull = zmq_socket (t->ctx, ZMQ_PULL);
    char endpoint[64], b[16];

    if (!push || !pull) {
        CHECK (errno == ETERM || errno == EFAULT); /* the context ends, or has ended */
        if (push)
            zmq_close (push);
        return NULL;
    }
    snprintf (endpoint, sizeof endpoint, "inproc://terminal-%d", t->place / 2);
    if (t->place % 2)
        (void)zmq_bind (pull, endpoint);
    else
        (void)zmq_connect (push, endpoint);
    int rc = 0, none = 0;
    (void)zmq_setsockopt (push, ZMQ_LINGER, &none, sizeof none);
    while (rc >= 0)
        rc = t->place % 2 ? zmq_recv (pull, b, sizeof b, 0) : zmq_send (push, b, sizeof b, 0);
    CHECK_INT (errno, ETERM);
    zmq_close (push);
    zmq_close (pull);
    return NULL;
}

TEST (term_ends_when_the_last_socket_is_closed)
{
    for (long round = scaled (40); round; round--) {
        struct terminal t[6];
        struct arena a = {.plan = {.transport = "inproc", .socks = 0}};
        void *ctx = zmq_ctx_new ();
        for (int i = 0; i < 6; i++) {
            t[i] = (struct terminal){.ctx = ctx, .place = i};
            pthread_create (&t[i].id, NULL, works_until_term, &t[i]);
        }
        nap_us (round % 5 * 300);
        CHECK_INT (zmq_ctx_term (ctx), 0);
        for (int i = 0; i < 6; i++)
            join_in_time (&a, t[i].id, "a thread that works until term");
    }
}

/* ---- peers that come and go: what arrives is sound and comes once ---- */

struct traffic
{
    struct arena a;
    void *pull;
    char endpoint[256];
    _Atomic long torn, twice;
    _Atomic bool stop;
};

static void *traveller (void *arg)
{
    struct traffic *t = arg;
    uint32_t x = (uint32_t)(uintptr_t)&x | 1u;
    static _Atomic uint64_t unique;
    void *ctx = t->a.ctx;

    while (!atomic_load (&t->stop)) {
        void *push = zmq_socket (ctx, ZMQ_PUSH);
        if (rnd (&x) % 4 == 0)
            set_int (push, ZMQ_IMMEDIATE, 1);
        set_int (push, ZMQ_SNDTIMEO, 2000);
        CHECK_INT (zmq_connect (push, t->endpoint), 0);
        for (uint32_t i = rnd (&x) % 40; i; i--) {
            uint64_t id = atomic_fetch_add (&unique, 1);
            uint64_t m[3] = {id, ~id, id * 3};
            if (zmq_send (push, m, sizeof m, 0) == (int)sizeof m)
                atomic_fetch_add (&t->a.sent, 1);
        }
        if (rnd (&x) % 3 == 0)
            (void)zmq_disconnect (push, t->endpoint);
        CHECK_INT (zmq_close (push), 0); /* lingers for ever: all of it arrives */
        if (rnd (&x) % 4 == 0)
            nap_us (rnd (&x) % 2000);
    }
    return NULL;
}

static void travel_over (const char *transport)
{
    static struct traffic t;
    static uint8_t seen[1 << 22];
    pthread_t id[3];
    uint64_t end = zc_now () + (uint64_t)scaled (700) * ZC_MS;
    int timeout = 50;

    memset (&t, 0, sizeof t);
    memset (seen, 0, sizeof seen);
    t.a.ctx = zmq_ctx_new ();
    t.a.plan = (struct plan){.transport = transport, .socks = 1};
    t.pull = t.a.recv[0] = socket_of (t.a.ctx, ZMQ_PULL, 10, -1);
    set_int (t.pull, ZMQ_RCVTIMEO, timeout);
    bind_somewhere (t.pull, transport, t.endpoint, sizeof t.endpoint);
    for (int i = 0; i < 3; i++)
        pthread_create (&id[i], NULL, traveller, &t);
    uint64_t quiet = 0;
    while (!atomic_load (&t.stop) || atomic_load (&t.a.got) < atomic_load (&t.a.sent)) {
        uint64_t m[3];
        int n = zmq_recv (t.pull, m, sizeof m, 0);
        if (n == (int)sizeof m) {
            CHECK (m[1] == ~m[0] && m[2] == m[0] * 3);
            if (m[0] < sizeof seen && seen[m[0]]++)
                CHECK_FAIL ("message %llu came twice", (unsigned long long)m[0]);
            atomic_fetch_add (&t.a.got, 1);
            quiet = 0;
        } else if (atomic_load (&t.stop) && ++quiet > (uint64_t)stall_ms () / 50) {
            CHECK_FAIL ("over %s: %ld of %ld arrived", transport, atomic_load (&t.a.got),
                        atomic_load (&t.a.sent));
            dump ("pull", t.pull);
            break;
        }
        if (!atomic_load (&t.stop) && zc_now () > end) {
            atomic_store (&t.stop, true);
        }
    }
    for (int i = 0; i < 3; i++)
        join_in_time (&t.a, id[i], "travellers");
    CHECK_INT (zmq_close (t.pull), 0);
    CHECK_INT (zmq_ctx_term (t.a.ctx), 0);
}

TEST (what_short_lived_peers_send_arrives_once)
{
    travel_over ("tcp");
    travel_over ("ipc");
}
