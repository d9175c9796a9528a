/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run.c with engines of our own: which one is taken and what is said, what the engine is handed, and where
 * the way ends early.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <zeropage/wire/elf.h>
#include <zeropage/zeropage.h>

#include "host.h"
#include "qemu.h"

/* ---- two engines that do as they are told */

static struct {
    int kvm, qemu; /* -1: cannot run here */
    bool kvm_fast;
    int refuse; /* what check answers */
    const char *ran;
    struct zp_request request;
    uint8_t kernel_byte;
    char rsdp[8];
} fake;

static int probe_kvm(char *why, size_t why_size, bool *ret_fast)
{
    snprintf(why, why_size, fake.kvm != 0 ? "no /dev/kvm" : fake.kvm_fast ? "KVM is fast" : "KVM interprets");
    *ret_fast = fake.kvm_fast;
    return fake.kvm;
}

static int probe_qemu(char *why, size_t why_size, bool *ret_fast)
{
    snprintf(why, why_size, fake.qemu != 0 ? "QEMU is not installed" : "QEMU is there");
    *ret_fast = false;
    return fake.qemu;
}

static int check(const struct zp_vm_config *config)
{
    (void)config;
    return fake.refuse;
}

static void pc(const struct zp_vm_config *config, struct zp_pc *ret_pc, struct zp_acpi_hardware *ret_hardware)
{
    *ret_pc = (struct zp_pc){.struct_size = sizeof(*ret_pc),
                             .cpu_count = config->cpus,
                             .ram_size = config->ram_size,
                             .hole_start = {0xc0000000},
                             .hole_end = {UINT64_C(1) << 32}};
    *ret_hardware = (struct zp_acpi_hardware){.cpus = config->cpus, .pm_base = 0x600, .sci_irq = 9};
}

static int run_any(const struct zp_vm *vm, struct zp_vm_result *ret_result, const char *name)
{
    fake.ran = name;
    assert_int_equal(vm->load(vm->load_context), 0);
    fake.request = *vm->plan->request;
    fake.kernel_byte = *(uint8_t *)zp_guest_pointer(&vm->ram->guest, vm->plan->kernel_load, 1);
    memset(fake.rsdp, 0, sizeof(fake.rsdp));
    if (vm->plan->rsdp.value)
        memcpy(fake.rsdp, zp_guest_pointer(&vm->ram->guest, vm->plan->rsdp, 8), 8);
    ret_result->end = ZP_VM_POWERED_OFF;
    return 0;
}

static int run_kvm(const struct zp_vm *vm, struct zp_vm_result *ret_result)
{
    return run_any(vm, ret_result, "kvm");
}

static int run_qemu(const struct zp_vm *vm, struct zp_vm_result *ret_result)
{
    return run_any(vm, ret_result, "qemu");
}

const struct zp_engine zp_engine_kvm = {"kvm", false, probe_kvm, check, pc, run_kvm};
const struct zp_engine zp_engine_qemu = {"qemu", true, probe_qemu, check, pc, run_qemu};

int zp_qemu_run_real_mode(const struct zp_vm_config *config, struct zp_vm_result *ret_result)
{
    (void)config;
    fake.ran = "real mode";
    ret_result->end = ZP_VM_POWERED_OFF;
    return 0;
}

/* ---- an image of one byte of code, and what was said */

static struct {
    struct zp_elf64_ehdr header;
    struct zp_elf64_phdr segment;
    uint8_t code;
} elf;

static struct zp_memory_source source;
static struct zp_segment segments[4];
static struct zp_note notes[4];
static struct zp_entry entries[12];
static struct zp_opened_image opened;
static struct zp_vm_config config;
static struct zp_vm_result result;
static char said[4096];

static int make_image(void **state)
{
    const struct zp_image_room room = {segments, 4, notes, 4, entries, 12};

    (void)state;
    memset(&fake, 0, sizeof(fake));
    elf.header = (struct zp_elf64_ehdr){
        .e_ident = {0x7f, 'E', 'L', 'F', ZP_ELFCLASS64, ZP_ELFDATA2LSB, 1, ZP_ELFOSABI_STANDALONE},
        .e_type = ZP_ET_EXEC,
        .e_machine = ZP_EM_X86_64,
        .e_version = 1,
        .e_entry = 0x200000,
        .e_phoff = sizeof(elf.header),
        .e_ehsize = sizeof(elf.header),
        .e_phentsize = sizeof(elf.segment),
        .e_phnum = 1};
    elf.segment = (struct zp_elf64_phdr){.p_type = ZP_PT_LOAD,
                                         .p_flags = ZP_PF_R | ZP_PF_X,
                                         .p_offset = offsetof(__typeof__(elf), code),
                                         .p_vaddr = 0x200000,
                                         .p_paddr = 0x200000,
                                         .p_filesz = 1,
                                         .p_memsz = 0x1000};
    elf.code = 0xf4;
    zp_memory_source_init(&source, &elf, sizeof(elf));
    opened = (struct zp_opened_image){.image = {.struct_size = sizeof(opened.image)}};
    config = (struct zp_vm_config){.opened = &opened,
                                   .image_name = "tiny",
                                   .ram_size = 64 << 20,
                                   .cpus = 1,
                                   .request = {.struct_size = sizeof(struct zp_request)}};
    result = (struct zp_vm_result){0};
    return zp_inspect(&source.source, &room, &opened.image, NULL);
}

