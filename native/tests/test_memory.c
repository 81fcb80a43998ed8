/* No memory: the n-th allocation fails, for each n, through the whole life of two sockets (C-26, T-10). Every call works or says
 * ENOMEM, at worst a connection is lost and comes again; no message is torn, the sockets work on, and nothing is left behind (the
 * descriptors are counted here, the memory by the leak detection of a build with -DZCFFI_SANITIZE=address). */
#include "check.h"
#include "base/alloc.h"
#include "os/clock.h"
#include "os/park.h"
#include "zcffi.h"
#include "zmq.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define LARGE 40000
#define PATIENCE (3000 * ZC_MS)

struct ends
{
    void *ctx, *s[2]; /* s[0] binds and receives, s[1] connects and sends */
    int type[2];
    bool by_name; /* the host to connect to has to be looked up */
    char where[256];
};

static long nth;      /* the allocation that fails */
static bool is_wrong; /* and something went wrong: that is enough of it */

/* A call that did not work says so, with an errno that is meant. */
static bool worked (int rc)
{
    if (rc >= 0)
        return true;
    if (errno != ENOMEM && errno != EAGAIN && !is_wrong) {
        is_wrong = true;
        CHECK_FAIL ("allocation %ld: a call without memory says %s", nth, zmq_strerror (errno));
    }
    return false;
}

