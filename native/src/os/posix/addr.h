/* Socket addresses between struct zc_addr and the system's. */
#ifndef ZC_OS_POSIX_ADDR_H
#define ZC_OS_POSIX_ADDR_H

#include <sys/socket.h>
#include "os/net.h"

/* What a call of the system takes: the bytes as they are, suitably aligned. */
static inline const struct sockaddr *zc_addr_raw (const struct zc_addr *a)
{
    return (const struct sockaddr *)(const void *)a->bytes;
}
int zc_addr_family (const struct zc_addr *); /* AF_UNSPEC when len is 0 */
bool zc_addr_is_any (const struct zc_addr *);
/* Two addresses of the internet families name the same host and port. */
bool zc_addr_same (const struct zc_addr *, const struct zc_addr *);
/* len as the system gave it. */
void zc_addr_set (struct zc_addr *, const void *sockaddr, socklen_t len);
void zc_addr_set_port (struct zc_addr *, uint16_t port);

#endif
