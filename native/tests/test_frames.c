/* Queues of frames against a naive model: lists of messages, lists of parts. */
#include "check.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/uio.h>
#include "base/alloc.h"
#include "base/frames.h"

static uint64_t seed = 88172645463325252u;

static unsigned dice (unsigned n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)((seed >> 20) % n);
}

/* Sizes about which something changes, and any. */
static size_t any_size (void)
{
    static const size_t sizes[] = {0,   1,   2,   47,  48,   49,   254,  255, 256,
                                   257, 502, 503, 512, 2047, 2048, 2049, 9000};
    return dice (3) ? sizes[dice (sizeof sizes / sizeof *sizes)] : dice (300);
}

/* ---- the model: bytes as on the wire, where frames and messages end ---- */

struct model
{
    uint8_t *bytes;
    size_t start, end, cap;
};

static void model_put (struct model *m, uint8_t flags, const uint8_t *data, size_t n)
{
    if (m->end + n + 9 > m->cap) {
        m->cap = (m->end + n + 9) * 2;
        m->bytes = realloc (m->bytes, m->cap);
        if (!m->bytes)
            abort ();
    }
    uint8_t *at = m->bytes + m->end;
    if (n < 256) {
        *at++ = flags;
        *at++ = (uint8_t)n;
    } else {
        *at++ = flags | 2;
        for (int i = 7; i >= 0; i--)
            *at++ = (uint8_t)((uint64_t)n >> 8 * i);
    }
    if (n)
        memcpy (at, data, n);
    m->end = (size_t)(at + n - m->bytes);
}

static size_t model_frame (const struct model *m, size_t at, uint8_t *flags, const uint8_t **data)
{
    const uint8_t *p = m->bytes + at;
    *flags = p[0] & 5;
    if (!(p[0] & 2)) {
        *data = p + 2;
        return p[1];
    }
    size_t n = 0;
    for (int i = 1; i <= 8; i++)
        n = n << 8 | p[i];
    *data = p + 9;
    return n;
}

/* Behind the message that starts at `at`. */
static size_t model_message (const struct model *m, size_t at)
{
    uint8_t flags;
    const uint8_t *data;
    do {
        size_t n = model_frame (m, at, &flags, &data);
        at = (size_t)(data + n - m->bytes);
    } while (flags & ZC_F_MORE);
    return at;
}

/* ---- messages of every kind ---- */

static int bodies; /* with a free function, alive */

static void body_free (void *data, void *hint)
{
    (void)hint;
    free (data);
    bodies--;
}

static uint8_t lent[10000];           /* changes all the time */
static const uint8_t for_ever[10000]; /* never does */

static void make_msg (struct zc_msg *m, size_t n)
{
    static uint8_t next;
    uint8_t fill = next++;

    switch (dice (5)) {
    case 0:
        memset (lent, fill, n);
        zc_msg_lend (m, lent, n);
        return;
    case 1:
        zc_msg_init_data (m, malloc (n + 1), n, body_free, NULL);
        bodies++;
        memset (m->r.data, fill, n);
        return;
    case 2: {
        struct zc_chunk *c = zc_chunk_new ((uint32_t)n + 10);
        memset (c->d, fill, n + 10);
        zc_msg_init_chunk (m, c, c->d + 5, n);
        zc_chunk_unref (c);
        return;
    }
    case 3:
        zc_msg_init_data (m, (void *)(uintptr_t)for_ever, n, NULL, NULL);
        return;
    default:
        zc_msg_init_size (m, n);
        if (n)
            memset (zc_msg_data (m), fill, n);
    }
}

static void check_view (const struct model *m, size_t at, const struct zc_view *v)
{
    uint8_t flags;
    const uint8_t *data;
    size_t n = model_frame (m, at, &flags, &data);
    CHECK_INT (v->flags, flags);
    CHECK_INT (v->size, n);
    if (v->size == n)
        CHECK_MEM (v->data, data, n);
}

