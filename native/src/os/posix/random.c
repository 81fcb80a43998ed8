/* getentropy, which asks the kernel and needs no descriptor; /dev/urandom where a sandbox forbids
 * the call. */
#include "os/random.h"
#include "os/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>
#ifdef __APPLE__
#include <sys/random.h>
#endif

#define ENTROPY_MAX 256 /* bytes one getentropy gives */

static bool from_device (uint8_t *out, size_t n)
{
    int fd = open ("/dev/urandom", O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return false;
    while (n > 0) {
        ssize_t got = read (fd, out, n);

        if (got <= 0 && !(got < 0 && errno == EINTR))
            break;
        if (got > 0) {
            out += got;
            n -= (size_t)got;
        }
    }
    close (fd);
    return n == 0;
}

void zc_random (void *out, size_t n)
{
    uint8_t *at = out;

    while (n > 0) {
        size_t part = n < ENTROPY_MAX ? n : ENTROPY_MAX;

        if (getentropy (at, part) < 0 && !from_device (at, part)) {
            /* Neither call nor device: out of descriptors at worst, which passes. Guessable bytes
             * are never given instead. */
            zc_thread_sleep_ms (10);
            continue;
        }
        at += part;
        n -= part;
    }
}

uint32_t zc_random_u32 (void)
{
    uint32_t n;

    zc_random (&n, sizeof n);
    return n;
}
