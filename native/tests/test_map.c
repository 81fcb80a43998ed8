/* The map from byte strings to pointers, judged against an array, and its hash against known answers. */
#include "base/map.h"

#include <errno.h>
#include "base/alloc.h"
#include "base/siphash.h"
#include "check.h"

enum
{
    KEYS = 700
};

static const uint64_t seed[2] = {0x0706050403020100, 0x0f0e0d0c0b0a0908};

/* Of every length around the one up to which keys need no memory; each with its own bytes. */
static size_t key_of (unsigned i, uint8_t out[64])
{
    size_t n = 4 + i % 40;

    memset (out, 'k', n);
    memcpy (out, &i, 4);
    return n;
}

static unsigned next_random (unsigned *state)
{
    *state = *state * 1103515245u + 12345u;
    return *state >> 16 & 0x7fff;
}

TEST (a_map_behaves_like_an_array)
{
    void *array[KEYS] = {0};
    struct zc_map map;
    unsigned state = 7;
    size_t count = 0;
    uint8_t key[64];
    int values[KEYS];

    zc_map_init (&map, seed);
    for (int step = 0; step < 60000; step++) {
        unsigned i = next_random (&state) % KEYS;
        size_t n = key_of (i, key);

        CHECK (zc_map_get (&map, key, n) == array[i]);
        if (next_random (&state) % 100 < (step % 20000 < 10000 ? 70u : 30u)) {
            CHECK_INT (zc_map_put (&map, key, n, &values[i]), array[i] ? -EEXIST : 0);
            count += !array[i];
            array[i] = &values[i];
        } else {
            CHECK (zc_map_take (&map, key, n) == array[i]);
            count -= array[i] != NULL;
            array[i] = NULL;
        }
        CHECK_INT (map.count, count);
    }
    zc_map_close (&map);
}

TEST (keys_are_told_apart_by_length_and_may_be_empty)
{
    struct zc_map map;
    int a, b, c;

    zc_map_init (&map, seed);
    CHECK (!zc_map_get (&map, "", 0));
    CHECK_INT (zc_map_put (&map, NULL, 0, &a), 0);
    CHECK_INT (zc_map_put (&map, "\0", 1, &b), 0);
    CHECK_INT (zc_map_put (&map, "\0\0", 2, &c), 0);
    CHECK (zc_map_get (&map, "", 0) == &a);
    CHECK (zc_map_get (&map, "\0", 1) == &b);
    CHECK (zc_map_get (&map, "\0\0", 2) == &c);
    CHECK_INT (zc_map_put (&map, NULL, 0, &b), -EEXIST);
    CHECK (zc_map_take (&map, "", 0) == &a);
    CHECK (!zc_map_take (&map, "", 0));
    zc_map_close (&map);
}

TEST (a_walk_sees_each_entry_once_while_they_are_taken_out)
{
    struct zc_map map;
    unsigned char seen[KEYS] = {0};
    uint8_t key[64];
    int values[KEYS];
    const void *found;
    size_t at = 0, n;
    int *value;

    zc_map_init (&map, seed);
    for (unsigned i = 0; i < KEYS; i++)
        zc_map_put (&map, key, key_of (i, key), &values[i]);
    while ((value = zc_map_next (&map, &at, &found, &n))) {
        unsigned i = (unsigned)(value - values);

        CHECK_INT (n, key_of (i, key));
        CHECK_MEM (found, key, n);
        seen[i]++;
        if (i % 3)
            CHECK (zc_map_take (&map, key, n) == value);
    }
    for (unsigned i = 0; i < KEYS; i++)
        CHECK_INT (seen[i], 1);
    CHECK_INT (map.count, (KEYS + 2) / 3);
    zc_map_close (&map);
}

TEST (a_map_that_only_changes_does_not_grow)
{
    struct zc_map map;
    uint8_t key[64];
    int value;

    zc_map_init (&map, seed);
    for (unsigned i = 0; i < 100000; i++) {
        CHECK_INT (zc_map_put (&map, key, key_of (i, key), &value), 0);
        CHECK (zc_map_take (&map, key, key_of (i, key)) == &value);
    }
    CHECK (map.cap <= 16);
    zc_map_close (&map);
}

TEST (a_failed_put_changes_nothing)
{
    struct zc_map map;
    uint8_t key[64];
    int value;

    zc_map_init (&map, seed);
    for (unsigned i = 0; i < 200; i++) {
        size_t n = key_of (i, key);
        int rc = -ENOMEM;

        for (long fail = 1; rc == -ENOMEM && fail < 5; fail++) {
            atomic_store (&zc_alloc_fail_at, fail);
            rc = zc_map_put (&map, key, n, &value);
            atomic_store (&zc_alloc_fail_at, 0);
            CHECK_INT (map.count, rc == 0 ? i + 1 : i);
            CHECK ((zc_map_get (&map, key, n) != NULL) == (rc == 0));
        }
        CHECK_INT (rc, 0);
    }
    zc_map_close (&map);
}

/* From another implementation of SipHash-1-3: CPython's hash() of bytes, with PYTHONHASHSEED=0 (the key is then all zero). */
TEST (the_hash_is_siphash_1_3)
{
    static const uint64_t zero[2];
    static const struct
    {
        const char *text;
        uint64_t hash;
    } known[] = {
        {"a", 0x407448d2b89b1813},
        {"abcdefg", 0x6db12aae9070f506},
        {"abcdefgh", 0x3f7b849c0b8e35ea},
        {"abcdefghi", 0xf89b34a3d11eb6e5},
        {"the quick brown fox jumps over a lazy dog", 0x76eb0e1bcc9a2ffe},
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        CHECK_INT (zc_siphash (zero, known[i].text, strlen (known[i].text)), known[i].hash);
    CHECK (zc_siphash (seed, "a", 1) != zc_siphash (zero, "a", 1));
}
