/* Reading: the role, looking, parking, ticking. See driver.h for the states. */
#include "core/driver.h"

#include <errno.h>
#include "core/close.h"
#include "core/mail.h"
#include "core/pipe.h"
#include "os/clock.h"

/* Starting points that were measured (see docs: design); an adaptive default beats an option. */
#ifdef ZC_TICK_OFF /* tests: lost wake-ups are not to be hidden as latency */
#define STALE (3600000 * ZC_MS)
#else
#define STALE (2 * ZC_MS) /* an idle role without a look for so long goes back */
#endif
#define GRACE (1 * ZC_MS)        /* a user of the exported descriptor is given so long to come */
#define BURST_TICK (100 * ZC_US) /* how often the I/O thread looks at a burst */
#define HOLD (2 * ZC_US)         /* what was gathered longer ago is written by the tick */
#define ANSWERS_MAX (1u << 20)   /* bytes of commands that may wait for a peer that does not read */
enum
{
    LOOK_EVENTS = 64,
    LOOK_LINKS = 64,  /* read per look, */
    LOOK_MSGS = 4096, /* or as many as bring this: more would have left the caches before it is received */
    SWEEP_LINKS = 256,
    FRESH_TICKS = 7, /* so many times STALE more may pass before the next tick */
    BRISK = 32,      /* replies gathered within a tick, for so many ticks in a row at most, */
    BRISK_TICKS = 8, /* that the I/O thread leaves to their sender */
    FRUITLESS = 4,   /* windows of looking again that found nothing, then */
    SKIP = 7         /* so many waits sleep at once */
};

/* ---- sleepers ---- */

void zc_sleeper_add (struct zc_sleepers *l, struct zc_sleeper *s, struct zc_parker *p, struct zc_hub *parked)
{
    *s = (struct zc_sleeper){.prev = l->tail, .parker = p, .parked = parked, .queued = true};
    if (l->tail)
        l->tail->next = s;
    else
        l->head = s;
    l->tail = s;
}

static void unqueue (struct zc_sleepers *l, struct zc_sleeper *s)
{
    s->queued = false;
    if (s->prev)
        s->prev->next = s->next;
    else
        l->head = s->next;
    if (s->next)
        s->next->prev = s->prev;
    else
        l->tail = s->prev;
}

void zc_sleeper_cut (struct zc_sleepers *l, struct zc_sleeper *s)
{
    if (s->token) {
        l->waking--;
        s->token = false;
    }
    if (s->queued)
        unqueue (l, s);
}

static void wake_set (struct zc_hub *h)
{
    atomic_store_explicit (&h->is_set_woken, true,
                           memory_order_relaxed); /* under the hub's lock or its mail's */
    zc_wake_raise (&h->set_wake);
}

/* Most wakes wait until the lock is dropped. Who is parked on a set is woken at once: only under the lock is the set's wake
 * surely still open. */
static void wake (struct zc_sleeper *s)
{
    if (s->parked)
        wake_set (s->parked);
    else
        zc_self_wake (zc_self (), s->parker);
}

void zc_wake_one (struct zc_sleepers *l)
{
    struct zc_sleeper *s = l->head;
    if (!s || l->waking)
        return; /* one wake in flight is enough: who wakes passes on */
    unqueue (l, s);
    s->token = true;
    l->waking++;
    wake (s);
}

void zc_wake_all (struct zc_sleepers *l)
{
    while (l->head) {
        struct zc_sleeper *s = l->head;
        unqueue (l, s);
        s->token = true;
        l->waking++;
        wake (s);
    }
}

/* ---- ticks ---- */

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

/* ---- the exported descriptor ---- */

void zc_driver_raise (struct zc_hub *h)
{
    if (h->has_f)
        zc_mail_raise (h);
}

bool zc_driver_clear (struct zc_hub *h)
{
    if (!h->has_f || zc_mail_clear (h))
        return true;
    zc_hub_drain_mail (h);
    return false;
}

/* ---- links that are ready ---- */

static void ready_push (struct zc_hub *h, struct zc_link *l)
{
    l->is_ready = true;
    l->ready_next = NULL;
    if (h->ready_tail)
        h->ready_tail->ready_next = l;
    else
        h->ready_head = l;
    h->ready_tail = l;
}

static struct zc_link *ready_pop (struct zc_hub *h)
{
    struct zc_link *l = h->ready_head;
    if (l && !(h->ready_head = l->ready_next))
        h->ready_tail = NULL;
    return l;
}

