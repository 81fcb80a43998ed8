/* The table of descriptors for systems whose kernel keeps none: what poll.c and select.c share.
 * They differ only in the call that sleeps, which they hand to zc_table_wait.
 *
 * One lock, held for moments, guards the entries. The waiting thread works on a copy (the scan),
 * whose rows carry the serial number of the entry they came from: what was changed or deleted
 * meanwhile is recognised and dropped. A change during a wait raises a descriptor that heads every
 * scan. */
#ifndef ZC_OS_POLLER_TABLE_H
#define ZC_OS_POLLER_TABLE_H

#include <poll.h>
#include "os/poller.h"

/* poll(2) in all but the name: fills revents, returns the count, 0 at the end of timeout (ns, -1
 * for ever), or a negative errno. */
typedef int zc_table_look (struct pollfd *, size_t n, int64_t timeout);

/* The slots of zc_poller_ops. The table is p->impl. max_fd of the ops is kept. */
int zc_table_open (struct zc_poller *);
void zc_table_close (struct zc_poller *);
int zc_table_add (struct zc_poller *, int fd, unsigned events, uint64_t tag);
int zc_table_mod (struct zc_poller *, int fd, unsigned events, uint64_t tag);
int zc_table_del (struct zc_poller *, int fd);
void zc_table_settle (struct zc_poller *);
int zc_table_wait (struct zc_poller *, zc_table_look *, struct zc_poll_event *out, int max, int64_t timeout);

#endif
