/* helper.h: what the Python package needs in C beside the public API, compiled into zcffi._cffi.
 *
 * Calls that may be interrupted come in a form that returns the error: between a call and a look at errno, Python may
 * run a signal's handler, whose calls change errno.
 *
 * Ending a context waits until its messages are sent or given up. A context that the program forgot is ended here,
 * on a thread that is none of Python's, so that neither the garbage collector nor the interpreter's exit waits. */
#ifndef ZCFFI_PYTHON_HELPER_H_INCLUDED
#define ZCFFI_PYTHON_HELPER_H_INCLUDED

#include <stddef.h>
#include <stdint.h>

#include "zmq.h"

/* zcffi: cdef begin */

/** zmq_send(); a failure is the errno, negative. */
long zcpy_send (void *socket, const void *buffer, size_t size, int flags);

/** zmq_msg_send(); a failure is the errno, negative. */
long zcpy_msg_send (zmq_msg_t *msg, void *socket, int flags);

/** zmq_recv(); a failure is the errno, negative. */
long zcpy_recv (void *socket, void *buffer, size_t size, int flags);

/** zmq_msg_recv(); a failure is the errno, negative. */
long zcpy_msg_recv (zmq_msg_t *msg, void *socket, int flags);

/** zcffi_send_packed(); a failure is the errno, negative. */
long zcpy_send_packed (void *socket, const void *buffer, const uint64_t *sizes, size_t count, int flags);

/** zcffi_recv_parts(); a failure is the errno, negative. */
long zcpy_recv_parts (void *socket, zmq_msg_t *parts, size_t capacity, int flags);

/** zcffi_recv_packed(); a failure is the errno, negative. */
long zcpy_recv_packed (void *socket, void *buffer, size_t size, uint64_t *sizes, size_t capacity,
                       size_t messages, int flags);

/** zmq_poll(); a failure is the errno, negative. */
long zcpy_poll (zmq_pollitem_t *items, int nitems, long timeout);

/** The value of an int option; a failure is the errno, negative, less 1: -1 is a value. */
long zcpy_get_int (void *socket, int option);

/** End `context` on a thread of its own. Returns 0; -1 when no thread could be started: the context stays. */
int zcpy_term_later (void *context);

/** Wait until every such context has ended, at most `milliseconds`. Returns the number of those that have not. */
int zcpy_term_wait (int milliseconds);

/** For the child of a fork(), which has none of these threads: forget them. */
void zcpy_after_fork (void);

/* zcffi: cdef end */

#endif
