/*
 * The process of a pod sandbox: holds the pod's namespaces open, does nothing, ends at once on SIGTERM or
 * SIGINT, and reaps orphans where the pod's containers share its PID namespace.
 * The signals are blocked and waited for: a blocked signal reaches even PID 1 of a namespace.
 */
#include "syscall.h"

enum { SIG_BLOCK = 0, SIGINT = 2, SIGTERM = 15, SIGCHLD = 17, WNOHANG = 1, ANY_CHILD = -1 };

#define BIT(signal) (1ull << ((signal)-1))

void run(long *stack) {
    (void)stack;
    unsigned long long waited = BIT(SIGINT) | BIT(SIGTERM) | BIT(SIGCHLD);
    sys4(SYS_rt_sigprocmask, SIG_BLOCK, &waited, 0, sizeof waited);
    for (;;) {
        long signal = sys4(SYS_rt_sigtimedwait, &waited, 0, 0, sizeof waited);
        if (signal == SIGINT || signal == SIGTERM) sys1(SYS_exit_group, 0);
        while (sys4(SYS_wait4, ANY_CHILD, 0, WNOHANG, 0) > 0) {
        }
    }
}
