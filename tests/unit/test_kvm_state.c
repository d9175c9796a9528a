/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From entry state to KVM's registers, and CPUID for each CPU of a machine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kvm.h"

static void registers_go_by_name(void **state)
{
    const struct zp_entry_state entry = {.rip = 0x100200,
                                         .rflags = 0,
                                         .rax = 1,
                                         .rbx = 2,
                                         .rcx = 3,
                                         .rdx = 4,
                                         .rsi = 5,
                                         .rdi = 6,
                                         .rbp = 7,
                                         .rsp = 8};
    struct kvm_regs regs;

    (void)state;
    memset(&regs, 0xee, sizeof(regs));
    zp_kvm_regs_of(&entry, &regs);
    assert_int_equal(regs.rip, 0x100200);
    assert_int_equal(regs.rflags, 2); /* bit 1 is always set */
    assert_int_equal(regs.rax, 1);
    assert_int_equal(regs.rbx, 2);
    assert_int_equal(regs.rcx, 3);
    assert_int_equal(regs.rdx, 4);
    assert_int_equal(regs.rsi, 5);
    assert_int_equal(regs.rdi, 6);
    assert_int_equal(regs.rbp, 7);
    assert_int_equal(regs.rsp, 8);
    assert_int_equal(regs.r8 | regs.r9 | regs.r10 | regs.r11 | regs.r12 | regs.r13 | regs.r14 | regs.r15, 0);
}

static void segments_and_control_registers_too(void **state)
{
    const struct zp_entry_state entry = {
        .cr0 = 0x80000011,
        .cr3 = 0x9000,
        .cr4 = 0x20,
        .efer = 0x500,
        .gdt_base = {0x1000},
        .gdt_limit = 0x2f,
        .idt_base = {0x2000},
        .idt_limit = 0xfff,
        .cs = {.limit = 0xffffffff, .selector = 0x10, .type = 11, .s = 1, .present = 1, .l = 1, .g = 1},
        .ss = {.limit = 0xffffffff, .selector = 0x18, .type = 3, .s = 1, .present = 1, .db = 1, .g = 1},
        .fs = {.unusable = 1},
        .tr = {.base = 0x3000, .limit = 0x67, .selector = 0x20, .type = 11, .present = 1}};
    struct kvm_sregs sregs;

    (void)state;
    memset(&sregs, 0, sizeof(sregs));
    sregs.apic_base = 0xfee00900;
    zp_kvm_sregs_of(&entry, &sregs);
    assert_int_equal(sregs.cr0, 0x80000011);
    assert_int_equal(sregs.cr3, 0x9000);
    assert_int_equal(sregs.cr4, 0x20);
    assert_int_equal(sregs.efer, 0x500);
    assert_int_equal(sregs.gdt.base, 0x1000);
    assert_int_equal(sregs.gdt.limit, 0x2f);
    assert_int_equal(sregs.idt.base, 0x2000);
    assert_int_equal(sregs.idt.limit, 0xfff);
    assert_int_equal(sregs.cs.selector, 0x10);
    assert_int_equal(sregs.cs.type, 11);
    assert_int_equal(sregs.cs.l, 1);
    assert_int_equal(sregs.cs.db, 0);
    assert_int_equal(sregs.ss.db, 1);
    assert_int_equal(sregs.ss.limit, 0xffffffff);
    assert_int_equal(sregs.fs.unusable, 1);
    assert_int_equal(sregs.tr.base, 0x3000);
    assert_int_equal(sregs.tr.limit, 0x67);
    assert_int_equal(sregs.apic_base, 0xfee00900); /* no plan speaks of it */
}

static void a_plan_without_tss_gets_the_one_of_a_reset(void **state)
{
    struct zp_entry_state entry = {.tr = {.unusable = 1}};
    struct kvm_sregs sregs = {0};

    (void)state;
    zp_kvm_sregs_of(&entry, &sregs);
    assert_int_equal(sregs.tr.present, 1);
    assert_int_equal(sregs.tr.unusable, 0);
    assert_int_equal(sregs.tr.type, 11);
    assert_int_equal(sregs.tr.limit, 0xffff);
}

