/* Bytes: copied, and read and written as numbers in network byte order, one by one: no alignment, no casts. */
#ifndef ZC_BASE_BYTES_H
#define ZC_BASE_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Copies the bytes of a message: most are small, and then four moves are quicker than the call of a memcpy that looks for the best
 * way. With n 0 the pointers may be NULL. */
static inline void zc_copy (void *into, const void *of, size_t n)
{
    uint8_t *to = into;
    const uint8_t *from = of;

    typedef struct
    {
        uint64_t a, b;
    } sixteen;
    if (n >= 16 && n <= 64) {
        sixteen first, last, second, third;
        memcpy (&first, from, 16);
        memcpy (&last, from + n - 16, 16);
        if (n > 32) {
            memcpy (&second, from + 16, 16);
            memcpy (&third, from + n - 32, 16);
            memcpy (to + 16, &second, 16);
            memcpy (to + n - 32, &third, 16);
        }
        memcpy (to, &first, 16);
        memcpy (to + n - 16, &last, 16);
    } else if (n)
        memcpy (to, from, n);
}

static inline uint16_t zc_get_u16 (const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t zc_get_u32 (const uint8_t *p)
{
    return (uint32_t)zc_get_u16 (p) << 16 | zc_get_u16 (p + 2);
}

static inline uint64_t zc_get_u64 (const uint8_t *p)
{
    return (uint64_t)zc_get_u32 (p) << 32 | zc_get_u32 (p + 4);
}

static inline void zc_put_u16 (uint8_t *p, uint16_t value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
}

static inline void zc_put_u32 (uint8_t *p, uint32_t value)
{
    zc_put_u16 (p, (uint16_t)(value >> 16));
    zc_put_u16 (p + 2, (uint16_t)value);
}

static inline void zc_put_u64 (uint8_t *p, uint64_t value)
{
    zc_put_u32 (p, (uint32_t)(value >> 32));
    zc_put_u32 (p + 4, (uint32_t)value);
}

#endif
