/* For tests only, with ZC_CHAOS defined: every lock gives the CPU away or sleeps at random before it is taken and after
 * it is dropped, so that rare interleavings become frequent. */
#ifndef ZC_OS_CHAOS_H
#define ZC_OS_CHAOS_H

#include <sched.h>
#include <stdint.h>
#include <time.h>

static _Thread_local uint32_t zc_chaos_state;

static inline void zc_chaos (void)
{
    uint32_t x = zc_chaos_state;

    if (!x) {
        struct timespec t;
        clock_gettime (CLOCK_MONOTONIC, &t);
        x = ((uint32_t)t.tv_nsec ^ (uint32_t)(uintptr_t)&zc_chaos_state) | 1u;
    }
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    zc_chaos_state = x;
    if (x % 8 == 0)
        sched_yield ();
    else if (x % 256 == 1)
        nanosleep (&(struct timespec){0, (long)(x >> 8) % 100000}, NULL);
}

#endif
