/* ready.c: what can be done without waiting, and waiting for it, in module zcffi._fast. Under the GIL, given up only to
 * wait. */
#include "fast.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static long attempt_events (void *socket, void *what, int flags)
{
    size_t size = sizeof (int);

    (void)flags;
    return zmq_getsockopt (socket, ZMQ_EVENTS, what, &size);
}

static const struct call call_events = {"events", attempt_events, ZMQ_POLLIN, ZMQ_RCVTIMEO};

/* events(socket) -> what can be done without waiting */
PyObject *fast_events (PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    void *socket;
    int events = 0;

    (void)module;
    fast_settle_loans ();
    if (!fast_has_args ("events", nargs, 1, 1) || !fast_get_socket (args[0], &socket)
        || fast_perform (&call_events, socket, &events, ZMQ_DONTWAIT) < 0)
        return NULL;
    return PyLong_FromLong (events);
}

/* Wait for `items` without the GIL, through signals. Returns as zmq_poll(), or FAILED with an exception. */
static long poll_waiting (zmq_pollitem_t *items, int count, long timeout)
{
    void *watch = zmq_stopwatch_start ();
    long left = timeout;
    long rc;
    int error;

    for (;;) {
        Py_BEGIN_ALLOW_THREADS
        rc = zmq_poll (items, count, left);
        error = rc < 0 ? zmq_errno () : 0;
        Py_END_ALLOW_THREADS
        if (error != EINTR)
            break;
        if (PyErr_CheckSignals () < 0) {
            rc = FAILED;
            error = 0;
            break;
        }
        if (timeout > 0)
            left = fast_time_left ((int)timeout, watch);
    }
    zmq_stopwatch_stop (watch);
    return error != 0 ? fast_fail (error, "poll") : rc;
}

/* poll(items, timeout) -> a list of (index, events). `items`: bytes that hold an array of zmq_pollitem_t. */
PyObject *fast_poll (PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    enum
    {
        INSIDE = 16
    };
    zmq_pollitem_t inside[INSIDE];
    zmq_pollitem_t *items = inside;
    int count;
    int timeout;
    long rc;
    PyObject *result = NULL;

    (void)module;
    fast_settle_loans ();
    if (!fast_has_args ("poll", nargs, 2, 2) || !fast_get_int (args, nargs, 1, -1, &timeout))
        return NULL;
    if (!PyBytes_Check (args[0]) || PyBytes_Size (args[0]) / (Py_ssize_t)sizeof *items > INT_MAX) {
        PyErr_SetString (PyExc_TypeError, "poll() needs its items as bytes");
        return NULL;
    }
    count = (int)(PyBytes_Size (args[0]) / (Py_ssize_t)sizeof *items);
    if (count > INSIDE)
        items = malloc ((size_t)count * sizeof *items);
    if (items == NULL)
        return PyErr_NoMemory ();
    memcpy (items, PyBytes_AsString (args[0]), (size_t)count * sizeof *items);
    rc = count > 0 ? zmq_poll (items, count, 0) : 0;
    if (rc < 0 && zmq_errno () != EINTR)
        rc = fast_fail (zmq_errno (), "poll");
    else if (rc <= 0 && timeout != 0)
        rc = poll_waiting (items, count, timeout);
    if (rc >= 0)
        result = PyList_New (0);
    for (int i = 0; result != NULL && rc > 0 && i < count; i++) {
        PyObject *pair = items[i].revents != 0 ? Py_BuildValue ("(ii)", i, (int)items[i].revents) : NULL;
        if (items[i].revents != 0 && (pair == NULL || PyList_Append (result, pair) < 0))
            Py_CLEAR (result);
        Py_XDECREF (pair);
    }
    if (items != inside)
        free (items);
    return result;
}
