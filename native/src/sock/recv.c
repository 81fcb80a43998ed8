#include "sock/transfer.h"

#include <errno.h>
#include "core/driver.h"
#include "os/clock.h"
#include "sock/sleep.h"
#include "zmq.h"

#define LOOK_EVERY (100 * ZC_US) /* who pops a backlog still looks so often */
#define POPS_MASK 63u            /* and asks the clock so seldom */
#define LONG_LOOK                                                                                            \
    10 /* windows of looking again: longer than a peer in an event loop takes to wake and answer */

/* A call begins to wait, as its flags and the socket's timeout say. */
static void begin_wait (struct zc_wait *w, const struct zc_sock *s, int flags)
{
    zc_wait_init (w, s->hub);
    if ((flags & ZMQ_DONTWAIT) && (flags & (ZCFFI_LOOK | ZCFFI_LOOK_LONG))) {
        w->looks_only = true;
        w->deadline = zc_now () + (flags & ZCFFI_LOOK_LONG ? LONG_LOOK : 1) * s->hub->look_again;
    } else if (!(flags & ZMQ_DONTWAIT) && s->opt.rcvtimeo != 0)
        w->deadline = zc_deadline (s->opt.rcvtimeo);
}

/* ---- where a message is: in a pipe, in a pattern's queue, or stashed ---- */

struct found
{
    struct zc_incoming in;
    struct zc_meta *meta; /* lent */
};

/* A thread that has begun to take a message part by part gets the rest of it; others' whole messages pass beside it. */
static bool has_rest (const struct zc_sock *s)
{
    return s->half_in.head && s->half_in_by == zc_self ();
}

static int find (struct zc_sock *s, struct found *f)
{
    if (has_rest (s)) {
        f->in = (struct zc_incoming){.frames = &s->half_in};
        f->meta = s->half_in_meta;
        return 0;
    }
    if (s->stash.head) {
        f->in = (struct zc_incoming){.frames = &s->stash};
        f->meta = s->stash_meta;
        return 0;
    }
    f->in.has_prefix = false;
    int rc = s->pattern->recv (s, &f->in);
    if (rc == 0)
        f->meta = f->in.pipe ? f->in.pipe->meta : NULL;
    return rc;
}

/* All parts of it were taken. */
static void found_done (struct zc_sock *s, struct found *f)
{
    if (f->in.frames == &s->half_in) {
        zc_meta_unref (s->half_in_meta);
        s->half_in_meta = NULL;
        s->rcvmore = false;
    } else if (f->in.frames == &s->stash) {
        zc_meta_unref (s->stash_meta);
        s->stash_meta = NULL;
    } else if (f->in.pipe)
        zc_hub_message_done (s->hub, f->in.pipe);
}

static void found_lost (struct zc_sock *s, const struct found *f)
{
    bool is_fresh = f->in.frames != &s->half_in && f->in.frames != &s->stash;
    if (is_fresh && s->pattern->lost)
        s->pattern->lost (s);
}

/* A popper of a backlog still looks now and then. */
static void look_sometimes (struct zc_sock *s, struct zc_wait *w)
{
    struct zc_hub *h = s->hub;
    if ((++h->pops & POPS_MASK) || zc_now () - h->looked_at < LOOK_EVERY)
        return;
    w->has_role = zc_driver_take (h);
    if (w->has_role) {
        w->has_looked = true;
        zc_driver_look (h, 0);
    }
}

/* Waits until there is a message. The caller ends w. */
static int await (struct zc_sock *s, struct found *f, struct zc_wait *w)
{
    struct zc_hub *h = s->hub;
    int rc;

    look_sometimes (s, w);
    while ((rc = find (s, f)) == -EAGAIN) {
        rc = zc_wait_in (w);
        if (h->state != ZC_HUB_OPEN)
            return h->state == ZC_HUB_STOPPED ? -ETERM : -ENOTSOCK;
        if (rc < 0) { /* one last look: what woke us may have left a message */
            int late = find (s, f);
            return late == -EAGAIN ? rc : late;
        }
    }
    return rc;
}

/* ---- parts out ---- */

/* The frame at the head of q becomes the message *m (closed or empty before). */
static int take_msg (struct zc_frames *q, struct zc_meta *meta, struct zc_msg *m)
{
    int rc = zc_frames_take (q, m);
    if (rc == 0 && !m->meta)
        m->meta = zc_meta_ref (meta);
    return rc;
}

/* The rest of the message goes aside, into a queue that is empty, for the calls that come: whole or not at all. */
static int put_aside (struct zc_frames *from, struct zc_frames *to)
{
    int rc = zc_frames_move_message (from, to);
    if (rc < 0) {
        zc_frames_drop_message (from);
        zc_frames_clear (to);
    }
    return rc;
}

static int64_t give (struct zc_sock *s, struct zc_frames *q, struct zc_meta *meta, struct zc_msg *msg,
                     void *buffer, size_t room)
{
    struct zc_view v;

    zc_frames_peek (q, &v);
    s->rcvmore = v.flags & ZC_F_MORE;
    if (msg) {
        int rc = zc_frames_take_over (q, msg, meta);
        return rc < 0 ? rc : (int64_t)zc_msg_size (msg);
    }
    size_t n = v.size < room ? v.size : room, size = v.size;
    zc_copy (buffer, v.data, n);
    zc_frames_skip (q, &v);
    return (int64_t)size;
}

