/* Frames of traffic, cut and made (RFC 37, RFC 15, RFC 13; S-01, S-07, S-30). */
#include "wire_peer.h"

static struct zc_wire machine (int major, int64_t maxmsgsize)
{
    return (struct zc_wire){.major = (uint8_t)major,
                            .minor = major == 3,
                            .socktype = ZMQ_PULL,
                            .peer_type = ZMQ_PUSH,
                            .maxmsgsize = maxmsgsize};
}

/* Looks at bytes that end where the sanitizer watches. */
static int look (struct zc_wire *w, const uint8_t *bytes, size_t n, struct zc_frame *f)
{
    uint8_t *exact = malloc (n ? n : 1);
    int rc;

    memset (f, 0xEE, sizeof *f);
    memcpy (exact, bytes, n);
    rc = zc_wire_frame (w, exact, n, f);
    free (exact);
    return rc;
}

TEST (headers_made_are_headers_read)
{
    static const uint64_t sizes[] = {0,   1,     2,          252,      253,     254,          255,
                                     256, 65535, UINT32_MAX, 1u << 31, 1 << 20, INT64_MAX - 1};

    for (int major = 1; major <= 3; major++)
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
            for (uint8_t flags = 0; flags <= 1; flags++) {
                struct zc_wire w = machine (major, -1);
                uint8_t head[10];
                struct zc_frame f;
                size_t n = zc_wire_head (major, flags, sizes[i], head);

                for (size_t have = 0; have < n; have++)
                    CHECK_INT (look (&w, head, have, &f), ZC_FRAME_NEED);
                CHECK_INT (look (&w, head, n, &f), sizes[i] ? ZC_FRAME_PART : ZC_FRAME_WHOLE);
                CHECK_INT (f.flags & ZC_FRAME_MORE, flags);
                CHECK_INT (f.flags & ZC_FRAME_COMMAND, 0);
                CHECK_INT (f.head, n);
                CHECK_INT (f.size, sizes[i]);
            }
}

TEST (headers_have_the_bytes_of_deployed_peers)
{
    uint8_t head[10];

    CHECK_INT (zc_wire_head (3, 1, 255, head), 2);
    CHECK_MEM (head, "\1\xFF", 2);
    CHECK_INT (zc_wire_head (3, 0, 256, head), 9);
    CHECK_MEM (head, "\2\0\0\0\0\0\0\1\0", 9);
    CHECK_INT (zc_wire_head (3, ZC_FRAME_COMMAND, 310, head), 9);
    CHECK_MEM (head, "\6\0\0\0\0\0\0\1\66", 9);
    CHECK_INT (zc_wire_head (2, ZC_FRAME_MORE | ZC_FRAME_LONG, 5, head), 2);
    CHECK_MEM (head, "\1\5", 2);
    CHECK_INT (zc_wire_head (1, 1, 253, head), 2);
    CHECK_MEM (head, "\xFE\1", 2);
    CHECK_INT (zc_wire_head (1, 0, 254, head), 10);
    CHECK_MEM (head, "\xFF\0\0\0\0\0\0\0\xFF\0", 10);
    CHECK_INT (zc_wire_head (1, 0, 0, head), 2);
    CHECK_MEM (head, "\1\0", 2);
}

TEST (body_is_whole_when_its_last_byte_is_there)
{
    struct zc_wire w3 = machine (3, -1), w1 = machine (1, -1);
    uint8_t bytes[300] = {0};
    struct zc_frame f;

    zc_wire_head (3, 0, 200, bytes);
    CHECK_INT (look (&w3, bytes, 201, &f), ZC_FRAME_PART);
    CHECK_INT (look (&w3, bytes, 202, &f), ZC_FRAME_WHOLE);
    CHECK_INT (look (&w3, bytes, 203, &f), ZC_FRAME_WHOLE);
    zc_wire_head (3, 0, 280, bytes);
    CHECK_INT (look (&w3, bytes, 288, &f), ZC_FRAME_PART);
    CHECK_INT (look (&w3, bytes, 289, &f), ZC_FRAME_WHOLE);
    zc_wire_head (1, 0, 200, bytes);
    CHECK_INT (look (&w1, bytes, 201, &f), ZC_FRAME_PART);
    CHECK_INT (look (&w1, bytes, 202, &f), ZC_FRAME_WHOLE);
    zc_wire_head (1, 0, 260, bytes);
    CHECK_INT (look (&w1, bytes, 269, &f), ZC_FRAME_PART);
    CHECK_INT (look (&w1, bytes, 270, &f), ZC_FRAME_WHOLE);
}

TEST (a_short_body_may_have_a_long_header)
{
    struct zc_wire w = machine (3, -1), w1 = machine (1, -1);
    struct zc_frame f;

    CHECK_INT (look (&w, BYTES ("\2\0\0\0\0\0\0\0\5hello"), &f), ZC_FRAME_WHOLE);
    CHECK_INT (f.size, 5);
    CHECK_INT (look (&w1, BYTES ("\xFF\0\0\0\0\0\0\0\6\1hello"), &f), ZC_FRAME_WHOLE);
    CHECK_INT (f.size, 5);
    CHECK_INT (f.flags, ZC_FRAME_MORE);
}

