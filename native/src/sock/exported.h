/* The descriptor that a foreign event loop watches (ZMQ_FD): a set over the links' set and an event, so that the loop drives the
 * links itself. Where pollers do not nest it is the event alone. Readable means: look at EVENTS. */
#ifndef ZC_SOCK_EXPORTED_H
#define ZC_SOCK_EXPORTED_H

#include "sock/socket.h"

/* Under the lock. 0, -EMFILE, -ENOMEM. */
int zc_exported_fd (struct zc_sock *, int *fd);

#endif
