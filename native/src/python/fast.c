/* fast.c: the second door, the hot calls of the Python package as plain C functions (module zcffi._fast).
 *
 * A call through cffi always gives up the GIL, which beside a busy Python thread costs a whole time slice. The calls
 * here first try without waiting, under the GIL, and give it up only to wait. One behaviour, two doors: zcffi/_pure.py
 * does the same through cffi alone, and one test suite runs through both.
 *
 * Everything runs under the GIL but two things: the attempts of a call that waits (attempt_*), which touch no Python
 * object, and loan_return(), which the core calls from any of its threads. Limited API of 3.11: one binary for all. */
#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#endif
#include <Python.h>

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "zmq.h"
#if ZCFFI_HAS_ZCFFI
#include "zcffi.h"
#else
typedef struct zcffi_part_t
{
    const void *data;
    size_t size;
    int more;
} zcffi_part_t;
#endif

enum
{
    LEND_FROM = 65536, /* bytes: from here on a buffer is lent to the core instead of copied */
    PARTS_INSIDE = 8, /* parts of a message that need no allocation */
    BATCH_PARTS = 512, /* parts passed to or from the core in one attempt: bounds how long the GIL is kept */
    BATCH_BYTES = 1048576, /* the same in bytes */
    QUIET = 1 << 16, /* flag of ours: -2 instead of an exception when the call would have to wait */
    WOULD_WAIT = -2,
    FAILED = -1
};

/* How a call is tried without waiting. A core that can give up on a busy lock, too, gets its flag here. */
#define TRY ZMQ_DONTWAIT

/* zcffi.errors.error_for(errno, verb): makes the exception. Given once, when the package is imported. */
static PyObject *error_for;

/* A message as a Python object: zcffi._fast.Message, the base of zcffi.Frame. */
struct message
{
    PyObject_HEAD
    zmq_msg_t msg;
};

static PyTypeObject *message_type;

/* ---- Buffers lent to the core ----------------------------------------------------------------------------------- */

/* A Python buffer whose bytes the core sends without a copy. */
struct loan
{
    struct loan *next;
    Py_buffer view;
    PyObject *released; /* called with no arguments when the buffer is back; or NULL */
};

/* Buffers that came back and wait for someone who holds the GIL. */
static _Atomic (struct loan *) returned;

/* A zmq_free_fn. Any thread, no GIL, never waits. */
static void loan_return (void *data, void *hint)
{
    struct loan *loan = hint;
    struct loan *head = atomic_load_explicit (&returned, memory_order_relaxed);

    (void) data;
    do
        loan->next = head;
    while (!atomic_compare_exchange_weak_explicit (&returned, &head, loan, memory_order_release, /* pairs with settle() */
                                                   memory_order_relaxed));
}

/* Let go of the buffers that came back. Every call begins with it. */
static void settle (void)
{
    struct loan *loan;

    if (atomic_load_explicit (&returned, memory_order_relaxed) == NULL)
        return;
    loan = atomic_exchange_explicit (&returned, NULL, memory_order_acquire); /* pairs with loan_return() */
    while (loan != NULL)
    {
        struct loan *next = loan->next;
        PyBuffer_Release (&loan->view);
        if (loan->released != NULL)
        {
            PyObject *result = PyObject_CallNoArgs (loan->released);
            if (result == NULL)
                PyErr_WriteUnraisable (loan->released);
            Py_XDECREF (result);
            Py_DECREF (loan->released);
        }
        free (loan);
        loan = next;
    }
}

/* ---- Errors, arguments ------------------------------------------------------------------------------------------ */

/* Raise what stands for an errno. Always FAILED. */
static long fail (int error, const char *verb)
{
    PyObject *exception;

    if (error_for == NULL)
    {
        PyErr_SetString (PyExc_SystemError, "zcffi._fast was not set up");
        return FAILED;
    }
    exception = PyObject_CallFunction (error_for, "is", error, verb);
    if (exception != NULL)
    {
        PyErr_SetObject ((PyObject *) Py_TYPE (exception), exception);
        Py_DECREF (exception);
    }
    return FAILED;
}

