/* The pollers, every backend by the same rules, from one thread. */
#include "each_poller.h"
#include "os/poller/table.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

EACH (reports_while_readable)
{
    int fds[2];
    char c;

    pair (fds);
    CHECK_INT (zc_poller_add (p, fds[0], ZC_POLL_IN, UINT64_MAX), 0);
    CHECK_INT (look (p, UINT64_MAX, 0), 0);
    put (fds[1]);
    CHECK_INT (look (p, UINT64_MAX, -1), ZC_POLL_IN);
    CHECK_INT (look (p, UINT64_MAX, 0), ZC_POLL_IN);
    CHECK_INT (read (fds[0], &c, 1), 1);
    CHECK_INT (look (p, UINT64_MAX, 0), 0);
    CHECK_INT (zc_poller_mod (p, fds[0], ZC_POLL_IN | ZC_POLL_OUT, 7), 0);
    CHECK_INT (look (p, 7, ZC_MS), ZC_POLL_OUT);
    CHECK_INT (zc_poller_del (p, fds[0]), 0);
    unpair (fds);
}

EACH (once_is_silent_until_mod)
{
    int fds[2];

    pair (fds);
    CHECK_INT (zc_poller_add (p, fds[0], ZC_POLL_IN | ZC_POLL_ONCE, 1), 0);
    put (fds[1]);
    CHECK_INT (look (p, 1, -1), ZC_POLL_IN);
    CHECK_INT (look (p, 1, 0), 0);
    close (fds[1]); /* not even a hang-up */
    fds[1] = -1;
    CHECK_INT (look (p, 1, ZC_MS), 0);
    CHECK_INT (zc_poller_mod (p, fds[0], ZC_POLL_IN | ZC_POLL_ONCE, 2), 0);
    CHECK_INT (look (p, 2, -1), ZC_POLL_IN | ZC_POLL_ERR);
    CHECK_INT (look (p, 2, 0), 0);
    CHECK_INT (zc_poller_del (p, fds[0]), 0);
    unpair (fds);
}

EACH (edge_is_for_those_that_nest)
{
    int fds[2];

    pair (fds);
    put (fds[1]);
    if (p->ops->nests) {
        CHECK_INT (zc_poller_add (p, fds[0], ZC_POLL_IN | ZC_POLL_EDGE, 1), 0);
        CHECK_INT (look (p, 1, -1), ZC_POLL_IN);
        CHECK_INT (look (p, 1, 0), 0);
        put (fds[1]);
        CHECK_INT (look (p, 1, -1), ZC_POLL_IN);
        CHECK_INT (zc_poller_del (p, fds[0]), 0);
    } else {
        CHECK_INT (p->fd, -1);
        CHECK_INT (zc_poller_add (p, fds[0], ZC_POLL_IN | ZC_POLL_EDGE, 1), -EINVAL);
        CHECK_INT (zc_poller_del (p, fds[0]), -ENOENT);
    }
    unpair (fds);
}

EACH (a_set_nests_once_in_another)
{
    struct zc_poller inner;
    int fds[2];

    if (!p->ops->nests)
        return;
    pair (fds);
    CHECK_INT (zc_poller_open (&inner, p->ops), 0);
    CHECK (inner.fd >= 0);
    CHECK_INT (zc_poller_add (p, inner.fd, ZC_POLL_IN | ZC_POLL_ONCE, 1), 0);
    CHECK_INT (zc_poller_add (&inner, fds[0], ZC_POLL_IN, 2), 0);
    CHECK_INT (look (p, 1, 0), 0);
    put (fds[1]);
    CHECK_INT (look (p, 1, -1), ZC_POLL_IN);
    CHECK_INT (look (p, 1, 0), 0);
    CHECK_INT (look (&inner, 2, 0), ZC_POLL_IN);
    CHECK_INT (zc_poller_mod (p, inner.fd, ZC_POLL_IN | ZC_POLL_ONCE, 3), 0);
    CHECK_INT (look (p, 3, 0), ZC_POLL_IN);
    CHECK_INT (zc_poller_del (p, inner.fd), 0);
    CHECK_INT (zc_poller_del (&inner, fds[0]), 0);
    zc_poller_close (&inner);
    unpair (fds);
}

EACH (refuses_what_is_wrong)
{
    int fds[2];

    pair (fds);
    CHECK_INT (zc_poller_add (p, fds[0], ZC_POLL_IN, 1), 0);
    CHECK_INT (zc_poller_add (p, fds[0], ZC_POLL_IN, 1), -EEXIST);
    CHECK_INT (zc_poller_mod (p, fds[1], ZC_POLL_IN, 1), -ENOENT);
    CHECK_INT (zc_poller_del (p, fds[1]), -ENOENT);
    CHECK_INT (zc_poller_del (p, fds[0]), 0);
    CHECK_INT (zc_poller_del (p, fds[0]), -ENOENT);
    unpair (fds);
    CHECK_INT (zc_poller_add (p, fds[0], ZC_POLL_IN, 1), -EBADF);
    CHECK_INT (zc_poller_add (p, -1, ZC_POLL_IN, 1), -EBADF);
}

