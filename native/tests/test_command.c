/* Commands of traffic, read and made (RFC 37; S-37). */
#include "wire_peer.h"

static struct zc_wire machine (int socktype, int peer_type)
{
    return (struct zc_wire){.major = 3,
                            .minor = 1,
                            .socktype = (uint8_t)socktype,
                            .peer_type = (uint8_t)peer_type,
                            .maxmsgsize = -1};
}

static int command (struct zc_wire *w, const uint8_t *body, size_t n, struct zc_wire_event *e)
{
    static uint8_t *exact;
    int rc;

    free (exact); /* of the last call, whose event pointed into it */
    exact = malloc (n ? n : 1);
    memcpy (exact, body, n);
    rc = zc_wire_command (w, exact, n, e);
    if (rc < 0) {
        free (exact);
        exact = NULL;
    }
    return rc;
}

TEST (ping_gives_its_ttl_and_a_context_of_at_most_16_bytes)
{
    struct zc_wire w = machine (ZMQ_ROUTER, ZMQ_DEALER);
    struct zc_wire_event e;
    static uint8_t flood[1 << 20] = "\4PING\xFF\xFF";

    CHECK_INT (command (&w, BYTES ("\4PING\0\17"), &e), 0);
    CHECK_INT (e.what, ZC_WIRE_PING);
    CHECK_INT (e.ttl, 15);
    CHECK_INT (e.size, 0);
    CHECK_INT (command (&w, BYTES ("\4PING\0\0LOL"), &e), 0);
    CHECK_INT (e.size, 3);
    CHECK_MEM (e.data, "LOL", 3);
    CHECK_INT (command (&w,
                        BYTES ("\4PING\0\0"
                               "0123456789abcdefXYZ"),
                        &e),
               0);
    CHECK_INT (e.size, 16);
    CHECK_INT (command (&w, flood, sizeof flood, &e), 0);
    CHECK_INT (e.size, 16);
    CHECK_INT (e.ttl, 65535);
}

/* A deployed peer that is sent this answers with bytes of somebody else's memory. */
TEST (ping_without_its_ttl_is_refused)
{
    struct zc_wire w = machine (ZMQ_ROUTER, ZMQ_DEALER);
    struct zc_wire_event e;

    CHECK_INT (command (&w, BYTES ("\4PING"), &e), -EPROTO);
    w = machine (ZMQ_ROUTER, ZMQ_DEALER);
    CHECK_INT (command (&w, BYTES ("\4PING\0"), &e), -EPROTO);
    CHECK_INT (w.why.code, ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED);
}

TEST (subscriptions_come_to_publishers_only)
{
    for (int type = ZMQ_PAIR; type <= ZMQ_XSUB; type++) {
        struct zc_wire w = machine (type, 255);
        bool publishes = type == ZMQ_PUB || type == ZMQ_XPUB;
        struct zc_wire_event e;

        CHECK_INT (command (&w, BYTES ("\11SUBSCRIBEweather."), &e), publishes ? 0 : -EPROTO);
        if (publishes) {
            CHECK_INT (e.what, ZC_WIRE_SUBSCRIBE);
            CHECK_INT (e.size, 8);
            CHECK_MEM (e.data, "weather.", 8);
            CHECK_INT (command (&w, BYTES ("\6CANCEL"), &e), 0);
            CHECK_INT (e.what, ZC_WIRE_CANCEL);
            CHECK_INT (e.size, 0);
        } else {
            CHECK_INT (w.why.code, ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND);
        }
    }
}

TEST (inside_a_message_heartbeats_are_taken_and_subscriptions_are_not)
{
    struct zc_wire w = machine (ZMQ_XPUB, ZMQ_XSUB);
    struct zc_wire_event e;

    w.in_message = 1;
    CHECK_INT (command (&w, BYTES ("\4PING\0\0x"), &e), 0);
    CHECK_INT (e.what, ZC_WIRE_PING);
    CHECK_INT (command (&w, BYTES ("\4PONG"), &e), 0);
    CHECK_INT (e.what, ZC_WIRE_PONG);
    CHECK_INT (command (&w, BYTES ("\5NOVEL..."), &e), 0);
    CHECK_INT (e.what, ZC_WIRE_IGNORE);
    CHECK_INT (command (&w, BYTES ("\5ERROR\2no"), &e), 0);
    CHECK_INT (e.what, ZC_WIRE_ERROR);
    CHECK_MEM (e.data, "no", 2);
    CHECK_INT (command (&w, BYTES ("\6CANCELx"), &e), -EPROTO);
    CHECK_INT (w.why.code, ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_SEQUENCE);
}

