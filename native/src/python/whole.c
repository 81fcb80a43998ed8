/* whole.c: whole messages and batches of module zcffi._fast. Under the GIL, but for the attempts of a call that waits.
 *
 * On libzmq, which has no calls for whole messages, the attempts are loops over its parts. */
#include "fast.h"

#include <errno.h>
#include <stdlib.h>

/* ---- Whole messages --------------------------------------------------------------------------------------------- */

/* A list of parts that grows; no Python object. */
struct parts
{
    zmq_msg_t *at;
    size_t count;
    size_t room;
    size_t messages; /* how many a batch may bring */
    zmq_msg_t inside[PARTS_INSIDE];
};

static void parts_init (struct parts *parts)
{
    parts->at = parts->inside;
    parts->count = 0;
    parts->room = PARTS_INSIDE;
    parts->messages = 1;
}

static void parts_close (struct parts *parts)
{
    for (size_t i = 0; i < parts->count; i++)
        zmq_msg_close (&parts->at[i]);
    if (parts->at != parts->inside)
        free (parts->at);
    parts_init (parts);
}

/* Make room for `room` parts. -1 and errno when there is no memory. */
static int parts_grow (struct parts *parts, size_t room)
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

static long attempt_recv_parts (void *socket, void *what, int flags)
{
    struct parts *parts = what;
    int rc;

    do
        rc = zcffi_recv_parts (socket, parts->at, parts->room, flags);
    while (rc < 0 && zmq_errno () == EMSGSIZE && parts_grow (parts, parts->room * 4) == 0);
    parts->count = rc < 0 ? 0 : (size_t)rc;
    return rc;
}

static long attempt_recv_many (void *socket, void *what, int flags)
{
    struct parts *parts = what;
    long rc;

    do
        rc = zcffi_recv_many (socket, parts->at, parts->room, parts->messages, flags);
    while (rc < 0 && zmq_errno () == EMSGSIZE && parts_grow (parts, parts->room * 4) == 0);
    parts->count = rc < 0 ? 0 : (size_t)rc;
    return rc;
}

