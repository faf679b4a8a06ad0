// Loaded into the host by LD_PRELOAD: while the file named by FAILING_DISK is there, nothing can be made durable, as on a disk that
// has given up.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static int fails(void) {
    const char *path = getenv("FAILING_DISK");
    if (!path || access(path, F_OK) != 0) return 0;
    errno = EIO;
    return 1;
}

#define REAL(name) ((int (*)(int))dlsym(RTLD_NEXT, name))

int fsync(int fd) { return fails() ? -1 : REAL("fsync")(fd); }
int fdatasync(int fd) { return fails() ? -1 : REAL("fdatasync")(fd); }
int syncfs(int fd) { return fails() ? -1 : REAL("syncfs")(fd); }
