/* A hub's mail: how peers inside the process (other sockets, monitors) leave word without taking its lock. A leaf lock of its
 * own; drained first by every call and by the driver. Sleepers of the hub register here, so that "is anyone asleep" is
 * read under the same lock that takes the post. */
#ifndef ZC_CORE_MAIL_H
#define ZC_CORE_MAIL_H

#include "core/hub.h"

void zc_mail_init (struct zc_mail *);
/* Any thread that knows the hub is alive (it holds the channel's or the name table's lock). False: the hub is closed. */
bool zc_mail_post (struct zc_hub *h, struct zc_pipe *p, unsigned news);
/* No more mail is taken. Under the hub's lock. */
void zc_mail_close (struct zc_hub *h);
/* Takes what came into the hub. Under the hub's lock. */
void zc_mail_open (struct zc_hub *h);
static inline void zc_hub_drain_mail (struct zc_hub *h)
{
    if (atomic_load_explicit (&h->mail.has, memory_order_relaxed))
        zc_mail_open (h);
}
/* p goes: it is not in the mail any more. Under the hub's lock; nobody posts for p any more. */
void zc_mail_forget (struct zc_hub *h, struct zc_pipe *p);
/* A thread goes to sleep: false when mail is there (drain it first). Cut with zc_mail_awake. */
bool zc_mail_sleep (struct zc_hub *h, struct zc_sleeper *s, struct zc_parker *p, struct zc_hub *parked);
void zc_mail_awake (struct zc_hub *h, struct zc_sleeper *s);
/* The event of the exported descriptor, if it is handed out: something is there; nothing is there (mail keeps it raised). Under the
 * hub's lock. */
void zc_mail_raise (struct zc_hub *h);
bool zc_mail_clear (struct zc_hub *h); /* false: mail is there */
bool zc_mail_has (struct zc_hub *h);

#endif
