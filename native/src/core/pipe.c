#include "core/pipe.h"

#include <errno.h>
#include "core/chan.h"
#include "core/driver.h"
#include "core/mail.h"
#include "core/monitor.h"
#include "os/clock.h"

struct zc_pipe *zc_pipe_new (void)
{
    struct zc_pipe *p = zc_calloc (1, sizeof *p);
    if (!p)
        return NULL;
    zc_outq_init (&p->out);
    p->slot.kind = ZC_MSG_CLOSED;
    p->act = -1;
    p->peer_type = 255;
    return p;
}

static int number_take (struct zc_hub *h, uint32_t *n)
{
    if (h->numbers_free) {
        *n = h->numbers[--h->numbers_free];
        return 0;
    }
    /* Room for every number there can be, so that giving one back never fails. */
    if (h->numbers_made == h->pipe_cap) {
        uint32_t cap = h->numbers_made ? h->numbers_made * 2 : 4;
        uint32_t *numbers = zc_realloc (h->numbers, cap * sizeof *numbers);
        if (!numbers)
            return -ENOMEM;
        h->numbers = numbers;
        struct zc_pipe **act = zc_realloc (h->act, cap * sizeof *act);
        if (!act)
            return -ENOMEM;
        h->act = act;
        h->pipe_cap = cap;
    }
    *n = h->numbers_made++;
    return 0;
}

int zc_pipe_attach (struct zc_hub *h, struct zc_pipe *p)
{
    int rc = number_take (h, &p->number);
    if (rc < 0)
        return rc;
    p->hub = h;
    p->prev = NULL;
    p->next = h->pipes;
    if (h->pipes)
        h->pipes->prev = p;
    h->pipes = p;
    h->pipe_count++;
    h->ops->attach (h, p);
    return 0;
}

void zc_pipe_up (struct zc_pipe *p)
{
    p->is_up = true;
    if (p->hub->ops->up)
        p->hub->ops->up (p->hub, p);
}

/* ---- sending ---- */

void zc_pipe_room (struct zc_pipe *p)
{
    struct zc_hub *h = p->hub;
    if (p->act >= 0 || !p->has_out)
        return;
    p->act = h->act_count;
    h->act[h->act_count++] = p;
    p->is_full_told = false;
    if (h->ops->picks_peer)
        zc_wake_all (&h->out); /* each waits for a peer of its own */
    else
        zc_wake_one (&h->out);
    if (h->act_count == 1)
        zc_driver_raise (h);
}

void zc_pipe_full (struct zc_pipe *p)
{
    struct zc_hub *h = p->hub;
    if (p->act < 0)
        return;
    struct zc_pipe *last = h->act[--h->act_count];
    h->act[p->act] = last;
    last->act = p->act;
    p->act = -1;
    if (h->rr >= h->act_count)
        h->rr = 0;
}

static bool is_at_mark (const struct zc_pipe *p)
{
    const struct zc_hub *h = p->hub;
    return h->sndhwm && p->out.msgs >= h->sndhwm && !h->conflate;
}

void zc_pipe_open_out (struct zc_pipe *p)
{
    if (p->is_ending || p->is_leaving)
        return;
    p->has_out = true;
    if (p->chan ? zc_chan_has_room (p) : !is_at_mark (p))
        zc_pipe_room (p);
}

void zc_pipe_close_out (struct zc_pipe *p)
{
    zc_pipe_full (p);
    p->has_out = false;
}

static int put_conflated (struct zc_pipe *p, struct zc_msg *parts, size_t count)
{
    struct zc_msg fresh;
    int rc = count == 1 ? zc_msg_copy (&fresh, &parts[0]) : -EINVAL;
    if (rc < 0)
        return rc;
    if (p->slot.kind != ZC_MSG_CLOSED)
        zc_msg_drop (&p->slot);
    p->slot = fresh;
    return 0;
}

/* A message with a large part that is not to be copied, or not before it must: its caller writes it at once (zc_driver_write_large). */
static bool is_large (const struct zc_msg *parts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (parts[i].kind != ZC_MSG_INLINE && parts[i].r.size >= ZC_LENT_FROM)
            return true;
    return false;
}

static bool may_write_large (const struct zc_pipe *p)
{
    const struct zc_link *l = p->link;
    return l && l->is_joined && !l->is_dead && !l->is_over && !l->wanted_by && !p->out.lent
           && !l->ops->encode;
}

