/* The content of large messages: counted, with an owner. A few large ones that were let go are kept for whoever needs one next: memory
 * that was used lately is there at once, where a fresh piece costs a page fault for each of its pages. */
#ifndef ZC_BASE_BODY_H
#define ZC_BASE_BODY_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include "base/chunk.h"

#define ZC_KEPT_MIN 32768u   /* bodies with so much room */
#define ZC_KEPT_MAX 2097152u /* up to so much are kept, */
enum
{
    ZC_KEPT = 4 /* and at most so many, in a process */
};

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

#endif
