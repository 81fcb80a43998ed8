/* The backends this system has, the best first, ended by NULL. Each system's directory gives its
 * own list (linux/pollers.c, posix/pollers.c); find.c walks it. */
#ifndef ZC_OS_POLLER_LIST_H
#define ZC_OS_POLLER_LIST_H

#include "os/poller.h"

extern const struct zc_poller_ops zc_epoll_ops, zc_poll_ops, zc_select_ops;
extern const struct zc_poller_ops *const zc_pollers[];

#endif
