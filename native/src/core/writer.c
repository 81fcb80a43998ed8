/* Writing: dirty pipes, gathering, the out-hold. See driver.h for the states. */
#include "core/driver.h"

#include <errno.h>
#include <sys/uio.h>
#include "core/close.h"
#include "core/monitor.h"
#include "core/pipe.h"
#include "core/tick.h"
#include "os/clock.h"
#include "os/net.h"

/* Starting points that were measured (see docs: design). */
#define GAP (1 * ZC_US) /* a send sooner than this after the last write is gathered */
/* A write that wakes a sleeping reader may cost tens of microseconds. To hold back for that long would let it fall asleep again. */
#define COST_MAX (5 * ZC_US)
#define PAUSE (50 * ZC_US) /* a thread that has not written for so long starts afresh */
#define FEW_WRITES 16      /* so many of its writes in a row are judged by their sockets alone */
#define NS_A_BYTE 1        /* what copying a large message takes, about, its memory being fresh */
/* For so long at most a caller waits for room, however much it has written before. */
#define CREDIT_MAX (2 * ZC_MS)
#define ROOM_LOOKS 40           /* tries to write more before a sleep until there is room: 20 to 40 us */
#define MANY_BYTES (256u << 10) /* more than this a caller leaves to the I/O thread */
#define HELP_BYTES (16u << 10)  /* a write of less costs as much again */
enum
{
    PIECES = 64
};

/* ---- bytes ---- */

uint8_t *zc_bytes_room (struct zc_bytes *b, size_t n)
{
    if (b->start == b->end)
        b->start = b->end = 0;
    if (b->cap - b->end < n) {
        size_t cap = b->cap ? b->cap : 64;
        while (cap - b->end < n) {
            if (cap > SIZE_MAX / 2)
                return NULL;
            cap *= 2;
        }
        uint8_t *p = zc_realloc (b->p, cap);
        if (!p)
            return NULL;
        b->p = p;
        b->cap = cap;
    }
    return b->p + b->end;
}

int zc_bytes_put (struct zc_bytes *b, const void *p, size_t n)
{
    uint8_t *at = zc_bytes_room (b, n);
    if (!at)
        return -ENOMEM;
    memcpy (at, p, n);
    b->end += n;
    return 0;
}

void zc_bytes_free (struct zc_bytes *b)
{
    zc_free (b->p);
    memset (b, 0, sizeof *b);
}

/* ---- who has something to write ---- */

static bool has_bytes (const struct zc_pipe *p)
{
    const struct zc_link *l = p->link;
    return p->out.bytes || p->slot.kind != ZC_MSG_CLOSED || zc_bytes_left (&l->writing)
           || zc_bytes_left (&l->commands);
}

void zc_driver_dirty (struct zc_hub *h, struct zc_pipe *p)
{
    const struct zc_link *l = p->link;

    if (p->is_dirty || !l || !l->is_joined || l->is_held || l->wanted_by || l->is_blocked || l->is_dead
        || !has_bytes (p))
        return;
    p->is_dirty = true;
    p->dirty_next = NULL;
    if (h->dirty_tail)
        h->dirty_tail->dirty_next = p;
    else
        h->dirty_head = p;
    h->dirty_tail = p;
    h->dirty_count++;
}

struct zc_pipe *zc_driver_dirty_pop (struct zc_hub *h)
{
    struct zc_pipe *p = h->dirty_head;
    if (!p)
        return NULL;
    if (!(h->dirty_head = p->dirty_next))
        h->dirty_tail = NULL;
    p->is_dirty = false;
    h->dirty_count--;
    return p;
}

void zc_driver_dirty_cut (struct zc_hub *h, struct zc_pipe *p)
{
    struct zc_pipe **at = &h->dirty_head, *before = NULL;

    if (!p->is_dirty)
        return;
    while (*at && *at != p) {
        before = *at;
        at = &before->dirty_next;
    }
    if (*at) {
        *at = p->dirty_next;
        if (h->dirty_tail == p)
            h->dirty_tail = before;
        h->dirty_count--;
    }
    p->is_dirty = false;
}

int zc_driver_command (struct zc_hub *h, struct zc_link *l, const void *bytes, size_t n)
{
    int rc = zc_bytes_put (&l->commands, bytes, n);
    if (rc == 0 && l->pipe)
        zc_driver_dirty (h, l->pipe);
    return rc;
}

/* ---- writing ---- */

