#include "core/mail.h"

#include "core/chan.h"
#include "core/driver.h"
#include "core/pipe.h"

void zc_mail_init (struct zc_mail *m)
{
    memset (m, 0, sizeof *m);
    zc_mutex_init (&m->mu);
    m->end = &m->first;
    m->raise_fd = -1;
}

/* Under the mail's lock: put off until after it, a raise would race with a clear. */
static void raise (struct zc_mail *m)
{
    if (m->raise_fd >= 0 && !m->is_raised) {
        m->is_raised = true;
        zc_wake_raise_fd (m->raise_fd);
    }
}

bool zc_mail_post (struct zc_hub *h, struct zc_pipe *p, unsigned news)
{
    struct zc_mail *m = &h->mail;

    zc_mutex_lock (&m->mu);
    bool open = !m->is_closed;
    if (open) {
        if (!p->news) {
            p->mail_next = NULL;
            *m->end = p;
            m->end = &p->mail_next;
        }
        p->news |= news;
        /* Relaxed: a call that misses it is as one made before the post; sleepers look under the lock. */
        atomic_store_explicit (&m->has, true, memory_order_relaxed);
        zc_wake_one (&m->sleepers);
        raise (m);
    }
    zc_mutex_unlock (&m->mu);
    return open;
}

void zc_mail_raise (struct zc_hub *h)
{
    zc_mutex_lock (&h->mail.mu);
    raise (&h->mail);
    zc_mutex_unlock (&h->mail.mu);
}

bool zc_mail_clear (struct zc_hub *h)
{
    struct zc_mail *m = &h->mail;

    zc_mutex_lock (&m->mu);
    if (m->is_raised && !m->first) {
        m->is_raised = false;
        zc_wake_clear (&h->f_event);
    }
    bool quiet = !m->first;
    zc_mutex_unlock (&m->mu);
    return quiet;
}

void zc_mail_close (struct zc_hub *h)
{
    zc_mutex_lock (&h->mail.mu);
    h->mail.is_closed = true;
    h->mail.raise_fd = -1;
    zc_mutex_unlock (&h->mail.mu);
}

/* All of it in one region; then what each piece asks for. */
void zc_mail_open (struct zc_hub *h)
{
    struct zc_mail *m = &h->mail;
    struct zc_pipe **end = &h->opened, *p;

    while (*end)
        end = &(*end)->opened_next;
    zc_mutex_lock (&m->mu);
    for (p = m->first; p; p = p->mail_next) {
        if (!p->opened) {
            *end = p;
            end = &p->opened_next;
        }
        p->opened |= p->news;
        p->news = 0;
    }
    *end = NULL;
    m->first = NULL;
    m->end = &m->first;
    atomic_store_explicit (&m->has, false, memory_order_relaxed);
    zc_mutex_unlock (&m->mu);
    while ((p = h->opened)) {
        unsigned news = p->opened;
        h->opened = p->opened_next;
        p->opened = 0;
        zc_chan_news (h, p, news);
    }
}

bool zc_mail_has (struct zc_hub *h)
{
    return atomic_load_explicit (&h->mail.has, memory_order_relaxed);
}

void zc_mail_forget (struct zc_hub *h, struct zc_pipe *p)
{
    struct zc_mail *m = &h->mail;

    zc_mutex_lock (&m->mu);
    for (struct zc_pipe **at = &m->first; p->news && *at; at = &(*at)->mail_next) {
        if (*at != p)
            continue;
        *at = p->mail_next;
        if (m->end == &p->mail_next)
            m->end = at;
        break;
    }
    p->news = 0;
    zc_mutex_unlock (&m->mu);
    for (struct zc_pipe **at = &h->opened; p->opened && *at; at = &(*at)->opened_next)
        if (*at == p) {
            *at = p->opened_next;
            break;
        }
    p->opened = 0;
}

bool zc_mail_sleep (struct zc_hub *h, struct zc_sleeper *s, struct zc_parker *p, struct zc_hub *parked)
{
    zc_pipes_ask (h);
    zc_mutex_lock (&h->mail.mu);
    bool quiet = !h->mail.first;
    if (quiet)
        zc_sleeper_add (&h->mail.sleepers, s, p, parked);
    else
        *s = (struct zc_sleeper){0};
    zc_mutex_unlock (&h->mail.mu);
    return quiet;
}

void zc_mail_awake (struct zc_hub *h, struct zc_sleeper *s)
{
    if (!s->parker)
        return;
    zc_mutex_lock (&h->mail.mu);
    zc_sleeper_cut (&h->mail.sleepers, s);
    zc_mutex_unlock (&h->mail.mu);
}
