/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the core says no: a pinned code, the field it speaks of, the place of that field in the file and two
 * values. The numbers are part of the ABI and never change their meaning; gaps are left on purpose.
 * Prose is made by the command line tool from these; zp_status_text gives the bare sentence.
 */
#ifndef ZEROPAGE_ERROR_H
#define ZEROPAGE_ERROR_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum zp_status {
    ZP_OK = 0,

    /* The call. */
    ZP_ERR_ARGUMENT = -1,    /* a pointer is NULL or an argument makes no sense */
    ZP_ERR_STRUCT_SIZE = -2, /* struct_size is not one that this library knows */
    ZP_ERR_ROOM = -3,        /* an array is too short: value elements needed, limit given */
    ZP_ERR_READ = -4, /* the byte source failed: value bytes wanted at offset; limit its answer, negated */

    /* A field of the image against a bound. offset is its place in the file. */
    ZP_ERR_TRUNCATED = -10, /* the file ends before the thing does: value is its end, limit the file's size */
    ZP_ERR_OVERFLOW = -11,  /* value plus limit (or times) passes 64 bits */
    ZP_ERR_TOO_LARGE = -12, /* value is above the largest allowed, limit */
    ZP_ERR_TOO_SMALL = -13, /* value is below the smallest allowed, limit */
    ZP_ERR_ALIGNMENT = -14, /* value is no power of two, or no multiple of limit where limit is not 0 */
    ZP_ERR_VALUE = -15,     /* value is not one that the specification allows; limit is one that is */
    ZP_ERR_CHECKSUM = -16,  /* the header's 32-bit words do not add up to 0: value is the sum */
    ZP_ERR_OVERLAP = -17,   /* two segments or spans overlap: value and limit are their start addresses */
    ZP_ERR_OUTSIDE = -18,   /* value (an address) lies in no loaded segment */
    ZP_ERR_UNSUPPORTED = -19, /* the image demands (value) what no loader of this kind can give */

    /* What the image is. */
    ZP_ERR_EMPTY = -30,       /* the file has no bytes */
    ZP_ERR_FORMAT = -31,      /* no format that boots on x86: no setup header, ELF, multiboot or PE magic */
    ZP_ERR_PE_ONLY = -32,     /* an EFI application with no other entry */
    ZP_ERR_UKI = -33,         /* a unified kernel image: value is the file offset of .linux, limit its size */
    ZP_ERR_ARM64_IMAGE = -34, /* an arm64 Linux Image */
    ZP_ERR_RISCV64_IMAGE = -35,   /* a riscv64 Linux Image */
    ZP_ERR_LOONGARCH_IMAGE = -36, /* a LoongArch Linux Image */
    ZP_ERR_EFI_ZBOOT = -37,       /* an EFI zboot image: value is the payload's offset, limit its size */
    ZP_ERR_COMPRESSED = -38,      /* a compressed file; value is an enum zp_compression */
    ZP_ERR_ELF_CLASS = -39,       /* e_ident[EI_CLASS] is neither 32 nor 64 */
    ZP_ERR_ELF_DATA = -40,        /* not little-endian */
    ZP_ERR_ELF_MACHINE = -41,     /* not for x86: value is e_machine */
    ZP_ERR_ELF_TYPE = -42,        /* not an executable: value is e_type */
    ZP_ERR_NO_SEGMENT = -43,      /* no PT_LOAD, or none with memory */
    ZP_ERR_NO_ENTRY = -44,        /* no entry that a loader could use */
    ZP_ERR_ELF_PROGRAM = -45,     /* a program for an operating system, no kernel: value is e_type */

    /* The plan: image against machine and request. offset is ZP_NO_OFFSET where no file is to blame. */
    ZP_ERR_PROTOCOL = -60, /* not offered: value is the protocol wished, limit a mask of those offered */
    ZP_ERR_REAL_MODE_ONLY = -61, /* only the 16-bit entry is offered, which needs a BIOS */
    ZP_ERR_MEMORY_MAP =
        -62,               /* ranges unsorted, overlapping, empty or past 2^52: value, limit are addresses */
    ZP_ERR_NO_SPACE = -63, /* nowhere to put value bytes; limit is the largest free gap that qualifies */
    ZP_ERR_NOT_RAM = -64,  /* [value, +limit) is fixed by the image or a pin but is not free RAM */
    ZP_ERR_CMDLINE_LENGTH = -65,  /* the command line has value bytes, the kernel takes limit */
    ZP_ERR_CMDLINE_NUL = -66,     /* a NUL byte inside the command line, at value */
    ZP_ERR_TOO_MANY_RANGES = -67, /* the memory map has value entries, the protocol carries limit */
    ZP_ERR_ABOVE_4G = -68,        /* [value, +limit) must lie below 4 GiB for this protocol */
    ZP_ERR_PIN = -69,             /* a pin names something that this plan does not have; value is its index */
    ZP_ERR_INITRD_UNSUPPORTED = -70, /* this protocol or kernel takes no initrd or module */
    ZP_ERR_BUSY = -71,               /* the place is busy until entry: value start, limit size */
    ZP_ERR_INITRD_EMPTY = -72,       /* an initrd of 0 bytes: Linux would take it as none */
    ZP_ERR_BLOB = -73, /* a blob's size, alignment or limit makes no sense; value is its index */

    /* The load: only input and output can fail. Guest memory may have been written in part. */
    ZP_ERR_GUEST_MEMORY = -90, /* [value, +limit) of the plan is not covered by the guest memory given */
    ZP_ERR_FILL = -91, /* a blob's fill callback failed: value is its index, limit its answer, negated */

    /* Unpacking, which the hosted library does. offset is that of the packed bytes in the file. */
    ZP_ERR_NO_PAYLOAD = -100,    /* the bzImage tells of no payload: value is its protocol version */
    ZP_ERR_PAYLOAD_MAGIC = -101, /* packed with something unknown: value is the first four bytes */
    ZP_ERR_STREAM = -102, /* a compressed stream is spoiled: value is an enum zp_compression, limit how many
                             bytes had come out of it */
    ZP_ERR_UNPACKED_SIZE = -103, /* value bytes came out, the size kept behind the stream says limit */
    ZP_ERR_UNPACK_MEMORY = -104, /* the stream demands value bytes of memory to unpack, limit are allowed */
};

