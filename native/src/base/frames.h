/* A queue of framed bytes, the one form in which messages wait: framed as ZMTP 2 and 3 have them on the wire (flags, length,
 * body), in pieces ("nodes") of three kinds: own bytes that frames are copied into, a slice of a chunk that was read, or one frame
 * whose body is a message held by reference. Frames never cross from one node into the next.
 *
 * Not locked: its owner's lock guards it. */
#ifndef ZC_BASE_FRAMES_H
#define ZC_BASE_FRAMES_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "base/bytes.h"
#include "base/msg.h"

enum
{
    ZC_F_MORE = 1,
    ZC_F_LONG = 2,
    ZC_F_COMMAND = 4 /* in a queue: a subscription, body 1 or 0 and the topic; never a user's message */
};

enum zc_node_kind
{
    ZC_NODE_BYTES,
    ZC_NODE_SLICE,
    ZC_NODE_REF,
    ZC_NODE_LANE /* bytes of a lane (base/lane.h) */
};

#define ZC_NODE_MIN 512u    /* bytes of the first own node of a queue */
#define ZC_NODE_MAX 98304u  /* and of the largest (below what malloc maps afresh each time) */
#define ZC_REF_FROM 2048u   /* a body of this size or more, if it is counted, goes by reference */
#define ZC_LENT_FROM 32768u /* a lent body of this size or more may be written from where it lies */

struct zc_node
{
    struct zc_node *next;
    uint8_t *p, *e; /* the frames; REF: its header */
    uint32_t cap;   /* BYTES: room in d */
    uint8_t kind;
    bool is_lent;     /* its owner may add to it and goes on with it: out of the queue it is not freed */
    bool is_queued;   /* lent: it is in a queue */
    uint8_t head[10]; /* REF: the header, p and e point into it */
};
/* The rest is the caller's to set. */
static inline void zc_node_init (struct zc_node *n, enum zc_node_kind kind)
{
    n->kind = (uint8_t)kind;
    n->is_lent = n->is_queued = false;
}
struct zc_node_bytes
{
    struct zc_node n;
    uint8_t d[];
};
struct zc_node_slice
{
    struct zc_node n;
    struct zc_chunk *chunk;
};
struct zc_node_ref
{
    struct zc_node n;
    /* LENT: still the bytes of a caller, who waits; its body is the memory they will be copied to. */
    struct zc_msg msg;
};

struct zc_frames
{
    struct zc_node *head, *tail;
    /* How large the next own node is to be: grows as a burst does, and is small again after it. */
    uint32_t hint;
};

/* A frame at the head, lent until it is skipped. */
struct zc_view
{
    const uint8_t *data;
    size_t size;
    uint8_t flags; /* ZC_F_MORE, ZC_F_COMMAND */
};

static inline void zc_frames_init (struct zc_frames *q)
{
    q->head = q->tail = NULL;
    q->hint = 0;
}
static inline bool zc_frames_empty (const struct zc_frames *q)
{
    return !q->head;
}

/* What a frame of n bytes takes with its header. */
static inline size_t zc_frame_size (size_t n)
{
    return n + (n <= 255 ? 2 : 9);
}
/* Writes a frame's header at out; returns its length (2 or 9). */
static inline size_t zc_frame_head (uint8_t *out, uint8_t flags, size_t n)
{
    if (n <= 255) {
        out[0] = flags;
        out[1] = (uint8_t)n;
        return 2;
    }
    out[0] = flags | ZC_F_LONG;
    zc_put_u64 (out + 1, n);
    return 9;
}

/* A node whose frame is a message of n bytes held by reference; the message is the caller's to set. */
static inline void zc_node_ref_init (struct zc_node_ref *r, uint8_t flags, size_t n)
{
    zc_node_init (&r->n, ZC_NODE_REF);
    r->n.cap = 0;
    r->n.p = r->n.head;
    r->n.e = r->n.head + zc_frame_head (r->n.head, flags, n);
}

