/* hot.c: the hot methods of Socket in module zcffi._fast, above the calls they make. Under the GIL.
 *
 * Why it is fast: `socket.send(data)` of a Python class would make a Python frame, look up the function and the handle,
 * and turn the handle into a pointer: longer than the send itself. So the handle lies in the object as C has it, and the
 * commonest form of a call (nothing but positional arguments, of the types that are expected) is a C method. Every other
 * form goes to the Python method of the same name, kept as `_whole_NAME`: it alone knows all arguments. */
#include "fast.h"

#include <stdlib.h>
#include <string.h>

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

int fast_hot_setup (void)
{
    for (int i = 0; i < HOT_METHODS; i++) {
        whole_names[i] = PyUnicode_FromFormat ("_whole_%s", names[i]);
        if (whole_names[i] == NULL)
            return -1;
        PyUnicode_InternInPlace (&whole_names[i]);
    }
    return 0;
}
