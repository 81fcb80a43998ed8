/* poll, for systems without ppoll (macOS). Times are rounded up to milliseconds. The mask is set
 * before the call and not in one step with it: a signal that waited ends the call, one that comes
 * between is handled, but the poll then goes on. */
#include "os/posix/poll_ns.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>

/* A signal waits that the mask lets through: its handler runs as soon as the mask is set. */
static bool is_signalled (const sigset_t *mask)
{
    sigset_t pending;

    if (sigpending (&pending) != 0)
        return false;
    for (int i = 1; i < NSIG; i++)
        if (sigismember (&pending, i) == 1 && sigismember (mask, i) == 0)
            return true;
    return false;
}

int zc_poll_ns (struct pollfd *fds, size_t n, int64_t timeout, const sigset_t *mask)
{
    int64_t ms = timeout < 0 ? -1 : timeout / 1000000 + (timeout % 1000000 != 0);
    bool signalled = mask && is_signalled (mask);
    sigset_t before;
    int rc;

    if (mask)
        pthread_sigmask (SIG_SETMASK, mask, &before);
    rc = poll (fds, (nfds_t)n, signalled ? 0 : ms > INT_MAX ? INT_MAX : (int)ms);
    if (rc < 0)
        rc = -errno;
    else if (rc == 0 && signalled)
        rc = -EINTR;
    if (mask)
        pthread_sigmask (SIG_SETMASK, &before, NULL);
    return rc;
}
