/* whole.c: whole messages of module zcffi._fast. Under the GIL, but for the attempts of a call that waits.
 *
 * On libzmq, which has no calls for whole messages, the attempts are loops over its parts. */
#include "fast.h"

#include <errno.h>
#include <stdlib.h>

/* ---- Whole messages --------------------------------------------------------------------------------------------- */

void fast_parts_init (struct parts *parts)
{
    parts->at = parts->inside;
    parts->count = 0;
    parts->room = PARTS_INSIDE;
}

void fast_parts_close (struct parts *parts)
{
    for (size_t i = 0; i < parts->count; i++)
        zmq_msg_close (&parts->at[i]);
    if (parts->at != parts->inside)
        free (parts->at);
    fast_parts_init (parts);
}

int fast_parts_grow (struct parts *parts, size_t room)
{
    zmq_msg_t *at;

    if (room <= parts->room)
        return 0;
    at = room <= SIZE_MAX / sizeof *at ? malloc (room * sizeof *at) : NULL;
    if (at == NULL) {
        errno = ENOMEM;
        return -1;
    }
    for (size_t i = 0; i < parts->count; i++) {
        zmq_msg_init (&at[i]);
        zmq_msg_move (&at[i], &parts->at[i]);
    }
    if (parts->at != parts->inside)
        free (parts->at);
    parts->at = at;
    parts->room = room;
    return 0;
}

#if ZCFFI_HAS_ZCFFI

static long attempt_send_parts (void *socket, void *what, int flags)
{
    struct parts *parts = what;

    return zcffi_send_parts (socket, parts->at, parts->count, flags);
}

long fast_attempt_recv_parts (void *socket, void *what, int flags)
{
    struct parts *parts = what;
    int rc;

    do
        rc = zcffi_recv_parts (socket, parts->at, parts->room, flags);
    while (rc < 0 && zmq_errno () == EMSGSIZE && fast_parts_grow (parts, parts->room * 4) == 0);
    parts->count = rc < 0 ? 0 : (size_t)rc;
    return rc;
}

#else /* libzmq: part by part. Once the first part is there or accepted, the others don't wait. */

static long attempt_send_parts (void *socket, void *what, int flags)
{
    struct parts *parts = what;

    for (size_t i = 0; i < parts->count; i++) {
        int more = i + 1 < parts->count ? ZMQ_SNDMORE : 0;
        int rc;
        do
            rc = zmq_msg_send (&parts->at[i], socket, (i == 0 ? flags : 0) | more);
        while (rc < 0 && i > 0 && zmq_errno () == EINTR);
        if (rc < 0)
            return -1;
    }
    return 0;
}

long fast_attempt_recv_parts (void *socket, void *what, int flags)
{
    struct parts *parts = what;
    size_t start = parts->count;
    int more = 1;

    while (more) {
        zmq_msg_t *part;
        int rc;
        if (parts->count == parts->room && fast_parts_grow (parts, parts->room * 4) < 0)
            return -1;
        part = &parts->at[parts->count];
        zmq_msg_init (part);
        do
            rc = zmq_msg_recv (part, socket, parts->count == start ? flags : 0);
        while (rc < 0 && parts->count > start && zmq_errno () == EINTR);
        if (rc < 0) {
            int error = zmq_errno ();
            zmq_msg_close (part);
            errno = error;
            return -1;
        }
        parts->count++;
        more = zmq_msg_more (part);
    }
    return (long)parts->count;
}

#endif

static const struct call call_send_parts = {"send", attempt_send_parts, ZMQ_POLLOUT, ZMQ_SNDTIMEO};
static const struct call call_recv_parts = {"receive", fast_attempt_recv_parts, ZMQ_POLLIN, ZMQ_RCVTIMEO};

PyObject *fast_get_tuple (PyObject *object, const char *cure)
{
    if (!PyUnicode_Check (object) && !PyObject_CheckBuffer (object))
        return PySequence_Tuple (object);
    PyErr_SetString (PyExc_TypeError, cure);
    return NULL;
}

