/* Reading: the role, looking, parking. See driver.h for the states. */
#include "core/driver.h"

#include <errno.h>
#include "core/links.h"
#include "core/mail.h"
#include "core/pipe.h"
#include "core/tick.h"
#include "os/clock.h"

/* Starting points that were measured (see docs: design); an adaptive default beats an option. */
#define GRACE (1 * ZC_MS)      /* a user of the exported descriptor is given so long to come */
#define ANSWERS_MAX (1u << 20) /* bytes of commands that may wait for a peer that does not read */
enum
{
    LOOK_EVENTS = 64,
    LOOK_LINKS = 64,  /* read per look, */
    LOOK_MSGS = 4096, /* or as many as bring this: more would have left the caches before it is received */
    FRUITLESS = 4,    /* windows of looking again that found nothing, then */
    SKIP = 7          /* so many waits sleep at once */
};

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
            zc_ready_push (h, l);
    } else if (l->is_direct) {
        l->wants_in = true;
        zc_driver_arm_link (l);
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
        struct zc_link *l = zc_link_find (h, ev[i].tag);
        if (!l)
            continue;
        if (ev[i].events & ZC_POLL_ERR)
            l->has_hung_up = true;
        if (!l->is_ready)
            zc_ready_push (h, l);
    }
}

int zc_driver_look (struct zc_hub *h, int64_t timeout)
{
    struct zc_poll_event ev[LOOK_EVENTS];
    struct zc_link *l = timeout == 0 ? sole_link (h) : NULL;
    int n = 0;

    if (l) {
        if (!l->is_ready)
            zc_ready_push (h, l);
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
        l = zc_ready_pop (h);
        if (!l)
            break;
        bool last = l == stop;
        if (zc_link_is_full (h, l))
            zc_ready_push (h, l);
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

void zc_driver_arm (struct zc_hub *h, bool on)
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
        zc_driver_arm (h, false);
    h->role = ZC_ROLE_PARKED;
}

void zc_driver_leave (struct zc_hub *h, bool slept)
{
    if (h->state != ZC_HUB_OPEN || slept || (h->has_f && h->ready_head)) {
        h->role = ZC_ROLE_IO;
        if (!h->is_armed)
            zc_driver_arm (h, true);
        if (h->ready_head || h->state != ZC_HUB_OPEN)
            zc_driver_tick_at (h, 0);
        return;
    }
    h->role = ZC_ROLE_IDLE;
    uint64_t due = zc_tick_stale_at (h);
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
            zc_wake_set (h);
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
    if (self->is_pausing && zc_now () > self->paused_until)
        self->is_pausing = false;
    return !self->is_pausing;
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

void zc_driver_io_drive (struct zc_hub *h)
{
    h->role = ZC_ROLE_IOBUSY;
    h->grace_at = 0;
    zc_driver_look (h, 0);
    h->role = ZC_ROLE_IO;
    zc_driver_arm (h, true);
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
        zc_driver_io_drive (h);
    else if (h->role == ZC_ROLE_PARKED)
        zc_wake_set (h);
    /* BUSY, IOBUSY: looks at the list before it sleeps or leaves */
}

void zc_driver_hung_up (struct zc_hub *h, struct zc_link *l)
{
    l->is_blocked = l->is_over = l->has_hung_up = true;
    if (!l->is_ready && !l->is_reading)
        zc_ready_push (h, l);
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
            zc_driver_io_drive (h);
    }
    zc_hub_unlock (h);
}
