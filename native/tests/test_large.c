/* Large messages: they are written from their caller's memory, and copied only if the kernel does not take them in time
 * (core/writer.c). Whatever happens, the memory is the caller's again when the call returns. */
#include "check.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "zcffi.h"

enum
{
    LARGE = 1 << 20,
    LARGEST = 3 << 20
};

static void *socket_of (void *context, int type)
{
    void *s = zmq_socket (context, type);
    int ms = 20000, none = 0;

    zmq_setsockopt (s, ZMQ_RCVTIMEO, &ms, sizeof ms);
    zmq_setsockopt (s, ZMQ_SNDTIMEO, &ms, sizeof ms);
    zmq_setsockopt (s, ZMQ_LINGER, &none, sizeof none);
    return s;
}

/* Any of the sizes around and above the one from which on a message is written from where it lies. */
static size_t size_of (int i)
{
    static const size_t sizes[] = {LARGE, 32768, 40000, LARGEST, 100, 65536, 32767, 200000};
    return sizes[i % 8];
}

struct pair
{
    void *context, *push, *pull;
    char endpoint[64];
};

/* mark: messages that the receiver queues, 0: no limit */
static void open_pair (struct pair *p, int mark)
{
    size_t size = sizeof p->endpoint;
    int none = 0;

    p->context = zmq_ctx_new ();
    p->push = socket_of (p->context, ZMQ_PUSH);
    p->pull = socket_of (p->context, ZMQ_PULL);
    zmq_setsockopt (p->push, ZMQ_SNDHWM, &none, sizeof none);
    zmq_setsockopt (p->pull, ZMQ_RCVHWM, &mark, sizeof mark);
    CHECK_INT (zmq_bind (p->pull, "tcp://127.0.0.1:*"), 0);
    zmq_getsockopt (p->pull, ZMQ_LAST_ENDPOINT, p->endpoint, &size);
    CHECK_INT (zmq_connect (p->push, p->endpoint), 0);
    CHECK_INT (zmq_send (p->push, "first", 5, 0), 5);
    CHECK_INT (zmq_recv (p->pull, p->endpoint, 0, 0), 5);
    zmq_getsockopt (p->pull, ZMQ_LAST_ENDPOINT, p->endpoint, &size);
}

static void close_pair (struct pair *p)
{
    zmq_close (p->push);
    zmq_close (p->pull);
    zmq_ctx_term (p->context);
}

/* The next message is of this size and holds nothing but this byte. */
static void check_next (void *pull, size_t size, int byte)
{
    zmq_msg_t m;
    zmq_msg_init (&m);
    CHECK_INT (zmq_msg_recv (&m, pull, 0), size);
    const unsigned char *d = zmq_msg_data (&m);
    size_t n = zmq_msg_size (&m), at = 0;
    while (at < n && d[at] == (unsigned char)byte)
        at++;
    CHECK_INT (at, size);
    zmq_msg_close (&m);
}

/* Sends from one buffer, and writes over it after each send. */
static void send_and_scribble (void *push, int count, int flags)
{
    char *buffer = malloc (LARGEST);

    for (int i = 0; i < count; i++) {
        memset (buffer, i, size_of (i));
        CHECK_INT (zmq_send (push, buffer, size_of (i), flags), size_of (i));
        memset (buffer, 0xEE, size_of (i));
    }
    free (buffer);
}

TEST (the_buffer_is_the_callers_again_when_send_returns)
{
    struct pair p;

    open_pair (&p, 0);
    send_and_scribble (p.push, 40, 0); /* nobody reads: most of it has to be copied */
    for (int i = 0; i < 40; i++)
        check_next (p.pull, size_of (i), i);
    close_pair (&p);
}

TEST (so_it_is_for_a_send_that_must_not_wait)
{
    struct pair p;

    open_pair (&p, 0);
    send_and_scribble (p.push, 40, ZMQ_DONTWAIT);
    for (int i = 0; i < 40; i++)
        check_next (p.pull, size_of (i), i);
    close_pair (&p);
}

static void send_40 (void *push)
{
    send_and_scribble (push, 40, 0);
}

