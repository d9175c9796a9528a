/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The handoff report: in what state a kernel was entered and what it was handed, as lines of JSON.
 *
 * The same sources write it twice: freestanding in the probe guest, which sees the handoff from inside, and
 * hosted for `zeropage run --trace handoff`, which sees it from outside before the first instruction. Both
 * give a view; zp_probe_report reads guest memory through it, trusts nothing that it reads, and says what it
 * found. The judge (judge.h) reads the lines again.
 *
 * Freestanding: no libc, no static data that needs relocation, no recursion, little stack (under 2 KiB).
 *
 * Each line is an object that begins {"probe":"KIND"; other text may stand before the brace (a firmware's
 * escape sequences) and between lines. Addresses and registers are strings "0x...", sizes and counts are
 * integers. A report is:
 *
 *   begin        schema (1), seen ("inside"/"outside"), image (its name; "" outside), protocol
 *   cpu          mode ("real16", "protected32", "long64"), rip, rflags, rax rbx rcx rdx rsi rdi rbp rsp,
 *                r8 ... r15 (long64 alone), cr0, cr2, cr3, cr4, efer (absent in real16), gdt {base,limit},
 *                idt {base,limit}, cs ds es fs gs ss tr ldtr (selectors; tr, ldtr absent in real16)
 *   segments     outside alone: cs ... ldtr {base, limit (in bytes, granularity applied), type, s, dpl,
 *                present, l, db, g, unusable}: base and limit "0x...", the others integers
 *   descriptors  cs ds es fs gs ss tr: the 8 bytes that the GDT in memory has for the selector, "0x...", or
 *                null (null selector, past the limit, table unreadable); for tr in long mode the low 8.
 *                Absent in real16
 *   paging       only with CR0.PG: levels, tables (pages of tables entered; one that is reached by two ways
 *                counts twice), cr3, unreadable (of the tables), cut (bool: more than 8192 tables, the rest
 *                is not looked at); then
 *   mapping      virtual, physical, size, writable, executable, user: neighbours that agree are one line; at
 *                most 64 lines, then {"probe":"mapping","more":N}
 *   table        each page of page tables: at, level (1 maps 4 KiB pages); at most 64, then "more"
 *   boot_params  address, sentinel, acpi_rsdp_addr, e820_entries, ext_ramdisk_image, ext_ramdisk_size,
 *                ext_cmd_line_ptr, cc_blob_address, screen_info nonzero (bool), efi_info signature (hex) and
 *                stray: offset of the first nonzero byte outside of every field that is known, or null;
 *                "error" when it is unreadable
 *   setup_header every field of struct zp_setup_header by its name; setup_sects, syssize, setup_move_size,
 *                ramdisk_size, relocatable_kernel, min_alignment, cmdline_size, hardware_subarch,
 *                payload_length and init_size are integers. "error" alone when it is unreadable
 *   setup_data   index, address, type, len, crc32, next, for an indirect one indirect_type, indirect_len,
 *                indirect_addr; at most 32; an "error" ("loop", "unreadable", "too many") ends the list
 *   start_info   address, magic, version, flags, nr_modules, modlist_paddr, cmdline_paddr, rsdp_paddr, and
 *                from version 1 memmap_paddr, memmap_entries, reserved; "error" when it is unreadable
 *   multiboot1   address, flags, every word of the information structure by its name of the specification
 *                (those before framebuffer_addr always, set or not), syms {num,size,addr,shndx}, loader (the
 *                text of boot_loader_name); "error" when it is unreadable
 *   multiboot2   address, total_size, reserved; "error" when it is unreadable; then
 *   tag          index, type, size, at; and with the fields of those that we know, by their names of the
 *                specification (string; mod_start, mod_end; mem_lower, mem_upper; biosdev, slice, part;
 *                entry_size, entry_version; framebuffer_...; num, entsize, shndx; pointer; version, rsdp (the
 *                copy); descr_size, descr_vers; load_base_addr); where the walk breaks an "error": "size",
 *                "beyond the end", "no end tag", "too many", "unreadable"
 *   efi          image_handle, system_table, signature, revision, vendor, firmware_revision, table_crc
 *                (bool), tables (number of configuration tables), image_base, image_size, load_options_size,
 *                load_options (text), memory_map_size, descriptor_size
 *   efi_table    index, guid, address: a configuration table; at most 32, then "more"
 *   memory       index, start, size, type: a range of the memory map as handed over, in its order; at most
 *                512, then "more". e820 types; for efi the UEFI type is "efi_type" besides. An "error" where
 *                the list of multiboot 1 breaks. linux16 has none: it asks the BIOS
 *   cmdline      present (bool), and if so address, length, crc32, text (at most 4096 bytes), terminated
 *                (bool: a NUL within 65536 bytes, or within its tag), "error" when it is unreadable
 *   module       index, start, size, crc32, cmdline (null without; absent for Linux), reserved (PVH,
 *                multiboot 1); "error" ("unreadable", "too large", ...) for crc32 where it cannot be read;
 *                at most 32, then "more". Linux: the initrd, when its address or size is not 0
 *   rsdp         told (address or "0x0"), scanned (in the first KiB of the EBDA, the last of base memory or
 *                e0000-fffff, with a sound checksum, or "0x0"); of the one told, else scanned: sum (bool),
 *                revision, rsdt, xsdt, or "error" when it is unreadable
 *   acpi         signature, address, length, revision, sum (bool): each table that is reachable, the root
 *                table first. FACS: revision and sum null. "error": "length", "unreadable"
 *   mptable      address, table, sum (bool); no line when there is none
 *   a20          inside alone: enabled (bool)
 *   image        inside alone: base, linked, size (bytes from the file), crc32, expected, bss_start,
 *                bss_size, bss_dirty (bytes that were not 0), first_dirty
 *   touched      inside alone: promise (reserve, boot_params, cmdline, stack, ...), start, size, pages, bad,
 *                first_bad; "through": "loader" when the loader's own page tables were in force, else "own"
 *   end          lines (before this one), crc32 of all of them, each from its brace through its newline
 *   off          after the end: way; said before each try to power off
 *
 * crc32 is the one of zlib and Ethernet, as "0x%08x".
 */
#ifndef ZP_PROBE_REPORT_H
#define ZP_PROBE_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include <zeropage/plan.h>

#include "cpu.h"

#define ZP_PROBE_SCHEMA 1

/* Beyond enum zp_protocol: an EFI application is entered by the firmware alone. */
#define ZP_PROBE_PROTOCOL_EFI 32

/* The order of zp_probe_view.segments. */
enum zp_probe_segment {
    ZP_PROBE_SEGMENT_CS,
    ZP_PROBE_SEGMENT_DS,
    ZP_PROBE_SEGMENT_ES,
    ZP_PROBE_SEGMENT_FS,
    ZP_PROBE_SEGMENT_GS,
    ZP_PROBE_SEGMENT_SS,
    ZP_PROBE_SEGMENT_TR,
    ZP_PROBE_SEGMENT_LDTR,
    ZP_PROBE_SEGMENT_COUNT
};

struct zp_probe_writer;

/* What only boot services tell an EFI application. Addresses are physical. */
struct zp_probe_efi {
    uint64_t image_base, image_size;
    uint64_t load_options; /* text of 16-bit units */
    uint64_t load_options_size;
    uint64_t memory_map; /* descriptors of descriptor_size bytes */
    uint64_t memory_map_size;
    uint64_t descriptor_size;
};

/* What is to be reported, and how to get at it. All borrowed. */
struct zp_probe_view {
    const char *seen;  /* "inside" or "outside" */
    const char *image; /* name of the probe image, "" for another kernel */
    uint32_t protocol; /* enum zp_protocol or ZP_PROBE_PROTOCOL_EFI */
    struct zp_probe_cpu cpu;
    /* Hidden parts, ZP_PROBE_SEGMENT_COUNT of them; NULL where nobody can see them. */
    const struct zp_segment_register *segments;
    /*
     * linux16: where the header that the loader filled in lies (segment * 16), for real mode names it by DS
     * alone. 0 otherwise.
     */
    uint64_t setup;
    const struct zp_probe_efi *efi; /* an EFI application's own; NULL: unknown */
    /* Copies guest physical memory. 0, or -1: nothing is there. Never faults. */
    int (*peek)(void *context, uint64_t address, void *buffer, uint32_t size);
    /* Text out: to the serial port or a file. */
    void (*put)(void *context, const char *bytes, uint32_t length);
    /* Lines that only this side knows, before the end; NULL: none. */
    void (*more)(void *context, struct zp_probe_writer *writer);
    void *context;
};

/* Writes the whole report. Bounded in time and lines whatever memory holds. */
void zp_probe_report(const struct zp_probe_view *view);

/* "linux32" and so on, "efi"; "unknown" for anything else. Static strings. */
const char *zp_probe_protocol_name(uint32_t protocol);

/*
 * Lines (line.c). zp_probe_line opens one, the fields follow in order, zp_probe_line_end closes it and counts
 * it into the checksum. zp_probe_open and zp_probe_close put fields into an object of their own.
 */
struct zp_probe_writer {
    void (*put)(void *context, const char *bytes, uint32_t length);
    void *context;
    uint32_t crc;
    uint32_t lines;
    bool first; /* no comma before the next field */
};
void zp_probe_line(struct zp_probe_writer *writer, const char *kind);
void zp_probe_line_end(struct zp_probe_writer *writer);
void zp_probe_open(struct zp_probe_writer *writer, const char *name);
void zp_probe_close(struct zp_probe_writer *writer);
void zp_probe_hex(struct zp_probe_writer *writer, const char *name, uint64_t value);
/* A checksum: always eight digits. */
void zp_probe_sum(struct zp_probe_writer *writer, const char *name, uint32_t crc);
void zp_probe_count(struct zp_probe_writer *writer, const char *name, uint64_t value);
void zp_probe_bool(struct zp_probe_writer *writer, const char *name, bool value);
void zp_probe_null(struct zp_probe_writer *writer, const char *name);
/* Escaped as JSON wants it; bytes past 0x7e and control characters as \u00XX. */
void zp_probe_text(struct zp_probe_writer *writer, const char *name, const char *bytes, uint32_t length);

/* CRC-32 of more bytes; begin with 0. */
uint32_t zp_probe_crc32(uint32_t crc, const void *bytes, uint32_t length);

#endif
