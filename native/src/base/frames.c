#include "base/frames.h"

#include <sys/uio.h>

static inline struct zc_node_slice *as_slice (struct zc_node *n)
{
    return (struct zc_node_slice *)(void *)n;
}
static inline struct zc_node_ref *as_ref (struct zc_node *n)
{
    return (struct zc_node_ref *)(void *)n;
}

void zc_node_append (struct zc_frames *q, struct zc_node *n)
{
    n->next = NULL;
    if (q->tail)
        q->tail->next = n;
    else
        q->head = n;
    q->tail = n;
}

void zc_node_free (struct zc_node *n)
{
    if (n->is_lent) {
        n->is_queued = false;
        return;
    }
    if (n->kind == ZC_NODE_SLICE)
        zc_chunk_unref (as_slice (n)->chunk);
    else if (n->kind == ZC_NODE_REF) {
        if (as_ref (n)->msg.kind == ZC_MSG_LENT)
            zc_body_free (as_ref (n)->msg.r.body);
        zc_msg_drop (&as_ref (n)->msg);
    } else if (n->kind == ZC_NODE_BYTES) {
        zc_piece_free (n, sizeof (struct zc_node_bytes) + n->cap);
        return;
    }
    zc_free (n);
}

uint8_t *zc_frames_room (struct zc_frames *q, size_t need)
{
    size_t cap = q->hint;

    if (q->tail && q->tail->kind == ZC_NODE_BYTES && cap < q->tail->cap * (size_t)4)
        cap = q->tail->cap * (size_t)4;
    if (cap > ZC_NODE_MAX)
        cap = ZC_NODE_MAX;
    if (cap < ZC_NODE_MIN)
        cap = ZC_NODE_MIN;
    if (cap < need)
        cap = need;
    if (cap > UINT32_MAX)
        return NULL; /* such bodies go by reference */
    size_t size;
    struct zc_node_bytes *b = zc_piece_alloc (sizeof *b + cap, &size);
    if (!b)
        return NULL;
    zc_node_init (&b->n, ZC_NODE_BYTES);
    b->n.cap = (uint32_t)(size - sizeof *b);
    b->n.p = b->n.e = b->d;
    zc_node_append (q, &b->n);
    return b->d;
}

int zc_frames_put_msg (struct zc_frames *q, struct zc_msg *m, uint8_t flags, bool keep_meta)
{
    size_t n = zc_msg_size (m);
    bool counted = m->kind == ZC_MSG_BODY || m->kind == ZC_MSG_CONST;

    if (!(keep_meta && m->meta) && !(counted && n >= ZC_REF_FROM) && n <= UINT32_MAX / 2)
        return zc_frames_put (q, flags, zc_msg_bytes (m), n);

    struct zc_node_ref *r = zc_alloc (sizeof *r);
    if (!r)
        return -ENOMEM;
    int rc = zc_msg_copy (&r->msg, m);
    if (rc < 0) {
        zc_free (r);
        return rc;
    }
    if (!keep_meta) {
        zc_meta_unref (r->msg.meta);
        r->msg.meta = NULL;
    }
    zc_node_ref_init (r, flags, n);
    zc_node_append (q, &r->n);
    return 0;
}

int zc_frames_put_slice (struct zc_frames *q, struct zc_chunk *c, const uint8_t *p, size_t n)
{
    if (!n)
        return 0; /* a node is never empty */
    struct zc_node_slice *s = zc_alloc (sizeof *s);
    if (!s)
        return -ENOMEM;
    zc_node_init (&s->n, ZC_NODE_SLICE);
    s->n.cap = 0;
    s->n.p = (uint8_t *)(uintptr_t)p;
    s->n.e = s->n.p + n;
    s->chunk = zc_chunk_ref (c);
    zc_node_append (q, &s->n);
    return 0;
}

void zc_frames_join (struct zc_frames *to, struct zc_frames *from)
{
    if (!from->head)
        return;
    if (to->tail)
        to->tail->next = from->head;
    else
        to->head = from->head;
    to->tail = from->tail;
    from->head = from->tail = NULL;
}

