/* The handshake with peers of ZMTP 3: greeting, versions, mechanisms (RFC 37, RFC 23). */
#include "wire_peer.h"

#define OUR_READY_ROUTER "\4\53\5READY" TYPE ("\6", "ROUTER") PROP ("\10", "Identity", "\2", "me")
#define OUR_READY_PULL "\4\32\5READY" TYPE ("\4", "PULL")

TEST (signature_goes_at_once_version_after_theirs_rest_after_their_version)
{
    struct peer p;

    peer_open (&p, ZMQ_ROUTER, "me", 1);
    CHECK_OUT (&p, "\xFF" Z4 "\0\0\0\3\x7F"); /* length: routing id and one */
    peer_feed (&p, BYTES ("\xFF" Z4 Z4));
    CHECK_INT (p.out_size, 10);
    peer_feed (&p, BYTES ("\x7F"));
    CHECK_OUT (&p, "\xFF" Z4 "\0\0\0\3\x7F\3");
    peer_feed (&p, BYTES ("\3"));
    CHECK_OUT (&p, "\xFF" Z4 "\0\0\0\3\x7F\3\1NULL" Z16 "\0" Z31);
    peer_feed (&p, BYTES ("\1NULL" Z16 "\0" Z31));
    CHECK_OUT (&p, "\xFF" Z4 "\0\0\0\3\x7F\3\1NULL" Z16 "\0" Z31 OUR_READY_ROUTER);
    CHECK_INT (p.rc, ZC_WIRE_MORE);
    peer_feed (&p, BYTES (READY_DEALER));
    CHECK_INT (p.rc, ZC_WIRE_READY);
    peer_close (&p);
}

TEST (without_old_peers_the_greeting_goes_in_one_piece)
{
    struct peer p;

    peer_open (&p, ZMQ_PULL, "me", 3);
    CHECK_OUT (&p, GREETING31); /* RFC 37: the padding SHOULD be zeros then */
    peer_close (&p);
    peer_talk (&p, ZMQ_PULL, "", 3, BYTES (GREETING31 "\4\32\5READY" TYPE ("\4", "PUSH")));
    CHECK_OUT (&p, GREETING31 OUR_READY_PULL);
    peer_close (&p);
    peer_open (&p, ZMQ_PULL, "me", 2);
    CHECK_OUT (&p, SIGNATURE "\3");
    peer_close (&p);
}

/* Recorded from a DEALER peer with the routing id worker-7. */
TEST (a_recorded_dealer_is_ready_and_its_traffic_stays)
{
    struct peer p;

    peer_talk (&p, ZMQ_ROUTER, "me", 1,
               BYTES ("\xFF" Z4 "\0\0\0\11\x7F\3\1NULL" Z16 "\0" Z31 "\4\61\5READY" DEALER PROP (
                   "\10", "Identity", "\10", "worker-7") "\1\0\1\5hello\0\1x"));
    CHECK_INT (p.rc, ZC_WIRE_READY);
    CHECK_INT (p.used, 64 + 51);
    CHECK_INT (p.wire.major, 3);
    CHECK_INT (p.wire.minor, 1);
    CHECK_INT (p.wire.peer_type, ZMQ_DEALER);
    CHECK_INT (p.wire.peer_id_size, 8);
    CHECK_MEM (p.wire.peer_id, "worker-7", 8);
    zc_wire_settle (&p.wire);
    CHECK (!p.wire.hs);
    zc_wire_settle (&p.wire);
    peer_feed (&p, BYTES ("\1\0"));
    CHECK_INT (p.rc, ZC_WIRE_READY);
    CHECK_INT (p.used, 64 + 51);
    peer_close (&p);
}

TEST (two_machines_of_any_types_agree_with_the_table)
{
    for (int a = ZMQ_PAIR; a <= ZMQ_XSUB; a++)
        for (int b = ZMQ_PAIR; b <= ZMQ_XSUB; b++)
            for (int min = 1; min <= 3; min++) {
                struct peer x, y;
                size_t from_x = 0, from_y = 0;

                peer_open (&x, a, "x", min);
                peer_open (&y, b, "yy", 4 - min);
                for (int i = 0; i < 6; i++) {
                    size_t n = x.out_size - from_x;
                    peer_feed (&y, x.out + from_x, n);
                    from_x += n;
                    n = y.out_size - from_y;
                    peer_feed (&x, y.out + from_y, n);
                    from_y += n;
                }
                CHECK_INT (x.rc == ZC_WIRE_READY, zc_wire_types_match (a, b));
                CHECK_INT (y.rc == ZC_WIRE_READY, zc_wire_types_match (b, a));
                if (x.rc == ZC_WIRE_READY) {
                    CHECK_INT (x.wire.peer_type, b);
                    CHECK_INT (x.wire.peer_id_size,
                               a == ZMQ_ROUTER && (b == ZMQ_REQ || b == ZMQ_DEALER || b == ZMQ_ROUTER) ? 2
                                                                                                       : 0);
                }
                peer_close (&x);
                peer_close (&y);
            }
}

