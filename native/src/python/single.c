/* single.c: single parts, sent and received by module zcffi._fast. Under the GIL. */
#include "fast.h"

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
PyObject *fast_send (PyObject *module, PyObject *const *args, Py_ssize_t nargs)
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
PyObject *fast_recv (PyObject *module, PyObject *const *args, Py_ssize_t nargs)
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
PyObject *fast_recv_into (PyObject *module, PyObject *const *args, Py_ssize_t nargs)
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
PyObject *fast_recv_message (PyObject *module, PyObject *const *args, Py_ssize_t nargs)
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