static void ready_cut (struct zc_hub *h, struct zc_link *l)
{
    struct zc_link **at = &h->ready_head, *before = NULL;

    if (!l->is_ready)
        return;
    while (*at && *at != l) {
        before = *at;
        at = &before->ready_next;
    }
    if (*at) {
        *at = l->ready_next;
        if (h->ready_tail == l)
            h->ready_tail = before;
    }
    l->is_ready = false;
}

/* Read by room: the queue is at its mark. */
static bool is_full (const struct zc_hub *h, const struct zc_link *l)
{
    return h->rcvhwm && l->pipe->in_msgs >= h->rcvhwm && !h->conflate_in;
}

bool zc_driver_has_ready (const struct zc_hub *h)
{
    for (const struct zc_link *l = h->ready_head; l; l = l->ready_next)
        if (!is_full (h, l))
            return true;
    return false;
}

static struct zc_link *find_link (struct zc_hub *h, uint64_t tag)
{
    uint32_t i = (uint32_t)tag;
    struct zc_link *l = i < h->link_cap ? h->links[i] : NULL;
    return l && (l->gen & 0x3fffffff) == ((tag >> 32) & 0x3fffffff) ? l : NULL;
}

/* ---- the loop's poller, for links read directly and for blocked output: system calls under the lock, so that no stale
 * mask is ever the last one ---- */

static void arm_link (struct zc_link *l)
{
    unsigned events =
        (l->wants_in && l->is_direct ? ZC_POLL_IN : 0u) | (l->is_blocked && !l->is_over ? ZC_POLL_OUT : 0u);
    if (events)
        zc_loop_watch_mod (l->loop, &l->watch, events | ZC_POLL_ONCE);
}

void zc_driver_arm_link (struct zc_link *l)
{
    arm_link (l);
}

/* ---- reading ---- */

/* False: the peer asks and asks and does not take the answers; the link is killed. */
static bool answer (struct zc_hub *h, struct zc_link *l, struct zc_intake *in)
{
    size_t n = zc_bytes_left (&in->answers);
    int rc = 0;

    if (n)
        rc = zc_bytes_left (&l->commands) > ANSWERS_MAX ? -ENOBUFS
                                                        : zc_driver_command (h, l, in->answers.p, n);
    if (rc < 0)
        zc_driver_kill (h, l, rc, 0, "the peer does not take the answers to its commands");
    zc_bytes_free (&in->answers);
    return rc == 0;
}

/* What was read comes into the hub. */
static void settle (struct zc_hub *h, struct zc_link *l, struct zc_intake *in)
{
    struct zc_pipe *p = l->pipe;

    if (in->keeps_pieces)
        zc_self_kick (zc_self_mine, l->loop);
    if (l->is_dead) {
        zc_frames_clear (&in->fresh);
        zc_bytes_free (&in->answers);
        zc_driver_bury (l);
        return;
    }
    if (in->heard && l->has_beat)
        zc_beat_traffic (&l->beat);
    if (in->has_ttl && l->has_beat) {
        zc_beat_ping (&l->beat, in->ttl, zc_now ());
        if (!l->is_beat_posted) {
            l->is_beat_posted = true;
            zc_loop_post (l->loop, &l->beat_task);
        }
    }
    bool goes_on = answer (h, l, in);
    if (in->msgs)
        zc_pipe_arrived (p, &in->fresh, in->msgs);
    if (!goes_on || l->is_dead) /* the pattern may have refused what came */
        return;
    bool is_silent = l->is_over && !in->heard && !in->more;
    if (in->error || in->closed || is_silent) {
        zc_driver_kill (h, l, in->error, in->code, in->why);
        return;
    }
    if (in->more || l->is_over) {
        if (!l->is_ready)
            ready_push (h, l);
    } else if (l->is_direct) {
        l->wants_in = true;
        arm_link (l);
    }
}

/* Returns how many messages came. */
static uint32_t read_link (struct zc_hub *h, struct zc_link *l)
{
    struct zc_intake in = {.hung_up = l->has_hung_up};

    l->is_reading = true;
    zc_hub_unlock (h);
    l->ops->read (l, &in);
    zc_hub_lock (h);
    l->is_reading = false;
    uint32_t msgs = in.msgs;
    settle (h, l, &in);
    return msgs;
}

/* The only link of the hub, when a caller may read it without asking the set: that leaves an old event in the set, which
 * costs one idle look before the next sleep, and which the I/O thread or a watcher of F must never meet unread. */
