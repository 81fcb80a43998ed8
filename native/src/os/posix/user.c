/* The system's data base of users and groups. May read files or ask a directory service: never
 * under a lock. */
#include "os/net.h"
#include "base/alloc.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#ifdef __APPLE__
typedef int group_id; /* what getgrouplist gives */
#else
typedef gid_t group_id;
#endif

static bool lists (const char *name, group_id first, group_id gid)
{
    group_id *groups = NULL;
    int room = 32, count;
    bool found = false;

    for (;;) {
        group_id *more = zc_realloc (groups, (size_t)room * sizeof *groups);

        if (!more)
            goto end;
        groups = more;
        count = room;
        if (getgrouplist (name, first, groups, &count) >= 0)
            break;
        if (room > 1 << 16)
            goto end;
        room = count > room ? count : 2 * room;
    }
    for (int i = 0; i < count && !found; i++)
        found = groups[i] == gid;
end:
    zc_free (groups);
    return found;
}

bool zc_user_in_group (int64_t uid, int64_t gid)
{
    struct passwd entry, *user = NULL;
    size_t cap = 1024;
    char *text = NULL;
    bool found = false;
    int rc;

    do {
        char *more = zc_realloc (text, cap);

        if (!more)
            goto end;
        text = more;
        rc = getpwuid_r ((uid_t)uid, &entry, text, cap, &user);
        cap *= 2;
    } while (rc == ERANGE && cap <= 1 << 20);
    if (rc == 0 && user)
        found = user->pw_gid == (gid_t)gid || lists (user->pw_name, (group_id)user->pw_gid, (group_id)gid);
end:
    zc_free (text);
    return found;
}
