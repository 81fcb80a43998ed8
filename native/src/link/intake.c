#include "link/intake.h"

#include <errno.h>
#include "os/net.h"
#include "zmq.h"

#define AHEAD_MIN 65536u /* a large body has room for so much that has not arrived, or for as much as has */
#define WORTH 64         /* a kept body is given to a huge frame of which one part in so many has arrived */
#define LATE 8           /* and no more than one in so many: that has to be copied */
#define AFTER_BIG 8192u  /* what is read behind a large frame to see what comes */
#define BIG_READS 8      /* so often one call reads on into a large body */

void zc_cutter_free (struct zc_cutter *c)
{
    zc_bytes_free (&c->rest);
    zc_frames_clear (&c->partial);
    zc_body_free (c->big);
    c->big = NULL;
}

int zc_cutter_feed (struct zc_cutter *c, const uint8_t *p, size_t n)
{
    c->fed = n > 0;
    return n ? zc_bytes_put (&c->rest, p, n) : 0;
}

static void fail (struct zc_intake *in, int error, uint32_t code, const char *why)
{
    in->error = error;
    in->code = code;
    in->why = why;
}

static void fail_memory (struct zc_intake *in)
{
    fail (in, -ENOMEM, 0, "no memory for a message of this peer");
}

/* ---- large frames ---- */

static bool is_huge (const struct zc_cutter *c)
{
    return c->big_size > ZC_PIECE_MAX;
}

/* A body of before that holds all of the frame, if there is one: at once for a large frame; for a huge one when part of it has come,
 * so that what nobody ever sends does not hold it. (Of a huge frame that comes whole the body will be kept, for the next.) */
static bool big_reuse (struct zc_cutter *c, struct zc_intake *in)
{
    bool huge = is_huge (c);

    if (huge ? c->big_have < c->big_size / WORTH || c->big_have > c->big_size / LATE : c->big != NULL)
        return false;
    if (huge && zc_pieces_open ())
        in->keeps_pieces = true;
    struct zc_body *b = zc_body_kept (c->big_size);
    if (!b)
        return false;
    if (c->big) {
        memcpy (b->d, c->big->d, c->big_have);
        zc_body_scrap (c->big);
    }
    c->big = b;
    c->big_cap = c->big_size;
    return true;
}

/* Room for what has arrived, here or in the kernel, and one step; for all of it where a body of before is at hand. */
static bool big_grow (struct zc_cutter *c, struct zc_intake *in)
{
    if (big_reuse (c, in))
        return true;
    size_t ahead = c->big_have < AHEAD_MIN ? AHEAD_MIN : c->big_have;
    if (c->big_size - c->big_have > ahead)
        ahead += zc_net_waiting (c->fd);
    size_t cap = c->big_size - c->big_have < ahead ? c->big_size : c->big_have + ahead;
    struct zc_body *b = zc_body_resize (c->big, cap);
    if (!b)
        return false;
    c->big = b;
    c->big_cap = cap;
    return true;
}

/* The body is whole: it becomes the next part. */
static bool big_finish (struct zc_cutter *c, struct zc_intake *in)
{
    struct zc_node_ref *r = zc_alloc (sizeof *r);
    if (!r) {
        fail_memory (in);
        return false;
    }
    struct zc_body *b = c->big;
    c->big = NULL;
    c->is_after_big = true;
    zc_msg_adopt (&r->msg, b, c->big_size);
    zc_node_ref_init (r, c->big_flags & ZC_F_MORE, c->big_size);
    zc_node_append (&c->partial, &r->n);
    return true;
}

static bool big_start (struct zc_cutter *c, const struct zc_frame *f, const uint8_t *body, size_t have,
                       struct zc_intake *in)
{
    if (f->size > SIZE_MAX / 2) {
        fail (in, -EMSGSIZE, 0, "a frame is larger than this machine's memory can be");
        return false;
    }
    c->big_size = (size_t)f->size;
    c->big_have = have;
    c->big_flags = f->flags;
    if (!big_grow (c, in)) {
        fail_memory (in);
        return false;
    }
    if (have)
        memcpy (c->big->d, body, have);
    return true;
}

