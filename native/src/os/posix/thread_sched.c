/* Scheduling policy and priority of the calling thread. */
#include "os/posix/thread_tune.h"

#include <sched.h>

void zc_thread_tune_sched (const struct zc_thread_tune *tune)
{
    struct sched_param param;
    int policy;

    if (tune->policy < 0 && tune->priority < 0)
        return;
    if (pthread_getschedparam (pthread_self (), &policy, &param))
        return;
    if (tune->policy >= 0)
        policy = tune->policy;
    /* Priorities mean something to the real-time policies alone; the others want 0. */
    if (policy != SCHED_FIFO && policy != SCHED_RR)
        param.sched_priority = 0;
    else if (tune->priority >= 0)
        param.sched_priority = tune->priority;
    else if (param.sched_priority < sched_get_priority_min (policy))
        param.sched_priority = sched_get_priority_min (policy);
    pthread_setschedparam (pthread_self (), policy, &param);
}
