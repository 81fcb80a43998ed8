/* fast.h: what the files of module zcffi._fast share; fast.c says what the module is.
 *
 * Everything runs under the GIL but two things: the attempts of a call that waits (attempt_*), which touch no Python
 * object, and the return of a loan, which the core may do from any of its threads. Limited API of 3.11: one binary for
 * all versions. */
#ifndef ZCFFI_PYTHON_FAST_H_INCLUDED
#define ZCFFI_PYTHON_FAST_H_INCLUDED

#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#endif
#include <Python.h>

#include <stdbool.h>
#include <stddef.h>

#include "zmq.h"
#if ZCFFI_HAS_ZCFFI
#include "zcffi.h"
enum
{
    LOOK = ZCFFI_LOOK,
    LOOK_LONG = ZCFFI_LOOK_LONG
};
#else
enum
{
    LOOK = 0,
    LOOK_LONG = 0
};
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
    PARTS_INSIDE = 8,  /* parts of a message that need no allocation */
    QUIET = 1 << 16,   /* flag of ours: -2 instead of an exception when the call would have to wait */
    WOULD_WAIT = -2,
    FAILED = -1
};

/* How a call is tried without waiting. A core that can give up on a busy lock, too, gets its flag here. */
#define TRY ZMQ_DONTWAIT

/* ---- Arguments and errors (call.c) ------------------------------------------------------------------------------ */

/* zcffi.errors.error_for(errno, verb): makes the exception. Given once, when the package is imported. */
extern PyObject *fast_error_for;

/* Raise what stands for an errno. Always FAILED. */
long fast_fail (int error, const char *verb);

/* Each raises when it returns false. */
bool fast_has_args (const char *name, Py_ssize_t nargs, Py_ssize_t least, Py_ssize_t most);
bool fast_get_int (PyObject *const *args, Py_ssize_t nargs, Py_ssize_t index, int fallback, int *value);

/* An argument that may be missing or None: then NULL. */
PyObject *fast_get_object (PyObject *const *args, Py_ssize_t nargs, Py_ssize_t index);

/* ---- One call (call.c) ------------------------------------------------------------------------------------------ */

/* Returns 0 or more, or -1 and errno. With or without the GIL. */
typedef long (attempt_fn) (void *socket, void *what, int flags);

/* A kind of call. */
struct call
{
    const char *verb;
    attempt_fn *attempt;
    short event; /* what it waits for, as a poll event */
    int timeout; /* the option that limits its wait */
};

/* Memory to send from or to receive into. */
struct memory
{
    void *data;
    size_t size;
};

/* Try without waiting; give up the GIL and wait only then. A signal's handler runs in between and may end the call with
 * its exception (PEP 475). Returns what the attempt does; WOULD_WAIT with QUIET; FAILED with an exception. */
long fast_perform (const struct call *call, void *socket, void *what, int flags);

/* What is left of a timeout, in milliseconds, on a running stopwatch. */
long fast_time_left (int timeout, void *watch);

/* ---- Messages (message.c) --------------------------------------------------------------------------------------- */

/* A message as a Python object: zcffi._fast.Message, the base of zcffi.Frame. */
struct message
{
    PyObject_HEAD zmq_msg_t msg;
};

extern PyTypeObject *fast_message_type;

/* Make the type, when the module is. */
int fast_message_setup (PyObject *module);

bool fast_is_message (PyObject *object);
PyObject *fast_message_new (PyTypeObject *type);
PyObject *fast_message_take (PyTypeObject *type, zmq_msg_t *part);
PyObject *fast_bytes_of (zmq_msg_t *msg);

/* The Python class asked for instead of bytes: a subclass of Message, or NULL for bytes. */
bool fast_get_type (PyObject *const *args, Py_ssize_t nargs, Py_ssize_t index, PyTypeObject **type);

/* Say that an object is no buffer, and the cure. */
void fast_refuse_data (PyObject *data);

/* A message of any buffer. Large ones are lent when they can't change: bytes always, others when `copy` is false, by
 * which the caller promises not to change them. `lent` counts the loans; `released` is called when one is back. */
