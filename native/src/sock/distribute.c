/* One message to many pipes: to those that subscribed, or to all. Under the hub's lock. */
#include "sock/patterns.h"

#include <errno.h>
#include <string.h>
#include "core/monitor.h"

void zc_distribution_open (struct zc_distribution *d)
{
    memset (d, 0, sizeof *d);
    zc_subs_init (&d->subs);
}

void zc_distribution_close (struct zc_distribution *d)
{
    zc_subs_close (&d->subs);
    zc_free (d->pipes);
    zc_free (d->hits);
    d->pipes = d->hits = NULL;
    d->cap = 0;
}

int zc_distribution_join (struct zc_distribution *d, struct zc_pipe *p)
{
    if (p->number >= d->cap) {
        uint32_t cap = d->cap ? d->cap : 4;
        while (cap <= p->number)
            cap *= 2;
        struct zc_pipe **hits = zc_realloc (d->hits, cap * sizeof *hits);
        if (!hits)
            return -ENOMEM;
        d->hits = hits;
        struct zc_pipe **pipes = zc_realloc (d->pipes, cap * sizeof *pipes);
        if (!pipes)
            return -ENOMEM;
        memset (pipes + d->cap, 0, (cap - d->cap) * sizeof *pipes);
        d->pipes = pipes;
        d->cap = cap;
    }
    d->pipes[p->number] = p;
    p->mark = 0;
    return 0;
}

void zc_distribution_leave (struct zc_distribution *d, struct zc_pipe *p)
{
    if (p->number < d->cap)
        d->pipes[p->number] = NULL;
}

static void hit (void *arg, uint32_t who)
{
    struct zc_distribution *d = arg;
    struct zc_pipe *p = d->pipes[who];

    if (!p || p->mark == d->round)
        return;
    p->mark = d->round;
    d->hits[d->hit_count++] = p;
}

void zc_distribution_match (struct zc_distribution *d, const struct zc_msg *first, bool invert)
{
    d->round++;
    d->hit_count = 0;
    zc_subs_match (&d->subs, zc_msg_bytes (first), zc_msg_size (first), hit, d);
    if (!invert)
        return;
    d->hit_count = 0;
    for (uint32_t i = 0; i < d->cap; i++)
        hit (d, i); /* skips the marked ones, which match */
}

bool zc_distribution_has_room (const struct zc_distribution *d)
{
    for (uint32_t i = 0; i < d->hit_count; i++)
        if (!zc_pipe_can_put (d->hits[i]))
            return false;
    return true;
}

/* Before a message goes to several pipes: large parts are then shared instead of copied for each. */
static int own_large (struct zc_msg *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int rc = zc_msg_size (&parts[i]) >= ZC_REF_FROM ? zc_msg_own (&parts[i]) : 0;
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* A copy for one of many: who can't take it misses it. */
static void put_one (struct zc_hub *h, struct zc_pipe *p, struct zc_msg *parts, size_t count, bool force)
{
    int rc = zc_pipe_put (p, parts, count, force);
    if (rc == -ENOMEM)
        zc_event_dropped (h, 1, "no memory for a subscriber's copy of a message");
    else if (rc == -EAGAIN)
        zc_event_full (p);
}

int zc_distribution_send (struct zc_distribution *d, struct zc_hub *h, struct zc_msg *parts, size_t count,
                          bool force)
{
    int rc = 0;

    if (h->conflate && count > 1)
        return -EINVAL;
    if (d->hit_count > 1)
        rc = own_large (parts, count);
    if (rc < 0)
        return rc;
    for (uint32_t i = 0; i < d->hit_count; i++)
        put_one (h, d->hits[i], parts, count, force);
    zc_sock_parts_sent (parts, count);
    return 0;
}

int zc_send_to_all (struct zc_hub *h, struct zc_msg *parts, size_t count)
{
    int rc = 0;

    if (h->pipe_count > 1)
        rc = own_large (parts, count);
    if (rc < 0)
        return rc;
    for (struct zc_pipe *p = h->pipes; p; p = p->next)
        if (p->has_out)
            put_one (h, p, parts, count, false);
    zc_sock_parts_sent (parts, count);
    return 0;
}
