/* helper.c: calls that return their error, and contexts that are ended on threads of their own; see helper.h. Called
 * with or without the GIL, from any thread. */
#include "helper.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>

#if ZCFFI_HAS_ZCFFI
#include "zcffi.h"
#endif

enum
{
    LOOK_EVERY_MS = 2
};

static long result (long rc)
{
    return rc < 0 ? -(long)zmq_errno () : rc;
}

long zcpy_send (void *socket, const void *buffer, size_t size, int flags)
{
    return result (zmq_send (socket, buffer, size, flags));
}

long zcpy_msg_send (zmq_msg_t *msg, void *socket, int flags)
{
    return result (zmq_msg_send (msg, socket, flags));
}

long zcpy_recv (void *socket, void *buffer, size_t size, int flags)
{
    return result (zmq_recv (socket, buffer, size, flags));
}

long zcpy_msg_recv (zmq_msg_t *msg, void *socket, int flags)
{
    return result (zmq_msg_recv (msg, socket, flags));
}

#if ZCFFI_HAS_ZCFFI

long zcpy_send_packed (void *socket, const void *buffer, const uint64_t *sizes, size_t count, int flags)
{
    return result (zcffi_send_packed (socket, buffer, sizes, count, flags));
}

long zcpy_recv_parts (void *socket, zmq_msg_t *parts, size_t capacity, int flags)
{
    return result (zcffi_recv_parts (socket, parts, capacity, flags));
}

long zcpy_recv_packed (void *socket, void *buffer, size_t size, uint64_t *sizes, size_t capacity,
                       size_t messages, int flags)
{
    return result (zcffi_recv_packed (socket, buffer, size, sizes, capacity, messages, flags));
}

#else /* libzmq: nobody calls these */

long zcpy_send_packed (void *socket, const void *buffer, const uint64_t *sizes, size_t count, int flags)
{
    (void)socket, (void)buffer, (void)sizes, (void)count, (void)flags;
    return -ENOTSUP;
}

long zcpy_recv_parts (void *socket, zmq_msg_t *parts, size_t capacity, int flags)
{
    (void)socket, (void)parts, (void)capacity, (void)flags;
    return -ENOTSUP;
}

long zcpy_recv_packed (void *socket, void *buffer, size_t size, uint64_t *sizes, size_t capacity,
                       size_t messages, int flags)
{
    (void)socket, (void)buffer, (void)size, (void)sizes, (void)capacity, (void)messages, (void)flags;
    return -ENOTSUP;
}

#endif

long zcpy_poll (zmq_pollitem_t *items, int nitems, long timeout)
{
    return result (zmq_poll (items, nitems, timeout));
}

long zcpy_get_int (void *socket, int option)
{
    int value = 0;
    size_t size = sizeof value;

    return zmq_getsockopt (socket, option, &value, &size) < 0 ? -(long)zmq_errno () - 1 : value;
}

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
           && zmq_stopwatch_intermediate (watch) / 1000 < (unsigned long)milliseconds)
        (void)zmq_poll (NULL, 0, LOOK_EVERY_MS);
    zmq_stopwatch_stop (watch);
    return atomic_load_explicit (&ending, memory_order_relaxed);
}

void zcpy_after_fork (void)
{
    atomic_store_explicit (&ending, 0, memory_order_relaxed);
}