static bool has_args (const char *name, Py_ssize_t nargs, Py_ssize_t least, Py_ssize_t most)
{
    if (nargs >= least && nargs <= most)
        return true;
    PyErr_Format (PyExc_TypeError, "%s() takes %zd to %zd arguments (%zd given)", name, least, most, nargs);
    return false;
}

static bool get_socket (PyObject *arg, void **socket)
{
    *socket = PyLong_AsVoidPtr (arg);
    return *socket != NULL || !PyErr_Occurred ();
}

static bool get_int (PyObject *const *args, Py_ssize_t nargs, Py_ssize_t index, int fallback, int *value)
{
    long number = index < nargs ? PyLong_AsLong (args[index]) : fallback;

    if (number == -1 && PyErr_Occurred ())
        return false;
    if (number < INT_MIN || number > INT_MAX)
    {
        PyErr_Format (PyExc_OverflowError, "%ld is too large for a C int", number);
        return false;
    }
    *value = (int) number;
    return true;
}

/* An argument that may be missing or None: then NULL. */
static PyObject *get_object (PyObject *const *args, Py_ssize_t nargs, Py_ssize_t index)
{
    return index < nargs && args[index] != Py_None ? args[index] : NULL;
}

static bool is_message (PyObject *object)
{
    return PyObject_TypeCheck (object, message_type);
}

static void refuse_data (PyObject *data)
{
    PyObject *name = PyType_GetName (Py_TYPE (data));

    if (PyUnicode_Check (data))
        PyErr_SetString (PyExc_TypeError, "a message needs bytes, not str: use send_string(), or encode it first");
    else if (name != NULL)
        PyErr_Format (PyExc_TypeError, "a message needs bytes or another contiguous buffer, not %U", name);
    Py_XDECREF (name);
}

/* A view of any contiguous buffer, with errors that tell the cure. */
static bool get_view (PyObject *data, Py_buffer *view)
{
    if (!PyObject_CheckBuffer (data))
    {
        refuse_data (data);
        return false;
    }
    return PyObject_GetBuffer (data, view, PyBUF_SIMPLE) == 0;
}

/* ---- One call: try, and wait only then -------------------------------------------------------------------------- */

/* Returns 0 or more, or -1 and errno. With or without the GIL. */
typedef long (attempt_fn) (void *socket, void *what, int flags);

/* The call with its two names: what it is and what it waits for. */
struct call
{
    const char *verb;
    attempt_fn *attempt;
    short event;  /* what it waits for, as a poll event */
    int timeout;  /* the option that limits its wait */
};

/* What is left of a timeout in milliseconds. */
static long time_left (int timeout, void *watch)
{
    unsigned long passed = zmq_stopwatch_intermediate (watch) / 1000;

    return passed < (unsigned long) timeout ? timeout - (long) passed : 0;
}

/* After a signal: the rest of the socket's timeout, by poll; -1 and errno as an attempt. */
static long attempt_until (const struct call *call, void *socket, void *what, int timeout, void *watch)
{
    zmq_pollitem_t item = {socket, 0, call->event, 0};
    long left = time_left (timeout, watch);
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

    for (;;)
    {
        Py_BEGIN_ALLOW_THREADS
        if (interrupted && timeout >= 0)
            rc = attempt_until (call, socket, what, timeout, watch);
        else
            rc = call->attempt (socket, what, flags & ~QUIET);
        error = rc < 0 ? zmq_errno () : 0;
        Py_END_ALLOW_THREADS
        if (error != EINTR)
            break;
        if (PyErr_CheckSignals () < 0)
        {
            zmq_stopwatch_stop (watch);
            return FAILED;
        }
        if (!interrupted)
        {
            size_t size = sizeof timeout;
            interrupted = true;
            if (zmq_getsockopt (socket, call->timeout, &timeout, &size) < 0)
                timeout = -1;
        }
    }
    zmq_stopwatch_stop (watch);
    if (rc < 0 && error == EAGAIN && (flags & QUIET))
        return WOULD_WAIT;
    return rc < 0 ? fail (error, call->verb) : rc;
}

