/* The helpers of zmq.h. */
#include <errno.h>
#include "base/alloc.h"
#include "check.h"
#include "os/clock.h"
#include "os/thread.h"
#include "zcffi.h"

TEST (the_versions_are_those_of_the_header_and_of_the_build)
{
    int major = -1, minor = -1, patch = -1;

    zmq_version (&major, &minor, &patch);
    CHECK_INT (ZMQ_MAKE_VERSION (major, minor, patch), ZMQ_VERSION);
    zcffi_version (&major, &minor, &patch);
    CHECK_INT (major, ZCFFI_VERSION_MAJOR);
    CHECK_INT (minor, ZCFFI_VERSION_MINOR);
    CHECK_INT (patch, ZCFFI_VERSION_PATCH);
    zmq_version (NULL, NULL, NULL);
    zcffi_version (NULL, NULL, NULL);
}

TEST (errors_have_numbers_and_texts)
{
    errno = EFSM;
    CHECK_INT (zmq_errno (), EFSM);
    CHECK (zmq_strerror (EINVAL)[0]);
    CHECK_STR (zmq_strerror (ETERM), "Context was terminated");
}

TEST (has_tells_the_truth)
{
    static const char *const lacking[] = {"curve", "pgm",    "norm",  "tipc", "gssapi",
                                          "vmci",  "vsock",  "draft", "WS",   "WSS",
                                          "tcp",   "inproc", "",      "IPC",  "ipc "};

    CHECK_INT (zmq_has ("ipc"), 1);
    for (size_t i = 0; i < sizeof lacking / sizeof lacking[0]; i++)
        CHECK_INT (zmq_has (lacking[i]), 0);
    CHECK_INT (zmq_has (NULL), 0);
}

TEST (z85_goes_both_ways_and_refuses_with_einval)
{
    static const uint8_t bytes[] = {0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b};
    char text[11];
    uint8_t back[8];

    CHECK (zmq_z85_encode (text, bytes, sizeof bytes) == text);
    CHECK_STR (text, "HelloWorld");
    CHECK (zmq_z85_decode (back, text) == back);
    CHECK_MEM (back, bytes, sizeof bytes);
    CHECK (zmq_z85_encode (text, NULL, 0) == text);
    CHECK_STR (text, "");
    errno = 0;
    CHECK (!zmq_z85_encode (text, bytes, 7));
    CHECK_INT (errno, EINVAL);
    errno = 0;
    CHECK (!zmq_z85_encode (NULL, NULL, 3));
    CHECK_INT (errno, EINVAL);
    CHECK (!zmq_z85_encode (text, NULL, 4));
    errno = 0;
    CHECK (!zmq_z85_decode (back, "1234"));
    CHECK_INT (errno, EINVAL);
    CHECK (!zmq_z85_decode (back, ""));
    CHECK (!zmq_z85_decode (back, "#####"));
    CHECK (!zmq_z85_decode (back, NULL));
    CHECK (!zmq_z85_decode (NULL, "12345"));
}

TEST (without_curve_there_are_no_keys)
{
    char pub[41] = "untouched", sec[41] = "untouched";

    errno = 0;
    CHECK_INT (zmq_curve_keypair (pub, sec), -1);
    CHECK_INT (errno, ENOTSUP);
    errno = 0;
    CHECK_INT (zmq_curve_public (pub, sec), -1);
    CHECK_INT (errno, ENOTSUP);
    CHECK_STR (pub, "untouched");
}

TEST (a_counter_tells_the_value_before_and_whether_it_is_zero)
{
    void *counter = zmq_atomic_counter_new ();

    REQUIRE (counter);
    CHECK_INT (zmq_atomic_counter_value (counter), 0);
    for (int i = 0; i < 3; i++)
        CHECK_INT (zmq_atomic_counter_inc (counter), i);
    CHECK_INT (zmq_atomic_counter_value (counter), 3);
    CHECK_INT (zmq_atomic_counter_dec (counter), 1);
    CHECK_INT (zmq_atomic_counter_dec (counter), 1);
    CHECK_INT (zmq_atomic_counter_dec (counter), 0);
    zmq_atomic_counter_set (counter, 2);
    CHECK_INT (zmq_atomic_counter_dec (counter), 1);
    CHECK_INT (zmq_atomic_counter_dec (counter), 0);
    zmq_atomic_counter_destroy (&counter);
    CHECK (!counter);
    zmq_atomic_counter_destroy (&counter);
    zmq_atomic_counter_destroy (NULL);
}

TEST (null_is_no_counter)
{
    errno = 0;
    CHECK_INT (zmq_atomic_counter_inc (NULL), -1);
    CHECK_INT (errno, EFAULT);
    CHECK_INT (zmq_atomic_counter_dec (NULL), -1);
    CHECK_INT (zmq_atomic_counter_value (NULL), -1);
    zmq_atomic_counter_set (NULL, 1);
}

static void count_up (void *counter)
{
    for (int i = 0; i < 10000; i++)
        zmq_atomic_counter_inc (counter);
}

TEST (threads_start_and_are_waited_for_and_counters_lose_nothing)
{
    void *counter = zmq_atomic_counter_new (), *threads[4];

    REQUIRE (counter);
    for (int i = 0; i < 4; i++) {
        threads[i] = zmq_threadstart (count_up, counter);
        REQUIRE (threads[i]);
    }
    for (int i = 0; i < 4; i++)
        zmq_threadclose (threads[i]);
    CHECK_INT (zmq_atomic_counter_value (counter), 40000);
    zmq_atomic_counter_destroy (&counter);
    errno = 0;
    CHECK (!zmq_threadstart (NULL, NULL));
    CHECK_INT (errno, EFAULT);
    zmq_threadclose (NULL);
}

TEST (a_stopwatch_counts_microseconds)
{
    void *watch = zmq_stopwatch_start ();
    uint64_t until = zc_now () + 3 * ZC_MS;

    REQUIRE (watch);
    while (zc_now () < until)
        ;
    unsigned long first = zmq_stopwatch_intermediate (watch), second = zmq_stopwatch_stop (watch);

    CHECK (first >= 3000);
    CHECK (second >= first);
    CHECK_INT (zmq_stopwatch_stop (NULL), 0);
}

TEST (sleeping_takes_seconds)
{
    uint64_t before = zc_now ();

    zmq_sleep (0);
    zmq_sleep (-1);
    zmq_sleep (1);
    CHECK (zc_now () - before >= 1000 * ZC_MS);
}

TEST (no_memory_is_an_error)
{
    atomic_store (&zc_alloc_fail_at, -1);
    errno = 0;
    CHECK (!zmq_atomic_counter_new ());
    CHECK_INT (errno, ENOMEM);
    errno = 0;
    CHECK (!zmq_stopwatch_start ());
    CHECK_INT (errno, ENOMEM);
    errno = 0;
    CHECK (!zmq_threadstart (count_up, NULL));
    CHECK_INT (errno, ENOMEM);
    errno = 0;
    CHECK (!zmq_timers_new ());
    CHECK_INT (errno, ENOMEM);
    atomic_store (&zc_alloc_fail_at, 0);
}
