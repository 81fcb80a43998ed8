/* ROUTER: each message names its peer in its first part, sent or received (RFC 28).
 *
 * A pipe's name: what CONNECT_ROUTING_ID gave its endpoint (known from the attach on), else the peer's own routing id, else one
 * made up (byte 0 and a number). It lasts as long as the pipe, unless the peer of a new connection tells another. A name
 * that is taken refuses the newcomer, which may try again and then be let in; libzmq keeps it connected and never
 * reads it. With ROUTER_HANDOVER the newcomer replaces the old peer: what that one sent before is still delivered, what it
 * sends from then on is dropped; closing it would make two live peers of one name take turns for ever. It gets the name
 * back when the newcomer leaves (with libzmq it stays mute).
 *
 * ROUTER_RAW and STREAM tell of each connection made or lost by an empty message; only made-up names there. */
#include "sock/patterns.h"

#include <errno.h>
#include <string.h>
#include "core/monitor.h"
#include "core/pipe.h"
#include "os/random.h"
#include "zmq.h"

enum /* bits of pipe->mark */
{
    LISTED = 1,   /* in router->pipes */
    GIVEN = 2,    /* the name is CONNECT_ROUTING_ID's */
    REPLACED = 4, /* another took the name over: nothing is read from it or sent to it */
    NOTICED = 8   /* the program was told of its connection, and is to be told of its end */
};

enum
{
    MADE_UP = 5 /* bytes of a name that is made up */
};

static struct zc_router *router_of (const struct zc_hub *h)
{
    return zc_sock_of (h)->state;
}

static bool is_raw (const struct zc_sock *s)
{
    return s->pattern->type == ZMQ_STREAM || s->opt.router_raw;
}

int zc_router_open (struct zc_sock *s)
{
    struct zc_router *r = s->state;
    uint64_t seed[2];

    zc_random (seed, sizeof seed);
    zc_map_init (&r->pipes, seed);
    zc_frames_init (&r->rest);
    r->next_name = zc_random_u32 ();
    return 0;
}

void zc_router_close (struct zc_sock *s)
{
    struct zc_router *r = s->state;
    zc_map_close (&r->pipes);
    zc_frames_clear (&r->rest);
}

/* ---- names ---- */

static void unlist (struct zc_router *r, struct zc_pipe *p)
{
    if (p->mark & LISTED)
        zc_map_take (&r->pipes, p->id, p->id_size);
    p->mark &= ~(uint64_t)LISTED;
}

/* A message of p that is unread goes aside, under the name it came with. */
static int put_aside (struct zc_router *r, struct zc_pipe *p)
{
    struct zc_frames fresh;

    zc_frames_init (&fresh);
    int rc = zc_frames_put (&fresh, ZC_F_MORE, p->id, p->id_size);
    if (rc < 0)
        zc_frames_drop_message (&p->in);
    else
        rc = zc_pipe_move_head (p, &fresh);
    if (rc < 0)
        zc_frames_clear (&fresh);
    zc_frames_join (&r->rest, &fresh);
    return rc;
}

static void replace (struct zc_hub *h, struct zc_pipe *old)
{
    struct zc_router *r = router_of (h);

    unlist (r, old);
    zc_pipe_close_out (old);
    old->mark |= REPLACED;
    r->replaced++;
    for (uint32_t n = old->in_msgs; n; n--) {
        if (put_aside (r, old) < 0)
            zc_event_dropped (h, 1, "no memory for a message of a peer whose name was taken over");
        zc_hub_message_done (h, old); /* it is not ending: it stays */
    }
}

/* The pipe can be sent to by its name. -EEXIST: somebody has it. */
static int list (struct zc_sock *s, struct zc_pipe *p)
{
    struct zc_router *r = s->state;
    int rc = zc_map_put (&r->pipes, p->id, p->id_size, p);

    if (rc == -EEXIST && s->opt.router_handover) {
        replace (s->hub, zc_map_get (&r->pipes, p->id, p->id_size));
        rc = zc_map_put (&r->pipes, p->id, p->id_size, p);
    }
    if (rc < 0)
        return rc;
    p->mark |= LISTED;
    zc_pipe_open_out (p);
    return 0;
}

static void no_longer_replaced (struct zc_router *r, struct zc_pipe *p)
{
    r->replaced -= (p->mark & REPLACED) != 0;
    p->mark &= ~(uint64_t)REPLACED;
}

