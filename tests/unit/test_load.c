/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load: what each protocol's kernel finds in guest memory, read back by walking from the registers as a
 * kernel would. Guest memory starts full of 0xcc, as re-used memory is full of something: what must be zero
 * is.
 */
#include <sys/mman.h>

#include <zeropage/wire/acpi.h>
#include <zeropage/wire/multiboot.h>
#include <zeropage/wire/multiboot2.h>
#include <zeropage/wire/xen.h>

#include "fill.h"
#include "plan_fixture.h"

#define GUEST_SIZE (64 * MIB)
#define DIRT       0xcc

struct guest {
    unsigned char *bytes;
    struct zp_guest_region region;
    struct zp_guest guest;
};

static void guest_new(struct guest *guest)
{
    guest->bytes = malloc(GUEST_SIZE);
    assert_non_null(guest->bytes);
    memset(guest->bytes, DIRT, GUEST_SIZE);
    guest->region = (struct zp_guest_region){{0}, GUEST_SIZE, guest->bytes};
    guest->guest =
        (struct zp_guest){.struct_size = sizeof(guest->guest), .regions = &guest->region, .region_count = 1};
}

static void *at(struct guest *guest, uint64_t address)
{
    assert_true(address != 0 && address < GUEST_SIZE);
    return guest->bytes + address;
}

static void loads(struct fixture *f, struct guest *guest)
{
    make_pc(f, GUEST_SIZE);
    plan_holds(f);
    guest_new(guest);
    assert_int_equal(zp_load(&f->plan, &guest->guest, &f->error), ZP_OK);
}

/* Outside of the plan's spans not a byte has changed. */
static void nothing_else_is_written(struct fixture *f, struct guest *guest)
{
    uint64_t address = 0;

    for (size_t i = 0; i <= f->plan.span_count; i++) {
        uint64_t end = i < f->plan.span_count ? f->plan.spans[i].start.value : GUEST_SIZE;

        for (; address < end; address++)
            if (guest->bytes[address] != DIRT)
                fail_msg("0x%llx was written", (unsigned long long)address);
        if (i < f->plan.span_count)
            address = end + f->plan.spans[i].size;
    }
}

static void free_both(struct fixture *f, struct guest *guest)
{
    free(guest->bytes);
    free(f);
}

/* HOSTILE row 14: the memory was used before; what the file does not fill is zero. */
static void segments_are_copied_and_their_tails_cleared(void **state)
{
    struct fixture *f = fixture_elf(ZP_PROTOCOL_LINUX64, ZP_CONTAINER_ELF64);
    struct guest guest;
    const unsigned char *second;

    (void)state;
    loads(f, &guest);
    assert_memory_equal(at(&guest, 2 * MIB), f->bytes + 1024, 4096);
    second = at(&guest, 2 * MIB + 0x3000);
    assert_memory_equal(second, f->bytes + 1024, 512);
    for (size_t i = 512; i < 0x2000; i++)
        assert_int_equal(second[i], 0);
    nothing_else_is_written(f, &guest);
    free_both(f, &guest);
}

/* --- pages that are mapped ------------------------------------------------------------------------ */

#define PAGE    UINT64_C(4096)
#define MAPPED  0x4d /* what is in memory that the hook has "mapped", so that reading it again would show */
#define MAX_MAP 4

struct mapper {
    struct guest *guest;
    int answer;
    size_t calls;
    struct {
        const struct zp_source *source;
        uint64_t offset, address, size;
    } call[MAX_MAP];
};

static int map_hook(void *context, const struct zp_source *source, uint64_t offset, zp_gpa address,
                    uint64_t size)
{
    struct mapper *mapper = context;

    assert_true(mapper->calls < MAX_MAP);
    mapper->call[mapper->calls].source = source;
    mapper->call[mapper->calls].offset = offset;
    mapper->call[mapper->calls].address = address.value;
    mapper->call[mapper->calls++].size = size;
    assert_true(offset % PAGE == 0 && address.value % PAGE == 0 && size % PAGE == 0 && size != 0);
    for (uint64_t i = 0; i < size; i++) /* nothing was written to it before */
        assert_int_equal(mapper->guest->bytes[address.value + i], DIRT);
    if (mapper->answer == 0)
        memset(mapper->guest->bytes + address.value, MAPPED, size);
    return mapper->answer;
}

/* A kernel of one segment, file bytes [offset, +size) at 2 MiB + shift; the file has five pages. */
static struct fixture *mappable_kernel(struct zp_memory_source *file, unsigned char *bytes, uint64_t offset,
                                       uint64_t size, uint64_t shift)
{
    struct fixture *f = fixture_new();

    for (size_t i = 0; i < 5 * PAGE; i++)
        bytes[i] = (unsigned char)(i * 13 + i / 256);
    memory_source(file, bytes, 5 * PAGE);
    f->image.source = &file->source;
    f->image.formats = ZP_FORMAT_ELF64;
    add_segment(f, 2 * MIB + shift, size, size + 0x1234);
    f->segments[0].file_offset = offset;
    add_entry(f, ZP_PROTOCOL_LINUX64, ZP_CONTAINER_ELF64, 2 * MIB + shift);
    return f;
}

static int load_mapped(struct fixture *f, struct guest *guest, struct mapper *mapper, int answer)
{
    make_pc(f, GUEST_SIZE);
    plan_holds(f);
    guest_new(guest);
    *mapper = (struct mapper){.guest = guest, .answer = answer};
    guest->guest.map = map_hook;
    guest->guest.map_context = mapper;
    return zp_load(&f->plan, &guest->guest, &f->error);
}