/* What goes out next. Under the lock; the pieces stay valid while the out-hold is held. */
static int gather (struct zc_link *l, struct iovec *iov, size_t *own, size_t *total)
{
    struct zc_pipe *p = l->pipe;
    int k = 0;

    if (p->slot.kind != ZC_MSG_CLOSED && !p->out.bytes) {
        if (zc_outq_put (&p->out, &p->slot, 1, false) == 0) {
            p->hub->unsent += p->out.bytes;
            zc_msg_drop (&p->slot);
        }
    }
    if (!zc_bytes_left (&l->writing) && zc_bytes_left (&l->commands) && zc_outq_at_start (&p->out)) {
        struct zc_bytes empty = l->writing;
        l->writing = l->commands;
        l->commands = empty;
    }
    if (l->ops->encode && !zc_bytes_left (&l->writing) && p->out.bytes)
        l->ops->encode (l, &p->out, &l->writing);
    *own = zc_bytes_left (&l->writing);
    *total = *own;
    if (*own)
        iov[k++] = (struct iovec){l->writing.p + l->writing.start, *own};
    if (!l->ops->encode && p->out.bytes) {
        size_t n;
        bool only_open = zc_bytes_left (&l->commands) && !zc_outq_at_start (&p->out);
        k += zc_outq_pieces (&p->out, iov + k, PIECES - k, only_open, &n);
        *total += n;
    }
    return k;
}

/* n bytes went out: credit comes back. */
static void account (struct zc_hub *h, struct zc_link *l, size_t own, size_t n)
{
    struct zc_pipe *p = l->pipe;
    size_t mine = n < own ? n : own, queued = 0;

    l->writing.start += mine;
    if (mine && l->writing.start == l->writing.end) {
        queued = l->writing_bytes; /* the queue's bytes that were encoded into it */
        l->writing_bytes = 0;
        if (l->writing.cap > 4096)
            zc_bytes_free (&l->writing);
    }
    queued += n - mine;
    if (!queued)
        return;
    zc_outq_wrote (&p->out, queued);
    h->unsent -= queued;
    if (p->act < 0 && p->has_out && (!h->sndhwm || p->out.msgs <= h->sndhwm / 2))
        zc_pipe_room (p);
}

/* A thread that feeds many sockets in turn would find each of them quiet and write every message by itself. So after a few writes
 * without a pause its sends are gathered as one socket's are: what they share is the thread's time. But a thread that has done nothing
 * else since its last write (`held`) is only busy if it comes again at once: one message every 10 us is written as it comes. */
static void note_write (struct zc_self *self, uint64_t now)
{
    self->writes = now - self->wrote_at > PAUSE ? 1 : self->writes + 1;
    self->wrote_at = now;
    self->held = 0;
}

static uint64_t last_write (const struct zc_hub *h)
{
    const struct zc_self *self = zc_self_mine;
    return self->writes > FEW_WRITES && self->wrote_at > h->wrote_at ? self->wrote_at : h->wrote_at;
}

/* How long what is gathered is held back, from its first message or the last write on. */
static bool is_hold_over (const struct zc_hub *h, uint64_t now)
{
    uint64_t wrote = last_write (h), from = wrote > h->first_at ? wrote : h->first_at;
    return now - from > ZC_HOLD + 2 * h->write_cost;
}

struct written
{
    size_t total; /* bytes there were to write */
    int64_t n;    /* bytes written, or a negative errno */
};

/* Writes once what a pipe has. Its link is held then, until let_go. Unlocks, if there is something to write. */
static struct written write_once (struct zc_hub *h, struct zc_pipe *p)
{
    struct zc_link *l = p->link;
    struct iovec iov[PIECES];
    struct written w = {0};
    size_t own;
    int k = gather (l, iov, &own, &w.total);

    l->is_held = true;
    if (!k)
        return w;
    zc_hub_unlock (h);
    uint64_t began = zc_now ();
    w.n = zc_net_writev (l->fd, iov, k);
    uint64_t now = zc_now ();
    zc_hub_lock (h);
    uint64_t cost = now - began < COST_MAX ? now - began : COST_MAX;
    h->write_cost = (3 * h->write_cost + cost) / 4;
    h->wrote_at = now;
    note_write (zc_self_mine, now);
    if (w.n > 0)
        account (h, l, own, (size_t)w.n);
    return w;
}

