/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * advice.c: each piece of advice on an image that just needs it, with the numbers that its words must have,
 * and the same image without the defect, which gets none of it.
 */
#include "packing.h"

#include <zeropage/wire/elf.h>
#include <zeropage/wire/multiboot.h>
#include <zeropage/wire/multiboot2.h>
#include <zeropage/zeropage.h>

#include "opened.h"
#include "verdict.h"

#define PHDR(i) (64 + 56 * (i)) /* of a generated ELF64 */

/* The advice on an image, which is freed. */
static size_t advise(struct gen_image *image, struct zp_advice *advice)
{
    static const struct zp_opening examine = {.examine = true};
    struct zp_opened_image opened;
    char path[PATH_SIZE];
    size_t count;

    write_image(path, image);
    assert_int_equal(zp_opened_image_open(&opened, path, &examine, NULL), 0);
    if (opened.refusal.code == ZP_OK && opened.image.bzimage.payload_length)
        (void)zp_opened_image_direct(&opened, &examine, NULL);
    count = zp_advise(&opened, advice, ZP_ADVICE_MAX);
    assert_true(count <= ZP_ADVICE_MAX);
    zp_opened_image_close(&opened);
    unlink(path);
    return count;
}

static const struct zp_advice *find(const struct zp_advice *advice, size_t count, const char *id)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(advice[i].id, id) == 0)
            return &advice[i];
    return NULL;
}

/* The spoiled image is advised so, in words that have these parts; the good one is not. */
static void expect(struct gen_image *spoiled, struct gen_image *good, const char *id, const char *problem,
                   const char *change)
{
    struct zp_advice advice[ZP_ADVICE_MAX];
    size_t count = advise(spoiled, advice);
    const struct zp_advice *found = find(advice, count, id);

    if (!found)
        fail_msg("no advice %s (%zu others, first %s)", id, count, count ? advice[0].id : "none");
    if (!strstr(found->problem, problem) || !strstr(found->change, change))
        fail_msg("%s: %s; %s", id, found->problem, found->change);
    count = advise(good, advice);
    if (find(advice, count, id))
        fail_msg("%s on a good image: %s", id, find(advice, count, id)->problem);
}

#define BZIMAGE(...)                                        \
    gen_bzimage(&good, &(struct gen_bzimage){__VA_ARGS__}), \
        gen_bzimage(&bad, &(struct gen_bzimage){__VA_ARGS__})
#define ELF(...) gen_elf(&good, &(struct gen_elf){__VA_ARGS__}), gen_elf(&bad, &(struct gen_elf){__VA_ARGS__})

static void setup_headers(void **state)
{
    struct gen_image good, bad;

    (void)state;
    BZIMAGE(.pe = false);
    gen_poke(&bad, 0x1fe, 2, 0);
    expect(&bad, &good, "boot-flag", "0x0", "55 aa at 0x1fe");
    BZIMAGE(.pe = false);
    gen_poke(&bad, 0x1f1, 1, 200);
    expect(&bad, &good, "setup-sects", "0x19200", "512-byte sectors");
    BZIMAGE(.pe = false);
    gen_poke(&bad, 0x260, 4, 0x3ff);
    expect(&bad, &good, "init-size", "0x3ff", "unpacked");
    BZIMAGE(.pe = false);
    gen_poke(&bad, 0x230, 4, 0x300000);
    expect(&bad, &good, "kernel-alignment", "0x300000", "0x200000");
    BZIMAGE(.pe = false);
    gen_poke(&bad, 0x24c, 4, 0xffffffff);
    expect(&bad, &good, "payload", "0x248", "protected-mode code");
    BZIMAGE(.pe = false);
    gen_poke(&bad, 0x238, 4, 0);
    expect(&bad, &good, "cmdline-size", "0x238", "2047");
    BZIMAGE(.pe = false);
    gen_poke(&bad, 0x22c, 4, 0xfffff);
    gen_poke(&good, 0x22c, 4, 0x100000);
    expect(&bad, &good, "initrd-max", "0xfffff", "0x7fffffff");
    BZIMAGE(.pe = false);
    gen_poke(&bad, 0x234, 1, 0);
    expect(&bad, &good, "not-relocatable", "0x234", "write 1");
    gen_bzimage(&good, &(struct gen_bzimage){.no_payload = true});
    gen_bzimage(&bad, &(struct gen_bzimage){.no_payload = true});
    gen_resize(&bad, bad.code + 0x200);
    expect(&bad, &good, "entry64", "0x600", "0x200 behind");
}