/* What an error or a decision speaks of. Names as the specifications write them; zp_field_name gives the
 * text. */
enum zp_field {
    ZP_FIELD_NONE = 0,
    ZP_FIELD_FILE,
    ZP_FIELD_STRUCT_SIZE,
    /* room */
    ZP_FIELD_SEGMENTS,
    ZP_FIELD_NOTES,
    ZP_FIELD_ENTRIES,
    ZP_FIELD_SPANS,
    ZP_FIELD_E820,
    ZP_FIELD_DECISIONS,
    ZP_FIELD_RANGES,
    /* setup header */
    ZP_FIELD_SETUP_SECTS = 32,
    ZP_FIELD_SYSSIZE,
    ZP_FIELD_BOOT_FLAG,
    ZP_FIELD_JUMP,
    ZP_FIELD_HEADER,
    ZP_FIELD_VERSION,
    ZP_FIELD_KERNEL_VERSION,
    ZP_FIELD_LOADFLAGS,
    ZP_FIELD_CODE32_START,
    ZP_FIELD_INITRD_ADDR_MAX,
    ZP_FIELD_KERNEL_ALIGNMENT,
    ZP_FIELD_RELOCATABLE_KERNEL,
    ZP_FIELD_MIN_ALIGNMENT,
    ZP_FIELD_XLOADFLAGS,
    ZP_FIELD_CMDLINE_SIZE,
    ZP_FIELD_PAYLOAD_OFFSET,
    ZP_FIELD_PAYLOAD_LENGTH,
    ZP_FIELD_SETUP_DATA,
    ZP_FIELD_PREF_ADDRESS,
    ZP_FIELD_INIT_SIZE,
    ZP_FIELD_HANDOVER_OFFSET,
    ZP_FIELD_KERNEL_INFO_OFFSET,
    ZP_FIELD_SETUP_CODE,          /* the sectors before the protected-mode code */
    ZP_FIELD_PROTECTED_MODE_CODE, /* what follows them */
    ZP_FIELD_ENTRY64,             /* the 64-bit entry, 0x200 into it */
    /* ELF */
    ZP_FIELD_E_IDENT = 64,
    ZP_FIELD_E_TYPE,
    ZP_FIELD_E_MACHINE,
    ZP_FIELD_E_VERSION,
    ZP_FIELD_E_ENTRY,
    ZP_FIELD_E_PHOFF,
    ZP_FIELD_E_PHNUM,
    ZP_FIELD_E_PHENTSIZE,
    ZP_FIELD_E_SHOFF,
    ZP_FIELD_P_OFFSET,
    ZP_FIELD_P_FILESZ,
    ZP_FIELD_P_MEMSZ,
    ZP_FIELD_P_PADDR,
    ZP_FIELD_P_ALIGN,
    ZP_FIELD_NOTE,
    ZP_FIELD_N_NAMESZ,
    ZP_FIELD_N_DESCSZ,
    ZP_FIELD_PHYS32_ENTRY,
    ZP_FIELD_PHYS32_RELOC,
    ZP_FIELD_P_TYPE,
    ZP_FIELD_RELOCATIONS, /* the table behind a Linux ELF */
    ZP_FIELD_SECTION_HEADER,
    /* multiboot */
    ZP_FIELD_MB_CHECKSUM = 96,
    ZP_FIELD_MB_FLAGS,
    ZP_FIELD_MB_HEADER_ADDR,
    ZP_FIELD_MB_LOAD_ADDR,
    ZP_FIELD_MB_LOAD_END_ADDR,
    ZP_FIELD_MB_BSS_END_ADDR,
    ZP_FIELD_MB_ENTRY_ADDR,
    ZP_FIELD_MB2_ARCHITECTURE,
    ZP_FIELD_MB2_HEADER_LENGTH,
    ZP_FIELD_MB2_TAG,
    ZP_FIELD_MB2_INFORMATION_REQUEST,
    /* PE and the Images of other machines */
    ZP_FIELD_PE_HEADER = 128,
    ZP_FIELD_PE_SECTION,
    ZP_FIELD_MAGIC,
    /* what is packed inside */
    ZP_FIELD_PAYLOAD,
    ZP_FIELD_PAYLOAD_SIZE, /* the unpacked size that stands behind the stream */
    /* request, machine, plan */
    ZP_FIELD_KERNEL = 160,
    ZP_FIELD_INITRD,
    ZP_FIELD_CMDLINE,
    ZP_FIELD_BOOT_PARAMS,
    ZP_FIELD_START_INFO,
    ZP_FIELD_MODLIST,
    ZP_FIELD_MEMMAP,
    ZP_FIELD_MULTIBOOT_INFO,
    ZP_FIELD_GDT,
    ZP_FIELD_TSS,
    ZP_FIELD_PAGE_TABLES,
    ZP_FIELD_STACK,
    ZP_FIELD_RNG_SEED,
    ZP_FIELD_E820_EXT,
    ZP_FIELD_BLOB,
    ZP_FIELD_BDA,
    ZP_FIELD_PIN,
    ZP_FIELD_PROTOCOL,
    ZP_FIELD_ENTROPY,
    ZP_FIELD_RAM,
    ZP_FIELD_RSDP,
    ZP_FIELD_CPUS,
    ZP_FIELD_MODULES,
    ZP_FIELD_KASLR,
    ZP_FIELD_VIRTUAL_BASE,
    ZP_FIELD_STAGING, /* of a span whose home is busy until entry */
    ZP_FIELD_TRAMPOLINE,
};

#define ZP_NO_OFFSET UINT64_MAX

struct zp_error {
    int32_t code;    /* enum zp_status */
    uint32_t field;  /* enum zp_field */
    uint64_t offset; /* of that field in the file, or ZP_NO_OFFSET */
    uint64_t value;  /* as the comment beside the code says */
    uint64_t limit;
};

/* The name of a code, "ZP_ERR_TRUNCATED", and its sentence. Static strings, never NULL, any input. */
const char *zp_status_name(int code);
const char *zp_status_text(int code);

/* The specification's own word for a field, "init_size". Static string, never NULL, any input. */
const char *zp_field_name(uint32_t field);

#ifdef __cplusplus
}
#endif

#endif
