/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verdict.c and the tables rules_*.c: each rule of each host, on an image of which it just says so and on one
 * of which it just does not. A rule of which the table here knows nothing fails the last test.
 */
#include "packing.h"

#include <zeropage/wire/elf.h>
#include <zeropage/wire/multiboot.h>
#include <zeropage/zeropage.h>

#include "fat_image.h"
#include "opened.h"
#include "rule.h"
#include "verdict.h"

#define HDRS    0x53726448
#define PHDR(i) (64 + 56 * (i)) /* of a generated ELF64 */
#define P_TYPE  0
#define P_PADDR 24
#define P_MEMSZ 40

#define E_ENTRY 24
#define E_PHOFF 32
#define E_PHNUM 56

/* A change to a generated image. */
struct poke {
    size_t offset, size;
    uint64_t value;
};
#define POKES 5

struct variant {
    const char *kind; /* of gen_kinds, or "disk", "inside", "inside-plain" */
    size_t resize;    /* 0: as it is */
    struct poke pokes[POKES];
    void (*spoil)(struct gen_image *image);
    bool sealed; /* the payload is not unpacked */
};

struct rule_case {
    const char *host, *id;
    struct variant says, silent; /* the rule decides, or stands among the buts; it does not */
};

/* --- images --------------------------------------------------------------------------------------- */

#define ESP_AT 0x8000u /* the partition begins at sector 64 */

/* A FAT with EFI/BOOT/BOOTX64.EFI into the disk: an EFI application that `spoil` was at. */
static void fill_esp(struct gen_image *image, void (*spoil)(struct gen_image *image))
{
    struct fat_layout layout = {.bits = 12, .sectors = 1024, .per_cluster = 1};
    struct gen_image pe = {0};

    for (size_t i = 0; i < gen_kind_count; i++)
        if (strcmp(gen_kinds[i].name, "pe") == 0)
            gen_kinds[i].make(&pe);
    if (spoil)
        spoil(&pe);
    fat_image(image, ESP_AT, &layout, pe.bytes, pe.size);
    gen_free(&pe);
}

/* A disk of 1 MiB with some boot code and an EFI system partition. */
static void make_disk(struct gen_image *image)
{
    *image = (struct gen_image){0};
    gen_resize(image, 0x100000);
    gen_poke(image, 0, 4, 0xfeeb90fa);
    gen_poke(image, 0x1be, 4, 0x80);
    gen_poke(image, 0x1be + 4, 1, 0xef);
    gen_poke(image, 0x1be + 8, 4, 64);
    gen_poke(image, 0x1be + 12, 4, 1024);
    gen_poke(image, 0x1fe, 2, 0xaa55);
    fill_esp(image, NULL);
}

/* The same with a protective MBR and a GPT. */
static void make_gpt(struct gen_image *image)
{
    static const uint8_t esp[] = {0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11,
                                  0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b};

    make_disk(image);
    gen_poke(image, 0x1be, 4, 0);
    gen_poke(image, 0x1be + 4, 1, 0xee);
    gen_poke(image, 0x1be + 8, 4, 1);
    memcpy(image->bytes + 512, "EFI PART", 8);
    gen_poke(image, 512 + 72, 8, 2);
    gen_poke(image, 512 + 80, 4, 128);
    gen_poke(image, 512 + 84, 4, 128);
    memcpy(image->bytes + 1024 + 128, esp, sizeof(esp)); /* the second entry */
    gen_poke(image, 1024 + 128 + 32, 8, 64);
    gen_poke(image, 1024 + 128 + 40, 8, 1087);
}

static void make_kind(struct gen_image *image, const char *name)
{
    if (strcmp(name, "disk") == 0) {
        make_disk(image);
        return;
    }
    if (strcmp(name, "gpt") == 0) {
        make_gpt(image);
        return;
    }
    if (strncmp(name, "inside", 6) == 0) { /* a bzImage around an ELF */
        struct gen_image payload;

        make_kind(&payload, strcmp(name, "inside") == 0 ? "linux64" : "linux64-fixed");
        gzip(&payload);
        *image = wrap(&payload, 0x100000);
        return;
    }
    for (size_t i = 0; i < gen_kind_count; i++) {
        if (strcmp(gen_kinds[i].name, name) == 0) {
            gen_kinds[i].make(image);
            return;
        }
    }
    fail_msg("no kind %s", name);
}

static void flags(struct gen_image *image, uint32_t value)
{
    gen_poke(image, image->multiboot1 + 4, 4, value);
    gen_poke(image, image->multiboot1 + 8, 4, 0u - (ZP_MULTIBOOT_HEADER_MAGIC + value));
}

static void video(struct gen_image *image)
{
    flags(image, 7);
}

static void flag3(struct gen_image *image)
{
    flags(image, (uint32_t)gen_peek(image, image->multiboot1 + 4, 4) | 8);
}

static void gzipped(struct gen_image *image)
{
    gzip(image);
}

/* Notes padded by 8 of which a walk by 4 loses the second: the descriptor of the first has 4 bytes. */
static void odd_notes(struct gen_image *image)
{
    gen_poke(image, image->notes + 4, 4, 4);
}

/* syssize that is exactly right, and one unit more. */
static void syssize(struct gen_image *image)
{
    gen_poke(image, 0x1f4, 4, (image->size - image->code) / 16);
}

static void syssize_more(struct gen_image *image)
{
    gen_poke(image, 0x1f4, 4, (image->size - image->code) / 16 + 1);
}

/* Linked to where the BIOS is. */
static void high(struct gen_image *image)
{
    size_t fields = image->multiboot1 + 12;
    uint64_t delta = 0xff000000 - gen_peek(image, fields + 4, 4);

    for (size_t i = 0; i < 5; i++)
        if (gen_peek(image, fields + 4 * i, 4))
            gen_poke(image, fields + 4 * i, 4, gen_peek(image, fields + 4 * i, 4) + delta);
}

static void cut_note(struct gen_image *image)
{
    gen_poke(image, image->note_entry + 4, 4, 0xffffffff);
}

/* SizeOfRawData and VirtualSize past the end. */
static void cut_section(struct gen_image *image)
{
    gen_poke(image, image->sections + 8, 4, 0x100000);
    gen_poke(image, image->sections + 16, 4, 0x100000);
}

