/* The lock of one word: one at a time, everybody who sleeps is woken, nobody sleeps on a lock that is free. */
#include "os/lock.h"

#include <pthread.h>
#include <time.h>
#include "check.h"

enum
{
    THREADS = 5,
    ROUNDS = 40
};

static void nap_us (long us)
{
    nanosleep (&(struct timespec){0, us * 1000}, NULL);
}

struct room
{
    zc_mutex lock;
    int inside, came; /* under the lock */
    _Atomic int at_the_door;
};

static void *come_in (void *arg)
{
    struct room *r = arg;

    atomic_fetch_add (&r->at_the_door, 1);
    zc_mutex_lock (&r->lock);
    CHECK_INT (++r->inside, 1);
    r->came++;
    CHECK_INT (r->inside--, 1);
    zc_mutex_unlock (&r->lock);
    return NULL;
}

/* Held for longer than anybody looks again, so that all of them sleep: each must be woken by the one before it. */
TEST (everybody_who_sleeps_on_a_lock_gets_it_alone)
{
    for (int i = 0; i < ROUNDS; i++) {
        struct room r = {.lock = ZC_MUTEX_INIT};
        pthread_t t[THREADS];

        zc_mutex_lock (&r.lock);
        r.inside = 1;
        for (int k = 0; k < THREADS; k++)
            pthread_create (&t[k], NULL, come_in, &r);
        while (atomic_load (&r.at_the_door) < THREADS)
            nap_us (100);
        nap_us (1000);
        CHECK_INT (r.inside, 1);
        CHECK_INT (r.came, 0);
        r.inside = 0;
        zc_mutex_unlock (&r.lock);
        for (int k = 0; k < THREADS; k++)
            pthread_join (t[k], NULL);
        CHECK_INT (r.came, THREADS);
        CHECK_INT (atomic_load (&r.lock.word), ZC_LOCK_FREE);
    }
}

static void *count (void *arg)
{
    struct room *r = arg;

    for (int i = 0; i < 20000; i++) {
        zc_mutex_lock (&r->lock);
        CHECK_INT (++r->inside, 1);
        r->came++;
        r->inside--;
        zc_mutex_unlock (&r->lock);
    }
    return NULL;
}

TEST (threads_that_compete_are_inside_one_at_a_time)
{
    struct room r = {.lock = ZC_MUTEX_INIT};
    pthread_t t[THREADS];

    for (int k = 0; k < THREADS; k++)
        pthread_create (&t[k], NULL, count, &r);
    for (int k = 0; k < THREADS; k++)
        pthread_join (t[k], NULL);
    CHECK_INT (r.came, THREADS * 20000);
}

/* Whoever freed it may have looked for sleepers already. */
TEST (nobody_sleeps_on_a_lock_that_does_not_say_so)
{
    zc_mutex lock = ZC_MUTEX_INIT;

    zc_mutex_sleep (&lock); /* else it hangs */
    CHECK (zc_mutex_trylock (&lock));
    zc_mutex_sleep (&lock);
    CHECK (!zc_mutex_trylock (&lock));
    zc_mutex_unlock (&lock);
    CHECK (zc_mutex_trylock (&lock));
    zc_mutex_unlock (&lock);
}
