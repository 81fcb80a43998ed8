/* zmq.h: the ZeroMQ API (stable part, level 4.3.5), as zcffi offers it. MIT licence, see LICENSE.
 *
 * Functions that return int give 0 (or a count) on success and -1 on failure; the reason is then in errno, which
 * zmq_errno() reads. Beside the errors named at each function:
 *   - every function that takes a socket fails with ENOTSOCK when it is NULL, closed or no socket, and with ETERM
 *     once its context was shut down (zmq_close() excepted);
 *   - every function that takes a context fails with EFAULT when it is NULL, terminated or no context;
 *   - calls that wait fail with EINTR when a signal handler ran;
 *   - every call that needs memory fails with ENOMEM when there is none, and may be made again;
 *   - in a child made by fork(), objects of the parent fail with ZCFFI_EFORKED; closing them works.
 * Every function may be called from any thread on any socket or context. A zmq_msg_t belongs to one thread at a
 * time. */
#ifndef ZMQ_H_INCLUDED
#define ZMQ_H_INCLUDED

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The only place where a header of ours asks for the operating system. */
#ifdef _WIN32
#if defined ZMQ_STATIC
#define ZMQ_EXPORT
#elif defined ZCFFI_BUILDING
#define ZMQ_EXPORT __declspec(dllexport)
#else
#define ZMQ_EXPORT __declspec(dllimport)
#endif
#else
#if defined __GNUC__
#define ZMQ_EXPORT __attribute__ ((visibility ("default")))
#else
#define ZMQ_EXPORT
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The fixed-width integers are known to whoever includes this. */
#define ZMQ_DEFINED_STDINT 1

/* zmq_has() exists. */
#define ZMQ_HAS_CAPABILITIES 1

/* zmq_timers_new() and its family exist. */
#define ZMQ_HAVE_TIMERS

#define ZMQ_MAKE_VERSION(major, minor, patch) ((major)*10000 + (minor)*100 + (patch))
#define ZMQ_VERSION ZMQ_MAKE_VERSION (ZMQ_VERSION_MAJOR, ZMQ_VERSION_MINOR, ZMQ_VERSION_PATCH)

/* A file descriptor of the system; SOCKET on Windows. */
#ifdef _WIN32
typedef uintptr_t zmq_fd_t;
#else
typedef int zmq_fd_t;
#endif

/* Error numbers of ours for systems that lack them. */
/* zcffi: generated begin (tools/generate.py: fallback errors) */
#ifndef ENOTSUP
#define ENOTSUP (ZMQ_HAUSNUMERO + 1)
#endif
#ifndef EPROTONOSUPPORT
#define EPROTONOSUPPORT (ZMQ_HAUSNUMERO + 2)
#endif
#ifndef ENOBUFS
#define ENOBUFS (ZMQ_HAUSNUMERO + 3)
#endif
#ifndef ENETDOWN
#define ENETDOWN (ZMQ_HAUSNUMERO + 4)
#endif
#ifndef EADDRINUSE
#define EADDRINUSE (ZMQ_HAUSNUMERO + 5)
#endif
#ifndef EADDRNOTAVAIL
#define EADDRNOTAVAIL (ZMQ_HAUSNUMERO + 6)
#endif
#ifndef ECONNREFUSED
#define ECONNREFUSED (ZMQ_HAUSNUMERO + 7)
#endif
#ifndef EINPROGRESS
#define EINPROGRESS (ZMQ_HAUSNUMERO + 8)
#endif
#ifndef ENOTSOCK
#define ENOTSOCK (ZMQ_HAUSNUMERO + 9)
#endif
#ifndef EMSGSIZE
#define EMSGSIZE (ZMQ_HAUSNUMERO + 10)
#endif
#ifndef EAFNOSUPPORT
#define EAFNOSUPPORT (ZMQ_HAUSNUMERO + 11)
#endif
#ifndef ENETUNREACH
#define ENETUNREACH (ZMQ_HAUSNUMERO + 12)
#endif
#ifndef ECONNABORTED
#define ECONNABORTED (ZMQ_HAUSNUMERO + 13)
#endif
#ifndef ECONNRESET
#define ECONNRESET (ZMQ_HAUSNUMERO + 14)
#endif
#ifndef ENOTCONN
#define ENOTCONN (ZMQ_HAUSNUMERO + 15)
#endif
#ifndef ETIMEDOUT
#define ETIMEDOUT (ZMQ_HAUSNUMERO + 16)
#endif
#ifndef EHOSTUNREACH
#define EHOSTUNREACH (ZMQ_HAUSNUMERO + 17)
#endif
#ifndef ENETRESET
#define ENETRESET (ZMQ_HAUSNUMERO + 18)
#endif
/* zcffi: generated end */

/* zcffi: cdef begin */

/* zcffi: generated begin (tools/generate.py: constants) */
/* ---- Version, sizes ---- */

/** Level of the ZeroMQ API. */
#define ZMQ_VERSION_MAJOR 4
/** Level of the ZeroMQ API. */
#define ZMQ_VERSION_MINOR 3
/** Level of the ZeroMQ API. */
#define ZMQ_VERSION_PATCH 5
/** Where the error numbers of ours begin. */
#define ZMQ_HAUSNUMERO 156384712
/** A size for arrays of zmq_pollitem_t that usually suffices. */
#define ZMQ_POLLITEMS_DFLT 16

/* ---- Errors ---- */

/** Not this call's turn: a REQ socket sends, then receives; a REP socket receives, then sends. */
#define EFSM 156384763
/** The endpoint's transport does not suit the type of the socket. */
#define ENOCOMPATPROTO 156384764
/** The socket's context was shut down; only closing is left to do. */
#define ETERM 156384765
/** The context has no I/O thread (ZMQ_IO_THREADS is 0). */
#define EMTHREAD 156384766

/* ---- Socket types ---- */

/** Exactly one peer, messages both ways. Peers: PAIR. */
#define ZMQ_PAIR 0
/** Sends each message to all subscribers whose prefix fits. Peers: SUB, XSUB. */
#define ZMQ_PUB 1
/** Receives the messages it subscribed to. Peers: PUB, XPUB. */
#define ZMQ_SUB 2
/** Sends a request, then receives its reply. Peers: REP, ROUTER. */
#define ZMQ_REQ 3
/** Receives a request, then sends the reply. Peers: REQ, DEALER. */
#define ZMQ_REP 4
/** Sends in turn to all peers, receives from all. Peers: REP, DEALER, ROUTER. */
#define ZMQ_DEALER 5
/** Receives from all peers; the first part names the peer, sent or received. Peers: REQ, DEALER, ROUTER. */
#define ZMQ_ROUTER 6
/** Receives from all peers. Peers: PUSH. */
#define ZMQ_PULL 7
/** Sends in turn to all peers. Peers: PULL. */
#define ZMQ_PUSH 8
/** A PUB that receives its peers' subscriptions as messages. Peers: SUB, XSUB. */
#define ZMQ_XPUB 9
/** A SUB that sends its subscriptions as messages. Peers: PUB, XPUB. */
#define ZMQ_XSUB 10
/** Raw TCP; the first part names the connection. */
#define ZMQ_STREAM 11
#define ZMQ_XREQ 5
#define ZMQ_XREP 6