/* Partitions behind what syssize says: 16 sectors of one that begins where the kernel ends. */
static void tail(struct gen_image *image)
{
    size_t end = (image->size + 511) / 512 * 512, code = (gen_peek(image, 0x1f1, 1) + 1) * 512;

    gen_resize(image, end + 16 * 512);
    gen_poke(image, 0x1f4, 4, (end - code) / 16);
    gen_poke(image, 0x1ce, 1, 0);
    gen_poke(image, 0x1ce + 4, 1, 0x83);
    gen_poke(image, 0x1ce + 8, 4, end / 512);
    gen_poke(image, 0x1ce + 12, 4, 16);
    gen_poke(image, 0x1fe, 2, 0xaa55);
}

/* A bzImage without a payload, that says where it would be or that it is nowhere. */
static void protocol_208(struct gen_image *image)
{
    gen_poke(image, 0x206, 2, 0x208);
    gen_poke(image, 0x248, 8, 0);
}

static void payload_far(struct gen_image *image)
{
    protocol_208(image);
    gen_poke(image, 0x248, 4, 0xffffffff);
}

/* A small PE of which the machine or the subsystem is another. */
static void pe_i386(struct gen_image *image)
{
    gen_poke(image, image->pe + 4, 2, 0x14c);
}

static void pe_driver(struct gen_image *image)
{
    gen_poke(image, image->pe + 24 + 68, 2, 11);
}

/* The loader in the EFI system partition is one of these. */
static void esp_i386(struct gen_image *image)
{
    fill_esp(image, pe_i386);
}

static void esp_driver(struct gen_image *image)
{
    fill_esp(image, pe_driver);
}

static void esp_cut(struct gen_image *image)
{
    fill_esp(image, cut_section);
}

static void no_pe(struct gen_image *image)
{
    gen_poke(image, image->pe, 4, 0);
}

static void esp_no_pe(struct gen_image *image)
{
    fill_esp(image, no_pe);
}

/* BOOTX64.EFI under another name: it is in cluster 3 of a FAT of 1 + 2 * 4 sectors and 2 of its root. */
static void esp_other_name(struct gen_image *image)
{
    memcpy(image->bytes + ESP_AT + (1 + 2 * 4 + 2 + 1) * 512, "BOOTIA32EFI", 11);
}

/* --- the cases ------------------------------------------------------------------------------------ */

#define NO_HDRS     \
    {               \
        0x202, 4, 0 \
    }
#define AS_LINUX                                                            \
    {0x1f1, 1, 1}, {0x1fe, 2, 0xaa55}, {0x202, 4, HDRS}, {0x206, 2, 0x204}, \
    {                                                                       \
        0x211, 1, 1                                                         \
    }

