/* Every event of a monitor, in the form of zmq_socket_monitor() (two frames: 16 bits and 32 bits packed, the endpoint) and in that of
 * zcffi_socket_monitor() (64 bits: event, count of values, value, local endpoint, remote endpoint, and words for ours). */
#include "check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "wire_peer.h"
#include "zcffi.h"

/* ---- a socket and its monitor ---- */

struct watched
{
    void *context, *s, *told;
    bool wide;
    char where[256]; /* where s is bound, if it is */
};

static void set_int (void *s, int option, int value)
{
    CHECK_INT (zmq_setsockopt (s, option, &value, sizeof value), 0);
}

static struct watched open_watched (int type, bool wide)
{
    struct watched w = {.context = zmq_ctx_new (), .wide = wide};

    w.s = zmq_socket (w.context, type);
    w.told = zmq_socket (w.context, ZMQ_PAIR);
    set_int (w.s, ZMQ_LINGER, 0);
    set_int (w.s, ZMQ_RECONNECT_IVL, 10);
    set_int (w.told, ZMQ_RCVTIMEO, 10000);
    CHECK_INT (wide ? zcffi_socket_monitor (w.s, "inproc://told", ZCFFI_EVENT_ALL)
                    : zmq_socket_monitor (w.s, "inproc://told", ZMQ_EVENT_ALL),
               0);
    CHECK_INT (zmq_connect (w.told, "inproc://told"), 0);
    return w;
}

static void bind_watched (struct watched *w, const char *endpoint)
{
    size_t n = sizeof w->where;

    CHECK_INT (zmq_bind (w->s, endpoint), 0);
    CHECK_INT (zmq_getsockopt (w->s, ZMQ_LAST_ENDPOINT, w->where, &n), 0);
}

static void close_watched (struct watched *w)
{
    if (w->s)
        CHECK_INT (zmq_close (w->s), 0);
    CHECK_INT (zmq_close (w->told), 0);
    CHECK_INT (zmq_ctx_term (w->context), 0);
}

/* ---- an event ---- */

struct event
{
    uint64_t what, value;
    char local[256], remote[256], words[256];
};

static void text_of (zmq_msg_t *m, char *to)
{
    size_t n = zmq_msg_size (m);

    CHECK (n < 256 && !memchr (zmq_msg_data (m), 0, n));
    memcpy (to, zmq_msg_data (m), n < 256 ? n : 255);
    to[n < 256 ? n : 255] = 0;
}

static bool next_event (struct watched *w, struct event *e)
{
    zmq_msg_t m[8];
    int n = zcffi_recv_parts (w->told, m, 8, 0);

    memset (e, 0, sizeof *e);
    if (n < 0) {
        CHECK_FAIL ("no event comes: %s", zmq_strerror (errno));
        return false;
    }
    const uint8_t *head = zmq_msg_data (&m[0]);
    if (w->wide) {
        uint64_t count = 0;
        CHECK (n == 5 || n == 6);
        CHECK_INT (zmq_msg_size (&m[0]), 8);
        CHECK_INT (zmq_msg_size (&m[1]), 8);
        CHECK_INT (zmq_msg_size (&m[2]), 8);
        memcpy (&e->what, head, 8);
        memcpy (&count, zmq_msg_data (&m[1]), 8);
        memcpy (&e->value, zmq_msg_data (&m[2]), 8);
        CHECK_INT (count, 1);
        text_of (&m[3], e->local);
        text_of (&m[4], e->remote);
        if (n == 6)
            text_of (&m[5], e->words);
        CHECK ((n == 6) == (e->what > UINT32_MAX)); /* ours have words */
    } else {
        uint16_t what;
        uint32_t value;
        CHECK_INT (n, 2);
        CHECK_INT (zmq_msg_size (&m[0]), 6);
        memcpy (&what, head, 2);
        memcpy (&value, head + 2, 4);
        e->what = what;
        e->value = value;
        text_of (&m[1], e->local);
    }
    for (int i = 0; i < n; i++)
        zmq_msg_close (&m[i]);
    return true;
}

/* The next event of this kind; others before it are passed over. */
static struct event await (struct watched *w, uint64_t what)
{
    struct event e;

    while (next_event (w, &e) && e.what != what)
        continue;
    CHECK_INT (e.what, what);
    return e;
}

/* ---- a peer that is a program ---- */

static int port_of (const char *endpoint)
{
    return atoi (strrchr (endpoint, ':') + 1);
}