long fast_send_whole (void *handle, PyObject *data, int flags, bool copy, PyObject *released, long *lent)
{
    long rc = FAILED;
    Py_ssize_t count;
    PyObject *tuple;
    struct parts parts;

    fast_settle_loans ();
    tuple = fast_get_tuple (data, "send_multipart() needs a sequence of parts: for a single part use send()");
    if (tuple == NULL)
        return FAILED;
    count = PyTuple_Size (tuple);
    fast_parts_init (&parts);
    if (count == 0)
        PyErr_SetString (PyExc_ValueError,
                         "send_multipart() needs one part or more; a part may be empty: [b'']");
    else if (fast_parts_grow (&parts, (size_t)count) < 0)
        PyErr_NoMemory ();
    else {
        while (parts.count < (size_t)count
               && fast_message_init (&parts.at[parts.count], PyTuple_GetItem (tuple, (Py_ssize_t)parts.count),
                                     copy, released, lent))
            parts.count++;
        if (parts.count == (size_t)count)
            rc = fast_perform (&call_send_parts, handle, &parts, flags);
    }
    fast_parts_close (&parts);
    Py_DECREF (tuple);
    return rc;
}

/* send_multipart(socket, parts, flags=0, copy=True, released=None) -> the number of buffers that were lent; -1 with QUIET */
PyObject *fast_send_multipart (PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    void *socket;
    int flags;
    long lent = 0;
    long rc;

    (void)module;
    if (!fast_has_args ("send_multipart", nargs, 2, 5) || !fast_get_socket (args[0], &socket)
        || !fast_get_int (args, nargs, 2, 0, &flags))
        return NULL;
    rc = fast_send_whole (socket, args[1], flags, nargs < 4 || PyObject_IsTrue (args[3]),
                          fast_get_object (args, nargs, 4), &lent);
    return rc == FAILED ? NULL : PyLong_FromLong (rc == WOULD_WAIT ? -1 : lent);
}

static PyObject *object_from_part (zmq_msg_t *part, PyTypeObject *type)
{
    return type == NULL ? fast_bytes_of (part) : fast_message_take (type, part);
}

PyObject *fast_parts_list (struct parts *parts, size_t *next, PyTypeObject *type)
{
    size_t end = *next;
    PyObject *list;

    while (end + 1 < parts->count && zmq_msg_more (&parts->at[end]))
        end++;
    list = PyList_New ((Py_ssize_t)(end - *next + 1));
    for (Py_ssize_t i = 0; list != NULL && *next <= end; i++, (*next)++) {
        PyObject *object = object_from_part (&parts->at[*next], type);
        if (object == NULL || PyList_SetItem (list, i, object) < 0)
            Py_CLEAR (list);
    }
    return list;
}

PyObject *fast_recv_whole (void *handle, int flags, PyTypeObject *type)
{
    size_t next = 0;
    long rc;
    PyObject *result = NULL;
    struct parts parts;

    fast_settle_loans ();
    fast_parts_init (&parts);
    rc = fast_perform (&call_recv_parts, handle, &parts, flags);
    if (rc >= 0)
        result = fast_parts_list (&parts, &next, type);
    fast_parts_close (&parts);
    if (rc == WOULD_WAIT)
        Py_RETURN_NONE;
    return result;
}

/* recv_multipart(socket, flags=0, type=None) -> a list of bytes, or of `type`; None with QUIET */
PyObject *fast_recv_multipart (PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    void *socket;
    int flags;
    PyTypeObject *type;

    (void)module;
    if (!fast_has_args ("recv_multipart", nargs, 1, 3) || !fast_get_socket (args[0], &socket)
        || !fast_get_int (args, nargs, 1, 0, &flags) || !fast_get_type (args, nargs, 2, &type))
        return NULL;
    return fast_recv_whole (socket, flags, type);
}
