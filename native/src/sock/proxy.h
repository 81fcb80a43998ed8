/* A proxy between two sockets, with an optional capture and control. Runs in the calling thread until a socket's context ends, a
 * signal comes, or TERMINATE. */
#ifndef ZC_SOCK_PROXY_H
#define ZC_SOCK_PROXY_H

/* 0 after TERMINATE, else negative: -EFAULT, -ETERM, -EINTR, ... capture and control may be NULL. */
int zc_proxy (void *frontend, void *backend, void *capture, void *control);

#endif
