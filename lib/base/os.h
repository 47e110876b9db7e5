/* os.h - what POSIX has no call for. os_linux.c has the Linux calls, os_posix.c (make PORTABLE=1)
 * does without them. [base]
 *
 * Threads: any. */
#ifndef HB_BASE_OS_H
#define HB_BASE_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

#define HB_OS_PATH_MAX 512

/* Memory shared with other processes of the same user, who open `path` while the owner lives.
 * Linux: a memfd, gone with its last user, path /proc/PID/fd/N. Elsewhere: a file DIR/NAME.PID,
 * removed by hb_os_shared_close. */
struct hb_os_shared {
    int fd; /* read-write, CLOEXEC; -1 when closed */
    bool unlink_path;
    char path[HB_OS_PATH_MAX];
};
/* bytes zero bytes, all of them really there. From HB_OS_LARGE_MIN bytes on in large pages where
 * the system grants them: Linux in a tmpfs of the run's own, for which it needs to be root or to
 * have user namespaces, else where transparent huge pages of shared memory are switched on; in
 * small pages otherwise. A process with other threads must not ask for that much (it forks).
 * Errors: HB_ECREATE, HB_ENOMEM (*s is untouched). */
#define HB_OS_LARGE_MIN (4u << 20)
int hb_os_shared_new(const char *dir, const char *name, uint64_t bytes, struct hb_os_shared *s,
                     struct hb_err *e) HB_MUSTUSE;
void hb_os_shared_close(struct hb_os_shared *s); /* no-op on {0} and when closed */
/* Bytes of the mapping that holds p which this process reaches by large pages so far: populate it
 * before. 0 also where the system does not tell. */
uint64_t hb_os_large_bytes(const void *p);

/* Make a file that is shorter `bytes` long: what is new of it are zeros, all of them really there
 * where the file system can do that, so that a full disk is an error here and not a SIGBUS later.
 * A signal is no failure; the file's position may move. HB_EIO naming `path`. */
int hb_os_reserve(int fd, uint64_t bytes, const char *path, struct hb_err *e) HB_MUSTUSE;

/* Let the system begin to write these bytes of a file to the disk, so that a later fsync has less to
 * wait for. Only a hint: it does not wait, and where it cannot be given nothing happens. */
void hb_os_start_writeback(int fd, uint64_t at, uint64_t bytes);

/* Map [0, bytes) of an fd shared. Errors: HB_ESYS, HB_ENOMEM; HB_EFORMAT when the file is shorter
 * (touching what is not there would be a SIGBUS). Unmap with hb_os_unmap (NULL is a no-op). */
int hb_os_map(int fd, uint64_t bytes, bool writable, void **out, struct hb_err *e) HB_MUSTUSE;
void hb_os_unmap(void *p, uint64_t bytes);
/* A pipe that no program started later inherits: fds[0] reads, fds[1] writes. Both are -1 on
 * failure, HB_ESYS. */
int hb_os_pipe(int fds[2], struct hb_err *e) HB_MUSTUSE;
/* Lock bytes of a file against other processes, for writing, without waiting; 0 bytes: to its end.
 * False when another process has them; true also where the file system has no locks. The lock is
 * the process's and is gone when it closes any descriptor of that file, also another one. */
bool hb_os_lock(int fd, uint64_t at, uint64_t bytes);
/* The same, but false too where the file system has no locks. */
bool hb_os_lock_surely(int fd, uint64_t at, uint64_t bytes);
/* Fault in the pages now, so that later use costs none: for writing when `write`. Best effort; a
 * full memory is HB_ENOMEM (never a SIGBUS later). */
int hb_os_populate(void *p, uint64_t bytes, bool write, struct hb_err *e) HB_MUSTUSE;

/* What a process used so far. Values that the system does not tell are 0. */
struct hb_os_usage {
    double cpu_s;       /* user + system */
    uint64_t pss_bytes; /* proportional set size */
    uint64_t ctx_voluntary, ctx_involuntary;
};
void hb_os_usage(pid_t pid, struct hb_os_usage *out);
/* The CPU seconds alone: a proportional set size costs a walk over all pages of the process. */
double hb_os_cpu_seconds(pid_t pid);
/* How a process was scheduled so far; cheap. */
struct hb_os_schedule {
    double cpu_s;
    uint64_t ctx_voluntary, ctx_involuntary;
};
void hb_os_schedule(pid_t pid, struct hb_os_schedule *out);
/* The processor that a process ran on last; -1: the system does not tell. */
int hb_os_last_cpu(pid_t pid);
/* Call work(ctx) on processor `cpu`, then go back to where the process may run. False when the
 * system cannot: it was called wherever the process happened to be. */
bool hb_os_run_on(int cpu, void (*work)(void *ctx), void *ctx);

/* Let this process be killed when the one that forked it has ended, where the system can do that. */
void hb_os_end_with_parent(void);

/* This process now. Values that the system does not tell are 0. */
struct hb_os_self {
    uint64_t heap_bytes;   /* allocated and not freed, as malloc counts them */
    uint64_t mapped_bytes; /* address space */
    unsigned threads;
};
void hb_os_self(struct hb_os_self *out);

int hb_os_cpus(void); /* processors this process may use, >= 1 */
/* Memory that may be had now, in bytes, 0 when unknown: what the system has available or, where that
 * is less, what the limits of this process's control groups leave, pages of files not counted. */
uint64_t hb_os_memory_bytes(void);
/* The same of a system whose /proc and /sys are in the folder `root`: for tests. */
uint64_t hb_os_memory_under(const char *root);
double hb_os_monotonic(void); /* seconds */
/* Folder of the running program without a trailing slash, or HB_ESYS. argv0 is the fallback. */
int hb_os_program_dir(const char *argv0, char *out, size_t cap, struct hb_err *e) HB_MUSTUSE;
/* The same from argv0 and PATH alone, for systems without /proc. */
int hb_os_program_dir_argv0(const char *argv0, char *out, size_t cap, struct hb_err *e) HB_MUSTUSE;

#endif
