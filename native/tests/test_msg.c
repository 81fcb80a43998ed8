/* Messages: base/msg.c, and the zmq_msg_* functions over it. */
#include "check.h"

#include <errno.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "base/msg.h"
#include "zmq.h"

static int freed;
static void *freed_hint;

static void count_free (void *data, void *hint)
{
    free (data);
    freed++;
    freed_hint = hint;
}

static struct zc_meta *meta_new (int fd, const char *pairs, size_t n)
{
    struct zc_meta *m = zc_alloc (sizeof *m + n);
    if (!m)
        abort ();
    atomic_init (&m->refs, 1);
    m->fd = fd;
    m->size = (uint32_t)n;
    memcpy (m->text, pairs, n);
    return m;
}

static struct zc_msg *inside (zmq_msg_t *m)
{
    return (struct zc_msg *)(void *)m;
}

TEST (a_message_of_any_size_keeps_its_bytes)
{
    static const size_t sizes[] = {0, 1, 47, 48, 49, 255, 256, 100000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        zmq_msg_t m;
        CHECK_INT (zmq_msg_init_size (&m, sizes[i]), 0);
        CHECK_INT (zmq_msg_size (&m), sizes[i]);
        CHECK (zmq_msg_data (&m) != NULL);
        memset (zmq_msg_data (&m), 0x5a, sizes[i]);
        CHECK_INT (zmq_msg_more (&m), 0);
        CHECK_INT (zmq_msg_get (&m, ZMQ_SHARED), 0);
        CHECK_INT (zmq_msg_close (&m), 0);
    }
}

TEST (a_closed_or_wild_message_is_refused)
{
    zmq_msg_t m, live;
    zmq_msg_init (&m);
    zmq_msg_init (&live);
    CHECK_INT (zmq_msg_close (&m), 0);
    errno = 0;
    CHECK_INT (zmq_msg_close (&m), -1);
    CHECK_INT (errno, EFAULT);
    CHECK_INT (zmq_msg_move (&live, &m), -1);
    CHECK_INT (zmq_msg_move (&m, &live), -1);
    CHECK_INT (zmq_msg_copy (&live, &m), -1);
    CHECK_INT (zmq_msg_copy (&m, &live), -1);
    CHECK_INT (zmq_msg_get (&m, ZMQ_MORE), -1);
    CHECK_INT (errno, EFAULT);
    CHECK (!zmq_msg_data (&m));
    CHECK_INT (zmq_msg_size (&m), 0);
    for (int byte = 0; byte < 256; byte++) {
        memset (&m, byte, sizeof m);
        if (byte < ZC_MSG_INLINE || byte >= ZC_MSG_CLOSED || !(byte & 1))
            CHECK_INT (zmq_msg_close (&m), -1);
    }
    CHECK_INT (zmq_msg_close (NULL), -1);
    CHECK_INT (zmq_msg_init (NULL), -1);
    CHECK_INT (zmq_msg_init_size (NULL, 1), -1);
    CHECK_INT (zmq_msg_init_data (NULL, NULL, 0, NULL, NULL), -1);
    zmq_msg_close (&live);
}

TEST (the_free_function_runs_once_after_the_last_copy)
{
    zmq_msg_t a, b, c;
    int hint;
    freed = 0;
    CHECK_INT (zmq_msg_init_data (&a, malloc (10), 10, count_free, &hint), 0);
    CHECK_INT (zmq_msg_get (&a, ZMQ_SHARED), 0);
    zmq_msg_init (&b);
    zmq_msg_init_size (&c, 100);
    CHECK_INT (zmq_msg_copy (&b, &a), 0);
    CHECK_INT (zmq_msg_get (&a, ZMQ_SHARED), 1);
    CHECK_INT (zmq_msg_move (&c, &a), 0);
    CHECK_INT (zmq_msg_size (&a), 0);
    CHECK_INT (zmq_msg_size (&c), 10);
    CHECK_INT (zmq_msg_copy (&c, &c), 0);
    CHECK_INT (zmq_msg_move (&c, &c), 0);
    CHECK_INT (zmq_msg_size (&c), 10);
    zmq_msg_close (&a);
    zmq_msg_close (&b);
    CHECK_INT (freed, 0);
    CHECK_INT (zmq_msg_get (&c, ZMQ_SHARED), 0);
    zmq_msg_close (&c);
    CHECK_INT (freed, 1);
    CHECK (freed_hint == &hint);
}

TEST (moving_and_copying_release_what_was_there)
{
    zmq_msg_t a, b;
    freed = 0;
    zmq_msg_init_data (&a, malloc (1), 1, count_free, NULL);
    zmq_msg_init (&b);
    CHECK_INT (zmq_msg_move (&a, &b), 0);
    CHECK_INT (freed, 1);
    zmq_msg_close (&a);
    zmq_msg_init_data (&a, malloc (1), 1, count_free, NULL);
    CHECK_INT (zmq_msg_copy (&a, &b), 0);
    CHECK_INT (freed, 2);
    zmq_msg_close (&a);
    zmq_msg_close (&b);
}