/* A bzImage around a vmlinux, whose init_size is that. */
static void around(struct gen_image *image, uint32_t init_size, const struct gen_linux *linux_options)
{
    struct gen_image payload;

    gen_linux(&payload, linux_options);
    gzip(&payload);
    *image = wrap(&payload, init_size);
}

static void kernels_inside(void **state)
{
    const struct gen_linux plain = {0}, pvh = {.pvh = true};
    struct zp_advice advice[ZP_ADVICE_MAX];
    const struct zp_advice *found;
    struct gen_image good, bad;
    uint32_t span;
    char *place;

    (void)state;
    around(&bad, 0x2000, &pvh);
    found = find(advice, advise(&bad, advice), "init-size-inner");
    assert_non_null(found);
    place = strstr(found->change, "0x"); /* what it asks for is enough, and one byte less is not */
    assert_non_null(place);
    span = (uint32_t)strtoul(place, NULL, 16);
    assert_true(span > 0x2000);
    around(&good, span, &pvh);
    around(&bad, span - 1, &pvh);
    expect(&bad, &good, "init-size-inner", "of memory", place);
    around(&good, 0x100000, &pvh);
    around(&bad, 0x100000, &plain);
    expect(&bad, &good, "pvh-inside", "no PVH note", "CONFIG_PVH=y");
    around(&good, 0x100000, &pvh);
    around(&bad, 0x100000, &pvh);
    gen_poke(&bad, 0x236, 2, 0);
    expect(&bad, &good, "kernel-64", "0x236", "64-bit entry");
    around(&good, 0x100000, &(struct gen_linux){.scale = 8});
    around(&bad, 0x4000, &(struct gen_linux){.scale = 8});
    expect(&bad, &good, "init-size-payload", "16 KiB", "unpacked size");
}

static void elfs(void **state)
{
    struct gen_image good, bad;

    (void)state;
    ELF(.load = 0x400000);
    gen_poke(&bad, PHDR(2) + 24, 8, 0x400000); /* p_paddr */
    expect(&bad, &good, "overlap", "0x400000", "AT()");
    ELF(.load = 0x400000);
    gen_poke(&bad, PHDR(1) + 8, 8, 0x100000); /* p_offset */
    expect(&bad, &good, "truncated", "past the file's end", "copy the file whole");
    ELF(.load = 0x400000);
    gen_poke(&bad, PHDR(1) + 40, 8, 1); /* p_memsz */
    expect(&bad, &good, "p-filesz", "p_memsz 0x1", ".bss");
    ELF(.load = 0x400000);
    gen_poke(&bad, PHDR(1) + 48, 8, 3); /* p_align */
    expect(&bad, &good, "p-align", "0x3", "ALIGN(0x1000)");
    ELF(.load = 0x400000);
    gen_poke(&bad, 24, 8, 0x3fffff);
    expect(&bad, &good, "e-entry-outside", "0x3fffff lies in no segment (they are at 0x400000", "ENTRY()");
    gen_elf(&good, &(struct gen_elf){.virtual_addresses = true});
    gen_elf(&bad, &(struct gen_elf){.virtual_addresses = true, .virtual_entry = true});
    expect(&bad, &good, "e-entry-virtual", "0xffffffff81000010", "start - 0xffffffff80000000");
    gen_elf(&good, &(struct gen_elf){.load = 0x100000});
    gen_elf(&bad, &(struct gen_elf){.load = 0xff000});
    expect(&bad, &good, "p-paddr-low", "0xff000", "2M");
    gen_elf(&good, &(struct gen_elf){.load = 0x200000});
    gen_elf(&bad, &(struct gen_elf){.load = 0x1ff000});
    expect(&bad, &good, "p-paddr-crosvm", "0x1ff000", "2M");
    ELF(.load = 0x400000);
    gen_poke(&good, PHDR(1) + 4, 4, ZP_PF_R | ZP_PF_X);
    gen_poke(&bad, PHDR(1) + 4, 4, ZP_PF_R | ZP_PF_W | ZP_PF_X);
    for (unsigned i = 2; i < 4; i++) {
        gen_poke(&good, PHDR(i) + 4, 4, ZP_PF_R | ZP_PF_W);
        gen_poke(&bad, PHDR(i) + 4, 4, ZP_PF_R | ZP_PF_W);
    }
    expect(&bad, &good, "rwx", "0x400000", "FLAGS(5)");
    gen_elf(&good, &(struct gen_elf){.type = ZP_ET_EXEC});
    gen_elf(&bad, &(struct gen_elf){.type = ZP_ET_DYN});
    expect(&bad, &good, "dynamic", "ET_DYN", "-no-pie");
}

