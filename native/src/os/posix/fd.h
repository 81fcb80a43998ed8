/* Descriptors that are non-blocking and close-on-exec from birth: in one call where the system can
 * (fd_flags.c), by fcntl where it can't (fd_fcntl.c). Used by the files of os/posix alone. */
#ifndef ZC_OS_POSIX_FD_H
#define ZC_OS_POSIX_FD_H

#include <stdbool.h>
#include "os/net.h"

int zc_fd_socket (int domain, int type, int *fd);          /* 0 or negative errno */
int zc_fd_accept (int fd, int *out, struct zc_addr *peer); /* one accept(2); peer may be NULL */
int zc_fd_pipe (int ends[2]);                              /* read end, write end */
int zc_fd_fit (int fd);                                    /* the same by fcntl, for what others made */

#endif
