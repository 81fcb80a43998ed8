/* TCP: listen, connect, tune. */
#include "os/net.h"
#include "os/posix/addr.h"
#include "os/posix/fd.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#if !defined(TCP_KEEPIDLE) && defined(TCP_KEEPALIVE)
#define TCP_KEEPIDLE TCP_KEEPALIVE /* macOS */
#endif

/* An option whose refusal is no reason to fail. */
static void hint (int fd, int level, int option, int value)
{
    (void)setsockopt (fd, level, option, &value, sizeof value);
}

/* 0 when the socket is bound to the device, or none is asked for. Asking twice needs a privilege,
 * so it asks first. */
static int bind_device (int fd, const char *device)
{
    if (!device || !*device)
        return 0;
#ifdef SO_BINDTODEVICE
    char now[64] = "";
    socklen_t len = sizeof now - 1;

    if (getsockopt (fd, SOL_SOCKET, SO_BINDTODEVICE, now, &len) == 0 && strcmp (now, device) == 0)
        return 0;
    if (setsockopt (fd, SOL_SOCKET, SO_BINDTODEVICE, device, (socklen_t)strlen (device)) < 0)
        return -errno;
    return 0;
#else
    (void)fd;
    return -EOPNOTSUPP;
#endif
}

/* What must be set before connect or listen to count: buffers decide the window scale, TOS is in
 * the first packet. */
static void tune_early (int fd, bool v6, const struct zc_net_opts *o)
{
    if (o->sndbuf >= 0)
        hint (fd, SOL_SOCKET, SO_SNDBUF, o->sndbuf);
    if (o->rcvbuf >= 0)
        hint (fd, SOL_SOCKET, SO_RCVBUF, o->rcvbuf);
    if (o->tos > 0) {
#ifdef IPV6_TCLASS
        if (v6)
            hint (fd, IPPROTO_IPV6, IPV6_TCLASS, o->tos);
#endif
        hint (fd, IPPROTO_IP, IP_TOS, o->tos); /* also counts for IPv4 peers of a dual-stack socket */
    }
}

static void tune_keepalive (int fd, const struct zc_net_opts *o)
{
    if (o->keepalive < 0)
        return;
    hint (fd, SOL_SOCKET, SO_KEEPALIVE, o->keepalive != 0);
    if (o->keepalive == 0)
        return;
#ifdef TCP_KEEPCNT
    if (o->keepalive_cnt > 0)
        hint (fd, IPPROTO_TCP, TCP_KEEPCNT, o->keepalive_cnt);
#endif
#ifdef TCP_KEEPIDLE
    if (o->keepalive_idle > 0)
        hint (fd, IPPROTO_TCP, TCP_KEEPIDLE, o->keepalive_idle);
#endif
#ifdef TCP_KEEPINTVL
    if (o->keepalive_intvl > 0)
        hint (fd, IPPROTO_TCP, TCP_KEEPINTVL, o->keepalive_intvl);
#endif
}

void zc_tcp_find_ends (int fd, struct zc_tcp_ends *e)
{
    if (!e->local.len)
        (void)zc_net_local (fd, &e->local);
    if (!e->peer.len)
        (void)zc_net_peer (fd, &e->peer);
}

static bool is_within_machine (const struct zc_tcp_ends *e)
{
    uint8_t ours[16], theirs[16];
    size_t n = zc_addr_ip (&e->local, ours);

    if (!n || zc_addr_ip (&e->peer, theirs) != n)
        return false;
    return (n == 4 && ours[0] == 127 && theirs[0] == 127) || !memcmp (ours, theirs, n);
}

/* Between two ends on one machine there is nothing that a congestion control could find out, and one that paces (BBR, some systems'
 * default) costs: it waits for a timer between two writes of 64 KiB, which made a stream of them four times slower. */
