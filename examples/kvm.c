/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kvm IMAGE [INITRD [CMDLINE]]: boots a bzImage or an ELF on /dev/kvm with libzeropage and nothing else, with
 * 512 MiB, one CPU and a serial port that prints. main, at the end, tells the story: inspect, plan, load,
 * enter, run. What is not the library's is KVM's: Linux Documentation/virt/kvm/api. As C11 or as C++17:
 * cc -o kvm kvm.c $(pkg-config --cflags --libs zeropage)
 */
#define _GNU_SOURCE 1
#include <err.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zeropage/zeropage.h>

#define RAM_SIZE (UINT64_C(512) << 20)
#define SERIAL   0x3f8

/* The library says which field is wrong, in what way, and the two numbers that do not agree. */
static void check(int status, const char *name, const struct zp_error *error)
{
    if (status != ZP_OK)
        errx(1, "%s: %s: %s (0x%llx, 0x%llx)", name, zp_field_name(error->field), zp_status_text(status),
             (unsigned long long)error->value, (unsigned long long)error->limit);
}

static int call(const char *what, int result)
{
    if (result < 0)
        err(1, "%s", what);
    return result;
}

/* Image bytes come when the library asks: scattered headers, then each segment straight to guest RAM. */
static int read_file(void *context, uint64_t offset, void *buffer, size_t length)
{
    for (size_t done = 0; done < length;) {
        ssize_t got = pread((int)(intptr_t)context, (char *)buffer + done, length - done, offset + done);

        if (got <= 0)
            return -1; /* a file that shrank must not leave a hole in the kernel */
        done += (size_t)got;
    }
    return 0;
}

static struct zp_source open_source(const char *name)
{
    int fd = call(name, open(name, O_RDONLY));
    struct zp_source source = {(uint64_t)lseek(fd, 0, SEEK_END), read_file, (void *)(intptr_t)fd};

    return source;
}

static int make_vm(int kvm, void *ram)
{
    struct kvm_userspace_memory_region slot = {0, 0, 0, RAM_SIZE, (uintptr_t)ram};
    static struct kvm_pit_config pit;
    int vm = call("KVM_CREATE_VM", ioctl(kvm, KVM_CREATE_VM, 0));

    call("KVM_SET_TSS_ADDR", ioctl(vm, KVM_SET_TSS_ADDR, 0xfffbd000ul)); /* Intel: for itself */
    call("KVM_CREATE_IRQCHIP", ioctl(vm, KVM_CREATE_IRQCHIP, 0));
    call("KVM_CREATE_PIT2", ioctl(vm, KVM_CREATE_PIT2, &pit));
    call("KVM_SET_USER_MEMORY_REGION", ioctl(vm, KVM_SET_USER_MEMORY_REGION, &slot));
    return vm;
}

/* All that KVM can give, and the bit for "hypervisor" (leaf 1, ECX 31): Linux then asks KVM the time.
 * The two calls stand by number, for struct kvm_cpuid2 begins with 8 bytes in C and with 12 in C++. */
static void set_cpuid(int kvm, int vcpu)
{
    static uint64_t room[1 + 256 * sizeof(struct kvm_cpuid_entry2) / sizeof(uint64_t)] = {256};
    struct kvm_cpuid_entry2 *entries = (struct kvm_cpuid_entry2 *)(room + 1);

    call("KVM_GET_SUPPORTED_CPUID", ioctl(kvm, _IOWR(KVMIO, 0x05, room[0]), room));
    for (uint64_t i = 0; i < room[0]; i++)
        entries[i].ecx |= entries[i].function == 1 ? 1u << 31 : 0;
    call("KVM_SET_CPUID2", ioctl(vcpu, _IOW(KVMIO, 0x90, room[0]), room));
}

/* The planned state, member by member in KVM's order; the APIC is where it is at reset. */
/* clang-format off */
static struct kvm_segment segment(const struct zp_segment_register *at)
{
    struct kvm_segment same = {at->base, at->limit, at->selector, at->type, at->present, at->dpl, at->db,
                               at->s, at->l, at->g, at->avl, at->unusable, 0};
    return same;
}

static void enter(int vcpu, const struct zp_entry_state *at)
{
    struct kvm_regs regs = {at->rax, at->rbx, at->rcx, at->rdx, at->rsi, at->rdi, at->rsp, at->rbp,
                            0, 0, 0, 0, 0, 0, 0, 0, at->rip, at->rflags};
    struct kvm_sregs sregs = {segment(&at->cs), segment(&at->ds), segment(&at->es), segment(&at->fs),
                              segment(&at->gs), segment(&at->ss), segment(&at->tr), segment(&at->ldtr),
                              {at->gdt_base.value, (uint16_t)at->gdt_limit, {0}},
                              {at->idt_base.value, (uint16_t)at->idt_limit, {0}},
                              at->cr0, 0, at->cr3, at->cr4, 0, at->efer, 0xfee00900, {0}};

    call("KVM_SET_SREGS", ioctl(vcpu, KVM_SET_SREGS, &sregs));
    call("KVM_SET_REGS", ioctl(vcpu, KVM_SET_REGS, &regs));
}
/* clang-format on */

