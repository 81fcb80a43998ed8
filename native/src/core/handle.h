/* Handles: a number in a pointer's clothes, index and generation into slots that are never unmapped. A stale, closed or
 * foreign handle finds a slot of another generation, or none: an error, never a crash.
 *
 * The slot's lock is its object's lock. An object made before a fork is told by its epoch, read before the lock is
 * taken (a thread that is gone in the child may have held it). */
#ifndef ZC_CORE_HANDLE_H
#define ZC_CORE_HANDLE_H

#include <stdatomic.h>
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
/* Finds and locks the slot of a live object of this kind. FORKED: it exists, made before the fork; *out is set, not locked. */
int zc_handle_enter (const void *handle, enum zc_kind, struct zc_slot **out);
/* The slot of an event tag: index as the tag has it; NULL: never existed. Lock it and compare gen. */
struct zc_slot *zc_handle_slot (uint32_t index);

#endif
