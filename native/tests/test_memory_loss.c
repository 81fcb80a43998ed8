/* No memory, and no silent loss: when the n-th allocation fails, for each n, every message that a socket has accepted arrives, or
 * somebody is told that it does not: the caller of a receive by ENOMEM, ZCFFI_DROPPED by its number, or a monitor by the event
 * of a peer that was refused. */
#include "check.h"
#include "base/alloc.h"
#include "os/clock.h"
#include "zcffi.h"

#include <errno.h>

enum
{
    COUNT = 12,   /* messages of a session */
    SIZE = 40000, /* of every second one; goes by reference */
    PATIENCE = 5000
};

struct ends
{
    void *ctx, *from, *to, *told[2]; /* told: the monitors of both */
    bool got[COUNT];
    long accounted; /* losses that somebody was told of */
    bool refused;   /* a connection was ended with an event: what was on its way is gone */
};

static long nth; /* the allocation that fails */

static void *socket_of (void *ctx, int type)
{
    void *s = zmq_socket (ctx, type);
    int ms = 10, none = 0, soon = 1, yes = 1;

    zmq_setsockopt (s, ZMQ_RCVTIMEO, &ms, sizeof ms);
    zmq_setsockopt (s, ZMQ_SNDTIMEO, &ms, sizeof ms);
    zmq_setsockopt (s, ZMQ_LINGER, &none, sizeof none);
    zmq_setsockopt (s, ZMQ_RECONNECT_IVL, &soon, sizeof soon);
    if (type == ZMQ_SUB)
        zmq_setsockopt (s, ZMQ_SUBSCRIBE, "", 0);
    if (type == ZMQ_ROUTER)
        zmq_setsockopt (s, ZMQ_ROUTER_MANDATORY, &yes, sizeof yes);
    return s;
}

static bool open_ends (struct ends *e, int from, int to)
{
    e->ctx = zmq_ctx_new ();
    e->from = socket_of (e->ctx, from);
    e->to = socket_of (e->ctx, to);
    e->told[0] = socket_of (e->ctx, ZMQ_PAIR);
    e->told[1] = socket_of (e->ctx, ZMQ_PAIR);
    zmq_setsockopt (e->to, ZMQ_ROUTING_ID, "to", 2);
    return zcffi_socket_monitor (e->from, "inproc://told-0", ZCFFI_EVENT_ALL) == 0
           && zcffi_socket_monitor (e->to, "inproc://told-1", ZCFFI_EVENT_ALL) == 0
           && zmq_connect (e->told[0], "inproc://told-0") == 0
           && zmq_connect (e->told[1], "inproc://told-1") == 0;
}

static void close_ends (struct ends *e)
{
    void *all[] = {e->from, e->to, e->told[0], e->told[1]};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        zmq_close (all[i]);
    zmq_ctx_term (e->ctx);
}

/* ---- what the sockets say of losses ---- */

static long dropped (void *s)
{
    uint64_t n = 0;
    size_t size = sizeof n;

    zmq_getsockopt (s, ZCFFI_DROPPED, &n, &size);
    return (long)n;
}

static void take_events (struct ends *e)
{
    for (int i = 0; i < 2; i++)
        for (;;) {
            zmq_msg_t m[8];
            int n = zcffi_recv_parts (e->told[i], m, 8, ZMQ_DONTWAIT);
            uint64_t event = 0, value = 0;
            if (n < 3)
                break;
            memcpy (&event, zmq_msg_data (&m[0]), sizeof event);
            memcpy (&value, zmq_msg_data (&m[2]), sizeof value);
            e->refused = e->refused || (event == ZCFFI_EVENT_PEER_REFUSED && value == ENOMEM)
                         || (event == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL && value == ENOMEM);
            for (int k = 0; k < n; k++)
                zmq_msg_close (&m[k]);
        }
}

/* ---- messages: a number, and bytes of that number ---- */