/* The peer p goes: the last one it replaced has its name again. */
static void give_name_back (struct zc_hub *h, struct zc_pipe *p)
{
    struct zc_router *r = router_of (h);
    bool had = p->mark & LISTED;

    unlist (r, p);
    if (!had || !r->replaced)
        return;
    for (struct zc_pipe *q = h->pipes; q; q = q->next) {
        if (!(q->mark & REPLACED) || !q->is_up || q->id_size != p->id_size
            || memcmp (q->id, p->id, p->id_size) != 0)
            continue;
        if (list (zc_sock_of (h), q) == 0)
            no_longer_replaced (r, q);
        return;
    }
}

static void forget_name (struct zc_router *r, struct zc_pipe *p)
{
    unlist (r, p);
    zc_free (p->id);
    p->id = NULL;
    p->id_size = 0;
}

static int name_it (struct zc_sock *s, struct zc_pipe *p, const uint8_t *name, size_t n)
{
    uint8_t *id = zc_alloc (n);
    if (!id)
        return -ENOMEM;
    memcpy (id, name, n);
    forget_name (s->state, p);
    p->id = id;
    p->id_size = n;
    int rc = list (s, p);
    if (rc < 0)
        forget_name (s->state, p);
    return rc;
}

static int make_up_name (struct zc_sock *s, struct zc_pipe *p)
{
    struct zc_router *r = s->state;
    uint8_t name[MADE_UP] = {0};

    do
        zc_put_u32 (name + 1, r->next_name++);
    while (zc_map_get (&r->pipes, name, sizeof name));
    return name_it (s, p, name, sizeof name);
}

static int name_of_peer (struct zc_sock *s, struct zc_pipe *p)
{
    if (p->mark & GIVEN)
        return p->mark & LISTED ? 0 : list (s, p);
    if (is_raw (s) || !p->peer_id_size) /* a name that was told to somebody stays */
        return p->mark & LISTED ? 0 : make_up_name (s, p);
    if ((p->mark & LISTED) && p->id_size == p->peer_id_size && memcmp (p->id, p->peer_id, p->id_size) == 0)
        return 0;
    return name_it (s, p, p->peer_id, p->peer_id_size);
}

/* STREAM: ROUTING_ID reads the name of the newest connection. */
static void remember_newest (struct zc_sock *s, const struct zc_pipe *p)
{
    if (s->pattern->type != ZMQ_STREAM || !p->id || p->id_size > 255)
        return;
    s->opt.routing_id.size = (uint8_t)p->id_size;
    memcpy (s->opt.routing_id.data, p->id, p->id_size);
}

int zc_router_take_connect_id (struct zc_sock *s, uint8_t **id, size_t *n)
{
    struct zc_option_bytes *name = &s->opt.connect_routing_id;
    const struct zc_router *r = s->state;

    *id = NULL;
    *n = 0;
    if (!name->size || (s->pattern->type != ZMQ_ROUTER && s->pattern->type != ZMQ_STREAM))
        return 0;
    if (!s->opt.router_handover && zc_map_get (&r->pipes, name->data, name->size))
        return -EADDRINUSE;
    *id = zc_alloc (name->size);
    if (!*id)
        return -ENOMEM;
    memcpy (*id, name->data, name->size);
    *n = name->size;
    name->size = 0;
    return 0;
}

/* ---- pipes ---- */

/* What fails here is done again in up. */
void zc_router_attach (struct zc_hub *h, struct zc_pipe *p)
{
    struct zc_sock *s = zc_sock_of (h);

    p->mark = p->id ? GIVEN : 0;
    if (p->id)
        list (s, p);
    else if (s->pattern->type == ZMQ_STREAM)
        make_up_name (s, p);
    remember_newest (s, p);
}

/* An empty message from p, in its place among the others. */
static int put_notice (const struct zc_sock *s, struct zc_pipe *p)
{
    struct zc_frames fresh;

    if (!is_raw (s) || !s->opt.stream_notify)
        return 0;
    zc_frames_init (&fresh);
    int rc = zc_frames_put (&fresh, 0, NULL, 0);
    if (rc < 0)
        return rc;
    p->mark ^= NOTICED;
    zc_pipe_arrived (p, &fresh, 1);
    return 0;
}

void zc_router_up (struct zc_hub *h, struct zc_pipe *p)
{
    struct zc_sock *s = zc_sock_of (h);

    no_longer_replaced (s->state, p); /* a new connection */
    int rc = name_of_peer (s, p);

    if (rc == -EEXIST) {
        zc_pipe_kill (p, -EADDRINUSE, 0, "another peer has its routing id");
        return;
    }
    if (rc == 0)
        rc = put_notice (s, p);
    if (rc < 0) {
        zc_pipe_kill (p, rc, 0, "no memory for a peer");
        return;
    }
    remember_newest (s, p);
    if (!is_raw (s))
        zc_up_probe (h, p);
}

