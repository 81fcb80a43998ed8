/* The content of a large message: counted, with an owner. Its memory is a piece (base/piece.h) that may have served before. */
#ifndef ZC_BASE_BODY_H
#define ZC_BASE_BODY_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include "base/chunk.h"
#include "base/piece.h"

/* Its own bytes, the program's (free function), or a share of a chunk. */
struct zc_body
{
    _Atomic uint32_t refs;
    void (*ffn) (void *data, void *hint); /* NULL: own bytes or chunk */
    void *hint;
    void *data;             /* what ffn gets */
    struct zc_chunk *chunk; /* shared chunk, or NULL */
    struct zc_body *next;   /* in the thread's list of bodies to free after its locks */
    size_t room;            /* own bytes: how many there may be in d */
    uint8_t d[];
};

/* One with room for n bytes of its own, their content undefined, held once; NULL: no memory. */
struct zc_body *zc_body_new (size_t n);
/* The same if one that is kept will do, else NULL. */
struct zc_body *zc_body_kept (size_t n);
/* Room for n bytes; what is in it stays. b NULL: a new one. NULL: no memory, and b is as it was. */
struct zc_body *zc_body_resize (struct zc_body *b, size_t n);
/* Gives the memory back: no free function is called and no chunk let go. b may be NULL. */
void zc_body_free (struct zc_body *b);
/* The same, for memory that nobody will want again: it is not kept. */
void zc_body_scrap (struct zc_body *b);

#endif
