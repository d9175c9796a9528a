/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * qemu*.c and rom/rom.S: plans made by hand, entered by the ROM, with unlike values in every register; the
 * guest (qemu_guest.S) leaves what it found in shared RAM. And every way in which a run can end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <zeropage/wire/x86.h>

#include "qemu.h"
#include "qemu_guest.h"

#define RAM_SIZE    (16u << 20)
#define GDT         0x1000
#define TSS         0x1100
#define PAGE_TABLES 0x10000
#define TIMEOUT     60

/* explain.c stands outside: what it would be told is kept. */
static struct zp_cpu_view explained;
static char explained_headline[128];

char *zp_vm_gdb_symbols(const struct zp_plan *plan, char *text, size_t text_size)
{
    (void)plan;
    (void)text_size;
    text[0] = '\0';
    return text;
}

void zp_vm_explain(const struct zp_vm *vm, const struct zp_cpu_view *cpu, const char *headline)
{
    (void)vm;
    explained = *cpu;
    snprintf(explained_headline, sizeof(explained_headline), "%s", headline);
}

struct machine {
    struct zp_ram ram;
    struct zp_plan plan;
    struct zp_vm_config config;
    struct zp_vm vm;
    unsigned loaded; /* how often load_late was called */
    bool refuses_to_load;
    struct zp_vm_result result;
    char printed[256];
};

static void *at(struct machine *machine, uint64_t address)
{
    return (char *)machine->ram.host + address;
}

static void put_gdt(struct machine *machine, int mode)
{
    uint64_t *gdt = at(machine, GDT);
    struct zp_segment_descriptor64 tss = {.limit_low = sizeof(struct zp_tss32) - 1,
                                          .base_low = TSS,
                                          .access = ZP_SEGMENT_P | ZP_SEGMENT_TSS32_BUSY};

    gdt[2] = mode == ZP_MODE_LONG64 ? ZP_SEGMENT_FLAT_CODE64 : ZP_SEGMENT_FLAT_CODE32;
    for (int i = 3; i <= 7; i++)
        gdt[i] = ZP_SEGMENT_FLAT_DATA;
    memcpy(&gdt[8], &tss, sizeof(tss));
}

static void put_page_tables(struct machine *machine)
{
    uint64_t *table = at(machine, PAGE_TABLES);

    table[0] = (PAGE_TABLES + 0x1000) | ZP_PTE_P | ZP_PTE_RW;
    table[512] = (PAGE_TABLES + 0x2000) | ZP_PTE_P | ZP_PTE_RW;
    for (uint64_t i = 0; i < 512; i++)
        table[1024 + i] = i * ZP_PAGE_SIZE_2M | ZP_PTE_P | ZP_PTE_RW | ZP_PTE_PS;
}

static void set_state(struct zp_entry_state *state, int mode)
{
    bool wide = mode == ZP_MODE_LONG64;
    uint64_t high = wide ? UINT64_C(0x8877665500000000) : 0;

    *state = (struct zp_entry_state){
        .mode = (uint32_t)mode,
        .rip = GUEST_HOME,
        .rflags = ZP_RFLAGS_FIXED | ZP_RFLAGS_ZF | ZP_RFLAGS_CF,
        .rax = high | 0x11111111,
        .rbx = high | 0x22222222,
        .rcx = high | 0x33333333,
        .rdx = high | 0x44444444,
        .rsi = high | 0x55555555,
        .rdi = high | 0x66666666,
        .rbp = high | 0x77777777,
        .rsp = GUEST_STACK,
        .cr0 = ZP_CR0_PE | ZP_CR0_ET | (wide ? ZP_CR0_PG : ZP_CR0_NE),
        .cr3 = wide ? PAGE_TABLES : 0,
        .cr4 = wide ? ZP_CR4_PAE : 0,
        .efer = wide ? ZP_EFER_LME | ZP_EFER_LMA : 0,
        .gdt_base = {GDT},
        .gdt_limit = 10 * 8 - 1,
        .idt_base = {0x5000},
        .idt_limit = 0,
        .cs = {.selector = 0x10},
        .ds = {.selector = 0x18},
        .es = {.selector = 0x20},
        .fs = {.selector = 0x28},
        .gs = {.selector = 0x30},
        .ss = {.selector = 0x38},
        .tr = {.selector = 0x40, .present = 1, .type = 11, .base = TSS},
        .ldtr = {.unusable = 1},
    };
}