static struct zc_link *sole_link (struct zc_hub *h)
{
    if (h->link_live != 1 || h->has_f || h->role != ZC_ROLE_BUSY || h->sole >= h->link_cap)
        return NULL;
    while (!h->links[h->sole])
        h->sole = (h->sole + 1) % h->link_cap;
    return h->links[h->sole]->is_direct ? NULL : h->links[h->sole];
}

static void note_events (struct zc_hub *h, const struct zc_poll_event *ev, int n)
{
    for (int i = 0; i < n; i++) {
        if (ev[i].tag == UINT64_MAX)
            continue; /* the set's wake */
        struct zc_link *l = find_link (h, ev[i].tag);
        if (!l)
            continue;
        if (ev[i].events & ZC_POLL_ERR)
            l->has_hung_up = true;
        if (!l->is_ready)
            ready_push (h, l);
    }
}

int zc_driver_look (struct zc_hub *h, int64_t timeout)
{
    struct zc_poll_event ev[LOOK_EVENTS];
    struct zc_link *l = timeout == 0 ? sole_link (h) : NULL;
    int n = 0;

    if (l) {
        if (!l->is_ready)
            ready_push (h, l);
    } else if (h->has_set) {
        if (timeout && zc_driver_has_ready (h))
            timeout = 0;
        zc_hub_unlock (h);
        n = zc_poller_wait (&h->set, ev, LOOK_EVENTS, timeout);
        zc_hub_lock (h);
        note_events (h, ev, n);
    }
    h->looked_at = zc_now ();

    struct zc_link *stop = h->ready_tail;
    uint32_t msgs = 0;
    for (int budget = LOOK_LINKS; stop && budget > 0 && msgs < LOOK_MSGS; budget--) {
        l = ready_pop (h);
        if (!l)
            break;
        bool last = l == stop;
        if (is_full (h, l))
            ready_push (h, l);
        else {
            l->is_ready = false;
            msgs += read_link (h, l);
        }
        if (last)
            break;
    }
    return n == -EINTR ? -EINTR : 0;
}

/* ---- the role ---- */

static void arm (struct zc_hub *h, bool on)
{
    if (!h->has_set)
        return;
    h->is_armed = on;
    zc_poller_mod (&h->loop->poller, h->set.fd, on ? ZC_POLL_IN | ZC_POLL_ONCE : ZC_POLL_ONCE,
                   zc_tag (ZC_TAG_HUB, h->slot->index, h->set_gen));
}

bool zc_driver_take (struct zc_hub *h)
{
    if (!h->link_live || (h->role != ZC_ROLE_IO && h->role != ZC_ROLE_IDLE) || zc_driver_open_set (h) < 0)
        return false;
    h->role = ZC_ROLE_BUSY;
    return true;
}

void zc_driver_prepare_park (struct zc_hub *h)
{
    if (!atomic_load_explicit (&h->is_set_woken, memory_order_relaxed))
        return;
    atomic_store_explicit (&h->is_set_woken, false, memory_order_relaxed);
    zc_wake_clear (&h->set_wake);
}

void zc_driver_park (struct zc_hub *h)
{
    if (h->is_armed)
        arm (h, false);
    h->role = ZC_ROLE_PARKED;
}

/* When to see whether the owner of the idle role has looked lately. Each time it had, the next such tick may come later: on one CPU a tick
 * costs whoever works more than a message. */
static uint64_t stale_at (const struct zc_hub *h)
{
    return h->looked_at + STALE * (1 + h->fresh_ticks);
}

void zc_driver_leave (struct zc_hub *h, bool slept)
{
    if (h->state != ZC_HUB_OPEN || slept || (h->has_f && h->ready_head)) {
        h->role = ZC_ROLE_IO;
        if (!h->is_armed)
            arm (h, true);
        if (h->ready_head || h->state != ZC_HUB_OPEN)
            zc_driver_tick_at (h, 0);
        return;
    }
    h->role = ZC_ROLE_IDLE;
    uint64_t due = stale_at (h);
    if (!h->is_ticking || h->tick_due > due)
        zc_driver_tick_at (h, due);
}

static bool is_role_free (const struct zc_hub *h)
{
    return h->has_set && h->link_live && (h->role == ZC_ROLE_IO || h->role == ZC_ROLE_IDLE);
}

/* Something to receive: in a pipe, or of the pattern's own making. */
static bool has_news (struct zc_hub *h)
{
    return h->state == ZC_HUB_OPEN && h->ops->can_recv && h->ops->can_recv (h);
}