/* ---- counting parts ---- */

/* One more part has come. True when its message is whole with it; who puts it into fresh counts it. */
static bool part_ends (struct zc_cutter *c, uint8_t flags, struct zc_intake *in)
{
    c->wire->in_message = flags & ZC_F_MORE;
    if (!(flags & ZC_F_MORE)) {
        c->parts = 0;
        return true;
    }
    if (++c->parts >= c->max_parts && c->max_parts)
        fail (in, -EMSGSIZE, 0, "a message has more parts than ZCFFI_MAX_PARTS allows");
    return false;
}

/* ---- commands ---- */

static void answer_ping (const struct zc_wire_event *e, struct zc_intake *in)
{
    uint8_t *at = zc_bytes_room (&in->answers, 32);
    if (at)
        in->answers.end += zc_wire_put_pong (e->data, e->size, at);
    else
        fail_memory (in);
}

static void take_command (struct zc_cutter *c, const uint8_t *body, size_t n, struct zc_intake *in)
{
    struct zc_wire_event e;

    if (zc_wire_command (c->wire, body, n, &e) < 0) {
        fail (in, c->wire->why.error, c->wire->why.code, c->wire->why.text);
        return;
    }
    switch (e.what) {
    case ZC_WIRE_SUBSCRIBE:
    case ZC_WIRE_CANCEL: {
        uint8_t *at = zc_frames_room_fast (&in->fresh, e.size + 10);
        if (!at) {
            fail_memory (in);
            return;
        }
        size_t h = zc_frame_head (at, ZC_F_COMMAND, e.size + 1);
        at[h] = e.what == ZC_WIRE_SUBSCRIBE;
        if (e.size)
            memcpy (at + h + 1, e.data, e.size);
        zc_frames_grown (&in->fresh, h + 1 + e.size);
        in->msgs++;
        break;
    }
    case ZC_WIRE_PING:
        in->has_ttl = true;
        in->ttl = e.ttl;
        answer_ping (&e, in);
        break;
    case ZC_WIRE_ERROR:
        fail (in, -EPROTO, 0, "the peer ended the connection with an ERROR command");
        break;
    default:
        break;
    }
}

/* ---- cutting ---- */

/* Whole frames of [from, to) go behind q: by slice, or copied when they are few in a chunk that others share. */
static bool put_run (struct zc_frames *q, struct zc_chunk *chunk, const uint8_t *from, const uint8_t *to,
                     bool copy, struct zc_intake *in)
{
    size_t n = (size_t)(to - from);
    if (!n)
        return true;
    if (!copy) {
        if (zc_frames_put_slice (q, chunk, from, n) == 0)
            return true;
    } else {
        uint8_t *at = zc_frames_room_fast (q, n);
        if (at) {
            memcpy (at, from, n);
            zc_frames_grown (q, n);
            return true;
        }
    }
    fail_memory (in);
    return false;
}

/* The message that began in partial has ended: it is one of those that arrived. */
static void partial_done (struct zc_cutter *c, struct zc_intake *in)
{
    zc_frames_join (&in->fresh, &c->partial);
    in->msgs++;
}

struct run
{
    const uint8_t *start; /* whole frames that are not put away yet */
    const uint8_t *whole; /* the end of the last whole message among them */
    uint32_t msgs;        /* the number of whole messages */
};

/* Puts away the frames of [run->start, at): whole messages to fresh, the others to partial. In fresh there are never parts of a
 * message without its end, also when there is no memory for it: its pipe may go on with another connection. */
static bool flush_run (struct zc_cutter *c, struct run *r, const uint8_t *at, struct zc_chunk *chunk,
                       bool copy, struct zc_intake *in)
{
    if (r->whole > r->start) {
        struct zc_frames *q = zc_frames_empty (&c->partial) ? &in->fresh : &c->partial;
        if (!put_run (q, chunk, r->start, r->whole, copy, in))
            return false;
        zc_frames_join (&in->fresh, &c->partial);
        in->msgs += r->msgs;
        r->msgs = 0;
        r->start = r->whole;
    }
    if (!put_run (&c->partial, chunk, r->start, at, true, in))
        return false;
    r->start = r->whole = at;
    return true;
}