/* ---- Context options: zmq_ctx_set(), zmq_ctx_get() ---- */

/** Size of the pool of I/O threads. 0: only inproc endpoints work. Type: int. Unit: threads. Default: 1. Allowed: 0
 * or more. Must be set before the first socket is made. Since 2.0. */
#define ZMQ_IO_THREADS 1
/** How many sockets may be open at a time. Type: int. Unit: sockets. Default: 1023. Allowed: 1 or more. Must be set
 * before the first socket is made. Since 3.2. */
#define ZMQ_MAX_SOCKETS 2
/** The largest number of sockets that can be asked for. Type: int, read only. Unit: sockets. Since 4.1. */
#define ZMQ_SOCKET_LIMIT 3
/** Scheduling priority of the I/O threads. Its meaning is the system's. Not set: as the thread that starts them.
 * Type: int, cannot be read. Unit: priority. Default: -1. Allowed: 0 or more. Must be set before the first socket
 * is made. Since 4.1. */
#define ZMQ_THREAD_PRIORITY 3
/** Scheduling policy of the I/O threads. Its meaning is the system's. -1: as the thread that starts them. Type:
 * int. Unit: policy. Default: -1. Allowed: 0 or more. Must be set before the first socket is made. Since 4.1. */
#define ZMQ_THREAD_SCHED_POLICY 4
/** Largest part that may be sent; sending a larger one fails with EMSGSIZE. The default: no limit. ZMQ_MAXMSGSIZE
 * of a socket limits what is received. Type: int. In bytes. Default: 2147483647. Allowed: 0 or more. Takes effect
 * for sockets made later. Since 4.2. */
#define ZMQ_MAX_MSGSZ 5
/** Size of a zmq_msg_t. Type: int, read only. In bytes. Since 4.2. */
#define ZMQ_MSG_T_SIZE 6
/** Let the I/O threads run on this CPU, and on no others than those added. Type: int, cannot be read. Must be set
 * before the first socket is made. Since 4.2. */
#define ZMQ_THREAD_AFFINITY_CPU_ADD 7
/** Take back a CPU that was added. Type: int, cannot be read. Must be set before the first socket is made. Since
 * 4.2. */
#define ZMQ_THREAD_AFFINITY_CPU_REMOVE 8
/** A number that begins the names of the I/O threads. 0: none. Type: int. Unit: number. Default: 0. Must be set
 * before the first socket is made. Since 4.2. */
#define ZMQ_THREAD_NAME_PREFIX 9
/** ZMQ_IPV6 of new sockets. Type: int, 0: off, more: on. Default: 0. Takes effect for sockets made later. Since
 * 4.2. Of a socket: Use IPv6 where there is a choice. New sockets take it from the context. Type: int, 0 or 1.
 * Default: 0. Takes effect for later binds and connects. Since 4.0. */
#define ZMQ_IPV6 42
/** ZMQ_LINGER of new sockets: -1, for ever, when this is on; 0, not at all, when it is off. Type: int, 0: off,
 * more: on. Default: 1. Takes effect for sockets made later. Since 4.2. */
#define ZMQ_BLOCKY 70
#define ZMQ_IO_THREADS_DFLT 1
#define ZMQ_MAX_SOCKETS_DFLT 1023
#define ZMQ_THREAD_PRIORITY_DFLT -1
#define ZMQ_THREAD_SCHED_POLICY_DFLT -1

/* ---- Socket options: zmq_setsockopt(), zmq_getsockopt() ---- */

/** Which I/O threads may serve new connections, bit 0 for the first thread. 0: any. Type: uint64_t. Unit: bit mask.
 * Default: 0. Allowed: 0 or more. Takes effect for later binds and connects. Since 2.0. */
#define ZMQ_AFFINITY 4
/** The name a ROUTER peer knows this socket by; told by REQ, DEALER and ROUTER. Empty: the peer makes one up. On a
 * STREAM socket, reads the id of the last peer. Type: bytes. Default: empty. Allowed: 1 to 255 bytes. Takes effect
 * for later binds and connects. Since 2.0. */
#define ZMQ_ROUTING_ID 5
/** Subscribe to messages that begin with these bytes; empty: to all. On XPUB with ZMQ_XPUB_MANUAL: for the peer of
 * the last received subscription. Type: bytes, any number, cannot be read. Only on SUB, XPUB sockets. Takes effect
 * at once. Since 2.0. */
#define ZMQ_SUBSCRIBE 6
/** Take back one subscription. Type: bytes, any number, cannot be read. Only on SUB, XPUB sockets. Takes effect at
 * once. Since 2.0. */
#define ZMQ_UNSUBSCRIBE 7
/** The system's send buffer of a connection. -1: the system's choice. Type: int. In bytes. Default: -1. Allowed: -1
 * or more. Takes effect for later binds and connects. Since 2.0. */
#define ZMQ_SNDBUF 11
/** The system's receive buffer of a connection. -1: the system's choice. Type: int. In bytes. Default: -1. Allowed:
 * -1 or more. Takes effect for later binds and connects. Since 2.0. */
#define ZMQ_RCVBUF 12
/** Whether more parts follow the one that was received last. Type: int, read only. Since 2.0. */
#define ZMQ_RCVMORE 13
/** A descriptor that becomes readable when ZMQ_EVENTS may have changed. Read ZMQ_EVENTS after it did, and after
 * every send and receive. Never read or write the descriptor. Type: zmq_fd_t, read only. Since 2.1. */
#define ZMQ_FD 14
/** What can be done without waiting: sum of ZMQ_POLLIN and ZMQ_POLLOUT. Type: int, read only. Since 2.1. */
#define ZMQ_EVENTS 15
/** The type of the socket. Type: int, read only. Since 2.1. */
#define ZMQ_TYPE 16
/** How long a closed socket tries to send what is left. -1: for ever. 0: not at all, which is the default of SUB
 * and XSUB, and of all sockets when ZMQ_BLOCKY of the context is off. Type: int. In milliseconds. Default: -1.
 * Allowed: -1 or more. Takes effect at once. Since 2.1. */
#define ZMQ_LINGER 17
/** Wait before a lost connection is made again, with a random part added. -1 or 0: never again. Type: int. In
 * milliseconds. Default: 100. Allowed: -1 or more. Takes effect for later binds and connects. Since 2.1. */
#define ZMQ_RECONNECT_IVL 18
/** How many connections may wait to be accepted. Type: int. Unit: connections. Default: 100. Allowed: 0 or more.
 * Takes effect for later binds and connects. Since 2.1. */
#define ZMQ_BACKLOG 19
/** The wait doubles with every failure up to this. 0, or less than ZMQ_RECONNECT_IVL: it stays at that. Type: int.
 * In milliseconds. Default: 0. Allowed: 0 or more. Takes effect for later binds and connects. Since 2.1. */
#define ZMQ_RECONNECT_IVL_MAX 21
/** Largest part a peer may send. A peer that sends a larger one is closed. Below 0: no limit. Type: int64_t. In
 * bytes. Default: -1. Takes effect for later binds and connects. Since 3.0. */
#define ZMQ_MAXMSGSIZE 22
/** High-water mark: how many messages may wait to be sent to one peer. 0: no limit. Type: int. Unit: messages.
 * Default: 1000. Allowed: 0 or more. Takes effect at once. Since 3.0. */
