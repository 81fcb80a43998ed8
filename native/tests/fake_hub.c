#include "fake_hub.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "core/pipe.h"
#include "zmq.h"

/* ---- text ---- */

static char *text_new (void)
{
    static char ring[5][8192];
    static unsigned at;
    char *t = ring[at++ % 5];
    t[0] = 0;
    return t;
}

static void text_add (char *t, const uint8_t *data, size_t n)
{
    size_t at = strlen (t);
    for (size_t i = 0; i < n && at < 8000; i++) {
        int c = data[i];
        if (c > 1 && (c < 32 || c > 126))
            at += (size_t)snprintf (t + at, 8, "<%02x>", (unsigned)c);
        else
            t[at++] = c == 0 ? '~' : c == 1 ? '!' : (char)c;
    }
    t[at] = 0;
}

static size_t bytes_of (const char *text, size_t n, uint8_t *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = text[i] == '~' ? 0 : text[i] == '!' ? 1 : (uint8_t)text[i];
    return n;
}

#define PARTS_MAX 64
struct parsed
{
    struct zc_msg parts[PARTS_MAX];
    size_t count;
    uint8_t bytes[8192];
};

static void parse (struct parsed *m, const char *text)
{
    uint8_t *at = m->bytes;

    m->count = 0;
    for (;;) {
        size_t n = strcspn (text, "|");
        zc_msg_lend (&m->parts[m->count++], at, bytes_of (text, n, at));
        at += n;
        if (!text[n])
            return;
        text += n + 1;
    }
}

static void render (char *t, struct zc_frames *q)
{
    struct zc_view v;
    do {
        zc_frames_peek (q, &v);
        text_add (t, v.data, v.size);
        if (v.flags & ZC_F_MORE)
            strcat (t, "|");
        bool more = v.flags & ZC_F_MORE;
        zc_frames_skip (q, &v);
        v.flags = more;
    } while (v.flags);
}

static const char *name_of (int rc)
{
    switch (rc) {
    case 0:
        return "ok";
    case -EAGAIN:
        return "EAGAIN";
    case -EFSM:
        return "EFSM";
    case -EHOSTUNREACH:
        return "EHOSTUNREACH";
    case -EINVAL:
        return "EINVAL";
    case -ENOMEM:
        return "ENOMEM";
    default:
        return "another error";
    }
}

/* ---- the life of the fake ---- */

struct fake *fake_open (int type)
{
    struct fake *f = calloc (1, sizeof *f);
    const struct zc_pattern *pattern = zc_pattern_of (type);

    if (!f || !pattern)
        abort ();
    f->hub.ops = &pattern->hub;
    f->hub.sock = &f->sock;
    f->hub.type = type;
    f->hub.sndhwm = f->hub.rcvhwm = 1000;
    f->hub.act = calloc (256, sizeof *f->hub.act);
    f->hub.numbers = calloc (256, sizeof *f->hub.numbers);
    f->sock.hub = &f->hub;
    f->sock.pattern = pattern;
    zc_options_init (&f->sock.opt, type);
    f->sock.state = calloc (1, pattern->state_size + 1);
    if (pattern->open && pattern->open (&f->sock) < 0)
        abort ();
    return f;
}

void fake_close (struct fake *f)
{
    while (f->hub.pipes) {
        struct zc_pipe *p = f->hub.pipes;
        bool was_up = p->is_up;
        zc_frames_clear (&p->in);
        p->in_msgs = 0;
        p->is_ending = true;
        p->is_up = false;
        if (was_up && f->hub.ops->down)
            f->hub.ops->down (&f->hub, p);
        zc_pipe_free (p);
    }
    if (f->sock.pattern->close)
        f->sock.pattern->close (&f->sock);
    zc_msg_run_late ();
    zc_options_close (&f->sock.opt);
    free (f->sock.state);
    free (f->hub.act);
    free (f->hub.numbers);
    free (f);
}

static int set_bytes (struct fake *f, int option, const void *value, size_t size)
{
    struct zc_sock *s = &f->sock;
    int rc = zc_options_set (&s->opt, s->pattern->type, option, value, size);
    if (rc == ZC_OPT_SOCKET)
        return s->pattern->set ? s->pattern->set (s, option, value, size) : -EINVAL;
    if (rc == 0 && s->pattern->set)
        s->pattern->set (s, option, value, size);
    f->hub.sndhwm = (uint32_t)s->opt.sndhwm;
    f->hub.rcvhwm = (uint32_t)s->opt.rcvhwm;
    return rc;
}

int fake_set_int (struct fake *f, int option, int value)
{
    return set_bytes (f, option, &value, sizeof value);
}

int fake_set (struct fake *f, int option, const char *text)
{
    uint8_t bytes[4096];
    return set_bytes (f, option, bytes, bytes_of (text, strlen (text), bytes));
}

struct zc_pipe *fake_attach (struct fake *f, const char *given_name)
{
    struct fake_pipe *fp = calloc (1, sizeof *fp);
    struct zc_pipe *p = &fp->p;
    struct zc_hub *h = &f->hub;

    if (!fp)
        abort ();
    zc_outq_init (&p->out);
    p->slot.kind = ZC_MSG_CLOSED;
    p->act = -1;
    p->peer_type = 255;
    p->hub = h;
    p->number = h->numbers_free ? h->numbers[--h->numbers_free] : h->numbers_made++;
    p->next = h->pipes;
    h->pipes = p;
    h->pipe_count++;
    if (given_name) {
        p->id = malloc (strlen (given_name) + 1);
        p->id_size = bytes_of (given_name, strlen (given_name), p->id);
    }
    h->ops->attach (h, p);
    return p;
}

