/* Sleeping in poll(2) on the thread's own event descriptor, which always ends with EINTR on a
 * signal. */
#include "os/clock.h"
#include "os/posix/park_word.h"
#include "os/posix/poll_ns.h"

#include <errno.h>

#define SLICE (2 * ZC_MS) /* a sleep that nobody can end: there is no descriptor for it */

int zc_park_word_how (struct zc_parker *p)
{
    if (zc_parker_need_fd (p) < 0)
        return ZC_PARK_WORD; /* out of descriptors: zc_park_sleep looks again and again */
    zc_wake_clear (&p->wake);
    return p->wake.fd;
}

void zc_park_word_raise (struct zc_parker *p)
{
    (void)p;
}

int zc_park_sleep (struct zc_parker *p, uint64_t deadline)
{
    /* Relaxed: written by this thread. */
    int how = atomic_load_explicit (&p->how, memory_order_relaxed);

    /* Acquire pairs with the release of the exchange in zc_park_wake. */
    while (atomic_load_explicit (&p->word, memory_order_acquire) == 0) {
        struct pollfd pfd = {.fd = how, .events = POLLIN}; /* ZC_PARK_WORD is negative: skipped */
        uint64_t now = zc_now ();
        int64_t left;
        int rc;

        if (now >= deadline)
            return -ETIMEDOUT;
        left = deadline - now > INT64_MAX ? -1 : (int64_t)(deadline - now);
        if (how < 0 && (left < 0 || left > (int64_t)SLICE))
            left = SLICE;
        rc = zc_poll_ns (&pfd, 1, left, NULL);
        if (rc > 0)
            zc_wake_clear (&p->wake); /* before the next look at the word: a late raise must not
                                         make us spin */
        if (rc >= 0)
            continue;
        if (atomic_load_explicit (&p->word, memory_order_acquire) == 1)
            break;
        if (rc == -EINTR)
            return rc;
    }
    return 0;
}