/* A frame of ZMTP 1.0 is framed anew; its form on the wire is another. */
static bool put_v1 (struct zc_cutter *c, const struct zc_frame *f, const uint8_t *body, struct zc_intake *in)
{
    if (zc_frames_put (&c->partial, f->flags & ZC_F_MORE, body, (size_t)f->size) < 0) {
        fail_memory (in);
        return false;
    }
    if (part_ends (c, f->flags, in))
        partial_done (c, in);
    return true;
}

/* Cuts [p, e), which lies in chunk. Returns where the rest begins. */
static const uint8_t *cut (struct zc_cutter *c, const uint8_t *p, const uint8_t *e, struct zc_chunk *chunk,
                           bool copy, struct zc_intake *in)
{
    struct run r = {p, p, 0};
    bool is_v1 = c->wire->major == 1;

    while (!in->error) {
        struct zc_frame f;
        int got = zc_wire_frame (c->wire, p, (size_t)(e - p), &f);
        if (got < 0) {
            fail (in, c->wire->why.error, c->wire->why.code, c->wire->why.text);
            break;
        }
        if (got == ZC_FRAME_WHOLE && !(f.flags & ZC_F_COMMAND)) {
            const uint8_t *body = p + f.head;
            p = body + f.size;
            if (is_v1) {
                r.start = r.whole = p;
                if (!put_v1 (c, &f, body, in))
                    break;
            } else if (part_ends (c, f.flags, in)) {
                r.whole = p;
                r.msgs++;
            }
            continue;
        }
        if (got == ZC_FRAME_WHOLE) {
            if (!flush_run (c, &r, p, chunk, copy, in))
                break;
            take_command (c, p + f.head, (size_t)f.size, in);
            p += f.head + f.size;
            r.start = r.whole = p;
            continue;
        }
        if (got == ZC_FRAME_PART && f.size >= ZC_BIG_FRAME) {
            if (!flush_run (c, &r, p, chunk, copy, in))
                break;
            p += f.head;
            big_start (c, &f, p, (size_t)(e - p), in);
            p = r.start = r.whole = e;
        }
        break;
    }
    flush_run (c, &r, in->error ? r.whole : p, chunk, copy,
               in); /* what came whole before an error has arrived */
    return p;
}

/* ---- reading ---- */

static void note_end (int64_t n, struct zc_intake *in)
{
    if (n == 0)
        in->closed = true;
    else if (n != -EAGAIN)
        fail (in, (int)n, 0, NULL);
}

/* A place in the thread's chunk for want bytes; NULL: no memory. */
static uint8_t *place (struct zc_self *self, size_t want)
{
    /* Nobody else has a share any more: use it from the start again (acquire pairs with zc_chunk_unref). */
    if (self->chunk && atomic_load_explicit (&self->chunk->refs, memory_order_acquire) == 1)
        self->chunk_used = 0;
    if (self->chunk && self->chunk->cap - self->chunk_used >= want)
        return self->chunk->d + self->chunk_used;
    struct zc_chunk *fresh = zc_chunk_new (want < ZC_READ_CHUNK ? ZC_READ_CHUNK : (uint32_t)want);
    if (!fresh)
        return NULL;
    zc_chunk_unref (self->chunk);
    self->chunk = fresh;
    self->chunk_used = 0;
    return fresh->d;
}

/* Cuts what was read to [at, e) in the thread's chunk, whose first bytes may be c->rest of before. */
static void cut_read (struct zc_cutter *c, struct zc_self *self, const uint8_t *at, const uint8_t *e,
                      struct zc_intake *in)
{
    bool copy = self->is_io && e - at < ZC_READ_CHUNK / 8;
    const uint8_t *left = cut (c, at, e, self->chunk, copy, in);

