/* zmq_ctx_*: contexts. */
#include "api/call.h"
#include "core/ctx.h"
#include "zmq.h"

void *zmq_ctx_new (void)
{
    void *handle = NULL;
    int rc = zc_ctx_new (&handle);
    return zc_api_result (rc) < 0 ? NULL : handle;
}

int zmq_ctx_term (void *context)
{
    return zc_api_result (zc_ctx_term (context));
}

int zmq_ctx_shutdown (void *context)
{
    return zc_api_result (zc_ctx_shutdown (context));
}

int zmq_ctx_set (void *context, int option, int optval)
{
    return zc_api_result (zc_ctx_set (context, option, optval));
}

int zmq_ctx_get (void *context, int option)
{
    int value = 0;
    int rc = zc_ctx_get (context, option, &value);
    return rc < 0 ? zc_api_result (rc) : value;
}

void *zmq_init (int io_threads)
{
    void *context = io_threads < 0 ? NULL : zmq_ctx_new ();

    if (io_threads < 0)
        errno = EINVAL;
    if (context)
        zc_ctx_set (context, ZMQ_IO_THREADS, io_threads);
    return context;
}

int zmq_term (void *context)
{
    return zmq_ctx_term (context);
}

int zmq_ctx_destroy (void *context)
{
    return zmq_ctx_term (context);
}