/* clang-format off */
static const struct rule_case cases[] = {
    {"qemu-kernel", "bzimage", {"bzimage"}, {"bzimage", 0, {NO_HDRS}}},
    {"qemu-kernel", "bzimage.pvh", {"linux64", 0, {AS_LINUX}}, {"bzimage"}},
    {"qemu-kernel", "multiboot", {"elf32-multiboot"}, {"elf32"}},
    {"qemu-kernel", "multiboot.video", {"elf32-multiboot", .spoil = video}, {"elf32-multiboot", .spoil = flag3}},
    {"qemu-kernel", "multiboot.elf64", {"elf64-multiboot"}, {"elf32-multiboot"}},
    {"qemu-kernel", "elf", {"elf64-pvh"}, {"elf64"}},
    {"qemu-kernel", "elf.note", {"elf64"}, {"elf64-pvh"}},
    {"qemu-kernel", "elf.align", {"elf64-merged"}, {"elf64-pvh"}},
    {"qemu-kernel", "old", {"boot-sector"}, {"bzimage"}},
    {"qemu-kernel", "bzimage.tail", {"bzimage", .spoil = tail}, {"bzimage"}},
    {"qemu-kernel", "none", {"pe"}, {"boot-sector"}},

    {"firecracker", "pvh", {"elf64-pvh"}, {"elf64-pvh8", .spoil = odd_notes}},
    {"firecracker", "elf.class", {"elf32"}, {"elf64"}},
    {"firecracker", "elf.phoff", {"elf64", 0, {{E_PHOFF, 8, 63}}}, {"elf64"}},
    {"firecracker", "elf.sound", {"elf64", 0, {{E_PHNUM, 2, 0}}}, {"elf64"}},
    {"firecracker", "elf.entry", {"elf64", 0, {{E_ENTRY, 8, 0xfffff}}}, {"elf64", 0, {{E_ENTRY, 8, 0x100000}}}},
    {"firecracker", "elf", {"elf64"}, {"elf64-pvh"}},
    {"firecracker", "elf.entry.physical", {"elf64", 0, {{E_ENTRY, 8, 0xffffff}}},
        {"elf64", 0, {{E_ENTRY, 8, 0x1000000}}}},
    {"firecracker", "elf.gib", {"elf64", 0, {{PHDR(3) + P_MEMSZ, 8, 0x40000001 - 0x1004000}}},
        {"elf64", 0, {{PHDR(3) + P_MEMSZ, 8, 0x40000000 - 0x1004000}}}},
    {"firecracker", "elf.linux", {"elf64"}, {"linux64-fixed"}},
    {"firecracker", "elf.note", {"elf64-pvh", 0, {{PHDR(3) + P_TYPE, 4, ZP_PT_NOTE}}}, {"elf64"}},
    {"firecracker", "bzimage", {"bzimage"}, {"bzimage", 0, {NO_HDRS}}},
    {"firecracker", "bzimage.high", {"zimage"}, {"bzimage"}},
    {"firecracker", "bzimage.entry64", {"bzimage-i386"}, {"bzimage-2.12"}},
    {"firecracker", "bzimage.code32", {"bzimage", 0, {{0x214, 4, 0xfffff}}}, {"bzimage", 0, {{0x214, 4, 0x100000}}}},
    {"firecracker", "bzimage.reserve", {"bzimage"}, {"bzimage", 0, {{0x230, 4, 0x100000}, {0x258, 8, 0x100000}}}},
    {"firecracker", "bzimage.gib", {"bzimage", 0, {{0x260, 4, 0x3f000001}}}, {"bzimage", 0, {{0x260, 4, 0x3f000000}}}},
    {"firecracker", "bzimage.initrd", {"bzimage-2.12"}, {"bzimage-2.12", 0, {{0x22c, 4, 0xcfffffff}}}},
    {"firecracker", "bzimage.cmdline", {"bzimage", 0, {{0x238, 4, 2046}}}, {"bzimage", 0, {{0x238, 4, 2047}}}},
    {"firecracker", "pvh.tail", {"linux64", 0, {AS_LINUX}, .spoil = tail}, {"elf64-pvh"}},
    {"firecracker", "elf.tail", {"elf64", 0, {AS_LINUX}, .spoil = tail}, {"elf64"}},
    {"firecracker", "bzimage.tail", {"bzimage", .spoil = tail}, {"bzimage"}},
    {"firecracker", "none", {"pe"}, {"bzimage"}},

    {"cloud-hypervisor", "elf", {"elf64-pvh"}, {"elf64"}},
    {"cloud-hypervisor", "elf.class", {"elf32-pvh"}, {"elf64-pvh"}},
    {"cloud-hypervisor", "elf.phoff", {"elf64", 0, {{E_PHOFF, 8, 63}}}, {"elf64"}},
    {"cloud-hypervisor", "elf.sound", {"elf64", 0, {{E_PHNUM, 2, 0}}}, {"elf64"}},
    {"cloud-hypervisor", "elf.entry", {"elf64-pvh", 0, {{E_ENTRY, 8, 0xfffff}}},
        {"elf64-pvh", 0, {{E_ENTRY, 8, 0x100000}}}},
    {"cloud-hypervisor", "elf.note", {"elf64"}, {"elf64-pvh"}},
    {"cloud-hypervisor", "elf.note.padding", {"elf64-pvh8", .spoil = odd_notes}, {"elf64-merged"}},
    {"cloud-hypervisor", "elf.note.last", {"elf64-pvh", 0, {{PHDR(3) + P_TYPE, 4, ZP_PT_NOTE}}}, {"elf64-pvh"}},
    {"cloud-hypervisor", "bzimage", {"bzimage-i386"}, {"bzimage", 0, {NO_HDRS}}},
    {"cloud-hypervisor", "bzimage.high", {"zimage"}, {"bzimage"}},
    {"cloud-hypervisor", "bzimage.code32", {"bzimage", 0, {{0x214, 4, 0xfffff}}},
        {"bzimage", 0, {{0x214, 4, 0x100000}}}},
    {"cloud-hypervisor", "bzimage.reserve", {"bzimage"},
        {"bzimage", 0, {{0x230, 4, 0x100000}, {0x258, 8, 0x100000}}}},
    {"cloud-hypervisor", "bzimage.initrd", {"bzimage-i386", 0, {{0x236, 2, 0}}}, {"bzimage"}},
    {"cloud-hypervisor", "elf.tail", {"linux64", 0, {AS_LINUX}, .spoil = tail}, {"elf64-pvh"}},
    {"cloud-hypervisor", "bzimage.tail", {"bzimage", .spoil = tail}, {"bzimage"}},
    {"cloud-hypervisor", "none", {"pe"}, {"bzimage"}},

    {"crosvm", "multiboot", {"elf32-multiboot"}, {"elf32"}},
    {"crosvm", "multiboot.flags", {"elf32-multiboot", .spoil = flag3}, {"elf32-multiboot", .spoil = video}},
    {"crosvm", "elf64", {"elf64"}, {"elf32"}},
    {"crosvm", "elf.sound", {"elf64", 0, {{E_PHNUM, 2, 0}}}, {"elf64"}},
    {"crosvm", "elf.paddr", {"elf64", 0, {{PHDR(1) + P_PADDR, 8, 0x1fffff}}},
        {"elf64", 0, {{PHDR(1) + P_PADDR, 8, 0x200000}}}},
    {"crosvm", "elf.entry", {"elf64", 0, {{E_ENTRY, 8, 0xffffff}}}, {"elf64", 0, {{E_ENTRY, 8, 0x1000000}}}},
    {"crosvm", "elf.gib4", {"elf64", 0, {{PHDR(3) + P_MEMSZ, 8, 0x100000001 - 0x1004000}}},
        {"elf64", 0, {{PHDR(3) + P_MEMSZ, 8, 0x100000000 - 0x1004000}}}},
    {"crosvm", "elf.linux", {"elf64"}, {"linux64"}},
    {"crosvm", "elf.note", {"elf64-pvh"}, {"elf64"}},
    {"crosvm", "elf32", {"elf32"}, {"elf64"}},
    {"crosvm", "elf32.sound", {"elf32", 0, {{44, 2, 0}}}, {"elf32"}},
    {"crosvm", "elf32.paddr", {"elf32", 0, {{52 + 32 + 12, 4, 0x1fffff}}}, {"elf32", 0, {{52 + 32 + 12, 4, 0x200000}}}},
    {"crosvm", "elf32.entry", {"elf32", 0, {{E_ENTRY, 4, 0xffffff}}}, {"elf32", 0, {{E_ENTRY, 4, 0x1000000}}}},
    {"crosvm", "bzimage64", {"bzimage"}, {"bzimage-i386"}},
    {"crosvm", "bzimage64.relocatable", {"bzimage", 0, {{0x234, 1, 0}}}, {"bzimage"}},
    {"crosvm", "bzimage64.syssize", {"bzimage", .spoil = syssize_more}, {"bzimage", .spoil = syssize}},
    {"crosvm", "bzimage64.reserve", {"bzimage"}, {"bzimage", 0, {{0x258, 8, 0x200000}}}},
    {"crosvm", "bzimage32", {"bzimage-i386"}, {"bzimage"}},
    {"crosvm", "bzimage32.relocatable", {"bzimage-i386", 0, {{0x234, 1, 0}}}, {"bzimage-i386"}},
    {"crosvm", "bzimage32.syssize", {"bzimage-i386", .spoil = syssize_more}, {"bzimage-i386", .spoil = syssize}},
    {"crosvm", "bzimage32.reserve", {"bzimage-i386"}, {"bzimage-i386", 0, {{0x258, 8, 0x200000}}}},
    {"crosvm", "multiboot.tail", {"elf32-multiboot", 0, {AS_LINUX}, .spoil = tail}, {"elf32-multiboot"}},
    {"crosvm", "elf.tail", {"elf64", 0, {AS_LINUX}, .spoil = tail}, {"elf64"}},
    {"crosvm", "bzimage64.tail", {"bzimage", .spoil = tail}, {"bzimage"}},
    {"crosvm", "none", {"pe"}, {"bzimage"}},

    {"kvmtool", "bzimage", {"bzimage", 4096}, {"bzimage", 4096, {NO_HDRS}}},
    {"kvmtool", "bzimage.size", {"bzimage", 4095}, {"bzimage", 4096}},
    {"kvmtool", "bzimage.version", {"bzimage-2.05", 4096}, {"bzimage-2.05", 4096, {{0x206, 2, 0x206}}}},
    {"kvmtool", "bzimage.high", {"bzimage", 4096, {{0x211, 1, 0}}}, {"bzimage", 4096}},
    {"kvmtool", "bzimage.cmdline", {"bzimage", 4096}, {"elf64"}},
    {"kvmtool", "bzimage.tail", {"bzimage", 4096, .spoil = tail}, {"bzimage", 4096}},
    {"kvmtool", "none", {"elf64"}, {"bzimage", 4096}},

    {"xen-pvh", "elf", {"elf32-pvh"}, {"elf32"}},
    {"xen-pvh", "elf.note", {"elf64"}, {"elf64-merged"}},
    {"xen-pvh", "elf.padding", {"elf64-pvh8", .spoil = odd_notes}, {"elf64-pvh8"}},
    {"xen-pvh", "bzimage", {"inside"}, {"inside", .sealed = true}},
    {"xen-pvh", "bzimage.note", {"inside-plain"}, {"inside"}},
    {"xen-pvh", "bzimage-unseen", {"inside", .sealed = true}, {"inside"}},
    {"xen-pvh", "bzimage.unseen", {"inside", .sealed = true}, {"inside"}},
    {"xen-pvh", "elf.hdrs", {"linux64", 0, {AS_LINUX}, .spoil = protocol_208},
        {"linux64", 0, {AS_LINUX}, .spoil = payload_far}},
    {"xen-pvh", "elf.tail", {"linux64", 0, {AS_LINUX}, .spoil = tail}, {"elf64-pvh"}},
    {"xen-pvh", "none", {"bzimage-2.05"}, {"inside"}},

    {"hyperkit", "bzimage", {"bzimage"}, {"bzimage", 0, {NO_HDRS}}},
    {"hyperkit", "bzimage.setup_sects", {"bzimage", 8192, {{0x1f1, 1, 0}}}, {"bzimage", 8192, {{0x1f1, 1, 4}}}},
    {"hyperkit", "bzimage.boot_flag", {"bzimage", 0, {{0x1fe, 2, 0xaa54}}}, {"bzimage"}},
    {"hyperkit", "bzimage.version", {"bzimage", 0, {{0x206, 2, 0x209}}}, {"bzimage", 0, {{0x206, 2, 0x20a}}}},
    {"hyperkit", "bzimage.high", {"bzimage", 0, {{0x211, 1, 0}}}, {"bzimage"}},
    {"hyperkit", "bzimage.syssize", {"bzimage", .spoil = syssize_more}, {"bzimage", .spoil = syssize}},
    {"hyperkit", "bzimage.init_size", {"bzimage", 0x2400, {{0x260, 4, 0x1000}}}, {"bzimage", 0x2400, {{0x260, 4, 0x1001}}}},
    {"hyperkit", "bzimage.place", {"bzimage-fixed", 0, {{0x258, 8, 0xfffff}}}, {"bzimage-fixed", 0, {{0x258, 8, 0x100000}}}},
    {"hyperkit", "bzimage.reserve", {"bzimage"}, {"bzimage", 0, {{0x258, 8, 0x200000}}}},
    {"hyperkit", "bzimage.cmdline", {"bzimage", 0, {{0x238, 4, 254}}}, {"bzimage", 0, {{0x238, 4, 255}}}},
    {"hyperkit", "bzimage.tail", {"bzimage", .spoil = tail}, {"bzimage"}},
    {"hyperkit", "none", {"elf64"}, {"bzimage"}},

    {"bhyve", "esp", {"disk"}, {"disk", 0, {{0x1be + 4, 1, 0x83}}}},
    {"bhyve", "esp.fat", {"disk", 0, {{ESP_AT + 11, 2, 0}}}, {"gpt"}},
    {"bhyve", "esp.loader", {"disk", .spoil = esp_other_name}, {"disk"}},
    {"bhyve", "esp.pe", {"disk", .spoil = esp_no_pe}, {"disk"}},
    {"bhyve", "esp.machine", {"disk", .spoil = esp_i386}, {"gpt"}},
    {"bhyve", "esp.whole", {"disk", .spoil = esp_cut}, {"disk"}},
    {"bhyve", "esp.subsystem", {"disk", .spoil = esp_driver}, {"disk"}},
    {"bhyve", "linux", {"bzimage"}, {"elf64"}},
    {"bhyve", "linux.version", {"bzimage-2.00"}, {"bzimage"}},
    {"bhyve", "linux.high", {"zimage", 0, {{0x206, 2, 0x203}}}, {"bzimage"}},
    {"bhyve", "linux.grub", {"bzimage"}, {"disk"}},
    {"bhyve", "efi", {"pe"}, {"elf64"}},
    {"bhyve", "efi.machine", {"arm64"}, {"pe"}},
    {"bhyve", "efi.disk", {"pe"}, {"disk"}},
    {"bhyve", "none", {"elf64"}, {"pe"}},

    {"kexec", "multiboot2", {"elf32-multiboot"}, {"elf32"}},
    {"kexec", "elf64", {"elf64"}, {"elf32"}},
    {"kexec", "elf.sound", {"elf64", 0, {{E_PHNUM, 2, 0}}}, {"elf64"}},
    {"kexec", "elf.entry", {"elf64", 0, {{E_ENTRY, 8, 0xffffff}}}, {"elf64", 0, {{E_ENTRY, 8, 0x1000000}}}},
    {"kexec", "elf.page", {"elf64", 0, {{PHDR(1) + P_PADDR, 8, 0x1000010}}}, {"elf64"}},
    {"kexec", "elf.notes", {"elf64-pvh", .spoil = cut_note}, {"elf64-pvh"}},
    {"kexec", "elf32.page", {"elf32", 0, {{52 + 32 + 12, 4, 0x1000010}}}, {"elf32"}},
    {"kexec", "elf.args", {"elf64"}, {"bzimage"}},
    {"kexec", "elf.linux", {"elf64"}, {"linux64"}},
    {"kexec", "multiboot", {"multiboot1"}, {"elf64"}},
    {"kexec", "multiboot.flags", {"multiboot1", .spoil = flag3}, {"multiboot1"}},
    {"kexec", "elf32", {"elf32"}, {"elf64"}},
    {"kexec", "elf32.sound", {"elf32", 0, {{44, 2, 0}}}, {"elf32"}},
    {"kexec", "elf32.entry", {"elf32", 0, {{E_ENTRY, 4, 0xffffff}}}, {"elf32", 0, {{E_ENTRY, 4, 0x1000000}}}},
    {"kexec", "elf32.args", {"elf32"}, {"bzimage"}},
    {"kexec", "elf32.linux", {"elf32"}, {"linux32"}},
    {"kexec", "bzimage64", {"bzimage"}, {"bzimage-2.12"}},
    {"kexec", "bzimage", {"bzimage-2.12"}, {"bzimage"}},
    {"kexec", "bzimage.size", {"bzimage", 1023}, {"bzimage", 1024}},
    {"kexec", "bzimage.boot_flag", {"bzimage", 0, {{0x1fe, 2, 0xaa54}}}, {"bzimage"}},
    {"kexec", "bzimage.version", {"bzimage", 0, {{0x206, 2, 0x1ff}}}, {"bzimage", 0, {{0x206, 2, 0x200}}}},
    {"kexec", "bzimage.high", {"zimage"}, {"bzimage"}},
    {"kexec", "multiboot2.tail", {"elf32-multiboot", 0, {AS_LINUX}, .spoil = tail}, {"elf32-multiboot"}},
    {"kexec", "elf.tail", {"elf64", 0, {AS_LINUX}, .spoil = tail}, {"elf64"}},
    {"kexec", "bzimage.tail", {"bzimage-2.12", .spoil = tail}, {"bzimage-2.12"}},
    {"kexec", "none", {"pe"}, {"bzimage"}},

    {"grub-linux", "linux", {"bzimage"}, {"bzimage-2.03"}},
    {"grub-linux", "linux.setup_sects", {"bzimage", 0x10000, {{0x1f1, 1, 65}}}, {"bzimage", 0x10000, {{0x1f1, 1, 64}}}},
    {"grub-linux", "linux.init_size", {"bzimage", 0x2400, {{0x260, 4, 0x1000}}},
        {"bzimage", 0x2400, {{0x260, 4, 0x2000}}}},
    {"grub-linux", "linux16", {"bzimage-2.03"}, {"bzimage"}},
    {"grub-linux", "linux.boot_flag", {"bzimage", 0, {{0x1fe, 2, 0xaa54}}}, {"bzimage"}},
    {"grub-linux", "linux16.boot_flag", {"zimage", 0, {{0x1fe, 2, 0xaa54}}}, {"zimage"}},
    {"grub-linux", "linux16.setup_sects", {"zimage", 0x10000, {{0x1f1, 1, 65}}}, {"zimage", 0x10000, {{0x1f1, 1, 64}}}},
    {"grub-linux", "linux16.command", {"zimage"}, {"bzimage"}},
    {"grub-linux", "linux16-old", {"boot-sector"}, {"zimage"}},
    {"grub-linux", "linux16-old.command", {"boot-sector"}, {"zimage"}},
    {"grub-linux", "linux16-tail", {"bzimage", 0, {{0x260, 4, 0x1000}}, .spoil = tail}, {"bzimage", .spoil = tail}},
    {"grub-linux", "linux16-tail.command", {"bzimage", 0, {{0x260, 4, 0x1000}}, .spoil = tail}, {"bzimage"}},
    {"grub-linux", "linux16-tail.tail", {"bzimage", 0, {{0x260, 4, 0x1000}}, .spoil = tail}, {"bzimage"}},
    {"grub-linux", "linux16.tail", {"bzimage-2.03", .spoil = tail}, {"bzimage-2.03"}},
    {"grub-linux", "none", {"elf64"}, {"boot-sector"}},

    {"grub-multiboot", "multiboot", {"elf64-multiboot"}, {"elf64"}},
    {"grub-multiboot", "multiboot.flags", {"elf32-multiboot", .spoil = flag3}, {"elf32-multiboot", .spoil = video}},
    {"grub-multiboot", "multiboot.tail", {"elf32-multiboot", 0, {AS_LINUX}, .spoil = tail}, {"elf32-multiboot"}},
    {"grub-multiboot", "none", {"multiboot2"}, {"multiboot1"}},
    {"grub-multiboot2", "multiboot2", {"multiboot2"}, {"multiboot1"}},
    {"grub-multiboot2", "multiboot2.tail", {"elf32-multiboot", 0, {AS_LINUX}, .spoil = tail}, {"elf32-multiboot"}},
    {"grub-multiboot2", "none", {"multiboot1"}, {"multiboot2"}},

    {"grub-efi-linux", "linux", {"bzimage"}, {"bzimage-2.03"}},
    {"grub-efi-linux", "linux.boot_flag", {"bzimage", 0, {{0x1fe, 2, 0xaa54}}}, {"bzimage"}},
    {"grub-efi-linux", "linux.setup_sects", {"bzimage", 0x10000, {{0x1f1, 1, 65}}},
        {"bzimage", 0x10000, {{0x1f1, 1, 64}}}},
    {"grub-efi-linux", "linux.version", {"bzimage-2.00"}, {"bzimage-2.03"}},
    {"grub-efi-linux", "linux.high", {"zimage", 0, {{0x206, 2, 0x203}}}, {"bzimage-2.03"}},
    {"grub-efi-linux", "linux.bios", {"bzimage-2.03"}, {"bzimage-2.05"}},
    {"grub-efi-linux", "linux.tail", {"bzimage", 0, {{0x260, 4, 0x1000}}, .spoil = tail}, {"bzimage", .spoil = tail}},
    {"grub-efi-linux", "linux.init_size", {"bzimage", 0x2400, {{0x260, 4, 0x1000}}}, {"bzimage", 0x2400, {{0x260, 4, 0x2000}}}},
    {"grub-efi-linux", "none", {"boot-sector"}, {"bzimage"}},

    {"syslinux", "linux", {"zimage"}, {"boot-sector"}},
    {"syslinux", "linux.size", {"bzimage", 1023}, {"bzimage", 1024}},
    {"syslinux", "linux.boot_flag", {"bzimage", 0, {{0x1fe, 2, 0xaa54}}}, {"bzimage"}},
    {"syslinux", "linux-old", {"boot-sector"}, {"zimage"}},
    {"syslinux", "mboot", {"elf64-multiboot"}, {"elf64"}},
    {"syslinux", "mboot.flags", {"elf32-multiboot", .spoil = flag3}, {"elf32-multiboot", .spoil = video}},
    {"syslinux", "mboot.module", {"multiboot1"}, {"bzimage"}},
    {"syslinux", "linux.setup_sects", {"bzimage", 0x20000, {{0x1f1, 1, 128}}},
        {"bzimage", 0x20000, {{0x1f1, 1, 127}}}},
    {"syslinux", "mboot.place", {"multiboot1", .spoil = high}, {"multiboot1"}},
    {"syslinux", "elf", {"elf32"}, {"elf64"}},
    {"syslinux", "elf.sound", {"elf32", 0, {{44, 2, 0}}}, {"elf32"}},
    {"syslinux", "elf.module", {"elf32"}, {"elf32-multiboot"}},
    {"syslinux", "linux.tail", {"bzimage", .spoil = tail}, {"bzimage"}},
    {"syslinux", "none", {"elf64"}, {"multiboot1"}},

    {"ipxe", "bzimage", {"bzimage-2.00"}, {"multiboot1"}},
    {"ipxe", "multiboot", {"elf32-multiboot"}, {"elf32"}},
    {"ipxe", "multiboot.flags", {"elf32-multiboot", .spoil = video}, {"elf32-multiboot"}},
    {"ipxe", "multiboot.class", {"elf64-multiboot"}, {"elf32-multiboot"}},
    {"ipxe", "bzimage.boot_flag", {"bzimage", 0, {{0x1fe, 2, 0xaa54}}}, {"bzimage"}},
    {"ipxe", "bzimage.setup_sects", {"bzimage", 0x20000, {{0x1f1, 1, 75}}}, {"bzimage", 0x20000, {{0x1f1, 1, 74}}}},
    {"ipxe", "multiboot.place", {"multiboot1", .spoil = high}, {"multiboot1"}},
    {"ipxe", "elf", {"elf32"}, {"elf64"}},
    {"ipxe", "elf.sound", {"elf32", 0, {{44, 2, 0}}}, {"elf32"}},
    {"ipxe", "elf.entry", {"elf32", 0, {{E_ENTRY, 4, 0xffffff}}}, {"elf32", 0, {{E_ENTRY, 4, 0x1000000}}}},
    {"ipxe", "elf.low", {"elf32", 0, {{52 + 32 + 12, 4, 0xfffff}, {E_ENTRY, 4, 0xfffff}}},
        {"elf32", 0, {{52 + 32 + 12, 4, 0x100000}, {E_ENTRY, 4, 0x100000}}}},
    {"ipxe", "elf.high", {"elf32", 0, {{52 + 96 + 20, 4, 0xe0000001 - 0x1004000}}},
        {"elf32", 0, {{52 + 96 + 20, 4, 0xe0000000 - 0x1004000}}}},
    {"ipxe", "elf.nothing", {"elf32"}, {"elf32-multiboot"}},
    {"ipxe", "bzimage.tail", {"bzimage", .spoil = tail}, {"bzimage"}},
    {"ipxe", "multiboot.tail", {"elf32-multiboot", 0, {AS_LINUX}, .spoil = tail}, {"elf32-multiboot"}},
    {"ipxe", "none", {"elf64"}, {"multiboot1"}},

    {"bios-disk", "disk", {"disk"}, {"disk", 0, {{0x1fe, 2, 0xaa54}}}},
    {"bios-disk", "disk.kernel", {"bzimage", 0, {{0, 4, 0xc00005ea}, {4, 1, 7}}}, {"disk", 0, {{0, 2, 0x5a4d}}}},
    {"bios-disk", "disk.code", {"disk", 0, {{0, 4, 0}}}, {"disk"}},
    {"bios-disk", "none", {"disk", 0, {{0x1fe, 2, 0xaa54}}}, {"disk"}},

    {"uefi", "pe", {"bzimage"}, {"elf64"}},
    {"uefi", "pe.machine", {"pe", .spoil = pe_i386}, {"pe"}},
    {"uefi", "pe.whole", {"pe", .spoil = cut_section}, {"pe"}},
    {"uefi", "pe.subsystem", {"pe", .spoil = pe_driver}, {"pe"}},
    {"uefi", "esp", {"gpt"}, {"gpt", 0, {{512, 4, 0}}}},
    {"uefi", "esp.fat", {"disk", 0, {{ESP_AT + 11, 2, 0}}}, {"gpt"}},
    {"uefi", "esp.loader", {"disk", .spoil = esp_other_name}, {"disk"}},
    {"uefi", "esp.pe", {"disk", .spoil = esp_no_pe}, {"disk"}},
    {"uefi", "esp.machine", {"disk", .spoil = esp_i386}, {"gpt"}},
    {"uefi", "esp.whole", {"disk", .spoil = esp_cut}, {"disk"}},
    {"uefi", "esp.subsystem", {"disk", .spoil = esp_driver}, {"disk"}},
    {"uefi", "none", {"elf64"}, {"gpt"}},

    {"kexec", "none", {"bzimage", .spoil = gzipped}, {"bzimage"}},
    {"syslinux", "unpack", {"elf32-multiboot", .spoil = gzipped}, {"elf32-multiboot"}},
    {"qemu-kernel", "none", {"bzimage", .spoil = gzipped}, {"bzimage"}},
    {"grub-linux", "unpack", {"bzimage", .spoil = gzipped}, {"bzimage"}},
};
/* clang-format on */
#define CASE_COUNT (sizeof(cases) / sizeof(cases[0]))

