#include "sock/poll.h"

#include <errno.h>
#include "core/close.h"
#include "core/mail.h"
#include "os/clock.h"
#include "sock/sleep.h"
#include "sock/socket.h"

#define FEW 8                    /* items that need no memory */
#define LONG_SLEEP (200 * ZC_US) /* see sock/sleep.c; */
#define ARM_COST (20 * ZC_US)    /* and so much for each socket, for each must be armed and disarmed then */
#define LOOK_EACH                                                                                            \
    2 /* so many sockets are looked at one by one; of more the kernel is asked which to look at */

struct watch
{
    struct zc_sock *s; /* counted in; NULL: a descriptor */
    bool wants_in, wants_out;
    struct zc_wait w;
    struct zc_sleeper in, out, mail;
    bool is_parked;
    bool is_asked; /* the kernel is asked whether its set has anything */
};

struct poll
{
    zmq_pollitem_t *items;
    int count, sockets; /* sockets: those among the items */
    struct watch *watches, few[FEW];
    struct zc_pollfd *fds, few_fds[2 * FEW + 1]; /* the descriptors, then the parked sets, then our own */
    uint64_t deadline, now;                      /* now: of the scan */
    const void *sigmask;
    bool has_fds;
};

/* ---- what is ready ---- */

/* Under the lock: whether the links may be read, and who may read them does. */
static bool may_read (struct watch *x)
{
    if (!x->w.has_role)
        x->w.has_role = zc_driver_take (x->s->hub);
    return x->w.has_role;
}

/* Under the lock. look: reads the links if nothing is there. Negative: the socket is of no use any more. */
static int socket_ready (struct watch *x, bool look)
{
    struct zc_sock *s = x->s;
    struct zc_hub *h = s->hub;
    int events = 0;

    zc_hub_drain_mail (h);
    if (h->state == ZC_HUB_OPEN && x->wants_in) {
        bool in = zc_sock_has_message (s);
        if (!in && look && may_read (x)) {
            zc_driver_look (h, 0);
            in = zc_sock_has_message (s);
        }
        while (!in && !zc_driver_clear (h))
            in = zc_sock_has_message (s);
        if (in)
            events |= ZMQ_POLLIN;
    }
    if (h->state != ZC_HUB_OPEN)
        return h->state == ZC_HUB_STOPPED ? -ETERM : -ENOTSOCK;
    if (x->wants_out && h->ops->can_send && h->ops->can_send (h))
        events |= ZMQ_POLLOUT;
    return events;
}

static unsigned fd_wants (short events)
{
    return (events & ZMQ_POLLIN ? ZC_POLL_IN : 0u) | (events & ZMQ_POLLOUT ? ZC_POLL_OUT : 0u)
           | (events & ZMQ_POLLPRI ? ZC_POLL_PRI : 0u);
}

static short fd_events (unsigned got, short wanted)
{
    short events = (short)((got & ZC_POLL_IN ? ZMQ_POLLIN : 0) | (got & ZC_POLL_OUT ? ZMQ_POLLOUT : 0)
                           | (got & ZC_POLL_PRI ? ZMQ_POLLPRI : 0));
    events &= wanted;
    return (short)(got & ZC_POLL_ERR ? events | ZMQ_POLLERR : events);
}

/* Fills p->fds with the foreign descriptors; returns their number. */
static size_t list_fds (struct poll *p)
{
    size_t n = 0;
    for (int i = 0; i < p->count; i++)
        if (!p->watches[i].s)
            p->fds[n++] =
                (struct zc_pollfd){.fd = (int)p->items[i].fd, .events = fd_wants (p->items[i].events)};
    return n;
}

static int take_fd_events (struct poll *p)
{
    size_t n = 0;
    int got = 0;

    for (int i = 0; i < p->count; i++)
        if (!p->watches[i].s) {
            p->items[i].revents = fd_events (p->fds[n++].revents, p->items[i].events);
            got += p->items[i].revents != 0;
        }
    return got;
}

/* What a socket is ready for, into its item. Looks at its links, or where there are many sockets finds out whether to ask for its set. */
static int scan_socket (struct poll *p, int i, bool look)
{
    struct watch *x = &p->watches[i];
    struct zc_hub *h = x->s->hub;

    zc_hub_lock (h);
    int events = socket_ready (x, look);
    x->is_asked = !look && events >= 0 && !(events & ZMQ_POLLIN) && x->wants_in && may_read (x);
    if (x->is_asked && zc_driver_has_ready (h)) { /* the kernel was asked before */
        x->is_asked = false;
        events = socket_ready (x, true);
    }
    if (x->is_asked)
        h->looked_at = p->now; /* as good as: the I/O thread need not come */
    zc_hub_unlock (h);
    p->items[i].revents = (short)(events < 0 ? 0 : events);
    return events;
}

