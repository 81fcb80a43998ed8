/* The driver: who waits for a hub's links, who reads, who writes. Its rules, and what guards each: native/tests/model/README.md.
 *
 * ROLE, per hub: the right to read its links. "The caller" is an application thread inside a call.
 *
 *   state   who                        leaves to
 *   IO      nobody: the set is armed,  IOBUSY (event, tick); BUSY (a caller takes it; no system call)
 *           or its event on the way
 *   IOBUSY  the I/O thread reads       IO, armed again; passes on to a sleeper
 *   BUSY    a caller looks or reads    PARKED; IDLE; IO and armed if it slept long or links are left ready
 *   PARKED  asleep on the set,         BUSY (data, wake, deadline, signal)
 *           disarmed
 *   IDLE    its owner is outside       BUSY (anyone); IO and armed after 2 ms without a look (tick; up to 16 if there were always looks)
 *
 * OUT, per link: free -> held (somebody writes, without the lock) -> free; then dirty again, blocked on the kernel, or dead.
 * Nothing is stored as "pending": whoever lets go looks at what lies there. A pipe is on the dirty list exactly if it has
 * bytes, its link is free and not blocked. Blocked output belongs to the I/O thread. Nobody drops the lock while pipes are
 * dirty unless the I/O thread was told (burst or sweep).
 *
 * A link dies once: marked under the lock; when it is neither read nor written its I/O thread is told, which takes it out
 * of every poller, closes it and tells its owner. Links are edge-triggered in the set, and kept on a list while the
 * kernel may have more. The set is made when somebody first waits for input. Before that, and where pollers do not nest (or no
 * descriptor is left for a set), the links are in the I/O thread's own poller, one-shot, and only it reads. */
#ifndef ZC_CORE_DRIVER_H
#define ZC_CORE_DRIVER_H

#include "core/hub.h"
#include "wire/wire.h"

/* Bytes that grow at their end and leave at their start. */
struct zc_bytes
{
    uint8_t *p;
    size_t start, end, cap;
};

/* What one read of a link gave. Owned by whoever has the role until it is settled under the lock. */
struct zc_intake
{
    struct zc_frames fresh; /* whole messages, in order */
    uint32_t msgs;
    bool
        hung_up; /* given: the peer has, or a write failed: the end of the input is to be found by reading on */
    bool more;   /* the kernel may have more: read again */
    bool heard; /* bytes arrived */
    bool
        keeps_pieces; /* huge pieces of memory are kept from now on (base/piece.h): the loop is to see to it */
    struct zc_bytes answers; /* commands to send back: PONGs */
    bool has_ttl;
    uint16_t ttl; /* of the last PING */
    int error;    /* negative: the link is to be closed; 0 and closed: the peer left */
    bool closed;
    uint32_t code; /* ZMQ_PROTOCOL_ERROR_* or 0 */
    const char *why;
};

struct zc_link_ops
{
    /* Reads once from the kernel and cuts; the caller has the role and not the lock. */
    void (*read) (struct zc_link *, struct zc_intake *);
    /* Queues a subscription in the form this peer understands, as a command. Under the lock. 0, -ENOMEM. */
    int (*subscribe) (struct zc_link *, bool cancel, const uint8_t *topic, size_t n);
    /* On the I/O thread, without the lock, after the link left hub and pollers: close the descriptor, tell the owner, free. */
    void (*gone) (struct zc_link *);
    /* Makes the bytes of the next messages for a peer that does not read ZMTP 2 frames (1.0, raw), into `writing`, and says in
     * writing_bytes how many bytes of the queue those were. NULL: written as they are. */
    void (*encode) (struct zc_link *, const struct zc_outq *, struct zc_bytes *into);
};