#define ZMQ_SNDHWM 23
/** High-water mark: how many received messages of one peer may wait to be read. 0: no limit. Type: int. Unit:
 * messages. Default: 1000. Allowed: 0 or more. Takes effect at once. Since 3.0. */
#define ZMQ_RCVHWM 24
/** How long a receive waits before EAGAIN. -1: for ever; 0: not at all. Type: int. In milliseconds. Default: -1.
 * Allowed: -1 or more. Takes effect at once. Since 2.2. */
#define ZMQ_RCVTIMEO 27
/** How long a send waits before EAGAIN. -1: for ever; 0: not at all. Type: int. In milliseconds. Default: -1.
 * Allowed: -1 or more. Takes effect at once. Since 2.2. */
#define ZMQ_SNDTIMEO 28
/** Deprecated: the opposite of ZMQ_IPV6. Type: int, 0 or 1. Default: 1. Takes effect for later binds and connects.
 * Since 3.0. */
#define ZMQ_IPV4ONLY 31
/** The endpoint of the last bind, as it was really taken, or of the last connect. Type: text, read only. Since 3.0. */
#define ZMQ_LAST_ENDPOINT 32
/** Don't drop what can't be sent. Sending to an unknown peer fails with EHOSTUNREACH, to a full one with EAGAIN.
 * Type: int, 0: off, more: on, cannot be read. Default: 0. Only on ROUTER, REP sockets. Takes effect at once.
 * Since 3.0. */
#define ZMQ_ROUTER_MANDATORY 33
/** SO_KEEPALIVE: 1 on, 0 off, -1 the system's choice. Type: int. Default: -1. Allowed: -1 to 1. Takes effect for
 * later binds and connects. Since 3.0. */
#define ZMQ_TCP_KEEPALIVE 34
/** TCP_KEEPCNT. -1: the system's choice. Type: int. Unit: probes. Default: -1. Allowed: -1 or more. Takes effect
 * for later binds and connects. Since 3.0. */
#define ZMQ_TCP_KEEPALIVE_CNT 35
/** TCP_KEEPIDLE. -1: the system's choice. Type: int. In seconds. Default: -1. Allowed: -1 or more. Takes effect for
 * later binds and connects. Since 3.0. */
#define ZMQ_TCP_KEEPALIVE_IDLE 36
/** TCP_KEEPINTVL. -1: the system's choice. Type: int. In seconds. Default: -1. Allowed: -1 or more. Takes effect
 * for later binds and connects. Since 3.0. */
#define ZMQ_TCP_KEEPALIVE_INTVL 37
/** Accept only peers in this network. An address, or address/bits; may be given several times, NULL of length 0
 * forgets all. libzmq deprecates it in favour of ZAP, which is not there yet. Type: text, cannot be read. Takes
 * effect for later binds and connects. Since 3.2. */
#define ZMQ_TCP_ACCEPT_FILTER 38
/** Queue messages for a connection only once it is made. Type: int, 0 or 1. Default: 0. Takes effect for later
 * binds and connects. Since 3.2. */
#define ZMQ_IMMEDIATE 39
/** Hand every subscription to the program. Also those that are not new. Type: int, 0: off, more: on, cannot be
 * read. Default: 0. Only on XPUB, PUB sockets. Takes effect at once. Since 3.2. */
#define ZMQ_XPUB_VERBOSE 40
/** Deprecated, use STREAM: raw TCP. Type: int, 0: off, more: on, cannot be read. Default: 0. Only on ROUTER, REP
 * sockets. Takes effect for later binds and connects. Since 3.2. */
#define ZMQ_ROUTER_RAW 41
/** The security mechanism; decided by the last security option that was set. Type: int, read only. Since 4.0. */
#define ZMQ_MECHANISM 43
/** Send an empty message to every new peer, so that a ROUTER learns of this socket. Type: int, 0: off, more: on,
 * cannot be read. Default: 0. Only on REQ, REP, DEALER, ROUTER sockets. Takes effect for later binds and connects.
 * Since 4.0. */
#define ZMQ_PROBE_ROUTER 51
/** Number the requests, and drop replies with another number. Type: int, 0: off, more: on, cannot be read. Default:
 * 0. Only on REQ sockets. Takes effect at once. Since 4.0. */
#define ZMQ_REQ_CORRELATE 52
/** Allow a new request before the reply has come; a late reply is dropped. Type: int, 0: off, more: on, cannot be
 * read. Default: 0. Only on REQ sockets. Takes effect at once. Since 4.0. */
#define ZMQ_REQ_RELAXED 53
/** Keep only the newest message, of one part, in each queue. Works on DEALER, PULL, PUSH, PUB and SUB. Type: int, 0
 * or 1. Default: 0. Takes effect for later binds and connects. Since 4.0. */
#define ZMQ_CONFLATE 54
/** A new peer with a routing id that is taken replaces the old one. Off: it is refused. Type: int, 0: off, more:
 * on, cannot be read. Default: 0. Only on ROUTER, REP sockets. Takes effect at once. Since 4.1. */
#define ZMQ_ROUTER_HANDOVER 56
/** The type-of-service byte of IP packets. Type: int. Default: 0. Allowed: 0 or more. Takes effect for later binds
 * and connects. Since 4.1. */
#define ZMQ_TOS 57
/** Accept only ipc peers with this process id. May be given several times, NULL of length 0 forgets all. libzmq
 * deprecates it in favour of ZAP, which is not there yet. Type: pid_t, cannot be read. Takes effect for later
 * binds and connects. Since 4.1. */
#define ZMQ_IPC_FILTER_PID 58
/** Accept only ipc peers of this user. May be given several times, NULL of length 0 forgets all. libzmq deprecates
 * it in favour of ZAP, which is not there yet. Type: uid_t, cannot be read. Takes effect for later binds and
 * connects. Since 4.1. */
#define ZMQ_IPC_FILTER_UID 59
/** Accept only ipc peers of this group. May be given several times, NULL of length 0 forgets all. libzmq deprecates
 * it in favour of ZAP, which is not there yet. Type: gid_t, cannot be read. Takes effect for later binds and
 * connects. Since 4.1. */
#define ZMQ_IPC_FILTER_GID 60
/** The name of the peer of the next connect, which uses it up. Type: bytes, cannot be read. Allowed: 1 to 255
 * bytes. Only on ROUTER, REP, STREAM sockets. Takes effect for later binds and connects. Since 4.1. */
#define ZMQ_CONNECT_ROUTING_ID 61
/** Longest time for a handshake. 0: no limit. Type: int. In milliseconds. Default: 30000. Allowed: 0 or more. Takes
 * effect for later binds and connects. Since 4.1. */
#define ZMQ_HANDSHAKE_IVL 66
/** Don't drop for slow subscribers. A send waits, or fails with EAGAIN, when one is at its high-water mark. Type:
 * int, 0: off, more: on, cannot be read. Default: 0. Only on XPUB, PUB sockets. Takes effect at once. Since 4.1. */
#define ZMQ_XPUB_NODROP 69
/** Subscriptions take effect only when the program sets ZMQ_SUBSCRIBE. Type: int, 0: off, more: on, cannot be read.
 * Default: 0. Only on XPUB, PUB sockets. Takes effect at once. Since 4.2. */
