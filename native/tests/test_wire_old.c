/* Peers of ZMTP 1.0 (RFC 13) and 2.0 (RFC 15), and those that are none (S-07, S-08, S-20). */
#include "wire_peer.h"

#include "wire/handshake.h"

#define SIGNATURE_ME "\xFF" Z4 "\0\0\0\3\x7F"

static void check_refused (struct peer *p, uint32_t code)
{
    CHECK_INT (p->rc, -EPROTO);
    CHECK_INT (p->wire.why.error, -EPROTO);
    CHECK_INT (p->wire.why.code, code);
    CHECK (p->wire.why.text && strlen (p->wire.why.text) > 10);
}

TEST (unversioned_peer_gets_the_body_of_our_identity_and_is_ready_after_its_own)
{
    struct peer p;

    peer_open (&p, ZMQ_ROUTER, "me", 1);
    CHECK_OUT (&p, SIGNATURE_ME);
    peer_feed (&p, BYTES ("\4")); /* the first byte decides */
    CHECK_OUT (&p, SIGNATURE_ME "me");
    peer_feed (&p, BYTES ("\0abc\6\0hello"));
    CHECK_INT (p.rc, ZC_WIRE_READY);
    CHECK_INT (p.used, 5);
    CHECK_INT (p.wire.major, 1);
    CHECK_INT (p.wire.minor, 0);
    CHECK_INT (p.wire.peer_type, 255);
    CHECK_MEM (p.wire.peer_id, "abc", 3);
    CHECK_OUT (&p, SIGNATURE_ME "me");
    peer_close (&p);
}

TEST (unversioned_peer_split_anywhere)
{
    struct peer p;

    peer_talk (&p, ZMQ_PULL, "me", 1, BYTES ("\1\0\6\0hello")); /* anonymous */
    CHECK_INT (p.rc, ZC_WIRE_READY);
    CHECK_INT (p.used, 2);
    CHECK (!p.wire.peer_id);
    peer_close (&p);
}

TEST (long_identity_header_with_an_even_tenth_byte_is_unversioned)
{
    struct peer p;

    peer_talk (&p, ZMQ_ROUTER, "me", 1, BYTES ("\xFF" Z4 "\0\0\0\4\0abc\6\0hello"));
    CHECK_INT (p.rc, ZC_WIRE_READY);
    CHECK_INT (p.used, 13);
    CHECK_INT (p.wire.major, 1);
    CHECK_MEM (p.wire.peer_id, "abc", 3);
    CHECK_OUT (&p, SIGNATURE_ME "me");
    peer_close (&p);
    peer_talk (&p, ZMQ_ROUTER, "me", 2,
               BYTES ("\xFF" Z4 "\0\0\0\4\x7E"
                      "abc")); /* bit 0 decides */
    check_refused (&p, ZMQ_PROTOCOL_ERROR_ZMTP_UNSPECIFIED);
    CHECK_INT (p.wire.major, 0);
    peer_close (&p);
}

TEST (the_longest_unversioned_identity_is_255_bytes)
{
    uint8_t bytes[10 + 256] = "\xFF";
    struct peer p;

    memset (bytes + 10, 'i', 256);
    for (uint64_t n = 250; n <= 256; n++) {
        zc_put_u64 (bytes + 1, n + 1);
        peer_talk (&p, ZMQ_ROUTER, "", 1, bytes, 10 + n);
        CHECK_INT (p.rc, n <= 255 ? ZC_WIRE_READY : -EPROTO);
        CHECK_INT (p.wire.peer_id_size, n <= 255 ? n : 0);
        peer_close (&p);
    }
    bytes[0] = 254; /* a short length reaches 253 */
    bytes[1] = 0;
    peer_talk (&p, ZMQ_ROUTER, "", 1, bytes, 2 + 253);
    CHECK_INT (p.rc, ZC_WIRE_READY);
    CHECK_INT (p.wire.peer_id_size, 253);
    peer_close (&p);
}

TEST (absurd_unversioned_lengths_are_refused)
{
    static const char *const heads[] = {"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\0",
                                        "\xFF\x80\0\0\0\0\0\0\0\0",
                                        "\xFF\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF\0",
                                        "\xFF\0\0\0\0\x80\0\0\0\0",
                                        "\xFF\0\0\0\0\0\0\0\0\0",
                                        "\xFF\0\0\0\0\0\0\x27\x11\0"};

    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        struct peer p;

        peer_talk (&p, ZMQ_ROUTER, "", 1, (const uint8_t *)heads[i], 10);
        check_refused (&p, ZMQ_PROTOCOL_ERROR_ZMTP_UNSPECIFIED);
        peer_close (&p);
    }
}