struct zc_link
{
    const struct zc_link_ops *ops;
    struct zc_hub *hub;
    struct zc_pipe *pipe;
    struct zc_loop *loop;
    struct zc_watch
        watch; /* its place in the loop: handshake, blocked output, input where pollers do not nest */
    int fd;
    const char *address,
        *remote;         /* of the endpoint, of the peer: for its events; they live as long as the link */
    uint32_t index, gen; /* in hub->links */
    bool is_joined, is_direct, is_reading, is_ready, has_hung_up;
    bool is_held, is_blocked, is_dead, is_gone_posted;
    bool is_over; /* a write failed: no more output, the rest of the input is still read */
    struct zc_parker
        *wanted_by;  /* who takes it as soon as it is not held; as good as held for everybody else */
    uint64_t credit; /* ns: see zc_driver_write_large */
    bool is_stuck;   /* waiting for room brought none: nobody waits for it before some was found */
    struct zc_link *ready_next;
    bool has_input;  /* the handshake has read more than its own: to be set before the join */
    bool wants_in;   /* direct: input is asked for in the loop's poller */
    bool keeps_pipe; /* the pipe outlives this connection (a connecting endpoint will come again) */
    struct zc_bytes commands,
        writing;          /* commands wait for a message's end; writing: what goes out before the queue */
    size_t writing_bytes; /* bytes of the queue that `writing` holds encoded */
    struct zc_beat beat;
    bool has_beat, is_beat_posted;
    struct zc_task beat_task; /* fn set by who owns the alarm: the deadlines have changed */
    int error;                /* why it died */
    uint32_t code;
    const char *why;
    struct zc_task gone_task;
};

/* ---- reading; under the lock, may unlock and lock again: everything known is void after them ---- */

bool zc_driver_take (struct zc_hub *h);
/* Looks at the set (sleeping up to timeout ns, 0 none, -1 for ever) and reads what is ready. Role BUSY or IOBUSY.
 * -EINTR when a signal ended the sleep, else 0. */
int zc_driver_look (struct zc_hub *h, int64_t timeout);
/* Lets go of the role. slept: this call slept long, so the next wait probably will too: the I/O thread watches meanwhile. */
void zc_driver_leave (struct zc_hub *h, bool slept);
/* What every way out of a call does: wake one sleeper if there is something for it. */
void zc_driver_pass_on_some (struct zc_hub *h);
static inline void zc_driver_pass_on (struct zc_hub *h)
{
    if (h->in.head || h->out.head || h->has_f || h->resume)
        zc_driver_pass_on_some (h);
}
/* A thread that was woken and found nothing for itself, before it sleeps on this list again: what there is for the other list is
 * not forgotten. */
void zc_driver_pass_across (struct zc_hub *h, const struct zc_sleepers *list);
/* Links were put on the ready list, or room came back to one: reads them, or tells who has the role. */
void zc_driver_serve (struct zc_hub *h);
/* A write failed: nothing more goes out; what the peer sent before it left is still read, then its end. */
void zc_driver_hung_up (struct zc_hub *h, struct zc_link *l);
/* Whether looking again before sleeping pays now, and what came of it. */
bool zc_driver_may_look (struct zc_hub *h, struct zc_self *self);
/* Whether giving the CPU away brought it back in time lately. */
bool zc_driver_may_yield (struct zc_self *self);
void zc_driver_look_paid (struct zc_hub *h, bool paid);
/* Before the sleeper of a park is queued: earlier wakes of the set are forgotten. */
void zc_driver_prepare_park (struct zc_hub *h);
/* Marks the role PARKED; the set is disarmed in the I/O thread. */
void zc_driver_park (struct zc_hub *h);
/* True when links wait to be read and none of them is paused. */
bool zc_driver_has_ready (const struct zc_hub *h);

/* ---- writing ---- */

/* The pipe has new bytes. */
void zc_driver_dirty (struct zc_hub *h, struct zc_pipe *p);
/* After one message was put: write now, gather, or leave it to the I/O thread. May unlock. */
void zc_driver_sent_some (struct zc_hub *h);
static inline void zc_driver_sent (struct zc_hub *h)
{
    if (h->dirty_count && !h->is_sweeping)
        zc_driver_sent_some (h);
}
/* The message that was put last is large (h->large_to): writes it, lent parts from where they lie, and copies those if the kernel does
 * not take all of it in the time that copying would need. may_wait: the caller may sleep so long. Unlocks. */
void zc_driver_write_large (struct zc_hub *h, bool may_wait);
/* A peer missed the message that was just sent, its queue being full (h->is_behind): before the next one the caller writes the queue that
 * has waited longest. Unlocks. */
