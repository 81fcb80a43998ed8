/* Calls of zmq.h and zcffi.h that no other test makes from C: what tests/test_answers.py cannot compare with a peer. */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "zcffi.h"

static void *socket_of (void *context, int type)
{
    void *s = zmq_socket (context, type);
    int ms = 10000, none = 0;

    zmq_setsockopt (s, ZMQ_RCVTIMEO, &ms, sizeof ms);
    zmq_setsockopt (s, ZMQ_SNDTIMEO, &ms, sizeof ms);
    zmq_setsockopt (s, ZMQ_LINGER, &none, sizeof none);
    return s;
}

static void gives (int rc, int error)
{
    CHECK_INT (rc, -1);
    CHECK_INT (errno, error);
}

/* ---- zmq_ppoll ---- */

static void on_signal (int number)
{
    (void)number;
}

struct shooter
{
    pthread_t target;
    atomic_bool over;
};

/* Until it is told that one has arrived: the first may come before the wait has begun. */
static void shoot (void *arg)
{
    struct shooter *s = arg;

    while (!atomic_load (&s->over)) {
        pthread_kill (s->target, SIGUSR1);
        struct timespec ms = {0, 1000000};
        nanosleep (&ms, NULL);
    }
}

TEST (ppoll_is_ended_by_a_signal_that_its_mask_lets_through)
{
    void *context = zmq_ctx_new (), *s = socket_of (context, ZMQ_PULL);
    zmq_pollitem_t item = {.socket = s, .events = ZMQ_POLLIN};
    struct shooter shooter = {.target = pthread_self ()};
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t usr1, before, open_mask;

    sigaction (SIGUSR1, &action, NULL);
    sigemptyset (&usr1);
    sigaddset (&usr1, SIGUSR1);
    pthread_sigmask (SIG_BLOCK, &usr1, &before);
    open_mask = before;
    sigdelset (&open_mask, SIGUSR1);
    void *thread = zmq_threadstart (shoot, &shooter);
    CHECK_INT (zmq_ppoll (&item, 1, 20, NULL), 0);  /* blocked here */
    CHECK_INT (zmq_ppoll (&item, 1, 20, &usr1), 0); /* and here */
    gives (zmq_ppoll (&item, 1, -1, &open_mask), EINTR);
    atomic_store (&shooter.over, true);
    zmq_threadclose (thread);
    raise (SIGUSR1); /* blocked: it waits */
    CHECK_INT (zmq_ppoll (&item, 1, 0, &usr1), 0);
    gives (zmq_ppoll (&item, 1, 0, &open_mask), EINTR); /* without a wait, too */
    CHECK_INT (zmq_ppoll (&item, 1, 0, &open_mask), 0);
    pthread_sigmask (SIG_SETMASK, &before, NULL);
    CHECK_INT (zmq_ppoll (&item, 1, 0, &before), 0);
    gives (zmq_ppoll (NULL, 1, 0, &before), EFAULT);
    gives (zmq_ppoll (&item, -1, 0, &before), EINVAL);
    zmq_close (s);
    gives (zmq_ppoll (&item, 1, 0, &before), ENOTSOCK);
    zmq_ctx_term (context);
}

TEST (ppoll_sees_messages_and_descriptors)
{
    void *context = zmq_ctx_new (), *pull = socket_of (context, ZMQ_PULL),
         *push = socket_of (context, ZMQ_PUSH);
    zmq_pollitem_t items[2] = {{.socket = pull, .events = ZMQ_POLLIN},
                               {.socket = push, .events = ZMQ_POLLOUT}};
    sigset_t mask;

    sigemptyset (&mask);
    CHECK_INT (zmq_bind (pull, "inproc://ppoll"), 0);
    CHECK_INT (zmq_connect (push, "inproc://ppoll"), 0);
    CHECK_INT (zmq_ppoll (items, 2, 1000, &mask), 1);
    CHECK_INT (items[1].revents, ZMQ_POLLOUT);
    CHECK_INT (zmq_send (push, "x", 1, 0), 1);
    CHECK_INT (zmq_ppoll (items, 1, 1000, &mask), 1);
    CHECK_INT (items[0].revents, ZMQ_POLLIN);
    zmq_close (push);
    zmq_close (pull);
    zmq_ctx_term (context);
}

