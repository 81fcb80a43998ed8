/* Every function that takes a context, a socket, a message or a set of timers, with what is none: NULL, what was closed, what is
 * something else, the program's own memory, numbers. An errno, never a crash. */
#include "check.h"

#include <errno.h>
#include <stdint.h>
#include <sys/uio.h>
#include "zcffi.h"

/* ---- the functions, each as one call of the handle ---- */

static char bytes[8];
static int number;
static size_t size;
static zmq_msg_t msg; /* an empty one */
static uint64_t packed = 2;
static struct iovec vector = {bytes, 1};
static zcffi_part_t part = {"x", 1, 0};

static long answer (const void *made)
{
    return made ? 0 : -1;
}

#define CALL(name_, call_)                                                                                   \
    static long name_ (void *h)                                                                              \
    {                                                                                                        \
        size = sizeof number;                                                                                \
        return call_;                                                                                        \
    }

CALL (s_close, zmq_close (h))
CALL (s_set, zmq_setsockopt (h, ZMQ_LINGER, &number, sizeof number))
CALL (s_get, zmq_getsockopt (h, ZMQ_LINGER, &number, &size))
CALL (s_bind, zmq_bind (h, "inproc://x"))
CALL (s_connect, zmq_connect (h, "inproc://x"))
CALL (s_unbind, zmq_unbind (h, "inproc://x"))
CALL (s_disconnect, zmq_disconnect (h, "inproc://x"))
CALL (s_send, zmq_send (h, bytes, 1, 0))
CALL (s_send_const, zmq_send_const (h, bytes, 1, 0))
CALL (s_recv, zmq_recv (h, bytes, 1, 0))
CALL (s_msg_send, zmq_msg_send (&msg, h, 0))
CALL (s_msg_recv, zmq_msg_recv (&msg, h, 0))
CALL (s_sendmsg, zmq_sendmsg (h, &msg, 0))
CALL (s_recvmsg, zmq_recvmsg (h, &msg, 0))
CALL (s_sendiov, zmq_sendiov (h, &vector, 1, 0))
CALL (s_recviov, zmq_recviov (h, &vector, &size, 0))
CALL (s_monitor, zmq_socket_monitor (h, "inproc://m", ZMQ_EVENT_ALL))
CALL (s_monitor_off, zmq_socket_monitor (h, NULL, 0))
CALL (s_wide_monitor, zcffi_socket_monitor (h, "inproc://m", ZCFFI_EVENT_ALL))
CALL (s_poll, zmq_poll (&(zmq_pollitem_t){.socket = h, .events = ZMQ_POLLIN}, 1, -1))
CALL (s_ppoll, zmq_ppoll (&(zmq_pollitem_t){.socket = h, .events = ZMQ_POLLIN}, 1, -1, NULL))
CALL (s_send_parts, zcffi_send_parts (h, &msg, 1, 0))
CALL (s_recv_parts, zcffi_recv_parts (h, &msg, 1, 0))
CALL (s_send_many, zcffi_send_many (h, &part, 1, 0))
CALL (s_recv_many, zcffi_recv_many (h, &msg, 1, 1, 0))
CALL (s_send_packed, zcffi_send_packed (h, bytes, &packed, 1, 0))
CALL (s_recv_packed, zcffi_recv_packed (h, bytes, 1, &packed, 1, 1, 0))

static long (*const of_socket[]) (void *) = {
    s_close,     s_set,        s_get,         s_bind,        s_connect,      s_unbind,     s_disconnect,
    s_send,      s_send_const, s_recv,        s_msg_send,    s_msg_recv,     s_sendmsg,    s_recvmsg,
    s_sendiov,   s_recviov,    s_monitor,     s_monitor_off, s_wide_monitor, s_send_parts, s_recv_parts,
    s_send_many, s_recv_many,  s_send_packed, s_recv_packed};

/* NULL means something else to these: a descriptor. */
static long (*const of_polled[]) (void *) = {s_poll, s_ppoll};

