/* Stands between a program and its disk (LD_PRELOAD): records what the program changes below one folder, with its data
 * and its order, and makes chosen calls fail. The program itself is unchanged.
 *
 * A control page, which all programs share, counts the calls and says which of them fail. A record of a write or of a
 * name is made after the call, so a sync covers exactly the changes whose number is lower than the number with which
 * the sync began. What a program writes through stdio is not seen.
 */
#define _GNU_SOURCE
#undef _FORTIFY_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum call { WRITE, SYNC, NAME, ANY, CALLS };
enum { TO_FAIL, TO_BE_SHORT, TO_BE_FULL, TO_LIE };
enum kind { WRITTEN = 1, TRUNCATED, MADE, RENAMED, REMOVED, SYNC_BEGUN, SYNCED, SYNC_FAILED };

struct control { /* tests/torture/disks/control.py knows these places. */
    _Atomic uint64_t sequence;
    _Atomic uint64_t counted[CALLS];
    _Atomic uint64_t from[CALLS], until[CALLS];
    _Atomic uint64_t failed;
    _Atomic uint32_t error, how, records, sync_us;
    char folder[512], log[512];
};

struct header {
    uint64_t number, kind, inode, place, length, time_ns;
};

static struct control *control;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("HUSHI_DISK_CONTROL");
    int descriptor = path == NULL ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
    if (descriptor < 0) return;
    void *page = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    syscall(SYS_close, descriptor);
    if (page != MAP_FAILED) control = page;
}

struct moment { uint64_t number, time_ns; };

/* The time is read first. So what somebody has seen before the time of a record has happened before that record. */
static struct moment now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    uint64_t time_ns = (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
    return (struct moment){atomic_fetch_add(&control->sequence, 1) + 1, time_ns};
}

static void record(struct moment when, enum kind kind, uint64_t inode, uint64_t place, const struct iovec *data, int parts,
                   size_t length) {
    int kept = errno;
    if (atomic_load(&control->records)) {
        struct header header = {when.number, kind, inode, place, length, when.time_ns};
        char *text = malloc(sizeof header + length);
        size_t filled = sizeof header, left = length;
        memcpy(text, &header, sizeof header);
        for (int part = 0; part < parts && left > 0; part++) {
            size_t size = data[part].iov_len < left ? data[part].iov_len : left;
            memcpy(text + filled, data[part].iov_base, size);
            filled += size, left -= size;
        }
        int log = (int)syscall(SYS_openat, AT_FDCWD, control->log, O_WRONLY | O_APPEND | O_CLOEXEC);
        if (log < 0 || syscall(SYS_write, log, text, filled) != (ssize_t)filled) abort(); /* Half a record is a lie. */
        syscall(SYS_close, log);
        free(text);
    }
    errno = kept;
}

static void record_text(struct moment when, enum kind kind, uint64_t inode, uint64_t place, const char *text) {
    struct iovec data = {(void *)text, strlen(text)};
    record(when, kind, inode, place, &data, 1, data.iov_len);
}

/* The path below the folder, or NULL for what is elsewhere. */
static const char *inside(const char *path) {
    size_t length = strlen(control->folder);
    return strncmp(path, control->folder, length) == 0 && path[length] == '/' ? path + length + 1 : NULL;
}

static const char *watched_path(const char *path, char *room) {
    if (control == NULL || path == NULL) return NULL;
    if (path[0] == '/') return inside(path);
    if (getcwd(room, PATH_MAX) == NULL) return NULL;
    size_t length = strlen(room);
    snprintf(room + length, PATH_MAX, "/%s", strncmp(path, "./", 2) == 0 ? path + 2 : path);
    return inside(room);
}

