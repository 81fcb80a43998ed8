/* helper.c: contexts that are ended on threads of their own; see helper.h. Called with or without the GIL, from any
 * thread. */
#include "helper.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>

#include "zmq.h"

enum
{
    LOOK_EVERY_MS = 2
};

/* Contexts whose end is awaited. Only a count is passed between the threads, so relaxed order does. */
static atomic_int ending;

static void end_context (void *context)
{
    while (zmq_ctx_term (context) < 0 && zmq_errno () == EINTR)
        continue;
    atomic_fetch_sub_explicit (&ending, 1, memory_order_relaxed);
}

int zcpy_term_later (void *context)
{
    atomic_fetch_add_explicit (&ending, 1, memory_order_relaxed);
    /* Nobody joins this thread: its handle is given up, a few bytes for each forgotten context. */
    if (zmq_threadstart (end_context, context) != NULL)
        return 0;
    atomic_fetch_sub_explicit (&ending, 1, memory_order_relaxed);
    return -1;
}

int zcpy_term_wait (int milliseconds)
{
    void *watch = zmq_stopwatch_start ();

    while (atomic_load_explicit (&ending, memory_order_relaxed) > 0
           && zmq_stopwatch_intermediate (watch) / 1000 < (unsigned long) milliseconds)
        (void) zmq_poll (NULL, 0, LOOK_EVERY_MS);
    zmq_stopwatch_stop (watch);
    return atomic_load_explicit (&ending, memory_order_relaxed);
}

void zcpy_after_fork (void)
{
    atomic_store_explicit (&ending, 0, memory_order_relaxed);
}
