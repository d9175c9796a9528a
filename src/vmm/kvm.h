/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside the KVM engine: the machine and its CPUs, and who may touch what.
 *
 * One thread per vCPU runs kvm_exit.c's loop; the thread that called run (kvm.c) waits for the terminal,
 * the clock and gdb. `lock` guards the devices and everything below it here. To look at registers the main
 * thread parks the vCPUs (zp_kvm_park): each leaves KVM_RUN, completes what it was doing and waits.
 */
#ifndef ZP_VMM_KVM_H
#define ZP_VMM_KVM_H

#include <linux/kvm.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "devices.h"
#include "vmm.h"

#define ZP_KVM_HOLE_START  UINT64_C(0xc0000000)
#define ZP_KVM_HOLE_END    UINT64_C(0x100000000)
#define ZP_KVM_CPUS_MAX    254u /* 8-bit APIC ids, 0xff is everybody and one is the IO APIC's */
#define ZP_KVM_INPUT_SIZE  4096u
#define ZP_KVM_OUTPUT_SIZE 4096u /* one exit brings at most a page */

struct zp_kvm;

struct zp_kvm_vcpu {
    struct zp_kvm *kvm;
    unsigned index; /* also its APIC id */
    int fd;
    struct kvm_run *run;
    pthread_t thread;
    bool started;
    bool parked; /* waits outside of KVM_RUN */
    /* The last access to a port or to memory that is nobody's. */
    uint32_t last_reason; /* KVM_EXIT_*; 0: none yet */
    bool last_write;
    uint64_t last_address;
    char last_exit[64]; /* the same in words, made when somebody asks */
    /* Registers as of the last exit, for KVM on AMD resets a CPU before it reports a triple fault. */
    bool has_last;
    struct kvm_regs last_regs;
    struct kvm_sregs last_sregs;
};

struct zp_kvm {
    const struct zp_vm *vm;
    int fd;    /* /dev/kvm */
    int vm_fd; /* the machine */
    int wake;  /* eventfd: something for the main thread */
    int halt;  /* eventfd: set once the run is over */
    size_t run_size;
    bool keeps_registers; /* KVM hands registers over with each exit */
    struct zp_kvm_vcpu *vcpus;
    unsigned vcpu_count;
    atomic_ullong exits;
    atomic_ullong serial_bytes;

    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum zp_vm_end end; /* 0: running */
    bool stop;
    bool park;
    int run_alone;     /* while parked, this vCPU may run; -1: none */
    int debug_stopped; /* vCPU that hit a breakpoint or finished a step; -1: none */
    uint64_t debug_address;
    struct zp_serial serial;
    struct zp_pm pm;
    struct zp_rtc rtc;
    struct zp_i8042 i8042;
    uint8_t input[ZP_KVM_INPUT_SIZE]; /* typed and not yet taken by the serial port */
    size_t input_start, input_count;
    uint8_t output[ZP_KVM_OUTPUT_SIZE]; /* sent by the port access that is being handled */
    size_t output_count;
    struct zp_gdb *gdb;
};

/* kvm_state.c: the planned state to vCPU registers, and back for people. All: 0, or -1 after a message. */
void zp_kvm_regs_of(const struct zp_entry_state *state, struct kvm_regs *ret_regs);
void zp_kvm_sregs_of(const struct zp_entry_state *state, struct kvm_sregs *sregs);
void zp_kvm_entered_of(const struct kvm_regs *regs, const struct kvm_sregs *sregs,
                       struct zp_vm_entered *ret_entered);
void zp_kvm_view_of(const struct kvm_regs *regs, const struct kvm_sregs *sregs, struct zp_cpu_view *ret_view);
/* Makes KVM's list fit CPU `index` of `count`; deadline_timer: KVM has the TSC deadline timer. */
void zp_kvm_cpuid_fit(struct kvm_cpuid2 *cpuid, unsigned index, unsigned count, bool deadline_timer);
int zp_kvm_state_reset(struct zp_kvm_vcpu *vcpu);
int zp_kvm_state_enter(struct zp_kvm_vcpu *vcpu, const struct zp_entry_state *state);
/* Reads back what a vCPU that has not run yet would begin with. */
int zp_kvm_state_entered(struct zp_kvm_vcpu *vcpu, struct zp_vm_entered *ret_entered);
/* The vCPU must be parked or the caller its own thread. */
int zp_kvm_state_view(struct zp_kvm_vcpu *vcpu, struct zp_cpu_view *ret_view);

/* kvm_exit.c */
void *zp_kvm_vcpu_thread(void *vcpu);
/* The run is over; the first reason counts. */
void zp_kvm_end(struct zp_kvm *kvm, enum zp_vm_end end);
void zp_kvm_wake(struct zp_kvm *kvm);
/* Hands waiting input to the serial port. With the lock held. */
void zp_kvm_feed_serial(struct zp_kvm *kvm);
/* Stops all vCPUs outside of KVM_RUN; false when one did not come within a second (the others wait). */
bool zp_kvm_park(struct zp_kvm *kvm);
/* Lets them go on: all, or only one. */
void zp_kvm_unpark(struct zp_kvm *kvm, int alone);
void zp_kvm_kick_all(struct zp_kvm *kvm);
/* Signal that makes a vCPU leave KVM_RUN. */
int zp_kvm_kick_signal(void);

/* kvm.c: opens /dev/kvm and checks what it can; the file descriptor, or -1 and the reason in why. */
int zp_kvm_open(char *why, size_t why_size);

/* calibrate.c: instructions per second of a small guest; 0 and the reason in why when it does not run. */
uint64_t zp_kvm_calibrate(int kvm_fd, char *why, size_t why_size);
#define ZP_KVM_FAST UINT64_C(10000000)

/* gdb.c: GDB's remote serial protocol on 127.0.0.1. NULL after a message. */
struct zp_gdb *zp_gdb_open(struct zp_kvm *kvm, unsigned port);
void zp_gdb_close(struct zp_gdb *gdb);
int zp_gdb_fd(const struct zp_gdb *gdb);
/* The descriptor is readable. */
void zp_gdb_ready(struct zp_gdb *gdb);
/* All vCPUs are parked because of debug_stopped. */
void zp_gdb_stopped(struct zp_gdb *gdb);
/* Did gdb plant a software breakpoint there? */
bool zp_gdb_owns(const struct zp_gdb *gdb, uint64_t address);
void zp_gdb_ended(struct zp_gdb *gdb, enum zp_vm_end end);

#endif
