/* Messages framed once for several queues (base/sheet.h): what each queue gives is what was put, whatever it missed. */
#include "check.h"

#include <errno.h>
#include "base/alloc.h"
#include "base/sheet.h"

static void write_text (struct zc_sheet *s, const char *text)
{
    struct zc_msg m;

    zc_msg_lend (&m, text, strlen (text));
    CHECK (zc_sheet_write (s, &m, 1));
}

/* The text at the head of a queue; it is taken out. */
static void check_next (struct zc_outq *o, const char *text)
{
    struct zc_view v;

    REQUIRE (!zc_frames_empty (&o->q));
    zc_frames_peek (&o->q, &v);
    CHECK_INT (v.size, strlen (text));
    CHECK_MEM (v.data, text, strlen (text));
    zc_frames_skip (&o->q, &v);
}

static int nodes_of (const struct zc_outq *o)
{
    int n = 0;
    for (const struct zc_node *node = o->q.head; node; node = node->next)
        n++;
    return n;
}

TEST (queues_share_what_is_on_a_sheet)
{
    struct zc_sheet s;
    struct zc_outq a, b;

    zc_sheet_init (&s);
    zc_outq_init (&a);
    zc_outq_init (&b);
    for (int i = 0; i < 3; i++) {
        write_text (&s, i == 1 ? "two" : "one");
        CHECK_INT (zc_outq_put_sheet (&a, &s), 0);
        CHECK_INT (zc_outq_put_sheet (&b, &s), 0);
    }
    CHECK_INT (nodes_of (&a), 1);
    CHECK (a.q.head->p == b.q.head->p);
    CHECK_INT (a.msgs, 3);
    CHECK_INT (a.bytes, 15);
    CHECK_INT (zc_outq_wrote (&b, 10), 2);
    check_next (&a, "one");
    check_next (&a, "two");
    check_next (&a, "one");
    CHECK (zc_frames_empty (&a.q));
    CHECK_INT (zc_outq_wrote (&b, 5), 1);
    zc_sheet_close (&s);
}

TEST (who_missed_a_message_goes_on_with_copies)
{
    struct zc_sheet s;
    struct zc_outq o;

    zc_sheet_init (&s);
    zc_outq_init (&o);
    write_text (&s, "first");
    CHECK_INT (zc_outq_put_sheet (&o, &s), 0);
    write_text (&s, "missed");
    write_text (&s, "third");
    CHECK_INT (zc_outq_put_sheet (&o, &s), 0);
    write_text (&s, "fourth");
    CHECK_INT (zc_outq_put_sheet (&o, &s), 0);
    CHECK_INT (o.q.tail->kind, ZC_NODE_BYTES);
    CHECK_INT (nodes_of (&o), 2);
    check_next (&o, "first");
    check_next (&o, "third");
    check_next (&o, "fourth");
    zc_sheet_close (&s);
}

TEST (parts_of_a_message_stay_together)
{
    struct zc_msg parts[3];
    struct zc_sheet s;
    struct zc_outq o;
    struct zc_view v;
    uint8_t large[300] = {0};

    zc_sheet_init (&s);
    zc_outq_init (&o);
    zc_msg_lend (&parts[0], "topic", 5);
    zc_msg_lend (&parts[1], NULL, 0);
    zc_msg_lend (&parts[2], large, sizeof large);
    CHECK (zc_sheet_write (&s, parts, 3));
    CHECK_INT (zc_outq_put_sheet (&o, &s), 0);
    CHECK_INT (o.msgs, 1);
    CHECK_INT (o.bytes, 7 + 2 + 309);
    for (int i = 0; i < 3; i++) {
        zc_frames_peek (&o.q, &v);
        CHECK_INT (v.flags, i < 2 ? ZC_F_MORE : 0);
        CHECK_INT (v.size, zc_msg_size (&parts[i]));
        zc_frames_skip (&o.q, &v);
    }
    zc_sheet_close (&s);
}

TEST (a_full_sheet_is_followed_by_another)
{
    struct zc_sheet s;
    struct zc_outq o;
    uint8_t body[1000] = {0};
    struct zc_msg m;

    zc_sheet_init (&s);
    zc_outq_init (&o);
    for (int i = 0; i < 100; i++) {
        body[0] = (uint8_t)i;
        zc_msg_lend (&m, body, sizeof body);
        CHECK (zc_sheet_write (&s, &m, 1));
        CHECK_INT (zc_outq_put_sheet (&o, &s), 0);
    }
    CHECK_INT (nodes_of (&o), 100 / (ZC_SHEET_SIZE / 1009) + 1);
    for (int i = 0; i < 100; i++) {
        struct zc_view v;
        zc_frames_peek (&o.q, &v);
        CHECK_INT (v.data[0], i);
        zc_frames_skip (&o.q, &v);
    }
    zc_sheet_close (&s);
}

TEST (a_sheet_that_no_queue_needs_serves_again)
{
    struct zc_sheet s;
    struct zc_outq o;

    zc_sheet_init (&s);
    zc_outq_init (&o);
    write_text (&s, "one");
    const uint8_t *first = s.p;
    CHECK_INT (zc_outq_put_sheet (&o, &s), 0);
    write_text (&s, "two");
    CHECK (s.p != first);
    CHECK_INT (zc_outq_wrote (&o, 5), 1);
    write_text (&s, "three");
    CHECK (s.p == first);
    zc_sheet_close (&s);
}

TEST (a_large_message_is_not_for_a_sheet)
{
    struct zc_sheet s;
    uint8_t body[ZC_SHEET_MESSAGE_MAX] = {0};
    struct zc_msg m;

    zc_sheet_init (&s);
    zc_msg_lend (&m, body, sizeof body - 9);
    CHECK (zc_sheet_write (&s, &m, 1));
    zc_msg_lend (&m, body, sizeof body - 8);
    CHECK (!zc_sheet_write (&s, &m, 1));
    zc_sheet_close (&s);
}

TEST (without_memory_a_queue_is_as_it_was)
{
    struct zc_sheet s;
    struct zc_outq o;
    struct zc_msg m;

    zc_sheet_init (&s);
    zc_outq_init (&o);
    zc_msg_lend (&m, "one", 3);
    CHECK (zc_sheet_write (&s, &m, 1));
    atomic_store (&zc_alloc_fail_at, 1);
    CHECK_INT (zc_outq_put_sheet (&o, &s), -ENOMEM);
    CHECK_INT (o.msgs + o.bytes, 0);
    CHECK (zc_frames_empty (&o.q));
    CHECK_INT (zc_outq_put_sheet (&o, &s), 0);
    check_next (&o, "one");
    zc_sheet_close (&s);
}
