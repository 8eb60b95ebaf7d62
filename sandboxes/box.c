/* Makes boxes: from clone to exit, what happens in one before, beside and after the program.
 *
 * `launcher.py` calls `serve` once, with everything that is the same for all boxes worked out. For each request it
 * clones a child into fresh namespaces. That child is process 1 of the box: it mounts, gives up its rights, takes the
 * filter, says that it is ready, and waits for its job (`job.py` tells the formats); then it unpacks the files, forks
 * process 2, and waits as an init does.
 *
 * It is C because of where the time goes: a forked interpreter copies a page for each that it writes to, and every step
 * taken in Python writes to many. Nothing here allocates memory, and the only pages written are the stack's.
 *
 * Two kinds of failure. What a program does is a status. What we cannot do is a fault: it is reported with the call that
 * failed, and the runner throws the box away. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST_FDS 8
#define MOST_MESSAGE (64 * 1024)
#define MOST_WORDS 4096
#define HIGH 200 /* descriptors are lifted here while their own numbers are filled */
#define CONTROL 100
#define KINDS 7

struct mounting { const char *type, *target, *options; unsigned long flags; };

struct plan {
    unsigned long namespaces;
    const char *uid_map, *gid_map, *oom_score, *hostname, *folder;
    const struct mounting *mounts;
    long mount_count;
    struct sock_fprog filter;
    long open_files;
};

enum { STOPPED, PROGRAM, COLLECT };

/* What a box's process 1 or 2 takes back to Python. */
struct outcome {
    int fds[MOST_FDS], link, control, size;
    long status, cpu_us, wall_us, peak_kib, not_compiled;
    char message[MOST_MESSAGE];
};

struct job {
    int64_t channel, collect, warm, limits, arguments, variables;
};
struct limit { int64_t kind, soft, hard; };

static const struct { unsigned long flag; const char *name, *path; } kinds[KINDS] = {
    { CLONE_NEWUSER, "user", "/proc/self/ns/user" }, { CLONE_NEWPID, "pid", "/proc/self/ns/pid" },
    { CLONE_NEWNS, "mnt", "/proc/self/ns/mnt" },     { CLONE_NEWNET, "net", "/proc/self/ns/net" },
    { CLONE_NEWIPC, "ipc", "/proc/self/ns/ipc" },    { CLONE_NEWUTS, "uts", "/proc/self/ns/uts" },
    { CLONE_NEWCGROUP, "cgroup", "/proc/self/ns/cgroup" },
};
static char ours[KINDS][64];
static int proved, link_fd = -1;
static struct sigaction interrupted; /* what a warm program does about SIGINT; nothing else here does */

static _Noreturn void fault(const char *what)
{
    char text[512];
    int size = snprintf(text, sizeof text, "-1 0 0 0 0 %s: %s", what, strerror(errno));
    send(link_fd, text, size < (int)sizeof text ? size : (int)sizeof text - 1, MSG_NOSIGNAL);
    _exit(1);
}

static void must(long result, const char *what)
{
    if (result < 0)
        fault(what);
}

static void put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        fault(path);
    close(fd);
}

static int receive(int from, char *data, int size, int *fds, int most)
{
    union { char space[CMSG_SPACE(sizeof(int) * MOST_FDS)]; struct cmsghdr align; } extra;
    struct iovec part = { data, size };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = extra.space,
                              .msg_controllen = sizeof extra.space };
    ssize_t got;
    do
        got = recvmsg(from, &message, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    int count = 0;
    if (got > 0)
        for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c))
            if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
                for (size_t at = 0; at + sizeof(int) <= c->cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
                    int fd;
                    memcpy(&fd, CMSG_DATA(c) + at, sizeof fd);
                    if (count < most)
                        fds[count++] = fd;
                    else
                        close(fd);
                }
    for (int i = count; i < most; i++)
        fds[i] = -1;
    return got < 0 || message.msg_flags & (MSG_TRUNC | MSG_CTRUNC) ? 0 : (int)got;
}

static void name_namespaces(char names[KINDS][64])
{
    for (int i = 0; i < KINDS; i++) {
        ssize_t size = readlink(kinds[i].path, names[i], sizeof names[i] - 1);
        names[i][size < 0 ? 0 : size] = 0;
    }
}

