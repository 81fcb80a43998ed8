/* What the calls of zmq.h answer without a peer: see answers.h. */
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>
#include <unistd.h>
#include "answers.h"

static void sizes (void)
{
    where ("sizes");
    SAY (sizeof (zmq_msg_t));
    SAY (_Alignof(zmq_msg_t));
    SAY (sizeof (zmq_pollitem_t));
    SAY (offsetof (zmq_pollitem_t, fd));
    SAY (offsetof (zmq_pollitem_t, events));
    SAY (offsetof (zmq_pollitem_t, revents));
    SAY (sizeof (zmq_fd_t));
}

static void errors (void)
{
    static const int numbers[] = {EFSM,      ENOCOMPATPROTO, ETERM,     EMTHREAD,        EHOSTUNREACH, EINVAL,
                                  EAGAIN,    ENOTSOCK,       ENOTSUP,   EPROTONOSUPPORT, EADDRINUSE,   0,
                                  156384712, 156384713,      156384762, 156384767};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        where ("strerror %d", numbers[i]);
        SAY_TEXT (zmq_strerror (numbers[i]));
    }
    static const char *const caps[] = {"ipc",   "pgm", "tipc", "norm", "curve",  "gssapi", "vmci", "vsock",
                                       "draft", "WS",  "WSS",  "tcp",  "inproc", "ws",     "IPC",  ""};
    for (size_t i = 0; i < sizeof caps / sizeof *caps; i++) {
        where ("has %s", caps[i]);
        SAY (zmq_has (caps[i]));
    }
}

static void no_context (void)
{
    where ("no context");
    SAY (zmq_ctx_term (NULL));
    SAY (zmq_ctx_shutdown (NULL));
    SAY (zmq_ctx_destroy (NULL));
    SAY (zmq_term (NULL));
    SAY (zmq_ctx_set (NULL, 1, 1));
    SAY (zmq_ctx_get (NULL, 1));
    SAY_ANY (zmq_socket (NULL, 0));
    SAY_ANY (zmq_init (-1));
}

static void context_options (void)
{
    for (int option = 0; option < 80; option++) {
        void *c = zmq_ctx_new ();
        where ("context option %d", option);
        SAY (zmq_ctx_get (c, option));
        static const int values[] = {-2, -1, 0, 1, 2, 3, 5, 16, 65535, 65536, INT_MAX, INT_MIN};
        for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
            where ("context option %d set to %d", option, values[i]);
            SAY (zmq_ctx_set (c, option, values[i]));
            SAY (zmq_ctx_get (c, option));
        }
        zmq_ctx_term (c);
    }
}

static void limits (void)
{
    void *c = zmq_ctx_new (), *s[2];

    where ("limit of sockets");
    SAY (zmq_ctx_set (c, ZMQ_MAX_SOCKETS, 2));
    SAY_ANY (s[0] = zmq_socket (c, 0));
    SAY_ANY (s[1] = zmq_socket (c, 0));
    SAY_ANY (zmq_socket (c, 0));
    SAY (zmq_ctx_set (c, ZMQ_MAX_SOCKETS, 10));
    SAY_ANY (zmq_socket (c, 0));
    zmq_close (s[1]);
    zmq_close (s[0]);
    zmq_ctx_term (c);
    c = zmq_ctx_new ();
    where ("no I/O threads");
    SAY (zmq_ctx_set (c, ZMQ_IO_THREADS, 0));
    SAY_ANY (s[0] = zmq_socket (c, 0));
    SAY (zmq_bind (s[0], "tcp://127.0.0.1:*"));
    SAY (zmq_connect (s[0], "tcp://127.0.0.1:5555"));
    SAY (zmq_connect (s[0], "tcp://nowhere.invalid:5555"));
    SAY (zmq_bind (s[0], "ipc://*"));
    SAY (zmq_bind (s[0], "inproc://a"));
    zmq_close (s[0]);
    zmq_ctx_term (c);
}

