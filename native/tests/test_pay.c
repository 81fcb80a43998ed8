/* A thread that waits for one socket first writes what it gathered for another. */
#include "check.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "zmq.h"

/* The core's writes of this thread, counted: the linker prefers our sendmsg to the C library's. */
static _Thread_local long bytes;

ssize_t sendmsg (int fd, const struct msghdr *message, int flags)
{
    ssize_t n = syscall (SYS_sendmsg, fd, message, flags);
    bytes += n > 0 ? n : 0;
    return n;
}

enum
{
    ROUNDS = 100,
    BURST = 20,
    FRAMED = 66
};

static void *context, *work, *worker, *results;

static void set (void *socket, int option, int value)
{
    CHECK_INT (zmq_setsockopt (socket, option, &value, sizeof value), 0);
}

static void begin (void)
{
    char endpoint[128], body[64] = {0};
    size_t size = sizeof endpoint;

    context = zmq_ctx_new ();
    work = zmq_socket (context, ZMQ_PUSH);
    worker = zmq_socket (context, ZMQ_PULL);
    results = zmq_socket (context, ZMQ_PULL);
    set (work, ZMQ_LINGER, 0);
    set (worker, ZMQ_RCVTIMEO, 10000);
    set (results, ZMQ_RCVTIMEO, 1);
    CHECK_INT (zmq_bind (results, "tcp://127.0.0.1:*"), 0);
    CHECK_INT (zmq_bind (worker, "tcp://127.0.0.1:*"), 0);
    CHECK_INT (zmq_getsockopt (worker, ZMQ_LAST_ENDPOINT, endpoint, &size), 0);
    CHECK_INT (zmq_connect (work, endpoint), 0);
    CHECK_INT (zmq_send (work, body, sizeof body, 0), 64);
    CHECK_INT (zmq_recv (worker, body, sizeof body, 0), 64);
}

static void end (void)
{
    zmq_close (work);
    zmq_close (worker);
    zmq_close (results);
    zmq_ctx_term (context);
}

/* Bursts, each followed by a wait for another socket. A good part of them is written by the thread that waits: all that the I/O thread's
 * clock was not quicker to write on a busy machine. */
static void check_bursts (void (*wait) (void))
{
    char body[64] = {0};

    begin ();
    bytes = 0;
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < BURST; i++)
            CHECK_INT (zmq_send (work, body, sizeof body, 0), 64);
        wait ();
        for (int i = 0; i < BURST; i++)
            CHECK_INT (zmq_recv (worker, body, sizeof body, 0), 64);
    }
    CHECK (bytes > (long)ROUNDS * BURST * FRAMED / 3); /* it would be a twentieth */
    end ();
}

static void wait_in_recv (void)
{
    char body[1];
    CHECK_INT (zmq_recv (results, body, sizeof body, 0), -1);
}

static void wait_in_poll (void)
{
    zmq_pollitem_t item = {.socket = results, .events = ZMQ_POLLIN};
    CHECK_INT (zmq_poll (&item, 1, 1), 0);
}

TEST (a_receive_writes_what_was_gathered_for_another_socket)
{
    check_bursts (wait_in_recv);
}

TEST (a_poll_writes_what_was_gathered_for_another_socket)
{
    check_bursts (wait_in_poll);
}

TEST (a_socket_that_was_closed_meanwhile_is_left_alone)
{
    char body[64] = {0};

    begin ();
    for (int i = 0; i < BURST; i++)
        CHECK_INT (zmq_send (work, body, sizeof body, 0), 64);
    CHECK_INT (zmq_close (work), 0);
    wait_in_recv ();
    work = zmq_socket (context, ZMQ_PUSH); /* perhaps in the same slot */
    wait_in_recv ();
    end ();
}