/* Room for need bytes at the tail of q: the place to write to, or NULL (no memory). Then zc_frames_grown. */
uint8_t *zc_frames_room (struct zc_frames *q, size_t need);
static inline uint8_t *zc_frames_room_fast (struct zc_frames *q, size_t need)
{
    struct zc_node *t = q->tail;
    if (t && t->kind == ZC_NODE_BYTES
        && need <= (size_t)(((struct zc_node_bytes *)(void *)t)->d + t->cap - t->e))
        return t->e;
    return zc_frames_room (q, need);
}
static inline void zc_frames_grown (struct zc_frames *q, size_t n)
{
    q->tail->e += n;
}
/* Copies a frame in. 0, -ENOMEM (nothing changed). */
static inline int zc_frames_put (struct zc_frames *q, uint8_t flags, const void *data, size_t n)
{
    uint8_t *at = zc_frames_room_fast (q, n + 9);
    if (!at)
        return -ENOMEM;
    size_t h = zc_frame_head (at, flags, n);
    zc_copy (at + h, data, n);
    q->tail->e += h + n;
    return 0;
}
/* Puts a message's bytes in: small or lent ones are copied, large counted ones and those with metadata (keep_meta) go by
 * reference. The message stays the caller's and is unchanged: a reference is counted. 0, -ENOMEM. */
int zc_frames_put_msg (struct zc_frames *q, struct zc_msg *m, uint8_t flags, bool keep_meta);
/* Appends n bytes of whole frames that lie in chunk c (a reference is counted). */
int zc_frames_put_slice (struct zc_frames *q, struct zc_chunk *c, const uint8_t *p, size_t n);
/* All of from behind all of to; from is empty afterwards. */
void zc_frames_join (struct zc_frames *to, struct zc_frames *from);
void zc_node_append (struct zc_frames *q, struct zc_node *n);
/* Frees a node. Bodies with a free function go to the thread's list (zc_msg_drop). */
void zc_node_free (struct zc_node *n);

/* The frame that starts at p in node n. */
static inline void zc_node_view (const struct zc_node *n, const uint8_t *p, struct zc_view *v)
{
    v->flags = p[0] & (ZC_F_MORE | ZC_F_COMMAND);
    if (n->kind == ZC_NODE_REF) {
        const struct zc_msg *m = &((const struct zc_node_ref *)(const void *)n)->msg;
        v->data = zc_msg_bytes (m);
        v->size = zc_msg_size (m);
    } else if (p[0] & ZC_F_LONG) {
        v->size = (size_t)zc_get_u64 (p + 1);
        v->data = p + 9;
    } else {
        v->size = p[1];
        v->data = p + 2;
    }
}
/* The frame at the head of a queue that is not empty. */
static inline void zc_frames_peek (const struct zc_frames *q, struct zc_view *v)
{
    zc_node_view (q->head, q->head->p, v);
}
/* Drops the frame at the head; v is its view. */
static inline void zc_frames_skip (struct zc_frames *q, const struct zc_view *v)
{
    struct zc_node *n = q->head;
    if (n->kind != ZC_NODE_REF) {
        n->p = (uint8_t *)(uintptr_t)v->data + v->size;
        if (n->p < n->e)
            return;
    }
    q->head = n->next;
    if (!q->head)
        q->tail = NULL;
    zc_node_free (n);
}
/* Looking ahead: the frames of a queue one after the other, nothing is taken out. The queue must not change meanwhile. */
struct zc_cursor
{
    const struct zc_node *node;
    const uint8_t *p;
};
static inline struct zc_cursor zc_frames_begin (const struct zc_frames *q)
{
    return (struct zc_cursor){q->head, q->head ? q->head->p : NULL};
}
/* The next frame into v; false at the end. */
static inline bool zc_frames_next (struct zc_cursor *c, struct zc_view *v)
{
    if (!c->node)
        return false;
    zc_node_view (c->node, c->p, v);
    c->p = v->data + v->size;
    if (c->node->kind == ZC_NODE_REF || c->p >= c->node->e) {
        c->node = c->node->next;
        c->p = c->node ? c->node->p : NULL;
    }
    return true;
}

/* The frame at the head becomes a message (small ones copied, large ones shared); it is taken out. Sets MORE in its flags. 0, or
 * -ENOMEM and nothing changed. m: closed or empty. */
int zc_frames_take (struct zc_frames *q, struct zc_msg *m);
/* The same into a live message, whose content is let go, and its memory used again if it fits; meta: where the frame came from, if it
 * does not say so itself, lent. */
