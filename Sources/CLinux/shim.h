// The Linux calls and constants that Swift's Glibc module leaves out or imports in several forms. Headers only: no C is
// compiled, and nothing here decides anything.
#ifndef INTEGRATION_HOST_CLINUX_H
#define INTEGRATION_HOST_CLINUX_H

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <malloc.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

// Declared by hand: with _GNU_SOURCE glibc turns the address parameters into transparent unions Swift cannot call.
extern int accept4(int fd, void *address, void *length, int flags);
extern int renameat2(int olddirfd, const char *oldpath, int newdirfd, const char *newpath, unsigned int flags);
extern int sync_file_range(int fd, long offset, long count, unsigned int flags);
extern int syncfs(int fd);
// Starts writing the dirty pages of a file to the disk and does not wait for them.
static inline int cl_start_writing(int fd) { return sync_file_range(fd, 0, 0, 2); }
// Gives memory that was freed back to the kernel.
extern int malloc_trim(size_t pad);

// The bytes of all allocations of the process, as the allocator rounds them.
static inline size_t cl_allocated_bytes(void) {
    struct mallinfo2 found = mallinfo2();
    return found.uordblks + found.hblkhd;
}

extern int mallopt(int parameter, int value);
extern void *memmem(const void *haystack, size_t haystack_length, const void *needle, size_t needle_length);
extern int fallocate(int fd, int mode, off_t offset, off_t length);
// The actions are a posix_spawn_file_actions_t.
extern int posix_spawn_file_actions_addchdir_np(void *actions, const char *path);
extern int posix_spawn_file_actions_addclosefrom_np(void *actions, int from);

// With _GNU_SOURCE, sys/stat.h has it.
#ifndef STATX_BTIME
#include <linux/stat.h>
#endif
#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif
#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE (1 << 0)
#endif

static const int32_t CL_M_ARENA_MAX = -8, CL_M_MMAP_THRESHOLD = -3;
static const uint32_t CL_EPOLLIN = EPOLLIN, CL_EPOLLOUT = EPOLLOUT, CL_EPOLLRDHUP = EPOLLRDHUP,
                      CL_EPOLLHUP = EPOLLHUP, CL_EPOLLERR = EPOLLERR, CL_EPOLLET = EPOLLET;
static const int32_t CL_EPOLL_CLOEXEC = EPOLL_CLOEXEC, CL_EFD_NONBLOCK = EFD_NONBLOCK, CL_EFD_CLOEXEC = EFD_CLOEXEC;
static const int32_t CL_SOCK_STREAM = SOCK_STREAM, CL_SOCK_NONBLOCK = SOCK_NONBLOCK, CL_SOCK_CLOEXEC = SOCK_CLOEXEC;
static const int32_t CL_MSG_NOSIGNAL = MSG_NOSIGNAL;
static const uint32_t CL_RENAME_NOREPLACE = RENAME_NOREPLACE;

// Variadic functions are not imported.
static inline int cl_openat(int directory, const char *path, int flags, unsigned int mode) {
    return openat(directory, path, flags, mode);
}
static inline int cl_fcntl(int fd, int command, int value) { return fcntl(fd, command, value); }
// The name of the calling thread, as ps and top show it: at most 15 bytes.
static inline int cl_set_thread_name(const char *name) { return prctl(PR_SET_NAME, name, 0, 0, 0); }
// How many cores this process may run on; 1 where the system does not say. The call is made directly: the library's set
// type and macros need _GNU_SOURCE.
static inline int cl_core_count(void) {
    unsigned long set[128];
    long bytes = syscall(SYS_sched_getaffinity, 0, sizeof set, set);
    int count = 0;
    for (long word = 0; word < bytes / (long)sizeof set[0]; word++) count += __builtin_popcountl(set[word]);
    return count < 1 ? 1 : count;
}
// The inode of an open file and when it was born; a time of zero where the file system does not say. Returns -1 on failure.
static inline int cl_birth(int fd, uint64_t *inode, int64_t *seconds, uint32_t *nanoseconds) {
    struct statx found;
    if (syscall(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &found) != 0) return -1;
    *inode = found.stx_ino;
    *seconds = found.stx_mask & STATX_BTIME ? found.stx_btime.tv_sec : 0;
    *nanoseconds = found.stx_mask & STATX_BTIME ? found.stx_btime.tv_nsec : 0;
    return 0;
}
// Sends bytes over a Unix socket, and with them a descriptor when `fd` is not negative. The macros for control data are not imported.
static inline long cl_send_with_descriptor(int socket, const void *bytes, size_t count, int fd) {
    union { struct cmsghdr head; char bytes[CMSG_SPACE(sizeof(int))]; } control = {0};
    struct iovec part = {(void *)bytes, count};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (fd >= 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof(int));
        __builtin_memcpy(CMSG_DATA(head), &fd, sizeof fd);
    }
    return sendmsg(socket, &message, MSG_NOSIGNAL);
}
// Receives bytes from a Unix socket. The first descriptor that comes with them is put into `fd`, where that is -1; others are closed.
static inline long cl_receive_with_descriptor(int socket, void *bytes, size_t count, int *fd) {
    union { struct cmsghdr head; char bytes[CMSG_SPACE(8 * sizeof(int))]; } control = {0};
    struct iovec part = {bytes, count};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    long received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    if (received < 0) return received;
    for (struct cmsghdr *head = CMSG_FIRSTHDR(&message); head; head = CMSG_NXTHDR(&message, head)) {
        if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
        size_t found = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < found; i++) {
            int next;
            __builtin_memcpy(&next, CMSG_DATA(head) + i * sizeof next, sizeof next);
            if (*fd < 0) *fd = next; else close(next);
        }
    }
    return received;
}
static inline int cl_set_dumpable(int value) { return prctl(PR_SET_DUMPABLE, value, 0, 0, 0); }

