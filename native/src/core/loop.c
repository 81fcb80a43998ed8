#include "core/loop.h"

#include <errno.h>
#include "base/alloc.h"
#include "base/msg.h"
#include "core/self.h"
#include "os/clock.h"

enum
{
    EVENTS = 64
};
#define KICK_SLACK (20 * ZC_US) /* a wake-up that much later than asked for is not worth a kick */
#define NONE UINT32_MAX
#define KEEP (1000 * ZC_MS) /* what is kept and not used is let go by then or twice that */

struct zc_watch_slot
{
    struct zc_watch *watch; /* NULL: free */
    uint32_t gen, next_free;
};

struct zc_loop *zc_loop_ref (struct zc_loop *l)
{
    atomic_fetch_add_explicit (&l->refs, 1, memory_order_relaxed);
    return l;
}

void zc_loop_unref (struct zc_loop *l)
{
    /* The release pairs with the acquire of whoever drops the last reference and frees. */
    if (atomic_fetch_sub_explicit (&l->refs, 1, memory_order_acq_rel) != 1)
        return;
    zc_poller_close (&l->poller);
    zc_wake_close (&l->kick);
    zc_heap_close (&l->alarms);
    zc_mutex_close (&l->mu);
    zc_free (l->watches);
    zc_free (l);
}

void zc_loop_wake (struct zc_loop *l)
{
    zc_wake_raise (&l->kick);
}

/* Wakes the thread once the caller holds no lock; at once where there is no memory to remember it. */
static void kick_later (struct zc_loop *l)
{
    struct zc_self *self = zc_self ();
    if (self)
        zc_self_kick (self, l);
    else
        zc_loop_wake (l);
}

/* Under l->mu: true when the thread sleeps beyond `when` and must be kicked; it counts as awake from now on. */
static bool must_kick (struct zc_loop *l, uint64_t when)
{
    if (!l->sleeps_until || (when && when + KICK_SLACK >= l->sleeps_until))
        return false;
    l->sleeps_until = 0;
    return true;
}

void zc_loop_post (struct zc_loop *l, struct zc_task *t)
{
    t->next = NULL;
    zc_mutex_lock (&l->mu);
    *l->tasks_end = t;
    l->tasks_end = &t->next;
    bool kick = must_kick (l, 0);
    zc_mutex_unlock (&l->mu);
    if (kick)
        kick_later (l);
}

void zc_loop_tick (struct zc_loop *l, struct zc_tick *t, bool is_new, uint64_t when)
{
    zc_mutex_lock (&l->mu);
    if (is_new) {
        t->next = l->ticks;
        l->ticks = t;
    }
    if (when < l->asked)
        l->asked = when;
    bool kick = must_kick (l, when);
    zc_mutex_unlock (&l->mu);
    if (kick)
        kick_later (l);
}

/* ---- the thread ---- */

void zc_loop_drop (struct zc_loop *l, struct zc_task *t)
{
    for (struct zc_task **at = &l->running; *at; at = &(*at)->next)
        if (*at == t) {
            *at = t->next;
            return;
        }
    zc_mutex_lock (&l->mu);
    for (struct zc_task **at = &l->tasks; *at; at = &(*at)->next) {
        if (*at != t)
            continue;
        *at = t->next;
        if (l->tasks_end == &t->next)
            l->tasks_end = at;
        break;
    }
    zc_mutex_unlock (&l->mu);
}

int zc_loop_alarm (struct zc_loop *l, struct zc_alarm *a, uint64_t at)
{
    return zc_heap_set (&l->alarms, &a->timer, at);
}

void zc_loop_alarm_off (struct zc_loop *l, struct zc_alarm *a)
{
    zc_heap_cut (&l->alarms, &a->timer);
}

static int place_new (struct zc_loop *l, uint32_t *index)
{
    if (l->watch_free == NONE) {
        uint32_t n = l->watch_count ? l->watch_count * 2 : 16;
        struct zc_watch_slot *s = zc_realloc (l->watches, n * sizeof *s);
        if (!s)
            return -ENOMEM;
        for (uint32_t i = n; i-- > l->watch_count;) {
            s[i].watch = NULL;
            s[i].gen = 0;
            s[i].next_free = l->watch_free;
            l->watch_free = i;
        }
        l->watches = s;
        l->watch_count = n;
    }
    *index = l->watch_free;
    l->watch_free = l->watches[*index].next_free;
    return 0;
}

