/* zc_subs: judged against a naive store over random operations, with failing memory, and by its size. */
#include "base/trie.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "naive.h"

#if defined __SANITIZE_ADDRESS__
#define SANITIZED 1
#elif defined __has_feature
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

enum
{
    MANY = 100000
};

struct matched
{
    uint32_t times[WHOS];
};

static void match (void *arg, uint32_t who)
{
    ((struct matched *)arg)->times[who]++;
}

static void check_match (struct zc_subs *subs, const struct naive *naive, const struct topic *message)
{
    struct matched got = {{0}}, want = {{0}};

    for (size_t i = 0; i < naive->count; i++)
        if (begins (&naive->topics[i], message))
            want.times[naive->whos[i]]++;
    zc_subs_match (subs, message->bytes, message->size, match, &got);
    CHECK_MEM (&got, &want, sizeof got);
}

/* What a drop must report; each report takes one out. */
static void expect_gone (void *arg, const uint8_t *topic, size_t n)
{
    struct naive *gone = arg;
    struct topic t = {.size = n};
    size_t i;

    memcpy (t.bytes, topic, n);
    i = naive_find (gone, &t, -1);
    CHECK (i < gone->count);
    if (i < gone->count)
        naive_cut (gone, i);
}

static void check_drop (struct zc_subs *subs, struct naive *naive, uint32_t who)
{
    static struct naive gone;

    gone.count = 0;
    for (size_t i = 0; i < naive->count;) {
        struct topic t = naive->topics[i];

        if (naive->whos[i] != who) {
            i++;
            continue;
        }
        naive_cut (naive, i);
        if (naive_find (naive, &t, -1) == naive->count)
            naive_put (&gone, &t, who);
    }
    zc_subs_drop (subs, who, expect_gone, &gone);
    CHECK_INT (gone.count, 0);
}

static size_t distinct (const struct naive *naive)
{
    size_t count = 0;

    for (size_t i = 0; i < naive->count; i++)
        count += naive_find (naive, &naive->topics[i], -1) == i;
    return count;
}

static void subs_step (struct zc_subs *subs, struct naive *naive, uint32_t letters, bool growing)
{
    struct topic t = random_topic (letters);
    uint32_t who = random_below (WHOS);
    size_t i = naive_find (naive, &t, who);
    bool there = i < naive->count;
    int want;

    if (random_below (100) < (growing ? 65u : 35u) && naive->count < NAIVE_MAX) {
        bool first = naive_find (naive, &t, -1) == naive->count;

        want = there ? 0 : ZC_SUBS_NEW | (first ? ZC_SUBS_FIRST : 0);
        CHECK_INT (zc_subs_add (subs, t.bytes, t.size, who), want);
        if (!there)
            naive_put (naive, &t, who);
        return;
    }
    if (there)
        naive_cut (naive, i);
    want = ZC_SUBS_NEW | (naive_find (naive, &t, -1) == naive->count ? ZC_SUBS_FIRST : 0);
    CHECK_INT (zc_subs_remove (subs, t.bytes, t.size, who), there ? want : -ENOENT);
}

static void run_subs (uint32_t letters, int steps)
{
    static struct naive naive;
    struct zc_subs subs;

    naive.count = 0;
    zc_subs_init (&subs);
    for (int step = 0; step < steps; step++) {
        struct topic message = random_topic (letters);

        subs_step (&subs, &naive, letters, step % 4000 < 2000);
        check_match (&subs, &naive, &message);
        if (random_below (300) == 0)
            check_drop (&subs, &naive, random_below (WHOS));
        if (step % 499 == 0)
            CHECK_INT (subs.count, distinct (&naive));
    }
    for (uint32_t who = 0; who < WHOS; who++)
        check_drop (&subs, &naive, who);
    CHECK_INT (subs.count, 0);
    CHECK (!subs.root);
    zc_subs_close (&subs);
    CHECK_INT (subs.bytes, 0);
}

TEST (subs_behave_like_a_list_of_pairs)
{
    run_subs (2, 20000);
    run_subs (3, 20000);
    run_subs (16, 20000);
    run_subs (256, 20000);
}

