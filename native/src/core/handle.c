#include "core/handle.h"

#include <errno.h>
#include "base/alloc.h"
#include "os/random.h"

struct zc_slot *_Atomic zc_handle_segments[ZC_SEGMENTS];
static zc_mutex lock = ZC_MUTEX_INIT; /* guards what follows */
static struct zc_slot *free_slots;
static uint32_t made;

static int grow (void)
{
    if (made == ZC_SEGMENT * ZC_SEGMENTS || made >= (1u << ZC_INDEX_BITS))
        return -EMFILE;
    struct zc_slot *s = zc_calloc (ZC_SEGMENT, sizeof *s);
    if (!s)
        return -ENOMEM;
    for (uint32_t i = ZC_SEGMENT; i-- > 0;) {
        zc_mutex_init (&s[i].mu);
        s[i].index = made + i;
        s[i].gen = zc_random_u32 ();
        s[i].next_free = free_slots;
        free_slots = &s[i];
    }
    atomic_store_explicit (&zc_handle_segments[made / ZC_SEGMENT], s, memory_order_release);
    made += ZC_SEGMENT;
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
    uintptr_t v = ((uintptr_t)s->gen & ZC_GEN_MASK) << ZC_INDEX_BITS | s->index;
    return (void *)(v << 1 | 1);
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
