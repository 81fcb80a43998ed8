#include "sock/timers.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include "base/alloc.h"
#include "base/heap.h"
#include "core/handle.h"
#include "os/clock.h"
#include "zcffi.h"

/* Kind of handle: none of core's own. */
#define KIND ((enum zc_kind)16)

enum
{
    CAP_MIN = 8
};

/* One timer, in the heap as long as it lives. */
struct entry
{
    struct zc_timer due; /* first: what the heap gives back */
    uint64_t interval;   /* ns, above 0 */
    zc_timer_handler *handler;
    void *arg;
    int id;
};

/* The slot's lock guards everything. */
struct timers
{
    struct zc_slot *slot;
    struct zc_heap heap;
    struct entry **entries; /* by id, which only grow */
    size_t count, cap;
    int last_id;
    int runners; /* threads in execute: the last one frees a set that was closed */
    bool closed;
};

/* Finds and locks. */
static int enter (void *handle, struct timers **out)
{
    struct zc_slot *slot;

    switch (zc_handle_enter (handle, KIND, &slot)) {
    case ZC_HANDLE_OK:
        *out = slot->object;
        return 0;
    case ZC_HANDLE_FORKED:
        return -ZCFFI_EFORKED;
    default:
        return -EFAULT;
    }
}

static int leave (struct timers *t, int rc)
{
    zc_mutex_unlock (&t->slot->mu);
    return rc;
}

/* Closed, unlocked, nobody runs its handlers. */
static void timers_free (struct timers *t)
{
    zc_handle_free (t->slot);
    zc_heap_close (&t->heap);
    for (size_t i = 0; i < t->count; i++)
        zc_free (t->entries[i]);
    zc_free (t->entries);
    zc_free (t);
}

/* Never 0: what execute has just run is not due again at the same moment. */
static uint64_t interval_of (size_t ms)
{
    if (ms == 0)
        return 1;
    return ms > ZC_NEVER / ZC_MS ? ZC_NEVER : ms * ZC_MS;
}

static void start_anew (struct timers *t, struct entry *e, uint64_t now)
{
    uint64_t at = e->interval < ZC_NEVER - now ? now + e->interval : ZC_NEVER;

    (void)zc_heap_set (&t->heap, &e->due, at); /* already in: no memory needed */
}

