/* REP: a request, then the reply to it, strictly in turn (RFC 28). The envelope (all parts up to and with the first empty one)
 * stays here and goes back with the reply. A request without an empty part that has more behind it is dropped; so is a
 * reply whose peer has left or is full. */
#include "sock/patterns.h"

#include <errno.h>
#include <string.h>
#include "core/monitor.h"
#include "zmq.h"

enum
{
    KEEP_MAX = 16 /* an envelope's array larger than this is freed after its reply */
};

struct rep
{
    struct zc_pipe *peer; /* whom we owe a reply; NULL: it has left */
    bool replying;
    struct zc_msg *envelope; /* without the delimiter */
    size_t count, cap;
};

static void drop_envelope (struct rep *r)
{
    for (size_t i = 0; i < r->count; i++)
        zc_msg_drop (&r->envelope[i]);
    r->count = 0;
    if (r->cap <= KEEP_MAX)
        return;
    zc_free (r->envelope);
    r->envelope = NULL;
    r->cap = 0;
}

static void close_rep (struct zc_sock *s)
{
    struct rep *r = s->state;
    drop_envelope (r);
    zc_free (r->envelope);
    r->envelope = NULL;
}

static void detach (struct zc_hub *h, struct zc_pipe *p)
{
    struct rep *r = zc_sock_of (h)->state;
    if (r->peer == p)
        r->peer = NULL;
}

/* How many parts come before the delimiter; false: there is none. */
static bool find_delimiter (const struct zc_pipe *p, size_t *before)
{
    struct zc_cursor at = zc_frames_begin (&p->in);
    struct zc_view v;

    for (*before = 0; zc_frames_next (&at, &v) && (v.flags & ZC_F_MORE); ++*before)
        if (v.size == 0)
            return true;
    return false;
}

/* The next pipe with a well-formed request, malformed ones dropped. NULL: none. */
static struct zc_pipe *next_request (struct zc_hub *h, size_t *before)
{
    struct zc_pipe *p;

    while ((p = zc_hub_next_in (h)) != NULL && !find_delimiter (p, before))
        zc_pipe_drop_head (p);
    return p;
}

static bool can_recv (struct zc_hub *h)
{
    const struct rep *r = zc_sock_of (h)->state;
    size_t before;
    return !r->replying && next_request (h, &before);
}

static bool may_send (const struct zc_sock *s)
{
    const struct rep *r = s->state;
    return r->replying && !zc_sock_has_rest (s); /* the whole request first */
}

static bool can_send (struct zc_hub *h)
{
    return may_send (zc_sock_of (h));
}

static int admit (struct zc_sock *s, const struct zc_msg *first)
{
    (void)first;
    return may_send (s) ? 0 : -EFSM;
}

/* Copies the envelope; nothing is taken out of the pipe. */
static int keep_envelope (struct rep *r, const struct zc_pipe *p, size_t count)
{
    struct zc_cursor at = zc_frames_begin (&p->in);
    struct zc_view v;

    if (count > r->cap) {
        struct zc_msg *grown = zc_realloc (r->envelope, count * sizeof *grown);
        if (!grown)
            return -ENOMEM;
        r->envelope = grown;
        r->cap = count;
    }
    while (r->count < count && zc_frames_next (&at, &v)) {
        int rc = zc_msg_init_copy (&r->envelope[r->count], v.data, v.size);
        if (rc < 0) {
            drop_envelope (r);
            return rc;
        }
        r->count++;
    }
    return 0;
}

static int recv_request (struct zc_sock *s, struct zc_incoming *in)
{
    struct rep *r = s->state;
    struct zc_view v;
    size_t before;

    if (r->replying)
        return -EFSM;
    struct zc_pipe *p = next_request (s->hub, &before);
    if (!p)
        return -EAGAIN;
    int rc = keep_envelope (r, p, before);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i <= before; i++) {
        zc_frames_peek (&p->in, &v);
        zc_frames_skip (&p->in, &v);
    }
    zc_incoming_from (in, p);
    r->peer = p;
    r->replying = true;
    return 0;
}

/* The request is not answered: its sender may ask again. */
static void lost (struct zc_sock *s)
{
    struct rep *r = s->state;

    drop_envelope (r);
    r->peer = NULL;
    r->replying = false;
}

/* 0, also when nobody is there to take it; -ENOMEM. */
static int put_reply (const struct rep *r, struct zc_msg *parts, size_t count, bool force)
{
    struct zc_wrap w;

    if (!r->peer)
        return 0;
    int rc = zc_wrap_open (&w, r->count + 1, parts, count);
    if (rc < 0)
        return rc;
    if (r->count)
        memcpy (w.parts, r->envelope, r->count * sizeof *w.parts);
    zc_msg_init (&w.parts[r->count]);
    rc = zc_pipe_put (r->peer, w.parts, w.count, force);
    zc_wrap_close (&w);
    if (rc == -EAGAIN)
        zc_event_full (r->peer);
    return rc == -EAGAIN || rc == -EPIPE ? 0 : rc;
}

static int send_reply (struct zc_sock *s, struct zc_msg *parts, size_t count, bool force)
{
    struct rep *r = s->state;

    if (!may_send (s))
        return -EFSM;
    int rc = put_reply (r, parts, count, force);
    if (rc < 0)
        return rc;
    zc_sock_parts_sent (parts, count);
    drop_envelope (r);
    r->replying = false;
    r->peer = NULL;
    return 0;
}

const struct zc_pattern zc_pattern_rep = {
    .type = ZMQ_REP,
    .sends = true,
    .receives = true,
    .state_size = sizeof (struct rep),
    .hub =
        {
            .attach = zc_attach_sender,
            .detach = detach,
            .can_recv = can_recv,
            .can_send = can_send,
        },
    .close = close_rep,
    .send = send_reply,
    .admit = admit,
    .recv = recv_request,
    .lost = lost,
};
