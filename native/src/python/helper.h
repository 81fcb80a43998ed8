/* helper.h: what the Python package needs in C beside the public API, compiled into zcffi._cffi.
 *
 * Ending a context waits until its messages are sent or given up. A context that the program forgot is ended here,
 * on a thread that is none of Python's, so that neither the garbage collector nor the interpreter's exit waits. */
#ifndef ZCFFI_PYTHON_HELPER_H_INCLUDED
#define ZCFFI_PYTHON_HELPER_H_INCLUDED

/* zcffi: cdef begin */

/** End `context` on a thread of its own. Returns 0; -1 when no thread could be started: the context stays. */
int zcpy_term_later (void *context);

/** Wait until every such context has ended, at most `milliseconds`. Returns the number of those that have not. */
int zcpy_term_wait (int milliseconds);

/** For the child of a fork(), which has none of these threads: forget them. */
void zcpy_after_fork (void);

/* zcffi: cdef end */

#endif
