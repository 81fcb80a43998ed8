/* A lower half of plain memory under one socket, so that patterns can be driven alone: no I/O, no lock, one thread.
 *
 * Messages are written as text: parts between '|', '~' is byte 0, '!' is byte 1, other bytes that do not print are <hex>.
 * Text that is returned is good until the fifth call after. */
#ifndef ZC_TESTS_FAKE_HUB_H
#define ZC_TESTS_FAKE_HUB_H

#include "sock/socket.h"

struct fake
{
    struct zc_hub hub;
    struct zc_sock sock;
};

/* Reasons that zc_pipe_kill was called with; 0: it was not. */
struct fake_pipe
{
    struct zc_pipe p;
    struct zc_frames sent; /* what was put and not yet read by fake_out */
    uint32_t sent_msgs;
    struct zc_frames told; /* subscriptions */
    int full_told;         /* how often an event would have said that it is full */
    int killed;
    const char *why;
};

struct fake *fake_open (int type);
void fake_close (struct fake *);
int fake_set_int (struct fake *, int option, int value);
int fake_set (struct fake *, int option, const char *text);

/* Attached and up; id NULL: the peer tells none. */
struct zc_pipe *fake_peer (struct fake *, const char *id);
struct zc_pipe *fake_attach (struct fake *, const char *given_name);
void fake_up (struct zc_pipe *, const char *id);
void fake_down (struct zc_pipe *);  /* lost, waits for the next connection */
void fake_gone (struct zc_pipe *);  /* lost for good; the pipe may still be read */
void fake_leave (struct zc_pipe *); /* ended by the program's disconnect, at once */
/* Carries out the kills and ends that the pattern asked for. */
void fake_settle (struct fake *);
int fake_pipes (const struct fake *);

void fake_arrive (struct zc_pipe *, const char *text);
void fake_arrive_command (struct zc_pipe *, const char *text);

/* "ok" or the name of the error. */
const char *fake_send (struct fake *, const char *text);
const char *fake_send_forced (struct fake *, const char *text);
const char *fake_admit (struct fake *, const char *first);
bool fake_can_send (struct fake *);
/* The next message, or the name of the error. Checks that can_recv says the same. */
const char *fake_recv (struct fake *);
/* The next message put into the pipe, "": none. Makes room. */
const char *fake_out (struct zc_pipe *);
/* The next subscription told to the peer, "": none. */
const char *fake_told (struct zc_pipe *);
int fake_killed (const struct zc_pipe *);

/* What both files of the fake ask of a pipe. */
static inline struct fake_pipe *fake_of (const struct zc_pipe *p)
{
    return (struct fake_pipe *)(void *)(uintptr_t)p;
}

static inline bool fake_is_full (const struct zc_pipe *p)
{
    return p->hub->sndhwm && fake_of (p)->sent_msgs >= p->hub->sndhwm;
}

#endif