static void check_cursor (const struct zc_frames *q, const struct model *m)
{
    struct zc_cursor c = zc_frames_begin (q);
    struct zc_view v;
    size_t at = m->start;

    while (zc_frames_next (&c, &v)) {
        if (at >= m->end) {
            CHECK (at < m->end);
            return;
        }
        check_view (m, at, &v);
        uint8_t flags;
        const uint8_t *data;
        size_t n = model_frame (m, at, &flags, &data);
        at = (size_t)(data + n - m->bytes);
    }
    CHECK_INT (at, m->end);
}

TEST (a_queue_gives_what_was_put)
{
    for (int run = 0; run < 300; run++) {
        struct zc_frames q, side;
        struct model m = {0};
        zc_frames_init (&q);
        zc_frames_init (&side);
        q.hint = dice (2) ? dice (100000) : 0;
        for (int step = 0; step < 200; step++) {
            struct zc_msg msg;
            struct zc_view v;
            uint8_t flags = (uint8_t)(dice (3) == 0 ? ZC_F_MORE : dice (8) == 0 ? ZC_F_COMMAND : 0);
            size_t n = any_size ();
            switch (dice (9)) {
            case 0:
                memset (lent, step, n);
                CHECK_INT (zc_frames_put (&q, flags, lent, n), 0);
                model_put (&m, flags, lent, n);
                break;
            case 1:
            case 2:
                make_msg (&msg, n);
                if (dice (3) == 0) {
                    msg.meta = zc_alloc (sizeof *msg.meta);
                    *msg.meta = (struct zc_meta){.refs = 1, .fd = 5};
                }
                model_put (&m, flags, zc_msg_bytes (&msg), n);
                CHECK_INT (zc_frames_put_msg (&q, &msg, flags, dice (2)), 0);
                zc_msg_close (&msg);
                break;
            case 3: { /* a slice of several frames */
                struct model frames = {0};
                for (unsigned i = dice (4); i < 4; i++) {
                    n = any_size ();
                    memset (lent, (int)i, n);
                    model_put (&frames, flags, lent, n);
                    model_put (&m, flags, lent, n);
                }
                size_t extra = dice (2) ? 0 : 3 * frames.end;
                struct zc_chunk *c = zc_chunk_new ((uint32_t)(frames.end + extra));
                memcpy (c->d, frames.bytes, frames.end);
                CHECK_INT (zc_frames_put_slice (&q, c, c->d, frames.end), 0);
                zc_chunk_unref (c);
                free (frames.bytes);
                break;
            }
            case 4: /* joined from aside */
                memset (lent, step, n);
                zc_frames_put (&side, flags, lent, n);
                model_put (&m, flags, lent, n);
                zc_frames_join (&q, &side);
                CHECK (zc_frames_empty (&side));
                break;
            case 5:
            case 6:
                if (zc_frames_empty (&q))
                    break;
                zc_frames_peek (&q, &v);
                check_view (&m, m.start, &v);
                m.start += v.size + (v.size < 256 ? 2 : 9);
                if (dice (2))
                    zc_frames_skip (&q, &v);
                else {
                    uint8_t want = v.flags & ZC_F_MORE ? ZC_MSG_MORE : 0;
                    CHECK_INT (zc_frames_take (&q, &msg), 0);
                    CHECK_INT (msg.flags, want);
                    CHECK (zc_msg_is_live (&msg) && msg.kind != ZC_MSG_LENT);
                    CHECK_MEM (zc_msg_bytes (&msg), m.bytes + m.start - zc_msg_size (&msg),
                               zc_msg_size (&msg));
                    zc_msg_close (&msg);
                }
                break;
            case 7:
                check_cursor (&q, &m);
                break;
            default:
                if (zc_frames_empty (&q) || dice (3))
                    break;
                zc_frames_drop_message (&q);
                size_t at = m.start; /* to the end of the message, or of the queue */
                uint8_t f = ZC_F_MORE;
                const uint8_t *data;
                while ((f & ZC_F_MORE) && at < m.end) {
                    size_t size = model_frame (&m, at, &f, &data);
                    at = (size_t)(data + size - m.bytes);
                }
                m.start = at;
            }
            CHECK_INT (zc_frames_empty (&q), m.start == m.end);
        }
        check_cursor (&q, &m);
        zc_frames_clear (&q);
        zc_msg_run_late ();
        CHECK_INT (bodies, 0);
        free (m.bytes);
    }
}

