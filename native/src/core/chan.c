#include "core/chan.h"

#include <errno.h>
#include "core/driver.h"
#include "core/mail.h"
#include "core/pipe.h"

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
    struct zc_frames q;
    uint32_t msgs; /* in q */
    uint32_t used; /* put and not yet credited */
    bool reader_waits, writer_waits;
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

static void fill_side (struct side *s, struct zc_hub *h, struct zc_pipe *p, const struct zc_chan_card *card)
{
    s->hub = h;
    s->pipe = p;
    s->type = card->type;
    s->sndhwm = card->sndhwm;
    s->rcvhwm = card->rcvhwm;
    s->conflate = card->conflate;
    s->id_size = (uint8_t) card->id_size;
    if (card->id_size)
        memcpy (s->id, card->id, card->id_size);
}

static void unref_locked (struct zc_chan *c)
{
    bool last = --c->refs == 0;
    zc_mutex_unlock (&c->mu);
    if (!last)
        return;
    for (int i = 0; i < 2; i++)
        zc_frames_clear (&c->way[i].q);
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
    c->way[0].reader_waits = c->way[1].reader_waits = true;
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

int zc_chan_bind (struct zc_chan *c, struct zc_hub *h, const struct zc_chan_card *card)
{
    struct zc_pipe *p = zc_pipe_new ();
    if (!p)
        return -ENOMEM;
    zc_mutex_lock (&c->mu);
    if (c->side[0].gone) {
        zc_mutex_unlock (&c->mu);
        zc_pipe_discard (p);
        return -EPIPE;
    }
    fill_side (&c->side[1], h, p, card);
    p->chan = c;
    p->side = 1;
    c->refs++;
    if (!zc_mail_post (h, p, ZC_NEWS_NEW | ZC_NEWS_IN)) {
        c->side[1].hub = NULL;
        c->side[1].pipe = NULL;
        unref_locked (c);
        zc_pipe_discard (p);
        return -ECONNREFUSED;
    }
    c->way[0].reader_waits = false;
    tell (c, 0, ZC_NEWS_BOUND | ZC_NEWS_OUT);
    zc_mutex_unlock (&c->mu);
    return 0;
}

void zc_chan_refuse (struct zc_chan *c)
{
    zc_mutex_lock (&c->mu);
    c->side[1].gone = true;
    tell (c, 0, ZC_NEWS_GONE);
    zc_mutex_unlock (&c->mu);
}

/* Under c->mu: a whole message into the way of this writer. */
static int put_locked (struct zc_chan *c, int writer, struct zc_msg *parts, size_t count, bool force)
{
    struct way *w = &c->way[writer];
    bool conflate = c->side[writer].conflate || c->side[!writer].conflate;
    uint32_t max = limit (c, writer);

    if (c->side[!writer].gone)
        return -EPIPE;
    if (max && w->used >= max && !force && !conflate) {
        w->writer_waits = true;
        return -EAGAIN;
    }
    struct zc_frames fresh;
    zc_frames_init (&fresh);
    struct zc_frames *to = &w->q;
    if (count > 1 || conflate) /* aside first, so that a failure leaves nothing behind */
        to = &fresh;
    for (size_t i = 0; i < count; i++) {
        int rc = zc_frames_put_msg (to, &parts[i], i + 1 < count ? ZC_F_MORE : 0, true);
        if (rc < 0) {
            zc_frames_clear (&fresh);
            return rc;
        }
    }
    if (conflate) {
        zc_frames_clear (&w->q);
        w->msgs = w->used = 0;
    }
    zc_frames_join (&w->q, &fresh);
    w->msgs++;
    w->used++;
    if (max && w->used >= max)
        w->writer_waits = true;
    if (w->reader_waits) {
        w->reader_waits = false;
        tell (c, !writer, ZC_NEWS_IN);
    }
    return 0;
}

int zc_chan_put (struct zc_pipe *p, struct zc_msg *parts, size_t count, bool force)
{
    struct zc_chan *c = p->chan;

    zc_mutex_lock (&c->mu);
    int rc = put_locked (c, p->side, parts, count, force);
    bool full = c->way[p->side].writer_waits;
    zc_mutex_unlock (&c->mu);
    if (full)
        zc_pipe_full (p);
    return rc;
}

int zc_chan_subscribe (struct zc_pipe *p, bool cancel, const uint8_t *topic, size_t n)
{
    struct zc_chan *c = p->chan;
    struct way *w = &c->way[p->side];
    int rc = 0;

    if (n > SIZE_MAX / 2)
        return -EINVAL;
    zc_mutex_lock (&c->mu);
    if (!c->side[!p->side].gone) {
        uint8_t *at = zc_frames_room_fast (&w->q, n + 10);
        if (at) {
            size_t h = zc_frame_head (at, ZC_F_COMMAND, n + 1);
            at[h] = !cancel;
            if (n)
                memcpy (at + h + 1, topic, n);
            zc_frames_grown (&w->q, h + 1 + n);
            w->msgs++;
            w->used++;
            if (w->reader_waits) {
                w->reader_waits = false;
                tell (c, !p->side, ZC_NEWS_IN);
            }
        } else
            rc = -ENOMEM;
    }
    zc_mutex_unlock (&c->mu);
    return rc;
}

bool zc_chan_has_room (struct zc_pipe *p)
{
    struct zc_chan *c = p->chan;

    zc_mutex_lock (&c->mu);
    uint32_t max = limit (c, p->side);
    bool room = !max || c->way[p->side].used < max;
    if (!room)
        c->way[p->side].writer_waits = true;
    zc_mutex_unlock (&c->mu);
    return room;
}

/* Under c->mu: what p has read comes back to its writer as room. */
static void credit (struct zc_pipe *p)
{
    struct zc_chan *c = p->chan;
    struct way *w = &c->way[!p->side];
    uint32_t max = limit (c, !p->side);

    w->used -= p->popped < w->used ? p->popped : w->used;
    p->popped = 0;
    p->credit_at = max ? (max + 1) / 2 : UINT32_MAX;
    if (w->writer_waits && (!max || w->used < max)) {
        w->writer_waits = false;
        tell (c, !p->side, ZC_NEWS_OUT);
    }
}

void zc_chan_popped (struct zc_pipe *p)
{
    if (++p->popped < p->credit_at)
        return;
    zc_mutex_lock (&p->chan->mu);
    credit (p);
    zc_mutex_unlock (&p->chan->mu);
}

void zc_chan_limits (struct zc_pipe *p)
{
    struct zc_chan *c = p->chan;
    struct zc_hub *h = p->hub;

    zc_mutex_lock (&c->mu);
    c->side[p->side].sndhwm = h->sndhwm;
    c->side[p->side].rcvhwm = h->rcvhwm;
    for (int i = 0; i < 2; i++) {
        uint32_t max = limit (c, i);
        if (c->way[i].writer_waits && (!max || c->way[i].used < max)) {
            c->way[i].writer_waits = false;
            tell (c, i, ZC_NEWS_OUT);
        }
    }
    credit (p);
    zc_mutex_unlock (&c->mu);
}

void zc_chan_leave (struct zc_pipe *p)
{
    struct zc_chan *c = p->chan;

    zc_mutex_lock (&c->mu);
    if (!c->side[p->side].gone) {
        c->side[p->side].gone = true;
        tell (c, !p->side, ZC_NEWS_GONE | ZC_NEWS_IN);
    }
    zc_mutex_unlock (&c->mu);
}

void zc_chan_end (struct zc_pipe *p)
{
    struct zc_chan *c = p->chan;

    zc_chan_leave (p);
    zc_mutex_lock (&c->mu);
    c->side[p->side].hub = NULL;
    c->side[p->side].pipe = NULL;
    p->chan = NULL;
    unref_locked (c);
}

/* Takes all that waits for p. */
static void refill (struct zc_pipe *p)
{
    struct zc_chan *c = p->chan;
    struct way *w = &c->way[!p->side];
    struct zc_frames fresh;

    zc_frames_init (&fresh);
    zc_mutex_lock (&c->mu);
    zc_frames_join (&fresh, &w->q);
    uint32_t msgs = w->msgs;
    w->msgs = 0;
    w->reader_waits = true;
    credit (p);
    zc_mutex_unlock (&c->mu);
    if (msgs)
        zc_pipe_arrived (p, &fresh, msgs);
}

static void come_up (struct zc_pipe *p)
{
    struct zc_chan *c = p->chan;

    zc_mutex_lock (&c->mu);
    const struct side *peer = &c->side[!p->side];
    p->peer_type = peer->type;
    p->peer_id_size = 0;
    if (peer->id_size) {
        p->peer_id = zc_alloc (peer->id_size);
        if (p->peer_id) {
            memcpy (p->peer_id, peer->id, peer->id_size);
            p->peer_id_size = peer->id_size;
        }
    }
    zc_mutex_unlock (&c->mu);
    zc_pipe_up (p);
}

void zc_chan_news (struct zc_hub *h, struct zc_pipe *p, unsigned news)
{
    if (news & ZC_NEWS_NEW) {
        if (h->state > ZC_HUB_STOPPED || zc_pipe_attach (h, p) < 0) {
            zc_chan_end (p);
            zc_pipe_discard (p);
            return;
        }
        zc_chan_limits (p);
        come_up (p);
    }
    if (p->is_ending)
        return;
    if (news & ZC_NEWS_BOUND)
        come_up (p);
    if (news & ZC_NEWS_IN)
        refill (p);
    if ((news & ZC_NEWS_OUT) && p->has_out && zc_chan_has_room (p))
        zc_pipe_room (p);
    if (news & ZC_NEWS_GONE)
        zc_pipe_retire (p);
}

/* ---- a side that is no socket ---- */

int zc_chan_write (struct zc_chan *c, struct zc_msg *parts, size_t count)
{
    zc_mutex_lock (&c->mu);
    int rc = put_locked (c, 0, parts, count, false);
    zc_mutex_unlock (&c->mu);
    return rc;
}

void zc_chan_close_writer (struct zc_chan *c)
{
    zc_mutex_lock (&c->mu);
    c->side[0].gone = true;
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
