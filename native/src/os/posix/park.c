/* The records of sleeping threads: one for each thread, from a pool that only grows. See
 * park_word.h for the sleep itself.
 *
 * The pool is a list behind one atomic pointer. Taking from it detaches the whole list and gives
 * the rest back, so there is no ABA and no lock that a fork could leave held (a child loses at
 * worst what another thread had detached). */
#include "base/alloc.h"
#include "os/park.h"
#include "os/posix/park_word.h"
#include "os/thread.h"

#include <pthread.h>

static struct zc_parker *_Atomic pool;
static pthread_key_t key;
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static _Thread_local struct zc_parker *self;

/* first .. last become the head of the pool. */
static void pool_put (struct zc_parker *first, struct zc_parker *last)
{
    struct zc_parker *head = atomic_load_explicit (&pool, memory_order_relaxed);

    do
        last->next = head;
    /* Release pairs with the acquire in pool_take: next and wake are seen by who takes. */
    while (!atomic_compare_exchange_weak_explicit (&pool, &head, first, memory_order_release,
                                                   memory_order_relaxed));
}

static struct zc_parker *pool_take (void)
{
    /* Acquire pairs with the release in pool_put. */
    struct zc_parker *p = atomic_exchange_explicit (&pool, NULL, memory_order_acquire);

    if (p && p->next) {
        struct zc_parker *last = p->next;

        while (last->next)
            last = last->next;
        pool_put (p->next, last);
        p->next = NULL;
    }
    return p;
}

/* The thread ends. Its descriptor stays open with the record: a late wake may still raise it. */
static void give_back (void *value)
{
    struct zc_parker *p = value;

    self = NULL; /* an end hook that runs after this one and sleeps takes a record anew */
    pool_put (p, p);
}

static void make_key (void)
{
    pthread_key_create (&key, give_back);
}

/* After a fork the descriptors are shared with the parent: reading ours would eat its wakes. */
static void leave_parent (struct zc_parker *p, unsigned epoch)
{
    zc_wake_close (&p->wake);
    p->epoch = epoch;
}

static struct zc_parker *self_new (unsigned epoch)
{
    struct zc_parker *p;

    pthread_once (&key_once, make_key);
    p = pool_take ();
    if (!p) {
        p = zc_calloc (1, sizeof *p);
        if (!p)
            return NULL;
        p->wake = (struct zc_wake)ZC_WAKE_INIT;
        p->epoch = epoch;
        atomic_init (&p->how, ZC_PARK_WORD);
        atomic_init (&p->word, 1);
    }
    pthread_setspecific (key, p); /* without memory for it the record is lost at the thread's end */
    return p;
}

struct zc_parker *zc_parker_self (void)
{
    unsigned epoch = zc_fork_epoch ();

    if (!self)
        self = self_new (epoch);
    if (self && self->epoch != epoch)
        leave_parent (self, epoch);
    return self;
}

int zc_parker_need_fd (struct zc_parker *p)
{
    return p->wake.fd >= 0 ? 0 : zc_wake_open (&p->wake);
}

void zc_park_prepare (struct zc_parker *p, int fd)
{
    if (fd >= 0)
        /* First of all: cleared after `word`, the raise of a late waker could be eaten while its 1
         * in `word` keeps the right waker from raising. */
        zc_wake_clear (&(struct zc_wake){fd, fd});
    else
        fd = zc_park_word_how (p);
    /* Relaxed: the release store of `word` carries it. */
    atomic_store_explicit (&p->how, fd, memory_order_relaxed);
    /* Release pairs with the acquire of the exchange in zc_park_wake. */
    atomic_store_explicit (&p->word, 0, memory_order_release);
}

void zc_park_wake (struct zc_parker *p)
{
    /* The first who finds 0 wakes, others leave it to it. Acquire pairs with the release in
     * zc_park_prepare: who found its 0 sees its `how`. Release pairs with the acquire in
     * zc_park_sleep: what was done before the wake is seen after the sleep. */
    if (atomic_exchange_explicit (&p->word, 1, memory_order_acq_rel) == 1)
        return;
    int fd = atomic_load_explicit (&p->how, memory_order_relaxed);
    if (fd >= 0)
        zc_wake_raise_fd (fd);
    else
        zc_park_word_raise (p);
}
