/* Time. Monotonic nanoseconds for everything that waits; never the wall clock. */
#ifndef ZC_OS_CLOCK_H
#define ZC_OS_CLOCK_H

#include <stdint.h>

#define ZC_NEVER UINT64_MAX /* a deadline that does not come */
#define ZC_MS 1000000ull    /* nanoseconds */
#define ZC_US 1000ull

uint64_t zc_now (void);

/* now + ms (not negative), saturating. */
uint64_t zc_deadline_after (int64_t ms);
/* The same; ZC_NEVER for ms < 0, which takes no look at the clock. */
static inline uint64_t zc_deadline (int64_t ms)
{
    return ms < 0 ? ZC_NEVER : zc_deadline_after (ms);
}

#endif