static void pvh_notes(void **state)
{
    struct gen_image good, bad;

    (void)state;
    gen_elf(&good, &(struct gen_elf){.pvh = true});
    gen_elf(&bad, &(struct gen_elf){0});
    expect(&bad, &good, "pvh-note-missing", "without the PVH note", ".long 4, 4, 18; .asciz \"Xen\"");
    gen_elf(&good, &(struct gen_elf){.pvh = true});
    gen_elf(&bad, &(struct gen_elf){.pvh = true, .property = true, .note_align = 8});
    expect(&bad, &good, "pvh-note-merged", "p_align 8", ".note.gnu.property");
    ELF(.pvh = true);
    gen_poke(&bad, PHDR(3), 4, ZP_PT_NOTE);
    expect(&bad, &good, "pvh-note-followed", "PT_NOTE 1 of 2", "last");
    ELF(.pvh = true);
    gen_poke(&bad, bad.note_entry + 16, 4, 0x500);
    expect(&bad, &good, "pvh-entry-outside", "0x500 lies in no segment (they are at 0x1000000",
           "physical address");
    gen_elf(&good, &(struct gen_elf){.bits = 32, .pvh = true, .virtual_addresses = true});
    gen_elf(&bad, &(struct gen_elf){.bits = 32, .pvh = true, .virtual_addresses = true});
    gen_poke(&bad, bad.note_entry + 16, 4, gen_peek(&bad, bad.note_entry + 16, 4) + 0xc0000000);
    expect(&bad, &good, "pvh-entry-virtual", "0xc1000010 is a virtual address", "which is 0x1000010");
    ELF(.pvh = true);
    gen_poke(&bad, bad.note_entry + 4, 4, 3);
    expect(&bad, &good, "pvh-note-size", "3 bytes", ".long 4, 4, 18");
}

/* A flat file with a header of either version at a place. */
static void headed(struct gen_image *image, unsigned version, size_t at, uint32_t sum)
{
    *image = (struct gen_image){0};
    gen_resize(image, 0x10000);
    gen_poke(image, 0, 2, 0xfeeb);
    if (version == 1) {
        gen_poke(image, at, 4, ZP_MULTIBOOT_HEADER_MAGIC);
        gen_poke(image, at + 4, 4, 3);
        gen_poke(image, at + 8, 4, 0u - (ZP_MULTIBOOT_HEADER_MAGIC + 3) + sum);
        return;
    }
    gen_poke(image, at, 4, ZP_MULTIBOOT2_HEADER_MAGIC);
    gen_poke(image, at + 8, 4, 24);
    gen_poke(image, at + 12, 4, 0u - (ZP_MULTIBOOT2_HEADER_MAGIC + 24) + sum);
    gen_poke(image, at + 20, 4, 8); /* the end tag */
}