static const char *watched(int descriptor, struct stat *found, char *room) {
    if (control == NULL || fstat(descriptor, found) != 0) return NULL;
    if (!S_ISREG(found->st_mode) && !S_ISDIR(found->st_mode)) return NULL;
    char name[64];
    snprintf(name, sizeof name, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(name, room, PATH_MAX);
    if (length <= 0) return NULL;
    room[length] = 0;
    return strcmp(room, control->folder) == 0 ? "" : inside(room);
}

static int is_within(enum call call, uint64_t number) {
    return number >= atomic_load(&control->from[call]) && number < atomic_load(&control->until[call]);
}

/* Counts a call, and tells whether it is one of those that fail. */
static int fails(enum call call) {
    uint64_t number = atomic_fetch_add(&control->counted[call], 1);
    uint64_t total = atomic_fetch_add(&control->counted[ANY], 1);
    return is_within(call, number) || is_within(ANY, total);
}

static int fail(void) {
    atomic_fetch_add(&control->failed, 1);
    errno = (int)atomic_load(&control->error);
    return -1;
}

/* How much of a write may be done: all of it, the first half, or nothing (-1). */
static ssize_t allowed(size_t length, int is_longer) {
    if (!fails(WRITE)) return (ssize_t)length;
    switch (atomic_load(&control->how)) {
    case TO_LIE: return (ssize_t)length;
    case TO_BE_FULL: return is_longer ? fail() : (ssize_t)length;
    case TO_BE_SHORT:
        if (length > 1) return atomic_fetch_add(&control->failed, 1), (ssize_t)(length / 2);
        return fail();
    default: return fail();
    }
}

#define REAL(name) ({ static __typeof__(&name) real; if (real == NULL) real = dlsym(RTLD_NEXT, #name); real; })

static ssize_t put(int descriptor, const struct iovec *data, int parts, off_t place, int has_place) {
    struct stat found;
    char room[PATH_MAX];
    size_t length = 0;
    for (int part = 0; part < parts; part++) length += data[part].iov_len;
    int kept = errno;
    const char *path = watched(descriptor, &found, room);
    errno = kept;
    if (path == NULL || length == 0)
        return has_place ? REAL(pwritev)(descriptor, data, parts, place) : REAL(writev)(descriptor, data, parts);
    off_t begins = has_place ? place : lseek(descriptor, 0, SEEK_CUR);
    ssize_t may = allowed(length, begins + (off_t)length > found.st_size);
    if (may < 0) return -1;
    struct iovec first = {data[0].iov_base, (size_t)may < data[0].iov_len ? (size_t)may : data[0].iov_len};
    if ((size_t)may < length) data = &first, parts = 1;
    ssize_t done = has_place ? REAL(pwritev)(descriptor, data, parts, place) : REAL(writev)(descriptor, data, parts);
    if (done <= 0) return done;
    if (!has_place) begins = lseek(descriptor, 0, SEEK_CUR) - done;
    record(now(), WRITTEN, found.st_ino, (uint64_t)begins, data, parts, (size_t)done);
    return done;
}

ssize_t write(int descriptor, const void *data, size_t length) {
    struct iovec one = {(void *)data, length};
    return put(descriptor, &one, 1, 0, 0);
}
ssize_t pwrite(int descriptor, const void *data, size_t length, off_t place) {
    struct iovec one = {(void *)data, length};
    return put(descriptor, &one, 1, place, 1);
}
ssize_t pwrite64(int descriptor, const void *data, size_t length, off64_t place) {
    return pwrite(descriptor, data, length, place);
}
ssize_t writev(int descriptor, const struct iovec *data, int parts) { return put(descriptor, data, parts, 0, 0); }
ssize_t pwritev(int descriptor, const struct iovec *data, int parts, off_t place) {
    return put(descriptor, data, parts, place, 1);
}
ssize_t pwritev64(int descriptor, const struct iovec *data, int parts, off64_t place) {
    return put(descriptor, data, parts, place, 1);
}

/* Changes the length of a file: 0, or an error number. */
static int resize(int descriptor, off_t length, int only_longer) {
    struct stat found;
    char room[PATH_MAX];
    const char *path = watched(descriptor, &found, room);
    if (path != NULL && allowed(1, length > found.st_size) < 0) return errno;
    int done = only_longer ? REAL(posix_fallocate)(descriptor, 0, length)
                           : REAL(ftruncate)(descriptor, length) == 0 ? 0 : errno;
    if (done == 0 && path != NULL && !(only_longer && length <= found.st_size))
        record(now(), TRUNCATED, found.st_ino, (uint64_t)length, NULL, 0, 0);
    return done;
}
int ftruncate(int descriptor, off_t length) {
    int error = resize(descriptor, length, 0);
    return error == 0 ? 0 : (errno = error, -1);
}
int ftruncate64(int descriptor, off64_t length) { return ftruncate(descriptor, length); }
int posix_fallocate(int descriptor, off_t begins, off_t length) { return resize(descriptor, begins + length, 1); }
int posix_fallocate64(int descriptor, off64_t begins, off64_t length) { return resize(descriptor, begins + length, 1); }
int truncate(const char *path, off_t length) {
    int descriptor = open(path, O_WRONLY | O_CLOEXEC);
    if (descriptor < 0) return -1;
    int done = ftruncate(descriptor, length);
    return close(descriptor), done;
}

static int sync_with(int (*real)(int), int descriptor) {
    struct stat found;
    char room[PATH_MAX];
    const char *path = watched(descriptor, &found, room);
    if (path == NULL) return real(descriptor);
    if (S_ISREG(found.st_mode)) path = "";
    else if (path[0] == 0) path = ".";
    int is_failing = fails(SYNC), is_lie = is_failing && atomic_load(&control->how) == TO_LIE;
    struct moment began = now();
    record_text(began, SYNC_BEGUN, found.st_ino, 0, path);
    uint32_t wait_us = atomic_load(&control->sync_us);
    struct timespec wait = {0, (long)wait_us * 1000};
    if (wait_us > 0) nanosleep(&wait, NULL);
    if (is_lie) return 0;
    int done = is_failing ? fail() : real(descriptor);
    record_text(now(), done == 0 ? SYNCED : SYNC_FAILED, found.st_ino, began.number, path);
    return done;
}
int fsync(int descriptor) { return sync_with(REAL(fsync), descriptor); }
int fdatasync(int descriptor) { return sync_with(REAL(fdatasync), descriptor); }

static int open_as(int folder, const char *path, int flags, mode_t mode) {
    struct stat before, after;
    char room[PATH_MAX * 2];
    if (control == NULL || !(flags & (O_CREAT | O_TRUNC)) || (flags & O_TMPFILE) == O_TMPFILE)
        return REAL(openat)(folder, path, flags, mode);
    const char *known = watched_path(path, room);
    int was_there = fstatat(folder, path, &before, 0) == 0;
    if (known != NULL && !was_there && fails(NAME) && atomic_load(&control->how) != TO_LIE) return fail();
    int descriptor = REAL(openat)(folder, path, flags, mode);
    if (descriptor < 0) return descriptor;
    const char *name = watched(descriptor, &after, room);
    if (name != NULL && !was_there) record_text(now(), MADE, after.st_ino, 0, name);
    else if (name != NULL && (flags & O_TRUNC) && before.st_size > 0)
        record(now(), TRUNCATED, after.st_ino, 0, NULL, 0, 0);
    return descriptor;
}

#define MODE(flags) ({ mode_t mode = 0; va_list rest; va_start(rest, flags); \
    mode = (flags) & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; va_end(rest); mode; })
