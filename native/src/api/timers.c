/* zmq_timers_*: sets of timers over sock/timers.h. */
#include <errno.h>
#include <limits.h>
#include "os/clock.h"
#include "sock/timers.h"
#include "zmq.h"

static int result (int rc)
{
    if (rc >= 0)
        return rc;
    errno = -rc;
    return -1;
}

void *zmq_timers_new (void)
{
    void *timers;

    return result (zc_timers_new (&timers)) < 0 ? NULL : timers;
}

int zmq_timers_add (void *timers, size_t interval, zmq_timer_fn handler, void *arg)
{
    return result (zc_timers_add (timers, interval, handler, arg, zc_now ()));
}

int zmq_timers_cancel (void *timers, int timer_id)
{
    return result (zc_timers_cancel (timers, timer_id));
}

int zmq_timers_set_interval (void *timers, int timer_id, size_t interval)
{
    return result (zc_timers_set_interval (timers, timer_id, interval, zc_now ()));
}

int zmq_timers_reset (void *timers, int timer_id)
{
    return result (zc_timers_reset (timers, timer_id, zc_now ()));
}

long zmq_timers_timeout (void *timers)
{
    int64_t ms;
    int rc = zc_timers_timeout (timers, zc_now (), &ms);

    if (rc < 0)
        return result (rc);
    return ms > LONG_MAX ? LONG_MAX : (long)ms;
}

int zmq_timers_execute (void *timers)
{
    return result (zc_timers_execute (timers, zc_now ()));
}

int zmq_timers_destroy (void **timers_p)
{
    int rc = timers_p ? zc_timers_close (*timers_p) : -EFAULT;

    if (rc == 0)
        *timers_p = NULL;
    return result (rc);
}
