#include "os/poller/table.h"
#include "base/alloc.h"
#include "os/clock.h"
#include "os/thread.h"
#include "os/wake.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

struct entry
{
    int fd;
    bool quiet;      /* ZC_POLL_ONCE has been reported */
    unsigned events; /* ZC_POLL_ */
    uint64_t tag;
    uint64_t serial; /* new with every change, never used twice */
};

/* What the waiting thread looks at. Row 0 is the wake, row i + 1 was entry i when it was copied. */
struct scan
{
    size_t cap, count;
    uint64_t *serials;
    struct pollfd fds[];
};

struct table
{
    zc_mutex lock;
    struct zc_wake wake;
    struct entry *entries;
    size_t count, cap;
    int *index; /* by descriptor: the place in entries + 1, 0: none */
    size_t index_cap;
    uint64_t serial;
    struct scan *scan;  /* the waiting thread's; under the lock when none waits */
    struct scan *spare; /* a larger one, for the next copy; so that wait never needs memory */
    bool is_waiting, is_changed;
    unsigned settlers; /* who wait for the end of a look; the next three are theirs */
    pthread_mutex_t gate;
    pthread_cond_t ended;
    uint64_t looks; /* that ended while somebody waited for it; both locks to write */
    size_t start;   /* where the next report begins, so that none starves behind a busy neighbour */
};

static struct scan *scan_new (size_t cap)
{
    struct scan *s = zc_calloc (1, sizeof *s + (cap + 1) * sizeof s->fds[0]);

    if (!s)
        return NULL;
    s->cap = cap;
    s->serials = zc_calloc (cap + 1, sizeof s->serials[0]);
    if (!s->serials) {
        zc_free (s);
        return NULL;
    }
    return s;
}

static void scan_free (struct scan *s)
{
    if (s)
        zc_free (s->serials);
    zc_free (s);
}

int zc_table_open (struct zc_poller *p)
{
    struct table *t = zc_calloc (1, sizeof *t);
    int rc = -ENOMEM;

    if (!t)
        return rc;
    t->wake = (struct zc_wake)ZC_WAKE_INIT;
    t->scan = scan_new (0);
    if (!t->scan)
        goto fail;
    rc = zc_wake_open (&t->wake);
    if (rc == 0 && p->ops->max_fd && t->wake.fd >= p->ops->max_fd)
        rc = -EMFILE;
    if (rc < 0)
        goto fail;
    zc_mutex_init (&t->lock);
    pthread_mutex_init (&t->gate, NULL);
    pthread_cond_init (&t->ended, NULL);
    t->is_changed = true;
    p->impl = t;
    return 0;

fail:
    zc_wake_close (&t->wake);
    scan_free (t->scan);
    zc_free (t);
    return rc;
}

void zc_table_close (struct zc_poller *p)
{
    struct table *t = p->impl;

    zc_wake_close (&t->wake);
    pthread_cond_destroy (&t->ended);
    pthread_mutex_destroy (&t->gate);
    zc_mutex_close (&t->lock);
    scan_free (t->scan);
    scan_free (t->spare);
    zc_free (t->entries);
    zc_free (t->index);
    zc_free (t);
}

/* Room for one more entry, for its copy in a scan, and for fd in the index. Locked. */
static int reserve (struct table *t, size_t fd)
{
    if (fd >= t->index_cap) {
        size_t cap = t->index_cap ? 2 * t->index_cap : 64;
        int *index;

        while (cap <= fd)
            cap *= 2;
        index = zc_realloc (t->index, cap * sizeof *index);
        if (!index)
            return -ENOMEM;
        memset (index + t->index_cap, 0, (cap - t->index_cap) * sizeof *index);
        t->index = index;
        t->index_cap = cap;
    }
    if (t->count == t->cap) {
        size_t cap = t->cap ? 2 * t->cap : 16;
        struct scan *spare = scan_new (cap);
        struct entry *entries;

        if (!spare)
            return -ENOMEM;
        scan_free (t->spare);
        t->spare = spare;
        entries = zc_realloc (t->entries, cap * sizeof *entries);
        if (!entries)
            return -ENOMEM; /* the larger spare does no harm */
        t->entries = entries;
        t->cap = cap;
    }
    return 0;
}

static struct entry *find (struct table *t, int fd)
{
    if (fd < 0 || (size_t)fd >= t->index_cap || t->index[fd] == 0)
        return NULL;
    return &t->entries[t->index[fd] - 1];
}

/* The next look must see the change, and one that sleeps now must be repeated. Locked. */
static void changed (struct table *t)
{
    t->is_changed = true;
    if (t->is_waiting)
        zc_wake_raise (&t->wake);
}

int zc_table_add (struct zc_poller *p, int fd, unsigned events, uint64_t tag)
{
    struct table *t = p->impl;
    int rc;

    if (events & ZC_POLL_EDGE)
        return -EINVAL;
    if (fd < 0 || fcntl (fd, F_GETFD) < 0)
        return -EBADF;
    if (p->ops->max_fd && fd >= p->ops->max_fd)
        return -EMFILE;
    zc_mutex_lock (&t->lock);
    rc = find (t, fd) ? -EEXIST : reserve (t, (size_t)fd);
    if (rc == 0) {
        t->entries[t->count++] =
            (struct entry){.fd = fd, .events = events, .tag = tag, .serial = ++t->serial};
        t->index[fd] = (int)t->count;
        changed (t);
    }
    zc_mutex_unlock (&t->lock);
    return rc;
}

