/* The ZMTP machine of one connection: bytes and time in, events and bytes out. No descriptors, locks, clock or threads.
 *
 * Life: init; while handshaking, feed() what arrives and send what pending() shows; after ZC_WIRE_READY, frames are cut with
 * zc_wire_frame() and commands handed to zc_wire_command(). Speaks ZMTP 3.1 (RFC 37), 3.0 (RFC 23), 2.0 (RFC 15) and
 * 1.0 (RFC 13) with the NULL mechanism, as the peer can. An idle machine owns no buffers (handshake buffers go at READY) and is
 * small: aim below 256 bytes.
 *
 * Bounds: greeting and handshake together ZC_WIRE_HANDSHAKE_MAX bytes (maxmsgsize has no say there); a frame at most
 * maxmsgsize bytes (-1: no limit), never 2^63 or more; a command likewise, though 512 bytes are always taken, so that a
 * small maxmsgsize does not end connections with heartbeats. */
#ifndef ZC_WIRE_WIRE_H
#define ZC_WIRE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ZC_WIRE_HANDSHAKE_MAX 65536

struct zc_wire_config
{
    int socktype;              /* ZMQ_PAIR .. ZMQ_XSUB */
    const uint8_t *routing_id; /* lent; copied where needed. Sent only by REQ, DEALER, ROUTER */
    size_t routing_id_size;    /* 0 .. 255 */
    int zmtp_min;              /* oldest major version accepted: 1, 2 or 3 */
    int64_t maxmsgsize;        /* -1: no limit */
};

enum zc_wire_result
{
    ZC_WIRE_MORE = 0, /* wants more bytes (or to send what is pending) */
    ZC_WIRE_READY = 1 /* handshake done; bytes behind *used are traffic */
};

enum /* flags of a frame, as ZMTP 2 and 3 have them on the wire */
{
    ZC_FRAME_MORE = 1,
    ZC_FRAME_LONG = 2,
    ZC_FRAME_COMMAND = 4
};

/* Why a machine refused: error is a negative errno (-EPROTO, -EMSGSIZE, -ENOMEM; -EACCES: the peer's ERROR command refuses us in
 * the handshake), code a ZMQ_PROTOCOL_ERROR_* of zmq.h or 0 (with -EACCES: the peer's status 300, 400 or 500, else 0), text a
 * constant sentence in English without the peer's bytes. */
struct zc_wire_why
{
    int error;
    uint32_t code;
    const char *text;
};

struct zc_wire
{
    uint8_t major, minor; /* the peer's, after its greeting: 1.0, 2.0, 3.0, 3.1 */
    uint8_t state;        /* private */
    uint8_t peer_type;    /* socket type after READY; 255: not told (ZMTP 1.0; READY without it) */
    uint8_t socktype, zmtp_min;
    uint8_t in_message; /* the caller's: a message with MORE is open; only command() looks */
    int64_t maxmsgsize;
    uint8_t *
        peer_id; /* the peer's routing id, owned; NULL when empty, and unless we are ROUTER: nobody else looks */
    uint8_t peer_id_size;
    uint8_t *properties; /* the peer's READY metadata as on the wire (name and value pairs), owned, or NULL */
    uint32_t properties_size;
    struct zc_wire_why why;
    struct zc_wire_handshake *hs; /* buffers of the handshake, NULL afterwards */
};

int zc_wire_init (struct zc_wire *, const struct zc_wire_config *); /* 0, -ENOMEM */
void zc_wire_close (struct zc_wire *);

/* One step of the handshake over n bytes; *used of them are taken. ZC_WIRE_MORE, ZC_WIRE_READY, or negative: see why. */
int zc_wire_feed (struct zc_wire *, const uint8_t *bytes, size_t n, size_t *used);
/* Handshake bytes to be sent; NULL when none. After a refusal too (the rest of the greeting, an ERROR command): send once
 * what goes out without waiting, then close. zc_wire_sent says how many went out. After READY what is still pending must go
 * out before any message: fetch it once, then send as a command. */
const uint8_t *zc_wire_pending (const struct zc_wire *, size_t *n);
void zc_wire_sent (struct zc_wire *, size_t n);
/* Frees the handshake buffers; call after READY when nothing is pending. */
void zc_wire_settle (struct zc_wire *);
/* The next property: *at starts at 0. False at the end. Name is not NUL-terminated. */
bool zc_wire_property (const struct zc_wire *, uint32_t *at, const char **name, uint8_t *name_size,
                       const uint8_t **value, uint32_t *value_size);

/* ---- traffic after the handshake ---- */

struct zc_frame
{
    uint8_t flags; /* ZC_FRAME_*, LONG left as it was */
    uint8_t head;  /* bytes of the header */
    uint64_t size; /* bytes of the body */
};

enum
{
    ZC_FRAME_NEED = 0, /* not even the header is there */
    ZC_FRAME_PART = 1, /* the header is; the body is not wholly */
    ZC_FRAME_WHOLE = 2
};

