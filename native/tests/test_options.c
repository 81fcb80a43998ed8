/* Options: defaults, ranges and sizes, as a running libzmq has them, and where we differ on purpose. */
#include "check.h"
#include "core/options.h"

#include <errno.h>
#include <limits.h>

static struct zc_options options;

static int set_int (int type, int option, int value)
{
    return zc_options_set (&options, type, option, &value, sizeof value);
}

/* The value of an int option; INT_MIN when it can't be read. */
static int get_int (int type, int option)
{
    int value = 0;
    size_t size = sizeof value;

    if (zc_options_get (&options, type, option, &value, &size) != 0 || size != sizeof value)
        return INT_MIN;
    return value;
}

TEST (numbers_have_their_defaults)
{
    /* clang-format off: one table */
    static const struct
    {
        int option, value;
    } defaults[] = {
        {ZMQ_SNDBUF, -1},
        {ZMQ_RCVBUF, -1},
        {ZMQ_LINGER, -1},
        {ZMQ_RECONNECT_IVL, 100},
        {ZMQ_RECONNECT_IVL_MAX, 0},
        {ZMQ_BACKLOG, 100},
        {ZMQ_SNDHWM, 1000},
        {ZMQ_RCVHWM, 1000},
        {ZMQ_RCVTIMEO, -1},
        {ZMQ_SNDTIMEO, -1},
        {ZMQ_IPV4ONLY, 1},
        {ZMQ_TCP_KEEPALIVE, -1},
        {ZMQ_TCP_KEEPALIVE_CNT, -1},
        {ZMQ_TCP_KEEPALIVE_IDLE, -1},
        {ZMQ_TCP_KEEPALIVE_INTVL, -1},
        {ZMQ_IMMEDIATE, 0},
        {ZMQ_IPV6, 0},
        {ZMQ_MECHANISM, ZMQ_NULL},
        {ZMQ_CONFLATE, 0},
        {ZMQ_TOS, 0},
        {ZMQ_HANDSHAKE_IVL, 30000},
        {ZMQ_INVERT_MATCHING, 0},
        {ZMQ_HEARTBEAT_IVL, 0},
        {ZMQ_HEARTBEAT_TTL, 0},
        {ZMQ_HEARTBEAT_TIMEOUT, -1},
        {ZMQ_CONNECT_TIMEOUT, 0},
        {ZMQ_TCP_MAXRT, 0},
        {ZMQ_THREAD_SAFE, 0},
        {ZMQ_USE_FD, -1},
        {ZCFFI_ZMTP_MIN, 1},
        {ZCFFI_MAX_PARTS, 1000000},
        {ZCFFI_MAX_SUBSCRIPTIONS, 1000000},
        {ZCFFI_LOOK_AGAIN, 20},
    };
    /* clang-format on */

    zc_options_init (&options, ZMQ_DEALER);
    for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++)
        if (get_int (ZMQ_DEALER, defaults[i].option) != defaults[i].value)
            CHECK_FAIL ("option %d is %d", defaults[i].option, get_int (ZMQ_DEALER, defaults[i].option));
    CHECK_INT (options.affinity, 0);
    CHECK_INT (options.maxmsgsize, -1);
    CHECK_INT (options.max_subscription_bytes, 64 << 20);
    CHECK (options.stream_notify);
    zc_options_close (&options);
}

TEST (linger_is_zero_for_subscribers)
{
    for (int type = ZMQ_PAIR; type <= ZMQ_STREAM; type++) {
        zc_options_init (&options, type);
        CHECK_INT (options.linger, type == ZMQ_SUB || type == ZMQ_XSUB ? 0 : -1);
        zc_options_close (&options);
    }
}

