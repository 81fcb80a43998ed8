/* Endpoint text: what is accepted, what it means, and which error refuses the rest. The errors are those of a running libzmq
 * unless the row says why not. */
#include "base/endpoint.h"

#include <errno.h>
#include "check.h"
#include "zmq.h"

enum
{
    OK = 0
};

static void check_rows (const char *text, int bind, int connect)
{
    struct zc_endpoint e;
    int rc = zc_endpoint_parse (text, ZC_BIND, &e);

    if (rc != bind)
        CHECK_FAIL ("bind %s: %d, not %d", text, rc, bind);
    rc = zc_endpoint_parse (text, ZC_CONNECT, &e);
    if (rc != connect)
        CHECK_FAIL ("connect %s: %d, not %d", text, rc, connect);
}

TEST (each_text_is_accepted_or_refused_with_its_error)
{
    static const struct
    {
        const char *text;
        int bind, connect;
    } rows[] = {
        {"", -EINVAL, -EINVAL},
        {"tcp", -EINVAL, -EINVAL},
        {"tcp:/", -EINVAL, -EINVAL},
        {"://", -EINVAL, -EINVAL},
        {"://x", -EINVAL, -EINVAL},
        {"tcp://", -EINVAL, -EINVAL},
        {"ipc://", -EINVAL, -EINVAL},
        {"inproc://", -EINVAL, -EINVAL},
        {"foo://bar", -EPROTONOSUPPORT, -EPROTONOSUPPORT},
        {"TCP://127.0.0.1:5999", -EPROTONOSUPPORT, -EPROTONOSUPPORT},
        {" tcp://127.0.0.1:5999", -EPROTONOSUPPORT, -EPROTONOSUPPORT},
        {"tcpx://127.0.0.1:5999", -EPROTONOSUPPORT, -EPROTONOSUPPORT},
        {"pgm://x", -EPROTONOSUPPORT, -EPROTONOSUPPORT},
        {"udp://127.0.0.1:5999", -ENOCOMPATPROTO, -ENOCOMPATPROTO},

        {"tcp://127.0.0.1:5999", OK, OK},
        {"tcp://localhost:5999", OK, OK},
        {"tcp://0:5999", OK, OK},
        {"tcp://a_b.c-d:5999", OK, OK},
        {"tcp://[::1]:5999", OK, OK},
        {"tcp://::1:5999", OK, OK},
        {"tcp://[::]:5999", OK, OK},
        {"tcp://[fe80::1%eth0]:5999", OK, OK},
        {"tcp://[::ffff:127.0.0.1]:5999", OK, OK},
        {"tcp://[127.0.0.1]:5999", OK, OK},
        {"tcp://127.0.0.1", -EINVAL, -EINVAL},
        {"tcp://127.0.0.1:", -EINVAL, -EINVAL},
        {"tcp://*", -EINVAL, -EINVAL},
        {"tcp://:", -EINVAL, -EINVAL},
        {"tcp://:5999", -ENODEV, -EINVAL}, /* libzmq connects, in vain */
        {"tcp://[]:5999", -ENODEV, -EINVAL},
        {"tcp://[::1]", -EINVAL, -EINVAL},
        {"tcp://[::1:5999", -EINVAL, -EINVAL}, /* libzmq forgives a bracket */
        {"tcp://::1]:5999", -EINVAL, -EINVAL},
        {"tcp://[:5999", -EINVAL, -EINVAL},
        {"tcp://a b:5999", OK, -EINVAL}, /* bind: ENODEV once it is looked up */
        {"tcp://-a:5999", OK, -EINVAL},
        {"tcp://_a:5999", OK, -EINVAL},
        {"tcp://.a:5999", OK, -EINVAL},
        {"tcp://a/b:5999", OK, -EINVAL},
        {"tcp://a@b:5999", OK, -EINVAL},
        {"tcp://a:b:5999", OK, -EINVAL}, /* libzmq connects, in vain; a bind may mean an interface */
        {"tcp://127.0.0.1:5998:5999", OK, -EINVAL},

        {"tcp://*:5999", OK, -EINVAL},
        {"tcp://*:*", OK, -EINVAL},
        {"tcp://*:0", OK, -EINVAL},
        {"tcp://[*]:5999", OK, -EINVAL},
        {"tcp://127.0.0.1:*", OK, -EINVAL},
        {"tcp://127.0.0.1:0", OK, -EINVAL}, /* libzmq connects, in vain */
        {"tcp://[::1]:*", OK, -EINVAL},
        {"tcp://127.0.0.1:65535", OK, OK},
        {"tcp://127.0.0.1:00080", OK, OK},
        /* Stricter than libzmq: ports are digits, 1 to 5 of them, nothing behind. */
        {"tcp://127.0.0.1:65536", -EINVAL, -EINVAL},
        {"tcp://127.0.0.1:70000", -EINVAL, -EINVAL},
        {"tcp://127.0.0.1:005999", -EINVAL, -EINVAL},
        {"tcp://127.0.0.1:4294973295", -EINVAL, -EINVAL},
        {"tcp://127.0.0.1:-1", -EINVAL, -EINVAL},
        {"tcp://127.0.0.1:+599", -EINVAL, -EINVAL},
        {"tcp://127.0.0.1: 599", -EINVAL, -EINVAL},
        {"tcp://127.0.0.1:12ab", -EINVAL, -EINVAL},
        {"tcp://127.0.0.1:5999/", -EINVAL, -EINVAL},
        {"tcp://127.0.0.1:**", -EINVAL, -EINVAL},

        {"tcp://127.0.0.1:5998;127.0.0.1:5999", -EINVAL, OK},
        {"tcp://127.0.0.1:0;127.0.0.1:5999", -EINVAL, OK},
        {"tcp://127.0.0.1:*;127.0.0.1:5999", -EINVAL, OK},
        {"tcp://lo:0;[::1]:5999", -EINVAL, OK},
        {"tcp://*:0;127.0.0.1:5999", -EINVAL, -EINVAL},
        {"tcp://;127.0.0.1:5999", -EINVAL, -EINVAL},
        {"tcp://127.0.0.1:5998;", -EINVAL, -EINVAL},
        {"tcp://127.0.0.1;127.0.0.1:5999", -EINVAL, -EINVAL}, /* libzmq connects, in vain */
        {"tcp://127.0.0.1:1;127.0.0.1:2;127.0.0.1:3", -EINVAL, -EINVAL},

        {"ipc://*", OK, -EINVAL}, /* libzmq connects to a file named * */
        {"ipc://*x", OK, OK},
        {"ipc://@", -EINVAL, -EINVAL},
        {"ipc://@name", OK, OK},
        {"ipc:///tmp/x", OK, OK},
        {"ipc://x y", OK, OK},

        {"inproc://a", OK, OK},
        {"inproc://*", OK, OK},
        {"inproc://a://b", OK, OK},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check_rows (rows[i].text, rows[i].bind, rows[i].connect);
}

/* scheme, then n times c, then tail */
static const char *long_text (const char *scheme, char c, size_t n, const char *tail)
{
    static char text[4096];
    size_t at = strlen (scheme);

    memcpy (text, scheme, at);
    memset (text + at, c, n);
    memcpy (text + at + n, tail, strlen (tail) + 1);
    return text;
}

TEST (lengths_have_limits)
{
    check_rows (long_text ("ipc://", 'y', 107, ""), OK, OK);
    check_rows (long_text ("ipc://", 'y', 108, ""), -ENAMETOOLONG, -ENAMETOOLONG);
    check_rows (long_text ("ipc://@", 'y', 106, ""), OK, OK);
    check_rows (long_text ("ipc://@", 'y', 107, ""), -ENAMETOOLONG, -ENAMETOOLONG);
    check_rows (long_text ("ipc://", 'y', 3000, ""), -ENAMETOOLONG, -ENAMETOOLONG);
    check_rows (long_text ("inproc://", 'y', 256, ""), OK, OK);
    check_rows (long_text ("inproc://", 'y', 257, ""), -EINVAL, -EINVAL);
    check_rows (long_text ("tcp://", 'y', 255, ":5999"), OK, OK);
    check_rows (long_text ("tcp://", 'y', 256, ":5999"), -ENODEV, -EINVAL);
    check_rows (long_text ("tcp://", 'y', 3000, ":5999"), -EINVAL, -EINVAL);
}

TEST (parts_are_taken_apart)
{
    static const char text[] = "tcp://[fe80::1%eth0]:*;host.name:5999";
    struct zc_endpoint e;

    CHECK_INT (zc_endpoint_parse (text, ZC_CONNECT, &e), 0);
    CHECK_INT (e.transport, ZC_TCP);
    CHECK (e.address == text + 6);
    CHECK_STR (e.from.host, "fe80::1%eth0");
    CHECK_INT (e.from.port, 0);
    CHECK (e.from.bracketed);
    CHECK_STR (e.to.host, "host.name");
    CHECK_INT (e.to.port, 5999);
    CHECK (!e.to.bracketed);

    CHECK_INT (zc_endpoint_parse ("tcp://*:*", ZC_BIND, &e), 0);
    CHECK_STR (e.to.host, "*");
    CHECK_INT (e.to.port, 0);
    CHECK_STR (e.from.host, "");

    CHECK_INT (zc_endpoint_parse ("tcp://::1:80", ZC_CONNECT, &e), 0);
    CHECK_STR (e.to.host, "::1");
    CHECK (e.to.bracketed);
    CHECK_INT (e.to.port, 80);

    CHECK_INT (zc_endpoint_parse ("ipc://@name", ZC_BIND, &e), 0);
    CHECK_INT (e.transport, ZC_IPC);
    CHECK_STR (e.address, "@name");
    CHECK_INT (zc_endpoint_parse ("inproc://a://b", ZC_BIND, &e), 0);
    CHECK_INT (e.transport, ZC_INPROC);
    CHECK_STR (e.address, "a://b");
}

TEST (no_text_reads_past_its_end)
{
    static const char texts[][48] = {"tcp://[::1]:5999;[::2%lo]:80", "ipc://@name", "inproc://x",
                                     "tcp://*:*"};
    struct zc_endpoint e;
    char cut[48];

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        for (size_t n = 0; n <= strlen (texts[i]); n++)
            for (int c = 1; c < 256; c += 2) {
                memcpy (cut, texts[i], sizeof cut);
                cut[n] = (char)c;
                (void)zc_endpoint_parse (cut, ZC_BIND, &e);
                (void)zc_endpoint_parse (cut, ZC_CONNECT, &e);
                cut[n] = '\0';
                (void)zc_endpoint_parse (cut, ZC_BIND, &e);
                (void)zc_endpoint_parse (cut, ZC_CONNECT, &e);
            }
}