TEST (malformed_commands_are_refused_unknown_ones_ignored)
{
#define ROW(literal_, rc_, code_)                                                                            \
    {                                                                                                        \
        literal_, sizeof (literal_) - 1, rc_, code_                                                          \
    }
    static const struct
    {
        const char *body;
        size_t size;
        int rc;
        uint32_t code;
    } table[] = {
        ROW ("", -EPROTO, ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED),
        ROW ("\0", -EPROTO, ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED),
        ROW ("\0abc", -EPROTO, ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED),
        ROW ("\11a", -EPROTO, ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED),
        ROW ("\xFF"
             "PING",
             -EPROTO, ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED),
        ROW ("\5ERROR", -EPROTO, ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_ERROR),
        ROW ("\5ERROR\11abc", -EPROTO, ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_ERROR),
        ROW ("\5READY", -EPROTO, ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND),
        ROW ("\3FOObar", 0, 0),
        ROW ("\4ping\0\0", 0, 0),
        ROW ("\3PIN\0\0", 0, 0),
        ROW ("\5PING\0\0\0", 0, 0),
        ROW ("\4JOINgroup", 0, 0),
        ROW ("\1\xFF", 0, 0),
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct zc_wire w = machine (ZMQ_XPUB, ZMQ_XSUB);
        struct zc_wire_event e;

        CHECK_INT (command (&w, (const uint8_t *)table[i].body, table[i].size, &e), table[i].rc);
        CHECK_INT (e.what, ZC_WIRE_IGNORE);
        CHECK_INT (w.why.code, table[i].code);
    }
}

/* The bytes recorded from a SUB peer of 3.1, and told to peers of 3.0, 2.0 and 1.0. */
TEST (subscriptions_are_made_as_the_peer_understands_them)
{
    struct zc_wire w = machine (ZMQ_SUB, ZMQ_PUB);
    uint8_t out[400], topic[300];
    size_t n;

    CHECK_INT (zc_wire_put_subscription (&w, false, BYTES ("weather."), out, sizeof out), 20);
    CHECK_MEM (out, "\4\22\11SUBSCRIBEweather.", 20);
    CHECK_INT (zc_wire_put_subscription (&w, true, BYTES ("weather."), out, sizeof out), 17);
    CHECK_MEM (out, "\4\17\6CANCELweather.", 17);
    memset (topic, 'A', sizeof topic);
    n = zc_wire_put_subscription (&w, false, topic, 300, out, sizeof out);
    CHECK_INT (n, 9 + 10 + 300);
    CHECK_MEM (out, "\6\0\0\0\0\0\0\1\66\11SUBSCRIBEAAA", 22);
    memset (out, 0, sizeof out);
    CHECK_INT (zc_wire_put_subscription (&w, false, topic, 300, out, n - 1), n);
    CHECK_INT (out[0], 0);
    w.minor = 0;
    CHECK_INT (zc_wire_put_subscription (&w, false, BYTES ("A"), out, sizeof out), 4);
    CHECK_MEM (out, "\0\2\1A", 4);
    CHECK_INT (zc_wire_put_subscription (&w, true, NULL, 0, out, sizeof out), 3);
    CHECK_MEM (out, "\0\1\0", 3);
    w.major = 2;
    CHECK_INT (zc_wire_put_subscription (&w, true, BYTES ("A"), out, sizeof out), 4);
    CHECK_MEM (out, "\0\2\0A", 4);
    w.major = 1;
    CHECK_INT (zc_wire_put_subscription (&w, false, BYTES ("A"), out, sizeof out), 4);
    CHECK_MEM (out, "\3\0\1A", 4);
}

TEST (ping_and_pong_are_whole_frames)
{
    uint8_t out[32];

    CHECK_INT (zc_wire_put_ping (15, out), 9);
    CHECK_MEM (out, "\4\7\4PING\0\17", 9);
    CHECK_INT (zc_wire_put_pong (BYTES ("LOL"), out), 10);
    CHECK_MEM (out, "\4\10\4PONGLOL", 10);
    CHECK_INT (zc_wire_put_pong (NULL, 0, out), 7);
    CHECK_MEM (out, "\4\5\4PONG", 7);
    CHECK_INT (zc_wire_put_pong (BYTES ("0123456789abcdefXYZ"), out), 23);
    CHECK_MEM (out, "\4\25\4PONG0123456789abcdef", 23);
}
