# The files of os/ for the system at hand: sets ZC_OS_SOURCES (paths from native/src) and nothing else.
# One prototype, one file for each way a system has of doing it.

set(ZC_OS_SOURCES
    os/lock.c
    os/poller/find.c
    os/poller/poll.c
    os/poller/select.c
    os/poller/table.c
    os/posix/addr.c
    os/posix/clock.c
    os/posix/error_text.c
    os/posix/fd_fit.c
    os/posix/fork.c
    os/posix/ipc.c
    os/posix/lookup.c
    os/posix/net.c
    os/posix/park.c
    os/posix/poll_call.c
    os/posix/random.c
    os/posix/resolve.c
    os/posix/tcp.c
    os/posix/thread.c
    os/posix/thread_sched.c
    os/posix/user.c)

if(WIN32)
    message(FATAL_ERROR "zcffi: os/ has no files for Windows yet")
elseif(CMAKE_SYSTEM_NAME STREQUAL "Linux" AND NOT ZC_OS_PORTABLE)
    list(APPEND ZC_OS_SOURCES
        os/linux/lock_futex.c
        os/linux/park_futex.c
        os/linux/peer_cred.c
        os/linux/pollers.c
        os/linux/thread_tune.c
        os/linux/wake_eventfd.c
        os/poller/epoll.c
        os/posix/fd_flags.c
        os/posix/poll_ppoll.c)
elseif(CMAKE_SYSTEM_NAME STREQUAL "Linux")
    # ZC_OS_PORTABLE: the files other systems get, so that they are built and tested here.
    list(APPEND ZC_OS_SOURCES
        os/linux/peer_cred.c
        os/posix/fd_fcntl.c
        os/posix/lock_cond.c
        os/posix/park_poll.c
        os/posix/poll_plain.c
        os/posix/pollers.c
        os/posix/thread_tune.c
        os/posix/wake_pipe.c)
elseif(APPLE)
    list(APPEND ZC_OS_SOURCES
        os/posix/fd_fcntl.c
        os/posix/lock_cond.c
        os/posix/park_poll.c
        os/posix/peer_eid.c
        os/posix/poll_plain.c
        os/posix/pollers.c
        os/posix/thread_tune.c
        os/posix/wake_pipe.c)
else()
    # The BSDs and their like.
    list(APPEND ZC_OS_SOURCES
        os/posix/fd_flags.c
        os/posix/lock_cond.c
        os/posix/park_poll.c
        os/posix/peer_eid.c
        os/posix/poll_ppoll.c
        os/posix/pollers.c
        os/posix/thread_tune.c
        os/posix/wake_pipe.c)
endif()
