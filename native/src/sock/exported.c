#include "sock/exported.h"

#include "core/driver.h"
#include "core/mail.h"
#include "core/pipe.h"

static int open_event (struct zc_hub *h)
{
    int rc = zc_wake_open (&h->f_event);
    if (rc < 0 || !zc_poller_default ()->nests)
        return rc;
    rc = zc_poller_open (&h->f, zc_poller_default ());
    if (rc == 0)
        rc = zc_poller_add (&h->f, h->f_event.fd, ZC_POLL_IN, 0);
    if (rc == 0 && h->link_live)
        (void)zc_driver_open_set (h);
    if (rc == 0 && h->has_set)
        rc = zc_poller_add (&h->f, h->set.fd, ZC_POLL_IN, 1);
    return rc;
}

int zc_exported_fd (struct zc_sock *s, int *fd)
{
    struct zc_hub *h = s->hub;

    if (!h->has_f) {
        int rc = open_event (h);
        if (rc < 0) {
            if (h->f.ops)
                zc_poller_close (&h->f);
            h->f.ops = NULL;
            zc_wake_close (&h->f_event);
            return rc;
        }
        h->has_f = true;
        zc_mutex_lock (&h->mail.mu);
        h->mail.raise_fd = h->f_event.fd;
        zc_mutex_unlock (&h->mail.mu);
        if (zc_sock_events (s))
            zc_driver_raise (h);
        zc_pipes_ask (h);
    }
    *fd = h->f.ops ? h->f.fd : h->f_event.fd;
    return 0;
}