/* ---- monitors ---- */

static int next_event (void *monitor, uint16_t *event)
{
    uint8_t head[6];
    int rc = zmq_recv (monitor, head, sizeof head, 0);

    if (rc == 6)
        memcpy (event, head, sizeof *event);
    return rc == 6 ? zmq_recv (monitor, NULL, 0, 0) : -1;
}

TEST (a_second_monitor_replaces_the_first)
{
    void *context = zmq_ctx_new (), *s = socket_of (context, ZMQ_PULL);
    void *first = socket_of (context, ZMQ_PAIR), *second = socket_of (context, ZMQ_PAIR);
    uint16_t event = 0;

    CHECK_INT (zmq_socket_monitor (s, "inproc://first", ZMQ_EVENT_ALL), 0);
    CHECK_INT (zmq_connect (first, "inproc://first"), 0);
    CHECK_INT (zmq_socket_monitor (s, "inproc://second", ZMQ_EVENT_ALL), 0);
    CHECK_INT (zmq_connect (second, "inproc://second"), 0);
    CHECK_INT (next_event (first, &event), 0);
    CHECK_INT (event, ZMQ_EVENT_MONITOR_STOPPED);
    CHECK_INT (zmq_bind (s, "tcp://127.0.0.1:*"), 0);
    CHECK (next_event (second, &event) > 0);
    CHECK_INT (event, ZMQ_EVENT_LISTENING);
    CHECK_INT (zmq_socket_monitor (s, NULL, 0), 0);
    CHECK_INT (next_event (second, &event), 0);
    CHECK_INT (event, ZMQ_EVENT_MONITOR_STOPPED);
    CHECK_INT (zmq_socket_monitor (s, "inproc://first", ZMQ_EVENT_ALL), 0); /* the name is free again */
    zmq_close (second);
    zmq_close (first);
    zmq_close (s);
    zmq_ctx_term (context);
}

/* ---- proxies ---- */

struct proxy
{
    void *socket;
    int rc, error;
};

static void run_proxy (void *arg)
{
    struct proxy *p = arg;

    p->rc = zmq_proxy (p->socket, p->socket, NULL);
    p->error = errno;
    zmq_close (p->socket);
}

TEST (a_proxy_of_one_socket_echoes_until_its_context_ends)
{
    void *context = zmq_ctx_new (), *req = socket_of (context, ZMQ_REQ);
    struct proxy p = {.socket = socket_of (context, ZMQ_REP)};
    int never = -1;
    char b[8];

    zmq_setsockopt (p.socket, ZMQ_RCVTIMEO, &never, sizeof never);
    CHECK_INT (zmq_bind (p.socket, "inproc://echo"), 0);
    CHECK_INT (zmq_connect (req, "inproc://echo"), 0);
    void *thread = zmq_threadstart (run_proxy, &p);
    for (int i = 0; i < 3; i++) {
        CHECK_INT (zmq_send (req, "one", 3, ZMQ_SNDMORE), 3);
        CHECK_INT (zmq_send (req, "two", 3, 0), 3);
        CHECK_INT (zmq_recv (req, b, sizeof b, 0), 3);
        CHECK_MEM (b, "one", 3);
        CHECK_INT (zmq_recv (req, b, sizeof b, 0), 3);
        CHECK_MEM (b, "two", 3);
    }
    zmq_close (req);
    CHECK_INT (zmq_ctx_shutdown (context), 0);
    zmq_threadclose (thread);
    CHECK_INT (p.rc, -1);
    CHECK_INT (p.error, ETERM);
    CHECK_INT (zmq_ctx_term (context), 0);
}

