/* Systems without SOCK_CLOEXEC (macOS). A fork and exec by another thread between the two calls
 * inherits the descriptor; there is no cure on such a system. */
#include "os/posix/fd.h"
#include "os/posix/addr.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

static int fit_or_close (int *fd)
{
    int rc = zc_fd_fit (*fd);

    if (rc < 0) {
        close (*fd);
        *fd = -1;
    }
    return rc;
}

int zc_fd_socket (int domain, int type, int *fd)
{
    *fd = socket (domain, type, 0);
    return *fd < 0 ? -errno : fit_or_close (fd);
}

int zc_fd_accept (int fd, int *out, struct zc_addr *peer)
{
    struct sockaddr_storage at;
    socklen_t len = sizeof at;

    *out = accept (fd, peer ? (struct sockaddr *)&at : NULL, peer ? &len : NULL);
    if (*out < 0)
        return -errno;
    if (peer)
        zc_addr_set (peer, &at, len);
    return fit_or_close (out);
}

int zc_fd_pipe (int ends[2])
{
    int rc;

    if (pipe (ends) < 0)
        return -errno;
    rc = zc_fd_fit (ends[0]);
    if (rc == 0)
        rc = zc_fd_fit (ends[1]);
    if (rc < 0) {
        close (ends[0]);
        close (ends[1]);
    }
    return rc;
}
