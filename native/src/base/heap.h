/* A binary heap of timers, intrusive: no allocation but its array, which grows with the timers (or beforehand, by
 * zc_heap_reserve). Under whatever lock its owner has. */
#ifndef ZC_BASE_HEAP_H
#define ZC_BASE_HEAP_H

#include <stddef.h>
#include <stdint.h>

struct zc_timer
{
    uint64_t at;  /* ns */
    size_t place; /* 1 + index in the heap; 0: not in it */
};

struct zc_heap
{
    struct zc_timer **items;
    size_t count, cap;
};

void zc_heap_init (struct zc_heap *);
void zc_heap_close (struct zc_heap *);            /* the timers still in it are left out of it */
int zc_heap_reserve (struct zc_heap *, size_t n); /* room for n timers in all; 0, -ENOMEM */
int zc_heap_set (struct zc_heap *, struct zc_timer *,
                 uint64_t at);                           /* adds or moves; 0, -ENOMEM (only when adding) */
void zc_heap_cut (struct zc_heap *, struct zc_timer *);  /* not in it: nothing */
struct zc_timer *zc_heap_first (const struct zc_heap *); /* the earliest, still in it; NULL: empty */

#endif
