/* What a pattern calls of the core, over plain memory; see fake_hub.h. */
#include "fake_hub.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "core/driver.h"
#include "core/pipe.h"
#include "os/random.h"

void zc_random (void *out, size_t n)
{
    memset (out, 0x41, n);
}
uint32_t zc_random_u32 (void)
{
    return 0x41424344;
}

void zc_pipe_room (struct zc_pipe *p)
{
    struct zc_hub *h = p->hub;
    if (p->act >= 0 || !p->has_out)
        return;
    p->act = h->act_count;
    h->act[h->act_count++] = p;
    p->is_full_told = false;
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

void zc_pipe_open_out (struct zc_pipe *p)
{
    if (p->is_ending || p->is_leaving)
        return;
    p->has_out = true;
    if (!fake_is_full (p))
        zc_pipe_room (p);
}

void zc_pipe_close_out (struct zc_pipe *p)
{
    zc_pipe_full (p);
    p->has_out = false;
}

int zc_pipe_put (struct zc_pipe *p, struct zc_msg *parts, size_t count, bool force)
{
    struct fake_pipe *f = fake_of (p);

    if (p->is_ending || p->is_leaving)
        return -EPIPE;
    if (p->act < 0 && !force)
        return -EAGAIN;
    struct zc_frames fresh;
    zc_frames_init (&fresh);
    for (size_t i = 0; i < count; i++) {
        int rc = zc_frames_put_msg (&fresh, &parts[i], i + 1 < count ? ZC_F_MORE : 0, false);
        if (rc < 0) {
            zc_frames_clear (&fresh);
            return rc;
        }
    }
    zc_frames_join (&f->sent, &fresh);
    f->sent_msgs++;
    if (fake_is_full (p))
        zc_pipe_full (p);
    return 0;
}

int zc_pipe_put_sheet (struct zc_pipe *p, const struct zc_sheet *sheet)
{
    struct fake_pipe *f = fake_of (p);

    if (p->is_ending || p->is_leaving)
        return -EPIPE;
    if (p->act < 0)
        return -EAGAIN;
    uint8_t *at = zc_frames_room_fast (&f->sent, sheet->n);
    if (!at)
        return -ENOMEM;
    memcpy (at, sheet->p, sheet->n);
    zc_frames_grown (&f->sent, sheet->n);
    f->sent_msgs++;
    if (fake_is_full (p))
        zc_pipe_full (p);
    return 0;
}

int zc_pipe_subscribe (struct zc_pipe *p, bool cancel, const uint8_t *topic, size_t n)
{
    uint8_t body[4096];
    body[0] = !cancel;
    memcpy (body + 1, topic, n);
    return zc_frames_put (&fake_of (p)->told, ZC_F_COMMAND, body, n + 1);
}

void zc_event_dropped (struct zc_hub *h, uint64_t n, const char *why)
{
    (void)why;
    h->dropped += n;
}

void zc_event_full (struct zc_pipe *p)
{
    p->hub->dropped++;
    if (!p->is_full_told)
        fake_of (p)->full_told++;
    p->is_full_told = true;
}

void zc_pipe_kill (struct zc_pipe *p, int error, uint32_t code, const char *why)
{
    (void)code;
    fake_of (p)->killed = error;
    fake_of (p)->why = why;
}

void zc_pipe_end (struct zc_pipe *p)
{
    if (p->is_ending || p->is_leaving)
        return;
    zc_pipe_close_out (p);
    p->is_leaving = true;
}

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
    while (*at != p) {
        before = *at;
        at = &before->avail_next;
    }
    *at = p->avail_next;
    if (h->avail_tail == p)
        h->avail_tail = before;
    p->is_avail = false;
}

/* Every pipe of the list has messages here. */
struct zc_pipe *zc_hub_refill (struct zc_hub *h)
{
    return h->avail_head;
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

void zc_pipe_free (struct zc_pipe *p)
{
    struct zc_hub *h = p->hub;
    struct zc_pipe **at = &h->pipes;

    avail_cut (p);
    h->ops->detach (h, p);
    while (*at != p)
        at = &(*at)->next;
    *at = p->next;
    h->pipe_count--;
    h->numbers[h->numbers_free++] = p->number;
    zc_frames_clear (&p->in);
    zc_frames_clear (&fake_of (p)->sent);
    zc_frames_clear (&fake_of (p)->told);
    zc_meta_unref (p->meta);
    zc_free (p->peer_id);
    zc_free (p->id);
    zc_free (p);
}

void zc_hub_message_done (struct zc_hub *h, struct zc_pipe *p)
{
    assert (p->in_msgs);
    p->in_msgs--;
    if (p->is_avail) {
        if (!p->in_msgs)
            avail_cut (p);
        else if (h->avail_head == p)
            zc_hub_rotate_in (h);
    }
    if (p->is_ending && !p->in_msgs)
        zc_pipe_free (p);
}

void zc_pipe_arrived (struct zc_pipe *p, struct zc_frames *fresh, uint32_t msgs)
{
    struct zc_hub *h = p->hub;

    if (p->is_leaving) {
        zc_frames_clear (fresh);
        return;
    }
    zc_frames_join (&p->in, fresh);
    p->in_msgs += msgs;
    if (h->ops->input)
        h->ops->input (h, p);
    zc_pipe_avail (p);
}

/* The fakes' pipes have no links. */
void zc_driver_kill (struct zc_hub *h, struct zc_link *l, int error, uint32_t code, const char *why)
{
    (void)h;
    zc_pipe_kill (l->pipe, error, code, why);
}
