/* What the helpers answer: timers, stopwatch, threads, counters, keys as text, capabilities: see answers.h. */
#include <stdint.h>
#include <stdlib.h>
#include "answers.h"

/* ---- timers ---- */

static int runs;

static void on_timer (int id, void *arg)
{
    (void)id;
    runs += arg ? *(int *)arg : 1;
}

static void timers (void)
{
    void *t = NULL, *none = NULL;
    char junk[64] = "junk";
    void *no_timers = junk;
    int step = 10;

    where ("no timers");
    SAY (zmq_timers_destroy (&none));
    SAY (zmq_timers_destroy (&no_timers));
    SAY (zmq_timers_add (NULL, 10, on_timer, NULL));
    SAY (zmq_timers_add (junk, 10, on_timer, NULL));
    SAY (zmq_timers_cancel (NULL, 1));
    SAY (zmq_timers_cancel (junk, 1));
    SAY (zmq_timers_set_interval (NULL, 1, 1));
    SAY (zmq_timers_reset (NULL, 1));
    SAY (zmq_timers_timeout (NULL));
    SAY (zmq_timers_execute (NULL));
    where ("timers");
    SAY_ANY (t = zmq_timers_new ());
    SAY (zmq_timers_timeout (t));
    SAY (zmq_timers_execute (t));
    SAY (zmq_timers_add (t, 10, NULL, NULL));
    SAY (zmq_timers_cancel (t, 1));
    SAY (zmq_timers_set_interval (t, 1, 5));
    SAY (zmq_timers_reset (t, 1));
    int first = zmq_timers_add (t, 1000000, on_timer, NULL);
    int second = zmq_timers_add (t, 20, on_timer, &step); /* at an interval of 0 libzmq executes for ever */
    SAY (first > 0 && second > first);
    SAY (zmq_timers_timeout (t) > 0);
    zmq_poll (NULL, 0, 30);
    SAY (zmq_timers_timeout (t));
    SAY (zmq_timers_execute (t));
    SAY (runs);
    SAY (zmq_timers_cancel (t, second));
    SAY (zmq_timers_cancel (t, second));
    SAY (zmq_timers_cancel (t, -1));
    SAY (zmq_timers_cancel (t, 0));
    SAY (zmq_timers_timeout (t) > 990000);
    SAY (zmq_timers_set_interval (t, first, 20));
    zmq_poll (NULL, 0, 30);
    SAY (zmq_timers_timeout (t));
    SAY (zmq_timers_execute (t));
    SAY (runs);
    SAY (zmq_timers_set_interval (t, first, SIZE_MAX));
    SAY (zmq_timers_reset (t, first));
    SAY (zmq_timers_reset (t, first + 100));
    SAY (zmq_timers_cancel (t, first));
    SAY (zmq_timers_timeout (t) >= 0);
    SAY (zmq_timers_destroy (&t));
    SAY (t == NULL);
}

/* ---- the others ---- */

static void count_up (void *arg)
{
    zmq_atomic_counter_inc (arg);
}

static void counters_and_threads (void)
{
    void *c, *thread[4];

    where ("counter");
    SAY_ANY (c = zmq_atomic_counter_new ());
    SAY (zmq_atomic_counter_value (c));
    SAY (zmq_atomic_counter_inc (c));
    SAY (zmq_atomic_counter_inc (c));
    SAY (zmq_atomic_counter_inc (c));
    SAY (zmq_atomic_counter_dec (c));
    SAY (zmq_atomic_counter_dec (c));
    SAY (zmq_atomic_counter_dec (c));
    zmq_atomic_counter_set (c, 2);
    SAY (zmq_atomic_counter_dec (c));
    SAY (zmq_atomic_counter_dec (c));
    SAY (zmq_atomic_counter_value (c));
    where ("threads");
    for (int i = 0; i < 4; i++)
        SAY_ANY (thread[i] = zmq_threadstart (count_up, c));
    for (int i = 0; i < 4; i++)
        zmq_threadclose (thread[i]);
    SAY (zmq_atomic_counter_value (c));
    zmq_atomic_counter_destroy (&c);
    SAY (c == NULL);
    where ("stopwatch");
    void *watch = zmq_stopwatch_start ();
    unsigned long before = zmq_stopwatch_intermediate (watch);
    zmq_sleep (0);
    SAY (zmq_stopwatch_intermediate (watch) >= before);
    zmq_poll (NULL, 0, 20);
    unsigned long us = zmq_stopwatch_stop (watch);
    SAY (us >= 20000 && us < 20000000);
}

static void z85 (void)
{
    static const uint8_t vector[8] = {0x86, 0x4F, 0xD2, 0x6F, 0xB5, 0x59, 0xF7, 0x5B};
    static const char *const texts[] = {"",      "Hell",     "Hello",   "HelloWorld", "HelloWorl",
                                        "#####", "%nSc0",    "%nSc1",   "00000",      "Hel\"o",
                                        "Hel o", "Hel\x80o", "Hel\x7fo"};
    uint8_t out[64];
    char text[64];

    where ("Z85");
    for (size_t n = 0; n <= 8; n++) {
        memset (text, 0, sizeof text);
        where ("Z85 of %zu bytes", n);
        SAY_TEXT (zmq_z85_encode (text, vector, n));
    }
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        memset (out, 'z', sizeof out);
        where ("Z85 text %zu", i);
        SAY_ANY (zmq_z85_decode (out, texts[i]));
        if (strlen (texts[i]) % 5 == 0 && *texts[i])
            for (size_t k = 0; k < strlen (texts[i]) / 5 * 4; k++)
                SAY (out[k]);
    }
    where ("Z85 of nothing");
    SAY_ANY (zmq_z85_encode (NULL, NULL, 5));
    SAY_ANY (zmq_z85_decode (NULL, "Hell"));
}

int main (void)
{
    int major, minor, patch;

    where ("version");
    zmq_version (&major, &minor, &patch);
    SAY (major * 100 + minor);
    timers ();
    counters_and_threads ();
    z85 ();
    return 0;
}
