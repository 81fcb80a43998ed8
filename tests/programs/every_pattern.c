/* A program as it is written for libzmq: zmq.h and nothing else, sockets of several kinds over three transports, a
 * poll, a proxy, a monitor, messages with a free function. Says "ok" when all went well. */
#include <zmq.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHECK(cond_)                                                                                         \
    do {                                                                                                     \
        if (!(cond_)) {                                                                                      \
            fprintf (stderr, "line %d: %s: %s\n", __LINE__, #cond_, zmq_strerror (zmq_errno ()));            \
            exit (1);                                                                                        \
        }                                                                                                    \
    } while (0)

static void *context;

static void *open_socket (int type)
{
    void *s = zmq_socket (context, type);
    int wait = 10000, linger = 0;

    CHECK (s);
    CHECK (zmq_setsockopt (s, ZMQ_RCVTIMEO, &wait, sizeof wait) == 0);
    CHECK (zmq_setsockopt (s, ZMQ_SNDTIMEO, &wait, sizeof wait) == 0);
    CHECK (zmq_setsockopt (s, ZMQ_LINGER, &linger, sizeof linger) == 0);
    return s;
}

/* Binds one, connects the other to where it is. A name of inproc gets a number: libzmq needs a while to free one. */
static void join (void *one, void *two, const char *where)
{
    static int joined;
    char real[256];
    size_t size = sizeof real;

    snprintf (real, sizeof real, strncmp (where, "inproc:", 7) ? "%s" : "%s.%d", where, joined++);
    CHECK (zmq_bind (one, real) == 0);
    CHECK (zmq_getsockopt (one, ZMQ_LAST_ENDPOINT, real, &size) == 0);
    CHECK (zmq_connect (two, real) == 0);
}

static void expect (void *s, const char *text, int more)
{
    char got[64];
    int n = zmq_recv (s, got, sizeof got, 0), has_more = 0;
    size_t size = sizeof has_more;

    CHECK (n == (int)strlen (text) && memcmp (got, text, (size_t)n) == 0);
    CHECK (zmq_getsockopt (s, ZMQ_RCVMORE, &has_more, &size) == 0 && has_more == more);
}

static void say (void *s, const char *text, int flags)
{
    CHECK (zmq_send (s, text, strlen (text), flags) == (int)strlen (text));
}

static void requests (const char *where)
{
    void *rep = open_socket (ZMQ_REP), *req = open_socket (ZMQ_REQ);

    join (rep, req, where);
    for (int i = 0; i < 100; i++) {
        say (req, "question", 0);
        expect (rep, "question", 0);
        say (rep, "answer", ZMQ_SNDMORE);
        say (rep, "", 0);
        expect (req, "answer", 1);
        expect (req, "", 0);
    }
    CHECK (zmq_send (rep, "x", 1, 0) == -1 && zmq_errno () == EFSM);
    CHECK (zmq_close (req) == 0 && zmq_close (rep) == 0);
}

static void topics (const char *where)
{
    void *pub = open_socket (ZMQ_XPUB), *sub = open_socket (ZMQ_SUB);
    zmq_pollitem_t items[2] = {{sub, 0, ZMQ_POLLIN, 0}, {NULL, 0, ZMQ_POLLIN, 0}};
    int fds[2];

    CHECK (pipe (fds) == 0);
    items[1].fd = fds[0];
    CHECK (zmq_setsockopt (sub, ZMQ_SUBSCRIBE, "a", 1) == 0);
    join (pub, sub, where);
    expect (pub, "\1a", 0);
    say (pub, "not for you", 0);
    CHECK (zmq_poll (items, 2, 0) == 0);
    say (pub, "a word", 0);
    CHECK (write (fds[1], "x", 1) == 1);
    CHECK (zmq_poll (items, 1, 10000) == 1 && items[0].revents == ZMQ_POLLIN);
    CHECK (zmq_poll (items, 2, 10000) == 2 && items[1].revents == ZMQ_POLLIN);
    expect (sub, "a word", 0);
    close (fds[0]);
    close (fds[1]);
    CHECK (zmq_close (sub) == 0 && zmq_close (pub) == 0);
}

static void freed (void *data, void *hint)
{
    free (data);
    zmq_atomic_counter_inc (hint);
}

static void large_messages (const char *where)
{
    enum
    {
        SIZE = 3 << 20,
        ROUNDS = 8
    };
    void *pull = open_socket (ZMQ_PULL), *push = open_socket (ZMQ_PUSH);
    void *count = zmq_atomic_counter_new ();
    zmq_msg_t msg;

    join (pull, push, where);
    for (int i = 0; i < ROUNDS; i++) {
        char *data = malloc (SIZE);
        CHECK (data);
        memset (data, i, SIZE);
        CHECK (zmq_msg_init_data (&msg, data, SIZE, freed, count) == 0);
        CHECK (zmq_msg_send (&msg, push, 0) == SIZE);
        CHECK (zmq_msg_init (&msg) == 0 && zmq_msg_recv (&msg, pull, 0) == SIZE);
        const char *got = zmq_msg_data (&msg);
        CHECK (got[0] == i && got[SIZE - 1] == i && !zmq_msg_more (&msg));
        CHECK (zmq_msg_close (&msg) == 0);
    }
    CHECK (zmq_close (push) == 0 && zmq_close (pull) == 0);
    for (int i = 0; i < 1000 && zmq_atomic_counter_value (count) < ROUNDS; i++)
        usleep (10000); /* freed by the thread that wrote them out */
    CHECK (zmq_atomic_counter_value (count) == ROUNDS);
    zmq_atomic_counter_destroy (&count);
}

static void broker (void *control)
{
    void *front = open_socket (ZMQ_ROUTER), *back = open_socket (ZMQ_DEALER);

    CHECK (zmq_bind (front, "inproc://front") == 0 && zmq_bind (back, "inproc://back") == 0);
    say (control, "ready", 0);
    CHECK (zmq_proxy_steerable (front, back, NULL, control) == 0);
    CHECK (zmq_close (front) == 0 && zmq_close (back) == 0 && zmq_close (control) == 0);
}

static void through_a_broker (void)
{
    void *steer = open_socket (ZMQ_PAIR), *control = open_socket (ZMQ_PAIR);
    void *client = open_socket (ZMQ_REQ), *worker = open_socket (ZMQ_REP);
    int forever = -1;

    CHECK (zmq_setsockopt (control, ZMQ_RCVTIMEO, &forever, sizeof forever) == 0);
    join (steer, control, "inproc://control");
    void *thread = zmq_threadstart (broker, control);
    expect (steer, "ready", 0);
    CHECK (zmq_connect (client, "inproc://front") == 0 && zmq_connect (worker, "inproc://back") == 0);
    say (client, "task", 0);
    expect (worker, "task", 0);
    say (worker, "done", 0);
    expect (client, "done", 0);
    say (steer, "TERMINATE", 0);
    zmq_threadclose (thread);
    CHECK (zmq_close (client) == 0 && zmq_close (worker) == 0 && zmq_close (steer) == 0);
}

static void a_monitor (void)
{
    void *pull = open_socket (ZMQ_PULL), *events = open_socket (ZMQ_PAIR);
    uint16_t event;
    zmq_msg_t msg;

    CHECK (zmq_socket_monitor (pull, "inproc://events", ZMQ_EVENT_LISTENING) == 0);
    CHECK (zmq_connect (events, "inproc://events") == 0);
    CHECK (zmq_bind (pull, "tcp://127.0.0.1:*") == 0);
    CHECK (zmq_msg_init (&msg) == 0 && zmq_msg_recv (&msg, events, 0) == 6);
    memcpy (&event, zmq_msg_data (&msg), sizeof event);
    CHECK (event == ZMQ_EVENT_LISTENING && zmq_msg_more (&msg));
    CHECK (zmq_msg_close (&msg) == 0);
    CHECK (zmq_close (pull) == 0 && zmq_close (events) == 0);
}

int main (void)
{
    int major, minor, patch;
    char ipc[64];

    zmq_version (&major, &minor, &patch);
    CHECK (major == ZMQ_VERSION_MAJOR && minor == ZMQ_VERSION_MINOR);
    context = zmq_ctx_new ();
    CHECK (context);
    snprintf (ipc, sizeof ipc, "ipc:///tmp/every_pattern.%d", (int)getpid ());
    const char *where[] = {"tcp://127.0.0.1:*", ipc, "inproc://here"};
    for (int i = 0; i < 3; i++) {
        requests (where[i]);
        topics (where[i]);
        large_messages (where[i]);
    }
    through_a_broker ();
    a_monitor ();
    CHECK (zmq_ctx_term (context) == 0);
    puts ("ok");
    return 0;
}
