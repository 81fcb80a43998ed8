/* The end of a hub: lingering until what is queued is written or the time is up, then nothing left, then free. */
#ifndef ZC_CORE_CLOSE_H
#define ZC_CORE_CLOSE_H

#include "core/hub.h"

/* A new hub with a handle, role IO, no pipes. sock's fields (sock, ops, limits, on_*) are the caller's to set before anyone else
 * knows the handle. */
int zc_hub_new (struct zc_hub **out, struct zc_ctx *, int type);
/* The handle ends; everybody inside is woken and gets ENOTSOCK. linger: ms, -1 for ever. Under the lock. */
void zc_hub_close (struct zc_hub *h, int linger);
/* The context shuts down: calls get ETERM. Under the lock. */
void zc_hub_stop (struct zc_hub *h);
/* One step of closing, on the I/O thread. Returns when to come again, 0: not by time. */
uint64_t zc_hub_close_step (struct zc_hub *h);
bool zc_hub_is_over (const struct zc_hub *h);
void zc_hub_unlock_and_free (struct zc_hub *h);
/* A call, endpoint or link lets go of the hub and unlocks it; the last one of a closed hub without an I/O thread frees it. */
void zc_hub_exit_closing (struct zc_hub *h);
static inline void zc_hub_exit (struct zc_hub *h)
{
    h->refs--;
    if (h->state < ZC_HUB_CLOSING)
        zc_hub_unlock (h);
    else
        zc_hub_exit_closing (h);
}
/* In a forked child: closes what is open, touches no lock. */
void zc_hub_abandon (struct zc_hub *h);

#endif
