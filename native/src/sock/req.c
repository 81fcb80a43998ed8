/* REQ: a request, then its reply, strictly in turn (RFC 28). On the wire: [request id, with REQ_CORRELATE][empty][body...].
 *
 * Whatever is no reply to the request at hand is dropped: messages from other pipes, malformed ones, those that came before the
 * request went out. A request whose peer died is waited for until REQ_RELAXED (or the program) gives it up. */
#include "sock/patterns.h"

#include <errno.h>
#include <string.h>
#include "os/random.h"
#include "zmq.h"

struct req
{
    struct zc_pipe *peer; /* who has the request; NULL: nobody any more */
    bool waiting;         /* for the reply */
    bool has_id;          /* the request carried one */
    uint8_t id[4];
    uint32_t next_id;
};

static int open_req (struct zc_sock *s)
{
    struct req *r = s->state;
    r->next_id = zc_random_u32 ();
    return 0;
}

/* Whether the message at the head of the peer's pipe answers the request. */
static bool is_reply (const struct req *r, const struct zc_pipe *p)
{
    struct zc_cursor at = zc_frames_begin (&p->in);
    struct zc_view v;

    if (!zc_frames_next (&at, &v) || !(v.flags & ZC_F_MORE))
        return false;
    if (r->has_id) {
        if (v.size != sizeof r->id || memcmp (v.data, r->id, sizeof r->id) != 0)
            return false;
        zc_frames_next (&at, &v);
    }
    return v.size == 0 && (v.flags & ZC_F_MORE);
}

/* Drops what p has until a reply comes first. p may be gone afterwards. */
static void drop_strays (struct req *r, struct zc_pipe *p)
{
    for (uint32_t n = p->in_msgs; n && !is_reply (r, p); n--)
        zc_pipe_drop_head (p);
}

static void input (struct zc_hub *h, struct zc_pipe *p)
{
    struct req *r = zc_sock_of (h)->state;
    if (r->waiting && r->peer == p)
        drop_strays (r, p);
    else
        zc_pipe_drop_all (p);
}

static void detach (struct zc_hub *h, struct zc_pipe *p)
{
    struct req *r = zc_sock_of (h)->state;
    if (r->peer == p)
        r->peer = NULL;
}

static bool can_recv (struct zc_hub *h)
{
    struct req *r = zc_sock_of (h)->state;
    if (!r->waiting || !r->peer)
        return false;
    (void)zc_hub_next_in (h); /* brings in what a peer inside the process has written */
    drop_strays (r, r->peer);
    return r->peer && r->peer->in_msgs;
}

static bool may_send (const struct zc_sock *s)
{
    const struct req *r = s->state;
    if (r->waiting)
        return s->opt.req_relaxed;
    return !zc_sock_has_rest (s); /* the whole reply first */
}

static bool can_send (struct zc_hub *h)
{
    return may_send (zc_sock_of (h)) && h->act_count > 0;
}

static int admit (struct zc_sock *s, const struct zc_msg *first)
{
    (void)first;
    if (!may_send (s))
        return -EFSM;
    return s->hub->act_count ? 0 : -EAGAIN;
}

static int put_request (struct zc_sock *s, struct zc_msg *parts, size_t count, bool force,
                        struct zc_pipe **to)
{
    struct req *r = s->state;
    struct zc_wrap w;
    uint8_t id[4];
    size_t before = 0;

    int rc = zc_wrap_open (&w, s->opt.req_correlate ? 2 : 1, parts, count);
    if (rc < 0)
        return rc;
    zc_put_u32 (id, r->next_id);
    if (s->opt.req_correlate)
        zc_msg_lend (&w.parts[before++], id, sizeof id);
    zc_msg_init (&w.parts[before]);
    rc = zc_balance_put (s->hub, w.parts, w.count, force, to);
    zc_wrap_close (&w);
    if (rc < 0)
        return rc;
    r->has_id = s->opt.req_correlate;
    memcpy (r->id, id, sizeof id);
    r->next_id++;
    return 0;
}

static int send_request (struct zc_sock *s, struct zc_msg *parts, size_t count, bool force)
{
    struct req *r = s->state;
    struct zc_pipe *to, *p;

    if (!may_send (s))
        return -EFSM;
    /* What has come by now answers no request of ours, or one that is given up if this one goes out (REQ_RELAXED). It is told by its
     * number: a peer inside the process may have answered before the next line. */
    while (!r->waiting && (p = zc_hub_next_in (s->hub)) != NULL)
        zc_pipe_drop_all (p);
    struct zc_pipe *before = r->waiting ? r->peer : NULL;
    uint32_t strays = before ? before->in_msgs : 0;
    int rc = put_request (s, parts, count, force, &to);
    if (rc < 0)
        return rc;
    zc_sock_parts_sent (parts, count);
    r->waiting = true;
    r->peer = to;
    while (strays--)
        zc_pipe_drop_head (before);
    return 0;
}

static int recv_reply (struct zc_sock *s, struct zc_incoming *in)
{
    struct req *r = s->state;
    struct zc_view v;

    if (!r->waiting)
        return -EFSM;
    if (!can_recv (s->hub))
        return -EAGAIN;
    struct zc_pipe *p = r->peer;
    for (int i = r->has_id ? 2 : 1; i; i--) {
        zc_frames_peek (&p->in, &v);
        zc_frames_skip (&p->in, &v);
    }
    zc_incoming_from (in, p);
    r->waiting = false;
    r->peer = NULL;
    return 0;
}

const struct zc_pattern zc_pattern_req = {
    .type = ZMQ_REQ,
    .sends = true,
    .receives = true,
    .state_size = sizeof (struct req),
    .hub =
        {
            .attach = zc_attach_sender,
            .up = zc_up_probe,
            .detach = detach,
            .input = input,
            .can_recv = can_recv,
            .can_send = can_send,
        },
    .open = open_req,
    .send = send_request,
    .admit = admit,
    .recv = recv_reply,
};