int open(const char *path, int flags, ...) { return open_as(AT_FDCWD, path, flags, MODE(flags)); }
int open64(const char *path, int flags, ...) { return open_as(AT_FDCWD, path, flags, MODE(flags)); }
int openat(int folder, const char *path, int flags, ...) { return open_as(folder, path, flags, MODE(flags)); }
int openat64(int folder, const char *path, int flags, ...) { return open_as(folder, path, flags, MODE(flags)); }
int __open_2(const char *path, int flags) { return open_as(AT_FDCWD, path, flags, 0); }
int __open64_2(const char *path, int flags) { return open_as(AT_FDCWD, path, flags, 0); }
int creat(const char *path, mode_t mode) { return open_as(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

#define NAMED(path, kind, place, call) ({ char room_[PATH_MAX * 2]; const char *known_ = watched_path(path, room_); \
    int done_ = known_ != NULL && fails(NAME) && atomic_load(&control->how) == TO_FAIL ? fail() : (call); \
    struct stat made_ = {0}; if (done_ == 0 && known_ != NULL) { if ((kind) == MADE) lstat(path, &made_); \
    record_text(now(), kind, made_.st_ino, place, known_); } done_; })
int unlink(const char *path) { return NAMED(path, REMOVED, 0, REAL(unlink)(path)); }
int unlinkat(int folder, const char *path, int flags) {
    if (folder == AT_FDCWD || path[0] == '/') return NAMED(path, REMOVED, 0, REAL(unlinkat)(folder, path, flags));
    return REAL(unlinkat)(folder, path, flags);
}
int rmdir(const char *path) { return NAMED(path, REMOVED, 0, REAL(rmdir)(path)); }
int mkdir(const char *path, mode_t mode) { return NAMED(path, MADE, 1, REAL(mkdir)(path, mode)); }
int link(const char *old, const char *path) { return NAMED(path, MADE, 0, REAL(link)(old, path)); }
int symlink(const char *old, const char *path) { return NAMED(path, MADE, 2, REAL(symlink)(old, path)); }
int rename(const char *old, const char *new) {
    char old_room[PATH_MAX * 2], new_room[PATH_MAX * 2], names[PATH_MAX * 2];
    const char *was = watched_path(old, old_room), *is = watched_path(new, new_room);
    struct stat moved = {0};
    if (was != NULL && fails(NAME) && atomic_load(&control->how) == TO_FAIL) return fail();
    lstat(old, &moved);
    int done = REAL(rename)(old, new);
    if (done == 0 && was != NULL && is != NULL) {
        snprintf(names, sizeof names, "%s\n%s", was, is);
        record_text(now(), RENAMED, moved.st_ino, 0, names);
    }
    return done;
}
