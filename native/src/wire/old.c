/* Peers from before ZMTP 3: they say who they are in one identity frame, and traffic follows.
 *
 * What we send (P: the peer):
 *   ZMTP 1.0, no version (RFC 13): our routing id, when P's first byte (or its tenth) has told
 *     us. The signature P already has is the header of that frame. P's first frame is its identity;
 *     it never tells its socket type, so peer_type stays 255 and nothing is checked.
 *   1.0 framing with a version (revision 0): our socket type, then our identity frame in 1.0 form.
 *   ZMTP 2.0 (RFC 15): our socket type, then our identity frame. XPUB and XSUB are not known on
 *     the wire: we say PUB and SUB. P's 9 and 10 are taken for what deployed peers mean by them.
 * Here every kind of socket tells its routing id, as deployed peers do; only READY is choosy.
 *
 * A publisher must take a peer of ZMTP 1.0 for one that subscribed to everything: its kind filters
 * for itself and asks for nothing (RFC 13, "Broadcast Content"). */
#include "wire/handshake.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "zmq.h"

/* The id we make up for peers without one: a zero byte and a number. A peer that brings such a
 * name could pass for another; any other name is its own business. (RFC 37 keeps all names with a
 * zero in front for us, but programs do name themselves with binary numbers.) */
#define MADE_UP_SIZE 5

int zc_wire_keep_identity (struct zc_wire *w, const uint8_t *id, size_t n)
{
    /* "For all other socket types, the Identity property shall be ignored" (RFC 37). */
    if (n == 0 || w->socktype != ZMQ_ROUTER)
        return 0;
    if (n > ZC_IDENTITY_MAX)
        return zc_wire_refuse (w, -EPROTO, ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_METADATA,
                               "the peer's routing id is longer than 255 bytes");
    if (id[0] == 0 && n == MADE_UP_SIZE)
        return zc_wire_refuse (w, -EPROTO, ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_METADATA,
                               "the peer's routing id has the form of those we make up ourselves");
    w->peer_id = zc_alloc (n);
    if (!w->peer_id)
        return zc_wire_refuse (w, -ENOMEM, 0, "no memory for the peer's routing id");
    memcpy (w->peer_id, id, n);
    w->peer_id_size = (uint8_t)n;
    return 0;
}

/* Old peers end here. */
static int end (struct zc_wire *w, const uint8_t *id, size_t n)
{
    int rc = zc_wire_keep_identity (w, id, n);

    if (rc == 0)
        zc_hs_done (w);
    return rc;
}

int zc_old_begin_unversioned (struct zc_wire *w)
{
    zc_hs_put (w, zc_hs_routing_id (w), w->hs->routing_id_size);
    /* What has come stays: it is the beginning of the identity frame. */
    zc_hs_need (w, ZC_STATE_IDENTITY_V1, w->hs->have < 2 ? 2 : w->hs->have);
    return 0;
}

int zc_old_begin_versioned (struct zc_wire *w, uint8_t revision)
{
    uint8_t type = w->socktype, head[10];
    uint8_t id_size = w->hs->routing_id_size;

    if (type == ZMQ_XPUB)
        type = ZMQ_PUB;
    else if (type == ZMQ_XSUB)
        type = ZMQ_SUB;
    zc_hs_put (w, &type, 1);
    zc_hs_put (w, head, zc_wire_head (revision == 0 ? 1 : 2, 0, id_size, head));
    zc_hs_put (w, zc_hs_routing_id (w), id_size);
    zc_hs_need (w, ZC_STATE_TYPE, 12);
    return 0;
}

int zc_old_type (struct zc_wire *w)
{
    uint8_t type = w->hs->in[11];

    /* RFC 15 wants it "silently disconnecting". */
    if (!zc_wire_types_match (w->socktype, type))
        return zc_wire_refuse (w, -EPROTO, ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_METADATA,
                               "the peer's socket type cannot talk to ours");
    w->peer_type = type;
    zc_hs_next (w, w->major == 1 ? ZC_STATE_IDENTITY_V1 : ZC_STATE_IDENTITY_V2, 2);
    return 0;
}

/* identity = final-short body: flags 00, one byte of length (RFC 15). */
int zc_old_identity_v2 (struct zc_wire *w)
{
    const struct zc_wire_handshake *hs = w->hs;
    uint32_t whole = 2u + hs->in[1];

    if (hs->in[0] != 0)
        return zc_wire_refuse (w, -EPROTO, ZMQ_PROTOCOL_ERROR_ZMTP_UNSPECIFIED,
                               "the peer's identity frame is not a short final one");
    if (hs->have < whole) {
        zc_hs_need (w, ZC_STATE_IDENTITY_V2, whole);
        return 0;
    }
    return end (w, hs->in + 2, hs->in[1]);
}

/* length flags body, the length one byte, or FF and eight (RFC 13). */
int zc_old_identity_v1 (struct zc_wire *w)
{
    const struct zc_wire_handshake *hs = w->hs;
    uint32_t head = hs->in[0] == 0xFF ? 10 : 2;
    uint64_t length;

    if (hs->have < head) {
        zc_hs_need (w, ZC_STATE_IDENTITY_V1, head);
        return 0;
    }
    length = head == 10 ? zc_get_u64 (hs->in + 1) : hs->in[0];
    /* RFC 13: "idflags SHALL not be validated and SHOULD be zero". But whoever asks a port what
     * it is comes along here: "GET / HTTP", "SSH-2.0", a TLS hello (16 03 ..), and would be
     * heard by the program as a message. No peer of ZMTP 1.0 has used more than
     * bit 0. */
    if (hs->in[head - 1] > 1)
        return zc_wire_refuse (w, -EPROTO, ZMQ_PROTOCOL_ERROR_ZMTP_UNSPECIFIED,
                               "what the peer sends is not ZMTP");
    if (length == 0 || length - 1 > ZC_IDENTITY_MAX)
        return zc_wire_refuse (w, -EPROTO, ZMQ_PROTOCOL_ERROR_ZMTP_UNSPECIFIED,
                               "the peer's identity frame is empty or longer than 255 bytes");
    if (hs->have < head + length - 1) {
        zc_hs_need (w, ZC_STATE_IDENTITY_V1, (uint32_t)(head + length - 1));
        return 0;
    }
    return end (w, hs->in + head, (size_t)length - 1);
}
