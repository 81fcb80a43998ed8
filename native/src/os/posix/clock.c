/* The monotonic clock of POSIX. */
#include "os/clock.h"

#include <time.h>

uint64_t zc_now (void)
{
    struct timespec ts;

    clock_gettime (CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}

uint64_t zc_deadline_after (int64_t ms)
{
    uint64_t now = zc_now ();

    return (uint64_t)ms >= (ZC_NEVER - now) / ZC_MS ? ZC_NEVER : now + (uint64_t)ms * ZC_MS;
}
