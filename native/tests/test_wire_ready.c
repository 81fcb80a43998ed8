/* The handshake with peers of ZMTP 3: READY and its metadata, ERROR, limits (RFC 37, RFC 23). */
#include "wire_peer.h"

#include "wire/handshake.h"

#define OUR_READY_ROUTER "\4\53\5READY" TYPE ("\6", "ROUTER") PROP ("\10", "Identity", "\2", "me")
#define OUR_READY_PULL "\4\32\5READY" TYPE ("\4", "PULL")

/* A greeting of our own and this READY body; the machine is a ROUTER. */
static void ready_with (struct peer *p, const uint8_t *body, size_t n)
{
    uint8_t *bytes = malloc (64 + 9 + n);
    size_t head;

    memcpy (bytes, GREETING31, 64);
    head = zc_wire_head (3, ZC_FRAME_COMMAND, n, bytes + 64);
    memcpy (bytes + 64 + head, body, n);
    peer_talk (p, ZMQ_ROUTER, "me", 1, bytes, 64 + head + n);
    free (bytes);
}

TEST (wrong_or_unknown_socket_type_is_answered_with_error)
{
    struct peer p;

    ready_with (&p, BYTES ("\5READY" TYPE ("\4", "PUSH")));
    peer_refused (&p, -EPROTO, ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_METADATA);
    CHECK_MEM (p.out + 64 + sizeof OUR_READY_ROUTER - 1, "\4\61\5ERROR\52the_peer's_socket_type", 30);
    peer_close (&p);
    ready_with (&p, BYTES ("\5READY" TYPE ("\4", "FOO!")));
    peer_refused (&p, -EPROTO, ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_METADATA);
    peer_close (&p);
    ready_with (&p, BYTES ("\5READY" TYPE ("\6", "STREAM")));
    peer_refused (&p, -EPROTO, ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_METADATA);
    peer_close (&p);
}

TEST (properties_are_walked_in_order)
{
    struct peer p;
    uint32_t at = 0, value_size;
    uint8_t name_size;
    const uint8_t *value;
    const char *name;

    ready_with (&p, BYTES ("\5READY" DEALER PROP ("\6", "X-Name", "\3", "zoe") PROP ("\1", "e", "\0", "")));
    CHECK_INT (p.rc, ZC_WIRE_READY);
    CHECK (zc_wire_property (&p.wire, &at, &name, &name_size, &value, &value_size));
    CHECK_INT (name_size, 11);
    CHECK_INT (value_size, 6);
    CHECK (zc_wire_property (&p.wire, &at, &name, &name_size, &value, &value_size));
    CHECK_MEM (name, "X-Name", 6);
    CHECK_MEM (value, "zoe", 3);
    CHECK (zc_wire_property (&p.wire, &at, &name, &name_size, &value, &value_size));
    CHECK_INT (value_size, 0);
    CHECK (!zc_wire_property (&p.wire, &at, &name, &name_size, &value, &value_size));
    CHECK (!zc_wire_property (&p.wire, &at, &name, &name_size, &value, &value_size));
    peer_close (&p);
    ready_with (&p, BYTES ("\5READY"));
    at = 0;
    CHECK_INT (p.rc, ZC_WIRE_READY); /* "The sender SHOULD specify the Socket-Type" */
    CHECK_INT (p.wire.peer_type, 255);
    CHECK (!zc_wire_property (&p.wire, &at, &name, &name_size, &value, &value_size));
    peer_close (&p);
}

TEST (property_names_know_no_case)
{
    struct peer p;

    ready_with (&p, BYTES ("\5READY" PROP ("\13", "Socket-Typo", "\3", "foo")));
    CHECK_INT (p.rc, ZC_WIRE_READY);
    CHECK_INT (p.wire.peer_type, 255);
    peer_close (&p);
    ready_with (
        &p, BYTES ("\5READY" PROP ("\13", "sOCKET-tYPE", "\3", "REQ") PROP ("\10", "IDENTITY", "\1", "q")));
    CHECK_INT (p.rc, ZC_WIRE_READY);
    CHECK_INT (p.wire.peer_type, ZMQ_REQ);
    CHECK_MEM (p.wire.peer_id, "q", 1);
    peer_close (&p);
}

