/* bench.c: processes, clocks, counters. MIT licence, see LICENSE. */
#include "bench.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum
{
    MAX_PROCESSES = 64
};

struct bench_page *bench_page;
bool bench_is_inproc;
static pid_t processes[MAX_PROCESSES];
static clockid_t process_clocks[MAX_PROCESSES];
static int process_count;

static void kill_all (void)
{
    signal (SIGCHLD, SIG_IGN);
    for (int i = 0; i < process_count; i++)
        kill (processes[i], SIGKILL);
}

_Noreturn void bench_die (const char *format, ...)
{
    va_list args;

    va_start (args, format);
    vfprintf (stderr, format, args);
    va_end (args);
    fputc ('\n', stderr);
    kill_all ();
    _exit (1);
}

void bench_print (const char *name, double value)
{
    printf ("%s %.9g\n", name, value);
    fflush (stdout);
}

_Noreturn void bench_end (void)
{
    fflush (stdout);
    kill_all ();
    _exit (0);
}

/* A process that fails takes its parent along: the row is over. */
static pid_t start (void (*run) (void))
{
    pid_t parent = getpid ();
    pid_t pid = fork ();

    if (pid < 0)
        bench_die ("fork: %s", strerror (errno));
    if (!pid) {
        process_count = 0;
        prctl (PR_SET_PDEATHSIG, SIGKILL);
        if (getppid () != parent)
            _exit (1);
        run ();
        _exit (0);
    }
    return pid;
}

static void burn (void)
{
    for (volatile unsigned long i = 0;; i++)
        ;
}

static void child_ended (int number, siginfo_t *info, void *context)
{
    (void)number, (void)context;
    if (info->si_code == CLD_EXITED && info->si_status == 0)
        return;
    char text[] = "the other process failed\n", crash[] = "the other process crashed\n";
    bool crashed = info->si_code != CLD_EXITED;
    if (write (2, crashed ? crash : text, crashed ? sizeof crash - 1 : sizeof text - 1) < 0)
        _exit (2);
    _exit (1);
}

void bench_begin (const char *transport)
{
    const char *hogs = getenv ("BENCH_HOGS");
    struct sigaction action = {.sa_sigaction = child_ended,
                               .sa_flags = SA_SIGINFO | SA_RESTART | SA_NOCLDSTOP};

    bench_page = mmap (NULL, sizeof *bench_page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (bench_page == MAP_FAILED)
        bench_die ("mmap: %s", strerror (errno));
    bench_is_inproc = !strcmp (transport, "inproc");
    for (int i = hogs ? atoi (hogs) : 0; i > 0; i--)
        start (burn);
    sigaction (SIGCHLD, &action, NULL);
}

pid_t bench_process (void (*run) (void))
{
    if (process_count == MAX_PROCESSES)
        bench_die ("more than %d processes", MAX_PROCESSES);
    pid_t pid = start (run);
    if (clock_getcpuclockid (pid, &process_clocks[process_count]))
        bench_die ("no CPU clock of process %d", (int)pid);
    processes[process_count++] = pid;
    return pid;
}

static void *thread_main (void *run)
{
    ((void (*) (void))run) ();
    return NULL;
}

void bench_thread (void (*run) (void))
{
    pthread_t thread;
    int rc = pthread_create (&thread, NULL, thread_main, (void *)run);

    if (rc)
        bench_die ("pthread_create: %s", strerror (rc));
    pthread_detach (thread);
}

pid_t bench_other (void (*run) (void))
{
    if (!bench_is_inproc)
        return bench_process (run);
    bench_thread (run);
    return 0;
}

void bench_wait (atomic_int *value, int wanted, double seconds, const char *what)
{
    uint64_t end = bench_ns () + (uint64_t)(seconds * 1e9);

    while (atomic_load (value) < wanted) {
        if (bench_ns () > end)
            bench_die ("%s: only %d of %d in %.0f s", what, atomic_load (value), wanted, seconds);
        bench_sleep_until (bench_ns () + 1000000);
    }
}

uint64_t bench_ns (void)
{
    struct timespec t;

    clock_gettime (CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void bench_sleep_until (uint64_t ns)
{
    struct timespec t = {.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)};

    while (clock_nanosleep (CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
        ;
}

static double clock_seconds (clockid_t id)
{
    struct timespec t = {0};

    clock_gettime (id, &t); /* a process that has ended counts nothing */
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

double bench_cpu (void)
{
    return clock_seconds (CLOCK_PROCESS_CPUTIME_ID) + bench_others_cpu ();
}

double bench_others_cpu (void)
{
    double sum = 0;

    for (int i = 0; i < process_count; i++)
        sum += clock_seconds (process_clocks[i]);
    return sum;
}

double bench_rss_kib (pid_t pid)
{
    char path[64];
    long all, resident = 0;

    snprintf (path, sizeof path, "/proc/%d/statm", (int)(pid ? pid : getpid ()));
    FILE *file = fopen (path, "r");
    if (!file || fscanf (file, "%ld %ld", &all, &resident) != 2)
        bench_die ("%s: cannot be read", path);
    fclose (file);
    return (double)resident * (double)sysconf (_SC_PAGESIZE) / 1024;
}

long bench_switches (pid_t pid)
{
    char path[300], line[256];
    long sum = 0, n;

    snprintf (path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *tasks = opendir (path);
    if (!tasks)
        bench_die ("%s: %s", path, strerror (errno));
    for (struct dirent *entry; (entry = readdir (tasks));) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf (path, sizeof path, "/proc/%d/task/%.64s/status", (int)pid, entry->d_name);
        FILE *file = fopen (path, "r");
        while (file && fgets (line, sizeof line, file))
            if (sscanf (line, "voluntary_ctxt_switches: %ld", &n) == 1
                || sscanf (line, "nonvoluntary_ctxt_switches: %ld", &n) == 1)
                sum += n;
        if (file)
            fclose (file);
    }
    closedir (tasks);
    return sum;
}

void bench_samples_init (struct bench_samples *s, size_t capacity)
{
    s->count = 0;
    s->capacity = capacity;
    s->ns = malloc (capacity * sizeof *s->ns);
    if (!s->ns)
        bench_die ("no memory for %zu samples", capacity);
}

static int compare (const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

void bench_samples_print (struct bench_samples *s, double ways)
{
    if (!s->count)
        bench_die ("nothing was measured");
    qsort (s->ns, s->count, sizeof *s->ns, compare);
    bench_print ("median_us", s->ns[s->count / 2] / 1e3 / ways);
    bench_print ("p99_us",
                 s->ns[(s->count * 99 + 99) / 100 - 1] / 1e3 / ways); /* 99 of 100 are not above it */
    bench_print ("max_us", s->ns[s->count - 1] / 1e3 / ways);
    bench_print ("samples", (double)s->count);
}
