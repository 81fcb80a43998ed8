/* Traffic: any bytes cut into frames, as ZMTP 1, 2 and 3, under any maxmsgsize; commands are read.
 *
 * Input: the traffic; its last two bytes choose the version with the kind of socket, and the limit.
 * The first frames are looked at with every number of bytes from none to all of a short one: more
 * bytes never change what fewer have told. */
#include "slices.h"

#define LOOKS 4 /* frames that are looked at closely; all would be slow and tell no more */

static int look (struct zc_wire *w, const uint8_t *bytes, size_t have, struct zc_frame *f)
{
    uint8_t *exact = malloc (have ? have : 1);
    int rc;

    if (have > 0)
        memcpy (exact, bytes, have);
    rc = zc_wire_frame (w, exact, have, f);
    free (exact);
    return rc;
}

/* The verdict over a growing beginning: need, then part, then whole; or a refusal that stays. */
static void grow (struct zc_wire *w, const struct slices *s, int last, const struct zc_frame *f)
{
    int before = ZC_FRAME_NEED;

    for (size_t have = 0; have <= s->size && have <= 12; have++) {
        struct zc_frame g;
        int rc = look (w, s->bytes, have, &g);

        MUST (before < 0 ? rc == before : rc < 0 || rc >= before);
        if (rc > 0)
            MUST (last > 0 && g.head == f->head && g.size == f->size && g.flags == f->flags);
        before = rc;
    }
}

/* A header made for what was read is read the same. */
static void again (struct zc_wire *w, const struct zc_frame *f)
{
    uint8_t head[10], flags = f->flags & (ZC_FRAME_MORE | ZC_FRAME_COMMAND);
    struct zc_frame g;
    size_t n = zc_wire_head (w->major, flags, f->size, head);

    MUST (n <= f->head);
    MUST (zc_wire_frame (w, head, n, &g) == (f->size ? ZC_FRAME_PART : ZC_FRAME_WHOLE));
    MUST (g.size == f->size && g.head == n);
    MUST ((g.flags & (ZC_FRAME_MORE | ZC_FRAME_COMMAND)) == flags);
}

static int take (struct zc_wire *w, const struct slices *s, const struct zc_frame *f)
{
    struct zc_wire_event e;
    uint8_t *body;
    int rc;

    if (!(f->flags & ZC_FRAME_COMMAND)) {
        w->in_message = f->flags & ZC_FRAME_MORE;
        return 0;
    }
    body = malloc (f->size ? f->size : 1);
    memcpy (body, s->bytes + f->head, f->size);
    rc = zc_wire_command (w, body, f->size, &e);
    if (rc == 0 && e.size > 0)
        MUST (e.data >= body && e.data + e.size <= body + f->size);
    free (body);
    return rc;
}

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t n)
{
    static const int64_t limits[] = {-1, 0, 1, 5, 100, 255, 256, 65536, 1 << 20, INT64_MAX};
    struct slices s = {bytes, n};
    uint8_t limit = slices_choice (&s), kind = slices_choice (&s);
    struct zc_wire w = {.major = (uint8_t)(1 + kind % 3),
                        .minor = 1,
                        .socktype = kind / 3 % (ZMQ_XSUB + 1),
                        .peer_type = 255,
                        .maxmsgsize = limits[limit % 10]};

    for (int frames = 0;; frames++) {
        struct zc_frame f = {0};
        int rc = zc_wire_frame (&w, s.bytes, s.size, &f);

        if (frames < LOOKS || rc < 0)
            grow (&w, &s, rc, &f);
        if (rc < 0)
            MUST (w.why.error == rc && w.why.text);
        if (rc <= ZC_FRAME_NEED)
            break;
        MUST (f.head <= 10 && f.size <= INT64_MAX);
        MUST (w.maxmsgsize < 0 || (f.flags & ZC_FRAME_COMMAND) || f.size <= (uint64_t)w.maxmsgsize);
        MUST (w.maxmsgsize < 0 || f.size <= 512 || f.size <= (uint64_t)w.maxmsgsize);
        MUST ((rc == ZC_FRAME_WHOLE) == (f.size <= s.size - f.head));
        again (&w, &f);
        if (rc == ZC_FRAME_PART || take (&w, &s, &f) < 0)
            break;
        s.bytes += f.head + f.size;
        s.size -= (size_t)(f.head + f.size);
    }
    return 0;
}
