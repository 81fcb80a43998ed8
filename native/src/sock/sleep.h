/* How a call waits for its socket: it looks (with the role), looks again while that pays, then sleeps on the set, or follows
 * who has the role. Under the hub's lock; everything known is void after each. */
#ifndef ZC_SOCK_SLEEP_H
#define ZC_SOCK_SLEEP_H

#include "core/driver.h"

struct zc_wait
{
    struct zc_hub *hub;
    uint64_t deadline;
    uint64_t began; /* when it first looked again or slept; 0: neither yet */
    bool has_role, has_looked, has_parked, slept_long;
    bool awaits_answer; /* what was sent last went out after the last look */
    bool looks_only;    /* ZCFFI_LOOK: it looks again, and never sleeps */
};

static inline void zc_wait_init (struct zc_wait *w, struct zc_hub *h)
{
    *w = (struct zc_wait){.hub = h};
}
/* Nothing was there to receive: one step of waiting. 0: look at the queue again; -EAGAIN: the deadline has come (0: it came before
 * anything else: one look was taken); -EINTR. */
int zc_wait_in (struct zc_wait *w);
/* There was no room to send: writes what waits, or sleeps until there is. */
int zc_wait_out (struct zc_wait *w);
/* The role is given back. At the end of every call that may have waited. */
void zc_wait_end (struct zc_wait *w);
/* The same for a call that has not waited. */
static inline void zc_wait_nothing (struct zc_hub *h)
{
    struct zc_wait w;
    zc_wait_init (&w, h);
    zc_wait_end (&w);
}

#endif
