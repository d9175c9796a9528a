/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plan: every placement rule, every refusal, and the properties of plan_properties.h on each plan made.
 */
#include <zeropage/wire/multiboot.h>
#include <zeropage/wire/multiboot2.h>

#include "plan_fixture.h"

static void linux64_is_preferred_and_lies_at_pref_address(void **state)
{
    struct fixture *f = fixture_bzimage();

    (void)state;
    set_cmdline(f, "console=ttyS0");
    plan_holds(f);
    assert_int_equal(f->plan.protocol, ZP_PROTOCOL_LINUX64);
    assert_int_equal(f->plan.kernel_load.value, 16 * MIB);
    assert_int_equal(f->plan.runtime_size, 32 * MIB);
    assert_int_equal(f->plan.delta, 0);
    assert_int_equal(decision(f, ZP_DECISION_PROTOCOL_PREFERRED)->b, 1u << ZP_PROTOCOL_LINUX32);
    assert_non_null(decision(f, ZP_DECISION_KERNEL_LINKED));
    assert_int_equal(start_of(f, ZP_SPAN_KERNEL_RESERVED), 16 * MIB + 4096);
    assert_int_equal(f->plan.state.mode, ZP_MODE_LONG64);
    assert_int_equal(f->plan.state.rip, 16 * MIB + 0x200);
    assert_int_equal(f->plan.state.rsi, start_of(f, ZP_SPAN_BOOT_PARAMS));
    assert_int_equal(f->plan.state.cr3, start_of(f, ZP_SPAN_PAGE_TABLES));
    assert_int_equal(f->plan.state.cr4, ZP_CR4_PAE);
    assert_int_equal(f->plan.state.efer, ZP_EFER_LME | ZP_EFER_LMA);
    assert_int_equal(f->plan.state.rflags, 2);
    assert_int_equal(f->plan.state.cs.selector, 0x10);
    assert_int_equal(f->plan.state.cs.l, 1);
    assert_int_equal(f->plan.state.ds.selector, 0x18);
    assert_int_equal(f->plan.identity_end.value, 4 * GIB);
    free(f);
}

static void linux32_has_no_paging(void **state)
{
    struct fixture *f = fixture_bzimage();

    (void)state;
    f->request.protocol = ZP_PROTOCOL_LINUX32;
    plan_holds(f);
    assert_non_null(decision(f, ZP_DECISION_PROTOCOL_ASKED));
    assert_int_equal(f->plan.state.mode, ZP_MODE_PROTECTED32);
    assert_int_equal(f->plan.state.rip, 16 * MIB);
    assert_int_equal(f->plan.state.cr0, ZP_CR0_PE | ZP_CR0_ET);
    assert_int_equal(f->plan.state.cr3 | f->plan.state.cr4 | f->plan.state.efer, 0);
    assert_int_equal(f->plan.state.rbp | f->plan.state.rdi | f->plan.state.rbx, 0);
    assert_int_equal(f->plan.state.cs.db, 1);
    assert_null(zp_plan_span(&f->plan, ZP_SPAN_PAGE_TABLES));
    free(f);
}

static void each_protocol_gets_its_registers(void **state)
{
    static const struct {
        uint32_t protocol;
        uint64_t eax;
        uint32_t kind;
    } rows[] = {{ZP_PROTOCOL_PVH, 0, ZP_SPAN_START_INFO},
                {ZP_PROTOCOL_MULTIBOOT1, 0x2badb002, ZP_SPAN_MULTIBOOT_INFO},
                {ZP_PROTOCOL_MULTIBOOT2, 0x36d76289, ZP_SPAN_MULTIBOOT_INFO}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fixture *f = fixture_elf(rows[i].protocol, ZP_CONTAINER_ELF64);

        add_module(f, 5000, "one");
        add_module(f, 100, NULL);
        add_acpi(f);
        plan_holds(f);
        assert_non_null(decision(f, ZP_DECISION_PROTOCOL_ONLY));
        assert_int_equal(f->plan.state.rax, rows[i].eax);
        assert_int_equal(f->plan.state.rbx, start_of(f, rows[i].kind));
        assert_int_equal(f->plan.state.rsi, 0);
        assert_int_equal(f->plan.state.mode, ZP_MODE_PROTECTED32);
        assert_int_equal(f->plan.state.tr.limit, 0x67);
        assert_int_equal(f->plan.state.tr.type, 0xb);
        /* PVH asks for base 0 and so for no memory of its own. */
        if (rows[i].protocol == ZP_PROTOCOL_PVH) {
            assert_int_equal(f->plan.state.tr.base, 0);
            assert_null(zp_plan_span(&f->plan, ZP_SPAN_TSS));
        } else {
            assert_int_equal(f->plan.state.tr.base, start_of(f, ZP_SPAN_TSS));
        }
        assert_int_equal(f->plan.initrd_size, 0);
        free(f);
    }
}

/* The gap between two segments is the kernel's too. */
static void gaps_between_segments_are_reserved(void **state)
{
    struct fixture *f = fixture_elf(ZP_PROTOCOL_LINUX64, ZP_CONTAINER_ELF64);
    const struct zp_span *gap;

    (void)state;
    plan_holds(f);
    gap = zp_plan_span(&f->plan, ZP_SPAN_KERNEL_RESERVED);
    assert_int_equal(gap->start.value, 2 * MIB + 0x1000);
    assert_int_equal(gap->size, 0x2000);
    free(f);
}

/* One segment below the hole at 640 KiB, one from 1 MiB on, as GRUB loads them. */
static void multiboot_segments_may_lie_around_a_hole(void **state)
{
    struct fixture *f = fixture_elf(ZP_PROTOCOL_MULTIBOOT1, ZP_CONTAINER_ELF32);

    (void)state;
    f->segments[0].paddr.value = 0x8000;
    f->entries[0].reserve.value = 0x8000;
    f->entries[0].reserve_size = 2 * MIB + 0x5000 - 0x8000;
    f->entries[0].address.value = 2 * MIB + 0x3010;
    plan_holds(f);
    assert_int_equal(start_of(f, ZP_SPAN_KERNEL), 0x8000);
    assert_null(zp_plan_span(&f->plan, ZP_SPAN_KERNEL_RESERVED));
    assert_int_equal(f->plan.runtime.value, 2 * MIB + 0x3000);
    assert_int_equal(f->plan.runtime_size, 0x2000);
    /* In the hole nothing can be loaded. */
    f->segments[0].paddr.value = f->entries[0].reserve.value = 0xf0000;
    f->entries[0].reserve_size = 2 * MIB + 0x5000 - 0xf0000;
    plan_refused(f, ZP_ERR_NOT_RAM, ZP_FIELD_KERNEL);
    /* Linux is one range. */
    f->segments[0].paddr.value = f->entries[0].reserve.value = 0x8000;
    f->entries[0].reserve_size = 2 * MIB + 0x5000 - 0x8000;
    f->entries[0].protocol = ZP_PROTOCOL_LINUX32;
    plan_refused(f, ZP_ERR_NOT_RAM, ZP_FIELD_KERNEL);
    free(f);
}

/* Quadratic work would be minutes, and the time limit of the test. */
static void many_segments_are_placed_in_no_time(void **state)
{
    struct fixture *f = fixture_elf(ZP_PROTOCOL_LINUX64, ZP_CONTAINER_ELF64);
    const size_t count = 300000;
    struct zp_segment *segments = calloc(count, sizeof(*segments));
    struct zp_span *spans = calloc(2 * count + 16, sizeof(*spans));

    (void)state;
    assert_non_null(segments);
    assert_non_null(spans);
    for (size_t i = 0; i < count; i++) {
        segments[i].paddr.value = 2 * MIB + i * 64;
        segments[i].memory_size = 32;
    }
    f->image.segments = segments;
    f->image.segment_count = f->entries[0].segment_count = count;
    f->entries[0].reserve_size = count * 64;
    f->room.spans = spans;
    f->room.span_capacity = 2 * count + 16;
    plan_holds(f);
    assert_true(f->plan.span_count > 2 * count);
    free(spans);
    free(segments);
    free(f);
}

static void the_kernel_moves_when_its_home_is_taken(void **state)
{
    struct fixture *f = fixture_bzimage();

    (void)state;
    /* 16 to 20 MiB is not RAM: the lowest multiple of 2 MiB after that. */
    f->ranges[3].size = 15 * MIB;
    f->ranges[4] = (struct zp_memory_range){{20 * MIB}, 400 * MIB, ZP_USAGE_FREE, 0};
    f->machine.range_count = 5;
    plan_holds(f);
    assert_int_equal(f->plan.kernel_load.value, 20 * MIB);
    assert_int_equal(f->plan.delta, 4 * MIB);
    assert_int_equal(f->plan.state.rip, 20 * MIB + 0x200);
    assert_int_equal(decision(f, ZP_DECISION_KERNEL_MOVED)->b, 16 * MIB);
    free(f);
}

static void ranges_that_touch_are_one(void **state)
{
    struct fixture *f = fixture_bzimage();

    (void)state;
    f->ranges[3].size = 19 * MIB;
    f->ranges[4] = (struct zp_memory_range){{20 * MIB}, 100 * MIB, ZP_USAGE_FREE, 0};
    f->machine.range_count = 5;
    plan_holds(f);
    assert_int_equal(f->plan.kernel_load.value, 16 * MIB);
    /* A moved one crosses the seam too. */
    f->ranges[4].start.value = 20 * MIB;
    f->entries[0].prefer = ZP_PREFER_LOWEST;
    f->entries[0].min.value = 18 * MIB;
    plan_holds(f);
    assert_int_equal(f->plan.kernel_load.value, 18 * MIB);
    free(f);
}

static void multiboot2_preferences_are_kept(void **state)
{
    struct fixture *f = fixture_elf(ZP_PROTOCOL_MULTIBOOT2, ZP_CONTAINER_ELF32);

    (void)state;
    f->entries[0].align = 2 * MIB;
    f->entries[0].min.value = 2 * MIB;
    f->entries[0].max.value = 256 * MIB - 1;
    f->entries[0].prefer = ZP_PREFER_HIGHEST;
    f->image.multiboot2.wants_video_mode = 1;
    plan_holds(f);
    assert_int_equal(f->plan.kernel_load.value, 254 * MIB);
    assert_int_equal(decision(f, ZP_DECISION_VIDEO_MODE_UNMET)->a, 2);
    f->entries[0].prefer = ZP_PREFER_LOWEST;
    plan_holds(f);
    assert_int_equal(f->plan.kernel_load.value, 2 * MIB);
    assert_non_null(decision(f, ZP_DECISION_KERNEL_LINKED));
    free(f);
}

/* HOSTILE row 6: init_size above RAM, or above each gap of it. */
static void a_kernel_without_a_home_is_refused(void **state)
{
    struct fixture *f = fixture_bzimage();

    (void)state;
    make_pc(f, 32 * MIB);
    plan_refused(f, ZP_ERR_TOO_LARGE, ZP_FIELD_INIT_SIZE);
    assert_int_equal(f->error.offset, 0x260);
    assert_int_equal(f->error.value, 32 * MIB);
    make_pc(f, 40 * MIB);
    plan_refused(f, ZP_ERR_NO_SPACE, ZP_FIELD_KERNEL);
    assert_int_equal(f->error.value, 32 * MIB);
    assert_int_equal(f->error.limit, 24 * MIB);
    make_pc(f, 512 * MIB);
    f->entries[0].align = 0;
    f->entries[0].reserve.value = 500 * MIB;
    plan_refused(f, ZP_ERR_NOT_RAM, ZP_FIELD_KERNEL);
    /* Relocatable, but only where there is no RAM. */
    f->entries[0].align = 2 * MIB;
    f->entries[0].reserve.value = 16 * MIB;
    f->entries[0].min.value = 2 * GIB;
    f->ranges[3].size = 20 * MIB;
    plan_refused(f, ZP_ERR_TOO_LARGE, ZP_FIELD_INIT_SIZE);
    free(f);
}

static void a_segment_outside_the_reserve_counts_too(void **state)
{
    struct fixture *f = fixture_bzimage();

    (void)state;
    /* Not relocatable: loaded at 1 MiB, runs at 16 MiB. */
    f->segments[0].paddr.value = MIB;
    f->entries[0].align = 0;
    f->entries[0].address.value = MIB + 0x200;
    plan_holds(f);
    assert_int_equal(f->plan.kernel_load.value, MIB);
    assert_int_equal(f->plan.runtime.value, 16 * MIB);
    f->segments[0].paddr.value = 0xa0000;
    plan_refused(f, ZP_ERR_NOT_RAM, ZP_FIELD_KERNEL);
    free(f);
}

