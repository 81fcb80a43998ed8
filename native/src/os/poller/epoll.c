/* epoll. The kernel keeps the table and the lock; a change made during a wait counts by itself. */
#include "os/poller/list.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BATCH 256 /* events one wait gives at most; more come with the next */

static int epoll_open (struct zc_poller *p)
{
    p->fd = epoll_create1 (EPOLL_CLOEXEC);
    return p->fd < 0 ? -errno : 0;
}

static void epoll_end (struct zc_poller *p)
{
    close (p->fd);
}

static uint32_t to_epoll (unsigned events)
{
    return (uint32_t)((events & ZC_POLL_IN ? EPOLLIN : 0) | (events & ZC_POLL_OUT ? EPOLLOUT : 0)
                      | (events & ZC_POLL_ONCE ? EPOLLONESHOT : 0))
           | (events & ZC_POLL_EDGE ? (uint32_t)EPOLLET | EPOLLRDHUP : 0);
}

/* With EDGE the peer's half-close counts as an end: it may share its edge with data, and no other edge follows.
 * The kernel sets IN (if asked for) beside the error or hang-up of a socket by itself. */
static unsigned from_epoll (uint32_t events)
{
    return (events & EPOLLIN ? ZC_POLL_IN : 0u) | (events & EPOLLOUT ? ZC_POLL_OUT : 0u)
           | (events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP) ? ZC_POLL_ERR : 0u);
}

static int control (struct zc_poller *p, int op, int fd, unsigned events, uint64_t tag)
{
    struct epoll_event event = {.events = to_epoll (events), .data.u64 = tag};

    return epoll_ctl (p->fd, op, fd, &event) < 0 ? -errno : 0;
}

static int epoll_add (struct zc_poller *p, int fd, unsigned events, uint64_t tag)
{
    return control (p, EPOLL_CTL_ADD, fd, events, tag);
}

static int epoll_mod (struct zc_poller *p, int fd, unsigned events, uint64_t tag)
{
    return control (p, EPOLL_CTL_MOD, fd, events, tag);
}

static int epoll_del (struct zc_poller *p, int fd)
{
    int rc = control (p, EPOLL_CTL_DEL, fd, 0, 0);

    return rc == -EBADF ? -ENOENT : rc;
}

/* Linux 5.11 waits by nanoseconds. Older kernels, and sandboxes that know no such call, by
 * milliseconds. */
static int wait_ns (int fd, struct epoll_event *events, int max, int64_t timeout)
{
#ifdef SYS_epoll_pwait2
    static atomic_bool is_missing;

    /* Relaxed: a hint, each thread may find out for itself. */
    if (timeout > 0 && !atomic_load_explicit (&is_missing, memory_order_relaxed)) {
        struct
        {
            int64_t sec, nsec; /* as the kernel has it on every machine */
        } time = {timeout / 1000000000, timeout % 1000000000};
        long rc = syscall (SYS_epoll_pwait2, fd, events, max, &time, NULL, 0);

        if (rc >= 0)
            return (int)rc;
        if (errno != ENOSYS && errno != EPERM)
            return -1;
        atomic_store_explicit (&is_missing, true, memory_order_relaxed);
    }
#endif
    int64_t ms = timeout < 0 ? -1 : timeout / 1000000 + (timeout % 1000000 != 0);

    return epoll_wait (fd, events, max, ms > INT_MAX ? INT_MAX : (int)ms);
}

static int epoll_look (struct zc_poller *p, struct zc_poll_event *out, int max, int64_t timeout)
{
    struct epoll_event events[BATCH];
    int n = wait_ns (p->fd, events, max < BATCH ? max : BATCH, timeout);

    if (n < 0)
        return -errno;
    for (int i = 0; i < n; i++)
        out[i] = (struct zc_poll_event){events[i].data.u64, from_epoll (events[i].events)};
    return n;
}

const struct zc_poller_ops zc_epoll_ops = {
    .name = "epoll",
    .nests = true,
    .max_fd = 0,
    .open = epoll_open,
    .close = epoll_end,
    .add = epoll_add,
    .mod = epoll_mod,
    .del = epoll_del,
    .settle = NULL,
    .wait = epoll_look,
};
