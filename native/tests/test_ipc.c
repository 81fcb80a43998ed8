/* ipc sockets and their files. Each test has a directory of its own, from zc_ipc_wildcard. */
#include "net_ends.h"
#include "os/thread.h"

#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

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
