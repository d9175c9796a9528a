/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Images, machines and requests made by hand for the tests of plan and load: each test starts from a valid
 * one and changes what it is about.
 */
#ifndef ZP_TESTS_PLAN_FIXTURE_H
#define ZP_TESTS_PLAN_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <zeropage/wire/bootparam.h>
#include <zeropage/wire/e820.h>
#include <zeropage/wire/x86.h>
#include <zeropage/zeropage.h>

#include "../plan_properties.h"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

struct fixture {
    unsigned char bytes[8192]; /* the image file */
    struct zp_memory_source file;
    struct zp_segment segments[8];
    struct zp_entry entries[8];
    struct zp_image image;
    struct zp_image wrapper; /* a bzImage around the image */
    struct zp_memory_range ranges[300];
    struct zp_machine machine;
    struct zp_memory_source files[3];
    struct zp_module modules[3];
    struct zp_blob blobs[4];
    struct zp_pin pins[8];
    struct zp_request request;
    struct zp_span spans[96];
    struct zp_e820_range e820[400];
    struct zp_decision decisions[48];
    struct zp_plan_room room;
    struct zp_plan plan;
    struct zp_error error;
};

static inline int memory_read(void *context, uint64_t offset, void *buffer, size_t length)
{
    memcpy(buffer, (const char *)((struct zp_memory_source *)context)->bytes + offset, length);
    return 0;
}

static inline void memory_source(struct zp_memory_source *source, const void *bytes, uint64_t size)
{
    source->bytes = bytes;
    source->source.size = size;
    source->source.read = memory_read;
    source->source.context = source;
}

static inline void make_pc(struct fixture *f, uint64_t ram)
{
    struct zp_pc pc = {.struct_size = sizeof(pc), .cpu_count = 1, .ram_size = ram};

    pc.hole_start.value = 3 * GIB;
    pc.hole_end.value = 4 * GIB;
    assert_int_equal(zp_machine_pc(&pc, f->ranges, 300, &f->machine, &f->error), ZP_OK);
}

/* [start, +size), inside of one free range, is busy until entry; a trampoline is wanted and defers. */
static inline void make_busy(struct fixture *f, uint64_t start, uint64_t size)
{
    size_t i = 0;
    struct zp_memory_range whole, *at;
    uint64_t end = start + size;

    while (f->ranges[i].start.value + f->ranges[i].size < end)
        i++;
    whole = f->ranges[i];
    assert_true(whole.usage == ZP_USAGE_FREE && whole.start.value < start);
    at = &f->ranges[i];
    memmove(at + 2, at, (f->machine.range_count - i) * sizeof(*at));
    at[0].size = start - whole.start.value;
    at[1] = (struct zp_memory_range){{start}, size, ZP_USAGE_BUSY, 0};
    at[2] =
        (struct zp_memory_range){{end}, whole.start.value + whole.size - end, ZP_USAGE_FREE, whole.e820_type};
    f->machine.range_count += 2;
    f->request.flags |= ZP_REQUEST_DEFER;
    f->request.trampoline_size = 5000;
}

static inline void add_entry(struct fixture *f, uint32_t protocol, uint32_t container, uint64_t address)
{
    struct zp_entry *entry = &f->entries[f->image.entry_count++];

    memset(entry, 0, sizeof(*entry));
    entry->protocol = protocol;
    entry->container = container;
    entry->address.value = address;
    entry->segment_count = f->image.segment_count;
    entry->reserve = f->segments[0].paddr;
    entry->reserve_size = f->segments[f->image.segment_count - 1].paddr.value +
                          f->segments[f->image.segment_count - 1].memory_size - f->segments[0].paddr.value;
}

static inline void add_segment(struct fixture *f, uint64_t paddr, uint64_t file_size, uint64_t memory_size)
{
    struct zp_segment *segment = &f->segments[f->image.segment_count++];

    memset(segment, 0, sizeof(*segment));
    segment->file_offset = 1024;
    segment->file_size = file_size;
    segment->paddr.value = paddr;
    segment->memory_size = memory_size;
}

/* 512 MiB, one CPU, no image yet. */
static inline struct fixture *fixture_new(void)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    for (size_t i = 0; i < sizeof(f->bytes); i++)
        f->bytes[i] = (unsigned char)(i * 7 + 1);
    memory_source(&f->file, f->bytes, sizeof(f->bytes));
    f->image.struct_size = sizeof(f->image);
    f->image.source = &f->file.source;
    f->image.segments = f->segments;
    f->image.entries = f->entries;
    f->request.struct_size = sizeof(f->request);
    f->request.modules = f->modules;
    f->request.blobs = f->blobs;
    f->request.pins = f->pins;
    f->room = (struct zp_plan_room){f->spans, 96, f->e820, 400, f->decisions, 48};
    make_pc(f, 512 * MIB);
    return f;
}

