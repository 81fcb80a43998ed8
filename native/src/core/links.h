/* What the driver's files share about a hub's links. Under the hub's lock. */
#ifndef ZC_CORE_LINKS_H
#define ZC_CORE_LINKS_H

#include "core/driver.h"

/* The kernel has more for this link, which is not on the list yet. */
static inline void zc_ready_push (struct zc_hub *h, struct zc_link *l)
{
    l->is_ready = true;
    l->ready_next = NULL;
    if (h->ready_tail)
        h->ready_tail->ready_next = l;
    else
        h->ready_head = l;
    h->ready_tail = l;
}
/* Takes the first one off the list; it still says is_ready. NULL: none. */
static inline struct zc_link *zc_ready_pop (struct zc_hub *h)
{
    struct zc_link *l = h->ready_head;
    if (l && !(h->ready_head = l->ready_next))
        h->ready_tail = NULL;
    return l;
}
/* Read by room: the queue is at its mark. */
static inline bool zc_link_is_full (const struct zc_hub *h, const struct zc_link *l)
{
    return h->rcvhwm && l->pipe->in_msgs >= h->rcvhwm && !h->conflate_in;
}
/* Whose event this is; NULL: it is gone. */
struct zc_link *zc_link_find (struct zc_hub *h, uint64_t tag);

#endif
