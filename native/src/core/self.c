#include "core/self.h"

#include <errno.h>
#include "base/msg.h"
#include "core/loop.h"
#include "os/clock.h"
#include "os/thread.h"

#define YIELD_LATE (200 * ZC_US) /* a yield that took this long met a busy process, or the machine stopped: */
#define LOOK_PAUSE (4 * ZC_MS)   /* for so long we do not look again, */
#define LOOK_PAUSE_MAX (200 * ZC_MS) /* and four times as long each time it happens again, up to this, */
#define ALL_WELL (50 * ZC_MS)        /* unless looking went well for so long */

_Thread_local struct zc_self *zc_self_mine __attribute__ ((tls_model ("initial-exec")));
static zc_mutex setup_lock = ZC_MUTEX_INIT;
static bool is_set_up;

static void thread_ends (void *value)
{
    struct zc_self *s = value;

    zc_chunk_unref (s->chunk);
    zc_free (s);
    zc_self_mine = NULL;
}

int zc_self_setup (void)
{
    int rc = 0;

    zc_mutex_lock (&setup_lock);
    if (!is_set_up) {
        rc = zc_fork_watch ();
        if (rc == 0)
            rc = zc_thread_at_end (thread_ends);
        is_set_up = rc == 0;
    }
    zc_mutex_unlock (&setup_lock);
    return rc;
}

struct zc_self *zc_self_new (void)
{
    struct zc_self *s = zc_calloc (1, sizeof *s);
    if (!s)
        return NULL;
    s->parker = zc_parker_self ();
    if (!s->parker) {
        zc_free (s);
        return NULL;
    }
    zc_self_mine = s;
    zc_thread_at_end_set (s);
    return s;
}

void zc_self_wake (struct zc_self *s, struct zc_parker *p)
{
    if (s->wake_count < ZC_SELF_WAKES)
        s->wakes[s->wake_count++] = p;
    else
        zc_park_wake (p); /* rare: under the lock, but never lost */
}

void zc_self_kick (struct zc_self *s, struct zc_loop *l)
{
    for (int i = 0; i < s->kick_count; i++)
        if (s->kicks[i] == l)
            return;
    if (s->kick_count == ZC_SELF_KICKS) {
        zc_loop_wake (l);
        return;
    }
    s->kicks[s->kick_count++] = zc_loop_ref (l);
}

void zc_self_run (struct zc_self *s)
{
    while (s->wake_count)
        zc_park_wake (s->wakes[--s->wake_count]);
    while (s->kick_count) {
        struct zc_loop *l = s->kicks[--s->kick_count];
        zc_loop_wake (l);
        zc_loop_unref (l);
    }
}

bool zc_self_give_way (struct zc_self *s, uint64_t *now)
{
    uint64_t before = *now;

    zc_thread_yield ();
    *now = zc_now ();
    if (*now - before <= YIELD_LATE)
        return true;
    s->pause = s->pause && before < s->paused_until + ALL_WELL ? s->pause * 4 : LOOK_PAUSE;
    if (s->pause > LOOK_PAUSE_MAX)
        s->pause = LOOK_PAUSE_MAX;
    s->paused_until = *now + s->pause;
    s->is_pausing = true;
    return false;
}
