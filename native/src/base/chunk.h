/* A counted piece of memory that incoming bytes land in: lent to the thread that reads, shared by the messages cut from it. */
#ifndef ZC_BASE_CHUNK_H
#define ZC_BASE_CHUNK_H

#include <stdatomic.h>
#include <stdint.h>
#include "base/piece.h"

struct zc_chunk
{
    _Atomic uint32_t refs;
    uint32_t cap;
    uint8_t d[];
};

static inline struct zc_chunk *zc_chunk_new (uint32_t cap)
{
    size_t size;
    struct zc_chunk *c = zc_piece_alloc (sizeof *c + cap, &size);
    if (!c)
        return NULL;
    atomic_init (&c->refs, 1);
    c->cap = (uint32_t)(size - sizeof *c);
    return c;
}
static inline struct zc_chunk *zc_chunk_ref (struct zc_chunk *c)
{
    atomic_fetch_add_explicit (&c->refs, 1, memory_order_relaxed);
    return c;
}
/* The release pairs with the acquire of whoever drops the last reference and frees. */
static inline void zc_chunk_unref (struct zc_chunk *c)
{
    if (c && atomic_fetch_sub_explicit (&c->refs, 1, memory_order_acq_rel) == 1)
        zc_piece_free (c, sizeof *c + c->cap);
}

#endif
