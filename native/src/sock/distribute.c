/* One message to many pipes: to those that subscribed, or to all. Under the hub's lock. */
#include "sock/patterns.h"

#include <errno.h>
#include <string.h>
#include "core/monitor.h"

enum
{
    SHEET_FROM = 4 /* peers */
};

void zc_distribution_open (struct zc_distribution *d)
{
    memset (d, 0, sizeof *d);
    zc_subs_init (&d->subs);
    zc_sheet_init (&d->sheet);
}

void zc_distribution_close (struct zc_distribution *d)
{
    zc_subs_close (&d->subs);
    zc_sheet_close (&d->sheet);
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
    zc_subs_match_again (&d->subs);
    return 0;
}

void zc_distribution_leave (struct zc_distribution *d, struct zc_pipe *p)
{
    if (p->number < d->cap)
        d->pipes[p->number] = NULL;
    zc_subs_match_again (&d->subs);
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
    const uint8_t *bytes = zc_msg_bytes (first);
    size_t n = zc_msg_size (first);
    struct zc_subs_match match;

    if (invert)
        zc_subs_match_again (&d->subs);
    if (!zc_subs_match_begin (&d->subs, &match, bytes, n))
        return; /* the hits of the last message are those of this one */
    d->round++;
    d->hit_count = 0;
    zc_subs_match_tell (&match, bytes, n, hit, d);
    if (!invert)
        return;
    zc_subs_match_again (&d->subs);
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

/* Who can't take it misses it. */
static void note_missed (struct zc_hub *h, struct zc_pipe *p, int rc)
{
    if (rc == -ENOMEM)
        zc_event_dropped (h, 1, "no memory for a subscriber's copy of a message");
    else if (rc == -EAGAIN) {
        zc_event_full (p);
        if (p->is_dirty) /* its link would take more: it is us who are late */
            h->is_behind = true;
    }
}

static void put_one (struct zc_hub *h, struct zc_pipe *p, struct zc_msg *parts, size_t count, bool force)
{
    int rc = zc_pipe_put (p, parts, count, force);
    if (rc < 0)
        note_missed (h, p, rc);
}

/* A sheet pays where most peers get most messages: then each queue goes on with the slice it has. */
static bool is_for_most (const struct zc_distribution *d, const struct zc_hub *h)
{
    return d->hit_count >= SHEET_FROM && d->hit_count > h->pipe_count / 2 && !h->conflate;
}

/* To each what was written on the sheet; a peer inside the process has no use for that. */
static void put_sheet (struct zc_distribution *d, struct zc_hub *h, struct zc_msg *parts, size_t count)
{
    for (uint32_t i = 0; i < d->hit_count; i++) {
        struct zc_pipe *p = d->hits[i];
        int rc = p->chan ? zc_pipe_put (p, parts, count, false) : zc_pipe_put_sheet (p, &d->sheet);
        if (rc < 0)
            note_missed (h, p, rc);
    }
}

int zc_distribution_send (struct zc_distribution *d, struct zc_hub *h, struct zc_msg *parts, size_t count,
                          bool force)
{
    int rc = 0;

    if (h->conflate && count > 1)
        return -EINVAL;
    if (!force && is_for_most (d, h) && zc_sheet_write (&d->sheet, parts, count))
        put_sheet (d, h, parts, count);
    else {
        if (d->hit_count > 1)
            rc = own_large (parts, count);
        if (rc < 0)
            return rc;
        for (uint32_t i = 0; i < d->hit_count; i++)
            put_one (h, d->hits[i], parts, count, force);
    }
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
