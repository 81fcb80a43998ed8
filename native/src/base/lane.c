#include "base/lane.h"
#include "base/cpu.h"

#define NODE_MIN 960u    /* bytes of a lane's first node, */
#define NODE_MAX 32768u  /* and of its largest: both sides' caches hold it */
#define NODE_MSGS 4      /* or those of so many messages like the one it begins with */
#define FRAME_MAX 65535u /* what is copied into a node; larger parts go by reference, */
#define LENT_MAX 24576u  /* as do a caller's own bytes of this size or more */
#define AHEAD 256u       /* bytes between what is written and what is fetched to be written, */
#define AHEAD_MAX 4096u  /* by a message of this size or less */
#define LINE 64u         /* of a cache */

/* ---- nodes ---- */

static void node_init (struct zc_lane_node *n, uint32_t cap)
{
    n->n = (struct zc_node){.kind = ZC_NODE_LANE, .p = n->d, .e = n->d, .is_lent = true};
    n->seen = 0;
    atomic_init (&n->published, 0);
    atomic_init (&n->next, NULL);
    n->fill = n->msgs = 0;
    n->cap = cap;
    n->is_box = false;
    zc_frames_init (&n->box);
}

/* One with room for cap bytes or more. */
static struct zc_lane_node *node_new (size_t cap)
{
    size_t size;
    struct zc_lane_node *n = zc_piece_alloc (sizeof *n + cap, &size);
    if (n)
        node_init (n, (uint32_t)(size - sizeof *n));
    return n;
}

static void node_free (struct zc_lane_node *n)
{
    if (!n)
        return;
    zc_frames_clear (&n->box);
    zc_piece_free (n, sizeof *n + n->cap);
}

/* ---- the writer ---- */

/* The next node to write to is n. */
static void link_node (struct zc_lane *l, struct zc_lane_node *n)
{
    struct zc_lane_node *tail = l->tail;

    l->tail = n;
    /* Pairs with the loads of the reader: the node is whole when it can be found. In the order of all that publishes: who says that it
     * waits and then looks must not miss it (zc_lane_has). */
    if (tail)
        atomic_store_explicit (&tail->next, n, memory_order_seq_cst);
    else
        atomic_store_explicit (&l->first, n, memory_order_seq_cst);
}

static struct zc_lane_node *fresh_node (struct zc_lane *l, size_t need)
{
    /* Acquire pairs with the release of the reader's exchange in leave. */
    struct zc_lane_node *n = atomic_exchange_explicit (&l->spare, NULL, memory_order_acquire);
    size_t want = l->tail && l->tail->fill ? l->hint * 2 : NODE_MIN;

    want = want > NODE_MAX ? NODE_MAX : want;
    if (want == NODE_MAX && need <= FRAME_MAX && want < NODE_MSGS * need)
        want = NODE_MSGS * need;
    want = want < need ? need : want;
    if (n && n->cap >= want) {
        node_init (n, n->cap);
        return n;
    }
    node_free (n);
    return node_new (want);
}

/* A place for need bytes in the tail, NULL: no memory. */
static uint8_t *room (struct zc_lane *l, size_t need)
{
    struct zc_lane_node *n = l->tail;

    if (n && !n->is_box && n->cap - n->fill >= need)
        return n->d + n->fill;
    n = fresh_node (l, need);
    if (!n)
        return NULL;
    l->hint = n->cap > NODE_MAX ? NODE_MAX : n->cap;
    link_node (l, n);
    return n->d;
}

/* A node that comes back from the reader lies in the cache of the reader's CPU. Publishing waits for all that was written before, and so
 * would wait for each line on its way: a stream is two to four times as fast when the lines of the messages to come are under way by
 * then. (Their reader must not do the like: it would take lines back that are still to be written.) */
static void fetch_ahead (const struct zc_lane_node *n, size_t bytes)
{
    const uint8_t *from = n->d + n->fill + AHEAD;

    if (bytes > AHEAD_MAX || n->fill + AHEAD + bytes > n->cap)
        return;
    for (size_t i = 0; i < bytes; i += LINE)
        zc_cpu_will_write (from + i);
}

static void publish (struct zc_lane_node *n, size_t bytes)
{
    n->fill += (uint32_t)bytes;
    n->msgs++;
    fetch_ahead (n, bytes);
    atomic_store_explicit (&n->published, (uint64_t)n->msgs << 32 | n->fill, memory_order_seq_cst);
}

static bool goes_by_reference (const struct zc_msg *m)
{
    size_t n = zc_msg_size (m);
    if (m->meta || n > FRAME_MAX)
        return true;
    /* A caller's bytes would need memory that one thread takes and the other gives back, for which they would get in each other's way. */
    return n >= (m->kind == ZC_MSG_LENT ? LENT_MAX : ZC_REF_FROM) && m->kind != ZC_MSG_INLINE;
}

