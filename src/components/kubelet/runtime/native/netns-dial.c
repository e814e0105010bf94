/*
 * netns-dial <network namespace file> <port>
 *
 * Connects to 127.0.0.1:port (then [::1]:port) inside another network namespace and copies standard input
 * to the connection and the connection to standard output. Before the first byte it writes one byte to
 * descriptor 3: 0 when connected, else the errno of the failure. An end of input shuts the connection's
 * sending half; the end of the connection ends the program.
 */
#include "syscall.h"

enum { AT_FDCWD = -100, O_RDONLY = 0, CLONE_NEWNET = 0x40000000, SIGCHLD = 17, SIGKILL = 9, STATUS_FD = 3,
       AF_INET = 2, AF_INET6 = 10, SOCK_STREAM = 1, SHUT_WR = 1, EINTR = 4, EINVAL = 22 };

struct ipv4_address {
    unsigned short family, port;
    unsigned int address;
    char zero[8];
};
struct ipv6_address {
    unsigned short family, port;
    unsigned int flow;
    unsigned char address[16];
    unsigned int scope;
};

static char buffer[16384];
static struct ipv4_address v4;
static struct ipv6_address v6;

__attribute__((noreturn)) static void end(long error) {
    char status = (char)error;
    sys3(SYS_write, STATUS_FD, &status, 1);
    sys1(SYS_exit_group, error ? 1 : 0);
    __builtin_unreachable();
}

static void copy(long from, long to) {
    for (;;) {
        long length = sys3(SYS_read, from, buffer, sizeof buffer);
        if (length == -EINTR) continue;
        if (length <= 0) return;
        for (long done = 0; done < length;) {
            long written = sys3(SYS_write, to, buffer + done, length - done);
            if (written == -EINTR) continue;
            if (written <= 0) return;
            done += written;
        }
    }
}

static long dial(unsigned short port, long *connection) {
    v4.family = AF_INET;
    v4.port = port;
    ((unsigned char *)&v4.address)[0] = 127;
    ((unsigned char *)&v4.address)[3] = 1;
    *connection = sys3(SYS_socket, AF_INET, SOCK_STREAM, 0);
    if (*connection < 0) return -*connection;
    long error = -sys3(SYS_connect, *connection, &v4, sizeof v4);
    if (error == 0) return 0;
    sys1(SYS_close, *connection);
    v6.family = AF_INET6;
    v6.port = port;
    v6.address[15] = 1;
    *connection = sys3(SYS_socket, AF_INET6, SOCK_STREAM, 0);
    if (*connection < 0) return error;
    return sys3(SYS_connect, *connection, &v6, sizeof v6) == 0 ? 0 : error;
}

void run(long *stack) {
    char **argv = (char **)(stack + 1);
    if (stack[0] != 3) end(EINVAL);
    unsigned int port = 0;
    for (char *c = argv[2]; *c >= '0' && *c <= '9' && port < 65536; c++) port = port * 10 + (unsigned)(*c - '0');
    if (port == 0 || port > 65535) end(EINVAL);
    long namespace = sys4(SYS_openat, AT_FDCWD, argv[1], O_RDONLY, 0);
    if (namespace < 0) end(-namespace);
    long entered = sys2(SYS_setns, namespace, CLONE_NEWNET);
    if (entered < 0) end(-entered);
    long connection;
    long error = dial(__builtin_bswap16((unsigned short)port), &connection);
    if (error) end(error);
    char connected = 0;
    sys3(SYS_write, STATUS_FD, &connected, 1);
    sys1(SYS_close, STATUS_FD);
    long child = sys1(SYS_clone, SIGCHLD);
    if (child == 0) {
        sys1(SYS_close, 1);
        copy(0, connection);
        sys2(SYS_shutdown, connection, SHUT_WR);
        sys1(SYS_exit_group, 0);
    }
    sys1(SYS_close, 0);
    copy(connection, 1);
    if (child > 0) sys2(SYS_kill, child, SIGKILL);
    sys1(SYS_exit_group, 0);
    __builtin_unreachable();
}
