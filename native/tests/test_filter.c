/* Who is let in: lists of processes, users and groups, lists of networks. */
#include "check.h"
#include "core/options.h"

#include <errno.h>

static struct zc_options options;

TEST (ipc_filters_collect_ids_of_four_bytes)
{
    uint64_t id = 1000;

    zc_options_init (&options, ZMQ_PULL);
    CHECK_INT (zc_options_set (&options, ZMQ_PULL, ZMQ_IPC_FILTER_PID, &id, 8), -EINVAL);
    CHECK_INT (zc_options_set (&options, ZMQ_PULL, ZMQ_IPC_FILTER_PID, &id, 4), 0);
    id = 1001;
    CHECK_INT (zc_options_set (&options, ZMQ_PULL, ZMQ_IPC_FILTER_PID, &id, 4), 0);
    CHECK_INT (options.ipc_filter_pid.count, 2);
    CHECK_INT (zc_options_set (&options, ZMQ_PULL, ZMQ_IPC_FILTER_PID, NULL, 0), 0);
    CHECK_INT (options.ipc_filter_pid.count, 0);
    zc_options_close (&options);
}

TEST (accept_filters_are_networks)
{
    /* clang-format off: one table */
    static const char *const good[] = {
        "1.2.3.4",
        "1.2.3.4/0",
        "1.2.3.4/32",
        "::1",
        "[::1]/64",
        "::/0",
        "1::",
        "fe80::1/10",
        "1:2:3:4:5:6:7:8",
        "::ffff:1.2.3.4/96",
        "1:2:3:4:5:6:7::",
        "1.2.3.4/08",
    };
    /* clang-format on */
    /* clang-format off: one table */
    static const char *const bad[] = {
        "foo",
        "",
        "/8",
        "1.2.3.4/",
        "1.2.3.4/33",
        "1.2.3.4/-1",
        "1.2.3.4/8x",
        "1.2.3.4foo",
        "1.2.3",
        "1.2.3.256",
        "1.2.3.4.5",
        "::1/129",
        "[::1",
        "::1]",
        ":::",
        "1:::2",
        "1::2::3",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        ":1",
        "1:",
        "12345::",
        "1.2.3.4:80",
        "localhost",
        "*",
        "1:2:3:4:5:6:7:8::",
        "::1.2.3",
        "1.2.3.4/0000000000000032",
    };
    /* clang-format on */
    struct zc_network network;

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        if (zc_network_parse (good[i], strlen (good[i]), &network) != 0)
            CHECK_FAIL ("%s is refused", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (zc_network_parse (bad[i], strlen (bad[i]), &network) != -EINVAL)
            CHECK_FAIL ("%s is accepted", bad[i]);
    CHECK_INT (zc_network_parse ("1.2.3.4", 8, &network), 0);
    CHECK_INT (zc_network_parse ("1.2.\0.4", 7, &network), -EINVAL);
}

TEST (an_accept_filter_admits_its_network_and_no_other)
{
    static const uint8_t inside[] = {192, 168, 5, 9}, outside[] = {192, 168, 8, 9};
    static const uint8_t as_ipv6[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 168, 5, 9};
    static const uint8_t local[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    struct zc_networks *list = &options.tcp_accept_filter;

    zc_options_init (&options, ZMQ_REP);
    CHECK (zc_networks_accept (list, outside, 4));
    CHECK_INT (zc_options_set (&options, ZMQ_REP, ZMQ_TCP_ACCEPT_FILTER, "192.168.4.0/22", 14), 0);
    CHECK (zc_networks_accept (list, inside, 4));
    CHECK (zc_networks_accept (list, as_ipv6, 16));
    CHECK (!zc_networks_accept (list, outside, 4));
    CHECK (!zc_networks_accept (list, local, 16));
    CHECK_INT (zc_options_set (&options, ZMQ_REP, ZMQ_TCP_ACCEPT_FILTER, "::1", 3), 0);
    CHECK (zc_networks_accept (list, local, 16));
    CHECK_INT (zc_options_set (&options, ZMQ_REP, ZMQ_TCP_ACCEPT_FILTER, "0.0.0.0/0", 9), 0);
    CHECK (zc_networks_accept (list, outside, 4));
    CHECK_INT (zc_options_set (&options, ZMQ_REP, ZMQ_TCP_ACCEPT_FILTER, NULL, 0), 0);
    CHECK_INT (list->count, 0);
    zc_options_close (&options);
}
