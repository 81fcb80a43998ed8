/* Questions and answers: the answer comes back to who asked, however quick it is. */
#include "stress.h"

/* ---- questions and answers: the answer comes back to who asked ---- */

struct echo
{
    struct arena a; /* for the report of a stall */
    void *ctx, *server, *client[MAX_SOCKS];
    const char *transport;
    int server_type, client_type, mandatory;
    long each;
    _Atomic long asked, answered;
    _Atomic bool stop;
};

struct asker
{
    struct echo *e;
    int client;
    uint32_t x;
    pthread_t id;
};

/* ROUTER: any thread answers any question. REP: one thread. */
static void *answerer (void *arg)
{
    struct asker *k = arg;
    struct echo *e = k->e;

    for (;;) {
        zmq_msg_t m[4];
        if (rnd (&k->x) % 3 == 0) {
            zmq_pollitem_t it = {.socket = e->server, .events = ZMQ_POLLIN};
            (void)zmq_poll (&it, 1, rnd (&k->x) % 2 ? 1 : 50);
        }
        int n = zcffi_recv_parts (e->server, m, 4, 0);
        if (n < 0) {
            if (!is_over (errno))
                CHECK_FAIL ("answerer: %s", zmq_strerror (errno));
            return NULL;
        }
        int rc = zcffi_send_parts (e->server, m, (size_t)n, 0);
        for (int i = 0; i < n; i++)
            zmq_msg_close (&m[i]);
        if (rc < 0 && is_over (errno))
            return NULL;
        if (rc < 0)
            CHECK_FAIL ("answer: %s", zmq_strerror (errno));
    }
}

static void *dealer_asks (void *arg)
{
    struct asker *k = arg;
    struct echo *e = k->e;

    for (long i = 0; i < e->each; i++) {
        uint64_t q[3] = {(uint64_t)k->client, (uint64_t)i, 0};
        struct iovec_parts
        {
            zcffi_part_t p[2];
        } v = {{{"", 0, 1}, {q, sizeof q, 0}}};
        if (zcffi_send_many (e->client[k->client], v.p, 2, 0) != 2) {
            if (!is_over (errno))
                CHECK_FAIL ("ask: %s", zmq_strerror (errno));
            return NULL;
        }
        atomic_fetch_add (&e->asked, 1);
        atomic_fetch_add (&e->a.sent, 1);
        if (rnd (&k->x) % 300 == 0)
            nap_us (rnd (&k->x) % 3000);
    }
    return NULL;
}

static void *dealer_hears (void *arg)
{
    struct asker *k = arg;
    struct echo *e = k->e;

    for (;;) {
        zmq_msg_t m[4];
        if (rnd (&k->x) % 4 == 0) {
            zmq_pollitem_t it = {.socket = e->client[k->client], .events = ZMQ_POLLIN};
            (void)zmq_poll (&it, 1, -1);
        }
        int n = zcffi_recv_parts (e->client[k->client], m, 4, 0);
        if (n < 0) {
            if (!is_over (errno))
                CHECK_FAIL ("hear: %s", zmq_strerror (errno));
            return NULL;
        }
        CHECK_INT (n, 2);
        const uint64_t *q = n == 2 ? zmq_msg_data (&m[1]) : NULL;
        if (q)
            CHECK_INT (q[0], k->client); /* nobody else's answer */
        for (int i = 0; i < n; i++)
            zmq_msg_close (&m[i]);
        atomic_fetch_add (&e->answered, 1);
        atomic_fetch_add (&e->a.got, 1);
    }
}

/* REQ with RELAXED and CORRELATE gives questions up now and then; an answer is always to the last one. */
static void *req_asks (void *arg)
{
    struct asker *k = arg;
    struct echo *e = k->e;
    void *s = e->client[k->client];

    for (long i = 0; i < e->each; i++) {
        uint64_t q[2] = {(uint64_t)k->client, (uint64_t)i}, r[2] = {0, 0};
        if (zmq_send (s, q, sizeof q, 0) < 0)
            break;
        atomic_fetch_add (&e->a.sent, 1);
        if (rnd (&k->x) % 5 == 0) {
            zmq_pollitem_t it = {.socket = s, .events = ZMQ_POLLIN};
            if (zmq_poll (&it, 1, 0) == 0)
                continue; /* given up */
        }
        int n = zmq_recv (s, r, sizeof r, 0);
        if (n < 0)
            break;
        CHECK_INT (n, (int)sizeof r);
        CHECK_INT (r[0], k->client);
        CHECK_INT (r[1], i);
        atomic_fetch_add (&e->a.got, 1);
    }
    return NULL;
}