static int raw_connect (const char *endpoint)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons ((uint16_t)port_of (endpoint))};
    int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    a.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
    CHECK_INT (connect (fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

static void say (int fd, const void *bytes, size_t n)
{
    CHECK_INT (send (fd, bytes, n, MSG_NOSIGNAL), n);
}

static bool is_socket (uint64_t fd)
{
    return fd > 2 && fd < 20000;
}

#define FORMS for (int wide = 0; wide < 2; wide++)

TEST (a_listener_tells_of_its_life)
{
    FORMS
    {
        struct watched w = open_watched (ZMQ_PULL, wide);
        bind_watched (&w, "tcp://127.0.0.1:*");
        struct event e = await (&w, ZMQ_EVENT_LISTENING);
        CHECK_STR (e.local, w.where);
        CHECK (is_socket (e.value) && fcntl ((int)e.value, F_GETFD) >= 0);
        CHECK_STR (e.remote, "");
        struct watched other = open_watched (ZMQ_PULL, wide);
        CHECK_INT (zmq_bind (other.s, w.where), -1);
        e = await (&other, ZMQ_EVENT_BIND_FAILED);
        CHECK_INT (e.value, EADDRINUSE);
        CHECK_STR (e.local, w.where);
        close_watched (&other);
        CHECK_INT (zmq_unbind (w.s, w.where), 0);
        e = await (&w, ZMQ_EVENT_CLOSED);
        CHECK (is_socket (e.value));
        CHECK_STR (e.local, w.where);
        CHECK_INT (zmq_close (w.s), 0);
        w.s = NULL;
        e = await (&w, ZMQ_EVENT_MONITOR_STOPPED);
        CHECK_INT (e.value, 0);
        CHECK_STR (e.local, "");
        CHECK_STR (e.remote, "");
        close_watched (&w);
    }
}

TEST (a_listener_that_leaves_something_behind_tells_so)
{
    FORMS
    {
        struct watched w = open_watched (ZMQ_PULL, wide);
        char stray[300], dir[250];
        bind_watched (&w, "ipc://*");
        snprintf (dir, sizeof dir, "%.200s", w.where + 6);
        *strrchr (dir, '/') = 0;
        snprintf (stray, sizeof stray, "%s/stray", dir);
        CHECK (close (open (stray, O_CREAT | O_WRONLY | O_CLOEXEC, 0600)) == 0);
        CHECK_INT (zmq_unbind (w.s, w.where), 0);
        await (&w, ZMQ_EVENT_CLOSED);
        struct event e = await (&w, ZMQ_EVENT_CLOSE_FAILED);
        CHECK (e.value == ENOTEMPTY || e.value == EEXIST);
        CHECK_STR (e.local, w.where);
        CHECK_INT (unlink (stray), 0);
        CHECK_INT (rmdir (dir), 0);
        close_watched (&w);
    }
}

TEST (both_sides_tell_of_a_connection)
{
    FORMS
    {
        struct watched server = open_watched (ZMQ_PULL, wide), client = open_watched (ZMQ_PUSH, wide);
        bind_watched (&server, "tcp://127.0.0.1:*");
        CHECK_INT (zmq_connect (client.s, server.where), 0);
        struct event e = await (&client, ZMQ_EVENT_CONNECT_DELAYED);
        CHECK_INT (e.value, EINPROGRESS);
        e = await (&client, ZMQ_EVENT_CONNECTED);
        CHECK (is_socket (e.value));
        CHECK_STR (e.local, server.where); /* what it connects to */
        e = await (&client, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
        CHECK_INT (e.value, 0);
        CHECK_STR (e.remote, wide ? server.where : "");
        e = await (&server, ZMQ_EVENT_ACCEPTED);
        CHECK (is_socket (e.value));
        CHECK_STR (e.local, server.where);
        e = await (&server, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
        CHECK_INT (e.value, 0);
        CHECK (strncmp (e.remote, "tcp://127.0.0.1:", wide ? 16 : 0) == 0);
        CHECK_INT (zmq_close (server.s), 0);
        server.s = NULL;
        await (&server, ZMQ_EVENT_DISCONNECTED);
        e = await (&client, ZMQ_EVENT_DISCONNECTED);
        CHECK (is_socket (e.value));
        e = await (&client, ZMQ_EVENT_CONNECT_RETRIED);
        CHECK (e.value >= 10 && e.value < 20);
        e = await (&client, ZMQ_EVENT_CLOSED); /* nobody listens any more */
        close_watched (&client);
        close_watched (&server);
    }
}

TEST (who_is_not_admitted_is_told_of)
{
    FORMS
    {
        struct watched w = open_watched (ZMQ_PULL, wide);
        CHECK_INT (zmq_setsockopt (w.s, ZMQ_TCP_ACCEPT_FILTER, "10.1.2.3", 8), 0);
        bind_watched (&w, "tcp://127.0.0.1:*");
        int fd = raw_connect (w.where);
        struct event e = await (&w, ZMQ_EVENT_ACCEPT_FAILED);
        CHECK_INT (e.value, EACCES);
        CHECK_STR (e.local, w.where);
        close (fd);
        close_watched (&w);
    }
}

TEST (a_handshake_that_fails_tells_why)
{
    FORMS
    {
        struct watched w = open_watched (ZMQ_PULL, wide);
        bind_watched (&w, "tcp://127.0.0.1:*");
        int fd = raw_connect (w.where); /* leaves in the middle */
        say (fd, GREETING31, 20);
        shutdown (fd, SHUT_WR);
        struct event e = await (&w, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL);
        CHECK (e.value == EPIPE || e.value == ECONNRESET);
        await (&w, ZMQ_EVENT_DISCONNECTED);
        close (fd);
        fd = raw_connect (w.where); /* another mechanism */
        uint8_t greeting[64];
        memcpy (greeting, GREETING31, 64);
        memcpy (greeting + 12, "CURVE", 5);
        say (fd, greeting, 64);
        e = await (&w, ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL);
        CHECK_INT (e.value, ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH);
        if (wide) {
            e = await (&w, ZCFFI_EVENT_PEER_REFUSED);
            CHECK_INT (e.value, ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH);
            CHECK (*e.words && strncmp (e.remote, "tcp://127.0.0.1:", 16) == 0);
        }
        close (fd);
        fd = raw_connect (w.where); /* it refuses us */
        say (fd, GREETING31, 64);
        say (fd, "\4\12\5ERROR\003400", 12);
        e = await (&w, ZMQ_EVENT_HANDSHAKE_FAILED_AUTH);
        CHECK_INT (e.value, 400);
        close (fd);
        close_watched (&w);
    }
}

TEST (a_handshake_that_takes_too_long_is_told_of)
{
    FORMS
    {
        struct watched w = open_watched (ZMQ_PULL, wide);
        set_int (w.s, ZMQ_HANDSHAKE_IVL, 30);
        bind_watched (&w, "tcp://127.0.0.1:*");
        int fd = raw_connect (w.where);
        struct event e = await (&w, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL);
        CHECK_INT (e.value, ETIMEDOUT);
        close (fd);
        close_watched (&w);
    }
}

TEST (our_own_events_tell_in_words)
{
    struct watched w = open_watched (ZMQ_PUSH, true);
    struct event e;

    CHECK_INT (zmq_connect (w.s, "tcp://host.invalid:9"), 0);
    e = await (&w, ZCFFI_EVENT_CONNECT_FAILED);
    CHECK (e.value != 0 && *e.words);
    CHECK_STR (e.local, "tcp://host.invalid:9");
    CHECK_INT (zmq_send (w.s, "x", 1, 0), 1);
    CHECK_INT (zmq_disconnect (w.s, "tcp://host.invalid:9"), 0);
    e = await (&w, ZCFFI_EVENT_MESSAGES_DROPPED);
    CHECK_INT (e.value, 1);
    CHECK (*e.words);
    close_watched (&w);
}

TEST (only_the_events_asked_for_come)
{
    FORMS
    {
        struct watched w = open_watched (ZMQ_PULL, wide);
        struct event e;
        CHECK_INT (wide ? zcffi_socket_monitor (w.s, "inproc://fewer", ZMQ_EVENT_CLOSED)
                        : zmq_socket_monitor (w.s, "inproc://fewer", ZMQ_EVENT_CLOSED),
                   0);
        CHECK_INT (zmq_close (w.told), 0);
        w.told = zmq_socket (w.context, ZMQ_PAIR);
        set_int (w.told, ZMQ_RCVTIMEO, 10000);
        CHECK_INT (zmq_connect (w.told, "inproc://fewer"), 0);
        bind_watched (&w, "tcp://127.0.0.1:*");
        CHECK_INT (zmq_unbind (w.s, w.where), 0);
        CHECK (next_event (&w, &e));
        CHECK_INT (e.what, ZMQ_EVENT_CLOSED);
        close_watched (&w);
    }
}

/* Numbers that no event has are a mistake. */
TEST (events_that_do_not_exist_are_refused)
{
    struct watched w = open_watched (ZMQ_PULL, true);

    for (int bit = 16; bit < 64; bit++) {
        uint64_t events = (uint64_t)1 << bit;
        if (events & ZCFFI_EVENT_ALL)
            continue;
        errno = 0;
        CHECK_INT (zcffi_socket_monitor (w.s, "inproc://more", events), -1);
        CHECK_INT (errno, EINVAL);
    }
    bind_watched (&w, "tcp://127.0.0.1:*"); /* the monitor from before is still there */
    await (&w, ZMQ_EVENT_LISTENING);
    close_watched (&w);
}
