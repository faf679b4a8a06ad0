// Loaded into the host by LD_PRELOAD: counts the calls that change files or talk to peers, writes each into a shared file, and
// kills the process with SIGKILL just before the one it was told. Between two such calls nothing leaves the process, so these are
// all the instants at which a crash can differ.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { entries_max = 8192, text_max = 112 };

// The layout is read by CrashPoints.swift.
struct control {
    _Atomic unsigned armed;    // count only when 1
    _Atomic unsigned kill_at;  // die before this call, counted from 1; 0 never
    _Atomic unsigned torn;     // 1: a write that dies has put half of its bytes down
    _Atomic unsigned count;    // calls so far
    char entries[entries_max][text_max];
};

static struct control *control;

__attribute__((constructor)) static void open_control(void) {
    const char *path = getenv("CRASH_POINTS");
    if (!path) return;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) return;
    void *memory = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory != MAP_FAILED) control = memory;
    close(fd);
}

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

// Returns whether this is the call to die in, half done.
static int reached(const char *name, int fd, const char *path, int can_be_torn) {
    if (!control || !control->armed) return 0;
    unsigned index = atomic_fetch_add(&control->count, 1) + 1;
    char target[96] = "";
    if (path) {
        snprintf(target, sizeof target, "%s", path);
    } else if (fd >= 0) {
        char link[40];
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t n = readlink(link, target, sizeof target - 1);
        if (n > 0) target[n] = 0;
        // The end of a path says more than its beginning.
        if (n >= (ssize_t)sizeof target - 1) target[0] = '~';
    }
    int is_last = control->kill_at == index;
    if (index <= entries_max) snprintf(control->entries[index - 1], text_max, "%s %s", name, target);
    if (!is_last) return 0;
    if (can_be_torn && control->torn) return 1;
    die();
    return 0;
}

// O_TMPFILE has the bits of O_DIRECTORY, with which a directory is only read.
static int makes_file(int flags) { return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE; }

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

