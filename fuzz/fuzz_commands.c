/* Command bodies, and the heartbeats they move.
 *
 * Input: 1 byte of length and a body, again and again; its last byte chooses the kind of socket.
 * What is read is made again in our own form and must read the same. Every body also moves a clock.
 */
#include "slices.h"

static void made_again (const struct zc_wire *w, const struct zc_wire_event *e)
{
    static uint8_t frame[1024];
    struct zc_wire_event f;
    struct zc_wire other = *w;
    struct zc_frame head;
    size_t n;

    if (e->what == ZC_WIRE_PONG && e->size <= 16)
        n = zc_wire_put_pong (e->data, e->size, frame);
    else if (e->what == ZC_WIRE_SUBSCRIBE || e->what == ZC_WIRE_CANCEL)
        n = zc_wire_put_subscription (w, e->what == ZC_WIRE_CANCEL, e->data, e->size, frame, sizeof frame);
    else if (e->what == ZC_WIRE_PING && e->size == 0)
        n = zc_wire_put_ping (e->ttl, frame);
    else
        return;
    MUST (n <= sizeof frame);
    MUST (zc_wire_frame (&other, frame, n, &head) == ZC_FRAME_WHOLE);
    MUST (head.flags & ZC_FRAME_COMMAND && head.head + head.size == n);
    MUST (zc_wire_command (&other, frame + head.head, head.size, &f) == 0);
    MUST (f.what == e->what && f.size == e->size && f.ttl == e->ttl);
    MUST (e->size == 0 || memcmp (f.data, e->data, e->size) == 0);
}

static void beat (struct zc_beat *b, const struct zc_wire_event *e, uint64_t *now)
{
    uint64_t next;
    int due;

    zc_beat_traffic (b);
    if (e->what == ZC_WIRE_PING)
        zc_beat_ping (b, e->ttl, *now);
    *now += e->size * 10000000u;
    due = zc_beat_tick (b, *now, &next);
    MUST (due == ZC_BEAT_DEAD ? next == UINT64_MAX : next > *now);
    MUST (due != ZC_BEAT_DEAD || e->what == ZC_WIRE_PING);
}

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t n)
{
    struct slices s = {bytes, n};
    uint8_t kind = slices_choice (&s);
    struct zc_wire w = {.major = 3,
                        .minor = 1,
                        .socktype = kind % (ZMQ_XSUB + 1),
                        .peer_type = 255,
                        .in_message = kind >> 7,
                        .maxmsgsize = -1};
    struct zc_beat b;
    uint64_t now = 1;

    zc_beat_init (&b, kind & 16 ? 50 : 0, 100, kind & 32 ? 70 : -1, now);
    while (s.size > 0) {
        size_t size = *s.bytes++;
        struct zc_wire_event e;
        uint8_t *body;
        int rc;

        s.size--;
        size = size < s.size ? size : s.size;
        body = malloc (size ? size : 1);
        memcpy (body, s.bytes, size);
        rc = zc_wire_command (&w, body, size, &e);
        if (rc == 0) {
            MUST (e.size == 0 || (e.data >= body && e.data + e.size <= body + size));
            MUST (e.what != ZC_WIRE_PING || e.size <= 16);
            made_again (&w, &e);
            beat (&b, &e, &now);
        } else {
            MUST (w.why.error == rc && w.why.text);
        }
        free (body);
        s.bytes += size;
        s.size -= size;
    }
    return 0;
}
