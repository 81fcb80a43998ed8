/* zcffi.h: what zcffi offers beside the ZeroMQ API of zmq.h. MIT licence, see LICENSE.
 *
 * Everything here works on the same handles as zmq.h: a context or socket made by zmq_ctx_new() or
 * zmq_socket(), from C or from Python, is used by both sets of functions, from any thread.
 *
 * Options are set by zmq_setsockopt() and read by zmq_getsockopt(), with the size of their type: EINVAL for another size or a
 * value that is not allowed. Every function fails with -1 and errno, as those of zmq.h do; beside the errors named there,
 * EINVAL: an array is NULL although its count is not 0. */
#ifndef ZCFFI_H_INCLUDED
#define ZCFFI_H_INCLUDED

#include "zmq.h"

#ifdef __cplusplus
extern "C" {
#endif

/* zcffi: cdef begin */

/* zcffi: generated begin (tools/generate.py) */
/** Oldest major version of ZMTP that a peer may speak; older peers are refused. Type: int. Unit: version. Default:
 * 1. Allowed: 1 to 3. Takes effect for later binds and connects. Since zcffi 0.1. */
#define ZCFFI_ZMTP_MIN 10000
/** Most parts of one incoming message; a peer that sends more is closed. 0: no limit. Type: int. Unit: parts.
 * Default: 1000000. Allowed: 0 or more. Takes effect for later binds and connects. Since zcffi 0.1. */
#define ZCFFI_MAX_PARTS 10001
/** Most subscriptions of one peer; a peer that makes more is closed. 0: no limit. Type: int. Unit: subscriptions.
 * Default: 1000000. Allowed: 0 or more. Takes effect for later binds and connects. Since zcffi 0.1. */
#define ZCFFI_MAX_SUBSCRIPTIONS 10002
/** Most bytes in all subscriptions of one peer; a peer that makes more is closed. 0: no limit. Type: int64_t. In
 * bytes. Default: 67108864. Allowed: 0 or more. Takes effect for later binds and connects. Since zcffi 0.1. */
#define ZCFFI_MAX_SUBSCRIPTION_BYTES 10003
/** How long a call that waits looks again before it sleeps. 0: it sleeps at once. Up to four times as long where
 * answers keep coming just after that. Type: int. In microseconds. Default: 20. Allowed: 0 or more. Takes effect
 * at once. Since zcffi 0.1. */
#define ZCFFI_LOOK_AGAIN 10004
/** How many messages this socket dropped. For full peers, unsent at a disconnect, monitor events without room, and
 * the like. Type: uint64_t, read only. Unit: messages. Since zcffi 0.1. */
#define ZCFFI_DROPPED 10005
/** A connected peer was closed because it broke the protocol or a limit. The value: a protocol error, or errno. */
#define ZCFFI_EVENT_PEER_REFUSED 0x100000000
/** Messages of this socket were dropped. The value: how many. */
#define ZCFFI_EVENT_MESSAGES_DROPPED 0x200000000
/** An attempt to connect failed for a reason that has no event of its own: the name was not found, say. The value:
 * errno. */
#define ZCFFI_EVENT_CONNECT_FAILED 0x400000000
/** A message for a peer at its high-water mark was dropped. Told again once the peer has taken messages. The value:
 * messages that the socket has dropped so far, this one too. */
#define ZCFFI_EVENT_PEER_FULL 0x800000000
/** All events, those of zmq.h too. */
#define ZCFFI_EVENT_ALL 0xf0000ffff
/** Error: the object was made before a fork. Make a new context in the child; closing what was inherited works. */
#define ZCFFI_EFORKED 156385712
/* zcffi: generated end */

/** Report the version of zcffi itself (zmq_version() reports the level of the ZeroMQ API).
 * Any of the pointers may be NULL. */
ZMQ_EXPORT void zcffi_version (int *major, int *minor, int *patch);

/** Flag of every call that receives, with ZMQ_DONTWAIT: before it fails with EAGAIN it looks again for as long as the
 * option LOOK_AGAIN says, as a call that waits does before it sleeps. For event loops: what comes at once needs no way
 * through the loop. Whether that pays is the caller's to judge. */
#define ZCFFI_LOOK 0x1000

/** ZCFFI_LOOK for ten times as long: a peer that sleeps in its own event loop is back in that time. */
#define ZCFFI_LOOK_LONG 0x2000

/** One part of a message, for zcffi_send_many(). */
typedef struct zcffi_part_t
{
    const void *data; /**< the bytes; may be NULL when size is 0 */
    size_t size;      /**< their number */
    int more;         /**< 1: the next part belongs to the same message; 0: last part of its message */
} zcffi_part_t;

/** Send one whole message of `count` parts (1 or more) in one call.
 *
 * The message is atomic: no other thread's parts come between, and it passes beside a message that is being
 * sent part by part. Waits as zmq_send() does. On success 0 is returned and every part is an empty message; on failure -1,
 * nothing was sent and the parts are untouched: the errors of zmq_msg_send(), EINVAL when `count` is 0. `flags`: 0 or
 * ZMQ_DONTWAIT. */
ZMQ_EXPORT int zcffi_send_parts (void *socket, zmq_msg_t *parts, size_t count, int flags);

/** Receive one whole message in one call into `parts[0 .. capacity)`, which need not be initialised.
 *
 * Returns the number of parts, each of which must then be closed with zmq_msg_close(); zmq_msg_more() is 1 on all
 * but the last. -1 and errno as zmq_msg_recv() on failure, with no part initialised; EMSGSIZE: the next message has
 * more than `capacity` parts, it stays queued. `flags`: 0 or ZMQ_DONTWAIT. */
ZMQ_EXPORT int zcffi_recv_parts (void *socket, zmq_msg_t *parts, size_t capacity, int flags);

/** Send many whole messages in one call; the bytes are copied.
 *
 * `parts` holds the messages one after the other, a message ends with the first part whose `more` is 0 (the last part
 * must have 0, else EINVAL). Waits, unless ZMQ_DONTWAIT is given, until the first message is accepted, at most ZMQ_SNDTIMEO
 * milliseconds; then goes on as long as there is room, without waiting. Returns the number of parts accepted, always
 * whole messages, 0 when `count` is 0; -1 when not even the first was, with errno as zmq_send(). A part with a size and
 * `data` NULL ends the list before its message: the messages before it are sent and counted; EFAULT when there are none. */
ZMQ_EXPORT long zcffi_send_many (void *socket, const zcffi_part_t *parts, size_t count, int flags);

/** Receive up to `messages` whole messages into `parts[0 .. capacity)`, which need not be initialised.
 *
 * Waits, unless ZMQ_DONTWAIT is given, for the first message, at most ZMQ_RCVTIMEO milliseconds; then takes what is there
 * and fits. Returns the number of parts filled (close each); a message ends where zmq_msg_more() is 0. -1 as
 * zcffi_recv_parts(). */
ZMQ_EXPORT long zcffi_recv_many (void *socket, zmq_msg_t *parts, size_t capacity, size_t messages, int flags);

/** zcffi_send_many() for parts that lie back to back in one buffer.
 *
 * `sizes[i]` is the size of part i times 2, plus 1 when the next part belongs to the same message. EFAULT, and nothing is
 * sent, when a part has a size and `buffer` is NULL. */
ZMQ_EXPORT long zcffi_send_packed (void *socket, const void *buffer, const uint64_t *sizes, size_t count,
                                   int flags);

/** zcffi_recv_many() into one buffer, the parts back to back; `sizes[i]` as in zcffi_send_packed().
 *
 * `size`: the bytes that fit into `buffer`. Returns the number of parts. A message that does not fit into what is left of
 * buffer or sizes stays queued; when it is the first: -1, EMSGSIZE, `sizes[0]` the bytes and, when `capacity` is 2 or
 * more, `sizes[1]` the parts it needs. Other errors as zcffi_recv_parts(). */
ZMQ_EXPORT long zcffi_recv_packed (void *socket, void *buffer, size_t size, uint64_t *sizes, size_t capacity,
                                   size_t messages, int flags);

/** zmq_socket_monitor() with events of 64 bits: those of zmq.h and ours from bit 32 on.
 *
 * Each event is a message of five or more frames: event (uint64), count of values (uint64), that many values (uint64
 * each), local endpoint, remote endpoint (text, no NUL), all in native byte order; our own events append a last frame
 * that says in words what happened. `events`: a sum of ZMQ_EVENT_* and ZCFFI_EVENT_*. `endpoint` NULL stops the monitor.
 * Errors as zmq_socket_monitor(); EINVAL: no such event. */
ZMQ_EXPORT int zcffi_socket_monitor (void *socket, const char *endpoint, uint64_t events);

/* zcffi: cdef end */

#ifdef __cplusplus
}
#endif

#endif
