/* The handshake: any bytes, cut anywhere, at every kind of socket and oldest version.
 *
 * Input: what the peer sends; its last three bytes choose the socket type, zmtp_min with the
 * routing id, and the cuts. The same bytes are fed whole and cut, and must end alike; one more
 * time with an allocation that fails. */
#include "slices.h"

struct talk
{
    struct zc_wire wire;
    int rc;
    size_t used, out_size;
    uint8_t out[1024];
};

static void drain (struct talk *t)
{
    const uint8_t *bytes;
    size_t n;

    while ((bytes = zc_wire_pending (&t->wire, &n))) {
        MUST (n > 0 && n <= sizeof t->out - t->out_size);
        memcpy (t->out + t->out_size, bytes, n);
        t->out_size += n;
        zc_wire_sent (&t->wire, n);
    }
}

static void walk (const struct zc_wire *w)
{
    uint32_t at = 0, value_size, all = 0;
    const uint8_t *value;
    const char *name;
    uint8_t name_size;

    while (zc_wire_property (w, &at, &name, &name_size, &value, &value_size)) {
        MUST (name_size > 0);
        all += 1u + name_size + 4u + value_size;
        for (uint8_t i = 0; i < name_size; i++)
            MUST (name[i] > ' ');
        for (uint32_t i = 0; i < value_size; i++)
            (void)*(volatile const uint8_t *)(value + i);
    }
    MUST (all == w->properties_size);
}

static void check (const struct talk *t, size_t n)
{
    const struct zc_wire *w = &t->wire;

    MUST (t->used <= n && t->used <= ZC_WIRE_HANDSHAKE_MAX);
    MUST (t->rc < 0 || t->rc == ZC_WIRE_MORE || t->rc == ZC_WIRE_READY);
    if (t->rc < 0)
        MUST (w->why.error == t->rc && w->why.text);
    if (t->rc == ZC_WIRE_MORE)
        MUST (t->used == n);
    if (t->rc == ZC_WIRE_READY) {
        MUST (w->major >= w->zmtp_min && w->major <= 3);
        MUST (w->peer_type == 255 || zc_wire_types_match (w->socktype, w->peer_type));
        MUST (!w->peer_id == (w->peer_id_size == 0));
        walk (w);
    }
}

/* cut 0: whole. False: no memory at the start. */
static bool run (struct talk *t, const struct zc_wire_config *config, struct slices s, uint64_t cut)
{
    size_t all = s.size;

    t->used = t->out_size = 0;
    t->rc = ZC_WIRE_MORE;
    if (zc_wire_init (&t->wire, config) < 0)
        return false;
    drain (t);
    do {
        size_t n = s.size, used;
        uint8_t *piece = NULL;

        if (cut > 0)
            piece = slices_piece (&s, &cut, &n);
        t->rc = zc_wire_feed (&t->wire, piece ? piece : s.bytes, n, &used);
        free (piece);
        t->used += used;
        drain (t);
        if (cut == 0)
            break;
    } while (t->rc == ZC_WIRE_MORE && s.size > 0);
    check (t, all);
    return true;
}

static void same (const struct talk *a, const struct talk *b)
{
    MUST (a->rc == b->rc && a->wire.why.text == b->wire.why.text);
    MUST (a->rc < 0 || a->used == b->used);
    MUST (a->out_size == b->out_size && memcmp (a->out, b->out, a->out_size) == 0);
    MUST (a->wire.major == b->wire.major && a->wire.minor == b->wire.minor);
    MUST (a->wire.peer_type == b->wire.peer_type);
    MUST (a->wire.peer_id_size == b->wire.peer_id_size);
    MUST (a->wire.properties_size == b->wire.properties_size);
}

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t n)
{
    static const uint8_t id[255] = {'m', 'e'};
    struct slices s = {bytes, n};
    uint64_t cut = slices_choice (&s) + 1u;
    uint8_t form = slices_choice (&s);
    struct zc_wire_config config = {.socktype = slices_choice (&s) % (ZMQ_XSUB + 1),
                                    .routing_id = id,
                                    .routing_id_size = (form >> 2) * 255u / 63u,
                                    .zmtp_min = 1 + form % 3,
                                    .maxmsgsize = -1};
    static struct talk whole, parts, poor;

    MUST (run (&whole, &config, s, 0));
    MUST (run (&parts, &config, s, cut));
    same (&whole, &parts);
    zc_wire_close (&whole.wire);
    zc_wire_close (&parts.wire);

    zc_alloc_fail_at = (long)(cut % 4 + 1);
    if (run (&poor, &config, s, cut))
        zc_wire_close (&poor.wire);
    zc_alloc_fail_at = 0;
    return 0;
}