TEST (what_an_interrupted_proxy_had_in_its_hands_is_counted_and_told)
{
    void *context = zmq_ctx_new (), *in = socket_of (context, ZMQ_PULL), *out = socket_of (context, ZMQ_PUSH),
         *capture = socket_of (context, ZMQ_PUSH), *told = socket_of (context, ZMQ_PAIR),
         *source = socket_of (context, ZMQ_PUSH), *sink = socket_of (context, ZMQ_PULL);
    struct shooter shooter = {.target = pthread_self ()};
    struct sigaction action = {.sa_handler = on_signal};
    uint64_t dropped = 0, event = 0;
    size_t size = sizeof dropped;
    int never = -1;

    sigaction (SIGUSR1, &action, NULL);
    zmq_setsockopt (capture, ZMQ_SNDTIMEO, &never, sizeof never); /* it has no peer, and waits for one */
    CHECK_INT (zcffi_socket_monitor (out, "inproc://told", ZCFFI_EVENT_MESSAGES_DROPPED), 0);
    CHECK_INT (zmq_connect (told, "inproc://told"), 0);
    CHECK_INT (zmq_bind (in, "inproc://in"), 0);
    CHECK_INT (zmq_bind (out, "inproc://out"), 0);
    CHECK_INT (zmq_connect (source, "inproc://in"), 0);
    CHECK_INT (zmq_connect (sink, "inproc://out"), 0);
    CHECK_INT (zmq_send (source, "x", 1, 0), 1);
    void *thread = zmq_threadstart (shoot, &shooter);
    while (!dropped) { /* the first signals may come before it has the message */
        gives (zmq_proxy (in, out, capture), EINTR);
        CHECK_INT (zmq_getsockopt (out, ZCFFI_DROPPED, &dropped, &size), 0);
    }
    atomic_store (&shooter.over, true);
    zmq_threadclose (thread);
    CHECK_INT (dropped, 1);
    CHECK_INT (zmq_recv (told, &event, sizeof event, 0), 8);
    CHECK_INT (event, ZCFFI_EVENT_MESSAGES_DROPPED);
    void *all[] = {in, out, capture, told, source, sink};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        zmq_close (all[i]);
    CHECK_INT (zmq_ctx_term (context), 0);
}

/* ---- descriptors ---- */

/* The kept ones first, the others must be closed by an exec; their number. */
static int count_inherited (const bool *known, int most)
{
    int count = 0;

    for (int fd = 0; fd < most; fd++) {
        int flags = fcntl (fd, F_GETFD);
        count += flags >= 0 && !(flags & FD_CLOEXEC) && !known[fd];
    }
    return count;
}

TEST (no_descriptor_goes_to_a_program_that_is_started)
{
    bool known[200];

    for (int fd = 0; fd < 200; fd++)
        known[fd] = fcntl (fd, F_GETFD) >= 0;
    void *context = zmq_ctx_new ();
    char abstract[64];
    snprintf (abstract, sizeof abstract, "ipc://@zc-cloexec-%ld", (long)getpid ());
    const char *const endpoints[] = {"tcp://127.0.0.1:*", "ipc://*", abstract, "inproc://cloexec"};
    void *pull = socket_of (context, ZMQ_PULL), *push = socket_of (context, ZMQ_PUSH);
    int opened = 0, fd;
    for (size_t i = 0; i < sizeof endpoints / sizeof *endpoints; i++) {
        char where[256];
        size_t n = sizeof where;
        CHECK_INT (zmq_bind (pull, endpoints[i]), 0);
        CHECK_INT (zmq_getsockopt (pull, ZMQ_LAST_ENDPOINT, where, &n), 0);
        CHECK_INT (zmq_connect (push, where), 0);
        CHECK_INT (zmq_send (push, "x", 1, 0), 1);
        CHECK_INT (zmq_recv (pull, NULL, 0, 0), 1);
    }
    size_t n = sizeof fd;
    CHECK_INT (zmq_getsockopt (pull, ZMQ_FD, &fd, &n), 0);
    zmq_pollitem_t items[2] = {{.socket = pull, .events = ZMQ_POLLIN}, {.fd = 0, .events = ZMQ_POLLPRI}};
    CHECK_INT (zmq_poll (items, 2, 1), 0);
    for (int k = 0; k < 200; k++)
        opened += !known[k] && fcntl (k, F_GETFD) >= 0;
    CHECK (opened >= 10);
    CHECK_INT (count_inherited (known, 200), 0);
    zmq_close (push);
    zmq_close (pull);
    zmq_ctx_term (context);
}

