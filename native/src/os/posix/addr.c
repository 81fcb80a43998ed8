/* Addresses: their text, port and family. Structures of the system are copied out and in, never
 * cast. */
#include "os/posix/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

_Static_assert(sizeof (struct sockaddr_un) <= sizeof ((struct zc_addr *)0)->bytes
                   && sizeof (struct sockaddr_in6) <= sizeof ((struct zc_addr *)0)->bytes,
               "an address of each family we use fits");

#define PATH_AT offsetof (struct sockaddr_un, sun_path)

void zc_addr_set (struct zc_addr *a, const void *from, socklen_t len)
{
    *a = (struct zc_addr){.len = 0};
    if (len > sizeof a->bytes) /* the system cut a longer one */
        len = sizeof a->bytes;
    memcpy (a->bytes, from, len);
    a->len = (uint32_t)len;
}

int zc_addr_family (const struct zc_addr *a)
{
    struct sockaddr sa;

    if (a->len < offsetof (struct sockaddr, sa_data))
        return AF_UNSPEC;
    memcpy (&sa, a->bytes, sizeof sa);
    return sa.sa_family;
}

static struct sockaddr_in as_v4 (const struct zc_addr *a)
{
    struct sockaddr_in in;

    memcpy (&in, a->bytes, sizeof in);
    return in;
}

static struct sockaddr_in6 as_v6 (const struct zc_addr *a)
{
    struct sockaddr_in6 in6;

    memcpy (&in6, a->bytes, sizeof in6);
    return in6;
}

bool zc_addr_is_v6 (const struct zc_addr *a)
{
    return zc_addr_family (a) == AF_INET6;
}

bool zc_addr_is_any (const struct zc_addr *a)
{
    struct sockaddr_in6 in6;

    if (zc_addr_family (a) == AF_INET)
        return as_v4 (a).sin_addr.s_addr == htonl (INADDR_ANY);
    in6 = as_v6 (a);
    return zc_addr_is_v6 (a) && IN6_IS_ADDR_UNSPECIFIED (&in6.sin6_addr);
}

bool zc_addr_same (const struct zc_addr *a, const struct zc_addr *b)
{
    if (zc_addr_family (a) != zc_addr_family (b) || zc_addr_port (a) != zc_addr_port (b))
        return false;
    if (zc_addr_family (a) == AF_INET)
        return as_v4 (a).sin_addr.s_addr == as_v4 (b).sin_addr.s_addr;
    if (zc_addr_is_v6 (a)) {
        struct sockaddr_in6 x = as_v6 (a), y = as_v6 (b);

        return x.sin6_scope_id == y.sin6_scope_id
               && memcmp (&x.sin6_addr, &y.sin6_addr, sizeof x.sin6_addr) == 0;
    }
    return false;
}

uint16_t zc_addr_port (const struct zc_addr *a)
{
    switch (zc_addr_family (a)) {
    case AF_INET:
        return ntohs (as_v4 (a).sin_port);
    case AF_INET6:
        return ntohs (as_v6 (a).sin6_port);
    default:
        return 0;
    }
}

void zc_addr_set_port (struct zc_addr *a, uint16_t port)
{
    if (zc_addr_family (a) == AF_INET) {
        struct sockaddr_in in = as_v4 (a);

        in.sin_port = htons (port);
        memcpy (a->bytes, &in, sizeof in);
    }
    if (zc_addr_is_v6 (a)) {
        struct sockaddr_in6 in6 = as_v6 (a);

        in6.sin6_port = htons (port);
        memcpy (a->bytes, &in6, sizeof in6);
    }
}

/* snprintf's result as the length of what is really there. */
static int cut (int length, size_t cap)
{
    if (length < 0 || cap == 0)
        return 0;
    return (size_t)length < cap ? length : (int)cap - 1;
}

