/* Threads and thread-local ends of the operating system. Used by every floor above; knows nothing of them. */
#ifndef ZC_OS_THREAD_H
#define ZC_OS_THREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>

#include "os/lock.h"

/* How a thread of ours is to run. priority and policy: -1 leaves them as they are. Name: at most 15 bytes reach the OS. */
struct zc_thread_tune
{
    int policy;
    int priority;
    const int *cpus; /* CPU numbers to run on; NULL or count 0: any */
    size_t cpu_count;
    const char *name;
};

struct zc_thread
{
    pthread_t id;
};

/* Starts a thread with all signals blocked. tune may be NULL. A tuning the OS refuses is ignored. 0 or negative errno. */
int zc_thread_start (struct zc_thread *t, void (*main) (void *), void *arg,
                     const struct zc_thread_tune *tune);
/* As zc_thread_start, detached, the signal mask left as the caller has it. */
int zc_thread_start_user (struct zc_thread *t, void (*main) (void *), void *arg);
void zc_thread_join (struct zc_thread *t);
void zc_thread_detach (struct zc_thread *t);
/* True when the caller runs on t. */
bool zc_thread_is_current (const struct zc_thread *t);
/* Give the CPU away once. */
void zc_thread_yield (void);
void zc_thread_sleep_ms (uint64_t ms);

/* Calls fn(value) when a thread that set a value ends. One key for the whole library: see core/self.c. A second call is
 * -EEXIST. The library must not be unloaded while such threads live (link with -z nodelete). */
int zc_thread_at_end (void (*fn) (void *value));
void zc_thread_at_end_set (void *value);

/* Number that a fork changes: 0 in the process that loaded the library, one more in each child of it. Objects remember the
 * epoch they were made in; a different one means "made before fork". Read before any lock of an object is taken. */
extern _Atomic unsigned zc_fork_count;
static inline unsigned zc_fork_epoch (void)
{
    return atomic_load_explicit (&zc_fork_count, memory_order_relaxed);
}
int zc_fork_watch (void); /* once, before the first object */

#endif