EACH (deleted_ones_are_not_reported)
{
    int a[2], b[2];

    pair (a);
    pair (b);
    put (a[1]);
    put (b[1]);
    CHECK_INT (zc_poller_add (p, a[0], ZC_POLL_IN, 1), 0);
    CHECK_INT (zc_poller_add (p, b[0], ZC_POLL_IN, 2), 0);
    CHECK_INT (look (p, 1, 0), ZC_POLL_IN);
    CHECK_INT (zc_poller_del (p, a[0]), 0);
    CHECK_INT (look (p, 1, 0), 0);
    CHECK_INT (look (p, 2, 0), ZC_POLL_IN);
    unpair (a);
    pair (a); /* most likely the same numbers */
    put (a[1]);
    CHECK_INT (look (p, 1, 0), 0);
    CHECK_INT (zc_poller_add (p, a[0], ZC_POLL_IN, 3), 0);
    CHECK_INT (look (p, 3, 0), ZC_POLL_IN);
    CHECK_INT (zc_poller_del (p, a[0]), 0);
    CHECK_INT (zc_poller_del (p, b[0]), 0);
    unpair (a);
    unpair (b);
}

EACH (hang_up_is_an_error_with_in_if_asked)
{
    int fds[2];

    for (int mask = 0; mask <= ZC_POLL_OUT; mask++) {
        unsigned want = ZC_POLL_ERR | (unsigned)mask;

        if (mask == 0 && strcmp (p->ops->name, "select") == 0)
            continue; /* select sees nothing on what it is asked nothing about */
        pair (fds);
        CHECK_INT (zc_poller_add (p, fds[0], (unsigned)mask, 1), 0);
        CHECK_INT (look (p, 1, 0) & ~(unsigned)ZC_POLL_OUT, 0);
        close (fds[1]);
        fds[1] = -1;
        CHECK_INT (look (p, 1, -1), want);
        CHECK_INT (zc_poller_del (p, fds[0]), 0);
        unpair (fds);
    }
}

EACH (a_refused_connection_is_an_error)
{
    struct sockaddr_storage at = {.ss_family = AF_INET};
    socklen_t len = 16;
    int bound = socket (AF_INET, SOCK_STREAM, 0); /* bound, not listening: refuses */
    int fd = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    memcpy ((char *)&at + 4, "\x7f\0\0\1", 4);
    CHECK_INT (bind (bound, (struct sockaddr *)&at, len), 0);
    CHECK_INT (getsockname (bound, (struct sockaddr *)&at, &len), 0);
    CHECK_INT (connect (fd, (struct sockaddr *)&at, len), -1);
    CHECK_INT (zc_poller_add (p, fd, ZC_POLL_IN | ZC_POLL_OUT, 1), 0);
    CHECK_INT (look (p, 1, -1), ZC_POLL_IN | ZC_POLL_OUT | ZC_POLL_ERR);
    CHECK_INT (zc_net_result (fd), -ECONNREFUSED);
    CHECK_INT (zc_poller_del (p, fd), 0);
    close (fd);
    close (bound);
}

EACH (waits_as_long_as_told)
{
    static const int64_t times[] = {300 * (int64_t)ZC_US, 5 * (int64_t)ZC_MS};
    struct zc_poll_event e;

    for (size_t i = 0; i < 2; i++) {
        uint64_t start = zc_now ();

        CHECK_INT (zc_poller_wait (p, &e, 1, times[i]), 0);
        CHECK (zc_now () - start >= (uint64_t)times[i]);
    }
    CHECK_INT (zc_poller_wait (p, &e, 1, 0), 0);
}

enum
{
    MANY = 200
};

EACH (all_of_many_get_their_turn)
{
    static int fds[MANY][2];
    bool seen[MANY] = {false};
    int missing = MANY;

    for (int i = 0; i < MANY; i++) {
        pair (fds[i]);
        put (fds[i][1]);
        CHECK_INT (zc_poller_add (p, fds[i][0], ZC_POLL_IN, (uint64_t)i), 0);
    }
    /* Nobody reads, so all stay ready; yet none may be hidden by the others. */
    for (int round = 0; round < 2 * MANY && missing; round++) {
        struct zc_poll_event e[16];
        int n = zc_poller_wait (p, e, 16, -1);

        CHECK_INT (n, 16);
        for (int i = 0; i < n; i++) {
            missing -= !seen[e[i].tag];
            seen[e[i].tag] = true;
        }
    }
    CHECK_INT (missing, 0);
    for (int i = 0; i < MANY; i++) {
        CHECK_INT (zc_poller_del (p, fds[i][0]), 0);
        unpair (fds[i]);
    }
}