/* A 16550, always ready to transmit; where register 1 asks for it, it interrupts to say so (cause 2). */
static void access_serial(int vm, unsigned reg, bool is_write, uint8_t *data)
{
    static uint8_t regs[8];
    static bool due;
    struct kvm_irq_level line = {{4}, due && (regs[1] & 2)};

    if (!is_write) {
        *data = reg == 2 ? 1 + line.level : reg == 5 ? 0x60 : reg == 6 ? 0xb0 : regs[reg];
        due = due && reg != 2;
    } else if (reg >= 2 || !(regs[3] & 0x80)) { /* with that bit, 0 and 1 are the baud rate */
        regs[reg] = *data;
        due = due || reg < 2;
        if (reg == 0)
            call("stdout", (int)write(STDOUT_FILENO, data, 1));
    }
    line.level = due && (regs[1] & 2);
    call("KVM_IRQ_LINE", ioctl(vm, KVM_IRQ_LINE, &line));
}

/* Until the guest asks for a reset (0), by the keyboard controller or port 0xcf9, or comes to grief (1). */
static int run(int vm, int vcpu, struct kvm_run *stop)
{
    while (ioctl(vcpu, KVM_RUN, 0) == 0 && stop->exit_reason == KVM_EXIT_IO) {
        uint8_t *data = (uint8_t *)stop + stop->io.data_offset;
        bool is_write = stop->io.direction == KVM_EXIT_IO_OUT;
        unsigned port = stop->io.port;

        if (is_write && ((port == 0x64 && *data == 0xfe) || (port == 0xcf9 && (*data & 4))))
            return 0;
        if (port >= SERIAL && port < SERIAL + 8)
            access_serial(vm, port - SERIAL, is_write, data);
        else if (!is_write)
            memset(data, 0xff, (size_t)stop->io.size * stop->io.count); /* nobody there */
    }
    errx(1, "the guest ended by exit %u (8 is a triple fault)", stop->exit_reason);
}

int main(int argc, char **argv)
{
    static struct zp_segment segments[64]; /* room for what the library finds; it allocates nothing */
    static struct zp_note notes[32];
    static struct zp_entry entries[12];
    static struct zp_span spans[64];
    static struct zp_e820_range e820[160];
    static struct zp_decision decisions[32];
    static struct zp_memory_range ranges[ZP_PC_RANGE_COUNT];
    static struct zp_request request; /* all zero: the library chooses */
    struct zp_image_room image_room = {segments, 64, notes, 32, entries, 12, 0};
    struct zp_plan_room plan_room = {spans, 64, e820, 160, decisions, 32};
    struct zp_pc pc = {sizeof(pc), 1, RAM_SIZE, {UINT64_C(3) << 30}, {UINT64_C(4) << 30}}; /* devices' hole */
    struct zp_source kernel, initrd;
    struct zp_module module = {&initrd, NULL, 0};
    struct zp_machine machine;
    struct zp_image image;
    struct zp_plan plan;
    struct zp_error error;

    if (argc < 2 || argc > 4)
        errx(2, "usage: kvm IMAGE [INITRD [CMDLINE]]");

    /* Inspect: what is it, and how may it be entered? */
    kernel = open_source(argv[1]);
    check(zp_inspect(&kernel, &image_room, &image, &error), argv[1], &error);

    /* Plan: where does everything go on a PC with this much memory, and how does the CPU enter? */
    request.struct_size = sizeof(request);
    request.cmdline = argc > 3 ? argv[3] : "console=ttyS0 reboot=k panic=-1";
    request.cmdline_length = strlen(request.cmdline);
    request.modules = &module;
    request.module_count = argc > 2;
    if (argc > 2)
        initrd = open_source(argv[2]);
    check(zp_machine_pc(&pc, ranges, ZP_PC_RANGE_COUNT, &machine, &error), "machine", &error);
    check(zp_plan_make(&image, &machine, &request, &plan_room, &plan, &error), argv[1], &error);

    /* Load: nothing was written so far, and all that can fail now is the disk. */
    void *ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct zp_guest_region region = {{0}, RAM_SIZE, ram};
    struct zp_guest guest = {sizeof(guest), ZP_GUEST_ZEROED, &region, 1, NULL, NULL};
    call("mmap", ram == MAP_FAILED ? -1 : 0);
    check(zp_load(&plan, &guest, &error), argv[1], &error);

    /* Enter and run: the rest is KVM's. */
    int kvm = call("/dev/kvm", open("/dev/kvm", O_RDWR));
    int vm = make_vm(kvm, ram);
    int vcpu = call("KVM_CREATE_VCPU", ioctl(vm, KVM_CREATE_VCPU, 0));
    size_t size = (size_t)call("KVM_GET_VCPU_MMAP_SIZE", ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0));
    void *stop = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
    call("mmap", stop == MAP_FAILED ? -1 : 0);
    set_cpuid(kvm, vcpu);
    enter(vcpu, &plan.state);
    return run(vm, vcpu, (struct kvm_run *)stop);
}
