/* No capability, no way to gain one, and no core file. */
#include <linux/capability.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {{0}};
    int held = syscall(SYS_capget, &head, data) == 0;
    for (int i = 0; i < 2; i++) held &= !data[i].effective && !data[i].permitted && !data[i].inheritable;
    for (int i = 0; i < 41; i++) held &= prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 0;
    held &= prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
    held &= prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 2;
    held &= setuid(0) != 0 && setgid(0) != 0 && getuid() == 1000;
    struct rlimit core;
    held &= getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_max <= 1;
    puts(held ? "held" : "escaped");
    return 0;
}
