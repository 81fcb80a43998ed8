/* The heap of timers, judged against a plain search for the earliest. */
#include "base/heap.h"

#include <errno.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "check.h"

enum
{
    TIMERS = 300
};

static const struct zc_timer *earliest (const struct zc_timer *timers)
{
    const struct zc_timer *best = NULL;

    for (int i = 0; i < TIMERS; i++)
        if (timers[i].place && (!best || timers[i].at < best->at))
            best = &timers[i];
    return best;
}

TEST (the_first_is_always_the_earliest)
{
    struct zc_timer timers[TIMERS] = {{0}};
    struct zc_heap heap;
    unsigned state = 1;

    zc_heap_init (&heap);
    for (int step = 0; step < 20000; step++) {
        state = state * 1103515245u + 12345u;
        struct zc_timer *t = &timers[(state >> 16) % TIMERS];

        if ((state >> 8) % 3)
            CHECK_INT (zc_heap_set (&heap, t, (state >> 12) % 1000), 0);
        else
            zc_heap_cut (&heap, t);
        const struct zc_timer *first = zc_heap_first (&heap), *want = earliest (timers);
        CHECK (!first == !want);
        if (first && want)
            CHECK_INT (first->at, want->at);
    }
    zc_heap_close (&heap);
    for (int i = 0; i < TIMERS; i++)
        CHECK_INT (timers[i].place, 0);
}

TEST (timers_come_out_in_order)
{
    struct zc_timer timers[TIMERS] = {{0}}, *t;
    struct zc_heap heap;
    uint64_t last = 0;
    int count = 0;

    zc_heap_init (&heap);
    for (unsigned i = 0; i < TIMERS; i++)
        CHECK_INT (zc_heap_set (&heap, &timers[i], i * 7919u % 1009), 0);
    for (; (t = zc_heap_first (&heap)); count++) {
        CHECK (t->at >= last);
        last = t->at;
        zc_heap_cut (&heap, t);
    }
    CHECK_INT (count, TIMERS);
    zc_heap_close (&heap);
}

TEST (adding_can_fail_and_moving_cannot)
{
    struct zc_timer a = {0}, b = {0};
    struct zc_heap heap;

    zc_heap_init (&heap);
    atomic_store (&zc_alloc_fail_at, -1);
    CHECK_INT (zc_heap_set (&heap, &a, 1), -ENOMEM);
    CHECK_INT (a.place, 0);
    atomic_store (&zc_alloc_fail_at, 0);
    CHECK_INT (zc_heap_reserve (&heap, 2), 0);
    atomic_store (&zc_alloc_fail_at, -1);
    CHECK_INT (zc_heap_set (&heap, &a, 5), 0);
    CHECK_INT (zc_heap_set (&heap, &b, 6), 0);
    CHECK_INT (zc_heap_set (&heap, &a, 7), 0);
    CHECK (zc_heap_first (&heap) == &b);
    atomic_store (&zc_alloc_fail_at, 0);
    zc_heap_close (&heap);
}
