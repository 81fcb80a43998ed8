/* poll(2) with a timeout in nanoseconds and a signal mask: by ppoll (poll_ppoll.c), or by poll
 * where there is none (poll_plain.c). */
#ifndef ZC_OS_POSIX_POLL_NS_H
#define ZC_OS_POSIX_POLL_NS_H

#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>

/* Count, 0 after timeout (ns, negative: for ever), or a negative errno. mask may be NULL. */
int zc_poll_ns (struct pollfd *, size_t n, int64_t timeout, const sigset_t *mask);

#endif