int zc_pipe_put (struct zc_pipe *p, struct zc_msg *parts, size_t count, bool force)
{
    struct zc_hub *h = p->hub;
    int rc;

    if (p->is_ending || p->is_leaving)
        return -EPIPE;
    if (p->chan)
        return zc_chan_put (p, parts, count, force);
    if (p->act < 0 && !force)
        return -EAGAIN;
    if (count == 1 && zc_msg_size (parts) < ZC_REF_FROM && !h->conflate) {
        size_t before = p->out.bytes;
        rc = zc_outq_put_bytes (&p->out, zc_msg_bytes (parts), zc_msg_size (parts));
        if (p->link)
            h->unsent += p->out.bytes - before;
    } else if (h->conflate)
        rc = put_conflated (p, parts, count);
    else {
        size_t before = p->out.bytes;
        bool at_once = is_large (parts, count) && may_write_large (p);
        rc = zc_outq_put (&p->out, parts, count, at_once);
        if (rc == 0 && at_once)
            h->large_to = p;
        if (rc == 0 && p->link)
            h->unsent += p->out.bytes - before;
    }
    if (rc < 0)
        return rc;
    if (is_at_mark (p))
        zc_pipe_full (p);
    if (!p->is_dirty)
        zc_driver_dirty (h, p);
    return 0;
}

int zc_pipe_put_sheet (struct zc_pipe *p, const struct zc_sheet *s)
{
    struct zc_hub *h = p->hub;

    if (p->is_ending || p->is_leaving)
        return -EPIPE;
    if (p->act < 0)
        return -EAGAIN;
    int rc = zc_outq_put_sheet (&p->out, s);
    if (rc < 0)
        return rc;
    if (p->link)
        h->unsent += s->n;
    if (is_at_mark (p))
        zc_pipe_full (p);
    if (!p->is_dirty)
        zc_driver_dirty (h, p);
    return 0;
}

int zc_pipe_subscribe (struct zc_pipe *p, bool cancel, const uint8_t *topic, size_t n)
{
    if (p->chan)
        return zc_chan_subscribe (p, cancel, topic, n);
    if (!p->link)
        return 0; /* all topics go out when it is up */
    return p->link->ops->subscribe (p->link, cancel, topic, n);
}

/* ---- receiving ---- */

void zc_pipe_avail (struct zc_pipe *p)
{
    struct zc_hub *h = p->hub;
    if (p->is_avail || !p->in_msgs)
        return;
    p->is_avail = true;
    p->avail_next = NULL;
    if (h->avail_tail)
        h->avail_tail->avail_next = p;
    else
        h->avail_head = p;
    h->avail_tail = p;
}

static void avail_cut (struct zc_pipe *p)
{
    struct zc_hub *h = p->hub;
    struct zc_pipe **at = &h->avail_head, *before = NULL;

    if (!p->is_avail)
        return;
    while (*at && *at != p) {
        before = *at;
        at = &before->avail_next;
    }
    if (*at) {
        *at = p->avail_next;
        if (h->avail_tail == p)
            h->avail_tail = before;
    }
    p->is_avail = false;
}

void zc_hub_rotate_in (struct zc_hub *h)
{
    struct zc_pipe *p = h->avail_head;
    if (!p || !p->avail_next)
        return;
    h->avail_head = p->avail_next;
    p->avail_next = NULL;
    h->avail_tail->avail_next = p;
    h->avail_tail = p;
}

void zc_pipe_arrived (struct zc_pipe *p, struct zc_frames *fresh, uint32_t msgs)
{
    struct zc_hub *h = p->hub;

    if (h->discard || p->is_leaving || p->is_ending) {
        zc_frames_clear (fresh);
        return;
    }
    zc_frames_join (&p->in, fresh);
    p->in_msgs += msgs;
    while (h->conflate_in && p->in_msgs > 1) {
        zc_frames_drop_message (&p->in);
        p->in_msgs--;
    }
    if (h->ops->input)
        h->ops->input (h, p);
    zc_pipe_avail (p);
}

/* Word is only asked for when somebody is about to rely on it: a stream from a peer inside the process leaves none, it is
 * found by looking. */
static bool may_stay_dry (const struct zc_hub *h, const struct zc_pipe *p)
{
    return p->chan && !p->is_ending && !h->has_f && !h->ops->input_is_urgent;
}

static void ask (struct zc_pipe *p)
{
    if (p->chan && !p->is_ending)
        zc_chan_ask (p);
    avail_cut (p);
}

void zc_pipes_ask (struct zc_hub *h)
{
    for (struct zc_pipe *p = h->avail_head, *next; p; p = next) {
        next = p->avail_next;
        if (!p->in_msgs)
            ask (p);
    }
}

struct zc_pipe *zc_hub_refill (struct zc_hub *h)
{
    const struct zc_pipe *stop = h->avail_tail;

    for (struct zc_pipe *p = h->avail_head; p; p = h->avail_head) {
        bool last = p == stop;
        if (!p->in_msgs)
            zc_chan_take (p);
        if (p->in_msgs)
            return p;
        if (last)
            break;
        if (h->avail_head == p)
            zc_hub_rotate_in (h);
    }
    return NULL;
}