// CRC-32C (Castagnoli) by the processor's own instruction; call only where cl_has_crc32c() says so.
#if defined(__x86_64__)
// By the instruction itself: <cpuid.h> would draw the compiler's intrinsics module into everything that imports this one.
static inline int cl_has_crc32c(void) {
    unsigned int a = 1, b, c = 0, d;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return (c >> 20 & 1) != 0;
}
__attribute__((target("sse4.2"))) static inline uint32_t cl_crc32c(uint32_t crc, const void *bytes, size_t count) {
    const unsigned char *p = (const unsigned char *)bytes;
    unsigned long long sum = crc;
    for (; count >= 8; p += 8, count -= 8) {
        unsigned long long word;
        __builtin_memcpy(&word, p, 8);
        sum = __builtin_ia32_crc32di(sum, word);
    }
    for (; count > 0; p++, count--) sum = __builtin_ia32_crc32qi((unsigned int)sum, *p);
    return (uint32_t)sum;
}
#elif defined(__aarch64__)
#include <sys/auxv.h>
static inline int cl_has_crc32c(void) { return (getauxval(AT_HWCAP) & (1 << 7)) != 0; }
__attribute__((target("crc"))) static inline uint32_t cl_crc32c(uint32_t crc, const void *bytes, size_t count) {
    const unsigned char *p = (const unsigned char *)bytes;
    for (; count >= 8; p += 8, count -= 8) {
        unsigned long word;
        __builtin_memcpy(&word, p, 8);
        crc = __builtin_arm_crc32cd(crc, word);
    }
    for (; count > 0; p++, count--) crc = __builtin_arm_crc32cb(crc, *p);
    return crc;
}
#else
static inline int cl_has_crc32c(void) { return 0; }
static inline uint32_t cl_crc32c(uint32_t crc, const void *bytes, size_t count) { return crc; }
#endif

// dladdr is behind _GNU_SOURCE too; its struct is fixed by the ABI.
struct cl_dl_info { const char *file; void *base; const char *symbol; void *address; };
extern int dladdr(const void *address, void *info);
static inline const char *cl_file_of_address(const void *address) {
    struct cl_dl_info info;
    return dladdr(address, &info) != 0 ? info.file : 0;
}

// How many bytes two texts have in common at their beginnings, and at their ends; memcmp compares whole blocks at the speed of memory.
static inline size_t cl_common_prefix(const void *a, const void *b, size_t count) {
    const unsigned char *x = (const unsigned char *)a, *y = (const unsigned char *)b;
    size_t i = 0;
    while (count - i >= 1024 && __builtin_memcmp(x + i, y + i, 1024) == 0) i += 1024;
    while (i < count && x[i] == y[i]) i++;
    return i;
}
static inline size_t cl_common_suffix(const void *a, size_t a_count, const void *b, size_t b_count, size_t most) {
    const unsigned char *x = (const unsigned char *)a + a_count, *y = (const unsigned char *)b + b_count;
    size_t i = 0;
    while (most - i >= 1024 && __builtin_memcmp(x - i - 1024, y - i - 1024, 1024) == 0) i += 1024;
    while (i < most && x[-1 - (long)i] == y[-1 - (long)i]) i++;
    return i;
}

#endif
