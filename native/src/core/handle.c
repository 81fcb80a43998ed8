#include "core/handle.h"

#include <errno.h>
#include "base/alloc.h"
#include "os/random.h"

/* A handle is index and generation side by side; its lowest bit is always 1, so that it is never NULL and never an
 * aligned pointer. Where pointers have 32 bits fewer bits are left for each. */
#define INDEX_BITS (sizeof (void *) >= 8 ? 24 : 14)
#define GEN_BITS (sizeof (void *) >= 8 ? 32 : 16)
#define GEN_MASK ((uintptr_t) ((1ull << GEN_BITS) - 1))

enum
{
    SEGMENT = 64,    /* slots made at once */
    SEGMENTS = 2048  /* so at most 131,072 objects */
};

static _Atomic (struct zc_slot *) segments[SEGMENTS];
static zc_mutex lock = ZC_MUTEX_INIT; /* guards what follows */
static struct zc_slot *free_slots;
static uint32_t made;

struct zc_slot *zc_handle_slot (uint32_t index)
{
    if (index >= SEGMENT * SEGMENTS)
        return NULL;
    /* Pairs with the release store in grow: the slots are initialised before they can be found. */
    struct zc_slot *s = atomic_load_explicit (&segments[index / SEGMENT], memory_order_acquire);
    return s ? &s[index % SEGMENT] : NULL;
}

static int grow (void)
{
    if (made == SEGMENT * SEGMENTS || made >= (1u << INDEX_BITS))
        return -EMFILE;
    struct zc_slot *s = zc_calloc (SEGMENT, sizeof *s);
    if (!s)
        return -ENOMEM;
    for (uint32_t i = SEGMENT; i-- > 0;) {
        zc_mutex_init (&s[i].mu);
        s[i].index = made + i;
        s[i].gen = zc_random_u32 ();
        s[i].next_free = free_slots;
        free_slots = &s[i];
    }
    atomic_store_explicit (&segments[made / SEGMENT], s, memory_order_release);
    made += SEGMENT;
    return 0;
}

int zc_handle_new (enum zc_kind kind, void *object, struct zc_slot **out)
{
    int rc = 0;

    zc_mutex_lock (&lock);
    if (!free_slots)
        rc = grow ();
    struct zc_slot *s = rc == 0 ? free_slots : NULL;
    if (s)
        free_slots = s->next_free;
    zc_mutex_unlock (&lock);
    if (rc < 0)
        return rc;
    zc_mutex_lock (&s->mu);
    s->kind = kind;
    s->object = object;
    atomic_store_explicit (&s->epoch, zc_fork_epoch (), memory_order_relaxed);
    zc_mutex_unlock (&s->mu);
    *out = s;
    return 0;
}

void *zc_handle_of (const struct zc_slot *s)
{
    uintptr_t v = ((uintptr_t) s->gen & GEN_MASK) << INDEX_BITS | s->index;
    return (void *) (v << 1 | 1);
}

void zc_handle_retire (struct zc_slot *s, enum zc_kind then)
{
    s->kind = then;
    s->gen++;
}

void zc_handle_free (struct zc_slot *s)
{
    zc_mutex_lock (&s->mu);
    s->object = NULL;
    s->kind = ZC_KIND_FREE;
    zc_mutex_unlock (&s->mu);
    zc_mutex_lock (&lock);
    s->next_free = free_slots;
    free_slots = s;
    zc_mutex_unlock (&lock);
}

int zc_handle_enter (const void *handle, enum zc_kind kind, struct zc_slot **out)
{
    uintptr_t v = (uintptr_t) handle;
    struct zc_slot *s = v & 1 ? zc_handle_slot ((uint32_t) (v >> 1 & ((1u << INDEX_BITS) - 1))) : NULL;

    if (!s)
        return ZC_HANDLE_BAD;
    *out = s;
    if (atomic_load_explicit (&s->epoch, memory_order_relaxed) != zc_fork_epoch ()) {
        /* No lock: its holder may not exist here. Nothing else changes such a slot in this process. */
        bool live = s->kind == kind && ((uintptr_t) s->gen & GEN_MASK) == (v >> 1 >> INDEX_BITS);
        return live ? ZC_HANDLE_FORKED : ZC_HANDLE_BAD;
    }
    zc_mutex_lock (&s->mu);
    if (s->kind == kind && ((uintptr_t) s->gen & GEN_MASK) == (v >> 1 >> INDEX_BITS))
        return ZC_HANDLE_OK;
    zc_mutex_unlock (&s->mu);
    return ZC_HANDLE_BAD;
}