/* S-20. */
TEST (other_protocols_are_told_apart_within_two_bytes)
{
    static const struct
    {
        const char *bytes;
        size_t size;
    } probes[] = {{"GET / HTTP/1.1\r\nHost: x\r\n\r\n" Z31 Z31 Z31, 120},
                  {"POST / HTTP/1.1\r\n", 17},
                  {"HEAD / HTTP/1.0\r\n\r\n", 19},
                  {"SSH-2.0-OpenSSH_9\r\n", 19},
                  {"\x16\3\1\2\0\1\0\1\xFC\3\3", 11},
                  {"\0\0\0\x85\xFFSMBr", 9},
                  {"\0\0", 2},
                  {"\r\n\r\n", 4},
                  {"EHLO me\r\n", 9},
                  {"\x80\x80\1\3\1", 5}};

    for (size_t i = 0; i < sizeof probes / sizeof probes[0]; i++) {
        struct peer p;

        peer_talk (&p, ZMQ_PULL, "", 1, (const uint8_t *)probes[i].bytes, probes[i].size);
        check_refused (&p, ZMQ_PROTOCOL_ERROR_ZMTP_UNSPECIFIED);
        peer_close (&p);
        peer_open (&p, ZMQ_PULL, "", 1);
        peer_feed (&p, (const uint8_t *)probes[i].bytes, 2);
        CHECK_INT (p.rc, -EPROTO);
        peer_close (&p);
    }
}

TEST (sixty_four_ff_are_a_greeting_with_a_foreign_mechanism)
{
    uint8_t bytes[64];
    struct peer p;

    memset (bytes, 0xFF, sizeof bytes);
    peer_talk (&p, ZMQ_PULL, "", 1, bytes, sizeof bytes);
    check_refused (&p, ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH);
    peer_close (&p);
}

TEST (version_1_0_with_a_socket_type)
{
    struct peer p;

    peer_talk (&p, ZMQ_ROUTER, "me", 1, BYTES (SIGNATURE "\0\5\4\0abc\6\0hello"));
    CHECK_INT (p.rc, ZC_WIRE_READY);
    CHECK_INT (p.used, 17);
    CHECK_INT (p.wire.major, 1);
    CHECK_INT (p.wire.peer_type, ZMQ_DEALER);
    CHECK_MEM (p.wire.peer_id, "abc", 3);
    CHECK_OUT (&p, SIGNATURE_ME "\3\6\3\0me");
    peer_close (&p);
}

TEST (version_1_0_with_a_socket_type_and_a_long_identity_header)
{
    struct peer p;

    peer_talk (&p, ZMQ_ROUTER, "me", 1, BYTES (SIGNATURE "\0\5\xFF" Z4 "\0\0\0\4\0abc\6\0hello"));
    CHECK_INT (p.rc, ZC_WIRE_READY);
    CHECK_INT (p.used, 25);
    CHECK_MEM (p.wire.peer_id, "abc", 3);
    peer_close (&p);
}

TEST (version_2_0_says_type_and_identity)
{
    struct peer p;

    peer_open (&p, ZMQ_ROUTER, "me", 1);
    peer_feed (&p, BYTES (SIGNATURE));
    CHECK_OUT (&p, SIGNATURE_ME "\3");
    peer_feed (&p, BYTES ("\1"));
    CHECK_OUT (&p, SIGNATURE_ME "\3\6\0\2me");
    peer_feed (&p, BYTES ("\5\0\3abc\0\5hello"));
    CHECK_INT (p.rc, ZC_WIRE_READY);
    CHECK_INT (p.wire.major, 2);
    CHECK_INT (p.wire.minor, 0);
    CHECK_INT (p.wire.peer_type, ZMQ_DEALER);
    CHECK_INT (p.used, 17);
    CHECK_MEM (p.wire.peer_id, "abc", 3);
    peer_close (&p);
    /* RFC 37: "1 or 2, the peer is using ZMTP 2.0" */
    peer_talk (&p, ZMQ_ROUTER, "me", 2, BYTES (SIGNATURE "\2\5\0\0"));
    CHECK_INT (p.rc, ZC_WIRE_READY);
    CHECK_INT (p.wire.major, 2);
    CHECK (!p.wire.peer_id);
    CHECK_OUT (&p, SIGNATURE "\3\6\0\2me");
    peer_close (&p);
}

/* Recorded from a PUSH peer that was told we speak 2.0. */
TEST (a_recorded_push_of_2_0_is_ready)
{
    struct peer p;

    peer_talk (&p, ZMQ_PULL, "", 1, BYTES ("\xFF" Z4 "\0\0\0\3\x7F\1\10\0\2me\1\0\1\5hello"));
    CHECK_INT (p.rc, ZC_WIRE_READY);
    CHECK_INT (p.used, 16);
    CHECK_INT (p.wire.peer_type, ZMQ_PUSH);
    peer_close (&p);
}

TEST (xpub_and_xsub_are_pub_and_sub_in_2_0)
{
    struct peer p;

    peer_talk (&p, ZMQ_XPUB, "", 1, BYTES (SIGNATURE "\1\2\0\0"));
    CHECK_INT (p.rc, ZC_WIRE_READY);
    CHECK_OUT (&p, "\xFF" Z4 "\0\0\0\1\x7F\3\1\0\0");
    peer_close (&p);
    peer_talk (&p, ZMQ_XSUB, "", 1, BYTES (SIGNATURE "\1\11\0\0")); /* deployed peers say 9 */
    CHECK_INT (p.rc, ZC_WIRE_READY);
    CHECK_INT (p.wire.peer_type, ZMQ_XPUB);
    CHECK_OUT (&p, "\xFF" Z4 "\0\0\0\1\x7F\3\2\0\0");
    peer_close (&p);
}

