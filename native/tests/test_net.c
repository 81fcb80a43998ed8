/* TCP and ipc sockets, their addresses and their files. */
#include "check.h"
#include "os/clock.h"
#include "os/net.h"
#include "os/poller.h"
#include "os/resolve.h"
#include "os/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct zc_net_opts plain = {.sndbuf = -1,
                                         .rcvbuf = -1,
                                         .keepalive = -1,
                                         .keepalive_cnt = -1,
                                         .keepalive_idle = -1,
                                         .keepalive_intvl = -1,
                                         .backlog = 100};

static struct zc_addr numeric (const char *host, uint16_t port)
{
    struct zc_addr a = {.len = 0};

    CHECK_INT (zc_resolve (host, port, ZC_RESOLVE_IPV6 | ZC_RESOLVE_LOCAL, &a, 1), 1);
    return a;
}

static void wait_for (int fd, unsigned events)
{
    struct zc_pollfd p = {.fd = fd, .events = events};

    CHECK_INT (zc_poll (&p, 1, 10000 * (int64_t)ZC_MS, NULL), 1);
}

static int accept_one (int listener, struct zc_addr *peer)
{
    int fd = -1;

    wait_for (listener, ZC_POLL_IN);
    CHECK_INT (zc_net_accept (listener, &fd, peer), 0);
    return fd;
}

static void check_fit (int fd)
{
    CHECK (fcntl (fd, F_GETFL) & O_NONBLOCK);
    CHECK (fcntl (fd, F_GETFD) & FD_CLOEXEC);
}

