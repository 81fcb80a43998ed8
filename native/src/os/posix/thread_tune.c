/* A POSIX system of which we know no more: no names, no CPU sets. */
#include "os/posix/thread_tune.h"

void zc_thread_tune_self (const struct zc_thread_tune *tune)
{
    zc_thread_tune_sched (tune);
}