/* What a trace shows of an entry is what KVM was given, in full. */
static void an_entry_is_read_back_whole(void **state)
{
    struct zp_entry_state entry = {.rip = 0x100200,
                                   .rflags = 2,
                                   .rax = 1,
                                   .rbx = 2,
                                   .rcx = 3,
                                   .rdx = 4,
                                   .rsi = 5,
                                   .rdi = 6,
                                   .rbp = 7,
                                   .rsp = 8,
                                   .cr0 = 0x80000011,
                                   .cr3 = 0x9000,
                                   .cr4 = 0x20,
                                   .efer = 0x500,
                                   .gdt_base = {0x1000},
                                   .gdt_limit = 0x2f,
                                   .idt_base = {0x2000},
                                   .idt_limit = 0xfff};
    struct zp_segment_register *segments[] = {&entry.cs, &entry.ds, &entry.es, &entry.fs,
                                              &entry.gs, &entry.ss, &entry.tr, &entry.ldtr};
    struct zp_vm_entered entered;
    struct kvm_sregs sregs = {0};
    struct kvm_regs regs;

    (void)state;
    entry.mode = ZP_MODE_LONG64;
    for (unsigned i = 0; i < 8; i++)
        *segments[i] = (struct zp_segment_register){.base = 0x1000 * i,
                                                    .limit = 0xfffff + i,
                                                    .selector = (uint16_t)(8 * i),
                                                    .type = (uint8_t)(i + 1),
                                                    .s = i & 1,
                                                    .dpl = i & 3,
                                                    .present = 1,
                                                    .l = i >> 1 & 1,
                                                    .db = i >> 2 & 1,
                                                    .g = i & 1,
                                                    .avl = i >> 1 & 1};
    zp_kvm_regs_of(&entry, &regs);
    zp_kvm_sregs_of(&entry, &sregs);
    regs.r8 = 0x88;
    regs.r15 = 0xff;
    sregs.cr2 = 0xdead;
    memset(&entered, 0xee, sizeof(entered));
    zp_kvm_entered_of(&regs, &sregs, &entered);
    assert_memory_equal(&entered.state, &entry, sizeof(entry));
    assert_int_equal(entered.r8_to_r15[0], 0x88);
    assert_int_equal(entered.r8_to_r15[1], 0);
    assert_int_equal(entered.r8_to_r15[7], 0xff);
    assert_int_equal(entered.cr2, 0xdead);
    sregs.efer = 0;
    zp_kvm_entered_of(&regs, &sregs, &entered);
    assert_int_equal(entered.state.mode, ZP_MODE_PROTECTED32);
}

static void a_view_shows_what_is_there(void **state)
{
    const struct kvm_regs regs = {.rip = 0xfff0, .rsp = 0x8000, .rflags = 0x46, .rax = 1, .rbp = 9};
    struct kvm_sregs sregs = {.cr0 = 0x11, .cr2 = 0xdead, .cr3 = 0x1000, .cr4 = 0x20, .efer = 0x500};
    struct zp_cpu_view view;

    (void)state;
    sregs.cs = (struct kvm_segment){.base = 0xffff0000, .selector = 0xf000, .l = 1};
    zp_kvm_view_of(&regs, &sregs, &view);
    assert_int_equal(view.rip, 0xfff0);
    assert_int_equal(view.rsp, 0x8000);
    assert_int_equal(view.rflags, 0x46);
    assert_int_equal(view.rax, 1);
    assert_int_equal(view.rbp, 9);
    assert_int_equal(view.cr0, 0x11);
    assert_int_equal(view.cr2, 0xdead);
    assert_int_equal(view.cr3, 0x1000);
    assert_int_equal(view.cr4, 0x20);
    assert_int_equal(view.efer, 0x500);
    assert_int_equal(view.cs, 0xf000);
    assert_int_equal(view.cs_base, 0xffff0000);
    assert_true(view.cs_long);
    assert_false(view.cs_default32);
    assert_string_equal(view.last_exit, "none yet");
}

static struct kvm_cpuid2 *list_of(const struct kvm_cpuid_entry2 *entries, uint32_t count)
{
    struct kvm_cpuid2 *cpuid = test_calloc(1, sizeof(*cpuid) + 256 * sizeof(*entries));

    cpuid->nent = count;
    memcpy(cpuid->entries, entries, count * sizeof(*entries));
    return cpuid;
}

static const struct kvm_cpuid_entry2 *leaf(const struct kvm_cpuid2 *cpuid, uint32_t function, uint32_t index)
{
    for (uint32_t i = 0; i < cpuid->nent; i++)
        if (cpuid->entries[i].function == function && cpuid->entries[i].index == index)
            return &cpuid->entries[i];
    fail_msg("leaf 0x%x.%u is missing", function, index);
    return NULL;
}

