/* fast.c: the second door, the hot calls of the Python package as plain C functions (module zcffi._fast).
 *
 * A call through cffi always gives up the GIL, which beside a busy Python thread costs a whole time slice. The calls
 * here first try without waiting, under the GIL, and give it up only to wait. One behaviour, two doors: zcffi/_pure
 * does the same through cffi alone, and one test suite runs through both. Here: the module, above all the others. */
#include "fast.h"

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
    if (fast_message_setup (module) < 0 || fast_socket_setup (module) < 0 || fast_hot_setup () < 0
        || PyModule_AddIntConstant (module, "QUIET", QUIET) < 0
        || PyModule_AddIntConstant (module, "LOOK", LOOK) < 0
        || PyModule_AddIntConstant (module, "LOOK_LONG", LOOK_LONG) < 0) {
        Py_DECREF (module);
        return NULL;
    }
    return module;
}
