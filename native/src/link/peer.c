#include "link/peer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "os/net.h"

/* ---- metadata ---- */

struct text
{
    char *at;
    size_t n;
};

static void add (struct text *t, const void *p, size_t n)
{
    if (t->at)
        memcpy (t->at + t->n, p, n);
    t->n += n;
}

static void add_pair (struct text *t, const char *name, size_t name_size, const void *value, size_t size)
{
    if (memchr (value, 0, size) || memchr (name, 0, name_size))
        return; /* could not be told apart from the end */
    add (t, name, name_size);
    add (t, "", 1);
    add (t, value, size);
    add (t, "", 1);
}

static void meta_text (const struct zc_wire *w, bool is_raw, const char *peer, struct text *t)
{
    const char *type = zc_wire_type_name (w->peer_type), *name;
    const uint8_t *value;
    uint8_t name_size;
    uint32_t at = 0, size;

    if (type)
        add_pair (t, "Socket-Type", 11, type, strlen (type));
    if (*peer)
        add_pair (t, "Peer-Address", 12, peer, strlen (peer));
    if (w->major < 3 && w->peer_id_size) {
        add_pair (t, "Identity", 8, w->peer_id, w->peer_id_size);
    }
    while (!is_raw && zc_wire_property (w, &at, &name, &name_size, &value, &size))
        if (name_size != 11 || memcmp (name, "Socket-Type", 11) != 0)
            add_pair (t, name, name_size, value, size);
}

struct zc_meta *zc_peer_meta (const struct zc_wire *w, bool is_raw, const char *peer, int fd)
{
    struct text t = {NULL, 0};

    meta_text (w, is_raw, peer, &t);
    struct zc_meta *m = zc_alloc (sizeof *m + t.n);
    if (!m)
        return NULL;
    atomic_init (&m->refs, 1);
    m->fd = fd;
    m->size = (uint32_t)t.n;
    t = (struct text){m->text, 0};
    meta_text (w, is_raw, peer, &t);
    return m;
}

/* ---- addresses ---- */

static void note_user (int fd, char *out, size_t cap)
{
    int64_t pid, uid, gid;

    if (zc_ipc_peer (fd, &pid, &uid, &gid) < 0)
        snprintf (out, cap, "localhost");
    else if (pid < 0)
        snprintf (out, cap, "localhost:%" PRId64 ":%" PRId64, uid, gid);
    else
        snprintf (out, cap, "localhost:%" PRId64 ":%" PRId64 ":%" PRId64, uid, gid, pid);
}

void zc_peer_addresses (int fd, enum zc_transport transport, const struct zc_addr *at, char *host,
                        size_t host_cap, char *remote, size_t remote_cap)
{
    static const char scheme[] = "tcp://";
    const size_t n = sizeof scheme - 1;

    if (transport == ZC_IPC)
        note_user (fd, host, host_cap);
    if (transport != ZC_TCP || !at->len)
        return;
    zc_addr_host (at, host, host_cap);
    memcpy (remote, scheme, n);
    zc_addr_text (at, remote + n, remote_cap - n);
}