void zc_driver_pass_on_some (struct zc_hub *h)
{
    if (h->in.head)
        zc_pipes_ask (h); /* they sleep on being told */
    if (h->in.head && (h->state != ZC_HUB_OPEN || is_role_free (h) || has_news (h)))
        zc_wake_one (&h->in);
    if (h->out.head && (h->act_count || h->state != ZC_HUB_OPEN))
        zc_wake_one (&h->out);
    if (h->has_f && has_news (h))
        zc_driver_raise (h);
    if (h->resume && h->role != ZC_ROLE_BUSY && h->role != ZC_ROLE_IOBUSY) {
        h->resume = false;
        if (h->role == ZC_ROLE_PARKED)
            wake_set (h);
        else
            zc_driver_tick_at (h, 0);
    }
}

void zc_driver_pass_across (struct zc_hub *h, const struct zc_sleepers *list)
{
    if (list != &h->in && h->in.head && has_news (h))
        zc_wake_one (&h->in);
    if (list != &h->out && h->out.head && h->act_count)
        zc_wake_one (&h->out);
}

bool zc_driver_may_yield (struct zc_self *self)
{
    if (self->no_look_before && zc_now () > self->no_look_before)
        self->no_look_before = 0;
    return !self->no_look_before;
}

bool zc_driver_may_look (struct zc_hub *h, struct zc_self *self)
{
    if (!h->look_again)
        return false;
    if (h->skip > 0) {
        h->skip--;
        return false;
    }
    return zc_driver_may_yield (self);
}

void zc_driver_look_paid (struct zc_hub *h, bool paid)
{
    if (paid)
        h->fruitless = 0;
    else if (++h->fruitless >= FRUITLESS) {
        h->fruitless = FRUITLESS - 1;
        h->skip = SKIP;
    }
}

/* ---- on the I/O thread ---- */

/* Role IO: reads what is ready and arms the set again. */
static void io_drive (struct zc_hub *h)
{
    h->role = ZC_ROLE_IOBUSY;
    h->grace_at = 0;
    zc_driver_look (h, 0);
    h->role = ZC_ROLE_IO;
    arm (h, true);
    if (zc_driver_has_ready (h))
        zc_driver_tick_at (h, 0);
    zc_driver_tell (h);
    zc_driver_pass_on (h);
}

void zc_driver_serve (struct zc_hub *h)
{
    if (!zc_driver_has_ready (h))
        return;
    if (h->role == ZC_ROLE_IO || h->role == ZC_ROLE_IDLE)
        io_drive (h);
    else if (h->role == ZC_ROLE_PARKED)
        wake_set (h);
    /* BUSY, IOBUSY: looks at the list before it sleeps or leaves */
}

void zc_driver_hung_up (struct zc_hub *h, struct zc_link *l)
{
    l->is_blocked = l->is_over = l->has_hung_up = true;
    if (!l->is_ready && !l->is_reading)
        ready_push (h, l);
    zc_driver_serve (h);
}

void zc_driver_set_ready (uint32_t index, uint32_t gen)
{
    struct zc_slot *s = zc_handle_slot (index);

    zc_mutex_lock (&s->mu);
    struct zc_hub *h = s->kind == ZC_KIND_SOCKET || s->kind == ZC_KIND_CLOSING ? s->object : NULL;
    if (!h || !h->has_set || (h->set_gen & 0x3fffffff) != gen) {
        zc_mutex_unlock (&s->mu);
        return;
    }
    h->is_armed = false;
    if (h->role == ZC_ROLE_IO) {
        if (h->has_f && h->state == ZC_HUB_OPEN) {
            h->grace_at = zc_now () + GRACE;
            zc_driver_tick_at (h, h->grace_at);
        } else
            io_drive (h);
    }
    zc_hub_unlock (h);
}