/* A kernel may take a flag and do nothing: then a wall would be missing that everybody believes in. One that gives fresh
 * namespaces once gives them always, so only the first box of a launcher looks. */
static void expect_fresh(unsigned long wanted)
{
    char own[KINDS][64], missing[256] = "this kernel shows no fresh namespace:";
    int count = 0;
    name_namespaces(own);
    for (int i = 0; i < KINDS; i++)
        if (wanted & kinds[i].flag && (!own[i][0] || !ours[i][0] || strcmp(own[i], ours[i]) == 0)) {
            strcat(strcat(missing, count++ ? ", " : " "), kinds[i].name);
        }
    errno = EOPNOTSUPP;
    if (count)
        fault(missing);
}

static void drop_rights(const struct plan *plan)
{
    struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct none[2] = { { 0 } };
    for (int right = 0; prctl(PR_CAPBSET_DROP, right, 0, 0, 0) == 0; right++)
        ;
    must(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), "PR_CAP_AMBIENT");
    must(syscall(SYS_capset, &head, none), "capset");
    must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
    must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &plan->filter), "seccomp");
}

static void build(const struct plan *plan)
{
    must(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), "PR_SET_DUMPABLE"); /* the entries below are root's while it is not */
    if (!proved)
        expect_fresh(plan->namespaces);
    put("/proc/self/setgroups", "deny");
    put("/proc/self/uid_map", plan->uid_map);
    put("/proc/self/gid_map", plan->gid_map);
    put("/proc/self/oom_score_adj", plan->oom_score);
    must(sethostname(plan->hostname, strlen(plan->hostname)), "sethostname");
    for (long i = 0; i < plan->mount_count; i++) {
        const struct mounting *row = &plan->mounts[i];
        must(mount(row->type, row->target, row->type, row->flags, row->options), row->target);
    }
    umask(022);
    must(chdir(plan->folder), "chdir");
    drop_rights(plan);
    must(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "PR_SET_DUMPABLE");
}

static void copy(int to, int from, off_t at, size_t size)
{
    while (size) {
        ssize_t done = sendfile(to, from, &at, size);
        if (done == 0)
            errno = EIO;
        if (done <= 0)
            fault("a file of the job");
        size -= done;
    }
}

/* Numbers are read and written here, and the clock asked without the vdso: the library's ways lead over a dozen pages,
 * each of which is a fault in every box. */
static uint64_t number(char **at, unsigned base)
{
    uint64_t value = 0;
    for (; **at >= '0' && (unsigned)(**at - '0') < base; ++*at)
        value = value * base + (unsigned)(**at - '0');
    return value;
}

static char *tell(char *at, long value)
{
    char digits[24];
    int count = 0;
    unsigned long rest = value < 0 ? 0 : (unsigned long)value;
    do
        digits[count++] = '0' + rest % 10;
    while (rest /= 10);
    while (count)
        *at++ = digits[--count];
    *at++ = ' ';
    return at;
}

/* The packed files' header is read where it lies; a name is used as it stands, below the working directory. */
static void unpack(int from)
{
    static char header[1 << 16];
    unsigned char length[4];
    must(pread(from, length, 4, 0) == 4 ? 0 : -1, "the packed files");
    off_t end = 4 + ((off_t)length[0] << 24 | length[1] << 16 | length[2] << 8 | length[3]), at = end, read_at = 4;
    size_t kept = 0;
    while (read_at < end || kept) {
        size_t room = sizeof header - 1 - kept;
        size_t wanted = (size_t)(end - read_at) < room ? (size_t)(end - read_at) : room;
        ssize_t got = wanted ? pread(from, header + kept, wanted, read_at) : 0;
        must(got, "the packed files");
        read_at += got;
        kept += got;
        char *line = header, *stop;
        while ((stop = memchr(line, '\n', header + kept - line))) {
            char *name = line;
            *stop = 0;
            mode_t mode = number(&name, 8);
            name++;
            uint64_t size = number(&name, 10);
            name++;
            for (char *slash = name; (slash = strchr(slash, '/')); *slash++ = '/') {
                *slash = 0;
                if (mkdir(name, 0777) < 0 && errno != EEXIST)
                    fault(name);
            }
            int to = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode & 0777);
            must(to, name);
            copy(to, from, at, size);
            close(to);
            at += size;
            line = stop + 1;
        }
        kept = header + kept - line;
        memmove(header, line, kept);
        if (!got && kept) {
            errno = EINVAL;
            fault("the packed files");
        }
    }
}