static long attempt_send_many (void *socket, void *what, int flags)
{
    const struct memory *batch = what;

    return zcffi_send_many (socket, batch->data, batch->size, flags);
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

static long attempt_recv_parts (void *socket, void *what, int flags)
{
    struct parts *parts = what;
    size_t start = parts->count;
    int more = 1;

    while (more) {
        zmq_msg_t *part;
        int rc;
        if (parts->count == parts->room && parts_grow (parts, parts->room * 4) < 0)
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

static long attempt_recv_many (void *socket, void *what, int flags)
{
    struct parts *parts = what;
    long rc = attempt_recv_parts (socket, parts, flags);

    for (size_t got = 1; rc >= 0 && got < parts->messages; got++)
        rc = attempt_recv_parts (socket, parts, flags | ZMQ_DONTWAIT);
    return parts->count > 0 ? (long)parts->count : rc;
}

static long attempt_send_many (void *socket, void *what, int flags)
{
    const struct memory *batch = what;
    const zcffi_part_t *parts = batch->data;
    size_t whole = 0;
    bool first = true;

    for (size_t i = 0; i < batch->size; i++) {
        int rc;
        do
            rc = zmq_send (socket, parts[i].data, parts[i].size,
                           (first ? flags | (whole > 0 ? ZMQ_DONTWAIT : 0) : 0)
                               | (parts[i].more ? ZMQ_SNDMORE : 0));
        while (rc < 0 && !first && zmq_errno () == EINTR);
        if (rc < 0)
            return whole > 0 ? (long)whole : -1;
        first = !parts[i].more;
        if (first)
            whole = i + 1;
    }
    return (long)whole;
}

#endif

static const struct call call_send_parts = {"send", attempt_send_parts, ZMQ_POLLOUT, ZMQ_SNDTIMEO};
static const struct call call_recv_parts = {"receive", attempt_recv_parts, ZMQ_POLLIN, ZMQ_RCVTIMEO};
static const struct call call_recv_many = {"receive", attempt_recv_many, ZMQ_POLLIN, ZMQ_RCVTIMEO};
static const struct call call_send_many = {"send", attempt_send_many, ZMQ_POLLOUT, ZMQ_SNDTIMEO};

/* A tuple of what an iterable holds, so that nobody changes it meanwhile. A buffer is refused: it is a single part. */
static PyObject *get_tuple (PyObject *object, const char *cure)
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
    tuple = get_tuple (data, "send_multipart() needs a sequence of parts: for a single part use send()");
    if (tuple == NULL)
        return FAILED;
    count = PyTuple_Size (tuple);
    parts_init (&parts);
    if (count == 0)
        PyErr_SetString (PyExc_ValueError,
                         "send_multipart() needs one part or more; a part may be empty: [b'']");
    else if (parts_grow (&parts, (size_t)count) < 0)
        PyErr_NoMemory ();
    else {
        while (parts.count < (size_t)count
               && fast_message_init (&parts.at[parts.count], PyTuple_GetItem (tuple, (Py_ssize_t)parts.count),
                                     copy, released, lent))
            parts.count++;
        if (parts.count == (size_t)count)
            rc = fast_perform (&call_send_parts, handle, &parts, flags);
    }
    parts_close (&parts);
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

/* A list of the parts from *next on that belong to one message; *next moves behind them. */
static PyObject *list_from_parts (struct parts *parts, size_t *next, PyTypeObject *type)
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
    parts_init (&parts);
    rc = fast_perform (&call_recv_parts, handle, &parts, flags);
    if (rc >= 0)
        result = list_from_parts (&parts, &next, type);
    parts_close (&parts);
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

/* ---- Batches ---------------------------------------------------------------------------------------------------- */

/* Messages of a batch, flattened into parts whose bytes `keep` holds. */
struct batch
{
    zcffi_part_t *parts;
    size_t count;
    size_t room;
    PyObject *keep; /* list: what owns the bytes */
};

static bool batch_add (struct batch *batch, PyObject *data, bool more)
{
    zcffi_part_t *part;

    if (batch->count == batch->room) {
        size_t room = batch->room * 2;
        zcffi_part_t *parts = realloc (batch->parts, room * sizeof *parts);
        if (parts == NULL) {
            PyErr_NoMemory ();
            return false;
        }
        batch->parts = parts;
        batch->room = room;
    }
    part = &batch->parts[batch->count];
    part->more = more;
    if (PyBytes_CheckExact (data)) {
        part->data = PyBytes_AsString (data);
        part->size = (size_t)PyBytes_Size (data);
    } else if (fast_is_message (data)) {
        zmq_msg_t *msg = &((struct message *)data)->msg;
        part->data = zmq_msg_data (msg);
        part->size = zmq_msg_size (msg);
    } else {
        /* Bytes that may change or move: a batch of such is not worth a table of views. */
        PyObject *bytes = PyObject_CheckBuffer (data) ? PyBytes_FromObject (data) : NULL;
        if (bytes == NULL) {
            if (!PyErr_Occurred ())
                fast_refuse_data (data);
            return false;
        }
        part->data = PyBytes_AsString (bytes);
        part->size = (size_t)PyBytes_Size (bytes);
        if (PyList_Append (batch->keep, bytes) < 0) {
            Py_DECREF (bytes);
            return false;
        }
        Py_DECREF (bytes);
    }
    batch->count++;
    return true;
}

/* One message: a buffer, or a list or tuple of buffers. */
static bool batch_add_message (struct batch *batch, PyObject *message)
{
    PyObject *tuple;
    Py_ssize_t count;
    bool done;

    if (!PyList_Check (message) && !PyTuple_Check (message))
        return batch_add (batch, message, false);
    tuple = PySequence_Tuple (message);
    if (tuple == NULL)
        return false;
    count = PyTuple_Size (tuple);
    done = count > 0 && PyList_Append (batch->keep, tuple) == 0;
    if (count == 0)
        PyErr_SetString (PyExc_ValueError,
                         "a message of a batch needs one part or more; a part may be empty: [b'']");
    for (Py_ssize_t i = 0; done && i < count; i++)
        done = batch_add (batch, PyTuple_GetItem (tuple, i), i + 1 < count);
    Py_DECREF (tuple);
    return done;
}

/* How many parts to pass at once: whole messages, and no more than BATCH_PARTS or BATCH_BYTES if they are several. */
static size_t batch_slice (const zcffi_part_t *parts, size_t count)
{
    size_t whole = 0;
    size_t bytes = 0;

    for (size_t i = 0; i < count && (whole == 0 || (i < BATCH_PARTS && bytes < BATCH_BYTES)); i++) {
        bytes += parts[i].size;
        if (!parts[i].more)
            whole = i + 1;
    }
    return whole;
}

/* send_many(socket, messages, flags=0) -> how many were sent; -1 with QUIET for none */
PyObject *fast_send_many (PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    void *socket;
    int flags;
    size_t sent = 0;
    long messages = 0;
    long rc = 0;
    Py_ssize_t count;
    bool done = true;
    PyObject *tuple;
    struct batch batch = {NULL, 0, 0, NULL};

    (void)module;
    fast_settle_loans ();
    if (!fast_has_args ("send_many", nargs, 2, 3) || !fast_get_socket (args[0], &socket)
        || !fast_get_int (args, nargs, 2, 0, &flags))
        return NULL;
    tuple = get_tuple (args[1], "send_many() needs a sequence of messages: for a single one use send()");
    if (tuple == NULL)
        return NULL;
    count = PyTuple_Size (tuple);
    batch.room = count > 0 ? (size_t)count : 1;
    batch.parts = malloc (batch.room * sizeof *batch.parts);
    batch.keep = PyList_New (0);
    if (batch.parts == NULL || batch.keep == NULL) {
        PyErr_NoMemory ();
        done = false;
    }
    for (Py_ssize_t i = 0; done && i < count; i++)
        done = batch_add_message (&batch, PyTuple_GetItem (tuple, i));
    while (done && sent < batch.count) {
        struct memory slice = {&batch.parts[sent], batch_slice (&batch.parts[sent], batch.count - sent)};
        rc = fast_perform (&call_send_many, socket, &slice, messages > 0 ? flags | QUIET : flags);
        if (rc <= 0)
            break;
        for (size_t end = sent + (size_t)rc; sent < end; sent++)
            messages += !batch.parts[sent].more;
    }
    if (rc == FAILED && messages > 0 && PyErr_ExceptionMatches (PyExc_OSError))
        PyErr_Clear (); /* the next call tells; this one tells what was sent */
    free (batch.parts);
    Py_XDECREF (batch.keep);
    Py_DECREF (tuple);
    if (PyErr_Occurred ())
        return NULL;
    return PyLong_FromLong (messages == 0 && rc == WOULD_WAIT ? -1 : messages);
}

/* Move the messages of `parts` to `list`: parts one by one, or a list for each message. Returns their number. */
static long append_messages (PyObject *list, struct parts *parts, bool multipart)
{
    size_t next = 0;
    long messages = 0;

    while (next < parts->count) {
        PyObject *object;
        int rc;
        messages += multipart || !zmq_msg_more (&parts->at[next]);
        object = multipart ? list_from_parts (parts, &next, NULL) : fast_bytes_of (&parts->at[next++]);
        if (object == NULL)
            return FAILED;
        rc = PyList_Append (list, object);
        Py_DECREF (object);
        if (rc < 0)
            return FAILED;
    }
    return messages;
}

/* recv_many(socket, limit, flags=0, multipart=False) -> a list; None with QUIET */
PyObject *fast_recv_many (PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    void *socket;
    int limit;
    int flags;
    bool multipart;
    long got = 0;
    long rc = 0;
    PyObject *list;

    (void)module;
    fast_settle_loans ();
    if (!fast_has_args ("recv_many", nargs, 2, 4) || !fast_get_socket (args[0], &socket)
        || !fast_get_int (args, nargs, 1, 1, &limit) || !fast_get_int (args, nargs, 2, 0, &flags))
        return NULL;
    multipart = nargs > 3 && PyObject_IsTrue (args[3]);
    if (limit < 1) {
        PyErr_Format (PyExc_ValueError, "recv_many() needs a limit of 1 or more, not %d", limit);
        return NULL;
    }
    list = PyList_New (0);
    while (list != NULL && got < limit && rc >= 0) {
        struct parts parts;
        parts_init (&parts);
        parts.messages = (size_t)(limit - got < BATCH_PARTS ? limit - got : BATCH_PARTS);
        if (parts_grow (&parts, parts.messages) < 0)
            rc = PyErr_NoMemory () == NULL ? FAILED : 0;
        else
            rc = fast_perform (&call_recv_many, socket, &parts,
                               got > 0 ? flags | ZMQ_DONTWAIT | QUIET : flags);
        if (rc >= 0)
            rc = append_messages (list, &parts, multipart);
        parts_close (&parts);
        got += rc > 0 ? rc : 0;
    }
    if (rc == FAILED && got > 0 && PyErr_ExceptionMatches (PyExc_OSError))
        PyErr_Clear (); /* the next call tells; this one hands out what came */
    if (list != NULL && (PyErr_Occurred () || got == 0))
        Py_CLEAR (list);
    if (rc == WOULD_WAIT && got == 0)
        Py_RETURN_NONE;
    return list;
}
