#include "base/piece.h"

#include <stdatomic.h>
#include <stdint.h>

/* A piece that is kept knows its own size. */
struct piece
{
    size_t size;
};

/* Whoever exchanges owns what it got: the release of one pairs with the acquire of the next. */
typedef _Atomic (struct piece *) place;

static place kept[ZC_PIECES], huge[ZC_PIECES_HUGE];
static _Atomic uint32_t
    opened; /* 0: no huge pieces are kept; else 1, and 2 when one was asked for since the last look */

static struct piece *take (place *at)
{
    return atomic_load_explicit (at, memory_order_relaxed)
               ? atomic_exchange_explicit (at, NULL, memory_order_acq_rel)
               : NULL;
}

void *zc_piece_kept (size_t n, size_t *size)
{
    bool is_huge = n > ZC_PIECE_MAX;
    place *places = is_huge ? huge : kept;

    if (n < ZC_PIECE_MIN || n > ZC_PIECE_HUGE)
        return NULL;
    for (int i = 0; i < (is_huge ? ZC_PIECES_HUGE : ZC_PIECES); i++) {
        struct piece *p = take (&places[i]);
        if (p && p->size >= n && p->size / 2 <= n) {
            *size = p->size;
            return p;
        }
        if (p)
            zc_piece_free (p, p->size); /* to this place again, or another */
    }
    return NULL;
}

/* Keeps p at the last place that is free, up to `last`; what has none any more is returned. */
static struct piece *put (place *places, int last, struct piece *p)
{
    for (int i = last; i >= 0 && p; i--)
        if (!atomic_load_explicit (&places[i], memory_order_relaxed))
            p = atomic_exchange_explicit (&places[i], p, memory_order_seq_cst);
    return p;
}

static void drop_huge (void)
{
    for (int i = 0; i < ZC_PIECES_HUGE; i++)
        zc_free (atomic_exchange_explicit (&huge[i], NULL, memory_order_seq_cst));
}

void zc_piece_free (void *p, size_t size)
{
    struct piece *rest = p;

    if (p && size >= ZC_PIECE_MIN && size <= ZC_PIECE_MAX) {
        rest->size = size;
        rest = put (kept, size > ZC_PIECE_BIG ? ZC_PIECES_BIG - 1 : ZC_PIECES - 1, rest);
    } else if (p && size > ZC_PIECE_MAX && size <= ZC_PIECE_HUGE && zc_pieces_are_open ()) {
        rest->size = size;
        rest = put (huge, ZC_PIECES_HUGE - 1, rest);
        if (rest) /* the sizes of before may not be those that come now */
            rest = atomic_exchange_explicit (&huge[0], rest, memory_order_seq_cst);
        /* Put, then asked; who shuts, shuts and then looks: one of the two lets it go. */
        if (!atomic_load_explicit (&opened, memory_order_seq_cst))
            drop_huge ();
    }
    zc_free (rest);
}

/* ---- the time for which huge ones are kept ---- */

bool zc_pieces_open (void)
{
    return atomic_exchange_explicit (&opened, 2, memory_order_seq_cst) == 0;
}

bool zc_pieces_are_open (void)
{
    return atomic_load_explicit (&opened, memory_order_relaxed) != 0;
}

bool zc_pieces_let_go (void)
{
    uint32_t asked = 2, once = 1;

    if (atomic_compare_exchange_strong_explicit (&opened, &asked, 1, memory_order_seq_cst,
                                                 memory_order_relaxed))
        return false;
    if (!atomic_compare_exchange_strong_explicit (&opened, &once, 0, memory_order_seq_cst,
                                                  memory_order_relaxed)
        && once)
        return false; /* asked for just now */
    drop_huge ();
    return true;
}

void zc_pieces_shut (void)
{
    atomic_store_explicit (&opened, 0, memory_order_seq_cst);
    drop_huge ();
}
