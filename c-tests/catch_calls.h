/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
 *
 * Catches the library's system calls, for a test that answers some of them itself.
 *
 * A seccomp filter answers them with SIGSYS (kernel: Documentation/userspace-api/seccomp_filter.rst). The handler
 * makes the call itself with real_call(), from an address that the filter lets pass, or does not.
 */
#ifndef CATCH_CALLS_H
#define CATCH_CALLS_H

#include "common.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>

/* Makes a system call. The filter knows the address behind the instruction. */
long real_call(long number, const long *args);
extern const char after_real_call[];

#if defined(__x86_64__)
enum { MACHINE = AUDIT_ARCH_X86_64 };
__asm__(".text\n.globl real_call\n.type real_call, @function\nreal_call:\n"
        "mov %rdi, %rax\n mov %rsi, %r11\n"
        "mov (%r11), %rdi\n mov 8(%r11), %rsi\n mov 16(%r11), %rdx\n"
        "mov 24(%r11), %r10\n mov 32(%r11), %r8\n mov 40(%r11), %r9\n"
        "syscall\n.globl after_real_call\nafter_real_call: ret\n");

static void read_arguments(const ucontext_t *context, long *args)
{
    static const int registers[6] = { REG_RDI, REG_RSI, REG_RDX, REG_R10, REG_R8, REG_R9 };
    int i;

    for (i = 0; i < 6; i++)
        args[i] = context->uc_mcontext.gregs[registers[i]];
}

static void set_result(ucontext_t *context, long result)
{
    context->uc_mcontext.gregs[REG_RAX] = result;
}
#elif defined(__aarch64__)
enum { MACHINE = AUDIT_ARCH_AARCH64 };
__asm__(".text\n.globl real_call\n.type real_call, %function\nreal_call:\n"
        "mov x8, x0\n mov x9, x1\n"
        "ldp x0, x1, [x9]\n ldp x2, x3, [x9, #16]\n ldp x4, x5, [x9, #32]\n"
        "svc #0\n.globl after_real_call\nafter_real_call: ret\n");

static void read_arguments(const ucontext_t *context, long *args)
{
    int i;

    for (i = 0; i < 6; i++)
        args[i] = (long)context->uc_mcontext.regs[i];
}

static void set_result(ucontext_t *context, long result)
{
    context->uc_mcontext.regs[0] = (unsigned long)result;
}
#else
#error "This machine's system calls are not known here."
#endif

/* Calls that can fail for want of something. Memory and locks are left alone: without them no program goes on. */
#define CALL(name) { __NR_##name, #name }
static const struct {
    int number;
    const char *name;
} CALLS[] = {
    CALL(openat), CALL(openat2), CALL(close), CALL(read), CALL(pread64), CALL(write), CALL(getdents64),
    CALL(readlinkat), CALL(statx), CALL(newfstatat), CALL(fstat), CALL(statfs), CALL(fstatfs), CALL(faccessat),
    CALL(faccessat2), CALL(fcntl), CALL(dup), CALL(dup3), CALL(ioctl), CALL(lseek), CALL(pipe2), CALL(eventfd2),
    CALL(epoll_create1), CALL(epoll_ctl), CALL(epoll_pwait), CALL(ppoll), CALL(inotify_init1),
    CALL(inotify_add_watch), CALL(socket), CALL(bind), CALL(connect), CALL(getsockname), CALL(getsockopt),
    CALL(setsockopt), CALL(sendto), CALL(sendmsg), CALL(recvfrom), CALL(recvmsg),
#ifdef __x86_64__
    CALL(open), CALL(readlink), CALL(stat), CALL(lstat), CALL(access), CALL(poll), CALL(epoll_wait),
#endif
};

static int is_call(long number, const char *name)
{
    size_t i;

    for (i = 0; i < COUNT(CALLS); i++) {
        if (CALLS[i].number == number)
            return strcmp(CALLS[i].name, name) == 0;
    }
    return 0;
}

static const char *call_name(int number)
{
    size_t i;

    for (i = 0; i < COUNT(CALLS); i++) {
        if (CALLS[i].number == number)
            return CALLS[i].name;
    }
    return "?";
}

/* Has the handler called for each of CALLS. Exit status 77 where there is no such filter. */
static void catch_calls(void (*handler)(int signal, siginfo_t *info, void *context))
{
    static struct sock_filter filter[COUNT(CALLS) + 12];
    uint64_t address = (uint64_t)(uintptr_t)after_real_call;
    struct sigaction action;
    struct sock_fprog program;
    size_t n = 0, i;

#define LOAD(field) \
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define IF_NOT(value, skip) filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip)
#define RETURN(what) filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, what)
    LOAD(arch);
    IF_NOT(MACHINE, COUNT(CALLS) + 6);
    LOAD(instruction_pointer); /* the lower half, on little-endian machines */
    IF_NOT((uint32_t)address, 3);
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                               offsetof(struct seccomp_data, instruction_pointer) + 4);
    IF_NOT((uint32_t)(address >> 32), 1);
    RETURN(SECCOMP_RET_ALLOW);
    LOAD(nr);
    for (i = 0; i < COUNT(CALLS); i++) {
        filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)CALLS[i].number,
                                                   COUNT(CALLS) - i, 0);
    }
    RETURN(SECCOMP_RET_ALLOW);
    RETURN(SECCOMP_RET_TRAP);
    program.len = (unsigned short)n;
    program.filter = filter;
    memset(&action, 0, sizeof(action));
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART;
    assert(sigaction(SIGSYS, &action, NULL) == 0);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        fprintf(stderr, "the kernel takes no seccomp filter: %s\n", strerror(errno));
        exit(77);
    }
}

#endif