CALL (c_term, zmq_ctx_term (h))
CALL (c_destroy, zmq_ctx_destroy (h))
CALL (c_old_term, zmq_term (h))
CALL (c_shutdown, zmq_ctx_shutdown (h))
CALL (c_set, zmq_ctx_set (h, ZMQ_IO_THREADS, 1))
CALL (c_get, zmq_ctx_get (h, ZMQ_IO_THREADS))
CALL (c_socket, answer (zmq_socket (h, ZMQ_PUSH)))

static long (*const of_context[]) (void *) = {c_term, c_destroy, c_old_term, c_shutdown,
                                              c_set,  c_get,     c_socket};

static void on_timer (int id, void *arg)
{
    (void)id;
    (void)arg;
}

CALL (t_destroy, zmq_timers_destroy (&h))
CALL (t_add, zmq_timers_add (h, 1, on_timer, NULL))
CALL (t_cancel, zmq_timers_cancel (h, 1))
CALL (t_set_interval, zmq_timers_set_interval (h, 1, 1))
CALL (t_reset, zmq_timers_reset (h, 1))
CALL (t_timeout, zmq_timers_timeout (h))
CALL (t_execute, zmq_timers_execute (h))

static long (*const of_timers[]) (void *) = {t_destroy, t_add,     t_cancel, t_set_interval,
                                             t_reset,   t_timeout, t_execute};

CALL (m_close, zmq_msg_close (h))
CALL (m_move_to, zmq_msg_move (h, &msg))
CALL (m_move_from, zmq_msg_move (&msg, h))
CALL (m_copy_to, zmq_msg_copy (h, &msg))
CALL (m_copy_from, zmq_msg_copy (&msg, h))
CALL (m_get, zmq_msg_get (h, ZMQ_MORE))
CALL (m_send, zmq_msg_send (h, NULL, 0))
CALL (m_recv, zmq_msg_recv (h, NULL, 0))

static long (*const of_msg[]) (void *) = {m_close,     m_move_to, m_move_from, m_copy_to,
                                          m_copy_from, m_get,     m_send,      m_recv};

/* ---- the things ---- */

struct things
{
    void *context, *socket, *timers, *counter;       /* alive */
    void *ended_context, *closed_socket, *no_timers; /* and gone */
};

static void open_things (struct things *t)
{
    zmq_msg_init (&msg);
    t->context = zmq_ctx_new ();
    t->socket = zmq_socket (t->context, ZMQ_PAIR);
    t->timers = zmq_timers_new ();
    t->counter = zmq_atomic_counter_new ();
    t->ended_context = zmq_ctx_new ();
    zmq_ctx_term (t->ended_context);
    t->closed_socket = zmq_socket (t->context, ZMQ_PAIR);
    zmq_close (t->closed_socket);
    void *gone = zmq_timers_new ();
    t->no_timers = gone;
    zmq_timers_destroy (&gone);
}

static void close_things (struct things *t)
{
    CHECK_INT (zmq_close (t->socket), 0);
    CHECK_INT (zmq_ctx_term (t->context), 0);
    CHECK_INT (zmq_timers_destroy (&t->timers), 0);
    zmq_atomic_counter_destroy (&t->counter);
}

static void refuse_all (long (*const *calls) (void *), size_t count, void *handle, int error)
{
    for (size_t i = 0; i < count; i++) {
        errno = 0;
        long rc = calls[i](handle);
        if (rc != -1 || errno != error)
            CHECK_FAIL ("call %zu of %p: %ld, %s", i, handle, rc, zmq_strerror (errno));
    }
}

#define COUNT(array_) (sizeof (array_) / sizeof (array_)[0])
#define REFUSE(calls_, handle_, error_) refuse_all (calls_, COUNT (calls_), handle_, error_)

/* Numbers, and memory that holds nothing of ours. */
static char memory[256];
static void *const wild[] = {memory,
                             memory + 1,
                             (void *)(uintptr_t)1,
                             (void *)(uintptr_t)3,
                             (void *)(uintptr_t)8,
                             (void *)(uintptr_t)0xdeadbeef,
                             (void *)(UINTPTR_MAX / 2),
                             (void *)(UINTPTR_MAX - 1),
                             (void *)UINTPTR_MAX};