TEST (a_closed_store_has_given_everything_back)
{
    struct zc_subs subs;

    zc_subs_init (&subs);
    for (int i = 0; i < 5000; i++) {
        struct topic t = random_topic (3);
        zc_subs_add (&subs, t.bytes, t.size, random_below (500));
    }
    zc_subs_close (&subs);
    CHECK_INT (subs.bytes, 0);
    CHECK_INT (subs.count, 0);
}

/* A match in two steps; false: it would give what the last one gave. */
static bool begins_anew (struct zc_subs *subs, const char *message, size_t *count)
{
    struct zc_subs_match m;
    const uint8_t *bytes = (const uint8_t *)message;

    if (!zc_subs_match_begin (subs, &m, bytes, strlen (message)))
        return false;
    *count = 0;
    zc_subs_match_tell (&m, bytes, strlen (message), count_one, count);
    return true;
}

TEST (the_same_single_topic_need_not_be_told_again)
{
    struct zc_subs subs;
    size_t count;

    zc_subs_init (&subs);
    zc_subs_add (&subs, (const uint8_t *)"a", 1, 0);
    zc_subs_add (&subs, (const uint8_t *)"a", 1, 1);
    zc_subs_add (&subs, (const uint8_t *)"b", 1, 2);
    CHECK (begins_anew (&subs, "a1", &count));
    CHECK_INT (count, 2);
    CHECK (!begins_anew (&subs, "a2", &count));
    CHECK (begins_anew (&subs, "b", &count));
    CHECK_INT (count, 1);
    CHECK (begins_anew (&subs, "a", &count));
    CHECK (begins_anew (&subs, "none", &count));
    CHECK_INT (count, 0);
    CHECK (begins_anew (&subs, "none", &count)); /* nobody is found anew each time */
    zc_subs_close (&subs);
}

TEST (whatever_changes_subscriptions_has_them_told_again)
{
    struct zc_subs subs;
    size_t count;

    zc_subs_init (&subs);
    zc_subs_add (&subs, (const uint8_t *)"a", 1, 0);
    CHECK (begins_anew (&subs, "a", &count));
    zc_subs_add (&subs, (const uint8_t *)"a", 1, 1);
    CHECK (begins_anew (&subs, "a", &count));
    CHECK_INT (count, 2);
    zc_subs_remove (&subs, (const uint8_t *)"a", 1, 0);
    CHECK (begins_anew (&subs, "a", &count));
    CHECK_INT (count, 1);
    zc_subs_add (&subs, (const uint8_t *)"ab", 2, 2);
    CHECK (begins_anew (&subs, "ab", &count));
    CHECK_INT (count, 2);
    CHECK (begins_anew (&subs, "ab", &count)); /* two topics match: always */
    zc_subs_drop (&subs, 2, NULL, NULL);
    CHECK (begins_anew (&subs, "ab", &count));
    CHECK_INT (count, 1);
    CHECK (!begins_anew (&subs, "ab", &count));
    zc_subs_match_again (&subs);
    CHECK (begins_anew (&subs, "ab", &count));
    zc_subs_close (&subs);
}

TEST (ten_thousand_subscribers_share_a_topic)
{
    enum
    {
        CROWD = 10000,
        STRIDE = 64
    };
    struct zc_subs subs;
    size_t count = 0;

    zc_subs_init (&subs);
    for (uint32_t i = 0; i < CROWD; i++)
        CHECK_INT (zc_subs_add (&subs, NULL, 0, i * STRIDE), i ? ZC_SUBS_NEW : ZC_SUBS_NEW | ZC_SUBS_FIRST);
    CHECK_INT (zc_subs_add (&subs, NULL, 0, STRIDE), 0);
    zc_subs_match (&subs, (const uint8_t *)"x", 1, count_one, &count);
    CHECK_INT (count, CROWD);
    for (uint32_t i = CROWD; i-- > 1;)
        zc_subs_drop (&subs, i * STRIDE, NULL, NULL);
    count = 0;
    zc_subs_match (&subs, (const uint8_t *)"x", 1, count_one, &count);
    CHECK_INT (count, 1);
    zc_subs_drop (&subs, 0, NULL, NULL);
    CHECK_INT (subs.count, 0);
    zc_subs_close (&subs);
}

