/* many.c: batches of module zcffi._fast: many whole messages in one call. Under the GIL, but for the attempts of a call
 * that waits.
 *
 * Why it is fast: a batch crosses into the core a few times only, for some hundred messages each, so that the lock, the
 * clock and the look at the links are paid by the batch. Going out no message is made: the core copies from Python's
 * own bytes. Coming in, messages are packed back to back into one piece of the stack, from which Python's bytes are
 * made; only what does not fit there arrives as messages. */
#include "fast.h"

#include <errno.h>
#include <stdlib.h>

enum
{
    BATCH_PARTS = 512, /* parts passed to or from the core in one attempt: bounds how long the GIL is kept */
    BATCH_BYTES = 1048576, /* the same in bytes, going out */
    ARENA = 32768          /* and coming in, on the stack */
};

/* What one attempt to receive brought: packed, or as messages when the first one is too large for that. */
struct arrival
{
    size_t messages; /* how many it may bring */
    size_t packed;   /* parts in `bytes`; 0: see `parts` */
    struct parts parts;
    uint64_t sizes[BATCH_PARTS]; /* of a part, times 2; plus 1: more parts of its message follow */
    char bytes[ARENA];
};

#if ZCFFI_HAS_ZCFFI

static long attempt_recv_many (void *socket, void *what, int flags)
{
    struct arrival *got = what;
    struct parts *parts = &got->parts;
    long rc = zcffi_recv_packed (socket, got->bytes, ARENA, got->sizes, BATCH_PARTS, got->messages, flags);

    got->packed = rc > 0 ? (size_t)rc : 0;
    if (rc >= 0 || zmq_errno () != EMSGSIZE)
        return rc;
    do
        rc = zcffi_recv_many (socket, parts->at, parts->room, got->messages, flags);
    while (rc < 0 && zmq_errno () == EMSGSIZE && fast_parts_grow (parts, parts->room * 4) == 0);
    parts->count = rc < 0 ? 0 : (size_t)rc;
    return rc;
}

static long attempt_send_many (void *socket, void *what, int flags)
{
    const struct memory *batch = what;

    return zcffi_send_many (socket, batch->data, batch->size, flags);
}

#else /* libzmq: part by part */

static long attempt_recv_many (void *socket, void *what, int flags)
{
    struct arrival *got = what;
    struct parts *parts = &got->parts;
    long rc = fast_attempt_recv_parts (socket, parts, flags);

    for (size_t n = 1; rc >= 0 && n < got->messages; n++)
        rc = fast_attempt_recv_parts (socket, parts, flags | ZMQ_DONTWAIT);
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

static const struct call call_recv_many = {"receive", attempt_recv_many, ZMQ_POLLIN, ZMQ_RCVTIMEO};
static const struct call call_send_many = {"send", attempt_send_many, ZMQ_POLLOUT, ZMQ_SNDTIMEO};

/* ---- Sending ---------------------------------------------------------------------------------------------------- */

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
    tuple = fast_get_tuple (args[1], "send_many() needs a sequence of messages: for a single one use send()");
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

/* ---- Receiving -------------------------------------------------------------------------------------------------- */

static bool append (PyObject *list, PyObject *object)
{
    bool done = object != NULL && PyList_Append (list, object) == 0;

    Py_XDECREF (object);
    return done;
}

/* Messages that came packed, to `list`: parts one by one, or a list for each message. Returns their number. */
static long append_packed (PyObject *list, const struct arrival *got, bool multipart)
{
    const char *at = got->bytes;
    PyObject *message = NULL;
    long messages = 0;

    for (size_t i = 0; i < got->packed; i++) {
        Py_ssize_t size = (Py_ssize_t)(got->sizes[i] >> 1);
        bool last = !(got->sizes[i] & 1);
        if (multipart && message == NULL && (message = PyList_New (0)) == NULL)
            return FAILED;
        if (!append (multipart ? message : list, PyBytes_FromStringAndSize (at, size))) {
            Py_XDECREF (message);
            return FAILED;
        }
        at += size;
        messages += last;
        if (multipart && last) {
            if (!append (list, message))
                return FAILED;
            message = NULL;
        }
    }
    return messages;
}

/* The same of those that came as messages. */
static long append_messages (PyObject *list, struct parts *parts, bool multipart)
{
    size_t next = 0;
    long messages = 0;

    while (next < parts->count) {
        messages += multipart || !zmq_msg_more (&parts->at[next]);
        if (!append (list,
                     multipart ? fast_parts_list (parts, &next, NULL) : fast_bytes_of (&parts->at[next++])))
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
        struct arrival arrival;
        arrival.messages = (size_t)(limit - got < BATCH_PARTS ? limit - got : BATCH_PARTS);
        arrival.packed = 0;
        fast_parts_init (&arrival.parts);
        rc = fast_perform (&call_recv_many, socket, &arrival, got > 0 ? flags | ZMQ_DONTWAIT | QUIET : flags);
        if (rc > 0)
            rc = arrival.packed > 0 ? append_packed (list, &arrival, multipart)
                                    : append_messages (list, &arrival.parts, multipart);
        fast_parts_close (&arrival.parts);
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
