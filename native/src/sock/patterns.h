/* The socket types, and what several of them share. Private to sock/. Everything runs under the hub's lock.
 *
 * Two rules keep pipes alive under our hands: zc_pipe_kill, zc_pipe_end and zc_hub_message_done may be the last thing that
 * happens to a pipe, so a pattern touches it no more after them (unless it knows that messages are left in it); and attach
 * never kills or ends its pipe, what can fail waits for up. */
#ifndef ZC_SOCK_PATTERNS_H
#define ZC_SOCK_PATTERNS_H

#include "base/map.h"
#include "base/trie.h"
#include "sock/socket.h"

extern const struct zc_pattern zc_pattern_pair, zc_pattern_pub, zc_pattern_sub, zc_pattern_req,
    zc_pattern_rep, zc_pattern_dealer, zc_pattern_router, zc_pattern_pull, zc_pattern_push, zc_pattern_xpub,
    zc_pattern_xsub, zc_pattern_stream;

/* ---- slots that several types use as they are: sock/balance.c ---- */

void zc_attach_sender (struct zc_hub *, struct zc_pipe *);   /* takes part in sending */
void zc_attach_receiver (struct zc_hub *, struct zc_pipe *); /* does not */
void zc_detach_plain (struct zc_hub *, struct zc_pipe *);
void zc_up_probe (struct zc_hub *, struct zc_pipe *);   /* PROBE_ROUTER */
void zc_input_drop (struct zc_hub *, struct zc_pipe *); /* a type that never receives */
bool zc_can_recv_any (struct zc_hub *);
bool zc_can_send_any (struct zc_hub *);
bool zc_can_always (struct zc_hub *);
int zc_recv_fair (struct zc_sock *, struct zc_incoming *);
int zc_send_balanced (struct zc_sock *, struct zc_msg *parts, size_t count, bool force);

/* Round robin: to the next pipe that has room, *out; the parts stay the caller's. -EAGAIN: none (force: overshoots one; -EAGAIN: there
 * is no pipe). */
int zc_balance_put (struct zc_hub *, struct zc_msg *parts, size_t count, bool force, struct zc_pipe **out);

/* The message at the head of p. p may be gone afterwards. */
void zc_pipe_drop_head (struct zc_pipe *p);
/* All messages of p. p may be gone afterwards. */
void zc_pipe_drop_all (struct zc_pipe *p);

/* The message at the head of p goes behind those in `to`, each part with what is known of its origin; zc_hub_message_done is
 * still due. 0, -ENOMEM: it is lost, `to` is unchanged. */
int zc_pipe_move_head (struct zc_pipe *p, struct zc_frames *to);

static inline void zc_incoming_from (struct zc_incoming *in, struct zc_pipe *p)
{
    in->pipe = p;
    in->frames = &p->in;
    in->has_prefix = false;
}

/* Parts of the message received last wait to be read. */
static inline bool zc_sock_has_rest (const struct zc_sock *s)
{
    return !zc_frames_empty (&s->half_in) || !zc_frames_empty (&s->stash);
}

/* A message with parts before it: an array of `before` places, which the caller fills with lent messages, and then the parts,
 * borrowed. Only for putting it into pipes, which copy or count; never closed. */
#define ZC_WRAP_MAX 16
struct zc_wrap
{
    struct zc_msg *parts;
    size_t count;
    struct zc_msg few[ZC_WRAP_MAX];
};
int zc_wrap_open (struct zc_wrap *, size_t before, const struct zc_msg *parts, size_t count); /* 0, -ENOMEM */
void zc_wrap_close (struct zc_wrap *);

/* ---- publishing: sock/distribute.c ---- */

/* Who gets what: subscriptions, and the pipes by number. */
struct zc_distribution
{
    struct zc_subs subs;
    struct zc_pipe **pipes; /* by number; NULL: none, or not up */
    struct zc_pipe **hits;  /* those that get the message at hand */
    uint32_t cap, hit_count;
    uint64_t round; /* a pipe whose mark has this number is hit already */
    struct zc_sheet sheet;
};