TEST (what_is_taken_pins_little)
{
    struct zc_frames q;
    struct model f = {0};
    struct zc_msg small, large;
    zc_frames_init (&q);
    model_put (&f, 0, lent, 60);
    model_put (&f, 0, lent, 900);
    struct zc_chunk *c = zc_chunk_new (1000);
    memcpy (c->d, f.bytes, f.end);
    zc_frames_put_slice (&q, c, c->d, f.end);
    CHECK_INT (zc_frames_take (&q, &small), 0);
    CHECK (!small.r.body->chunk);
    CHECK_INT (zc_frames_take (&q, &large), 0);
    CHECK (large.r.body->chunk == c);
    CHECK (zc_frames_empty (&q));
    zc_msg_close (&small);
    zc_msg_close (&large);
    zc_chunk_unref (c);
    free (f.bytes);
}

TEST (metadata_is_kept_only_when_asked_for)
{
    struct zc_frames q;
    struct zc_msg m, out;
    zc_frames_init (&q);
    for (int keep = 0; keep < 2; keep++)
        for (int big = 0; big < 2; big++) {
            zc_msg_init_size (&m, big ? 5000 : 5);
            m.meta = zc_alloc (sizeof *m.meta);
            *m.meta = (struct zc_meta){.refs = 1, .fd = 5};
            memset (zc_msg_data (&m), 0, zc_msg_size (&m));
            CHECK_INT (zc_frames_put_msg (&q, &m, 0, keep), 0);
            CHECK (m.meta != NULL);
            CHECK_INT (zc_frames_take (&q, &out), 0);
            CHECK ((out.meta == m.meta) == keep);
            zc_msg_close (&m);
            zc_msg_close (&out);
        }
    CHECK (zc_frames_empty (&q));
}

TEST (putting_without_memory_changes_nothing)
{
    for (int run = 0; run < 2000; run++) {
        struct zc_outq o;
        struct zc_msg parts[6];
        size_t count = 1 + dice (6);
        struct model m = {0};
        zc_outq_init (&o);
        for (unsigned i = dice (4); i; i--) {
            size_t n = any_size ();
            memset (lent, 1, n);
            CHECK_INT (zc_outq_put_bytes (&o, lent, n), 0);
            model_put (&m, 0, lent, n);
        }
        for (size_t i = 0; i < count; i++)
            make_msg (&parts[i], any_size ());
        atomic_store (&zc_alloc_fail_at, 1 + (int)dice (6));
        int rc = zc_outq_put (&o, parts, count, false);
        atomic_store (&zc_alloc_fail_at, 0);
        for (size_t i = 0; i < count; i++) {
            CHECK (zc_msg_is_live (&parts[i]));
            if (rc == 0)
                model_put (&m, i + 1 < count ? ZC_F_MORE : 0, zc_msg_bytes (&parts[i]),
                           zc_msg_size (&parts[i]));
            zc_msg_close (&parts[i]);
        }
        CHECK (rc == 0 || rc == -ENOMEM);
        CHECK_INT (o.bytes, m.end);
        zc_outq_put_bytes (&o, "x", 1);
        model_put (&m, 0, (const uint8_t *)"x", 1);
        check_cursor (&o.q, &m);
        zc_outq_clear (&o);
        zc_msg_run_late ();
        CHECK_INT (bodies, 0);
        free (m.bytes);
    }
}

/* ---- queues that are written out ---- */

