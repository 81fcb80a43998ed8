/* Endpoint text: transport://address, taken apart and checked; nothing is resolved or opened. Pure function.
 *
 *   tcp://host:port             host: *, IPv4, [IPv6], a name, for bind also a network interface; port: digits, for bind also *
 *   tcp://source:port;host:port connect only: the local address first (port * or 0: any)
 *   ipc://path, ipc://@name     a path, or a name in the abstract namespace; bind: * alone asks for a path of its own
 *   inproc://name               any 1 to 256 bytes
 *
 * Stricter than libzmq on purpose: a port is 1 to 5 digits and at most 65535, nothing behind it (libzmq takes 70000 for 4464
 * and 12ab for 12); brackets close; a connection to port 0 is refused at once. See docs: Differences. */
#ifndef ZC_BASE_ENDPOINT_H
#define ZC_BASE_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum zc_transport
{
    ZC_TCP,
    ZC_IPC,
    ZC_INPROC
};

#define ZC_HOST_MAX 256
#define ZC_ADDRESS_MAX 1024 /* longest endpoint text, without NUL */
#define ZC_IPC_MAX                                                                                           \
    107 /* longest path or @name, without NUL: what fits into a sockaddr_un everywhere we test */
#define ZC_INPROC_MAX 256

struct zc_hostport
{
    char host[ZC_HOST_MAX]; /* without brackets; "*" any; scope id kept (fe80::1%eth0); "" none given */
    uint16_t port;          /* 0: any (wildcard) */
    bool bracketed;         /* an IPv6 literal: to be written in brackets */
};

struct zc_endpoint
{
    enum zc_transport transport;
    const char *address;     /* behind "://", within the text handed in */
    struct zc_hostport to;   /* tcp */
    struct zc_hostport from; /* tcp source address of a connect; host "" when none */
};

enum zc_endpoint_use
{
    ZC_BIND,
    ZC_CONNECT
};

/* The transport alone, and where the address begins. 0; -EINVAL: no scheme, or an empty address; -ENOCOMPATPROTO: udp, which
 * no type of ours speaks; -EPROTONOSUPPORT: a scheme we do not have. */
int zc_endpoint_scheme (const char *text, enum zc_transport *, const char **address);

/* 0; the errors of zc_endpoint_scheme; -EINVAL (no scheme, empty address, bad port, wildcard where none may be, text too long, for connect a host that is
 * missing or has characters no host can); -ENAMETOOLONG (ipc); -ENODEV (tcp
 * bind: a host that is missing or too long to exist). out is undefined on failure. */
int zc_endpoint_parse (const char *text, enum zc_endpoint_use, struct zc_endpoint *out);

#endif