/* S-36. */
TEST (bad_metadata_is_refused_whole)
{
#define BODY(literal_)                                                                                       \
    {                                                                                                        \
        "\5READY" literal_, sizeof ("\5READY" literal_) - 1                                                  \
    }
    static const struct
    {
        const char *body;
        size_t size;
    } table[] = {
        BODY (PROP ("\0", "", "\1", "x")),         /* no name */
        BODY (PROP ("\3", "a b", "\1", "x")),      /* a space */
        BODY (PROP ("\2", "\xC3\xA9", "\1", "x")), /* not ASCII */
        BODY (PROP ("\2", "a\0", "\1", "x")),      /* NUL */
        BODY (DEALER DEALER),                      /* twice */
        BODY (DEALER TYPE ("\3", "REQ")),          /* twice, differently */
        BODY (PROP ("\10", "Identity", "\1", "a") PROP ("\10", "Identity", "\1", "b")),
        BODY (PROP ("\10", "Identity", "\0", "") PROP ("\10", "Identity", "\1", "b")),
        BODY (PROP ("\10", "Identity", "\5", "\0made")), /* our own form */
        BODY (DEALER "\1a\x7F\xFF\xFF\xFF"
                     "x"), /* 2^31-1 */
        BODY (DEALER "\1a\xFF\xFF\xFF\xFF"
                     "x"),
        BODY (DEALER "\1a\0\0\0\2"
                     "x"), /* one short */
        BODY (DEALER "\1a\0\0\0"),
        BODY (DEALER "\1a"),
        BODY (DEALER "\1"),
        BODY (DEALER "\xFF"
                     "a"),
        BODY (DEALER "\0"),
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct peer p;

        ready_with (&p, (const uint8_t *)table[i].body, table[i].size);
        CHECK_INT (p.rc, -EPROTO);
        CHECK (p.wire.why.code == ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_METADATA
               || p.wire.why.code == ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_READY);
        CHECK (!p.wire.properties);
        CHECK (p.out_size > 64 + sizeof OUR_READY_ROUTER - 1); /* an ERROR follows */
        peer_close (&p);
    }
}

/* The piece fills its allocation, so the sanitizer sees one byte too far. */
TEST (a_property_cut_short_at_the_end_of_a_long_ready)
{
    static const char tail[] = "\4abcd\0\0\0\1";
    uint8_t body[6 + 5 + 1 + 500 + sizeof tail] = "\5READY\1x\0\0\1\364";
    struct peer p;

    for (size_t n = 1; n < sizeof tail; n++) {
        memcpy (body + 6 + 6 + 500, tail, n);
        ready_with (&p, body, 6 + 6 + 500 + n);
        peer_refused (&p, -EPROTO, ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_READY);
        peer_close (&p);
    }
}

TEST (identities_that_programs_use_are_taken)
{
    uint8_t body[6 + 13 + 256] = "\5READY\10Identity";
    struct peer p;

    for (uint32_t n = 0; n <= 256; n++) {
        zc_put_u32 (body + 15, n);
        memset (body + 19, 0, n); /* a zero in front, as in a packed number */
        ready_with (&p, body, 19 + n);
        if (n == 5 || n == 256) {
            CHECK_INT (p.rc, -EPROTO);
        } else {
            CHECK_INT (p.rc, ZC_WIRE_READY);
            CHECK_INT (p.wire.peer_id_size, n);
            CHECK_INT (n == 0, p.wire.peer_id == NULL);
        }
        peer_close (&p);
    }
}

TEST (identity_is_ignored_by_sockets_that_do_not_route_by_it)
{
    uint8_t bytes[64 + 9 + 6 + 22 + 13 + 256] = GREETING31;
    struct peer p;
    size_t n = 64;

    n += zc_wire_head (3, ZC_FRAME_COMMAND, 6 + 20 + 13 + 256, bytes + n);
    memcpy (bytes + n, "\5READY" TYPE ("\4", "PUSH") "\10Identity\0\0\1\0", 39);
    peer_talk (&p, ZMQ_PULL, "", 1, bytes, n + 39 + 256);
    CHECK_INT (p.rc, ZC_WIRE_READY);
    CHECK (!p.wire.peer_id);
    peer_close (&p);
}

