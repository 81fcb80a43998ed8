/* base/piece.h and base/body.h: large pieces that were let go are kept for the next, a few and not too large. */
#include "check.h"

#include "base/alloc.h"
#include "base/body.h"

enum
{
    LARGEST = 2 << 20
};

/* Other tests' bodies are not to be met. */
static void drain (void)
{
    struct zc_body *b;

    for (size_t n = ZC_PIECE_MIN; n <= LARGEST; n += n / 4)
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
    struct zc_body *b = zc_body_new (LARGEST);
    zc_body_free (b);
    CHECK (!zc_body_kept (LARGEST + 1));
    CHECK (!zc_body_kept (ZC_PIECE_MIN));
    CHECK (!zc_body_kept (100));
    CHECK (zc_body_kept (LARGEST) == b); /* it was put back each time */
    zc_body_free (b);
}

TEST (no_more_than_a_few_are_kept)
{
    struct zc_body *b[2 * ZC_PIECES_BIG];
    int kept = 0;

    drain ();
    for (int i = 0; i < 2 * ZC_PIECES_BIG; i++)
        b[i] = zc_body_new (LARGEST);
    for (int i = 0; i < 2 * ZC_PIECES_BIG; i++)
        zc_body_free (b[i]);
    while (kept < 2 * ZC_PIECES_BIG && (b[kept] = zc_body_kept (LARGEST)) != NULL)
        kept++;
    CHECK_INT (kept, ZC_PIECES_BIG);
    while (kept > 0)
        zc_body_free (b[--kept]);
}

/* ---- huge ones ---- */

enum
{
    HUGE = 5 << 20
};

/* What is kept of b's size is b. */
static bool is_kept (struct zc_body *b)
{
    struct zc_body *kept = zc_body_kept (HUGE);

    CHECK (!kept || kept == b);
    if (kept)
        zc_free (kept);
    return kept;
}

TEST (a_huge_body_is_kept_only_while_their_place_is_open)
{
    zc_pieces_shut ();
    struct zc_body *b = zc_body_new (HUGE);
    zc_body_free (b);
    CHECK (!is_kept (b));
    CHECK (zc_pieces_open ()); /* somebody is to come and let them go */
    CHECK (!zc_pieces_open ());
    b = zc_body_new (HUGE);
    zc_body_free (b);
    CHECK (zc_body_new (HUGE - 1000) == b);
    zc_body_free (b);
    CHECK (!zc_body_kept (HUGE / 2 - 100)); /* less than half: too small for it */
    zc_pieces_shut ();
    CHECK (!zc_pieces_are_open ());
    CHECK (!is_kept (b));
}

TEST (huge_bodies_are_let_go_when_nobody_has_asked_since_the_last_look)
{
    zc_pieces_open ();
    struct zc_body *b = zc_body_new (HUGE);
    zc_body_free (b);
    CHECK (!zc_pieces_let_go ());
    zc_pieces_open ();
    CHECK (!zc_pieces_let_go ());
    CHECK (zc_body_kept (HUGE) == b);
    zc_body_free (b);
    CHECK (zc_pieces_let_go ());
    CHECK (!zc_pieces_are_open ());
    CHECK (!is_kept (b));
    CHECK (zc_pieces_let_go ()); /* as another I/O thread would find it */
}

TEST (the_last_huge_bodies_are_those_that_are_kept)
{
    struct zc_body *before[ZC_PIECES_HUGE], *b;

    zc_pieces_open ();
    for (int i = 0; i < ZC_PIECES_HUGE; i++)
        before[i] = zc_body_new (4 * HUGE);
    b = zc_body_new (HUGE);
    for (int i = 0; i < ZC_PIECES_HUGE; i++)
        zc_body_free (before[i]);
    zc_body_free (b);
    CHECK (is_kept (b));
    zc_pieces_shut ();
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
