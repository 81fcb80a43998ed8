#include "base/body.h"

static struct zc_body *begin (struct zc_body *b, size_t size)
{
    atomic_init (&b->refs, 1);
    b->ffn = NULL;
    b->hint = b->data = NULL;
    b->chunk = NULL;
    b->next = NULL;
    b->room = size - sizeof *b;
    return b;
}

struct zc_body *zc_body_kept (size_t n)
{
    size_t size;
    struct zc_body *b = n > SIZE_MAX - sizeof *b ? NULL : zc_piece_kept (sizeof *b + n, &size);

    return b ? begin (b, size) : NULL;
}

struct zc_body *zc_body_new (size_t n)
{
    size_t size;
    struct zc_body *b = n > SIZE_MAX - sizeof *b ? NULL : zc_piece_alloc (sizeof *b + n, &size);

    return b ? begin (b, size) : NULL;
}

struct zc_body *zc_body_resize (struct zc_body *b, size_t n)
{
    if (!b)
        return zc_body_new (n);
    if (n > SIZE_MAX - sizeof *b)
        return NULL;
    b = zc_realloc (b, sizeof *b + n);
    if (b)
        b->room = n;
    return b;
}

void zc_body_free (struct zc_body *b)
{
    if (b)
        zc_piece_free (b, sizeof *b + b->room);
}

void zc_body_scrap (struct zc_body *b)
{
    zc_free (b);
}