static void busy_memory_is_no_target_but_ram(void **state)
{
    struct fixture *f = fixture_bzimage();

    (void)state;
    f->ranges[3].usage = ZP_USAGE_BUSY;
    f->ranges[3].size = 31 * MIB;
    f->ranges[4] = (struct zp_memory_range){{32 * MIB}, 100 * MIB, ZP_USAGE_FREE, 0};
    f->machine.range_count = 5;
    plan_holds(f);
    assert_int_equal(f->plan.kernel_load.value, 32 * MIB);
    assert_int_equal(f->plan.e820[f->plan.e820_count - 1].size, 131 * MIB);
    f->entries[0].align = 0;
    plan_refused(f, ZP_ERR_BUSY, ZP_FIELD_KERNEL);
    free(f);
}

static void move_elf(struct fixture *f, uint64_t to)
{
    f->segments[0].paddr.value = to;
    f->segments[1].paddr.value = to + 0x3000;
    f->entries[0].reserve.value = to;
    f->entries[0].address.value = to + 0x10;
}

/* HOSTILE row 13: segments where tables would lie, over ROM, over MMIO, past RAM, around 2^64. */
static void segments_in_odd_places(void **state)
{
    static const uint64_t no_ram[] = {0x9b000,
                                      0xa0000,
                                      0xb8000,
                                      0xf0000,
                                      3 * GIB - 0x4000,
                                      3 * GIB,
                                      0xfec00000,
                                      0xfee00000,
                                      9 * GIB,
                                      9 * GIB - 4096,
                                      (1ull << 52),
                                      (1ull << 63),
                                      UINT64_MAX - 0x3fff};
    static const uint64_t ram[] = {0,   0x1000,           0x2000,  0x9ac00,
                                   MIB, 3 * GIB - 0x5000, 4 * GIB, 9 * GIB - 0x5000};
    struct fixture *f = fixture_elf(ZP_PROTOCOL_LINUX64, ZP_CONTAINER_ELF64);

    (void)state;
    make_pc(f, 8 * GIB);
    for (size_t i = 0; i < sizeof(no_ram) / sizeof(no_ram[0]); i++) {
        move_elf(f, no_ram[i]);
        plan_refused(f, ZP_ERR_NOT_RAM, ZP_FIELD_KERNEL);
        assert_int_equal(f->error.value, no_ram[i]);
    }
    for (size_t i = 0; i < sizeof(ram) / sizeof(ram[0]); i++) {
        move_elf(f, ram[i]);
        plan_holds(f);
        assert_int_equal(f->plan.kernel_load.value, ram[i]);
    }
    /* Far more memory than there is. */
    move_elf(f, 2 * MIB);
    f->segments[1].memory_size = UINT64_C(1) << 50;
    plan_refused(f, ZP_ERR_NOT_RAM, ZP_FIELD_KERNEL);
    f->segments[1].memory_size = 0x2000;
    /* Segments over each other. */
    move_elf(f, 2 * MIB);
    f->segments[1].paddr.value = 2 * MIB + 0x800;
    plan_refused(f, ZP_ERR_OVERLAP, ZP_FIELD_KERNEL);
    /* Over the two words that tell of the EBDA. */
    move_elf(f, 0);
    add_acpi(f);
    plan_refused(f, ZP_ERR_OVERLAP, ZP_FIELD_BDA);
    f->machine.has_bda = 0;
    plan_holds(f);
    free(f);
}

/* A pin in the kernel's home: the kernel gives way where it can. */
static void the_kernel_gives_way_to_pins(void **state)
{
    struct fixture *f = fixture_bzimage();

    (void)state;
    add_pin(f, ZP_SPAN_CMDLINE, 0, 40 * MIB);
    plan_holds(f);
    assert_int_equal(f->plan.kernel_load.value, 42 * MIB);
    assert_int_equal(decision(f, ZP_DECISION_KERNEL_MOVED)->b, 16 * MIB);
    f->entries[0].align = 0;
    plan_refused(f, ZP_ERR_NOT_RAM, ZP_FIELD_KERNEL);
    assert_int_equal(f->error.value, 16 * MIB);
    assert_int_equal(f->error.limit, 32 * MIB);
    /* In the file's bytes, which lie outside of the reserve. */
    f->segments[0].paddr.value = MIB;
    f->entries[0].address.value = MIB + 0x200;
    f->pins[0].start.value = MIB + 64;
    plan_refused(f, ZP_ERR_NOT_RAM, ZP_FIELD_KERNEL);
    f->pins[0].start.value = MIB + 4096;
    plan_holds(f);
    free(f);
}

/* PHYS32_RELOC may say min 0 and max 2^64 - 1: page 0 is nobody's all the same. */
static void limits_of_moving_may_be_anything(void **state)
{
    struct fixture *f = fixture_elf(ZP_PROTOCOL_PVH, ZP_CONTAINER_ELF64);

    (void)state;
    f->entries[0].align = 4096;
    f->entries[0].prefer = ZP_PREFER_LOWEST;
    f->entries[0].max.value = UINT64_MAX;
    plan_holds(f);
    assert_int_equal(f->plan.kernel_load.value, 0x1000);
    f->entries[0].min.value = UINT64_MAX;
    plan_refused(f, ZP_ERR_NO_SPACE, ZP_FIELD_KERNEL);
    add_pin(f, ZP_SPAN_KERNEL, 0, UINT64_MAX - 0xfff);
    f->entries[0].min.value = 0;
    plan_refused(f, ZP_ERR_TOO_LARGE, ZP_FIELD_KERNEL);
    free(f);
}

static void a_guessed_reserve_is_told(void **state)
{
    struct fixture *f = fixture_bzimage();

    (void)state;
    f->entries[0].guessed_size = 1;
    f->image.bzimage.trailing_size = 700;
    f->image.bzimage.syssize_bytes = 96;
    plan_holds(f);
    assert_int_equal(decision(f, ZP_DECISION_RESERVE_GUESSED)->b, 32 * MIB);
    assert_int_equal(decision(f, ZP_DECISION_TRAILING)->a, 700);
    assert_int_equal(decision(f, ZP_DECISION_SYSSIZE)->a, 96);
    /* What is guessed is not blamed on init_size. */
    make_pc(f, 20 * MIB);
    plan_refused(f, ZP_ERR_NO_SPACE, ZP_FIELD_KERNEL);
    free(f);
}

/* --- the ELF out of a bzImage ----------------------------------------------------------------------- */

static const struct zp_error spoiled_table = {ZP_ERR_OUTSIDE, ZP_FIELD_RELOCATIONS, 0x1234, 5, 6};

static void the_wrapper_sets_the_limits(void **state)
{
    struct fixture *f = fixture_vmlinux(64);

    (void)state;
    make_pc(f, 8 * GIB);
    add_wrapper(f);
    add_module(f, 100, NULL);
    plan_holds(f);
    assert_int_equal(f->plan.protocol, ZP_PROTOCOL_LINUX64);
    assert_int_equal(decision(f, ZP_DECISION_WRAPPER)->a, 0x20f);
    assert_int_equal(decision(f, ZP_DECISION_CMDLINE)->b, 2047);
    assert_int_equal(f->plan.initrd.value, 2 * GIB - 4096);
    /* As the initrd is pinned above 4 GiB, and boot_params too. */
    add_pin(f, ZP_SPAN_INITRD, 0, 5 * GIB);
    add_pin(f, ZP_SPAN_BOOT_PARAMS, 0, 6 * GIB);
    plan_holds(f);
    f->wrapper.bzimage.header.xloadflags = ZP_XLF_KERNEL_64;
    plan_refused(f, ZP_ERR_ABOVE_4G, ZP_FIELD_BOOT_PARAMS);
    f->request.pin_count = 1;
    plan_refused(f, ZP_ERR_TOO_LARGE, ZP_FIELD_INITRD);
    f->request.pin_count = 0;
    f->wrapper.bzimage.cmdline_max = 255;
    f->request.cmdline = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
                         "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
                         "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
                         "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    f->request.cmdline_length = 256;
    plan_refused(f, ZP_ERR_CMDLINE_LENGTH, ZP_FIELD_CMDLINE);
    assert_int_equal(f->error.limit, 255);
    f->request.protocol = ZP_PROTOCOL_PVH;
    plan_refused(f, ZP_ERR_CMDLINE_LENGTH, ZP_FIELD_CMDLINE);
    f->request.cmdline_length = 255;
    plan_holds(f);
    assert_null(decision(f, ZP_DECISION_WRAPPER));
    free(f);
}

static void an_old_wrapper_refuses_what_it_lacks(void **state)
{
    struct fixture *f = fixture_vmlinux(64);

    (void)state;
    add_wrapper(f);
    f->wrapper.bzimage.version = 0x208;
    f->request.entropy = "seed";
    f->request.entropy_length = 4;
    plan_holds(f);
    assert_non_null(decision(f, ZP_DECISION_RNG_SEED_UNUSED));
    add_blob(f, ZP_BLOB_SETUP_DATA, 16);
    plan_refused(f, ZP_ERR_UNSUPPORTED, ZP_FIELD_SETUP_DATA);
    assert_int_equal(f->error.value, 0x208);
    f->request.blob_count = 0;
    f->wrapper.bzimage.version = 0x206;
    f->request.flags = ZP_REQUEST_KEEP_SEGMENTS;
    plan_refused(f, ZP_ERR_UNSUPPORTED, ZP_FIELD_LOADFLAGS);
    free(f);
}

static void a_wrapper_that_is_none_is_refused(void **state)
{
    struct fixture *f = fixture_vmlinux(64);

    (void)state;
    add_wrapper(f);
    f->wrapper.formats = ZP_FORMAT_ELF64;
    plan_refused(f, ZP_ERR_ARGUMENT, ZP_FIELD_HEADER);
    f->wrapper.formats = ZP_FORMAT_BZIMAGE | ZP_FORMAT_PE;
    plan_holds(f);
    f->wrapper.struct_size--;
    plan_refused(f, ZP_ERR_STRUCT_SIZE, ZP_FIELD_STRUCT_SIZE);
    free(f);
}

/* i386 kernels without PVH have no note at all; an ELF in a bzImage is Linux all the same. */
static void what_is_wrapped_is_linux(void **state)
{
    struct fixture *f = fixture_vmlinux(32);
    struct zp_entry pvh = f->entries[1];

    (void)state;
    add_wrapper(f);
    f->image.elf.guest_linux = 0;
    f->entries[0].align = 0;
    f->entries[1] = f->entries[0];
    f->entries[0] = pvh;
    plan_holds(f);
    assert_int_equal(f->plan.protocol, ZP_PROTOCOL_LINUX32);
    assert_int_equal(f->plan.virtual_base, 0xc0000000 + 16 * MIB);
    /* Not at home: it can be moved, and is relocated. */
    add_pin(f, ZP_SPAN_CMDLINE, 0, 20 * MIB);
    plan_holds(f);
    assert_int_equal(f->plan.kernel_load.value, 22 * MIB);
    assert_int_equal(f->plan.virtual_delta, 6 * MIB);
    /* The Linux entry comes first, PVH only when that is faulty. */
    f->entries[1].fault = (struct zp_error){ZP_ERR_OUTSIDE, ZP_FIELD_E_ENTRY, 24, 0, 0};
    f->request.pin_count = 0;
    add_module(f, 100, NULL);
    plan_holds(f);
    assert_int_equal(f->plan.protocol, ZP_PROTOCOL_PVH);
    assert_non_null(decision(f, ZP_DECISION_ENTRY_FAULTY));
    assert_int_equal(f->plan.initrd_size, 100); /* joined, as Linux wants them */
    /* Without a wrapper the order of the image counts, and nothing is known to be Linux. */
    f->entries[1].fault.code = ZP_OK;
    f->request.wrapper = NULL;
    plan_holds(f);
    assert_int_equal(f->plan.protocol, ZP_PROTOCOL_PVH);
    f->request.protocol = ZP_PROTOCOL_LINUX32;
    plan_holds(f);
    assert_int_equal(f->plan.virtual_base, 0);
    add_pin(f, ZP_SPAN_CMDLINE, 0, 20 * MIB);
    plan_refused(f, ZP_ERR_NOT_RAM, ZP_FIELD_KERNEL);
    free(f);
}

