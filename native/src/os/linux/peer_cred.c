/* Who is at the other end of a Unix-domain socket, as it was when it connected. */
#include "os/net.h"

#include <errno.h>
#include <sys/socket.h>

int zc_ipc_peer (int fd, int64_t *pid, int64_t *uid, int64_t *gid)
{
    struct ucred who;
    socklen_t len = sizeof who;

    if (getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &who, &len) < 0)
        return -errno;
    *pid = who.pid;
    *uid = who.uid;
    *gid = who.gid;
    return 0;
}