/* Only what the peer or the network did is told, not what the program did itself. */
void zc_router_down (struct zc_hub *h, struct zc_pipe *p)
{
    bool is_told = (p->mark & NOTICED) && !p->is_ending && !p->is_leaving;

    if (is_told && put_notice (zc_sock_of (h), p) < 0)
        zc_event_dropped (h, 1, "no memory to tell that a connection is lost");
    p->mark &= ~(uint64_t)NOTICED;
}

void zc_router_ending (struct zc_hub *h, struct zc_pipe *p)
{
    give_name_back (h, p);
}

void zc_router_detach (struct zc_hub *h, struct zc_pipe *p)
{
    give_name_back (h, p);
    no_longer_replaced (router_of (h), p);
    forget_name (router_of (h), p);
}

/* Of a peer that was refused or replaced. */
void zc_router_input (struct zc_hub *h, struct zc_pipe *p)
{
    (void)h;
    if (!p->id || (p->mark & REPLACED))
        zc_pipe_drop_all (p);
}

/* ---- messages ---- */

static struct zc_pipe *next_named (struct zc_hub *h)
{
    struct zc_pipe *p;

    while ((p = zc_hub_next_in (h)) != NULL && !p->id)
        zc_pipe_drop_all (p);
    return p;
}

bool zc_router_can_recv (struct zc_hub *h)
{
    return !zc_frames_empty (&router_of (h)->rest) || next_named (h);
}

int zc_router_recv (struct zc_sock *s, struct zc_incoming *in)
{
    struct zc_router *r = s->state;

    if (!zc_frames_empty (&r->rest)) {
        in->pipe = NULL;
        in->frames = &r->rest;
        in->has_prefix = false;
        return 0;
    }
    struct zc_pipe *p = next_named (s->hub);
    if (!p)
        return -EAGAIN;
    int rc = zc_msg_init_copy (&in->prefix, p->id, p->id_size);
    if (rc < 0)
        return rc;
    in->prefix.flags = ZC_MSG_MORE;
    zc_incoming_from (in, p);
    in->has_prefix = true;
    return 0;
}

struct zc_pipe *zc_router_find (const struct zc_router *r, const struct zc_msg *name)
{
    struct zc_pipe *p = zc_map_get (&r->pipes, zc_msg_bytes (name), zc_msg_size (name));
    return p && p->has_out ? p : NULL;
}

static bool can_send (struct zc_hub *h)
{
    return !zc_sock_of (h)->opt.router_mandatory || h->act_count > 0;
}

static int admit (struct zc_sock *s, const struct zc_msg *first)
{
    if (!s->opt.router_mandatory)
        return 0;
    const struct zc_pipe *p = zc_router_find (s->state, first);
    if (!p)
        return -EHOSTUNREACH;
    return zc_pipe_can_put (p) ? 0 : -EAGAIN;
}

/* 0; -EAGAIN, -EHOSTUNREACH: it could not go; -ENOMEM. */
static int put_to (struct zc_sock *s, struct zc_msg *parts, size_t count, bool force)
{
    struct zc_pipe *p = zc_router_find (s->state, &parts[0]);

    if (!p)
        return -EHOSTUNREACH;
    if (s->opt.router_raw && count == 2 && zc_msg_size (&parts[1]) == 0) {
        zc_pipe_end (p);
        return 0;
    }
    int rc = zc_pipe_put (p, parts + 1, count - 1, force);
    return rc == -EPIPE ? -EHOSTUNREACH : rc;
}

static int send_named (struct zc_sock *s, struct zc_msg *parts, size_t count, bool force)
{
    int rc = count > 1 ? put_to (s, parts, count, force) : 0; /* a name alone goes nowhere */

    if ((rc == -EAGAIN || rc == -EHOSTUNREACH) && (!s->opt.router_mandatory || force)) {
        if (rc == -EAGAIN)
            zc_event_full (zc_router_find (s->state, &parts[0]));
        else
            s->hub->dropped++;
        rc = 0;
    }
    if (rc == 0)
        zc_sock_parts_sent (parts, count);
    return rc;
}

const struct zc_pattern zc_pattern_router = {
    .type = ZMQ_ROUTER,
    .sends = true,
    .receives = true,
    .state_size = sizeof (struct zc_router),
    .hub =
        {
            .attach = zc_router_attach,
            .up = zc_router_up,
            .down = zc_router_down,
            .ending = zc_router_ending,
            .detach = zc_router_detach,
            .input = zc_router_input,
            .can_recv = zc_router_can_recv,
            .can_send = can_send,
            .picks_peer = true,
        },
    .open = zc_router_open,
    .close = zc_router_close,
    .send = send_named,
    .admit = admit,
    .recv = zc_router_recv,
};