#define ZMQ_XPUB_MANUAL 71
/** A message that each new subscriber gets first. Empty: none. Type: bytes, any number, cannot be read. Only on
 * XPUB, PUB sockets. Takes effect at once. Since 4.2. */
#define ZMQ_XPUB_WELCOME_MSG 72
/** Receive an empty message for each connection made or lost. Type: int, 0 or 1, cannot be read. Default: 1. Only
 * on STREAM sockets. Takes effect for later binds and connects. Since 4.2. */
#define ZMQ_STREAM_NOTIFY 73
/** PUB, XPUB and SUB: pass the messages that no subscription fits. Type: int, 0: off, else on. Default: 0. Takes
 * effect at once. Since 4.2. */
#define ZMQ_INVERT_MATCHING 74
/** Time between the PINGs sent to a peer. 0: none. Type: int. In milliseconds. Default: 0. Allowed: 0 or more.
 * Takes effect for later binds and connects. Since 4.2. */
#define ZMQ_HEARTBEAT_IVL 75
/** After how long a silence the peer is told to give this side up. Floored to 100 ms. 0: not told. Type: int. In
 * milliseconds. Default: 0. Allowed: 0 to 6553599. Takes effect for later binds and connects. Since 4.2. */
#define ZMQ_HEARTBEAT_TTL 76
/** How long a PING may stay unanswered before the connection is closed. -1: as ZMQ_HEARTBEAT_IVL. Type: int. In
 * milliseconds. Default: -1. Allowed: 0 or more. Takes effect for later binds and connects. Since 4.2. */
#define ZMQ_HEARTBEAT_TIMEOUT 77
/** Hand every subscription and unsubscription to the program. Also those that change nothing. Type: int, 0: off,
 * more: on, cannot be read. Default: 0. Only on XPUB, PUB sockets. Takes effect at once. Since 4.2. */
#define ZMQ_XPUB_VERBOSER 78
/** How long an attempt to connect may take. 0: the system's choice. Type: int. In milliseconds. Default: 0.
 * Allowed: 0 or more. Takes effect for later binds and connects. Since 4.2. */
#define ZMQ_CONNECT_TIMEOUT 79
/** How long sent data may stay unacknowledged before TCP gives up. 0: the system's choice. Type: int. In
 * milliseconds. Default: 0. Allowed: 0 or more. Takes effect for later binds and connects. Since 4.2. */
#define ZMQ_TCP_MAXRT 80
/** Always 0, as programs expect. Yet with zcffi every socket may be used from any thread. Type: int, read only.
 * Since 4.2. */
#define ZMQ_THREAD_SAFE 81
/** A listening tcp or ipc descriptor that the next binds adopt. -1: none. Type: int. Unit: descriptor. Default: -1.
 * Allowed: -1 or more. Takes effect for later binds and connects. Since 4.2. */
#define ZMQ_USE_FD 89
/** Use only this network interface (SO_BINDTODEVICE). NULL of length 0: any. Type: text. Default: empty. Allowed: 1
 * to 16 bytes. Takes effect for later binds and connects. Since 4.3. */
#define ZMQ_BINDTODEVICE 92

/* ---- Socket options that are not supported yet: EINVAL ---- */

/** Rate limit of multicast. Type: int. Unit: kbit/s. Allowed: 1 or more. Since 2.0. */
#define ZMQ_RATE 8
/** How long a multicast receiver may be away without losing messages. Type: int. In milliseconds. Allowed: 0 or
 * more. Since 2.0. */
#define ZMQ_RECOVERY_IVL 9
/** How far multicast goes. Type: int. Unit: hops. Allowed: 1 or more. Since 3.0. */
#define ZMQ_MULTICAST_HOPS 25
/** Be the server of PLAIN security. Type: int, 0 or 1. Since 4.0. */
#define ZMQ_PLAIN_SERVER 44
/** User name for PLAIN security. Type: text. Allowed: 1 to 255 bytes. Since 4.0. */
#define ZMQ_PLAIN_USERNAME 45
/** Password for PLAIN security. Type: text. Allowed: 1 to 255 bytes. Since 4.0. */
#define ZMQ_PLAIN_PASSWORD 46
/** Be the server of CURVE security. Type: int, 0 or 1. Since 4.0. */
#define ZMQ_CURVE_SERVER 47
/** Own public key for CURVE security. Type: 32 bytes, or 40 characters of Z85. Since 4.0. */
#define ZMQ_CURVE_PUBLICKEY 48
/** Own secret key for CURVE security. Type: 32 bytes, or 40 characters of Z85. Since 4.0. */
#define ZMQ_CURVE_SECRETKEY 49
/** The server's public key for CURVE security. Type: 32 bytes, or 40 characters of Z85. Since 4.0. */
#define ZMQ_CURVE_SERVERKEY 50
/** The domain told to the ZAP handler. Type: text. Allowed: 1 to 255 bytes. Since 4.0. */
#define ZMQ_ZAP_DOMAIN 55
/** Be the server of GSSAPI security. Type: int, 0 or 1. Since 4.1. */
#define ZMQ_GSSAPI_SERVER 62
/** Own principal for GSSAPI security. Type: text. Allowed: 1 to 255 bytes. Since 4.1. */
#define ZMQ_GSSAPI_PRINCIPAL 63
/** The server's principal for GSSAPI security. Type: text. Allowed: 1 to 255 bytes. Since 4.1. */
#define ZMQ_GSSAPI_SERVICE_PRINCIPAL 64
/** GSSAPI without encryption. Type: int, 0 or 1. Since 4.1. */
#define ZMQ_GSSAPI_PLAINTEXT 65
/** Address of the SOCKS5 proxy for tcp connections. Type: text. Since 4.1. */
#define ZMQ_SOCKS_PROXY 68
/** Largest packet of multicast. Type: int. In bytes. Allowed: 1 or more. Since 4.2. */
#define ZMQ_MULTICAST_MAXTPDU 84
/** Buffer of a VMCI connection. Type: uint64_t. In bytes. Allowed: 0 or more. Since 4.2. */
#define ZMQ_VMCI_BUFFER_SIZE 85
/** Least buffer of a VMCI connection. Type: uint64_t. In bytes. Allowed: 0 or more. Since 4.2. */
#define ZMQ_VMCI_BUFFER_MIN_SIZE 86
/** Largest buffer of a VMCI connection. Type: uint64_t. In bytes. Allowed: 0 or more. Since 4.2. */
#define ZMQ_VMCI_BUFFER_MAX_SIZE 87
/** How long an attempt to connect by VMCI may take. Type: int. In milliseconds. Allowed: -1 or more. Since 4.2. */
#define ZMQ_VMCI_CONNECT_TIMEOUT 88
/** Kind of ZMQ_GSSAPI_PRINCIPAL. Type: int. Allowed: 0 to 2. Since 4.3. */
#define ZMQ_GSSAPI_PRINCIPAL_NAMETYPE 90
/** Kind of ZMQ_GSSAPI_SERVICE_PRINCIPAL. Type: int. Allowed: 0 to 2. Since 4.3. */
#define ZMQ_GSSAPI_SERVICE_PRINCIPAL_NAMETYPE 91

