#include "sock/sleep.h"

#include <errno.h>
#include "base/cpu.h"
#include "core/mail.h"
#include "os/clock.h"

#define STREAM 4u /* who took so many messages between two waits reads a stream: */
/* Answers that took longer than the time of looking again, but no longer than LONGER times that: NEARLY of them are worth as long a look.
 * Each that came in time makes them one less, of NEARLY_MAX at most. */
#define LONGER 4
#define NEARLY 2
#define NEARLY_MAX 8
#define LET_COME (2 * ZC_US)     /* it lets some more come from a peer inside the process */
#define LONG_SLEEP (200 * ZC_US) /* who slept so long will sleep again: the I/O thread watches meanwhile */

/* Asleep without the role: whoever drives, or mail, wakes. */
static int follow (struct zc_wait *w, struct zc_sleepers *list)
{
    struct zc_hub *h = w->hub;
    struct zc_parker *parker = zc_self ()->parker;
    struct zc_sleeper mine, mail;

    if (h->state != ZC_HUB_OPEN)
        return 0; /* closed while the lock was given away: everybody who slept was woken, nobody will be again */
    zc_driver_pass_across (h, list);
    zc_park_prepare (parker, ZC_PARK_WORD);
    if (!zc_mail_sleep (h, &mail, parker, NULL)) {
        zc_hub_drain_mail (h);
        zc_driver_pass_across (h, list);
        return 0;
    }
    zc_sleeper_add (list, &mine, parker, NULL);
    zc_driver_tell (h);
    zc_hub_unlock (h);
    int rc = zc_park_sleep (parker, w->deadline);
    zc_hub_lock (h);
    zc_sleeper_cut (list, &mine);
    zc_mail_awake (h, &mail);
    zc_hub_drain_mail (h);
    return rc == -ETIMEDOUT ? -EAGAIN : rc;
}

/* Answers come, but each a little too late: then both sides sleep and wake all the time, which alone makes them late. */
static bool is_worth_longer (const struct zc_wait *w)
{
    return w->awaits_answer && w->hub->nearly >= NEARLY;
}

static void note_answer (const struct zc_wait *w, uint64_t took)
{
    struct zc_hub *h = w->hub;

    if (!w->awaits_answer)
        return;
    if (took > LONGER * h->look_again)
        h->nearly = 0;
    else if (took <= h->look_again)
        h->nearly -= h->nearly > 0;
    else if (h->nearly < NEARLY_MAX)
        h->nearly++;
}

/* Asleep with the role, on the set: data, or the set's wake, or mail. */
static int park (struct zc_wait *w)
{
    struct zc_hub *h = w->hub;
    struct zc_parker *parker = zc_self ()->parker;
    struct zc_sleeper mine, mail;
    uint64_t began = zc_now ();

    if (!w->began)
        w->began = began;
    if (h->state != ZC_HUB_OPEN)
        return 0; /* as above */
    if (began >= w->deadline)
        return -EAGAIN;
    zc_driver_prepare_park (h);
    if (!zc_mail_sleep (h, &mail, parker, h)) {
        zc_hub_drain_mail (h);
        return 0;
    }
    zc_sleeper_add (&h->in, &mine, parker, h);
    zc_driver_tell (h);
    zc_driver_park (h);
    int rc = zc_driver_look (h, w->deadline == ZC_NEVER ? -1 : (int64_t)(w->deadline - began));
    h->role = ZC_ROLE_BUSY;
    zc_sleeper_cut (&h->in, &mine);
    zc_mail_awake (h, &mail);
    zc_hub_drain_mail (h);
    w->has_parked = true;
    w->slept_long = h->looked_at - began > LONG_SLEEP;
    note_answer (w, h->looked_at - w->began);
    return rc;
}

/* Who looks at a peer inside the process while that writes takes from it the very lines it writes to. A reader that keeps up with its
 * writer made it four times slower so; one that stays away for a moment finds more, and costs both less. */
static void let_come (uint64_t *now)
{
    for (uint64_t end = *now + LET_COME; *now < end; *now = zc_now ())
        zc_cpu_relax ();
}

