#include "base/heap.h"

#include <errno.h>
#include "base/alloc.h"

enum
{
    CAP_MIN = 8
};

void zc_heap_init (struct zc_heap *h)
{
    *h = (struct zc_heap){0};
}

int zc_heap_reserve (struct zc_heap *h, size_t n)
{
    if (n <= h->cap)
        return 0;
    if (n > SIZE_MAX / sizeof *h->items)
        return -ENOMEM;
    struct zc_timer **items = zc_realloc (h->items, n * sizeof *items);
    if (!items)
        return -ENOMEM;
    h->items = items;
    h->cap = n;
    return 0;
}

static void set_place (struct zc_heap *h, struct zc_timer *t, size_t i)
{
    h->items[i] = t;
    t->place = i + 1;
}

/* Moves t, whose place i is free to be overwritten, towards the root as far as it belongs. */
static void rise (struct zc_heap *h, struct zc_timer *t, size_t i)
{
    while (i > 0) {
        size_t up = (i - 1) / 2;

        if (h->items[up]->at <= t->at)
            break;
        set_place (h, h->items[up], i);
        i = up;
    }
    set_place (h, t, i);
}

static void sink (struct zc_heap *h, struct zc_timer *t, size_t i)
{
    for (;;) {
        size_t down = 2 * i + 1;

        if (down >= h->count)
            break;
        if (down + 1 < h->count && h->items[down + 1]->at < h->items[down]->at)
            down++;
        if (t->at <= h->items[down]->at)
            break;
        set_place (h, h->items[down], i);
        i = down;
    }
    set_place (h, t, i);
}

static void settle (struct zc_heap *h, struct zc_timer *t, size_t i)
{
    if (i > 0 && t->at < h->items[(i - 1) / 2]->at)
        rise (h, t, i);
    else
        sink (h, t, i);
}

int zc_heap_set (struct zc_heap *h, struct zc_timer *t, uint64_t at)
{
    if (!t->place) {
        if (h->count == h->cap) {
            int rc = zc_heap_reserve (h, h->cap ? 2 * h->cap : CAP_MIN);
            if (rc < 0)
                return rc;
        }
        t->place = ++h->count;
    }
    t->at = at;
    settle (h, t, t->place - 1);
    return 0;
}

void zc_heap_cut (struct zc_heap *h, struct zc_timer *t)
{
    if (!t->place)
        return;
    size_t i = t->place - 1;
    struct zc_timer *last = h->items[--h->count];

    t->place = 0;
    if (last != t)
        settle (h, last, i);
}

struct zc_timer *zc_heap_first (const struct zc_heap *h)
{
    return h->count ? h->items[0] : NULL;
}

void zc_heap_close (struct zc_heap *h)
{
    for (size_t i = 0; i < h->count; i++)
        h->items[i]->place = 0;
    zc_free (h->items);
    zc_heap_init (h);
}