/* ---- failing memory ---- */

/* Every allocation of an operation fails once; the store must be as before, then the operation works. */
static void add_against_odds (struct zc_subs *subs, const struct topic *t, uint32_t who)
{
    size_t count = subs->count;
    int rc = -ENOMEM;

    for (long fail = 1; rc == -ENOMEM; fail++) {
        atomic_store (&zc_alloc_fail_at, fail);
        rc = zc_subs_add (subs, t->bytes, t->size, who);
        atomic_store (&zc_alloc_fail_at, 0);
        if (rc == -ENOMEM) {
            CHECK_INT (subs->count, count);
            CHECK_INT (zc_subs_remove (subs, t->bytes, t->size, who), -ENOENT);
        }
        REQUIRE (fail < 20);
    }
}

TEST (a_failed_add_changes_nothing)
{
    static struct naive naive;
    struct zc_subs subs;

    naive.count = 0;
    zc_subs_init (&subs);
    for (int step = 0; step < 3000; step++) {
        struct topic t = random_topic (step % 2 ? 2 : 256), message = random_topic (step % 2 ? 2 : 256);
        uint32_t who = random_below (WHOS);

        if (naive_find (&naive, &t, who) < naive.count)
            continue;
        add_against_odds (&subs, &t, who);
        naive_put (&naive, &t, who);
        check_match (&subs, &naive, &message);
    }
    CHECK_INT (subs.count, distinct (&naive));
    zc_subs_close (&subs);
    CHECK_INT (subs.bytes, 0);
}

TEST (removing_and_dropping_need_no_memory)
{
    static struct naive naive;
    struct zc_subs subs;

    naive.count = 0;
    zc_subs_init (&subs);
    for (int step = 0; step < 4000; step++)
        subs_step (&subs, &naive, step % 2 ? 2 : 256, true);
    atomic_store (&zc_alloc_fail_at, -1);
    for (int i = 0; i < 1000 && naive.count > 0; i++) {
        size_t at = random_below ((uint32_t)naive.count);
        struct topic t = naive.topics[at];

        CHECK (zc_subs_remove (&subs, t.bytes, t.size, naive.whos[at]) > 0);
        naive_cut (&naive, at);
        check_match (&subs, &naive, &t);
    }
    for (uint32_t who = 0; who < WHOS; who++)
        check_drop (&subs, &naive, who);
    atomic_store (&zc_alloc_fail_at, 0);
    CHECK_INT (subs.count, 0);
    zc_subs_close (&subs);
    CHECK_INT (subs.bytes, 0);
}

/* ---- size ---- */

static size_t memory_in_use (void)
{
    return mallinfo2 ().uordblks;
}

static void check_size (const char *what, size_t topic, size_t (*make) (uint8_t *out, int i))
{
    struct zc_subs subs;
    size_t before = memory_in_use (), held;
    uint8_t text[64];

    zc_subs_init (&subs);
    for (int i = 0; i < MANY; i++)
        zc_subs_add (&subs, text, make (text, i), 0);
    held = SANITIZED ? subs.bytes : memory_in_use () - before;
    printf ("%s: %zu bytes each (%zu by our count), topic %zu\n", what, held / subs.count,
            subs.bytes / subs.count, topic);
    CHECK_INT (subs.count, MANY);
    CHECK (held <= (100 + topic) * subs.count);
    zc_subs_close (&subs);
}

static size_t make_random (uint8_t *out, int i)
{
    (void)i;
    for (int j = 0; j < 32; j++)
        out[j] = (uint8_t)random_below (256);
    return 32;
}

static size_t make_counted (uint8_t *out, int i)
{
    return (size_t)snprintf ((char *)out, 64, "topic-%06d", i);
}

TEST (a_subscription_needs_at_most_a_hundred_bytes_and_its_topic)
{
    check_size ("random topics", 32, make_random);
    check_size ("topic-%06d", 12, make_counted);
}
