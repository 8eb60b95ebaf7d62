/* Every call that makes a namespace, reaches the kernel's insides or outlives a program is refused. */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int held = 1;
static char room[4096];

#define REFUSED(...) refused(#__VA_ARGS__, syscall(__VA_ARGS__))

static void refused(const char *what, long result) {
    if (result == -1 && (errno == EPERM || errno == ENOSYS)) return;
    held = 0;
    printf("escaped: %s gave %ld, %s\n", what, result, strerror(errno));
}

int main(void) {
    unsigned long flags[] = {CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNS, CLONE_NEWNET, CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWCGROUP};
    for (unsigned i = 0; i < sizeof flags / sizeof *flags; i++) {
        refused("unshare", syscall(SYS_unshare, flags[i]));
        refused("clone", syscall(SYS_clone, flags[i] | SIGCHLD, 0, 0, 0, 0));
        refused("clone, upper half set", syscall(SYS_clone, flags[i] | SIGCHLD | 1UL << 40, 0, 0, 0, 0));
    }
    REFUSED(SYS_clone3, room, 88);
    REFUSED(SYS_setns, 0, 0);
    REFUSED(SYS_mount, "none", "/tmp", "tmpfs", 0, 0);
    REFUSED(SYS_umount2, "/proc", 2);
    REFUSED(SYS_pivot_root, ".", ".");
    REFUSED(SYS_chroot, "/tmp");
    REFUSED(428, -100, "/", 1); /* open_tree */
    REFUSED(429, -1, "", -1, "", 0); /* move_mount */
    REFUSED(430, "tmpfs", 0); /* fsopen */
    REFUSED(431, 0, 0, 0, 0, 0); /* fsconfig */
    REFUSED(432, 0, 0, 0); /* fsmount */
    REFUSED(433, -100, "/", 0); /* fspick */
    REFUSED(442, -100, "/", 0, room, 32); /* mount_setattr */
    REFUSED(425, 1, room); /* io_uring_setup */
    REFUSED(426, 0, 0, 0, 0, 0, 0);
    REFUSED(427, 0, 0, 0, 0);
    REFUSED(SYS_io_setup, 1, room);
    REFUSED(SYS_add_key, "user", "k", "v", 1, -2);
    REFUSED(SYS_request_key, "user", "k", 0, -2);
    REFUSED(SYS_keyctl, 0, -3, 1);
    REFUSED(SYS_bpf, 0, room, 64);
    REFUSED(SYS_perf_event_open, room, 0, -1, -1, 0);
    REFUSED(SYS_userfaultfd, 1);
    REFUSED(SYS_memfd_create, "m", 0);
    REFUSED(447, 0); /* memfd_secret */
    REFUSED(SYS_seccomp, 1, 0, room);
    REFUSED(SYS_prctl, 22, 2, room, 0, 0); /* PR_SET_SECCOMP */
    REFUSED(SYS_prctl, 62, 1, 0, 0, 0); /* PR_SCHED_CORE */
    REFUSED(SYS_shmget, 0, 4096, 01777);
    REFUSED(SYS_semget, 0, 1, 01777);
    REFUSED(SYS_msgget, 0, 01777);
    REFUSED(SYS_mq_open, "q", 0102, 0600, 0);
    REFUSED(SYS_init_module, room, 1, "");
    REFUSED(SYS_finit_module, 0, "", 0);
    REFUSED(SYS_delete_module, "m", 0);
    REFUSED(SYS_kexec_load, 0, 0, 0, 0);
    REFUSED(SYS_reboot, 0xfee1dead, 672274793, 0, 0);
    REFUSED(SYS_swapon, "/tmp/x", 0);
    REFUSED(SYS_acct, "/tmp/x");
    REFUSED(SYS_syslog, 3, room, 100);
    REFUSED(SYS_sethostname, "x", 1);
    REFUSED(SYS_settimeofday, room, 0);
    REFUSED(SYS_clock_settime, 0, room);
    REFUSED(SYS_adjtimex, room);
    REFUSED(SYS_iopl, 3);
    REFUSED(SYS_ioperm, 0, 1, 1);
    REFUSED(SYS_modify_ldt, 0, room, 16);
    REFUSED(SYS_personality, 0x0040000); /* ADDR_NO_RANDOMIZE */
    REFUSED(SYS_name_to_handle_at, -100, "/tmp", room, room, 0);
    REFUSED(SYS_open_by_handle_at, -100, room, 0);
    REFUSED(SYS_fanotify_init, 0, 0);
    REFUSED(SYS_quotactl, 0, 0, 0, 0);
    REFUSED(SYS_sync);
    REFUSED(SYS_vmsplice, 1, room, 1, 0);
    REFUSED(SYS_vhangup);
    REFUSED(SYS_ioctl, 0, 0x5412, room); /* TIOCSTI */
    REFUSED(SYS_ioctl, 0, 0x5412 | 1UL << 40, room);
    REFUSED(SYS_ioctl, 0, 0x541c, room); /* TIOCLINUX */
    REFUSED(512 + 400); /* newer than any table */
    if (held) puts("held");
    return 0;
}
