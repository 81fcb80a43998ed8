/* Pieces: what a handshake has gathered of what came, and queued of what is to be sent; what steps say of them. Below every
 * step. */
#include "wire/handshake.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/alloc.h"

int zc_wire_refuse (struct zc_wire *w, int error, uint32_t code, const char *text)
{
    w->state = ZC_STATE_REFUSED;
    w->why = (struct zc_wire_why){.error = error, .code = code, .text = text};
    return error;
}

void zc_hs_need (struct zc_wire *w, enum zc_wire_state state, uint32_t need)
{
    assert (need >= w->hs->have);
    w->state = (uint8_t)state;
    w->hs->need = need;
}

void zc_hs_next (struct zc_wire *w, enum zc_wire_state state, uint32_t need)
{
    w->hs->have = 0;
    zc_hs_need (w, state, need);
}

void zc_hs_done (struct zc_wire *w)
{
    w->state = ZC_STATE_DONE;
}

void zc_hs_put (struct zc_wire *w, const void *bytes, size_t n)
{
    struct zc_wire_handshake *hs = w->hs;

    assert (n <= (size_t)(hs->out_cap - hs->out_have));
    memcpy (hs->tail + hs->routing_id_size + hs->out_have, bytes, n);
    hs->out_have = (uint16_t)(hs->out_have + n);
}

const uint8_t *zc_hs_routing_id (const struct zc_wire *w)
{
    return w->hs->tail;
}

/* ---- what came ---- */

/* Room for the bytes that have come, never for those that were only announced. */
static int grow (struct zc_wire_handshake *hs, uint32_t size)
{
    uint32_t cap = hs->cap * 2 > size ? hs->cap * 2 : size;
    bool was_small = hs->in == hs->small;
    uint8_t *in;

    if (cap > hs->need)
        cap = hs->need;
    in = was_small ? zc_alloc (cap) : zc_realloc (hs->in, cap);
    if (!in)
        return -ENOMEM;
    if (was_small)
        memcpy (in, hs->small, hs->have);
    hs->in = in;
    hs->cap = cap;
    return 0;
}

int zc_hs_gather (struct zc_wire_handshake *hs, const uint8_t *bytes, size_t n, size_t *used)
{
    size_t take = hs->need - hs->have;

    if (take > n - *used)
        take = n - *used;
    if (take == 0)
        return 0;
    if (take > hs->cap - hs->have) {
        int rc = grow (hs, (uint32_t)(hs->have + take));
        if (rc < 0)
            return rc;
    }
    memcpy (hs->in + hs->have, bytes + *used, take);
    hs->have += (uint32_t)take;
    *used += take;
    return 0;
}

/* ---- what is to be sent ---- */

const uint8_t *zc_wire_pending (const struct zc_wire *w, size_t *n)
{
    const struct zc_wire_handshake *hs = w->hs;

    *n = hs ? (size_t)(hs->out_have - hs->out_sent) : 0;
    return *n > 0 ? hs->tail + hs->routing_id_size + hs->out_sent : NULL;
}

void zc_wire_sent (struct zc_wire *w, size_t n)
{
    assert (n <= (size_t)(w->hs->out_have - w->hs->out_sent));
    w->hs->out_sent = (uint16_t)(w->hs->out_sent + n);
}
