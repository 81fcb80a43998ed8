/* A short lock: one word, taken and dropped without a call while nobody else wants it, which is nearly always: it is held for
 * nanoseconds and never over a system call that can block. Who finds it taken looks again for about a microsecond (sleeping and
 * being woken costs many), then sleeps.
 *
 * Not recursive, not fair, any thread. A lock made before a fork must not be touched in the child. */
#ifndef ZC_OS_LOCK_H
#define ZC_OS_LOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef ZC_CHAOS
#include "os/chaos.h"
#else
#define zc_chaos() ((void)0)
#endif

enum
{
    ZC_LOCK_FREE,
    ZC_LOCK_HELD,
    ZC_LOCK_WANTED /* held, and somebody may sleep on it */
};

typedef struct zc_mutex
{
    _Atomic uint32_t word;
} zc_mutex;
#define ZC_MUTEX_INIT                                                                                        \
    {                                                                                                        \
        ZC_LOCK_FREE                                                                                         \
    }

void zc_mutex_lock_slow (zc_mutex *);
/* Sleeps while the word is WANTED; may return early. One of linux/lock_futex.c, posix/lock_cond.c. */
void zc_mutex_sleep (zc_mutex *);
/* Wakes one who sleeps. The lock may be gone by now: only its address is used. */
void zc_mutex_wake (zc_mutex *);

static inline void zc_mutex_init (zc_mutex *m)
{
    atomic_init (&m->word, ZC_LOCK_FREE);
}
static inline bool zc_mutex_trylock (zc_mutex *m)
{
    uint32_t free = ZC_LOCK_FREE;
    /* Acquire pairs with the release in zc_mutex_unlock. */
    return atomic_compare_exchange_strong_explicit (&m->word, &free, ZC_LOCK_HELD, memory_order_acquire,
                                                    memory_order_relaxed);
}
static inline void zc_mutex_lock (zc_mutex *m)
{
    zc_chaos ();
    if (!zc_mutex_trylock (m))
        zc_mutex_lock_slow (m);
}
static inline void zc_mutex_unlock (zc_mutex *m)
{
    if (atomic_exchange_explicit (&m->word, ZC_LOCK_FREE, memory_order_release) == ZC_LOCK_WANTED)
        zc_mutex_wake (m);
    zc_chaos ();
}
static inline void zc_mutex_close (zc_mutex *m)
{
    (void)m;
}

#endif