/* ---- receiving ---- */

/* A part that nobody wants to see needs no buffer, be it a name, the first of several, or alone. */
TEST (a_receive_may_be_without_a_buffer)
{
    void *context = zmq_ctx_new (), *router = socket_of (context, ZMQ_ROUTER),
         *dealer = socket_of (context, ZMQ_DEALER);

    CHECK_INT (zmq_setsockopt (dealer, ZMQ_ROUTING_ID, "name", 4), 0);
    CHECK_INT (zmq_bind (router, "inproc://unseen"), 0);
    CHECK_INT (zmq_connect (dealer, "inproc://unseen"), 0);
    CHECK_INT (zmq_send (dealer, "question", 8, 0), 8);
    CHECK_INT (zmq_recv (router, NULL, 0, 0), 4);
    CHECK_INT (zmq_recv (router, NULL, 0, 0), 8);
    CHECK_INT (zmq_send (router, "name", 4, ZMQ_SNDMORE), 4);
    CHECK_INT (zmq_send (router, "one", 3, ZMQ_SNDMORE), 3);
    CHECK_INT (zmq_send (router, "more", 4, 0), 4);
    CHECK_INT (zmq_send (router, "name", 4, ZMQ_SNDMORE), 4);
    CHECK_INT (zmq_send (router, "alone", 5, 0), 5);
    for (int size = 3; size <= 5; size++)
        CHECK_INT (zmq_recv (dealer, NULL, 0, 0), size);
    zmq_close (dealer);
    zmq_close (router);
    zmq_ctx_term (context);
}

/* ---- looking again ---- */

/* Found by the linker before the system's: counts how often the core gives the CPU away while it looks. */
static atomic_int yields;

int sched_yield (void)
{
    atomic_fetch_add (&yields, 1);
    return (int)syscall (SYS_sched_yield);
}

TEST (look_again_tells_how_long_a_call_looks_before_it_sleeps)
{
    static const int windows[] = {0, 2000}; /* microseconds */
    void *context = zmq_ctx_new ();

    for (int i = 0; i < 2; i++) {
        void *s = socket_of (context, ZMQ_PULL);
        int ms = 5;
        char b[1];
        CHECK_INT (zmq_setsockopt (s, ZCFFI_LOOK_AGAIN, &windows[i], sizeof windows[i]), 0);
        CHECK_INT (zmq_setsockopt (s, ZMQ_RCVTIMEO, &ms, sizeof ms), 0);
        CHECK_INT (zmq_bind (s, "tcp://127.0.0.1:*"), 0);
        int before = atomic_load (&yields);
        /* Several calls: beside a busy process a thread does not look for 200 ms. */
        int calls = windows[i] ? 200 : 5;
        while (calls-- > 0 && atomic_load (&yields) == before)
            gives (zmq_recv (s, b, 1, 0), EAGAIN);
        CHECK ((atomic_load (&yields) > before) == (windows[i] > 0));
        zmq_close (s);
    }
    zmq_ctx_term (context);
}

/* ---- handles ---- */