static void set_up(struct machine *machine, int mode, uint32_t wish)
{
    bool wide = mode == ZP_MODE_LONG64;
    const unsigned char *code = wide ? qemu_guest64 : qemu_guest32;
    size_t size = (size_t)((wide ? qemu_guest64_end : qemu_guest32_end) - code);
    struct zp_acpi_hardware hardware;
    struct zp_pc pc;

    memset(machine, 0, sizeof(*machine));
    machine->config = (struct zp_vm_config){.image_name = "guest",
                                            .ram_size = RAM_SIZE,
                                            .cpus = 1,
                                            .timeout_seconds = TIMEOUT,
                                            .no_reboot = true};
    zp_engine_qemu.pc(&machine->config, &pc, &hardware);
    assert_int_equal(zp_ram_map(&pc, &machine->ram), 0);
    put_gdt(machine, mode);
    put_page_tables(machine);
    memcpy(at(machine, GUEST_HOME), code, size);
    memcpy(at(machine, GUEST_WISH), &wish, sizeof(wish));
    machine->plan.identity_end.value = UINT64_C(1) << 30;
    set_state(&machine->plan.state, mode);
    machine->vm = (struct zp_vm){.config = &machine->config, .plan = &machine->plan, .ram = &machine->ram};
    memset(&explained, 0, sizeof(explained));
    explained_headline[0] = 0;
}