/* S-30, S-36: a long READY is gathered as it comes, and has an end. */
TEST (a_handshake_of_up_to_64_kib_is_taken)
{
    static uint8_t body[ZC_METADATA_MAX + 1];
    struct peer p;

    CHECK_INT (64 + 9 + ZC_METADATA_MAX, 64 * 1024); /* greeting, header, body */
    for (size_t n = ZC_METADATA_MAX - 1; n <= ZC_METADATA_MAX + 1; n++) {
        memcpy (body, "\5READY\1x", 8);
        zc_put_u32 (body + 8, (uint32_t)(n - 12));
        ready_with (&p, body, n);
        if (n <= ZC_METADATA_MAX) {
            CHECK_INT (p.rc, ZC_WIRE_READY);
            CHECK_INT (p.wire.properties_size, n - 6);
        } else {
            peer_refused (&p, -EMSGSIZE, ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED);
        }
        peer_close (&p);
    }
}

TEST (an_announced_length_allocates_nothing)
{
    struct peer p;

    peer_open (&p, ZMQ_ROUTER, "", 1);
    atomic_store (&zc_alloc_fail_at, -1);
    peer_feed (&p, BYTES (GREETING31 "\6\0\0\0\0\0\0\x20\0"));
    atomic_store (&zc_alloc_fail_at, 0);
    CHECK_INT (p.rc, ZC_WIRE_MORE);
    peer_close (&p);
}

/* What may stand where READY is awaited. Type mismatch and metadata: see above. */
TEST (only_ready_and_error_may_come_in_a_null_handshake)
{
#define ROW(literal_, error_, code_)                                                                         \
    {                                                                                                        \
        GREETING31 literal_, sizeof (GREETING31 literal_) - 1, error_, ZMQ_PROTOCOL_ERROR_ZMTP_##code_       \
    }
    static const struct
    {
        const char *bytes;
        size_t size;
        int error;
        uint32_t code;
    } table[] = {
        ROW ("\0\5hello", -EPROTO, UNEXPECTED_COMMAND), /* a message, S-03 */
        ROW ("\0\34\5READY" DEALER, -EPROTO, UNEXPECTED_COMMAND),
        ROW ("\4\7\4PING\0\0", -EPROTO, UNEXPECTED_COMMAND),
        ROW ("\4\4\3FOO", -EPROTO, UNEXPECTED_COMMAND),
        ROW ("\4\6\5ready", -EPROTO, UNEXPECTED_COMMAND),
        ROW ("\4\7\6READY\0", -EPROTO, UNEXPECTED_COMMAND),
        ROW ("\4\0", -EPROTO, MALFORMED_COMMAND_UNSPECIFIED),
        ROW ("\4\1\0", -EPROTO, MALFORMED_COMMAND_UNSPECIFIED),
        ROW ("\4\2\2A", -EPROTO, MALFORMED_COMMAND_UNSPECIFIED),
        ROW ("\5\34\5READY" DEALER, -EPROTO, UNSPECIFIED),  /* MORE */
        ROW ("\14\34\5READY" DEALER, -EPROTO, UNSPECIFIED), /* reserved bits */
        ROW ("\204\34\5READY" DEALER, -EPROTO, UNSPECIFIED),
        ROW ("\6\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", -EPROTO, UNSPECIFIED),
        ROW ("\6\x80\0\0\0\0\0\0\0", -EPROTO, UNSPECIFIED),
        ROW ("\6\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF", -EMSGSIZE, MALFORMED_COMMAND_UNSPECIFIED),
        ROW ("\6\0\0\0\1\0\0\0\0", -EMSGSIZE, MALFORMED_COMMAND_UNSPECIFIED),
        ROW ("\4\6\5ERROR", -EPROTO, MALFORMED_COMMAND_ERROR),
        ROW ("\4\12\5ERROR\4abc", -EPROTO, MALFORMED_COMMAND_ERROR),
        ROW ("\4\12\5ERROR\2abc", -EPROTO, MALFORMED_COMMAND_ERROR),
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct peer p;

        peer_talk (&p, ZMQ_ROUTER, "me", 1, (const uint8_t *)table[i].bytes, table[i].size);
        peer_refused (&p, table[i].error, table[i].code);
        peer_close (&p);
    }
}