TEST (every_function_of_a_socket_refuses_what_is_none)
{
    struct things t;

    open_things (&t);
    void *none[] = {t.context, t.timers, t.counter, t.ended_context, t.closed_socket, t.no_timers, &msg};
    REFUSE (of_socket, NULL, ENOTSOCK);
    for (size_t i = 0; i < COUNT (none) + COUNT (wild); i++) {
        void *h = i < COUNT (none) ? none[i] : wild[i - COUNT (none)];
        REFUSE (of_socket, h, ENOTSOCK);
        REFUSE (of_polled, h, ENOTSOCK);
    }
    close_things (&t);
}

TEST (every_function_of_a_context_refuses_what_is_none)
{
    struct things t;

    open_things (&t);
    void *none[] = {NULL, t.socket, t.timers, t.counter, t.ended_context, t.closed_socket, t.no_timers, &msg};
    for (size_t i = 0; i < COUNT (none) + COUNT (wild); i++)
        REFUSE (of_context, i < COUNT (none) ? none[i] : wild[i - COUNT (none)], EFAULT);
    close_things (&t);
}

TEST (every_function_of_timers_refuses_what_are_none)
{
    struct things t;

    open_things (&t);
    void *none[] = {NULL,        t.context, t.socket, t.counter, t.ended_context, t.closed_socket,
                    t.no_timers, &msg};
    for (size_t i = 0; i < COUNT (none) + COUNT (wild); i++)
        REFUSE (of_timers, i < COUNT (none) ? none[i] : wild[i - COUNT (none)], EFAULT);
    close_things (&t);
}

TEST (every_function_of_a_message_refuses_what_is_none)
{
    zmq_msg_t closed, zeros = {{0}}, ones;

    memset (&ones, 0xff, sizeof ones);
    zmq_msg_init (&msg);
    zmq_msg_init (&closed);
    zmq_msg_close (&closed);
    void *none[] = {NULL, &closed, &zeros, &ones};
    for (size_t i = 0; i < COUNT (none); i++) {
        REFUSE (of_msg, none[i], EFAULT);
        CHECK (!zmq_msg_data (none[i]));
        CHECK_INT (zmq_msg_size (none[i]), 0);
        CHECK_INT (zmq_msg_more (none[i]), 0);
        errno = 0;
        CHECK (!zmq_msg_gets (none[i], "Socket-Type"));
        CHECK_INT (errno, EINVAL);
        errno = 0;
        CHECK_INT (zmq_msg_set (none[i], ZMQ_MORE, 1), -1);
        CHECK_INT (errno, EINVAL);
    }
    errno = 0;
    CHECK_INT (zmq_msg_init (NULL), -1);
    CHECK_INT (errno, EFAULT);
    CHECK_INT (zmq_msg_init_size (NULL, 1), -1);
    CHECK_INT (zmq_msg_init_data (NULL, bytes, 1, NULL, NULL), -1);
}

TEST (proxies_refuse_what_are_no_sockets)
{
    struct things t;

    open_things (&t);
    void *none[] = {t.context, t.timers, t.counter, t.ended_context, t.closed_socket, t.no_timers, memory};
    for (size_t i = 0; i < COUNT (none); i++) {
        errno = 0;
        CHECK_INT (zmq_proxy (none[i], t.socket, NULL), -1);
        CHECK_INT (errno, ENOTSOCK);
        errno = 0;
        CHECK_INT (zmq_proxy (t.socket, none[i], NULL), -1);
        CHECK_INT (errno, ENOTSOCK);
        errno = 0;
        CHECK_INT (zmq_proxy_steerable (t.socket, t.socket, NULL, none[i]), -1);
        CHECK_INT (errno, ENOTSOCK);
        errno = 0;
        CHECK_INT (zmq_device (ZMQ_QUEUE, none[i], none[i]), -1);
        CHECK_INT (errno, ENOTSOCK);
    }
    errno = 0;
    CHECK_INT (zmq_proxy (NULL, t.socket, NULL), -1);
    CHECK_INT (errno, EFAULT);
    errno = 0;
    CHECK_INT (zmq_proxy_steerable (t.socket, NULL, NULL, NULL), -1);
    CHECK_INT (errno, EFAULT);
    errno = 0;
    CHECK_INT (zmq_device (0, NULL, NULL), -1);
    CHECK_INT (errno, EFAULT);
    close_things (&t);
}

