/* Large pieces of memory (what is read into, gathered, or a large message) that are kept when they were let go, a few in a process, for
 * whoever needs one next. A C library gives the end of its heap back to the system as soon as it is free, and takes it again at once: in
 * a stream that was a quarter of all time, spent in page faults.
 *
 * Huge ones are only kept for a moment. Who reads a huge message opens their place (zc_pieces_open); an I/O thread comes again and again
 * (zc_pieces_let_go), until nobody has since. */
#ifndef ZC_BASE_PIECE_H
#define ZC_BASE_PIECE_H

#include <stdbool.h>
#include <stddef.h>
#include "base/alloc.h"

#define ZC_PIECE_MIN 16384u               /* pieces of so many bytes */
#define ZC_PIECE_MAX 2098176u             /* to so many are kept: 2 MiB and what belongs to them, */
#define ZC_PIECE_BIG 262144u              /* and no more than ZC_PIECES_BIG above this; */
#define ZC_PIECE_HUGE (ZC_PIECE_MAX * 64) /* larger ones up to this are huge */
enum
{
    ZC_PIECES = 8, /* and at most so many */
    ZC_PIECES_BIG = 4,
    ZC_PIECES_HUGE = 2
};

/* A kept piece of n bytes or up to twice as many; *size is what it has. NULL: none fits. Any thread. */
void *zc_piece_kept (size_t n, size_t *size);
/* Gives it back, to be kept or to the C library. p may be NULL. */
void zc_piece_free (void *p, size_t size);

/* Huge pieces are kept from now on. True: they were not before, and an I/O thread is to be woken that comes to let them go. */
bool zc_pieces_open (void);
bool zc_pieces_are_open (void);
/* Lets all huge ones go and keeps none from now on. False: not yet, there was a zc_pieces_open since the last call. */
bool zc_pieces_let_go (void);
/* The same, whether there was or not. */
void zc_pieces_shut (void);

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