int zc_loop_watch (struct zc_loop *l, struct zc_watch *w, int fd, unsigned events)
{
    uint32_t i;
    int rc = place_new (l, &i);

    w->fd = -1;
    if (rc < 0)
        return rc;
    struct zc_watch_slot *s = &l->watches[i];
    s->watch = w;
    s->gen++;
    w->index = i;
    w->gen = s->gen & 0x3fffffff;
    w->fd = fd;
    w->events = events;
    if (events)
        rc = zc_poller_add (&l->poller, fd, events, zc_tag (ZC_TAG_WATCH, w->index, w->gen));
    if (rc < 0) {
        w->events = 0;
        zc_loop_unwatch (l, w);
    }
    return rc;
}

int zc_loop_watch_mod (struct zc_loop *l, struct zc_watch *w, unsigned events)
{
    uint64_t tag = zc_tag (ZC_TAG_WATCH, w->index, w->gen);
    int rc = 0;

    if (events == w->events && !(events & ZC_POLL_ONCE))
        return 0;
    if (w->events && events)
        rc = zc_poller_mod (&l->poller, w->fd, events, tag);
    else if (events)
        rc = zc_poller_add (&l->poller, w->fd, events, tag);
    else if (w->events)
        rc = zc_poller_del (&l->poller, w->fd);
    if (rc == 0)
        w->events = events;
    return rc;
}

void zc_loop_unwatch (struct zc_loop *l, struct zc_watch *w)
{
    if (w->fd < 0)
        return;
    if (w->events)
        zc_poller_del (&l->poller, w->fd);
    l->watches[w->index].watch = NULL;
    l->watches[w->index].next_free = l->watch_free;
    l->watch_free = w->index;
    w->fd = -1;
    w->events = 0;
}

static void dispatch (struct zc_loop *l, const struct zc_poll_event *e)
{
    uint32_t index = (uint32_t)e->tag, gen = (uint32_t)(e->tag >> 32) & 0x3fffffff;

    switch (e->tag >> 62) {
    case ZC_TAG_KICK:
        zc_wake_clear (&l->kick);
        break;
    case ZC_TAG_HUB:
        l->set_ready (index, gen);
        break;
    default:
        if (index < l->watch_count && l->watches[index].watch && (l->watches[index].gen & 0x3fffffff) == gen)
            l->watches[index].watch->fn (l->watches[index].watch, e->events);
    }
}

static void run_alarms (struct zc_loop *l)
{
    struct zc_timer *t;
    uint64_t now = zc_now ();

    while ((t = zc_heap_first (&l->alarms)) && t->at <= now) {
        zc_heap_cut (&l->alarms, t);
        ((struct zc_alarm *)(void *)t)->fn ((struct zc_alarm *)(void *)t);
    }
}

/* Asks every tick; drops those that want no more. Returns the earliest time one wants to be asked again. */
static uint64_t run_ticks (struct zc_tick **list)
{
    uint64_t next = ZC_NEVER;

    while (*list) {
        struct zc_tick *t = *list, *after = t->next;
        uint64_t again = t->fn (t);
        if (!again) {
            *list = after; /* t may be gone */
            continue;
        }
        if (again < next)
            next = again;
        list = &t->next;
    }
    return next;
}

/* ---- huge pieces of memory (base/piece.h) that are kept for the next message ---- */

static void keep_on (struct zc_loop *l)
{
    l->is_keeping = zc_loop_alarm (l, &l->keeper, zc_now () + KEEP) == 0;
    if (!l->is_keeping)
        zc_pieces_shut (); /* no memory to remember it */
}

static void let_go (struct zc_alarm *a)
{
    struct zc_loop *l = (void *)((char *)a - offsetof (struct zc_loop, keeper));

    l->is_keeping = false;
    if (!zc_pieces_let_go ())
        keep_on (l);
}

static void join_ticks (struct zc_tick **mine, struct zc_tick *fresh)
{
    while (fresh) {
        struct zc_tick *t = fresh;
        fresh = t->next;
        t->next = *mine;
        *mine = t;
    }
}

