/* zmq_poll over many sockets: what it asks the kernel for. */
#include "check.h"

#include <pthread.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "os/clock.h"
#include "zmq.h"

/* The core's reads of this thread, counted: the linker prefers our recv to the C library's. */
static _Thread_local int reads;

ssize_t recv (int fd, void *buffer, size_t size, int flags)
{
    reads++;
    return syscall (SYS_recvfrom, fd, buffer, size, flags, NULL, NULL);
}

enum
{
    MANY = 20
};

struct crowd
{
    void *context, *pull[MANY], *push[MANY];
    zmq_pollitem_t items[MANY];
};

/* Connected pairs; each has passed a message. */
static void crowd_open (struct crowd *c)
{
    char endpoint[128], body[8];
    int none = 0, ms = 10000;

    c->context = zmq_ctx_new ();
    for (int i = 0; i < MANY; i++) {
        size_t size = sizeof endpoint;
        c->pull[i] = zmq_socket (c->context, ZMQ_PULL);
        c->push[i] = zmq_socket (c->context, ZMQ_PUSH);
        zmq_setsockopt (c->push[i], ZMQ_LINGER, &none, sizeof none);
        zmq_setsockopt (c->pull[i], ZMQ_RCVTIMEO, &ms, sizeof ms);
        CHECK_INT (zmq_bind (c->pull[i], "tcp://127.0.0.1:*"), 0);
        CHECK_INT (zmq_getsockopt (c->pull[i], ZMQ_LAST_ENDPOINT, endpoint, &size), 0);
        CHECK_INT (zmq_connect (c->push[i], endpoint), 0);
        CHECK_INT (zmq_send (c->push[i], "first", 5, 0), 5);
        CHECK_INT (zmq_recv (c->pull[i], body, sizeof body, 0), 5);
        c->items[i] = (zmq_pollitem_t){.socket = c->pull[i], .events = ZMQ_POLLIN};
    }
}

static void crowd_close (struct crowd *c)
{
    for (int i = 0; i < MANY; i++) {
        zmq_close (c->pull[i]);
        zmq_close (c->push[i]);
    }
    zmq_ctx_term (c->context);
}

TEST (of_many_sockets_only_those_with_news_are_read)
{
    struct crowd c;
    char body[8];

    crowd_open (&c);
    CHECK_INT (zmq_poll (c.items, MANY, 0), 0);
    reads = 0;
    for (int round = 0; round < 10; round++)
        CHECK_INT (zmq_poll (c.items, MANY, 0), 0);
    CHECK_INT (reads, 0);
    CHECK_INT (zmq_send (c.push[3], "a", 1, 0), 1);
    CHECK_INT (zmq_send (c.push[7], "b", 1, 0), 1);
    int got = 0;
    for (uint64_t end = zc_now () + 10000 * ZC_MS; got < 2 && zc_now () < end;)
        got = zmq_poll (c.items, MANY, 10);
    CHECK_INT (got, 2);
    CHECK_INT (c.items[3].revents, ZMQ_POLLIN);
    CHECK_INT (c.items[7].revents, ZMQ_POLLIN);
    CHECK (reads < MANY); /* once round would be as many */
    CHECK_INT (zmq_recv (c.pull[3], body, sizeof body, ZMQ_DONTWAIT), 1);
    CHECK_INT (zmq_poll (c.items, MANY, 0), 1);
    CHECK_INT (zmq_recv (c.pull[7], body, sizeof body, ZMQ_DONTWAIT), 1);
    CHECK_INT (zmq_poll (c.items, MANY, 0), 0);
    crowd_close (&c);
}

TEST (news_of_many_sockets_come_beside_those_that_are_ready)
{
    struct crowd c;

    crowd_open (&c);
    CHECK_INT (zmq_send (c.push[0], "unread", 6, 0), 6);
    while (zmq_poll (c.items, MANY, 1000) < 1)
        ;
    CHECK_INT (zmq_send (c.push[1], "more", 4, 0), 4);
    int got = 1;
    for (uint64_t end = zc_now () + 10000 * ZC_MS; got < 2 && zc_now () < end;)
        got = zmq_poll (c.items, MANY, 1000); /* is never asleep: the first is ready */
    CHECK_INT (got, 2);
    CHECK_INT (c.items[0].revents & c.items[1].revents, ZMQ_POLLIN);
    crowd_close (&c);
}