TEST (bytes_that_are_nowhere_are_neither_sent_nor_received_into)
{
    struct things t;

    open_things (&t);
    errno = 0;
    CHECK_INT (zmq_send (t.socket, NULL, 1, 0), -1);
    CHECK_INT (errno, EFAULT);
    errno = 0;
    CHECK_INT (zmq_send_const (t.socket, NULL, 1, 0), -1);
    CHECK_INT (errno, EFAULT);
    errno = 0;
    CHECK_INT (zmq_recv (t.socket, NULL, 1, 0), -1);
    CHECK_INT (errno, EFAULT);
    errno = 0;
    CHECK_INT (zmq_recv (t.socket, NULL, 0, ZMQ_DONTWAIT), -1);
    CHECK_INT (errno, EAGAIN);
    close_things (&t);
}

/* A slot is used again with another number: the old handle stays closed, also after very many sockets. */
TEST (a_handle_never_comes_back)
{
    void *context = zmq_ctx_new (), *first = zmq_socket (context, ZMQ_PAIR);

    CHECK_INT (zmq_close (first), 0);
    for (int i = 0; i < 20000; i++) {
        void *s = zmq_socket (context, ZMQ_PAIR);
        if (s == first)
            CHECK_FAIL ("after %d sockets the handle is the first one's", i);
        zmq_close (s);
    }
    REFUSE (of_socket, first, ENOTSOCK);
    CHECK_INT (zmq_ctx_term (context), 0);
}

/* ---- pointers that are missing ---- */

TEST (values_and_texts_that_are_missing_are_errors)
{
    void *context = zmq_ctx_new (), *s = zmq_socket (context, ZMQ_SUB);
    size_t n = sizeof number;
    const int options[] = {
        ZMQ_LINGER,    ZMQ_MAXMSGSIZE, ZMQ_AFFINITY,          ZMQ_ROUTING_ID,     ZMQ_TYPE,
        ZMQ_EVENTS,    ZMQ_FD,         ZMQ_LAST_ENDPOINT,     ZMQ_SUBSCRIBE,      ZMQ_BINDTODEVICE,
        ZCFFI_DROPPED, ZMQ_RCVMORE,    ZMQ_TCP_ACCEPT_FILTER, ZMQ_IPC_FILTER_UID, 9999};

    for (size_t i = 0; i < COUNT (options); i++) {
        errno = 0;
        CHECK_INT (zmq_getsockopt (s, options[i], NULL, &n), -1);
        CHECK_INT (errno, EINVAL);
        errno = 0;
        CHECK_INT (zmq_getsockopt (s, options[i], &number, NULL), -1);
        CHECK_INT (errno, EINVAL);
        for (size_t size_ = 1; size_ <= 8; size_++) {
            errno = 0;
            CHECK_INT (zmq_setsockopt (s, options[i], NULL, size_), -1);
            CHECK_INT (errno, EINVAL);
        }
    }
    int (*const of_text[]) (void *, const char *) = {zmq_bind, zmq_connect, zmq_unbind, zmq_disconnect};
    for (size_t i = 0; i < COUNT (of_text); i++) {
        errno = 0;
        CHECK_INT (of_text[i](s, NULL), -1);
        CHECK_INT (errno, EINVAL);
    }
    CHECK_INT (zmq_has (NULL), 0);
    CHECK (zmq_strerror (-1) && zmq_strerror (0));
    zmq_close (s);
    zmq_ctx_term (context);
}