/* S-01: lengths near 2^64, 2^63, 2^32. */
TEST (lengths_of_2_to_the_63_and_more_are_refused_before_anything_else)
{
    for (int major = 1; major <= 3; major++)
        for (unsigned k = 0; k <= 65536; k++) {
            uint64_t huge = UINT64_MAX - k;
            uint8_t head[10] = {(uint8_t)(major == 1 ? 0xFF : ZC_FRAME_LONG)};
            struct zc_wire w = machine (major, -1);
            struct zc_frame f;

            zc_put_u64 (head + 1, huge);
            CHECK_INT (zc_wire_frame (&w, head, 10, &f), -EPROTO);
            CHECK_INT (w.why.code, ZMQ_PROTOCOL_ERROR_ZMTP_UNSPECIFIED);
            zc_put_u64 (head + 1, (UINT64_C (1) << 63) + k + (major == 1));
            CHECK_INT (zc_wire_frame (&w, head, 10, &f), -EPROTO);
        }
}

TEST (lengths_below_2_to_the_63_are_announced_and_not_believed)
{
    static const uint64_t sizes[] = {INT64_MAX - 1, INT64_MAX - 9, (uint64_t)UINT32_MAX + 1, UINT32_MAX};

    for (int major = 1; major <= 3; major++)
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            struct zc_wire w = machine (major, -1);
            uint8_t bytes[64] = {0};
            struct zc_frame f;

            zc_wire_head (major, 0, sizes[i], bytes);
            CHECK_INT (look (&w, bytes, sizeof bytes, &f), ZC_FRAME_PART);
            CHECK_INT (f.size, sizes[i]);
        }
}

TEST (maxmsgsize_is_the_largest_body)
{
    for (int major = 1; major <= 3; major++)
        for (int64_t max = 0; max <= 600; max += max < 4 ? 1 : 99) {
            for (uint64_t size = 0; size <= 700; size++) {
                struct zc_wire w = machine (major, max);
                uint8_t head[10];
                struct zc_frame f;
                size_t n = zc_wire_head (major, 0, size, head);
                int rc = zc_wire_frame (&w, head, n, &f);

                CHECK_INT (rc, size > (uint64_t)max ? -EMSGSIZE : size ? ZC_FRAME_PART : ZC_FRAME_WHOLE);
                if (rc < 0)
                    CHECK_INT (w.why.error, -EMSGSIZE);
            }
        }
}

TEST (small_commands_are_taken_whatever_the_limit_and_others_by_it)
{
    static const struct
    {
        int64_t max;
        uint64_t size;
        int rc;
    } table[] = {{0, 512, ZC_FRAME_PART},
                 {0, 513, -EMSGSIZE},
                 {600, 600, ZC_FRAME_PART},
                 {600, 601, -EMSGSIZE},
                 {-1, UINT64_C (1) << 62, ZC_FRAME_PART},
                 {1 << 30, 1 << 30, ZC_FRAME_PART},
                 {1 << 30, (1 << 30) + 1, -EMSGSIZE}};

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct zc_wire w = machine (3, table[i].max);
        uint8_t head[10];
        struct zc_frame f;
        size_t n = zc_wire_head (3, ZC_FRAME_COMMAND, table[i].size, head);

        CHECK_INT (look (&w, head, n, &f), table[i].rc);
    }
}

TEST (reserved_flag_bits_are_refused)
{
    for (int major = 2; major <= 3; major++)
        for (unsigned flags = 0; flags < 256; flags++) {
            struct zc_wire w = machine (major, -1);
            uint8_t bytes[9] = {(uint8_t)flags};
            struct zc_frame f;
            bool good = flags <= 3 || (major == 3 && (flags == 4 || flags == 6));

            CHECK_INT (look (&w, bytes, 9, &f), good ? ZC_FRAME_WHOLE : -EPROTO);
            if (!good)
                CHECK_INT (look (&w, bytes, 1, &f), -EPROTO); /* at the first byte */
        }
}

TEST (flags_of_1_0_are_more_and_nothing_else)
{
    for (unsigned flags = 0; flags < 256; flags++) {
        struct zc_wire w = machine (1, -1);
        uint8_t bytes[] = {2, (uint8_t)flags, 'x'};
        struct zc_frame f;

        CHECK_INT (look (&w, bytes, 3, &f), ZC_FRAME_WHOLE);
        CHECK_INT (f.flags, flags & 1);
        CHECK_INT (f.size, 1);
    }
}

TEST (a_length_of_0_is_refused_in_1_0)
{
    struct zc_wire w = machine (1, -1);
    struct zc_frame f;

    CHECK_INT (look (&w, BYTES ("\0\0"), &f), -EPROTO);
    w = machine (1, -1);
    CHECK_INT (look (&w, BYTES ("\xFF\0\0\0\0\0\0\0\0\0"), &f), -EPROTO);
}

/* Recorded from a DEALER peer: three parts, then two PINGs. */
TEST (recorded_traffic_is_cut)
{
    static uint8_t bytes[2 + 7 + 9 + 256 + 9 + 9];
    static const struct zc_frame frames[] = {{1, 2, 0}, {1, 2, 5}, {2, 9, 256}, {4, 2, 7}, {4, 2, 7}};
    struct zc_wire w = machine (3, -1);
    size_t at = 0;

    memcpy (bytes, "\1\0\1\5hello\2\0\0\0\0\0\0\1\0", 18);
    memset (bytes + 18, 'x', 256);
    memcpy (bytes + 274, "\4\7\4PING\0\17\4\7\4PING\0\17", 18);
    for (size_t i = 0; i < 5; i++) {
        struct zc_frame f;

        CHECK_INT (look (&w, bytes + at, sizeof bytes - at, &f), ZC_FRAME_WHOLE);
        CHECK_INT (f.flags, frames[i].flags);
        CHECK_INT (f.head, frames[i].head);
        CHECK_INT (f.size, frames[i].size);
        at += f.head + f.size;
    }
    CHECK_INT (at, sizeof bytes);
}