bool fast_message_init (zmq_msg_t *msg, PyObject *data, bool copy, PyObject *released, long *lent);

/* Let go of the buffers that came back. Every call begins with it. */
void fast_settle_loans (void);

/* ---- Sockets (socket.c) ----------------------------------------------------------------------------------------- */

/* What the calls know of a Python socket: zcffi._fast.Socket, the base of the package's sockets. */
struct socket
{
    PyObject_HEAD void *handle; /* the core's; NULL: every call answers that it is closed */
};

extern PyTypeObject *fast_socket_type;

/* Make the type, when the module is. */
int fast_socket_setup (PyObject *module);

/* The handle of a socket; raises when it returns false. */
bool fast_get_socket (PyObject *arg, void **handle);

/* ---- Single parts (single.c) -------------------------------------------------------------------------------------- */

/* Returns as fast_perform(). `copy`, `released`, `lent`: see fast_message_init(). */
long fast_send_part (void *handle, PyObject *data, int flags, bool copy, PyObject *released, long *lent);

/* Bytes; None with QUIET; NULL with an exception. */
PyObject *fast_recv_part (void *handle, int flags);

PyObject *fast_send (PyObject *module, PyObject *const *args, Py_ssize_t nargs);
PyObject *fast_recv (PyObject *module, PyObject *const *args, Py_ssize_t nargs);
PyObject *fast_recv_into (PyObject *module, PyObject *const *args, Py_ssize_t nargs);
PyObject *fast_recv_message (PyObject *module, PyObject *const *args, Py_ssize_t nargs);

/* ---- Readiness (ready.c) ---------------------------------------------------------------------------------------- */

PyObject *fast_events (PyObject *module, PyObject *const *args, Py_ssize_t nargs);
PyObject *fast_poll (PyObject *module, PyObject *const *args, Py_ssize_t nargs);

/* ---- Whole messages (whole.c), batches (many.c), as METH_FASTCALL ------------------------------------------------- */

/* A list of parts that grows; no Python object. */
struct parts
{
    zmq_msg_t *at;
    size_t count;
    size_t room;
    zmq_msg_t inside[PARTS_INSIDE];
};

void fast_parts_init (struct parts *parts);
void fast_parts_close (struct parts *parts);

/* Make room for `room` parts. -1 and errno when there is no memory. */
int fast_parts_grow (struct parts *parts, size_t room);

/* An attempt_fn that receives one whole message into a struct parts; on libzmq behind those that are there. */
long fast_attempt_recv_parts (void *socket, void *what, int flags);

/* A list of the parts from *next on that belong to one message; *next moves behind them. */
PyObject *fast_parts_list (struct parts *parts, size_t *next, PyTypeObject *type);

/* A tuple of what an iterable holds, so that nobody changes it meanwhile. A buffer is refused: it is a single part. */
PyObject *fast_get_tuple (PyObject *object, const char *cure);

/* The same for whole messages; `type`: see fast_get_type(). */
long fast_send_whole (void *handle, PyObject *data, int flags, bool copy, PyObject *released, long *lent);
PyObject *fast_recv_whole (void *handle, int flags, PyTypeObject *type);

PyObject *fast_send_multipart (PyObject *module, PyObject *const *args, Py_ssize_t nargs);
PyObject *fast_recv_multipart (PyObject *module, PyObject *const *args, Py_ssize_t nargs);
PyObject *fast_send_many (PyObject *module, PyObject *const *args, Py_ssize_t nargs);
PyObject *fast_recv_many (PyObject *module, PyObject *const *args, Py_ssize_t nargs);

/* ---- The methods of a socket (hot.c) ---------------------------------------------------------------------------- */

/* Make what they need, when the module is. */
int fast_hot_setup (void);

/* hot_method(name, text) -> the C method that stands before the Python method of that name; `text`: signature and doc */
PyObject *fast_hot_method (PyObject *module, PyObject *args);

#endif
