/* Names to addresses. The waiting form blocks (bind uses it: an application thread asked); the other runs on a thread of its
 * own, so that a slow name server holds up nobody but the one who asked. */
#ifndef ZC_OS_RESOLVE_H
#define ZC_OS_RESOLVE_H

#include "os/net.h"

enum
{
    ZC_RESOLVE_IPV6 = 1,   /* IPv6 addresses too (and first, as the system orders them); else IPv4 only */
    ZC_RESOLVE_LOCAL = 2,  /* an address of this machine to bind to: "*", an interface name, or a host name */
    ZC_RESOLVE_NUMERIC = 4 /* numbers only, never a look-up: -ENOENT if it is a name */
};
#define ZC_RESOLVE_MAX 16

/* host without brackets ("*" with LOCAL: any). Fills at most cap addresses, returns their number or a negative errno:
 * -ENODEV (LOCAL: no such interface or host), -EHOSTUNREACH (no such name), -EAGAIN (the name server did not answer;
 * with LOCAL it is -ENODEV, for a bind that says EAGAIN looks like one that could be waited for), -EINVAL (not a host; an IPv6
 * address without IPV6), -ENOMEM, or what else the system says (-EMFILE). Numbers and "*" never block. */
int zc_resolve (const char *host, uint16_t port, unsigned flags, struct zc_addr *out, int cap);

struct zc_lookup;
/* Looks up on a thread of its own and calls done there, once. -EAGAIN, -ENOMEM: no thread. At most 8 look-ups run at once,
 * others wait for a place. */
int zc_resolve_start (const char *host, uint16_t port, unsigned flags,
                      void (*done) (void *arg, const struct zc_addr *, int count_or_error), void *arg,
                      struct zc_lookup **out);
/* After this returns, done is not called any more (it waits for a call that is running, unless called from it). Always called
 * once, also after done; frees it. In a forked child it returns at once. done must not wait for the caller of this. */
void zc_resolve_end (struct zc_lookup **);

#endif