static bool send_number (struct ends *e, int number, bool named)
{
    zmq_msg_t m[3];
    size_t size = number % 2 ? SIZE : 30;
    int n = 0;

    if (named) {
        zmq_msg_init_size (&m[n], 2);
        memcpy (zmq_msg_data (&m[n++]), "to", 2);
    }
    zmq_msg_init_size (&m[n], 1);
    *(uint8_t *)zmq_msg_data (&m[n++]) = (uint8_t)number;
    if (zmq_msg_init_size (&m[n], size) == 0) {
        memset (zmq_msg_data (&m[n]), number, size);
        n++;
    } else
        n = -n;
    bool sent = n > 0 && zcffi_send_parts (e->from, m, (size_t)n, 0) == 0;
    for (int i = 0; i < (n < 0 ? -n : n); i++)
        zmq_msg_close (&m[i]);
    return sent;
}

static void note (struct ends *e, zmq_msg_t *m, int n)
{
    if (n < 2) {
        CHECK_FAIL ("allocation %ld: a message of %d parts", nth, n);
        return;
    }
    const uint8_t *number = zmq_msg_data (&m[n - 2]), *bytes = zmq_msg_data (&m[n - 1]);
    size_t size = zmq_msg_size (&m[n - 1]);
    CHECK_INT (zmq_msg_size (&m[n - 2]), 1);
    CHECK (*number < COUNT && size == (*number % 2 ? SIZE : 30) && bytes[0] == *number
           && bytes[size - 1] == *number);
    if (*number >= COUNT)
        return;
    if (e->got[*number])
        CHECK_FAIL ("allocation %ld: number %d comes twice", nth, *number);
    e->got[*number] = true;
}

static long lost (const struct ends *e)
{
    long n = 0;

    for (int i = 0; i < COUNT; i++)
        n += !e->got[i];
    return n;
}

/* Somebody was told of all that has not come. */
static bool is_accounted (struct ends *e)
{
    take_events (e);
    return e->refused || lost (e) <= e->accounted + dropped (e->from) + dropped (e->to);
}

/* Until all has come or is accounted for, and nothing more comes. */
static void receive_all (struct ends *e)
{
    uint64_t end = zc_now () + PATIENCE * ZC_MS;

    for (;;) {
        zmq_msg_t m[4];
        int n = zcffi_recv_parts (e->to, m, 4, 0);
        if (n < 0 && errno == EAGAIN) {
            if (is_accounted (e) || zc_now () > end)
                return;
            continue;
        }
        if (n < 0) {
            CHECK_INT (errno, ENOMEM);
            e->accounted++;
            continue;
        }
        note (e, m, n);
        for (int i = 0; i < n; i++)
            zmq_msg_close (&m[i]);
    }
}

/* ---- a session ---- */

static void check_losses (struct ends *e)
{
    if (!is_accounted (e))
        CHECK_FAIL ("allocation %ld: %ld messages are lost, %ld are accounted for", nth, lost (e),
                    e->accounted + dropped (e->from) + dropped (e->to));
}

static void number_all (struct ends *e, bool named)
{
    for (int i = 0; i < COUNT; i++) {
        uint64_t end = zc_now () + PATIENCE * ZC_MS;
        while (!send_number (e, i, named)) {
            CHECK (errno == ENOMEM || errno == EAGAIN || errno == EHOSTUNREACH);
            if (zc_now () > end || e->refused)
                break;
            take_events (e);
        }
    }
}

static void open_path (struct ends *e, const char *endpoint)
{
    char where[256];
    size_t size = sizeof where;
    zmq_pollitem_t can = {.socket = e->from, .events = ZMQ_POLLOUT};

    CHECK_INT (zmq_bind (e->to, endpoint), 0);
    CHECK_INT (zmq_getsockopt (e->to, ZMQ_LAST_ENDPOINT, where, &size), 0);
    CHECK_INT (zmq_connect (e->from, where), 0);
    CHECK_INT (zmq_poll (&can, 1, PATIENCE), 1);
    /* A PUB knows its subscriber, a ROUTER its peer, once a message gets through. */
    uint64_t end = zc_now () + PATIENCE * ZC_MS;
    while (zc_now () < end) {
        int type = 0;
        size_t n = sizeof type;
        zmq_getsockopt (e->from, ZMQ_TYPE, &type, &n);
        if (type == ZMQ_ROUTER && zmq_send (e->from, "to", 2, ZMQ_SNDMORE) != 2)
            continue;
        zmq_send (e->from, "ready", 5, 0);
        zmq_msg_t m[3];
        int parts = zcffi_recv_parts (e->to, m, 3, 0);
        for (int i = 0; i < parts; i++)
            zmq_msg_close (&m[i]);
        if (parts > 0)
            break;
    }
    while (zmq_recv (e->to, NULL, 0, 0) >= 0)
        continue;
}

