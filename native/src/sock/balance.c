/* Round robin out, fair queue in, and the slots that plain socket types are made of. Under the hub's lock. */
#include "sock/patterns.h"

#include <errno.h>
#include <string.h>

/* ---- sending ---- */

/* Over the mark of whoever takes it: the message was admitted when there was room. */
static int put_over (struct zc_hub *h, struct zc_msg *parts, size_t count, struct zc_pipe **out)
{
    for (struct zc_pipe *p = h->pipes; p; p = p->next) {
        if (!p->has_out)
            continue;
        int rc = zc_pipe_put (p, parts, count, true);
        if (rc == 0)
            *out = p;
        if (rc != -EPIPE)
            return rc;
    }
    return -EAGAIN;
}

static inline int put (struct zc_hub *h, struct zc_msg *parts, size_t count, bool force, struct zc_pipe **out)
{
    struct zc_pipe *p;

    while ((p = zc_hub_next_out (h)) != NULL) {
        int rc = zc_pipe_put (p, parts, count, false);
        if (rc == 0) {
            /* A pipe that became full has left its place to another. */
            if (zc_pipe_can_put (p))
                zc_hub_rotate_out (h);
            *out = p;
            return 0;
        }
        if (rc == -EPIPE)
            zc_pipe_close_out (p);
        else if (rc != -EAGAIN || zc_pipe_can_put (p))
            return rc;
    }
    return force ? put_over (h, parts, count, out) : -EAGAIN;
}

int zc_balance_put (struct zc_hub *h, struct zc_msg *parts, size_t count, bool force, struct zc_pipe **out)
{
    return put (h, parts, count, force, out);
}

int zc_send_balanced (struct zc_sock *s, struct zc_msg *parts, size_t count, bool force)
{
    struct zc_pipe *to;
    int rc = put (s->hub, parts, count, force, &to);
    if (rc == 0)
        zc_sock_parts_sent (parts, count);
    return rc;
}

int zc_wrap_open (struct zc_wrap *w, size_t before, const struct zc_msg *parts, size_t count)
{
    if (count > SIZE_MAX / sizeof *parts - before)
        return -ENOMEM;
    w->count = before + count;
    w->parts = w->count <= ZC_WRAP_MAX ? w->few : zc_alloc (w->count * sizeof *parts);
    if (!w->parts)
        return -ENOMEM;
    memcpy (w->parts + before, parts, count * sizeof *parts);
    return 0;
}

void zc_wrap_close (struct zc_wrap *w)
{
    if (w->parts != w->few)
        zc_free (w->parts);
}

/* ---- receiving ---- */

int zc_fair_recv (struct zc_hub *h, struct zc_incoming *in)
{
    struct zc_pipe *p = zc_hub_next_in (h);
    if (!p)
        return -EAGAIN;
    zc_incoming_from (in, p);
    return 0;
}

int zc_recv_fair (struct zc_sock *s, struct zc_incoming *in)
{
    return zc_fair_recv (s->hub, in);
}

void zc_pipe_drop_head (struct zc_pipe *p)
{
    zc_frames_drop_message (&p->in);
    zc_hub_message_done (p->hub, p);
}

void zc_pipe_drop_all (struct zc_pipe *p)
{
    for (uint32_t n = p->in_msgs; n; n--)
        zc_pipe_drop_head (p);
}

int zc_pipe_move_head (struct zc_pipe *p, struct zc_frames *to)
{
    struct zc_frames fresh;
    struct zc_msg m;
    bool more = true;
    int rc = 0;

    zc_frames_init (&fresh);
    while (more && rc == 0) {
        rc = zc_frames_take (&p->in, &m);
        if (rc < 0)
            break;
        more = m.flags & ZC_MSG_MORE;
        if (!m.meta)
            m.meta = zc_meta_ref (p->meta);
        rc = zc_frames_put_msg (&fresh, &m, more ? ZC_F_MORE : 0, true);
        zc_msg_drop (&m);
    }
    if (rc == 0) {
        zc_frames_join (to, &fresh);
        return 0;
    }
    zc_frames_clear (&fresh);
    if (more)
        zc_frames_drop_message (&p->in);
    return rc;
}

/* ---- slots ---- */

void zc_attach_sender (struct zc_hub *h, struct zc_pipe *p)
{
    (void)h;
    zc_pipe_open_out (p);
}

void zc_attach_receiver (struct zc_hub *h, struct zc_pipe *p)
{
    (void)h;
    (void)p;
}

void zc_detach_plain (struct zc_hub *h, struct zc_pipe *p)
{
    (void)h;
    (void)p;
}

void zc_up_probe (struct zc_hub *h, struct zc_pipe *p)
{
    struct zc_msg empty;

    if (!zc_sock_of (h)->opt.probe_router)
        return;
    zc_msg_init (&empty);
    if (zc_pipe_put (p, &empty, 1, true) == -ENOMEM)
        zc_pipe_kill (p, -ENOMEM, 0, "no memory for the probe");
}

void zc_input_drop (struct zc_hub *h, struct zc_pipe *p)
{
    (void)h;
    zc_pipe_drop_all (p);
}

bool zc_can_recv_any (struct zc_hub *h)
{
    return zc_hub_next_in (h) != NULL;
}

bool zc_can_send_any (struct zc_hub *h)
{
    return h->act_count > 0;
}

bool zc_can_always (struct zc_hub *h)
{
    (void)h;
    return true;
}