static long perform (const struct call *call, void *socket, void *what, int flags)
{
    for (;;)
    {
        long rc = call->attempt (socket, what, (flags & ~QUIET) | TRY);
        int error;

        if (rc >= 0)
            return rc;
        error = zmq_errno ();
        if (error == EAGAIN)
        {
            if (!(flags & ZMQ_DONTWAIT))
                return perform_waiting (call, socket, what, flags);
            if (flags & QUIET)
                return WOULD_WAIT;
        }
        if (error != EINTR)
            return fail (error, call->verb);
        if (PyErr_CheckSignals () < 0)
            return FAILED;
    }
}

/* ---- Messages out of Python objects ----------------------------------------------------------------------------- */

static bool message_from_memory (zmq_msg_t *msg, const void *data, size_t size)
{
    if (zmq_msg_init_size (msg, size) < 0)
    {
        PyErr_NoMemory ();
        return false;
    }
    if (size > 0)
        memcpy (zmq_msg_data (msg), data, size);
    return true;
}

/* Lend `view` to the core: takes it, also on failure. */
static bool message_from_loan (zmq_msg_t *msg, Py_buffer *view, PyObject *released)
{
    struct loan *loan = malloc (sizeof *loan);

    if (loan != NULL)
    {
        loan->view = *view;
        loan->released = released;
        if (zmq_msg_init_data (msg, view->buf, (size_t) view->len, loan_return, loan) == 0)
        {
            Py_XINCREF (released);
            return true;
        }
        free (loan);
    }
    PyBuffer_Release (view);
    PyErr_NoMemory ();
    return false;
}

/* A message of any buffer. Large ones are lent when they can't change: bytes always, others when `copy` is false, by
 * which the caller promises not to change them. `lent` counts the loans. */
static bool message_from_object (zmq_msg_t *msg, PyObject *data, bool copy, PyObject *released, long *lent)
{
    bool constant = PyBytes_CheckExact (data) || !copy;
    Py_buffer view;
    bool done;

    if (PyBytes_CheckExact (data) && PyBytes_Size (data) < LEND_FROM)
        return message_from_memory (msg, PyBytes_AsString (data), (size_t) PyBytes_Size (data));
    if (is_message (data))
    {
        zmq_msg_init (msg);
        if (zmq_msg_copy (msg, &((struct message *) data)->msg) == 0)
            return true;
        fail (zmq_errno (), "send");
        return false;
    }
    if (!get_view (data, &view))
        return false;
    if (constant && view.len >= LEND_FROM)
    {
        *lent += 1;
        return message_from_loan (msg, &view, released);
    }
    done = message_from_memory (msg, view.buf, (size_t) view.len);
    PyBuffer_Release (&view);
    return done;
}

/* ---- send, recv ------------------------------------------------------------------------------------------------- */

struct memory
{
    void *data;
    size_t size;
};

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

/* send(socket, data, flags=0, copy=True, released=None) -> the number of buffers that were lent, 0 or 1 */
static PyObject *fast_send (PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    void *socket;
    int flags;
    bool copy;
    long lent = 0;
    long rc;
    zmq_msg_t msg;

    (void) module;
    settle ();
    if (!has_args ("send", nargs, 2, 5) || !get_socket (args[0], &socket) || !get_int (args, nargs, 2, 0, &flags))
        return NULL;
    if (PyBytes_CheckExact (args[1]) && PyBytes_Size (args[1]) < LEND_FROM)
    {
        struct memory memory = {PyBytes_AsString (args[1]), (size_t) PyBytes_Size (args[1])};
        rc = perform (&call_send, socket, &memory, flags);
        return rc == FAILED ? NULL : PyLong_FromLong (rc == WOULD_WAIT ? -1 : 0);
    }
    copy = nargs < 4 || PyObject_IsTrue (args[3]);
    if (!message_from_object (&msg, args[1], copy, get_object (args, nargs, 4), &lent))
        return NULL;
    rc = perform (&call_send_message, socket, &msg, flags);
    if (rc < 0)
        zmq_msg_close (&msg);
    return rc == FAILED ? NULL : PyLong_FromLong (rc == WOULD_WAIT ? -1 : lent);
}

static PyObject *bytes_from_message (zmq_msg_t *msg)
{
    return PyBytes_FromStringAndSize (zmq_msg_data (msg), (Py_ssize_t) zmq_msg_size (msg));
}