/* Such a body is not copied: it keeps its chunk. */
static bool is_shared (const struct zc_node *n, const struct zc_view *v)
{
    return n->kind == ZC_NODE_SLICE && v->size > ZC_MSG_INLINE_MAX
           && v->size >= ((const struct zc_node_slice *)(const void *)n)->chunk->cap / 2;
}

int zc_frames_take (struct zc_frames *q, struct zc_msg *m)
{
    struct zc_node *n = q->head;
    struct zc_view v;
    int rc;

    zc_frames_peek (q, &v);
    if (n->kind == ZC_NODE_REF) {
        *m = as_ref (n)->msg;
        zc_msg_init (&as_ref (n)->msg);
    } else {
        rc = is_shared (n, &v) ? zc_msg_init_chunk (m, as_slice (n)->chunk, v.data, v.size)
                               : zc_msg_init_copy (m, v.data, v.size);
        if (rc < 0)
            return rc;
    }
    m->flags = v.flags & ZC_F_MORE ? ZC_MSG_MORE : 0;
    zc_frames_skip (q, &v);
    return 0;
}

int zc_frames_take_over (struct zc_frames *q, struct zc_msg *m, struct zc_meta *meta)
{
    struct zc_node *n = q->head;
    struct zc_view v;
    int rc;

    zc_frames_peek (q, &v);
    if (n->kind == ZC_NODE_REF || is_shared (n, &v)) {
        struct zc_msg fresh;
        rc = zc_frames_take (q, &fresh);
        if (rc < 0)
            return rc;
        if (!fresh.meta)
            fresh.meta = zc_meta_ref (meta);
        zc_msg_drop (m);
        *m = fresh;
        return 0;
    }
    rc = zc_msg_renew (m, v.size);
    if (rc < 0)
        return rc;
    zc_copy (zc_msg_data (m), v.data, v.size);
    if (m->meta != meta) {
        zc_meta_unref (m->meta);
        m->meta = zc_meta_ref (meta);
    }
    m->flags = v.flags & ZC_F_MORE ? ZC_MSG_MORE : 0;
    zc_frames_skip (q, &v);
    return 0;
}

int zc_frames_move_message (struct zc_frames *from, struct zc_frames *to)
{
    struct zc_view v;

    do {
        struct zc_node *n = from->head;
        int rc = 0;
        zc_frames_peek (from, &v);
        if (n->kind == ZC_NODE_REF) {
            from->head = n->next;
            if (!from->head)
                from->tail = NULL;
            zc_node_append (to, n);
            continue;
        }
        if (n->kind == ZC_NODE_SLICE && v.size >= ZC_REF_FROM)
            rc = zc_frames_put_slice (to, as_slice (n)->chunk, n->p, (size_t)(v.data - n->p) + v.size);
        else
            rc = zc_frames_put (to, v.flags, v.data, v.size);
        if (rc < 0)
            return rc;
        zc_frames_skip (from, &v);
    } while (v.flags & ZC_F_MORE);
    return 0;
}

void zc_frames_drop_message (struct zc_frames *q)
{
    struct zc_view v;
    do {
        zc_frames_peek (q, &v);
        zc_frames_skip (q, &v);
    } while ((v.flags & ZC_F_MORE) && q->head);
}

void zc_frames_clear (struct zc_frames *q)
{
    while (q->head) {
        struct zc_node *n = q->head;
        q->head = n->next;
        zc_node_free (n);
    }
    q->tail = NULL;
}

/* ---- a queue that is written out ---- */

void zc_outq_init (struct zc_outq *o)
{
    memset (o, 0, sizeof *o);
}

static size_t node_size (const struct zc_node *n)
{
    size_t size = (size_t)(n->e - n->p);
    if (n->kind == ZC_NODE_REF)
        size += zc_msg_size (&((const struct zc_node_ref *)(const void *)n)->msg);
    return size;
}

/* Takes back the frames put behind (tail, end) since then. */
static void undo (struct zc_frames *q, struct zc_node *tail, uint8_t *end)
{
    struct zc_node *n = tail ? tail->next : q->head;
    while (n) {
        struct zc_node *next = n->next;
        zc_node_free (n);
        n = next;
    }
    q->tail = tail;
    if (tail) {
        tail->next = NULL;
        tail->e = end;
    } else
        q->head = NULL;
}

