/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stub: what runs in front of a packed kernel, whatever the way in. It is linked at 0 as a
 * position-independent program, has .bss (cleared by head.S) and neither .data nor relocations, and begins
 * with stub_main.
 *
 *   head.S       the CPU as handed over -> checksum of the body -> long mode, 4 GiB mapped -> stub unpacked
 *   start.S      our own tables, GDT and stack, also in a copy elsewhere
 *   main.c       the story: arrive, settle clear of the kernel's home, unpack, inspect, plan, load, enter
 *   arrive_*.c   what each protocol hands over -> struct arrival
 *   efi.c        the firmware's answers -> boot_params, exit of boot services; then as if by linux64
 *   describe.c   struct arrival -> machine and request of the core
 *   ranges.c     memory map, what of it is busy, where something fits
 *   payload.c    checksum and header of the payload, its parts as sources
 *   unpack_*.c   one of them is linked: stored alone, and LZ4 or zstd
 *   memory.c     what the compiler wants
 *   see.c        memory above 4 GiB
 *   address.c    which addresses this CPU has
 *   say.c        one line to serial port, VGA text and EFI console
 *   absent_*.c   what a variant does without
 */
#ifndef ZP_PACK_STUB_STUB_H
#define ZP_PACK_STUB_STUB_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zeropage/wire/bootparam.h>
#include <zeropage/zeropage.h>

#include "../layout.h"

#define STUB_RANGE_MAX   512  /* of the memory map, after merging */
#define STUB_KEEP_MAX    256  /* areas that something handed over still lies in; firmwares leave many */
#define STUB_CMDLINE_MAX 8192 /* built-in and handed over, with the space between and NUL */
#define STUB_MODULE_MAX  64   /* built-in and handed over */
#define STUB_BLOB_MAX    16   /* setup_data nodes handed on, and the EFI memory map */

/* What head.S found; the arguments of stub_main. */
struct stub_entry {
    uint32_t way;     /* ZP_PACK_WAY_* */
    uint32_t settled; /* 1: this is the second time, body and stub lie where they may stay */
    uint64_t handed;  /* boot_params, start_info, multiboot information, or EFI image handle */
    uint64_t second;  /* EFI system table */
    uint64_t third;   /* boot_params of EFI handover */
    uint64_t body;    /* address of the body as entered */
    uint64_t stub;    /* where this stub's code lies */
    uint64_t payload; /* address of the payload; 0: find it by the body's header */
    uint64_t checked; /* the payload's checksum was counted, and is right */
};

struct stub_keep {
    uint64_t start, size;
};

/* What was handed over, in one form. Strings and tables are copied; modules stay where they are. */
struct arrival {
    struct zp_memory_range ranges[STUB_RANGE_MAX]; /* sorted, merged; FREE or RESERVED with its e820 type */
    size_t range_count;
    struct stub_keep keeps[STUB_KEEP_MAX]; /* RAM that must not be written before enter */
    size_t keep_count;
    char cmdline[STUB_CMDLINE_MAX]; /* NUL-terminated */
    size_t cmdline_length;
    struct zp_memory_source sources[STUB_MODULE_MAX];
    struct zp_module modules[STUB_MODULE_MAX]; /* cmdline of each: in place, in a keep */
    size_t module_count;
    uint64_t rsdp; /* 0: nobody told */
    uint8_t rsdp_bytes[36];
    bool has_boot_params;
    struct zp_boot_params
        boot_params; /* copy, when has_boot_params: screen_info, efi_info, ... are handed on */
    struct zp_blob blobs[STUB_BLOB_MAX]; /* setup_data nodes to hand on */
    size_t blob_count;
    const void *entropy; /* a SETUP_RNG_SEED of the loader; cleared there once loaded */
    size_t entropy_length;
};

/*
 * arrive_linux.c, arrive_pvh.c, arrive_multiboot.c: read what lies at `handed`. Every byte may be wrong:
 * bounds are checked, and what is wrong ends in stub_refuse with a message. Nothing of the machine is
 * written.
 */
void stub_arrive_linux(struct arrival *arrival, uint64_t handed);
void stub_arrive_pvh(struct arrival *arrival, uint64_t handed);
void stub_arrive_multiboot1(struct arrival *arrival, uint64_t handed);
void stub_arrive_multiboot2(struct arrival *arrival, uint64_t handed);

/*
 * efi.c: asks the firmware all it knows, reads the payload from the ESP when the body has none, leaves boot
 * services; then entry->way is ZP_PACK_WAY_LINUX64, entry->handed its boot_params, entry->payload is set.
 * Before boot services are left an error goes to the console and back to the firmware as EFI_LOAD_ERROR.
 */