/* Looks again and again for a little while, giving the CPU away between. True when something came. */
static bool look_again (struct zc_wait *w)
{
    struct zc_hub *h = w->hub;
    struct zc_self *self = zc_self ();
    uint64_t now = zc_now (), window = is_worth_longer (w) ? LONGER * h->look_again : h->look_again;
    uint64_t end = w->looks_only ? w->deadline : now + window;

    w->began = now;
    if (end > w->deadline)
        end = w->deadline;
    bool came = false, is_stream = !w->has_role && h->taken - h->taken_before >= STREAM;
    h->taken_before = h->taken;
    while (!came && now < end) {
        zc_hub_unlock (h);
        bool in_time = zc_self_give_way (self, &now);
        if (in_time && is_stream)
            let_come (&now);
        zc_hub_lock (h);
        zc_hub_drain_mail (h);
        if (w->has_role)
            zc_driver_look (h, 0);
        came = h->state != ZC_HUB_OPEN || h->ops->can_recv (h);
        if (!in_time)
            break;
        if (w->has_role)
            now = h->looked_at;
    }
    if (came)
        note_answer (w, now - w->began);
    if (!w->looks_only)
        zc_driver_look_paid (h, came);
    return came;
}

/* Whose call looks only judges itself whether that pays; a busy machine holds for all. */
static bool may_look (struct zc_wait *w)
{
    return w->looks_only || (w->hub->look_again && is_worth_longer (w))
               ? zc_driver_may_yield (zc_self ())
               : zc_driver_may_look (w->hub, zc_self ());
}

/* Who waits for a message first writes what it gathered elsewhere. (Who waits for room does not: it may feed a hundred sockets in turn,
 * and would write each before there is much.) Unlocks. */
static void pay (struct zc_hub *h)
{
    zc_hub_unlock (h);
    zc_driver_pay ();
    zc_hub_lock (h);
}

/* Something was sent since the last look: the answer cannot be there before the CPU was given to whoever makes it. A look now would be
 * in vain, so the first one comes after. */
static bool is_answer_due (const struct zc_wait *w)
{
    const struct zc_hub *h = w->hub;
    return w->deadline && !w->looks_only && h->look_again && w->awaits_answer;
}

int zc_wait_in (struct zc_wait *w)
{
    struct zc_hub *h = w->hub;

    if (w->deadline && zc_driver_owes (h)) {
        pay (h);
        return 0;
    }
    zc_self_mine->writes = 0; /* it waits for an answer: what it sends next is no stream */
    if (!w->has_role)
        w->has_role = zc_driver_take (h);
    if (w->has_role && !w->has_looked) {
        w->has_looked = true;
        w->awaits_answer = h->wrote_at > h->looked_at;
        if (!is_answer_due (w)) {
            zc_driver_look (h, 0);
            return 0;
        }
    }
    if (!w->deadline || (w->looks_only && w->has_parked)) {
        return zc_driver_clear (h) ? -EAGAIN : 0;
    }
    if (h->dirty_count && !h->is_sweeping) {
        zc_driver_flush (h);
        return 0;
    }
    bool alone = !h->has_set || !h->link_live; /* only peers inside the process */
    if (!w->has_parked && (w->has_role || alone) && may_look (w)) {
        w->has_parked = true; /* once in a call */
        if (look_again (w))
            return 0;
        if (!w->has_role && (w->has_role = zc_driver_take (h)))
            return 0;
    }
    if (w->looks_only) {
        w->has_parked = true;
        return 0;
    }
    if (w->has_role)
        return park (w);
    w->has_looked = false;
    return follow (w, &h->in);
}

int zc_wait_out (struct zc_wait *w)
{
    struct zc_hub *h = w->hub;
    struct zc_pipe *p;

    if (!w->deadline)
        return -EAGAIN;
    if (!h->is_sweeping && (p = zc_driver_dirty_pop (h))) {
        h->gathered = 0;
        zc_driver_write (h, p);
        zc_hub_drain_mail (h);
        return 0;
    }
    return follow (w, &h->out);
}

void zc_wait_end (struct zc_wait *w)
{
    struct zc_hub *h = w->hub;

    if (h->resume) { /* room came back to a paused link */
        h->resume = false;
        if (!w->has_role)
            w->has_role = zc_driver_take (h);
        if (w->has_role)
            zc_driver_look (h, 0);
        else
            zc_driver_serve (h);
    }
    if (w->has_role)
        zc_driver_leave (h, w->slept_long);
    w->has_role = false;
}