/* recv(socket, flags=0) -> bytes, or None with QUIET */
static PyObject *fast_recv (PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    void *socket;
    int flags;
    long rc;
    zmq_msg_t msg;
    PyObject *result;

    (void) module;
    settle ();
    if (!has_args ("recv", nargs, 1, 2) || !get_socket (args[0], &socket) || !get_int (args, nargs, 1, 0, &flags))
        return NULL;
    zmq_msg_init (&msg);
    rc = perform (&call_recv_message, socket, &msg, flags);
    result = rc >= 0 ? bytes_from_message (&msg) : NULL;
    zmq_msg_close (&msg);
    if (rc == WOULD_WAIT)
        Py_RETURN_NONE;
    return result;
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

    (void) module;
    settle ();
    if (!has_args ("recv_into", nargs, 2, 4) || !get_socket (args[0], &socket) || !get_int (args, nargs, 2, 0, &size)
        || !get_int (args, nargs, 3, 0, &flags) || PyObject_GetBuffer (args[1], &view, PyBUF_WRITABLE) < 0)
        return NULL;
    memory.data = view.buf;
    memory.size = size > 0 && size < view.len ? (size_t) size : (size_t) view.len;
    rc = perform (&call_recv_into, socket, &memory, flags);
    PyBuffer_Release (&view);
    return rc == FAILED ? NULL : PyLong_FromLong (rc == WOULD_WAIT ? -1 : rc);
}

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
    if (at == NULL)
    {
        errno = ENOMEM;
        return -1;
    }
    for (size_t i = 0; i < parts->count; i++)
    {
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
    parts->count = rc < 0 ? 0 : (size_t) rc;
    return rc;
}

