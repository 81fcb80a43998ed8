/* select(2): descriptors below FD_SETSIZE. It sleeps until something is ready; what that is, errors
 * and hang-ups among it, is then asked from poll(2) without waiting, for select can't say. A
 * descriptor asked for nothing does not end the sleep. */
#include "os/poller/list.h"
#include "os/poller/table.h"
#include "os/posix/poll_ns.h"

#include <errno.h>
#include <sys/select.h>

static int look (struct pollfd *fds, size_t n, int64_t timeout)
{
    struct timespec ts = {(time_t)(timeout / 1000000000), (long)(timeout % 1000000000)};
    fd_set in, out;
    int top = -1;

    FD_ZERO (&in);
    FD_ZERO (&out);
    for (size_t i = 0; i < n; i++) {
        int fd = fds[i].fd;

        fds[i].revents = 0;
        if (fd < 0)
            continue;
        if (fds[i].events & POLLIN)
            FD_SET (fd, &in);
        if (fds[i].events & POLLOUT)
            FD_SET (fd, &out);
        if (fd > top)
            top = fd;
    }
    /* EBADF: one was closed before it was deleted; poll tells which. */
    if (timeout != 0 && pselect (top + 1, &in, &out, NULL, timeout < 0 ? NULL : &ts, NULL) < 0
        && errno != EBADF)
        return -errno;
    return zc_poll_ns (fds, n, 0, NULL);
}

static int select_wait (struct zc_poller *p, struct zc_poll_event *out, int max, int64_t timeout)
{
    return zc_table_wait (p, look, out, max, timeout);
}

const struct zc_poller_ops zc_select_ops = {
    .name = "select",
    .nests = false,
    .max_fd = FD_SETSIZE,
    .open = zc_table_open,
    .close = zc_table_close,
    .add = zc_table_add,
    .mod = zc_table_mod,
    .del = zc_table_del,
    .settle = zc_table_settle,
    .wait = select_wait,
};