void zc_distribution_open (struct zc_distribution *);
void zc_distribution_close (struct zc_distribution *);
int zc_distribution_join (struct zc_distribution *, struct zc_pipe *); /* 0, -ENOMEM */
void zc_distribution_leave (struct zc_distribution *, struct zc_pipe *);
/* Finds who gets a message that starts with these bytes (invert: who does not match). */
void zc_distribution_match (struct zc_distribution *, const struct zc_msg *first, bool invert);
/* True when each of them has room. */
bool zc_distribution_has_room (const struct zc_distribution *);
/* To all of them; who is full misses it (force: not even then). 0 and the parts are sent, or -EINVAL, -ENOMEM and nothing was. */
int zc_distribution_send (struct zc_distribution *, struct zc_hub *, struct zc_msg *parts, size_t count,
                          bool force);
/* To every pipe of the hub that has room. The same results. */
int zc_send_to_all (struct zc_hub *, struct zc_msg *parts, size_t count);

/* ---- publishers: sock/xpub.c, for pub.c ---- */

struct zc_xpub
{
    struct zc_distribution to;
    /* What waits for recv, in the order it came: notices (01 or 00 and the topic) and the peers' own messages. Their senders,
     * one for each, in a ring. Never used by PUB. */
    struct zc_frames news;
    struct zc_xpub_sender *ring;
    size_t ring_head, ring_count, ring_cap;
    struct zc_xpub_peer *last; /* XPUB_MANUAL: who sent what was received last */
};

int zc_xpub_open (struct zc_sock *);
void zc_xpub_close (struct zc_sock *);
void zc_xpub_attach (struct zc_hub *, struct zc_pipe *);
void zc_xpub_up (struct zc_hub *, struct zc_pipe *);
void zc_xpub_down (struct zc_hub *, struct zc_pipe *);
void zc_xpub_detach (struct zc_hub *, struct zc_pipe *);
void zc_xpub_input (struct zc_hub *, struct zc_pipe *);
int zc_xpub_send (struct zc_sock *, struct zc_msg *parts, size_t count, bool force);
int zc_xpub_admit (struct zc_sock *, const struct zc_msg *first);

/* ---- subscribers: sock/xsub.c, for sub.c ---- */

struct zc_xsub
{
    struct zc_topics topics;
};

int zc_xsub_open (struct zc_sock *);
void zc_xsub_close (struct zc_sock *);
void zc_xsub_up (struct zc_hub *, struct zc_pipe *);
int zc_xsub_subscribe (struct zc_sock *, const void *topic, size_t n);   /* 0, -ENOMEM */
int zc_xsub_unsubscribe (struct zc_sock *, const void *topic, size_t n); /* 0 */

/* ---- peers with names: sock/router.c, for stream.c and whoever connects ---- */

struct zc_router
{
    struct zc_map pipes;   /* by name */
    uint32_t next_name;    /* of those made up */
    uint32_t replaced;     /* pipes that live on without their name */
    struct zc_frames rest; /* what they sent before and is unread: whole messages, names first */
};

int zc_router_open (struct zc_sock *);
void zc_router_close (struct zc_sock *);
void zc_router_attach (struct zc_hub *, struct zc_pipe *);
void zc_router_up (struct zc_hub *, struct zc_pipe *);
void zc_router_down (struct zc_hub *, struct zc_pipe *);
void zc_router_ending (struct zc_hub *, struct zc_pipe *);
void zc_router_detach (struct zc_hub *, struct zc_pipe *);
void zc_router_input (struct zc_hub *, struct zc_pipe *);
bool zc_router_can_recv (struct zc_hub *);
int zc_router_recv (struct zc_sock *, struct zc_incoming *);
struct zc_pipe *zc_router_find (const struct zc_router *,
                                const struct zc_msg *name); /* NULL: nobody, or it has left */

/* CONNECT_ROUTING_ID is used up by the connect that calls this: *id (NULL: none was set) becomes the caller's, who puts it
 * into pipe->id and id_size of the endpoint's pipe (of each of its pipes, with IMMEDIATE) before the attach. For any type.
 * 0, -EADDRINUSE: another peer has the name (nothing changed), -ENOMEM. */
int zc_router_take_connect_id (struct zc_sock *, uint8_t **id, size_t *n);

#endif
