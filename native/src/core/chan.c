#include "core/chan.h"

#include <errno.h>
#include "base/lane.h"
#include "core/driver.h"
#include "core/mail.h"
#include "core/monitor.h"
#include "core/pipe.h"

#define TELL_EVERY 500u /* messages read between two looks whether the writer waits for room, at most */

struct side
{
    struct zc_hub *hub;   /* NULL: not taken, left, or no socket */
    struct zc_pipe *pipe; /* posted to hub's mail */
    bool gone;
    uint8_t type;
    uint32_t sndhwm, rcvhwm;
    bool conflate;
    uint8_t id_size;
    uint8_t id[255];
};

struct way /* written by the side of the same number */
{
    /* the writer's */
    uint32_t put, credit_seen; /* messages put; of `credited`, what it knows */
    _Atomic bool reader_waits; /* is to be told of the next message */
    _Atomic uint32_t
        limit; /* messages not yet credited that may be here; 0: any number. Changed under the lock */
    _Atomic bool is_conflated; /* one message, in slot. Changed under the lock */
    _Atomic bool is_over;      /* the reader has left. Changed under the lock */
    struct zc_lane lane;       /* begins with what is the writer's, ends with what is the reader's */
    /* the reader's */
    _Atomic uint32_t credited; /* messages read */
    _Atomic bool writer_waits; /* is to be told of room */
    /* under the lock */
    struct zc_frames slot;
};

struct zc_chan
{
    zc_mutex mu;
    int refs;
    struct side side[2];
    struct way way[2];
};

/* The sum of both sides' marks; 0: no limit. Before the other side has come only the writer's own counts. */
static uint32_t limit (const struct zc_chan *c, int writer)
{
    const struct side *w = &c->side[writer], *r = &c->side[!writer];
    if (!w->sndhwm)
        return 0;
    if (!r->hub && !r->gone)
        return w->sndhwm;
    return r->rcvhwm ? w->sndhwm + r->rcvhwm : 0;
}

/* After a side has changed: what the writers look at. Under the lock (nobody relies on seeing it at once). */
static void sides_changed (struct zc_chan *c)
{
    for (int i = 0; i < 2; i++) {
        atomic_store_explicit (&c->way[i].limit, limit (c, i), memory_order_relaxed);
        atomic_store_explicit (&c->way[i].is_conflated, c->side[0].conflate || c->side[1].conflate,
                               memory_order_relaxed);
        atomic_store_explicit (&c->way[i].is_over, c->side[!i].gone, memory_order_relaxed);
    }
}

static void fill_side (struct side *s, struct zc_hub *h, struct zc_pipe *p, const struct zc_chan_card *card)
{
    s->hub = h;
    s->pipe = p;
    s->type = card->type;
    s->sndhwm = card->sndhwm;
    s->rcvhwm = card->rcvhwm;
    s->conflate = card->conflate;
    s->id_size = (uint8_t)card->id_size;
    if (card->id_size)
        memcpy (s->id, card->id, card->id_size);
}

static void unref_locked (struct zc_chan *c)
{
    bool last = --c->refs == 0;
    zc_mutex_unlock (&c->mu);
    if (!last)
        return;
    for (int i = 0; i < 2; i++) {
        zc_lane_close (&c->way[i].lane);
        zc_frames_clear (&c->way[i].slot);
    }
    zc_mutex_close (&c->mu);
    zc_free (c);
}

void zc_chan_ref (struct zc_chan *c)
{
    zc_mutex_lock (&c->mu);
    c->refs++;
    zc_mutex_unlock (&c->mu);
}

void zc_chan_unref (struct zc_chan *c)
{
    zc_mutex_lock (&c->mu);
    unref_locked (c);
}

int zc_chan_new (struct zc_chan **out, struct zc_hub *h, struct zc_pipe *p, const struct zc_chan_card *card)
{
    struct zc_chan *c = zc_calloc (1, sizeof *c);
    if (!c)
        return -ENOMEM;
    zc_mutex_init (&c->mu);
    c->refs = 1;
    fill_side (&c->side[0], h, p, card);
    sides_changed (c);
    atomic_init (&c->way[1].reader_waits, true); /* side 1's own reader starts with news (zc_chan_bind) */
    if (p) {
        p->chan = c;
        p->side = 0;
    }
    *out = c;
    return 0;
}

/* Tells the side that reads way i (or writes it) that something changed. Under c->mu. */
static void tell (struct zc_chan *c, int to, unsigned news)
{
    struct side *s = &c->side[to];
    if (s->hub && s->pipe)
        zc_mail_post (s->hub, s->pipe, news);
}

