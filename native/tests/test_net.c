/* TCP sockets, their options and addresses; writing and reading many parts. */
#include "net_ends.h"
#include "os/resolve.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>

static struct zc_addr numeric (const char *host, uint16_t port)
{
    struct zc_addr a = {.len = 0};

    CHECK_INT (zc_resolve (host, port, ZC_RESOLVE_IPV6 | ZC_RESOLVE_LOCAL, &a, 1), 1);
    return a;
}

/* A pacing congestion control would only cost, on the way to this machine. */
static void check_unpaced (int fd)
{
#ifdef __linux__
    char name[16] = "";
    socklen_t size = sizeof name;

    CHECK_INT (getsockopt (fd, IPPROTO_TCP, TCP_CONGESTION, name, &size), 0);
    CHECK_STR (name, "reno");
#else
    (void)fd;
#endif
}

/* Listens at host, connects to it from source (or NULL) and sends a few bytes both ways. */
static void tcp_round (const char *host, const char *target, const char *source, bool dual)
{
    struct zc_net_opts opts = plain;
    struct zc_addr at, local, peer, from;
    struct zc_tcp_ends ends = {.local.len = 0}, others = {.local.len = 0};
    struct iovec parts[2] = {{(void *)(uintptr_t) "wor", 3}, {(void *)(uintptr_t) "ld", 2}};
    int listener, fd, other, rc;
    char buf[16];

    opts.ipv6 = dual;
    at = numeric (host, 0);
    CHECK_INT (zc_tcp_listen (&at, &opts, &listener), 0);
    check_fit (listener);
    CHECK_INT (zc_net_accept (listener, &other, NULL), -EAGAIN);
    CHECK_INT (zc_net_local (listener, &local), 0);
    CHECK (zc_addr_port (&local) != 0);
    at = numeric (target, zc_addr_port (&local));
    from = numeric (source ? source : "127.0.0.1", 0);
    rc = zc_tcp_connect (&at, source ? &from : NULL, &opts, &fd);
    CHECK (rc == 0 || rc == -EINPROGRESS);
    check_fit (fd);
    other = accept_one (listener, &peer);
    check_fit (other);
    wait_for (fd, ZC_POLL_OUT);
    CHECK_INT (zc_net_result (fd), 0);
    zc_tcp_find_ends (fd, &ends);
    zc_tcp_find_ends (other, &others);
    CHECK_INT (zc_tcp_tune (fd, &opts, &ends), 0);
    CHECK_INT (zc_tcp_tune (other, &opts, &others), 0);
    check_unpaced (fd);
    check_unpaced (other);
    CHECK (!zc_tcp_is_self (&ends));
    CHECK_INT (zc_net_local (fd, &local), 0);
    CHECK_INT (zc_addr_port (&local), zc_addr_port (&peer));
    zc_addr_host (&peer, buf, sizeof buf);
    CHECK_STR (buf, source ? source : target);

    CHECK_INT (zc_net_read (other, buf, sizeof buf), -EAGAIN);
    CHECK_INT (zc_net_write (fd, "hello ", 6), 6);
    CHECK_INT (zc_net_writev (fd, parts, 2), 5);
    wait_for (other, ZC_POLL_IN);
    CHECK_INT (zc_net_read (other, buf, 2), 2);
    parts[0] = (struct iovec){buf + 2, 1};
    parts[1] = (struct iovec){buf + 3, 10};
    CHECK_INT (zc_net_readv (other, parts, 2), 9);
    CHECK_MEM (buf, "hello world", 11);
    CHECK_INT (zc_net_readv (other, parts, 2), -EAGAIN);
    zc_net_shutdown (fd);
    wait_for (other, ZC_POLL_IN);
    CHECK_INT (zc_net_read (other, buf, sizeof buf), 0);
    CHECK_INT (zc_net_write (fd, "x", 1), -EPIPE); /* and no signal */
    CHECK_INT (zc_net_writev (fd, parts, 1), -EPIPE);
    zc_net_close (fd);
    zc_net_close (other);
    zc_net_close (listener);
}

TEST (tcp_over_ipv4)
{
    tcp_round ("127.0.0.1", "127.0.0.1", NULL, false);
    tcp_round ("0.0.0.0", "127.0.0.1", "127.0.0.2", false);
}

TEST (tcp_over_ipv6)
{
    tcp_round ("::1", "::1", NULL, false);
    tcp_round ("::", "::1", "::1", false);
}

TEST (a_dual_stack_listener_takes_ipv4_and_shows_it_so)
{
    tcp_round ("*", "127.0.0.1", NULL, true);
    tcp_round ("::", "::1", NULL, true);
}

