/* Names to addresses, waiting: numbers, this machine's interfaces, then getaddrinfo. */
#include "os/resolve.h"
#include "os/posix/addr.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

/* RFC 1035: 253 characters of a name; a scope id adds less than it saves. */
#define HOST_MAX 253

/* Addresses found so far. */
struct finds
{
    struct zc_addr *out;
    int cap, count;
    uint16_t port;
};

static void add (struct finds *f, const struct sockaddr *sa, socklen_t len)
{
    if (f->count == f->cap)
        return;
    zc_addr_set (&f->out[f->count], sa, len);
    zc_addr_set_port (&f->out[f->count++], f->port);
}

static void add_any (struct finds *f, bool ipv6)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

    if (ipv6)
        add (f, (struct sockaddr *)&in6, sizeof in6);
    else
        add (f, (struct sockaddr *)&in, sizeof in);
}

/* Is this address of an interface wanted in this round? IPv6 before IPv4, link-local after those
 * that reach further. */
static bool suits (const struct sockaddr *sa, int round)
{
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)sa;

    if (round == 2)
        return sa->sa_family == AF_INET;
    return sa->sa_family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL (&in6->sin6_addr) == (round == 1);
}

/* The addresses of the interface of this name, if there is one. */
static int add_interface (struct finds *f, const char *name, bool ipv6)
{
    struct ifaddrs *all;

    if (strlen (name) >= IF_NAMESIZE)
        return 0;
    if (getifaddrs (&all) < 0)
        return -errno;
    for (int round = ipv6 ? 0 : 2; round < 3; round++)
        for (const struct ifaddrs *i = all; i; i = i->ifa_next)
            if (i->ifa_addr && strcmp (i->ifa_name, name) == 0 && suits (i->ifa_addr, round))
                add (f, i->ifa_addr,
                     i->ifa_addr->sa_family == AF_INET ? sizeof (struct sockaddr_in)
                                                       : sizeof (struct sockaddr_in6));
    freeifaddrs (all);
    return 0;
}

/* An error of getaddrinfo as ours. */
static int failure (int eai, unsigned flags)
{
    int error = errno;

    switch (eai) {
    case EAI_MEMORY:
        return -ENOMEM;
    case EAI_SYSTEM:
        return error ? -error : -EHOSTUNREACH;
    case EAI_AGAIN:
        /* A bind that fails with EAGAIN would look as if it could be waited for. */
        return flags & ZC_RESOLVE_LOCAL ? -ENODEV : -EAGAIN;
    default:
        return flags & ZC_RESOLVE_LOCAL ? -ENODEV : -EHOSTUNREACH;
    }
}

static int add_named (struct finds *f, const char *host, unsigned flags, int ai_flags)
{
    struct addrinfo hints = {.ai_flags = ai_flags, .ai_socktype = SOCK_STREAM}, *all;
    int eai;

    hints.ai_family = flags & ZC_RESOLVE_IPV6 ? AF_UNSPEC : AF_INET;
    errno = 0;
    eai = getaddrinfo (host, NULL, &hints, &all);
    if (eai)
        return failure (eai, flags);
    for (const struct addrinfo *i = all; i; i = i->ai_next)
        if (i->ai_family == AF_INET || i->ai_family == AF_INET6)
            add (f, i->ai_addr, i->ai_addrlen);
    freeaddrinfo (all);
    return 0;
}

/* Printable, without blanks and the marks of an address around a host. */
static bool is_host (const char *host)
{
    size_t n = strlen (host);

    if (n == 0 || n > HOST_MAX)
        return false;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)host[i] <= ' ' || host[i] == 0x7f || strchr ("/[]*\\\"", host[i]))
            return false;
    return true;
}

int zc_resolve (const char *host, uint16_t port, unsigned flags, struct zc_addr *out, int cap)
{
    struct finds f = {.out = out, .cap = cap, .port = port};
    bool ipv6 = flags & ZC_RESOLVE_IPV6, local = flags & ZC_RESOLVE_LOCAL;
    int rc;

    if (local && strcmp (host, "*") == 0) {
        add_any (&f, ipv6);
        return f.count;
    }
    if (!is_host (host))
        return -EINVAL;
    rc = add_named (&f, host, flags, AI_NUMERICHOST);
    if (f.count > 0 || rc == -ENOMEM)
        return f.count > 0 ? f.count : rc;
    /* No name has a colon: an IPv6 address out of place, or with an unknown scope. */
    if (strchr (host, ':'))
        return local || strchr (host, '%') ? -ENODEV : -EINVAL;
    if (flags & ZC_RESOLVE_NUMERIC)
        return -ENOENT;
    if (local) {
        rc = add_interface (&f, host, ipv6);
        if (rc < 0 || f.count > 0)
            return rc < 0 ? rc : f.count;
    }
    rc = add_named (&f, host, flags, local ? AI_PASSIVE : 0);
    if (rc < 0)
        return rc;
    return f.count > 0 ? f.count : local ? -ENODEV : -EHOSTUNREACH;
}