TEST (numbers_keep_their_ranges_and_the_old_value)
{
    /* clang-format off: one table */
    static const struct
    {
        int option, least, most;
    } ranges[] = {
        {ZMQ_SNDBUF, -1, INT_MAX},
        {ZMQ_RCVBUF, -1, INT_MAX},
        {ZMQ_LINGER, -1, INT_MAX},
        {ZMQ_RECONNECT_IVL, -1, INT_MAX},
        {ZMQ_RECONNECT_IVL_MAX, 0, INT_MAX},
        {ZMQ_BACKLOG, 0, INT_MAX},
        {ZMQ_SNDHWM, 0, INT_MAX},
        {ZMQ_RCVHWM, 0, INT_MAX},
        {ZMQ_RCVTIMEO, -1, INT_MAX},
        {ZMQ_SNDTIMEO, -1, INT_MAX},
        {ZMQ_IPV4ONLY, 0, 1},
        {ZMQ_TCP_KEEPALIVE, -1, 1},
        {ZMQ_TCP_KEEPALIVE_CNT, -1, INT_MAX},
        {ZMQ_IMMEDIATE, 0, 1},
        {ZMQ_IPV6, 0, 1},
        {ZMQ_CONFLATE, 0, 1},
        {ZMQ_TOS, 0, INT_MAX},
        {ZMQ_HANDSHAKE_IVL, 0, INT_MAX},
        {ZMQ_HEARTBEAT_IVL, 0, INT_MAX},
        {ZMQ_HEARTBEAT_TIMEOUT, 0, INT_MAX},
        {ZMQ_CONNECT_TIMEOUT, 0, INT_MAX},
        {ZMQ_TCP_MAXRT, 0, INT_MAX},
        {ZMQ_USE_FD, -1, INT_MAX},
        {ZCFFI_ZMTP_MIN, 1, 3},
        {ZCFFI_MAX_PARTS, 0, INT_MAX},
        {ZCFFI_MAX_SUBSCRIPTIONS, 0, INT_MAX},
        {ZCFFI_LOOK_AGAIN, 0, INT_MAX},
    };
    /* clang-format on */

    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        int option = ranges[i].option;

        zc_options_init (&options, ZMQ_DEALER);
        CHECK_INT (set_int (ZMQ_DEALER, option, ranges[i].most), 0);
        CHECK_INT (get_int (ZMQ_DEALER, option), ranges[i].most);
        CHECK_INT (set_int (ZMQ_DEALER, option, ranges[i].least), 0);
        CHECK_INT (get_int (ZMQ_DEALER, option), ranges[i].least);
        CHECK_INT (set_int (ZMQ_DEALER, option, ranges[i].least - 1), -EINVAL);
        if (ranges[i].most < INT_MAX)
            CHECK_INT (set_int (ZMQ_DEALER, option, ranges[i].most + 1), -EINVAL);
        CHECK_INT (get_int (ZMQ_DEALER, option), ranges[i].least);
        zc_options_close (&options);
    }
}

TEST (an_int_is_set_and_read_with_exactly_its_size)
{
    int64_t wide = 5;
    size_t sizes[] = {0, 3, 5, 8};

    zc_options_init (&options, ZMQ_DEALER);
    for (size_t i = 0; i < 4; i++) {
        size_t size = sizes[i];

        CHECK_INT (zc_options_set (&options, ZMQ_DEALER, ZMQ_SNDHWM, &wide, size), -EINVAL);
        CHECK_INT (zc_options_get (&options, ZMQ_DEALER, ZMQ_SNDHWM, &wide, &size), -EINVAL);
        CHECK_INT (size, sizes[i]);
    }
    CHECK_INT (zc_options_set (&options, ZMQ_DEALER, ZMQ_SNDHWM, NULL, 4), -EINVAL);
    CHECK_INT (options.sndhwm, 1000);
    zc_options_close (&options);
}

