/* Readiness of descriptors, one contract over epoll, poll and select (kqueue and IOCP have their place beside them).
 *
 * Level-triggered unless ZC_POLL_EDGE is asked for. One thread waits at a time; any thread may add, modify or delete
 * at any time, and a change made during a wait counts for that wait. Delete before the descriptor is closed, always.
 * Tags are numbers, never pointers: an event that was already on its way when its descriptor was deleted may still be
 * reported, so owners put a generation into the tag. ZC_POLL_ONCE: after one report the descriptor is silent (no HUP or ERR
 * either) until zc_poller_mod. */
#ifndef ZC_OS_POLLER_H
#define ZC_OS_POLLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum
{
    ZC_POLL_IN = 1,
    ZC_POLL_OUT = 2,
    ZC_POLL_ERR =
        4, /* reported, never asked for: error or hang-up; IN is reported with it when IN was asked for (epoll: on
                       * sockets; a pipe's hang-up comes alone). select: not on a descriptor that is asked for neither */
    ZC_POLL_ONCE = 8,
    ZC_POLL_EDGE = 16 /* only where the backend nests, else -EINVAL */
};

struct zc_poll_event
{
    uint64_t tag;
    unsigned events;
};

struct zc_poller;

struct zc_poller_ops
{
    const char *name;
    bool
        nests; /* a poller has a descriptor of its own that can be added to another, and knows ZC_POLL_EDGE */
    int max_fd; /* descriptors from this one on are refused with -EMFILE; 0: no limit */
    int (*open) (struct zc_poller *);
    void (*close) (struct zc_poller *);
    int (*add) (struct zc_poller *, int fd, unsigned events,
                uint64_t tag); /* 0, -ENOMEM, -ENOSPC, -EMFILE, -EEXIST, -EBADF */
    int (*mod) (struct zc_poller *, int fd, unsigned events, uint64_t tag); /* 0, -ENOENT, -EBADF */
    int (*del) (struct zc_poller *, int fd);                                /* 0, -ENOENT */
    /* Returns when no wait that began before the call lasts any longer, for whoever needs what was deleted to be gone with its
     * close: poll() keeps what it waits on alive. Not on the waiting thread. NULL: nothing is kept beyond del. */
    void (*settle) (struct zc_poller *);
    /* Number of events, 0 at the deadline's end, -EINTR. timeout in ns: 0 look, -1 for ever. */
    int (*wait) (struct zc_poller *, struct zc_poll_event *out, int max, int64_t timeout);
};

struct zc_poller
{
    const struct zc_poller_ops *ops;
    int fd;     /* its own descriptor where it nests, else -1 */
    void *impl; /* the backend's */
};

/* The backend by name ("epoll", "poll", "select"), or NULL: unknown here. name NULL: the best one. */
const struct zc_poller_ops *zc_poller_find (const char *name);
/* The one every context uses: ZCFFI_POLLER from the environment if it names one, else the best. Read once. */
const struct zc_poller_ops *zc_poller_default (void);

int zc_poller_open (struct zc_poller *, const struct zc_poller_ops *);
void zc_poller_close (struct zc_poller *);
static inline int zc_poller_add (struct zc_poller *p, int fd, unsigned events, uint64_t tag)
{
    return p->ops->add (p, fd, events, tag);
}
static inline int zc_poller_mod (struct zc_poller *p, int fd, unsigned events, uint64_t tag)
{
    return p->ops->mod (p, fd, events, tag);
}
static inline int zc_poller_del (struct zc_poller *p, int fd)
{
    return p->ops->del (p, fd);
}
static inline void zc_poller_settle (struct zc_poller *p)
{
    if (p->ops->settle)
        p->ops->settle (p);
}
static inline int zc_poller_wait (struct zc_poller *p, struct zc_poll_event *out, int max, int64_t timeout)
{
    return p->ops->wait (p, out, max, timeout);
}

/* poll(2) over a handful of descriptors, for a caller's own wait. revents as poll(2) tells them, without IN for a hang-up:
 * programs see them through zmq_poll(). timeout ns. Count, 0, -EINTR, -ENOMEM. */
struct zc_pollfd
{
    int fd;
    unsigned events, revents; /* ZC_POLL_IN, _OUT, _ERR, and ZC_POLL_PRI below */
};
enum
{
    ZC_POLL_PRI = 32
};
/* sigmask: a sigset_t, or NULL to leave signals alone (zmq_ppoll). A negative fd is skipped, a bad one reports ERR. */
int zc_poll (struct zc_pollfd *, size_t n, int64_t timeout, const void *sigmask);

#endif