static void a_64_bit_linux_lies_anywhere(void **state)
{
    struct fixture *f = fixture_vmlinux(64);

    (void)state;
    add_pin(f, ZP_SPAN_CMDLINE, 0, 20 * MIB);
    plan_holds(f);
    assert_int_equal(f->plan.kernel_load.value, 22 * MIB);
    assert_int_equal(f->plan.delta, 6 * MIB);
    assert_int_equal(f->plan.state.rip, 22 * MIB + 0x40);
    assert_int_equal(f->plan.virtual_delta, 0);
    assert_int_equal(f->plan.virtual_base, UINT64_C(0xffffffff81000000));
    assert_null(decision(f, ZP_DECISION_RELOCATIONS));
    /* No table is needed for that, nor a sound one. */
    f->image.relocations.fault = spoiled_table;
    plan_holds(f);
    /* By the wrapper's alignment when that is larger. */
    add_wrapper(f);
    f->wrapper.bzimage.kernel_alignment = 16 * MIB;
    plan_holds(f);
    assert_int_equal(f->plan.kernel_load.value, 32 * MIB);
    /* Above 4 GiB where nothing else is free, and the wrapper allows it. */
    f->request.pin_count = 0;
    make_pc(f, 8 * GIB);
    f->ranges[3].size = 20 * MIB;
    plan_holds(f);
    assert_int_equal(f->plan.kernel_load.value, 4 * GIB);
    assert_int_equal(f->plan.identity_end.value, 5 * GIB);
    f->wrapper.bzimage.header.xloadflags = ZP_XLF_KERNEL_64;
    plan_refused(f, ZP_ERR_NO_SPACE, ZP_FIELD_KERNEL);
    /* A header that says it is not relocatable is believed, and so is one that makes no sense. */
    f->wrapper.bzimage.header.xloadflags |= ZP_XLF_CAN_BE_LOADED_ABOVE_4G;
    f->wrapper.bzimage.kernel_alignment = 0;
    plan_refused(f, ZP_ERR_NOT_RAM, ZP_FIELD_KERNEL);
    f->wrapper.bzimage.kernel_alignment = 3 * MIB;
    plan_refused(f, ZP_ERR_NOT_RAM, ZP_FIELD_KERNEL);
    /* A multiple of the alignment never is the delta of a kernel that is not linked at one. */
    f->wrapper.bzimage.kernel_alignment = 32 * MIB;
    plan_refused(f, ZP_ERR_NOT_RAM, ZP_FIELD_KERNEL);
    free(f);
}

/* The per-cpu segment has p_vaddr 0, wherever it lies: the base is that of the mapping. */
static void the_virtual_base_is_the_mappings(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct fixture *f = fixture_vmlinux(i < 2 ? 64 : 32);
        uint64_t map = f->image.relocations.map;

        if (i % 2)
            memset(&f->image.relocations, 0, sizeof(f->image.relocations));
        f->segments[0].vaddr = 0;
        f->entries[0].address.value = 18 * MIB + 0x40;
        plan_holds(f);
        assert_int_equal(f->plan.virtual_base, map + 16 * MIB);
        f->request.flags |= ZP_REQUEST_KASLR;
        f->request.kaslr_physical = f->request.kaslr_virtual = UINT64_MAX;
        plan_holds(f);
        assert_int_equal(f->plan.virtual_base, map + 16 * MIB + f->plan.virtual_delta);
        f->request.protocol = ZP_PROTOCOL_PVH;
        f->entries[1].address.value = 18 * MIB + 0x80;
        plan_holds(f);
        assert_int_equal(f->plan.virtual_base, map + 16 * MIB);
        free(f);
    }
}

static void a_32_bit_linux_moves_with_its_table(void **state)
{
    struct fixture *f = fixture_vmlinux(32);

    (void)state;
    plan_holds(f);
    assert_int_equal(f->plan.virtual_delta, 0);
    add_pin(f, ZP_SPAN_CMDLINE, 0, 20 * MIB);
    plan_holds(f);
    assert_int_equal(f->plan.virtual_delta, 6 * MIB);
    assert_int_equal(f->plan.virtual_base, 0xc0000000 + 22 * MIB);
    assert_int_equal(decision(f, ZP_DECISION_RELOCATIONS)->a, 100);
    assert_int_equal(decision(f, ZP_DECISION_RELOCATIONS)->b, 6 * MIB);
    f->image.relocations.fault = spoiled_table;
    plan_refused(f, ZP_ERR_OUTSIDE, ZP_FIELD_RELOCATIONS);
    assert_int_equal(f->error.offset, 0x1234);
    add_pin(f, ZP_SPAN_KERNEL, 0, 64 * MIB);
    plan_refused(f, ZP_ERR_OUTSIDE, ZP_FIELD_RELOCATIONS);
    f->image.relocations.fault.code = ZP_OK;
    plan_holds(f);
    assert_int_equal(f->plan.virtual_delta, 48 * MIB);
    /* Where it is linked no table is asked for. */
    f->request.pin_count = 0;
    f->image.relocations.fault = spoiled_table;
    plan_holds(f);
    /* No table at all, whatever the entry says. */
    memset(&f->image.relocations, 0, sizeof(f->image.relocations));
    plan_holds(f);
    add_pin(f, ZP_SPAN_CMDLINE, 0, 20 * MIB);
    plan_refused(f, ZP_ERR_NOT_RAM, ZP_FIELD_KERNEL);
    f->pins[0] = (struct zp_pin){ZP_SPAN_KERNEL, 0, {64 * MIB}};
    plan_refused(f, ZP_ERR_VALUE, ZP_FIELD_KERNEL);
    free(f);
}

/* --- KASLR ------------------------------------------------------------------------------------------ */