static int run(void)
{
    int ends[2], saved = dup(STDERR_FILENO), status;
    ssize_t length;

    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    status = zp_vm_run(&config, &result);
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(ends[1]);
    length = read(ends[0], said, sizeof(said) - 1);
    close(ends[0]);
    assert_true(length >= 0);
    said[length] = '\0';
    return status;
}

static void fast_kvm_is_taken(void **state)
{
    (void)state;
    fake.kvm_fast = true;
    assert_int_equal(run(), 0);
    assert_string_equal(fake.ran, "kvm");
    assert_memory_equal(said, "zeropage: engine kvm: KVM is fast\n", 34);
    assert_int_equal(result.end, ZP_VM_POWERED_OFF);
    config.quiet = true;
    assert_int_equal(run(), 0);
    assert_string_equal(said, "");
}

static void slow_or_absent_kvm_gives_way(void **state)
{
    (void)state;
    assert_int_equal(run(), 0);
    assert_string_equal(fake.ran, "qemu");
    assert_non_null(strstr(said, "zeropage: engine qemu: KVM interprets\n"));
    fake.kvm = -1;
    assert_int_equal(run(), 0);
    assert_non_null(strstr(said, "zeropage: engine qemu: no /dev/kvm\n"));
    fake.qemu = -1;
    fake.ran = NULL;
    assert_int_equal(run(), 1);
    assert_null(fake.ran);
    assert_string_equal(said, "zeropage: no engine: no /dev/kvm; QEMU is not installed\n");
    fake.kvm = 0;
    assert_int_equal(run(), 0);
    assert_string_equal(fake.ran, "kvm");
}

static void options_of_qemu_choose_it(void **state)
{
    const char *const disk[] = {"root.img"};

    (void)state;
    fake.kvm_fast = true;
    config.disks = disk;
    config.disk_count = 1;
    assert_int_equal(run(), 0);
    assert_string_equal(fake.ran, "qemu");
    assert_non_null(strstr(said, "zeropage: engine qemu, which alone takes --disk\n"));
    config.engine = ZP_ENGINE_KVM;
    fake.refuse = -1; /* the engine's own check has the word */
    fake.ran = NULL;
    assert_int_equal(run(), 1);
    assert_null(fake.ran);
}

static void named_engine_is_taken_or_refused(void **state)
{
    (void)state;
    config.engine = ZP_ENGINE_KVM;
    assert_int_equal(run(), 0);
    assert_string_equal(fake.ran, "kvm");
    assert_non_null(strstr(said, "zeropage: engine kvm, as asked: KVM interprets\n"));
    fake.kvm = -1;
    assert_int_equal(run(), 1);
    assert_string_equal(said, "zeropage: engine kvm: no /dev/kvm\n");
}

static void guest_is_loaded_with_acpi_and_entropy(void **state)
{
    (void)state;
    assert_int_equal(run(), 0);
    assert_int_equal(fake.kernel_byte, 0xf4);
    assert_memory_equal(fake.rsdp, "RSD PTR ", 8);
    assert_int_equal(fake.request.entropy_length, 32);
    assert_int_equal(fake.request.blob_count, 1);
    config.no_acpi = true;
    config.request.entropy = "";
    assert_int_equal(run(), 0);
    assert_int_equal(fake.rsdp[0], 0);
    assert_int_equal(fake.request.entropy_length, 0);
    assert_int_equal(fake.request.blob_count, 0);
}

static void given_entropy_stays(void **state)
{
    (void)state;
    config.request.entropy = "seed";
    config.request.entropy_length = 4;
    assert_int_equal(run(), 0);
    assert_int_equal(fake.request.entropy_length, 4);
}

static void real_mode_goes_to_qemu(void **state)
{
    (void)state;
    for (size_t i = 0; i < opened.image.entry_count; i++)
        entries[i].protocol = ZP_PROTOCOL_LINUX16;
    assert_int_equal(run(), 0);
    assert_string_equal(fake.ran, "real mode");
    config.engine = ZP_ENGINE_KVM;
    fake.ran = NULL;
    assert_int_equal(run(), 1);
    assert_null(fake.ran);
    assert_non_null(strstr(said, "zeropage: tiny: the 16-bit entry needs a BIOS; --engine qemu has one\n"));
}