/* A relocatable bzImage 2.15 as Debian builds it: 16 MiB, 2 MiB alignment, 32 MiB of init_size. */
static inline struct fixture *fixture_bzimage(void)
{
    struct fixture *f = fixture_new();
    struct zp_bzimage *bzimage = &f->image.bzimage;

    f->image.formats = ZP_FORMAT_BZIMAGE;
    bzimage->header.boot_flag = ZP_BOOT_FLAG;
    bzimage->header.header = ZP_SETUP_MAGIC_HDRS;
    bzimage->header.version = 0x20f;
    bzimage->header.loadflags = ZP_LOADED_HIGH | ZP_CAN_USE_HEAP;
    bzimage->header.xloadflags = ZP_XLF_KERNEL_64 | ZP_XLF_CAN_BE_LOADED_ABOVE_4G;
    bzimage->header.setup_data = 0xdeadbeef;
    bzimage->version = 0x20f;
    bzimage->code_size = 4096;
    bzimage->syssize_bytes = 4096;
    bzimage->cmdline_max = 2047;
    bzimage->initrd_max.value = 0x7fffffff;
    add_segment(f, 16 * MIB, 4096, 4096);
    for (uint32_t protocol = ZP_PROTOCOL_LINUX64; protocol >= ZP_PROTOCOL_LINUX32; protocol--) {
        bool is_64 = protocol == ZP_PROTOCOL_LINUX64;
        struct zp_entry *entry;

        add_entry(f, protocol, ZP_CONTAINER_BZIMAGE, 16 * MIB + (is_64 ? 0x200 : 0));
        entry = &f->entries[f->image.entry_count - 1];
        entry->reserve_size = 32 * MIB;
        entry->align = 2 * MIB;
        entry->min.value = 16 * MIB;
        entry->max.value = is_64 ? (UINT64_C(1) << 52) - 1 : UINT32_MAX;
    }
    return f;
}

/* An ELF with two segments and a gap, entered by that protocol. */
static inline struct fixture *fixture_elf(uint32_t protocol, uint32_t container)
{
    struct fixture *f = fixture_new();

    f->image.formats = container == ZP_CONTAINER_ELF64 ? ZP_FORMAT_ELF64 : ZP_FORMAT_ELF32;
    add_segment(f, 2 * MIB, 4096, 4096);
    add_segment(f, 2 * MIB + 0x3000, 512, 0x2000);
    add_entry(f, protocol, container, 2 * MIB + 0x10);
    return f;
}

/*
 * A Linux ELF as Debian builds it, with its relocation table: ELF64 at 16 MiB, ELF32 at 16 MiB and
 * PAGE_OFFSET above; 32 MiB of memory. `bits` is 64 or 32.
 */
static inline struct fixture *fixture_vmlinux(uint32_t bits)
{
    struct fixture *f = fixture_new();
    struct zp_relocations *table = &f->image.relocations;
    bool is_64 = bits == 64;

    f->image.formats = is_64 ? ZP_FORMAT_ELF64 : ZP_FORMAT_ELF32;
    f->image.elf.class_bits = bits;
    f->image.elf.guest_linux = 1;
    table->list_count = is_64 ? 3 : 1;
    table->list64_count = is_64 ? 5 : 0;
    table->list32neg_count = is_64 ? 2 : 0;
    table->list32_count = 100;
    table->map = is_64 ? UINT64_C(0xffffffff80000000) : UINT64_C(0xc0000000);
    add_segment(f, 16 * MIB, 4096, MIB);
    add_segment(f, 18 * MIB, 4096, 30 * MIB);
    f->segments[0].vaddr = table->map + 16 * MIB;
    f->segments[1].vaddr = table->map + 18 * MIB;
    add_entry(f, is_64 ? ZP_PROTOCOL_LINUX64 : ZP_PROTOCOL_LINUX32,
              is_64 ? ZP_CONTAINER_ELF64 : ZP_CONTAINER_ELF32, 16 * MIB + 0x40);
    f->entries[0].align = 2 * MIB;
    f->entries[0].min.value = 16 * MIB;
    f->entries[0].max.value = (is_64 ? UINT64_C(1) << 46 : 512 * MIB) - 1;
    add_entry(f, ZP_PROTOCOL_PVH, is_64 ? ZP_CONTAINER_ELF64 : ZP_CONTAINER_ELF32, 16 * MIB + 0x80);
    return f;
}