void zc_driver_help (struct zc_hub *h);
/* Writes what the caller gathered (about to wait). May unlock. */
void zc_driver_flush (struct zc_hub *h);
/* What this thread gathered for another socket than h (NULL: for any) waits for the end of its burst, while the thread itself is about to
 * wait, perhaps for an answer to it. */
static inline bool zc_driver_owes (const struct zc_hub *h)
{
    const struct zc_slot *owed = zc_self_mine->owes;
    return owed && (!h || owed != h->slot);
}
/* Writes it. Holding no lock. */
void zc_driver_pay (void);
/* Before any unlock that ends a call: nobody leaves dirty pipes that no one is told of. */
void zc_driver_begin_burst (struct zc_hub *h);
static inline void zc_driver_tell (struct zc_hub *h)
{
    if (!h->dirty_count || h->is_sweeping)
        return;
    zc_self_mine->owes = h->slot;
    if (h->is_burst)
        h->has_gathered = true; /* the tick goes on */
    else
        zc_driver_begin_burst (h);
}

/* Writes what one pipe has; it is off the dirty list, its link free. Unlocks. */
void zc_driver_write (struct zc_hub *h, struct zc_pipe *p);
struct zc_pipe *zc_driver_dirty_pop (struct zc_hub *h);
void zc_driver_dirty_cut (struct zc_hub *h, struct zc_pipe *p);
/* If l is dead and nobody reads or writes it: its I/O thread is told. */
void zc_driver_bury (struct zc_link *l);

/* ---- links and ticks ---- */

/* On the link's I/O thread, under the lock: the link is READY and joins the hub. 0 or negative (then it stays the caller's). */
int zc_driver_join (struct zc_hub *h, struct zc_link *l);
/* To be called after the join and the pattern's `up`: reads and writes what waited for it. May unlock. */
void zc_driver_joined (struct zc_hub *h);
/* Asks the loop's poller for what the link waits for (under the lock). */
void zc_driver_arm_link (struct zc_link *l);
/* A hub's tick: zc_hub.tick.fn. */
uint64_t zc_driver_tick (struct zc_tick *);
/* Marks it dead; the rest follows when nobody reads or writes it. */
void zc_driver_kill (struct zc_hub *h, struct zc_link *l, int error, uint32_t code, const char *why);
/* A command goes out at the next message boundary. 0, -ENOMEM. */
int zc_driver_command (struct zc_hub *h, struct zc_link *l, const void *bytes, size_t n);
/* Has the I/O thread look at the hub at `when` (0: now). */
void zc_driver_tick_at (struct zc_hub *h, uint64_t when);
/* The handler of l->watch from the join on. */
void zc_driver_link_event (struct zc_watch *, unsigned events);
/* The handler of a hub's set (zc_loop_start). */
void zc_driver_set_ready (uint32_t index, uint32_t gen);
/* Makes the set if it can be made, when somebody first waits for the links. 0, or negative: no descriptors, or pollers that do not
 * nest; links are then read directly. */
int zc_driver_open_set (struct zc_hub *h);
/* Raises the exported descriptor's event if it is handed out. */
void zc_driver_raise (struct zc_hub *h);
/* Nothing was found: clears it. False: mail had come meanwhile, for which it stays raised without a new edge; the mail was opened, and
 * what was judged empty must be judged again, or a watcher of edges waits for ever. */
bool zc_driver_clear (struct zc_hub *h);

/* ---- sleepers ---- */
/* parked: the hub on whose set it parks, NULL: it sleeps by its parker. */
void zc_sleeper_add (struct zc_sleepers *, struct zc_sleeper *, struct zc_parker *, struct zc_hub *parked);
void zc_sleeper_cut (struct zc_sleepers *, struct zc_sleeper *);
void zc_wake_one (struct zc_sleepers *);
void zc_wake_all (struct zc_sleepers *);
/* Wakes whoever is parked on the set. */
void zc_wake_set (struct zc_hub *);

int zc_bytes_put (struct zc_bytes *, const void *p, size_t n);
uint8_t *zc_bytes_room (struct zc_bytes *, size_t n);
void zc_bytes_free (struct zc_bytes *);
static inline size_t zc_bytes_left (const struct zc_bytes *b)
{
    return b->end - b->start;
}

#endif