static _Noreturn void refuse(int control, const char *what)
{
    dprintf(control, "F%s: %s", what, strerror(errno));
    _exit(0);
}

static void take_limits(int control, const struct limit *limits, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        struct rlimit wanted = { limits[i].soft, limits[i].hard }, have;
        if (setrlimit(limits[i].kind, &wanted) == 0)
            continue;
        if (getrlimit(limits[i].kind, &have) < 0) /* the machine allows less than that: less it is */
            refuse(control, "getrlimit");
        wanted.rlim_max = have.rlim_max;
        if (wanted.rlim_cur > have.rlim_max)
            wanted.rlim_cur = have.rlim_max;
        if (setrlimit(limits[i].kind, &wanted) < 0)
            refuse(control, "setrlimit");
    }
}

static int take_descriptors(struct outcome *out, const struct job *job, long open_files)
{
    int high[MOST_FDS], control = out->control;
    setsid();
    for (int i = 0; i < MOST_FDS; i++) /* out of the way first: a target number may be in use as a source */
        if ((high[i] = out->fds[i]) >= 0 && dup3(out->fds[i], HIGH + i, O_CLOEXEC) >= 0)
            high[i] = HIGH + i;
    if (dup3(control, CONTROL, O_CLOEXEC) < 0)
        refuse(control, "dup3");
    for (int i = 0; i < 3; i++)
        dup2(high[i], i);
    if (job->channel) {
        dup2(high[0], 3);
        dup2(high[4], 4);
        dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), 0);
    }
    syscall(SYS_close_range, job->channel ? 5 : 3, CONTROL - 1, 0);
    syscall(SYS_close_range, CONTROL + 1, ~0U, 0);
    struct rlimit files = { open_files, open_files };
    if (setrlimit(RLIMIT_NOFILE, &files) < 0)
        refuse(CONTROL, "RLIMIT_NOFILE");
    return CONTROL;
}

static _Noreturn void become(char **argv, char **environment, const char *code)
{
    signal(SIGPIPE, SIG_DFL); /* ignored by an interpreter, and by no other program */
    signal(SIGXFSZ, SIG_DFL);
    execve(argv[0], argv, environment);
    /* Its own limits say that it may not, or what its compiler made is no program: no fault of ours. */
    int own = errno == EAGAIN || errno == ENOMEM || strncmp(argv[0], code, strlen(code)) == 0;
    dprintf(own ? 2 : CONTROL, "%s%s: %s\n", own ? "" : "F", argv[0], strerror(errno));
    _exit(126);
}