/* Lets go of the link after this last write. */
static void let_go (struct zc_hub *h, struct zc_pipe *p, const struct written *w)
{
    struct zc_link *l = p->link;

    l->is_held = false;
    if (l->wanted_by)
        zc_self_wake (zc_self_mine, l->wanted_by);
    if (l->is_dead) {
        zc_driver_bury (l);
        return;
    }
    if (!w->total) {
        if (has_bytes (p))
            zc_driver_kill (h, l, -ENOMEM, 0, "no memory for what is to be sent");
        return;
    }
    if (w->n < 0 && w->n != -EAGAIN) {
        zc_driver_hung_up (h, l);
        return;
    }
    if (w->n < 0 || (size_t)w->n < w->total) {
        if (!l->is_blocked) { /* else it was asked for before and has not come yet */
            l->is_blocked = true;
            zc_driver_arm_link (l);
        }
        return;
    }
    l->is_blocked = false;
    if (!has_bytes (p)) {
        if (p->is_leaving && !p->is_ending)
            zc_pipe_retire (p);
        else if (h->state == ZC_HUB_CLOSING)
            zc_driver_tick_at (h, 0); /* perhaps it has lingered long enough */
        return;
    }
    zc_driver_dirty (h, p); /* what others appended meanwhile */
}

void zc_driver_write (struct zc_hub *h, struct zc_pipe *p)
{
    struct written w = write_once (h, p);
    let_go (h, p, &w);
}

/* ---- large messages, from their caller's memory ----
 *
 * Copying a large message costs as much as writing it, and more where the copies lie in memory that was never used before: a sender
 * that runs ahead of its link fills page after page with them. So the caller itself writes it from where it lies, and when the kernel
 * is full waits for room, in all no longer than copying all it has sent so would have taken; then it copies and goes on. At worst that
 * doubles what copying takes, in all other cases there is neither copy nor memory. A peer that does not read is waited for once. */

/* Whoever holds the link began its write before the message was put, and does not read it. */
static void copy_under_lock (struct zc_outq *o)
{
    struct zc_node_ref *r;

    while ((r = zc_outq_lent (o)) != NULL) {
        zc_node_copy_lent (r);
        zc_outq_took_copy (o);
    }
}

/* What the kernel did not take becomes the queue's own. The link is ours; unlocks. */
static void copy_lent (struct zc_hub *h, struct zc_outq *o)
{
    struct zc_node_ref *r;

    while ((r = zc_outq_lent (o)) != NULL) {
        zc_hub_unlock (h);
        zc_node_copy_lent (r);
        zc_hub_lock (h);
        zc_outq_took_copy (o);
    }
}

/* Waits for room in the kernel as long as the link has credit for. True when there is some, or when there may be: the kernel only calls
 * for more when three quarters of it are free, and by then its reader waits, so at first (*looks so often) the CPU is only given away
 * before the next try. Unlocks. */
static bool wait_for_room (struct zc_hub *h, struct zc_link *l, int *looks)
{
    struct zc_self *self = zc_self_mine;
    int rc = 0;

    if (!l->credit || h->state != ZC_HUB_OPEN)
        return false;
    zc_hub_unlock (h);
    uint64_t began = zc_now (), now = began;
    if (*looks > 0 && zc_driver_may_yield (self)) {
        --*looks;
        zc_self_give_way (self, &now);
    } else
        rc = zc_net_wait_room (l->fd, (int64_t)l->credit);
    uint64_t waited = zc_now () - began;
    zc_hub_lock (h);
    l->credit -= waited < l->credit ? waited : l->credit;
    return rc == 0;
}

/* Somebody else writes just now: sleeps until that write, which does not wait, is over. Nobody takes the link before us. Unlocks. */
static void wait_for_link (struct zc_hub *h, struct zc_link *l)
{
    struct zc_parker *parker = zc_self ()->parker;

    l->wanted_by = parker;
    while (l->is_held) {
        zc_park_prepare (parker, ZC_PARK_WORD);
        zc_hub_unlock (h);
        zc_park_sleep (parker, ZC_NEVER);
        zc_hub_lock (h);
    }
    l->wanted_by = NULL;
}