void stub_efi(struct stub_entry *entry);

/*
 * efi_console.c. A line (without its end) to the firmware's console: true when it took it, false when there
 * is no firmware, not any more or not yet. stub_efi_return: back to the firmware with EFI_LOAD_ERROR; comes
 * back at once when there is none to return to.
 */
bool stub_efi_print(const char *line);
void stub_efi_return(void);

/* efi_arrive.c: keeps what an EFI firmware left in RAM and the kernel looks for later, by boot_params. */
void stub_efi_arrive(struct arrival *arrival);

/*
 * Memory that the stub may look at: identity-mapped; extends the page tables for what lies above 4 GiB. NULL:
 * this CPU has no such address, or there are no more tables.
 */
const void *stub_see(uint64_t address, uint64_t size);
/* address.c: ones for the bits of an address that this CPU has. */
uint64_t stub_address_mask(void);

/* ranges.c */
void stub_range_add(struct arrival *arrival, uint64_t start, uint64_t size, uint32_t e820_type);
void stub_ranges_done(struct arrival *arrival); /* sorts; where ranges overlap the least free one counts */
void stub_keep(struct arrival *arrival, uint64_t start, uint64_t size);
/*
 * The highest place for size bytes in RAM below `end` (0: 4 GiB) that shares no byte with a keep or with
 * [avoid, +avoid_size). 0: none.
 */
uint64_t stub_find(const struct arrival *arrival, uint64_t size, uint64_t align, uint64_t avoid,
                   uint64_t avoid_size, uint64_t end);
/* The map with keeps as ZP_USAGE_BUSY, for zp_machine. Returns the count; capacity suffices for
 * STUB_RANGE_MAX + 2 * STUB_KEEP_MAX. */
size_t stub_machine_ranges(const struct arrival *arrival, struct zp_memory_range *ranges);
/* describe.c: both from nothing; ranges: room for STUB_RANGE_MAX and two for each keep, borrowed. */
void stub_describe(const struct arrival *arrival, struct zp_memory_range *ranges,
                   struct zp_machine *ret_machine, struct zp_request *ret_request);
void stub_find_rsdp(struct arrival *arrival); /* scans EBDA and BIOS area when nobody told */
void stub_cmdline_add(struct arrival *arrival, const char *text,
                      size_t length); /* a space between; refuses */
void stub_module_add(struct arrival *arrival, uint64_t start, uint64_t size, const char *cmdline,
                     size_t cmdline_length); /* keeps it */

/*
 * payload.c: checks magic, version, bounds of each member and, the first time, the checksum; does not return
 * when they are wrong. stub_payload adds the built-in command line and modules, which come before those
 * handed over.
 */
void stub_payload_check(struct stub_entry *entry);
const struct zp_pack_payload *stub_payload(struct stub_entry *entry, struct arrival *arrival);

/*
 * unpack_*.c: how many bytes of arena the unpacking wants besides the output; unpacks or returns a message.
 * NULL: done, ret holds payload->kernel_bytes bytes.
 */
size_t stub_unpack_arena(uint32_t compression);
const char *stub_unpack(uint32_t compression, const void *from, size_t size, void *ret, size_t ret_size,
                        void *arena, size_t arena_size);

/*
 * say.c: a line, with "zeropage: " before and the end of line behind it; %x hexadecimal uint64_t, %d decimal
 * uint64_t, %s string, no others.
 */
void stub_say(const char *format, ...);
void stub_say_list(const char *format, va_list values);
/* Says it and halts (or returns to the EFI firmware while its boot services are there). */
_Noreturn void stub_refuse(const char *format, ...);

/*
 * start.S: continues at stub_main in a copy of the stub at entry->stub, which is made unless that is where we
 * are, with a clear .bss and *entry (which lies elsewhere than in .bss). With a way that is not EFI's the CPU
 * is taken: our own page tables, GDT and stack, interrupts off. That is how efi.c goes on, too, once it has
 * left boot services: entry->stub names stub_memory() bytes below 4 GiB, entry->way is ZP_PACK_WAY_LINUX64,
 * entry->payload is set, and nothing handed over lies in the stub.
 */
_Noreturn void stub_move(const struct stub_entry *entry);
#define stub_take_over stub_move
extern const char stub_begin[]; /* the stub's first byte, wherever it lies */
extern const char stub_end[];   /* behind its .bss, page tables and stack */
static inline uint64_t stub_memory(void)
{
    return (uint64_t)(stub_end - stub_begin);
}

_Noreturn void stub_main(struct stub_entry *entry);

#endif
