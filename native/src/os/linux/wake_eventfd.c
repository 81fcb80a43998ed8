/* eventfd: one descriptor, a counter in the kernel. */
#include "os/wake.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

int zc_wake_open (struct zc_wake *w)
{
    int fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);

    *w = (struct zc_wake){fd, fd};
    return fd < 0 ? -errno : 0;
}

void zc_wake_raise_fd (int fd)
{
    uint64_t one = 1;

    /* EAGAIN: the counter is full, so it is readable already. */
    while (write (fd, &one, sizeof one) < 0 && errno == EINTR)
        ;
}

void zc_wake_raise (struct zc_wake *w)
{
    zc_wake_raise_fd (w->other);
}

void zc_wake_clear (struct zc_wake *w)
{
    uint64_t count;

    /* EAGAIN: nothing was raised. */
    while (read (w->fd, &count, sizeof count) < 0 && errno == EINTR)
        ;
}

void zc_wake_close (struct zc_wake *w)
{
    if (w->fd >= 0)
        close (w->fd);
    *w = (struct zc_wake)ZC_WAKE_INIT;
}
