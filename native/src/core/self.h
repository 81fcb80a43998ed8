/* What the core keeps for each thread: what to do once its locks are dropped (wake sleepers, kick I/O threads, run the
 * program's free functions), the chunk it reads into, and whether looking again pays for it. Only its own thread touches it. */
#ifndef ZC_CORE_SELF_H
#define ZC_CORE_SELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/chunk.h"
#include "os/park.h"

#define ZC_READ_CHUNK 131072u /* bytes of the chunk a thread reads into */

struct zc_loop;
struct zc_slot;

enum
{
    ZC_SELF_WAKES = 16,
    ZC_SELF_KICKS = 4
};

struct zc_self
{
    struct zc_parker *parker;
    struct zc_parker *wakes[ZC_SELF_WAKES];
    int wake_count;
    struct zc_loop *kicks[ZC_SELF_KICKS]; /* a reference each */
    int kick_count;
    struct zc_chunk *chunk; /* NULL until the thread first reads */
    uint32_t chunk_used;
    uint64_t wrote_at;     /* when this thread last wrote to a link, any socket's */
    unsigned writes;       /* since it last waited or paused: see core/writer.c */
    unsigned held;         /* sockets it has begun to gather for since then */
    struct zc_slot *owes;  /* of the socket for which it gathered last and may not have written; NULL: none */
    bool is_pausing;       /* giving the CPU away came back late: sleep instead of looking again, */
    uint64_t paused_until; /* until then (the last pause's end, when it is over) */
    uint64_t pause;        /* its length */
    bool is_io;
};

/* In the library's own block of thread-local memory: reading it takes no call. */
extern _Thread_local struct zc_self *zc_self_mine __attribute__ ((tls_model ("initial-exec")));
struct zc_self *zc_self_new (void);
/* The calling thread's; NULL: no memory. */
static inline struct zc_self *zc_self (void)
{
    struct zc_self *s = zc_self_mine;
    return s ? s : zc_self_new ();
}
/* Once, before the first object. 0 or negative. */
int zc_self_setup (void);
/* To be woken when the thread drops its lock. */
void zc_self_wake (struct zc_self *, struct zc_parker *);
void zc_self_kick (struct zc_self *, struct zc_loop *);
/* After every unlock: does what was put off. */
void zc_self_run (struct zc_self *);
static inline bool zc_self_has_work (const struct zc_self *s)
{
    return (s->wake_count | s->kick_count) != 0;
}
/* Gives the CPU away once. *now: the time before, and then after. False when it came back so late that looking again must stop for a
 * while. */
bool zc_self_give_way (struct zc_self *, uint64_t *now);

#endif
