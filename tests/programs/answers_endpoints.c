/* What texts of endpoints are answered, good ones and bad: see answers.h. */
#include "answers.h"

#include <poll.h>

#define LONG_NAME                                                                                            \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
    "aaaaaaaaaa"

static const char *const texts[] = {"",
                                    ":",
                                    "://",
                                    "://a",
                                    "tcp",
                                    "tcp:",
                                    "tcp:/",
                                    "tcp://",
                                    "tcp:///",
                                    "tcp://*",
                                    "tcp://:",
                                    "tcp://*:",
                                    "tcp://:*",
                                    "tcp://*:*",
                                    "tcp://*:0",
                                    "tcp://127.0.0.1:*",
                                    "tcp://127.0.0.1:0",
                                    "tcp://127.0.0.1:!",
                                    "tcp://127.0.0.1",
                                    "tcp://lo:*",
                                    "tcp://lo:0",
                                    "tcp://nosuchif:*",
                                    "tcp://[::1]:*",
                                    "tcp://::1:*",
                                    "tcp://[::]:*",
                                    "tcp://1.2.3.4:*",
                                    "tcp://256.1.1.1:*",
                                    "tcp://no such:5560",
                                    "tcp://127.0.0.1:65536",
                                    "tcp://127.0.0.1:x",
                                    "tcp://127.0.0.1:5999x",
                                    "tcp://[127.0.0.1]:*",
                                    "TCP://127.0.0.1:*",
                                    " tcp://127.0.0.1:*",
                                    "tcp://nowhere.invalid:5555",
                                    "tcp://lo:0;localhost:59990",
                                    "tcp://127.0.0.1:0;127.0.0.1:59990",
                                    "tcp://*:0;127.0.0.1:59990",
                                    "tcp://nosuchif:0;127.0.0.1:59990",
                                    "tcp://eth0;127.0.0.1:5555",
                                    "tcp://[::1]:59990",
                                    "tcp://[::1:59990",
                                    "tcp://a_b:59990",
                                    "tcp://-a:59990",
                                    "tcp://.a:59990",
                                    "tcp://a.:59990",
                                    "tcp://[fe80::1%lo]:59990",
                                    "ipc",
                                    "ipc:",
                                    "ipc://",
                                    "ipc://@",
                                    "ipc://*",
                                    "ipc:///nosuchdir/x",
                                    "ipc://@zc-answers",
                                    "ipc:///tmp/" LONG_NAME,
                                    "inproc",
                                    "inproc:",
                                    "inproc://",
                                    "inproc://a",
                                    "inproc://*",
                                    "inproc://a b/c:d;e",
                                    "udp://127.0.0.1:5555",
                                    "udp://*:*",
                                    "foo://bar",
                                    "vmci://a",
                                    "vsock://a"};

static void *context;

static void *open_socket (int type, int ipv6)
{
    void *s = zmq_socket (context, type);

    set_number (s, ZMQ_LINGER, 0);
    set_number (s, ZMQ_IPV6, ipv6);
    return s;
}

/* Ports and temporary names are never the same. */
static void tell_last (void *s, const char *asked)
{
    char last[1100];
    size_t size = sizeof last;

    SAY (zmq_getsockopt (s, ZMQ_LAST_ENDPOINT, last, &size));
    if (strncmp (last, "tcp://", 6) == 0 && strrchr (last, ':') && strcmp (last, asked) != 0)
        strcpy (strrchr (last, ':'), ":PORT");
    if (strcmp (asked, "ipc://*") == 0 && strcmp (last, asked) != 0 && *last)
        strcpy (last, "ipc://TEMPORARY");
    SAY_TEXT (last);
}

/* libzmq gives a name back some time after the unbind: what was bound just now may be taken for a moment. */
static int bind_when_free (void *s, const char *text)
{
    int rc = zmq_bind (s, text);
    int tries = strncmp (text, "ipc://", 6) == 0 ? 2000 : 0;
    while (tries-- > 0 && rc < 0 && zmq_errno () == EADDRINUSE) {
        poll (NULL, 0, 1);
        rc = zmq_bind (s, text);
    }
    return rc;
}

static void try_text (int type, int ipv6, const char *text)
{
    void *s = open_socket (type, ipv6);

    where ("%s%s binds \"%s\"", type_names[type], ipv6 ? " of IPv6" : "", text);
    errno = 0, tell ("zmq_bind (s, text)", bind_when_free (s, text));
    tell_last (s, text);
    where ("%s%s unbinds \"%s\"", type_names[type], ipv6 ? " of IPv6" : "", text);
    SAY (zmq_unbind (s, text));
    SAY (zmq_unbind (s, text));
    zmq_close (s);
    s = open_socket (type, ipv6);
    where ("%s%s connects \"%s\"", type_names[type], ipv6 ? " of IPv6" : "", text);
    SAY (zmq_connect (s, text));
    tell_last (s, text);
    where ("%s%s disconnects \"%s\"", type_names[type], ipv6 ? " of IPv6" : "", text);
    SAY (zmq_disconnect (s, text));
    SAY (zmq_disconnect (s, text));
    zmq_close (s);
}

static void taken (void)
{
    void *s = open_socket (ZMQ_PAIR, 0), *t = open_socket (ZMQ_PAIR, 0);
    char last[300];
    size_t size = sizeof last;

    where ("a name");
    SAY (zmq_bind (s, "inproc://taken"));
    SAY (zmq_bind (t, "inproc://taken"));
    SAY (zmq_bind (s, "inproc://taken"));
    SAY (zmq_unbind (t, "inproc://taken"));
    SAY (zmq_disconnect (s, "inproc://nothing"));
    SAY (zmq_unbind (s, "inproc://taken"));
    SAY (zmq_unbind (s, "inproc://taken"));
    SAY (zmq_bind (t, "inproc://taken"));
    where ("a port");
    SAY (zmq_bind (s, "tcp://127.0.0.1:*"));
    SAY (zmq_getsockopt (s, ZMQ_LAST_ENDPOINT, last, &size));
    SAY (zmq_bind (t, last));
    SAY (zmq_unbind (s, "tcp://127.0.0.1:*"));
    SAY (zmq_unbind (s, last));
    SAY (zmq_unbind (s, last));
    size = 3;
    SAY (zmq_getsockopt (s, ZMQ_LAST_ENDPOINT, last, &size));
    zmq_close (t);
    zmq_close (s);
}

int main (void)
{
    static const int types[] = {ZMQ_PUB, ZMQ_STREAM, ZMQ_ROUTER};

    context = zmq_ctx_new ();
    for (int k = 0; k < 3; k++)
        for (int ipv6 = 0; ipv6 < 2; ipv6++)
            for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
                try_text (types[k], ipv6, texts[i]);
    taken ();
    zmq_ctx_term (context);
    return 0;
}