/* The pieces are the next bytes of the model. Returns how many bytes they offer. */
static size_t check_pieces (const struct zc_outq *o, const struct model *m, size_t written, int max,
                            bool only_open)
{
    struct iovec iov[16];
    size_t total, at = written;
    int n = zc_outq_pieces (o, iov, max, only_open, &total);

    CHECK (n <= max);
    for (int i = 0; i < n; i++) {
        CHECK (iov[i].iov_len > 0);
        if (at + iov[i].iov_len > m->end) {
            CHECK (at + iov[i].iov_len <= m->end);
            return 0;
        }
        CHECK_MEM (iov[i].iov_base, m->bytes + at, iov[i].iov_len);
        at += iov[i].iov_len;
    }
    CHECK_INT (at - written, total);
    CHECK ((total > 0) == (written < m->end));
    return total;
}

TEST (an_outgoing_queue_is_written_credited_and_rewound)
{
    for (int run = 0; run < 600; run++) {
        struct zc_outq o;
        struct model m = {0};
        size_t first = 0;   /* start of the first message not wholly written */
        size_t written = 0; /* bytes of the model that went out */
        uint32_t msgs = 0;
        zc_outq_init (&o);
        for (int step = 0; step < 300; step++) {
            switch (dice (8)) {
            case 0:
            case 1: {
                size_t n = any_size ();
                memset (lent, step, n);
                CHECK_INT (zc_outq_put_bytes (&o, lent, n), 0);
                model_put (&m, 0, lent, n);
                msgs++;
                break;
            }
            case 2: {
                struct zc_msg parts[8];
                size_t count = 1 + dice (8);
                for (size_t i = 0; i < count; i++) {
                    make_msg (&parts[i], any_size ());
                    if (parts[i].kind == ZC_MSG_LENT)
                        zc_msg_own (&parts[i]); /* one buffer for all */
                    model_put (&m, i + 1 < count ? ZC_F_MORE : 0, zc_msg_bytes (&parts[i]),
                               zc_msg_size (&parts[i]));
                }
                CHECK_INT (zc_outq_put (&o, parts, count, false), 0);
                for (size_t i = 0; i < count; i++)
                    zc_msg_close (&parts[i]);
                msgs++;
                break;
            }
            case 3:
            case 4:
            case 5: {
                size_t offer = check_pieces (&o, &m, written, 1 + (int)dice (16), false);
                if (!offer)
                    break;
                size_t n = dice (4) == 0 ? offer : 1 + dice ((unsigned)offer);
                uint32_t credit = 0;
                written += n;
                while (first < m.end && model_message (&m, first) <= written) {
                    first = model_message (&m, first);
                    credit++;
                }
                msgs -= credit;
                CHECK_INT (zc_outq_wrote (&o, n), credit);
                break;
            }
            case 6: /* no further than the open message */
                if (written > first) {
                    struct model open = m;
                    open.end = model_message (&m, first);
                    size_t offer = check_pieces (&o, &open, written, 16, true);
                    CHECK (offer <= open.end - written);
                }
                break;
            default:
                if (dice (4) == 0) { /* a new connection */
                    zc_outq_rewind (&o);
                    written = first;
                }
            }
            CHECK_INT (o.msgs, msgs);
            CHECK_INT (o.bytes, m.end - written);
            CHECK_INT (zc_outq_at_start (&o), written == first);
        }
        CHECK_INT (zc_outq_clear (&o), msgs);
        zc_msg_run_late ();
        CHECK_INT (bodies, 0);
        free (m.bytes);
    }
}

TEST (nodes_grow_with_a_burst_and_are_small_after_it)
{
    struct zc_outq o;
    zc_outq_init (&o);
    zc_outq_put_bytes (&o, "x", 1);
    CHECK_INT (o.q.tail->cap, ZC_NODE_MIN);
    for (int i = 0; i < 10000; i++)
        zc_outq_put_bytes (&o, lent, 60);
    CHECK_INT (o.q.tail->cap, ZC_NODE_MAX);
    zc_outq_wrote (&o, o.bytes);
    zc_outq_put_bytes (&o, "x", 1);
    CHECK_INT (o.q.tail->cap, ZC_NODE_MAX); /* as the last burst was */
    zc_outq_wrote (&o, o.bytes);
    zc_outq_put_bytes (&o, "x", 1);
    CHECK_INT (o.q.tail->cap, ZC_NODE_MIN);
    zc_outq_clear (&o);
}
