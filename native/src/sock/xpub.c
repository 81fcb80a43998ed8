/* XPUB: sends each message to all whose subscription fits, receives the subscriptions (RFC 29).
 *
 * Input is taken apart as it arrives. A subscription (a COMMAND frame, or a message of one part that starts with byte 1
 * or 0) takes effect at once; what the program is to hear of it, and the peers' own messages, wait in one queue in the order
 * they came: a forwarder depends on that order. What a peer can make us hold is bounded: its topics by MAX_SUBSCRIPTIONS and
 * MAX_SUBSCRIPTION_BYTES, its unread notices by MAX_SUBSCRIPTIONS too (beyond, it is closed), its unread messages by
 * RCVHWM (beyond, they stay in its pipe, which then is read no further). */
#include "sock/news.h"

#include <errno.h>
#include <string.h>
#include "core/monitor.h"
#include "zmq.h"

static struct zc_xpub *xpub_of (const struct zc_hub *h)
{
    return zc_sock_of (h)->state;
}

static bool is_manual (const struct zc_sock *s)
{
    return s->opt.xpub_manual && s->pattern->receives;
}

int zc_xpub_open (struct zc_sock *s)
{
    struct zc_xpub *x = s->state;
    zc_distribution_open (&x->to);
    zc_frames_init (&x->news);
    return 0;
}

void zc_xpub_close (struct zc_sock *s)
{
    struct zc_xpub *x = s->state;

    for (size_t i = 0; i < x->ring_count; i++)
        zc_xpub_peer_unref (x->ring[(x->ring_head + i) & (x->ring_cap - 1)].peer);
    zc_free (x->ring);
    x->ring = NULL;
    x->ring_count = x->ring_cap = 0;
    zc_frames_clear (&x->news);
    zc_distribution_close (&x->to);
}

/* ---- subscriptions ---- */

static void refuse (struct zc_pipe *p, int error, const char *why)
{
    struct zc_xpub_peer *peer = p->state;
    peer->is_refused = true;
    zc_pipe_kill (p, error, 0, why);
}

/* Adds, each topic once. 1: new, 0: was there, -ENOMEM. */
static int ask (struct zc_xpub_peer *peer, const uint8_t *topic, size_t n)
{
    int rc = zc_topics_add (&peer->asked, topic, n);
    if (rc == 0)
        zc_topics_remove (&peer->asked, topic, n); /* the second count */
    return rc;
}

static bool has_room_for (const struct zc_options *opt, const struct zc_xpub_peer *peer, size_t n)
{
    uint64_t most = (uint64_t)opt->max_subscriptions, bytes = (uint64_t)opt->max_subscription_bytes;
    if (most && peer->topics >= most)
        return false;
    return !bytes || (n <= bytes && peer->topic_bytes <= bytes - n);
}

/* Takes a subscription in. *fresh: the peer did not have it; *first: nobody had. */
static int add_topic (struct zc_sock *s, struct zc_pipe *p, const uint8_t *topic, size_t n, bool *fresh,
                      bool *first)
{
    struct zc_xpub *x = s->state;
    struct zc_xpub_peer *peer = p->state;
    bool manual = is_manual (s);
    int rc = 0;

    *fresh = *first = false;
    if (manual || (s->opt.xpub_verboser && s->pattern->receives)) {
        rc = ask (peer, topic, n);
        *fresh = rc == 1;
    }
    if (!manual && rc >= 0) {
        rc = zc_subs_add (&x->to.subs, topic, n, p->number);
        *fresh = rc >= 0 && (rc & ZC_SUBS_NEW);
        *first = rc >= 0 && (rc & ZC_SUBS_FIRST);
    }
    return rc < 0 ? rc : 0;
}

static int remove_topic (struct zc_sock *s, struct zc_pipe *p, const uint8_t *topic, size_t n, bool *last)
{
    struct zc_xpub *x = s->state;
    struct zc_xpub_peer *peer = p->state;
    bool manual = is_manual (s);
    int asked = zc_topics_remove (&peer->asked, topic, n);
    int rc =
        manual ? (asked == 1 ? ZC_SUBS_NEW : -ENOENT) : zc_subs_remove (&x->to.subs, topic, n, p->number);

    *last = rc >= 0 && (rc & ZC_SUBS_FIRST);
    if (rc < 0)
        return rc;
    peer->topics -= peer->topics > 0;
    peer->topic_bytes -= n < peer->topic_bytes ? n : peer->topic_bytes;
    return 0;
}