/* A part that stays its owner's; the memory to copy it to is kept at once, so that copying it later never fails. */
static int put_lent (struct zc_outq *o, const struct zc_msg *m, uint8_t flags)
{
    size_t n = m->r.size;
    struct zc_node_ref *r = zc_alloc (sizeof *r);
    struct zc_body *body = r ? zc_body_new (n) : NULL;

    if (!body) {
        zc_free (r);
        return -ENOMEM;
    }
    zc_msg_lend (&r->msg, m->r.data, n);
    r->msg.r.body = body;
    zc_node_ref_init (r, flags, n);
    zc_node_append (&o->q, &r->n);
    if (!o->lent) {
        o->lent = &r->n;
        o->lent_bytes = 0;
    }
    o->lent_bytes += n;
    return 0;
}

void zc_node_copy_lent (struct zc_node_ref *r)
{
    memcpy (r->msg.r.body->d, r->msg.r.data, r->msg.r.size);
}

void zc_outq_took_copy (struct zc_outq *o)
{
    struct zc_msg *m = &as_ref (o->lent)->msg;

    zc_msg_adopt (m, m->r.body, m->r.size);
    do
        o->lent = o->lent->next;
    while (o->lent && !(o->lent->kind == ZC_NODE_REF && as_ref (o->lent)->msg.kind == ZC_MSG_LENT));
}

int zc_outq_put (struct zc_outq *o, struct zc_msg *parts, size_t count, bool keep_lent)
{
    struct zc_node *tail = o->q.tail;
    uint8_t *end = tail ? tail->e : NULL;
    size_t bytes = 0;

    for (size_t i = 0; i < count; i++) {
        size_t n = zc_msg_size (&parts[i]);
        uint8_t flags = i + 1 < count ? ZC_F_MORE : 0;
        int rc = keep_lent && parts[i].kind == ZC_MSG_LENT && n >= ZC_LENT_FROM
                     ? put_lent (o, &parts[i], flags)
                     : zc_frames_put_msg (&o->q, &parts[i], flags, false);
        if (rc < 0) {
            undo (&o->q, tail, end);
            if (keep_lent)
                o->lent = NULL;
            return rc;
        }
        bytes += zc_frame_size (n);
    }
    zc_outq_grown (o, bytes);
    return 0;
}

/* Steps over the frame at (*n, *off); true when it has MORE. The place is normalised: off < size of the node, or n is NULL. */
static bool step (const struct zc_node **n, size_t *off)
{
    const uint8_t *p = (*n)->p + *off;
    bool more = (*n)->kind == ZC_NODE_REF ? ((*n)->p[0] & ZC_F_MORE) != 0 : (p[0] & ZC_F_MORE) != 0;

    if ((*n)->kind == ZC_NODE_REF)
        *off = node_size (*n);
    else
        *off += p[0] & ZC_F_LONG ? 9 + (size_t)zc_get_u64 (p + 1) : 2u + p[1];
    if (*off >= node_size (*n) && (*n)->next) {
        *n = (*n)->next;
        *off = 0;
    }
    return more;
}

static int piece (struct iovec *iov, int k, int max, const uint8_t *p, size_t n, size_t *total)
{
    if (!n || k == max)
        return k;
    iov[k].iov_base = (void *)(uintptr_t)p;
    iov[k].iov_len = n;
    *total += n;
    return k + 1;
}

int zc_outq_pieces (const struct zc_outq *o, struct iovec *iov, int max, bool only_open, size_t *total)
{
    const struct zc_node *n = o->wnode, *end = NULL;
    size_t off = o->woff, end_off = 0;
    int k = 0;

    *total = 0;
    if (only_open) {
        end = o->snode;
        end_off = o->soff;
        while (step (&end, &end_off)) {
        }
    }
    while (n && k < max) {
        size_t size = node_size (n), upto = n == end ? end_off : size, head = (size_t)(n->e - n->p);
        if (off < upto) {
            if (n->kind != ZC_NODE_REF)
                k = piece (iov, k, max, n->p + off, upto - off, total);
            else {
                if (off < head)
                    k = piece (iov, k, max, n->p + off, head - off, total);
                size_t in = off > head ? off - head : 0;
                const struct zc_msg *m = &((const struct zc_node_ref *)(const void *)n)->msg;
                k = piece (iov, k, max, zc_msg_bytes (m) + in, zc_msg_size (m) - in, total);
            }
        }
        if (n == end)
            break;
        n = n->next;
        off = 0;
    }
    return k;
}