/* The bzImage that the ELF came out of. */
static inline void add_wrapper(struct fixture *f)
{
    struct zp_bzimage *bzimage = &f->wrapper.bzimage;

    f->wrapper.struct_size = sizeof(f->wrapper);
    f->wrapper.formats = ZP_FORMAT_BZIMAGE;
    bzimage->header.boot_flag = ZP_BOOT_FLAG;
    bzimage->header.header = ZP_SETUP_MAGIC_HDRS;
    bzimage->header.version = 0x20f;
    bzimage->header.loadflags = ZP_LOADED_HIGH | ZP_CAN_USE_HEAP | ZP_KASLR_FLAG;
    bzimage->header.xloadflags = ZP_XLF_KERNEL_64 | ZP_XLF_CAN_BE_LOADED_ABOVE_4G;
    bzimage->header.setup_data = 0xdeadbeef;
    bzimage->header.init_size = 0x2345000;
    bzimage->header.pref_address = 0x1000000;
    bzimage->header.kernel_alignment = 0x200000;
    bzimage->version = 0x20f;
    bzimage->cmdline_max = 2047;
    bzimage->initrd_max.value = 0x7fffffff;
    bzimage->kernel_alignment = 0x200000;
    f->request.wrapper = &f->wrapper;
}

static inline void add_module(struct fixture *f, uint64_t size, const char *cmdline)
{
    size_t i = f->request.module_count++;

    memory_source(&f->files[i], f->bytes, size);
    f->modules[i].source = &f->files[i].source;
    f->modules[i].cmdline = cmdline;
    f->modules[i].cmdline_length = cmdline ? strlen(cmdline) : 0;
}

static inline int fill_pattern(void *context, zp_gpa self, void *buffer, uint64_t size)
{
    (void)context;
    memset(buffer, 0xa5, size);
    memcpy(buffer, &self.value, sizeof(self.value) < size ? sizeof(self.value) : size);
    return 0;
}

static inline struct zp_blob *add_blob(struct fixture *f, uint32_t role, uint64_t size)
{
    struct zp_blob *blob = &f->blobs[f->request.blob_count++];

    memset(blob, 0, sizeof(*blob));
    blob->role = role;
    blob->size = size;
    blob->fill = fill_pattern;
    return blob;
}

static inline void add_acpi(struct fixture *f)
{
    struct zp_blob *blob = add_blob(f, ZP_BLOB_ACPI, 1500);

    blob->align = 1024;
    blob->limit.value = 0xa0000;
    blob->e820_type = ZP_E820_ACPI;
    blob->where = ZP_BLOB_HIGH;
}

static inline void add_pin(struct fixture *f, uint32_t kind, uint32_t index, uint64_t address)
{
    f->pins[f->request.pin_count++] = (struct zp_pin){kind, index, {address}};
}

static inline void set_cmdline(struct fixture *f, const char *cmdline)
{
    f->request.cmdline = cmdline;
    f->request.cmdline_length = strlen(cmdline);
}

static inline int make_plan(struct fixture *f)
{
    memset(&f->error, 0, sizeof(f->error));
    return zp_plan_make(&f->image, &f->machine, &f->request, &f->room, &f->plan, &f->error);
}

/* The plan is made and every property holds. */
static inline void plan_holds(struct fixture *f)
{
    int status = make_plan(f);
    const char *broken;

    if (status)
        fail_msg("%s: %s", zp_status_name(status), zp_field_name(f->error.field));
    broken = zp_plan_broken(&f->plan);
    if (broken)
        fail_msg("%s", broken);
}

/* The plan is refused with that code and field, and *ret_plan is untouched. */
static inline void plan_refused(struct fixture *f, int code, uint32_t field)
{
    struct zp_plan before = f->plan;

    assert_string_equal(zp_status_name(make_plan(f)), zp_status_name(code));
    assert_int_equal(f->error.code, code);
    assert_string_equal(zp_field_name(f->error.field), zp_field_name(field));
    assert_memory_equal(&before, &f->plan, sizeof(before));
}

static inline uint64_t start_of(const struct fixture *f, uint32_t kind)
{
    const struct zp_span *span = zp_plan_span(&f->plan, kind);

    assert_non_null(span);
    return span->start.value;
}

static inline const struct zp_decision *decision(const struct fixture *f, uint32_t code)
{
    for (size_t i = 0; i < f->plan.decision_count; i++)
        if (f->plan.decisions[i].code == code)
            return &f->plan.decisions[i];
    return NULL;
}

#endif