/* The index of the first entry with this id or a higher one. */
static size_t index_of (const struct timers *t, int id)
{
    size_t low = 0, high = t->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (t->entries[middle]->id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct entry *entry_of (const struct timers *t, int id)
{
    size_t i = index_of (t, id);

    return i < t->count && t->entries[i]->id == id ? t->entries[i] : NULL;
}

int zc_timers_new (void **handle)
{
    struct timers *t;
    int rc = zc_fork_watch ();

    if (rc < 0)
        return rc;
    t = zc_calloc (1, sizeof *t);
    if (!t)
        return -ENOMEM;
    zc_heap_init (&t->heap);
    rc = zc_handle_new (KIND, t, &t->slot);
    if (rc < 0) {
        zc_free (t);
        return rc;
    }
    *handle = zc_handle_of (t->slot);
    return 0;
}

/* Room for one more in the list and in the heap. */
static int reserve (struct timers *t)
{
    if (t->count == t->cap) {
        size_t cap = t->cap ? 2 * t->cap : CAP_MIN;
        struct entry **entries = zc_realloc (t->entries, cap * sizeof *entries);

        if (!entries)
            return -ENOMEM;
        t->entries = entries;
        t->cap = cap;
    }
    return zc_heap_reserve (&t->heap, t->cap);
}

static int add (struct timers *t, const struct entry *e, uint64_t now)
{
    struct entry *copy;

    if (t->last_id == INT_MAX || reserve (t) < 0)
        return -ENOMEM;
    copy = zc_alloc (sizeof *copy);
    if (!copy)
        return -ENOMEM;
    *copy = *e;
    copy->id = ++t->last_id;
    t->entries[t->count++] = copy;
    start_anew (t, copy, now);
    return copy->id;
}

int zc_timers_add (void *handle, size_t interval_ms, zc_timer_handler *handler, void *arg, uint64_t now)
{
    struct entry e = {.interval = interval_of (interval_ms), .handler = handler, .arg = arg};
    struct timers *t;
    int rc = enter (handle, &t);

    if (rc < 0)
        return rc;
    return leave (t, handler ? add (t, &e, now) : -EFAULT);
}

int zc_timers_cancel (void *handle, int id)
{
    struct timers *t;
    struct entry *e;
    int rc = enter (handle, &t);

    if (rc < 0)
        return rc;
    e = entry_of (t, id);
    if (!e)
        return leave (t, -EINVAL);
    size_t i = index_of (t, id);
    t->count--;
    memmove (t->entries + i, t->entries + i + 1, (t->count - i) * sizeof *t->entries);
    zc_heap_cut (&t->heap, &e->due);
    zc_free (e);
    return leave (t, 0);
}

int zc_timers_set_interval (void *handle, int id, size_t interval_ms, uint64_t now)
{
    struct timers *t;
    struct entry *e;
    int rc = enter (handle, &t);

    if (rc < 0)
        return rc;
    e = entry_of (t, id);
    if (!e)
        return leave (t, -EINVAL);
    e->interval = interval_of (interval_ms);
    start_anew (t, e, now);
    return leave (t, 0);
}

int zc_timers_reset (void *handle, int id, uint64_t now)
{
    struct timers *t;
    struct entry *e;
    int rc = enter (handle, &t);

    if (rc < 0)
        return rc;
    e = entry_of (t, id);
    if (!e)
        return leave (t, -EINVAL);
    start_anew (t, e, now);
    return leave (t, 0);
}

int zc_timers_timeout (void *handle, uint64_t now, int64_t *ms)
{
    const struct zc_timer *first;
    struct timers *t;
    int rc = enter (handle, &t);

    if (rc < 0)
        return rc;
    first = zc_heap_first (&t->heap);
    if (!first)
        *ms = -1;
    else if (first->at <= now)
        *ms = 0;
    else
        *ms = (int64_t)((first->at - now - 1) / ZC_MS + 1);
    return leave (t, 0);
}

/* Runs the first timer, which is due, unlocked meanwhile. */
static void run_first (struct timers *t, uint64_t now)
{
    struct entry *e = (struct entry *)zc_heap_first (&t->heap);
    zc_timer_handler *handler = e->handler;
    void *arg = e->arg;
    int id = e->id;

    start_anew (t, e, now);
    zc_mutex_unlock (&t->slot->mu);
    handler (id, arg); /* may cancel e, or close t */
    zc_mutex_lock (&t->slot->mu);
}

int zc_timers_execute (void *handle, uint64_t now)
{
    const struct zc_timer *first;
    struct timers *t;
    bool last;
    int rc = enter (handle, &t);

    if (rc < 0)
        return rc;
    t->runners++;
    while (!t->closed && (first = zc_heap_first (&t->heap)) && first->at <= now)
        run_first (t, now);
    last = --t->runners == 0 && t->closed;
    zc_mutex_unlock (&t->slot->mu);
    if (last)
        timers_free (t);
    return 0;
}

int zc_timers_close (void *handle)
{
    struct timers *t;
    bool last;
    int rc = enter (handle, &t);

    if (rc == -ZCFFI_EFORKED)
        return 0; /* the parent's, and its lock may be held by a thread that is not here */
    if (rc < 0)
        return rc;
    zc_handle_retire (t->slot, ZC_KIND_FREE);
    t->closed = true;
    last = t->runners == 0;
    zc_mutex_unlock (&t->slot->mu);
    if (last)
        timers_free (t);
    return 0;
}