/* --- asking --------------------------------------------------------------------------------------- */

static void make_variant(struct gen_image *image, const struct variant *variant)
{
    make_kind(image, variant->kind);
    if (variant->resize)
        gen_resize(image, variant->resize);
    for (size_t i = 0; i < POKES && variant->pokes[i].size; i++)
        gen_poke(image, variant->pokes[i].offset, variant->pokes[i].size, variant->pokes[i].value);
    if (variant->spoil)
        variant->spoil(image);
}

/* The row of that host on an image, which is freed. */
static void judge(struct gen_image *image, const char *host, bool sealed, struct zp_verdict_row *ret_row)
{
    static const struct zp_opening examine = {.examine = true};
    struct zp_verdict_row rows[ZP_HOST_COUNT];
    struct zp_opened_image opened;
    char path[PATH_SIZE];

    write_image(path, image);
    assert_int_equal(zp_opened_image_open(&opened, path, &examine, NULL), 0);
    if (!sealed && opened.refusal.code == ZP_OK && opened.image.bzimage.payload_length)
        (void)zp_opened_image_direct(&opened, &examine, NULL);
    assert_int_equal(zp_verdicts(&opened, rows, ZP_HOST_COUNT), ZP_HOST_COUNT);
    memset(ret_row, 0, sizeof(*ret_row));
    for (size_t i = 0; i < ZP_HOST_COUNT; i++) {
        assert_true((rows[i].verdict == ZP_VERDICT_DOES_NOT) == (rows[i].entry == NULL));
        assert_true((rows[i].verdict == ZP_VERDICT_BOOTS_BUT) == (rows[i].but[0] != '\0'));
        assert_true(rows[i].rule[0] != '\0' && rows[i].version[0] != '\0');
        if (strcmp(rows[i].host, host) == 0)
            *ret_row = rows[i];
    }
    assert_non_null(ret_row->host);
    zp_opened_image_close(&opened);
    unlink(path);
}

