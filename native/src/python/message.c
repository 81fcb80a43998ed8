/* message.c: buffers and messages of module zcffi._fast: Python's lent to the core, the core's as Python objects. Under
 * the GIL, but for the return of a loan. */
#include "fast.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

PyTypeObject *fast_message_type;

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

    (void)data;
    do
        loan->next = head;
    while (!atomic_compare_exchange_weak_explicit (&returned, &head, loan,
                                                   memory_order_release, /* pairs with fast_settle_loans() */
                                                   memory_order_relaxed));
}

void fast_settle_loans (void)
{
    struct loan *loan;

    if (atomic_load_explicit (&returned, memory_order_relaxed) == NULL)
        return;
    loan = atomic_exchange_explicit (&returned, NULL, memory_order_acquire); /* pairs with loan_return() */
    while (loan != NULL) {
        struct loan *next = loan->next;
        PyBuffer_Release (&loan->view);
        if (loan->released != NULL) {
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

/* ---- Messages out of Python objects ----------------------------------------------------------------------------- */

bool fast_is_message (PyObject *object)
{
    return PyObject_TypeCheck (object, fast_message_type);
}

void fast_refuse_data (PyObject *data)
{
    PyObject *name = PyType_GetName (Py_TYPE (data));

    if (PyUnicode_Check (data))
        PyErr_SetString (PyExc_TypeError,
                         "a message needs bytes, not str: use send_string(), or encode it first");
    else if (name != NULL)
        PyErr_Format (PyExc_TypeError, "a message needs bytes or another contiguous buffer, not %U", name);
    Py_XDECREF (name);
}

/* A view of any contiguous buffer, with errors that tell the cure. */
static bool get_view (PyObject *data, Py_buffer *view)
{
    if (!PyObject_CheckBuffer (data)) {
        fast_refuse_data (data);
        return false;
    }
    return PyObject_GetBuffer (data, view, PyBUF_SIMPLE) == 0;
}

static bool message_from_memory (zmq_msg_t *msg, const void *data, size_t size)
{
    if (zmq_msg_init_size (msg, size) < 0) {
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

    if (loan != NULL) {
        loan->view = *view;
        loan->released = released;
        if (zmq_msg_init_data (msg, view->buf, (size_t)view->len, loan_return, loan) == 0) {
            Py_XINCREF (released);
            return true;
        }
        free (loan);
    }
    PyBuffer_Release (view);
    PyErr_NoMemory ();
    return false;
}

bool fast_message_init (zmq_msg_t *msg, PyObject *data, bool copy, PyObject *released, long *lent)
{
    bool constant = PyBytes_CheckExact (data) || !copy;
    Py_buffer view;
    bool done;

    if (PyBytes_CheckExact (data) && PyBytes_Size (data) < LEND_FROM)
        return message_from_memory (msg, PyBytes_AsString (data), (size_t)PyBytes_Size (data));
    if (fast_is_message (data)) {
        zmq_msg_init (msg);
        if (zmq_msg_copy (msg, &((struct message *)data)->msg) == 0)
            return true;
        fast_fail (zmq_errno (), "send");
        return false;
    }
    if (!get_view (data, &view))
        return false;
    if (constant && view.len >= LEND_FROM) {
        *lent += 1;
        return message_from_loan (msg, &view, released);
    }
    done = message_from_memory (msg, view.buf, (size_t)view.len);
    PyBuffer_Release (&view);
    return done;
}

/* ---- Message: a message as a Python object ---------------------------------------------------------------------- */

PyObject *fast_message_new (PyTypeObject *type)
{
    struct message *self = (struct message *)PyType_GenericAlloc (type, 0);

    if (self != NULL)
        zmq_msg_init (&self->msg);
    return (PyObject *)self;
}

PyObject *fast_message_take (PyTypeObject *type, zmq_msg_t *part)
{
    PyObject *self = fast_message_new (type);

    if (self != NULL)
        zmq_msg_move (&((struct message *)self)->msg, part);
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

    fast_settle_loans ();
    if (!PyArg_ParseTupleAndKeywords (args, kwargs, "|Op", names, &data, &copy))
        return NULL;
    if (data == NULL)
        return fast_message_new (type);
    if (!fast_message_init (&msg, data, copy != 0, NULL, &lent))
        return NULL;
    self = fast_message_take (type, &msg);
    zmq_msg_close (&msg);
    return self;
}

static void message_dealloc (PyObject *self)
{
    PyTypeObject *type = Py_TYPE (self);
    freefunc release = (freefunc)PyType_GetSlot (type, Py_tp_free);

    zmq_msg_close (&((struct message *)self)->msg);
    release (self);
    Py_DECREF (type);
}

/* Read-only; the view keeps the message alive. */
static int message_getbuffer (PyObject *self, Py_buffer *view, int flags)
{
    zmq_msg_t *msg = &((struct message *)self)->msg;

    return PyBuffer_FillInfo (view, self, zmq_msg_data (msg), (Py_ssize_t)zmq_msg_size (msg), 1, flags);
}

static Py_ssize_t message_length (PyObject *self)
{
    return (Py_ssize_t)zmq_msg_size (&((struct message *)self)->msg);
}

/* get_property(number) -> int */
static PyObject *message_get_property (PyObject *self, PyObject *arg)
{
    long number = PyLong_AsLong (arg);
    int value;

    if (number == -1 && PyErr_Occurred ())
        return NULL;
    value = zmq_msg_get (&((struct message *)self)->msg, (int)number);
    if (value == -1 && number != ZMQ_SRCFD) {
        fast_fail (zmq_errno (), "get");
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
    text = zmq_msg_gets (&((struct message *)self)->msg, PyBytes_AsString (name));
    Py_DECREF (name);
    if (text == NULL)
        Py_RETURN_NONE;
    return PyUnicode_DecodeUTF8 (text, (Py_ssize_t)strlen (text), "surrogateescape");
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

PyObject *fast_bytes_of (zmq_msg_t *msg)
{
    return PyBytes_FromStringAndSize (zmq_msg_data (msg), (Py_ssize_t)zmq_msg_size (msg));
}

bool fast_get_type (PyObject *const *args, Py_ssize_t nargs, Py_ssize_t index, PyTypeObject **type)
{
    PyObject *object = fast_get_object (args, nargs, index);

    *type = (PyTypeObject *)object;
    if (object == NULL || (PyType_Check (object) && PyType_IsSubtype (*type, fast_message_type)))
        return true;
    PyErr_SetString (PyExc_TypeError, "the class of received parts must be a subclass of Message");
    return false;
}

int fast_message_setup (PyObject *module)
{
    fast_message_type = (PyTypeObject *)PyType_FromModuleAndSpec (module, &message_spec, NULL);
    if (fast_message_type == NULL)
        return -1;
    return PyModule_AddObjectRef (module, "Message", (PyObject *)fast_message_type);
}