/* splitmix64: good bits from a counter, the same on every machine. */
static uint64_t random_bits(uint64_t *seed)
{
    uint64_t bits = *seed += UINT64_C(0x9e3779b97f4a7c15);

    bits = (bits ^ bits >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    bits = (bits ^ bits >> 27) * UINT64_C(0x94d049bb133111eb);
    return bits ^ bits >> 31;
}

static void randomise(struct fixture *f, uint64_t *seed)
{
    f->request.flags |= ZP_REQUEST_KASLR;
    f->request.kaslr_physical = random_bits(seed);
    f->request.kaslr_virtual = random_bits(seed);
}

static void kaslr_none(struct fixture *f, uint32_t field, uint32_t why)
{
    const struct zp_decision *none;

    plan_holds(f);
    none = decision(f, ZP_DECISION_KASLR_NONE);
    assert_non_null(none);
    assert_int_equal(none->a, why);
    assert_string_equal(zp_field_name(none->field), zp_field_name(field));
    if (field == ZP_FIELD_KASLR) {
        assert_null(decision(f, ZP_DECISION_KASLR_PHYSICAL));
        assert_null(decision(f, ZP_DECISION_KASLR_VIRTUAL));
        assert_int_equal(f->plan.delta | f->plan.virtual_delta, 0);
    }
}

static void both_bases_are_random(void **state)
{
    struct fixture *f = fixture_vmlinux(64);
    struct zp_plan first;

    (void)state;
    add_wrapper(f);
    add_acpi(f);
    add_module(f, 5000, NULL);
    f->request.flags = ZP_REQUEST_KASLR;
    /* The lowest places: where it is linked. */
    plan_holds(f);
    assert_int_equal(f->plan.kernel_load.value, 16 * MIB);
    assert_int_equal(f->plan.virtual_delta, 0);
    assert_null(decision(f, ZP_DECISION_RELOCATIONS));
    assert_null(decision(f, ZP_DECISION_KERNEL_LINKED));
    assert_int_equal(decision(f, ZP_DECISION_KASLR_VIRTUAL)->b, (1024 - 32 - 16) / 2 + 1);
    /* The highest: below the initrd, which lies as high as RAM; below 1 GiB. */
    f->request.kaslr_physical = f->request.kaslr_virtual = UINT64_MAX;
    plan_holds(f);
    assert_int_equal(f->plan.kernel_load.value, (512 - 34) * MIB);
    assert_int_equal(f->plan.runtime.value, (512 - 34) * MIB);
    assert_int_equal(decision(f, ZP_DECISION_RESERVE)->a, (512 - 34) * MIB);
    assert_int_equal(decision(f, ZP_DECISION_KASLR_PHYSICAL)->b, (512 - 34 - 16) / 2 + 1);
    assert_int_equal(f->plan.virtual_delta, GIB - 48 * MIB);
    assert_int_equal(f->plan.virtual_base, UINT64_C(0xffffffff80000000) + GIB - 32 * MIB);
    assert_int_equal(f->plan.state.rip, (512 - 34) * MIB + 0x40);
    assert_int_equal(decision(f, ZP_DECISION_RELOCATIONS)->a, 107);
    assert_int_equal(decision(f, ZP_DECISION_RELOCATIONS)->b, GIB - 48 * MIB);
    /* One does not move the other, and the same bits make the same plan. */
    first = f->plan;
    f->request.kaslr_physical = 0;
    plan_holds(f);
    assert_int_equal(f->plan.kernel_load.value, 16 * MIB);
    assert_int_equal(f->plan.virtual_delta, GIB - 48 * MIB);
    f->request.kaslr_physical = UINT64_MAX;
    plan_holds(f);
    assert_memory_equal(&first, &f->plan, sizeof(first));
    /* The wrapper's alignment is the grid of both. */
    f->wrapper.bzimage.kernel_alignment = 16 * MIB;
    plan_holds(f);
    assert_int_equal(f->plan.kernel_load.value, (512 - 48) * MIB);
    assert_int_equal(f->plan.virtual_delta, GIB - 48 * MIB);
    free(f);
}

/* Pearson's sum for a table whose cells should all be alike. */
static double chi_square(const unsigned *cells, size_t count, size_t total)
{
    double expected = (double)total / (double)count;
    double sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += ((double)cells[i] - expected) * ((double)cells[i] - expected) / expected;
    return sum;
}

/*
 * Every place occurs, all are alike, and one base tells nothing of the other: each sum lies within five
 * standard deviations of what chance gives (mean: cells - 1; variance: twice that).
 */
static void all_places_are_alike_and_independent(void **state)
{
    enum {
        SEEDS = 60000,
        GROUPS = 8
    };
    struct fixture *f = fixture_vmlinux(64);
    static unsigned physical[512], virtually[512], both[GROUPS * GROUPS];
    uint64_t seed = 1;
    size_t places = 0, virtual_places = 0;

    (void)state;
    add_wrapper(f);
    add_module(f, 5000, NULL);
    add_pin(f, ZP_SPAN_CMDLINE, 0, 200 * MIB); /* two gaps */
    for (size_t i = 0; i < SEEDS; i++) {
        size_t p, v;

        randomise(f, &seed);
        plan_holds(f);
        places = decision(f, ZP_DECISION_KASLR_PHYSICAL)->b;
        virtual_places = decision(f, ZP_DECISION_KASLR_VIRTUAL)->b;
        p = f->plan.delta / (2 * MIB);
        if (f->plan.kernel_load.value >= 200 * MIB)
            p -= 16; /* places that reach over the pin */
        v = f->plan.virtual_delta / (2 * MIB);
        assert_true(p < places && v < virtual_places);
        physical[p]++;
        virtually[v]++;
        both[p * GROUPS / places * GROUPS + v * GROUPS / virtual_places]++;
    }
    assert_int_equal(places, (512 - 34 - 16) / 2 + 1 - 16);
    assert_int_equal(virtual_places, 489);
    for (size_t i = 0; i < places; i++)
        assert_true(physical[i] > 0);
    for (size_t i = 0; i < virtual_places; i++)
        assert_true(virtually[i] > 0);
    assert_true(chi_square(physical, places, SEEDS) < (double)places + 5 * 30);
    assert_true(chi_square(virtually, virtual_places, SEEDS) < (double)virtual_places + 5 * 32);
    assert_true(chi_square(both, GROUPS * GROUPS, SEEDS) < GROUPS * GROUPS + 5 * 12);
    free(f);
}

static void words_of_the_command_line_turn_it_off(void **state)
{
    static const struct {
        const char *cmdline;
        uint32_t field, why;
    } rows[] = {
        {"nokaslr", ZP_FIELD_KASLR, ZP_KASLR_NONE_CMDLINE},
        {"quiet nokaslr root=/dev/vda", ZP_FIELD_KASLR, ZP_KASLR_NONE_CMDLINE},
        {"quiet\tnokaslr\n", ZP_FIELD_KASLR, ZP_KASLR_NONE_CMDLINE},
        {" nokaslr mem=1G", ZP_FIELD_KASLR, ZP_KASLR_NONE_CMDLINE},
        /* As Linux has it: quotes and "--" mean nothing to this search. */
        {"dyndbg=\"file x nokaslr y\"", ZP_FIELD_KASLR, ZP_KASLR_NONE_CMDLINE},
        {"init=/bin/sh -- nokaslr", ZP_FIELD_KASLR, ZP_KASLR_NONE_CMDLINE},
        {"\"nokaslr\"", 0, 0},
        {"nokaslr=1", 0, 0},
        {"nokaslrx xnokaslr NOKASLR kaslr", 0, 0},
        {"nokasl", 0, 0},
        {"", 0, 0},
        {"quiet mem=400M", ZP_FIELD_KERNEL, ZP_KASLR_NONE_MEMORY},
        {"memmap=64M$256M", ZP_FIELD_KERNEL, ZP_KASLR_NONE_MEMORY},
        {"hugepages=4", ZP_FIELD_KERNEL, ZP_KASLR_NONE_MEMORY},
        {"default_hugepagesz=1G", ZP_FIELD_KERNEL, ZP_KASLR_NONE_MEMORY},
        {"\"mem=400M\"", ZP_FIELD_KERNEL, ZP_KASLR_NONE_MEMORY},
        {"a=\"b c\"  mem=400M", ZP_FIELD_KERNEL, ZP_KASLR_NONE_MEMORY},
        {"mem", 0, 0},
        {"=mem=", 0, 0},
        {"mem_sleep_default=deep xmem=1 memmapx=1", 0, 0},
        {"a=\"b mem=400M\"", 0, 0},
        {"quiet -- mem=400M", 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fixture *f = fixture_vmlinux(64);
        uint64_t seed = 7;

        set_cmdline(f, rows[i].cmdline);
        randomise(f, &seed);
        if (rows[i].why) {
            kaslr_none(f, rows[i].field, rows[i].why);
            assert_int_equal(f->plan.delta, 0);
        } else {
            plan_holds(f);
            assert_null(decision(f, ZP_DECISION_KASLR_NONE));
            assert_true(f->plan.delta != 0);
        }
        if (rows[i].field == ZP_FIELD_KERNEL)
            assert_true(f->plan.virtual_delta != 0);
        free(f);
    }
}

static void kernels_that_are_not_moved_say_why(void **state)
{
    struct fixture *f = fixture_bzimage();
    uint64_t seed = 3;

    (void)state;
    randomise(f, &seed);
    kaslr_none(f, ZP_FIELD_KASLR, ZP_KASLR_NONE_OWN);
    free(f);
    f = fixture_elf(ZP_PROTOCOL_LINUX64, ZP_CONTAINER_ELF64);
    randomise(f, &seed);
    kaslr_none(f, ZP_FIELD_KASLR, ZP_KASLR_NONE_NOT_LINUX);
    f->entries[0].protocol = ZP_PROTOCOL_MULTIBOOT1;
    kaslr_none(f, ZP_FIELD_KASLR, ZP_KASLR_NONE_NOT_LINUX);
    f->image.elf.guest_linux = 1;
    kaslr_none(f, ZP_FIELD_KASLR, ZP_KASLR_NONE_PROTOCOL);
    f->entries[0].protocol = ZP_PROTOCOL_PVH;
    kaslr_none(f, ZP_FIELD_KASLR, ZP_KASLR_NONE_PROTOCOL);
    free(f);
    f = fixture_vmlinux(64);
    add_wrapper(f);
    f->wrapper.bzimage.kernel_alignment = 0;
    randomise(f, &seed);
    kaslr_none(f, ZP_FIELD_KASLR, ZP_KASLR_NONE_PROTOCOL);
    free(f);
    /* No table: the physical base alone. */
    f = fixture_vmlinux(64);
    f->image.relocations.list_count = 0;
    randomise(f, &seed);
    kaslr_none(f, ZP_FIELD_VIRTUAL_BASE, ZP_KASLR_NONE_NO_TABLE);
    assert_true(f->plan.delta != 0 && f->plan.virtual_delta == 0);
    /* Pinned: the virtual base alone. */
    f->image.relocations.list_count = 2;
    add_pin(f, ZP_SPAN_KERNEL, 0, 64 * MIB);
    kaslr_none(f, ZP_FIELD_KERNEL, ZP_KASLR_NONE_PINNED);
    assert_int_equal(f->plan.delta, 48 * MIB);
    assert_true(f->plan.virtual_delta != 0);
    /* As large as the virtual range, or all but as large. */
    f->request.pin_count = 0;
    make_pc(f, 2 * GIB);
    f->segments[1].memory_size = GIB - 18 * MIB;
    f->entries[0].reserve_size = GIB - 16 * MIB;
    kaslr_none(f, ZP_FIELD_VIRTUAL_BASE, ZP_KASLR_NONE_SPACE);
    f->segments[1].memory_size = GIB;
    f->entries[0].reserve_size = GIB + 2 * MIB;
    kaslr_none(f, ZP_FIELD_VIRTUAL_BASE, ZP_KASLR_NONE_SPACE);
    assert_non_null(decision(f, ZP_DECISION_KASLR_PHYSICAL));
    free(f);
}

/* KASLR was asked for and the image cannot give it: not silently another boot than the one wished. */
static void a_spoiled_table_refuses_kaslr(void **state)
{
    (void)state;
    for (uint32_t bits = 32; bits <= 64; bits += 32) {
        struct fixture *f = fixture_vmlinux(bits);
        uint64_t seed = 5;

        f->image.relocations.fault = spoiled_table;
        randomise(f, &seed);
        plan_refused(f, ZP_ERR_OUTSIDE, ZP_FIELD_RELOCATIONS);
        assert_int_equal(f->error.offset, 0x1234);
        f->request.flags |= ZP_REQUEST_KASLR_IF_SOUND;
        kaslr_none(f, ZP_FIELD_KASLR, ZP_KASLR_NONE_SPOILED);
        assert_int_equal(f->plan.delta, 0);
        set_cmdline(f, "nokaslr");
        kaslr_none(f, ZP_FIELD_KASLR, ZP_KASLR_NONE_CMDLINE);
        f->request.flags = 0;
        plan_holds(f);
        f->request.flags = ZP_REQUEST_KASLR;
        f->request.protocol = ZP_PROTOCOL_PVH;
        plan_holds(f);
        free(f);
    }
}

static void a_32_bit_linux_has_one_choice(void **state)
{
    struct fixture *f = fixture_vmlinux(32);
    static unsigned seen[512];
    uint64_t seed = 11;
    uint64_t places = 0;

    (void)state;
    for (size_t i = 0; i < 5000; i++) {
        randomise(f, &seed);
        plan_holds(f);
        assert_int_equal(f->plan.virtual_base, 0xc0000000 + f->plan.kernel_load.value);
        assert_true(f->plan.kernel_load.value + 32 * MIB <= 512 * MIB);
        places = decision(f, ZP_DECISION_KASLR_PHYSICAL)->b;
        assert_int_equal(decision(f, ZP_DECISION_KASLR_VIRTUAL)->b, places);
        seen[f->plan.delta / (2 * MIB)]++;
    }
    assert_int_equal(places, (512 - 32 - 16) / 2 + 1);
    for (size_t i = 0; i < places; i++)
        assert_true(seen[i] > 0);
    add_pin(f, ZP_SPAN_KERNEL, 0, 64 * MIB);
    plan_holds(f);
    assert_int_equal(decision(f, ZP_DECISION_KASLR_NONE)->a, ZP_KASLR_NONE_PINNED);
    assert_int_equal(f->plan.virtual_delta, 48 * MIB);
    f->request.pin_count = 0;
    set_cmdline(f, "mem=300M");
    kaslr_none(f, ZP_FIELD_KASLR, ZP_KASLR_NONE_MEMORY);
    f->image.relocations.list_count = 0;
    set_cmdline(f, "");
    kaslr_none(f, ZP_FIELD_KASLR, ZP_KASLR_NONE_NO_TABLE);
    free(f);
}

static void pvh_is_moved_where_its_note_allows(void **state)
{
    struct fixture *f = fixture_vmlinux(64);
    uint64_t seed = 13;

    (void)state;
    make_pc(f, 8 * GIB);
    f->request.protocol = ZP_PROTOCOL_PVH;
    f->entries[1].align = 2 * MIB;
    f->entries[1].max.value = GIB - 1;
    for (size_t i = 0; i < 1000; i++) {
        randomise(f, &seed);
        kaslr_none(f, ZP_FIELD_VIRTUAL_BASE, ZP_KASLR_NONE_PROTOCOL);
        assert_true(f->plan.kernel_load.value >= 16 * MIB && f->plan.kernel_load.value <= GIB - 32 * MIB);
        assert_int_equal(decision(f, ZP_DECISION_KASLR_PHYSICAL)->b, (1024 - 48) / 2 + 1);
    }
    /* A note without limits is one of 32 bits all the same. */
    f->entries[1].max.value = UINT64_MAX;
    f->request.kaslr_physical = UINT64_MAX;
    plan_holds(f);
    assert_int_equal(f->plan.kernel_load.value, 3 * GIB - 32 * MIB);
    free(f);
}

static void page_tables_follow_a_kernel_above_4_gib(void **state)
{
    struct fixture *f = fixture_vmlinux(64);
    uint64_t highest = 0;
    uint64_t seed = 17;

    (void)state;
    make_pc(f, 700 * GIB);
    for (size_t i = 0; i < 2000; i++) {
        uint64_t end;

        randomise(f, &seed);
        plan_holds(f);
        end = f->plan.runtime.value + f->plan.runtime_size;
        end = end <= 4 * GIB ? 4 * GIB : (end + GIB - 1) / GIB * GIB;
        assert_int_equal(f->plan.identity_end.value, end);
        assert_int_equal(decision(f, ZP_DECISION_PAGE_TABLES)->a, end);
        assert_int_equal(zp_plan_span(&f->plan, ZP_SPAN_PAGE_TABLES)->size,
                         (1 + (end / GIB + 511) / 512 + end / GIB) * 4096);
        if (f->plan.kernel_load.value > highest)
            highest = f->plan.kernel_load.value;
    }
    assert_true(highest > 690 * GIB);
    /* Pinned tables are as large as they were; so is what they map. */
    add_pin(f, ZP_SPAN_PAGE_TABLES, 0, 2 * MIB);
    f->request.kaslr_physical = UINT64_MAX;
    plan_holds(f);
    assert_int_equal(f->plan.kernel_load.value, 3 * GIB - 32 * MIB);
    assert_int_equal(f->plan.identity_end.value, 4 * GIB);
    /* No room for larger ones below 4 GiB: the kernel stays where the small ones reach. */
    f->request.pin_count = 0;
    f->ranges[3].size = 48 * MIB; /* up to 49 MiB: the kernel and little else */
    add_blob(f, ZP_BLOB_PLAIN, 15 * MIB)->limit.value = 64 * MIB;
    kaslr_none(f, ZP_FIELD_KERNEL, ZP_KASLR_NONE_SPACE);
    assert_int_equal(f->plan.kernel_load.value, 16 * MIB);
    assert_int_equal(f->plan.identity_end.value, 4 * GIB);
    assert_non_null(decision(f, ZP_DECISION_KERNEL_LINKED));
    free(f);
}

/* RAM past what tables or kernel can reach is no place for it. */
static void what_cannot_be_reached_is_no_place(void **state)
{
    struct fixture *f = fixture_vmlinux(64);

    (void)state;
    f->ranges[4] = (struct zp_memory_range){{UINT64_C(1) << 46}, GIB, ZP_USAGE_FREE, 0};
    f->ranges[5] = (struct zp_memory_range){{UINT64_C(1) << 50}, GIB, ZP_USAGE_FREE, 0};
    f->machine.range_count = 6;
    f->request.flags = ZP_REQUEST_KASLR;
    f->request.kaslr_physical = UINT64_MAX;
    plan_holds(f);
    assert_int_equal(f->plan.kernel_load.value, (512 - 32) * MIB);
    f->entries[0].max.value = UINT64_MAX;
    plan_holds(f);
    assert_int_equal(f->plan.kernel_load.value, (512 - 32) * MIB);
    free(f);
}

/* A random machine with gaps, tight or roomy, and a random request on it. */
static void make_any(struct fixture *f, uint64_t *seed)
{
    uint64_t at = (random_bits(seed) % 2) * 0x9000;
    size_t count = 1 + random_bits(seed) % 5;

    for (size_t i = 0; i < count; i++) {
        bool tight = random_bits(seed) % 2;

        f->ranges[i].start.value = at;
        f->ranges[i].size =
            ((tight ? 1 : 32 * MIB) + random_bits(seed) % (tight ? 48 * MIB : 80 * MIB)) & ~0xfffull;
        f->ranges[i].size += 0x1000;
        f->ranges[i].usage = random_bits(seed) % 8 ? ZP_USAGE_FREE : ZP_USAGE_BUSY;
        f->ranges[i].e820_type = 0;
        at += f->ranges[i].size + (random_bits(seed) % 4 ? random_bits(seed) % (8 * MIB) : 0);
        at = (at + 0xfff) & ~0xfffull;
        if (random_bits(seed) % 6 == 0)
            at += 4 * GIB;
    }
    f->machine.range_count = count;
    f->machine.has_bda = 0;
    f->request.module_count = 0;
    if (random_bits(seed) % 4)
        add_module(f, 1 + random_bits(seed) % (64 * MIB), NULL);
    f->request.pin_count = 0;
    if (f->request.module_count && random_bits(seed) % 4 == 0)
        add_pin(f, ZP_SPAN_INITRD, 0, random_bits(seed) % (128 * MIB) & ~0xfffull);
    if (random_bits(seed) % 8 == 0)
        add_pin(f, ZP_SPAN_CMDLINE, 0, random_bits(seed) % (128 * MIB) & ~0xfffull);
    if (random_bits(seed) % 16 == 0)
        add_pin(f, ZP_SPAN_PAGE_TABLES, 0, random_bits(seed) % (128 * MIB) & ~0xfffull);
    f->wrapper.bzimage.kernel_alignment = random_bits(seed) % 2 ? 2 * MIB : 16 * MIB;
}

/* Whatever can be booted without KASLR can be booted with it, whatever the bits. */
static void kaslr_makes_no_boot_impossible(void **state)
{
    uint64_t seed = 19;
    unsigned made = 0, moved = 0, stayed = 0;

    (void)state;
    for (size_t i = 0; i < 12000; i++) {
        struct fixture *f = fixture_vmlinux(i % 3 ? 64 : 32);

        add_wrapper(f);
        if (i % 5 == 0) {
            f->request.protocol = ZP_PROTOCOL_PVH;
            f->entries[1].align = 2 * MIB;
            f->entries[1].max.value = UINT32_MAX;
        }
        make_any(f, &seed);
        f->request.flags = 0;
        if (make_plan(f) == ZP_OK) {
            made++;
            for (size_t j = 0; j < 6; j++) {
                randomise(f, &seed);
                if (j == 4)
                    f->request.kaslr_physical = f->request.kaslr_virtual = 0;
                if (j == 5)
                    f->request.kaslr_physical = f->request.kaslr_virtual = UINT64_MAX;
                plan_holds(f);
                if (decision(f, ZP_DECISION_KASLR_PHYSICAL))
                    moved++;
                else
                    stayed++;
            }
        }
        free(f);
    }
    assert_true(made > 1000 && moved > 1000 && stayed > 1000);
}

static void short_rooms_with_kaslr(void **state)
{
    (void)state;
    for (uint32_t bits = 32; bits <= 64; bits += 32) {
        struct fixture *f = fixture_vmlinux(bits);
        uint64_t seed = 23;
        size_t decisions;
        size_t spans;

        add_wrapper(f);
        make_pc(f, 8 * GIB);
        randomise(f, &seed);
        plan_holds(f);
        spans = f->plan.span_count;
        decisions = f->plan.decision_count;
        for (f->room.span_capacity = 0; f->room.span_capacity < spans; f->room.span_capacity++)
            plan_refused(f, ZP_ERR_ROOM, ZP_FIELD_SPANS);
        for (f->room.decision_capacity = 0; f->room.decision_capacity < decisions;
             f->room.decision_capacity++)
            plan_refused(f, ZP_ERR_ROOM, ZP_FIELD_DECISIONS);
        plan_holds(f);
        free(f);
    }
}

static void faulty_entries_are_passed_over(void **state)
{
    struct fixture *f = fixture_bzimage();

    (void)state;
    f->entries[0].fault = (struct zp_error){ZP_ERR_TRUNCATED, ZP_FIELD_ENTRY64, 0x1200, 1, 2};
    plan_holds(f);
    assert_int_equal(f->plan.protocol, ZP_PROTOCOL_LINUX32);
    assert_int_equal(decision(f, ZP_DECISION_ENTRY_FAULTY)->a, ZP_PROTOCOL_LINUX64);
    assert_int_equal(decision(f, ZP_DECISION_ENTRY_FAULTY)->b, -ZP_ERR_TRUNCATED);
    f->request.protocol = ZP_PROTOCOL_LINUX64;
    plan_refused(f, ZP_ERR_TRUNCATED, ZP_FIELD_ENTRY64);
    assert_int_equal(f->error.offset, 0x1200);
    f->entries[1].fault = f->entries[0].fault;
    f->request.protocol = ZP_PROTOCOL_AUTO;
    plan_refused(f, ZP_ERR_NO_ENTRY, ZP_FIELD_PROTOCOL);
    free(f);
}

static void protocols_not_offered_are_refused(void **state)
{
    struct fixture *f = fixture_bzimage();

    (void)state;
    f->request.protocol = ZP_PROTOCOL_PVH;
    plan_refused(f, ZP_ERR_PROTOCOL, ZP_FIELD_PROTOCOL);
    assert_int_equal(f->error.value, ZP_PROTOCOL_PVH);
    assert_int_equal(f->error.limit, 1u << ZP_PROTOCOL_LINUX64 | 1u << ZP_PROTOCOL_LINUX32);
    f->request.protocol = ZP_PROTOCOL_COUNT;
    plan_refused(f, ZP_ERR_ARGUMENT, ZP_FIELD_NONE);
    f->request.protocol = ZP_PROTOCOL_AUTO;
    f->image.entry_count = 1;
    f->entries[0].protocol = ZP_PROTOCOL_LINUX16;
    plan_refused(f, ZP_ERR_REAL_MODE_ONLY, ZP_FIELD_PROTOCOL);
    f->request.protocol = ZP_PROTOCOL_LINUX16;
    plan_refused(f, ZP_ERR_REAL_MODE_ONLY, ZP_FIELD_PROTOCOL);
    f->entries[0].protocol = ZP_PROTOCOL_LINUX32;
    f->entries[0].segment_count = 0;
    f->request.protocol = ZP_PROTOCOL_AUTO;
    plan_refused(f, ZP_ERR_NO_SEGMENT, ZP_FIELD_KERNEL);
    free(f);
}

/* GRUB's lnxboot.img: a setup header with the 16-bit entry, and a multiboot header in what it carries. */
static void a_real_mode_header_speaks_for_the_file(void **state)
{
    struct fixture *f = fixture_new();

    (void)state;
    f->image.formats = ZP_FORMAT_BZIMAGE | ZP_FORMAT_MULTIBOOT1;
    add_segment(f, MIB, 4096, 4096);
    add_entry(f, ZP_PROTOCOL_MULTIBOOT1, ZP_CONTAINER_ADDRESSES, MIB);
    add_entry(f, ZP_PROTOCOL_LINUX16, ZP_CONTAINER_BZIMAGE, 0x90200);
    plan_refused(f, ZP_ERR_REAL_MODE_ONLY, ZP_FIELD_PROTOCOL);
    f->request.protocol = ZP_PROTOCOL_MULTIBOOT1;
    plan_holds(f);
    f->request.protocol = ZP_PROTOCOL_AUTO;
    f->image.formats |= ZP_FORMAT_ELF32;
    plan_holds(f);
    f->entries[0].fault.code = ZP_ERR_OUTSIDE;
    plan_refused(f, ZP_ERR_REAL_MODE_ONLY, ZP_FIELD_PROTOCOL);
    free(f);
}

/* HOSTILE row 8: a command line longer than the kernel takes. */
static void the_command_line_is_never_cut(void **state)
{
    struct fixture *f = fixture_bzimage();
    char line[4096];

    (void)state;
    memset(line, 'x', sizeof(line));
    f->request.cmdline = line;
    f->request.cmdline_length = 2047;
    plan_holds(f);
    assert_int_equal(zp_plan_span(&f->plan, ZP_SPAN_CMDLINE)->size, 2048);
    f->request.cmdline_length = 2048;
    plan_refused(f, ZP_ERR_CMDLINE_LENGTH, ZP_FIELD_CMDLINE);
    assert_int_equal(f->error.limit, 2047);
    f->request.cmdline_length = 10;
    line[7] = '\0';
    plan_refused(f, ZP_ERR_CMDLINE_NUL, ZP_FIELD_CMDLINE);
    assert_int_equal(f->error.value, 7);
    line[7] = 'x';
    f->image.bzimage.cmdline_max = 0;
    plan_refused(f, ZP_ERR_CMDLINE_LENGTH, ZP_FIELD_CMDLINE);
    f->image.bzimage.cmdline_max = UINT32_MAX;
    f->request.cmdline_length = 4096;
    plan_holds(f);
    free(f);
    f = fixture_elf(ZP_PROTOCOL_LINUX64, ZP_CONTAINER_ELF64);
    f->request.cmdline = line;
    f->request.cmdline_length = 2048;
    plan_refused(f, ZP_ERR_CMDLINE_LENGTH, ZP_FIELD_CMDLINE);
    f->entries[0].protocol = ZP_PROTOCOL_PVH;
    f->request.cmdline_length = 4096;
    plan_holds(f);
    f->image.elf.guest_linux = 1;
    plan_refused(f, ZP_ERR_CMDLINE_LENGTH, ZP_FIELD_CMDLINE);
    free(f);
}

static void the_initrd_lies_as_high_as_allowed(void **state)
{
    struct fixture *f = fixture_bzimage();

    (void)state;
    add_module(f, 5000, NULL);
    plan_holds(f);
    assert_int_equal(f->plan.initrd.value, 512 * MIB - 8192);
    assert_int_equal(f->plan.initrd_size, 5000);
    make_pc(f, 8 * GIB);
    plan_holds(f);
    assert_int_equal(f->plan.initrd.value, 2 * GIB - 8192);
    assert_int_equal(decision(f, ZP_DECISION_INITRD_HIGH)->b, 2 * GIB);
    /* Full below the limit: above 4 GiB, since the kernel says that it can. */
    f->files[0].source.size = 2 * GIB;
    plan_holds(f);
    assert_int_equal(f->plan.initrd.value, 7 * GIB);
    f->image.bzimage.header.xloadflags = ZP_XLF_KERNEL_64;
    plan_refused(f, ZP_ERR_NO_SPACE, ZP_FIELD_INITRD);
    free(f);
}

static void several_initrds_are_one_for_linux(void **state)
{
    struct fixture *f = fixture_bzimage();

    (void)state;
    add_module(f, 5, NULL);
    add_module(f, 4097, NULL);
    add_module(f, 2, NULL);
    plan_holds(f);
    assert_int_equal(f->plan.initrd_size, 8 + 4100 + 2);
    assert_int_equal(decision(f, ZP_DECISION_MODULES_JOINED)->a, 3);
    assert_int_equal(start_of(f, ZP_SPAN_INITRD) % 4096, 0);
    f->request.protocol = ZP_PROTOCOL_LINUX32;
    add_pin(f, ZP_SPAN_INITRD, 0, 64 * MIB);
    plan_holds(f);
    assert_int_equal(f->plan.initrd.value, 64 * MIB);
    add_pin(f, ZP_SPAN_INITRD, 1, 80 * MIB);
    plan_refused(f, ZP_ERR_PIN, ZP_FIELD_PIN);
    assert_int_equal(f->error.value, 1);
    free(f);
}

/* HOSTILE row 9: initrds of 0 bytes, larger than RAM, near 2^64; initrd_addr_max 0 or 1. */
static void initrds_that_cannot_be(void **state)
{
    struct fixture *f = fixture_bzimage();

    (void)state;
    add_module(f, 0, NULL);
    plan_refused(f, ZP_ERR_INITRD_EMPTY, ZP_FIELD_INITRD);
    f->files[0].source.size = UINT64_MAX;
    plan_refused(f, ZP_ERR_OVERFLOW, ZP_FIELD_INITRD);
    f->files[0].source.size = 600 * MIB;
    plan_refused(f, ZP_ERR_NO_SPACE, ZP_FIELD_INITRD);
    add_module(f, UINT64_MAX - 600 * MIB, NULL);
    plan_refused(f, ZP_ERR_OVERFLOW, ZP_FIELD_INITRD);
    f->request.module_count = 1;
    f->files[0].source.size = 100;
    f->image.bzimage.header.xloadflags = 0;
    for (uint64_t max = 0; max < 2; max++) {
        f->image.bzimage.initrd_max.value = max;
        plan_refused(f, ZP_ERR_NO_SPACE, ZP_FIELD_INITRD);
        assert_int_equal(f->error.limit, 0);
    }
    f->image.bzimage.initrd_max.value = UINT64_MAX;
    plan_holds(f);
    free(f);
}

/* HOSTILE row 9: initrds of 2 GiB and more; a gap that is one page too small. */
static void initrds_of_gigabytes(void **state)
{
    static const uint64_t sizes[] = {2 * GIB, 2 * GIB + 1, 3 * GIB, 4 * GIB - 1,
                                     4 * GIB, 4 * GIB + 1, 6 * GIB};
    struct fixture *f = fixture_bzimage();

    (void)state;
    make_pc(f, 16 * GIB);
    add_module(f, 1, NULL);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        f->files[0].source.size = sizes[i];
        f->image.bzimage.header.xloadflags = ZP_XLF_KERNEL_64 | ZP_XLF_CAN_BE_LOADED_ABOVE_4G;
        plan_holds(f);
        assert_true(f->plan.initrd.value >= 4 * GIB);
        assert_int_equal(f->plan.initrd_size, sizes[i]);
        f->image.bzimage.header.xloadflags = ZP_XLF_KERNEL_64;
        plan_refused(f, ZP_ERR_NO_SPACE, ZP_FIELD_INITRD);
        assert_int_equal(f->error.limit, 2 * GIB - 48 * MIB); /* from the kernel's end to initrd_addr_max */
    }
    f->files[0].source.size = 2 * GIB - 48 * MIB;
    plan_holds(f);
    f->files[0].source.size++;
    plan_refused(f, ZP_ERR_NO_SPACE, ZP_FIELD_INITRD);
    /* A pin cannot talk the kernel into more. */
    f->files[0].source.size = 4096;
    add_pin(f, ZP_SPAN_INITRD, 0, 2 * GIB - 4096);
    plan_holds(f);
    f->pins[0].start.value = 2 * GIB;
    plan_refused(f, ZP_ERR_TOO_LARGE, ZP_FIELD_INITRD);
    /* Nor wrap. */
    f->image.bzimage.header.xloadflags = ZP_XLF_KERNEL_64 | ZP_XLF_CAN_BE_LOADED_ABOVE_4G;
    f->pins[0].start.value = UINT64_MAX - 0xfff;
    plan_refused(f, ZP_ERR_NOT_RAM, ZP_FIELD_INITRD);
    f->files[0].source.size = 5000;
    plan_refused(f, ZP_ERR_NOT_RAM, ZP_FIELD_INITRD);
    f->files[0].source.size = 100;
    plan_refused(f, ZP_ERR_OVERFLOW, ZP_FIELD_INITRD);
    free(f);
}

static void bare_elf_initrd_limits(void **state)
{
    struct fixture *f = fixture_elf(ZP_PROTOCOL_LINUX32, ZP_CONTAINER_ELF32);

    (void)state;
    make_pc(f, 6 * GIB);
    add_module(f, 100, NULL);
    plan_holds(f);
    assert_int_equal(f->plan.initrd.value, 0x38000000 - 4096);
    f->entries[0].protocol = ZP_PROTOCOL_LINUX64;
    f->entries[0].container = ZP_CONTAINER_ELF64;
    plan_holds(f);
    assert_int_equal(f->plan.initrd.value, 3 * GIB - 4096);
    f->files[0].source.size = 3 * GIB - 16 * MIB;
    plan_holds(f);
    f->request.protocol = ZP_PROTOCOL_LINUX64;
    f->files[0].source.size = 3 * GIB - 8192;
    plan_holds(f);
    assert_int_equal(f->plan.initrd.value, 4 * GIB + 8192);
    free(f);
}

/* PVH Linux looks at one module; every other kernel gets each by itself. */
static void modules_for_pvh_and_multiboot(void **state)
{
    struct fixture *f = fixture_elf(ZP_PROTOCOL_PVH, ZP_CONTAINER_ELF64);

    (void)state;
    make_pc(f, 8 * GIB);
    add_module(f, 100, "first");
    add_module(f, 200, NULL);
    plan_holds(f);
    assert_int_equal(zp_plan_span(&f->plan, ZP_SPAN_MODLIST)->size, 64);
    assert_int_equal(zp_plan_span(&f->plan, ZP_SPAN_MODULE_CMDLINES)->size, 7);
    assert_true(start_of(f, ZP_SPAN_INITRD) < 4 * GIB);
    f->image.elf.guest_linux = 1;
    plan_holds(f);
    assert_int_equal(zp_plan_span(&f->plan, ZP_SPAN_MODLIST)->size, 32);
    assert_int_equal(f->plan.initrd_size, 300);
    f->image.elf.guest_linux = 0;
    f->files[1].source.size = 7 * GIB;
    plan_refused(f, ZP_ERR_NO_SPACE, ZP_FIELD_INITRD);
    f->files[1].source.size = 0;
    plan_refused(f, ZP_ERR_INITRD_EMPTY, ZP_FIELD_INITRD);
    assert_int_equal(f->error.value, 1);
    free(f);
}

/* RAM up to 4 GiB: mod_end of a module that ends there would be 0 in its 32 bits. */
static void the_end_of_a_multiboot_module_has_32_bits(void **state)
{
    static const uint32_t protocols[] = {ZP_PROTOCOL_MULTIBOOT1, ZP_PROTOCOL_MULTIBOOT2};

    (void)state;
    for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
        struct fixture *f = fixture_elf(protocols[i], ZP_CONTAINER_ELF32);

        f->ranges[3].size = 4 * GIB - f->ranges[3].start.value;
        add_module(f, 4096, NULL);
        plan_holds(f);
        assert_true(start_of(f, ZP_SPAN_INITRD) + 4096 < 4 * GIB);
        add_pin(f, ZP_SPAN_INITRD, 0, 4 * GIB - 4096);
        plan_refused(f, ZP_ERR_TOO_LARGE, ZP_FIELD_INITRD);
        free(f);
    }
}

