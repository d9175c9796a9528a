/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plan: where every byte of a boot goes and in what state the CPU enters, or why not.
 *
 * A plan is a value. Making it reads and writes no guest memory and no file; every check is made here, so
 * that load can fail by input and output alone. It can be printed, compared and executed.
 */
#ifndef ZEROPAGE_PLAN_H
#define ZEROPAGE_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include <zeropage/error.h>
#include <zeropage/image.h>
#include <zeropage/machine.h>

#ifdef __cplusplus
extern "C" {
#endif

struct zp_plan;
struct zp_boot_params; /* wire/bootparam.h */

/* An initrd or boot module. */
struct zp_module {
    const struct zp_source *source; /* at least 1 byte */
    const char *cmdline;            /* its own string for PVH and multiboot; NULL: none */
    size_t cmdline_length;          /* without NUL */
};

/* zp_blob.role */
#define ZP_BLOB_PLAIN      UINT32_C(0)
#define ZP_BLOB_ACPI       UINT32_C(1) /* begins with the RSDP: announced, and found by scanning the EBDA */
#define ZP_BLOB_SETUP_DATA UINT32_C(2) /* the data of a setup_data node; Linux protocols only */

/* zp_blob.where, when not pinned */
#define ZP_BLOB_LOW  UINT32_C(0) /* lowest free place below limit */
#define ZP_BLOB_HIGH UINT32_C(1) /* highest free place below limit */

/*
 * Bytes that depend on where they lie (ACPI, MP table, setup_data): plan places them, load has them filled.
 * fill writes exactly size bytes to buffer for a home at self; returns 0 or a negative number.
 */
struct zp_blob {
    uint64_t size;
    uint64_t align;     /* power of two; 0 is 1 */
    zp_gpa limit;       /* end of the allowed range, exclusive; 0: none */
    uint32_t e820_type; /* as told to the guest; 0: stays RAM */
    uint32_t role;
    uint32_t where;
    uint32_t setup_data_type; /* ZP_SETUP_* for ZP_BLOB_SETUP_DATA */
    int (*fill)(void *context, zp_gpa self, void *buffer, uint64_t size);
    void *context;
};

enum zp_span_kind {
    ZP_SPAN_KERNEL = 1,      /* index: of the segment. File bytes, then zeros up to size */
    ZP_SPAN_KERNEL_RESERVED, /* memory that the kernel runs over before it reads the memory map */
    ZP_SPAN_INITRD,          /* index: of the module */
    ZP_SPAN_CMDLINE,
    ZP_SPAN_BOOT_PARAMS,
    ZP_SPAN_SETUP_DATA, /* RNG seed */
    ZP_SPAN_E820_EXT,   /* setup_data with the ranges past 128 */
    ZP_SPAN_START_INFO,
    ZP_SPAN_MODLIST, /* PVH modules, or multiboot 1 module list */
    ZP_SPAN_MEMMAP,  /* PVH memmap, or multiboot 1 mmap */
    ZP_SPAN_MODULE_CMDLINES,
    ZP_SPAN_MULTIBOOT_INFO,
    ZP_SPAN_LOADER_NAME,
    ZP_SPAN_GDT,
    ZP_SPAN_TSS,
    ZP_SPAN_PAGE_TABLES,
    ZP_SPAN_STACK,
    ZP_SPAN_BLOB,       /* index: of the request's blob; setup_data headers included */
    ZP_SPAN_BDA,        /* two words of the BIOS data area */
    ZP_SPAN_STAGING,    /* index: of the move (zp_plan_moves) that takes its bytes home */
    ZP_SPAN_TRAMPOLINE, /* kept clear for the code that makes the moves and enters */
    ZP_SPAN_KIND_COUNT
};
/* "boot_params" and so on. Static string, never NULL. */
const char *zp_span_kind_name(uint32_t kind);

/*
 * Part of guest memory with one purpose. Spans never overlap; a plan lists them by address.
 *
 * Load writes to `staged`. That is `start`, unless the home touches memory that is busy until entry: then it
 * is in a span of kind ZP_SPAN_STAGING, as long as the bytes that are to be moved, or ZP_NOT_STAGED when
 * there are none to move but memory to clear. In KERNEL and INITRD spans the file's bytes are moved and the
 * rest is cleared.
 */
#define ZP_NOT_STAGED UINT64_MAX
struct zp_span {
    uint32_t kind; /* enum zp_span_kind */
    uint32_t index;
    zp_gpa start;
    uint64_t size;        /* bytes of memory */
    uint64_t file_offset; /* KERNEL and INITRD: bytes [file_offset, +file_size) go to start */
    uint64_t file_size;
    uint32_t e820_type; /* as the guest is told: 1 for what it may reuse */
    uint32_t pinned;    /* 1: at the caller's wish */
    zp_gpa staged;
};

/* The caller's wish for an address. Kinds: KERNEL (its load address), INITRD and BLOB (by index), and the
 * rest. */
struct zp_pin {
    uint32_t kind;
    uint32_t index;
    zp_gpa start;
};

/* zp_request.flags */
#define ZP_REQUEST_KEEP_SEGMENTS UINT32_C(1) /* set KEEP_SEGMENTS: the kernel keeps the plan's GDT */
#define ZP_REQUEST_QUIET         UINT32_C(2) /* set QUIET: early messages are suppressed */
/* Choose the kernel's bases by kaslr_physical and kaslr_virtual, where the image can be moved so. */
#define ZP_REQUEST_KASLR UINT32_C(4)
/* With KASLR: an image whose relocation table is spoiled stays as linked; else it makes the plan fail. */
#define ZP_REQUEST_KASLR_IF_SOUND UINT32_C(8)
/*
 * Memory below 4 GiB that is busy until entry may be a home: what belongs there is staged in free RAM and
 * moved by a trampoline in the last step (zp_plan_moves). Free RAM is preferred for all that may lie
 * anywhere. Needs trampoline_size; without it nothing is deferred.
 */
#define ZP_REQUEST_DEFER UINT32_C(16)

/* An RSDP that a firmware left in memory; announced as an ACPI blob's would be, and excludes such a blob. */
struct zp_rsdp {
    zp_gpa address;    /* 0: none */
    const void *bytes; /* its bytes, for protocols that hand over a copy */
    size_t size;       /* of bytes: 20 for revision 0, else at least 36 */
};

struct zp_request {
    uint32_t struct_size;
    uint32_t protocol; /* enum zp_protocol; AUTO picks */
    uint32_t flags;
    uint32_t hardware_subarch; /* ZP_X86_SUBARCH_* */
    uint64_t hardware_subarch_data;
    const char *cmdline; /* cmdline_length bytes without NUL; may be NULL when the length is 0 */
    size_t cmdline_length;
    const struct zp_module *modules; /* Linux takes them as one initrd, each padded to 4 bytes */
    size_t module_count;
    const void *entropy; /* becomes a SETUP_RNG_SEED (Linux protocols); NULL: none */
    size_t entropy_length;
    const struct zp_blob *blobs;
    size_t blob_count;
    const struct zp_pin *pins;
    size_t pin_count;
    uint32_t type_of_loader; /* for the setup header, 8 bits; 0 becomes 0xff, "no id" */
    uint32_t vid_mode;       /* 16 bits; 0 becomes 0xffff, "normal" */
    /*
     * The bzImage in whose payload the image was found, or NULL. Its setup header is handed to the kernel,
     * and its limits count: cmdline_size, initrd_addr_max, kernel_alignment, version.
     */
    const struct zp_image *wrapper;
    uint64_t kaslr_physical; /* uniform random bits; the same bits make the same plan */
    uint64_t kaslr_virtual;
    uint64_t trampoline_size; /* 0: no trampoline is wanted, and nothing is deferred */
    struct zp_rsdp rsdp;
    /*
     * boot_params that an earlier loader handed over, or NULL: what firmware and loaders find out and a plan
     * does not is copied from it - screen_info, apm_bios_info, tboot_addr, ist_info, hd0_info, hd1_info,
     * sys_desc_table, olpc_ofw_header, cc_blob_address, edid_info, efi_info, alt_mem_k, kbd_status,
     * secure_boot and the EDD tables. Read by load, once blobs are filled. Other protocols have no place for
     * it and pass it over.
     */
    const struct zp_boot_params *boot_params;
};

/* A segment register with its hidden part, as KVM and the architecture manuals name it. */
struct zp_segment_register {
    uint64_t base;
    uint32_t limit; /* in bytes, granularity applied */
    uint16_t selector;
    uint8_t type; /* 4 bits */
    uint8_t s;
    uint8_t dpl;
    uint8_t present;
    uint8_t l;
    uint8_t db;
    uint8_t g;
    uint8_t avl;
    uint8_t unusable;
    uint8_t reserved;
};

enum zp_cpu_mode {
    ZP_MODE_PROTECTED32 = 1,
    ZP_MODE_LONG64 = 2
};

/* The CPU at the first instruction of the kernel. Registers that are not named here are 0. */
struct zp_entry_state {
    uint32_t mode; /* enum zp_cpu_mode */
    uint32_t reserved;
    uint64_t rip, rflags;
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp;
    uint64_t cr0, cr3, cr4, efer;
    zp_gpa gdt_base;
    uint32_t gdt_limit;
    uint32_t idt_limit;
    zp_gpa idt_base;
    struct zp_segment_register cs, ds, es, fs, gs, ss, tr, ldtr;
};

/* Why something is as it is. Pinned numbers; a and b as the comment says. */
enum zp_decision_code {
    ZP_DECISION_PROTOCOL_ASKED = 1,     /* a: protocol, by the caller's wish */
    ZP_DECISION_PROTOCOL_PREFERRED = 2, /* a: protocol, first in order; b: mask of what else is offered */
    ZP_DECISION_PROTOCOL_ONLY = 3,      /* a: protocol, the only one offered */
    ZP_DECISION_ENTRY_FAULTY = 4,       /* a: protocol of an entry passed over; b: its zp_status, negated */
    ZP_DECISION_KERNEL_LINKED = 10,     /* a: address; at pref_address or where the image is linked */
    ZP_DECISION_KERNEL_MOVED = 11,      /* a: address; b: the linked one, which is not free */
    ZP_DECISION_KERNEL_PINNED = 12,     /* a: address */
    ZP_DECISION_RESERVE = 13,           /* a: start; b: size (init_size or span of the segments) */
    ZP_DECISION_RESERVE_GUESSED = 14,   /* a: start; b: size; before protocol 2.10 init_size is unknown */
    ZP_DECISION_TRAILING = 15,          /* a: bytes after the kernel that are not loaded */
    ZP_DECISION_SYSSIZE = 16,           /* a: what syssize says; b: what the file has. Passed over */
    ZP_DECISION_INITRD_HIGH = 20,       /* a: address; b: highest allowed end; as high as allowed */
    ZP_DECISION_CMDLINE = 21,           /* a: length; b: what the kernel takes */
    ZP_DECISION_PAGE_TABLES = 22,       /* a: bytes identity-mapped from 0; b: page size */
    ZP_DECISION_E820 = 23,              /* a: ranges; b: of those in E820_EXT */
    ZP_DECISION_RNG_SEED = 24,          /* a: bytes of entropy handed over */
    ZP_DECISION_RNG_SEED_UNUSED = 25,   /* a: protocol, which has no place for a seed */
    ZP_DECISION_RSDP = 26,              /* a: address; b: EBDA segment or 0 */
    ZP_DECISION_VIDEO_MODE_UNMET = 27,  /* a: multiboot version; the header would like a video mode */
    ZP_DECISION_MODULES_JOINED = 28,    /* a: number of files that make one initrd; b: bytes in all */
    ZP_DECISION_KEEP_SEGMENTS = 29,     /* KEEP_SEGMENTS set with a flat GDT loaded */
    ZP_DECISION_WRAPPER = 30,           /* a: protocol version of the setup header handed on */
    ZP_DECISION_KASLR_PHYSICAL = 31,    /* a: address; b: places to choose from */
    ZP_DECISION_KASLR_VIRTUAL = 32,     /* a: virtual base; b: places to choose from */
    ZP_DECISION_KASLR_NONE = 33,        /* a: enum zp_kaslr_none; field says which base, KASLR is both */

    ZP_DECISION_RELOCATIONS = 34, /* a: entries that load will patch; b: what it adds, modulo 2^64 */
    ZP_DECISION_DEFERRED = 35     /* a: moves to be made at entry; b: bytes that they copy */
};

/* Why KASLR was asked for and a base stays where it is linked. */
enum zp_kaslr_none {
    ZP_KASLR_NONE_CMDLINE = 1, /* "nokaslr" on the command line; both bases */
    ZP_KASLR_NONE_OWN = 2,     /* a bzImage entered by its own code moves itself */
    ZP_KASLR_NONE_NOT_LINUX = 3,
    ZP_KASLR_NONE_PROTOCOL = 4, /* this entry cannot be moved virtually (PVH), or not at all (multiboot) */
    ZP_KASLR_NONE_NO_TABLE = 5, /* no relocation table: the virtual base stays */
    ZP_KASLR_NONE_MEMORY = 6,   /* mem=, memmap= or hugepages= on the command line: the physical base stays */
    ZP_KASLR_NONE_PINNED = 7,   /* the physical base was pinned */
    ZP_KASLR_NONE_SPACE = 8,    /* one place alone; a: physical */
    ZP_KASLR_NONE_SPOILED = 9   /* ZP_REQUEST_KASLR_IF_SOUND, and the relocation table has a fault */
};

struct zp_decision {
    uint32_t code;
    uint32_t field; /* enum zp_field it speaks of */
    uint64_t a;
    uint64_t b;
};

/* A range as the guest is told it. */
struct zp_e820_range {
    zp_gpa start;
    uint64_t size;
    uint32_t type; /* ZP_E820_* */
    uint32_t reserved;
};

struct zp_plan {
    uint32_t struct_size;
    uint32_t protocol; /* enum zp_protocol */
    const struct zp_image *image;
    const struct zp_machine *machine;
    const struct zp_request *request;
    const struct zp_entry *entry; /* of the image */
    zp_gpa kernel_load;           /* address of the lowest segment */
    uint64_t delta;               /* added to each physical address as linked, modulo 2^64 */
    uint64_t virtual_delta;       /* added to each virtual address as linked; not 0: load relocates */
    uint64_t virtual_base; /* of the lowest segment in the kernel's mapping, as moved; 0 unless a Linux ELF */
    zp_gpa runtime;        /* [runtime, +runtime_size) is the kernel's */
    uint64_t runtime_size;
    zp_gpa initrd; /* Linux: start of the joined initrd; 0 when none */
    uint64_t initrd_size;
    zp_gpa rsdp;                 /* 0: none */
    zp_gpa trampoline;           /* of request.trampoline_size bytes, below 4 GiB; 0: none */
    zp_gpa identity_end;         /* the page tables map [0, identity_end); 0 without paging */
    const struct zp_span *spans; /* sorted by start */
    size_t span_count;
    const struct zp_e820_range *e820; /* sorted, merged, none overlapping */
    size_t e820_count;
    const struct zp_decision *decisions; /* in the order in which they were taken */
    size_t decision_count;
    struct zp_entry_state state;
};

/* Arrays for zp_plan_make. 64 spans, 160 ranges and 32 decisions hold any plan of ours. */
struct zp_plan_room {
    struct zp_span *spans;
    size_t span_capacity;
    struct zp_e820_range *e820;
    size_t e820_capacity;
    struct zp_decision *decisions;
    size_t decision_capacity;
};

/*
 * Plans a boot. Pure: same arguments, same plan. image, machine, request and room are borrowed by *ret_plan.
 * Errors: the "plan" group of enum zp_status, ZP_ERR_ROOM, ZP_ERR_STRUCT_SIZE, ZP_ERR_ARGUMENT, and the
 * entry's own fault when just that entry was wished.
 * Holds for every plan: spans lie in free RAM of the machine, or, deferred, in RAM that is busy until entry;
 * they do not overlap, and [runtime, +runtime_size) holds nothing but the kernel.
 */
int zp_plan_make(const struct zp_image *image, const struct zp_machine *machine,
                 const struct zp_request *request, const struct zp_plan_room *room, struct zp_plan *ret_plan,
                 struct zp_error *ret_error);

/* The first span of that kind, or NULL. */
const struct zp_span *zp_plan_span(const struct zp_plan *plan, uint32_t kind);

/* The span in which address lies, or NULL. */
const struct zp_span *zp_plan_span_at(const struct zp_plan *plan, zp_gpa address);

/*
 * What is left to do once a plan is loaded and busy memory is not needed any more, the plan itself included:
 * copy size bytes, then clear as many as `clear` says behind the copy. No move's source lies in the
 * destination of any, so their order does not matter; all of it is below 4 GiB.
 */
struct zp_move {
    zp_gpa to;
    zp_gpa from; /* 0 when size is 0 */
    uint64_t size;
    uint64_t clear;
};

/* Lists the moves. 0 of them for a plan with nothing deferred. ZP_ERR_ROOM, ZP_ERR_ARGUMENT. */
int zp_plan_moves(const struct zp_plan *plan, struct zp_move *moves, size_t capacity, size_t *ret_count,
                  struct zp_error *ret_error);

#ifdef __cplusplus
}
#endif

#endif
