/* ppoll: Linux, the BSDs, illumos. */
#include "os/posix/poll_ns.h"

#include <errno.h>

int zc_poll_ns (struct pollfd *fds, size_t n, int64_t timeout, const sigset_t *mask)
{
    struct timespec ts = {(time_t)(timeout / 1000000000), (long)(timeout % 1000000000)};
    int rc = ppoll (fds, (nfds_t)n, timeout < 0 ? NULL : &ts, mask);

    return rc < 0 ? -errno : rc;
}
