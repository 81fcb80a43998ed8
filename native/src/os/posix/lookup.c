/* Look-ups on threads of their own, at most LOOKUPS at once. A thread that is done takes the next
 * that waits for a place, so there is no thread when there is nothing to look up, and one that
 * waits never fails for want of a thread.
 *
 * One lock guards the desk and the state of every lookup; done is called outside it. A lookup is
 * held twice, by its owner until zc_resolve_end and by the desk or a thread until done has
 * returned: who comes last frees it. An abandoned one frees itself when getaddrinfo comes back at
 * last. */
#include "base/alloc.h"
#include "os/resolve.h"
#include "os/thread.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#define LOOKUPS 8

enum state
{
    WAITS, /* in the queue, or being looked up */
    CALLS, /* done is running */
    OVER   /* done has returned, or never will be called */
};

struct zc_lookup
{
    void (*done) (void *arg, const struct zc_addr *, int count_or_error);
    void *arg;
    struct desk *desk;
    struct zc_lookup *next;
    enum state state;
    bool is_ended;        /* the owner wants no answer any more */
    struct zc_thread run; /* valid in CALLS */
    unsigned epoch, flags;
    uint16_t port;
    char host[];
};

struct desk
{
    unsigned epoch; /* of the process it is for */
    pthread_mutex_t lock;
    pthread_cond_t called; /* some lookup left CALLS */
    int threads;
    struct zc_lookup *first, **last;
};

static struct desk *_Atomic current;

/* This process's desk: a forked child makes its own, for the parent's lock may have been held and
 * its threads are gone. */
static struct desk *desk_get (void)
{
    unsigned epoch = zc_fork_epoch ();
    /* Acquire pairs with the release of the exchange below. */
    struct desk *d = atomic_load_explicit (&current, memory_order_acquire), *fresh;

    if (d && d->epoch == epoch)
        return d;
    fresh = zc_calloc (1, sizeof *fresh);
    if (!fresh)
        return NULL;
    fresh->epoch = epoch;
    fresh->last = &fresh->first;
    pthread_mutex_init (&fresh->lock, NULL);
    pthread_cond_init (&fresh->called, NULL);
    if (atomic_compare_exchange_strong_explicit (&current, &d, fresh, memory_order_acq_rel,
                                                 memory_order_acquire))
        return fresh;
    pthread_cond_destroy (&fresh->called);
    pthread_mutex_destroy (&fresh->lock);
    zc_free (fresh);
    return d;
}

/* Looks up and calls. Locked before and after. */
static void serve (struct desk *d, struct zc_lookup *l)
{
    struct zc_addr found[ZC_RESOLVE_MAX];
    int n = -EAGAIN;

    if (!l->is_ended) {
        pthread_mutex_unlock (&d->lock);
        n = zc_resolve (l->host, l->port, l->flags, found, ZC_RESOLVE_MAX);
        pthread_mutex_lock (&d->lock);
    }
    if (!l->is_ended) {
        l->state = CALLS;
        l->run.id = pthread_self ();
        pthread_mutex_unlock (&d->lock);
        l->done (l->arg, found, n);
        pthread_mutex_lock (&d->lock);
        pthread_cond_broadcast (&d->called);
    }
    l->state = OVER;
    if (l->is_ended)
        zc_free (l);
}

static void lookup_main (void *arg)
{
    struct desk *d = arg;
    struct zc_lookup *l;

    pthread_mutex_lock (&d->lock);
    while ((l = d->first) != NULL) {
        d->first = l->next;
        if (!d->first)
            d->last = &d->first;
        serve (d, l);
    }
    d->threads--;
    pthread_mutex_unlock (&d->lock);
}

/* One more thread, if there is room. 0 also when others will do the work. Locked. */
static int hire (struct desk *d)
{
    static const struct zc_thread_tune tune = {.policy = -1, .priority = -1, .name = "zcffi/resolve"};
    struct zc_thread t;
    int rc;

    if (d->threads == LOOKUPS)
        return 0;
    rc = zc_thread_start (&t, lookup_main, d, &tune);
    if (rc < 0)
        return d->threads > 0 ? 0 : rc;
    zc_thread_detach (&t);
    d->threads++;
    return 0;
}

int zc_resolve_start (const char *host, uint16_t port, unsigned flags,
                      void (*done) (void *arg, const struct zc_addr *, int count_or_error), void *arg,
                      struct zc_lookup **out)
{
    size_t n = strlen (host) + 1;
    struct desk *d = desk_get ();
    struct zc_lookup *l = d ? zc_calloc (1, sizeof *l + n) : NULL;
    int rc;

    *out = NULL;
    if (!l)
        return -ENOMEM;
    l->done = done;
    l->arg = arg;
    l->desk = d;
    l->epoch = d->epoch;
    l->port = port;
    l->flags = flags;
    memcpy (l->host, host, n);

    pthread_mutex_lock (&d->lock);
    rc = hire (d); /* it can't look before the lock is free */
    if (rc == 0) {
        *d->last = l;
        d->last = &l->next;
        *out = l; /* before done can be called: it may want to end it */
    }
    pthread_mutex_unlock (&d->lock);
    if (rc < 0)
        zc_free (l);
    return rc;
}

void zc_resolve_end (struct zc_lookup **p)
{
    struct zc_lookup *l = *p;
    struct desk *d;

    *p = NULL;
    if (!l || l->epoch != zc_fork_epoch ()) /* the thread that would answer is the parent's */
        return;
    d = l->desk;
    pthread_mutex_lock (&d->lock);
    /* From within done itself there is nothing to wait for. */
    while (l->state == CALLS && !zc_thread_is_current (&l->run))
        pthread_cond_wait (&d->called, &d->lock);
    l->is_ended = true;
    if (l->state == OVER)
        zc_free (l);
    pthread_mutex_unlock (&d->lock);
}
