/* zmq_socket and what is done with a whole socket: options, endpoints, monitor, poll, proxies. */
#include "api/call.h"
#include "base/endpoint.h"
#include "core/driver.h"
#include "core/monitor.h"
#include "sock/poll.h"
#include "sock/proxy.h"
#include "sock/socket.h"

void *zmq_socket (void *context, int type)
{
    void *handle = NULL;
    int rc = zc_sock_open (context, type, &handle);
    return zc_api_result (rc) < 0 ? NULL : handle;
}

int zmq_close (void *socket)
{
    return zc_api_result (zc_sock_close (socket));
}

int zmq_setsockopt (void *socket, int option, const void *optval, size_t optvallen)
{
    return zc_api_result (zc_sock_set (socket, option, optval, optvallen));
}

int zmq_getsockopt (void *socket, int option, void *optval, size_t *optvallen)
{
    return zc_api_result (zc_sock_get (socket, option, optval, optvallen));
}

int zmq_bind (void *socket, const char *endpoint)
{
    return zc_api_result (zc_sock_bind (socket, endpoint));
}

int zmq_connect (void *socket, const char *endpoint)
{
    return zc_api_result (zc_sock_connect (socket, endpoint));
}

int zmq_unbind (void *socket, const char *endpoint)
{
    return zc_api_result (zc_sock_unbind (socket, endpoint));
}

int zmq_disconnect (void *socket, const char *endpoint)
{
    return zc_api_result (zc_sock_unbind (socket, endpoint));
}

static int monitor (void *socket, const char *endpoint, uint64_t events, bool wide)
{
    struct zc_endpoint ep;
    struct zc_sock *s;
    int rc = zc_sock_enter (socket, &s);

    if (rc < 0)
        return rc;
    if (!endpoint)
        zc_monitor_stop (s->hub);
    else
        rc = zc_endpoint_parse (endpoint, ZC_BIND, &ep);
    if (endpoint && rc == 0)
        rc = ep.transport == ZC_INPROC ? zc_monitor_start (s->hub, ep.address, events, wide)
                                       : -EPROTONOSUPPORT;
    zc_sock_exit (s);
    return rc;
}

int zmq_socket_monitor (void *socket, const char *endpoint, int events)
{
    if (events < 0 || events > 0xffff)
        return zc_api_result (-EINVAL);
    return zc_api_result (monitor (socket, endpoint, (uint64_t)events, false));
}

int zcffi_socket_monitor (void *socket, const char *endpoint, uint64_t events)
{
    if (events & ~(uint64_t)ZCFFI_EVENT_ALL)
        return zc_api_result (-EINVAL);
    return zc_api_result (monitor (socket, endpoint, events, true));
}

int zmq_poll (zmq_pollitem_t *items, int nitems, long timeout)
{
    return zc_api_result (zc_sock_poll (items, nitems, timeout, NULL));
}

int zmq_ppoll (zmq_pollitem_t *items, int nitems, long timeout, const void *sigmask)
{
    return zc_api_result (zc_sock_poll (items, nitems, timeout, sigmask));
}

int zmq_proxy (void *frontend, void *backend, void *capture)
{
    return zc_api_result (zc_proxy (frontend, backend, capture, NULL));
}

int zmq_proxy_steerable (void *frontend, void *backend, void *capture, void *control)
{
    return zc_api_result (zc_proxy (frontend, backend, capture, control));
}

int zmq_device (int type, void *frontend, void *backend)
{
    (void)type;
    return zmq_proxy (frontend, backend, NULL);
}
