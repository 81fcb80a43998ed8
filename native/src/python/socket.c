/* socket.c: Socket, the base of the package's sockets in module zcffi._fast: its handle. Under the GIL. */
#include "fast.h"

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
    fast_socket_type = (PyTypeObject *)PyType_FromModuleAndSpec (module, &socket_spec, NULL);
    if (fast_socket_type == NULL)
        return -1;
    return PyModule_AddObjectRef (module, "Socket", (PyObject *)fast_socket_type);
}
