/* The stores of topics with topics as deep and as large as peers may send them. */
#include "base/trie.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "naive.h"

static void *on_a_small_stack (void *arg)
{
    enum
    {
        HUGE = 64 << 20,
        DEEP = 3000
    };
    uint8_t *topic = calloc (HUGE, 1);
    struct zc_subs subs;
    struct zc_topics topics;
    size_t count = 0;

    (void)arg;
    zc_subs_init (&subs);
    CHECK_INT (zc_subs_add (&subs, topic, HUGE, 1), ZC_SUBS_NEW | ZC_SUBS_FIRST);
    topic[HUGE - 1] = 1;
    CHECK_INT (zc_subs_add (&subs, topic, HUGE, 2), ZC_SUBS_NEW | ZC_SUBS_FIRST);
    zc_subs_match (&subs, topic, HUGE, count_one, &count);
    CHECK_INT (count, 1);
    CHECK_INT (zc_subs_remove (&subs, topic, HUGE, 1), -ENOENT);
    zc_subs_drop (&subs, 2, NULL, NULL);
    CHECK_INT (subs.count, 1);
    for (size_t n = 0; n < DEEP; n++)
        CHECK (zc_subs_add (&subs, topic, n, 3) > 0);
    count = 0;
    zc_subs_match (&subs, topic, DEEP, count_one, &count);
    CHECK_INT (count, DEEP);
    zc_subs_close (&subs);

    zc_topics_init (&topics);
    for (size_t n = DEEP; n-- > 0;)
        CHECK_INT (zc_topics_add (&topics, topic, n), 1);
    count = 0;
    CHECK_INT (zc_topics_each (&topics, count_topic, &count), 0);
    CHECK_INT (count, DEEP);
    zc_topics_close (&topics);
    free (topic);
    return NULL;
}

TEST (deep_and_huge_topics_need_no_stack)
{
    pthread_attr_t attr;
    pthread_t thread;

    pthread_attr_init (&attr);
    pthread_attr_setstacksize (&attr, 64 * 1024);
    REQUIRE (pthread_create (&thread, &attr, on_a_small_stack, NULL) == 0);
    pthread_join (thread, NULL);
    pthread_attr_destroy (&attr);
}
