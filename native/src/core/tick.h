/* When a hub's I/O thread looks at it, and what it does with the role then. Starting points that were measured (see docs: design); an
 * adaptive default beats an option. Under the hub's lock. */
#ifndef ZC_CORE_TICK_H
#define ZC_CORE_TICK_H

#include "core/driver.h"
#include "os/clock.h"

#ifdef ZC_TICK_OFF /* tests: lost wake-ups are not to be hidden as latency */
#define ZC_STALE (3600000 * ZC_MS)
#else
#define ZC_STALE (2 * ZC_MS) /* an idle role without a look for so long goes back */
#endif
#define ZC_BURST_TICK (100 * ZC_US) /* how often the I/O thread looks at a burst */
#define ZC_HOLD                                                                                              \
    (2 * ZC_US) /* what was gathered longer ago is written: by the tick, or a little later by its sender */

/* When to see whether the owner of the idle role has looked lately. Each time it had, the next such tick may come later: on one CPU a tick
 * costs whoever works more than a message. */
uint64_t zc_tick_stale_at (const struct zc_hub *h);
/* Has the loop's poller report the set, or not. */
void zc_driver_arm (struct zc_hub *h, bool on);
/* Role IO, on the I/O thread: reads what is ready and arms the set again. */
void zc_driver_io_drive (struct zc_hub *h);

#endif
