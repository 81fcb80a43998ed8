/* An I/O thread: a poller, timers, tasks that other threads leave, and the hubs it watches (bursts to write, idle roles to
 * take back, sockets to close). It sleeps without a timeout when nothing is due. */
#ifndef ZC_CORE_LOOP_H
#define ZC_CORE_LOOP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/heap.h"
#include "os/poller.h"
#include "os/thread.h"
#include "os/wake.h"

/* Something to do on the loop's thread, once. Intrusive; fn may free it. */
struct zc_task
{
    void (*fn) (struct zc_task *);
    struct zc_task *next;
};

/* Something to do at a time, on the loop's thread. */
struct zc_alarm
{
    struct zc_timer timer; /* first: the heap's */
    void (*fn) (struct zc_alarm *);
};

/* Something that wants to be looked at from time to time (a hub with a burst to write, an idle role, a close to finish). */
struct zc_tick
{
    uint64_t (*fn) (
        struct zc_tick
            *); /* on the loop's thread; returns when again (1: at once), 0: no more, and may free it */
    struct zc_tick *next;
    uint64_t at;
};

/* A descriptor the loop's own thread handles. The tag changes with every use of its place, so late events miss. */
struct zc_watch
{
    void (*fn) (struct zc_watch *, unsigned events); /* on the loop's thread */
    uint32_t index, gen;
    int fd;          /* -1: no place */
    unsigned events; /* asked for in the poller, 0: not there; once: may be spent */
};

struct zc_loop
{
    _Atomic int refs;
    struct zc_thread thread;
    struct zc_poller poller;
    struct zc_wake kick;
    struct zc_heap alarms;         /* loop thread only */
    struct zc_alarm keeper;        /* loop thread only: lets huge pieces of memory go */
    bool is_keeping;               /* loop thread only: it is set */
    struct zc_watch_slot *watches; /* loop thread only */
    uint32_t watch_count, watch_free;
    _Atomic int load; /* endpoints and links here, for the choice of a thread */
    zc_mutex mu;      /* guards what follows; a leaf */
    struct zc_task *tasks, **tasks_end;
    struct zc_task *running; /* loop thread only: those taken and not yet run */
    struct zc_tick *ticks;   /* newly asked for */
    uint64_t sleeps_until;   /* 0: awake */
    uint64_t asked;          /* earliest tick asked for while awake */
    bool stop;
    void (*set_ready) (uint32_t index, uint32_t gen); /* a hub's set reported: what the driver does then */
    _Atomic uint64_t turns; /* for tests and for who wants to see that idle is idle */
};

struct zc_thread_tune;

/* 0, -EMFILE, -ENFILE, -ENOMEM, -EAGAIN (no thread). */
int zc_loop_start (struct zc_loop **out, const struct zc_poller_ops *, const struct zc_thread_tune *,
                   void (*set_ready) (uint32_t index, uint32_t gen));
/* Ends the thread and lets go. Not from the loop's own thread. Tasks that are left are run first. */
void zc_loop_stop (struct zc_loop **);
struct zc_loop *zc_loop_ref (struct zc_loop *);
void zc_loop_unref (struct zc_loop *);
void zc_loop_wake (struct zc_loop *);
/* In a forked child: the thread does not exist; closes the descriptors. */
void zc_loop_abandon (struct zc_loop **);

/* Any thread, under any lock. */
void zc_loop_post (struct zc_loop *, struct zc_task *);
/* Has t->fn called at `when` (0: now). is_new: t is not being ticked yet (its owner knows, under its own lock). The owner's lock is
 * held; a kick may go on the thread's list. */
void zc_loop_tick (struct zc_loop *, struct zc_tick *t, bool is_new, uint64_t when);

/* Loop thread only, all of these. */
int zc_loop_alarm (struct zc_loop *, struct zc_alarm *, uint64_t at); /* sets or moves; 0, -ENOMEM */
void zc_loop_alarm_off (struct zc_loop *, struct zc_alarm *);
/* Gives w a place and a tag; events 0: not in the poller yet. 0 or negative, then w->fd is -1. */
int zc_loop_watch (struct zc_loop *, struct zc_watch *, int fd, unsigned events);
int zc_loop_watch_mod (struct zc_loop *, struct zc_watch *, unsigned events);
/* A task that may have been posted is not run any more. */
void zc_loop_drop (struct zc_loop *, struct zc_task *);
/* Takes the descriptor out; the place is free again. Twice is fine. */
void zc_loop_unwatch (struct zc_loop *, struct zc_watch *);

/* Tags of the poller: what a report is about. */
enum zc_tag_kind
{
    ZC_TAG_KICK,
    ZC_TAG_WATCH, /* index and generation of a watch */
    ZC_TAG_HUB    /* index and generation of a hub's slot: its set has something */
};
static inline uint64_t zc_tag (enum zc_tag_kind kind, uint32_t index, uint32_t gen)
{
    return (uint64_t)kind << 62 | (uint64_t)(gen & 0x3fffffff) << 32 | index;
}

#endif
