/* Unix-domain sockets: listen, connect, and the care for their files.
 *
 * A path that exists may belong to a live listener or be what a crash left behind. Whether somebody
 * holds it is asked with a connect of the wrong type: a datagram socket is refused with EPROTOTYPE
 * by any stream socket bound there, even one that does not listen yet, and the owner notices
 * nothing; ECONNREFUSED means that nobody has it open.
 *
 * Taking over is three steps (ask, unlink, bind), so those who do it exclude each other with flock
 * on the directory: no file is made for it, and a crash frees it. Who finds no file needs no lock,
 * for bind makes the file in one step. */
#include "os/net.h"
#include "os/clock.h"
#include "os/posix/addr.h"
#include "os/posix/fd.h"
#include "os/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_PATIENCE (200 * ZC_MS) /* the lock is held for microseconds, unless a stranger holds it */
#define PATH_CAP 128                /* more than any socket path */

/* The directory of path, as text. */
static void directory_of (const char *path, char out[static PATH_CAP])
{
    const char *slash = strrchr (path, '/');
    int n = slash ? (int)(slash - path) : 0;

    if (!slash)
        snprintf (out, PATH_CAP, ".");
    else
        snprintf (out, PATH_CAP, "%.*s", n ? n : 1, path);
}

/* Locks the directory of path. A descriptor for unlock_directory, or a negative errno. */
static int lock_directory (const char *path)
{
    char dir[PATH_CAP];
    uint64_t deadline = zc_now () + LOCK_PATIENCE;
    int fd, rc;

    directory_of (path, dir);
    fd = open (dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    while (flock (fd, LOCK_EX | LOCK_NB) < 0) {
        rc = -errno;
        if ((rc != -EWOULDBLOCK && rc != -EINTR) || zc_now () >= deadline) {
            close (fd);
            return rc;
        }
        zc_thread_sleep_ms (1);
    }
    return fd;
}

static void unlock_directory (int fd)
{
    if (fd < 0)
        return;
    flock (fd, LOCK_UN); /* not by close alone: a child forked just now holds a copy */
    close (fd);
}

static bool file_id (const char *path, struct zc_ipc_id *id)
{
    struct stat st;

    if (lstat (path, &st) < 0 || !S_ISSOCK (st.st_mode))
        return false;
    *id = (struct zc_ipc_id){(uint64_t)st.st_dev, (uint64_t)st.st_ino};
    return true;
}

static bool same_file (const char *path, const struct zc_ipc_id *id)
{
    struct zc_ipc_id now;

    return file_id (path, &now) && now.dev == id->dev && now.ino == id->ino;
}

/* 0: nobody has the socket file at addr open. -EADDRINUSE: somebody has, or it can't be known. Else
 * no descriptor to ask. */
static int probe (const struct zc_addr *addr)
{
    int fd, rc = zc_fd_socket (AF_UNIX, SOCK_DGRAM, &fd);

    if (rc < 0)
        return rc;
    do
        rc = connect (fd, zc_addr_raw (addr), addr->len) < 0 ? -errno : 0;
    while (rc == -EINTR);
    close (fd);
    return rc == -ECONNREFUSED ? 0 : -EADDRINUSE;
}

static int bind_to (int fd, const struct zc_addr *addr)
{
    return bind (fd, zc_addr_raw (addr), addr->len) < 0 ? -errno : 0;
}

/* bind found a file. Binds in its place if it is a stale socket, else -EADDRINUSE; -EMFILE,
 * -ENFILE. */
static int take_over (int fd, const char *path, const struct zc_addr *addr)
{
    struct zc_ipc_id id;
    int lock = lock_directory (path), rc;

    if (lock < 0) /* without the lock nothing is unlinked */
        return lock == -EMFILE || lock == -ENFILE ? lock : -EADDRINUSE;
    /* bind never follows a symbolic link, and neither does this. */
    rc = file_id (path, &id) ? probe (addr) : -EADDRINUSE;
    if (rc == 0)
        rc = same_file (path, &id) && unlink (path) == 0 ? bind_to (fd, addr) : -EADDRINUSE;
    unlock_directory (lock);
    return rc;
}

static void tune (int fd, const struct zc_net_opts *o)
{
    if (o->sndbuf >= 0)
        (void)setsockopt (fd, SOL_SOCKET, SO_SNDBUF, &o->sndbuf, sizeof o->sndbuf);
    if (o->rcvbuf >= 0)
        (void)setsockopt (fd, SOL_SOCKET, SO_RCVBUF, &o->rcvbuf, sizeof o->rcvbuf);
}

int zc_ipc_listen (const char *path, const struct zc_net_opts *o, int *fd, struct zc_ipc_id *id)
{
    struct zc_addr addr;
    int s, rc = zc_addr_ipc (&addr, path);
    bool file = path[0] != '@';

    *fd = -1;
    *id = (struct zc_ipc_id){0, 0};
    if (rc < 0)
        return rc;
    rc = zc_fd_socket (AF_UNIX, SOCK_STREAM, &s);
    if (rc < 0)
        return rc;
    tune (s, o);
    rc = bind_to (s, &addr);
    if (rc == -EADDRINUSE && file)
        rc = take_over (s, path, &addr);
    if (rc < 0)
        goto fail;
    if (file)
        (void)file_id (path, id); /* gone already: then it is not ours to remove */
    if (listen (s, o->backlog < 0 ? SOMAXCONN : o->backlog) < 0) {
        rc = -errno;
        goto fail_bound;
    }
    *fd = s;
    return 0;

fail_bound:
    zc_ipc_remove (path, id);
fail:
    zc_net_close (s);
    return rc;
}

int zc_ipc_remove (const char *path, const struct zc_ipc_id *id)
{
    int lock, rc = 0;

    if (path[0] == '@' || !same_file (path, id))
        return 0;
    /* Between the look and the unlink somebody might take over, but only if our listener is closed
     * already. Without the lock (no right to read the directory) the look alone must do. */
    lock = lock_directory (path);
    if (same_file (path, id) && unlink (path) < 0 && errno != ENOENT)
        rc = -errno;
    unlock_directory (lock);
    return rc;
}

int zc_ipc_connect (const char *path, const struct zc_net_opts *o, int *fd)
{
    struct zc_addr addr;
    int s, rc = zc_addr_ipc (&addr, path);

    *fd = -1;
    if (rc < 0)
        return rc;
    rc = zc_fd_socket (AF_UNIX, SOCK_STREAM, &s);
    if (rc < 0)
        return rc;
    tune (s, o);
    if (connect (s, zc_addr_raw (&addr), addr.len) < 0)
        rc = errno == EINTR ? -EINPROGRESS : -errno;
    if (rc < 0 && rc != -EINPROGRESS)
        zc_net_close (s);
    else
        *fd = s;
    return rc;
}

/* dir/zc-XXXXXX/socket, if that is a possible socket path; the directory is made. */
static int make_in (const char *dir, char *out, size_t cap)
{
    static const char name[] = "/socket";
    char temp[PATH_CAP];
    struct zc_addr addr;
    int n = snprintf (temp, sizeof temp, "%s/zc-XXXXXX%s", dir, name), rc;

    if (n < 0 || (size_t)n >= sizeof temp || (size_t)n >= cap)
        return -ENAMETOOLONG;
    rc = zc_addr_ipc (&addr, temp);
    if (rc < 0)
        return rc;
    temp[(size_t)n - (sizeof name - 1)] = '\0';
    if (!mkdtemp (temp))
        return -errno;
    snprintf (out, cap, "%s%s", temp, name);
    return 0;
}

int zc_ipc_wildcard (char *out, size_t cap)
{
    static const char *const variables[] = {"TMPDIR", "TEMPDIR", "TMP"};

    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        const char *dir = getenv (variables[i]);

        /* One that does not exist, or is too long for a socket path, is passed over. */
        if (dir && dir[0] == '/' && make_in (dir, out, cap) == 0)
            return 0;
    }
    return make_in ("/tmp", out, cap);
}

int zc_ipc_remove_dir (const char *path_in_it)
{
    char dir[PATH_CAP];

    directory_of (path_in_it, dir);
    return rmdir (dir) < 0 ? -errno : 0;
}
