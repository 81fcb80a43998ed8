/* Threads by pthreads. What a system adds beyond POSIX (names, CPUs, nice) is in thread_tune.h. */
#include "base/alloc.h"
#include "os/thread.h"
#include "os/posix/thread_tune.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <time.h>

/* What the new thread needs before it knows anything; freed by it. */
struct start
{
    void (*main) (void *);
    void *arg;
    struct zc_thread_tune tune; /* its pointers lead into this block */
    char name[16];
    int cpus[];
};

static pthread_key_t end_key;
static void (*end_fn) (void *);

static struct start *start_new (void (*main) (void *), void *arg, const struct zc_thread_tune *tune)
{
    size_t cpus = tune && tune->cpus ? tune->cpu_count : 0;
    struct start *s = zc_calloc (1, sizeof *s + cpus * sizeof s->cpus[0]);

    if (!s)
        return NULL;
    s->main = main;
    s->arg = arg;
    s->tune = (struct zc_thread_tune){.policy = -1, .priority = -1};
    if (!tune)
        return s;
    s->tune.policy = tune->policy;
    s->tune.priority = tune->priority;
    if (tune->name) {
        strncpy (s->name, tune->name, sizeof s->name - 1);
        s->tune.name = s->name;
    }
    if (cpus) {
        memcpy (s->cpus, tune->cpus, cpus * sizeof s->cpus[0]);
        s->tune.cpus = s->cpus;
        s->tune.cpu_count = cpus;
    }
    return s;
}

static void *thread_main (void *arg)
{
    struct start *s = arg;
    void (*run) (void *) = s->main;
    void *run_arg = s->arg;

    zc_thread_tune_self (&s->tune);
    zc_free (s);
    run (run_arg);
    return NULL;
}

static int start (pthread_t *id, struct start *s, const pthread_attr_t *attr)
{
    int rc;

    if (!s)
        return -ENOMEM;
    rc = pthread_create (id, attr, thread_main, s);
    if (rc)
        zc_free (s);
    return -rc;
}

int zc_thread_start (struct zc_thread *t, void (*main) (void *), void *arg, const struct zc_thread_tune *tune)
{
    sigset_t all, before;
    int rc;

    /* The new thread inherits the mask, so no signal can reach it even in its first instruction. */
    sigfillset (&all);
    pthread_sigmask (SIG_SETMASK, &all, &before);
    rc = start (&t->id, start_new (main, arg, tune), NULL);
    pthread_sigmask (SIG_SETMASK, &before, NULL);
    return rc;
}

int zc_thread_start_user (struct zc_thread *t, void (*main) (void *), void *arg)
{
    pthread_attr_t attr;
    int rc = -pthread_attr_init (&attr);

    if (rc)
        return rc;
    pthread_attr_setdetachstate (&attr, PTHREAD_CREATE_DETACHED);
    rc = start (&t->id, start_new (main, arg, NULL), &attr);
    pthread_attr_destroy (&attr);
    return rc;
}

void zc_thread_join (struct zc_thread *t)
{
    pthread_join (t->id, NULL);
}

void zc_thread_detach (struct zc_thread *t)
{
    pthread_detach (t->id);
}

bool zc_thread_is_current (const struct zc_thread *t)
{
    return pthread_equal (t->id, pthread_self ());
}

void zc_thread_yield (void)
{
    sched_yield ();
}

void zc_thread_sleep_ms (uint64_t ms)
{
    struct timespec left = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};

    while (nanosleep (&left, &left) < 0 && errno == EINTR)
        ;
}

int zc_thread_at_end (void (*fn) (void *value))
{
    int rc;

    if (end_fn)
        return -EEXIST;
    rc = pthread_key_create (&end_key, fn);
    if (rc == 0)
        end_fn = fn;
    return -rc;
}

void zc_thread_at_end_set (void *value)
{
    /* May fail only for want of memory, and then the thread's end goes unnoticed: what hangs on it
     * must be able to bear that (a record stays out of its pool). */
    pthread_setspecific (end_key, value);
}
