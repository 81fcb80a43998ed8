/* What the calls of zmq.h answer about messages, in hand and on their way: see answers.h. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>
#include "answers.h"

/* ---- in hand ---- */

static int freed;

static void free_it (void *data, void *hint)
{
    (void)data;
    (void)hint;
    freed++;
}

static void properties (void)
{
    zmq_msg_t a, b;

    where ("message");
    SAY (zmq_msg_init (&a));
    SAY (zmq_msg_size (&a));
    SAY (zmq_msg_more (&a));
    for (int property = 0; property < 6; property++) {
        SAY (zmq_msg_get (&a, property));
        SAY (zmq_msg_set (&a, property, 1));
    }
    SAY_TEXT (zmq_msg_gets (&a, "Socket-Type"));
    SAY_TEXT (zmq_msg_gets (&a, "X-none"));
    SAY (zmq_msg_close (&a));
    where ("message that is closed");
    zmq_msg_init (&b);
    SAY (zmq_msg_close (&a));
    SAY (zmq_msg_move (&b, &a));
    SAY (zmq_msg_move (&a, &b));
    SAY (zmq_msg_copy (&b, &a));
    SAY (zmq_msg_copy (&a, &b));
    where ("message and no socket");
    SAY (zmq_msg_send (&b, NULL, ZMQ_DONTWAIT));
    SAY (zmq_msg_recv (&b, NULL, ZMQ_DONTWAIT));
    SAY (zmq_msg_close (&b));
    where ("message too large for any machine");
    SAY (zmq_msg_init_size (&a, SIZE_MAX));
    SAY (zmq_msg_init_size (&a, SIZE_MAX - 100));
    SAY (zmq_msg_init_size (&a, SIZE_MAX / 2));
}

/* A copy, a move, and what both then say. */
static void copies (zmq_msg_t *a, size_t size)
{
    zmq_msg_t b;

    SAY (zmq_msg_size (a));
    SAY (zmq_msg_data (a) != NULL);
    SAY (zmq_msg_get (a, ZMQ_SHARED));
    zmq_msg_init (&b);
    SAY (zmq_msg_copy (&b, a));
    if (size != 34) { /* where the small ones end that are held inside is nobody's business */
        SAY (zmq_msg_get (a, ZMQ_SHARED));
        SAY (zmq_msg_get (&b, ZMQ_SHARED));
    }
    SAY (zmq_msg_close (&b));
    SAY (zmq_msg_get (a, ZMQ_SHARED));
    SAY (freed);
    zmq_msg_init (&b);
    SAY (zmq_msg_move (&b, a));
    SAY (zmq_msg_size (a));
    SAY (zmq_msg_size (&b));
    SAY (freed);
    SAY (zmq_msg_close (&b));
    SAY (freed);
    SAY (zmq_msg_close (a));
}

static void contents (void)
{
    static const size_t sizes[] = {0, 1, 29, 30, 33, 34, 100, 1000, 3000};
    static char big[3000];
    zmq_msg_t a;

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        freed = 0;
        where ("message of %zu bytes", sizes[i]);
        SAY (zmq_msg_init_size (&a, sizes[i]));
        copies (&a, sizes[i]);
        where ("message of %zu bytes with a free function", sizes[i]);
        SAY (zmq_msg_init_data (&a, big, sizes[i], free_it, NULL));
        SAY (zmq_msg_data (&a) == big);
        copies (&a, sizes[i]);
        where ("message of %zu constant bytes", sizes[i]);
        SAY (zmq_msg_init_data (&a, big, sizes[i], NULL, NULL));
        SAY (zmq_msg_data (&a) == big);
        copies (&a, sizes[i]);
    }
}

/* ---- on their way ---- */

static void *context;

static void *open_socket (int type)
{
    void *s = zmq_socket (context, type);

    set_number (s, ZMQ_LINGER, 0);
    set_number (s, ZMQ_RCVTIMEO, 2000);
    set_number (s, ZMQ_SNDTIMEO, 2000);
    return s;
}

static void join (void *one, void *two, const char *transport)
{
    static int number;
    char text[100], last[256];
    size_t size = sizeof last;

    if (strcmp (transport, "inproc") == 0)
        snprintf (text, sizeof text, "inproc://%d", number++);
    else
        strcpy (text, strcmp (transport, "tcp") == 0 ? "tcp://127.0.0.1:*" : "ipc://*");
    zmq_bind (one, text);
    zmq_getsockopt (one, ZMQ_LAST_ENDPOINT, last, &size);
    SAY (zmq_connect (two, last));
}

static void tell_origin (zmq_msg_t *m)
{
    char here[60];
    const char *peer = zmq_msg_gets (m, "Peer-Address");

    snprintf (here, sizeof here, "localhost:%d:%d:%d", (int)getuid (), (int)getgid (), (int)getpid ());
    SAY_TEXT (peer && strcmp (peer, here) == 0 ? "this process" : peer);
    SAY (zmq_msg_more (m));
    SAY (zmq_msg_get (m, ZMQ_SRCFD) >= 0);
    SAY_TEXT (zmq_msg_gets (m, "Socket-Type"));
    SAY_TEXT (zmq_msg_gets (m, "socket-type"));
    SAY_TEXT (zmq_msg_gets (m, "Identity"));
    SAY_TEXT (zmq_msg_gets (m, "User-Id"));
    SAY_TEXT (zmq_msg_gets (m, "X-none"));
    SAY_TEXT (zmq_msg_gets (m, ""));
}

