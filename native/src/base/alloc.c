/* The failing allocation that a test orders: see alloc.h. */
#include "base/alloc.h"

atomic_long zc_alloc_fail_at;

/* Relaxed throughout: the counter guards nothing but itself. */
bool zc_alloc_must_fail (void)
{
    long left = atomic_load_explicit (&zc_alloc_fail_at, memory_order_relaxed);

    while (left > 0
           && !atomic_compare_exchange_weak_explicit (&zc_alloc_fail_at, &left, left - 1,
                                                      memory_order_relaxed, memory_order_relaxed))
        continue;
    return left == 1 || left < 0;
}