TEST (eight_byte_numbers_take_eight_bytes)
{
    uint64_t affinity = UINT64_MAX;
    int64_t limit = -2;
    size_t size = 4;

    zc_options_init (&options, ZMQ_PULL);
    CHECK_INT (zc_options_set (&options, ZMQ_PULL, ZMQ_AFFINITY, &affinity, 8), 0);
    CHECK_INT (zc_options_set (&options, ZMQ_PULL, ZMQ_AFFINITY, &affinity, 4), -EINVAL);
    CHECK (options.affinity == UINT64_MAX);
    CHECK_INT (zc_options_set (&options, ZMQ_PULL, ZMQ_MAXMSGSIZE, &limit, 8), 0);
    CHECK_INT (options.maxmsgsize, -2);
    CHECK_INT (zc_options_set (&options, ZMQ_PULL, ZCFFI_MAX_SUBSCRIPTION_BYTES, &limit, 8), -EINVAL);
    CHECK_INT (zc_options_get (&options, ZMQ_PULL, ZMQ_MAXMSGSIZE, &limit, &size), -EINVAL);
    zc_options_close (&options);
}

TEST (ipv4only_is_the_opposite_of_ipv6)
{
    zc_options_init (&options, ZMQ_REP);
    CHECK_INT (set_int (ZMQ_REP, ZMQ_IPV4ONLY, 0), 0);
    CHECK (options.ipv6);
    CHECK_INT (get_int (ZMQ_REP, ZMQ_IPV6), 1);
    CHECK_INT (set_int (ZMQ_REP, ZMQ_IPV6, 0), 0);
    CHECK_INT (get_int (ZMQ_REP, ZMQ_IPV4ONLY), 1);
    CHECK_INT (set_int (ZMQ_REP, ZMQ_IPV4ONLY, 2), -EINVAL);
    zc_options_close (&options);
}

TEST (heartbeat_ttl_is_floored_to_tenths_of_a_second)
{
    /* clang-format off: one table */
    static const struct
    {
        int set, rc, get;
    } cases[] = {
        {99, 0, 0},
        {100, 0, 100},
        {199, 0, 100},
        {65535, 0, 65500},
        {6553599, 0, 6553500},
        {6553600, -EINVAL, 6553500},
        {INT_MAX, -EINVAL, 6553500},
        {-99, 0, 0},
        {-100, -EINVAL, 0},
        {INT_MIN, -EINVAL, 0},
    };
    /* clang-format on */

    zc_options_init (&options, ZMQ_DEALER);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK_INT (set_int (ZMQ_DEALER, ZMQ_HEARTBEAT_TTL, cases[i].set), cases[i].rc);
        CHECK_INT (options.heartbeat_ttl, cases[i].get);
    }
    zc_options_close (&options);
}

TEST (flags_take_any_number_from_zero_and_cannot_be_read)
{
    zc_options_init (&options, ZMQ_ROUTER);
    CHECK_INT (set_int (ZMQ_ROUTER, ZMQ_ROUTER_MANDATORY, 7), 0);
    CHECK (options.router_mandatory);
    CHECK_INT (set_int (ZMQ_ROUTER, ZMQ_ROUTER_MANDATORY, -1), -EINVAL);
    CHECK (options.router_mandatory);
    CHECK_INT (get_int (ZMQ_ROUTER, ZMQ_ROUTER_MANDATORY), INT_MIN);
    CHECK_INT (set_int (ZMQ_ROUTER, ZMQ_INVERT_MATCHING, -5), 0);
    CHECK_INT (get_int (ZMQ_ROUTER, ZMQ_INVERT_MATCHING), 1);
    zc_options_close (&options);
}