/* Does the rule decide, or stand among the buts? */
static bool says(const struct zp_verdict_row *row, const char *id)
{
    for (size_t i = 0; i < row->but_count; i++)
        if (strcmp(row->buts[i], id) == 0)
            return true;
    for (size_t i = 0; i < row->note_count; i++)
        if (strcmp(row->notes[i], id) == 0)
            return true;
    return strcmp(row->id, id) == 0;
}

static void each_rule(void **state)
{
    (void)state;
    for (size_t i = 0; i < CASE_COUNT; i++) {
        struct zp_verdict_row row;
        struct gen_image image;

        make_variant(&image, &cases[i].says);
        judge(&image, cases[i].host, cases[i].says.sealed, &row);
        if (!says(&row, cases[i].id))
            fail_msg("%s %s does not speak, but %s: %s; %s", cases[i].host, cases[i].id, row.id, row.rule,
                     row.but);
        make_variant(&image, &cases[i].silent);
        judge(&image, cases[i].host, cases[i].silent.sealed, &row);
        if (says(&row, cases[i].id))
            fail_msg("%s %s speaks: %s; %s", cases[i].host, cases[i].id, row.rule, row.but);
    }
}

static bool has_case(const char *host, const char *id)
{
    if (strcmp(host, "qemu-kernel") == 0 && strcmp(id, "bzimage.size") == 0)
        return true; /* huge_file */
    for (size_t i = 0; i < CASE_COUNT; i++)
        if (strcmp(cases[i].host, host) == 0 && strcmp(cases[i].id, id) == 0)
            return true;
    return false;
}