static void multiboot_headers(void **state)
{
    struct gen_image good, bad;

    (void)state;
    headed(&good, 1, 0x1000, 0);
    headed(&bad, 1, 0x1000, 5);
    expect(&bad, &good, "multiboot-sum", "at 0x1000 add up to 0x5", "write 0xe4524ffb");
    headed(&good, 1, 0x1000, 0);
    headed(&bad, 1, 0x1002, 0);
    expect(&bad, &good, "multiboot-aligned", "0x1002", ".balign 4");
    headed(&good, 1, 0x2000 - 12, 0);
    headed(&bad, 1, 0x2000 - 8, 0);
    expect(&bad, &good, "multiboot-late", "0x1ff8", "KEEP(*(.multiboot))");
    headed(&good, 2, 0x1000, 0);
    headed(&bad, 2, 0x1000, 5);
    expect(&bad, &good, "multiboot2-sum", "at 0x1000 add up to 0x5", "write 0x17adaf12");
    headed(&good, 2, 0x1000, 0);
    headed(&bad, 2, 0x1004, 0);
    expect(&bad, &good, "multiboot2-aligned", "0x1004", ".balign 8");
    headed(&good, 2, 0x8000 - 24, 0);
    headed(&bad, 2, 0x8000, 0);
    expect(&bad, &good, "multiboot2-late", "0x8000", "KEEP(*(.multiboot))");
    gen_multiboot_addresses(&good, 1);
    headed(&bad, 1, 0x1000, 0);
    expect(&bad, &good, "multiboot-flat", "flags 0x3", "bit 16");
    gen_elf(&good, &(struct gen_elf){.bits = 32, .multiboot1 = true});
    gen_elf(&bad, &(struct gen_elf){.bits = 64, .multiboot1 = true});
    expect(&bad, &good, "multiboot-elf64", "QEMU and iPXE", "elf32-i386");
    gen_elf(&good, &(struct gen_elf){.bits = 32, .multiboot1 = true});
    gen_elf(&bad, &(struct gen_elf){.bits = 32, .multiboot1 = true});
    gen_poke(&bad, bad.multiboot1 + 4, 4, 0x13);
    gen_poke(&bad, bad.multiboot1 + 8, 4, 0u - (ZP_MULTIBOOT_HEADER_MAGIC + 0x13));
    expect(&bad, &good, "multiboot-flags", "0x10", "bits 3 to 15");
}

static void firmware(void **state)
{
    struct gen_image good, bad;

    (void)state;
    gen_pe(&good, 0x8664);
    gen_pe(&bad, 0x8664);
    gen_poke(&bad, bad.pe + 24 + 68, 2, 3);
    expect(&bad, &good, "pe-subsystem", "Subsystem is 3", "--subsystem=10");
}

/* A program is no kernel, and a good kernel needs nothing. */
static void no_advice(void **state)
{
    struct zp_advice advice[ZP_ADVICE_MAX];
    struct gen_image image;

    (void)state;
    gen_elf(&image, &(struct gen_elf){.interpreter = true});
    assert_null(find(advice, advise(&image, advice), "pvh-note-missing"));
    around(&image, 0x100000, &(struct gen_linux){.pvh = true});
    assert_int_equal(advise(&image, advice), 0);
    gen_arm64(&image);
    assert_int_equal(advise(&image, advice), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(setup_headers), cmocka_unit_test(kernels_inside),    cmocka_unit_test(elfs),
        cmocka_unit_test(pvh_notes),     cmocka_unit_test(multiboot_headers), cmocka_unit_test(firmware),
        cmocka_unit_test(no_advice),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