int zc_frames_take_over (struct zc_frames *q, struct zc_msg *m, struct zc_meta *meta);
/* The rest of the message at the head (frames up to the first without MORE) goes behind `to`: small frames are copied, others change
 * hands. 0; -ENOMEM: what is left of it is still at the head of from. */
int zc_frames_move_message (struct zc_frames *from, struct zc_frames *to);
/* Drops the whole message at the head (frames up to the first without MORE). */
void zc_frames_drop_message (struct zc_frames *q);
void zc_frames_clear (struct zc_frames *q);

/* ---- a queue that is written out ---- */

struct iovec;

/* Frames on their way to a descriptor. Nodes stay until the message they belong to is wholly written, so that after a lost connection
 * sending starts again at the first message that was not. Messages are appended whole. */
struct zc_outq
{
    struct zc_frames q;
    struct zc_node *wnode; /* the next byte to write: node, and offset in it (REF: header, then body) */
    size_t woff;
    struct zc_node *snode; /* first message that is not wholly written */
    size_t soff;
    /* The first node whose bytes are still a caller's, in the message put last; NULL: none. */
    struct zc_node *lent;
    size_t lent_bytes; /* of it and those behind it */
    size_t bytes;      /* not yet written */
    uint32_t msgs;     /* messages not yet wholly written */
};

void zc_outq_init (struct zc_outq *);
/* Appends a whole message of count parts; nothing changes on -ENOMEM. The messages stay the caller's. keep_lent: parts that are LENT and
 * of ZC_LENT_FROM bytes or more are not copied yet. Before their owner has them back the message has to be wholly written, or all that
 * zc_outq_lent finds copied. */
int zc_outq_put (struct zc_outq *, struct zc_msg *parts, size_t count, bool keep_lent);
/* The first part whose bytes are still a caller's; NULL: there is none (any more). */
static inline struct zc_node_ref *zc_outq_lent (const struct zc_outq *o)
{
    return (struct zc_node_ref *)(void *)o->lent;
}
/* Copies them into the memory that was kept for them: needs no lock, as long as nobody else may write this queue out. */
void zc_node_copy_lent (struct zc_node_ref *);
/* The queue takes the copy of its first lent part (under the lock). */
void zc_outq_took_copy (struct zc_outq *);
/* A whole message of so many framed bytes was appended to o->q. */
static inline void zc_outq_grown (struct zc_outq *o, size_t bytes)
{
    if (!o->wnode) {
        o->wnode = o->snode = o->q.head;
        o->woff = o->soff = 0;
    }
    o->bytes += bytes;
    o->msgs++;
}
/* The hot case: one part, bytes copied. */
static inline int zc_outq_put_bytes (struct zc_outq *o, const void *data, size_t n)
{
    int rc = zc_frames_put (&o->q, 0, data, n);
    if (rc < 0)
        return rc;
    zc_outq_grown (o, zc_frame_size (n));
    return 0;
}
/* What to write next, without changing anything: at most max pieces; only_open: no further than the end of the message that is
 * partly written. Returns the number of pieces and their bytes in *total. */
int zc_outq_pieces (const struct zc_outq *, struct iovec *iov, int max, bool only_open, size_t *total);
/* Walks over the frames from the next byte to write on (which must start a frame). at: zeroed at first. False at the end; *size is
 * what the frame takes in the queue. */
struct zc_outq_at
{
    const struct zc_node *node;
    size_t off;
    bool started;
};
bool zc_outq_walk (const struct zc_outq *, struct zc_outq_at *at, struct zc_view *v, size_t *size);
/* n bytes went out. Returns how many messages are wholly written now that were not. */
uint32_t zc_outq_wrote (struct zc_outq *, size_t n);
/* True when the next byte to write starts a message. */
static inline bool zc_outq_at_start (const struct zc_outq *o)
{
    return o->wnode == o->snode && o->woff == o->soff;
}
/* Start again at the first message that was not wholly written (a new connection). */
void zc_outq_rewind (struct zc_outq *);
/* Drops everything; returns how many messages that were. Not while somebody writes. */
uint32_t zc_outq_clear (struct zc_outq *);

#endif
