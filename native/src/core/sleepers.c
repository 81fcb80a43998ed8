/* Who sleeps for a hub, and waking one of them or all. */
#include "core/driver.h"

void zc_sleeper_add (struct zc_sleepers *l, struct zc_sleeper *s, struct zc_parker *p, struct zc_hub *parked)
{
    *s = (struct zc_sleeper){.prev = l->tail, .parker = p, .parked = parked, .queued = true};
    if (l->tail)
        l->tail->next = s;
    else
        l->head = s;
    l->tail = s;
}

static void unqueue (struct zc_sleepers *l, struct zc_sleeper *s)
{
    s->queued = false;
    if (s->prev)
        s->prev->next = s->next;
    else
        l->head = s->next;
    if (s->next)
        s->next->prev = s->prev;
    else
        l->tail = s->prev;
}

void zc_sleeper_cut (struct zc_sleepers *l, struct zc_sleeper *s)
{
    if (s->token) {
        l->waking--;
        s->token = false;
    }
    if (s->queued)
        unqueue (l, s);
}

void zc_wake_set (struct zc_hub *h)
{
    atomic_store_explicit (&h->is_set_woken, true,
                           memory_order_relaxed); /* under the hub's lock or its mail's */
    zc_wake_raise (&h->set_wake);
}

/* Most wakes wait until the lock is dropped. Who is parked on a set is woken at once: only under the lock is the set's wake
 * surely still open. */
static void wake (struct zc_sleeper *s)
{
    if (s->parked)
        zc_wake_set (s->parked);
    else
        zc_self_wake (zc_self (), s->parker);
}

void zc_wake_one (struct zc_sleepers *l)
{
    struct zc_sleeper *s = l->head;
    if (!s || l->waking)
        return; /* one wake in flight is enough: who wakes passes on */
    unqueue (l, s);
    s->token = true;
    l->waking++;
    wake (s);
}

void zc_wake_all (struct zc_sleepers *l)
{
    while (l->head) {
        struct zc_sleeper *s = l->head;
        unqueue (l, s);
        s->token = true;
        l->waking++;
        wake (s);
    }
}