static void shut_down (void)
{
    void *c = zmq_ctx_new (), *s = zmq_socket (c, ZMQ_DEALER);

    where ("types of sockets");
    SAY_ANY (zmq_socket (c, -1));
    SAY_ANY (zmq_socket (c, 100));
    where ("context that was shut down");
    SAY (zmq_ctx_shutdown (c));
    SAY (zmq_ctx_shutdown (c));
    SAY_ANY (zmq_socket (c, 0));
    SAY_ANY (zmq_socket (c, -1));
    char b[8];
    zmq_msg_t m;
    zmq_msg_init (&m);
    SAY (zmq_bind (s, "inproc://x"));
    SAY (zmq_bind (s, "nonsense"));
    SAY (zmq_connect (s, "inproc://x"));
    SAY (zmq_unbind (s, "inproc://x"));
    SAY (zmq_disconnect (s, "inproc://x"));
    SAY (zmq_send (s, "", 0, 0));
    SAY (zmq_send_const (s, "", 0, 0));
    SAY (zmq_recv (s, b, 8, 0));
    SAY (zmq_msg_send (&m, s, 0));
    SAY (zmq_msg_recv (&m, s, 0));
    SAY (zmq_socket_monitor (s, "inproc://m", ZMQ_EVENT_ALL));
    SAY (zmq_socket_monitor (s, NULL, ZMQ_EVENT_ALL));
    zmq_pollitem_t item = {.socket = s, .events = ZMQ_POLLIN};
    SAY (zmq_poll (&item, 1, 0));
    item.events = 0;
    SAY (zmq_poll (&item, 1, 0));
    SAY (zmq_proxy (s, s, NULL));
    SAY (zmq_ctx_get (c, ZMQ_IO_THREADS));
    SAY (zmq_ctx_set (c, ZMQ_IO_THREADS, 2));
    SAY (zmq_close (s));
    SAY (zmq_ctx_term (c));
}

static void fresh_sockets (void)
{
    void *c = zmq_ctx_new ();

    for (int type = 0; type < 12; type++) {
        void *s = zmq_socket (c, type);
        char b[8];
        zmq_msg_t m;
        where ("%s without a peer", type_names[type]);
        SAY (number_of (s, ZMQ_EVENTS));
        SAY (zmq_send (s, "a", 1, ZMQ_DONTWAIT));
        SAY (number_of (s, ZMQ_EVENTS));
        SAY (zmq_send (s, NULL, 0, ZMQ_DONTWAIT));
        SAY (zmq_recv (s, b, 8, ZMQ_DONTWAIT));
        SAY (zmq_recv (s, NULL, 0, ZMQ_DONTWAIT));
        zmq_msg_init (&m);
        SAY (zmq_msg_recv (&m, s, ZMQ_DONTWAIT));
        SAY (zmq_msg_send (&m, s, ZMQ_DONTWAIT));
        SAY (zmq_msg_close (&m));
        SAY (zmq_send (s, "a", 1, ZMQ_DONTWAIT | ZMQ_SNDMORE));
        SAY (zmq_send (s, "b", 1, ZMQ_DONTWAIT | ZMQ_SNDMORE));
        SAY (number_of (s, ZMQ_EVENTS));
        SAY (zmq_send (s, "c", 1, ZMQ_DONTWAIT));
        SAY (zmq_send (s, "d", 1, ZMQ_DONTWAIT | 64));
        set_number (s, ZMQ_RCVTIMEO, 20);
        set_number (s, ZMQ_SNDTIMEO, 20);
        SAY (zmq_send (s, "a", 1, 0));
        SAY (zmq_recv (s, b, 8, 0));
        zmq_pollitem_t item = {.socket = s, .events = ZMQ_POLLIN | ZMQ_POLLOUT | ZMQ_POLLERR | ZMQ_POLLPRI};
        SAY (zmq_poll (&item, 1, 0));
        SAY (item.revents);
        set_number (s, ZMQ_LINGER, 0);
        SAY (zmq_close (s));
    }
    zmq_ctx_term (c);
}

