/* What a hub needs of its I/O thread from time to time: a burst or a sweep to write, an idle role to take back, pipes that leave. */
#include "core/tick.h"

#include "core/close.h"
#include "core/links.h"
#include "core/mail.h"
#include "core/pipe.h"

/* After a sweep it looks again so soon that nobody need wake it meanwhile. A publisher that woke it with each message to a hundred peers
 * delivered a tenth to a fifth less, and each sweep had little to write. */
#define SWEPT_TICK (10 * ZC_US)

enum
{
    SWEEP_LINKS = 256,
    FRESH_TICKS = 7, /* so many times ZC_STALE more may pass before the next tick */
    BRISK = 32,      /* replies gathered within a tick, for so many ticks in a row at most, */
    BRISK_TICKS = 8, /* that the I/O thread leaves to their sender */
    IDLE_TICKS =
        4,     /* after so many ticks of a burst with nothing to write the next are twice as far apart, */
    RAREST = 2 /* so many times */
};

void zc_driver_tick_at (struct zc_hub *h, uint64_t when)
{
    if (!h->loop)
        return;
    bool is_new = !h->is_ticking;
    if (is_new || when < h->tick_due)
        h->tick_due = when;
    h->is_ticking = true;
    h->tick_asked = true;
    zc_loop_tick (h->loop, &h->tick, is_new, when);
}

uint64_t zc_tick_stale_at (const struct zc_hub *h)
{
    return h->looked_at + ZC_STALE * (1 + h->fresh_ticks);
}

/* Pipes that were disconnected go when their queue is written or their time is up. Returns the next such time. */
static uint64_t leave_step (struct zc_hub *h, uint64_t now)
{
    uint64_t next = ZC_NEVER;
    struct zc_pipe *after;

    for (struct zc_pipe *p = h->pipes; p; p = after) {
        after = p->next;
        if (!p->is_leaving || p->is_ending)
            continue;
        if (now >= p->leave_at || (!p->out.msgs && p->slot.kind == ZC_MSG_CLOSED))
            zc_pipe_retire (p);
        else if (p->leave_at < next)
            next = p->leave_at;
    }
    return next;
}

/* The program works through what it has received, and so quickly that the replies it gathers are better written by itself, at the end. */
static bool is_backlog_brisk (struct zc_hub *h)
{
    unsigned since = h->gathered - h->ticked_at;

    h->ticked_at = h->gathered;
    h->brisk_ticks = h->is_held_back && since >= BRISK ? h->brisk_ticks + 1 : 0;
    return h->brisk_ticks > 0 && h->brisk_ticks <= BRISK_TICKS;
}

/* Its sender has written by itself. The longer it does, the rarer it is watched: a tick takes its CPU for as long as some messages, which
 * are then late and come together, so that there is something to watch. */
static uint64_t tick_in (struct zc_hub *h)
{
    unsigned doubled = ++h->idle_ticks / IDLE_TICKS;
    return (uint64_t)ZC_BURST_TICK << (doubled < RAREST ? doubled : RAREST);
}

/* Writes some links. Returns when to look again. */
static uint64_t sweep_step (struct zc_hub *h, uint64_t *now)
{
    struct zc_pipe *p;

    for (int k = 0; k < SWEEP_LINKS && (p = zc_driver_dirty_pop (h)); k++)
        zc_driver_write (h, p);
    *now = zc_now ();
    if (h->dirty_count)
        return 1;
    h->is_sweeping = false;
    h->gathered = 0;
    h->is_burst = h->has_gathered = true;
    h->has_swept = true;
    return *now + SWEPT_TICK;
}

/* Writes what was gathered and its sender has not written. Returns when to look again, ZC_NEVER: the burst is over. */
static uint64_t burst_step (struct zc_hub *h, uint64_t *now)
{
    struct zc_pipe *p;

    if (is_backlog_brisk (h)) {
        h->has_gathered = false;
        return *now + ZC_BURST_TICK;
    }
    if (h->dirty_count && *now - (h->first_at > h->wrote_at ? h->first_at : h->wrote_at) > ZC_HOLD) {
        h->gathered = 0;
        for (int k = h->dirty_count; k > 0 && (p = zc_driver_dirty_pop (h)); k--)
            zc_driver_write (h, p);
        *now = zc_now ();
        h->has_gathered = false;
        h->idle_ticks = 0;
        return *now + ZC_BURST_TICK;
    }
    if (!h->dirty_count && !h->has_gathered) {
        h->is_burst = false;
        h->gathered = 0;
        h->idle_ticks = 0;
        return ZC_NEVER;
    }
    h->has_gathered = false;
    return *now + tick_in (h);
}

/* What the hub needs at this time. Returns when to ask again, 0: nothing more. */
static uint64_t tick (struct zc_hub *h)
{
    uint64_t now = zc_now (), next = ZC_NEVER;

    h->has_swept = false;
    if (h->is_sweeping)
        next = sweep_step (h, &now);
    else if (h->is_burst)
        next = burst_step (h, &now);
    if (h->leaving) {
        uint64_t due = leave_step (h, now);
        next = due < next ? due : next;
    }
    if (h->role == ZC_ROLE_IDLE) {
        if (now < h->looked_at + ZC_STALE && h->state == ZC_HUB_OPEN) {
            h->fresh_ticks += h->fresh_ticks < FRESH_TICKS;
            uint64_t due = zc_tick_stale_at (h);
            next = due < next ? due : next;
        } else {
            h->fresh_ticks = 0;
            h->role = ZC_ROLE_IO;
            if (!h->is_armed)
                zc_driver_arm (h, true);
            zc_driver_pass_on (h);
        }
    } else if (h->role == ZC_ROLE_BUSY && now + ZC_STALE * (1 + h->fresh_ticks) < next)
        next = now + ZC_STALE * (1 + h->fresh_ticks);
    if (h->role == ZC_ROLE_IO) {
        if (h->grace_at && h->is_armed)
            h->grace_at = 0;
        if ((h->grace_at && now >= h->grace_at) || (!h->grace_at && zc_driver_has_ready (h)))
            zc_driver_io_drive (h);
        else if (h->grace_at && h->grace_at < next)
            next = h->grace_at;
    } else
        h->grace_at = 0;
    return next == ZC_NEVER ? 0 : next;
}

uint64_t zc_driver_tick (struct zc_tick *t)
{
    struct zc_hub *h = (struct zc_hub *)(void *)((char *)t - offsetof (struct zc_hub, tick));

    zc_hub_lock (h);
    h->tick_asked = false;
    h->refs++;
    zc_hub_drain_mail (h);
    uint64_t again = tick (h);
    if (h->state == ZC_HUB_CLOSING) {
        uint64_t close = zc_hub_close_step (h);
        if (close && (!again || close < again))
            again = close;
    }
    h->refs--;
    if (!again && h->tick_asked)
        again = 1; /* asked for while the lock was given away */
    if (!again)
        h->is_ticking = false;
    h->tick_due = again;
    if (zc_hub_is_over (h)) {
        zc_hub_unlock_and_free (h); /* unlocks */
        return 0;
    }
    zc_hub_unlock (h);
    return again;
}
