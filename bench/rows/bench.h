/* bench.h: what the programs of the benchmark share. MIT licence, see LICENSE.
 *
 * A program measures one row. It is written against zmq.h alone, built once, and run with one library or the other
 * in LD_LIBRARY_PATH. Its two sides are processes (tcp, ipc) or threads (inproc): the one that measures, and the
 * other. They meet in one shared page. Results go to standard output, a name and a number on each line; an error goes
 * to standard error and ends the program with status 1.
 *
 * Environment: BENCH_DIR a folder for ipc paths; BENCH_HOGS how many processes burn CPU beside the row; BENCH_LIBRARY
 * the library that must be loaded. */
#ifndef BENCH_H_INCLUDED
#define BENCH_H_INCLUDED

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Lies in memory that all processes of a row share. */
struct bench_page
{
    atomic_int is_bound;    /* endpoint may be read */
    atomic_int step;        /* how far a row has come, as its own sides mean it */
    atomic_int is_done;     /* counts sides that have done their part */
    atomic_long numbers[8]; /* what a row's sides tell each other */
    char endpoint[256];
};

extern struct bench_page *bench_page;
extern bool bench_is_inproc; /* both sides are threads of this process */

/* ---- A row's life ---- */

/* First of all, before any context is made. `transport`: tcp, ipc or inproc. Starts the hogs. */
void bench_begin (const char *transport);
/* Runs the other side in a process of its own, or a thread for inproc. Gives its process, 0 for a thread. */
pid_t bench_other (void (*run) (void));
/* The same for one more process, also with inproc. */
pid_t bench_process (void (*run) (void));
void bench_thread (void (*run) (void));
/* What all calls here do on failure: "what: reason" to standard error, and the end. */
_Noreturn void bench_die (const char *format, ...) __attribute__ ((format (printf, 1, 2)));
void bench_print (const char *name, double value);
/* Kills the other processes and ends without closing anything: closing is not what is measured. */
_Noreturn void bench_end (void);
/* Waits until *value is at least `wanted`, looking every millisecond; dies after `seconds`. */
void bench_wait (atomic_int *value, int wanted, double seconds, const char *what);

/* ---- Clocks and counters ---- */

uint64_t bench_ns (void);
/* Sleeps until the clock shows `ns`. */
void bench_sleep_until (uint64_t ns);
/* CPU seconds that this process and those of bench_other() and bench_process() have used. */
double bench_cpu (void);
double bench_others_cpu (void); /* without this one */
/* Resident KiB of a process, 0 for this one. */
double bench_rss_kib (pid_t pid);
/* How often the threads of a process have been switched away from a CPU, willingly or not. */
long bench_switches (pid_t pid);

/* ---- Samples: nanoseconds, at most 4 s each ---- */

struct bench_samples
{
    uint32_t *ns;
    size_t count, capacity;
};

void bench_samples_init (struct bench_samples *s, size_t capacity);
static inline void bench_sample (struct bench_samples *s, uint64_t ns)
{
    if (s->count < s->capacity)
        s->ns[s->count++] = ns > UINT32_MAX ? UINT32_MAX : (uint32_t)ns;
}
/* Prints median_us, p99_us, max_us and samples; each sample divided by `ways`. */
void bench_samples_print (struct bench_samples *s, double ways);

#endif
