/* sockets.h: the calls of zmq.h as the rows use them: each dies on failure. MIT licence, see LICENSE. */
#ifndef BENCH_SOCKETS_H_INCLUDED
#define BENCH_SOCKETS_H_INCLUDED

#include "bench.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zmq.h>

/* One context a process. Threads of an inproc row find the one made before them. */
static void *row_context;

/* BENCH_LIBRARY names the file that must have been loaded: a wrong path would compare a library with itself. */
static inline void row_check_library (void)
{
    const char *wanted = getenv ("BENCH_LIBRARY");
    char found[PATH_MAX];
    Dl_info info;

    if (!wanted)
        return;
    if (!dladdr ((void *)zmq_ctx_new, &info) || !realpath (info.dli_fname, found))
        bench_die ("where zmq_ctx_new comes from can't be told");
    if (strcmp (found, wanted))
        bench_die ("%s was loaded instead of %s", found, wanted);
}

static inline void row_open_context (void)
{
    if (!row_context)
        row_check_library ();
    if (!row_context && !(row_context = zmq_ctx_new ()))
        bench_die ("zmq_ctx_new: %s", zmq_strerror (errno));
}

static inline void *row_socket (int type)
{
    row_open_context ();
    void *socket = zmq_socket (row_context, type);
    if (!socket)
        bench_die ("zmq_socket: %s", zmq_strerror (errno));
    return socket;
}

/* For rows of many sockets: room for them, in the context and in the process. Before the first socket. */
static inline void row_many (int sockets)
{
    struct rlimit limit;

    getrlimit (RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit (RLIMIT_NOFILE, &limit);
    row_open_context ();
    if (zmq_ctx_set (row_context, ZMQ_MAX_SOCKETS, sockets + 16))
        bench_die ("ZMQ_MAX_SOCKETS %d: %s", sockets + 16, zmq_strerror (errno));
}

/* Binds and tells the others where. */
static inline void row_bind (void *socket, const char *transport)
{
    char endpoint[256];
    size_t size = sizeof bench_page->endpoint;
    const char *folder = getenv ("BENCH_DIR");

    if (!strcmp (transport, "tcp"))
        snprintf (endpoint, sizeof endpoint, "tcp://127.0.0.1:*");
    else if (!strcmp (transport, "ipc"))
        snprintf (endpoint, sizeof endpoint, "ipc://%s/%d.ipc", folder ? folder : "/tmp", (int)getpid ());
    else
        snprintf (endpoint, sizeof endpoint, "inproc://bench");
    if (zmq_bind (socket, endpoint))
        bench_die ("zmq_bind %s: %s", endpoint, zmq_strerror (errno));
    if (zmq_getsockopt (socket, ZMQ_LAST_ENDPOINT, bench_page->endpoint, &size))
        bench_die ("ZMQ_LAST_ENDPOINT: %s", zmq_strerror (errno));
    atomic_fetch_add (&bench_page->is_bound, 1);
}

static inline void row_connect (void *socket)
{
    bench_wait (&bench_page->is_bound, 1, 10, "waiting for the bind");
    if (zmq_connect (socket, bench_page->endpoint))
        bench_die ("zmq_connect %s: %s", bench_page->endpoint, zmq_strerror (errno));
}

/* Connects the i-th of many: some at a time, a full backlog would cost a second. */
static inline void row_connect_some (void *socket, int i)
{
    row_connect (socket);
    if (i % 50 == 49)
        bench_sleep_until (bench_ns () + 20000000);
}

static inline void row_send (void *socket, const void *data, size_t size, int flags)
{
    if (zmq_send (socket, data, size, flags) < 0)
        bench_die ("zmq_send: %s", zmq_strerror (errno));
}

/* Gives false when there is no room. */
static inline bool row_try_send (void *socket, const void *data, size_t size)
{
    if (zmq_send (socket, data, size, ZMQ_DONTWAIT) >= 0)
        return true;
    if (errno != EAGAIN)
        bench_die ("zmq_send: %s", zmq_strerror (errno));
    return false;
}

static inline size_t row_recv (void *socket, void *data, size_t room)
{
    int size = zmq_recv (socket, data, room, 0);

    if (size < 0)
        bench_die ("zmq_recv: %s", zmq_strerror (errno));
    return (size_t)size;
}

static inline void row_recv_message (void *socket, zmq_msg_t *message)
{
    if (zmq_msg_recv (message, socket, 0) < 0)
        bench_die ("zmq_msg_recv: %s", zmq_strerror (errno));
}

/* Gives false when nothing is there. */
static inline bool row_try_recv (void *socket, zmq_msg_t *message)
{
    if (zmq_msg_recv (message, socket, ZMQ_DONTWAIT) >= 0)
        return true;
    if (errno != EAGAIN)
        bench_die ("zmq_msg_recv: %s", zmq_strerror (errno));
    return false;
}

static inline void row_poll (zmq_pollitem_t *items, int count)
{
    if (zmq_poll (items, count, -1) < 0)
        bench_die ("zmq_poll: %s", zmq_strerror (errno));
}

#endif
