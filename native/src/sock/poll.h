/* Waiting on several sockets and foreign descriptors at once: takes the roles it can get and sleeps on their sets and the
 * descriptors together. */
#ifndef ZC_SOCK_POLL_H
#define ZC_SOCK_POLL_H

#include "zmq.h"

/* As zmq_ppoll; sigmask: a sigset_t, or NULL. The number of items with revents, or a negative errno. */
int zc_sock_poll (zmq_pollitem_t *items, int count, long timeout, const void *sigmask);

#endif