/* Looks at the sockets of whose sets the kernel says that they have something. They are at p->fds[n] and behind. Returns how many became
 * ready that were not. */
static int scan_asked (struct poll *p, size_t n)
{
    int got = 0;

    for (int i = 0; i < p->count; i++) {
        if (!p->watches[i].is_asked || !p->fds[n++].revents)
            continue;
        bool was_ready = p->items[i].revents != 0;
        int events = scan_socket (p, i, true);
        if (events < 0)
            return events;
        got += events != 0 && !was_ready;
    }
    return got;
}

/* The number of items that are ready; negative: an error. */
static int scan (struct poll *p)
{
    size_t fds = list_fds (p), n = fds;
    int got = 0;

    p->now = p->sockets > LOOK_EACH ? zc_now () : 0;
    for (int i = 0; i < p->count; i++) {
        struct watch *x = &p->watches[i];
        p->items[i].revents = 0;
        x->is_asked = false;
        if (!x->s)
            continue;
        int events = scan_socket (p, i, p->sockets <= LOOK_EACH);
        if (events < 0)
            return events;
        got += events != 0;
        if (x->is_asked)
            p->fds[n++] = (struct zc_pollfd){.fd = x->s->hub->set.fd, .events = ZC_POLL_IN};
    }
    if (!n)
        return got;
    int rc = zc_poll (p->fds, n, 0, NULL);
    if (rc < 0)
        return rc == -EINTR ? got : rc;
    got += take_fd_events (p);
    rc = n > fds ? scan_asked (p, fds) : 0;
    return rc < 0 ? rc : got + rc;
}

/* ---- looking again ---- */

static struct watch *first_looker (struct poll *p)
{
    for (int i = 0; i < p->count; i++) {
        struct watch *x = &p->watches[i];
        if (x->s && x->wants_in && (x->w.has_role || !x->s->hub->has_set))
            return x;
    }
    return NULL;
}

/* Scans again for a little while, if that pays. What scan gave. */
static int scan_again (struct poll *p)
{
    struct watch *x = first_looker (p);
    struct zc_self *self = zc_self ();
    int got = 0;

    if (!x)
        return 0;
    struct zc_hub *h = x->s->hub;
    zc_hub_lock (h);
    bool may = zc_driver_may_look (h, self);
    uint64_t now = zc_now (), end = now + h->look_again;
    zc_hub_unlock (h);
    if (!may)
        return 0;
    if (end > p->deadline)
        end = p->deadline;
    while (now < end) {
        bool in_time = zc_self_give_way (self, &now);
        got = scan (p);
        if (got || !in_time)
            break;
        now = zc_now ();
    }
    zc_hub_lock (h);
    zc_driver_look_paid (h, got > 0);
    zc_hub_unlock (h);
    return got;
}

/* ---- sleeping ---- */

/* Queues the thread with one socket. False: something is there after all. */
static bool lie_down (struct watch *x, struct zc_parker *parker, struct zc_pollfd *set)
{
    struct zc_hub *h = x->s->hub;
    bool quiet = true;

    zc_hub_lock (h);
    if (h->dirty_count && !h->is_sweeping)
        zc_driver_flush (h);
    zc_driver_tell (h);
    if (x->w.has_role)
        zc_driver_prepare_park (h);
    if (socket_ready (x, false) || !zc_mail_sleep (h, &x->mail, parker, NULL))
        quiet = false;
    else if (x->w.has_role && zc_driver_has_ready (h))
        quiet = false;
    else if (x->w.has_role) {
        zc_driver_park (h);
        x->is_parked = true;
        *set = (struct zc_pollfd){.fd = h->set.fd, .events = ZC_POLL_IN};
    } else if (x->wants_in && h->has_set && h->link_live
               && (h->role == ZC_ROLE_IO || h->role == ZC_ROLE_IDLE))
        quiet = false; /* the role came free */
    if (quiet && x->wants_in)
        zc_sleeper_add (&h->in, &x->in, parker, NULL);
    if (quiet && x->wants_out)
        zc_sleeper_add (&h->out, &x->out, parker, NULL);
    zc_hub_unlock (h);
    return quiet;
}

static void get_up (struct watch *x, bool slept_long)
{
    struct zc_hub *h = x->s->hub;

    zc_hub_lock (h);
    if (x->is_parked) {
        h->role = ZC_ROLE_BUSY;
        x->w.slept_long = slept_long;
    }
    x->is_parked = false;
    zc_sleeper_cut (&h->in, &x->in);
    zc_sleeper_cut (&h->out, &x->out);
    zc_mail_awake (h, &x->mail);
    memset (&x->in, 0, sizeof x->in);
    memset (&x->out, 0, sizeof x->out);
    memset (&x->mail, 0, sizeof x->mail);
    zc_hub_drain_mail (h);
    zc_driver_tell (h);
    zc_driver_pass_on (h);
    zc_hub_unlock (h);
}

