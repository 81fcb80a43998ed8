/* What is common to all stream sockets once they are there: accept, read, write, shut, adopt. */
#include "os/net.h"
#include "os/posix/addr.h"
#include "os/posix/fd.h"
#include "os/posix/poll_ns.h"

#include <errno.h>
#include <limits.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef MSG_NOSIGNAL /* then SO_NOSIGPIPE has silenced the socket: fd_fit.c */
#define MSG_NOSIGNAL 0
#endif
#ifndef IOV_MAX
#define IOV_MAX 1024
#endif

/* POSIX lets "would block" have two numbers. */
static int64_t failure (void)
{
    return errno == EWOULDBLOCK ? -EAGAIN : -errno;
}

int zc_net_accept (int fd, int *out, struct zc_addr *peer)
{
    int rc;

    do
        rc = zc_fd_accept (fd, out, peer);
    while (rc == -EINTR);
    return rc == -EWOULDBLOCK ? -EAGAIN : rc;
}

int zc_net_result (int fd)
{
    int error = 0;
    socklen_t len = sizeof error;

    if (getsockopt (fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
        return -errno;
    return -error;
}

int zc_net_local (int fd, struct zc_addr *a)
{
    struct sockaddr_storage at;
    socklen_t len = sizeof at;

    if (getsockname (fd, (struct sockaddr *)&at, &len) < 0)
        return -errno;
    zc_addr_set (a, &at, len);
    return 0;
}

int zc_net_peer (int fd, struct zc_addr *a)
{
    struct sockaddr_storage at;
    socklen_t len = sizeof at;

    if (getpeername (fd, (struct sockaddr *)&at, &len) < 0)
        return -errno;
    zc_addr_set (a, &at, len);
    return 0;
}

int zc_net_adopt (int fd)
{
    int type = 0, listening = 0;
    socklen_t len = sizeof type;

    if (getsockopt (fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0)
        return -errno;
    len = sizeof listening;
    if (getsockopt (fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) < 0)
        return -errno;
    if (type != SOCK_STREAM || !listening)
        return -EINVAL;
    return zc_fd_fit (fd);
}

int64_t zc_net_read (int fd, void *buf, size_t n)
{
    ssize_t got;

    do
        got = recv (fd, buf, n, 0);
    while (got < 0 && errno == EINTR);
    return got < 0 ? failure () : got;
}

int64_t zc_net_readv (int fd, const struct iovec *iov, int n)
{
    ssize_t got;

    do
        got = readv (fd, iov, n < IOV_MAX ? n : IOV_MAX);
    while (got < 0 && errno == EINTR);
    return got < 0 ? failure () : got;
}

int64_t zc_net_write (int fd, const void *buf, size_t n)
{
    ssize_t put;

    do
        put = send (fd, buf, n, MSG_NOSIGNAL);
    while (put < 0 && errno == EINTR);
    return put < 0 ? failure () : put;
}

int64_t zc_net_writev (int fd, const struct iovec *iov, int n)
{
    struct msghdr msg = {.msg_iov = (struct iovec *)(uintptr_t)iov}; /* sendmsg only reads it */
    ssize_t put;

    msg.msg_iovlen = (__typeof__ (msg.msg_iovlen))(n < IOV_MAX ? n : IOV_MAX);
    do
        put = sendmsg (fd, &msg, MSG_NOSIGNAL);
    while (put < 0 && errno == EINTR);
    return put < 0 ? failure () : put;
}

size_t zc_net_waiting (int fd)
{
    int n = 0;
    return ioctl (fd, FIONREAD, &n) == 0 && n > 0 ? (size_t)n : 0;
}

int zc_net_wait_room (int fd, int64_t timeout)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    int rc = zc_poll_ns (&p, 1, timeout, NULL);
    return rc > 0 ? 0 : rc == 0 ? -EAGAIN : rc;
}

void zc_net_shutdown (int fd)
{
    shutdown (fd, SHUT_RDWR);
}

void zc_net_close (int fd)
{
    close (fd); /* never again after EINTR: the number may be another's already */
}
