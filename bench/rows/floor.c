/* The floor: what the machine itself needs, with no library between.
 *
 * floor reqrep TRANSPORT SIZE SECONDS: blocking sockets; inproc: two threads that hand over by eventfd
 * floor stream TRANSPORT SIZE SECONDS: writes of 64 KiB with as many framed messages as fit, reads that take what is
 *     there; inproc: a ring of slots under a mutex
 * floor pace TRANSPORT RATE SECONDS: one write a message */
#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum
{
    BIG = 65536,
    SLOTS = 1000
};
static const char *what, *transport;
static long number;
static double seconds;
static int listener, fd, events[2];
static union
{
    struct sockaddr any;
    struct sockaddr_in tcp;
    struct sockaddr_un ipc;
} address;
static socklen_t address_size;

static struct
{
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    char (*slots)[64];
    unsigned head, tail;
    bool is_waited_for;
} ring = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static bool is (const char *name)
{
    return !strcmp (what, name);
}

static void open_listener (void)
{
    bool is_tcp = !strcmp (transport, "tcp");
    const char *folder = getenv ("BENCH_DIR");

    if (is_tcp) {
        address.tcp = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
        address_size = sizeof address.tcp;
    } else {
        address.ipc.sun_family = AF_UNIX;
        snprintf (address.ipc.sun_path, sizeof address.ipc.sun_path, "%s/%d.raw", folder ? folder : "/tmp",
                  (int)getpid ());
        address_size = sizeof address.ipc;
    }
    listener = socket (address.any.sa_family, SOCK_STREAM, 0);
    if (listener < 0 || bind (listener, &address.any, address_size) || listen (listener, 1)
        || (is_tcp && getsockname (listener, &address.any, &address_size)))
        bench_die ("listening: %s", strerror (errno));
}

