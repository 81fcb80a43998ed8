/* A message part as the program holds it: what zmq_msg_t is inside. Small content lives in it, large content is
 * counted and shared. Not safe for two threads at once; the counted body is. */
#ifndef ZC_BASE_MSG_H
#define ZC_BASE_MSG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/body.h"

#define ZC_MSG_INLINE_MAX 48

enum zc_msg_kind
{
    ZC_MSG_INLINE = 0x61, /* odd numbers: memory that was never a message seldom has them */
    ZC_MSG_BODY = 0x63,
    ZC_MSG_CONST = 0x65, /* bytes that live for ever */
    ZC_MSG_LENT =
        0x67, /* bytes lent for one call: whoever keeps the message copies them. Never in a zmq_msg_t */
    ZC_MSG_CLOSED = 0x69
};

enum
{
    ZC_MSG_MORE = 1 /* another part of the same message follows */
};

/* Where a message came from: facts of the connection, shared by its messages. Text pairs name NUL value NUL. */
struct zc_meta
{
    _Atomic uint32_t refs;
    int fd; /* ZMQ_SRCFD, -1: none */
    uint32_t size;
    char text[];
};

struct zc_msg
{
    union
    {
        struct
        {
            uint8_t *data;
            size_t size;
            struct zc_body *body;
        } r;
        uint8_t v[ZC_MSG_INLINE_MAX];
    };
    struct zc_meta *meta;
    uint32_t routing_id;
    uint8_t kind;
    uint8_t flags;
    uint8_t vsize;
    uint8_t spare;
};
_Static_assert(sizeof (struct zc_msg) <= 64, "fits zmq_msg_t");

static inline bool zc_msg_is_live (const struct zc_msg *m)
{
    return m->kind >= ZC_MSG_INLINE && m->kind < ZC_MSG_CLOSED && (m->kind & 1);
}
static inline uint8_t *zc_msg_data (struct zc_msg *m)
{
    return m->kind == ZC_MSG_INLINE ? m->v : m->r.data;
}
static inline const uint8_t *zc_msg_bytes (const struct zc_msg *m)
{
    return m->kind == ZC_MSG_INLINE ? m->v : m->r.data;
}
static inline size_t zc_msg_size (const struct zc_msg *m)
{
    return m->kind == ZC_MSG_INLINE ? m->vsize : m->r.size;
}
static inline void zc_msg_init (struct zc_msg *m)
{
    m->meta = NULL;
    m->routing_id = 0;
    m->kind = ZC_MSG_INLINE;
    m->flags = 0;
    m->vsize = 0;
    m->spare = 0;
}
/* Bytes of the caller, good for this call only. */
static inline void zc_msg_lend (struct zc_msg *m, const void *data, size_t n)
{
    zc_msg_init (m);
    m->kind = ZC_MSG_LENT;
    m->r.data = (uint8_t *)(uintptr_t)data;
    m->r.size = n;
    m->r.body = NULL;
}
int zc_msg_init_size (struct zc_msg *, size_t n); /* content undefined; 0, -ENOMEM */
int zc_msg_init_copy (struct zc_msg *, const void *data, size_t n);
/* A live message becomes n bytes, undefined, of the same origin (meta); what it held is let go as by zc_msg_drop. Memory of its own that
 * fits serves again, so that a program which receives into one message over and over allocates once. 0; -ENOMEM: nothing changed. */
int zc_msg_renew (struct zc_msg *, size_t n);
/* Adopts the buffer; ffn NULL: it lives for ever. On -ENOMEM ffn is not called. */
int zc_msg_init_data (struct zc_msg *, void *data, size_t n, void (*ffn) (void *, void *), void *hint);
/* A share of a chunk: counts a reference. */
int zc_msg_init_chunk (struct zc_msg *, struct zc_chunk *, const uint8_t *data, size_t n);
/* A body with n bytes of its own becomes the message's. */
void zc_msg_adopt (struct zc_msg *, struct zc_body *b, size_t n);
/* Turns a LENT message into one that owns its bytes; others are left alone. */
int zc_msg_own (struct zc_msg *);
/* Releases the content at once (may run the program's free function: never under a lock). The message is closed. */
void zc_msg_close (struct zc_msg *);
/* The same under a lock: the program's free functions wait for zc_msg_run_late() of the same thread. */
void zc_msg_drop_content (struct zc_msg *);
static inline void zc_msg_drop (struct zc_msg *m)
{
    if (m->kind == ZC_MSG_BODY || m->meta)
        zc_msg_drop_content (m);
    m->kind = ZC_MSG_CLOSED;
}
void zc_msg_run_late (void);
/* Bodies whose free functions wait until this thread holds no lock. */
extern _Thread_local struct zc_body *zc_msg_late __attribute__ ((tls_model ("initial-exec")));
static inline bool zc_msg_has_late (void)
{
    return zc_msg_late != NULL;
}
/* to takes from's content (to must be closed or empty); from is empty afterwards. */
void zc_msg_move (struct zc_msg *to, struct zc_msg *from);
/* to (closed or empty) shares from's content. 0, -ENOMEM. */
int zc_msg_copy (struct zc_msg *to, struct zc_msg *from);
bool zc_msg_is_shared (const struct zc_msg *);

static inline struct zc_meta *zc_meta_ref (struct zc_meta *m)
{
    if (m)
        atomic_fetch_add_explicit (&m->refs, 1, memory_order_relaxed);
    return m;
}
void zc_meta_unref (struct zc_meta *);
const char *zc_meta_get (const struct zc_meta *, const char *name);

#endif