static void bytes (const char *transport)
{
    void *a = open_socket (ZMQ_PAIR), *z = open_socket (ZMQ_PAIR);
    char b[20];
    zmq_msg_t m;

    where ("bytes over %s", transport);
    join (a, z, transport);
    SAY (zmq_send (z, "hello", 5, 0));
    SAY (zmq_recv (a, b, 3, 0));
    SAY (zmq_send (z, "hello", 5, ZMQ_SNDMORE));
    SAY (zmq_send (z, "", 0, 0));
    SAY (zmq_recv (a, NULL, 0, 0));
    SAY (number_of (a, ZMQ_RCVMORE));
    SAY (zmq_recv (a, b, 0, 0));
    SAY (number_of (a, ZMQ_RCVMORE));
    SAY (zmq_send_const (z, "const", 5, 0));
    SAY (zmq_recv (a, b, 20, 0));
    zmq_msg_init_size (&m, 100);
    SAY (zmq_msg_send (&m, z, 0));
    SAY (zmq_msg_size (&m));
    SAY (zmq_msg_close (&m));
    zmq_msg_init (&m);
    SAY (zmq_msg_recv (&m, a, 0));
    tell_origin (&m);
    zmq_msg_close (&m);
    zmq_close (z);
    zmq_close (a);
}

static void vectors (const char *transport)
{
    void *a = open_socket (ZMQ_PAIR), *z = open_socket (ZMQ_PAIR);
    struct iovec out[3] = {{"ab", 2}, {"", 0}, {"cdefg", 5}}, in[3];
    char b[20];

    where ("vectors over %s", transport);
    join (a, z, transport);
    for (size_t room = 2; room <= 3; room++) {
        size_t n = room;
        SAY (zmq_sendiov (z, out, 3, ZMQ_SNDMORE));
        SAY (zmq_recviov (a, in, &n, 0));
        SAY (n);
        for (size_t i = 0; i < n; i++) {
            SAY (in[i].iov_len);
            free (in[i].iov_base);
        }
    }
    SAY (zmq_recv (a, b, 20, 0));
    zmq_close (z);
    zmq_close (a);
}

static void origins (const char *transport)
{
    void *a = open_socket (ZMQ_ROUTER), *z = open_socket (ZMQ_DEALER);

    where ("origins over %s", transport);
    zmq_setsockopt (z, ZMQ_ROUTING_ID, "joe", 3);
    join (a, z, transport);
    zmq_send (z, "one", 3, ZMQ_SNDMORE);
    zmq_send (z, "two", 3, 0);
    for (int i = 0; i < 3; i++) {
        zmq_msg_t m, copy;
        zmq_msg_init (&m);
        zmq_msg_init (&copy);
        SAY (zmq_msg_recv (&m, a, 0));
        SAY (zmq_msg_copy (&copy, &m));
        zmq_msg_close (&m);
        tell_origin (&copy);
        zmq_msg_close (&copy);
    }
    where ("mandatory over %s", transport);
    set_number (a, ZMQ_ROUTER_MANDATORY, 1);
    SAY (zmq_send (a, "nobody", 6, ZMQ_SNDMORE));
    SAY (zmq_send (a, "nobody", 6, 0));
    SAY (zmq_send (a, "joe", 3, ZMQ_SNDMORE));
    SAY (zmq_send (a, "x", 1, ZMQ_SNDMORE));
    SAY (zmq_send (a, "y", 1, 0));
    char b[1];
    SAY (zmq_recv (z, b, 1, 0));
    SAY (zmq_recv (z, b, 1, 0));
    zmq_close (z);
    zmq_close (a);
}

static void turns (const char *transport)
{
    void *req = open_socket (ZMQ_REQ), *rep = open_socket (ZMQ_REP);
    char b[1];

    where ("turns over %s", transport);
    join (rep, req, transport);
    SAY (zmq_recv (req, b, 1, 0));
    SAY (zmq_send (req, "q", 1, ZMQ_SNDMORE));
    SAY (zmq_recv (req, b, 1, ZMQ_DONTWAIT));
    SAY (zmq_send (req, "r", 1, 0));
    SAY (zmq_send (req, "q", 1, 0));
    SAY (zmq_send (rep, "q", 1, 0));
    SAY (zmq_recv (rep, b, 1, 0));
    SAY (zmq_send (rep, "q", 1, ZMQ_DONTWAIT));
    SAY (zmq_recv (rep, b, 1, 0));
    SAY (zmq_recv (rep, b, 1, 0));
    SAY (zmq_send (rep, "a", 1, ZMQ_SNDMORE));
    SAY (zmq_recv (rep, b, 1, 0));
    SAY (zmq_send (rep, "b", 1, 0));
    SAY (zmq_send (rep, "b", 1, 0));
    SAY (zmq_recv (req, b, 1, 0));
    SAY (zmq_send (req, "b", 1, 0));
    SAY (zmq_recv (req, b, 1, 0));
    SAY (zmq_recv (req, b, 1, 0));
    SAY (zmq_send (req, "b", 1, 0));
    zmq_close (req);
    zmq_close (rep);
}

int main (void)
{
    static const char *const transports[] = {"tcp", "ipc", "inproc"};

    properties ();
    contents ();
    context = zmq_ctx_new ();
    for (int i = 0; i < 3; i++) {
        bytes (transports[i]);
        vectors (transports[i]);
        origins (transports[i]);
        turns (transports[i]);
    }
    zmq_ctx_term (context);
    return 0;
}
