/* SOCK_CLOEXEC and its kin: Linux, the BSDs, illumos. */
#include "os/posix/fd.h"
#include "os/posix/addr.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

int zc_fd_socket (int domain, int type, int *fd)
{
    *fd = socket (domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return *fd < 0 ? -errno : 0;
}

int zc_fd_accept (int fd, int *out, struct zc_addr *peer)
{
    struct sockaddr_storage at;
    socklen_t len = sizeof at;

    *out =
        accept4 (fd, peer ? (struct sockaddr *)&at : NULL, peer ? &len : NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (*out < 0)
        return -errno;
    if (peer)
        zc_addr_set (peer, &at, len);
    return 0;
}

int zc_fd_pipe (int ends[2])
{
    return pipe2 (ends, O_NONBLOCK | O_CLOEXEC) < 0 ? -errno : 0;
}