/* RFC 28 to 31, each legal pair by name. */
TEST (types_that_may_talk)
{
    static const char *const legal[] = {
        "REQ REP",       "REQ ROUTER", "REP REQ",       "REP DEALER",    "DEALER REP", "DEALER DEALER",
        "DEALER ROUTER", "ROUTER REQ", "ROUTER DEALER", "ROUTER ROUTER", "PUB SUB",    "PUB XSUB",
        "XPUB SUB",      "XPUB XSUB",  "SUB PUB",       "SUB XPUB",      "XSUB PUB",   "XSUB XPUB",
        "PUSH PULL",     "PULL PUSH",  "PAIR PAIR"};
    int pairs = 0;

    for (int a = -1; a <= 300; a++)
        for (int b = -1; b <= 300; b++)
            pairs += zc_wire_types_match (a, b);
    CHECK_INT (pairs, sizeof legal / sizeof legal[0]);
    for (size_t i = 0; i < sizeof legal / sizeof legal[0]; i++) {
        size_t space = strcspn (legal[i], " ");
        int a = zc_wire_type_of (legal[i], space);
        int b = zc_wire_type_of (legal[i] + space + 1, strlen (legal[i]) - space - 1);
        CHECK (zc_wire_types_match (a, b));
    }
    CHECK_STR (zc_wire_type_name (ZMQ_STREAM), "STREAM");
    CHECK (!zc_wire_type_name (12));
    CHECK (!zc_wire_type_name (-1));
    CHECK_INT (zc_wire_type_of ("DEALE", 5), -1);
    CHECK_INT (zc_wire_type_of ("dealer", 6), -1);
    CHECK_INT (zc_wire_type_of ("", 0), -1);
}

TEST (identity_is_sent_by_req_dealer_router_only)
{
    for (int type = ZMQ_PAIR; type <= ZMQ_XSUB; type++) {
        struct peer p;
        bool sends = type == ZMQ_REQ || type == ZMQ_DEALER || type == ZMQ_ROUTER;

        peer_open (&p, type, "itsme", 1);
        peer_feed (&p, BYTES (GREETING31));
        CHECK_INT (p.out_size > 64 && memcmp (p.out + p.out_size - 5, "itsme", 5) == 0, sends);
        peer_close (&p);
    }
}

TEST (the_longest_routing_id_fits)
{
    char id[256];
    struct peer p;

    memset (id, 'i', 255);
    id[255] = 0;
    peer_talk (&p, ZMQ_DEALER, id, 1, BYTES (GREETING31 "\4\32\5READY" TYPE ("\4", "PUSH")));
    peer_refused (&p, -EPROTO, ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_METADATA);
    CHECK_INT (p.out[64], 6); /* a long command */
    CHECK_MEM (p.out + 64 + 9 + 6 + 22 + 13, id, 255);
    peer_close (&p);
}

TEST (minor_0_is_3_0_every_higher_version_is_3_1)
{
    static const struct
    {
        const char *greeting;
        int minor;
    } table[] = {{GREETING ("\3", "\0"), 0},   {GREETING ("\3", "\1"), 1}, {GREETING ("\3", "\2"), 1},
                 {GREETING ("\3", "\xFF"), 1}, {GREETING ("\4", "\0"), 1}, {GREETING ("\xFF", "\0"), 1}};

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        uint8_t bytes[64 + sizeof READY_DEALER - 1];
        struct peer p;

        memcpy (bytes, table[i].greeting, 64);
        memcpy (bytes + 64, READY_DEALER, sizeof READY_DEALER - 1);
        peer_talk (&p, ZMQ_ROUTER, "", 1, bytes, sizeof bytes);
        CHECK_INT (p.rc, ZC_WIRE_READY);
        CHECK_INT (p.wire.major, 3);
        CHECK_INT (p.wire.minor, table[i].minor);
        peer_close (&p);
    }
}

TEST (padding_as_server_and_filler_mean_nothing)
{
    uint8_t bytes[64 + sizeof READY_DEALER - 1];
    struct peer p;

    memset (bytes, 0x55, sizeof bytes);
    bytes[0] = 0xFF;
    memcpy (bytes + 9, "\x7F\3\1NULL" Z16, 23);
    memcpy (bytes + 64, READY_DEALER, sizeof READY_DEALER - 1);
    peer_talk (&p, ZMQ_ROUTER, "", 1, bytes, sizeof bytes);
    CHECK_INT (p.rc, ZC_WIRE_READY);
    peer_close (&p);
}

/* S-08 and RFC 37: "does not exactly match". */
TEST (every_other_mechanism_is_a_mismatch)
{
    static const char others[][21] = {"PLAIN", "CURVE",   "GSSAPI",
                                      "null",  "NUL",     "NULLX",
                                      "",      "NULL\0X", "NULL\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0X"};

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        uint8_t bytes[64 + sizeof READY_DEALER - 1];
        struct peer p;

        memcpy (bytes, GREETING31 READY_DEALER, sizeof bytes);
        memcpy (bytes + 12, others[i], 20);
        peer_talk (&p, ZMQ_ROUTER, "me", 1, bytes, sizeof bytes);
        peer_refused (&p, -EPROTO, ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH);
        CHECK_INT (p.out_size, 64); /* "MUST also send a full greeting" (RFC 37) */
        peer_feed (&p, BYTES (READY_DEALER));
        CHECK_INT (p.rc, -EPROTO);
        peer_close (&p);
    }
}