/* Runs with stdin and stdout of our own making; what the guest prints is kept. */
static int run(struct machine *machine, const char *typed)
{
    int saved_in = dup(STDIN_FILENO), saved_out = dup(STDOUT_FILENO);
    int in[2], out = memfd_create("printed", MFD_CLOEXEC);
    int status;

    fflush(stdout);
    assert_int_equal(pipe(in), 0);
    assert_int_equal(write(in[1], typed, strlen(typed)), strlen(typed));
    close(in[1]);
    dup2(in[0], STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    status = zp_engine_qemu.run(&machine->vm, &machine->result);
    dup2(saved_in, STDIN_FILENO);
    dup2(saved_out, STDOUT_FILENO);
    assert_true(pread(out, machine->printed, sizeof(machine->printed) - 1, 0) >= 0);
    close(saved_in);
    close(saved_out);
    close(in[0]);
    close(out);
    return status;
}

static void tear_down(struct machine *machine)
{
    zp_ram_unmap(&machine->ram);
}

static void assert_found(struct machine *machine)
{
    const struct zp_entry_state *state = &machine->plan.state;
    const struct found *found = at(machine, GUEST_FOUND);
    const struct zp_segment_descriptor *tss = at(machine, GDT + 0x40);

    assert_int_equal(found->rax, state->rax);
    assert_int_equal(found->rbx, state->rbx);
    assert_int_equal(found->rcx, state->rcx);
    assert_int_equal(found->rdx, state->rdx);
    assert_int_equal(found->rsi, state->rsi);
    assert_int_equal(found->rdi, state->rdi);
    assert_int_equal(found->rbp, state->rbp);
    assert_int_equal(found->rsp, state->rsp);
    assert_int_equal(found->rflags, state->rflags);
    assert_int_equal(found->cr0, state->cr0);
    assert_int_equal(found->cr3, state->cr3);
    assert_int_equal(found->cr4, state->cr4);
    assert_int_equal(found->efer, state->efer);
    assert_int_equal(found->others, 0);
    assert_int_equal(found->mtrr, 0xc06);
    assert_int_equal(found->cs, state->cs.selector);
    assert_int_equal(found->ds, state->ds.selector);
    assert_int_equal(found->es, state->es.selector);
    assert_int_equal(found->fs, state->fs.selector);
    assert_int_equal(found->gs, state->gs.selector);
    assert_int_equal(found->ss, state->ss.selector);
    assert_int_equal(found->tr, state->tr.selector);
    assert_int_equal(found->ldtr, 0);
    assert_int_equal(found->gdt.base, state->gdt_base.value);
    assert_int_equal(found->gdt.limit, state->gdt_limit);
    assert_int_equal(found->idt.base, state->idt_base.value);
    assert_int_equal(found->idt.limit, state->idt_limit);
    assert_int_equal(tss->access, ZP_SEGMENT_P | ZP_SEGMENT_TSS32_BUSY);
}

static void enters_as_planned(int mode)
{
    struct machine machine;

    set_up(&machine, mode, WISH_POWER_OFF);
    assert_int_equal(run(&machine, ""), 0);
    assert_int_equal(machine.result.end, ZP_VM_POWERED_OFF);
    assert_string_equal(machine.printed, "go\n");
    assert_int_equal(machine.result.serial_bytes, 3);
    assert_found(&machine);
    tear_down(&machine);
}

static void enters_32_bit_code_as_planned(void **state)
{
    (void)state;
    enters_as_planned(ZP_MODE_PROTECTED32);
}

static void enters_64_bit_code_as_planned(void **state)
{
    (void)state;
    enters_as_planned(ZP_MODE_LONG64);
}

static void enters_without_task_register(void **state)
{
    struct machine machine;
    const struct found *found;

    (void)state;
    for (int mode = ZP_MODE_PROTECTED32; mode <= ZP_MODE_LONG64; mode++) {
        set_up(&machine, mode, WISH_POWER_OFF);
        machine.plan.state.tr = (struct zp_segment_register){.unusable = 1};
        assert_int_equal(run(&machine, ""), 0);
        found = at(&machine, GUEST_FOUND);
        assert_int_equal(machine.result.end, ZP_VM_POWERED_OFF);
        assert_int_equal(found->tr, 0);
        assert_int_equal(found->rax, machine.plan.state.rax);
        tear_down(&machine);
    }
}

static void tells_a_reset(void **state)
{
    struct machine machine;

    (void)state;
    set_up(&machine, ZP_MODE_LONG64, WISH_RESET);
    assert_int_equal(run(&machine, ""), 0);
    assert_int_equal(machine.result.end, ZP_VM_RESET);
    assert_string_equal(machine.printed, "go\n");
    assert_string_equal(explained_headline, "");
    tear_down(&machine);
}

/* QEMU writes registers into its log at each reset of a CPU, and the guest may reset it for ever. */
static void log_of_resets_takes_bounded_memory(void **state)
{
    static char resets[1 << 20];
    struct zp_qemu_process process = {.log = memfd_create("log", MFD_CLOEXEC)};
    struct stat log;

    (void)state;
    assert_true(process.log >= 0);
    memset(resets, 'r', sizeof(resets));
    for (int i = 0; i < 32; i++) {
        assert_int_equal(write(process.log, resets, sizeof(resets)), sizeof(resets));
        zp_qemu_process_trim_log(&process);
        assert_int_equal(fstat(process.log, &log), 0);
        assert_in_range(log.st_blocks * 512, 1, 6 << 20);
    }
    assert_false(zp_qemu_process_triple_faulted(&process));
    assert_int_equal(write(process.log, "Triple fault\n", 13), 13);
    assert_int_equal(write(process.log, resets, sizeof(resets)), sizeof(resets));
    zp_qemu_process_trim_log(&process);
    assert_true(zp_qemu_process_triple_faulted(&process));
    close(process.log);
}

static void explains_a_triple_fault(void **state)
{
    struct machine machine;
    const unsigned char *code;

    (void)state;
    for (int mode = ZP_MODE_PROTECTED32; mode <= ZP_MODE_LONG64; mode++) {
        set_up(&machine, mode, WISH_TRIPLE_FAULT);
        assert_int_equal(run(&machine, ""), 0);
        assert_int_equal(machine.result.end, ZP_VM_TRIPLE_FAULT);
        assert_string_equal(explained_headline, "the guest died of a triple fault");
        assert_string_equal(explained.last_exit, "triple fault");
        code = at(&machine, explained.rip);
        assert_memory_equal(code, "\x0f\x0b", 2); /* at the ud2 */
        assert_int_equal(explained.cs, 0x10);
        assert_int_equal(explained.cs_base, 0);
        assert_int_equal(explained.cs_long, mode == ZP_MODE_LONG64);
        assert_int_equal(explained.cs_default32, mode == ZP_MODE_PROTECTED32);
        assert_int_equal(explained.rbx, machine.plan.state.rbx);
        assert_int_equal(explained.rdi, machine.plan.state.rdi);
        assert_int_equal(explained.rsp, GUEST_STACK);
        assert_int_equal(explained.cr0, machine.plan.state.cr0);
        assert_int_equal(explained.cr3, machine.plan.state.cr3);
        assert_int_equal(explained.efer, machine.plan.state.efer);
        tear_down(&machine);
    }
}

static void tells_a_halt(void **state)
{
    struct machine machine;

    (void)state;
    set_up(&machine, ZP_MODE_LONG64, WISH_HALT);
    machine.config.cpus = 2; /* the second was never started */
    assert_int_equal(run(&machine, ""), 0);
    assert_int_equal(machine.result.end, ZP_VM_HALTED);
    tear_down(&machine);
}

static void passes_bytes_both_ways(void **state)
{
    struct machine machine;

    (void)state;
    set_up(&machine, ZP_MODE_LONG64, WISH_ECHO);
    assert_int_equal(run(&machine, "a\x01\x03\xff q"), 0);
    assert_int_equal(machine.result.end, ZP_VM_POWERED_OFF);
    assert_string_equal(machine.printed, "go\na\x01\x03\xff q");
    tear_down(&machine);
}

static void honours_the_timeout(void **state)
{
    struct machine machine;
    time_t start = time(NULL);

    (void)state;
    set_up(&machine, ZP_MODE_LONG64, WISH_SPIN);
    machine.config.timeout_seconds = 1;
    assert_int_equal(run(&machine, ""), 0);
    assert_int_equal(machine.result.end, ZP_VM_TIMEOUT);
    assert_in_range(time(NULL) - start, 0, 10);
    tear_down(&machine);
}

/* A guest of two bytes, which jumps to itself and says nothing. */
static void explains_silence(void **state)
{
    struct machine machine;

    (void)state;
    set_up(&machine, ZP_MODE_LONG64, WISH_SPIN);
    memcpy(at(&machine, GUEST_HOME), "\xeb\xfe", 2);
    machine.config.silent_seconds = 1;
    machine.config.timeout_seconds = 3;
    assert_int_equal(run(&machine, ""), 0);
    assert_int_equal(machine.result.end, ZP_VM_TIMEOUT);
    assert_int_equal(machine.result.serial_bytes, 0);
    assert_string_equal(explained_headline, "the guest has printed nothing for 1 s");
    assert_int_equal(explained.rip, GUEST_HOME);
    assert_true(explained.cs_long);
    tear_down(&machine);
}

static void stops_by_signal(void **state)
{
    struct machine machine;
    pid_t self = getpid();
    pid_t child;

    (void)state;
    set_up(&machine, ZP_MODE_LONG64, WISH_SPIN);
    child = fork();
    if (child == 0) {
        struct timespec moment = {.tv_sec = 1};

        nanosleep(&moment, NULL);
        kill(self, SIGTERM);
        _exit(0);
    }
    assert_int_equal(run(&machine, ""), 0);
    assert_int_equal(machine.result.end, ZP_VM_STOPPED);
    assert_int_equal(waitpid(child, NULL, 0), child);
    tear_down(&machine);
}

static void fails_when_qemu_refuses(void **state)
{
    static const char *const arguments[] = {"-device", "no-such-device"};
    struct machine machine;

    (void)state;
    set_up(&machine, ZP_MODE_LONG64, WISH_POWER_OFF);
    machine.config.qemu_arguments = arguments;
    machine.config.qemu_argument_count = 2;
    assert_int_equal(run(&machine, ""), -1);
    tear_down(&machine);
}

static int load_late(void *context)
{
    struct machine *machine = context;
    sigset_t mask;

    /* A signal ends us here as ever. */
    sigprocmask(SIG_SETMASK, NULL, &mask);
    assert_false(sigismember(&mask, SIGINT));
    machine->loaded++;
    return machine->refuses_to_load ? -1 : 0;
}

/* Loading goes on beside QEMU's start; when it fails nothing of QEMU is left. */
static void loads_while_qemu_starts(void **state)
{
    struct machine machine;

    (void)state;
    set_up(&machine, ZP_MODE_LONG64, WISH_POWER_OFF);
    machine.vm.load = load_late;
    machine.vm.load_context = &machine;
    assert_int_equal(run(&machine, ""), 0);
    assert_int_equal(machine.result.end, ZP_VM_POWERED_OFF);
    assert_int_equal(machine.loaded, 1);
    machine.refuses_to_load = true;
    assert_int_equal(run(&machine, ""), -1);
    assert_int_equal(machine.loaded, 2);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    tear_down(&machine);
}

static void refuses_what_it_cannot_honour(void **state)
{
    static const char *const disks[] = {"/nonexistent/disk"};
    struct zp_vm_config config = {.cpus = 1};

    (void)state;
    assert_int_equal(zp_engine_qemu.check(&config), 0);
    config.cpus = 256;
    assert_int_equal(zp_engine_qemu.check(&config), -1);
    config.cpus = 255;
    config.ram_size = UINT64_C(1009) << 30;
    assert_int_equal(zp_engine_qemu.check(&config), 0);
    config.ram_size += 4096;
    assert_int_equal(zp_engine_qemu.check(&config), -1);
    config.ram_size = RAM_SIZE;
    config.disks = disks;
    config.disk_count = 1;
    assert_int_equal(zp_engine_qemu.check(&config), -1);
}

static void finds_the_program(void **state)
{
    char why[256];
    bool fast = true;

    (void)state;
    assert_int_equal(zp_engine_qemu.probe(why, sizeof(why), &fast), 0);
    assert_false(fast);
    assert_non_null(strstr(why, "qemu"));
    setenv("ZEROPAGE_QEMU", "/nonexistent/qemu", 1);
    assert_int_equal(zp_engine_qemu.probe(why, sizeof(why), &fast), -1);
    assert_non_null(strstr(why, "install qemu-system-x86"));
    unsetenv("ZEROPAGE_QEMU");
}

static void reads_registers(void **state)
{
    static const char text[] =
        "\r\nCPU#0\r\nRAX=0000000000000001 RBX=ffffffff81000000 RCX=0000000000000003 RDX=0000000000000004\r\n"
        "RSI=0000000000000005 RDI=0000000000000006 RBP=0000000000000007 RSP=0000000000000008\r\n"
        "RIP=ffffffff81234567 RFL=00000246 [---Z-P-] CPL=0 II=0 A20=1 SMM=0 HLT=1\r\n"
        "CS =0010 0000000000000000 ffffffff 00af9b00 DPL=0 CS64 [-RA]\r\n"
        "CR0=80050033 CR2=00000000deadbeef CR3=0000000001234000 CR4=000006f0\r\n"
        "EFER=0000000000000d01\r\n"
        "\r\nCPU#1\r\nEAX=0000000a EBX=0000000b ECX=0000000c EDX=0000000d\r\n"
        "EIP=0000fff0 EFL=00000002 [-------] CPL=0 II=0 A20=0 SMM=0 HLT=0\r\n"
        "CS =f000 ffff0000 0000ffff 00009b00\r\nEFER=0000000000000000\r\n";
    struct zp_qemu_cpu cpu;
    const char *at = zp_qemu_registers_next(text);

    (void)state;
    assert_true(zp_qemu_registers_parse(at, &cpu));
    assert_true(cpu.halted);
    assert_false(cpu.a20_masked);
    assert_true(cpu.view.cs_long);
    assert_int_equal(cpu.view.rip, UINT64_C(0xffffffff81234567));
    assert_int_equal(cpu.view.rflags, 0x246);
    assert_int_equal(cpu.view.rbx, UINT64_C(0xffffffff81000000));
    assert_int_equal(cpu.view.cr2, 0xdeadbeef);
    assert_int_equal(cpu.view.cr4, 0x6f0);
    assert_int_equal(cpu.view.efer, 0xd01);
    at = zp_qemu_registers_next(at);
    assert_true(zp_qemu_registers_parse(at, &cpu));
    assert_false(cpu.halted);
    assert_true(cpu.a20_masked);
    assert_false(cpu.view.cs_long);
    assert_false(cpu.view.cs_default32);
    assert_int_equal(cpu.view.rax, 0xa);
    assert_int_equal(cpu.view.rip, 0xfff0);
    assert_int_equal(cpu.view.cs, 0xf000);
    assert_int_equal(cpu.view.cs_base, 0xffff0000);
    assert_null(zp_qemu_registers_next(at));
    assert_false(zp_qemu_registers_parse("RAX=1\n", &cpu));
}

static const char entry_text[] =
    "\r\nCPU#0\r\nRAX=0000000000000001 RBX=0000000000000002 RCX=0000000000000003 RDX=0000000000000004\r\n"
    "RSI=0000000000000005 RDI=0000000000000006 RBP=0000000000000007 RSP=0000000000000008\r\n"
    "R8 =0000000000000088 R9 =0000000000000099 R10=0000000000000000 R11=0000000000000000\r\n"
    "R12=0000000000000000 R13=0000000000000000 R14=0000000000000000 R15=00000000000000ff\r\n"
    "RIP=0000000000100200 RFL=00000002 [-------] CPL=0 II=0 A20=1 SMM=0 HLT=0\r\n"
    "ES =0018 0000000000000000 ffffffff 00cf9300 DPL=0 DS   [-WA]\r\n"
    "CS =0010 0000000000000000 ffffffff 00bfbb00 DPL=1 CS64 [-RA]\r\n"
    "SS =0018 0000000000000000 ffffffff 00cf9300 DPL=0 DS   [-WA]\r\n"
    "DS =0018 0000000000000000 ffffffff 00cf9300 DPL=0 DS   [-WA]\r\n"
    "FS =0018 0000000000005000 0000ffff 00009300 DPL=0 DS   [-WA]\r\n"
    "GS =0000 0000000000000000 00000000 00000000\r\n"
    "LDT=0000 0000000000000000 00000000 00008200 DPL=0 LDT\r\n"
    "TR =0020 0000000000001030 00000067 00008900 DPL=0 TSS64-avl\r\n"
    "GDT=     0000000000001000 0000002f\r\n"
    "IDT=     0000000000002000 00000fff\r\n"
    "CR0=80000011 CR2=000000000000dead CR3=0000000000004000 CR4=00000020\r\n"
    "EFER=0000000000000500\r\n";

static void reads_an_entry_whole(void **state)
{
    struct zp_vm_entered entered;
    char cut[sizeof(entry_text)];
    const char *at = zp_qemu_registers_next(entry_text);

    (void)state;
    memset(&entered, 0xee, sizeof(entered));
    assert_true(zp_qemu_registers_entered(at, &entered));
    assert_int_equal(entered.state.mode, ZP_MODE_LONG64);
    assert_int_equal(entered.state.rip, 0x100200);
    assert_int_equal(entered.state.rsp, 8);
    assert_int_equal(entered.r8_to_r15[0], 0x88);
    assert_int_equal(entered.r8_to_r15[1], 0x99);
    assert_int_equal(entered.r8_to_r15[6], 0);
    assert_int_equal(entered.r8_to_r15[7], 0xff);
    assert_int_equal(entered.cr2, 0xdead);
    assert_int_equal(entered.state.cs.selector, 0x10);
    assert_int_equal(entered.state.cs.type, 11);
    assert_int_equal(entered.state.cs.dpl, 1);
    assert_int_equal(entered.state.cs.l, 1);
    assert_int_equal(entered.state.cs.db, 0);
    assert_int_equal(entered.state.cs.g, 1);
    assert_int_equal(entered.state.cs.avl, 1);
    assert_int_equal(entered.state.fs.base, 0x5000);
    assert_int_equal(entered.state.fs.limit, 0xffff);
    assert_int_equal(entered.state.fs.unusable, 0);
    assert_int_equal(entered.state.gs.unusable, 1);
    assert_int_equal(entered.state.ldtr.type, 2);
    assert_int_equal(entered.state.tr.selector, 0x20);
    assert_int_equal(entered.state.tr.base, 0x1030);
    assert_int_equal(entered.state.tr.type, 11); /* busy, once it is loaded */
    assert_int_equal(entered.state.gdt_base.value, 0x1000);
    assert_int_equal(entered.state.gdt_limit, 0x2f);
    assert_int_equal(entered.state.idt_base.value, 0x2000);
    assert_int_equal(entered.state.idt_limit, 0xfff);
    /* A text that stops before its tables is none that we know. */
    snprintf(cut, sizeof(cut), "%s", entry_text);
    *strstr(cut, "IDT=") = 0;
    assert_false(zp_qemu_registers_entered(zp_qemu_registers_next(cut), &entered));
    *strstr(cut, "TR =") = 0;
    assert_false(zp_qemu_registers_entered(zp_qemu_registers_next(cut), &entered));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(enters_32_bit_code_as_planned),
        cmocka_unit_test(enters_64_bit_code_as_planned),
        cmocka_unit_test(enters_without_task_register),
        cmocka_unit_test(tells_a_reset),
        cmocka_unit_test(log_of_resets_takes_bounded_memory),
        cmocka_unit_test(explains_a_triple_fault),
        cmocka_unit_test(tells_a_halt),
        cmocka_unit_test(passes_bytes_both_ways),
        cmocka_unit_test(honours_the_timeout),
        cmocka_unit_test(explains_silence),
        cmocka_unit_test(stops_by_signal),
        cmocka_unit_test(fails_when_qemu_refuses),
        cmocka_unit_test(loads_while_qemu_starts),
        cmocka_unit_test(refuses_what_it_cannot_honour),
        cmocka_unit_test(finds_the_program),
        cmocka_unit_test(reads_registers),
        cmocka_unit_test(reads_an_entry_whole),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