void fake_up (struct zc_pipe *p, const char *id)
{
    zc_free (p->peer_id);
    p->peer_id = NULL;
    p->peer_id_size = 0;
    if (id) {
        p->peer_id = malloc (strlen (id) + 1);
        p->peer_id_size = bytes_of (id, strlen (id), p->peer_id);
    }
    p->peer_type = ZMQ_XSUB; /* of ZMTP 2.0 or newer: older peers don't say what they are */
    p->is_up = true;
    if (p->hub->ops->up)
        p->hub->ops->up (p->hub, p);
}

struct zc_pipe *fake_peer (struct fake *f, const char *id)
{
    struct zc_pipe *p = fake_attach (f, NULL);
    fake_up (p, id);
    return p;
}

void fake_down (struct zc_pipe *p)
{
    p->is_up = false;
    if (p->hub->ops->down)
        p->hub->ops->down (p->hub, p);
}

static void retire (struct zc_pipe *p)
{
    struct zc_hub *h = p->hub;

    p->is_ending = true;
    zc_pipe_close_out (p);
    if (p->is_up)
        fake_down (p);
    if (h->ops->ending)
        h->ops->ending (h, p);
    if (!p->in_msgs)
        zc_pipe_free (p);
}

void fake_gone (struct zc_pipe *p)
{
    if (p->is_up)
        fake_down (p);
    retire (p);
}

void fake_leave (struct zc_pipe *p)
{
    retire (p);
}

void fake_settle (struct fake *f)
{
    struct zc_pipe *next;
    for (struct zc_pipe *p = f->hub.pipes; p; p = next) {
        next = p->next;
        if (p->is_leaving)
            retire (p);
        else if (fake_of (p)->killed)
            fake_gone (p);
    }
}

int fake_pipes (const struct fake *f)
{
    return (int)f->hub.pipe_count;
}

static void arrive (struct zc_pipe *p, const char *text, uint8_t flags)
{
    struct parsed m;
    struct zc_frames fresh;

    parse (&m, text);
    zc_frames_init (&fresh);
    for (size_t i = 0; i < m.count; i++)
        if (zc_frames_put (&fresh, flags | (i + 1 < m.count ? ZC_F_MORE : 0), zc_msg_bytes (&m.parts[i]),
                           zc_msg_size (&m.parts[i]))
            < 0)
            abort ();
    zc_pipe_arrived (p, &fresh, 1);
}

void fake_arrive (struct zc_pipe *p, const char *text)
{
    arrive (p, text, 0);
}

void fake_arrive_command (struct zc_pipe *p, const char *text)
{
    arrive (p, text, ZC_F_COMMAND);
}

static const char *send_text (struct fake *f, const char *text, bool force)
{
    struct parsed m;
    parse (&m, text);
    int rc = f->sock.pattern->send (&f->sock, m.parts, m.count, force);
    for (size_t i = 0; i < m.count; i++) {
        if (rc == 0 && (m.parts[i].kind != ZC_MSG_INLINE || zc_msg_size (&m.parts[i])))
            return "parts left";
        if (rc < 0 && m.parts[i].kind == ZC_MSG_BODY)
            zc_msg_close (&m.parts[i]);
        else if (rc < 0 && m.parts[i].kind != ZC_MSG_LENT)
            return "parts touched";
    }
    return name_of (rc);
}

const char *fake_send (struct fake *f, const char *text)
{
    return send_text (f, text, false);
}

const char *fake_send_forced (struct fake *f, const char *text)
{
    return send_text (f, text, true);
}

bool fake_can_send (struct fake *f)
{
    return f->hub.ops->can_send (&f->hub);
}

const char *fake_admit (struct fake *f, const char *first)
{
    struct parsed m;
    parse (&m, first);
    if (f->sock.pattern->admit)
        return name_of (f->sock.pattern->admit (&f->sock, &m.parts[0]));
    return fake_can_send (f) ? "ok" : "EAGAIN";
}

const char *fake_recv (struct fake *f)
{
    struct zc_incoming in;
    char *t = text_new ();
    bool can = f->hub.ops->can_recv (&f->hub);
    int rc = f->sock.pattern->recv (&f->sock, &in);

    if (can != (rc == 0))
        return "can_recv is wrong";
    if (rc < 0)
        return name_of (rc);
    if (in.has_prefix) {
        text_add (t, zc_msg_bytes (&in.prefix), zc_msg_size (&in.prefix));
        strcat (t, "|");
        zc_msg_close (&in.prefix);
    }
    render (t, in.frames);
    if (in.pipe)
        zc_hub_message_done (&f->hub, in.pipe);
    return t;
}

const char *fake_out (struct zc_pipe *p)
{
    struct fake_pipe *f = fake_of (p);
    char *t = text_new ();

    if (!f->sent_msgs)
        return t;
    render (t, &f->sent);
    f->sent_msgs--;
    if (!fake_is_full (p))
        zc_pipe_room (p);
    return t;
}

const char *fake_told (struct zc_pipe *p)
{
    char *t = text_new ();
    if (!zc_frames_empty (&fake_of (p)->told))
        render (t, &fake_of (p)->told);
    return t;
}

int fake_killed (const struct zc_pipe *p)
{
    return fake_of (p)->killed;
}
