/* socket.c: Socket, the base of the package's sockets in module zcffi._fast, and its hot methods. Under the GIL.
 *
 * Why it is fast: `socket.send(data)` of a Python class would make a Python frame, look up the function and the handle,
 * and turn the handle into a pointer: longer than the send itself. So the handle lies in the object as C has it, and the
 * commonest form of a call (nothing but positional arguments, of the types that are expected) is a C method. Every other
 * form goes to the Python method of the same name, kept as `_whole_NAME`: it alone knows all arguments. */
#include "fast.h"

#include <stdlib.h>
#include <string.h>

PyTypeObject *fast_socket_type;

/* ---- The handle ------------------------------------------------------------------------------------------------- */

static PyObject *get_handle (PyObject *self, void *none)
{
    (void)none;
    return PyLong_FromVoidPtr (((struct socket *)self)->handle);
}

static int set_handle (PyObject *self, PyObject *value, void *none)
{
    void *handle = value != NULL ? PyLong_AsVoidPtr (value) : NULL;

    (void)none;
    if (handle == NULL && PyErr_Occurred ())
        return -1;
    ((struct socket *)self)->handle = handle;
    return 0;
}

bool fast_get_socket (PyObject *arg, void **handle)
{
    if (!PyObject_TypeCheck (arg, fast_socket_type)) {
        PyErr_SetString (PyExc_TypeError, "the hot calls need a socket of zcffi");
        return false;
    }
    *handle = ((struct socket *)arg)->handle;
    return true;
}

/* ---- Hot methods ------------------------------------------------------------------------------------------------ */

enum
{
    SEND,
    RECV,
    SEND_MULTIPART,
    RECV_MULTIPART,
    HOT_METHODS
};

static const char *const names[HOT_METHODS] = {"send", "recv", "send_multipart", "recv_multipart"};
static PyObject *whole_names[HOT_METHODS]; /* "_whole_send", ... */

/* The Python method, with whatever the arguments are. */
static PyObject *call_whole (int which, PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                             PyObject *kwnames)
{
    PyObject *method = PyObject_GetAttr (self, whole_names[which]);
    PyObject *positional = PyTuple_New (nargs);
    PyObject *named = kwnames != NULL ? PyDict_New () : NULL;
    PyObject *result = NULL;
    bool done = method != NULL && positional != NULL && (kwnames == NULL || named != NULL);

    for (Py_ssize_t i = 0; done && i < nargs; i++)
        done = PyTuple_SetItem (positional, i, Py_NewRef (args[i])) == 0;
    for (Py_ssize_t i = 0; done && kwnames != NULL && i < PyTuple_Size (kwnames); i++)
        done = PyDict_SetItem (named, PyTuple_GetItem (kwnames, i), args[nargs + i]) == 0;
    if (done)
        result = PyObject_Call (method, positional, named);
    Py_XDECREF (method);
    Py_XDECREF (positional);
    Py_XDECREF (named);
    return result;
}

/* Whether the arguments are `before` ones and, perhaps, flags. */
static bool is_common (PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames, Py_ssize_t before,
                       int *flags)
{
    *flags = 0;
    if (kwnames != NULL || nargs < before || nargs > before + 1)
        return false;
    return nargs == before || (PyLong_Check (args[before]) && fast_get_int (args, nargs, before, 0, flags));
}

static PyObject *hot_send (PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    int flags;
    long lent = 0;

    if (!is_common (args, nargs, kwnames, 1, &flags))
        return PyErr_Occurred () ? NULL : call_whole (SEND, self, args, nargs, kwnames);
    if (fast_send_part (((struct socket *)self)->handle, args[0], flags, true, NULL, &lent) == FAILED)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *hot_recv (PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    int flags;

    if (!is_common (args, nargs, kwnames, 0, &flags))
        return PyErr_Occurred () ? NULL : call_whole (RECV, self, args, nargs, kwnames);
    return fast_recv_part (((struct socket *)self)->handle, flags);
}

static PyObject *hot_send_multipart (PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                                     PyObject *kwnames)
{
    int flags;
    long lent = 0;

    if (!is_common (args, nargs, kwnames, 1, &flags))
        return PyErr_Occurred () ? NULL : call_whole (SEND_MULTIPART, self, args, nargs, kwnames);
    if (fast_send_whole (((struct socket *)self)->handle, args[0], flags, true, NULL, &lent) == FAILED)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *hot_recv_multipart (PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                                     PyObject *kwnames)
{
    int flags;

    if (!is_common (args, nargs, kwnames, 0, &flags))
        return PyErr_Occurred () ? NULL : call_whole (RECV_MULTIPART, self, args, nargs, kwnames);
    return fast_recv_whole (((struct socket *)self)->handle, flags, NULL);
}

typedef PyObject *(hot_fn)(PyObject *, PyObject *const *, Py_ssize_t, PyObject *);

static hot_fn *const hot_methods[HOT_METHODS] = {hot_send, hot_recv, hot_send_multipart, hot_recv_multipart};

PyObject *fast_hot_method (PyObject *module, PyObject *args)
{
    const char *name;
    const char *text;
    int which = 0;
    PyMethodDef *method;

    (void)module;
    if (!PyArg_ParseTuple (args, "ss", &name, &text))
        return NULL;
    while (which < HOT_METHODS && strcmp (name, names[which]) != 0)
        which++;
    if (which == HOT_METHODS) {
        PyErr_Format (PyExc_KeyError, "%s is no hot method", name);
        return NULL;
    }
    /* Python keeps a pointer to this for as long as the class lives: as long as the process. */
    method = calloc (1, sizeof *method + strlen (text) + 1);
    if (method == NULL)
        return PyErr_NoMemory ();
    method->ml_name = names[which];
    method->ml_meth = (PyCFunction)(void (*) (void))hot_methods[which];
    method->ml_flags = METH_FASTCALL | METH_KEYWORDS;
    method->ml_doc = strcpy ((char *)(method + 1), text);
    return PyDescr_NewMethod (fast_socket_type, method);
}

/* ---- The type --------------------------------------------------------------------------------------------------- */

static PyGetSetDef socket_attributes[] = {
    {"_handle", get_handle, set_handle, "The address of the core's socket; 0 for none.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot socket_slots[] = {
    {Py_tp_getset, socket_attributes},
    {Py_tp_doc, "A socket's handle; the hot calls work on it."},
    {0, NULL},
};

static PyType_Spec socket_spec = {
    .name = "zcffi._fast.Socket",
    .basicsize = sizeof (struct socket),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = socket_slots,
};

int fast_socket_setup (PyObject *module)
{
    for (int i = 0; i < HOT_METHODS; i++) {
        whole_names[i] = PyUnicode_FromFormat ("_whole_%s", names[i]);
        if (whole_names[i] == NULL)
            return -1;
        PyUnicode_InternInPlace (&whole_names[i]);
    }
    fast_socket_type = (PyTypeObject *)PyType_FromModuleAndSpec (module, &socket_spec, NULL);
    if (fast_socket_type == NULL)
        return -1;
    return PyModule_AddObjectRef (module, "Socket", (PyObject *)fast_socket_type);
}
