/* A descriptor that can be made readable and quiet again: eventfd on Linux, a pipe elsewhere. */
#ifndef ZC_OS_WAKE_H
#define ZC_OS_WAKE_H

struct zc_wake
{
    int fd;    /* poll this one; -1: closed */
    int other; /* write end of a pipe, or the same as fd */
};

#define ZC_WAKE_INIT                                                                                         \
    {                                                                                                        \
        -1, -1                                                                                               \
    }

int zc_wake_open (struct zc_wake *);   /* 0 or negative errno; close-on-exec, non-blocking */
void zc_wake_raise (struct zc_wake *); /* any thread; never blocks; raising twice is raising once */
void zc_wake_raise_fd (int fd);        /* the same through its `fd` alone (see zc_parker.how); 0 <= fd */
void zc_wake_clear (struct zc_wake *);
void zc_wake_close (struct zc_wake *); /* twice is fine */

#endif