/* ---- Older names ---- */

#define ZMQ_IDENTITY 5
#define ZMQ_CONNECT_RID 61
#define ZMQ_DELAY_ATTACH_ON_CONNECT 39
#define ZMQ_FAIL_UNROUTABLE 33
#define ZMQ_ROUTER_BEHAVIOR 33

/* ---- Properties of messages ---- */

/** More parts of the same message follow. */
#define ZMQ_MORE 1
/** Deprecated: the descriptor a message came from. */
#define ZMQ_SRCFD 2
/** The bytes are shared or constant. */
#define ZMQ_SHARED 3

/* ---- Flags of send and receive ---- */

/** Fail with EAGAIN instead of waiting. */
#define ZMQ_DONTWAIT 1
/** More parts of the same message follow. */
#define ZMQ_SNDMORE 2
#define ZMQ_NOBLOCK 1

/* ---- What zmq_poll() waits for ---- */

/** Something can be received. */
#define ZMQ_POLLIN 1
/** Something can be sent. */
#define ZMQ_POLLOUT 2
/** An error on a descriptor of the system. */
#define ZMQ_POLLERR 4
/** Urgent data on a descriptor of the system. */
#define ZMQ_POLLPRI 8

/* ---- Security mechanisms ---- */

/** No security. */
#define ZMQ_NULL 0
/** User name and password, in the clear. */
#define ZMQ_PLAIN 1
/** Encryption and authentication by keys. */
#define ZMQ_CURVE 2
/** Kerberos. */
#define ZMQ_GSSAPI 3

/* ---- Devices ---- */

/** zmq_device(): PULL to PUSH. */
#define ZMQ_STREAMER 1
/** zmq_device(): SUB to PUB. */
#define ZMQ_FORWARDER 2
/** zmq_device(): ROUTER to DEALER. */
#define ZMQ_QUEUE 3

/* ---- Kinds of GSSAPI names ---- */

/** Kind of a GSSAPI name: host-based service. */
#define ZMQ_GSSAPI_NT_HOSTBASED 0
/** Kind of a GSSAPI name: local user. */
#define ZMQ_GSSAPI_NT_USER_NAME 1
/** Kind of a GSSAPI name: Kerberos principal. */
#define ZMQ_GSSAPI_NT_KRB5_PRINCIPAL 2

/* ---- Monitor events: zmq_socket_monitor() ---- */

/** A connection was made (the handshake follows). The value: descriptor. */
#define ZMQ_EVENT_CONNECTED 0x1
/** A connection is being made in the background. The value: errno. */
#define ZMQ_EVENT_CONNECT_DELAYED 0x2
/** A connection failed or was lost; it will be tried again. The value: milliseconds until the next attempt. */
#define ZMQ_EVENT_CONNECT_RETRIED 0x4
/** The socket was bound. The value: descriptor. */
#define ZMQ_EVENT_LISTENING 0x8
/** The socket could not be bound. The value: errno. */
#define ZMQ_EVENT_BIND_FAILED 0x10
/** A connection was accepted (the handshake follows). The value: descriptor. */
#define ZMQ_EVENT_ACCEPTED 0x20
/** A connection could not be accepted, or a filter refused it. The value: errno. */
#define ZMQ_EVENT_ACCEPT_FAILED 0x40
/** A listener, or an attempt to connect, was closed. The value: descriptor. */
#define ZMQ_EVENT_CLOSED 0x80
/** A listener could not be closed cleanly. The value: errno. */
#define ZMQ_EVENT_CLOSE_FAILED 0x100
/** A connection was lost. The value: descriptor. */
#define ZMQ_EVENT_DISCONNECTED 0x200
/** No more events follow on this monitor. The value: 0. */
#define ZMQ_EVENT_MONITOR_STOPPED 0x400
/** The connection was lost during the handshake. The value: errno. */
#define ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL 0x800
/** The handshake is done, messages can pass. The value: 0. */
#define ZMQ_EVENT_HANDSHAKE_SUCCEEDED 0x1000
/** The peer broke the protocol during the handshake. The value: a protocol error. */
#define ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL 0x2000
/** Authentication refused the connection. The value: 300, 400 or 500. */
#define ZMQ_EVENT_HANDSHAKE_FAILED_AUTH 0x4000
/** All events above. */
#define ZMQ_EVENT_ALL 0xffff

/* ---- Protocol errors, told by ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL: what the peer did ---- */

/** Broke ZMTP in a way that has no number of its own. */
#define ZMQ_PROTOCOL_ERROR_ZMTP_UNSPECIFIED 0x10000000
/** Sent a command that is not allowed now. */
#define ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND 0x10000001
/** Sent commands in a wrong order, or a nonce twice. */
#define ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_SEQUENCE 0x10000002
/** Sent keys that don't fit. */
#define ZMQ_PROTOCOL_ERROR_ZMTP_KEY_EXCHANGE 0x10000003
/** Sent a malformed command. */
#define ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED 0x10000011
/** Sent a malformed MESSAGE command. */
#define ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_MESSAGE 0x10000012
/** Sent a malformed HELLO command. */
#define ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_HELLO 0x10000013
/** Sent a malformed INITIATE command. */
#define ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_INITIATE 0x10000014
/** Sent a malformed ERROR command. */
#define ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_ERROR 0x10000015
/** Sent a malformed READY command. */
#define ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_READY 0x10000016
/** Sent a malformed WELCOME command. */
#define ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_WELCOME 0x10000017
/** Sent malformed or unfitting metadata. */
#define ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_METADATA 0x10000018
/** Sent what can't be decrypted. */
#define ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC 0x11000001
/** Uses another security mechanism. */
#define ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH 0x11000002
/** The ZAP handler broke its protocol in a way that has no number of its own. */
#define ZMQ_PROTOCOL_ERROR_ZAP_UNSPECIFIED 0x20000000
/** The ZAP handler sent a malformed reply. */
#define ZMQ_PROTOCOL_ERROR_ZAP_MALFORMED_REPLY 0x20000001
/** The ZAP handler answered another request. */
#define ZMQ_PROTOCOL_ERROR_ZAP_BAD_REQUEST_ID 0x20000002
/** The ZAP handler speaks another version. */
#define ZMQ_PROTOCOL_ERROR_ZAP_BAD_VERSION 0x20000003
/** The ZAP handler sent an unknown status. */
#define ZMQ_PROTOCOL_ERROR_ZAP_INVALID_STATUS_CODE 0x20000004
/** The ZAP handler sent malformed metadata. */
#define ZMQ_PROTOCOL_ERROR_ZAP_INVALID_METADATA 0x20000005
/** Broke the WebSocket protocol. */
#define ZMQ_PROTOCOL_ERROR_WS_UNSPECIFIED 0x30000000
/* zcffi: generated end */

/* ---- Version and errors ---------------------------------------------------------------------------------------- */

/** Report the level of the ZeroMQ API that the running library implements (zcffi_version() tells our own version).
 * Any of the pointers may be NULL. */
ZMQ_EXPORT void zmq_version (int *major, int *minor, int *patch);

/** The errno of the calling thread, for programs linked to another C runtime than the library. */
ZMQ_EXPORT int zmq_errno (void);