static void check_group(const struct zp_host *hosts, size_t count)
{
    for (size_t h = 0; h < count; h++)
        for (size_t i = 0; i < hosts[h].rule_count; i++)
            if (!has_case(hosts[h].name, hosts[h].rules[i].id))
                fail_msg("no case for %s %s", hosts[h].name, hosts[h].rules[i].id);
}

static void no_rule_is_untested(void **state)
{
    (void)state;
    check_group(zp_vmm_hosts, zp_vmm_host_count);
    check_group(zp_loader_hosts, zp_loader_host_count);
    check_group(zp_firmware_hosts, zp_firmware_host_count);
    assert_int_equal(zp_vmm_host_count + zp_loader_host_count + zp_firmware_host_count, ZP_HOST_COUNT);
}

/* --- what is the same for all ---------------------------------------------------------------------- */

static void faulty_entries(void **state)
{
    struct zp_verdict_row row;
    struct gen_image image;

    (void)state;
    /* init_size 0: nobody but us and hyperkit asks it. */
    make_variant(&image, &(struct variant){"bzimage", 0, {{0x260, 4, 0}}});
    judge(&image, "qemu-kernel", false, &row);
    assert_int_equal(row.verdict, ZP_VERDICT_BOOTS_BUT);
    assert_string_equal(row.buts[0], "entry.unnoticed");
    assert_non_null(strstr(row.but, "init_size 0x0"));
    /* linux-loader looks at "HdrS" and not at boot_flag. */
    make_variant(&image, &(struct variant){"bzimage", 0, {{0x1fe, 2, 0}}});
    judge(&image, "firecracker", false, &row);
    assert_int_equal(row.verdict, ZP_VERDICT_BOOTS_BUT);
    assert_string_equal(row.entry, "linux64");
    assert_non_null(strstr(row.but, "boot_flag 0x0"));
    /* Code that is not there runs nowhere. */
    make_variant(&image, &(struct variant){"bzimage", 0x400});
    judge(&image, "qemu-kernel", false, &row);
    assert_string_equal(row.id, "entry.faulty");
    /* memdisk and its like have the 16-bit entry alone. */
    make_variant(&image, &(struct variant){"bzimage-2.03"});
    judge(&image, "kexec", false, &row);
    assert_string_equal(row.id, "entry.missing");
    /* A PVH entry in no segment. */
    gen_elf(&image, &(struct gen_elf){.pvh = true});
    gen_poke(&image, image.note_entry + 16, 4, 0x500);
    judge(&image, "qemu-kernel", false, &row);
    assert_string_equal(row.id, "entry.faulty");
    assert_non_null(strstr(row.rule, "0x500"));
}

