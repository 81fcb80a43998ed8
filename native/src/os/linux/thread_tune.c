/* Linux: the name (15 bytes), the CPUs, and nice for policies without priorities. */
#include "os/posix/thread_tune.h"

#include <sched.h>
#include <sys/resource.h>

static void pin (const int *cpus, size_t n)
{
    cpu_set_t set;
    size_t good = 0;

    CPU_ZERO (&set);
    for (size_t i = 0; i < n; i++)
        if (cpus[i] >= 0 && cpus[i] < CPU_SETSIZE) {
            CPU_SET ((size_t)cpus[i], &set);
            good++;
        }
    if (good)
        pthread_setaffinity_np (pthread_self (), sizeof set, &set);
}

/* zmq_ctx_set: where the policy knows no priorities, one asked for means the best nice value. */
static void hurry (int priority)
{
    int policy;
    struct sched_param param;

    if (priority <= 0 || pthread_getschedparam (pthread_self (), &policy, &param))
        return;
    if (policy != SCHED_FIFO && policy != SCHED_RR)
        setpriority (PRIO_PROCESS, 0, -20); /* on Linux 0 is the calling thread, not its process */
}

void zc_thread_tune_self (const struct zc_thread_tune *tune)
{
    if (tune->name)
        pthread_setname_np (pthread_self (), tune->name);
    if (tune->cpu_count)
        pin (tune->cpus, tune->cpu_count);
    zc_thread_tune_sched (tune);
    hurry (tune->priority);
}
