/* Making a descriptor of foreign birth non-blocking and close-on-exec. */
#include "os/posix/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

int zc_fd_fit (int fd)
{
    int status = fcntl (fd, F_GETFL), flags = fcntl (fd, F_GETFD);

    if (status < 0 || flags < 0)
        return -errno;
    if (!(status & O_NONBLOCK) && fcntl (fd, F_SETFL, status | O_NONBLOCK) < 0)
        return -errno;
    if (!(flags & FD_CLOEXEC) && fcntl (fd, F_SETFD, flags | FD_CLOEXEC) < 0)
        return -errno;
#ifdef SO_NOSIGPIPE /* where send knows no MSG_NOSIGNAL; fails on a pipe, which is fine */
    setsockopt (fd, SOL_SOCKET, SO_NOSIGPIPE, &(int){1}, sizeof (int));
#endif
    return 0;
}