void zc_hub_message_done (struct zc_hub *h, struct zc_pipe *p)
{
    p->in_msgs--;
    h->taken++;
    if (p->chan)
        zc_chan_popped (p);
    if (p->is_avail) {
        if (!p->in_msgs && !may_stay_dry (h, p))
            ask (p);
        if (h->avail_head == p)
            zc_hub_rotate_in (h);
    }
    if (p->link && p->link->is_ready && p->in_msgs == h->rcvhwm / 2)
        h->resume = true; /* it may have been full, with more in the kernel */
    if (p->is_ending && !p->in_msgs && !p->link)
        zc_pipe_free (p);
}

/* ---- the end ---- */

void zc_pipe_lost (struct zc_pipe *p, bool keep)
{
    struct zc_hub *h = p->hub;

    if (p->is_up) {
        p->is_up = false;
        if (h->ops->down)
            h->ops->down (h, p);
    }
    if (keep && !p->is_ending) {
        zc_outq_rewind (&p->out);
        return;
    }
    zc_pipe_retire (p);
}

static void drop_out (struct zc_pipe *p)
{
    uint32_t lost = zc_outq_clear (&p->out);
    if (p->slot.kind != ZC_MSG_CLOSED) {
        zc_msg_drop (&p->slot);
        lost++;
    }
    if (lost)
        zc_event_dropped (p->hub, lost, "messages that waited to be sent were dropped");
}

void zc_pipe_retire (struct zc_pipe *p)
{
    struct zc_hub *h = p->hub;

    if (!p->is_ending) {
        p->is_ending = true;
        zc_pipe_close_out (p);
        zc_driver_dirty_cut (h, p);
        if (p->is_leaving)
            h->leaving--;
        if (p->chan)
            zc_chan_leave (p);
        if (p->on_left)
            p->on_left (p);
        p->on_left = NULL;
        p->endpoint = NULL;
    }
    if (p->link) {
        p->link->keeps_pipe = false;
        zc_driver_kill (h, p->link, 0, 0, NULL);
        return; /* comes back here through zc_pipe_lost */
    }
    drop_out (p);
    if (h->ops->picks_peer)
        zc_wake_all (&h->out); /* who waited for this one learns that it has left */
    if (h->state == ZC_HUB_CLOSING)
        zc_driver_tick_at (h, 0); /* perhaps it has lingered long enough */
    if (p->is_up) {
        p->is_up = false;
        if (h->ops->down)
            h->ops->down (h, p);
    }
    if (h->ops->ending)
        h->ops->ending (h, p);
    if (!p->in_msgs || h->discard)
        zc_pipe_free (p);
}

void zc_pipe_discard (struct zc_pipe *p)
{
    zc_frames_clear (&p->in);
    zc_outq_clear (&p->out);
    if (p->slot.kind != ZC_MSG_CLOSED)
        zc_msg_drop (&p->slot);
    zc_meta_unref (p->meta);
    zc_free (p->peer_id);
    zc_free (p->id);
    zc_free (p);
}

void zc_pipe_free (struct zc_pipe *p)
{
    struct zc_hub *h = p->hub;

    avail_cut (p);
    h->ops->detach (h, p);
    zc_frames_clear (&p->in); /* before the channel, whose memory it may lie in */
    if (p->chan)
        zc_chan_end (p);
    zc_mail_forget (h, p);
    if (p->prev)
        p->prev->next = p->next;
    else
        h->pipes = p->next;
    if (p->next)
        p->next->prev = p->prev;
    h->pipe_count--;
    h->numbers[h->numbers_free++] = p->number;
    zc_pipe_discard (p);
}

void zc_pipe_kill (struct zc_pipe *p, int error, uint32_t code, const char *why)
{
    if (p->link) {
        p->link->keeps_pipe = p->link->keeps_pipe && error == -ENOMEM;
        zc_driver_kill (p->hub, p->link, error, code, why);
    } else if (p->chan) {
        zc_mail_post (p->hub, p, ZC_NEWS_GONE); /* later: whoever kills still holds it */
        zc_event_refused (p->hub, error, why);
    } else
        zc_pipe_retire (p);
}

void zc_pipe_end (struct zc_pipe *p)
{
    struct zc_hub *h = p->hub;

    if (p->is_ending || p->is_leaving)
        return;
    if (p->chan) { /* later: whoever ends it still holds it */
        zc_pipe_close_out (p);
        zc_mail_post (h, p, ZC_NEWS_GONE);
        return;
    }
    if ((!p->out.msgs && p->slot.kind == ZC_MSG_CLOSED) || h->linger_ms == 0) {
        zc_pipe_retire (p);
        return;
    }
    /* What is queued may still go, for as long as LINGER says. */
    zc_pipe_close_out (p);
    p->is_leaving = true;
    p->leave_at = zc_deadline (h->linger_ms);
    h->leaving++;
    zc_driver_tick_at (h, 0);
}