TEST (constant_bytes_are_shared_and_never_freed)
{
    static char bytes[] = "for ever";
    zmq_msg_t a, b;
    CHECK_INT (zmq_msg_init_data (&a, bytes, 8, NULL, NULL), 0);
    CHECK_INT (zmq_msg_get (&a, ZMQ_SHARED), 1);
    zmq_msg_init (&b);
    CHECK_INT (zmq_msg_copy (&b, &a), 0);
    CHECK (zmq_msg_data (&b) == bytes);
    zmq_msg_close (&a);
    zmq_msg_close (&b);
}

TEST (lack_of_memory_changes_nothing)
{
    zmq_msg_t m;
    static char bytes[8];
    freed = 0;
    atomic_store (&zc_alloc_fail_at, -1);
    CHECK_INT (zmq_msg_init_size (&m, 1000), -1);
    CHECK_INT (errno, ENOMEM);
    CHECK_INT (zmq_msg_init_data (&m, bytes, 8, count_free, NULL), -1);
    CHECK_INT (freed, 0);
    CHECK_INT (zmq_msg_init_size (&m, 48), 0);
    atomic_store (&zc_alloc_fail_at, 0);
    zmq_msg_close (&m);
    CHECK_INT (zmq_msg_init_size (&m, SIZE_MAX - 8), -1);
    CHECK_INT (errno, ENOMEM);
}

TEST (properties)
{
    static const char pairs[] = "Socket-Type\0DEALER\0Identity\0me\0Peer-Address\0"
                                "127.0.0.1\0User-Id\0";
    zmq_msg_t m, copy;
    zmq_msg_init (&m);
    zmq_msg_init (&copy);
    CHECK_INT (zmq_msg_get (&m, ZMQ_SRCFD), -1);
    CHECK (!zmq_msg_gets (&m, "Socket-Type"));
    CHECK_INT (errno, EINVAL);
    inside (&m)->meta = meta_new (9, pairs, sizeof pairs);
    inside (&m)->flags = ZC_MSG_MORE;
    CHECK_INT (zmq_msg_more (&m), 1);
    CHECK_INT (zmq_msg_get (&m, ZMQ_MORE), 1);
    CHECK_INT (zmq_msg_get (&m, ZMQ_SRCFD), 9);
    CHECK_INT (zmq_msg_get (&m, 99), -1);
    CHECK_INT (errno, EINVAL);
    CHECK_INT (zmq_msg_set (&m, ZMQ_MORE, 1), -1);
    CHECK_INT (errno, EINVAL);
    CHECK_INT (zmq_msg_copy (&copy, &m), 0);
    zmq_msg_close (&m);
    CHECK_INT (zmq_msg_more (&copy), 1);
    CHECK_STR (zmq_msg_gets (&copy, "Socket-Type"), "DEALER");
    CHECK_STR (zmq_msg_gets (&copy, "Identity"), "me");
    CHECK_STR (zmq_msg_gets (&copy, "Routing-Id"), "me");
    CHECK_STR (zmq_msg_gets (&copy, "Peer-Address"), "127.0.0.1");
    CHECK_STR (zmq_msg_gets (&copy, "User-Id"), "");
    CHECK (!zmq_msg_gets (&copy, "DEALER"));
    CHECK (!zmq_msg_gets (&copy, "Peer"));
    CHECK (!zmq_msg_gets (&copy, NULL));
    zmq_msg_close (&copy);
}

TEST (lent_bytes_are_copied_by_whoever_keeps_them)
{
    char big[100];
    struct zc_msg m, copy;
    memset (big, 'a', sizeof big);
    zc_msg_lend (&m, big, sizeof big);
    m.meta = meta_new (3, "", 0);
    m.flags = ZC_MSG_MORE;
    m.routing_id = 7;
    CHECK_INT (zc_msg_copy (&copy, &m), 0);
    CHECK_INT (zc_msg_own (&m), 0);
    memset (big, 'b', sizeof big);
    CHECK_INT (zc_msg_bytes (&m)[99], 'a');
    CHECK_INT (zc_msg_bytes (&copy)[99], 'a');
    CHECK_INT (copy.routing_id, 7);
    CHECK_INT (copy.flags, ZC_MSG_MORE);
    CHECK (copy.meta == m.meta && copy.meta);
    CHECK_INT (zc_msg_own (&m), 0); /* again: nothing */
    zc_msg_close (&m);
    zc_msg_close (&copy);
    zc_msg_lend (&m, big, sizeof big);
    atomic_store (&zc_alloc_fail_at, -1);
    CHECK_INT (zc_msg_own (&m), -ENOMEM);
    CHECK_INT (zc_msg_copy (&copy, &m), -ENOMEM);
    atomic_store (&zc_alloc_fail_at, 0);
    CHECK_INT (m.kind, ZC_MSG_LENT);
}

