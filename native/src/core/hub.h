/* The lower half of a socket: its one lock, its pipes, the set of its links, who drives them, who sleeps, its mail. The
 * upper half (sock/) is the pattern. Everything here is under the hub's lock unless it says otherwise; the lock is held
 * for nanoseconds, never over a system call (the exceptions are named in driver.c and links.c), never while anything foreign runs.
 *
 * Lock order: hub, then leaves: channel, name table, mail, loop. Never two hubs. */
#ifndef ZC_CORE_HUB_H
#define ZC_CORE_HUB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/frames.h"
#include "base/sheet.h"
#include "core/handle.h"
#include "core/loop.h"
#include "core/self.h"
#include "os/poller.h"

struct zc_ctx;
struct zc_hub;
struct zc_pipe;
struct zc_link;
struct zc_chan;
struct zc_monitor;

/* ---- pipes: one peer as the pattern sees it ---- */

enum /* news in a pipe's mail */
{
    ZC_NEWS_NEW = 1,    /* a peer inside the process has connected */
    ZC_NEWS_IN = 2,     /* messages arrived */
    ZC_NEWS_OUT = 4,    /* room came back */
    ZC_NEWS_GONE = 8,   /* the peer has left */
    ZC_NEWS_BOUND = 16, /* the name we connected to is bound now */
    ZC_NEWS_LIMITS = 32 /* the peer's limits have changed */
};

struct zc_pipe
{
    struct zc_hub *hub;
    struct zc_pipe *next, *prev; /* all pipes of the hub */
    /* in */
    struct zc_frames in; /* whole messages only */
    uint32_t in_msgs;
    bool
        is_avail; /* on hub->avail: has messages, or may have: a peer inside the process was not asked to tell */
    struct zc_pipe *avail_next;
    /* out, to a connection: framed bytes; out->msgs against hub->sndhwm. To a peer in this process: see chan */
    struct zc_outq out;
    struct zc_msg slot; /* CONFLATE: the one message that waits; kind CLOSED: none */
    int act;            /* place in hub->act (may take a message), -1: full, or not for sending */
    bool is_dirty;      /* on hub->dirty: bytes to write, link free and not blocked */
    struct zc_pipe *dirty_next;
    struct zc_link *link;      /* the live connection, NULL between connections */
    struct zc_chan *chan;      /* inproc: the meeting place, NULL for links */
    int side;                  /* ours in chan */
    uint32_t popped, tell_at;  /* inproc: messages read; at how many to see whether the writer waits */
    unsigned news;             /* under the mail's lock */
    struct zc_pipe *mail_next; /* under the mail's lock */
    unsigned opened;           /* news that were taken out of the mail and not yet heeded */
    struct zc_pipe *opened_next;
    /* who */
    struct zc_meta *meta; /* of the live or last connection; NULL: none */
    uint8_t *peer_id;     /* routing id the peer told, owned; NULL: empty */
    size_t peer_id_size;
    uint32_t number;   /* dense, unique among the hub's live pipes (for zc_subs) */
    uint8_t peer_type; /* ZMQ_*, 255 unknown */
    bool is_up;        /* connected and READY (inproc: always) */
    bool is_ending;    /* the peer is gone for good: what is in `in` may still be read */
    bool is_leaving;   /* disconnected by us: goes once its queue is written, or at leave_at */
    bool has_out;      /* takes part in hub->act */
    bool is_full_told; /* messages for it are dropped since it is full, and an event said so */
    uint64_t leave_at;
    void (*on_left) (
        struct zc_pipe *); /* its endpoint is told that it went (leaving or killed); may be NULL */
    void *dialer;          /* link's: who on_left tells */
    void *endpoint;        /* sock's: the endpoint that made it, or NULL (accepted: the listener's) */
    /* the pattern's own, zero at first, freed by the pattern in detach */
    uint8_t *id; /* ROUTER: the name it goes by */
    size_t id_size;
    uint64_t mark;
    void *state;
};

/* ---- sleepers ---- */

struct zc_sleeper
{
    struct zc_sleeper *next, *prev;
    struct zc_parker *parker;
    struct zc_hub *parked; /* the hub on whose set it is parked, NULL: woken by its parker */
    bool queued, token;    /* token: chosen to be woken; it owes a pass_on */
};
struct zc_sleepers
{
    struct zc_sleeper *head, *tail;
    int waking;
};

/* ---- what the pattern does when the lower half finds something (all under the lock, never block, never call back but
 * through the functions below) ---- */
