/* Choosing a backend and opening it. */
#include "os/poller/list.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

const struct zc_poller_ops *zc_poller_find (const char *name)
{
    if (!name)
        return zc_pollers[0];
    for (size_t i = 0; zc_pollers[i]; i++)
        if (strcmp (zc_pollers[i]->name, name) == 0)
            return zc_pollers[i];
    return NULL;
}

const struct zc_poller_ops *zc_poller_default (void)
{
    static const struct zc_poller_ops *_Atomic chosen;
    /* Relaxed: the tables are constants, there is nothing behind the pointer to be ordered. */
    const struct zc_poller_ops *ops = atomic_load_explicit (&chosen, memory_order_relaxed);
    const struct zc_poller_ops *first = NULL;

    if (ops)
        return ops;
    ops = zc_poller_find (getenv ("ZCFFI_POLLER"));
    if (!ops)
        ops = zc_poller_find (NULL);
    /* Threads that come at the same time all take what the first of them chose. */
    if (!atomic_compare_exchange_strong_explicit (&chosen, &first, ops, memory_order_relaxed,
                                                  memory_order_relaxed))
        ops = first;
    return ops;
}

int zc_poller_open (struct zc_poller *p, const struct zc_poller_ops *ops)
{
    int rc;

    *p = (struct zc_poller){.ops = ops, .fd = -1};
    rc = ops->open (p);
    if (rc < 0)
        p->ops = NULL;
    return rc;
}

void zc_poller_close (struct zc_poller *p)
{
    if (p->ops)
        p->ops->close (p);
    *p = (struct zc_poller){.fd = -1};
}