TEST (a_type_of_2_0_that_cannot_talk_to_ours_is_refused)
{
    for (int revision = 0; revision <= 2; revision++)
        for (int type = 0; type < 256; type++) {
            uint8_t bytes[] = SIGNATURE "..\1\0";
            struct peer p;

            bytes[10] = (uint8_t)revision;
            bytes[11] = (uint8_t)type;
            bytes[12] = revision == 0;
            peer_open (&p, ZMQ_REP, "", 1);
            peer_feed (&p, bytes, 14);
            CHECK_INT (p.rc, type == ZMQ_REQ || type == ZMQ_DEALER ? ZC_WIRE_READY : -EPROTO);
            if (p.rc < 0)
                check_refused (&p, ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_METADATA);
            peer_close (&p);
        }
}

TEST (identity_frame_of_2_0_is_short_and_final)
{
    for (int flags = 1; flags < 256; flags++) {
        uint8_t bytes[] = SIGNATURE "\1\5.\3abc.......";
        struct peer p;

        bytes[12] = (uint8_t)flags;
        peer_open (&p, ZMQ_ROUTER, "", 1);
        peer_feed (&p, bytes, sizeof bytes - 1);
        check_refused (&p, ZMQ_PROTOCOL_ERROR_ZMTP_UNSPECIFIED);
        peer_close (&p);
    }
}

TEST (the_longest_identity_of_2_0)
{
    uint8_t bytes[14 + 255] = SIGNATURE "\1\5\0\xFF";
    struct peer p;

    memset (bytes + 14, 'i', 255);
    peer_talk (&p, ZMQ_ROUTER, "", 1, bytes, sizeof bytes);
    CHECK_INT (p.rc, ZC_WIRE_READY);
    CHECK_INT (p.wire.peer_id_size, 255);
    peer_close (&p);
}

TEST (names_we_make_up_ourselves_are_refused_from_old_peers_too)
{
    struct peer p;

    peer_talk (&p, ZMQ_ROUTER, "", 1, BYTES ("\6\0\0abcd"));
    check_refused (&p, ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_METADATA);
    peer_close (&p);
    peer_talk (&p, ZMQ_ROUTER, "", 1, BYTES (SIGNATURE "\1\5\0\5\0abcd"));
    check_refused (&p, ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_METADATA);
    peer_close (&p);
}

/* S-08. */
TEST (zmtp_min_refuses_older_peers_and_says_why)
{
    static const struct
    {
        const char *bytes;
        size_t size;
        int major;
    } table[] = {{"\1\0", 2, 1},
                 {"\xFF" Z4 "\0\0\0\1\0", 10, 1},
                 {SIGNATURE "\0\5\1\0", 14, 1},
                 {SIGNATURE "\1\5\0\0", 14, 2},
                 {SIGNATURE "\2\5\0\0", 14, 2},
                 {GREETING31 READY_DEALER, 64 + sizeof READY_DEALER - 1, 3}};

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        for (int min = 1; min <= 3; min++) {
            struct peer p;

            peer_talk (&p, ZMQ_ROUTER, "me", min, (const uint8_t *)table[i].bytes, table[i].size);
            if (table[i].major >= min) {
                CHECK_INT (p.rc, ZC_WIRE_READY);
                CHECK_INT (p.wire.major, table[i].major);
            } else {
                check_refused (&p, ZMQ_PROTOCOL_ERROR_ZMTP_UNSPECIFIED);
                CHECK (strstr (p.wire.why.text, "ZMTP_MIN"));
                CHECK (!p.wire.peer_id);
            }
            peer_close (&p);
        }
}

/* A mechanism that stands for those with security. */
static int no_start (struct zc_wire *w)
{
    (void)w;
    return 0;
}

TEST (a_mechanism_with_security_refuses_old_peers)
{
    static const struct zc_mechanism secure = {.name = "CURVE", .start = no_start};
    static const struct
    {
        const char *bytes;
        size_t size;
    } old[] = {{"\1\0", 2}, {"\xFF" Z4 "\0\0\0\1\0", 10}, {SIGNATURE "\0", 11}, {SIGNATURE "\1", 11}};
    struct peer p;

    for (size_t i = 0; i < sizeof old / sizeof old[0]; i++) {
        peer_open (&p, ZMQ_ROUTER, "me", 1);
        p.wire.hs->mechanism = &secure;
        peer_feed (&p, (const uint8_t *)old[i].bytes, old[i].size);
        check_refused (&p, ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH);
        peer_close (&p);
    }
    peer_open (&p, ZMQ_ROUTER, "me", 1);
    p.wire.hs->mechanism = &secure;
    peer_feed (&p, BYTES (GREETING31));
    check_refused (&p, ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH);
    peer_close (&p);
}
