/* Memory from the C library, through one door so that tests can shut it.
 *
 * Every allocation of the core goes through here and every failure is the caller's to handle: the
 * results are NULL, as malloc's are. Any thread, no locks. */
#ifndef ZC_BASE_ALLOC_H
#define ZC_BASE_ALLOC_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

/* For tests. k > 0: the k-th allocation from now fails, in whatever thread it happens, and the
 * rest succeed; -1: all fail; 0: off, the cost is one relaxed load. */
extern atomic_long zc_alloc_fail_at;

bool zc_alloc_must_fail (void); /* counts one allocation against zc_alloc_fail_at */

static inline bool zc_alloc_is_shut (void)
{
    return atomic_load_explicit (&zc_alloc_fail_at, memory_order_relaxed) != 0 && zc_alloc_must_fail ();
}

/* At least one byte, so that NULL always means failure. */
static inline void *zc_alloc (size_t n)
{
    return zc_alloc_is_shut () ? NULL : malloc (n ? n : 1);
}

static inline void *zc_calloc (size_t count, size_t size)
{
    return zc_alloc_is_shut () ? NULL : calloc (count ? count : 1, size ? size : 1);
}

/* On failure p is untouched and still the caller's. */
static inline void *zc_realloc (void *p, size_t n)
{
    return zc_alloc_is_shut () ? NULL : realloc (p, n ? n : 1);
}

static inline void zc_free (void *p)
{
    free (p);
}

#endif