TEST (while_somebody_reads_messages_keep_their_order_and_bytes)
{
    struct pair p;

    open_pair (&p, 0);
    void *thread = zmq_threadstart (send_40, p.push);
    for (int i = 0; i < 40; i++)
        check_next (p.pull, size_of (i), i);
    zmq_threadclose (thread);
    close_pair (&p);
}

TEST (threads_that_share_a_socket_send_whole_large_messages)
{
    struct pair p;
    void *threads[4];
    int left = 4 * 40;

    open_pair (&p, 0);
    for (int i = 0; i < 4; i++)
        threads[i] = zmq_threadstart (send_40, p.push);
    while (left-- > 0) {
        zmq_msg_t m;
        zmq_msg_init (&m);
        REQUIRE (zmq_msg_recv (&m, p.pull, 0) >= 0);
        const char *d = zmq_msg_data (&m);
        size_t n = zmq_msg_size (&m), at = 0;
        CHECK_INT (n, size_of (d[0]));
        while (at < n && d[at] == d[0])
            at++;
        CHECK_INT (at, n);
        zmq_msg_close (&m);
    }
    for (int i = 0; i < 4; i++)
        zmq_threadclose (threads[i]);
    close_pair (&p);
}

TEST (several_large_parts_are_one_message)
{
    struct pair p;
    char *one = malloc (LARGEST), *two = malloc (LARGE);

    open_pair (&p, 0);
    for (int i = 0; i < 8; i++) {
        memset (one, 1, LARGEST);
        memset (two, 2, LARGE);
        zcffi_part_t parts[3] = {{one, LARGEST, 1}, {"between", 7, 1}, {two, LARGE, 0}};
        CHECK_INT (zcffi_send_many (p.push, parts, 3, 0), 3);
        memset (one, 0xEE, LARGEST);
        memset (two, 0xEE, LARGE);
    }
    for (int i = 0; i < 8; i++) {
        char between[8] = "";
        check_next (p.pull, LARGEST, 1);
        CHECK_INT (zmq_recv (p.pull, between, 8, 0), 7);
        CHECK_STR (between, "between");
        check_next (p.pull, LARGE, 2);
    }
    free (one);
    free (two);
    close_pair (&p);
}

TEST (what_a_lost_peer_had_not_whole_goes_whole_to_the_next)
{
    struct pair p;

    open_pair (&p, 1);
    send_and_scribble (p.push, 40, 0); /* more than the kernel holds: one is on its way, the rest waits */
    zmq_close (p.pull);
    p.pull = socket_of (p.context, ZMQ_PULL);
    while (zmq_bind (p.pull, p.endpoint) < 0)
        REQUIRE (errno == EADDRINUSE);
    /* Those the lost peer had whole are lost with it; from the first that comes on there is no gap. */
    zmq_msg_t m;
    zmq_msg_init (&m);
    REQUIRE (zmq_msg_recv (&m, p.pull, 0) > 0);
    int first = *(const unsigned char *)zmq_msg_data (&m);
    CHECK_INT (zmq_msg_size (&m), size_of (first));
    zmq_msg_close (&m);
    for (int i = first + 1; i < 40; i++)
        check_next (p.pull, size_of (i), i);
    close_pair (&p);
}

TEST (without_memory_for_a_copy_nothing_is_sent_and_the_caller_is_told)
{
    struct pair p;
    char *buffer = calloc (1, LARGEST);

    open_pair (&p, 0);
    for (int k = 2; k > 0;
         k--) { /* the memory of the copy (none so large is kept), then that of its place in the queue */
        atomic_store (&zc_alloc_fail_at, k);
        int rc = zmq_send (p.push, buffer, LARGEST, 0), error = errno;
        atomic_store (&zc_alloc_fail_at, 0);
        CHECK_INT (rc, -1);
        CHECK_INT (error, ENOMEM);
    }
    CHECK_INT (zmq_send (p.push, buffer, LARGE, 0), LARGE);
    check_next (p.pull, LARGE, 0);
    CHECK_INT (zmq_recv (p.pull, buffer, 1, ZMQ_DONTWAIT), -1);
    free (buffer);
    close_pair (&p);
}