void zc_driver_write_large (struct zc_hub *h, bool may_wait)
{
    struct zc_pipe *p = h->large_to;
    struct zc_link *l = p->link;
    bool has_moved = false;
    int looks = ROOM_LOOKS;
    struct written w;

    h->large_to = NULL;
    if (l->is_held && !(may_wait && p->out.lent)) {
        copy_under_lock (&p->out);
        return; /* whoever holds it goes on with this one */
    }
    zc_driver_dirty_cut (h, p);
    wait_for_link (h, l);
    if (l->is_dead || l->is_over) {
        copy_under_lock (&p->out);
        zc_driver_bury (l);
        return;
    }
    if (p->out.lent)
        l->credit += p->out.lent_bytes * NS_A_BYTE;
    if (l->credit > CREDIT_MAX)
        l->credit = CREDIT_MAX;
    for (;;) {
        w = write_once (h, p);
        if (w.n > 0) {
            has_moved = true;
            looks = ROOM_LOOKS;
        }
        if (!p->out.lent || !w.total || l->is_dead || (w.n < 0 && w.n != -EAGAIN))
            break;
        if (w.n == (int64_t)w.total)
            continue;
        l->is_stuck = l->is_stuck && !has_moved;
        if (!may_wait || l->is_stuck)
            break;
        if (!wait_for_room (h, l, &looks)) {
            l->is_stuck = !has_moved;
            break;
        }
    }
    copy_lent (h, &p->out);
    let_go (h, p, &w);
}

void zc_driver_begin_burst (struct zc_hub *h)
{
    h->is_burst = true;
    h->has_gathered = true;
    h->first_at = zc_now ();
    zc_driver_tick_at (h, h->first_at + ZC_BURST_TICK);
}

void zc_driver_flush (struct zc_hub *h)
{
    struct zc_pipe *p;

    h->gathered = 0;
    for (int k = h->dirty_count; k > 0 && (p = zc_driver_dirty_pop (h)); k--)
        zc_driver_write (h, p);
    zc_driver_tell (h);
}

void zc_driver_pay (void)
{
    struct zc_slot *s = zc_self_mine->owes;

    zc_self_mine->owes = NULL;
    if (!s || atomic_load_explicit (&s->epoch, memory_order_relaxed) != zc_fork_epoch ())
        return;
    zc_mutex_lock (&s->mu);
    struct zc_hub *h = s->kind == ZC_KIND_SOCKET ? s->object : NULL;
    if (!h || !h->dirty_count
        || h->is_sweeping) { /* closed, or written meanwhile; another's that has its slot now is no matter */
        zc_mutex_unlock (&s->mu);
        return;
    }
    h->refs++;
    zc_driver_flush (h);
    zc_driver_pass_on (h);
    zc_hub_exit (h);
}

/* Who publishes faster than the I/O thread writes would go on filling queues, for peers that then miss messages, on the CPU that writing
 * needs. */
void zc_driver_help (struct zc_hub *h)
{
    struct zc_pipe *p = h->dirty_head;

    h->is_behind = false;
    if (p && p->out.bytes >= HELP_BYTES) {
        zc_driver_dirty_pop (h);
        zc_driver_write (h, p);
    }
}

/* Messages wait to be received: the program is working through a backlog, and what it sends meanwhile (replies, what it passes on)
 * is gathered until the backlog is done or the hold is over; then it writes what came together. */
static bool has_backlog (const struct zc_hub *h)
{
    return h->avail_head && h->avail_head->in_msgs;
}

/* The clock costs as much as half a message: a slow sender asks it with each, a quick one with each 32nd. */
static bool is_time_to_ask (unsigned gathered)
{
    return gathered < 32 ? !(gathered & (gathered - 1)) : !(gathered & 31);
}

void zc_driver_sent_some (struct zc_hub *h)
{
    bool is_first = h->gathered++ == 0;

    if (has_backlog (h)) {
        h->is_held_back = true;
        return;
    }
    if (h->is_held_back) {
        h->is_held_back = false;
        zc_driver_flush (h);
    } else if (h->dirty_count > 1 || h->unsent > MANY_BYTES) {
        h->is_sweeping = true;
        h->gathered = 0;
        if (!h->has_swept)
            zc_driver_tick_at (h, 0);
    } else if (is_first) {
        uint64_t now = zc_now ();
        h->first_at = now;
        struct zc_self *self = zc_self_mine;
        bool is_busy = self->held && self->writes > FEW_WRITES;
        if (now - last_write (h) > (is_busy ? ZC_HOLD + 2 * h->write_cost : GAP))
            zc_driver_flush (h);
        else
            self->held++;
    } else if (is_time_to_ask (h->gathered) && is_hold_over (h, zc_now ()))
        zc_driver_flush (h);
}
