/* Raw Linux system calls for freestanding programs: no libc, so that a program is a few hundred bytes. */
#pragma once

#if defined(__x86_64__)
enum { SYS_read = 0, SYS_write = 1, SYS_close = 3, SYS_rt_sigprocmask = 14, SYS_socket = 41, SYS_connect = 42,
       SYS_shutdown = 48, SYS_clone = 56, SYS_exit_group = 231, SYS_wait4 = 61, SYS_kill = 62,
       SYS_rt_sigtimedwait = 128, SYS_openat = 257, SYS_setns = 308 };
static inline long sys(long n, long a, long b, long c, long d, long e) {
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    long r;
    __asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8) : "rcx", "r11", "memory");
    return r;
}
__asm__(".globl _start\n_start:\n mov %rsp,%rdi\n and $-16,%rsp\n call run\n");
#elif defined(__aarch64__)
enum { SYS_read = 63, SYS_write = 64, SYS_close = 57, SYS_rt_sigprocmask = 135, SYS_socket = 198, SYS_connect = 203,
       SYS_shutdown = 210, SYS_clone = 220, SYS_exit_group = 94, SYS_wait4 = 260, SYS_kill = 129,
       SYS_rt_sigtimedwait = 137, SYS_openat = 56, SYS_setns = 268 };
static inline long sys(long n, long a, long b, long c, long d, long e) {
    register long x8 __asm__("x8") = n;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
    return x0;
}
__asm__(".globl _start\n_start:\n mov x0,sp\n bl run\n");
#elif defined(__arm__)
enum { SYS_read = 3, SYS_write = 4, SYS_close = 6, SYS_rt_sigprocmask = 175, SYS_socket = 281, SYS_connect = 283,
       SYS_shutdown = 293, SYS_clone = 120, SYS_exit_group = 248, SYS_wait4 = 114, SYS_kill = 37,
       SYS_rt_sigtimedwait = 177, SYS_openat = 322, SYS_setns = 375 };
static inline long sys(long n, long a, long b, long c, long d, long e) {
    register long r7 __asm__("r7") = n;
    register long r0 __asm__("r0") = a;
    register long r1 __asm__("r1") = b;
    register long r2 __asm__("r2") = c;
    register long r3 __asm__("r3") = d;
    register long r4 __asm__("r4") = e;
    __asm__ volatile("svc 0" : "+r"(r0) : "r"(r7), "r"(r1), "r"(r2), "r"(r3), "r"(r4) : "memory");
    return r0;
}
__asm__(".globl _start\n_start:\n mov r0,sp\n bic sp,sp,#7\n bl run\n");
#else
#error "unknown architecture"
#endif

#define sys0(n) sys(n, 0, 0, 0, 0, 0)
#define sys1(n, a) sys(n, (long)(a), 0, 0, 0, 0)
#define sys2(n, a, b) sys(n, (long)(a), (long)(b), 0, 0, 0)
#define sys3(n, a, b, c) sys(n, (long)(a), (long)(b), (long)(c), 0, 0)
#define sys4(n, a, b, c, d) sys(n, (long)(a), (long)(b), (long)(c), (long)(d), 0)

/* The entry point: `stack` holds argc, then argv. Never returns. */
__attribute__((used, noreturn)) void run(long *stack);