int zc_chan_bind (struct zc_chan *c, struct zc_hub *h, struct zc_pipe *p, const struct zc_chan_card *card)
{
    zc_mutex_lock (&c->mu);
    if (c->side[0].gone) {
        zc_mutex_unlock (&c->mu);
        return -EPIPE;
    }
    fill_side (&c->side[1], h, p, card);
    sides_changed (c);
    p->chan = c;
    p->side = 1;
    c->refs++;
    if (!zc_mail_post (h, p, ZC_NEWS_NEW | ZC_NEWS_IN)) {
        c->side[1].hub = NULL;
        c->side[1].pipe = NULL;
        sides_changed (c);
        p->chan = NULL;
        unref_locked (c);
        return -ECONNREFUSED;
    }
    tell (c, 0, ZC_NEWS_BOUND | ZC_NEWS_OUT);
    zc_mutex_unlock (&c->mu);
    return 0;
}

/* ---- writing ---- */

/* Word for who asked for it, on either end of a way. */
static void answer (struct zc_chan *c, _Atomic bool *asked, int to, unsigned news)
{
    if (!atomic_load_explicit (asked, memory_order_seq_cst))
        return;
    zc_mutex_lock (&c->mu);
    if (atomic_exchange_explicit (asked, false, memory_order_seq_cst))
        tell (c, to, news);
    zc_mutex_unlock (&c->mu);
}

/* No room, as far as the reader has told; it is asked to tell of more. */
static bool is_full (struct way *w)
{
    uint32_t max = atomic_load_explicit (&w->limit, memory_order_relaxed);

    if (!max || w->put - w->credit_seen < max)
        return false;
    /* Acquire pairs with the stores of the reader: what was read is ours again. */
    w->credit_seen = atomic_load_explicit (&w->credited, memory_order_acquire);
    if (w->put - w->credit_seen < max)
        return false;
    atomic_store_explicit (&w->writer_waits, true, memory_order_seq_cst);
    w->credit_seen = atomic_load_explicit (&w->credited, memory_order_seq_cst);
    return w->put - w->credit_seen >= max;
}

static int put_conflated (struct zc_chan *c, struct way *w, struct zc_msg *parts, size_t count)
{
    struct zc_frames fresh; /* aside first, so that a failure leaves the old one there */
    int rc = 0;

    zc_frames_init (&fresh);
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = zc_frames_put_msg (&fresh, &parts[i], i + 1 < count ? ZC_F_MORE : 0, true);
    if (rc == 0) {
        zc_mutex_lock (&c->mu);
        struct zc_frames old = w->slot;
        w->slot = fresh;
        fresh = old;
        zc_mutex_unlock (&c->mu);
    }
    zc_frames_clear (&fresh);
    return rc;
}

/* A whole message into the way of this writer. *full: it is at its mark now. */
static int put (struct zc_chan *c, int writer, struct zc_msg *parts, size_t count, bool force, bool *full)
{
    struct way *w = &c->way[writer];
    bool is_conflated = atomic_load_explicit (&w->is_conflated, memory_order_relaxed);

    *full = false;
    if (atomic_load_explicit (&w->is_over, memory_order_relaxed))
        return -EPIPE;
    if (!force && !is_conflated && is_full (w)) {
        *full = true;
        return -EAGAIN;
    }
    int rc = is_conflated ? put_conflated (c, w, parts, count) : zc_lane_put (&w->lane, parts, count);
    if (rc < 0)
        return rc;
    if (!is_conflated) {
        w->put++;
        *full = is_full (w);
    }
    answer (c, &w->reader_waits, !writer, ZC_NEWS_IN);
    return 0;
}

int zc_chan_put (struct zc_pipe *p, struct zc_msg *parts, size_t count, bool force)
{
    bool full;
    int rc = put (p->chan, p->side, parts, count, force, &full);

    if (full)
        zc_pipe_full (p);
    return rc;
}

int zc_chan_subscribe (struct zc_pipe *p, bool cancel, const uint8_t *topic, size_t n)
{
    struct zc_chan *c = p->chan;
    struct way *w = &c->way[p->side];
    uint8_t what = !cancel;

    if (atomic_load_explicit (&w->is_over, memory_order_relaxed))
        return 0;
    int rc = zc_lane_put_frame (&w->lane, ZC_F_COMMAND, &what, 1, topic, n);
    if (rc < 0)
        return rc;
    w->put++;
    answer (c, &w->reader_waits, !p->side, ZC_NEWS_IN);
    return 0;
}

