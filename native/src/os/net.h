/* Sockets of the operating system: open, tune, connect, accept, read, write. All descriptors are non-blocking and
 * close-on-exec. Every function returns 0 (or a count) or a negative errno; errno itself means nothing after them.
 * No names are resolved here (os/resolve.h does). */
#ifndef ZC_OS_NET_H
#define ZC_OS_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/* A socket address of any family, as the OS has it. len 0: none. */
struct zc_addr
{
    _Alignas(8) uint8_t bytes[128];
    uint32_t len;
};

/* Options that reach the OS socket; -1 (0 for tos, maxrt; empty device): leave the OS default. */
struct zc_net_opts
{
    int sndbuf, rcvbuf, tos;
    int keepalive, keepalive_cnt, keepalive_idle, keepalive_intvl; /* idle, intvl: seconds */
    int maxrt;                                                     /* ms, TCP_USER_TIMEOUT */
    int backlog;
    bool ipv6;          /* IPV6_V6ONLY off on a wildcard IPv6 listener */
    const char *device; /* SO_BINDTODEVICE, or NULL */
};

/* Text like 127.0.0.1:80 or [fe80::1%eth0]:80, for ipc the path or @name. An IPv4 address in IPv6 clothes (a peer of a dual-stack
 * listener) is shown as IPv4. Returns the length, cut at cap. */
int zc_addr_text (const struct zc_addr *, char *out, size_t cap);
/* The host part alone, without brackets and port. */
int zc_addr_host (const struct zc_addr *, char *out, size_t cap);
/* The IP address in network order; returns 4 or 16, 0: not an IP address. */
size_t zc_addr_ip (const struct zc_addr *, uint8_t out[16]);
uint16_t zc_addr_port (const struct zc_addr *);
bool zc_addr_is_v6 (const struct zc_addr *);
int zc_addr_ipc (struct zc_addr *, const char *path); /* path, or @name for an abstract one; -ENAMETOOLONG */

/* A listening TCP socket bound to addr (SO_REUSEADDR as is right for the OS). */
int zc_tcp_listen (const struct zc_addr *addr, const struct zc_net_opts *, int *fd);
/* Starts connecting: 0 connected, -EINPROGRESS (fd is set), else an error and no fd. src may be NULL. */
int zc_tcp_connect (const struct zc_addr *dst, const struct zc_addr *src, const struct zc_net_opts *,
                    int *fd);
/* Both ends of a connection; len 0: not known. */
struct zc_tcp_ends
{
    struct zc_addr local, peer;
};
/* Asks for what is not known yet. */
void zc_tcp_find_ends (int fd, struct zc_tcp_ends *);
/* No delay, no pacing to a peer on this machine, and the options above, for a connected or accepted socket. Errors of
 * single options are ignored, but not of device. */
int zc_tcp_tune (int fd, const struct zc_net_opts *, const struct zc_tcp_ends *);
/* True when a connected TCP socket is connected to itself (an ephemeral port met itself). */
bool zc_tcp_is_self (const struct zc_tcp_ends *);

/* A listening Unix-domain socket at path (or @name). A live listener at path: -EADDRINUSE. A stale socket file (nobody
 * has it open) is taken over without a race against another starter: they exclude each other by a lock on the directory, so no
 * lock file is ever made. Waits up to 200 ms for that lock. Anything that is not a socket, symbolic links too, is never touched:
 * -EADDRINUSE. Missing directory: -ENOENT. *id receives what zc_ipc_remove needs to tell that the file is still ours. */
struct zc_ipc_id
{
    uint64_t dev, ino;
};
int zc_ipc_listen (const char *path, const struct zc_net_opts *, int *fd, struct zc_ipc_id *id);
/* Removes the path if it is still the file that zc_ipc_listen made. 0 (also when it is another's by now) or negative errno.
 * Before the listener is closed: so long nobody takes the path over, and no new file can get the number of ours. */
int zc_ipc_remove (const char *path, const struct zc_ipc_id *id);
/* 0, -EINPROGRESS, error. -EAGAIN: the listener's backlog is full (Linux); there is no fd to wait for, try again later. */
int zc_ipc_connect (const char *path, const struct zc_net_opts *, int *fd);
/* Makes a fresh directory and names a socket in it; out gets the path. zc_ipc_remove_dir undoes it. */
int zc_ipc_wildcard (char *out, size_t cap);
int zc_ipc_remove_dir (const char *path_in_it);
/* Credentials of the peer of a connected ipc socket. */
int zc_ipc_peer (int fd, int64_t *pid, int64_t *uid, int64_t *gid);
/* True when user uid is in group gid, as the system's user data base has it (may read files). */
bool zc_user_in_group (int64_t uid, int64_t gid);

/* 0 and *out, -EAGAIN, or the error (EMFILE, ENFILE, ECONNABORTED, EPERM, ...). peer may be NULL. */
int zc_net_accept (int fd, int *out, struct zc_addr *peer);
int zc_net_result (int fd); /* of a connect that was in progress: 0 or the error */
int zc_net_local (int fd, struct zc_addr *);
int zc_net_peer (int fd, struct zc_addr *);
/* Makes an adopted descriptor (USE_FD) fit: non-blocking, close-on-exec. -ENOTSOCK, -EBADF; -EINVAL: not listening. */
int zc_net_adopt (int fd);
/* Bytes read (0: the peer closed), -EAGAIN, or an error. EINTR is retried. */
int64_t zc_net_read (int fd, void *buf, size_t n);
int64_t zc_net_readv (int fd, const struct iovec *, int n);
/* Bytes written, -EAGAIN or an error; no signal is ever raised. EINTR is retried. */
int64_t zc_net_write (int fd, const void *buf, size_t n);
int64_t zc_net_writev (int fd, const struct iovec *, int n);
/* Bytes that have arrived and wait in the kernel to be read; 0 also where that can't be told. */
size_t zc_net_waiting (int fd);
/* Waits until there is room to write, or the peer has gone: 0; -EAGAIN after timeout ns; -EINTR. */
int zc_net_wait_room (int fd, int64_t timeout);
void zc_net_shutdown (int fd); /* both ways */
void zc_net_close (int fd);

#endif