static void acpi_lies_in_the_ebda(void **state)
{
    struct fixture *f = fixture_bzimage();

    (void)state;
    add_acpi(f);
    plan_holds(f);
    assert_int_equal(f->plan.rsdp.value, 0x9f400);
    assert_int_equal(decision(f, ZP_DECISION_RSDP)->b, 0x9f40);
    assert_int_equal(start_of(f, ZP_SPAN_BDA), 0x40e);
    assert_int_equal(f->plan.e820[0].size, 0x9f400);
    assert_int_equal(f->plan.e820[1].type, ZP_E820_ACPI);
    assert_int_equal(f->plan.e820[1].size, 1500);
    assert_int_equal(f->plan.e820[2].type, ZP_E820_RAM);
    /* High memory has no EBDA; it is announced in boot_params alone. */
    f->blobs[0].limit.value = 0;
    plan_holds(f);
    assert_null(zp_plan_span(&f->plan, ZP_SPAN_BDA));
    assert_int_equal(decision(f, ZP_DECISION_RSDP)->b, 0);
    f->machine.has_bda = 0;
    f->blobs[0].limit.value = 0xa0000;
    plan_holds(f);
    assert_null(zp_plan_span(&f->plan, ZP_SPAN_BDA));
    /* Even at 0 it is announced, and once. */
    add_pin(f, ZP_SPAN_BLOB, 0, 0);
    plan_holds(f);
    assert_int_equal(f->plan.rsdp.value, 0);
    assert_non_null(decision(f, ZP_DECISION_RSDP));
    for (size_t i = (size_t)(decision(f, ZP_DECISION_RSDP) - f->decisions) + 1; i < f->plan.decision_count;
         i++)
        assert_int_not_equal(f->decisions[i].code, ZP_DECISION_RSDP);
    free(f);
}

