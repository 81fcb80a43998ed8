/* fast.c: the second door, the hot calls of the Python package as plain C functions (module zcffi._fast).
 *
 * A call through cffi always gives up the GIL, which beside a busy Python thread costs a whole time slice. The calls
 * here first try without waiting, under the GIL, and give it up only to wait. One behaviour, two doors: zcffi/_pure.py
 * does the same through cffi alone, and one test suite runs through both. Here: single parts, readiness, the module. */
#include "fast.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* ---- send, recv ------------------------------------------------------------------------------------------------- */

static long attempt_send (void *socket, void *what, int flags)
{
    const struct memory *memory = what;

    return zmq_send (socket, memory->data, memory->size, flags);
}

static long attempt_send_message (void *socket, void *what, int flags)
{
    return zmq_msg_send (what, socket, flags);
}

static long attempt_recv_message (void *socket, void *what, int flags)
{
    return zmq_msg_recv (what, socket, flags);
}

static long attempt_recv_into (void *socket, void *what, int flags)
{
    const struct memory *memory = what;

    return zmq_recv (socket, memory->data, memory->size, flags);
}

static const struct call call_send = {"send", attempt_send, ZMQ_POLLOUT, ZMQ_SNDTIMEO};
static const struct call call_send_message = {"send", attempt_send_message, ZMQ_POLLOUT, ZMQ_SNDTIMEO};
static const struct call call_recv_message = {"receive", attempt_recv_message, ZMQ_POLLIN, ZMQ_RCVTIMEO};
static const struct call call_recv_into = {"receive", attempt_recv_into, ZMQ_POLLIN, ZMQ_RCVTIMEO};

long fast_send_part (void *handle, PyObject *data, int flags, bool copy, PyObject *released, long *lent)
{
    long rc;
    zmq_msg_t msg;

    fast_settle_loans ();
    if (PyBytes_CheckExact (data) && PyBytes_Size (data) < LEND_FROM) {
        struct memory memory = {PyBytes_AsString (data), (size_t)PyBytes_Size (data)};
        return fast_perform (&call_send, handle, &memory, flags);
    }
    if (!fast_message_init (&msg, data, copy, released, lent))
        return FAILED;
    rc = fast_perform (&call_send_message, handle, &msg, flags);
    if (rc < 0)
        zmq_msg_close (&msg);
    return rc;
}

PyObject *fast_recv_part (void *handle, int flags)
{
    long rc;
    zmq_msg_t msg;
    PyObject *result;

    fast_settle_loans ();
    zmq_msg_init (&msg);
    rc = fast_perform (&call_recv_message, handle, &msg, flags);
    if (rc == WOULD_WAIT)
        Py_RETURN_NONE;
    if (rc < 0)
        return NULL;
    result = fast_bytes_of (&msg);
    zmq_msg_close (&msg);
    return result;
}

/* send(socket, data, flags=0, copy=True, released=None) -> the number of buffers that were lent; -1 with QUIET */
static PyObject *fast_send (PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    void *socket;
    int flags;
    long lent = 0;
    long rc;

    (void)module;
    if (!fast_has_args ("send", nargs, 2, 5) || !fast_get_socket (args[0], &socket)
        || !fast_get_int (args, nargs, 2, 0, &flags))
        return NULL;
    rc = fast_send_part (socket, args[1], flags, nargs < 4 || PyObject_IsTrue (args[3]),
                         fast_get_object (args, nargs, 4), &lent);
    return rc == FAILED ? NULL : PyLong_FromLong (rc == WOULD_WAIT ? -1 : lent);
}

/* recv(socket, flags=0) -> bytes, or None with QUIET */
static PyObject *fast_recv (PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    void *socket;
    int flags;

    (void)module;
    if (!fast_has_args ("recv", nargs, 1, 2) || !fast_get_socket (args[0], &socket)
        || !fast_get_int (args, nargs, 1, 0, &flags))
        return NULL;
    return fast_recv_part (socket, flags);
}