/* The n-th allocation of what happens between open sockets fails. False: there were not so many. */
static bool flow (int from, int to, const char *endpoint, long n)
{
    struct ends e = {0};
    long before;

    nth = n;
    atomic_store (&zc_alloc_fail_at, 0);
    if (!open_ends (&e, from, to)) {
        CHECK_FAIL ("no sockets");
        return false;
    }
    open_path (&e, endpoint);
    before = dropped (e.from) + dropped (e.to);
    e.accounted = -before;
    take_events (&e);
    atomic_store (&zc_alloc_fail_at, n);
    number_all (&e, from == ZMQ_ROUTER);
    receive_all (&e);
    bool failed = atomic_exchange (&zc_alloc_fail_at, 0) == 0;
    check_losses (&e);
    close_ends (&e);
    return failed;
}

/* The n-th allocation fails while sockets inside the process find each other: one has sent before the other binds. */
static bool meet (int from, int to, const char *endpoint, long n)
{
    struct ends e = {0};
    uint64_t end = zc_now () + PATIENCE * ZC_MS;

    nth = n;
    atomic_store (&zc_alloc_fail_at, 0);
    if (!open_ends (&e, from, to)) {
        CHECK_FAIL ("no sockets");
        return false;
    }
    atomic_store (&zc_alloc_fail_at, n);
    while (zmq_connect (e.from, endpoint) < 0 && zc_now () < end)
        CHECK_INT (errno, ENOMEM);
    number_all (&e, false);
    while (zmq_bind (e.to, endpoint) < 0 && zc_now () < end)
        CHECK_INT (errno, ENOMEM);
    receive_all (&e);
    bool failed = atomic_exchange (&zc_alloc_fail_at, 0) == 0;
    check_losses (&e);
    close_ends (&e);
    return failed;
}

/* Waits for a message; what a call without memory says of it counts as well. False: it is lost, and somebody was told. */
static bool comes (struct ends *e, void *s)
{
    uint64_t end = zc_now () + PATIENCE * ZC_MS;

    while (zc_now () < end) {
        zmq_msg_t m[3];
        int n = zcffi_recv_parts (s, m, 3, 0);
        if (n < 0 && errno == ENOMEM)
            return false;
        take_events (e);
        if (n < 0 && e->refused)
            return false;
        if (n < 0) {
            CHECK_INT (errno, EAGAIN);
            continue;
        }
        CHECK_INT (n, 1);
        for (int i = 0; i < n; i++)
            zmq_msg_close (&m[i]);
        return true;
    }
    CHECK_FAIL ("allocation %ld: a message is lost, and nobody was told", nth);
    return false;
}

static bool say (void *s, const char *what)
{
    uint64_t end = zc_now () + PATIENCE * ZC_MS;

    while (zmq_send (s, what, strlen (what), 0) < 0) {
        CHECK (errno == ENOMEM || errno == EAGAIN);
        if (zc_now () > end)
            return false;
    }
    return true;
}

/* A REQ and a REP in turn. One that was told of a loss asks the next question (REQ_RELAXED). */
static bool converse (int from, int to, const char *endpoint, long n)
{
    struct ends e = {0};
    char where[256];
    size_t size = sizeof where;
    int yes = 1;

    nth = n;
    atomic_store (&zc_alloc_fail_at, 0);
    if (!open_ends (&e, from, to)) {
        CHECK_FAIL ("no sockets");
        return false;
    }
    zmq_setsockopt (e.from, ZMQ_REQ_RELAXED, &yes, sizeof yes);
    zmq_setsockopt (e.from, ZMQ_REQ_CORRELATE, &yes, sizeof yes);
    CHECK_INT (zmq_bind (e.to, endpoint), 0);
    CHECK_INT (zmq_getsockopt (e.to, ZMQ_LAST_ENDPOINT, where, &size), 0);
    CHECK_INT (zmq_connect (e.from, where), 0);
    bool is_up = say (e.from, "ready") && comes (&e, e.to) && say (e.to, "yes") && comes (&e, e.from);
    CHECK (is_up);
    atomic_store (&zc_alloc_fail_at, n);
    for (int i = 0; i < COUNT / 2 && is_up && !e.refused; i++)
        if (say (e.from, "a question that fits no message without memory") && comes (&e, e.to)
            && say (e.to, "an answer that fits no message without memory"))
            (void)comes (&e, e.from);
    bool failed = atomic_exchange (&zc_alloc_fail_at, 0) == 0;
    close_ends (&e);
    return failed;
}