/* Does it again until it works: only one allocation fails. */
#define SOON(call_)                                                                                          \
    do {                                                                                                     \
        uint64_t end_ = zc_now () + PATIENCE;                                                                \
        while (!worked (call_))                                                                              \
            if (is_wrong || zc_now () > end_) {                                                              \
                CHECK_FAIL ("allocation %ld: does not work any more: %s", nth, #call_);                      \
                return false;                                                                                \
            }                                                                                                \
    } while (0)

static int descriptors (void)
{
    DIR *d = opendir ("/proc/self/fd");
    int n = 0;

    while (d && readdir (d))
        n++;
    if (d)
        closedir (d);
    return n;
}

static int set_int (void *s, int option, int value)
{
    return zmq_setsockopt (s, option, &value, sizeof value);
}

static bool open_ends (struct ends *e, const char *endpoint)
{
    size_t n = sizeof e->where;

    SOON ((e->ctx = zmq_ctx_new ()) ? 0 : -1);
    for (int i = 0; i < 2; i++) {
        SOON ((e->s[i] = zmq_socket (e->ctx, e->type[i])) ? 0 : -1);
        SOON (set_int (e->s[i], ZMQ_RCVTIMEO, 10));
        SOON (set_int (e->s[i], ZMQ_SNDTIMEO, 10));
        SOON (set_int (e->s[i], ZMQ_LINGER, 0));
        SOON (set_int (e->s[i], ZMQ_RECONNECT_IVL, 1));
        if (e->type[i] == ZMQ_REQ) {
            SOON (set_int (e->s[i], ZMQ_REQ_RELAXED, 1));
            SOON (set_int (e->s[i], ZMQ_REQ_CORRELATE, 1));
        }
        if (e->type[i] == ZMQ_SUB)
            SOON (zmq_setsockopt (e->s[i], ZMQ_SUBSCRIBE, "f", 1));
        if (e->type[i] == ZMQ_XSUB)
            SOON (zmq_send (e->s[i], "\1f", 2, 0));
    }
    SOON (zcffi_socket_monitor (e->s[0], "inproc://events", ZCFFI_EVENT_ALL)); /* nobody reads: they wait */
    SOON (zmq_bind (e->s[0], endpoint));
    SOON (zmq_getsockopt (e->s[0], ZMQ_LAST_ENDPOINT, e->where, &n));
    if (e->by_name) {
        char port[16];
        snprintf (port, sizeof port, "%s", strrchr (e->where, ':'));
        snprintf (e->where, sizeof e->where, "tcp://localhost%s", port);
    }
    SOON (zmq_connect (e->s[1], e->where));
    return true;
}

static void close_ends (struct ends *e)
{
    for (int i = 0; i < 2; i++)
        while (e->s[i] && !worked (zmq_close (e->s[i])))
            continue;
    while (e->ctx && !worked (zmq_ctx_term (e->ctx)))
        continue;
}

/* ---- a message of two parts, first and a large one ---- */

static const char large[LARGE] = {'l', 'a'};

/* Whole, or part by part: then each part is tried until it is taken. */
static bool send_message (void *s, bool whole)
{
    if (!whole) {
        if (!worked (zmq_send (s, "first", 5, ZMQ_SNDMORE)))
            return false;
        SOON (zmq_send (s, large, LARGE, 0));
        return true;
    }
    zmq_msg_t m[2];
    if (!worked (zmq_msg_init_size (&m[0], 5)))
        return false;
    if (!worked (zmq_msg_init_size (&m[1], LARGE))) {
        zmq_msg_close (&m[0]);
        return false;
    }
    memcpy (zmq_msg_data (&m[0]), "first", 5);
    memcpy (zmq_msg_data (&m[1]), large, LARGE);
    bool sent = worked (zcffi_send_parts (s, m, 2, 0));
    zmq_msg_close (&m[0]);
    zmq_msg_close (&m[1]);
    return sent;
}

static void check_message (zmq_msg_t *m, int count)
{
    if (count != 2)
        CHECK_FAIL ("allocation %ld: a message of %d parts, not 2", nth, count);
    if (count != 2)
        return;
    CHECK_INT (zmq_msg_size (&m[0]), 5);
    CHECK_MEM (zmq_msg_data (&m[0]), "first", 5);
    CHECK_INT (zmq_msg_size (&m[1]), LARGE);
    CHECK_MEM (zmq_msg_data (&m[1]), large, LARGE);
}

/* skip: parts before the message (an identity). */
static bool recv_message (void *s, bool whole, int skip)
{
    zmq_msg_t m[8];
    int count = 0;

    if (whole) {
        count = zcffi_recv_parts (s, m, 8, 0);
        if (!worked (count))
            return false;
    } else {
        int more = 1;
        while (more && count < 8) {
            zmq_msg_init (&m[count]);
            if (!worked (zmq_msg_recv (&m[count], s, 0))) {
                zmq_msg_close (&m[count]);
                if (!count)
                    return false;
                continue; /* the rest of a message that has begun is there */
            }
            more = zmq_msg_more (&m[count++]);
        }
    }
    check_message (m + skip, count - skip);
    for (int i = 0; i < count; i++)
        zmq_msg_close (&m[i]);
    return true;
}

/* What ROUTER and REP received goes back. */
static bool send_back (void *s)
{
    zmq_msg_t m[8];
    int count = zcffi_recv_parts (s, m, 8, 0);
    if (!worked (count))
        return false;
    check_message (m + count - 2, 2);
    bool sent = worked (zcffi_send_parts (s, m, (size_t)count, 0));
    if (!sent) /* only one allocation fails; a REP owes its reply */
        sent = worked (zcffi_send_parts (s, m, (size_t)count, 0));
    for (int i = 0; i < count; i++)
        zmq_msg_close (&m[i]);
    return sent;
}

/* A REQ that asks again takes only the answer to its last question: all that wait are answered. */
static bool answer_all (void *s)
{
    bool any = false;
    while (send_back (s))
        any = true;
    return any;
}

/* One message arrives, and is answered where the types do that; those before it may be lost. */
static bool exchange (struct ends *e, bool whole)
{
    uint64_t end = zc_now () + PATIENCE;
    bool is_inside = strncmp (e->where, "inproc", 6) == 0; /* does not connect again by itself */
    bool answers = e->type[0] == ZMQ_ROUTER || e->type[0] == ZMQ_REP;
    bool publishes = e->type[1] == ZMQ_SUB || e->type[1] == ZMQ_XSUB;
    void *from = e->s[!publishes], *to = e->s[publishes];

    for (int tries = 1; zc_now () < end; tries++) {
        if (is_inside && tries % 20 == 0) {
            SOON (zmq_connect (e->s[1], e->where));
        }
        if (!send_message (from, whole))
            continue;
        bool arrived = !answers                ? recv_message (to, whole, 0)
                       : e->type[0] == ZMQ_REP ? answer_all (to)
                                               : send_back (to);
        if (arrived && (!answers || recv_message (from, whole, 0)))
            return true;
    }
    CHECK_FAIL ("allocation %ld: nothing arrives any more", nth);
    return false;
}

/* What a STREAM received: 2 when it is bytes, 1 a notice, 0 nothing. The name of the connection is kept. */
static int stream_recv (void *s, uint8_t name[5], char *bytes, size_t *size)
{
    zmq_msg_t m[2];
    int count = zcffi_recv_parts (s, m, 2, 0);

    if (!worked (count))
        return 0;
    CHECK_INT (count, 2);
    CHECK_INT (zmq_msg_size (&m[0]), 5);
    memcpy (name, zmq_msg_data (&m[0]), 5);
    *size = zmq_msg_size (&m[1]);
    if (*size)
        memcpy (bytes, zmq_msg_data (&m[1]), *size < 8 ? *size : 8);
    for (int i = 0; i < count; i++)
        zmq_msg_close (&m[i]);
    return *size ? 2 : 1;
}

static void stream_send (void *s, const uint8_t name[5], const char *bytes, size_t size)
{
    zmq_msg_t m[2];

    zmq_msg_init_size (&m[0], 5);
    zmq_msg_init_size (&m[1], size); /* fits inside */
    memcpy (zmq_msg_data (&m[0]), name, 5);
    memcpy (zmq_msg_data (&m[1]), bytes, size);
    if (zcffi_send_parts (s, m, 2, 0) < 0 && errno != EHOSTUNREACH) /* that connection may be gone */
        (void)worked (-1);
    zmq_msg_close (&m[0]);
    zmq_msg_close (&m[1]);
}

/* Bytes go over and come back; connections come and go meanwhile, each with its notice. */
static bool stream_exchange (struct ends *e)
{
    uint64_t end = zc_now () + PATIENCE;
    uint8_t name[5], there[5];
    bool has_name = false;
    char bytes[8];
    size_t size;

    while (zc_now () < end && !is_wrong) {
        int got = stream_recv (e->s[1], name, bytes, &size);
        if (got == 2) {
            CHECK_MEM (bytes, "ping", size < 4 ? size : 4);
            return true;
        }
        has_name = has_name || got == 1;
        if (has_name)
            stream_send (e->s[1], name, "ping", 4);
        while ((got = stream_recv (e->s[0], there, bytes, &size)) != 0)
            if (got == 2)
                stream_send (e->s[0], there, bytes, size < 8 ? size : 8);
    }
    CHECK_FAIL ("allocation %ld: no bytes come back any more", nth);
    return false;
}

/* The n-th allocation fails. False: there were not so many. */
static bool session (struct ends *e, const char *endpoint, long n)
{
    nth = n;
    is_wrong = false;
    atomic_store (&zc_alloc_fail_at, n);
    if (open_ends (e, endpoint)) {
        if (e->type[0] == ZMQ_STREAM)
            stream_exchange (e);
        else if (exchange (e, false))
            exchange (e, true);
    }
    close_ends (e);
    bool failed = atomic_exchange (&zc_alloc_fail_at, 0) == 0;
    if (n > 0 && !failed)
        return false;
    return true;
}

static void sweep (int binds, int connects, const char *endpoint, bool by_name)
{
    int before = 0, bad = 0;

    /* This thread's own, else made when it first sleeps on it. */
    CHECK_INT (zc_parker_need_fd (zc_parker_self ()), 0);
    for (long n = 0;; n++) {
        struct ends e = {.type = {binds, connects}, .by_name = by_name};
        if (n == 1)
            before = descriptors (); /* of what stays for good, the first session has made all */
        int failures = atomic_load (&check_failures);
        if (!session (&e, endpoint, n))
            break;
        bad += atomic_load (&check_failures) > failures;
        if (bad > 2)
            break;
        if (n > 1 && descriptors () > before) {
            CHECK_FAIL ("%d descriptors are left behind", descriptors () - before);
            break;
        }
        if (n > 5000) {
            CHECK_FAIL ("it never ends");
            break;
        }
    }
}

#define SWEEP(name_, binds_, connects_)                                                                      \
    TEST (name_##_over_tcp)                                                                                  \
    {                                                                                                        \
        sweep (binds_, connects_, "tcp://127.0.0.1:*", false);                                               \
    }                                                                                                        \
    TEST (name_##_inside_the_process)                                                                        \
    {                                                                                                        \
        sweep (binds_, connects_, "inproc://no-memory", false);                                              \
    }

SWEEP (pair, ZMQ_PAIR, ZMQ_PAIR)
SWEEP (pull_and_push, ZMQ_PULL, ZMQ_PUSH)
SWEEP (pub_and_sub, ZMQ_PUB, ZMQ_SUB)
SWEEP (xpub_and_xsub, ZMQ_XPUB, ZMQ_XSUB)
SWEEP (router_and_dealer, ZMQ_ROUTER, ZMQ_DEALER)
SWEEP (dealer_and_dealer, ZMQ_DEALER, ZMQ_DEALER)
SWEEP (rep_and_req, ZMQ_REP, ZMQ_REQ)

TEST (stream_and_stream)
{
    sweep (ZMQ_STREAM, ZMQ_STREAM, "tcp://127.0.0.1:*", false);
}

TEST (push_to_a_name_that_is_looked_up)
{
    sweep (ZMQ_PULL, ZMQ_PUSH, "tcp://127.0.0.1:*", true);
}

TEST (push_and_pull_over_ipc)
{
    sweep (ZMQ_PULL, ZMQ_PUSH, "ipc://*", false);
}

/* ---- many endpoints ---- */

enum
{
    ENDPOINTS = 12 /* more than the first alarms have room for */
};

/* One message over each endpoint. True when they came over as many connections. */
static bool all_are_there (struct ends *e)
{
    int fds[ENDPOINTS] = {0}, distinct = 0;

    for (int i = 0; i < ENDPOINTS; i++)
        SOON (zmq_send (e->s[1], "x", 1, 0));
    for (int i = 0; i < ENDPOINTS; i++) {
        zmq_msg_t m;
        int k = 0;
        zmq_msg_init (&m);
        if (worked (zmq_msg_recv (&m, e->s[0], 0))) {
            fds[distinct] = zmq_msg_get (&m, ZMQ_SRCFD);
            while (fds[k] != fds[distinct])
                k++;
            distinct += k == distinct;
        }
        zmq_msg_close (&m);
    }
    return distinct == ENDPOINTS;
}

/* Each endpoint is refused, waits, and is there when somebody listens at last. */
static bool wait_for_listener (struct ends *e)
{
    uint64_t end = zc_now () + PATIENCE;
    size_t n = sizeof e->where;
    bool all = false;

    SOON ((e->ctx = zmq_ctx_new ()) ? 0 : -1);
    for (int i = 0; i < 2; i++) {
        SOON ((e->s[i] = zmq_socket (e->ctx, e->type[i])) ? 0 : -1);
        SOON (set_int (e->s[i], ZMQ_RCVTIMEO, 10));
        SOON (set_int (e->s[i], ZMQ_LINGER, 0));
        SOON (set_int (e->s[i], ZMQ_RECONNECT_IVL, 3));
    }
    SOON (zmq_bind (e->s[0], "tcp://127.0.0.1:*"));
    SOON (zmq_getsockopt (e->s[0], ZMQ_LAST_ENDPOINT, e->where, &n));
    SOON (zmq_unbind (e->s[0], e->where));
    for (int i = 0; i < ENDPOINTS; i++)
        SOON (zmq_connect (e->s[1], e->where));
    while (zmq_recv (e->s[0], NULL, 0, 0) >= 0) /* 10 ms: they are refused, and try again */
        continue;
    SOON (zmq_bind (e->s[0], e->where));
    while (!all && !is_wrong && zc_now () < end)
        all = all_are_there (e);
    if (!all)
        CHECK_FAIL ("allocation %ld: an endpoint stays away", nth);
    return true;
}

TEST (no_endpoint_stays_away_for_ever)
{
    bool goes_on = true;

    for (nth = 1; goes_on && !is_wrong; nth++) {
        struct ends e = {.type = {ZMQ_PULL, ZMQ_PUSH}};
        is_wrong = false;
        atomic_store (&zc_alloc_fail_at, nth);
        goes_on = wait_for_listener (&e);
        close_ends (&e);
        goes_on = goes_on && atomic_exchange (&zc_alloc_fail_at, 0) == 0;
    }
}