static void blobs_that_cannot_be(void **state)
{
    struct fixture *f = fixture_bzimage();
    struct zp_blob *blob = add_blob(f, ZP_BLOB_PLAIN, 100);

    (void)state;
    plan_holds(f);
    blob->fill = NULL;
    plan_refused(f, ZP_ERR_BLOB, ZP_FIELD_BLOB);
    blob->fill = fill_pattern;
    blob->size = 0;
    plan_refused(f, ZP_ERR_BLOB, ZP_FIELD_BLOB);
    blob->size = UINT64_MAX;
    plan_refused(f, ZP_ERR_BLOB, ZP_FIELD_BLOB);
    blob->size = 100;
    blob->align = 3;
    plan_refused(f, ZP_ERR_BLOB, ZP_FIELD_BLOB);
    blob->align = 0;
    blob->role = 9;
    plan_refused(f, ZP_ERR_BLOB, ZP_FIELD_BLOB);
    blob->role = ZP_BLOB_PLAIN;
    blob->where = 2;
    plan_refused(f, ZP_ERR_BLOB, ZP_FIELD_BLOB);
    blob->where = ZP_BLOB_LOW;
    blob->role = ZP_BLOB_SETUP_DATA;
    blob->size = UINT64_C(1) << 33;
    plan_refused(f, ZP_ERR_BLOB, ZP_FIELD_BLOB);
    blob->role = ZP_BLOB_ACPI;
    blob->size = 35;
    plan_refused(f, ZP_ERR_BLOB, ZP_FIELD_RSDP);
    blob->size = 36;
    plan_holds(f);
    add_acpi(f);
    plan_refused(f, ZP_ERR_BLOB, ZP_FIELD_RSDP);
    f->request.blob_count = 1;
    blob->limit.value = 0x1010;
    plan_refused(f, ZP_ERR_NO_SPACE, ZP_FIELD_BLOB);
    free(f);
}

static void setup_data_is_for_linux_of_the_day(void **state)
{
    struct fixture *f = fixture_bzimage();
    struct zp_blob *blob = add_blob(f, ZP_BLOB_SETUP_DATA, 100);

    (void)state;
    blob->setup_data_type = ZP_SETUP_DTB;
    f->request.entropy = "0123456789abcdef";
    f->request.entropy_length = 16;
    plan_holds(f);
    assert_int_equal(zp_plan_span(&f->plan, ZP_SPAN_BLOB)->size, 116);
    assert_int_equal(zp_plan_span(&f->plan, ZP_SPAN_SETUP_DATA)->size, 32);
    assert_int_equal(decision(f, ZP_DECISION_RNG_SEED)->a, 16);
    f->image.bzimage.version = 0x208;
    plan_refused(f, ZP_ERR_UNSUPPORTED, ZP_FIELD_SETUP_DATA);
    f->request.blob_count = 0;
    plan_holds(f);
    assert_non_null(decision(f, ZP_DECISION_RNG_SEED_UNUSED));
    assert_null(zp_plan_span(&f->plan, ZP_SPAN_SETUP_DATA));
    f->image.bzimage.version = 0x20f;
    f->request.entropy_length = UINT64_C(1) << 32;
    plan_refused(f, ZP_ERR_TOO_LARGE, ZP_FIELD_ENTROPY);
    free(f);
    f = fixture_elf(ZP_PROTOCOL_MULTIBOOT1, ZP_CONTAINER_ELF32);
    f->request.entropy = "x";
    f->request.entropy_length = 1;
    plan_holds(f);
    assert_non_null(decision(f, ZP_DECISION_RNG_SEED_UNUSED));
    add_blob(f, ZP_BLOB_SETUP_DATA, 100);
    plan_refused(f, ZP_ERR_UNSUPPORTED, ZP_FIELD_SETUP_DATA);
    free(f);
}

