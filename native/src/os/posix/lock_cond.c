/* Sleeping on a lock where there is no futex: a few condition variables, shared by all locks, chosen by address. */
#include "os/lock.h"

#include <pthread.h>
#include <stddef.h>

enum
{
    BEDS = 32
};

static struct bed
{
    pthread_mutex_t mu;
    pthread_cond_t woken;
} beds[BEDS];
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Also in a forked child, where nobody sleeps and whoever held a bed's mutex is not there. */
static void make_beds (void)
{
    for (int i = 0; i < BEDS; i++) {
        pthread_mutex_init (&beds[i].mu, NULL);
        pthread_cond_init (&beds[i].woken, NULL);
    }
}

static void set_up (void)
{
    make_beds ();
    pthread_atfork (NULL, NULL, make_beds);
}

static struct bed *bed_of (const zc_mutex *m)
{
    pthread_once (&once, set_up);
    return &beds[((uintptr_t)m >> 6) % BEDS];
}

void zc_mutex_sleep (zc_mutex *m)
{
    struct bed *b = bed_of (m);

    pthread_mutex_lock (&b->mu);
    /* Who frees the lock does so before it takes the bed's mutex to wake: seen here, or it wakes us. */
    if (atomic_load_explicit (&m->word, memory_order_relaxed) == ZC_LOCK_WANTED)
        pthread_cond_wait (&b->woken, &b->mu);
    pthread_mutex_unlock (&b->mu);
}

void zc_mutex_wake (zc_mutex *m)
{
    struct bed *b = bed_of (m);

    pthread_mutex_lock (&b->mu);
    pthread_cond_broadcast (&b->woken);
    pthread_mutex_unlock (&b->mu);
}