static void tune (void)
{
    int one = 1;

    if (!strcmp (transport, "tcp"))
        setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static void open_connection (void)
{
    fd = socket (address.any.sa_family, SOCK_STREAM, 0);
    if (fd < 0 || connect (fd, &address.any, address_size))
        bench_die ("connecting: %s", strerror (errno));
    tune ();
}

static void put (const char *data, size_t size)
{
    while (size) {
        ssize_t n = write (fd, data, size);
        if (n <= 0)
            bench_die ("write: %s", strerror (errno));
        data += n;
        size -= (size_t)n;
    }
}

static void get (char *data, size_t size)
{
    while (size) {
        ssize_t n = read (fd, data, size);
        if (n <= 0)
            bench_die ("read: %s", n ? strerror (errno) : "the end");
        data += n;
        size -= (size_t)n;
    }
}

static void hand_over (int event)
{
    uint64_t one = 1;

    if (write (event, &one, sizeof one) != sizeof one)
        bench_die ("eventfd: %s", strerror (errno));
}

static void take_over (int event)
{
    uint64_t value;

    if (read (event, &value, sizeof value) != sizeof value)
        bench_die ("eventfd: %s", strerror (errno));
}

/* ---- Request-reply ---- */

static void reply (void)
{
    char *body = calloc (1, (size_t)number);

    if (!bench_is_inproc)
        open_connection ();
    for (;;) {
        if (bench_is_inproc) {
            take_over (events[0]);
            hand_over (events[1]);
        } else {
            get (body, (size_t)number);
            put (body, (size_t)number);
        }
    }
}

static void reqrep (void)
{
    struct bench_samples samples;
    char *body = calloc (1, (size_t)number);
    uint64_t then = bench_ns (), now, begin = then + (uint64_t)(seconds * 1e8);
    uint64_t end = begin + (uint64_t)(seconds * 1e9);
    double cpu = 0;

    bench_samples_init (&samples, 4000000);
    for (;; then = now) {
        if (bench_is_inproc) {
            hand_over (events[0]);
            take_over (events[1]);
        } else {
            put (body, (size_t)number);
            get (body, (size_t)number);
        }
        now = bench_ns ();
        if (now > end || samples.count == samples.capacity)
            break;
        if (now < begin)
            continue;
        if (!samples.count)
            cpu = bench_cpu ();
        bench_sample (&samples, now - then);
    }
    bench_print ("cpu_us", (bench_cpu () - cpu) * 1e6 / 2 / (double)samples.count);
    bench_samples_print (&samples, 2);
}

/* ---- Stream ---- */

static size_t framed (void)
{
    return (size_t)number + (number < 256 ? 2 : 9);
}

static void pour (void)
{
    char *body = calloc (1, BIG);

    if (!bench_is_inproc) {
        open_connection ();
        for (;;)
            put (body, BIG);
    }
    for (;;) {
        pthread_mutex_lock (&ring.mutex);
        while (ring.head - ring.tail == SLOTS) {
            ring.is_waited_for = true;
            pthread_cond_wait (&ring.changed, &ring.mutex);
        }
        memcpy (ring.slots[ring.head++ % SLOTS], body, 64);
        if (ring.is_waited_for) {
            ring.is_waited_for = false;
            pthread_cond_broadcast (&ring.changed);
        }
        pthread_mutex_unlock (&ring.mutex);
    }
}

static double drink (void)
{
    static char body[1 << 17];

    if (!bench_is_inproc) {
        ssize_t n = read (fd, body, sizeof body);
        if (n <= 0)
            bench_die ("read: %s", n ? strerror (errno) : "the end");
        return (double)n / (double)framed ();
    }
    for (int i = 0; i < 64; i++) {
        pthread_mutex_lock (&ring.mutex);
        while (ring.head == ring.tail) {
            ring.is_waited_for = true;
            pthread_cond_wait (&ring.changed, &ring.mutex);
        }
        memcpy (body, ring.slots[ring.tail++ % SLOTS], 64);
        if (ring.is_waited_for) {
            ring.is_waited_for = false;
            pthread_cond_broadcast (&ring.changed);
        }
        pthread_mutex_unlock (&ring.mutex);
    }
    return 64;
}

static void stream (void)
{
    double got = 0, cpu = 0;
    uint64_t now, start = 0, end = bench_ns () + (uint64_t)(seconds * 1e8);

    for (;;) {
        got += drink ();
        now = bench_ns ();
        if (now < end)
            continue;
        if (start)
            break;
        cpu = bench_cpu ();
        start = now;
        end = now + (uint64_t)(seconds * 1e9);
        got = 0;
    }
    double rate = got * 1e9 / (double)(now - start);
    bench_print ("rate", rate);
    bench_print ("mib_s", rate * (double)number / 1048576);
    bench_print ("cpu_per_million", (bench_cpu () - cpu) * 1e6 / got);
}

/* ---- Paced ---- */

static void drip (void)
{
    uint64_t body[8] = {0}, gap = 1000000000 / (uint64_t)number, due, now;

    prctl (PR_SET_TIMERSLACK, 1);
    open_connection ();
    due = bench_ns () + 5000000;
    long counted = (long)((double)number * seconds);
    for (long i = -counted / 10; i < counted; i++, due += gap) { /* the first tenth is not counted */
        if (gap >= 100000)
            bench_sleep_until (due);
        while ((now = bench_ns ()) < due)
            ;
        body[0] = now;
        body[1] = i >= 0;
        put ((const char *)body, sizeof body);
    }
    for (;;)
        pause ();
}

static void catch_drops (void)
{
    struct bench_samples samples;
    static uint64_t body[1024];
    size_t have = 0;
    double cpu = 0;
    uint64_t start = 0;

    bench_samples_init (&samples, (size_t)((double)number * seconds));
    while (samples.count < samples.capacity) {
        ssize_t n = read (fd, (char *)body + have, sizeof body - have);
        if (n <= 0)
            bench_die ("read: %s", n ? strerror (errno) : "the end");
        have += (size_t)n;
        uint64_t now = bench_ns ();
        size_t whole = have / 64;
        for (size_t i = 0; i < whole; i++)
            if (body[i * 8 + 1])
                bench_sample (&samples, now - body[i * 8]);
        if (!start && samples.count) {
            cpu = bench_cpu ();
            start = bench_ns ();
        }
        have -= whole * 64;
        memmove (body, (char *)body + whole * 64, have);
    }
    double took = (double)(bench_ns () - start) / 1e9;
    bench_print ("cpu_ms", (bench_cpu () - cpu) * 1e3 / took);
    bench_print ("kept", (double)(samples.count - 1) / took / (double)number);
    bench_samples_print (&samples, 1);
}

int main (int count, char **args)
{
    if (count != 5)
        bench_die ("usage: floor reqrep|stream TRANSPORT SIZE SECONDS | floor pace TRANSPORT RATE SECONDS");
    what = args[1];
    transport = args[2];
    number = atol (args[3]);
    seconds = atof (args[4]);

    bench_begin (transport);
    if (bench_is_inproc) {
        events[0] = eventfd (0, 0);
        events[1] = eventfd (0, 0);
        ring.slots = calloc (SLOTS, sizeof *ring.slots);
    } else {
        open_listener ();
    }
    bench_other (is ("reqrep") ? reply : is ("stream") ? pour : drip);
    if (!bench_is_inproc) {
        fd = accept (listener, NULL, NULL);
        if (fd < 0)
            bench_die ("accept: %s", strerror (errno));
        tune ();
    }
    if (is ("reqrep"))
        reqrep ();
    else if (is ("stream"))
        stream ();
    else
        catch_drops ();
    bench_end ();
}
