/* Tests that run once for each backend of the poller, and the pairs of sockets they watch. */
#ifndef EACH_POLLER_H_INCLUDED
#define EACH_POLLER_H_INCLUDED

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "os/clock.h"
#include "os/net.h"
#include "os/poller.h"

/* A test that runs once for each backend, with an open poller `p`. */
#define EACH(name_)                                                                                          \
    static void each_##name_ (struct zc_poller *p);                                                          \
    TEST (name_)                                                                                             \
    {                                                                                                        \
        run_each (#name_, each_##name_);                                                                     \
    }                                                                                                        \
    static void each_##name_ (struct zc_poller *p)

static inline void run_each (const char *name, void (*run) (struct zc_poller *))
{
    static const char *const names[] = {"epoll", "poll", "select"};

    for (size_t i = 0; i < 3; i++) {
        const struct zc_poller_ops *ops = zc_poller_find (names[i]);
        struct zc_poller p;
        int before = atomic_load (&check_failures);

        if (!ops)
            continue;
        CHECK_INT (zc_poller_open (&p, ops), 0);
        run (&p);
        zc_poller_close (&p);
        zc_poller_close (&p);
        if (atomic_load (&check_failures) != before)
            fprintf (stderr, "%s: on %s\n", name, names[i]);
    }
}

static inline void pair (int fds[2])
{
    CHECK_INT (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
}

static inline void unpair (int fds[2])
{
    close (fds[0]);
    if (fds[1] >= 0)
        close (fds[1]);
}

static inline void put (int fd)
{
    CHECK_INT (write (fd, "x", 1), 1);
}

/* The events reported for tag in one look; 0: none. */
static inline unsigned look (struct zc_poller *p, uint64_t tag, int64_t timeout)
{
    struct zc_poll_event e[8];
    int n = zc_poller_wait (p, e, 8, timeout);
    unsigned events = 0;

    CHECK (n >= 0);
    for (int i = 0; i < n; i++)
        if (e[i].tag == tag)
            events |= e[i].events;
    return events;
}

#endif