/** The text of an error number, ours or the system's. Never NULL, never to be freed, valid for the life of the
 * calling thread or until its next call. */
ZMQ_EXPORT const char *zmq_strerror (int errnum);

/** Whether the running library offers a capability: 1 or 0.
 *
 * Capabilities: "ipc", "pgm", "tipc", "norm", "curve", "gssapi", "vmci", "vsock", "draft", "WS", "WSS". Every other
 * text, also "tcp" and "inproc", which are always there, gives 0. */
ZMQ_EXPORT int zmq_has (const char *capability);

/* ---- Contexts -------------------------------------------------------------------------------------------------- */

/** Make a context: the owner of sockets and I/O threads. Threads start with the first socket.
 *
 * NULL and errno on failure: EMFILE (no descriptors left), ENOMEM. */
ZMQ_EXPORT void *zmq_ctx_new (void);

/** End a context and free it.
 *
 * First every call on its sockets fails with ETERM, also those already waiting. Then this call waits until all
 * sockets were closed with zmq_close() and all their messages were sent or given up according to ZMQ_LINGER. EFAULT:
 * no context. EINTR: a signal handler ran; call again to go on. */
ZMQ_EXPORT int zmq_ctx_term (void *context);

/** Make every call on the context's sockets fail with ETERM, also those already waiting; returns at once.
 *
 * The sockets still want zmq_close(), the context zmq_ctx_term(). May be called twice. EFAULT: no context. */
ZMQ_EXPORT int zmq_ctx_shutdown (void *context);

/** Set a context option, one of ZMQ_IO_THREADS, ZMQ_MAX_SOCKETS, ZMQ_THREAD_PRIORITY, ZMQ_THREAD_SCHED_POLICY,
 * ZMQ_THREAD_AFFINITY_CPU_ADD, ZMQ_THREAD_AFFINITY_CPU_REMOVE, ZMQ_THREAD_NAME_PREFIX, ZMQ_MAX_MSGSZ, ZMQ_IPV6,
 * ZMQ_BLOCKY.
 *
 * Thread options and limits must be set before the first socket is made. EINVAL: unknown option or value out of
 * range. EFAULT: no context. */
ZMQ_EXPORT int zmq_ctx_set (void *context, int option, int optval);

/** The value of a context option; -1 and errno on failure: EINVAL (unknown or write-only option), EFAULT (no
 * context). ZMQ_THREAD_SCHED_POLICY is -1 when it was never set, which is no failure. */
ZMQ_EXPORT int zmq_ctx_get (void *context, int option);

/** Deprecated: zmq_ctx_new(), then ZMQ_IO_THREADS is set. NULL and EINVAL when `io_threads` is negative. */
ZMQ_EXPORT void *zmq_init (int io_threads);

/** Deprecated: the same as zmq_ctx_term(). */
ZMQ_EXPORT int zmq_term (void *context);

/** Deprecated: the same as zmq_ctx_term(). */
ZMQ_EXPORT int zmq_ctx_destroy (void *context);

/* ---- Messages -------------------------------------------------------------------------------------------------- */

/** One part of a message. Its inside is the library's own; init it with one of the zmq_msg_init functions before any
 * other use, and end it with zmq_msg_close(). Never copy it by assignment. */
typedef union zmq_msg_t
{
    unsigned char _[64]; /**< only the size counts */
    void *p;             /**< for alignment */
} zmq_msg_t;

/** Frees bytes given to zmq_msg_init_data(). Called once, from any thread. */
typedef void (zmq_free_fn) (void *data, void *hint);

/** Make an empty message. Always 0. */
ZMQ_EXPORT int zmq_msg_init (zmq_msg_t *msg);

/** Make a message of `size` bytes (0 is allowed), whose content is undefined. ENOMEM: no memory. */
ZMQ_EXPORT int zmq_msg_init_size (zmq_msg_t *msg, size_t size);

/** Make a message of bytes that are not copied.
 *
 * `ffn(data, hint)` is called exactly once, from any thread, when nobody needs the bytes any more; until then they
 * must not change. `ffn` NULL: the bytes are constant and never freed. ENOMEM: no memory; `ffn` is then not
 * called. */
ZMQ_EXPORT int zmq_msg_init_data (zmq_msg_t *msg, void *data, size_t size, zmq_free_fn *ffn, void *hint);

/** Send a message part; the same as zmq_send(), but without a copy.
 *
 * Returns the number of bytes (at most INT_MAX), and `msg` is then an empty message. On failure `msg` is untouched
 * and still the caller's. Errors as zmq_send(), and EFAULT: `msg` is not initialised. */
ZMQ_EXPORT int zmq_msg_send (zmq_msg_t *msg, void *socket, int flags);

/** Receive a message part into `msg`, which must be initialised; what it held is released.
 *
 * Returns the number of bytes (at most INT_MAX). `flags`: 0 or ZMQ_DONTWAIT. Errors as zmq_recv(), and EFAULT: `msg`
 * is not initialised. */
ZMQ_EXPORT int zmq_msg_recv (zmq_msg_t *msg, void *socket, int flags);

/** Release a message. EFAULT: it is not initialised, or already closed. */
ZMQ_EXPORT int zmq_msg_close (zmq_msg_t *msg);

/** Move `src` to `dest`; what `dest` held is released, `src` is then an empty message. EFAULT: one of them is not
 * initialised. */
ZMQ_EXPORT int zmq_msg_move (zmq_msg_t *dest, zmq_msg_t *src);

/** Make `dest` a copy of `src`; what `dest` held is released. Large content is shared and must not be changed in
 * either. EFAULT: one of them is not initialised. ENOMEM: no memory. */
ZMQ_EXPORT int zmq_msg_copy (zmq_msg_t *dest, zmq_msg_t *src);

/** The bytes of a message; valid until it is closed, sent, moved or received into. */
ZMQ_EXPORT void *zmq_msg_data (zmq_msg_t *msg);

/** The number of bytes of a message. */
ZMQ_EXPORT size_t zmq_msg_size (const zmq_msg_t *msg);

/** Whether more parts of the same message follow this received part: 1 or 0. */
ZMQ_EXPORT int zmq_msg_more (const zmq_msg_t *msg);

/** A property of a message: ZMQ_MORE (as zmq_msg_more()), ZMQ_SRCFD (deprecated: the descriptor it came from), ZMQ_SHARED
 * (1: its bytes are shared or constant). EINVAL: unknown property, or ZMQ_SRCFD of a message that came from none. */
ZMQ_EXPORT int zmq_msg_get (const zmq_msg_t *msg, int property);

/** Reserved: no property can be set, always EINVAL. */
ZMQ_EXPORT int zmq_msg_set (zmq_msg_t *msg, int property, int optval);

/** A text about where a received message came from, owned by the message.
 *
 * Names: "Socket-Type", "Routing-Id" (also "Identity"), "User-Id", "Peer-Address", the peer's own "X-..." properties
 * and those a ZAP handler added. NULL and EINVAL: there is none. */
ZMQ_EXPORT const char *zmq_msg_gets (const zmq_msg_t *msg, const char *property);

/* ---- Sockets --------------------------------------------------------------------------------------------------- */

