/* poll, for systems without ppoll (macOS). Times are rounded up to milliseconds. The mask is set
 * before the call and not in one step with it: a signal that comes between is handled, but the poll
 * then goes on. */
#include "os/posix/poll_ns.h"

#include <errno.h>
#include <limits.h>

int zc_poll_ns (struct pollfd *fds, size_t n, int64_t timeout, const sigset_t *mask)
{
    int64_t ms = timeout < 0 ? -1 : timeout / 1000000 + (timeout % 1000000 != 0);
    sigset_t before;
    int rc;

    if (mask)
        pthread_sigmask (SIG_SETMASK, mask, &before);
    rc = poll (fds, (nfds_t)n, ms > INT_MAX ? INT_MAX : (int)ms);
    if (rc < 0)
        rc = -errno;
    if (mask)
        pthread_sigmask (SIG_SETMASK, &before, NULL);
    return rc;
}
