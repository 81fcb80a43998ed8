/* poll(2): any number of descriptors, each look costs as much as there are. */
#include "os/poller/list.h"
#include "os/poller/table.h"
#include "os/posix/poll_ns.h"

static int look (struct pollfd *fds, size_t n, int64_t timeout)
{
    return zc_poll_ns (fds, n, timeout, NULL);
}

static int poll_wait (struct zc_poller *p, struct zc_poll_event *out, int max, int64_t timeout)
{
    return zc_table_wait (p, look, out, max, timeout);
}

const struct zc_poller_ops zc_poll_ops = {
    .name = "poll",
    .nests = false,
    .max_fd = 0,
    .open = zc_table_open,
    .close = zc_table_close,
    .add = zc_table_add,
    .mod = zc_table_mod,
    .del = zc_table_del,
    .settle = zc_table_settle,
    .wait = poll_wait,
};
