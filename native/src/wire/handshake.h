/* The inside of a machine that shakes hands. Private to wire/: no other room includes this.
 *
 * handshake.c turns the crank; greeting.c has the steps up to the agreed version, old.c those of
 * ZMTP 1.0 and 2.0, and a mechanism (null.c) the rest; piece.c, below all of them, the buffers. A step runs when
 * `need` bytes have been gathered; it either asks for more (zc_hs_need), begins a new piece
 * (zc_hs_next), ends the handshake (zc_hs_done) or refuses (zc_wire_refuse). Steps see whole
 * pieces only, so how the bytes were split on their way cannot matter. */
#ifndef ZC_WIRE_HANDSHAKE_H
#define ZC_WIRE_HANDSHAKE_H

#include "wire/wire.h"

#define ZC_GREETING_SIZE 64
/* Longest READY (or ERROR) body taken: what the greeting and the header of a long frame leave of the
 * whole. RFC 37 has no limit; real ones have 25 to 300 bytes, and what a peer sends here is kept for
 * as long as it is connected. */
#define ZC_METADATA_MAX (ZC_WIRE_HANDSHAKE_MAX - ZC_GREETING_SIZE - 9)
#define ZC_IDENTITY_MAX 255

enum zc_wire_state
{
    ZC_STATE_FIRST,       /* 1 byte: is it a signature? */
    ZC_STATE_SIGNATURE,   /* 10 */
    ZC_STATE_REVISION,    /* 11 */
    ZC_STATE_GREETING,    /* 64: ZMTP 3 */
    ZC_STATE_TYPE,        /* 12: ZMTP 2, and 1 with a version */
    ZC_STATE_IDENTITY_V2, /* identity frame, a piece of its own */
    ZC_STATE_IDENTITY_V1,
    ZC_STATE_COMMAND_HEAD, /* header of a command of the mechanism */
    ZC_STATE_COMMAND,      /* header and body */
    ZC_STATE_DONE,
    ZC_STATE_REFUSED
};

/* A security mechanism. Static tables. */
struct zc_mechanism
{
    const char *name; /* as in the greeting, at most 20 characters */
    /* Peers before ZMTP 3 prove nothing about themselves: only NULL may take them. Everything
     * else refuses them, or announcing an old version would be the way around security (RFC 23
     * and 37, "downgrade attacks"). */
    bool takes_old_peers;
    /* The peer's greeting is good: queue what we say first. 0 or negative with why set. */
    int (*start) (struct zc_wire *);
    /* A whole command came; name and data lie in the gathered piece. Calls zc_hs_next for
     * another one, zc_hs_done at the end. 0 or negative with why set. */
    int (*command) (struct zc_wire *, const char *name, size_t name_size, const uint8_t *data, size_t size);
};

extern const struct zc_mechanism zc_mechanism_null;

struct zc_wire_handshake
{
    const struct zc_mechanism *mechanism;
    uint8_t *in;              /* small, or from the heap when a piece is longer */
    uint32_t have, need, cap; /* of in */
    uint16_t out_have, out_sent, out_cap;
    uint8_t greeted; /* bytes of our greeting queued so far */
    uint8_t routing_id_size;
    uint8_t small[10 + ZC_IDENTITY_MAX];
    uint8_t tail[]; /* our routing id, then what is to be sent (out_cap bytes) */
};

/* Stops the machine for good. text is a constant. Returns error. */
int zc_wire_refuse (struct zc_wire *, int error, uint32_t code, const char *text);

void zc_hs_need (struct zc_wire *, enum zc_wire_state, uint32_t need);
void zc_hs_next (struct zc_wire *, enum zc_wire_state, uint32_t need);
void zc_hs_done (struct zc_wire *);

/* Queues bytes to be sent; there is always room (see zc_wire_init). */
void zc_hs_put (struct zc_wire *, const void *bytes, size_t n);
const uint8_t *zc_hs_routing_id (const struct zc_wire *);

/* Moves bytes into the piece until it is whole or the bytes are at their end. 0, -ENOMEM. */
int zc_hs_gather (struct zc_wire_handshake *, const uint8_t *bytes, size_t n, size_t *used);

/* One step of greeting.c, old.c: 0 or negative with why set. */
int zc_greeting_first (struct zc_wire *);
int zc_greeting_signature (struct zc_wire *);
int zc_greeting_revision (struct zc_wire *);
int zc_greeting_whole (struct zc_wire *);
void zc_greeting_begin (struct zc_wire *);

int zc_old_begin_unversioned (struct zc_wire *);
int zc_old_begin_versioned (struct zc_wire *, uint8_t revision);
int zc_old_type (struct zc_wire *);
int zc_old_identity_v2 (struct zc_wire *);
int zc_old_identity_v1 (struct zc_wire *);

/* Keeps the peer's routing id, when one of our kind looks at it. 0 or negative with why set. */
int zc_wire_keep_identity (struct zc_wire *, const uint8_t *id, size_t n);

/* frame.c: the header of a frame of ZMTP 2 or 3 by the grammar alone, without limits:
 * ZC_FRAME_NEED, ZC_FRAME_PART when it is there, or negative with why set. */
int zc_frame_head (struct zc_wire *, const uint8_t *p, size_t have, struct zc_frame *);

/* metadata.c: checks the whole list against the grammar and takes what we use from it. 0 or
 * negative with why set. */
int zc_wire_keep_metadata (struct zc_wire *, const uint8_t *list, size_t n);

/* Does a socket of this type tell its routing id in READY? */
bool zc_wire_type_tells_id (int type);

/* Cuts a command's body into name and data. False: it has no (whole) name. */
bool zc_command_cut (const uint8_t *body, size_t n, const char **name, size_t *name_size,
                     const uint8_t **data, size_t *size);
bool zc_command_is (const char *name, size_t name_size, const char *wanted);

#endif