TEST (options_of_some_socket_types_are_refused_by_the_others)
{
    static const struct
    {
        int option;
        unsigned types;
    } cases[] = {
        {ZMQ_ROUTER_MANDATORY, 1U << ZMQ_ROUTER | 1U << ZMQ_REP},
        {ZMQ_ROUTER_HANDOVER, 1U << ZMQ_ROUTER | 1U << ZMQ_REP},
        {ZMQ_ROUTER_RAW, 1U << ZMQ_ROUTER | 1U << ZMQ_REP},
        {ZMQ_XPUB_VERBOSE, 1U << ZMQ_XPUB | 1U << ZMQ_PUB},
        {ZMQ_XPUB_VERBOSER, 1U << ZMQ_XPUB | 1U << ZMQ_PUB},
        {ZMQ_XPUB_NODROP, 1U << ZMQ_XPUB | 1U << ZMQ_PUB},
        {ZMQ_XPUB_MANUAL, 1U << ZMQ_XPUB | 1U << ZMQ_PUB},
        {ZMQ_REQ_CORRELATE, 1U << ZMQ_REQ},
        {ZMQ_REQ_RELAXED, 1U << ZMQ_REQ},
        {ZMQ_STREAM_NOTIFY, 1U << ZMQ_STREAM},
        {ZMQ_PROBE_ROUTER, 1U << ZMQ_REQ | 1U << ZMQ_REP | 1U << ZMQ_DEALER | 1U << ZMQ_ROUTER},
        {ZMQ_CONFLATE, 0xFFF},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int type = ZMQ_PAIR; type <= ZMQ_STREAM; type++) {
            zc_options_init (&options, type);
            CHECK_INT (set_int (type, cases[i].option, 1), cases[i].types >> type & 1 ? 0 : -EINVAL);
            zc_options_close (&options);
        }
}

TEST (the_last_of_xpub_verbose_and_verboser_counts)
{
    zc_options_init (&options, ZMQ_XPUB);
    CHECK_INT (set_int (ZMQ_XPUB, ZMQ_XPUB_VERBOSER, 1), 0);
    CHECK (options.xpub_verbose && options.xpub_verboser);
    CHECK_INT (set_int (ZMQ_XPUB, ZMQ_XPUB_VERBOSE, 1), 0);
    CHECK (options.xpub_verbose && !options.xpub_verboser);
    CHECK_INT (set_int (ZMQ_XPUB, ZMQ_XPUB_VERBOSER, 0), 0);
    CHECK (!options.xpub_verbose && !options.xpub_verboser);
    zc_options_close (&options);
}

TEST (a_routing_id_has_1_to_255_bytes_and_is_read_without_nul)
{
    char id[256], out[300];
    size_t size = sizeof out;

    memset (id, 'i', sizeof id);
    zc_options_init (&options, ZMQ_DEALER);
    CHECK_INT (zc_options_set (&options, ZMQ_DEALER, ZMQ_ROUTING_ID, id, 256), -EINVAL);
    CHECK_INT (zc_options_set (&options, ZMQ_DEALER, ZMQ_ROUTING_ID, id, 0), -EINVAL);
    CHECK_INT (zc_options_set (&options, ZMQ_DEALER, ZMQ_ROUTING_ID, NULL, 0), -EINVAL);
    CHECK_INT (zc_options_set (&options, ZMQ_DEALER, ZMQ_ROUTING_ID, id, 255), 0);
    CHECK_INT (options.routing_id.size, 255);
    CHECK_INT (zc_options_set (&options, ZMQ_DEALER, ZMQ_ROUTING_ID, "\0ab", 3), 0);
    memset (out, 'x', sizeof out);
    CHECK_INT (zc_options_get (&options, ZMQ_DEALER, ZMQ_ROUTING_ID, out, &size), 0);
    CHECK_INT (size, 3);
    CHECK_MEM (out, "\0ab\0\0\0", 6);
    CHECK_INT (out[299], 0);
    size = 2;
    CHECK_INT (zc_options_get (&options, ZMQ_DEALER, ZMQ_ROUTING_ID, out, &size), -EINVAL);
    zc_options_close (&options);
}

