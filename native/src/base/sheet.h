/* Messages for many peers: framed once, on a sheet of which their queues share slices.
 *
 * With a copy for each of a hundred queues a publisher fills more memory than the caches hold, and whoever writes the queues out reads
 * it all again. Of a sheet each queue takes only where its slice ends, and the kernel copies the same few bytes for all.
 *
 * Not locked: it belongs to one socket, as the queues do. What was written on it stays as it is while a queue has it. */
#ifndef ZC_BASE_SHEET_H
#define ZC_BASE_SHEET_H

#include "base/frames.h"

#define ZC_SHEET_SIZE                                                                                        \
    32768u /* bytes; what one message that waits for a slow peer can keep from being freed */
#define ZC_SHEET_MESSAGE_MAX 2048u /* bytes of a message with its headers; larger bodies go by reference */

struct zc_sheet
{
    struct zc_chunk *chunk; /* NULL: none yet */
    uint32_t used;
    uint8_t *p; /* the frames of the message written last, n bytes */
    size_t n;
    const uint8_t
        *before; /* where those of the one before it end, perhaps on a sheet that is gone: only compared */
};

void zc_sheet_init (struct zc_sheet *);
void zc_sheet_close (struct zc_sheet *);
/* Frames a message. False: it is too large, or there is no memory. */
bool zc_sheet_write (struct zc_sheet *, const struct zc_msg *parts, size_t count);
/* Appends the message written last: as a slice, if that continues the queue's last one or is its first, else as a copy. 0, -ENOMEM. */
int zc_outq_put_sheet (struct zc_outq *, const struct zc_sheet *);

#endif