/* A part into a box. Lent bytes that are many become a body of their own, so that the reader need not copy them again. */
static int box_part (struct zc_frames *box, struct zc_msg *m, uint8_t flags)
{
    if (m->kind != ZC_MSG_LENT || zc_msg_size (m) < ZC_REF_FROM)
        return zc_frames_put_msg (box, m, flags, true);
    struct zc_msg own;
    int rc = zc_msg_init_copy (&own, m->r.data, m->r.size);
    if (rc < 0)
        return rc;
    own.meta = zc_meta_ref (m->meta);
    rc = zc_frames_put_msg (box, &own, flags, true);
    zc_msg_drop (&own);
    return rc;
}

static int put_box (struct zc_lane *l, struct zc_msg *parts, size_t count)
{
    struct zc_lane_node *n = node_new (0);
    int rc = n ? 0 : -ENOMEM;

    for (size_t i = 0; i < count && rc == 0; i++)
        rc = box_part (&n->box, &parts[i], i + 1 < count ? ZC_F_MORE : 0);
    if (rc < 0) {
        node_free (n);
        return rc;
    }
    n->is_box = true;
    link_node (l, n);
    publish (n, 1);
    return 0;
}

int zc_lane_put (struct zc_lane *l, struct zc_msg *parts, size_t count)
{
    size_t need = 0;

    for (size_t i = 0; i < count; i++) {
        if (goes_by_reference (&parts[i]))
            return put_box (l, parts, count);
        need += zc_msg_size (&parts[i]) + 9;
    }
    if (need > 16 * (size_t)FRAME_MAX)
        return put_box (l, parts, count);
    uint8_t *start = room (l, need), *at = start;
    if (!at)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        size_t n = zc_msg_size (&parts[i]);
        at += zc_frame_head (at, i + 1 < count ? ZC_F_MORE : 0, n);
        zc_copy (at, zc_msg_bytes (&parts[i]), n);
        at += n;
    }
    publish (l->tail, (size_t)(at - start));
    return 0;
}

int zc_lane_put_frame (struct zc_lane *l, uint8_t flags, const void *head, size_t head_size, const void *data,
                       size_t n)
{
    if (head_size > 255 || n > UINT32_MAX / 2)
        return -EINVAL;
    uint8_t *start = room (l, head_size + n + 9), *at = start;
    if (!at)
        return -ENOMEM;
    at += zc_frame_head (at, flags, head_size + n);
    zc_copy (at, head, head_size);
    zc_copy (at + head_size, data, n);
    publish (l->tail, (size_t)(at - start) + head_size + n);
    return 0;
}

/* ---- the reader ---- */

/* The writer is in a later node, and all of n was taken. */
static void leave (struct zc_lane *l, struct zc_lane_node *n)
{
    if (n->n.is_queued) {
        n->n.is_lent = false; /* a box is never queued itself: all of the node is bytes */
        return;
    }
    if (n->is_box) {
        node_free (n);
        return;
    }
    /* Release pairs with the acquire in fresh_node. */
    node_free (atomic_exchange_explicit (&l->spare, n, memory_order_acq_rel));
}

static uint32_t take_from (struct zc_lane_node *n, uint64_t published, struct zc_frames *to)
{
    uint32_t msgs = (uint32_t)(published >> 32) - (uint32_t)(n->seen >> 32);

    if (n->is_box)
        zc_frames_join (to, &n->box);
    else {
        if (!n->n.is_queued) {
            n->n.p = n->d + (uint32_t)n->seen;
            n->n.is_queued = true;
            zc_node_append (to, &n->n);
        }
        n->n.e = n->d + (uint32_t)published;
    }
    n->seen = published;
    return msgs;
}

uint32_t zc_lane_take (struct zc_lane *l, struct zc_frames *to)
{
    if (!l->head)
        l->head = atomic_load_explicit (&l->first, memory_order_acquire); /* pairs with link_node */
    for (struct zc_lane_node *n = l->head; n;) {
        uint64_t published = atomic_load_explicit (&n->published, memory_order_seq_cst);
        if (published != n->seen)
            return take_from (n, published, to);
        struct zc_lane_node *next = atomic_load_explicit (&n->next, memory_order_acquire);
        if (!next)
            return 0;
        if (atomic_load_explicit (&n->published, memory_order_relaxed) != n->seen)
            continue; /* published between the two loads; next came after it */
        l->head = next;
        leave (l, n);
        n = next;
    }
    return 0;
}

bool zc_lane_has (const struct zc_lane *l)
{
    const struct zc_lane_node *n = l->head ? l->head : atomic_load_explicit (&l->first, memory_order_seq_cst);

    while (n) {
        if (atomic_load_explicit (&n->published, memory_order_seq_cst) != n->seen)
            return true;
        n = atomic_load_explicit (&n->next, memory_order_seq_cst);
    }
    return false;
}

void zc_lane_close (struct zc_lane *l)
{
    struct zc_lane_node *n = l->head ? l->head : atomic_load_explicit (&l->first, memory_order_acquire);

    while (n) {
        struct zc_lane_node *next = atomic_load_explicit (&n->next, memory_order_acquire);
        node_free (n);
        n = next;
    }
    node_free (atomic_exchange_explicit (&l->spare, NULL, memory_order_acquire));
    *l = (struct zc_lane){0};
}
