/* Counting forks. The handler runs in the child, where only the forking thread is left: it may take
 * no lock that another thread could have held, so it only counts. */
#include "os/thread.h"

#include <stdatomic.h>

_Atomic unsigned zc_fork_count;
static pthread_once_t watch_once = PTHREAD_ONCE_INIT;
static int watch_result;

static void count_fork (void)
{
    /* Relaxed: no other thread exists yet, and those made later are made after this. */
    atomic_fetch_add_explicit (&zc_fork_count, 1, memory_order_relaxed);
}

static void watch (void)
{
    watch_result = -pthread_atfork (NULL, NULL, count_fork);
}

int zc_fork_watch (void)
{
    pthread_once (&watch_once, watch);
    return watch_result;
}