static const struct kvm_cpuid_entry2 from_kvm[] = {
    {.function = 1, .ebx = 0x07040800, .ecx = 0x00000001, .edx = 0x0f8bfbff},
    {.function = 4, .index = 0, .eax = 0xfc004121},
    {.function = 4, .index = 3, .eax = 0xfc1fc163},
    {.function = 4, .index = 4},
    {.function = 0xb, .index = 0, .eax = 5, .ebx = 77, .ecx = 0x100, .edx = 77},
    {.function = 0x80000001, .ecx = 0x2},
    {.function = 0x80000008, .eax = 0x3030, .ecx = 0x7007},
    {.function = 0x8000001d, .index = 3, .eax = 0x1fc163},
    {.function = 0x8000001e, .eax = 7, .ebx = 0x0103, .ecx = 0x0101},
};

static void each_cpu_knows_itself(void **state)
{
    struct kvm_cpuid2 *cpuid = list_of(from_kvm, sizeof(from_kvm) / sizeof(from_kvm[0]));

    (void)state;
    zp_kvm_cpuid_fit(cpuid, 2, 3, true);
    assert_int_equal(leaf(cpuid, 1, 0)->ebx, 0x02040800); /* APIC id 2; room for 4 ids */
    assert_int_equal(leaf(cpuid, 1, 0)->ecx, 0x81000001); /* hypervisor, TSC deadline timer */
    assert_int_equal(leaf(cpuid, 1, 0)->edx, 0x1f8bfbff); /* HTT */
    assert_int_equal(leaf(cpuid, 4, 0)->eax, 0x0c000121); /* nobody shares it; 4 core ids */
    assert_int_equal(leaf(cpuid, 4, 3)->eax, 0x0c00c163); /* all share it */
    assert_int_equal(leaf(cpuid, 4, 4)->eax, 0);
    assert_int_equal(leaf(cpuid, 0xb, 0)->ebx, 1);
    assert_int_equal(leaf(cpuid, 0xb, 0)->ecx, 0x100);
    assert_int_equal(leaf(cpuid, 0xb, 0)->edx, 2);
    assert_int_equal(leaf(cpuid, 0xb, 1)->eax, 2);
    assert_int_equal(leaf(cpuid, 0xb, 1)->ebx, 3);
    assert_int_equal(leaf(cpuid, 0xb, 1)->ecx, 0x201);
    assert_int_equal(leaf(cpuid, 0xb, 1)->edx, 2);
    assert_int_equal(leaf(cpuid, 0xb, 2)->ecx, 2); /* invalid level: the end */
    assert_int_equal(leaf(cpuid, 0xb, 2)->flags, KVM_CPUID_FLAG_SIGNIFCANT_INDEX);
    assert_int_equal(leaf(cpuid, 0x80000001, 0)->ecx, 0x2);
    assert_int_equal(leaf(cpuid, 0x80000008, 0)->ecx, 0x2002);
    assert_int_equal(leaf(cpuid, 0x8000001d, 3)->eax, 0x0000c163);
    assert_int_equal(leaf(cpuid, 0x8000001e, 0)->eax, 2);
    assert_int_equal(leaf(cpuid, 0x8000001e, 0)->ebx, 2);
    assert_int_equal(leaf(cpuid, 0x8000001e, 0)->ecx, 0);
    for (uint32_t i = 0; i < cpuid->nent; i++)
        assert_int_not_equal(cpuid->entries[i].function, 0x1f); /* what KVM has not is not made up */
    test_free(cpuid);
}

static void a_single_cpu_has_no_siblings(void **state)
{
    struct kvm_cpuid2 *cpuid = list_of(from_kvm, sizeof(from_kvm) / sizeof(from_kvm[0]));

    (void)state;
    zp_kvm_cpuid_fit(cpuid, 0, 1, false);
    assert_int_equal(leaf(cpuid, 1, 0)->ebx, 0x00010800);
    assert_int_equal(leaf(cpuid, 1, 0)->ecx, 0x80000001);
    assert_int_equal(leaf(cpuid, 1, 0)->edx, 0x0f8bfbff);
    assert_int_equal(leaf(cpuid, 4, 3)->eax, 0x00000163);
    assert_int_equal(leaf(cpuid, 0xb, 1)->eax, 0);
    assert_int_equal(leaf(cpuid, 0xb, 1)->ebx, 1);
    assert_int_equal(leaf(cpuid, 0x80000001, 0)->ecx, 0);
    assert_int_equal(leaf(cpuid, 0x80000008, 0)->ecx, 0);
    test_free(cpuid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registers_go_by_name),
        cmocka_unit_test(segments_and_control_registers_too),
        cmocka_unit_test(a_plan_without_tss_gets_the_one_of_a_reset),
        cmocka_unit_test(an_entry_is_read_back_whole),
        cmocka_unit_test(a_view_shows_what_is_there),
        cmocka_unit_test(each_cpu_knows_itself),
        cmocka_unit_test(a_single_cpu_has_no_siblings),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
