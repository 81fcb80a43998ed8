/* The greeting: agreeing on a version, then on a mechanism. Handshake only; see handshake.c for
 * the order in which bytes go out.
 *
 * What the peer's first bytes mean (RFC 15, 23, 37: "Backwards Interoperability"):
 *   first byte not FF               ZMTP 1.0: it is the length of its identity frame
 *   FF, tenth byte even             ZMTP 1.0: a long length, and the flags of that frame
 *   FF, tenth byte odd, eleventh 0  ZMTP 1.0 framing, but with a version and a socket type; no
 *                                   specification has it, deployed peers know it
 *                                1, 2  ZMTP 2.0
 *                                3 up  ZMTP 3: minor 0 is 3.0, the rest 3.1; a higher major is
 *                                   spoken to in 3.1, "its own protocol", whatever its minor
 * The padding of the signature, the filler and, with NULL, as-server mean nothing and are not
 * looked at. Our own as-server is 0. */
#include "wire/handshake.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "zmq.h"

#define SIGNATURE_SIZE 10
#define MECHANISM_AT 12
#define MECHANISM_SIZE 20

static const char too_old[] = "the peer speaks a ZMTP older than ZMTP_MIN allows";

/* Queues our greeting up to its byte number `end`. */
static void say (struct zc_wire *w, uint8_t end)
{
    struct zc_wire_handshake *hs = w->hs;
    uint8_t greeting[ZC_GREETING_SIZE] = {0xFF, [9] = 0x7F, [10] = 3, [11] = 1};

    /* To a ZMTP 1.0 peer these ten bytes are the header of our identity frame: length 1 (the
     * flags) and the id. Where such peers are not welcome RFC 37 wants zeros. */
    if (w->zmtp_min == 1)
        zc_put_u64 (greeting + 1, hs->routing_id_size + 1u);
    memcpy (greeting + MECHANISM_AT, hs->mechanism->name, strlen (hs->mechanism->name));
    if (end > hs->greeted) {
        zc_hs_put (w, greeting + hs->greeted, (size_t)(end - hs->greeted));
        hs->greeted = end;
    }
}

void zc_greeting_begin (struct zc_wire *w)
{
    static const uint8_t at_once[] = {[1] = SIGNATURE_SIZE, [2] = SIGNATURE_SIZE + 1, [3] = ZC_GREETING_SIZE};

    say (w, at_once[w->zmtp_min]);
}

/* May a peer of this old major version stay? */
static int admit_old (struct zc_wire *w, uint8_t major)
{
    if (major < w->zmtp_min)
        return zc_wire_refuse (w, -EPROTO, ZMQ_PROTOCOL_ERROR_ZMTP_UNSPECIFIED, too_old);
    if (!w->hs->mechanism->takes_old_peers)
        return zc_wire_refuse (w, -EPROTO, ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH,
                               "the peer speaks a ZMTP that has no security, and we ask for it");
    w->major = major;
    w->minor = 0;
    return 0;
}

static int unversioned (struct zc_wire *w)
{
    int rc = admit_old (w, 1);

    return rc < 0 ? rc : zc_old_begin_unversioned (w);
}

int zc_greeting_first (struct zc_wire *w)
{
    if (w->hs->in[0] != 0xFF)
        return unversioned (w);
    zc_hs_need (w, ZC_STATE_SIGNATURE, SIGNATURE_SIZE);
    return 0;
}

int zc_greeting_signature (struct zc_wire *w)
{
    if (!(w->hs->in[9] & 1))
        return unversioned (w);
    say (w, SIGNATURE_SIZE + 1);
    zc_hs_need (w, ZC_STATE_REVISION, SIGNATURE_SIZE + 1);
    return 0;
}

int zc_greeting_revision (struct zc_wire *w)
{
    uint8_t revision = w->hs->in[10];

    if (revision < 3) {
        int rc = admit_old (w, revision == 0 ? 1 : 2);

        return rc < 0 ? rc : zc_old_begin_versioned (w, revision);
    }
    say (w, ZC_GREETING_SIZE);
    zc_hs_need (w, ZC_STATE_GREETING, ZC_GREETING_SIZE);
    return 0;
}

int zc_greeting_whole (struct zc_wire *w)
{
    const struct zc_wire_handshake *hs = w->hs;
    char ours[MECHANISM_SIZE] = {0};

    w->major = 3;
    w->minor = hs->in[10] > 3 || hs->in[11] > 0 ? 1 : 0;
    memcpy (ours, hs->mechanism->name, strlen (hs->mechanism->name));
    /* All twenty bytes: "NULL" with something behind its zeros is not NULL. */
    if (memcmp (hs->in + MECHANISM_AT, ours, sizeof ours) != 0)
        return zc_wire_refuse (w, -EPROTO, ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH,
                               "the peer announces another security mechanism than ours");
    zc_hs_next (w, ZC_STATE_COMMAND_HEAD, 2);
    return hs->mechanism->start (w);
}
