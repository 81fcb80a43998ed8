/* getpeereid (the BSDs, macOS): the user and the group; the process only where a socket option
 * tells, else -1. */
#include "os/net.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int zc_ipc_peer (int fd, int64_t *pid, int64_t *uid, int64_t *gid)
{
    uid_t user;
    gid_t group;

    if (getpeereid (fd, &user, &group) < 0)
        return -errno;
    *pid = -1;
    *uid = (int64_t)user;
    *gid = (int64_t)group;
#ifdef LOCAL_PEERPID /* macOS */
    pid_t process;
    socklen_t len = sizeof process;

    if (getsockopt (fd, SOL_LOCAL, LOCAL_PEERPID, &process, &len) == 0)
        *pid = process;
#endif
    return 0;
}