struct zc_hub_ops
{
    /* A pipe exists from now on. It is not up yet unless pipe->is_up. */
    void (*attach) (struct zc_hub *, struct zc_pipe *);
    /* Its connection is READY: peer_id, peer_type, meta are known. Called after attach. */
    void (*up) (struct zc_hub *, struct zc_pipe *);
    /* The connection is lost; the pipe waits for the next one (a connecting endpoint's), or ends (then `ending` follows). */
    void (*down) (struct zc_hub *, struct zc_pipe *);
    /* The peer is gone for good and takes no more messages; what it sent may still be read. After down, before detach. NULL: none. */
    void (*ending) (struct zc_hub *, struct zc_pipe *);
    /* The pipe goes (after down if it was up); in is empty or will be dropped. */
    void (*detach) (struct zc_hub *, struct zc_pipe *);
    /* Messages were added to pipe->in. The pattern may consume some here (subscriptions); what it leaves is read later. NULL: none. */
    void (*input) (struct zc_hub *, struct zc_pipe *);
    /* input must see each message soon, whether or not anybody receives (subscriptions). */
    bool input_is_urgent;
    /* True when a message that recv would return is there. May drop what it would never return. As recv it must ask zc_hub_next_in,
     * even if it knows the pipe: a peer inside the process is only found to have written by looking. */
    bool (*can_recv) (struct zc_hub *);
    bool (*can_send) (struct zc_hub *);
    /* A message may be for one peer alone, so that room at one says nothing to a sender that waits for another. */
    bool picks_peer;
};

enum zc_role
{
    ZC_ROLE_IO,     /* nobody's: the set is armed, or its event is on the way */
    ZC_ROLE_IOBUSY, /* the I/O thread reads */
    ZC_ROLE_IDLE,   /* an application thread's, outside calls; anyone may take it */
    ZC_ROLE_BUSY,   /* an application thread looks or reads */
    ZC_ROLE_PARKED  /* an application thread sleeps on the set */
};

enum zc_hub_state
{
    ZC_HUB_OPEN,
    ZC_HUB_STOPPED, /* the context is shutting down: calls give ETERM, close still works */
    ZC_HUB_CLOSING, /* the handle is gone; lingering */
    ZC_HUB_DONE     /* nothing left to do; the last call inside frees it */
};

struct zc_mail
{
    zc_mutex mu;
    struct zc_pipe *first, **end; /* pipes with news */
    _Atomic bool has;             /* first is not NULL; read without the lock as a hint */
    int raise_fd;                 /* the exported descriptor's event, -1: none */
    bool is_raised;
    struct zc_sleepers sleepers; /* of the hub, to be told when mail comes */
    bool is_closed;
};

struct zc_hub
{
    struct zc_slot *slot; /* its lock is ours */
    void *handle;
    struct zc_ctx *ctx;
    struct zc_hub *ctx_next, *ctx_prev; /* under the context's lock */
    const struct zc_hub_ops *ops;
    void *sock; /* the upper half */
    enum zc_hub_state state;
    int refs; /* calls inside, links and endpoints alive */
    int type;
    /* limits, from the options */
    uint32_t sndhwm, rcvhwm;    /* 0: none */
    bool conflate, conflate_in; /* one message per pipe: going out; coming in (not subscriptions) */
    int linger_ms;              /* -1: for ever */
    bool discard;               /* incoming messages are dropped (closing) */
    uint64_t look_again;        /* ns; 0: sleep at once */
    uint64_t dropped;           /* messages, for ZCFFI_DROPPED */
    /* pipes */
    struct zc_pipe *pipes;
    uint32_t pipe_count, pipe_cap; /* cap: room in numbers and act */
    uint32_t *numbers;             /* free list of pipe numbers */
    uint32_t numbers_free, numbers_made;
    struct zc_pipe *avail_head, *avail_tail;
    struct zc_pipe **act; /* those that can take a message */
    int act_count, rr;
    bool resume; /* room came back to a paused link: somebody must look */
    /* links and their set */
    struct zc_loop *loop; /* NULL until the first endpoint that needs one */
    struct zc_poller set; /* ops NULL: not open (no links yet, or the backend does not nest) */
    struct zc_wake set_wake;
    _Atomic bool is_set_woken; /* set_wake was raised and not cleared */
    bool has_set, is_armed;
    struct zc_link **links;
    uint32_t link_cap, link_live, link_hint, sole;
    uint32_t set_gen;
    struct zc_link *ready_head, *ready_tail; /* the kernel has more for them */
    /* the exported descriptor */
    struct zc_poller f;
    struct zc_wake f_event;
    bool has_f;
    uint64_t grace_at;
    /* role */
    enum zc_role role;
    bool is_ticking, tick_asked;
    uint64_t tick_due; /* while is_ticking: when at the latest */
    struct zc_tick tick;
    uint64_t looked_at;
    unsigned fresh_ticks; /* ticks in a row that found the role's owner at work */
    unsigned pops;
    unsigned taken, taken_before; /* messages that were received; and before the last wait */
    int fruitless, skip;
    int nearly; /* answers that came soon after the time of looking again was over */
    /* out */
    struct zc_pipe *dirty_head, *dirty_tail;
    int dirty_count;
    size_t unsent;
    bool is_behind;           /* a pipe was full for the message at hand: its sender helps to write */
    struct zc_pipe *large_to; /* what was put there last is to be written at once (zc_driver_write_large) */
    unsigned gathered;
    bool is_sweeping, is_burst,
        has_swept,                  /* has_swept: the I/O thread has just done, and looks again unasked */
        has_gathered;               /* has_gathered: a call left something since the last tick of the burst */
    unsigned ticked_at, idle_ticks, /* in a row in a burst, with nothing to write */
        brisk_ticks;   /* gathered at the last tick of a burst; such ticks that found a quick worker */
    bool is_held_back; /* gathered because messages waited to be received */
    uint64_t first_at, wrote_at;
    uint64_t write_cost; /* ns a write took lately: gathering for less would be all writing */
    struct zc_sleepers in, out;
    uint64_t linger_at; /* CLOSING: when to give up */
    int leaving;        /* pipes that go once their queue is written (disconnect) */
    void (*on_done) (
        struct zc_hub
            *); /* lingering is over: endpoints are to end. Under the lock, on the I/O thread if there is one */
    void (*on_free) (
        struct zc_hub *); /* nothing refers to the hub any more: frees the upper half. Without the lock */
    struct zc_mail mail;
    struct zc_pipe *opened; /* mail being read */
    struct zc_monitor *monitor;
};

