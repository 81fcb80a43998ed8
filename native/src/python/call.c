/* call.c: the arguments, errors and the waiting of every call of module zcffi._fast. Under the GIL, but for the
 * attempts of a call that waits. */
#include "fast.h"

#include <errno.h>
#include <limits.h>

PyObject *fast_error_for;

/* ---- Errors, arguments ------------------------------------------------------------------------------------------ */

/* Again is an everyday answer: what it is made of is kept, for each verb (send, receive), and Python's function is
 * asked once. Under the GIL. */
static struct
{
    const char *verb;
    PyObject *type;
    PyObject *args;
} agains[4];

static bool fail_again (const char *verb)
{
    for (size_t i = 0; i < sizeof agains / sizeof *agains; i++)
        if (agains[i].verb == verb) {
            PyErr_SetObject (agains[i].type, agains[i].args);
            return true;
        }
    return false;
}

static void keep_again (const char *verb, PyObject *exception)
{
    for (size_t i = 0; i < sizeof agains / sizeof *agains; i++)
        if (agains[i].verb == NULL) {
            PyObject *args = PyObject_GetAttrString (exception, "args");
            if (args == NULL)
                PyErr_Clear ();
            else {
                agains[i].type = Py_NewRef ((PyObject *)Py_TYPE (exception));
                agains[i].args = args;
                agains[i].verb = verb;
            }
            return;
        }
}

long fast_fail (int error, const char *verb)
{
    PyObject *exception;

    if (error == EAGAIN && fail_again (verb))
        return FAILED;

    if (fast_error_for == NULL) {
        PyErr_SetString (PyExc_SystemError, "zcffi._fast was not set up");
        return FAILED;
    }
    exception = PyObject_CallFunction (fast_error_for, "is", error, verb);
    if (exception != NULL) {
        if (error == EAGAIN)
            keep_again (verb, exception);
        PyErr_SetObject ((PyObject *)Py_TYPE (exception), exception);
        Py_DECREF (exception);
    }
    return FAILED;
}

bool fast_has_args (const char *name, Py_ssize_t nargs, Py_ssize_t least, Py_ssize_t most)
{
    if (nargs >= least && nargs <= most)
        return true;
    PyErr_Format (PyExc_TypeError, "%s() takes %zd to %zd arguments (%zd given)", name, least, most, nargs);
    return false;
}

bool fast_get_int (PyObject *const *args, Py_ssize_t nargs, Py_ssize_t index, int fallback, int *value)
{
    long number = index < nargs ? PyLong_AsLong (args[index]) : fallback;

    if (number == -1 && PyErr_Occurred ())
        return false;
    if (number < INT_MIN || number > INT_MAX) {
        PyErr_Format (PyExc_OverflowError, "%ld is too large for a C int", number);
        return false;
    }
    *value = (int)number;
    return true;
}

PyObject *fast_get_object (PyObject *const *args, Py_ssize_t nargs, Py_ssize_t index)
{
    return index < nargs && args[index] != Py_None ? args[index] : NULL;
}

/* ---- One call: try, and wait only then -------------------------------------------------------------------------- */

long fast_time_left (int timeout, void *watch)
{
    unsigned long passed = zmq_stopwatch_intermediate (watch) / 1000;

    return passed < (unsigned long)timeout ? timeout - (long)passed : 0;
}

/* After a signal: the rest of the socket's timeout, by poll; -1 and errno as an attempt. */
static long attempt_until (const struct call *call, void *socket, void *what, int timeout, void *watch)
{
    zmq_pollitem_t item = {socket, 0, call->event, 0};
    long left = fast_time_left (timeout, watch);
    long rc;

    if (left > 0 && zmq_poll (&item, 1, left) < 0)
        return -1;
    rc = call->attempt (socket, what, TRY);
    if (rc < 0 && zmq_errno () == EAGAIN && left > 0)
        errno = EINTR; /* somebody else was faster: wait for the rest */
    return rc;
}

/* Wait without the GIL. A signal's handler runs in between and may end the call with its exception (PEP 475). */
static long perform_waiting (const struct call *call, void *socket, void *what, int flags)
{
    void *watch = zmq_stopwatch_start ();
    int timeout = -1;
    bool interrupted = false;
    long rc;
    int error;

    for (;;) {
        Py_BEGIN_ALLOW_THREADS
        if (interrupted && timeout >= 0)
            rc = attempt_until (call, socket, what, timeout, watch);
        else
            rc = call->attempt (socket, what, flags & ~QUIET);
        error = rc < 0 ? zmq_errno () : 0;
        Py_END_ALLOW_THREADS
        if (error != EINTR)
            break;
        if (PyErr_CheckSignals () < 0) {
            zmq_stopwatch_stop (watch);
            return FAILED;
        }
        if (!interrupted) {
            size_t size = sizeof timeout;
            interrupted = true;
            if (zmq_getsockopt (socket, call->timeout, &timeout, &size) < 0)
                timeout = -1;
        }
    }
    zmq_stopwatch_stop (watch);
    if (rc < 0 && error == EAGAIN && (flags & QUIET))
        return WOULD_WAIT;
    return rc < 0 ? fast_fail (error, call->verb) : rc;
}

/* ---- Looking again, for event loops ----------------------------------------------------------------------------- */

#if ZCFFI_HAS_ZCFFI

/* An event loop asks the selector and goes round before it comes back for a message: ten times what the way between two
 * processes takes. So a call with LOOK first looks again for some microseconds. Without the GIL, as every wait; but where
 * another Python thread computes, getting it back takes a time slice: then there is no looking for a while. */
static long attempt_looking (const struct call *call, void *socket, void *what, int flags)
{
    enum
    {
        LATE_US = 2000, /* later than any look ends */
        PAUSE_US = 100000
    };
    static void *watch; /* all under the GIL; it runs for ever */
    static unsigned long no_look_before;
    unsigned long began;
    long rc;
    int error;

    if (watch == NULL)
        watch = zmq_stopwatch_start ();
    began = watch != NULL ? zmq_stopwatch_intermediate (watch) : 0;
    if (watch == NULL || began < no_look_before) {
        errno = EAGAIN;
        return -1;
    }
    Py_BEGIN_ALLOW_THREADS;
    rc = call->attempt (socket, what, (flags & ~QUIET) | TRY);
    error = zmq_errno ();
    Py_END_ALLOW_THREADS;
    if (zmq_stopwatch_intermediate (watch) - began > LATE_US)
        no_look_before = began + PAUSE_US;
    errno = error;
    return rc;
}

#else

static long attempt_looking (const struct call *call, void *socket, void *what, int flags)
{
    (void)call, (void)socket, (void)what, (void)flags;
    errno = EAGAIN;
    return -1;
}

#endif

long fast_perform (const struct call *call, void *socket, void *what, int flags)
{
    for (;;) {
        long rc = call->attempt (socket, what, (flags & ~(QUIET | LOOK | LOOK_LONG)) | TRY);
        int error;

        if (rc < 0 && (flags & (LOOK | LOOK_LONG)) && zmq_errno () == EAGAIN)
            rc = attempt_looking (call, socket, what, flags);

        if (rc >= 0)
            return rc;
        error = zmq_errno ();
        if (error == EAGAIN) {
            if (!(flags & ZMQ_DONTWAIT))
                return perform_waiting (call, socket, what, flags);
            if (flags & QUIET)
                return WOULD_WAIT;
        }
        if (error != EINTR)
            return fast_fail (error, call->verb);
        if (PyErr_CheckSignals () < 0)
            return FAILED;
    }
}