TEST (what_is_no_handle_is_an_error_and_no_crash)
{
    void *context = zmq_ctx_new (), *s = socket_of (context, ZMQ_DEALER);
    void *closed = socket_of (context, ZMQ_DEALER), *ended = zmq_ctx_new ();
    char b[64] = "";
    int number = 0;
    size_t size = sizeof number;
    void *const wild[] = {NULL,   b,    (void *)(uintptr_t)1, (void *)(uintptr_t)8, (void *)UINTPTR_MAX,
                          closed, ended};

    zmq_close (closed);
    zmq_ctx_term (ended);
    for (size_t i = 0; i < sizeof wild / sizeof *wild + 1; i++) {
        void *no_socket = i < sizeof wild / sizeof *wild ? wild[i] : context;
        void *no_context = i < sizeof wild / sizeof *wild ? wild[i] : s;
        zmq_pollitem_t item = {.socket = no_socket, .events = ZMQ_POLLIN};
        gives (zmq_close (no_socket), ENOTSOCK);
        gives (zmq_send (no_socket, b, 1, 0), ENOTSOCK);
        gives (zmq_recv (no_socket, b, 1, 0), ENOTSOCK);
        gives (zmq_bind (no_socket, "inproc://x"), ENOTSOCK);
        gives (zmq_connect (no_socket, "inproc://x"), ENOTSOCK);
        gives (zmq_getsockopt (no_socket, ZMQ_TYPE, &number, &size), ENOTSOCK);
        gives (zmq_setsockopt (no_socket, ZMQ_LINGER, &number, size), ENOTSOCK);
        if (no_socket)
            gives (zmq_poll (&item, 1, 0), ENOTSOCK);
        CHECK (!zmq_socket (no_context, ZMQ_PUSH));
        CHECK_INT (errno, EFAULT);
        gives (zmq_ctx_get (no_context, ZMQ_IO_THREADS), EFAULT);
        gives (zmq_ctx_set (no_context, ZMQ_IO_THREADS, 1), EFAULT);
        gives (zmq_ctx_shutdown (no_context), EFAULT);
        gives (zmq_ctx_term (no_context), EFAULT);
    }
    CHECK_INT (zmq_close (s), 0);
    CHECK_INT (zmq_ctx_term (context), 0);
}

/* ---- zcffi.h ---- */

TEST (arrays_that_are_not_there_are_errors)
{
    void *context = zmq_ctx_new (), *s = socket_of (context, ZMQ_DEALER);
    uint64_t sizes[2] = {0, 0};
    char b[8];

    gives (zcffi_send_parts (s, NULL, 1, ZMQ_DONTWAIT), EINVAL);
    gives (zcffi_send_parts (s, NULL, 0, ZMQ_DONTWAIT), EINVAL);
    gives (zcffi_recv_parts (s, NULL, 1, ZMQ_DONTWAIT), EINVAL);
    gives ((int)zcffi_recv_many (s, NULL, 1, 1, ZMQ_DONTWAIT), EINVAL);
    gives ((int)zcffi_send_many (s, NULL, 1, ZMQ_DONTWAIT), EINVAL);
    gives ((int)zcffi_send_packed (s, b, NULL, 2, ZMQ_DONTWAIT), EINVAL);
    gives ((int)zcffi_recv_packed (s, NULL, sizeof b, sizes, 2, 1, ZMQ_DONTWAIT), EINVAL);
    gives ((int)zcffi_recv_packed (s, b, sizeof b, NULL, 2, 1, ZMQ_DONTWAIT), EINVAL);
    CHECK_INT (zcffi_send_many (s, NULL, 0, ZMQ_DONTWAIT), 0);
    zmq_close (s);
    zmq_ctx_term (context);
}

/* Two PAIR sockets over inproc. */
static void *pair_of (void *context, void **other)
{
    void *s = socket_of (context, ZMQ_PAIR);

    *other = socket_of (context, ZMQ_PAIR);
    CHECK_INT (zmq_bind (s, "inproc://pair"), 0);
    CHECK_INT (zmq_connect (*other, "inproc://pair"), 0);
    return s;
}

