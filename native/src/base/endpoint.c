#include "base/endpoint.h"

#include <errno.h>
#include <string.h>
#include "zmq.h"

/* Text in the locale of nobody: <ctype.h> would ask the program's. */
static bool is_digit (char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum (char c)
{
    return is_digit (c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_in (char c, const char *set)
{
    return c && strchr (set, c);
}

static bool is_word (const char *p, size_t n, const char *word)
{
    return n == strlen (word) && memcmp (p, word, n) == 0;
}

/* An IPv6 literal with its scope, as far as its characters tell. */
static bool is_ipv6 (const char *p, size_t n)
{
    const char *scope = memchr (p, '%', n);
    size_t digits = scope ? (size_t)(scope - p) : n;
    size_t colons = 0;

    for (size_t i = 0; i < digits; i++) {
        colons += p[i] == ':';
        if (!is_digit (p[i]) && !is_in (p[i], "abcdefABCDEF:."))
            return false;
    }
    for (size_t i = digits + 1; i < n; i++)
        if (!is_alnum (p[i]) && !is_in (p[i], ".-_"))
            return false;
    return colons >= 2 && digits + 1 != n;
}

/* A host that a name service could know, or an IPv4 address. */
static bool is_name (const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!is_alnum (p[i]) && !is_in (p[i], ".-_"))
            return false;
    return n > 0 && is_alnum (p[0]);
}

/* What the operating system may call a network interface; whether it exists is told when it is opened. */
static bool is_interface (const char *p, size_t n)
{
    return n > 0 && !memchr (p, '[', n) && !memchr (p, ']', n) && !memchr (p, ';', n);
}

static int parse_port (const char *p, size_t n, bool may_be_any, uint16_t *port)
{
    uint32_t value = 0;

    if (n == 0 || n > 5)
        return -EINVAL;
    if (!is_word (p, n, "*"))
        for (size_t i = 0; i < n; i++) {
            if (!is_digit (p[i]))
                return -EINVAL;
            value = value * 10 + (uint32_t)(p[i] - '0');
        }
    if (value > UINT16_MAX || (value == 0 && !may_be_any))
        return -EINVAL;
    *port = (uint16_t)value;
    return 0;
}

static int parse_host (const char *p, size_t n, enum zc_endpoint_use use, struct zc_hostport *out)
{
    int missing = use == ZC_BIND ? -ENODEV : -EINVAL;

    if (n > 0 && p[0] == '[') {
        if (p[n - 1] != ']')
            return -EINVAL;
        p++;
        n -= 2;
    }
    if (n == 0 || n >= ZC_HOST_MAX)
        return missing;
    out->bracketed = is_ipv6 (p, n);
    if (!out->bracketed && !is_name (p, n) && (use == ZC_CONNECT || !is_interface (p, n)))
        return -EINVAL;
    memcpy (out->host, p, n);
    out->host[n] = '\0';
    return 0;
}

/* The last colon divides: an IPv6 literal may come without brackets. */
static int parse_hostport (const char *p, size_t n, enum zc_endpoint_use use, bool port_may_be_any,
                           struct zc_hostport *out)
{
    size_t host = n;
    int rc;

    while (host > 0 && p[host - 1] != ':')
        host--;
    if (host == 0)
        return -EINVAL;
    rc = parse_port (p + host, n - host, port_may_be_any, &out->port);
    if (rc < 0)
        return rc;
    return parse_host (p, host - 1, use, out);
}

static int parse_tcp (const char *p, size_t n, enum zc_endpoint_use use, struct zc_endpoint *out)
{
    const char *divider = memchr (p, ';', n);
    size_t source = divider ? (size_t)(divider - p) : 0;
    int rc;

    if (!divider)
        return parse_hostport (p, n, use, use == ZC_BIND, &out->to);
    if (use == ZC_BIND)
        return -EINVAL;
    rc = parse_hostport (p, source, ZC_CONNECT, true, &out->from);
    if (rc < 0)
        return rc;
    return parse_hostport (divider + 1, n - source - 1, ZC_CONNECT, false, &out->to);
}

static int parse_ipc (const char *p, size_t n, enum zc_endpoint_use use)
{
    if (n > ZC_IPC_MAX)
        return -ENAMETOOLONG;
    if (is_word (p, n, "@") || (use == ZC_CONNECT && is_word (p, n, "*")))
        return -EINVAL;
    return 0;
}

int zc_endpoint_scheme (const char *text, enum zc_transport *transport, const char **address)
{
    const char *colon = strstr (text, "://");
    size_t n = colon ? (size_t)(colon - text) : 0;

    if (n == 0 || !colon[3])
        return -EINVAL;
    *address = colon + 3;
    if (is_word (text, n, "tcp"))
        *transport = ZC_TCP;
    else if (is_word (text, n, "ipc"))
        *transport = ZC_IPC;
    else if (is_word (text, n, "inproc"))
        *transport = ZC_INPROC;
    else /* udp exists, but for types of the draft API alone */
        return is_word (text, n, "udp") ? -ENOCOMPATPROTO : -EPROTONOSUPPORT;
    return 0;
}

int zc_endpoint_parse (const char *text, enum zc_endpoint_use use, struct zc_endpoint *out)
{
    *out = (struct zc_endpoint){.address = text};
    int rc = zc_endpoint_scheme (text, &out->transport, &out->address);
    if (rc < 0)
        return rc;
    size_t n = strlen (out->address);
    if (out->transport == ZC_IPC)
        return parse_ipc (out->address, n, use);
    if (out->transport == ZC_INPROC)
        return n > ZC_INPROC_MAX ? -EINVAL : 0;
    return strlen (text) > ZC_ADDRESS_MAX ? -EINVAL : parse_tcp (out->address, n, use, out);
}
