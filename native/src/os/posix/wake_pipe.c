/* A pipe for systems without eventfd. Who wakes by `fd` alone knows the read end only, so a table
 * leads from it to the write end: two levels, blocks never freed, read without a lock. */
#include "base/alloc.h"
#include "os/wake.h"
#include "os/posix/fd.h"

#include <errno.h>
#include <stdatomic.h>
#include <unistd.h>

#define BLOCK 1024 /* descriptors in a block */
#define BLOCKS 1024

struct block
{
    _Atomic int other[BLOCK]; /* write end + 1; 0: none */
};

static struct block *_Atomic blocks[BLOCKS];

/* The place for fd in the table; NULL: none there (and make is false, or memory is short). */
static _Atomic int *place (int fd, bool make)
{
    struct block *_Atomic *slot, *b, *fresh;

    if (fd >= BLOCK * BLOCKS)
        return NULL;
    slot = &blocks[fd / BLOCK];
    /* Acquire pairs with the release of the exchange below: the block's zeros are seen. */
    b = atomic_load_explicit (slot, memory_order_acquire);
    if (b || !make)
        return b ? &b->other[fd % BLOCK] : NULL;
    fresh = zc_calloc (1, sizeof *fresh);
    if (!fresh)
        return NULL;
    if (atomic_compare_exchange_strong_explicit (slot, &b, fresh, memory_order_acq_rel, memory_order_acquire))
        b = fresh;
    else
        zc_free (fresh); /* another thread was first, b is its block now */
    return &b->other[fd % BLOCK];
}

int zc_wake_open (struct zc_wake *w)
{
    int ends[2], rc = zc_fd_pipe (ends);
    _Atomic int *at;

    *w = (struct zc_wake)ZC_WAKE_INIT;
    if (rc < 0)
        return rc;
    at = place (ends[0], true);
    if (!at) {
        close (ends[0]);
        close (ends[1]);
        return -ENOMEM;
    }
    /* Relaxed here and below: whoever wakes learnt of the descriptor through a lock or
     * zc_parker.how, which order this store before; who comes late finds any write end, or none: a
     * spurious wake. */
    atomic_store_explicit (at, ends[1] + 1, memory_order_relaxed);
    *w = (struct zc_wake){ends[0], ends[1]};
    return 0;
}

static void raise_end (int end)
{
    /* EAGAIN: the pipe is full, so it is readable already. */
    while (write (end, "", 1) < 0 && errno == EINTR)
        ;
}

void zc_wake_raise_fd (int fd)
{
    _Atomic int *at = place (fd, false);
    int end = at ? atomic_load_explicit (at, memory_order_relaxed) - 1 : -1;

    if (end >= 0)
        raise_end (end);
}

void zc_wake_raise (struct zc_wake *w)
{
    raise_end (w->other);
}

void zc_wake_clear (struct zc_wake *w)
{
    char sink[256];
    ssize_t n;

    do
        n = read (w->fd, sink, sizeof sink);
    while (n == (ssize_t)sizeof sink || (n < 0 && errno == EINTR));
}

void zc_wake_close (struct zc_wake *w)
{
    _Atomic int *at = w->fd >= 0 ? place (w->fd, false) : NULL;

    if (at)
        atomic_store_explicit (at, 0, memory_order_relaxed);
    if (w->fd >= 0) {
        close (w->other);
        close (w->fd);
    }
    *w = (struct zc_wake)ZC_WAKE_INIT;
}
