/* For tests that look into a socket: its hub, and waiting for a state of it that must come by itself. */
#ifndef ZC_EVENTUALLY_H
#define ZC_EVENTUALLY_H

#include "check.h"
#include "os/clock.h"
#include "sock/socket.h"

#include <time.h>

static inline void nap (void)
{
    nanosleep (&(struct timespec){0, 200000}, NULL);
}

/* Looks, under the hub's lock, until it is so; false after ten seconds. */
#define EVENTUALLY(hub_, cond_)                                                                              \
    do {                                                                                                     \
        uint64_t end_ = zc_now () + 10000 * ZC_MS;                                                           \
        bool is_;                                                                                            \
        for (;;) {                                                                                           \
            zc_hub_lock (hub_);                                                                              \
            is_ = (cond_);                                                                                   \
            zc_hub_unlock (hub_);                                                                            \
            if (is_ || zc_now () > end_)                                                                     \
                break;                                                                                       \
            nap ();                                                                                          \
        }                                                                                                    \
        if (!is_)                                                                                            \
            CHECK_FAIL ("does not come: %s", #cond_);                                                        \
    } while (0)

static inline struct zc_hub *hub_of (void *socket)
{
    struct zc_sock *s;

    CHECK_INT (zc_sock_enter (socket, &s), 0);
    struct zc_hub *h = s->hub;
    zc_sock_exit (s);
    return h;
}

/* How many threads sleep in this list. */
static inline int asleep (const struct zc_sleepers *list)
{
    int n = 0;

    for (const struct zc_sleeper *s = list->head; s; s = s->next)
        n++;
    return n;
}

#endif