static void no_socket (void)
{
    where ("no socket");
    int v = 0;
    size_t n = sizeof v;
    char b[8];
    struct iovec iov[2] = {{b, 1}, {b, 1}};
    SAY (zmq_close (NULL));
    SAY (zmq_setsockopt (NULL, ZMQ_LINGER, &v, sizeof v));
    SAY (zmq_getsockopt (NULL, ZMQ_LINGER, &v, &n));
    SAY (zmq_bind (NULL, "inproc://a"));
    SAY (zmq_connect (NULL, "inproc://a"));
    SAY (zmq_unbind (NULL, "inproc://a"));
    SAY (zmq_disconnect (NULL, "inproc://a"));
    SAY (zmq_send (NULL, b, 1, 0));
    SAY (zmq_send_const (NULL, b, 1, 0));
    SAY (zmq_recv (NULL, b, 1, 0));
    SAY (zmq_socket_monitor (NULL, "inproc://m", 1));
    SAY (zmq_socket_monitor (NULL, NULL, 1));
    n = 2;
    SAY (zmq_sendiov (NULL, iov, 2, 0));
    SAY (zmq_recviov (NULL, iov, &n, 0));
    SAY (zmq_proxy (NULL, NULL, NULL));
    SAY (zmq_proxy_steerable (NULL, NULL, NULL, NULL));
}

static void polls (void)
{
    where ("poll");
    SAY (zmq_poll (NULL, 0, 0));
    SAY (zmq_poll (NULL, 1, 0));
    SAY (zmq_poll (NULL, -1, 0));
    zmq_pollitem_t item = {.fd = -1, .events = ZMQ_POLLIN};
    SAY (zmq_poll (&item, 1, 0));
    SAY (item.revents);
    where ("poll of a bad descriptor");
    item.fd = 900;
    SAY (zmq_poll (&item, 1, 0));
    SAY (item.revents);
    int ends[2];
    where ("poll of a pipe");
    if (pipe (ends) != 0)
        return;
    item.fd = ends[1];
    item.events = ZMQ_POLLIN | ZMQ_POLLOUT;
    SAY (zmq_poll (&item, 1, 0));
    SAY (item.revents);
    item.fd = ends[0];
    SAY (zmq_poll (&item, 1, 0));
    SAY (item.revents);
    where ("poll of a pipe that hung up");
    close (ends[1]);
    item.events = ZMQ_POLLIN;
    SAY (zmq_poll (&item, 1, 0));
    SAY (item.revents);
    item.events = 0;
    SAY (zmq_poll (&item, 1, 10));
    SAY (item.revents);
    close (ends[0]);
}

static void vectors_and_monitors (void)
{
    void *c = zmq_ctx_new (), *s = zmq_socket (c, ZMQ_DEALER), *t = zmq_socket (c, ZMQ_PAIR);
    char b[8];
    struct iovec iov[2] = {{b, 1}, {b, 1}};
    size_t n;

    where ("vectors");
    SAY (zmq_sendiov (s, NULL, 2, 0));
    SAY (zmq_sendiov (s, iov, 0, 0));
    n = 0;
    SAY (zmq_recviov (s, iov, &n, 0));
    SAY (zmq_recviov (s, iov, NULL, 0));
    n = 1;
    SAY (zmq_recviov (s, NULL, &n, 0));
    SAY (zmq_recviov (s, iov, &n, ZMQ_DONTWAIT));
    where ("monitor");
    SAY (zmq_socket_monitor (s, "tcp://127.0.0.1:*", ZMQ_EVENT_ALL));
    SAY (zmq_socket_monitor (s, "ipc://@mon", ZMQ_EVENT_ALL));
    SAY (zmq_socket_monitor (s, "foo", ZMQ_EVENT_ALL));
    SAY (zmq_socket_monitor (s, "foo://a", ZMQ_EVENT_ALL));
    SAY (zmq_socket_monitor (s, "", ZMQ_EVENT_ALL));
    SAY (zmq_socket_monitor (s, "inproc://", ZMQ_EVENT_ALL));
    SAY (zmq_socket_monitor (s, "inproc://m", 0x10000));
    SAY (zmq_socket_monitor (s, "inproc://m", -1));
    SAY (zmq_socket_monitor (s, "inproc://m2", ZMQ_EVENT_ALL));
    SAY (zmq_socket_monitor (t, "inproc://m2", ZMQ_EVENT_ALL));
    zmq_close (t);
    zmq_close (s);
    zmq_ctx_term (c);
}

int main (void)
{
    sizes ();
    errors ();
    no_context ();
    context_options ();
    limits ();
    shut_down ();
    fresh_sockets ();
    no_socket ();
    polls ();
    vectors_and_monitors ();
    return 0;
}
