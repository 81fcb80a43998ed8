/* Versions, capabilities, errors, keys as text, and the helpers a portable program wants: counters, stopwatch, threads. */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include "base/alloc.h"
#include "base/error.h"
#include "base/z85.h"
#include "os/clock.h"
#include "os/thread.h"
#include "zcffi.h"

#if !defined ZCFFI_VERSION_MAJOR || !defined ZCFFI_VERSION_MINOR || !defined ZCFFI_VERSION_PATCH
#error "the build gives ZCFFI_VERSION_MAJOR, _MINOR and _PATCH: the version is written in one place, there"
#endif

static void tell_version (const int version[3], int *major, int *minor, int *patch)
{
    if (major)
        *major = version[0];
    if (minor)
        *minor = version[1];
    if (patch)
        *patch = version[2];
}

void zmq_version (int *major, int *minor, int *patch)
{
    tell_version ((const int[]){ZMQ_VERSION_MAJOR, ZMQ_VERSION_MINOR, ZMQ_VERSION_PATCH}, major, minor,
                  patch);
}

void zcffi_version (int *major, int *minor, int *patch)
{
    tell_version ((const int[]){ZCFFI_VERSION_MAJOR, ZCFFI_VERSION_MINOR, ZCFFI_VERSION_PATCH}, major, minor,
                  patch);
}

int zmq_errno (void)
{
    return errno;
}

const char *zmq_strerror (int errnum)
{
    return zc_strerror (errnum);
}

int zmq_has (const char *capability)
{
    static const char *const ours[] = {"ipc"};

    for (size_t i = 0; capability && i < sizeof ours / sizeof ours[0]; i++)
        if (strcmp (ours[i], capability) == 0)
            return 1;
    return 0;
}

/* ---- keys ---- */

char *zmq_z85_encode (char *dest, const uint8_t *data, size_t size)
{
    if (!dest || (!data && size) || zc_z85_encode (dest, data, size) < 0) {
        errno = EINVAL;
        return NULL;
    }
    return dest;
}

uint8_t *zmq_z85_decode (uint8_t *dest, const char *string)
{
    if (!dest || !string || zc_z85_decode (dest, string, strlen (string)) < 0) {
        errno = EINVAL;
        return NULL;
    }
    return dest;
}

int zmq_curve_keypair (char *z85_public_key, char *z85_secret_key)
{
    (void)z85_public_key;
    (void)z85_secret_key;
    errno = ENOTSUP;
    return -1;
}

int zmq_curve_public (char *z85_public_key, const char *z85_secret_key)
{
    (void)z85_public_key;
    (void)z85_secret_key;
    errno = ENOTSUP;
    return -1;
}

/* ---- counters ---- */

/* NULL is no counter: -1 and EFAULT. */
static int no_counter (void)
{
    errno = EFAULT;
    return -1;
}

void *zmq_atomic_counter_new (void)
{
    atomic_int *counter = zc_alloc (sizeof *counter);

    if (!counter) {
        errno = ENOMEM;
        return NULL;
    }
    atomic_init (counter, 0);
    return counter;
}

void zmq_atomic_counter_set (void *counter, int value)
{
    if (counter)
        atomic_store_explicit ((atomic_int *)counter, value, memory_order_release); /* pairs with value */
}

int zmq_atomic_counter_inc (void *counter)
{
    return counter ? atomic_fetch_add_explicit ((atomic_int *)counter, 1, memory_order_acq_rel)
                   : no_counter ();
}

/* Each release pairs with the acquire of the one that reaches 0: it sees what the others did before. */
int zmq_atomic_counter_dec (void *counter)
{
    if (!counter)
        return no_counter ();
    return atomic_fetch_sub_explicit ((atomic_int *)counter, 1, memory_order_acq_rel) != 1;
}

int zmq_atomic_counter_value (void *counter)
{
    return counter ? atomic_load_explicit ((atomic_int *)counter, memory_order_acquire) : no_counter ();
}

void zmq_atomic_counter_destroy (void **counter_p)
{
    if (!counter_p)
        return;
    zc_free (*counter_p);
    *counter_p = NULL;
}

/* ---- time ---- */

void *zmq_stopwatch_start (void)
{
    uint64_t *start = zc_alloc (sizeof *start);

    if (!start) {
        errno = ENOMEM;
        return NULL;
    }
    *start = zc_now ();
    return start;
}

unsigned long zmq_stopwatch_intermediate (void *watch)
{
    const uint64_t *start = watch;

    return start ? (unsigned long)((zc_now () - *start) / ZC_US) : 0;
}

unsigned long zmq_stopwatch_stop (void *watch)
{
    unsigned long us = zmq_stopwatch_intermediate (watch);

    zc_free (watch);
    return us;
}

void zmq_sleep (int seconds)
{
    if (seconds > 0)
        zc_thread_sleep_ms ((uint64_t)seconds * 1000);
}

/* ---- threads ---- */

void *zmq_threadstart (zmq_thread_fn *func, void *arg)
{
    struct zc_thread *thread;
    int rc;

    if (!func) {
        errno = EFAULT;
        return NULL;
    }
    thread = zc_alloc (sizeof *thread);
    rc = thread ? zc_thread_start (thread, func, arg, NULL) : -ENOMEM;
    if (rc == 0)
        return thread;
    zc_free (thread);
    errno = -rc;
    return NULL;
}

void zmq_threadclose (void *thread)
{
    if (!thread)
        return;
    zc_thread_join (thread);
    zc_free (thread);
}