ssize_t write(int fd, const void *bytes, size_t n) {
    REAL(ssize_t, "write", int, const void *, size_t);
    if (reached("write", fd, NULL, 1)) { real(fd, bytes, n / 2); die(); }
    return real(fd, bytes, n);
}
ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at) {
    REAL(ssize_t, "pwrite", int, const void *, size_t, off_t);
    if (reached(at ? "pwrite" : "pwrite@0", fd, NULL, 1)) { real(fd, bytes, n / 2, at); die(); }
    return real(fd, bytes, n, at);
}
ssize_t pwrite64(int fd, const void *bytes, size_t n, off_t at) {
    REAL(ssize_t, "pwrite64", int, const void *, size_t, off_t);
    if (reached(at ? "pwrite" : "pwrite@0", fd, NULL, 1)) { real(fd, bytes, n / 2, at); die(); }
    return real(fd, bytes, n, at);
}
ssize_t writev(int fd, const struct iovec *parts, int n) {
    REAL(ssize_t, "writev", int, const struct iovec *, int);
    if (reached("writev", fd, NULL, n > 1)) { real(fd, parts, n / 2); die(); }
    return real(fd, parts, n);
}
ssize_t pwritev(int fd, const struct iovec *parts, int n, off_t at) {
    REAL(ssize_t, "pwritev", int, const struct iovec *, int, off_t);
    if (reached(at ? "pwritev" : "pwritev@0", fd, NULL, n > 1)) { real(fd, parts, n / 2, at); die(); }
    return real(fd, parts, n, at);
}
ssize_t pwritev64(int fd, const struct iovec *parts, int n, off_t at) {
    REAL(ssize_t, "pwritev64", int, const struct iovec *, int, off_t);
    if (reached(at ? "pwritev" : "pwritev@0", fd, NULL, n > 1)) { real(fd, parts, n / 2, at); die(); }
    return real(fd, parts, n, at);
}
ssize_t send(int fd, const void *bytes, size_t n, int flags) {
    REAL(ssize_t, "send", int, const void *, size_t, int);
    if (reached("send", fd, NULL, 1)) { real(fd, bytes, n / 2, flags); die(); }
    return real(fd, bytes, n, flags);
}
ssize_t sendto(int fd, const void *bytes, size_t n, int flags, const struct sockaddr *to, socklen_t size) {
    REAL(ssize_t, "sendto", int, const void *, size_t, int, const struct sockaddr *, socklen_t);
    reached("sendto", fd, NULL, 0);
    return real(fd, bytes, n, flags, to, size);
}
ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    REAL(ssize_t, "sendmsg", int, const struct msghdr *, int);
    reached("sendmsg", fd, NULL, 0);
    return real(fd, message, flags);
}
int connect(int fd, const struct sockaddr *to, socklen_t size) {
    REAL(int, "connect", int, const struct sockaddr *, socklen_t);
    reached("connect", fd, NULL, 0);
    return real(fd, to, size);
}
int fsync(int fd) {
    REAL(int, "fsync", int);
    reached("fsync", fd, NULL, 0);
    return real(fd);
}
int fdatasync(int fd) {
    REAL(int, "fdatasync", int);
    reached("fdatasync", fd, NULL, 0);
    return real(fd);
}
int syncfs(int fd) {
    REAL(int, "syncfs", int);
    reached("syncfs", fd, NULL, 0);
    return real(fd);
}
int ftruncate(int fd, off_t size) {
    REAL(int, "ftruncate", int, off_t);
    reached("ftruncate", fd, NULL, 0);
    return real(fd, size);
}
int ftruncate64(int fd, off_t size) {
    REAL(int, "ftruncate64", int, off_t);
    reached("ftruncate", fd, NULL, 0);
    return real(fd, size);
}
int fallocate(int fd, int mode, off_t at, off_t size) {
    REAL(int, "fallocate", int, int, off_t, off_t);
    reached("fallocate", fd, NULL, 0);
    return real(fd, mode, at, size);
}
int fallocate64(int fd, int mode, off_t at, off_t size) {
    REAL(int, "fallocate64", int, int, off_t, off_t);
    reached("fallocate", fd, NULL, 0);
    return real(fd, mode, at, size);
}
int rename(const char *from, const char *to) {
    REAL(int, "rename", const char *, const char *);
    reached("rename", -1, to, 0);
    return real(from, to);
}
int renameat(int a, const char *from, int b, const char *to) {
    REAL(int, "renameat", int, const char *, int, const char *);
    reached("renameat", -1, to, 0);
    return real(a, from, b, to);
}
int renameat2(int a, const char *from, int b, const char *to, unsigned flags) {
    REAL(int, "renameat2", int, const char *, int, const char *, unsigned);
    reached("renameat2", -1, to, 0);
    return real(a, from, b, to, flags);
}
int unlink(const char *path) {
    REAL(int, "unlink", const char *);
    reached("unlink", -1, path, 0);
    return real(path);
}
int unlinkat(int at, const char *path, int flags) {
    REAL(int, "unlinkat", int, const char *, int);
    reached("unlinkat", -1, path, 0);
    return real(at, path, flags);
}
int mkdir(const char *path, mode_t mode) {
    REAL(int, "mkdir", const char *, mode_t);
    reached("mkdir", -1, path, 0);
    return real(path, mode);
}
int mkdirat(int at, const char *path, mode_t mode) {
    REAL(int, "mkdirat", int, const char *, mode_t);
    reached("mkdirat", -1, path, 0);
    return real(at, path, mode);
}
int openat(int at, const char *path, int flags, ...) {
    REAL(int, "openat", int, const char *, int, mode_t);
    mode_t mode = 0;
    if (makes_file(flags)) {
        va_list rest;
        va_start(rest, flags);
        mode = va_arg(rest, mode_t);
        va_end(rest);
        reached("openat", -1, path, 0);
    }
    return real(at, path, flags, mode);
}
int open(const char *path, int flags, ...) {
    REAL(int, "open", const char *, int, mode_t);
    mode_t mode = 0;
    if (makes_file(flags)) {
        va_list rest;
        va_start(rest, flags);
        mode = va_arg(rest, mode_t);
        va_end(rest);
        reached("open", -1, path, 0);
    }
    return real(path, flags, mode);
}
int link(const char *from, const char *to) {
    REAL(int, "link", const char *, const char *);
    reached("link", -1, to, 0);
    return real(from, to);
}
int linkat(int a, const char *from, int b, const char *to, int flags) {
    REAL(int, "linkat", int, const char *, int, const char *, int);
    reached("linkat", -1, to, 0);
    return real(a, from, b, to, flags);
}
