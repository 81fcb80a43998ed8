#include "base/piece.h"

#include <stdatomic.h>

/* A piece that is kept knows its own size. */
struct piece
{
    size_t size;
};

/* Whoever exchanges owns what it got: the release of one pairs with the acquire of the next. */
static _Atomic (struct piece *) kept[ZC_PIECES];

void *zc_piece_kept (size_t n, size_t *size)
{
    if (n < ZC_PIECE_MIN || n > ZC_PIECE_MAX)
        return NULL;
    for (int i = 0; i < ZC_PIECES; i++) {
        struct piece *p = atomic_load_explicit (&kept[i], memory_order_relaxed)
                              ? atomic_exchange_explicit (&kept[i], NULL, memory_order_acq_rel)
                              : NULL;
        if (p && p->size >= n && p->size / 2 <= n) {
            *size = p->size;
            return p;
        }
        if (p)
            zc_piece_free (p, p->size); /* to this place again, or another */
    }
    return NULL;
}

void zc_piece_free (void *p, size_t size)
{
    if (p && size >= ZC_PIECE_MIN && size <= ZC_PIECE_MAX) {
        ((struct piece *)p)->size = size;
        for (int i = size > ZC_PIECE_BIG ? ZC_PIECES_BIG - 1 : ZC_PIECES - 1; i >= 0 && p; i--)
            if (!atomic_load_explicit (&kept[i], memory_order_relaxed)) {
                p = atomic_exchange_explicit (&kept[i], p, memory_order_acq_rel);
                size = p ? ((struct piece *)p)->size : 0;
            }
    }
    zc_free (p);
}