static void layers(void **state)
{
    struct zp_verdict_row row;
    struct gen_image image;

    (void)state;
    make_variant(&image, &(struct variant){"elf32-multiboot", .spoil = gzipped});
    judge(&image, "grub-multiboot", false, &row);
    assert_int_equal(row.verdict, ZP_VERDICT_BOOTS_BUT);
    assert_string_equal(row.entry, "multiboot1");
    make_variant(&image, &(struct variant){"elf32-multiboot", .spoil = gzipped});
    judge(&image, "ipxe", false, &row);
    assert_int_equal(row.verdict, ZP_VERDICT_DOES_NOT);
    assert_non_null(strstr(row.rule, "compressed with gzip"));
    /* A UKI is a PE from outside, whatever is in it. */
    gen_uki(&image);
    judge(&image, "uefi", false, &row);
    assert_string_equal(row.entry, "efi");
    gen_uki(&image);
    judge(&image, "qemu-kernel", false, &row);
    assert_string_equal(row.id, "none");
}

static void numbers_and_names(void **state)
{
    struct zp_verdict_row row;
    struct gen_image image;

    (void)state;
    make_variant(&image, &(struct variant){"bzimage-2.05", 4096});
    judge(&image, "kvmtool", false, &row);
    assert_string_equal(row.rule, "protocol 2.05 (at 0x206) is older than 2.06");
    make_variant(&image, &(struct variant){"bzimage"});
    judge(&image, "crosvm", false, &row);
    assert_string_equal(row.entry, "linux64");
    assert_non_null(strstr(row.but, "64 KiB from 0x1000000"));
    make_variant(&image, &(struct variant){"gpt"});
    judge(&image, "uefi", false, &row);
    assert_non_null(strstr(row.rule, "partition 2 (sector 64)"));
    assert_string_equal(zp_verdict_name(ZP_VERDICT_BOOTS_BUT), "boots but");
    assert_string_equal(zp_verdict_name(99), "unknown");
}