TEST (without_ipv6_asked_a_wildcard_ipv6_listener_leaves_ipv4_alone)
{
    struct zc_addr v6 = numeric ("::", 0), v4;
    int a, b;

    CHECK_INT (zc_tcp_listen (&v6, &plain, &a), 0);
    CHECK_INT (zc_net_local (a, &v6), 0);
    v4 = numeric ("0.0.0.0", zc_addr_port (&v6));
    CHECK_INT (zc_tcp_listen (&v4, &plain, &b), 0);
    zc_net_close (a);
    zc_net_close (b);
}

static int option (int fd, int level, int name)
{
    int value = -1;
    socklen_t len = sizeof value;

    CHECK_INT (getsockopt (fd, level, name, &value, &len), 0);
    return value;
}

TEST (tcp_options_reach_the_socket)
{
    struct zc_tcp_ends ends = {.local.len = 0};
    struct zc_net_opts opts = {.sndbuf = 20000,
                               .rcvbuf = 30000,
                               .tos = 0x28,
                               .keepalive = 1,
                               .keepalive_cnt = 3,
                               .keepalive_idle = 11,
                               .keepalive_intvl = 7,
                               .maxrt = 1234,
                               .backlog = -1,
                               .device = ""};
    struct zc_addr at = numeric ("::1", 0);
    int listener, fd, rc;

    CHECK_INT (zc_tcp_listen (&at, &opts, &listener), 0);
    CHECK_INT (zc_net_local (listener, &at), 0);
    rc = zc_tcp_connect (&at, NULL, &opts, &fd);
    CHECK (rc == 0 || rc == -EINPROGRESS);
    zc_tcp_find_ends (fd, &ends);
    CHECK_INT (zc_tcp_tune (fd, &opts, &ends), 0);
    CHECK_INT (option (fd, IPPROTO_TCP, TCP_NODELAY), 1);
    CHECK_INT (option (fd, SOL_SOCKET, SO_KEEPALIVE), 1);
    CHECK_INT (option (fd, IPPROTO_TCP, TCP_KEEPCNT), 3);
    CHECK_INT (option (fd, IPPROTO_TCP, TCP_KEEPIDLE), 11);
    CHECK_INT (option (fd, IPPROTO_TCP, TCP_KEEPINTVL), 7);
    CHECK_INT (option (fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 1234);
    CHECK_INT (option (fd, IPPROTO_IPV6, IPV6_TCLASS), 0x28);
    CHECK_INT (option (fd, SOL_SOCKET, SO_SNDBUF), 40000); /* Linux doubles them */
    CHECK_INT (option (listener, SOL_SOCKET, SO_RCVBUF), 60000);
    CHECK_INT (option (listener, SOL_SOCKET, SO_REUSEADDR), 1);
    zc_net_close (fd);
    zc_net_close (listener);
}

TEST (an_unknown_device_is_an_error)
{
    const struct zc_tcp_ends unknown = {.local.len = 0};
    struct zc_net_opts opts = plain;
    struct zc_addr at = numeric ("127.0.0.1", 0);
    int fd, next = dup (0);

    close (next);
    opts.device = "nosuchdev0";
    CHECK_INT (zc_tcp_listen (&at, &opts, &fd), -ENODEV);
    CHECK_INT (fd, -1);
    CHECK_INT (zc_tcp_connect (&at, NULL, &opts, &fd), -ENODEV);
    CHECK_INT (dup (0), next); /* nothing leaked */
    close (next);
    opts.device = "lo";
    if (zc_tcp_listen (&at, &opts, &fd) == 0) {
        CHECK_INT (zc_tcp_tune (fd, &opts, &unknown), 0);
        zc_net_close (fd);
    }
}

TEST (tcp_failures_are_values)
{
    struct zc_addr at = numeric ("127.0.0.1", 0), v6 = numeric ("::1", 1), away = numeric ("203.0.113.9", 0);
    struct rlimit limit, none;
    int a, b, rc, next;

    CHECK_INT (zc_tcp_listen (&away, &plain, &a), -EADDRNOTAVAIL);
    CHECK_INT (zc_tcp_connect (&at, &v6, &plain, &a), -EAFNOSUPPORT);
    CHECK_INT (zc_tcp_listen (&(struct zc_addr){.len = 0}, &plain, &a), -EAFNOSUPPORT);
    CHECK_INT (zc_tcp_listen (&at, &plain, &a), 0);
    CHECK_INT (zc_net_local (a, &at), 0);
    CHECK_INT (zc_tcp_listen (&at, &plain, &b), -EADDRINUSE);

    rc = zc_tcp_connect (&at, NULL, &plain, &b);
    CHECK (rc == 0 || rc == -EINPROGRESS);
    wait_for (a, ZC_POLL_IN);
    getrlimit (RLIMIT_NOFILE, &limit);
    none = limit;
    next = dup (0);
    close (next);
    none.rlim_cur = (rlim_t)next;
    setrlimit (RLIMIT_NOFILE, &none);
    CHECK_INT (zc_net_accept (a, &rc, NULL), -EMFILE);
    CHECK_INT (zc_tcp_listen (&at, &plain, &rc), -EMFILE);
    setrlimit (RLIMIT_NOFILE, &limit);
    CHECK_INT (zc_net_accept (a, &rc, NULL), 0);
    zc_net_close (rc);
    zc_net_close (b);
    zc_net_close (a);

    rc = zc_tcp_connect (&at, NULL, &plain, &b); /* nobody listens any more */
    if (rc == -EINPROGRESS) {
        wait_for (b, ZC_POLL_OUT);
        rc = zc_net_result (b);
        zc_net_close (b);
    }
    CHECK_INT (rc, -ECONNREFUSED);
    CHECK_INT (zc_net_read (next, &rc, 1), -EBADF);
    CHECK_INT (zc_net_local (next, &at), -EBADF);
    CHECK_INT (zc_net_peer (next, &at), -EBADF);
}

TEST (a_port_that_meets_itself_is_seen)
{
    struct zc_tcp_ends ends = {.local.len = 0};
    struct zc_addr at = numeric ("127.0.0.1", 0);
    int listener, fd, rc;

    CHECK_INT (zc_tcp_listen (&at, &plain, &listener), 0); /* for a free port */
    CHECK_INT (zc_net_local (listener, &at), 0);
    zc_net_close (listener);
    rc = zc_tcp_connect (&at, &at, &plain, &fd);
    CHECK (rc == 0 || rc == -EINPROGRESS);
    if (fd >= 0) {
        wait_for (fd, ZC_POLL_OUT);
        zc_tcp_find_ends (fd, &ends);
        CHECK (zc_tcp_is_self (&ends));
        zc_net_close (fd);
    }
}

TEST (addresses_have_text)
{
    static const struct
    {
        const char *host, *text;
        bool v6;
    } rows[] = {
        {"127.0.0.1", "127.0.0.1:80", false},
        {"::1", "[::1]:80", true},
        {"fe80::1%lo", "[fe80::1%lo]:80", true},
        {"fe80::1%1", "[fe80::1%lo]:80", true},
        {"fe80::1%999999", "[fe80::1%999999]:80", true},
        {"::ffff:1.2.3.4", "1.2.3.4:80", true},
        {"*", "[::]:80", true},
    };
    char text[80];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct zc_addr a = numeric (rows[i].host, 80);

        CHECK_INT (zc_addr_text (&a, text, sizeof text), strlen (rows[i].text));
        CHECK_STR (text, rows[i].text);
        CHECK_INT (zc_addr_port (&a), 80);
        CHECK_INT (zc_addr_is_v6 (&a), rows[i].v6);
    }
    CHECK_INT (zc_addr_text (&(struct zc_addr){.len = 0}, text, sizeof text), 0);
    CHECK_STR (text, "");
}

