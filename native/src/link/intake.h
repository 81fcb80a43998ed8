/* Reading a stream: bytes from the kernel into the driving thread's chunk, cut into whole messages. Nothing is locked; the
 * caller has the role. Between two reads only an incomplete frame and the whole parts of an incomplete message are kept. */
#ifndef ZC_LINK_INTAKE_H
#define ZC_LINK_INTAKE_H

#include "core/driver.h"

#define ZC_BIG_FRAME 32768u /* from this size on a frame is read into a body of its own */

struct zc_cutter
{
    struct zc_wire *wire;
    struct zc_bytes rest;     /* bytes that are not yet a whole frame */
    struct zc_frames partial; /* whole parts of a message that is not yet whole */
    uint32_t parts;           /* their number */
    uint32_t max_parts;       /* 0: no limit */
    /* a large frame on its way: read straight into its body, which grows with what has arrived */
    struct zc_body *big;
    size_t big_size, big_have, big_cap;
    uint8_t big_flags;
    bool
        is_after_big; /* the last frame was large: the next may be, and then most of it goes straight into its body */
    int fd;           /* of the read that goes on */
    bool fed;         /* rest came with the handshake and has not been cut */
};

void zc_cutter_free (struct zc_cutter *);
/* Bytes that came with the handshake are put first. 0, -ENOMEM. */
int zc_cutter_feed (struct zc_cutter *, const uint8_t *p, size_t n);
/* Reads once from fd and cuts. hung_up: the end is near, so a short read does not mean that the kernel is empty. */
void zc_cutter_read (struct zc_cutter *, int fd, bool hung_up, struct zc_intake *);
/* The same without ZMTP: what one read gives is one message of one frame. */
void zc_raw_read (int fd, bool hung_up, struct zc_intake *);

#endif