/** Make a socket of one of the types ZMQ_PAIR to ZMQ_STREAM.
 *
 * NULL and errno on failure: EINVAL (unknown type), EFAULT (no context), EMFILE (ZMQ_MAX_SOCKETS reached, or no
 * descriptors left), ETERM (the context was shut down), ENOMEM. */
ZMQ_EXPORT void *zmq_socket (void *context, int type);

/** Close a socket; returns at once.
 *
 * Messages received but not read are dropped; messages not yet sent are sent in the background for as long as
 * ZMQ_LINGER says. ENOTSOCK: no socket. */
ZMQ_EXPORT int zmq_close (void *socket);

/** Set a socket option; the reference of options tells type, range and when it takes effect.
 *
 * Most options hold for later binds and connects only. EINVAL: unknown or read-only option, wrong size, value out of
 * range, or an option that this type of socket does not have; the old value is kept. */
ZMQ_EXPORT int zmq_setsockopt (void *socket, int option, const void *optval, size_t optvallen);

/** Read a socket option into `optval`.
 *
 * `*optvallen` is the size of the buffer and becomes the number of bytes written; texts count their final NUL.
 * EINVAL: unknown or write-only option, or the buffer has the wrong size. */
ZMQ_EXPORT int zmq_getsockopt (void *socket, int option, void *optval, size_t *optvallen);

/** Accept connections at an endpoint; the address is taken when this returns.
 *
 * Endpoints: `tcp://interface:port` (interface: `*`, an IPv4 address, an IPv6 address in brackets, an interface name;
 * port: a number, or `*` for any free one), `ipc://path`, `ipc://@name` (abstract, Linux), `ipc://` with a `*` for a
 * temporary path, `inproc://name`. ZMQ_LAST_ENDPOINT then tells the address that was really taken. EINVAL: bad
 * endpoint. EPROTONOSUPPORT: unknown transport. ENOCOMPATPROTO: the transport does not suit the socket type.
 * EADDRINUSE, EADDRNOTAVAIL, ENODEV (no such interface), EMTHREAD (the context has no I/O thread), EMFILE (no
 * descriptors left), ENOMEM, and what the system says (EACCES, ENOENT, ENAMETOOLONG, ...). */
ZMQ_EXPORT int zmq_bind (void *socket, const char *endpoint);

/** Connect to an endpoint; returns at once, the connection is made, and made again when lost, in the background.
 *
 * Endpoints as for zmq_bind() with an address instead of an interface; `tcp://source:port;address:port` picks the
 * local address. Host names are looked up in the background. EINVAL: bad endpoint. EPROTONOSUPPORT: unknown
 * transport. ENOCOMPATPROTO: the transport does not suit the socket type. EMTHREAD: the context has no I/O thread.
 * EADDRINUSE: the name of ZMQ_CONNECT_ROUTING_ID is taken. EMFILE: no descriptors left for an I/O thread. ENOMEM. */
ZMQ_EXPORT int zmq_connect (void *socket, const char *endpoint);

/** Stop accepting at an endpoint and close the connections accepted there. `endpoint` is what ZMQ_LAST_ENDPOINT told.
 * ENOENT: not bound there. EINVAL: no `transport://address`. EPROTONOSUPPORT: unknown transport. */
ZMQ_EXPORT int zmq_unbind (void *socket, const char *endpoint);

/** Close the connection to an endpoint; messages not yet sent are sent for as long as ZMQ_LINGER says. `endpoint` is
 * the text given to zmq_connect(). ENOENT: not connected there. EINVAL: no `transport://address`. EPROTONOSUPPORT: unknown
 * transport. */
ZMQ_EXPORT int zmq_disconnect (void *socket, const char *endpoint);

/** Send a message part; the bytes are copied.
 *
 * `flags`: ZMQ_SNDMORE, more parts of the same message follow; ZMQ_DONTWAIT, fail instead of waiting. Waits while no
 * peer can take the message, at most ZMQ_SNDTIMEO milliseconds. Returns `size`. EAGAIN: would have to wait, or has
 * waited long enough. ENOTSUP: sockets of this type don't send. EFSM: not its turn to send. EHOSTUNREACH: no such
 * peer (ZMQ_ROUTER_MANDATORY). EMSGSIZE: larger than ZMQ_MAX_MSGSZ. EINVAL: this type sends no multi-part messages. EFAULT:
 * `buffer` is NULL and `size` not 0. ENOMEM: no memory. */
ZMQ_EXPORT int zmq_send (void *socket, const void *buffer, size_t size, int flags);

/** zmq_send() without a copy, for bytes that never change and never go away. */
ZMQ_EXPORT int zmq_send_const (void *socket, const void *buffer, size_t size, int flags);

/** Receive a message part into a buffer.
 *
 * Waits, unless `flags` has ZMQ_DONTWAIT, at most ZMQ_RCVTIMEO milliseconds. Returns the size of the whole part, also
 * when it is larger than `size`; the bytes that do not fit are lost. EAGAIN: nothing there, or has waited long enough.
 * ENOTSUP: sockets of this type don't receive. EFSM: not its turn to receive. EFAULT: `buffer` is NULL and `size` not
 * 0. ENOMEM: no memory; a message of several parts, or one with an envelope, is lost then, another stays for the next call. */
ZMQ_EXPORT int zmq_recv (void *socket, void *buffer, size_t size, int flags);

/** Report events of a socket on a PAIR socket that is bound to `endpoint`, an inproc address.
 *
 * `events` is a sum of ZMQ_EVENT_* (ZMQ_EVENT_ALL: every one). Each event is a message of two parts: 6 bytes in native
 * byte order (uint16 event, uint32 value), and the endpoint as text without NUL. A second call replaces the first;
 * `endpoint` NULL stops. Events that find no room are dropped and counted (ZCFFI_DROPPED). EINVAL: bad endpoint or
 * events. EPROTONOSUPPORT: not inproc. EADDRINUSE: address taken. ENOMEM: no memory. */
ZMQ_EXPORT int zmq_socket_monitor (void *socket, const char *endpoint, int events);

/* ---- Waiting for many sockets, proxies ------------------------------------------------------------------------- */

/** One thing to wait for. */
typedef struct zmq_pollitem_t
{
    void *socket;  /**< a socket, or NULL: `fd` counts */
    zmq_fd_t fd;   /**< a descriptor of the system */
    short events;  /**< what to wait for: sum of ZMQ_POLLIN, ZMQ_POLLOUT, ZMQ_POLLERR, ZMQ_POLLPRI */
    short revents; /**< what was found */
} zmq_pollitem_t;

/** Wait until one of `nitems` things is ready, at most `timeout` milliseconds (0: only look, -1: for ever).
 *
 * Returns the number of items whose `revents` is not 0; 0 when the time is over. With no items it sleeps. EFAULT:
 * `items` is NULL. EINVAL: `nitems` negative. ETERM, ENOTSOCK, EINTR. EMFILE: no descriptor to wait with. ENOMEM: no
 * memory. */
ZMQ_EXPORT int zmq_poll (zmq_pollitem_t *items, int nitems, long timeout);