/* Header of a frame of ZMTP 1.0 (length first, flags after) into the common form. */
int zc_wire_frame_v1 (struct zc_wire *, const uint8_t *p, size_t have, struct zc_frame *);
/* Everything that is not a short frame of ZMTP 2 or 3: long ones, reserved bits, limits. */
int zc_wire_frame_slow (struct zc_wire *, const uint8_t *p, size_t have, struct zc_frame *);

/* Looks at the frame that starts at p. ZC_FRAME_*, or negative errno with why set (reserved flag bits, too long, a command
 * with MORE). Does not keep count of MORE: the caller sets in_message after each message frame, and leaves it on a command,
 * since deployed peers send PING and PONG between the parts of a message. */
static inline int zc_wire_frame (struct zc_wire *w, const uint8_t *p, size_t have, struct zc_frame *f)
{
    if (w->major >= 2 && have >= 2 && p[0] <= ZC_FRAME_MORE && (w->maxmsgsize < 0 || p[1] <= w->maxmsgsize)) {
        f->flags = p[0];
        f->head = 2;
        f->size = p[1];
        return have - 2 >= p[1] ? ZC_FRAME_WHOLE : ZC_FRAME_PART;
    }
    return w->major == 1 ? zc_wire_frame_v1 (w, p, have, f) : zc_wire_frame_slow (w, p, have, f);
}

enum zc_wire_what
{
    ZC_WIRE_IGNORE,    /* unknown or harmless: nothing to do */
    ZC_WIRE_SUBSCRIBE, /* data, size: the topic */
    ZC_WIRE_CANCEL,
    ZC_WIRE_PING, /* data, size: the context to send back (at most 16 bytes); ttl */
    ZC_WIRE_PONG,
    ZC_WIRE_ERROR /* the peer said why it leaves; data, size: its reason, unchecked bytes */
};

struct zc_wire_event
{
    enum zc_wire_what what;
    const uint8_t *data; /* within the body that was handed in */
    size_t size;
    uint16_t ttl; /* tenths of a second, 0: none */
};

/* Reads the body of a command frame. 0, or negative with why set (malformed, or not allowed now). SUBSCRIBE and CANCEL come only
 * from peers of SUB and XSUB kind to PUB and XPUB, between messages; elsewhere they are an error. */
int zc_wire_command (struct zc_wire *, const uint8_t *body, size_t n, struct zc_wire_event *);

/* ---- making bytes ---- */

/* Writes the header of a frame for a peer of the given major version (1: ZMTP 1.0 form) into out (10 bytes); returns its
 * length. flags: MORE and COMMAND; LONG is set as needed. */
size_t zc_wire_head (int major, uint8_t flags, uint64_t size, uint8_t out[10]);
/* The frame that subscribes to (or cancels) a topic, header included, in the form this peer understands: a command for 3.1,
 * a message 01/00 + topic before. Returns its whole length; writes it when cap suffices. */
size_t zc_wire_put_subscription (const struct zc_wire *, bool cancel, const uint8_t *topic, size_t n,
                                 uint8_t *out, size_t cap);
size_t zc_wire_put_ping (uint16_t ttl, uint8_t out[16]);                     /* whole frame */
size_t zc_wire_put_pong (const uint8_t *context, size_t n, uint8_t out[32]); /* whole frame, n <= 16 */

/* True when a socket of type a may talk to one of type b (RFC 28-31; facts: every legal pair). */
bool zc_wire_types_match (int a, int b);
/* "PAIR" .. "STREAM", or NULL; and back, -1: unknown. */
const char *zc_wire_type_name (int type);
int zc_wire_type_of (const char *name, size_t n);

/* ---- heartbeats: a small machine of its own, kept under the socket's lock ---- */

struct zc_beat
{
    uint64_t interval, timeout,
        ttl_sent;          /* ns; interval 0: we do not ping; ttl in tenths of a second is ttl_sent */
    uint64_t next_ping;    /* ZC_NEVER-like UINT64_MAX: none */
    uint64_t deadline;     /* a ping waits for any traffic until then */
    uint64_t ttl_deadline; /* the peer asked us to give up after this silence */
};

/* interval, ttl, timeout in ms as the options have them (timeout -1: the interval, 0: none). For peers of ZMTP 3 only. */
void zc_beat_init (struct zc_beat *, int interval, int ttl, int timeout, uint64_t now);
void zc_beat_traffic (struct zc_beat *); /* anything arrived */
void zc_beat_ping (struct zc_beat *, uint16_t ttl,
                   uint64_t now); /* a PING with this ttl arrived; is traffic itself */
enum
{
    ZC_BEAT_IDLE,
    ZC_BEAT_PING, /* send a PING now (ttl in ttl_sent) */
    ZC_BEAT_DEAD  /* the peer is gone */
};
/* What is due at now; *next: when to ask again (UINT64_MAX: not before something happens). */
int zc_beat_tick (struct zc_beat *, uint64_t now, uint64_t *next);

#endif