/* recv_into(socket, buffer, nbytes=0, flags=0) -> the size of the part, or -1 with QUIET. nbytes 0: the whole buffer. */
static PyObject *fast_recv_into (PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    void *socket;
    int size;
    int flags;
    long rc;
    Py_buffer view;
    struct memory memory;

    (void)module;
    fast_settle_loans ();
    if (!fast_has_args ("recv_into", nargs, 2, 4) || !fast_get_socket (args[0], &socket)
        || !fast_get_int (args, nargs, 2, 0, &size) || !fast_get_int (args, nargs, 3, 0, &flags)
        || PyObject_GetBuffer (args[1], &view, PyBUF_WRITABLE) < 0)
        return NULL;
    if (size < 0 || size > view.len) {
        PyErr_Format (PyExc_ValueError, "recv_into() can't use %d of the buffer's %zd bytes", size, view.len);
        PyBuffer_Release (&view);
        return NULL;
    }
    memory.data = view.buf;
    memory.size = size > 0 ? (size_t)size : (size_t)view.len;
    rc = fast_perform (&call_recv_into, socket, &memory, flags);
    PyBuffer_Release (&view);
    return rc == FAILED ? NULL : PyLong_FromLong (rc == WOULD_WAIT ? -1 : rc);
}

/* recv_message(socket, flags, type) -> a message of that class; None with QUIET */
static PyObject *fast_recv_message (PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    void *socket;
    int flags;
    long rc;
    PyTypeObject *type;
    PyObject *result;

    (void)module;
    fast_settle_loans ();
    if (!fast_has_args ("recv_message", nargs, 3, 3) || !fast_get_socket (args[0], &socket)
        || !fast_get_int (args, nargs, 1, 0, &flags) || !fast_get_type (args, nargs, 2, &type))
        return NULL;
    result = fast_message_new (type != NULL ? type : fast_message_type);
    if (result == NULL)
        return NULL;
    rc = fast_perform (&call_recv_message, socket, &((struct message *)result)->msg, flags);
    if (rc >= 0)
        return result;
    Py_DECREF (result);
    if (rc == WOULD_WAIT)
        Py_RETURN_NONE;
    return NULL;
}

/* ---- Readiness -------------------------------------------------------------------------------------------------- */

static long attempt_events (void *socket, void *what, int flags)
{
    size_t size = sizeof (int);

    (void)flags;
    return zmq_getsockopt (socket, ZMQ_EVENTS, what, &size);
}

static const struct call call_events = {"events", attempt_events, ZMQ_POLLIN, ZMQ_RCVTIMEO};

/* events(socket) -> what can be done without waiting */
static PyObject *fast_events (PyObject *module, PyObject *const *args, Py_ssize_t nargs)
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
static PyObject *fast_poll (PyObject *module, PyObject *const *args, Py_ssize_t nargs)
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

/* ---- The module ------------------------------------------------------------------------------------------------- */

static PyObject *fast_setup (PyObject *module, PyObject *arg)
{
    PyObject *old = fast_error_for;

    (void)module;
    fast_error_for = Py_NewRef (arg);
    Py_XDECREF (old);
    Py_RETURN_NONE;
}

static PyObject *fast_settle (PyObject *module, PyObject *none)
{
    (void)module;
    (void)none;
    fast_settle_loans ();
    Py_RETURN_NONE;
}

#define HOT(name, text)                                                                                      \
    {                                                                                                        \
#name, (PyCFunction)(void (*)(void))fast_##name, METH_FASTCALL, text                                 \
    }

static PyMethodDef methods[] = {
    HOT (send, "Send one part."),
    HOT (recv, "Receive one part as bytes."),
    HOT (recv_into, "Receive one part into a buffer."),
    HOT (recv_message, "Receive one part as a Message."),
    HOT (send_multipart, "Send one whole message."),
    HOT (recv_multipart, "Receive one whole message."),
    HOT (send_many, "Send many whole messages."),
    HOT (recv_many, "Receive many whole messages."),
    HOT (events, "What a socket can do without waiting."),
    HOT (poll, "Wait for sockets and descriptors."),
    {"setup", fast_setup, METH_O, "Give the function that makes exceptions."},
    {"hot_method", fast_hot_method, METH_VARARGS, "The C method that stands before a Python method."},
    {"settle", fast_settle, METH_NOARGS, "Let go of the buffers that were sent."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "zcffi._fast",
    .m_doc = "The hot calls, which keep the GIL unless they have to wait.",
    .m_size = -1,
    .m_methods = methods,
};

PyMODINIT_FUNC PyInit__fast (void)
{
    PyObject *module = PyModule_Create (&definition);

    if (module == NULL)
        return NULL;
    if (fast_message_setup (module) < 0 || fast_socket_setup (module) < 0
        || PyModule_AddIntConstant (module, "QUIET", QUIET) < 0
        || PyModule_AddIntConstant (module, "LOOK", LOOK) < 0
        || PyModule_AddIntConstant (module, "LOOK_LONG", LOOK_LONG) < 0) {
        Py_DECREF (module);
        return NULL;
    }
    return module;
}
