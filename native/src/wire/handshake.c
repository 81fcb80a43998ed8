/* The crank of the handshake: has pieces gathered (piece.c) and runs the step of each.
 *
 * Who sends what when (S: we, P: the peer). By default ZMTP 1.0 peers are welcome, so
 *   S the 10 bytes of the signature, at once;
 *   S the version byte 03, when P's ten bytes are a signature too;
 *   S the other 53 bytes of the greeting, when P's version is 3 or higher;
 *   S READY, when P's 64 bytes are there and its mechanism is ours; P's READY is not awaited (RFC
 * 23 asks that of both, RFC 37 of the one that connected; sending at once suits both); and the
 * handshake is done when P's READY has come. Nothing of ours but that goes out before: a message
 * sent to a peer that has not seen our READY is taken by deployed peers for a broken one. With
 * zmtp_min 2 nobody needs the pause before the version byte and the first eleven bytes go at once;
 * with 3 all 64 do. Old peers: see old.c.
 *
 * After a refusal what is queued may still be sent, once and without waiting, before the
 * connection is closed: the rest of our greeting tells the peer our mechanism, and an ERROR
 * command the reason. */
#include "wire/handshake.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "wire/wire.h"
#include "zmq.h"

/* The most we ever queue, besides our routing id: greeting (64), READY with its header and two
 * properties (2 + 6 + 22 + 13, or 7 more when long), ERROR (2 + 7 + its reason). */
#define OUT_SIZE 256

int zc_wire_init (struct zc_wire *w, const struct zc_wire_config *config)
{
    size_t id_size = config->routing_id_size;
    struct zc_wire_handshake *hs;

    assert (config->zmtp_min >= 1 && config->zmtp_min <= 3);
    assert (id_size <= ZC_IDENTITY_MAX);
    *w = (struct zc_wire){.state = ZC_STATE_FIRST,
                          .peer_type = 255,
                          .socktype = (uint8_t)config->socktype,
                          .zmtp_min = (uint8_t)config->zmtp_min,
                          .maxmsgsize = config->maxmsgsize};
    hs = zc_alloc (sizeof *hs + id_size + OUT_SIZE + id_size);
    if (!hs)
        return -ENOMEM;
    *hs = (struct zc_wire_handshake){.mechanism = &zc_mechanism_null,
                                     .in = hs->small,
                                     .cap = sizeof hs->small,
                                     .need = 1,
                                     .out_cap = (uint16_t)(OUT_SIZE + id_size),
                                     .routing_id_size = (uint8_t)id_size};
    if (id_size > 0)
        memcpy (hs->tail, config->routing_id, id_size);
    w->hs = hs;
    zc_greeting_begin (w);
    return 0;
}

void zc_wire_close (struct zc_wire *w)
{
    zc_wire_settle (w);
    zc_free (w->peer_id);
    zc_free (w->properties);
    w->peer_id = NULL;
    w->peer_id_size = 0;
    w->properties = NULL;
    w->properties_size = 0;
}

void zc_wire_settle (struct zc_wire *w)
{
    if (w->hs && w->hs->in != w->hs->small)
        zc_free (w->hs->in);
    zc_free (w->hs);
    w->hs = NULL;
}

/* ---- commands of the handshake, whatever the mechanism ---- */

/* have: 2 bytes, or 9 once the length is known to be long. */
static int command_head (struct zc_wire *w)
{
    const struct zc_wire_handshake *hs = w->hs;
    struct zc_frame f;
    int rc;

    if (!(hs->in[0] & ZC_FRAME_COMMAND))
        return zc_wire_refuse (w, -EPROTO, ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND,
                               "a message came before the handshake was done");
    rc = zc_frame_head (w, hs->in, hs->have, &f);
    if (rc < 0)
        return rc;
    if (rc == ZC_FRAME_NEED) {
        zc_hs_need (w, ZC_STATE_COMMAND_HEAD, 9);
        return 0;
    }
    if (f.size > ZC_METADATA_MAX)
        return zc_wire_refuse (w, -EMSGSIZE, ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED,
                               "a command makes the handshake longer than 64 KiB");
    zc_hs_need (w, ZC_STATE_COMMAND, (uint32_t)(f.head + f.size));
    return 0;
}

static int command_whole (struct zc_wire *w)
{
    const struct zc_wire_handshake *hs = w->hs;
    size_t head = hs->in[0] & ZC_FRAME_LONG ? 9 : 2, name_size, size;
    const uint8_t *data;
    const char *name;

    if (!zc_command_cut (hs->in + head, hs->have - head, &name, &name_size, &data, &size))
        return zc_wire_refuse (w, -EPROTO, ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED,
                               "a command has no name, or one longer than itself");
    return hs->mechanism->command (w, name, name_size, data, size);
}

static int (*const steps[]) (struct zc_wire *) = {
    [ZC_STATE_FIRST] = zc_greeting_first,
    [ZC_STATE_SIGNATURE] = zc_greeting_signature,
    [ZC_STATE_REVISION] = zc_greeting_revision,
    [ZC_STATE_GREETING] = zc_greeting_whole,
    [ZC_STATE_TYPE] = zc_old_type,
    [ZC_STATE_IDENTITY_V2] = zc_old_identity_v2,
    [ZC_STATE_IDENTITY_V1] = zc_old_identity_v1,
    [ZC_STATE_COMMAND_HEAD] = command_head,
    [ZC_STATE_COMMAND] = command_whole,
};

/* ---- the crank ---- */

int zc_wire_feed (struct zc_wire *w, const uint8_t *bytes, size_t n, size_t *used)
{
    int rc;

    *used = 0;
    if (w->state == ZC_STATE_REFUSED)
        return w->why.error;
    while (w->state != ZC_STATE_DONE) {
        if (zc_hs_gather (w->hs, bytes, n, used) < 0)
            return zc_wire_refuse (w, -ENOMEM, 0, "no memory for the peer's handshake");
        if (w->hs->have < w->hs->need)
            return ZC_WIRE_MORE;
        rc = steps[w->state](w);
        if (rc < 0)
            return rc;
    }
    return ZC_WIRE_READY;
}