static void old_headers_refuse_what_they_lack(void **state)
{
    struct fixture *f = fixture_bzimage();

    (void)state;
    f->image.bzimage.version = 0x206;
    f->request.hardware_subarch = ZP_X86_SUBARCH_LGUEST;
    plan_refused(f, ZP_ERR_UNSUPPORTED, ZP_FIELD_VERSION);
    f->request.hardware_subarch = 0;
    f->request.hardware_subarch_data = 1;
    plan_refused(f, ZP_ERR_UNSUPPORTED, ZP_FIELD_VERSION);
    f->request.hardware_subarch_data = 0;
    f->request.flags = ZP_REQUEST_KEEP_SEGMENTS;
    plan_refused(f, ZP_ERR_UNSUPPORTED, ZP_FIELD_LOADFLAGS);
    f->image.bzimage.version = 0x207;
    plan_holds(f);
    assert_non_null(decision(f, ZP_DECISION_KEEP_SEGMENTS));
    free(f);
}

/* A machine with so many ranges: 3 of 4 MiB free RAM each, one reserved page between them. */
static void make_many_ranges(struct fixture *f, size_t count)
{
    for (size_t i = 0; i < count; i++)
        f->ranges[i] = (struct zp_memory_range){{(i + 1) * 64 * MIB}, 60 * MIB, ZP_USAGE_FREE, 0};
    f->ranges[0].start.value = MIB;
    f->machine.range_count = count;
}

static void ranges_past_128_go_to_e820_ext(void **state)
{
    struct fixture *f = fixture_bzimage();

    (void)state;
    make_many_ranges(f, 128);
    plan_holds(f);
    assert_null(zp_plan_span(&f->plan, ZP_SPAN_E820_EXT));
    make_many_ranges(f, 200);
    plan_holds(f);
    assert_int_equal(zp_plan_span(&f->plan, ZP_SPAN_E820_EXT)->size, 16 + 72 * 20);
    assert_int_equal(decision(f, ZP_DECISION_E820)->b, 72);
    f->image.bzimage.version = 0x208;
    plan_refused(f, ZP_ERR_TOO_MANY_RANGES, ZP_FIELD_E820);
    assert_int_equal(f->error.value, 200);
    free(f);
    f = fixture_elf(ZP_PROTOCOL_PVH, ZP_CONTAINER_ELF64);
    make_many_ranges(f, 127);
    plan_holds(f);
    make_many_ranges(f, 128);
    plan_refused(f, ZP_ERR_TOO_MANY_RANGES, ZP_FIELD_MEMMAP);
    free(f);
}

static void every_address_can_be_pinned(void **state)
{
    static const uint32_t kinds[] = {ZP_SPAN_CMDLINE,     ZP_SPAN_BOOT_PARAMS, ZP_SPAN_GDT,       ZP_SPAN_TSS,
                                     ZP_SPAN_PAGE_TABLES, ZP_SPAN_STACK,       ZP_SPAN_SETUP_DATA};
    struct fixture *f = fixture_bzimage();

    (void)state;
    f->request.entropy = "seed";
    f->request.entropy_length = 4;
    add_pin(f, ZP_SPAN_KERNEL, 0, 32 * MIB);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        add_pin(f, kinds[i], 0, 100 * MIB + i * MIB);
    plan_holds(f);
    assert_int_equal(f->plan.kernel_load.value, 32 * MIB);
    assert_non_null(decision(f, ZP_DECISION_KERNEL_PINNED));
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        assert_int_equal(start_of(f, kinds[i]), 100 * MIB + i * MIB);
    free(f);
}

static void tables_that_carry_the_map_can_be_pinned(void **state)
{
    struct fixture *f = fixture_elf(ZP_PROTOCOL_PVH, ZP_CONTAINER_ELF64);

    (void)state;
    add_acpi(f);
    add_pin(f, ZP_SPAN_MEMMAP, 0, 8 * MIB);
    add_pin(f, ZP_SPAN_START_INFO, 0, 9 * MIB);
    add_pin(f, ZP_SPAN_BLOB, 0, 0x90000);
    plan_holds(f);
    assert_int_equal(start_of(f, ZP_SPAN_MEMMAP), 8 * MIB);
    assert_int_equal(f->plan.rsdp.value, 0x90000);
    /* The bound of what the map may need is above what PVH carries; the map itself is not. */
    f->request.pin_count = 0;
    f->request.blob_count = 0;
    make_many_ranges(f, 127);
    add_blob(f, ZP_BLOB_PLAIN, 64);
    plan_holds(f);
    free(f);
    f = fixture_elf(ZP_PROTOCOL_MULTIBOOT2, ZP_CONTAINER_ELF64);
    add_acpi(f);
    add_pin(f, ZP_SPAN_MULTIBOOT_INFO, 0, 8 * MIB);
    plan_holds(f);
    assert_int_equal(f->plan.state.rbx, 8 * MIB);
    free(f);
    f = fixture_bzimage();
    make_many_ranges(f, 200);
    add_pin(f, ZP_SPAN_E820_EXT, 0, 8 * MIB);
    plan_holds(f);
    f->image.bzimage.version = 0x208;
    plan_refused(f, ZP_ERR_TOO_MANY_RANGES, ZP_FIELD_E820);
    free(f);
}