static void sweep (bool (*session) (int, int, const char *, long), int from, int to, const char *endpoint)
{
    int bad = 0;

    for (long n = 1; n < 3000 && bad < 3; n++) {
        int failures = atomic_load (&check_failures);
        if (!session (from, to, endpoint, n))
            return;
        bad += atomic_load (&check_failures) > failures;
    }
    if (bad < 3)
        CHECK_FAIL ("it never ends");
}

#define FLOW(name_, from_, to_)                                                                              \
    TEST (no_message_is_lost_untold_from_##name_##_over_tcp)                                                 \
    {                                                                                                        \
        sweep (flow, from_, to_, "tcp://127.0.0.1:*");                                                       \
    }                                                                                                        \
    TEST (no_message_is_lost_untold_from_##name_##_inside_the_process)                                       \
    {                                                                                                        \
        sweep (flow, from_, to_, "inproc://no-memory");                                                      \
    }

FLOW (push_to_pull, ZMQ_PUSH, ZMQ_PULL)
FLOW (pair_to_pair, ZMQ_PAIR, ZMQ_PAIR)
FLOW (pub_to_sub, ZMQ_PUB, ZMQ_SUB)
FLOW (dealer_to_router, ZMQ_DEALER, ZMQ_ROUTER)
FLOW (router_to_dealer, ZMQ_ROUTER, ZMQ_DEALER)

TEST (no_question_and_no_answer_is_lost_untold)
{
    sweep (converse, ZMQ_REQ, ZMQ_REP, "tcp://127.0.0.1:*");
    sweep (converse, ZMQ_REQ, ZMQ_REP, "inproc://no-memory");
}

/* A message of one part stays for the next call. */
TEST (a_receive_without_memory_leaves_the_message)
{
    static const int types[][2] = {{ZMQ_PUSH, ZMQ_PULL}, {ZMQ_PAIR, ZMQ_PAIR}, {ZMQ_DEALER, ZMQ_DEALER}};
    char text[100] = "a message that needs memory";

    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        void *ctx = zmq_ctx_new (), *to = socket_of (ctx, types[i][1]), *from = socket_of (ctx, types[i][0]);
        zmq_msg_t m;
        zmq_msg_init (&m);
        CHECK_INT (zmq_bind (to, "inproc://leaves"), 0);
        CHECK_INT (zmq_connect (from, "inproc://leaves"), 0);
        CHECK_INT (zmq_send (from, "first", 5, 0), 5);
        CHECK_INT (zmq_recv (to, NULL, 0, 0), 5); /* they know each other now */
        CHECK_INT (zmq_send (from, text, sizeof text, 0), sizeof text);
        CHECK_INT (zmq_send (from, "next", 4, 0), 4);
        for (int tries = 0; tries < 3; tries++) {
            atomic_store (&zc_alloc_fail_at, -1);
            int rc = zmq_msg_recv (&m, to, 0), error = errno;
            atomic_store (&zc_alloc_fail_at, 0);
            CHECK_INT (rc, -1);
            CHECK_INT (error, ENOMEM);
        }
        CHECK_INT (zmq_msg_recv (&m, to, 0), sizeof text);
        CHECK_MEM (zmq_msg_data (&m), text, sizeof text);
        CHECK_INT (zmq_msg_recv (&m, to, 0), 4);
        zmq_msg_close (&m);
        zmq_close (from);
        zmq_close (to);
        zmq_ctx_term (ctx);
    }
}

TEST (no_message_is_lost_untold_when_the_name_is_bound_late)
{
    sweep (meet, ZMQ_PUSH, ZMQ_PULL, "inproc://late");
    sweep (meet, ZMQ_PAIR, ZMQ_PAIR, "inproc://late");
    sweep (meet, ZMQ_DEALER, ZMQ_ROUTER, "inproc://late");
}