static void echo_over (const char *transport, int server_type, int client_type, int mandatory)
{
    static struct echo e;
    static struct asker askers[16];
    char endpoint[256];
    bool req = client_type == ZMQ_REQ;
    int servers = server_type == ZMQ_ROUTER ? 3 : 1, n = 0;

    memset (&e, 0, sizeof e);
    e.transport = transport;
    e.each = scaled (req ? 500 : 1500);
    e.ctx = zmq_ctx_new ();
    e.server = socket_of (e.ctx, server_type, 5000, -1);
    if (server_type == ZMQ_ROUTER && mandatory)
        set_int (e.server, ZMQ_ROUTER_MANDATORY, 1);
    bind_somewhere (e.server, transport, endpoint, sizeof endpoint);
    e.a.plan = (struct plan){.transport = transport, .socks = 3};
    for (int i = 0; i < 3; i++) {
        e.client[i] = socket_of (e.ctx, client_type, server_type == ZMQ_ROUTER && mandatory ? 3 : 5000, -1);
        if (req) {
            set_int (e.client[i], ZMQ_REQ_RELAXED, 1);
            set_int (e.client[i], ZMQ_REQ_CORRELATE, 1);
        }
        CHECK_INT (zmq_connect (e.client[i], endpoint), 0);
        e.a.send[i] = e.client[i];
    }
    e.a.recv[0] = e.server;
    memset (askers, 0, sizeof askers);
    for (int i = 0; i < servers; i++, n++) {
        askers[n] = (struct asker){.e = &e, .x = (uint32_t)n + 5};
        pthread_create (&askers[n].id, NULL, answerer, &askers[n]);
    }
    int first = n;
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < (req ? 1 : 3); k++, n++) {
            askers[n] = (struct asker){.e = &e, .client = i, .x = (uint32_t)n + 5};
            pthread_create (&askers[n].id, NULL,
                            req     ? req_asks
                            : k < 2 ? dealer_asks
                                    : dealer_hears,
                            &askers[n]);
        }
    if (req)
        for (int i = first; i < n; i++)
            join_in_time (&e.a, askers[i].id, "REQ");
    else
        await_messages (&e.a, 3 * 2 * e.each);
    for (int i = 0; i < 3; i++)
        CHECK_INT (zmq_close (e.client[i]), 0);
    CHECK_INT (zmq_close (e.server), 0);
    for (int i = 0; i < (req ? first : n); i++)
        join_in_time (&e.a, askers[i].id, "echo at close");
    CHECK_INT (zmq_ctx_term (e.ctx), 0);
}

TEST (dealers_ask_a_router)
{
    echo_over ("tcp", ZMQ_ROUTER, ZMQ_DEALER, 0);
    echo_over ("ipc", ZMQ_ROUTER, ZMQ_DEALER, 1);
    echo_over ("inproc", ZMQ_ROUTER, ZMQ_DEALER, 0);
}

TEST (dealers_ask_a_rep)
{
    echo_over ("tcp", ZMQ_REP, ZMQ_DEALER, 0);
    echo_over ("inproc", ZMQ_REP, ZMQ_DEALER, 0);
}

TEST (relaxed_reqs_ask_a_router_and_a_rep)
{
    echo_over ("tcp", ZMQ_ROUTER, ZMQ_REQ, 0);
    echo_over ("ipc", ZMQ_REP, ZMQ_REQ, 0);
    echo_over ("inproc", ZMQ_ROUTER, ZMQ_REQ, 0);
}

/* ---- a peer inside the process is quick ---- */

static void *answer_at_once (void *arg)
{
    char b[8];
    int n;

    while ((n = zmq_recv (arg, b, sizeof b, ZMQ_DONTWAIT)) >= 0 || zmq_errno () == EAGAIN)
        if (n >= 0 && zmq_send (arg, b, (size_t)n, 0) < 0)
            break;
    return NULL;
}

TEST (a_reply_that_comes_before_the_request_is_wholly_sent_is_received)
{
    static const int types[][2] = {{ZMQ_REQ, ZMQ_REP}, {ZMQ_PAIR, ZMQ_PAIR}, {ZMQ_DEALER, ZMQ_DEALER}};
    int wait = (int)(3 * stall_ms ());

    for (int k = 0; k < 3; k++) {
        void *ctx = zmq_ctx_new (), *ask = zmq_socket (ctx, types[k][0]),
             *reply = zmq_socket (ctx, types[k][1]);
        pthread_t id;
        char b[8];
        CHECK_INT (zmq_bind (reply, "inproc://quick"), 0);
        CHECK_INT (zmq_connect (ask, "inproc://quick"), 0);
        CHECK_INT (zmq_setsockopt (ask, ZMQ_RCVTIMEO, &wait, sizeof wait), 0);
        pthread_create (&id, NULL, answer_at_once, reply);
        for (long i = 0; i < scaled (50000); i++) {
            CHECK_INT (zmq_send (ask, "?", 1, 0), 1);
            int n = zmq_recv (ask, b, sizeof b, 0);
            CHECK_INT (n, 1);
            if (n != 1)
                break;
        }
        CHECK_INT (zmq_ctx_shutdown (ctx), 0);
        pthread_join (id, NULL);
        CHECK_INT (zmq_close (ask), 0);
        CHECK_INT (zmq_close (reply), 0);
        CHECK_INT (zmq_ctx_term (ctx), 0);
    }
}
