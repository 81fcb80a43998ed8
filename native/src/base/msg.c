#include "base/msg.h"

#include <errno.h>
#include <string.h>
#include "base/bytes.h"

static void set_body (struct zc_msg *m, struct zc_body *b, const uint8_t *data, size_t n)
{
    zc_msg_init (m);
    m->kind = ZC_MSG_BODY;
    m->r.body = b;
    m->r.data = (uint8_t *)(uintptr_t)data;
    m->r.size = n;
}

int zc_msg_init_size (struct zc_msg *m, size_t n)
{
    zc_msg_init (m);
    if (n <= ZC_MSG_INLINE_MAX) {
        m->vsize = (uint8_t)n;
        return 0;
    }
    struct zc_body *b = zc_body_new (n);
    if (!b)
        return -ENOMEM;
    set_body (m, b, b->d, n);
    return 0;
}

int zc_msg_init_copy (struct zc_msg *m, const void *data, size_t n)
{
    int rc = zc_msg_init_size (m, n);
    if (rc == 0)
        zc_copy (zc_msg_data (m), data, n);
    return rc;
}

int zc_msg_init_data (struct zc_msg *m, void *data, size_t n, void (*ffn) (void *, void *), void *hint)
{
    zc_msg_init (m);
    if (!ffn) {
        m->kind = ZC_MSG_CONST;
        m->r.data = data;
        m->r.size = n;
        m->r.body = NULL;
        return 0;
    }
    struct zc_body *b = zc_body_new (0);
    if (!b)
        return -ENOMEM;
    b->ffn = ffn;
    b->hint = hint;
    b->data = data;
    set_body (m, b, data, n);
    return 0;
}

int zc_msg_init_chunk (struct zc_msg *m, struct zc_chunk *c, const uint8_t *data, size_t n)
{
    zc_msg_init (m);
    struct zc_body *b = zc_body_new (0);
    if (!b)
        return -ENOMEM;
    b->chunk = zc_chunk_ref (c);
    set_body (m, b, data, n);
    return 0;
}

void zc_msg_adopt (struct zc_msg *m, struct zc_body *b, size_t n)
{
    set_body (m, b, b->d, n);
}

int zc_msg_own (struct zc_msg *m)
{
    if (m->kind != ZC_MSG_LENT)
        return 0;
    struct zc_msg own;
    int rc = zc_msg_init_copy (&own, m->r.data, m->r.size);
    if (rc < 0)
        return rc;
    own.flags = m->flags;
    own.routing_id = m->routing_id;
    own.meta = m->meta;
    *m = own;
    return 0;
}

_Thread_local struct zc_body *zc_msg_late __attribute__ ((tls_model ("initial-exec")));

static void body_free (struct zc_body *b)
{
    if (b->ffn)
        b->ffn (b->data, b->hint);
    zc_chunk_unref (b->chunk);
    zc_body_free (b);
}

/* True for the last reference. Whoever holds the only one knows it without a locked operation: nobody else can count a new one. The
 * release of each drop pairs with the acquire of the last. */
static bool body_unref (struct zc_body *b)
{
    return atomic_load_explicit (&b->refs, memory_order_acquire) == 1
           || atomic_fetch_sub_explicit (&b->refs, 1, memory_order_acq_rel) == 1;
}

/* Lets go of the content. Returns the body if this was its last reference. */
static struct zc_body *let_go (struct zc_msg *m)
{
    struct zc_body *last = NULL;

    zc_meta_unref (m->meta);
    m->meta = NULL;
    if (m->kind == ZC_MSG_BODY && body_unref (m->r.body))
        last = m->r.body;
    m->kind = ZC_MSG_CLOSED;
    return last;
}

void zc_msg_close (struct zc_msg *m)
{
    struct zc_body *last = let_go (m);
    if (last)
        body_free (last);
}

static void drop_body (struct zc_body *last)
{
    if (!last->ffn) {
        body_free (last);
        return;
    }
    last->next = zc_msg_late;
    zc_msg_late = last;
}

void zc_msg_drop_content (struct zc_msg *m)
{
    struct zc_body *last = let_go (m);
    if (last)
        drop_body (last);
}

/* The body is n bytes of memory that only this message has, and not much more. */
static bool may_serve_again (const struct zc_body *b, size_t n)
{
    return n <= b->room && n >= b->room / 4 && !b->ffn && !b->chunk
           && atomic_load_explicit (&b->refs, memory_order_acquire) == 1;
}

int zc_msg_renew (struct zc_msg *m, size_t n)
{
    struct zc_meta *meta = m->meta;
    struct zc_body *b = NULL;

    if (n > ZC_MSG_INLINE_MAX) {
        b = m->kind == ZC_MSG_BODY && may_serve_again (m->r.body, n) ? m->r.body : zc_body_new (n);
        if (!b)
            return -ENOMEM;
    }
    if (m->kind == ZC_MSG_BODY && m->r.body != b && body_unref (m->r.body))
        drop_body (m->r.body);
    if (b)
        set_body (m, b, b->d, n);
    else {
        zc_msg_init (m);
        m->vsize = (uint8_t)n;
    }
    m->meta = meta;
    return 0;
}

void zc_msg_run_late (void)
{
    while (zc_msg_late) {
        struct zc_body *b = zc_msg_late;
        zc_msg_late = b->next;
        body_free (b); /* may send, and so come back here */
    }
}

void zc_msg_move (struct zc_msg *to, struct zc_msg *from)
{
    *to = *from;
    zc_msg_init (from);
}

int zc_msg_copy (struct zc_msg *to, struct zc_msg *from)
{
    if (from->kind == ZC_MSG_LENT) {
        int rc = zc_msg_init_copy (to, from->r.data, from->r.size);
        if (rc < 0)
            return rc;
        to->flags = from->flags;
        to->routing_id = from->routing_id;
        to->meta = zc_meta_ref (from->meta);
        return 0;
    }
    if (from->kind == ZC_MSG_BODY)
        atomic_fetch_add_explicit (&from->r.body->refs, 1, memory_order_relaxed);
    *to = *from;
    zc_meta_ref (to->meta);
    return 0;
}

bool zc_msg_is_shared (const struct zc_msg *m)
{
    return m->kind == ZC_MSG_CONST
           || (m->kind == ZC_MSG_BODY && atomic_load_explicit (&m->r.body->refs, memory_order_relaxed) > 1);
}

void zc_meta_unref (struct zc_meta *m)
{
    if (m && atomic_fetch_sub_explicit (&m->refs, 1, memory_order_acq_rel) == 1)
        zc_free (m);
}

const char *zc_meta_get (const struct zc_meta *m, const char *name)
{
    if (!m)
        return NULL;
    const char *p = m->text, *end = m->text + m->size;
    while (p < end) {
        const char *value = p + strlen (p) + 1;
        if (strcmp (p, name) == 0)
            return value;
        p = value + strlen (value) + 1;
    }
    return NULL;
}