static void names_cannot_command_the_terminal(void **state)
{
    (void)state;
    config.image_name = "tiny\033[31m\nzeropage: all is well";
    config.request.protocol = ZP_PROTOCOL_PVH;
    config.quiet = true;
    assert_int_equal(run(), 1);
    assert_memory_equal(said, "zeropage: tiny?[31m?zeropage: all is well: protocol pvh", 54);
    assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
}

static void real_mode_refused(const char *what)
{
    fake.ran = NULL;
    assert_int_equal(run(), 1);
    assert_null(fake.ran);
    assert_non_null(strstr(said, what));
    assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
}

static void real_mode_loses_nothing_in_silence(void **state)
{
    struct zp_module modules[2] = {{.source = &source.source}, {.source = &source.source}};
    struct zp_pin pin = {.kind = ZP_SPAN_KERNEL};
    struct zp_request good;

    (void)state;
    for (size_t i = 0; i < opened.image.entry_count; i++)
        entries[i].protocol = ZP_PROTOCOL_LINUX16;
    opened.image.bzimage.cmdline_max = 3;
    config.quiet = true;
    config.request.modules = modules;
    config.request.module_count = 1;
    config.request.cmdline = "abcd";
    config.request.cmdline_length = 3;
    good = config.request;
    assert_int_equal(run(), 0);
    config.request.cmdline_length = 4;
    real_mode_refused("the command line has 4 bytes, this kernel takes 3");
    config.request = good;
    config.request.module_count = 2;
    real_mode_refused("a second initrd");
    config.request = good;
    modules[0].cmdline = "x";
    modules[0].cmdline_length = 1;
    real_mode_refused("a module's arguments");
    modules[0].cmdline_length = 0;
    config.request.pins = &pin;
    config.request.pin_count = 1;
    real_mode_refused("--pin");
    config.request = good;
    config.request.hardware_subarch = 1;
    real_mode_refused("--subarch");
    config.request = good;
    config.request.flags = ZP_REQUEST_KEEP_SEGMENTS;
    real_mode_refused("--keep-segments");
    config.request = good;
    config.no_acpi = true;
    real_mode_refused("--no-acpi");
}

/* The name of the first must not be blamed for the second. */
static void empty_initrd_is_named_right(void **state)
{
    struct zp_memory_source empty;
    struct zp_module modules[2] = {{.source = &source.source}, {.source = &empty.source}};
    const char *names[2] = {"first", "second"};

    (void)state;
    zp_memory_source_init(&empty, "", 0);
    config.quiet = true;
    config.module_names = names;
    config.request.modules = modules;
    config.request.module_count = 2;
    assert_int_equal(run(), 1);
    assert_non_null(strstr(said, "zeropage: second: the initrd is empty"));
    names[1] = NULL; /* out of a UKI */
    assert_int_equal(run(), 1);
    assert_non_null(strstr(said, "zeropage: tiny: the initrd is empty"));
    modules[0] = modules[1];
    assert_int_equal(run(), 1);
    assert_non_null(strstr(said, "zeropage: first: the initrd is empty"));
}

static void refusals_are_one_line(void **state)
{
    (void)state;
    config.quiet = true;
    config.request.protocol = ZP_PROTOCOL_PVH;
    assert_int_equal(run(), 1);
    assert_string_equal(said,
                        "zeropage: tiny: protocol pvh is not offered, but linux64; choose with --protocol\n");
    config.request.protocol = ZP_PROTOCOL_AUTO;
    config.ram_size = UINT64_C(99999) << 40;
    assert_int_equal(run(), 1);
    assert_non_null(strstr(said, "RAM of 97.7 PiB is more than"));
    assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
    config.ram_size = 0;
    assert_int_equal(run(), 1);
    assert_non_null(strstr(said, "RAM of 0 B is less than the least machine"));
    assert_null(fake.ran);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(fast_kvm_is_taken, make_image),
        cmocka_unit_test_setup(slow_or_absent_kvm_gives_way, make_image),
        cmocka_unit_test_setup(options_of_qemu_choose_it, make_image),
        cmocka_unit_test_setup(named_engine_is_taken_or_refused, make_image),
        cmocka_unit_test_setup(guest_is_loaded_with_acpi_and_entropy, make_image),
        cmocka_unit_test_setup(given_entropy_stays, make_image),
        cmocka_unit_test_setup(real_mode_goes_to_qemu, make_image),
        cmocka_unit_test_setup(names_cannot_command_the_terminal, make_image),
        cmocka_unit_test_setup(real_mode_loses_nothing_in_silence, make_image),
        cmocka_unit_test_setup(empty_initrd_is_named_right, make_image),
        cmocka_unit_test_setup(refusals_are_one_line, make_image),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