static int v6_host (const struct sockaddr_in6 *in6, char *out, size_t cap)
{
    char host[INET6_ADDRSTRLEN], name[IF_NAMESIZE];

    /* An IPv4 peer of a dual-stack listener is shown as what it is, so that lists of addresses
     * apply. */
    if (IN6_IS_ADDR_V4MAPPED (&in6->sin6_addr)) {
        inet_ntop (AF_INET, &in6->sin6_addr.s6_addr[12], host, sizeof host);
        return cut (snprintf (out, cap, "%s", host), cap);
    }
    inet_ntop (AF_INET6, &in6->sin6_addr, host, sizeof host);
    if (in6->sin6_scope_id == 0)
        return cut (snprintf (out, cap, "%s", host), cap);
    if (if_indextoname (in6->sin6_scope_id, name))
        return cut (snprintf (out, cap, "%s%%%s", host, name), cap);
    return cut (snprintf (out, cap, "%s%%%u", host, (unsigned)in6->sin6_scope_id), cap);
}

static int unix_text (const struct zc_addr *a, char *out, size_t cap)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    size_t len = a->len < sizeof un ? a->len : sizeof un;
    int name = len > PATH_AT ? (int)(len - PATH_AT) : 0; /* bytes, the first a NUL if abstract */

    memcpy (&un, a->bytes, len);
    if (name > 0 && un.sun_path[0] == '\0')
        return cut (snprintf (out, cap, "@%.*s", name - 1, un.sun_path + 1), cap);
    return cut (snprintf (out, cap, "%.*s", name, un.sun_path), cap);
}

int zc_addr_host (const struct zc_addr *a, char *out, size_t cap)
{
    char host[INET_ADDRSTRLEN];
    struct sockaddr_in in;
    struct sockaddr_in6 in6;

    switch (zc_addr_family (a)) {
    case AF_INET:
        in = as_v4 (a);
        inet_ntop (AF_INET, &in.sin_addr, host, sizeof host);
        return cut (snprintf (out, cap, "%s", host), cap);
    case AF_INET6:
        in6 = as_v6 (a);
        return v6_host (&in6, out, cap);
    case AF_UNIX:
        return unix_text (a, out, cap);
    default:
        return cut (snprintf (out, cap, "%s", ""), cap);
    }
}

int zc_addr_text (const struct zc_addr *a, char *out, size_t cap)
{
    char host[128];
    int family = zc_addr_family (a);

    zc_addr_host (a, host, sizeof host);
    if (family != AF_INET && family != AF_INET6)
        return cut (snprintf (out, cap, "%s", host), cap);
    return cut (
        snprintf (out, cap, strchr (host, ':') ? "[%s]:%u" : "%s:%u", host, (unsigned)zc_addr_port (a)), cap);
}

int zc_addr_ipc (struct zc_addr *a, const char *path)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    size_t n = strlen (path);

    if (n == 0 || (path[0] == '@' && n == 1))
        return -EINVAL;
    if (n >= sizeof un.sun_path)
        return -ENAMETOOLONG;
    memcpy (un.sun_path, path, n + 1);
    if (path[0] == '@') {
#ifdef __linux__ /* alone has names that are no files */
        un.sun_path[0] = '\0';
        zc_addr_set (a, &un, (socklen_t)(PATH_AT + n));
        return 0;
#else
        return -EINVAL;
#endif
    }
    zc_addr_set (a, &un, (socklen_t)(PATH_AT + n + 1));
    return 0;
}

size_t zc_addr_ip (const struct zc_addr *a, uint8_t out[16])
{
    if (zc_addr_family (a) == AF_INET) {
        struct sockaddr_in in;
        memcpy (&in, a->bytes, sizeof in);
        memcpy (out, &in.sin_addr, 4);
        return 4;
    }
    if (zc_addr_family (a) == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy (&in6, a->bytes, sizeof in6);
        memcpy (out, &in6.sin6_addr, 16);
        return 16;
    }
    return 0;
}