/* ---- the lock ---- */
static inline void zc_hub_lock (struct zc_hub *h)
{
    zc_mutex_lock (&h->slot->mu);
}
/* Unlocks and does what was put off meanwhile. */
static inline void zc_hub_unlock (struct zc_hub *h)
{
    struct zc_self *self = zc_self_mine; /* whoever has locked has one */
    zc_mutex_unlock (&h->slot->mu);
    if (zc_self_has_work (self))
        zc_self_run (self);
}

/* ---- for the pattern (sock/), under the lock ---- */

/* The next pipe with a whole message, fair: it stays first until zc_hub_message_done. NULL: none. */
struct zc_pipe *zc_hub_refill (struct zc_hub *);
static inline struct zc_pipe *zc_hub_next_in (struct zc_hub *h)
{
    struct zc_pipe *p = h->avail_head;
    return p && !p->in_msgs ? zc_hub_refill (h) : p;
}
/* A whole message was taken out of p->in (p is the pipe zc_hub_next_in gave, or any other with messages): counts, credits,
 * moves p behind the others. p may be gone afterwards. */
void zc_hub_message_done (struct zc_hub *h, struct zc_pipe *p);
/* Moves p behind the others although its message stays (a pattern that must look at another first). */
void zc_hub_rotate_in (struct zc_hub *h);

/* Pipes that can take a message are h->act[0 .. act_count), in no particular order but for h->rr, the round-robin place. */
static inline struct zc_pipe *zc_hub_next_out (struct zc_hub *h)
{
    return h->act_count ? h->act[h->rr < h->act_count ? h->rr : 0] : NULL;
}
/* After a message went to the pipe at rr: on to the next. */
static inline void zc_hub_rotate_out (struct zc_hub *h)
{
    if (++h->rr >= h->act_count)
        h->rr = 0;
}
static inline bool zc_pipe_can_put (const struct zc_pipe *p)
{
    return p->act >= 0;
}
/* Whether p takes part in h->act at all (attach: a pattern that sends calls this; a PULL never does). */
void zc_pipe_open_out (struct zc_pipe *p);
void zc_pipe_close_out (struct zc_pipe *p); /* no more messages to it; what is queued still goes */
/* Puts a whole message (copies or counts references; the parts stay the caller's). 0; -EAGAIN: full (force: goes over
 * the mark instead); -ENOMEM; -EPIPE: the peer is gone. Large parts may be left where they lie: h->large_to. */
int zc_pipe_put (struct zc_pipe *p, struct zc_msg *parts, size_t count, bool force);
/* The same for what was written on a sheet last, into a pipe that leads to a connection, of a hub that does not conflate. */
int zc_pipe_put_sheet (struct zc_pipe *p, const struct zc_sheet *);
/* (Un)subscribes at the peer. The topic travels outside the limits and before later messages. 0, -ENOMEM. */
int zc_pipe_subscribe (struct zc_pipe *p, bool cancel, const uint8_t *topic, size_t n);
/* Ends the connection of p with this reason (negative errno; see zc_event_refused); the pipe goes. For want of memory (-ENOMEM) the
 * pipe of a connecting endpoint stays: that connection is lost, and comes again. */
void zc_pipe_kill (struct zc_pipe *p, int error, uint32_t code, const char *why);
/* Ends p itself for good (unbind, disconnect, a second peer of a PAIR). linger: what is queued out may still go. */
void zc_pipe_end (struct zc_pipe *p);

#endif