static int sleep_on_fds (struct poll *p, struct zc_parker *parker, size_t n)
{
    uint64_t now = zc_now ();
    int64_t left = p->deadline == ZC_NEVER ? -1 : now < p->deadline ? (int64_t)(p->deadline - now) : 0;

    p->fds[n++] = (struct zc_pollfd){.fd = parker->wake.fd, .events = ZC_POLL_IN};
    int rc = zc_poll (p->fds, n, left, p->sigmask);
    return rc < 0 ? rc : rc == 0 ? -ETIMEDOUT : 0;
}

/* One sleep. 0: scan again; -ETIMEDOUT, -EINTR, or an error. */
static int nap (struct poll *p)
{
    struct zc_parker *parker = zc_self ()->parker;
    zc_self_mine->writes = 0;
    bool by_fd = p->has_fds || p->sigmask, quiet = true;
    uint64_t began = zc_now ();

    for (int i = 0; i < p->count; i++)
        by_fd = by_fd || p->watches[i].w.has_role;
    if (by_fd) {
        int rc = zc_parker_need_fd (parker);
        if (rc < 0)
            return rc;
    }
    zc_park_prepare (parker, by_fd ? parker->wake.fd : ZC_PARK_WORD);
    size_t n = list_fds (p);
    for (int i = 0; i < p->count && quiet; i++) {
        struct watch *x = &p->watches[i];
        if (!x->s)
            continue;
        quiet = lie_down (x, parker, &p->fds[n]);
        n += x->is_parked;
    }
    int rc = 0;
    if (quiet)
        rc = by_fd ? sleep_on_fds (p, parker, n) : zc_park_sleep (parker, p->deadline);
    bool slept_long = zc_now () - began > LONG_SLEEP + ARM_COST * (unsigned)p->sockets;
    for (int i = 0; i < p->count; i++)
        if (p->watches[i].s)
            get_up (&p->watches[i], slept_long);
    return rc;
}

/* ---- the call ---- */

static int enter_all (struct poll *p)
{
    for (int i = 0; i < p->count; i++) {
        struct watch *x = &p->watches[i];
        zmq_pollitem_t *item = &p->items[i];
        memset (x, 0, sizeof *x);
        item->revents = 0;
        if (!item->socket) {
            p->has_fds = true;
            continue;
        }
        int rc = zc_sock_enter (item->socket, &x->s);
        if (rc < 0) {
            p->count = i;
            return rc;
        }
        p->sockets++;
        x->wants_in = item->events & ZMQ_POLLIN;
        x->wants_out = item->events & ZMQ_POLLOUT;
        zc_wait_init (&x->w, x->s->hub);
        zc_hub_unlock (x->s->hub);
    }
    return 0;
}

static void exit_all (struct poll *p)
{
    for (int i = 0; i < p->count; i++) {
        struct watch *x = &p->watches[i];
        if (!x->s)
            continue;
        zc_hub_lock (x->s->hub);
        zc_wait_end (&x->w);
        zc_sock_exit (x->s);
    }
}

static int wait_all (struct poll *p)
{
    bool has_looked = false;
    int got;

    for (;;) {
        got = scan (p);
        if (got)
            return got;
        if (!p->deadline) /* a signal that waits and that the mask lets through counts all the same */
            return p->sigmask ? zc_poll (p->fds, 0, 0, p->sigmask) : 0;
        if (zc_driver_owes (NULL))
            zc_driver_pay ();
        if (!has_looked) {
            has_looked = true;
            got = scan_again (p);
            if (got)
                return got;
        }
        int rc = nap (p);
        if (rc == -ETIMEDOUT)
            return scan (p);
        if (rc < 0) {
            got = rc == -EINTR ? scan (p) : 0;
            return got > 0 ? got : rc;
        }
    }
}

int zc_sock_poll (zmq_pollitem_t *items, int count, long timeout, const void *sigmask)
{
    struct poll p = {
        .items = items, .count = count, .sigmask = sigmask, .deadline = timeout ? zc_deadline (timeout) : 0};
    int rc = -ENOMEM;

    if (count < 0)
        return -EINVAL;
    if (count && !items)
        return -EFAULT;
    if (!zc_self ())
        return -ENOMEM;
    size_t n = (size_t)count;
    p.watches = n <= FEW ? p.few : zc_alloc (n * sizeof *p.watches);
    p.fds = n <= FEW ? p.few_fds : zc_alloc ((2 * n + 1) * sizeof *p.fds);
    if (p.watches && p.fds) {
        rc = enter_all (&p);
        if (rc == 0)
            rc = wait_all (&p);
        exit_all (&p);
    }
    if (p.watches != p.few)
        zc_free (p.watches);
    if (p.fds != p.few_fds)
        zc_free (p.fds);
    return rc;
}
