/* Handles: a number in a pointer's clothes, index and generation into slots that are never unmapped. A stale, closed or
 * foreign handle finds a slot of another generation, or none: an error, never a crash.
 *
 * The slot's lock is its object's lock. An object made before a fork is told by its epoch, read before the lock is
 * taken (a thread that is gone in the child may have held it). */
#ifndef ZC_CORE_HANDLE_H
#define ZC_CORE_HANDLE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include "os/thread.h"

enum zc_kind
{
    ZC_KIND_FREE,
    ZC_KIND_CONTEXT,
    ZC_KIND_SOCKET,
    ZC_KIND_CLOSING /* a socket whose handle is gone and whose object still lingers */
};

struct zc_slot
{
    zc_mutex mu;
    _Atomic uint32_t epoch; /* fork epoch of the object */
    uint32_t index, gen;    /* under mu, as all below */
    enum zc_kind kind;
    void *object;
    struct zc_slot *next_free;
    uint8_t apart[80]; /* so that no two slots share a cache line: two sockets are two threads' */
};

/* A new handle for object; slot locked by nobody. 0, -ENOMEM, -EMFILE (no numbers left). */
int zc_handle_new (enum zc_kind, void *object, struct zc_slot **out);
void *zc_handle_of (const struct zc_slot *);
/* The handle ends: later uses of it find nothing. then: FREE or CLOSING. Under the slot's lock. */
void zc_handle_retire (struct zc_slot *, enum zc_kind then);
/* The slot may serve again. Retired, not locked, nobody holds a pointer to it. */
void zc_handle_free (struct zc_slot *);

enum
{
    ZC_HANDLE_OK = 0,
    ZC_HANDLE_BAD = 1,
    ZC_HANDLE_FORKED = 2
};
/* A handle is index and generation side by side; its lowest bit is always 1, so that it is never NULL and never an
 * aligned pointer. Where pointers have 32 bits fewer bits are left for each. */
#define ZC_INDEX_BITS (sizeof (void *) >= 8 ? 24 : 14)
#define ZC_GEN_BITS (sizeof (void *) >= 8 ? 32 : 16)
#define ZC_GEN_MASK ((uintptr_t)((1ull << ZC_GEN_BITS) - 1))

enum
{
    ZC_SEGMENT = 64,   /* slots made at once */
    ZC_SEGMENTS = 2048 /* so at most 131,072 objects */
};
extern struct zc_slot *_Atomic zc_handle_segments[ZC_SEGMENTS];

/* The slot of an event tag: index as the tag has it; NULL: never existed. Lock it and compare gen. */
static inline struct zc_slot *zc_handle_slot (uint32_t index)
{
    if (index >= ZC_SEGMENT * ZC_SEGMENTS)
        return NULL;
    /* Pairs with the release store where slots are made: they are initialised before they can be found. */
    struct zc_slot *s = atomic_load_explicit (&zc_handle_segments[index / ZC_SEGMENT], memory_order_acquire);
    return s ? &s[index % ZC_SEGMENT] : NULL;
}

/* The locked slot is the handle's, and lives. */
static inline bool zc_handle_is (const struct zc_slot *s, enum zc_kind kind, uintptr_t v)
{
    return s->kind == kind && ((uintptr_t)s->gen & ZC_GEN_MASK) == (v >> 1 >> ZC_INDEX_BITS);
}

/* Finds and locks the slot of a live object of this kind. FORKED: it exists, made before the fork; *out is set, not locked. */
static inline int zc_handle_enter (const void *handle, enum zc_kind kind, struct zc_slot **out)
{
    uintptr_t v = (uintptr_t)handle;
    struct zc_slot *s = v & 1 ? zc_handle_slot ((uint32_t)(v >> 1 & ((1u << ZC_INDEX_BITS) - 1))) : NULL;

    if (!s)
        return ZC_HANDLE_BAD;
    *out = s;
    if (atomic_load_explicit (&s->epoch, memory_order_relaxed) != zc_fork_epoch ())
        /* No lock: its holder may not exist here. Nothing else changes such a slot in this process. */
        return zc_handle_is (s, kind, v) ? ZC_HANDLE_FORKED : ZC_HANDLE_BAD;
    zc_mutex_lock (&s->mu);
    if (zc_handle_is (s, kind, v))
        return ZC_HANDLE_OK;
    zc_mutex_unlock (&s->mu);
    return ZC_HANDLE_BAD;
}

#endif