void zc_driver_link_event (struct zc_watch *w, unsigned events)
{
    struct zc_link *l = (struct zc_link *)(void *)((char *)w - offsetof (struct zc_link, watch));
    struct zc_hub *h = l->hub;

    zc_hub_lock (h);
    if (!l->is_dead) {
        h->refs++;
        if (l->is_blocked && !l->is_over && (events & (ZC_POLL_OUT | ZC_POLL_ERR))) {
            l->is_blocked = false;
            zc_driver_dirty (h, l->pipe);
            if (l->pipe->is_dirty) {
                zc_driver_dirty_cut (h, l->pipe);
                zc_driver_write (h, l->pipe);
            }
        }
        if (!l->is_dead && l->is_direct && (events & (ZC_POLL_IN | ZC_POLL_ERR))) {
            l->wants_in = false;
            if (!l->is_ready)
                ready_push (h, l);
        }
        if (!l->is_dead)
            arm_link (l);
        zc_driver_serve (h);
        zc_driver_tell (h);
        zc_driver_pass_on (h);
        h->refs--;
    }
    zc_hub_unlock (h);
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

/* What the hub needs at this time. Returns when to ask again, 0: nothing more. */
static uint64_t tick (struct zc_hub *h)
{
    uint64_t now = zc_now (), next = ZC_NEVER;
    struct zc_pipe *p;

    if (h->is_sweeping) {
        for (int k = 0; k < SWEEP_LINKS && (p = zc_driver_dirty_pop (h)); k++)
            zc_driver_write (h, p);
        now = zc_now ();
        if (h->dirty_count)
            next = 1;
        else {
            h->is_sweeping = false;
            h->gathered = 0;
            h->is_burst = h->has_gathered = true;
        }
    }
    if (h->is_burst && next != 1) {
        if (is_backlog_brisk (h)) {
            h->has_gathered = false;
            next = now + BURST_TICK;
        } else if (h->dirty_count && now - (h->first_at > h->wrote_at ? h->first_at : h->wrote_at) > HOLD) {
            h->gathered = 0;
            for (int k = h->dirty_count; k > 0 && (p = zc_driver_dirty_pop (h)); k--)
                zc_driver_write (h, p);
            now = zc_now ();
            h->has_gathered = false;
            next = now + BURST_TICK;
        } else if (!h->dirty_count && !h->has_gathered) {
            h->is_burst = false;
            h->gathered = 0;
        } else {
            h->has_gathered = false;
            next = now + BURST_TICK;
        }
    }
    if (h->leaving) {
        uint64_t due = leave_step (h, now);
        next = due < next ? due : next;
    }
    if (h->role == ZC_ROLE_IDLE) {
        if (now < h->looked_at + STALE && h->state == ZC_HUB_OPEN) {
            h->fresh_ticks += h->fresh_ticks < FRESH_TICKS;
            uint64_t due = stale_at (h);
            next = due < next ? due : next;
        } else {
            h->fresh_ticks = 0;
            h->role = ZC_ROLE_IO;
            if (!h->is_armed)
                arm (h, true);
            zc_driver_pass_on (h);
        }
    } else if (h->role == ZC_ROLE_BUSY && now + STALE * (1 + h->fresh_ticks) < next)
        next = now + STALE * (1 + h->fresh_ticks);
    if (h->role == ZC_ROLE_IO) {
        if (h->grace_at && h->is_armed)
            h->grace_at = 0;
        if ((h->grace_at && now >= h->grace_at) || (!h->grace_at && zc_driver_has_ready (h)))
            io_drive (h);
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

/* ---- links come and go ---- */

static void move_to_set (struct zc_hub *h, struct zc_link *l)
{
    if (zc_poller_add (&h->set, l->fd, ZC_POLL_IN | ZC_POLL_EDGE, (uint64_t)l->gen << 32 | l->index) < 0)
        return; /* it stays where it is */
    l->is_direct = l->wants_in = false;
    zc_loop_watch_mod (l->loop, &l->watch, l->is_blocked && !l->is_over ? ZC_POLL_OUT | ZC_POLL_ONCE : 0);
}

int zc_driver_open_set (struct zc_hub *h)
{
    if (h->has_set)
        return 0;
    if (!h->loop->poller.ops->nests)
        return -ENOTSUP;
    h->set_gen = h->slot->gen;
    int rc = zc_poller_open (&h->set, h->loop->poller.ops);
    if (rc < 0)
        return rc;
    rc = zc_wake_open (&h->set_wake);
    if (rc == 0)
        rc = zc_poller_add (&h->set, h->set_wake.fd, ZC_POLL_IN | ZC_POLL_EDGE, UINT64_MAX);
    if (rc == 0)
        rc = zc_poller_add (&h->loop->poller, h->set.fd, ZC_POLL_IN | ZC_POLL_ONCE,
                            zc_tag (ZC_TAG_HUB, h->slot->index, h->set_gen));
    if (rc == 0 && h->has_f)
        rc = zc_poller_add (&h->f, h->set.fd, ZC_POLL_IN, 1);
    if (rc < 0) {
        zc_wake_close (&h->set_wake);
        zc_poller_close (&h->set);
        return rc;
    }
    h->has_set = h->is_armed = true;
    for (uint32_t i = 0; i < h->link_cap; i++)
        if (h->links[i])
            move_to_set (h, h->links[i]);
    return 0;
}

static int link_place (struct zc_hub *h, uint32_t *at)
{
    uint32_t i = h->link_hint; /* nothing below it is free */
    while (i < h->link_cap && h->links[i])
        i++;
    if (i == h->link_cap) {
        uint32_t cap = h->link_cap ? h->link_cap * 2 : 4;
        struct zc_link **links = zc_realloc (h->links, cap * sizeof *links);
        if (!links)
            return -ENOMEM;
        memset (links + h->link_cap, 0, (cap - h->link_cap) * sizeof *links);
        h->links = links;
        h->link_cap = cap;
    }
    h->link_hint = i + 1;
    *at = i;
    return 0;
}

int zc_driver_join (struct zc_hub *h, struct zc_link *l)
{
    static _Atomic uint32_t generation;
    uint32_t at;
    int rc = link_place (h, &at);

    if (rc < 0)
        return rc;
    zc_loop_watch_mod (l->loop, &l->watch, 0);
    l->watch.fn = zc_driver_link_event;
    l->index = at;
    l->gen = atomic_fetch_add_explicit (&generation, 1, memory_order_relaxed) & 0x3fffffff;
    /* Without a waiter the I/O thread reads it, and a socket that never receives needs no set. */
    if (h->in.head || h->has_f)
        (void)zc_driver_open_set (h);
    l->is_direct = !h->has_set;
    if (!l->is_direct)
        l->is_direct =
            zc_poller_add (&h->set, l->fd, ZC_POLL_IN | ZC_POLL_EDGE, (uint64_t)l->gen << 32 | at) < 0;
    if (l->is_direct) {
        l->wants_in = true;
        rc = zc_loop_watch_mod (l->loop, &l->watch, ZC_POLL_IN | ZC_POLL_ONCE);
        if (rc < 0)
            return rc;
    }
    l->hub = h;
    h->refs++;
    h->links[at] = l;
    h->link_live++;
    l->is_joined = true;
    l->pipe->link = l;
    h->unsent += l->pipe->out.bytes;
    if (l->has_input)
        ready_push (h, l);
    zc_driver_dirty (h, l->pipe);
    return 0;
}

/* To be called after join and the pattern's `up`. */
void zc_driver_joined (struct zc_hub *h)
{
    zc_driver_serve (h);
    zc_driver_tell (h);
    zc_driver_pass_on (h);
}

void zc_driver_kill (struct zc_hub *h, struct zc_link *l, int error, uint32_t code, const char *why)
{
    if (l->is_dead)
        return;
    l->is_dead = true;
    l->error = error;
    l->code = code;
    l->why = why;
    if (l->is_joined) {
        zc_driver_dirty_cut (h, l->pipe);
        ready_cut (h, l);
        h->links[l->index] = NULL;
        h->link_hint = l->index < h->link_hint ? l->index : h->link_hint;
        h->link_live--;
    }
    zc_driver_bury (l);
}

static void link_gone (struct zc_task *t)
{
    struct zc_link *l = (struct zc_link *)(void *)((char *)t - offsetof (struct zc_link, gone_task));
    struct zc_hub *h = l->hub;

    zc_hub_lock (h);
    if (!l->is_direct)
        zc_poller_del (&h->set, l->fd);
    zc_loop_unwatch (l->loop, &l->watch);
    struct zc_pipe *p = l->pipe;
    h->unsent -= p->out.bytes;
    p->link = NULL;
    zc_pipe_lost (p, l->keeps_pipe && h->state != ZC_HUB_DONE);
    zc_driver_pass_on (h);
    zc_hub_unlock (h);
    zc_bytes_free (&l->commands);
    zc_bytes_free (&l->writing);
    l->ops->gone (l);
    zc_hub_lock (h);
    zc_hub_exit (h);
}

void zc_driver_bury (struct zc_link *l)
{
    if (!l->is_dead || l->is_held || l->wanted_by || l->is_reading || l->is_gone_posted || !l->is_joined)
        return;
    l->is_gone_posted = true;
    l->gone_task.fn = link_gone;
    zc_loop_post (l->loop, &l->gone_task);
}