/* Listens at host, connects to it from source (or NULL) and sends a few bytes both ways. */
static void tcp_round (const char *host, const char *target, const char *source, bool dual)
{
    struct zc_net_opts opts = plain;
    struct zc_addr at, local, peer, from;
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
    CHECK_INT (zc_tcp_tune (fd, &opts), 0);
    CHECK_INT (zc_tcp_tune (other, &opts), 0);
    CHECK (!zc_tcp_is_self (fd));
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
    CHECK_INT (zc_tcp_tune (fd, &opts), 0);
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
        CHECK_INT (zc_tcp_tune (fd, &opts), 0);
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
    struct zc_addr at = numeric ("127.0.0.1", 0);
    int listener, fd, rc;

    CHECK_INT (zc_tcp_listen (&at, &plain, &listener), 0); /* for a free port */
    CHECK_INT (zc_net_local (listener, &at), 0);
    zc_net_close (listener);
    rc = zc_tcp_connect (&at, &at, &plain, &fd);
    CHECK (rc == 0 || rc == -EINPROGRESS);
    if (fd >= 0) {
        wait_for (fd, ZC_POLL_OUT);
        CHECK (zc_tcp_is_self (fd));
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

/* ---- ipc. Each test has a directory of its own, from zc_ipc_wildcard. ---- */

struct room
{
    char path[128], dir[128];
};

static struct room room_open (void)
{
    struct room r;

    CHECK_INT (zc_ipc_wildcard (r.path, sizeof r.path), 0);
    strcpy (r.dir, r.path);
    *strrchr (r.dir, '/') = '\0';
    return r;
}

/* Removing the directory also proves that no litter is left in it. */
static void room_close (struct room *r)
{
    CHECK_INT (zc_ipc_remove_dir (r->path), 0);
}

static bool is_live (const char *path)
{
    int fd, rc = zc_ipc_connect (path, &plain, &fd);

    if (fd >= 0)
        zc_net_close (fd);
    return rc == 0;
}

static void ipc_round (const char *path)
{
    struct zc_ipc_id id;
    struct zc_addr local;
    int64_t pid, uid, gid;
    int listener, fd, other;
    char text[128];

    CHECK_INT (zc_ipc_listen (path, &plain, &listener, &id), 0);
    check_fit (listener);
    CHECK_INT (zc_net_local (listener, &local), 0);
    CHECK_INT (zc_addr_text (&local, text, sizeof text), strlen (path));
    CHECK_STR (text, path);
    CHECK_INT (zc_addr_port (&local), 0);
    CHECK_INT (zc_ipc_connect (path, &plain, &fd), 0);
    other = accept_one (listener, &local);
    CHECK_INT (zc_addr_host (&local, text, sizeof text), 0); /* the connecting end has no name */
    CHECK_INT (zc_ipc_peer (other, &pid, &uid, &gid), 0);
    CHECK_INT (pid, getpid ());
    CHECK_INT (uid, geteuid ());
    CHECK_INT (gid, getegid ());
    CHECK_INT (zc_net_write (fd, "x", 1), 1);
    CHECK_INT (zc_net_read (other, text, 9), 1);
    CHECK_INT (zc_ipc_remove (path, &id), 0);
    CHECK (path[0] == '@' || access (path, F_OK) < 0);
    CHECK_INT (zc_ipc_remove (path, &id), 0);
    zc_net_close (fd);
    zc_net_close (other);
    zc_net_close (listener);
    CHECK (!is_live (path));
}

TEST (ipc_at_a_path_and_with_a_wildcard)
{
    struct room r = room_open ();
    struct stat st;

    CHECK_INT (stat (r.dir, &st), 0);
    CHECK_INT (st.st_mode & 0777, 0700);
    ipc_round (r.path);
    room_close (&r);
    CHECK (stat (r.dir, &st) < 0);
}

TEST (ipc_with_an_abstract_name)
{
    char name[64];
    struct zc_ipc_id id;
    int a, b;

    snprintf (name, sizeof name, "@zcffi-test-%d", (int)getpid ());
    ipc_round (name);
    CHECK_INT (zc_ipc_listen (name, &plain, &a, &id), 0);
    CHECK_INT (zc_ipc_listen (name, &plain, &b, &id), -EADDRINUSE);
    zc_net_close (a);
}

TEST (ipc_wildcard_passes_over_a_useless_tmpdir)
{
    char big[300], path[128];

    memset (big, 'a', sizeof big - 1);
    big[0] = '/';
    big[sizeof big - 1] = '\0';
    setenv ("TMPDIR", big, 1);
    CHECK_INT (zc_ipc_wildcard (path, sizeof path), 0);
    CHECK (strncmp (path, "/tmp/", 5) == 0);
    CHECK_INT (zc_ipc_remove_dir (path), 0);
    setenv ("TMPDIR", "/no/such/dir", 1);
    CHECK_INT (zc_ipc_wildcard (path, sizeof path), 0);
    CHECK_INT (zc_ipc_remove_dir (path), 0);
    unsetenv ("TMPDIR");
    CHECK_INT (zc_ipc_wildcard (path, 10), -ENAMETOOLONG);
}

TEST (a_live_ipc_path_is_never_stolen)
{
    struct room r = room_open ();
    struct zc_ipc_id id, other;
    int a, b;

    CHECK_INT (zc_ipc_listen (r.path, &plain, &a, &id), 0);
    CHECK_INT (zc_ipc_listen (r.path, &plain, &b, &other), -EADDRINUSE);
    CHECK_INT (b, -1);
    CHECK_INT (zc_net_accept (a, &b, NULL), -EAGAIN); /* the owner was not even bothered */
    CHECK (is_live (r.path));
    CHECK_INT (zc_ipc_remove (r.path, &id), 0);
    zc_net_close (a);
    room_close (&r);
}

TEST (an_ipc_path_bound_but_not_yet_listening_is_not_stolen)
{
    struct room r = room_open ();
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    struct zc_ipc_id id;
    int a, b;

    for (int type = 0; type < 2; type++) {
        a = socket (AF_UNIX, type ? SOCK_DGRAM : SOCK_STREAM, 0);
        strcpy (un.sun_path, r.path);
        CHECK_INT (bind (a, (struct sockaddr *)&un, sizeof un), 0);
        CHECK_INT (zc_ipc_listen (r.path, &plain, &b, &id), -EADDRINUSE);
        close (a);
        unlink (r.path);
    }
    room_close (&r);
}

/* Leaves what a crashed listener leaves. */
static void make_stale (const char *path)
{
    struct zc_ipc_id id;
    int fd;

    CHECK_INT (zc_ipc_listen (path, &plain, &fd, &id), 0);
    zc_net_close (fd);
    CHECK_INT (access (path, F_OK), 0);
}

TEST (a_stale_ipc_path_is_taken_over)
{
    struct room r = room_open ();
    struct zc_ipc_id id;
    int a;

    make_stale (r.path);
    CHECK_INT (zc_ipc_listen (r.path, &plain, &a, &id), 0);
    CHECK (is_live (r.path));
    CHECK_INT (zc_ipc_remove (r.path, &id), 0);
    zc_net_close (a);
    room_close (&r);
}

TEST (what_is_no_socket_is_never_touched)
{
    struct room r = room_open ();
    char stale[160];
    struct zc_ipc_id id;
    struct stat st;
    int fd;

    fd = open (r.path, O_CREAT | O_WRONLY, 0600);
    close (fd);
    CHECK_INT (zc_ipc_listen (r.path, &plain, &fd, &id), -EADDRINUSE);
    CHECK (lstat (r.path, &st) == 0 && S_ISREG (st.st_mode));
    unlink (r.path);

    CHECK_INT (mkdir (r.path, 0700), 0);
    CHECK_INT (zc_ipc_listen (r.path, &plain, &fd, &id), -EADDRINUSE);
    CHECK_INT (rmdir (r.path), 0);

    /* A link to a stale socket would be followed by connect, and must not be by us. */
    snprintf (stale, sizeof stale, "%s.s", r.path);
    make_stale (stale);
    CHECK_INT (symlink (stale, r.path), 0);
    CHECK_INT (zc_ipc_listen (r.path, &plain, &fd, &id), -EADDRINUSE);
    CHECK (lstat (r.path, &st) == 0 && S_ISLNK (st.st_mode));
    CHECK (lstat (stale, &st) == 0 && S_ISSOCK (st.st_mode));
    unlink (stale);
    CHECK_INT (zc_ipc_listen (r.path, &plain, &fd, &id), -EADDRINUSE); /* dangling */
    unlink (r.path);
    room_close (&r);
}

TEST (ipc_failures_are_values)
{
    struct room r = room_open ();
    char path[300];
    struct zc_ipc_id id;
    struct zc_addr addr;
    int fd;

    snprintf (path, sizeof path, "%s/none/s", r.dir);
    CHECK_INT (zc_ipc_listen (path, &plain, &fd, &id), -ENOENT);
    CHECK_INT (zc_ipc_connect (path, &plain, &fd), -ENOENT);
    memset (path, 'a', sizeof path);
    path[108] = '\0';
    CHECK_INT (zc_ipc_listen (path, &plain, &fd, &id), -ENAMETOOLONG);
    path[107] = '\0';
    CHECK_INT (zc_addr_ipc (&addr, path), 0);
    CHECK_INT (zc_addr_text (&addr, path + 150, 150), 107);
    CHECK_INT (zc_addr_ipc (&addr, ""), -EINVAL);
    CHECK_INT (zc_addr_ipc (&addr, "@"), -EINVAL);
    make_stale (r.path);
    CHECK_INT (zc_ipc_connect (r.path, &plain, &fd), -ECONNREFUSED);
    unlink (r.path);
    CHECK_INT (zc_ipc_remove_dir ("/no/such/s"), -ENOENT);
    room_close (&r);
}

TEST (only_our_own_ipc_file_is_removed)
{
    struct room r = room_open ();
    struct zc_ipc_id mine, theirs;
    char second[160];
    int a, b;

    CHECK_INT (zc_ipc_listen (r.path, &plain, &a, &mine), 0);
    snprintf (second, sizeof second, "%s.2", r.path);
    CHECK_INT (link (r.path, second), 0); /* keeps the number of our file from being given again */
    zc_net_close (a);                     /* goes stale; somebody else takes the path */
    CHECK_INT (zc_ipc_listen (r.path, &plain, &b, &theirs), 0);
    CHECK (mine.ino != theirs.ino);
    CHECK_INT (zc_ipc_remove (r.path, &mine), 0);
    CHECK (is_live (r.path));
    CHECK_INT (unlink (second), 0);
    CHECK_INT (zc_ipc_remove (r.path, &theirs), 0);
    zc_net_close (b);
    room_close (&r);
}

TEST (a_directory_locked_by_a_stranger_only_prevents_taking_over)
{
    struct room r = room_open ();
    struct zc_ipc_id id;
    int lock = open (r.dir, O_RDONLY | O_DIRECTORY), a;

    CHECK_INT (flock (lock, LOCK_EX), 0);
    make_stale (r.path);
    CHECK_INT (zc_ipc_listen (r.path, &plain, &a, &id), -EADDRINUSE);
    close (lock);
    CHECK_INT (zc_ipc_listen (r.path, &plain, &a, &id), 0);
    CHECK_INT (zc_ipc_remove (r.path, &id), 0);
    zc_net_close (a);
    room_close (&r);
}

enum
{
    STARTERS = 4,
    RACES = 150
};

struct race
{
    char path[128];
    pthread_barrier_t gate;
    int fds[STARTERS], results[STARTERS];
    struct zc_ipc_id ids[STARTERS];
};

struct starter
{
    struct race *race;
    int me;
};

static void starter_main (void *arg)
{
    struct starter *s = arg;
    struct race *r = s->race;

    for (int round = 0; round < RACES; round++) {
        pthread_barrier_wait (&r->gate);
        r->results[s->me] = zc_ipc_listen (r->path, &plain, &r->fds[s->me], &r->ids[s->me]);
        pthread_barrier_wait (&r->gate);
    }
}

TEST (one_of_many_starters_takes_a_stale_path)
{
    struct room room = room_open ();
    struct race r = {.path = ""};
    struct starter starters[STARTERS];
    struct zc_thread threads[STARTERS];

    strcpy (r.path, room.path);
    pthread_barrier_init (&r.gate, NULL, STARTERS + 1);
    for (int i = 0; i < STARTERS; i++) {
        starters[i] = (struct starter){&r, i};
        CHECK_INT (zc_thread_start (&threads[i], starter_main, &starters[i], NULL), 0);
    }
    for (int round = 0; round < RACES; round++) {
        int won = 0, winner = -1, fd = -1;

        if (round % 3)
            make_stale (r.path);
        pthread_barrier_wait (&r.gate);
        pthread_barrier_wait (&r.gate);
        for (int i = 0; i < STARTERS; i++) {
            if (r.results[i] == 0) {
                won++;
                winner = i;
            } else {
                CHECK_INT (r.results[i], -EADDRINUSE);
            }
        }
        CHECK_INT (won, 1);
        if (winner < 0)
            continue;
        CHECK (is_live (r.path)); /* reaches the winner, not a ghost */
        CHECK_INT (zc_net_accept (r.fds[winner], &fd, NULL), 0);
        zc_net_close (fd);
        CHECK_INT (zc_ipc_remove (r.path, &r.ids[winner]), 0);
        zc_net_close (r.fds[winner]);
    }
    for (int i = 0; i < STARTERS; i++)
        zc_thread_join (&threads[i]);
    pthread_barrier_destroy (&r.gate);
    room_close (&room);
}

TEST (adoption_takes_only_listeners)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    struct room r = room_open ();
    int ends[2], fd = socket (AF_UNIX, SOCK_STREAM, 0);

    strcpy (un.sun_path, r.path);
    CHECK_INT (bind (fd, (struct sockaddr *)&un, sizeof un), 0);
    CHECK_INT (zc_net_adopt (fd), -EINVAL);
    CHECK_INT (listen (fd, 5), 0);
    CHECK_INT (zc_net_adopt (fd), 0);
    check_fit (fd);
    close (fd);
    CHECK_INT (zc_net_adopt (fd), -EBADF);
    CHECK_INT (pipe (ends), 0);
    CHECK_INT (zc_net_adopt (ends[0]), -ENOTSOCK);
    close (ends[0]);
    close (ends[1]);
    unlink (r.path);
    room_close (&r);
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
