/* base/body.h: large bodies that were let go are kept for the next, a few and not too large. */
#include "check.h"

#include "base/alloc.h"
#include "base/body.h"

/* Other tests' bodies are not to be met. */
static void drain (void)
{
    struct zc_body *b;

    for (size_t n = ZC_KEPT_MIN; n <= ZC_KEPT_MAX; n *= 2)
        while ((b = zc_body_kept (n)) != NULL)
            zc_free (b);
}

TEST (a_large_body_that_was_let_go_is_the_next_one)
{
    drain ();
    struct zc_body *b = zc_body_new (100000);
    zc_body_free (b);
    CHECK (zc_body_new (90000) == b);
    CHECK_INT (b->refs, 1);
    zc_body_free (b);
    CHECK (zc_body_kept (100000) == b);
    CHECK (!zc_body_kept (100000));
    zc_body_free (b);
}

TEST (none_is_given_that_is_too_small_or_far_too_large)
{
    drain ();
    struct zc_body *b = zc_body_new (ZC_KEPT_MAX);
    zc_body_free (b);
    CHECK (!zc_body_kept (ZC_KEPT_MAX + 1));
    CHECK (!zc_body_kept (ZC_KEPT_MIN));
    CHECK (!zc_body_kept (100));
    CHECK (zc_body_kept (ZC_KEPT_MAX) == b); /* it was put back each time */
    zc_body_free (b);
}

TEST (no_more_than_a_few_are_kept)
{
    struct zc_body *b[2 * ZC_KEPT];
    int kept = 0;

    drain ();
    for (int i = 0; i < 2 * ZC_KEPT; i++)
        b[i] = zc_body_new (ZC_KEPT_MAX);
    for (int i = 0; i < 2 * ZC_KEPT; i++)
        zc_body_free (b[i]);
    while (kept < 2 * ZC_KEPT && (b[kept] = zc_body_kept (ZC_KEPT_MAX)) != NULL)
        kept++;
    CHECK_INT (kept, ZC_KEPT);
    while (kept > 0)
        zc_body_free (b[--kept]);
}

TEST (growing_keeps_what_is_in_it_and_without_memory_changes_nothing)
{
    struct zc_body *b = zc_body_resize (NULL, 10);
    memcpy (b->d, "0123456789", 10);
    atomic_store (&zc_alloc_fail_at, 1);
    CHECK (!zc_body_resize (b, 1000000));
    atomic_store (&zc_alloc_fail_at, 0);
    CHECK_INT (b->room, 10);
    b = zc_body_resize (b, 1000000);
    CHECK_MEM (b->d, "0123456789", 10);
    CHECK (!zc_body_resize (b, SIZE_MAX));
    zc_body_free (b);
}