static void arrives (void *s, const char *bytes, int more)
{
    char got[8] = "";

    CHECK_INT (zmq_recv (s, got, sizeof got, 0), strlen (bytes));
    CHECK_STR (got, bytes);
    int left = 0;
    size_t size = sizeof left;
    CHECK_INT (zmq_getsockopt (s, ZMQ_RCVMORE, &left, &size), 0);
    CHECK_INT (left, more);
}

TEST (a_batch_ends_before_the_message_whose_bytes_are_not_there)
{
    void *context = zmq_ctx_new (), *in, *out = pair_of (context, &in);
    zcffi_part_t parts[] = {{"one", 3, 0}, {"two", 3, 1}, {NULL, 0, 0},
                            {"x", 1, 1},   {NULL, 1, 1},  {"y", 1, 0}};
    zcffi_part_t open_end[] = {{"one", 3, 0}, {NULL, 1, 0}, {"x", 1, 1}};
    char none[8];

    CHECK_INT (zcffi_send_many (out, parts, 6, ZMQ_DONTWAIT), 3);
    arrives (in, "one", 0);
    arrives (in, "two", 1);
    arrives (in, "", 0);
    gives (zmq_recv (in, none, sizeof none, ZMQ_DONTWAIT), EAGAIN);
    gives ((int)zcffi_send_many (out, parts + 3, 3, ZMQ_DONTWAIT), EFAULT);
    gives ((int)zcffi_send_many (out, parts + 4, 1, ZMQ_DONTWAIT), EINVAL); /* no end: told first */
    gives ((int)zcffi_send_many (out, open_end, 3, ZMQ_DONTWAIT), EINVAL);
    gives (zmq_recv (in, none, sizeof none, ZMQ_DONTWAIT), EAGAIN);
    zmq_close (in);
    zmq_close (out);
    zmq_ctx_term (context);
}

TEST (packed_parts_without_a_buffer_are_empty_or_nothing_is_sent)
{
    void *context = zmq_ctx_new (), *in, *out = pair_of (context, &in);
    uint64_t empty[] = {0, 1, 0}, one = 2, two[] = {0, 2};
    char none[8];

    gives ((int)zcffi_send_packed (out, NULL, &one, 1, ZMQ_DONTWAIT), EFAULT);
    gives ((int)zcffi_send_packed (out, NULL, two, 2, ZMQ_DONTWAIT), EFAULT);
    gives (zmq_recv (in, none, sizeof none, ZMQ_DONTWAIT), EAGAIN);
    CHECK_INT (zcffi_send_packed (out, NULL, empty, 1, ZMQ_DONTWAIT), 1);
    CHECK_INT (zcffi_send_packed (out, NULL, empty, 3, ZMQ_DONTWAIT), 3);
    arrives (in, "", 0);
    arrives (in, "", 0);
    arrives (in, "", 1);
    arrives (in, "", 0);
    zmq_close (in);
    zmq_close (out);
    zmq_ctx_term (context);
}

TEST (every_function_of_zcffi_tells_what_is_no_socket)
{
    void *context = zmq_ctx_new (), *s = socket_of (context, ZMQ_DEALER);
    zcffi_part_t part = {"x", 1, 0};
    uint64_t size = 2;
    zmq_msg_t m;
    char b[8];

    zmq_close (s);
    zmq_msg_init (&m);
    gives (zcffi_send_parts (s, &m, 1, 0), ENOTSOCK);
    gives (zcffi_recv_parts (s, &m, 1, 0), ENOTSOCK);
    gives ((int)zcffi_recv_many (s, &m, 1, 1, 0), ENOTSOCK);
    gives ((int)zcffi_send_many (s, &part, 1, 0), ENOTSOCK);
    gives ((int)zcffi_send_packed (s, b, &size, 1, 0), ENOTSOCK);
    gives ((int)zcffi_recv_packed (s, b, sizeof b, &size, 1, 1, 0), ENOTSOCK);
    gives (zcffi_socket_monitor (s, "inproc://monitor", ZCFFI_EVENT_ALL), ENOTSOCK);
    zmq_ctx_term (context);
}