static void tune_within_machine (int fd)
{
#ifdef TCP_CONGESTION
    static const char plain[] = "reno"; /* Linux always has it, and lets everybody take it */
    (void)setsockopt (fd, IPPROTO_TCP, TCP_CONGESTION, plain, sizeof plain - 1);
#else
    (void)fd;
#endif
}

int zc_tcp_tune (int fd, const struct zc_net_opts *o, const struct zc_tcp_ends *e)
{
    hint (fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (is_within_machine (e))
        tune_within_machine (fd);
    tune_early (fd, zc_addr_is_v6 (&e->local), o);
    tune_keepalive (fd, o);
    if (o->maxrt > 0) {
#if defined(TCP_USER_TIMEOUT)
        hint (fd, IPPROTO_TCP, TCP_USER_TIMEOUT, o->maxrt);
#elif defined(TCP_RXT_CONNDROPTIME)
        hint (fd, IPPROTO_TCP, TCP_RXT_CONNDROPTIME, (o->maxrt + 999) / 1000);
#endif
    }
    return bind_device (fd, o->device);
}

/* A socket for the family of addr, tuned and bound to its device; or an error and none. */
static int open_for (const struct zc_addr *addr, const struct zc_net_opts *o, int *fd)
{
    int family = zc_addr_family (addr), rc;

    if (family != AF_INET && family != AF_INET6)
        return -EAFNOSUPPORT;
    rc = zc_fd_socket (family, SOCK_STREAM, fd);
    if (rc < 0)
        return rc;
    tune_early (*fd, family == AF_INET6, o);
    rc = bind_device (*fd, o->device);
    if (rc < 0)
        zc_net_close (*fd);
    return rc;
}

int zc_tcp_listen (const struct zc_addr *addr, const struct zc_net_opts *o, int *fd)
{
    int s, rc = open_for (addr, o, &s);

    *fd = -1;
    if (rc < 0)
        return rc;
    /* On POSIX systems it lets a port in TIME_WAIT be used again; a live listener still keeps
     * others out. */
    hint (s, SOL_SOCKET, SO_REUSEADDR, 1);
    if (zc_addr_is_v6 (addr))
        hint (s, IPPROTO_IPV6, IPV6_V6ONLY, !(o->ipv6 && zc_addr_is_any (addr)));
    if (bind (s, zc_addr_raw (addr), addr->len) < 0
        || listen (s, o->backlog < 0 ? SOMAXCONN : o->backlog) < 0) {
        rc = -errno;
        zc_net_close (s);
        return rc;
    }
    *fd = s;
    return 0;
}

static int bind_source (int fd, const struct zc_addr *src)
{
    if (zc_addr_port (src) != 0)
        hint (fd, SOL_SOCKET, SO_REUSEADDR, 1); /* a reconnect from the same port meets TIME_WAIT */
#ifdef IP_BIND_ADDRESS_NO_PORT
    else
        hint (fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1); /* ports may be shared between destinations */
#endif
    return bind (fd, zc_addr_raw (src), src->len) < 0 ? -errno : 0;
}

int zc_tcp_connect (const struct zc_addr *dst, const struct zc_addr *src, const struct zc_net_opts *o,
                    int *fd)
{
    int s, rc;

    *fd = -1;
    if (src && src->len && zc_addr_family (src) != zc_addr_family (dst))
        return -EAFNOSUPPORT;
    rc = open_for (dst, o, &s);
    if (rc < 0)
        return rc;
    if (src && src->len)
        rc = bind_source (s, src);
    if (rc == 0 && connect (s, zc_addr_raw (dst), dst->len) < 0)
        rc = errno == EINTR ? -EINPROGRESS : -errno; /* a signal does not stop the attempt */
    if (rc < 0 && rc != -EINPROGRESS)
        zc_net_close (s);
    else
        *fd = s;
    return rc;
}

bool zc_tcp_is_self (const struct zc_tcp_ends *e)
{
    return e->local.len && zc_addr_same (&e->local, &e->peer);
}
