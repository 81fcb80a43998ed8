/* zc_poll: a caller's own wait over a handful of descriptors. */
#include "os/poller.h"
#include "base/alloc.h"
#include "os/posix/poll_ns.h"

#include <errno.h>

#define FEW 32 /* so many need no memory */

static short to_poll (unsigned events)
{
    return (short)((events & ZC_POLL_IN ? POLLIN : 0) | (events & ZC_POLL_OUT ? POLLOUT : 0)
                   | (events & ZC_POLL_PRI ? POLLPRI : 0));
}

static unsigned from_poll (short revents)
{
    unsigned events = 0;

    if (revents & POLLIN)
        events |= ZC_POLL_IN;
    if (revents & POLLOUT)
        events |= ZC_POLL_OUT;
    if (revents & POLLPRI)
        events |= ZC_POLL_PRI;
    if (revents & (POLLERR | POLLHUP | POLLNVAL))
        events |= ZC_POLL_ERR;
    return events;
}

int zc_poll (struct zc_pollfd *fds, size_t n, int64_t timeout, const void *sigmask)
{
    struct pollfd few[FEW], *all = few;
    int rc;

    if (n > FEW) {
        all = zc_calloc (n, sizeof *all);
        if (!all)
            return -ENOMEM;
    }
    for (size_t i = 0; i < n; i++)
        all[i] = (struct pollfd){.fd = fds[i].fd, .events = to_poll (fds[i].events)};
    rc = zc_poll_ns (all, n, timeout, sigmask);
    for (size_t i = 0; i < n; i++)
        fds[i].revents = rc > 0 ? from_poll (all[i].revents) : 0;
    if (all != few)
        zc_free (all);
    return rc;
}
