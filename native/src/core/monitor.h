/* Events of a socket, written into a channel that its monitor reads. They never block: what has no room is dropped and counted.
 * All functions are called under the hub's lock (the channel's is a leaf). */
#ifndef ZC_CORE_MONITOR_H
#define ZC_CORE_MONITOR_H

#include "core/hub.h"

struct zc_event
{
    uint64_t event; /* ZMQ_EVENT_* or ZCFFI_EVENT_* */
    uint64_t value;
    const char *address; /* of the endpoint: ours when bound, the target when connecting; NULL: "" */
    const char *remote;  /* the peer's address, NULL: unknown */
    const char *text;    /* our own events: what happened, in words */
};

/* Starts (again) with the events of this mask on this inproc name. wide: frames of 64-bit events. 0, -EADDRINUSE, -ENOMEM. */
int zc_monitor_start (struct zc_hub *, const char *name, uint64_t mask, bool wide);
void zc_monitor_stop (struct zc_hub *); /* writes MONITOR_STOPPED; none: nothing */
/* The socket is closed: nobody else finds the monitor, whose name is free again; its reader is told how the closing goes on. */
void zc_monitor_hide (struct zc_hub *);

bool zc_monitor_wants (const struct zc_hub *, uint64_t event);
void zc_event_write (struct zc_hub *, const struct zc_event *);
/* A peer inside the process was let go, for this reason (negative errno); those of links tell it themselves, with an address. */
void zc_event_refused (struct zc_hub *, int error, const char *why);
/* n messages were dropped: counted, and told. */
void zc_event_dropped (struct zc_hub *, uint64_t n, const char *why);
/* A message for p was dropped since p is full: counted, and told if none was since it became full. */
void zc_event_full (struct zc_pipe *);

#endif