EACH (high_descriptors_are_refused_where_they_do_not_fit)
{
    struct rlimit limit;
    int fds[2], high = FD_SETSIZE + 100;

    if (getrlimit (RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur <= (rlim_t)high)
        return;
    pair (fds);
    CHECK_INT (dup2 (fds[0], high), high);
    if (p->ops->max_fd) {
        CHECK_INT (zc_poller_add (p, high, ZC_POLL_OUT, 1), -EMFILE);
    } else {
        CHECK_INT (zc_poller_add (p, high, ZC_POLL_OUT, 1), 0);
        CHECK_INT (look (p, 1, -1), ZC_POLL_OUT);
        CHECK_INT (zc_poller_del (p, high), 0);
    }
    close (high);
    unpair (fds);
}

TEST (out_of_descriptors_is_an_error_and_leaks_nothing)
{
    struct rlimit limit, none;
    int next = dup (0);

    close (next);
    getrlimit (RLIMIT_NOFILE, &limit);
    none = limit;
    none.rlim_cur = (rlim_t)next;
    setrlimit (RLIMIT_NOFILE, &none);
    for (int i = 0; i < 3; i++) {
        const struct zc_poller_ops *ops = zc_poller_find ((const char *[]){"epoll", "poll", "select"}[i]);
        struct zc_poller p;

        if (ops)
            CHECK_INT (zc_poller_open (&p, ops), -EMFILE);
    }
    setrlimit (RLIMIT_NOFILE, &limit);
    CHECK_INT (dup (0), next);
    close (next);
}

/* A look that finds both rows hung up after the table changed under it. */
static struct zc_poller *changing;
static int change_first, change_second;

static int change_and_look (struct pollfd *fds, size_t n, int64_t timeout)
{
    (void)timeout;
    if (change_first >= 0) {
        CHECK_INT (n, 3);
        CHECK_INT (zc_table_del (changing, change_first), 0);
        CHECK_INT (zc_table_mod (changing, change_second, ZC_POLL_OUT, 3), 0);
        CHECK_INT (zc_table_add (changing, change_first, ZC_POLL_OUT, 4), 0);
        change_first = -1;
    } else {
        CHECK_INT (fds[1].events, POLLOUT);
        CHECK_INT (fds[2].events, POLLOUT);
    }
    for (size_t i = 0; i < n; i++)
        fds[i].revents = i > 0 ? POLLHUP : 0;
    return (int)n - 1;
}

TEST (what_changed_during_a_look_is_not_reported_from_it)
{
    struct zc_poller p;
    struct zc_poll_event e[4];
    int fds[2];

    pair (fds);
    CHECK_INT (zc_poller_open (&p, zc_poller_find ("poll")), 0);
    changing = &p;
    change_first = fds[0];
    change_second = fds[1];
    CHECK_INT (zc_poller_add (&p, fds[0], ZC_POLL_IN, 1), 0);
    CHECK_INT (zc_poller_add (&p, fds[1], ZC_POLL_IN, 2), 0);
    CHECK_INT (zc_table_wait (&p, change_and_look, e, 4, 0), 0);
    CHECK_INT (zc_table_wait (&p, change_and_look, e, 4, -1), 2);
    CHECK (e[0].tag + e[1].tag == 3 + 4);
    CHECK_INT (e[0].events, ZC_POLL_ERR); /* IN was not asked for */
    CHECK_INT (zc_poller_mod (&p, fds[0], ZC_POLL_IN, 5), 0);
    CHECK_INT (zc_poller_mod (&p, fds[1], ZC_POLL_IN, 5), 0);
    zc_poller_close (&p);
    unpair (fds);
}

/* The read end of a pipe hangs up without being readable. */
TEST (hang_up_brings_in_where_the_system_does_not)
{
    static const char *const names[] = {"poll", "select"};

    for (int i = 0; i < 2; i++) {
        struct zc_poller p;
        int ends[2];

        CHECK_INT (pipe (ends), 0);
        CHECK_INT (zc_poller_open (&p, zc_poller_find (names[i])), 0);
        CHECK_INT (zc_poller_add (&p, ends[0], ZC_POLL_IN, 1), 0);
        close (ends[1]);
        CHECK_INT (look (&p, 1, -1), ZC_POLL_IN | ZC_POLL_ERR);
        CHECK_INT (zc_poller_del (&p, ends[0]), 0);
        zc_poller_close (&p);
        close (ends[0]);
    }
}

TEST (backends_are_found_by_name)
{
    CHECK (!zc_poller_find ("no such"));
    CHECK (zc_poller_find (NULL) != NULL);
    CHECK_STR (zc_poller_find ("poll")->name, "poll");
    CHECK (zc_poller_default () == zc_poller_default ());
}