TEST (connect_routing_id_is_for_those_who_name_their_peers)
{
    zc_options_init (&options, ZMQ_ROUTER);
    CHECK_INT (zc_options_set (&options, ZMQ_ROUTER, ZMQ_CONNECT_ROUTING_ID, "peer", 4), 0);
    CHECK_STR ((const char *)options.connect_routing_id.data, "peer");
    CHECK_INT (zc_options_set (&options, ZMQ_ROUTER, ZMQ_CONNECT_ROUTING_ID, "", 0), -EINVAL);
    CHECK_INT (zc_options_set (&options, ZMQ_DEALER, ZMQ_CONNECT_ROUTING_ID, "peer", 4), -EINVAL);
    zc_options_close (&options);
}

TEST (a_device_is_a_text_whose_nul_counts_when_read)
{
    char out[32];
    size_t size = sizeof out;

    zc_options_init (&options, ZMQ_PUB);
    CHECK_INT (zc_options_get (&options, ZMQ_PUB, ZMQ_BINDTODEVICE, out, &size), 0);
    CHECK_INT (size, 1);
    CHECK_INT (zc_options_set (&options, ZMQ_PUB, ZMQ_BINDTODEVICE, "eth0", 4), 0);
    size = 5;
    CHECK_INT (zc_options_get (&options, ZMQ_PUB, ZMQ_BINDTODEVICE, out, &size), 0);
    CHECK_INT (size, 5);
    CHECK_STR (out, "eth0");
    size = 4;
    CHECK_INT (zc_options_get (&options, ZMQ_PUB, ZMQ_BINDTODEVICE, out, &size), -EINVAL);
    CHECK_INT (zc_options_set (&options, ZMQ_PUB, ZMQ_BINDTODEVICE, "12345678901234567", 17), -EINVAL);
    CHECK_INT (zc_options_set (&options, ZMQ_PUB, ZMQ_BINDTODEVICE, "", 0), -EINVAL);
    CHECK_STR (options.bindtodevice.text, "eth0");
    CHECK_INT (zc_options_set (&options, ZMQ_PUB, ZMQ_BINDTODEVICE, NULL, 0), 0);
    CHECK_INT (options.bindtodevice.size, 0);
    zc_options_close (&options);
}

TEST (acting_options_go_to_the_socket_that_has_them)
{
    char out[8];
    size_t size = sizeof out;
    static const int asked[] = {ZMQ_RCVMORE, ZMQ_FD, ZMQ_EVENTS, ZMQ_TYPE, ZMQ_LAST_ENDPOINT, ZCFFI_DROPPED};

    zc_options_init (&options, ZMQ_SUB);
    CHECK_INT (zc_options_set (&options, ZMQ_SUB, ZMQ_SUBSCRIBE, "", 0), ZC_OPT_SOCKET);
    CHECK_INT (zc_options_set (&options, ZMQ_SUB, ZMQ_SUBSCRIBE, NULL, 0), ZC_OPT_SOCKET);
    CHECK_INT (zc_options_set (&options, ZMQ_SUB, ZMQ_SUBSCRIBE, NULL, 3), -EINVAL);
    CHECK_INT (zc_options_set (&options, ZMQ_XPUB, ZMQ_UNSUBSCRIBE, "a", 1), ZC_OPT_SOCKET);
    CHECK_INT (zc_options_set (&options, ZMQ_XSUB, ZMQ_SUBSCRIBE, "a", 1), -EINVAL);
    CHECK_INT (zc_options_get (&options, ZMQ_SUB, ZMQ_SUBSCRIBE, out, &size), -EINVAL);
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        CHECK_INT (zc_options_get (&options, ZMQ_SUB, asked[i], out, &size), ZC_OPT_SOCKET);
        CHECK_INT (zc_options_set (&options, ZMQ_SUB, asked[i], out, 4), -EINVAL);
    }
    zc_options_close (&options);
}