static int64_t now(void)
{
    struct timespec t;
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void await(struct outcome *out, pid_t program, int64_t started)
{
    struct rusage usage;
    int status;
    pid_t pid;
    do {
        pid = wait4(-1, &status, 0, &usage); /* orphans too, as an init must */
        if (pid < 0) {
            if (errno == EINTR)
                continue;
            fault("wait4");
        }
        out->cpu_us += (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000L + usage.ru_utime.tv_usec +
                       usage.ru_stime.tv_usec;
        if (usage.ru_maxrss > out->peak_kib)
            out->peak_kib = usage.ru_maxrss;
    } while (pid != program);
    out->status = status;
    out->wall_us = (now() - started) / 1000;
}

static int live(struct outcome *out, const struct plan *plan)
{
    must(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), "PR_SET_PDEATHSIG");
    build(plan);
    must(send(link_fd, "ready", 5, MSG_NOSIGNAL), "send");
    out->size = receive(link_fd, out->message, MOST_MESSAGE, out->fds, MOST_FDS);
    if (!out->size)
        _exit(0);
    const struct job *job = (const struct job *)out->message;
    const struct limit *limits = (const struct limit *)(job + 1);
    unpack(out->fds[3]);
    int control[2];
    must(pipe2(control, O_CLOEXEC), "pipe2");
    int64_t started = now();
    pid_t program = syscall(SYS_clone, (unsigned long)SIGCHLD, 0, 0, 0, 0);
    must(program, "fork");
    if (program == 0) {
        out->control = control[1];
        take_limits(out->control, limits, job->limits);
        out->control = take_descriptors(out, job, plan->open_files);
        if (job->warm) {
            /* What the kernel does for a program that is executed. Here it costs no page; by ctypes it would copy thirty. */
            if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0 || sigaction(SIGINT, &interrupted, NULL) < 0)
                refuse(CONTROL, "a warm start");
            return PROGRAM;
        }
        char *words[MOST_WORDS], *at = (char *)(limits + job->limits);
        int64_t count = job->arguments + job->variables;
        if (count + 2 > MOST_WORDS)
            _exit(126);
        for (int64_t i = 0; i < count + 1; i++) {
            if (i == job->arguments) {
                words[i] = NULL;
                continue;
            }
            words[i] = at;
            at += strlen(at) + 1;
        }
        words[count + 1] = NULL;
        if (!job->variables)
            words[job->arguments + 1] = NULL;
        become(words, words + job->arguments + 1, plan->folder);
    }
    close(control[1]);
    for (int i = 0; i < MOST_FDS; i++)
        if (out->fds[i] >= 0 && !(job->collect && (i == 2 || i == 4))) {
            close(out->fds[i]);
            out->fds[i] = -1;
        }
    char word[512];
    ssize_t got;
    while ((got = read(control[0], word, sizeof word - 1)) < 0 && errno == EINTR)
        ;
    word[got > 0 ? got : 0] = 0;
    await(out, program, started);
    out->not_compiled = word[0] == 'N';
    if (job->collect && out->status == 0)
        return COLLECT;
    char report[1024], *end = report; /* five numbers and a word of less than half of that */
    const long facts[] = { out->status, out->cpu_us, out->wall_us, out->peak_kib, out->not_compiled };
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
        end = tell(end, facts[i]);
    for (const char *said = word[0] == 'F' ? word + 1 : ""; *said; said++)
        *end++ = *said;
    send(link_fd, report, end - report, MSG_NOSIGNAL);
    _exit(0);
}

static void announce(int requests, pid_t pid)
{
    union { char space[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } extra = { { 0 } };
    char text[64];
    int pidfd = pid < 0 ? -1 : (int)syscall(SYS_pidfd_open, pid, 0);
    int size = pidfd < 0 ? snprintf(text, sizeof text, "0 %s", strerror(errno)) : snprintf(text, sizeof text, "%d ", pid);
    struct iovec part = { text, size };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
    if (pidfd >= 0) {
        message.msg_control = extra.space;
        message.msg_controllen = sizeof extra.space;
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(c), &pidfd, sizeof pidfd);
    }
    sendmsg(requests, &message, MSG_NOSIGNAL);
    if (pidfd >= 0)
        close(pidfd);
}

/* Serves until the runner goes away: STOPPED. In a box it returns where Python is to go on: PROGRAM in process 2 of a
 * warm start, COLLECT in process 1 when what a compiler left is to be packed. */
int serve(int requests, const struct plan *plan, struct outcome *out)
{
    char word[64];
    int link[1];
    struct sigaction usual = { .sa_handler = SIG_DFL };
    name_namespaces(ours);
    must(sigaction(SIGINT, &usual, &interrupted), "sigaction");
    while (receive(requests, word, sizeof word, link, 1) > 0) {
        pid_t pid = syscall(SYS_clone, plan->namespaces | SIGCHLD, 0, 0, 0, 0);
        if (pid == 0) {
            close(requests);
            link_fd = out->link = link[0];
            return live(out, plan);
        }
        proved = 1;
        close(link[0]);
        announce(requests, pid);
        /* Late, at the next request: a box's pid cannot be used again while the runner may name it. */
        while (waitpid(-1, NULL, WNOHANG) > 0)
            ;
    }
    return STOPPED;
}