int zc_table_mod (struct zc_poller *p, int fd, unsigned events, uint64_t tag)
{
    struct table *t = p->impl;
    struct entry *e;

    if (events & ZC_POLL_EDGE)
        return -EINVAL;
    zc_mutex_lock (&t->lock);
    e = find (t, fd);
    if (e) {
        *e = (struct entry){.fd = fd, .events = events, .tag = tag, .serial = ++t->serial};
        changed (t);
    }
    zc_mutex_unlock (&t->lock);
    return e ? 0 : -ENOENT;
}

int zc_table_del (struct zc_poller *p, int fd)
{
    struct table *t = p->impl;
    struct entry *e;

    zc_mutex_lock (&t->lock);
    e = find (t, fd);
    if (e) {
        int place = t->index[fd];

        t->index[fd] = 0;
        *e = t->entries[--t->count];
        if (e->fd != fd)
            t->index[e->fd] = place;
        changed (t);
    }
    zc_mutex_unlock (&t->lock);
    return e ? 0 : -ENOENT;
}

void zc_table_settle (struct zc_poller *p)
{
    struct table *t = p->impl;

    zc_mutex_lock (&t->lock);
    bool waits = t->is_waiting;
    uint64_t looks = t->looks;
    if (waits) {
        t->settlers++;
        zc_wake_raise (&t->wake);
    }
    zc_mutex_unlock (&t->lock);
    if (!waits)
        return;
    pthread_mutex_lock (&t->gate);
    while (t->looks == looks)
        pthread_cond_wait (&t->ended, &t->gate);
    pthread_mutex_unlock (&t->gate);
    zc_mutex_lock (&t->lock);
    t->settlers--;
    zc_mutex_unlock (&t->lock);
}

/* A look has ended. Locked. */
static void tell_settlers (struct table *t)
{
    if (!t->settlers)
        return;
    pthread_mutex_lock (&t->gate);
    t->looks++;
    pthread_cond_broadcast (&t->ended);
    pthread_mutex_unlock (&t->gate);
}

static short to_poll (const struct entry *e)
{
    return (short)((e->events & ZC_POLL_IN ? POLLIN : 0) | (e->events & ZC_POLL_OUT ? POLLOUT : 0));
}

/* Brings the scan up to date. Locked. */
static struct scan *copy (struct table *t)
{
    struct scan *s;

    if (!t->is_changed)
        return t->scan;
    if (t->spare) {
        scan_free (t->scan);
        t->scan = t->spare;
        t->spare = NULL;
    }
    s = t->scan;
    s->fds[0] = (struct pollfd){.fd = t->wake.fd, .events = POLLIN};
    for (size_t i = 0; i < t->count; i++) {
        const struct entry *e = &t->entries[i];

        /* A quiet one must not report a hang-up either, so poll does not get to see it. */
        s->fds[i + 1] = (struct pollfd){.fd = e->quiet ? -1 : e->fd, .events = to_poll (e)};
        s->serials[i + 1] = e->serial;
    }
    s->count = t->count + 1;
    t->is_changed = false;
    return s;
}

static unsigned from_poll (short revents, unsigned asked)
{
    unsigned events = 0;

    if (revents & POLLIN)
        events |= ZC_POLL_IN;
    if (revents & POLLOUT)
        events |= ZC_POLL_OUT;
    if (revents & (POLLERR | POLLHUP | POLLNVAL))
        events |= ZC_POLL_ERR | (asked & ZC_POLL_IN);
    return events;
}

/* Reports what the scan found, as far as it is still true. Locked. */
static int collect (struct table *t, const struct scan *s, struct zc_poll_event *out, int max)
{
    size_t rows = s->count - 1;
    int n = 0;

    for (size_t step = 0; step < rows && n < max; step++) {
        size_t i = (t->start + step) % rows;
        struct entry *e = i < t->count ? &t->entries[i] : NULL;

        if (s->fds[i + 1].revents == 0 || !e || e->serial != s->serials[i + 1])
            continue;
        out[n++] = (struct zc_poll_event){e->tag, from_poll (s->fds[i + 1].revents, e->events)};
        if (e->events & ZC_POLL_ONCE) {
            e->quiet = true;
            t->is_changed = true;
        }
        if (n == max)
            t->start = i + 1;
    }
    return n;
}

int zc_table_wait (struct zc_poller *p, zc_table_look *look, struct zc_poll_event *out, int max,
                   int64_t timeout)
{
    struct table *t = p->impl;
    uint64_t deadline = timeout > 0 ? zc_now () + (uint64_t)timeout : 0;

    for (;;) {
        struct scan *s;
        int rc;

        zc_mutex_lock (&t->lock);
        s = copy (t);
        t->is_waiting = true;
        zc_mutex_unlock (&t->lock);

        rc = look (s->fds, s->count, timeout);

        zc_mutex_lock (&t->lock);
        t->is_waiting = false;
        tell_settlers (t);
        if (rc > 0 && s->fds[0].revents)
            zc_wake_clear (&t->wake); /* raised under the lock only, so nothing is lost */
        if (rc > 0)
            rc = collect (t, s, out, max);
        zc_mutex_unlock (&t->lock);

        if (rc != 0 || timeout == 0)
            return rc;
        if (timeout > 0) {
            uint64_t now = zc_now ();

            if (now >= deadline)
                return 0;
            timeout = (int64_t)(deadline - now);
        }
    }
}