TEST (what_is_unknown_or_not_supported_is_refused)
{
    /* clang-format off: one table */
    static const int no[] = {
        -1,
        0,
        1,
        3,
        10,
        20,
        26,
        67,
        70,
        82,
        93,
        9999,
        10006,
        INT_MAX,
        INT_MIN,
        ZMQ_RATE,
        ZMQ_PLAIN_SERVER,
        ZMQ_CURVE_SERVER,
        ZMQ_ZAP_DOMAIN,
        ZMQ_SOCKS_PROXY,
        ZMQ_GSSAPI_SERVER,
        ZMQ_MULTICAST_HOPS,
        ZMQ_VMCI_BUFFER_SIZE,
    };
    /* clang-format on */

    zc_options_init (&options, ZMQ_DEALER);
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++) {
        CHECK_INT (set_int (ZMQ_DEALER, no[i], 1), -EINVAL);
        CHECK_INT (get_int (ZMQ_DEALER, no[i]), INT_MIN);
    }
    CHECK_INT (set_int (ZMQ_DEALER, ZMQ_MECHANISM, 0), -EINVAL);
    zc_options_close (&options);
}

TEST (a_copy_owns_what_it_holds)
{
    struct zc_options copy;
    uint32_t id = 7;

    zc_options_init (&options, ZMQ_XPUB);
    CHECK_INT (zc_options_set (&options, ZMQ_XPUB, ZMQ_XPUB_WELCOME_MSG, "hello", 5), 0);
    CHECK_INT (zc_options_set (&options, ZMQ_XPUB, ZMQ_TCP_ACCEPT_FILTER, "10.0.0.0/8", 10), 0);
    CHECK_INT (zc_options_set (&options, ZMQ_XPUB, ZMQ_IPC_FILTER_UID, &id, sizeof id), 0);
    CHECK_INT (set_int (ZMQ_XPUB, ZMQ_SNDHWM, 5), 0);
    CHECK_INT (zc_options_copy (&copy, &options), 0);
    CHECK_INT (zc_options_set (&options, ZMQ_XPUB, ZMQ_XPUB_WELCOME_MSG, NULL, 0), 0);
    CHECK_INT (options.xpub_welcome_msg.size, 0);
    zc_options_close (&options);
    CHECK_INT (copy.sndhwm, 5);
    CHECK_INT (copy.xpub_welcome_msg.size, 5);
    CHECK_MEM (copy.xpub_welcome_msg.data, "hello", 5);
    CHECK (zc_networks_accept (&copy.tcp_accept_filter, (const uint8_t *)"\x0A\x01\x02\x03", 4));
    CHECK (zc_ids_have (&copy.ipc_filter_uid, 7));
    zc_options_close (&copy);
    CHECK_INT (copy.xpub_welcome_msg.size, 0);
}

TEST (answers_of_the_socket_have_the_sizes_of_the_api)
{
    unsigned char out[16];
    size_t size = 8;
    int number;

    memset (out, 0xEE, sizeof out);
    CHECK_INT (zc_optval_put_answer (out, &size, 3), 0);
    CHECK_INT (size, sizeof number);
    memcpy (&number, out, sizeof number);
    CHECK_INT (number, 3);
    CHECK_INT (out[7], 0);
    size = 3;
    CHECK_INT (zc_optval_put_answer (out, &size, 3), -EINVAL);
    size = 8;
    CHECK_INT (zc_optval_put_int (out, &size, 3), -EINVAL);
    CHECK_INT (zc_optval_put_uint64 (out, &size, 9), 0);
    size = 0;
    CHECK_INT (zc_optval_put_string (out, &size, ""), -EINVAL);
    size = 1;
    CHECK_INT (zc_optval_put_string (out, &size, ""), 0);
    size = 16;
    CHECK_INT (zc_optval_put_string (out, &size, "inproc://a"), 0);
    CHECK_INT (size, 11);
    CHECK_STR ((char *)out, "inproc://a");
    size = 0;
    CHECK_INT (zc_optval_put_bytes (NULL, &size, NULL, 0), 0);
}
