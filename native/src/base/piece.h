/* Large pieces of memory (what is read into, gathered, or a large message) that are kept when they were let go, a few in a process, for
 * whoever needs one next. A C library gives the end of its heap back to the system as soon as it is free, and takes it again at once: in
 * a stream that was a quarter of all time, spent in page faults. */
#ifndef ZC_BASE_PIECE_H
#define ZC_BASE_PIECE_H

#include <stddef.h>
#include "base/alloc.h"

#define ZC_PIECE_MIN 16384u   /* pieces of so many bytes */
#define ZC_PIECE_MAX 2098176u /* to so many are kept: 2 MiB and what belongs to them, */
#define ZC_PIECE_BIG 262144u  /* and no more than ZC_PIECES_BIG above this, */
enum
{
    ZC_PIECES = 8, /* and at most so many */
    ZC_PIECES_BIG = 4
};

/* A kept piece of n bytes or up to twice as many; *size is what it has. NULL: none fits. Any thread. */
void *zc_piece_kept (size_t n, size_t *size);
/* Gives it back, to be kept or to the C library. p may be NULL. */
void zc_piece_free (void *p, size_t size);

/* One that is kept, or fresh. NULL: no memory. */
static inline void *zc_piece_alloc (size_t n, size_t *size)
{
    void *p = n < ZC_PIECE_MIN ? NULL : zc_piece_kept (n, size);
    if (p)
        return p;
    *size = n;
    return zc_alloc (n);
}

#endif
