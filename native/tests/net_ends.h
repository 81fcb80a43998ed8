/* What the tests of TCP and of ipc share: plain options, and ends of connections. */
#ifndef NET_ENDS_H_INCLUDED
#define NET_ENDS_H_INCLUDED

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "os/clock.h"
#include "os/net.h"
#include "os/poller.h"

static const struct zc_net_opts plain = {.sndbuf = -1,
                                         .rcvbuf = -1,
                                         .keepalive = -1,
                                         .keepalive_cnt = -1,
                                         .keepalive_idle = -1,
                                         .keepalive_intvl = -1,
                                         .backlog = 100};

static inline void wait_for (int fd, unsigned events)
{
    struct zc_pollfd p = {.fd = fd, .events = events};

    CHECK_INT (zc_poll (&p, 1, 10000 * (int64_t)ZC_MS, NULL), 1);
}

static inline int accept_one (int listener, struct zc_addr *peer)
{
    int fd = -1;

    wait_for (listener, ZC_POLL_IN);
    CHECK_INT (zc_net_accept (listener, &fd, peer), 0);
    return fd;
}

static inline void check_fit (int fd)
{
    CHECK (fcntl (fd, F_GETFL) & O_NONBLOCK);
    CHECK (fcntl (fd, F_GETFD) & FD_CLOEXEC);
}

#endif
