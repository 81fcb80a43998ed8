#include "base/siphash.h"

enum
{
    COMPRESS = 1,
    FINISH = 3
};

static uint64_t rotate (uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

static void mix (uint64_t v[4], int rounds)
{
    while (rounds-- > 0) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = rotate (v[1], 13) ^ v[0];
        v[3] = rotate (v[3], 16) ^ v[2];
        v[0] = rotate (v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = rotate (v[1], 17) ^ v[2];
        v[3] = rotate (v[3], 21) ^ v[0];
        v[2] = rotate (v[2], 32);
    }
}

/* n of up to 8 bytes, the first one lowest. */
static uint64_t word_of (const uint8_t *p, size_t n)
{
    uint64_t word = 0;

    for (size_t i = 0; i < n; i++)
        word |= (uint64_t)p[i] << (8 * i);
    return word;
}

static void absorb (uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    mix (v, COMPRESS);
    v[0] ^= word;
}

uint64_t zc_siphash (const uint64_t key[2], const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    /* The constants are the paper's: "somepseudorandomlygeneratedbytes". */
    uint64_t v[4] = {key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d, key[0] ^ 0x6c7967656e657261,
                     key[1] ^ 0x7465646279746573};
    uint64_t size = (uint64_t)n << 56;

    for (; n >= 8; n -= 8, p += 8)
        absorb (v, word_of (p, 8));
    absorb (v, size | word_of (p, n));
    v[2] ^= 0xff;
    mix (v, FINISH);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}