static void pins_that_cannot_be(void **state)
{
    static const struct {
        uint32_t kind;
        uint64_t address;
        int code;
    } rows[] = {
        {ZP_SPAN_KERNEL, 17 * MIB, ZP_ERR_ALIGNMENT},
        {ZP_SPAN_KERNEL, 2 * MIB, ZP_ERR_TOO_SMALL},
        {ZP_SPAN_KERNEL, UINT64_C(1) << 52, ZP_ERR_TOO_LARGE},
        {ZP_SPAN_KERNEL, 500 * MIB, ZP_ERR_NOT_RAM},
        {ZP_SPAN_BOOT_PARAMS, 0x10010, ZP_ERR_ALIGNMENT},
        {ZP_SPAN_BOOT_PARAMS, 0xa0000, ZP_ERR_NOT_RAM},
        {ZP_SPAN_GDT, 16 * MIB, ZP_ERR_OVERLAP},
        {ZP_SPAN_GDT, 4 * GIB, ZP_ERR_ABOVE_4G},
        {ZP_SPAN_START_INFO, 8 * MIB, ZP_ERR_PIN},
        {ZP_SPAN_INITRD, 8 * MIB + 1, ZP_ERR_ALIGNMENT},
        {ZP_SPAN_KIND_COUNT, 8 * MIB, ZP_ERR_PIN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fixture *f = fixture_bzimage();

        add_module(f, 100, NULL);
        if (rows[i].code == ZP_ERR_OVERLAP)
            add_pin(f, ZP_SPAN_KERNEL, 0, 16 * MIB);
        add_pin(f, rows[i].kind, 0, rows[i].address);
        assert_string_equal(zp_status_name(make_plan(f)), zp_status_name(rows[i].code));
        free(f);
    }
}

static void more_pins_that_cannot_be(void **state)
{
    struct fixture *f = fixture_bzimage();

    (void)state;
    add_module(f, 100, NULL);
    f->image.bzimage.header.xloadflags = ZP_XLF_KERNEL_64;
    make_pc(f, 8 * GIB);
    add_pin(f, ZP_SPAN_INITRD, 0, 5 * GIB);
    plan_refused(f, ZP_ERR_TOO_LARGE, ZP_FIELD_INITRD);
    f->pins[0].kind = ZP_SPAN_BOOT_PARAMS;
    plan_refused(f, ZP_ERR_ABOVE_4G, ZP_FIELD_BOOT_PARAMS);
    f->pins[0].kind = ZP_SPAN_CMDLINE;
    plan_refused(f, ZP_ERR_ABOVE_4G, ZP_FIELD_CMDLINE);
    /* Two pins for one thing. */
    f->pins[0].start.value = 64 * MIB;
    add_pin(f, ZP_SPAN_CMDLINE, 0, 65 * MIB);
    plan_refused(f, ZP_ERR_PIN, ZP_FIELD_PIN);
    /* Not relocatable. */
    f->request.pin_count = 1;
    f->pins[0].kind = ZP_SPAN_KERNEL;
    f->entries[0].align = 0;
    plan_refused(f, ZP_ERR_VALUE, ZP_FIELD_KERNEL);
    f->pins[0].start.value = 16 * MIB;
    plan_holds(f);
    /* A blob with a limit. */
    f->pins[0] = (struct zp_pin){ZP_SPAN_BLOB, 0, {0x98000}};
    add_blob(f, ZP_BLOB_PLAIN, 100)->limit.value = 0x90000;
    plan_refused(f, ZP_ERR_TOO_LARGE, ZP_FIELD_BLOB);
    free(f);
}

static void above_4_gib_is_mapped_when_the_entry_needs_it(void **state)
{
    struct fixture *f = fixture_bzimage();

    (void)state;
    make_pc(f, 600 * GIB);
    add_pin(f, ZP_SPAN_KERNEL, 0, 514 * GIB);
    add_pin(f, ZP_SPAN_BOOT_PARAMS, 0, 5 * GIB);
    add_pin(f, ZP_SPAN_CMDLINE, 0, 6 * GIB);
    plan_holds(f);
    assert_int_equal(f->plan.identity_end.value, 515 * GIB);
    assert_int_equal(zp_plan_span(&f->plan, ZP_SPAN_PAGE_TABLES)->size, (1 + 2 + 515) * 4096);
    f->request.protocol = ZP_PROTOCOL_LINUX32;
    plan_refused(f, ZP_ERR_TOO_LARGE, ZP_FIELD_KERNEL);
    /* Page tables that were pinned before a kernel above 4 GiB made them grow. */
    f->request.protocol = ZP_PROTOCOL_AUTO;
    f->entries[0].min.value = 500 * GIB;
    f->entries[0].prefer = ZP_PREFER_LOWEST;
    f->request.pin_count = 1;
    f->pins[0] = (struct zp_pin){ZP_SPAN_PAGE_TABLES, 0, {8 * MIB}};
    plan_refused(f, ZP_ERR_NO_SPACE, ZP_FIELD_PAGE_TABLES);
    free(f);
    f = fixture_elf(ZP_PROTOCOL_PVH, ZP_CONTAINER_ELF64);
    make_pc(f, 8 * GIB);
    f->segments[0].paddr.value += 4 * GIB;
    f->segments[1].paddr.value += 4 * GIB;
    f->entries[0].reserve.value += 4 * GIB;
    f->entries[0].address.value += 4 * GIB;
    plan_refused(f, ZP_ERR_ABOVE_4G, ZP_FIELD_KERNEL);
    f->entries[0].protocol = ZP_PROTOCOL_LINUX64;
    plan_holds(f);
    free(f);
}

static void what_four_levels_cannot_map_is_refused(void **state)
{
    struct fixture *f = fixture_bzimage();

    (void)state;
    f->ranges[4] = (struct zp_memory_range){{UINT64_C(1) << 51}, GIB, ZP_USAGE_FREE, 0};
    f->machine.range_count = 5;
    add_pin(f, ZP_SPAN_CMDLINE, 0, UINT64_C(1) << 51);
    plan_refused(f, ZP_ERR_TOO_LARGE, ZP_FIELD_PAGE_TABLES);
    free(f);
}

static void from_8_mib_to_1_tib(void **state)
{
    static const uint64_t sizes[] = {8 * MIB, 16 * MIB, 64 * MIB, 640 * MIB, 3 * GIB,
                                     4 * GIB, 5 * GIB,  64 * GIB, 1024 * GIB};
    static const uint32_t protocols[] = {ZP_PROTOCOL_LINUX32, ZP_PROTOCOL_LINUX64, ZP_PROTOCOL_PVH,
                                         ZP_PROTOCOL_MULTIBOOT1, ZP_PROTOCOL_MULTIBOOT2};

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        for (size_t j = 0; j < sizeof(protocols) / sizeof(protocols[0]); j++) {
            struct fixture *f = fixture_elf(protocols[j], ZP_CONTAINER_ELF64);

            make_pc(f, sizes[i]);
            add_module(f, 4 * MIB, NULL);
            add_acpi(f);
            set_cmdline(f, "console=ttyS0");
            plan_holds(f);
            free(f);
        }
}

/* Too short by one, for every length that matters; growing as the error says ends in a plan. */
static void short_rooms_say_what_they_need(void **state)
{
    struct fixture *f = fixture_bzimage();
    struct fixture *whole = fixture_bzimage();
    size_t refusals = 0;

    (void)state;
    add_acpi(f);
    add_acpi(whole);
    add_module(f, 100, NULL);
    add_module(whole, 100, NULL);
    plan_holds(whole);
    f->room.span_capacity = f->room.e820_capacity = f->room.decision_capacity = 0;
    while (make_plan(f) != ZP_OK) {
        assert_int_equal(f->error.code, ZP_ERR_ROOM);
        assert_int_equal(f->error.value, f->error.limit + 1);
        refusals++;
        if (f->error.field == ZP_FIELD_SPANS)
            f->room.span_capacity = f->error.value;
        else if (f->error.field == ZP_FIELD_E820)
            f->room.e820_capacity = f->error.value;
        else
            f->room.decision_capacity = f->error.value;
    }
    assert_int_equal(f->room.span_capacity, whole->plan.span_count);
    assert_int_equal(f->room.e820_capacity, whole->plan.e820_count);
    assert_int_equal(f->room.decision_capacity, whole->plan.decision_count);
    assert_int_equal(refusals, whole->plan.span_count + whole->plan.e820_count + whole->plan.decision_count);
    free(f);
    free(whole);
}

/* The same for every protocol, so that no failure on the way is swallowed. */
static void short_rooms_in_every_protocol(void **state)
{
    (void)state;
    for (uint32_t protocol = ZP_PROTOCOL_LINUX32; protocol < ZP_PROTOCOL_COUNT; protocol++) {
        struct fixture *f = fixture_elf(protocol, ZP_CONTAINER_ELF64);
        size_t spans;
        size_t decisions;

        add_acpi(f);
        add_module(f, 100, "a");
        add_module(f, 100, NULL);
        f->request.entropy = "x";
        f->request.entropy_length = 1;
        f->request.flags = ZP_REQUEST_KEEP_SEGMENTS;
        f->image.multiboot1.wants_video_mode = f->image.multiboot2.wants_video_mode = 1;
        plan_holds(f);
        spans = f->plan.span_count;
        decisions = f->plan.decision_count;
        for (f->room.span_capacity = 0; f->room.span_capacity < spans; f->room.span_capacity++)
            plan_refused(f, ZP_ERR_ROOM, ZP_FIELD_SPANS);
        for (f->room.decision_capacity = 0; f->room.decision_capacity < decisions;
             f->room.decision_capacity++)
            plan_refused(f, ZP_ERR_ROOM, ZP_FIELD_DECISIONS);
        free(f);
    }
}

/* Low memory that is full leaves each table in turn without a place. */
static void little_memory_refuses_each_table(void **state)
{
    (void)state;
    for (uint32_t protocol = ZP_PROTOCOL_LINUX32; protocol < ZP_PROTOCOL_COUNT; protocol++) {
        struct fixture *f = fixture_elf(protocol, ZP_CONTAINER_ELF64);
        unsigned made = 0;

        f->machine.has_bda = 0;
        add_module(f, 10, "a");
        add_blob(f, ZP_BLOB_PLAIN, 64);
        f->ranges[0] = (struct zp_memory_range){{0x100000}, 0, ZP_USAGE_FREE, 0};
        f->ranges[1] = (struct zp_memory_range){{2 * MIB}, MIB, ZP_USAGE_FREE, 0};
        f->machine.range_count = 2;
        f->ranges[1].size = 0x5000; /* the kernel and not a byte more */
        for (uint64_t size = 16; size < 0x10000; size += 16) {
            f->ranges[0].size = size;
            if (make_plan(f) == ZP_OK)
                made++;
            else
                assert_int_equal(f->error.code, ZP_ERR_NO_SPACE);
        }
        assert_true(made > 0);
        free(f);
    }
}

static void arguments_are_checked(void **state)
{
    struct fixture *f = fixture_bzimage();
    struct zp_error e;

    (void)state;
    assert_int_equal(zp_plan_make(NULL, &f->machine, &f->request, &f->room, &f->plan, &e), ZP_ERR_ARGUMENT);
    assert_int_equal(zp_plan_make(&f->image, NULL, &f->request, &f->room, &f->plan, &e), ZP_ERR_ARGUMENT);
    assert_int_equal(zp_plan_make(&f->image, &f->machine, NULL, &f->room, &f->plan, &e), ZP_ERR_ARGUMENT);
    assert_int_equal(zp_plan_make(&f->image, &f->machine, &f->request, NULL, &f->plan, &e), ZP_ERR_ARGUMENT);
    assert_int_equal(zp_plan_make(&f->image, &f->machine, &f->request, &f->room, NULL, NULL),
                     ZP_ERR_ARGUMENT);
    f->image.struct_size = 0;
    plan_refused(f, ZP_ERR_STRUCT_SIZE, ZP_FIELD_STRUCT_SIZE);
    f->image.struct_size = sizeof(f->image);
    f->request.struct_size = 0;
    plan_refused(f, ZP_ERR_STRUCT_SIZE, ZP_FIELD_STRUCT_SIZE);
    f->request.struct_size = sizeof(f->request);
    f->machine.struct_size = 0;
    plan_refused(f, ZP_ERR_STRUCT_SIZE, ZP_FIELD_STRUCT_SIZE);
    f->machine.struct_size = sizeof(f->machine);
    /* Cut to its 8 bits this would be 0, with which Linux passes over the initrd. */
    f->request.type_of_loader = 0x100;
    plan_refused(f, ZP_ERR_ARGUMENT, ZP_FIELD_NONE);
    f->request.type_of_loader = 0;
    f->request.vid_mode = 0x10000;
    plan_refused(f, ZP_ERR_ARGUMENT, ZP_FIELD_NONE);
    free(f);
}

static void counts_without_arrays_are_refused(void **state)
{
    struct fixture *f = fixture_bzimage();
    struct zp_request good = f->request;

    (void)state;
    f->request.cmdline_length = 1;
    plan_refused(f, ZP_ERR_ARGUMENT, ZP_FIELD_NONE);
    f->request = good;
    f->request.modules = NULL;
    f->request.module_count = 1;
    plan_refused(f, ZP_ERR_ARGUMENT, ZP_FIELD_NONE);
    f->request.modules = f->modules;
    plan_refused(f, ZP_ERR_ARGUMENT, ZP_FIELD_MODULES);
    memory_source(&f->files[0], f->bytes, 10);
    f->modules[0] = (struct zp_module){&f->files[0].source, NULL, 3};
    plan_refused(f, ZP_ERR_ARGUMENT, ZP_FIELD_MODULES);
    f->request = good;
    f->request.blobs = NULL;
    f->request.blob_count = 1;
    plan_refused(f, ZP_ERR_ARGUMENT, ZP_FIELD_NONE);
    f->request = good;
    f->request.pins = NULL;
    f->request.pin_count = 1;
    plan_refused(f, ZP_ERR_ARGUMENT, ZP_FIELD_NONE);
    f->request = good;
    f->request.entropy_length = 1;
    plan_refused(f, ZP_ERR_ARGUMENT, ZP_FIELD_NONE);
    free(f);
}

static void the_same_request_makes_the_same_plan(void **state)
{
    struct fixture *f = fixture_bzimage();
    struct zp_span spans[96];
    struct zp_plan plan;

    (void)state;
    add_acpi(f);
    add_module(f, 1234, NULL);
    plan_holds(f);
    plan = f->plan;
    memcpy(spans, f->spans, sizeof(spans));
    memset(f->spans, 0xff, sizeof(f->spans));
    plan_holds(f);
    assert_memory_equal(&plan, &f->plan, sizeof(plan));
    assert_memory_equal(spans, f->spans, plan.span_count * sizeof(spans[0]));
    free(f);
}

static void spans_have_names_and_addresses(void **state)
{
    struct fixture *f = fixture_bzimage();

    (void)state;
    for (uint32_t kind = 1; kind < ZP_SPAN_KIND_COUNT; kind++)
        for (uint32_t other = 0; other < kind; other++)
            assert_string_not_equal(zp_span_kind_name(kind), zp_span_kind_name(other));
    assert_string_equal(zp_span_kind_name(ZP_SPAN_KIND_COUNT), "unknown");
    plan_holds(f);
    assert_int_equal(zp_plan_span_at(&f->plan, (zp_gpa){16 * MIB})->kind, ZP_SPAN_KERNEL);
    assert_null(zp_plan_span_at(&f->plan, (zp_gpa){300 * MIB}));
    assert_null(zp_plan_span(&f->plan, ZP_SPAN_MODLIST));
    free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linux64_is_preferred_and_lies_at_pref_address),
        cmocka_unit_test(linux32_has_no_paging),
        cmocka_unit_test(each_protocol_gets_its_registers),
        cmocka_unit_test(gaps_between_segments_are_reserved),
        cmocka_unit_test(multiboot_segments_may_lie_around_a_hole),
        cmocka_unit_test(many_segments_are_placed_in_no_time),
        cmocka_unit_test(the_kernel_moves_when_its_home_is_taken),
        cmocka_unit_test(ranges_that_touch_are_one),
        cmocka_unit_test(multiboot2_preferences_are_kept),
        cmocka_unit_test(a_kernel_without_a_home_is_refused),
        cmocka_unit_test(a_segment_outside_the_reserve_counts_too),
        cmocka_unit_test(segments_in_odd_places),
        cmocka_unit_test(the_kernel_gives_way_to_pins),
        cmocka_unit_test(limits_of_moving_may_be_anything),
        cmocka_unit_test(busy_memory_is_no_target_but_ram),
        cmocka_unit_test(a_guessed_reserve_is_told),
        cmocka_unit_test(the_wrapper_sets_the_limits),
        cmocka_unit_test(an_old_wrapper_refuses_what_it_lacks),
        cmocka_unit_test(a_wrapper_that_is_none_is_refused),
        cmocka_unit_test(what_is_wrapped_is_linux),
        cmocka_unit_test(a_64_bit_linux_lies_anywhere),
        cmocka_unit_test(the_virtual_base_is_the_mappings),
        cmocka_unit_test(a_32_bit_linux_moves_with_its_table),
        cmocka_unit_test(both_bases_are_random),
        cmocka_unit_test(all_places_are_alike_and_independent),
        cmocka_unit_test(words_of_the_command_line_turn_it_off),
        cmocka_unit_test(kernels_that_are_not_moved_say_why),
        cmocka_unit_test(a_spoiled_table_refuses_kaslr),
        cmocka_unit_test(a_32_bit_linux_has_one_choice),
        cmocka_unit_test(pvh_is_moved_where_its_note_allows),
        cmocka_unit_test(page_tables_follow_a_kernel_above_4_gib),
        cmocka_unit_test(what_cannot_be_reached_is_no_place),
        cmocka_unit_test(kaslr_makes_no_boot_impossible),
        cmocka_unit_test(short_rooms_with_kaslr),
        cmocka_unit_test(faulty_entries_are_passed_over),
        cmocka_unit_test(protocols_not_offered_are_refused),
        cmocka_unit_test(a_real_mode_header_speaks_for_the_file),
        cmocka_unit_test(the_command_line_is_never_cut),
        cmocka_unit_test(the_initrd_lies_as_high_as_allowed),
        cmocka_unit_test(several_initrds_are_one_for_linux),
        cmocka_unit_test(initrds_that_cannot_be),
        cmocka_unit_test(initrds_of_gigabytes),
        cmocka_unit_test(bare_elf_initrd_limits),
        cmocka_unit_test(modules_for_pvh_and_multiboot),
        cmocka_unit_test(the_end_of_a_multiboot_module_has_32_bits),
        cmocka_unit_test(acpi_lies_in_the_ebda),
        cmocka_unit_test(blobs_that_cannot_be),
        cmocka_unit_test(setup_data_is_for_linux_of_the_day),
        cmocka_unit_test(old_headers_refuse_what_they_lack),
        cmocka_unit_test(ranges_past_128_go_to_e820_ext),
        cmocka_unit_test(every_address_can_be_pinned),
        cmocka_unit_test(tables_that_carry_the_map_can_be_pinned),
        cmocka_unit_test(pins_that_cannot_be),
        cmocka_unit_test(more_pins_that_cannot_be),
        cmocka_unit_test(above_4_gib_is_mapped_when_the_entry_needs_it),
        cmocka_unit_test(what_four_levels_cannot_map_is_refused),
        cmocka_unit_test(from_8_mib_to_1_tib),
        cmocka_unit_test(short_rooms_say_what_they_need),
        cmocka_unit_test(short_rooms_in_every_protocol),
        cmocka_unit_test(little_memory_refuses_each_table),
        cmocka_unit_test(arguments_are_checked),
        cmocka_unit_test(counts_without_arrays_are_refused),
        cmocka_unit_test(the_same_request_makes_the_same_plan),
        cmocka_unit_test(spans_have_names_and_addresses),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