bool zc_outq_walk (const struct zc_outq *o, struct zc_outq_at *at, struct zc_view *v, size_t *size)
{
    if (!at->started)
        *at = (struct zc_outq_at){o->wnode, o->woff, true};
    while (at->node && at->off >= node_size (at->node)) {
        at->node = at->node->next;
        at->off = 0;
    }
    if (!at->node)
        return false;
    const uint8_t *p = at->node->p + at->off;
    v->flags = p[0] & (ZC_F_MORE | ZC_F_COMMAND);
    size_t head = p[0] & ZC_F_LONG ? 9 : 2;
    v->size = p[0] & ZC_F_LONG ? (size_t)zc_get_u64 (p + 1) : p[1];
    v->data = at->node->kind == ZC_NODE_REF
                  ? zc_msg_bytes (&((const struct zc_node_ref *)(const void *)at->node)->msg)
                  : p + head;
    *size = head + v->size;
    at->off += *size;
    return true;
}

/* True when the place (a, aoff) lies at or before the next byte to write; a is reached from snode on. */
static bool is_written (const struct zc_outq *o, const struct zc_node *from, const struct zc_node *a,
                        size_t aoff)
{
    const struct zc_node *n = from;
    while (n != a) {
        if (n == o->wnode)
            return aoff == 0 && n->next == a && o->woff >= node_size (n);
        n = n->next;
    }
    return a == o->wnode ? aoff <= o->woff : true;
}

uint32_t zc_outq_wrote (struct zc_outq *o, size_t n)
{
    o->bytes -= n;
    if (!o->bytes) {
        size_t used = 0;
        for (const struct zc_node *t = o->q.head; t; t = t->next)
            used += t->kind == ZC_NODE_BYTES ? (size_t)(t->e - t->p) : 0;
        uint32_t all = zc_outq_clear (o);
        o->q.hint = used > ZC_NODE_MAX ? ZC_NODE_MAX : (uint32_t)used;
        return all;
    }
    while (n) {
        size_t left = node_size (o->wnode) - o->woff;
        if (n < left || !o->wnode->next) {
            o->woff += n;
            break;
        }
        n -= left;
        o->wnode = o->wnode->next;
        o->woff = 0;
    }
    if (o->woff >= node_size (o->wnode) && o->wnode->next) {
        o->wnode = o->wnode->next;
        o->woff = 0;
    }

    /* Credit message by message: the frames themselves tell where each ends. */
    uint32_t done = 0;
    while (o->msgs) {
        const struct zc_node *at = o->snode;
        size_t off = o->soff;
        while (step (&at, &off)) {
        }
        if (!is_written (o, o->snode, at, off))
            break;
        o->snode = (struct zc_node *)(uintptr_t)at;
        o->soff = off;
        o->msgs--;
        done++;
    }
    while (o->q.head != o->snode) {
        struct zc_node *h = o->q.head;
        o->q.head = h->next;
        if (o->lent == h)
            o->lent = NULL; /* written with its whole message */
        zc_node_free (h);
    }
    return done;
}

void zc_outq_rewind (struct zc_outq *o)
{
    o->wnode = o->snode;
    o->woff = o->soff;
    o->bytes = 0;
    for (const struct zc_node *n = o->wnode; n; n = n->next)
        o->bytes += node_size (n) - (n == o->wnode ? o->woff : 0);
}

uint32_t zc_outq_clear (struct zc_outq *o)
{
    uint32_t lost = o->msgs;
    zc_frames_clear (&o->q);
    o->wnode = o->snode = o->lent = NULL;
    o->woff = o->soff = o->bytes = 0;
    o->msgs = 0;
    return lost;
}
