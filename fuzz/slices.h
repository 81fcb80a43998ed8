/* What the fuzz targets share: numbers drawn from the end of the input, bytes from its front.
 *
 * Choices (how the input is cut, which kind of socket) come off the end, so that the front of a
 * corpus file is what a peer would send and can be a recording. */
#ifndef FUZZ_SLICES_H
#define FUZZ_SLICES_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "wire/wire.h"
#include "zmq.h"

/* Ours must hold in every build. */
#define MUST(cond_)                                                                                          \
    do {                                                                                                     \
        if (!(cond_)) {                                                                                      \
            fprintf (stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #cond_);                             \
            abort ();                                                                                        \
        }                                                                                                    \
    } while (0)

struct slices
{
    const uint8_t *bytes;
    size_t size;
};

/* 0 when the input is at its end. */
static inline uint8_t slices_choice (struct slices *s)
{
    return s->size > 0 ? s->bytes[--s->size] : 0;
}

/* The next 1 to 16 bytes, mostly few, or all that is left when the dice says so; copied to a place
 * of their own, so that reading past them is seen. */
static inline uint8_t *slices_piece (struct slices *s, uint64_t *dice, size_t *n)
{
    uint8_t *piece;

    *dice = *dice * 6364136223846793005u + 1442695040888963407u;
    *n = *dice >> 60 == 0 ? s->size : 1 + (*dice >> 33) % 16;
    if (*n > s->size)
        *n = s->size;
    piece = malloc (*n ? *n : 1);
    if (*n > 0)
        memcpy (piece, s->bytes, *n);
    s->bytes += *n;
    s->size -= *n;
    return piece;
}

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t n);

#endif