TEST (under_a_lock_free_functions_wait)
{
    struct zc_msg m;
    freed = 0;
    zc_msg_init_data (&m, malloc (1), 1, count_free, NULL);
    zc_msg_drop (&m);
    CHECK_INT (freed, 0);
    CHECK (zc_msg_has_late ());
    zc_msg_run_late ();
    CHECK_INT (freed, 1);
    CHECK (!zc_msg_has_late ());
}

static void free_more (void *data, void *hint)
{
    struct zc_msg m;
    free (data);
    freed++;
    if (!hint)
        return;
    zc_msg_init_data (&m, malloc (1), 1, free_more, NULL);
    zc_msg_drop (&m); /* as a send from a free function does */
    zc_msg_run_late ();
}

TEST (a_free_function_may_come_back)
{
    struct zc_msg m;
    int hint;
    freed = 0;
    for (int i = 0; i < 3; i++) {
        zc_msg_init_data (&m, malloc (1), 1, free_more, &hint);
        zc_msg_drop (&m);
    }
    zc_msg_run_late ();
    CHECK_INT (freed, 6);
}

TEST (a_share_of_a_chunk_holds_it)
{
    struct zc_chunk *c = zc_chunk_new (100);
    struct zc_msg m, copy;
    REQUIRE (c);
    memset (c->d, 'c', 100);
    CHECK_INT (zc_msg_init_chunk (&m, c, c->d + 10, 60), 0);
    zc_chunk_unref (c);
    CHECK_INT (zc_msg_copy (&copy, &m), 0);
    CHECK (zc_msg_is_shared (&m));
    zc_msg_drop (&m);
    CHECK (!zc_msg_has_late ());
    CHECK_INT (zc_msg_bytes (&copy)[59], 'c');
    zc_msg_close (&copy);
}

TEST (a_message_that_is_renewed_uses_its_memory_again)
{
    struct zc_msg m;

    CHECK_INT (zc_msg_init_size (&m, 400), 0);
    const uint8_t *memory = zc_msg_bytes (&m);
    CHECK_INT (zc_msg_renew (&m, 300), 0);
    CHECK (zc_msg_bytes (&m) == memory);
    CHECK_INT (zc_msg_size (&m), 300);
    CHECK_INT (zc_msg_renew (&m, 400), 0);
    CHECK (zc_msg_bytes (&m) == memory);
    CHECK_INT (zc_msg_renew (&m, 5), 0); /* small ones live in the message */
    CHECK_INT (m.kind, ZC_MSG_INLINE);
    CHECK_INT (zc_msg_size (&m), 5);
    zc_msg_close (&m);
}

TEST (a_message_that_is_renewed_keeps_no_memory_far_too_large)
{
    struct zc_msg m;

    CHECK_INT (zc_msg_init_size (&m, 20000), 0);
    CHECK_INT (zc_msg_renew (&m, 100), 0);
    CHECK (m.r.body->room < 20000);
    zc_msg_close (&m);
}

TEST (a_message_that_is_renewed_leaves_to_others_what_is_theirs)
{
    struct zc_msg m, copy;
    freed = 0;

    CHECK_INT (zc_msg_init_size (&m, 100), 0);
    memset (zc_msg_data (&m), 'x', 100);
    CHECK_INT (zc_msg_copy (&copy, &m), 0);
    CHECK_INT (zc_msg_renew (&m, 100), 0);
    CHECK (zc_msg_bytes (&m) != zc_msg_bytes (&copy));
    CHECK (!zc_msg_is_shared (&copy));
    zc_msg_close (&m);
    zc_msg_close (&copy);

    zc_msg_init_data (&m, malloc (100), 100, count_free, NULL);
    CHECK_INT (zc_msg_renew (&m, 100), 0);
    zc_msg_run_late ();
    CHECK_INT (freed, 1);
    zc_msg_close (&m);
}

TEST (a_message_that_can_t_be_renewed_is_as_it_was)
{
    struct zc_msg m;

    CHECK_INT (zc_msg_init_copy (&m, "small", 5), 0);
    atomic_store (&zc_alloc_fail_at, -1);
    CHECK_INT (zc_msg_renew (&m, 100), -ENOMEM);
    atomic_store (&zc_alloc_fail_at, 0);
    CHECK_INT (zc_msg_size (&m), 5);
    CHECK_MEM (zc_msg_bytes (&m), "small", 5);
}