bool zc_chan_has_room (struct zc_pipe *p)
{
    struct way *w = &p->chan->way[p->side];
    return atomic_load_explicit (&w->is_conflated, memory_order_relaxed) || !is_full (w);
}

/* ---- reading ---- */

/* Word of room, if the writer has asked for it; when to look next. The writer sees what was read without being told. */
static void tell_room (struct zc_pipe *p)
{
    struct way *w = &p->chan->way[!p->side];
    uint32_t max = atomic_load_explicit (&w->limit, memory_order_relaxed);

    p->tell_at = p->popped + (max && max < 2 * TELL_EVERY ? (max + 1) / 2 : TELL_EVERY);
    atomic_store_explicit (&w->credited, p->popped, memory_order_seq_cst);
    answer (p->chan, &w->writer_waits, !p->side, ZC_NEWS_OUT);
}

void zc_chan_popped (struct zc_pipe *p)
{
    /* Release pairs with the acquire in is_full: what was read is the writer's again. */
    atomic_store_explicit (&p->chan->way[!p->side].credited, ++p->popped, memory_order_release);
    if ((int32_t)(p->popped - p->tell_at) >= 0)
        tell_room (p);
}

bool zc_chan_take (struct zc_pipe *p)
{
    struct zc_chan *c = p->chan;
    struct way *w = &c->way[!p->side];
    struct zc_frames fresh;

    zc_frames_init (&fresh);
    uint32_t msgs = zc_lane_take (&w->lane, &fresh);
    if (!msgs && atomic_load_explicit (&w->is_conflated, memory_order_relaxed)) {
        zc_mutex_lock (&c->mu);
        fresh = w->slot;
        zc_frames_init (&w->slot);
        zc_mutex_unlock (&c->mu);
        msgs = !zc_frames_empty (&fresh);
    }
    if (msgs)
        zc_pipe_arrived (p, &fresh, msgs);
    return msgs;
}

static bool has_written (struct zc_chan *c, const struct way *w)
{
    if (zc_lane_has (&w->lane))
        return true;
    if (!atomic_load_explicit (&w->is_conflated, memory_order_relaxed))
        return false;
    zc_mutex_lock (&c->mu);
    bool has = !zc_frames_empty (&w->slot);
    zc_mutex_unlock (&c->mu);
    return has;
}

void zc_chan_ask (struct zc_pipe *p)
{
    struct zc_chan *c = p->chan;
    struct way *w = &c->way[!p->side];

    tell_room (p);
    atomic_store_explicit (&w->reader_waits, true, memory_order_seq_cst);
    if (has_written (c, w) && atomic_exchange_explicit (&w->reader_waits, false, memory_order_seq_cst))
        zc_mail_post (p->hub, p, ZC_NEWS_IN);
}

void zc_chan_limits (struct zc_pipe *p)
{
    struct zc_chan *c = p->chan;
    struct zc_hub *h = p->hub;

    zc_mutex_lock (&c->mu);
    c->side[p->side].sndhwm = h->sndhwm;
    c->side[p->side].rcvhwm = h->rcvhwm;
    sides_changed (c);
    for (int i = 0; i < 2; i++)
        if (atomic_exchange_explicit (&c->way[i].writer_waits, false, memory_order_seq_cst))
            tell (c, i, ZC_NEWS_OUT); /* it looks itself */
    tell (c, !p->side, ZC_NEWS_LIMITS);
    zc_mutex_unlock (&c->mu);
    tell_room (p);
}

/* What waits in a way is taken out, and its messages (not the subscriptions) are counted. By its reader, or by its writer when
 * nobody ever bound the name: the reader's part is the writer's then. Under c->mu. */
static uint32_t take_back (struct way *w, struct zc_frames *fresh)
{
    struct zc_view v;
    uint32_t n = 0;

    *fresh = w->slot;
    zc_frames_init (&w->slot);
    while (zc_lane_take (&w->lane, fresh))
        continue;
    struct zc_cursor at = zc_frames_begin (fresh);
    while (zc_frames_next (&at, &v))
        n += !(v.flags & (ZC_F_MORE | ZC_F_COMMAND));
    return n;
}

void zc_chan_leave (struct zc_pipe *p)
{
    struct zc_chan *c = p->chan;
    struct zc_frames fresh;
    uint32_t lost = 0;

    zc_frames_init (&fresh);
    zc_mutex_lock (&c->mu);
    if (!c->side[p->side].gone) {
        if (!c->side[!p->side].hub && !c->side[!p->side].gone)
            lost = take_back (&c->way[p->side], &fresh);
        c->side[p->side].gone = true;
        sides_changed (c);
        tell (c, !p->side, ZC_NEWS_GONE | ZC_NEWS_IN);
    }
    zc_mutex_unlock (&c->mu);
    zc_frames_clear (&fresh);
    if (lost)
        zc_event_dropped (p->hub, lost, "messages that waited for a name to be bound were dropped");
}

