/* Sleeping on a futex. */
#include "os/clock.h"
#include "os/posix/park_word.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A time as the call has it, whatever the C library's time_t is: the old call counts in longs. */
#ifdef SYS_futex
#define FUTEX_CALL SYS_futex
typedef long futex_int;
#else
#define FUTEX_CALL SYS_futex_time64
typedef int64_t futex_int;
#endif
struct futex_time
{
    futex_int sec, nsec;
};

/* Absolute, so that a spurious return needs no arithmetic. Endless is 68 years of uptime: with no
 * time at all the kernel would go on sleeping after a signal handler set with SA_RESTART. */
static struct futex_time until (uint64_t deadline)
{
    uint64_t sec = deadline / 1000000000u;

    if (sec > INT32_MAX)
        return (struct futex_time){INT32_MAX, 0};
    return (struct futex_time){(futex_int)sec, (futex_int)(deadline % 1000000000u)};
}

int zc_park_word_how (struct zc_parker *p)
{
    (void)p;
    return ZC_PARK_WORD;
}

void zc_park_word_raise (struct zc_parker *p)
{
    syscall (FUTEX_CALL, &p->word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

int zc_park_sleep (struct zc_parker *p, uint64_t deadline)
{
    struct futex_time at = until (deadline);

    /* Acquire pairs with the release of the exchange in zc_park_wake. */
    while (atomic_load_explicit (&p->word, memory_order_acquire) == 0) {
        /* The bitset form takes an absolute monotonic time. EAGAIN: word is 1 already. */
        long rc =
            syscall (FUTEX_CALL, &p->word, FUTEX_WAIT_BITSET_PRIVATE, 0, &at, NULL, FUTEX_BITSET_MATCH_ANY);

        if (rc == 0 || errno == EAGAIN)
            continue;
        /* A wake that came with the signal or the deadline is not lost on the caller. */
        if (atomic_load_explicit (&p->word, memory_order_acquire) == 1)
            break;
        return errno == ETIMEDOUT ? -ETIMEDOUT : -EINTR;
    }
    return 0;
}