static void loop_main (void *arg)
{
    struct zc_loop *l = arg;
    struct zc_self *self;
    struct zc_tick *mine = NULL;
    struct zc_poll_event ev[EVENTS];
    bool stop = false;

    while (!(self = zc_self ()))
        zc_thread_sleep_ms (1); /* no memory for a hundred bytes: the thread begins when there is some */
    self->is_io = true;
    while (!stop) {
        zc_mutex_lock (&l->mu);
        l->running = l->tasks;
        struct zc_tick *fresh = l->ticks;
        l->tasks = NULL;
        l->tasks_end = &l->tasks;
        l->ticks = NULL;
        l->asked = ZC_NEVER;
        stop = l->stop;
        zc_mutex_unlock (&l->mu);

        while (l->running) {
            struct zc_task *t = l->running;
            l->running = t->next;
            t->fn (t);
        }
        join_ticks (&mine, fresh);
        uint64_t next = run_ticks (&mine);
        run_alarms (l);
        zc_self_run (self);
        zc_msg_run_late ();
        if (zc_pieces_are_open () && !l->is_keeping)
            keep_on (l);

        struct zc_timer *first = zc_heap_first (&l->alarms);
        if (first && first->at < next)
            next = first->at;
        uint64_t now = zc_now ();
        zc_mutex_lock (&l->mu);
        if (l->asked < next)
            next = l->asked;
        if (l->tasks || l->ticks || l->stop)
            next = 0;
        l->sleeps_until = next <= now ? 0 : next;
        zc_mutex_unlock (&l->mu);
        atomic_fetch_add_explicit (&l->turns, 1, memory_order_relaxed);

        int64_t wait = next <= now ? 0 : next == ZC_NEVER ? -1 : (int64_t)(next - now);
        int n = stop ? 0 : zc_poller_wait (&l->poller, ev, EVENTS, wait);
        zc_mutex_lock (&l->mu);
        l->sleeps_until = 0;
        zc_mutex_unlock (&l->mu);
        for (int i = 0; i < n; i++) {
            dispatch (l, &ev[i]);
            zc_self_run (self);
        }
        zc_msg_run_late ();
    }
    if (l->is_keeping)
        zc_pieces_shut ();
    zc_loop_unref (l);
}

int zc_loop_start (struct zc_loop **out, const struct zc_poller_ops *ops, const struct zc_thread_tune *tune,
                   void (*set_ready) (uint32_t index, uint32_t gen))
{
    struct zc_loop *l = zc_calloc (1, sizeof *l);
    if (!l)
        return -ENOMEM;
    atomic_init (&l->refs, 2); /* the owner's and the thread's */
    zc_mutex_init (&l->mu);
    zc_heap_init (&l->alarms);
    l->kick = (struct zc_wake)ZC_WAKE_INIT;
    l->poller.fd = -1;
    l->tasks_end = &l->tasks;
    l->watch_free = NONE;
    l->asked = ZC_NEVER;
    l->set_ready = set_ready;
    l->keeper.fn = let_go;

    int rc = zc_poller_open (&l->poller, ops);
    if (rc == 0)
        rc = zc_wake_open (&l->kick);
    if (rc == 0)
        rc = zc_poller_add (&l->poller, l->kick.fd, ZC_POLL_IN, zc_tag (ZC_TAG_KICK, 0, 0));
    if (rc == 0)
        rc = zc_thread_start (&l->thread, loop_main, l, tune);
    if (rc < 0) {
        zc_loop_unref (l);
        zc_loop_unref (l);
        return rc;
    }
    *out = l;
    return 0;
}

void zc_loop_stop (struct zc_loop **l)
{
    zc_mutex_lock (&(*l)->mu);
    (*l)->stop = true;
    zc_mutex_unlock (&(*l)->mu);
    zc_loop_wake (*l);
    zc_thread_join (&(*l)->thread);
    zc_loop_unref (*l);
    *l = NULL;
}

void zc_loop_abandon (struct zc_loop **l)
{
    zc_poller_close (&(*l)->poller);
    zc_wake_close (&(*l)->kick);
    *l = NULL; /* the rest stays: its lock may be held by a thread that is not here */
}
