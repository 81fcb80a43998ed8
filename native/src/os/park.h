/* Sleeping and waking of one thread: a futex word on Linux, a pipe elsewhere. Plain sleep and descriptor sleep of the same
 * thread share one record, so that who wakes need not know how the sleeper sleeps.
 *
 * The record of a thread is never unmapped (it goes back to a pool at the thread's end): a late wake is only spurious. */
#ifndef ZC_OS_PARK_H
#define ZC_OS_PARK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "os/wake.h"

struct zc_parker
{
    _Atomic uint32_t word;  /* 0 asleep or about to be, 1 woken */
    _Atomic int how;        /* ZC_PARK_WORD, or the descriptor that wakes this sleep */
    struct zc_wake wake;    /* this thread's own event descriptor; opened when a sleep first needs it */
    struct zc_parker *next; /* in the pool */
    unsigned epoch;         /* zc_fork_epoch when wake was opened: a child must not share it */
};

#define ZC_PARK_WORD (-1)

/* The calling thread's record; NULL: no memory. */
struct zc_parker *zc_parker_self (void);
/* Opens its event descriptor if it isn't yet. 0, -EMFILE, -ENFILE, -ENOMEM. */
int zc_parker_need_fd (struct zc_parker *);

/* Announces a sleep: clears what earlier wakes left, in fd too. fd: ZC_PARK_WORD for zc_park_sleep, or the descriptor of a struct
 * zc_wake that zc_park_wake will raise (the parker's own, or a set's). Between this and the sleep the caller
 * publishes the record under a lock and checks its condition once more. */
void zc_park_prepare (struct zc_parker *, int fd);
/* Sleeps until woken or deadline (ns, ZC_NEVER). 0 woken (or spurious), -ETIMEDOUT, -EINTR (a signal was handled;
 * SA_RESTART must not hide it, so an endless wait uses a huge timeout). */
int zc_park_sleep (struct zc_parker *, uint64_t deadline);
/* Wakes it, however it sleeps. Any thread, no lock needed, no errors. */
void zc_park_wake (struct zc_parker *);

#endif
