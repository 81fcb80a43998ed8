/* Answers of the ZeroMQ API, told line by line, so that two libraries can be compared: tests/test_answers.py. */
#ifndef ANSWERS_H
#define ANSWERS_H

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

static char answers_at[200]; /* what is being asked */

static inline const char *error_name (int e)
{
#define NAMED(x)                                                                                             \
    {                                                                                                        \
        x, #x                                                                                                \
    }
    static const struct
    {
        int number;
        const char *name;
    } names[] = {NAMED (EAGAIN),
                 NAMED (EINVAL),
                 NAMED (EFAULT),
                 NAMED (ENOTSUP),
                 NAMED (EPROTONOSUPPORT),
                 NAMED (EADDRINUSE),
                 NAMED (ENOTSOCK),
                 NAMED (EFSM),
                 NAMED (ETERM),
                 NAMED (EMTHREAD),
                 NAMED (ENOCOMPATPROTO),
                 NAMED (EADDRNOTAVAIL),
                 NAMED (ENODEV),
                 NAMED (ENOENT),
                 NAMED (EHOSTUNREACH),
                 NAMED (EMFILE),
                 NAMED (ENAMETOOLONG),
                 NAMED (EACCES),
                 NAMED (ENOMEM),
                 NAMED (EMSGSIZE),
                 NAMED (EBADF)};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].number == e)
            return names[i].name;
    return "?";
}

__attribute__ ((format (printf, 1, 2))) static inline void where (const char *format, ...)
{
    va_list args;

    va_start (args, format);
    vsnprintf (answers_at, sizeof answers_at, format, args);
    va_end (args);
}

static inline void tell (const char *what, long long answer)
{
    int e = errno;

    if (answer == -1)
        printf ("%s: %s: -1 %s\n", answers_at, what, error_name (e));
    else
        printf ("%s: %s: %lld\n", answers_at, what, answer);
    fflush (stdout); /* what was told stays told if the library ends the process */
}

static inline void tell_text (const char *what, const char *text)
{
    int e = errno;

    if (text)
        printf ("%s: %s: \"%s\"\n", answers_at, what, text);
    else
        printf ("%s: %s: NULL %s\n", answers_at, what, error_name (e));
    fflush (stdout);
}

/* The call, and what it gave: a number (-1: with errno), a text, or whether there is anything. */
#define SAY(call) (errno = 0, tell (#call, (long long)(call)))
#define SAY_TEXT(call) (errno = 0, tell_text (#call, (call)))
#define SAY_ANY(call) (errno = 0, tell_text (#call, (call) ? "something" : NULL))

static const char *const type_names[] = {"PAIR",   "PUB",  "SUB",  "REQ",  "REP",  "DEALER",
                                         "ROUTER", "PULL", "PUSH", "XPUB", "XSUB", "STREAM"};

static inline void set_number (void *socket, int option, int value)
{
    if (zmq_setsockopt (socket, option, &value, sizeof value) != 0)
        printf ("%s: could not set %d\n", answers_at, option);
}

static inline int number_of (void *socket, int option)
{
    int value = -7;
    size_t size = sizeof value;

    zmq_getsockopt (socket, option, &value, &size);
    return value;
}

#endif