/* QEMU counts kernels in an int; the file has a hole. */
static void huge_file(void **state)
{
    static const struct zp_opening examine = {.examine = true};
    static const struct {
        off_t size;
        const char *id;
    } sizes[] = {{0x7fffffff, "bzimage"}, {0x80000000, "bzimage.size"}};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct zp_verdict_row rows[ZP_HOST_COUNT];
        struct zp_opened_image opened;
        struct gen_image image;
        char path[PATH_SIZE];

        make_kind(&image, "bzimage");
        write_image(path, &image);
        assert_int_equal(truncate(path, sizes[i].size), 0);
        assert_int_equal(zp_opened_image_open(&opened, path, &examine, NULL), 0);
        (void)zp_verdicts(&opened, rows, ZP_HOST_COUNT);
        assert_string_equal(rows[0].host, "qemu-kernel");
        assert_string_equal(rows[0].id, sizes[i].id);
        zp_opened_image_close(&opened);
        unlink(path);
    }
}

/* What is the disk of a BIOS though it begins with MZ, and how partitions behind a kernel are told. */
static void packed_shapes(void **state)
{
    struct zp_verdict_row row;
    struct gen_image image;

    (void)state;
    make_variant(&image, &(struct variant){"bzimage", 0, {{0, 4, 0x10eb5a4d}, {0x14, 4, 0x90fa}}});
    judge(&image, "bios-disk", false, &row);
    assert_string_equal(row.id, "disk");
    make_variant(&image, &(struct variant){"bzimage", 0, {{0, 4, 0x10eb5a4d}, {0x14, 4, 0}}});
    judge(&image, "bios-disk", false, &row);
    assert_string_equal(row.id, "disk.kernel"); /* the jump leads to nothing */
    make_variant(&image, &(struct variant){"bzimage", 0, {{0, 4, 0x80eb5a4d}, {0x84, 4, 0x90fa}}});
    judge(&image, "bios-disk", false, &row);
    assert_string_equal(row.id, "disk.kernel"); /* or backwards */
    /* e_entry is the 64-bit entry of the same file's bzImage: it takes boot_params, whoever enters it. */
    make_variant(&image, &(struct variant){"elf64", 0, {AS_LINUX}});
    gen_poke(&image, 0x206, 2, 0x20f);
    gen_poke(&image, 0x236, 2, 1);
    gen_poke(&image, 0x258, 8, gen_peek(&image, E_ENTRY, 8) - 0x200);
    judge(&image, "crosvm", false, &row);
    assert_false(says(&row, "elf.linux"));
    make_variant(&image, &(struct variant){"linux64", 0, {AS_LINUX}});
    gen_poke(&image, 0x206, 2, 0x20f);
    gen_poke(&image, 0x236, 2, 1);
    gen_poke(&image, 0x258, 8, gen_peek(&image, E_ENTRY, 8) - 0x200);
    judge(&image, "qemu-kernel", false, &row);
    assert_false(says(&row, "bzimage.pvh"));
    make_variant(&image, &(struct variant){"elf64", 0, {AS_LINUX}});
    gen_poke(&image, 0x206, 2, 0x20f);
    gen_poke(&image, 0x236, 2, 1);
    gen_poke(&image, 0x258, 8, gen_peek(&image, E_ENTRY, 8) - 0x201);
    judge(&image, "crosvm", false, &row);
    assert_true(says(&row, "elf.linux"));
    make_variant(&image, &(struct variant){"bzimage", .spoil = tail});
    judge(&image, "qemu-kernel", false, &row);
    assert_non_null(strstr(row.but, "the 8192 B of partitions"));
}

/* Rows past the room are left out, the count is of all. */
static void short_room(void **state)
{
    static const struct zp_opening examine = {.examine = true};
    struct zp_verdict_row rows[2];
    struct zp_opened_image opened;
    struct gen_image image;
    char path[PATH_SIZE];

    (void)state;
    make_kind(&image, "bzimage");
    write_image(path, &image);
    assert_int_equal(zp_opened_image_open(&opened, path, &examine, NULL), 0);
    memset(rows, 0, sizeof(rows));
    assert_int_equal(zp_verdicts(&opened, rows, 1), ZP_HOST_COUNT);
    assert_non_null(rows[0].host);
    assert_null(rows[1].host);
    assert_int_equal(zp_verdicts(&opened, NULL, 0), ZP_HOST_COUNT);
    zp_opened_image_close(&opened);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule), cmocka_unit_test(no_rule_is_untested), cmocka_unit_test(faulty_entries),
        cmocka_unit_test(layers),    cmocka_unit_test(numbers_and_names),   cmocka_unit_test(short_room),
        cmocka_unit_test(huge_file), cmocka_unit_test(packed_shapes),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