/* Whether the program hears of it. */
static bool is_news (const struct zc_sock *s, bool cancel, bool changes)
{
    if (!s->pattern->receives)
        return false;
    return changes || is_manual (s) || s->opt.xpub_verboser || (!cancel && s->opt.xpub_verbose);
}

static bool subscribe (struct zc_sock *s, struct zc_pipe *p, const uint8_t *topic, size_t n)
{
    struct zc_xpub_peer *peer = p->state;
    bool fresh, first, fits = has_room_for (&s->opt, peer, n);

    int rc = add_topic (s, p, topic, n, &fresh, &first);
    if (rc < 0) {
        refuse (p, rc, "no memory for a subscription");
        return false;
    }
    if (fresh) {
        peer->topics++;
        peer->topic_bytes += n;
    }
    if (fresh && !fits) {
        remove_topic (s, p, topic, n, &first);
        refuse (p, -E2BIG,
                "more subscriptions than ZCFFI_MAX_SUBSCRIPTIONS or ZCFFI_MAX_SUBSCRIPTION_BYTES allow");
        return false;
    }
    if (is_news (s, false, first) && zc_news_put_notice (s->state, peer, false, topic, n) < 0) {
        refuse (p, -ENOMEM, "no memory for the notice of a subscription");
        return false;
    }
    return true;
}

static bool cancel (struct zc_sock *s, struct zc_pipe *p, const uint8_t *topic, size_t n)
{
    bool last;

    remove_topic (s, p, topic, n, &last);
    if (is_news (s, true, last) && zc_news_put_notice (s->state, p->state, true, topic, n) < 0) {
        refuse (p, -ENOMEM, "no memory for the notice of a subscription");
        return false;
    }
    return true;
}

/* The functions below are true when p has more to take; else it may be gone. */
static bool drop_head (struct zc_pipe *p)
{
    bool more = p->in_msgs > 1;
    zc_pipe_drop_head (p);
    return more;
}

static bool take_subscription (struct zc_sock *s, struct zc_pipe *p, const struct zc_view *v)
{
    const struct zc_xpub_peer *peer = p->state;
    uint64_t most = (uint64_t)s->opt.max_subscriptions;

    if (!p->is_up || !v->size || v->data[0] > 1)
        return drop_head (p); /* of a lost connection, or a command we do not know */
    if (!(v->data[0] ? subscribe : cancel) (s, p, v->data + 1, v->size - 1))
        return false;
    if (most && peer->notices > most) {
        refuse (p, -ENOBUFS, "more unread subscriptions than ZCFFI_MAX_SUBSCRIPTIONS allows");
        return false;
    }
    return drop_head (p);
}

static bool take_message (struct zc_sock *s, struct zc_pipe *p)
{
    bool more = p->in_msgs > 1;

    if (!s->pattern->receives)
        return drop_head (p);
    struct zc_xpub *x = s->state;
    int rc = zc_news_reserve (x);
    if (rc < 0)
        zc_frames_drop_message (&p->in);
    else
        rc = zc_pipe_move_head (p, &x->news);
    if (rc < 0)
        refuse (p, rc, "no memory for its message");
    else
        zc_news_push (x, p->state, true);
    zc_hub_message_done (s->hub, p);
    return rc == 0 && more;
}

/* Takes apart what p has; most: how many unread messages it may have. p may be gone afterwards. */
static void take_input (struct zc_sock *s, struct zc_pipe *p, uint32_t most)
{
    struct zc_xpub_peer *peer = p->state;
    struct zc_view v;

    if (!peer || peer->is_refused) {
        zc_pipe_drop_all (p);
        return;
    }
    for (bool more = p->in_msgs > 0; more;) {
        zc_frames_peek (&p->in, &v);
        if ((v.flags & ZC_F_COMMAND) || (!(v.flags & ZC_F_MORE) && v.size && v.data[0] <= 1))
            more = take_subscription (s, p, &v);
        else
            more = peer->messages < most && take_message (s, p);
    }
}

