/* Options of the context: defaults and ranges, as a running libzmq has them, and what sockets take from it. */
#include "check.h"
#include "core/options.h"

#include <errno.h>
#include <limits.h>

TEST (context_options_have_their_defaults_and_ranges)
{
    struct zc_ctx_options ctx;
    int value;
    /* clang-format off: one table */
    static const struct
    {
        int option, value;
    } defaults[] = {
        {ZMQ_IO_THREADS, 1},
        {ZMQ_MAX_SOCKETS, 1023},
        {ZMQ_SOCKET_LIMIT, 65535},
        {ZMQ_THREAD_SCHED_POLICY, -1},
        {ZMQ_MAX_MSGSZ, INT_MAX},
        {ZMQ_MSG_T_SIZE, sizeof (zmq_msg_t)},
        {ZMQ_THREAD_NAME_PREFIX, 0},
        {ZMQ_IPV6, 0},
        {ZMQ_BLOCKY, 1},
    };
    /* clang-format on */

    zc_ctx_options_init (&ctx);
    for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++) {
        CHECK_INT (zc_ctx_options_get (&ctx, defaults[i].option, &value), 0);
        CHECK_INT (value, defaults[i].value);
    }
    CHECK_INT (zc_ctx_options_get (&ctx, ZMQ_THREAD_AFFINITY_CPU_ADD, &value), -EINVAL);
    CHECK_INT (zc_ctx_options_get (&ctx, 0, &value), -EINVAL);
    CHECK_INT (zc_ctx_options_get (&ctx, 1000, &value), -EINVAL);
    CHECK_INT (zc_ctx_options_set (&ctx, ZMQ_IO_THREADS, -1), -EINVAL);
    CHECK_INT (zc_ctx_options_set (&ctx, ZMQ_IO_THREADS, 0), 0);
    CHECK_INT (zc_ctx_options_set (&ctx, ZMQ_MAX_SOCKETS, 0), -EINVAL);
    CHECK_INT (zc_ctx_options_set (&ctx, ZMQ_THREAD_SCHED_POLICY, -1), -EINVAL);
    CHECK_INT (zc_ctx_options_set (&ctx, ZMQ_MSG_T_SIZE, 64), -EINVAL);
    CHECK_INT (zc_ctx_options_set (&ctx, ZMQ_THREAD_NAME_PREFIX, -2), 0);
    CHECK_INT (zc_ctx_options_set (&ctx, ZMQ_BLOCKY, 5), 0);
    CHECK_INT (zc_ctx_options_get (&ctx, ZMQ_BLOCKY, &value), 0);
    CHECK_INT (value, 1);
    zc_ctx_options_close (&ctx);
}

TEST (number_three_is_set_as_priority_and_read_as_limit)
{
    struct zc_ctx_options ctx;
    int value = 0;

    zc_ctx_options_init (&ctx);
    CHECK_INT (ctx.thread_priority, -1);
    CHECK_INT (zc_ctx_options_set (&ctx, ZMQ_THREAD_PRIORITY, -1), -EINVAL);
    CHECK_INT (zc_ctx_options_set (&ctx, ZMQ_THREAD_PRIORITY, 5), 0);
    CHECK_INT (ctx.thread_priority, 5);
    CHECK_INT (zc_ctx_options_get (&ctx, ZMQ_THREAD_PRIORITY, &value), 0);
    CHECK_INT (value, 65535);
    zc_ctx_options_close (&ctx);
}

TEST (cpus_are_added_once_and_removed_only_if_added)
{
    struct zc_ctx_options ctx;

    zc_ctx_options_init (&ctx);
    CHECK_INT (zc_ctx_options_set (&ctx, ZMQ_THREAD_AFFINITY_CPU_REMOVE, 1), -EINVAL);
    CHECK_INT (zc_ctx_options_set (&ctx, ZMQ_THREAD_AFFINITY_CPU_ADD, 0), 0);
    CHECK_INT (zc_ctx_options_set (&ctx, ZMQ_THREAD_AFFINITY_CPU_ADD, 1), 0);
    CHECK_INT (zc_ctx_options_set (&ctx, ZMQ_THREAD_AFFINITY_CPU_ADD, 1), 0);
    CHECK_INT (ctx.cpus.count, 2);
    CHECK_INT (zc_ctx_options_set (&ctx, ZMQ_THREAD_AFFINITY_CPU_REMOVE, 0), 0);
    CHECK_INT (ctx.cpus.count, 1);
    CHECK_INT (ctx.cpus.list[0], 1);
    zc_ctx_options_close (&ctx);
}

TEST (a_socket_takes_ipv6_and_linger_from_its_context)
{
    struct zc_ctx_options ctx;
    struct zc_options options;

    zc_ctx_options_init (&ctx);
    zc_options_init (&options, ZMQ_PUSH);
    zc_options_inherit (&options, &ctx);
    CHECK (!options.ipv6);
    CHECK_INT (options.linger, -1);
    CHECK_INT (zc_ctx_options_set (&ctx, ZMQ_IPV6, 1), 0);
    CHECK_INT (zc_ctx_options_set (&ctx, ZMQ_BLOCKY, 0), 0);
    zc_options_inherit (&options, &ctx);
    CHECK (options.ipv6);
    CHECK_INT (options.linger, 0);
    zc_options_close (&options);
    zc_ctx_options_close (&ctx);
}