static long attempt_recv_many (void *socket, void *what, int flags)
{
    struct parts *parts = what;
    long rc;

    do
        rc = zcffi_recv_many (socket, parts->at, parts->room, parts->messages, flags);
    while (rc < 0 && zmq_errno () == EMSGSIZE && parts_grow (parts, parts->room * 4) == 0);
    parts->count = rc < 0 ? 0 : (size_t) rc;
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

    for (size_t i = 0; i < parts->count; i++)
    {
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

    while (more)
    {
        zmq_msg_t *part;
        int rc;
        if (parts->count == parts->room && parts_grow (parts, parts->room * 4) < 0)
            return -1;
        part = &parts->at[parts->count];
        zmq_msg_init (part);
        do
            rc = zmq_msg_recv (part, socket, parts->count == start ? flags : 0);
        while (rc < 0 && parts->count > start && zmq_errno () == EINTR);
        if (rc < 0)
        {
            int error = zmq_errno ();
            zmq_msg_close (part);
            errno = error;
            return -1;
        }
        parts->count++;
        more = zmq_msg_more (part);
    }
    return (long) parts->count;
}

static long attempt_recv_many (void *socket, void *what, int flags)
{
    struct parts *parts = what;
    long rc = attempt_recv_parts (socket, parts, flags);

    for (size_t got = 1; rc >= 0 && got < parts->messages; got++)
        rc = attempt_recv_parts (socket, parts, flags | ZMQ_DONTWAIT);
    return parts->count > 0 ? (long) parts->count : rc;
}

static long attempt_send_many (void *socket, void *what, int flags)
{
    const struct memory *batch = what;
    const zcffi_part_t *parts = batch->data;
    size_t whole = 0;
    bool first = true;

    for (size_t i = 0; i < batch->size; i++)
    {
        int rc;
        do
            rc = zmq_send (socket, parts[i].data, parts[i].size,
                           (first ? flags | (whole > 0 ? ZMQ_DONTWAIT : 0) : 0) | (parts[i].more ? ZMQ_SNDMORE : 0));
        while (rc < 0 && !first && zmq_errno () == EINTR);
        if (rc < 0)
            return whole > 0 ? (long) whole : -1;
        first = !parts[i].more;
        if (first)
            whole = i + 1;
    }
    return (long) whole;
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

/* send_multipart(socket, parts, flags=0, copy=True, released=None) -> the number of buffers that were lent */
static PyObject *fast_send_multipart (PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    void *socket;
    int flags;
    bool copy;
    long lent = 0;
    long rc = FAILED;
    Py_ssize_t count;
    PyObject *tuple;
    PyObject *released;
    struct parts parts;

    (void) module;
    settle ();
    if (!has_args ("send_multipart", nargs, 2, 5) || !get_socket (args[0], &socket)
        || !get_int (args, nargs, 2, 0, &flags))
        return NULL;
    copy = nargs < 4 || PyObject_IsTrue (args[3]);
    released = get_object (args, nargs, 4);
    tuple = get_tuple (args[1], "send_multipart() needs a sequence of parts: for a single part use send()");
    if (tuple == NULL)
        return NULL;
    count = PyTuple_Size (tuple);
    parts_init (&parts);
    if (count == 0)
        PyErr_SetString (PyExc_ValueError, "send_multipart() needs one part or more; a part may be empty: [b'']");
    else if (parts_grow (&parts, (size_t) count) < 0)
        PyErr_NoMemory ();
    else
    {
        while (parts.count < (size_t) count
               && message_from_object (&parts.at[parts.count], PyTuple_GetItem (tuple, (Py_ssize_t) parts.count), copy,
                                       released, &lent))
            parts.count++;
        if (parts.count == (size_t) count)
            rc = perform (&call_send_parts, socket, &parts, flags);
    }
    parts_close (&parts);
    Py_DECREF (tuple);
    return rc == FAILED ? NULL : PyLong_FromLong (rc == WOULD_WAIT ? -1 : lent);
}

static PyObject *message_new_empty (PyTypeObject *type);
static PyObject *message_from_part (PyTypeObject *type, zmq_msg_t *part);

static PyObject *object_from_part (zmq_msg_t *part, PyTypeObject *type)
{
    return type == NULL ? bytes_from_message (part) : message_from_part (type, part);
}

/* A list of the parts from *next on that belong to one message; *next moves behind them. */
static PyObject *list_from_parts (struct parts *parts, size_t *next, PyTypeObject *type)
{
    size_t end = *next;
    PyObject *list;

    while (end + 1 < parts->count && zmq_msg_more (&parts->at[end]))
        end++;
    list = PyList_New ((Py_ssize_t) (end - *next + 1));
    for (Py_ssize_t i = 0; list != NULL && *next <= end; i++, (*next)++)
    {
        PyObject *object = object_from_part (&parts->at[*next], type);
        if (object == NULL || PyList_SetItem (list, i, object) < 0)
            Py_CLEAR (list);
    }
    return list;
}

/* The Python class asked for instead of bytes: a subclass of Message. */
static bool get_type (PyObject *const *args, Py_ssize_t nargs, Py_ssize_t index, PyTypeObject **type)
{
    PyObject *object = get_object (args, nargs, index);

    *type = (PyTypeObject *) object;
    if (object == NULL || (PyType_Check (object) && PyType_IsSubtype (*type, message_type)))
        return true;
    PyErr_SetString (PyExc_TypeError, "the class of received parts must be a subclass of Message");
    return false;
}

/* recv_multipart(socket, flags=0, type=None) -> a list of bytes, or of `type`; None with QUIET */
static PyObject *fast_recv_multipart (PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    void *socket;
    int flags;
    size_t next = 0;
    long rc;
    PyTypeObject *type;
    PyObject *result = NULL;
    struct parts parts;

    (void) module;
    settle ();
    if (!has_args ("recv_multipart", nargs, 1, 3) || !get_socket (args[0], &socket)
        || !get_int (args, nargs, 1, 0, &flags) || !get_type (args, nargs, 2, &type))
        return NULL;
    parts_init (&parts);
    rc = perform (&call_recv_parts, socket, &parts, flags);
    if (rc >= 0)
        result = list_from_parts (&parts, &next, type);
    parts_close (&parts);
    if (rc == WOULD_WAIT)
        Py_RETURN_NONE;
    return result;
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

    if (batch->count == batch->room)
    {
        size_t room = batch->room * 2;
        zcffi_part_t *parts = realloc (batch->parts, room * sizeof *parts);
        if (parts == NULL)
        {
            PyErr_NoMemory ();
            return false;
        }
        batch->parts = parts;
        batch->room = room;
    }
    part = &batch->parts[batch->count];
    part->more = more;
    if (PyBytes_CheckExact (data))
    {
        part->data = PyBytes_AsString (data);
        part->size = (size_t) PyBytes_Size (data);
    }
    else if (is_message (data))
    {
        zmq_msg_t *msg = &((struct message *) data)->msg;
        part->data = zmq_msg_data (msg);
        part->size = zmq_msg_size (msg);
    }
    else
    {
        /* Bytes that may change or move: a batch of such is not worth a table of views. */
        PyObject *bytes = PyObject_CheckBuffer (data) ? PyBytes_FromObject (data) : NULL;
        if (bytes == NULL)
        {
            if (!PyErr_Occurred ())
                refuse_data (data);
            return false;
        }
        part->data = PyBytes_AsString (bytes);
        part->size = (size_t) PyBytes_Size (bytes);
        if (PyList_Append (batch->keep, bytes) < 0)
        {
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
        PyErr_SetString (PyExc_ValueError, "a message of a batch needs one part or more; a part may be empty: [b'']");
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

    for (size_t i = 0; i < count && (whole == 0 || (i < BATCH_PARTS && bytes < BATCH_BYTES)); i++)
    {
        bytes += parts[i].size;
        if (!parts[i].more)
            whole = i + 1;
    }
    return whole;
}

/* send_many(socket, messages, flags=0) -> how many were sent; -1 with QUIET for none */
static PyObject *fast_send_many (PyObject *module, PyObject *const *args, Py_ssize_t nargs)
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

    (void) module;
    settle ();
    if (!has_args ("send_many", nargs, 2, 3) || !get_socket (args[0], &socket) || !get_int (args, nargs, 2, 0, &flags))
        return NULL;
    tuple = get_tuple (args[1], "send_many() needs a sequence of messages: for a single one use send()");
    if (tuple == NULL)
        return NULL;
    count = PyTuple_Size (tuple);
    batch.room = count > 0 ? (size_t) count : 1;
    batch.parts = malloc (batch.room * sizeof *batch.parts);
    batch.keep = PyList_New (0);
    if (batch.parts == NULL || batch.keep == NULL)
    {
        PyErr_NoMemory ();
        done = false;
    }
    for (Py_ssize_t i = 0; done && i < count; i++)
        done = batch_add_message (&batch, PyTuple_GetItem (tuple, i));
    while (done && sent < batch.count)
    {
        struct memory slice = {&batch.parts[sent], batch_slice (&batch.parts[sent], batch.count - sent)};
        rc = perform (&call_send_many, socket, &slice, messages > 0 ? flags | QUIET : flags);
        if (rc <= 0)
            break;
        for (size_t end = sent + (size_t) rc; sent < end; sent++)
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

    while (next < parts->count)
    {
        PyObject *object;
        int rc;
        messages += multipart || !zmq_msg_more (&parts->at[next]);
        object = multipart ? list_from_parts (parts, &next, NULL) : bytes_from_message (&parts->at[next++]);
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
static PyObject *fast_recv_many (PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    void *socket;
    int limit;
    int flags;
    bool multipart;
    long got = 0;
    long rc = 0;
    PyObject *list;

    (void) module;
    settle ();
    if (!has_args ("recv_many", nargs, 2, 4) || !get_socket (args[0], &socket) || !get_int (args, nargs, 1, 1, &limit)
        || !get_int (args, nargs, 2, 0, &flags))
        return NULL;
    multipart = nargs > 3 && PyObject_IsTrue (args[3]);
    if (limit < 1)
    {
        PyErr_Format (PyExc_ValueError, "recv_many() needs a limit of 1 or more, not %d", limit);
        return NULL;
    }
    list = PyList_New (0);
    while (list != NULL && got < limit && rc >= 0)
    {
        struct parts parts;
        parts_init (&parts);
        parts.messages = (size_t) (limit - got < BATCH_PARTS ? limit - got : BATCH_PARTS);
        if (parts_grow (&parts, parts.messages) < 0)
            rc = PyErr_NoMemory () == NULL ? FAILED : 0;
        else
            rc = perform (&call_recv_many, socket, &parts, got > 0 ? flags | ZMQ_DONTWAIT | QUIET : flags);
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

/* ---- Readiness -------------------------------------------------------------------------------------------------- */

static long attempt_events (void *socket, void *what, int flags)
{
    size_t size = sizeof (int);

    (void) flags;
    return zmq_getsockopt (socket, ZMQ_EVENTS, what, &size);
}

static const struct call call_events = {"events", attempt_events, ZMQ_POLLIN, ZMQ_RCVTIMEO};

/* events(socket) -> what can be done without waiting */
static PyObject *fast_events (PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    void *socket;
    int events = 0;

    (void) module;
    settle ();
    if (!has_args ("events", nargs, 1, 1) || !get_socket (args[0], &socket)
        || perform (&call_events, socket, &events, ZMQ_DONTWAIT) < 0)
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

    for (;;)
    {
        Py_BEGIN_ALLOW_THREADS
        rc = zmq_poll (items, count, left);
        error = rc < 0 ? zmq_errno () : 0;
        Py_END_ALLOW_THREADS
        if (error != EINTR)
            break;
        if (PyErr_CheckSignals () < 0)
        {
            rc = FAILED;
            error = 0;
            break;
        }
        if (timeout > 0)
            left = time_left ((int) timeout, watch);
    }
    zmq_stopwatch_stop (watch);
    return error != 0 ? fail (error, "poll") : rc;
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

    (void) module;
    settle ();
    if (!has_args ("poll", nargs, 2, 2) || !get_int (args, nargs, 1, -1, &timeout))
        return NULL;
    if (!PyBytes_Check (args[0]) || PyBytes_Size (args[0]) / (Py_ssize_t) sizeof *items > INT_MAX)
    {
        PyErr_SetString (PyExc_TypeError, "poll() needs its items as bytes");
        return NULL;
    }
    count = (int) (PyBytes_Size (args[0]) / (Py_ssize_t) sizeof *items);
    if (count > INSIDE)
        items = malloc ((size_t) count * sizeof *items);
    if (items == NULL)
        return PyErr_NoMemory ();
    memcpy (items, PyBytes_AsString (args[0]), (size_t) count * sizeof *items);
    rc = count > 0 ? zmq_poll (items, count, 0) : 0;
    if (rc < 0 && zmq_errno () != EINTR)
        rc = fail (zmq_errno (), "poll");
    else if (rc <= 0 && timeout != 0)
        rc = poll_waiting (items, count, timeout);
    if (rc >= 0)
        result = PyList_New (0);
    for (int i = 0; result != NULL && rc > 0 && i < count; i++)
    {
        PyObject *pair = items[i].revents != 0 ? Py_BuildValue ("(ii)", i, (int) items[i].revents) : NULL;
        if (items[i].revents != 0 && (pair == NULL || PyList_Append (result, pair) < 0))
            Py_CLEAR (result);
        Py_XDECREF (pair);
    }
    if (items != inside)
        free (items);
    return result;
}

/* ---- Message: a message as a Python object ---------------------------------------------------------------------- */

static PyObject *message_new_empty (PyTypeObject *type)
{
    struct message *self = (struct message *) PyType_GenericAlloc (type, 0);

    if (self != NULL)
        zmq_msg_init (&self->msg);
    return (PyObject *) self;
}

static PyObject *message_from_part (PyTypeObject *type, zmq_msg_t *part)
{
    PyObject *self = message_new_empty (type);

    if (self != NULL)
        zmq_msg_move (&((struct message *) self)->msg, part);
    return self;
}

/* Message(data=b"", copy=True) */
static PyObject *message_new (PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"data", "copy", NULL};
    PyObject *data = NULL;
    int copy = 1;
    long lent = 0;
    zmq_msg_t msg;
    PyObject *self;

    settle ();
    if (!PyArg_ParseTupleAndKeywords (args, kwargs, "|Op", names, &data, &copy))
        return NULL;
    if (data == NULL)
        return message_new_empty (type);
    if (!message_from_object (&msg, data, copy != 0, NULL, &lent))
        return NULL;
    self = message_from_part (type, &msg);
    zmq_msg_close (&msg);
    return self;
}

static void message_dealloc (PyObject *self)
{
    PyTypeObject *type = Py_TYPE (self);
    freefunc release = (freefunc) PyType_GetSlot (type, Py_tp_free);

    zmq_msg_close (&((struct message *) self)->msg);
    release (self);
    Py_DECREF (type);
}

/* Read-only; the view keeps the message alive. */
static int message_getbuffer (PyObject *self, Py_buffer *view, int flags)
{
    zmq_msg_t *msg = &((struct message *) self)->msg;

    return PyBuffer_FillInfo (view, self, zmq_msg_data (msg), (Py_ssize_t) zmq_msg_size (msg), 1, flags);
}

static Py_ssize_t message_length (PyObject *self)
{
    return (Py_ssize_t) zmq_msg_size (&((struct message *) self)->msg);
}

/* get_property(number) -> int */
static PyObject *message_get_property (PyObject *self, PyObject *arg)
{
    long number = PyLong_AsLong (arg);
    int value;

    if (number == -1 && PyErr_Occurred ())
        return NULL;
    value = zmq_msg_get (&((struct message *) self)->msg, (int) number);
    if (value == -1 && number != ZMQ_SRCFD)
    {
        fail (zmq_errno (), "get");
        return NULL;
    }
    return PyLong_FromLong (value);
}

/* get_metadata(name) -> str or None */
static PyObject *message_get_metadata (PyObject *self, PyObject *arg)
{
    const char *text;
    PyObject *name = PyUnicode_AsUTF8String (arg);

    if (name == NULL)
        return NULL;
    text = zmq_msg_gets (&((struct message *) self)->msg, PyBytes_AsString (name));
    Py_DECREF (name);
    if (text == NULL)
        Py_RETURN_NONE;
    return PyUnicode_DecodeUTF8 (text, (Py_ssize_t) strlen (text), "surrogateescape");
}

static PyMethodDef message_methods[] = {
    {"get_property", message_get_property, METH_O, "A property of the message, by its number."},
    {"get_metadata", message_get_metadata, METH_O, "A text about where the message came from, or None."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot message_slots[] = {
    {Py_tp_new, message_new},
    {Py_tp_dealloc, message_dealloc},
    {Py_bf_getbuffer, message_getbuffer},
    {Py_sq_length, message_length},
    {Py_tp_methods, message_methods},
    {Py_tp_doc, "One part of a message, in the core's own memory."},
    {0, NULL},
};

static PyType_Spec message_spec = {
    .name = "zcffi._fast.Message",
    .basicsize = sizeof (struct message),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = message_slots,
};

/* recv_message(socket, flags, type) -> a message of that class; None with QUIET */
static PyObject *fast_recv_message (PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    void *socket;
    int flags;
    long rc;
    PyTypeObject *type;
    PyObject *result;

    (void) module;
    settle ();
    if (!has_args ("recv_message", nargs, 3, 3) || !get_socket (args[0], &socket)
        || !get_int (args, nargs, 1, 0, &flags) || !get_type (args, nargs, 2, &type))
        return NULL;
    result = message_new_empty (type != NULL ? type : message_type);
    if (result == NULL)
        return NULL;
    rc = perform (&call_recv_message, socket, &((struct message *) result)->msg, flags);
    if (rc >= 0)
        return result;
    Py_DECREF (result);
    if (rc == WOULD_WAIT)
        Py_RETURN_NONE;
    return NULL;
}

/* ---- The module ------------------------------------------------------------------------------------------------- */

static PyObject *fast_setup (PyObject *module, PyObject *arg)
{
    PyObject *old = error_for;

    (void) module;
    error_for = Py_NewRef (arg);
    Py_XDECREF (old);
    Py_RETURN_NONE;
}

static PyObject *fast_settle (PyObject *module, PyObject *none)
{
    (void) module;
    (void) none;
    settle ();
    Py_RETURN_NONE;
}

#define HOT(name, text) {#name, (PyCFunction) (void (*) (void)) fast_##name, METH_FASTCALL, text}

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
    message_type = (PyTypeObject *) PyType_FromModuleAndSpec (module, &message_spec, NULL);
    if (message_type == NULL || PyModule_AddObjectRef (module, "Message", (PyObject *) message_type) < 0
        || PyModule_AddIntConstant (module, "QUIET", QUIET) < 0)
    {
        Py_DECREF (module);
        return NULL;
    }
    return module;
}