void zc_chan_end (struct zc_pipe *p)
{
    struct zc_chan *c = p->chan;

    zc_chan_leave (p);
    zc_mutex_lock (&c->mu);
    c->side[p->side].hub = NULL;
    c->side[p->side].pipe = NULL;
    sides_changed (c);
    p->chan = NULL;
    unref_locked (c);
}

static void come_up (struct zc_pipe *p)
{
    struct zc_chan *c = p->chan;

    zc_mutex_lock (&c->mu);
    const struct side *peer = &c->side[!p->side];
    p->peer_type = peer->type;
    p->peer_id_size = 0;
    if (peer->id_size)
        p->peer_id = zc_alloc (peer->id_size);
    bool is_known = p->peer_id || !peer->id_size;
    if (p->peer_id) {
        memcpy (p->peer_id, peer->id, peer->id_size);
        p->peer_id_size = peer->id_size;
    }
    zc_mutex_unlock (&c->mu);
    if (is_known)
        zc_pipe_up (p);
    else
        zc_pipe_kill (p, -ENOMEM, 0, "no memory for the name of a peer");
}

/* There is no memory to let the peer in: it is left, and what it has sent is lost. */
static void turn_away (struct zc_hub *h, struct zc_pipe *p)
{
    struct zc_chan *c = p->chan;
    struct zc_frames fresh;

    zc_mutex_lock (&c->mu);
    uint32_t lost = take_back (&c->way[!p->side], &fresh);
    zc_mutex_unlock (&c->mu);
    zc_frames_clear (&fresh);
    p->hub = h;
    zc_chan_end (p);
    zc_pipe_discard (p);
    zc_event_refused (h, -ENOMEM, "no memory for a peer");
    if (lost)
        zc_event_dropped (h, lost, "messages of a peer for which there was no memory were dropped");
}

/* It wrote something. Who must see everything soon takes all of it; others take a step, and look for more when they have read it. */
static void take_news (struct zc_pipe *p)
{
    while (zc_chan_take (p) && p->hub->ops->input_is_urgent) {
    }
    if (!p->in_msgs)
        zc_chan_ask (p);
}

void zc_chan_news (struct zc_hub *h, struct zc_pipe *p, unsigned news)
{
    if (news & ZC_NEWS_NEW) {
        if (h->state > ZC_HUB_STOPPED) {
            zc_chan_end (p);
            zc_mail_forget (h, p); /* the peer may have left word since this was opened */
            zc_pipe_discard (p);
            return;
        }
        if (zc_pipe_attach (h, p) < 0) {
            turn_away (h, p);
            return;
        }
        zc_chan_limits (p);
        come_up (p);
    }
    if (p->is_ending)
        return;
    if (news & ZC_NEWS_BOUND)
        come_up (p);
    if (news & ZC_NEWS_LIMITS)
        tell_room (p); /* less may fit now: the next word was put off for too long */
    if (news & ZC_NEWS_IN)
        take_news (p);
    if ((news & ZC_NEWS_OUT) && p->has_out && zc_chan_has_room (p))
        zc_pipe_room (p);
    if (news & ZC_NEWS_GONE) {
        while (zc_chan_take (p)) {
        } /* all that it wrote before it left */
        zc_pipe_retire (p);
    }
}

/* ---- a side that is no socket ---- */

int zc_chan_write (struct zc_chan *c, struct zc_msg *parts, size_t count)
{
    bool full;
    return put (c, 0, parts, count, false, &full);
}

void zc_chan_close_writer (struct zc_chan *c)
{
    zc_mutex_lock (&c->mu);
    c->side[0].gone = true;
    sides_changed (c);
    tell (c, 1, ZC_NEWS_GONE | ZC_NEWS_IN);
    unref_locked (c);
}

bool zc_chan_has_reader (struct zc_chan *c)
{
    zc_mutex_lock (&c->mu);
    bool has = c->side[1].hub && !c->side[1].gone;
    zc_mutex_unlock (&c->mu);
    return has;
}

bool zc_chan_has_left (struct zc_chan *c)
{
    zc_mutex_lock (&c->mu);
    bool left = c->side[0].gone;
    zc_mutex_unlock (&c->mu);
    return left;
}