static int64_t give_prefix (struct zc_sock *s, struct zc_msg *prefix, struct zc_meta *meta,
                            struct zc_msg *msg, void *buffer, size_t room)
{
    int64_t size = (int64_t)zc_msg_size (prefix);

    s->rcvmore = true;
    prefix->flags |= ZC_MSG_MORE;
    if (msg) {
        zc_msg_drop (msg);
        *msg = *prefix;
        msg->meta = zc_meta_ref (meta);
        return size;
    }
    if (size && room)
        memcpy (buffer, zc_msg_bytes (prefix), (size_t)size < room ? (size_t)size : room);
    zc_msg_drop (prefix);
    return size;
}

/* The first part of a message that was found; the others go aside. */
static int64_t give_first (struct zc_sock *s, struct found *f, struct zc_msg *msg, void *buffer, size_t room)
{
    struct zc_frames *q = f->in.frames;
    struct zc_meta *meta = zc_meta_ref (f->meta);
    int64_t rc = f->in.has_prefix ? give_prefix (s, &f->in.prefix, meta, msg, buffer, room)
                                  : give (s, q, meta, msg, buffer, room);

    if (rc < 0 && (s->pattern->recv_only_finds || q == &s->stash)) { /* it stays where it is */
        zc_meta_unref (meta);
        return rc;
    }
    if (rc < 0)
        zc_frames_drop_message (q);
    else if (s->rcvmore) {
        int aside = put_aside (q, &s->half_in);
        if (aside == 0) {
            s->half_in_meta = zc_meta_ref (meta);
            s->half_in_by = zc_self ();
        } else {
            s->rcvmore = false;
            if (msg) {
                zc_msg_drop (msg);
                zc_msg_init (msg);
            }
            rc = aside;
        }
    }
    zc_meta_unref (meta);
    if (rc < 0)
        found_lost (s, f);
    found_done (s, f);
    return rc;
}

/* The way of nearly every message: a type that receives in turn and without ceremony, a message of one part, at hand, nothing half
 * received. What await, give_first and found_done do for all cases comes down to this for it, without waiting, without a
 * record of what was found, without counting references that are not kept. False: not such a case, nothing has changed. */
static inline bool take_at_once (struct zc_sock *s, struct zc_msg *msg, void *buffer, size_t room,
                                 int64_t *rc)
{
    struct zc_hub *h = s->hub;
    struct zc_incoming in;
    struct zc_view v;

    if (!s->pattern->recv_only_finds || s->half_in.head || s->stash.head
        || (h->pops & POPS_MASK) == POPS_MASK)
        return false;
    if (s->pattern->recv (s, &in) < 0)
        return false;
    struct zc_pipe *p = in.pipe;
    zc_frames_peek (&p->in, &v);
    if (v.flags & ZC_F_MORE)
        return false;
    if (msg) {
        if (zc_frames_take_over (&p->in, msg, p->meta) < 0)
            return false;
    } else {
        zc_copy (buffer, v.data, v.size < room ? v.size : room);
        zc_frames_skip (&p->in, &v);
    }
    *rc = (int64_t)v.size;
    h->pops++;
    s->rcvmore = false;
    zc_hub_message_done (h, p);
    return true;
}

static int64_t recv_part (struct zc_sock *s, struct zc_msg *msg, void *buffer, size_t room, int flags)
{
    struct zc_wait w;
    struct found f;
    int64_t rc;

    if (!s->pattern->receives)
        return -ENOTSUP;
    if (s->half_in.head) {
        rc = give (s, &s->half_in, s->half_in_meta, msg, buffer, room);
        s->half_in_by = zc_self ();
        if (!s->half_in.head) {
            zc_meta_unref (s->half_in_meta);
            s->half_in_meta = NULL;
        }
        return rc;
    }
    begin_wait (&w, s, flags);
    rc = await (s, &f, &w);
    if (rc == 0)
        rc = give_first (s, &f, msg, buffer, room);
    zc_wait_end (&w);
    return rc;
}

int64_t zc_recv_part (void *handle, struct zc_msg *msg, void *buffer, size_t room, int flags)
{
    struct zc_sock *s;
    int64_t rc = zc_sock_enter (handle, &s);
    if (rc < 0)
        return rc;
    if (!take_at_once (s, msg, buffer, room, &rc))
        rc = recv_part (s, msg, buffer, room, flags);
    else if (s->hub->resume)
        zc_wait_nothing (s->hub);
    zc_sock_exit (s);
    return rc;
}

/* ---- whole messages ---- */

/* Parts and bytes of a message that was found. */
static void measure (const struct found *f, size_t *parts, size_t *bytes)
{
    struct zc_cursor at = zc_frames_begin (f->in.frames);
    struct zc_view v;

    *parts = f->in.has_prefix;
    *bytes = f->in.has_prefix ? zc_msg_size (&f->in.prefix) : 0;
    while (zc_frames_next (&at, &v)) {
        ++*parts;
        *bytes += v.size;
        if (!(v.flags & ZC_F_MORE))
            break;
    }
}

