#include "os/poller/list.h"

#include <stddef.h>

const struct zc_poller_ops *const zc_pollers[] = {&zc_epoll_ops, &zc_poll_ops, &zc_select_ops, NULL};