TEST (a_text_is_cut_where_room_ends)
{
    struct zc_addr a = numeric ("127.0.0.1", 80);
    char text[6] = "zzzzz";

    CHECK_INT (zc_addr_text (&a, text, 5), 4);
    CHECK_STR (text, "127.");
    CHECK_INT (zc_addr_text (&a, text, 0), 0);
}

TEST (more_parts_than_the_system_takes_are_written_in_part)
{
    static struct iovec parts[3000];
    char buf[4096];
    int ends[2];
    int64_t n;

    CHECK_INT (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    for (int i = 0; i < 3000; i++)
        parts[i] = (struct iovec){(void *)(uintptr_t) "x", 1};
    n = zc_net_writev (ends[0], parts, 3000);
    CHECK (n > 0 && n <= 3000);
    CHECK_INT (zc_net_read (ends[1], buf, sizeof buf), n);
    for (int i = 0; i < 3000; i++)
        parts[i] = (struct iovec){buf + i, 1};
    CHECK_INT (zc_net_write (ends[0], "abc", 3), 3);
    CHECK_INT (zc_net_readv (ends[1], parts, 3000), 3);
    CHECK_MEM (buf, "abc", 3);
    close (ends[0]);
    close (ends[1]);
}

TEST (users_have_groups)
{
    CHECK (zc_user_in_group (0, 0));
    CHECK (!zc_user_in_group (0, 54321));
    CHECK (!zc_user_in_group (54321, 0));
}