/** Pass messages between `frontend` and `backend`, in both directions if their types allow, until the context ends.
 *
 * A copy of every part goes to `capture` unless it is NULL. `frontend` and `backend` may be the same socket. Always
 * -1: ETERM (context ended), EINTR, EFAULT (`frontend` or `backend` is NULL), ENOMEM. A message that could not be passed on
 * then is counted and told by `frontend` or `backend`, whichever it was for (ZCFFI_DROPPED). */
ZMQ_EXPORT int zmq_proxy (void *frontend, void *backend, void *capture);

/** zmq_proxy() that obeys messages from the socket `control`: PAUSE, RESUME, TERMINATE, STATISTICS (answered by eight
 * uint64 parts: messages and bytes received and sent at the frontend, then at the backend). 0 after TERMINATE; errors
 * as zmq_proxy(). */
ZMQ_EXPORT int zmq_proxy_steerable (void *frontend, void *backend, void *capture, void *control);

/** Deprecated: zmq_proxy() without capture; `type` is ignored. */
ZMQ_EXPORT int zmq_device (int type, void *frontend, void *backend);

/* ---- Keys and their text form ---------------------------------------------------------------------------------- */

/** Write `size` bytes (a multiple of 4) as Z85 text: 5 characters for 4 bytes, and a NUL. Returns `dest`, which must
 * hold size * 5 / 4 + 1 characters; NULL and EINVAL when `size` is no multiple of 4. */
ZMQ_EXPORT char *zmq_z85_encode (char *dest, const uint8_t *data, size_t size);

/** Read Z85 text into strlen(string) * 4 / 5 bytes. Returns `dest`; NULL and EINVAL when the length is 0 or no multiple
 * of 5, a character is none of Z85's, or a group is larger than 32 bits. */
ZMQ_EXPORT uint8_t *zmq_z85_decode (uint8_t *dest, const char *string);

/** Make a CURVE key pair as Z85 text; both buffers hold 41 characters, NUL included. ENOTSUP: no CURVE here. */
ZMQ_EXPORT int zmq_curve_keypair (char *z85_public_key, char *z85_secret_key);

/** The CURVE public key of a secret key, both 41 characters of Z85. EINVAL: no key. ENOTSUP: no CURVE here. The public
 * key is left alone on failure. */
ZMQ_EXPORT int zmq_curve_public (char *z85_public_key, const char *z85_secret_key);

/* ---- Helpers: counters, timers, stopwatch, threads -------------------------------------------------------------- */

/** Make an atomic counter that starts at 0. NULL: no memory. */
ZMQ_EXPORT void *zmq_atomic_counter_new (void);

/** Set an atomic counter. */
ZMQ_EXPORT void zmq_atomic_counter_set (void *counter, int value);

/** Add 1 to an atomic counter; returns the value before. */
ZMQ_EXPORT int zmq_atomic_counter_inc (void *counter);

/** Take 1 from an atomic counter; returns 0 when it has reached 0, else 1. */
ZMQ_EXPORT int zmq_atomic_counter_dec (void *counter);

/** The value of an atomic counter. */
ZMQ_EXPORT int zmq_atomic_counter_value (void *counter);

/** Free an atomic counter and set the pointer to it to NULL. */
ZMQ_EXPORT void zmq_atomic_counter_destroy (void **counter_p);

/** Called when a timer is due, by zmq_timers_execute() in its thread. */
typedef void (zmq_timer_fn) (int timer_id, void *arg);

/** Make a set of timers, for one thread. NULL and ENOMEM: no memory. */
ZMQ_EXPORT void *zmq_timers_new (void);

/** Free a set of timers and set the pointer to it to NULL. EFAULT: no set of timers. */
ZMQ_EXPORT int zmq_timers_destroy (void **timers_p);

/** Add a timer that is due every `interval` milliseconds. Returns its number (above 0). EFAULT: no set of timers, or no
 * handler. ENOMEM: no memory. */
ZMQ_EXPORT int zmq_timers_add (void *timers, size_t interval, zmq_timer_fn handler, void *arg);

/** Remove a timer. EINVAL: no such timer. EFAULT: no set of timers. */
ZMQ_EXPORT int zmq_timers_cancel (void *timers, int timer_id);

/** Change the interval of a timer, in milliseconds, and let it start from now. EINVAL: no such timer. EFAULT: no set of
 * timers. */
ZMQ_EXPORT int zmq_timers_set_interval (void *timers, int timer_id, size_t interval);

/** Let a timer start again from now. EINVAL: no such timer. EFAULT: no set of timers. */
ZMQ_EXPORT int zmq_timers_reset (void *timers, int timer_id);

/** Milliseconds until the next timer is due (0: one is due); -1 when there is none, or EFAULT: no set of timers. */
ZMQ_EXPORT long zmq_timers_timeout (void *timers);

/** Call the handlers of all timers that are due. Returns 0. EFAULT: no set of timers. */
ZMQ_EXPORT int zmq_timers_execute (void *timers);

/** Start a stopwatch. NULL: no memory. */
ZMQ_EXPORT void *zmq_stopwatch_start (void);

/** Microseconds since the start. */
ZMQ_EXPORT unsigned long zmq_stopwatch_intermediate (void *watch);

/** Microseconds since the start; frees the stopwatch. */
ZMQ_EXPORT unsigned long zmq_stopwatch_stop (void *watch);

/** Sleep for a number of seconds. */
ZMQ_EXPORT void zmq_sleep (int seconds);

/** What a thread of zmq_threadstart() runs. */
typedef void (zmq_thread_fn) (void *arg);

/** Start a thread. NULL: it could not be started. */
ZMQ_EXPORT void *zmq_threadstart (zmq_thread_fn *func, void *arg);

/** Wait for a thread's end and free its handle. */
ZMQ_EXPORT void zmq_threadclose (void *thread);

/* ---- Deprecated, kept for programs that use them ---------------------------------------------------------------- */

/** Deprecated: zmq_msg_send() with the arguments in another order. */
ZMQ_EXPORT int zmq_sendmsg (void *socket, zmq_msg_t *msg, int flags);

/** Deprecated: zmq_msg_recv() with the arguments in another order. */
ZMQ_EXPORT int zmq_recvmsg (void *socket, zmq_msg_t *msg, int flags);

struct iovec;

/** Deprecated: send `count` parts; with ZMQ_SNDMORE they form one message. Returns the size of the last part. EINVAL:
 * `count` is 0 or `iov` NULL; else as zmq_send(). */
ZMQ_EXPORT int zmq_sendiov (void *socket, struct iovec *iov, size_t count, int flags);

/** Deprecated: receive up to `*count` parts of one message, each into memory of malloc() that the caller frees. Returns
 * the number of parts, also in `*count`; after a failure `*count` tells how many were received before it. EINVAL: `count` or
 * `iov` is NULL, or `*count` is 0. ENOMEM: no memory; else as zmq_recv(). */
ZMQ_EXPORT int zmq_recviov (void *socket, struct iovec *iov, size_t *count, int flags);

/* zcffi: cdef end */

#ifndef _WIN32
/** zmq_poll() with another signal mask while it waits: `sigmask` points to a sigset_t (NULL: leave the mask alone).
 * Errors as zmq_poll(). */
ZMQ_EXPORT int zmq_ppoll (zmq_pollitem_t *items, int nitems, long timeout, const void *sigmask);
#endif

#ifdef __cplusplus
}
#endif

#endif