static uint32_t most_messages (const struct zc_hub *h)
{
    return h->rcvhwm ? h->rcvhwm : UINT32_MAX;
}

/* ---- pipes ---- */

void zc_xpub_attach (struct zc_hub *h, struct zc_pipe *p)
{
    (void)h;
    zc_pipe_open_out (p);
}

void zc_xpub_up (struct zc_hub *h, struct zc_pipe *p)
{
    struct zc_sock *s = zc_sock_of (h);
    struct zc_xpub *x = s->state;
    const struct zc_option_blob *welcome = &s->opt.xpub_welcome_msg;
    struct zc_xpub_peer *peer = zc_calloc (1, sizeof *peer);
    struct zc_msg m;
    int rc = 0;

    if (!peer || zc_distribution_join (&x->to, p) < 0) {
        zc_free (peer);
        zc_pipe_kill (p, -ENOMEM, 0, "no memory for a subscriber");
        return;
    }
    peer->refs = 1;
    peer->pipe = p;
    zc_topics_init (&peer->asked);
    p->state = peer;
    if (welcome->size && s->pattern->receives) {
        zc_msg_lend (&m, welcome->data, welcome->size);
        rc = zc_pipe_put (p, &m, 1, true);
    }
    if (rc == -ENOMEM)
        refuse (p, rc, "no memory for the welcome message");
    else if (p->peer_type == 255 && !p->chan)
        (void)subscribe (s, p, (const uint8_t *)"", 0); /* ZMTP 1.0 peers filter by themselves (RFC 13) */
}

struct loss
{
    struct zc_sock *s;
    struct zc_topics *told; /* topics that were notified already; NULL: none */
};

static void lost_topic (void *arg, const uint8_t *topic, size_t n)
{
    struct loss *l = arg;
    if (l->told && zc_topics_remove (l->told, topic, n) == 1)
        return;
    if (zc_news_put_notice (l->s->state, NULL, true, topic, n) < 0)
        zc_event_dropped (l->s->hub, 1, "no memory to tell of a topic that was cancelled");
}

static int lost_asked (void *arg, const uint8_t *topic, size_t n)
{
    struct loss *l = arg;
    if (zc_news_put_notice (l->s->state, NULL, true, topic, n) < 0)
        zc_event_dropped (l->s->hub, 1, "no memory to tell of a topic that was cancelled");
    return 0;
}

/* One notice for each topic that nobody has any more; with XPUB_MANUAL and XPUB_VERBOSER for each the peer asked for. */
static void drop_topics (struct zc_sock *s, struct zc_pipe *p)
{
    struct zc_xpub *x = s->state;
    struct zc_xpub_peer *peer = p->state;
    struct loss l = {s, NULL};
    bool manual = is_manual (s), verboser = s->opt.xpub_verboser && s->pattern->receives;

    if (manual || verboser) {
        zc_topics_each (&peer->asked, lost_asked, &l);
        l.told = &peer->asked;
    }
    zc_subs_drop (&x->to.subs, p->number, manual || !s->pattern->receives ? NULL : lost_topic, &l);
    zc_topics_close (&peer->asked);
    zc_topics_init (&peer->asked);
}

static void let_go (struct zc_xpub *x, struct zc_pipe *p)
{
    struct zc_xpub_peer *peer = p->state;

    if (!peer)
        return;
    if (x->last == peer)
        x->last = NULL;
    zc_distribution_leave (&x->to, p);
    peer->pipe = NULL;
    p->state = NULL;
    zc_xpub_peer_unref (peer);
}

void zc_xpub_down (struct zc_hub *h, struct zc_pipe *p)
{
    struct zc_sock *s = zc_sock_of (h);
    struct zc_xpub *x = s->state;

    if (!p->state)
        return;
    drop_topics (s, p);
    if (p->is_ending) { /* what it sent may still be read; detach follows */
        zc_distribution_leave (&x->to, p);
        return;
    }
    take_input (s, p, UINT32_MAX); /* the next connection starts afresh */
    let_go (x, p);
}

