/* What the driver's files share about a hub's links. Under the hub's lock. */
#ifndef ZC_CORE_LINKS_H
#define ZC_CORE_LINKS_H

#include "core/driver.h"

/* The kernel has more for this link, which is not on the list yet. */
void zc_ready_push (struct zc_hub *h, struct zc_link *l);
/* Takes the first one off the list; it still says is_ready. NULL: none. */
struct zc_link *zc_ready_pop (struct zc_hub *h);
/* Read by room: the queue is at its mark. */
bool zc_link_is_full (const struct zc_hub *h, const struct zc_link *l);
/* Whose event this is; NULL: it is gone. */
struct zc_link *zc_link_find (struct zc_hub *h, uint64_t tag);

#endif
