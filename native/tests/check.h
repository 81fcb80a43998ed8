/* check.h: the harness of the C unit tests. MIT licence, see LICENSE.
 *
 * A test program is one .c file: include this header (once, it holds main), write TEST(name) { ... } for each
 * rule, name it after the rule. Without arguments every test runs; with arguments only the tests named there.
 * Every failed check prints one line and the test goes on; REQUIRE ends its test. Exit status 1 on any failure.
 * Checks may be made from any thread of a test; REQUIRE only in a function that returns void. */
#ifndef ZC_CHECK_H_INCLUDED
#define ZC_CHECK_H_INCLUDED

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct check_test
{
    const char *name;
    void (*run) (void);
    struct check_test *next;
};

static struct check_test *check_tests;
static atomic_int check_failures;

static inline void check_add (struct check_test *test)
{
    struct check_test **end = &check_tests;

    while (*end)
        end = &(*end)->next;
    *end = test;
}

/* Defines and registers a test; the body follows. */
#define TEST(name_)                                                                                          \
    static void test_##name_ (void);                                                                         \
    __attribute__ ((constructor)) static void check_add_##name_ (void)                                       \
    {                                                                                                        \
        static struct check_test test = {#name_, test_##name_, NULL};                                        \
        check_add (&test);                                                                                   \
    }                                                                                                        \
    static void test_##name_ (void)

#define CHECK_FAIL(...)                                                                                      \
    (atomic_fetch_add (&check_failures, 1), fprintf (stderr, "%s:%d: ", __FILE__, __LINE__),                 \
     fprintf (stderr, __VA_ARGS__), fputc ('\n', stderr))

#define CHECK(cond) ((cond) ? (void)0 : (void)CHECK_FAIL ("not true: %s", #cond))

#define REQUIRE(cond)                                                                                        \
    do {                                                                                                     \
        if (!(cond)) {                                                                                       \
            CHECK_FAIL ("not true: %s", #cond);                                                              \
            return;                                                                                          \
        }                                                                                                    \
    } while (0)

/* Integers of any type; printed as signed. First what was got, then what is right. */
#define CHECK_INT(got, want)                                                                                 \
    do {                                                                                                     \
        long long got_ = (long long)(got), want_ = (long long)(want);                                        \
        if (got_ != want_)                                                                                   \
            CHECK_FAIL ("%s is %lld, not %lld (%s)", #got, got_, want_, #want);                              \
    } while (0)

#define CHECK_STR(got, want)                                                                                 \
    do {                                                                                                     \
        const char *got_ = (got), *want_ = (want);                                                           \
        if (!got_ || !want_ || strcmp (got_, want_) != 0)                                                    \
            CHECK_FAIL ("%s is \"%s\", not \"%s\"", #got, got_ ? got_ : "(null)", want_ ? want_ : "(null)"); \
    } while (0)

/* The first `size` bytes at both places. */
#define CHECK_MEM(got, want, size)                                                                           \
    do {                                                                                                     \
        const unsigned char *got_ = (const void *)(got), *want_ = (const void *)(want);                      \
        size_t size_ = (size), at_ = 0;                                                                      \
        while (at_ < size_ && got_[at_] == want_[at_])                                                       \
            at_++;                                                                                           \
        if (at_ < size_)                                                                                     \
            CHECK_FAIL ("%s differs at byte %zu: %02x, not %02x", #got, at_, got_[at_], want_[at_]);         \
    } while (0)

static bool check_run (const struct check_test *test)
{
    int before = atomic_load (&check_failures);

    test->run ();
    if (atomic_load (&check_failures) == before)
        return true;
    fprintf (stderr, "FAILED %s\n", test->name);
    return false;
}

int main (int argc, char **argv)
{
    int runs = 0, failed = 0;

    for (struct check_test *test = check_tests; test; test = test->next) {
        bool wanted = argc < 2;

        for (int i = 1; i < argc && !wanted; i++)
            wanted = strcmp (argv[i], test->name) == 0;
        if (wanted) {
            runs++;
            failed += !check_run (test);
        }
    }
    if (runs == 0)
        fprintf (stderr, "no such test\n");
    printf ("%d tests, %d failed\n", runs, failed);
    return failed > 0 || runs == 0;
}

#endif