TEST (the_peers_error_gives_its_status)
{
    static const struct
    {
        const char *command;
        size_t size;
        uint32_t status;
    } table[] = {{"\4\12\5ERROR\003300", 12, 300}, {"\4\12\5ERROR\003400", 12, 400},
                 {"\4\12\5ERROR\003500", 12, 500}, {"\4\12\5ERROR\003200", 12, 0},
                 {"\4\12\5ERROR\003401", 12, 0},   {"\4\7\5ERROR\0", 9, 0},
                 {"\4\13\5ERROR\0044000", 13, 0}};

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        uint8_t bytes[64 + 20] = GREETING31;
        struct peer p;

        memcpy (bytes + 64, table[i].command, table[i].size);
        peer_talk (&p, ZMQ_ROUTER, "", 1, bytes, 64 + table[i].size);
        peer_refused (&p, -EACCES, table[i].status);
        peer_close (&p);
    }
}

TEST (ready_may_have_a_long_header)
{
    struct peer p;

    peer_talk (&p, ZMQ_ROUTER, "", 1, BYTES (GREETING31 "\6\0\0\0\0\0\0\0\34\5READY" DEALER "\0\1x"));
    CHECK_INT (p.rc, ZC_WIRE_READY);
    CHECK_INT (p.used, 64 + 9 + 28);
    peer_close (&p);
}

TEST (maxmsgsize_has_no_say_in_the_handshake)
{
    struct zc_wire_config config = {.socktype = ZMQ_ROUTER, .zmtp_min = 1, .maxmsgsize = 0};
    struct zc_wire w;
    size_t used;

    CHECK_INT (zc_wire_init (&w, &config), 0);
    CHECK_INT (zc_wire_feed (&w, BYTES (GREETING31 READY_DEALER), &used), ZC_WIRE_READY);
    zc_wire_close (&w);
}

TEST (a_peer_cut_short_anywhere_waits_and_leaks_nothing)
{
    static const char bytes[] = GREETING31 READY_DEALER;

    for (size_t n = 0; n < sizeof bytes - 1; n++) {
        struct peer p;

        peer_open (&p, ZMQ_ROUTER, "me", 1);
        peer_feed (&p, (const uint8_t *)bytes, n);
        CHECK_INT (p.rc, ZC_WIRE_MORE);
        peer_close (&p);
    }
}

TEST (every_failing_allocation_is_an_error_value)
{
    static uint8_t bytes[64 + 9 + 6 + 22 + 17 + 3 + 3000] = GREETING31;
    size_t n = 64;
    int rc = -ENOMEM;

    n += zc_wire_head (3, ZC_FRAME_COMMAND, sizeof bytes - 64 - 9, bytes + n);
    memcpy (bytes + n, "\5READY" DEALER PROP ("\10", "Identity", "\4", "abcd") "\1a", 47);
    zc_put_u32 (bytes + n + 47, (uint32_t)(sizeof bytes - n - 51));
    for (long k = 1; rc == -ENOMEM && k < 100; k++) {
        struct peer p;

        atomic_store (&zc_alloc_fail_at, k);
        rc = peer_open (&p, ZMQ_ROUTER, "me", 1);
        if (rc == 0) {
            peer_feed_cut (&p, bytes, sizeof bytes, 3);
            rc = p.rc;
            CHECK (rc == ZC_WIRE_READY || p.wire.why.error == -ENOMEM);
            peer_close (&p);
        }
        CHECK_INT (atomic_load (&zc_alloc_fail_at) > 0, rc == ZC_WIRE_READY);
    }
    atomic_store (&zc_alloc_fail_at, 0);
    CHECK_INT (rc, ZC_WIRE_READY);
}

TEST (machines_are_small)
{
    CHECK (sizeof (struct zc_wire) <= 256);
    CHECK (sizeof (struct zc_wire_handshake) <= 512);
}