    if (atomic_load_explicit (&self->chunk->refs, memory_order_relaxed) > 1)
        self->chunk_used = (uint32_t)((e - self->chunk->d + 15) & ~15);
    if (self->chunk_used > self->chunk->cap)
        self->chunk_used = self->chunk->cap;
    zc_bytes_free (&c->rest);
    if (left < e && !in->error && zc_bytes_put (&c->rest, left, (size_t)(e - left)) < 0)
        fail_memory (in);
}

/* Reads on into a large body, and with its end what follows: with a stream of them that is one read for each. */
static void read_big (struct zc_cutter *c, struct zc_self *self, int fd, struct zc_intake *in)
{
    if (c->big_have == c->big_cap && !big_grow (c, in)) {
        fail_memory (in);
        return;
    }
    size_t room = c->big_cap - c->big_have, behind = 0;
    uint8_t *at = c->big_cap >= c->big_size ? place (self, AFTER_BIG) : NULL;
    struct iovec iov[2] = {{c->big->d + c->big_have, room}, {at, AFTER_BIG}};
    int64_t n = zc_net_readv (fd, iov, at ? 2 : 1);
    if (n <= 0) {
        note_end (n, in);
        return;
    }
    in->heard = true;
    in->more = (size_t)n == room + (at ? AFTER_BIG : 0);
    if ((size_t)n > room)
        behind = (size_t)n - room;
    c->big_have += (size_t)n - behind;
    if (c->big_have < c->big_size)
        return;
    uint8_t flags = c->big_flags;
    if (flags & ZC_F_COMMAND) {
        take_command (c, c->big->d, c->big_size, in);
        zc_body_free (c->big);
        c->big = NULL;
    } else if (big_finish (c, in) && part_ends (c, flags, in))
        partial_done (c, in);
    if (behind && !in->error) {
        c->is_after_big = false;
        cut_read (c, self, at, at + behind, in);
    }
}

void zc_cutter_read (struct zc_cutter *c, int fd, bool hung_up, struct zc_intake *in)
{
    struct zc_self *self = zc_self ();

    c->fd = fd;
    if (c->big) {
        /* Not on into a huge one behind one that has come: who takes that may let go of the memory this one needs. */
        for (int k = 0;
             k == 0 || (k < BIG_READS && c->big && in->more && !in->error && !(in->msgs && is_huge (c))); k++)
            read_big (c, self, fd, in);
        in->more = in->more || hung_up;
        return;
    }
    size_t have = zc_bytes_left (&c->rest);
    uint8_t *at = place (self, have + ZC_BIG_FRAME);
    if (!at) {
        fail_memory (in);
        return;
    }
    size_t room = (size_t)(self->chunk->d + self->chunk->cap - at) - have;
    if (c->is_after_big && room > AFTER_BIG)
        room = AFTER_BIG;
    c->is_after_big = false;
    int64_t n = zc_net_read (fd, at + have, room);
    if (n <= 0) {
        if (!c->fed || !have) {
            note_end (n, in);
            return;
        }
        /* What came with the handshake is still to be cut, whatever the kernel says; it will say so again. */
        in->more = n != -EAGAIN;
        n = 0;
    }
    c->fed = false;
    if (have)
        memcpy (at, c->rest.p + c->rest.start, have);
    in->heard = true;
    in->more = in->more || (size_t)n == room || hung_up;

    cut_read (c, self, at, at + have + n, in);
    if (c->big)
        in->more = true;
}

void zc_raw_read (int fd, bool hung_up, struct zc_intake *in)
{
    struct zc_self *self = zc_self ();
    uint8_t *at = place (self, ZC_BIG_FRAME);
    if (!at) {
        fail_memory (in);
        return;
    }
    size_t room = (size_t)(self->chunk->d + self->chunk->cap - at);
    int64_t n = zc_net_read (fd, at, room);
    if (n <= 0) {
        note_end (n, in);
        return;
    }
    in->heard = true;
    in->more = (size_t)n == room || hung_up;
    if (zc_frames_put (&in->fresh, 0, at, (size_t)n) < 0)
        fail_memory (in);
    else
        in->msgs = 1;
}