/* Whole pages are offered, head and tail are read; what the caller declines is read whole. */
static void whole_pages_are_mapped(void **state)
{
    static const struct {
        uint64_t offset, size, shift; /* of the segment */
        uint64_t from, to;            /* of it, mapped */
    } cases[] = {
        {0, 2 * PAGE, 0, 0, 2 * PAGE},
        {PAGE, PAGE, 0, 0, PAGE},
        {0, 2 * PAGE + 1, 0, 0, 2 * PAGE},
        {0, 2 * PAGE - 1, 0, 0, PAGE},
        {0x200, 2 * PAGE, 0x200, PAGE - 0x200, 2 * PAGE - 0x200},
        {0x200, 3 * PAGE - 0x200, PAGE + 0x200, PAGE - 0x200, 3 * PAGE - 0x200},
        {PAGE - 1, 2 * PAGE + 2, PAGE - 1, 1, 2 * PAGE + 1},
        {0x200, 2 * PAGE - 0x201, 0x200, 0, 0}, /* no whole page */
        {1, PAGE, 1, 0, 0},
        {0, PAGE - 1, 0, 0, 0},
        {0x200, 3 * PAGE, 0, 0, 0}, /* address and offset disagree */
        {0, 3 * PAGE, 0x800, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (int answer = 0; answer < 3; answer++) {
            uint64_t start = 2 * MIB + cases[i].shift, from = cases[i].from, to = cases[i].to;
            unsigned char bytes[5 * PAGE];
            struct zp_memory_source file;
            struct fixture *f = mappable_kernel(&file, bytes, cases[i].offset, cases[i].size, cases[i].shift);
            struct guest guest;
            struct mapper mapper;

            assert_int_equal(load_mapped(f, &guest, &mapper, answer), ZP_OK);
            assert_int_equal(mapper.calls, from != to);
            if (from != to) {
                assert_ptr_equal(mapper.call[0].source, &file.source);
                assert_int_equal(mapper.call[0].offset, cases[i].offset + from);
                assert_int_equal(mapper.call[0].address, start + from);
                assert_int_equal(mapper.call[0].size, to - from);
            }
            for (uint64_t at = 0; at < cases[i].size; at++)
                assert_int_equal(guest.bytes[start + at],
                                 answer == 0 && at >= from && at < to ? MAPPED : bytes[cases[i].offset + at]);
            for (uint64_t at = cases[i].size; at < cases[i].size + 0x1234; at++)
                assert_int_equal(guest.bytes[start + at], 0);
            nothing_else_is_written(f, &guest);
            free_both(f, &guest);
        }
    }
}

static void a_mapping_that_fails(void **state)
{
    unsigned char bytes[5 * PAGE];
    struct zp_memory_source file;
    struct fixture *f = mappable_kernel(&file, bytes, PAGE, 2 * PAGE, 0);
    struct guest guest;
    struct mapper mapper;

    (void)state;
    assert_int_equal(load_mapped(f, &guest, &mapper, -5), ZP_ERR_READ);
    assert_int_equal(f->error.field, ZP_FIELD_KERNEL);
    assert_int_equal(f->error.offset, PAGE);
    assert_int_equal(f->error.value, 2 * PAGE);
    assert_int_equal(f->error.limit, 5);
    assert_int_equal(mapper.calls, 1);
    free_both(f, &guest);
}

/* Each initrd is offered from its own source; one whose place does not agree is not. */
static void initrds_are_mapped(void **state)
{
    struct fixture *f = fixture_bzimage();
    struct guest guest;
    struct mapper mapper;
    uint64_t start;

    (void)state;
    add_module(f, 2 * PAGE, NULL);
    assert_int_equal(load_mapped(f, &guest, &mapper, 0), ZP_OK);
    start = start_of(f, ZP_SPAN_INITRD);
    assert_int_equal(mapper.calls, 1); /* the kernel's bytes begin at 1024 of the file */
    assert_ptr_equal(mapper.call[0].source, &f->files[0].source);
    assert_int_equal(mapper.call[0].address, start);
    assert_int_equal(mapper.call[0].size, 2 * PAGE);
    assert_int_equal(guest.bytes[start], MAPPED);
    assert_int_equal(guest.bytes[start + 2 * PAGE - 1], MAPPED);
    nothing_else_is_written(f, &guest);
    free_both(f, &guest);

    f = fixture_bzimage();
    add_module(f, PAGE + 1, NULL);
    add_module(f, 2 * PAGE, NULL); /* from 3 bytes on, padded to 4 */
    assert_int_equal(load_mapped(f, &guest, &mapper, 0), ZP_OK);
    assert_int_equal(mapper.calls, 1);
    assert_ptr_equal(mapper.call[0].source, &f->files[0].source);
    assert_int_equal(mapper.call[0].size, PAGE);
    free_both(f, &guest);
}

/* Memory that is zero already is not cleared: with dirt in it, the dirt stays. */
static void zeroed_memory_is_not_cleared(void **state)
{
    struct fixture *f = fixture_elf(ZP_PROTOCOL_LINUX64, ZP_CONTAINER_ELF64);
    const struct zp_span *stack;
    struct guest guest;

    (void)state;
    make_pc(f, GUEST_SIZE);
    plan_holds(f);
    guest_new(&guest);
    guest.guest.flags = ZP_GUEST_ZEROED;
    assert_int_equal(zp_load(&f->plan, &guest.guest, &f->error), ZP_OK);
    assert_memory_equal(at(&guest, 2 * MIB + 0x3000), f->bytes + 1024, 512);
    for (size_t i = 512; i < 0x2000; i++)
        assert_int_equal(guest.bytes[2 * MIB + 0x3000 + i], DIRT);
    stack = zp_plan_span(&f->plan, ZP_SPAN_STACK);
    for (uint64_t i = 0; stack && i < stack->size; i++)
        assert_int_equal(guest.bytes[stack->start.value + i], DIRT);
    nothing_else_is_written(f, &guest);
    free_both(f, &guest);
}

/* HOSTILE row 10: the file's own setup_data is wild, and replaced by our list. */
static void boot_params_of_a_bzimage(void **state)
{
    struct fixture *f = fixture_bzimage();
    const struct zp_boot_params *params;
    const struct zp_setup_data *seed;
    struct guest guest;

    (void)state;
    set_cmdline(f, "console=ttyS0");
    add_module(f, 5, NULL);
    add_module(f, 3, NULL);
    add_acpi(f);
    f->request.entropy = "0123456789abcdef";
    f->request.entropy_length = 16;
    f->request.hardware_subarch = ZP_X86_SUBARCH_INTEL_MID;
    f->request.hardware_subarch_data = 0x1122334455667788;
    f->request.flags = ZP_REQUEST_KEEP_SEGMENTS | ZP_REQUEST_QUIET;
    loads(f, &guest);
    params = at(&guest, f->plan.state.rsi);
    assert_int_equal(params->sentinel, 0);
    assert_int_equal(params->hdr.header, ZP_SETUP_MAGIC_HDRS);
    assert_int_equal(params->hdr.type_of_loader, 0xff);
    assert_int_equal(params->hdr.vid_mode, 0xffff);
    assert_int_equal(params->hdr.loadflags, ZP_LOADED_HIGH | ZP_KEEP_SEGMENTS | ZP_QUIET_FLAG);
    assert_int_equal(params->hdr.code32_start, 16 * MIB);
    assert_int_equal(params->hdr.hardware_subarch, ZP_X86_SUBARCH_INTEL_MID);
    assert_int_equal(params->hdr.hardware_subarch_data, 0x1122334455667788);
    assert_string_equal(at(&guest, params->hdr.cmd_line_ptr), "console=ttyS0");
    assert_int_equal(params->hdr.ramdisk_size, 11);
    assert_memory_equal(at(&guest, params->hdr.ramdisk_image), f->bytes, 5);
    assert_memory_equal(at(&guest, params->hdr.ramdisk_image + 5), "\0\0\0", 3);
    assert_memory_equal(at(&guest, params->hdr.ramdisk_image + 8), f->bytes, 3);
    assert_int_equal(params->ext_ramdisk_image | params->ext_ramdisk_size | params->ext_cmd_line_ptr, 0);
    assert_int_equal(params->acpi_rsdp_addr, f->plan.rsdp.value);
    assert_int_equal(params->e820_entries, f->plan.e820_count);
    assert_int_equal(params->e820_table[1].addr, f->plan.rsdp.value);
    assert_int_equal(params->e820_table[1].type, ZP_E820_ACPI);
    seed = at(&guest, params->hdr.setup_data); /* not what the file said */
    assert_int_equal(seed->type, ZP_SETUP_RNG_SEED);
    assert_int_equal(seed->len, 16);
    assert_int_equal(seed->next, 0);
    assert_memory_equal(seed + 1, "0123456789abcdef", 16);
    nothing_else_is_written(f, &guest);
    free_both(f, &guest);
}

/* The ELF out of a bzImage: its header is handed on, but for what the loader writes. */
static void boot_params_of_a_wrapped_elf(void **state)
{
    struct fixture *f = fixture_vmlinux(64);
    const struct zp_boot_params *params;
    struct zp_setup_header expected;
    struct guest guest;

    (void)state;
    add_wrapper(f);
    f->wrapper.bzimage.header.hardware_subarch = 3;
    set_cmdline(f, "console=ttyS0");
    add_module(f, 5, NULL);
    loads(f, &guest);
    params = at(&guest, f->plan.state.rsi);
    expected = f->wrapper.bzimage.header;
    expected.type_of_loader = 0xff;
    expected.vid_mode = 0xffff;
    expected.loadflags = ZP_LOADED_HIGH; /* KASLR_FLAG in the file is nobody's */
    expected.code32_start = 16 * MIB;
    expected.ramdisk_image = (uint32_t)f->plan.initrd.value;
    expected.ramdisk_size = 5;
    expected.cmd_line_ptr = (uint32_t)start_of(f, ZP_SPAN_CMDLINE);
    expected.hardware_subarch = 0;
    expected.setup_data = 0;
    assert_memory_equal(&params->hdr, &expected, sizeof(expected));
    assert_int_equal(params->sentinel, 0);
    assert_int_equal(params->e820_entries, f->plan.e820_count);
    nothing_else_is_written(f, &guest);
    free_both(f, &guest);
}

/* KASLR_FLAG has the kernel randomise its memory regions: set when a base was chosen at random, then alone.
 */
static void the_kernel_is_told_of_kaslr(void **state)
{
    static const struct {
        const char *cmdline;
        uint32_t lists;
        bool told;
    } rows[] = {{"quiet", 3, true},   {"quiet nokaslr", 3, false},   {"quiet", 0, true},
                {"mem=48M", 3, true}, {"mem=48M nokaslr", 0, false}, {"mem=48M", 0, false}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (int wrapped = 0; wrapped < 2; wrapped++) {
            struct fixture *f = fixture_vmlinux(64);
            const struct zp_boot_params *params;
            static unsigned char bytes[sizeof(*params)];

            if (wrapped)
                add_wrapper(f);
            set_cmdline(f, rows[i].cmdline);
            f->image.relocations.list_count = rows[i].lists;
            f->request.flags = ZP_REQUEST_KASLR;
            f->request.kaslr_physical = f->request.kaslr_virtual = UINT64_MAX / 3;
            plan_holds(f);
            zp_fill_boot_params(&f->plan, bytes);
            params = (const void *)bytes;
            assert_int_equal(params->hdr.loadflags, ZP_LOADED_HIGH | (rows[i].told ? ZP_KASLR_FLAG : 0));
            free(f);
        }
}

/* The BIOS data area tells of the EBDA; what lies between its two words is untouched. */
static void the_bda_points_to_the_rsdp(void **state)
{
    struct fixture *f = fixture_bzimage();
    struct guest guest;
    uint64_t self;

    (void)state;
    add_acpi(f);
    loads(f, &guest);
    assert_int_equal(guest.bytes[0x40e] | guest.bytes[0x40f] << 8, f->plan.rsdp.value >> 4);
    assert_int_equal(guest.bytes[0x413] | guest.bytes[0x414] << 8, f->plan.rsdp.value >> 10);
    assert_int_equal(guest.bytes[0x410], DIRT);
    assert_int_equal(guest.bytes[0x412], DIRT);
    memcpy(&self, at(&guest, f->plan.rsdp.value), sizeof(self));
    assert_int_equal(self, f->plan.rsdp.value);
    free_both(f, &guest);
}

static void a_bare_elf_gets_a_header(void **state)
{
    struct fixture *f = fixture_elf(ZP_PROTOCOL_LINUX64, ZP_CONTAINER_ELF64);
    const struct zp_boot_params *params;
    struct guest guest;

    (void)state;
    f->request.type_of_loader = 0x51;
    f->request.vid_mode = 3;
    loads(f, &guest);
    params = at(&guest, f->plan.state.rsi);
    assert_int_equal(params->hdr.boot_flag, 0xaa55);
    assert_int_equal(params->hdr.header, ZP_SETUP_MAGIC_HDRS);
    assert_true(params->hdr.version >= 0x20c);
    assert_int_equal(params->hdr.type_of_loader, 0x51);
    assert_int_equal(params->hdr.vid_mode, 3);
    assert_int_equal(params->hdr.init_size, 0x5000);
    assert_true(params->hdr.xloadflags & ZP_XLF_KERNEL_64);
    assert_string_equal(at(&guest, params->hdr.cmd_line_ptr), "");
    assert_int_equal(params->hdr.setup_data, 0);
    free_both(f, &guest);
    f = fixture_elf(ZP_PROTOCOL_LINUX32, ZP_CONTAINER_ELF32);
    loads(f, &guest);
    params = at(&guest, f->plan.state.rsi);
    assert_int_equal(params->hdr.xloadflags, 0);
    assert_int_equal(params->hdr.initrd_addr_max, 0x37ffffff);
    free_both(f, &guest);
}

/* HOSTILE row 10: what of a list comes from us. */
static void setup_data_is_a_list_without_loops(void **state)
{
    struct fixture *f = fixture_bzimage();
    unsigned seen = 0;
    struct guest guest;
    uint64_t next;

    (void)state;
    f->request.entropy = "seed";
    f->request.entropy_length = 4;
    add_blob(f, ZP_BLOB_SETUP_DATA, 100)->setup_data_type = ZP_SETUP_DTB;
    add_blob(f, ZP_BLOB_PLAIN, 100);
    add_blob(f, ZP_BLOB_SETUP_DATA, 50)->setup_data_type = ZP_SETUP_IMA;
    loads(f, &guest);
    next = ((struct zp_boot_params *)at(&guest, f->plan.state.rsi))->hdr.setup_data;
    while (next) {
        const struct zp_setup_data *node = at(&guest, next);

        assert_true(node->type < 32 && !(seen & 1u << node->type));
        seen |= 1u << node->type;
        if (node->type == ZP_SETUP_DTB) {
            uint64_t self;

            assert_int_equal(node->len, 100);
            memcpy(&self, node + 1, sizeof(self));
            assert_int_equal(self, next + 16);
        }
        next = node->next;
    }
    assert_int_equal(seen, 1u << ZP_SETUP_RNG_SEED | 1u << ZP_SETUP_DTB | 1u << ZP_SETUP_IMA);
    free_both(f, &guest);
}

static void e820_ext_goes_on_where_boot_params_ends(void **state)
{
    struct fixture *f = fixture_bzimage();
    const struct zp_boot_e820_entry *entries;
    const struct zp_boot_params *params;
    const struct zp_setup_data *node;
    struct guest guest;

    (void)state;
    for (size_t i = 0; i < 150; i++) {
        f->ranges[i].start.value = 50 * MIB + i * 8192;
        f->ranges[i].size = 4096;
        f->ranges[i].usage = ZP_USAGE_FREE;
    }
    f->ranges[0] = (struct zp_memory_range){{MIB}, 48 * MIB, ZP_USAGE_FREE, 0};
    f->machine.range_count = 150;
    add_pin(f, ZP_SPAN_E820_EXT, 0, 12 * MIB);
    plan_holds(f);
    guest_new(&guest);
    assert_int_equal(zp_load(&f->plan, &guest.guest, NULL), ZP_OK);
    params = at(&guest, f->plan.state.rsi);
    assert_int_equal(params->e820_entries, 128);
    node = at(&guest, params->hdr.setup_data);
    assert_int_equal(node->type, ZP_SETUP_E820_EXT);
    assert_int_equal(node->len, 22 * sizeof(*entries));
    entries = (const struct zp_boot_e820_entry *)(node + 1);
    assert_int_equal(entries[0].addr, f->ranges[128].start.value);
    assert_int_equal(entries[21].addr, f->ranges[149].start.value);
    free_both(f, &guest);
}

/* A pinned node was sized for the most ranges there can be; with fewer it is an empty one. */
static void a_pinned_e820_ext_may_be_empty(void **state)
{
    struct fixture *f = fixture_bzimage();
    const struct zp_setup_data *node;
    struct guest guest;

    (void)state;
    for (size_t i = 0; i < 127; i++)
        f->ranges[i] = (struct zp_memory_range){{50 * MIB + i * 8192}, 4096, ZP_USAGE_FREE, 0};
    f->ranges[0] = (struct zp_memory_range){{MIB}, 48 * MIB, ZP_USAGE_FREE, 0};
    f->machine.range_count = 127;
    add_blob(f, ZP_BLOB_PLAIN, 64);
    add_pin(f, ZP_SPAN_E820_EXT, 0, 12 * MIB);
    plan_holds(f);
    guest_new(&guest);
    assert_int_equal(zp_load(&f->plan, &guest.guest, NULL), ZP_OK);
    node = at(&guest, 12 * MIB);
    assert_int_equal(node->type, ZP_SETUP_E820_EXT);
    assert_int_equal(node->len, 0);
    free_both(f, &guest);
}

/* Walks the page tables as the CPU does: every page below 4 GiB maps to itself. */
static void page_tables_map_identically(void **state)
{
    struct fixture *f = fixture_bzimage();
    struct guest guest;

    (void)state;
    loads(f, &guest);
    for (uint64_t address = 0; address < 4 * GIB; address += 2 * MIB) {
        const uint64_t *table = at(&guest, f->plan.state.cr3);

        table = at(&guest, table[address >> 39] & ZP_PTE_ADDRESS);
        assert_true(table[address >> 30 & 511] & ZP_PTE_P);
        table = at(&guest, table[address >> 30 & 511] & ZP_PTE_ADDRESS);
        assert_int_equal(table[address >> 21 & 511], address | ZP_PTE_P | ZP_PTE_RW | ZP_PTE_PS);
    }
    assert_int_equal(((uint64_t *)at(&guest, f->plan.state.cr3))[1], 0);
    free_both(f, &guest);
}

static void the_gdt_is_what_the_registers_say(void **state)
{
    (void)state;
    for (uint32_t protocol = ZP_PROTOCOL_LINUX32; protocol <= ZP_PROTOCOL_LINUX64; protocol++) {
        struct fixture *f = fixture_bzimage();
        struct zp_segment_descriptor tss;
        struct guest guest;
        const uint64_t *gdt;
        bool is_64 = protocol == ZP_PROTOCOL_LINUX64;

        f->request.protocol = protocol;
        loads(f, &guest);
        gdt = at(&guest, f->plan.state.gdt_base.value);
        assert_int_equal(gdt[0] | gdt[1], 0);
        assert_int_equal(gdt[2], is_64 ? 0x00af9b000000ffff : 0x00cf9b000000ffff);
        assert_int_equal(gdt[3], 0x00cf93000000ffff);
        memcpy(&tss, &gdt[4], sizeof(tss));
        assert_int_equal(tss.limit_low, 0x67);
        assert_int_equal(tss.access, 0x8b);
        assert_int_equal(tss.base_low | tss.base_mid << 16, f->plan.state.tr.base);
        assert_int_equal(((struct zp_tss32 *)at(&guest, f->plan.state.tr.base))->iomap_base, 104);
        free_both(f, &guest);
    }
}

static void start_info_and_its_lists(void **state)
{
    struct fixture *f = fixture_elf(ZP_PROTOCOL_PVH, ZP_CONTAINER_ELF64);
    const struct zp_hvm_memmap_table_entry *map;
    const struct zp_hvm_modlist_entry *modules;
    const struct zp_hvm_start_info *info;
    struct guest guest;

    (void)state;
    set_cmdline(f, "hello");
    add_module(f, 100, "first module");
    add_module(f, 5000, NULL);
    add_acpi(f);
    f->blobs[0].e820_type = 12; /* unknown to start_info: told as reserved */
    loads(f, &guest);
    info = at(&guest, f->plan.state.rbx);
    assert_int_equal(info->magic, 0x336ec578);
    assert_int_equal(info->version, 1);
    assert_int_equal(info->nr_modules, 2);
    assert_int_equal(info->rsdp_paddr, f->plan.rsdp.value);
    assert_string_equal(at(&guest, info->cmdline_paddr), "hello");
    modules = at(&guest, info->modlist_paddr);
    assert_int_equal(modules[0].size, 100);
    assert_string_equal(at(&guest, modules[0].cmdline_paddr), "first module");
    assert_string_equal(at(&guest, modules[1].cmdline_paddr), "");
    assert_memory_equal(at(&guest, modules[1].paddr), f->bytes, 5000);
    assert_int_equal(info->memmap_entries, f->plan.e820_count);
    map = at(&guest, info->memmap_paddr);
    assert_int_equal(map[0].type, 1);
    assert_int_equal(map[1].addr, f->plan.rsdp.value);
    assert_int_equal(map[1].type, ZP_XEN_HVM_MEMMAP_TYPE_RESERVED);
    nothing_else_is_written(f, &guest);
    free_both(f, &guest);
}

static void a_pvh_linux_gets_one_initrd(void **state)
{
    struct fixture *f = fixture_elf(ZP_PROTOCOL_PVH, ZP_CONTAINER_ELF64);
    const struct zp_hvm_modlist_entry *modules;
    const struct zp_hvm_start_info *info;
    struct guest guest;

    (void)state;
    f->image.elf.guest_linux = 1;
    loads(f, &guest);
    info = at(&guest, f->plan.state.rbx);
    assert_int_equal(info->nr_modules, 0);
    assert_int_equal(info->modlist_paddr | info->rsdp_paddr, 0);
    free(guest.bytes);
    add_module(f, 7, NULL);
    add_module(f, 9, NULL);
    loads(f, &guest);
    info = at(&guest, f->plan.state.rbx);
    assert_int_equal(info->nr_modules, 1);
    modules = at(&guest, info->modlist_paddr);
    assert_int_equal(modules[0].size, 17);
    assert_int_equal(modules[0].cmdline_paddr, 0);
    free_both(f, &guest);
}

static void multiboot1_information(void **state)
{
    struct fixture *f = fixture_elf(ZP_PROTOCOL_MULTIBOOT1, ZP_CONTAINER_ELF32);
    const struct zp_multiboot_mmap_entry *map;
    const struct zp_multiboot_mod_list *modules;
    const struct zp_multiboot_info *info;
    struct guest guest;

    (void)state;
    set_cmdline(f, "xen.gz dom0_mem=1G");
    add_module(f, 100, "vmlinuz root=/dev/vda");
    add_module(f, 200, NULL);
    add_acpi(f);
    loads(f, &guest);
    info = at(&guest, f->plan.state.rbx);
    assert_int_equal(info->flags, 0x24d);
    assert_int_equal(info->mem_lower, 0x9f400 / 1024);
    assert_int_equal(info->mem_upper, 63 * 1024);
    assert_string_equal(at(&guest, info->cmdline), "xen.gz dom0_mem=1G");
    assert_string_equal(at(&guest, info->boot_loader_name), "zeropage");
    assert_int_equal(info->mods_count, 2);
    modules = at(&guest, info->mods_addr);
    assert_int_equal(modules[0].mod_start % 4096, 0);
    assert_int_equal(modules[0].mod_end - modules[0].mod_start, 100);
    assert_string_equal(at(&guest, modules[0].cmdline), "vmlinuz root=/dev/vda");
    assert_string_equal(at(&guest, modules[1].cmdline), "");
    assert_int_equal(info->mmap_length, f->plan.e820_count * 24);
    map = at(&guest, info->mmap_addr);
    for (size_t i = 0; i < f->plan.e820_count; i++) {
        assert_int_equal(map[i].size, 20);
        assert_int_equal(map[i].addr, f->plan.e820[i].start.value);
        assert_int_equal(map[i].len, f->plan.e820[i].size);
        assert_int_equal(map[i].type, f->plan.e820[i].type);
    }
    nothing_else_is_written(f, &guest);
    free_both(f, &guest);
}

/* Multiboot knows types up to 5; what else there is must not be taken for one of them. */
static void types_past_multiboot_are_reserved(void **state)
{
    struct fixture *f = fixture_elf(ZP_PROTOCOL_MULTIBOOT1, ZP_CONTAINER_ELF32);
    const struct zp_multiboot_mmap_entry *map;
    const struct zp_multiboot_info *info;
    struct guest guest;

    (void)state;
    make_pc(f, GUEST_SIZE);
    for (uint32_t type = 4; type < 8; type++)
        f->ranges[f->machine.range_count++] =
            (struct zp_memory_range){{GIB * type}, MIB, ZP_USAGE_RESERVED, type};
    plan_holds(f);
    guest_new(&guest);
    assert_int_equal(zp_load(&f->plan, &guest.guest, &f->error), ZP_OK);
    info = at(&guest, f->plan.state.rbx);
    map = at(&guest, info->mmap_addr);
    assert_int_equal(info->mmap_length, 8 * 24);
    for (size_t i = 4; i < 8; i++)
        assert_int_equal(map[i].type, i < 6 ? i : 2);
    free_both(f, &guest);
}

static void multiboot2_information(void **state)
{
    struct fixture *f = fixture_elf(ZP_PROTOCOL_MULTIBOOT2, ZP_CONTAINER_ELF32);
    const struct zp_multiboot2_info *info;
    const unsigned char *tag;
    unsigned seen = 0;
    struct guest guest;

    (void)state;
    set_cmdline(f, "hello");
    add_module(f, 100, "first");
    add_module(f, 200, NULL);
    add_acpi(f);
    f->entries[0].align = 2 * MIB;
    f->entries[0].max.value = UINT32_MAX;
    add_pin(f, ZP_SPAN_KERNEL, 0, 4 * MIB);
    loads(f, &guest);
    info = at(&guest, f->plan.state.rbx);
    tag = (const unsigned char *)(info + 1);
    for (;;) {
        struct zp_multiboot2_tag head;
        uint32_t word;

        memcpy(&head, tag, sizeof(head));
        memcpy(&word, tag + 8, sizeof(word));
        assert_true(head.type < 32);
        seen |= 1u << head.type;
        if (head.type == ZP_MULTIBOOT2_TAG_TYPE_END)
            break;
        if (head.type == ZP_MULTIBOOT2_TAG_TYPE_CMDLINE)
            assert_string_equal((const char *)tag + 8, "hello");
        if (head.type == ZP_MULTIBOOT2_TAG_TYPE_BASIC_MEMINFO)
            assert_int_equal(word, 0x9f400 / 1024);
        if (head.type == ZP_MULTIBOOT2_TAG_TYPE_LOAD_BASE_ADDR)
            assert_int_equal(word, 4 * MIB);
        if (head.type == ZP_MULTIBOOT2_TAG_TYPE_ACPI_NEW)
            assert_memory_equal(tag + 8, at(&guest, f->plan.rsdp.value), sizeof(struct zp_acpi_rsdp));
        if (head.type == ZP_MULTIBOOT2_TAG_TYPE_ACPI_OLD)
            assert_memory_equal(tag + 8, at(&guest, f->plan.rsdp.value), 20);
        if (head.type == ZP_MULTIBOOT2_TAG_TYPE_MMAP)
            assert_int_equal(head.size, 16 + 24 * f->plan.e820_count);
        tag += (head.size + 7u) & ~7u;
    }
    assert_int_equal(tag + 8 - (const unsigned char *)info, info->total_size);
    assert_int_equal(info->total_size, zp_plan_span(&f->plan, ZP_SPAN_MULTIBOOT_INFO)->size);
    assert_int_equal(seen, 1u << 0 | 1u << 1 | 1u << 2 | 1u << 3 | 1u << 4 | 1u << 6 | 1u << 14 | 1u << 15 |
                               1u << 21);
    nothing_else_is_written(f, &guest);
    free_both(f, &guest);
}

static int fail_read(void *context, uint64_t offset, void *buffer, size_t length)
{
    (void)context;
    (void)offset;
    (void)buffer;
    (void)length;
    return -5;
}

static int fail_fill(void *context, zp_gpa self, void *buffer, uint64_t size)
{
    (void)context;
    (void)self;
    (void)buffer;
    (void)size;
    return -7;
}

/* HOSTILE row 9: a file that shrinks while it is read. */
static void only_input_can_fail(void **state)
{
    struct fixture *f = fixture_bzimage();
    struct guest guest;

    (void)state;
    add_module(f, 100, NULL);
    add_blob(f, ZP_BLOB_PLAIN, 32);
    loads(f, &guest);
    f->files[0].source.read = fail_read;
    assert_int_equal(zp_load(&f->plan, &guest.guest, &f->error), ZP_ERR_READ);
    assert_int_equal(f->error.field, ZP_FIELD_INITRD);
    assert_int_equal(f->error.value, 100);
    assert_int_equal(f->error.limit, 5);
    f->file.source.read = fail_read;
    assert_int_equal(zp_load(&f->plan, &guest.guest, &f->error), ZP_ERR_READ);
    assert_int_equal(f->error.field, ZP_FIELD_KERNEL);
    f->blobs[0].fill = fail_fill;
    assert_int_equal(zp_load(&f->plan, &guest.guest, &f->error), ZP_ERR_FILL);
    assert_int_equal(f->error.limit, 7);
    free_both(f, &guest);
}

static int read_nothing(void *context, uint64_t offset, void *buffer, size_t length)
{
    (void)context;
    (void)offset;
    (void)buffer;
    (void)length;
    return 0;
}

/* HOSTILE row 9: an initrd past 32 bits is told whole. So is a kernel's range that init_size cannot hold. */
static void sizes_past_32_bits(void **state)
{
    struct fixture *f = fixture_elf(ZP_PROTOCOL_LINUX64, ZP_CONTAINER_ELF64);
    struct zp_guest_region regions[2] = {{{0}, 3 * GIB, NULL}, {{4 * GIB}, 13 * GIB, NULL}};
    struct zp_guest guest = {.struct_size = sizeof(guest), .regions = regions, .region_count = 2};
    const struct zp_boot_params *params;
    /* Never touched but where small spans lie. */
    char *bytes =
        mmap(NULL, 16 * GIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    (void)state;
    assert_true(bytes != MAP_FAILED);
    regions[0].host = bytes;
    regions[1].host = bytes + 3 * GIB;
    make_pc(f, 16 * GIB);
    f->segments[0].paddr.value = f->entries[0].reserve.value = 4 * GIB;
    f->segments[1].paddr.value = 4 * GIB + 0x3000;
    f->entries[0].address.value = 4 * GIB + 0x10;
    f->entries[0].reserve_size = 6 * GIB;
    add_module(f, 5 * GIB + 3, NULL);
    f->files[0].source.read = read_nothing;
    plan_holds(f);
    assert_int_equal(zp_load(&f->plan, &guest, &f->error), ZP_OK);
    params = zp_guest_pointer(&guest, (zp_gpa){f->plan.state.rsi}, sizeof(*params));
    assert_int_equal(params->hdr.ramdisk_size, GIB + 3);
    assert_int_equal(params->ext_ramdisk_size, 1);
    assert_int_equal((uint64_t)params->ext_ramdisk_image << 32 | params->hdr.ramdisk_image,
                     f->plan.initrd.value);
    assert_true(f->plan.initrd.value >= 10 * GIB);
    assert_int_equal(params->hdr.init_size, UINT32_MAX);
    munmap(bytes, 16 * GIB);
    free(f);
}

/* HOSTILE row 14: memory without a byte of the file is cleared, nothing read. */
static void a_segment_of_zeros(void **state)
{
    struct fixture *f = fixture_elf(ZP_PROTOCOL_LINUX32, ZP_CONTAINER_ELF32);
    struct guest guest;
    const unsigned char *second;

    (void)state;
    f->segments[1].file_size = 0;
    loads(f, &guest);
    second = at(&guest, 2 * MIB + 0x3000);
    for (size_t i = 0; i < 0x2000; i++)
        assert_int_equal(second[i], 0);
    nothing_else_is_written(f, &guest);
    free_both(f, &guest);
}

/* Everything that a plan can have, for one protocol. */
static struct fixture *fixture_rich(uint32_t protocol)
{
    struct fixture *f =
        protocol == ZP_PROTOCOL_LINUX64 ? fixture_bzimage() : fixture_elf(protocol, ZP_CONTAINER_ELF64);

    add_module(f, 100, "one");
    add_module(f, 5000, "two");
    add_acpi(f);
    add_blob(f, ZP_BLOB_PLAIN, 300);
    set_cmdline(f, "console=ttyS0");
    f->request.entropy = "0123456789abcdef";
    f->request.entropy_length = 16;
    if (protocol == ZP_PROTOCOL_LINUX64)
        add_pin(f, ZP_SPAN_E820_EXT, 0, 3 * MIB);
    make_pc(f, GUEST_SIZE);
    for (uint64_t i = 0; protocol == ZP_PROTOCOL_LINUX64 && i < 140; i++)
        f->ranges[f->machine.range_count++] =
            (struct zp_memory_range){{GIB + i * MIB}, 4096, ZP_USAGE_RESERVED, ZP_E820_RESERVED};
    plan_holds(f);
    return f;
}

/* Each span in turn is the first that guest memory does not cover: it is named, and nothing is written. */
static void each_span_that_is_not_there_is_named(void **state)
{
    static const uint32_t fields[ZP_SPAN_KIND_COUNT] = {
        [ZP_SPAN_KERNEL] = ZP_FIELD_KERNEL,
        [ZP_SPAN_KERNEL_RESERVED] = ZP_FIELD_KERNEL,
        [ZP_SPAN_INITRD] = ZP_FIELD_INITRD,
        [ZP_SPAN_CMDLINE] = ZP_FIELD_CMDLINE,
        [ZP_SPAN_BOOT_PARAMS] = ZP_FIELD_BOOT_PARAMS,
        [ZP_SPAN_SETUP_DATA] = ZP_FIELD_RNG_SEED,
        [ZP_SPAN_E820_EXT] = ZP_FIELD_E820_EXT,
        [ZP_SPAN_START_INFO] = ZP_FIELD_START_INFO,
        [ZP_SPAN_MODLIST] = ZP_FIELD_MODLIST,
        [ZP_SPAN_MEMMAP] = ZP_FIELD_MEMMAP,
        [ZP_SPAN_MODULE_CMDLINES] = ZP_FIELD_MODULES,
        [ZP_SPAN_MULTIBOOT_INFO] = ZP_FIELD_MULTIBOOT_INFO,
        [ZP_SPAN_LOADER_NAME] = ZP_FIELD_MULTIBOOT_INFO,
        [ZP_SPAN_GDT] = ZP_FIELD_GDT,
        [ZP_SPAN_TSS] = ZP_FIELD_TSS,
        [ZP_SPAN_PAGE_TABLES] = ZP_FIELD_PAGE_TABLES,
        [ZP_SPAN_STACK] = ZP_FIELD_STACK,
        [ZP_SPAN_BLOB] = ZP_FIELD_BLOB,
        [ZP_SPAN_BDA] = ZP_FIELD_BDA,
        [ZP_SPAN_STAGING] = ZP_FIELD_STAGING,
        [ZP_SPAN_TRAMPOLINE] = ZP_FIELD_TRAMPOLINE,
    };
    bool seen[ZP_SPAN_KIND_COUNT] = {false};

    (void)state;
    for (uint32_t protocol = ZP_PROTOCOL_LINUX64; protocol < ZP_PROTOCOL_COUNT; protocol++) {
        struct fixture *f = fixture_rich(protocol);

        if (protocol == ZP_PROTOCOL_MULTIBOOT1) {
            make_busy(f, f->segments[0].paddr.value, 4096);
            plan_holds(f);
        }
        for (size_t i = 0; i < f->plan.span_count; i++) {
            const struct zp_span *span = &f->plan.spans[i];
            uint64_t end = span->start.value + span->size;
            /* No memory behind it: a write would end the test. */
            struct zp_guest_region regions[] = {{{0}, end - 1, NULL}, {{end}, UINT64_MAX - end, NULL}};
            struct zp_guest guest = {.struct_size = sizeof(guest), .regions = regions, .region_count = 2};

            if (span->staged.value != span->start.value)
                continue; /* its staging takes its place */
            regions[0].host = regions[1].host = (void *)(uintptr_t)MIB;
            assert_int_equal(zp_load(&f->plan, &guest, &f->error), ZP_ERR_GUEST_MEMORY);
            assert_string_equal(zp_field_name(f->error.field), zp_field_name(fields[span->kind]));
            assert_int_equal(f->error.value, span->start.value);
            assert_int_equal(f->error.limit, span->size);
            seen[span->kind] = true;
        }
        free(f);
    }
    for (size_t kind = 1; kind < ZP_SPAN_KIND_COUNT; kind++)
        if (!seen[kind])
            fail_msg("no plan had a span of kind %s", zp_span_kind_name((uint32_t)kind));
}

static void guest_memory_that_is_not_there(void **state)
{
    struct fixture *f = fixture_bzimage();
    struct guest guest;

    (void)state;
    loads(f, &guest);
    memset(guest.bytes, DIRT, GUEST_SIZE);
    guest.region.size = 20 * MIB;
    assert_int_equal(zp_load(&f->plan, &guest.guest, &f->error), ZP_ERR_GUEST_MEMORY);
    assert_int_equal(f->error.field, ZP_FIELD_KERNEL);
    for (size_t i = 0; i < GUEST_SIZE; i++)
        if (guest.bytes[i] != DIRT)
            fail_msg("guest memory was touched");
    assert_int_equal(zp_load(NULL, &guest.guest, NULL), ZP_ERR_ARGUMENT);
    assert_int_equal(zp_load(&f->plan, NULL, NULL), ZP_ERR_ARGUMENT);
    guest.guest.struct_size--;
    assert_int_equal(zp_load(&f->plan, &guest.guest, &f->error), ZP_ERR_STRUCT_SIZE);
    assert_int_equal(f->error.limit, sizeof(guest.guest));
    free_both(f, &guest);
}

/* --- what an earlier loader left ------------------------------------------------------------------- */

static void boot_params_are_handed_on(void **state)
{
    struct fixture *f = fixture_bzimage();
    struct zp_boot_params handed;
    const struct zp_boot_params *params;
    struct guest guest;

    (void)state;
    memset(&handed, 0xee, sizeof(handed));
    f->request.boot_params = &handed;
    loads(f, &guest);
    params = at(&guest, f->plan.state.rsi);
#define HANDED_ON(member) assert_memory_equal(&params->member, &handed.member, sizeof(handed.member))
    HANDED_ON(screen_info);
    HANDED_ON(apm_bios_info);
    HANDED_ON(tboot_addr);
    HANDED_ON(ist_info);
    HANDED_ON(hd0_info);
    HANDED_ON(hd1_info);
    HANDED_ON(sys_desc_table);
    HANDED_ON(olpc_ofw_header);
    HANDED_ON(cc_blob_address);
    HANDED_ON(edid_info);
    HANDED_ON(efi_info);
    HANDED_ON(alt_mem_k);
    HANDED_ON(eddbuf_entries);
    HANDED_ON(edd_mbr_sig_buf_entries);
    HANDED_ON(kbd_status);
    HANDED_ON(secure_boot);
    HANDED_ON(eddbuf);
    HANDED_ON(edd_mbr_sig_buffer);
#undef HANDED_ON
    /* What is the plan's own, and what would make the kernel drop fields. */
    assert_int_equal(params->sentinel, 0);
    assert_int_equal(params->acpi_rsdp_addr, 0);
    assert_int_equal(params->ext_ramdisk_image | params->ext_ramdisk_size | params->ext_cmd_line_ptr, 0);
    assert_int_equal(params->e820_entries, f->plan.e820_count);
    assert_int_equal(params->hdr.type_of_loader, ZP_LOADER_TYPE_UNDEFINED);
    assert_int_equal(params->hdr.setup_data, 0);
    free_both(f, &guest);
}

static void a_handed_rsdp_is_announced(void **state)
{
    struct zp_acpi_rsdp rsdp = {.signature = "RSD PTR", .revision = 2, .length = 36};
    const struct zp_boot_params *params;
    const struct zp_hvm_start_info *info;

    (void)state;
    for (uint32_t protocol = ZP_PROTOCOL_LINUX32; protocol <= ZP_PROTOCOL_PVH; protocol++) {
        struct fixture *f = fixture_elf(protocol, ZP_CONTAINER_ELF64);
        struct guest guest;

        f->request.rsdp = (struct zp_rsdp){{0xf5a00}, &rsdp, sizeof(rsdp)};
        loads(f, &guest);
        info = at(&guest, f->plan.state.rbx ? f->plan.state.rbx : f->plan.state.rsi);
        params = (const void *)info;
        assert_int_equal(protocol == ZP_PROTOCOL_PVH ? info->rsdp_paddr : params->acpi_rsdp_addr, 0xf5a00);
        assert_int_equal(decision(f, ZP_DECISION_RSDP)->a, 0xf5a00);
        assert_null(zp_plan_span(&f->plan, ZP_SPAN_BDA));
        nothing_else_is_written(f, &guest);
        free_both(f, &guest);
    }
}

/* Multiboot 2 gets a copy of the bytes, of the new kind only where the table is. */
static void a_handed_rsdp_is_copied(void **state)
{
    (void)state;
    for (uint8_t revision = 0; revision < 4; revision++) {
        struct fixture *f = fixture_elf(ZP_PROTOCOL_MULTIBOOT2, ZP_CONTAINER_ELF64);
        struct zp_acpi_rsdp rsdp = {.signature = "RSD PTR", .revision = revision, .length = 36};
        const struct zp_multiboot2_tag *tag;
        struct guest guest;
        uint32_t seen = 0;

        rsdp.xsdt_address = 0x1122334455667788;
        f->request.rsdp = (struct zp_rsdp){{0xf5a00}, &rsdp, revision < 2 ? 20 : 36};
        loads(f, &guest);
        tag = at(&guest, f->plan.state.rbx + sizeof(struct zp_multiboot2_info));
        for (; tag->type != ZP_MULTIBOOT2_TAG_TYPE_END;
             tag = (const void *)((const char *)tag + ((tag->size + 7u) & ~7u))) {
            assert_true(tag->type < 32);
            seen |= 1u << tag->type;
            if (tag->type == ZP_MULTIBOOT2_TAG_TYPE_ACPI_OLD || tag->type == ZP_MULTIBOOT2_TAG_TYPE_ACPI_NEW)
                assert_memory_equal(tag + 1, &rsdp, tag->size - sizeof(*tag));
        }
        assert_true(seen >> ZP_MULTIBOOT2_TAG_TYPE_ACPI_OLD & 1);
        assert_int_equal(seen >> ZP_MULTIBOOT2_TAG_TYPE_ACPI_NEW & 1, revision >= 2);
        free_both(f, &guest);
    }
}

static void a_handed_rsdp_is_whole_and_alone(void **state)
{
    struct fixture *f = fixture_bzimage();
    struct zp_acpi_rsdp rsdp = {.revision = 2};

    (void)state;
    f->request.rsdp = (struct zp_rsdp){{0xf5a00}, &rsdp, 35};
    plan_refused(f, ZP_ERR_TOO_SMALL, ZP_FIELD_RSDP);
    assert_int_equal(f->error.limit, 36);
    f->request.rsdp.size = 19;
    plan_refused(f, ZP_ERR_TOO_SMALL, ZP_FIELD_RSDP);
    assert_int_equal(f->error.limit, 20);
    f->request.rsdp.bytes = NULL;
    plan_refused(f, ZP_ERR_ARGUMENT, ZP_FIELD_RSDP);
    f->request.rsdp = (struct zp_rsdp){{0xf5a00}, &rsdp, 36};
    plan_holds(f);
    add_acpi(f);
    plan_refused(f, ZP_ERR_BLOB, ZP_FIELD_RSDP);
    free(f);
}

static void guest_pointers_are_checked(void **state)
{
    unsigned char low[4096];
    unsigned char high[4096];
    struct zp_guest_region regions[] = {{{0x1000}, 4096, low}, {{UINT64_MAX - 4095}, 4096, high}};
    struct zp_guest guest = {.struct_size = sizeof(guest), .regions = regions, .region_count = 2};

    (void)state;
    assert_ptr_equal(zp_guest_pointer(&guest, (zp_gpa){0x1000}, 4096), low);
    assert_ptr_equal(zp_guest_pointer(&guest, (zp_gpa){0x1fff}, 1), low + 4095);
    assert_null(zp_guest_pointer(&guest, (zp_gpa){0x1fff}, 2));
    assert_null(zp_guest_pointer(&guest, (zp_gpa){0xfff}, 2));
    assert_null(zp_guest_pointer(&guest, (zp_gpa){0x1001}, UINT64_MAX));
    assert_ptr_equal(zp_guest_pointer(&guest, (zp_gpa){UINT64_MAX}, 1), high + 4095);
    assert_null(zp_guest_pointer(&guest, (zp_gpa){UINT64_MAX}, 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(segments_are_copied_and_their_tails_cleared),
        cmocka_unit_test(whole_pages_are_mapped),
        cmocka_unit_test(a_mapping_that_fails),
        cmocka_unit_test(initrds_are_mapped),
        cmocka_unit_test(zeroed_memory_is_not_cleared),
        cmocka_unit_test(boot_params_of_a_bzimage),
        cmocka_unit_test(boot_params_of_a_wrapped_elf),
        cmocka_unit_test(the_kernel_is_told_of_kaslr),
        cmocka_unit_test(the_bda_points_to_the_rsdp),
        cmocka_unit_test(a_bare_elf_gets_a_header),
        cmocka_unit_test(setup_data_is_a_list_without_loops),
        cmocka_unit_test(e820_ext_goes_on_where_boot_params_ends),
        cmocka_unit_test(a_pinned_e820_ext_may_be_empty),
        cmocka_unit_test(page_tables_map_identically),
        cmocka_unit_test(the_gdt_is_what_the_registers_say),
        cmocka_unit_test(start_info_and_its_lists),
        cmocka_unit_test(a_pvh_linux_gets_one_initrd),
        cmocka_unit_test(multiboot1_information),
        cmocka_unit_test(types_past_multiboot_are_reserved),
        cmocka_unit_test(multiboot2_information),
        cmocka_unit_test(only_input_can_fail),
        cmocka_unit_test(sizes_past_32_bits),
        cmocka_unit_test(a_segment_of_zeros),
        cmocka_unit_test(each_span_that_is_not_there_is_named),
        cmocka_unit_test(guest_memory_that_is_not_there),
        cmocka_unit_test(boot_params_are_handed_on),
        cmocka_unit_test(a_handed_rsdp_is_announced),
        cmocka_unit_test(a_handed_rsdp_is_copied),
        cmocka_unit_test(a_handed_rsdp_is_whole_and_alone),
        cmocka_unit_test(guest_pointers_are_checked),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
