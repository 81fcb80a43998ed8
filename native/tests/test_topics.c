/* zc_topics: judged against a naive store over random operations. */
#include "base/trie.h"

#include <errno.h>
#include <stdlib.h>

#include "naive.h"

struct walked
{
    struct topic topics[NAIVE_MAX];
    size_t count;
};

static int walk (void *arg, const uint8_t *topic, size_t n)
{
    struct walked *w = arg;
    struct topic *t = &w->topics[w->count++];

    t->size = n;
    memcpy (t->bytes, topic, n);
    return 0;
}

static int stop_at_the_second (void *arg, const uint8_t *topic, size_t n)
{
    (void)topic;
    (void)n;
    return ++*(int *)arg == 2 ? 7 : 0;
}

static void check_walk (const struct zc_topics *topics, struct naive *naive)
{
    static struct walked walked;
    static struct topic sorted[NAIVE_MAX];

    walked.count = 0;
    memcpy (sorted, naive->topics, naive->count * sizeof sorted[0]);
    qsort (sorted, naive->count, sizeof sorted[0], compare);
    CHECK_INT (zc_topics_each (topics, walk, &walked), 0);
    CHECK_INT (walked.count, naive->count);
    for (size_t i = 0; i < naive->count && i < walked.count; i++)
        CHECK (same (&walked.topics[i], &sorted[i]));
}

static void run_topics (uint32_t letters, int steps)
{
    static struct naive naive;
    struct zc_topics topics;

    naive.count = 0;
    zc_topics_init (&topics);
    for (int step = 0; step < steps; step++) {
        struct topic t = random_topic (letters);
        size_t i = naive_find (&naive, &t, -1);
        bool there = i < naive.count;

        if (random_below (100) < (uint32_t)(step % 2000 < 1000 ? 65 : 35) && naive.count < NAIVE_MAX) {
            CHECK_INT (zc_topics_add (&topics, t.bytes, t.size), !there);
            if (there)
                naive.whos[i]++;
            else
                naive_put (&naive, &t, 1);
        } else {
            CHECK_INT (zc_topics_remove (&topics, t.bytes, t.size), !there ? -ENOENT : naive.whos[i] == 1);
            if (there && --naive.whos[i] == 0)
                naive_cut (&naive, i);
        }
        CHECK_INT (topics.count, naive.count);
        t = random_topic (letters);
        CHECK_INT (zc_topics_match (&topics, t.bytes, t.size), naive_match (&naive, &t));
        if (step % 997 == 0)
            check_walk (&topics, &naive);
    }
    while (naive.count > 0) {
        while (zc_topics_remove (&topics, naive.topics[0].bytes, naive.topics[0].size) == 0)
            ;
        naive_cut (&naive, 0);
    }
    CHECK_INT (topics.bytes, 0);
    CHECK (!topics.root);
    zc_topics_close (&topics);
}

TEST (topics_behave_like_a_list_of_counted_prefixes)
{
    run_topics (2, 20000);
    run_topics (3, 20000);
    run_topics (16, 20000);
    run_topics (128, 20000);
    run_topics (256, 20000);
}

TEST (an_empty_store_matches_nothing_and_an_empty_topic_everything)
{
    struct zc_topics topics;

    zc_topics_init (&topics);
    CHECK (!zc_topics_match (&topics, NULL, 0));
    CHECK (!zc_topics_match (&topics, (const uint8_t *)"a", 1));
    CHECK_INT (zc_topics_remove (&topics, NULL, 0), -ENOENT);
    CHECK_INT (zc_topics_add (&topics, NULL, 0), 1);
    CHECK (zc_topics_match (&topics, NULL, 0));
    CHECK (zc_topics_match (&topics, (const uint8_t *)"a", 1));
    CHECK_INT (zc_topics_add (&topics, (const uint8_t *)"b", 1), 1);
    CHECK_INT (zc_topics_remove (&topics, NULL, 0), 1);
    CHECK (!zc_topics_match (&topics, (const uint8_t *)"a", 1));
    CHECK (zc_topics_match (&topics, (const uint8_t *)"bc", 2));
    zc_topics_close (&topics);
    CHECK_INT (topics.bytes, 0);
}

TEST (a_walk_stops_when_asked)
{
    struct zc_topics topics;
    int calls = 0;

    zc_topics_init (&topics);
    for (uint8_t c = 'a'; c < 'f'; c++)
        zc_topics_add (&topics, &c, 1);
    CHECK_INT (zc_topics_each (&topics, stop_at_the_second, &calls), 7);
    CHECK_INT (calls, 2);
    zc_topics_close (&topics);
}
