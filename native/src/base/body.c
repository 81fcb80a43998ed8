#include "base/body.h"

#include "base/alloc.h"

static _Atomic (struct zc_body *) kept[ZC_KEPT];

static struct zc_body *fresh (struct zc_body *b, size_t n)
{
    if (n > SIZE_MAX - sizeof *b)
        return NULL;
    b = zc_realloc (b, sizeof *b + n);
    if (b)
        b->room = n;
    return b;
}

static struct zc_body *begin (struct zc_body *b)
{
    if (!b)
        return NULL;
    atomic_init (&b->refs, 1);
    b->ffn = NULL;
    b->hint = b->data = NULL;
    b->chunk = NULL;
    b->next = NULL;
    return b;
}

struct zc_body *zc_body_kept (size_t n)
{
    if (n < ZC_KEPT_MIN || n > ZC_KEPT_MAX)
        return NULL;
    for (int i = 0; i < ZC_KEPT; i++) {
        /* The acquire pairs with the release of whoever put it there. */
        struct zc_body *b = atomic_load_explicit (&kept[i], memory_order_relaxed)
                                ? atomic_exchange_explicit (&kept[i], NULL, memory_order_acq_rel)
                                : NULL;
        if (b && b->room >= n && b->room / 4 <= n)
            return begin (b);
        zc_body_free (b); /* to a place again, this or another */
    }
    return NULL;
}

struct zc_body *zc_body_new (size_t n)
{
    struct zc_body *b = zc_body_kept (n);
    return b ? b : begin (fresh (NULL, n));
}

struct zc_body *zc_body_resize (struct zc_body *b, size_t n)
{
    return b ? fresh (b, n) : zc_body_new (n);
}

void zc_body_free (struct zc_body *b)
{
    if (b && b->room >= ZC_KEPT_MIN && b->room <= ZC_KEPT_MAX)
        for (int i = 0; i < ZC_KEPT && b; i++)
            if (!atomic_load_explicit (&kept[i], memory_order_relaxed))
                b = atomic_exchange_explicit (&kept[i], b, memory_order_acq_rel);
    zc_free (b);
}