void zc_xpub_detach (struct zc_hub *h, struct zc_pipe *p)
{
    let_go (xpub_of (h), p);
}

void zc_xpub_input (struct zc_hub *h, struct zc_pipe *p)
{
    take_input (zc_sock_of (h), p, most_messages (h));
}

/* ---- the program's side ---- */

static bool can_recv (struct zc_hub *h)
{
    return xpub_of (h)->ring_count > 0;
}

static int recv_news (struct zc_sock *s, struct zc_incoming *in)
{
    struct zc_xpub *x = s->state;

    if (!x->ring_count)
        return -EAGAIN;
    struct zc_xpub_sender from = zc_news_pop (x);
    in->pipe = NULL;
    in->frames = &x->news;
    in->has_prefix = false;
    if (!from.peer)
        return 0;
    if (!from.is_message)
        x->last = from.peer->pipe && from.peer->pipe->is_up ? from.peer : NULL;
    else if (from.peer->pipe && from.peer->pipe->in_msgs)
        take_input (s, from.peer->pipe, most_messages (s->hub)); /* there is room for one more */
    zc_xpub_peer_unref (from.peer);
    return 0;
}

int zc_xpub_send (struct zc_sock *s, struct zc_msg *parts, size_t count, bool force)
{
    struct zc_xpub *x = s->state;

    zc_distribution_match (&x->to, &parts[0], s->opt.invert_matching);
    if (!s->opt.xpub_nodrop)
        return zc_distribution_send (&x->to, s->hub, parts, count, false);
    if (!force && !zc_distribution_has_room (&x->to))
        return -EAGAIN;
    return zc_distribution_send (&x->to, s->hub, parts, count, force);
}

int zc_xpub_admit (struct zc_sock *s, const struct zc_msg *first)
{
    struct zc_xpub *x = s->state;

    if (!s->opt.xpub_nodrop)
        return 0;
    zc_distribution_match (&x->to, first, s->opt.invert_matching);
    return zc_distribution_has_room (&x->to) ? 0 : -EAGAIN;
}

/* XPUB_MANUAL: the program decides what the peer of the last received subscription gets. */
static int set_topic (struct zc_sock *s, bool cancels, const void *topic, size_t n)
{
    struct zc_xpub *x = s->state;
    int rc = 0;

    if (!s->opt.xpub_manual)
        return -EINVAL;
    if (!x->last)
        return 0; /* it has left, or there was none */
    uint32_t who = x->last->pipe->number;
    if (cancels)
        zc_subs_remove (&x->to.subs, topic, n, who);
    else
        rc = zc_subs_add (&x->to.subs, topic, n, who);
    return rc < 0 ? rc : 0;
}

static int set (struct zc_sock *s, int option, const void *value, size_t size)
{
    switch (option) {
    case ZMQ_SUBSCRIBE:
        return set_topic (s, false, value, size);
    case ZMQ_UNSUBSCRIBE:
        return set_topic (s, true, value, size);
    case ZMQ_XPUB_VERBOSE: /* the last of the two that was set counts */
        s->opt.xpub_verboser = false;
        return 0;
    case ZMQ_XPUB_VERBOSER:
        s->opt.xpub_verbose = s->opt.xpub_verboser;
        return 0;
    default:
        return 0;
    }
}

const struct zc_pattern zc_pattern_xpub = {
    .type = ZMQ_XPUB,
    .sends = true,
    .receives = true,
    .state_size = sizeof (struct zc_xpub),
    .hub =
        {
            .attach = zc_xpub_attach,
            .up = zc_xpub_up,
            .down = zc_xpub_down,
            .detach = zc_xpub_detach,
            .input = zc_xpub_input,
            .input_is_urgent = true,
            .can_recv = can_recv,
            .can_send = zc_can_always,
            .picks_peer = true,
        },
    .open = zc_xpub_open,
    .close = zc_xpub_close,
    .send = zc_xpub_send,
    .admit = zc_xpub_admit,
    .recv = recv_news,
    .set = set,
};
