/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How fast is /dev/kvm? Runs a loop of 8000 instructions in a machine of one page and times it.
 *
 * Some hosts offer a /dev/kvm that interprets each guest instruction, one to a few million a second; hardware
 * does thousands of millions, and hardware emulated by QEMU's translator (nested) still tens to hundreds.
 * ZP_KVM_FAST, ten million, lies between: 8000 instructions take at most 0.8 ms there, far more than the
 * one exit that ends the loop. The best of three rounds counts, the first of which also pays for page
 * faults. A guest that does not come back within a second is a broken KVM.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <zeropage/wire/x86.h>

#include "kvm.h"

#define ROUNDS          3
#define LOOPS           2000u
#define LOOP_LENGTH     4u
#define CODE            0x1000u
#define DONE_PORT       0x80
#define PATIENCE        1 /* seconds */
#define KVM_TSS_ADDRESS 0xfffbd000ul

/* 32-bit code: 1: add eax, ecx; xor edx, eax; dec ecx; jnz 1b; out 0x80, al; then the next round. */
static const uint8_t loop_code[] = {
    0xb9, LOOPS & 0xff, LOOPS >> 8, 0x00, 0x00, /* mov ecx, LOOPS */
    0x01, 0xc8,                                 /* add eax, ecx */
    0x31, 0xc2,                                 /* xor edx, eax */
    0x49,                                       /* dec ecx */
    0x75, 0xf9,                                 /* jnz */
    0xe6, DONE_PORT,                            /* out */
    0xeb, 0xf0,                                 /* jmp to the start */
};

struct probe {
    int vm_fd, vcpu_fd;
    void *page;
    struct kvm_run *run;
    size_t run_size;
    timer_t timer;
    bool has_timer;
    struct sigaction old_action;
};

static void wake_up(int number)
{
    (void)number; /* being interrupted is all */
}

static void probe_free(struct probe *probe)
{
    if (probe->has_timer) {
        timer_delete(probe->timer);
        sigaction(zp_kvm_kick_signal(), &probe->old_action, NULL);
    }
    if (probe->run != MAP_FAILED)
        munmap(probe->run, probe->run_size);
    if (probe->vcpu_fd >= 0)
        close(probe->vcpu_fd);
    if (probe->vm_fd >= 0)
        close(probe->vm_fd);
    if (probe->page != MAP_FAILED)
        munmap(probe->page, ZP_PAGE_SIZE);
}

static bool probe_make(struct probe *probe, int kvm_fd)
{
    struct kvm_userspace_memory_region region = {.guest_phys_addr = CODE, .memory_size = ZP_PAGE_SIZE};
    int run_size = ioctl(kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);

    probe->vm_fd = ioctl(kvm_fd, KVM_CREATE_VM, 0);
    if (probe->vm_fd < 0 || run_size < (int)sizeof(struct kvm_run))
        return false;
    probe->run_size = (size_t)run_size;
    probe->page =
        mmap(NULL, ZP_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (probe->page == MAP_FAILED)
        return false;
    memcpy(probe->page, loop_code, sizeof(loop_code));
    region.userspace_addr = (uintptr_t)probe->page;
    if (ioctl(probe->vm_fd, KVM_SET_TSS_ADDR, KVM_TSS_ADDRESS) != 0 ||
        ioctl(probe->vm_fd, KVM_SET_USER_MEMORY_REGION, &region) != 0)
        return false;
    probe->vcpu_fd = ioctl(probe->vm_fd, KVM_CREATE_VCPU, 0);
    if (probe->vcpu_fd < 0)
        return false;
    probe->run = mmap(NULL, probe->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, probe->vcpu_fd, 0);
    return probe->run != MAP_FAILED;
}

static bool probe_enter(const struct probe *probe)
{
    static const struct zp_segment_register code = {
        .limit = 0xffffffff, .selector = 0x08, .type = 11, .s = 1, .present = 1, .db = 1, .g = 1};
    static const struct zp_segment_register data = {
        .limit = 0xffffffff, .selector = 0x10, .type = 3, .s = 1, .present = 1, .db = 1, .g = 1};
    const struct zp_entry_state state = {.rip = CODE,
                                         .cr0 = ZP_CR0_PE | ZP_CR0_ET,
                                         .cs = code,
                                         .ds = data,
                                         .es = data,
                                         .fs = data,
                                         .gs = data,
                                         .ss = data,
                                         .ldtr = {.type = 2, .unusable = 1}};
    struct kvm_regs regs;
    struct kvm_sregs sregs;

    if (ioctl(probe->vcpu_fd, KVM_GET_SREGS, &sregs) != 0)
        return false;
    zp_kvm_sregs_of(&state, &sregs);
    zp_kvm_regs_of(&state, &regs);
    return ioctl(probe->vcpu_fd, KVM_SET_SREGS, &sregs) == 0 &&
           ioctl(probe->vcpu_fd, KVM_SET_REGS, &regs) == 0;
}

static bool probe_set_timer(struct probe *probe)
{
    struct sigaction action = {.sa_handler = wake_up};
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = zp_kvm_kick_signal()};
    /* Again and again, should one come between the check and KVM_RUN. */
    const struct itimerspec patience = {{0, 10000000}, {PATIENCE, 0}};

    event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
    if (timer_create(CLOCK_MONOTONIC, &event, &probe->timer) != 0)
        return false;
    sigaction(zp_kvm_kick_signal(), &action, &probe->old_action);
    probe->has_timer = true;
    return timer_settime(probe->timer, 0, &patience, NULL) == 0;
}

static uint64_t nanoseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* The shortest round in nanoseconds, at least 1; 0 when one did not end as it should. */
static uint64_t best_round(const struct probe *probe)
{
    uint64_t best = UINT64_MAX;

    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t start = nanoseconds(), taken;

        if (ioctl(probe->vcpu_fd, KVM_RUN, 0) != 0 || probe->run->exit_reason != KVM_EXIT_IO ||
            probe->run->io.port != DONE_PORT)
            return 0;
        taken = nanoseconds() - start;
        best = taken < best ? taken : best;
    }
    return best > 0 ? best : 1;
}

uint64_t zp_kvm_calibrate(int kvm_fd, char *why, size_t why_size)
{
    struct probe probe = {.vm_fd = -1, .vcpu_fd = -1, .page = MAP_FAILED, .run = MAP_FAILED};
    uint64_t best = 0;

    if (!probe_make(&probe, kvm_fd) || !probe_enter(&probe) || !probe_set_timer(&probe)) {
        snprintf(why, why_size, "/dev/kvm makes no machine: %s", strerror(errno));
    } else {
        best = best_round(&probe);
        if (best == 0)
            snprintf(why, why_size, "/dev/kvm does not run a loop of %u instructions (exit reason %u)",
                     LOOPS * LOOP_LENGTH, probe.run->exit_reason);
    }
    probe_free(&probe);
    return best == 0 ? 0 : (uint64_t)LOOPS * LOOP_LENGTH * 1000000000u / best;
}