/* It does not fit now: it is kept whole, before all others. */
static int stash (struct zc_sock *s, struct found *f)
{
    if (f->in.frames == &s->stash || f->in.frames == &s->half_in)
        return 0;
    s->stash_meta = zc_meta_ref (f->meta);
    int rc = 0;
    if (f->in.has_prefix) {
        rc = zc_frames_put_msg (&s->stash, &f->in.prefix, ZC_F_MORE, true);
        zc_msg_drop (&f->in.prefix);
    }
    if (rc == 0)
        rc = put_aside (f->in.frames, &s->stash);
    else
        zc_frames_drop_message (f->in.frames);
    if (rc < 0) {
        zc_meta_unref (s->stash_meta);
        s->stash_meta = NULL;
        found_lost (s, f);
    }
    found_done (s, f);
    return rc;
}

/* Where parts go: into messages, or packed into a buffer. */
struct sink
{
    struct zc_msg *parts;
    uint8_t *buffer;
    uint64_t *sizes;
    size_t capacity, room;
    size_t count; /* parts given */
};

static bool fits (const struct sink *k, size_t parts, size_t bytes)
{
    return parts <= k->capacity - k->count && (k->parts || bytes <= k->room);
}

static void pack (struct sink *k, const uint8_t *data, size_t n, bool more)
{
    zc_copy (k->buffer, data, n);
    k->buffer += n;
    k->room -= n;
    k->sizes[k->count++] = (uint64_t)n << 1 | more;
}

static int pour (struct zc_sock *s, struct found *f, struct sink *k)
{
    struct zc_frames *q = f->in.frames;
    bool more = true;
    int rc = 0;

    if (f->in.has_prefix) {
        if (k->parts) {
            struct zc_msg *m = &k->parts[k->count++];
            *m = f->in.prefix;
            m->flags |= ZC_MSG_MORE;
            m->meta = zc_meta_ref (f->meta);
        } else {
            pack (k, zc_msg_bytes (&f->in.prefix), zc_msg_size (&f->in.prefix), true);
            zc_msg_drop (&f->in.prefix);
        }
    }
    while (more && rc == 0) {
        struct zc_view v;
        zc_frames_peek (q, &v);
        more = v.flags & ZC_F_MORE;
        if (k->parts) {
            rc = take_msg (q, f->meta, &k->parts[k->count]);
            k->count += rc == 0;
        } else {
            pack (k, v.data, v.size, more);
            zc_frames_skip (q, &v);
        }
    }
    if (rc < 0) {
        zc_frames_drop_message (q);
        found_lost (s, f);
    }
    found_done (s, f);
    return rc;
}

/* Gives back what a failure left half poured. */
static int64_t unpour (struct sink *k, size_t from, int64_t rc)
{
    while (k->parts && k->count > from)
        zc_msg_drop (&k->parts[--k->count]);
    return from ? (int64_t)from : rc;
}

static int64_t too_large (struct sink *k, size_t parts, size_t bytes)
{
    if (k->count)
        return (int64_t)k->count;
    if (k->sizes && k->capacity > 0)
        k->sizes[0] = bytes;
    if (k->sizes && k->capacity > 1)
        k->sizes[1] = parts;
    return -EMSGSIZE;
}

static int64_t recv_into (void *handle, struct sink *k, size_t messages, int flags)
{
    struct zc_sock *s;
    int64_t rc = zc_sock_enter (handle, &s);
    if (rc < 0)
        return rc;
    struct zc_wait w;
    struct found f;
    begin_wait (&w, s, flags);
    rc = s->pattern->receives ? await (s, &f, &w) : -ENOTSUP;
    for (size_t n = 0; rc == 0; n++) {
        size_t parts, bytes, before = k->count;
        measure (&f, &parts, &bytes);
        if (!fits (k, parts, bytes)) {
            rc = stash (s, &f);
            rc = rc < 0 ? unpour (k, before, rc) : too_large (k, parts, bytes);
            break;
        }
        rc = pour (s, &f, k);
        if (rc < 0) {
            rc = unpour (k, before, rc);
            break;
        }
        if (n + 1 >= messages || find (s, &f) != 0) {
            rc = (int64_t)k->count;
            break;
        }
    }
    zc_wait_end (&w);
    zc_sock_exit (s);
    return rc;
}

int64_t zc_recv_parts (void *handle, struct zc_msg *parts, size_t capacity, size_t messages, int flags)
{
    if (!messages)
        return 0;
    struct sink k = {.parts = parts, .capacity = capacity};
    return recv_into (handle, &k, messages, flags);
}

int64_t zc_recv_packed (void *handle, void *buffer, size_t room, uint64_t *sizes, size_t capacity,
                        size_t messages, int flags)
{
    if (!messages)
        return 0;
    struct sink k = {.buffer = buffer, .sizes = sizes, .capacity = capacity, .room = room};
    return recv_into (handle, &k, messages, flags);
}
