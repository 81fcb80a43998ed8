#include "base/sheet.h"

void zc_sheet_init (struct zc_sheet *s)
{
    memset (s, 0, sizeof *s);
}

void zc_sheet_close (struct zc_sheet *s)
{
    zc_chunk_unref (s->chunk);
    zc_sheet_init (s);
}

/* Room for n bytes behind what is written, on this sheet, from its start if no queue has anything of it, or on a new one. */
static bool make_room (struct zc_sheet *s, size_t n)
{
    /* Acquire: what was read through references that are gone was read before we write over it. */
    if (s->chunk && atomic_load_explicit (&s->chunk->refs, memory_order_acquire) == 1)
        s->used = 0;
    if (s->chunk && s->chunk->cap - s->used >= n)
        return true;
    struct zc_chunk *fresh = zc_chunk_new (ZC_SHEET_SIZE);
    if (!fresh)
        return false;
    zc_chunk_unref (s->chunk);
    s->chunk = fresh;
    s->used = 0;
    return true;
}

bool zc_sheet_write (struct zc_sheet *s, const struct zc_msg *parts, size_t count)
{
    size_t n = 0;

    for (size_t i = 0; i < count; i++) {
        size_t size = zc_msg_size (&parts[i]);
        if (size > ZC_SHEET_MESSAGE_MAX)
            return false;
        n += zc_frame_size (size);
        if (n > ZC_SHEET_MESSAGE_MAX)
            return false;
    }
    s->before = s->p + s->n;
    if (!make_room (s, n))
        return false;
    uint8_t *at = s->p = s->chunk->d + s->used;
    for (size_t i = 0; i < count; i++) {
        size_t size = zc_msg_size (&parts[i]);
        at += zc_frame_head (at, i + 1 < count ? ZC_F_MORE : 0, size);
        zc_copy (at, zc_msg_bytes (&parts[i]), size);
        at += size;
    }
    s->n = n;
    s->used += (uint32_t)n;
    return true;
}

static int put_copy (struct zc_frames *q, const struct zc_sheet *s)
{
    uint8_t *at = zc_frames_room_fast (q, s->n);
    if (!at)
        return -ENOMEM;
    memcpy (at, s->p, s->n);
    zc_frames_grown (q, s->n);
    return 0;
}

int zc_outq_put_sheet (struct zc_outq *o, const struct zc_sheet *s)
{
    struct zc_node *t = o->q.tail;
    bool is_slice = t && t->kind == ZC_NODE_SLICE;
    int rc = 0;

    if (is_slice && t->e == s->p && ((struct zc_node_slice *)(void *)t)->chunk == s->chunk)
        t->e += s->n;
    else if (!t || (is_slice && t->e == s->before))
        rc = zc_frames_put_slice (&o->q, s->chunk, s->p, s->n);
    else
        rc = put_copy (&o->q, s);
    if (rc < 0)
        return rc;
    zc_outq_grown (o, s->n);
    return 0;
}
