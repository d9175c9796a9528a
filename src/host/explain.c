/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Errors and decisions in prose. Receives the numbers that the core reports, gives one line:
 * `<file>: <structure> at <offset>: <field> <value> <reason>`, ended by what to do where something can be
 * done. Sentences are in tables, one a code and one more where a field wants its own; in them
 *
 *     $f  the field's name            $n  value as a decimal     $N  limit
 *     $v  value in hexadecimal        $l  limit
 *     $s  value as a size             $S  limit
 *     $p  value as a protocol         $m  limit as a mask of protocols
 *     $c  value as a compression      $u  the tool that unpacks it
 *     $e  limit as an errno value     $R  limit as a negated status
 *     $k  limit as the kind of a span
 *     $y  value as the reason why there is no KASLR
 *     $h  version as a.b of value     $H  of limit
 *     $i  the file's name
 */
#include "host.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct row {
    int code;
    uint32_t field; /* ZP_FIELD_NONE: any */
    const char *text;
};

#define ANY    ZP_FIELD_NONE
#define DEFECT "; this is a defect of the program that called the library: please report it"

static const struct row errors[] = {
    {ZP_ERR_ARGUMENT, ANY, "an argument makes no sense" DEFECT},
    {ZP_ERR_STRUCT_SIZE, ANY,
     "struct_size $n is unknown to this library, which knows $N; compile against its own headers"},
    {ZP_ERR_ROOM, ANY, "$n $f are too many, there is room for $N; no sound image has so many"},
    {ZP_ERR_READ, ANY, "reading $n bytes failed: $e; was the file cut or its disk removed?"},
    {ZP_ERR_READ, ZP_FIELD_INITRD,
     "reading $n bytes of the initrd failed: $e; was the file cut while it was read?"},

    {ZP_ERR_TRUNCATED, ANY, "$f ends at $v, past the end of the file at $l; is the file complete?"},
    {ZP_ERR_TRUNCATED, ZP_FIELD_SETUP_SECTS,
     "setup_sects puts the kernel's code at $v, but the file ends at $l; is the file complete?"},
    {ZP_ERR_TRUNCATED, ZP_FIELD_E_PHOFF,
     "the program headers end at $v, past the end of the file at $l; is the file complete?"},
    {ZP_ERR_TRUNCATED, ZP_FIELD_P_OFFSET,
     "the segment ends at $v, past the end of the file at $l; is the file complete?"},
    {ZP_ERR_TRUNCATED, ZP_FIELD_PAYLOAD,
     "the packed bytes stop at $l in the middle of their stream; is the file complete?"},
    {ZP_ERR_TRUNCATED, ZP_FIELD_PE_SECTION,
     "the section ends at $v, past the end of the file at $l; is the file complete?"},
    {ZP_ERR_OVERFLOW, ANY, "$f $v plus $l passes 64 bits; the file is damaged or hostile"},
    {ZP_ERR_OVERFLOW, ZP_FIELD_INITRD,
     "the initrd is too long: $v plus $l passes 64 bits; give a smaller one"},
    {ZP_ERR_TOO_LARGE, ANY, "$f $v is too large, at most $l is allowed"},
    {ZP_ERR_TOO_LARGE, ZP_FIELD_INIT_SIZE, "init_size $v exceeds RAM ($S)"},
    {ZP_ERR_TOO_LARGE, ZP_FIELD_RAM, "RAM of $s is more than the $S that can be planned; give less with -m"},
    {ZP_ERR_TOO_LARGE, ZP_FIELD_PROTECTED_MODE_CODE,
     "the kernel's code has $s, but there is room for $S where it must lie"},
    {ZP_ERR_TOO_LARGE, ZP_FIELD_KERNEL,
     "the kernel cannot be loaded at $v: it must end at $l at the latest; pin it lower"},
    {ZP_ERR_TOO_LARGE, ZP_FIELD_INITRD,
     "the initrd cannot lie at $v: the kernel takes it up to $l; pin it lower"},
    {ZP_ERR_TOO_LARGE, ZP_FIELD_PAGE_TABLES,
     "identity page tables would reach to $v, but they map up to $l; give less RAM with -m"},
    {ZP_ERR_TOO_LARGE, ZP_FIELD_ENTROPY,
     "$n bytes of entropy are more than a setup_data holds; give at most $N"},
    {ZP_ERR_TOO_LARGE, ZP_FIELD_P_FILESZ,
     "p_filesz $v is larger than p_memsz $l; the file is damaged or hostile"},
    {ZP_ERR_TOO_LARGE, ZP_FIELD_E_ENTRY, "e_entry $v lies above $l, where this entry cannot reach"},
    {ZP_ERR_TOO_LARGE, ZP_FIELD_PHYS32_ENTRY,
     "the PVH entry $v lies above $l, where a 32-bit entry cannot reach"},
    {ZP_ERR_TOO_LARGE, ZP_FIELD_PAYLOAD,
     "unpacked, it is larger than the $S that may come out of it; the file is damaged or hostile"},
    {ZP_ERR_TOO_LARGE, ZP_FIELD_PAYLOAD_SIZE,
     "the payload is said to unpack to $s, but $S is the most that init_size, or this program, allows; the "
     "file is damaged or hostile"},
    {ZP_ERR_TOO_SMALL, ANY, "$f $v is too small, at least $l is needed"},
    {ZP_ERR_TOO_SMALL, ZP_FIELD_RAM, "RAM of $s is less than the least machine, $S; give more with -m"},
    {ZP_ERR_TOO_SMALL, ZP_FIELD_CPUS, "a machine has at least $N CPU; give more with --smp"},
    {ZP_ERR_TOO_SMALL, ZP_FIELD_INIT_SIZE, "init_size $v is less than the $S of the kernel's own code"},
    {ZP_ERR_TOO_SMALL, ZP_FIELD_VERSION, "version $h is older than $H, where this protocol begins"},
    {ZP_ERR_TOO_SMALL, ZP_FIELD_KERNEL,
     "the kernel cannot be loaded at $v: $l is the lowest address it takes; pin it higher"},
    {ZP_ERR_ALIGNMENT, ANY, "$f $v is no power of two"},
    {ZP_ERR_ALIGNMENT, ZP_FIELD_RAM, "RAM of $n bytes is no multiple of $N; round it with -m"},
    {ZP_ERR_ALIGNMENT, ZP_FIELD_KERNEL,
     "the kernel cannot be loaded at $v: it wants a multiple of $l; pin it to one"},
    {ZP_ERR_ALIGNMENT, ZP_FIELD_INITRD,
     "the initrd cannot lie at $v: it wants a multiple of $l; pin it to one"},
    {ZP_ERR_VALUE, ANY, "$f $v is not a value that the specification allows, such as $l"},
    {ZP_ERR_VALUE, ZP_FIELD_BOOT_FLAG, "boot_flag $v should be $l: no boot sector of a kernel"},
    {ZP_ERR_VALUE, ZP_FIELD_KERNEL,
     "the kernel cannot be loaded at $v: it runs only where it is linked, at $l; do not pin it"},
    {ZP_ERR_CHECKSUM, ANY, "$f: the words of the header add up to $v and not to 0; this is no header"},
    {ZP_ERR_OVERLAP, ANY, "$f: what lies at $v and what lies at $l overlap"},
    {ZP_ERR_OVERLAP, ZP_FIELD_P_PADDR, "the segments at $v and $l overlap; the file is damaged or hostile"},
    {ZP_ERR_OVERLAP, ZP_FIELD_PE_SECTION,
     "the sections at $v and $l of the file overlap; the file is damaged or hostile"},
    {ZP_ERR_OUTSIDE, ANY, "$f $v lies in no loaded segment"},
    {ZP_ERR_UNSUPPORTED, ANY, "$f: the image demands $v, which this loader cannot give"},
    {ZP_ERR_UNSUPPORTED, ZP_FIELD_RNG_SEED, "protocol $h has no place for an RNG seed, that came with $H"},
    {ZP_ERR_UNSUPPORTED, ZP_FIELD_INITRD,
     "protocol $h has no place for an initrd, that came with $H; leave --initrd out"},
    {ZP_ERR_UNSUPPORTED, ZP_FIELD_SETUP_DATA,
     "protocol $p has no place for setup_data; take linux32 or linux64"},

    {ZP_ERR_EMPTY, ANY, "the file is empty"},
    {ZP_ERR_FORMAT, ANY,
     "no kernel for x86: no setup header, ELF, multiboot or PE magic; is this the right file?"},
    {ZP_ERR_PE_ONLY, ANY,
     "an EFI application with no other entry; boot it with UEFI firmware (OVMF), or take the kernel it was "
     "made from"},
    {ZP_ERR_UKI, ANY,
     "a unified kernel image with its kernel at $v ($S); take that out: zeropage unpack --section "
     ".linux:FILE"},
    {ZP_ERR_ARM64_IMAGE, ANY, "a Linux Image for arm64; take the x86-64 build of this kernel"},
    {ZP_ERR_RISCV64_IMAGE, ANY, "a Linux Image for riscv64; take the x86-64 build of this kernel"},
    {ZP_ERR_LOONGARCH_IMAGE, ANY, "a Linux Image for LoongArch; take the x86-64 build of this kernel"},
    {ZP_ERR_EFI_ZBOOT, ANY,
     "an EFI zboot image, whose compressed kernel of $S lies at $v; take the kernel of x86-64, which has no "
     "such form"},
    {ZP_ERR_COMPRESSED, ANY, "compressed with $c; unpack it first, $u"},
    {ZP_ERR_ELF_CLASS, ANY, "an ELF of class $n, neither 32-bit nor 64-bit; the file is damaged"},
    {ZP_ERR_ELF_DATA, ANY, "a big-endian ELF (EI_DATA $n); take the x86-64 build of this kernel"},
    {ZP_ERR_ELF_MACHINE, ANY,
     "an ELF for another machine (e_machine $n); take the x86-64 build of this kernel"},
    {ZP_ERR_ELF_TYPE, ANY, "an ELF that is not an executable (e_type $n); link it first"},
    {ZP_ERR_NO_SEGMENT, ANY, "nothing to load: no PT_LOAD segment with memory"},
    {ZP_ERR_NO_ENTRY, ANY,
     "no entry that a loader could use; zeropage inspect tells what is wrong with each"},
    {ZP_ERR_ELF_PROGRAM, ANY, "a program for an operating system, not a kernel; run it on its own system"},

    {ZP_ERR_PROTOCOL, ANY, "protocol $p is not offered, but $m; choose with --protocol"},
    {ZP_ERR_REAL_MODE_ONLY, ANY,
     "only the 16-bit entry is offered, which needs a BIOS; zeropage run boots it with --engine qemu"},
    {ZP_ERR_MEMORY_MAP, ANY,
     "the memory map is unsorted, overlapping, empty or past 2^52 around $v and $l; mend the map"},
    {ZP_ERR_NO_SPACE, ANY,
     "no place for the $f ($s): the largest free gap where it may lie has $S; give more RAM with -m"},
    {ZP_ERR_NO_SPACE, ZP_FIELD_INITRD,
     "no place for the initrd ($s): the largest free gap where it may lie has $S; give more RAM with -m, or "
     "a "
     "smaller one"},
    {ZP_ERR_NO_SPACE, ZP_FIELD_PAYLOAD, "unpacked, the payload is larger than RAM ($S); give more with -m"},
    {ZP_ERR_NO_SPACE, ZP_FIELD_PAYLOAD_SIZE,
     "the payload is said to unpack to $s, more than RAM ($S); give more with -m"},
    {ZP_ERR_NOT_RAM, ANY,
     "the $f must lie at $v ($S), which is not all free RAM; give more RAM with -m, or another address"},
    {ZP_ERR_CMDLINE_LENGTH, ANY, "the command line has $n bytes, this kernel takes $N; shorten it"},
    {ZP_ERR_CMDLINE_NUL, ANY, "a NUL byte inside the command line, after $n bytes; take it out"},
    {ZP_ERR_TOO_MANY_RANGES, ANY,
     "the memory map has $n ranges, but this protocol carries $N; choose another with --protocol"},
    {ZP_ERR_ABOVE_4G, ANY,
     "the $f at $v ($S) must lie below 4 GiB for this protocol; pin it lower, or choose linux64"},
    {ZP_ERR_PIN, ANY, "pin number $n, counted from 0: this boot has no such $k; leave it out"},
    {ZP_ERR_INITRD_UNSUPPORTED, ANY,
     "this kernel takes no initrd by this protocol; leave --initrd out, or choose another --protocol"},
    {ZP_ERR_BUSY, ANY, "the $f must lie at $v ($S), which is busy until entry; choose another address"},
    {ZP_ERR_INITRD_EMPTY, ANY,
     "the initrd is empty, which the kernel would take as none; leave --initrd out"},
    {ZP_ERR_BLOB, ANY, "blob number $n has a size, alignment or limit that makes no sense" DEFECT},
    {ZP_ERR_GUEST_MEMORY, ANY, "guest memory does not cover the planned $v ($S)" DEFECT},
    {ZP_ERR_FILL, ANY, "blob number $n could not be filled (answer $N)" DEFECT},

    {ZP_ERR_NO_PAYLOAD, ANY, "protocol $h names no payload to unpack; the image's own entry boots it"},
    {ZP_ERR_PAYLOAD_MAGIC, ANY, "the payload begins with $v, which no known packer writes"},
    {ZP_ERR_STREAM, ANY,
     "the $c stream is spoiled after $N bytes had come out of it; the file is damaged or hostile"},
    {ZP_ERR_UNPACKED_SIZE, ANY,
     "$n bytes came out, but the size kept with the stream says $N; the file is damaged or hostile"},
    {ZP_ERR_UNPACK_MEMORY, ANY,
     "unpacking demands $s of memory for its dictionary, but $S are allowed; pack it with a smaller one"},
};

static const struct row decisions[] = {
    {ZP_DECISION_PROTOCOL_ASKED, ANY, "protocol $p, as asked"},
    {ZP_DECISION_PROTOCOL_PREFERRED, ANY, "protocol $p, for it comes first; the image offers $m as well"},
    {ZP_DECISION_PROTOCOL_ONLY, ANY, "protocol $p, the only one that the image offers"},
    {ZP_DECISION_ENTRY_FAULTY, ANY, "the $p entry is passed over: $R"},
    {ZP_DECISION_KERNEL_LINKED, ANY, "kernel at $v, where it is linked or wishes to be"},
    {ZP_DECISION_KERNEL_MOVED, ANY, "kernel moved to $v, for its own place $l is not free RAM"},
    {ZP_DECISION_KERNEL_PINNED, ANY, "kernel at $v, as pinned"},
    {ZP_DECISION_RESERVE, ANY,
     "$S from $v on are the kernel's alone, for it runs over them before it reads the memory map"},
    {ZP_DECISION_RESERVE_GUESSED, ANY,
     "$S from $v on are kept for the kernel by a generous guess, for before protocol 2.10 it does not say"},
    {ZP_DECISION_TRAILING, ANY, "$s after the kernel are not loaded; signatures lie there"},
    {ZP_DECISION_SYSSIZE, ANY, "syssize says $s, the file has $S; the file is believed"},
    {ZP_DECISION_INITRD_HIGH, ANY, "initrd at $v, as high as allowed, out of the kernel's way"},
    {ZP_DECISION_CMDLINE, ANY, "command line of $n bytes; the kernel takes $N"},
    {ZP_DECISION_PAGE_TABLES, ANY, "page tables map $s from 0 by pages of $S, all that the entry needs"},
    {ZP_DECISION_E820, ANY,
     "memory map of $n ranges, $N of them in E820_EXT, for the table in boot_params holds 128"},
    {ZP_DECISION_RNG_SEED, ANY, "RNG seed of $n bytes, so that the kernel starts with entropy"},
    {ZP_DECISION_RNG_SEED_UNUSED, ANY, "no RNG seed, for protocol $p has no place for one"},
    {ZP_DECISION_RSDP, ANY, "RSDP at $v is announced, and found by scanning EBDA segment $l"},
    {ZP_DECISION_VIDEO_MODE_UNMET, ANY, "multiboot $n header would like a video mode; it gets text"},
    {ZP_DECISION_MODULES_JOINED, ANY, "$n files make one initrd of $S, for Linux takes a single one"},
    {ZP_DECISION_KEEP_SEGMENTS, ANY, "KEEP_SEGMENTS is set: the kernel keeps the flat GDT of the plan"},
    {ZP_DECISION_WRAPPER, ANY, "the setup header of the bzImage around it, version $h, is handed on"},
    {ZP_DECISION_KASLR_PHYSICAL, ANY, "kernel at $v by chance, one of $N places"},
    {ZP_DECISION_KASLR_VIRTUAL, ANY, "virtual base $v by chance, one of $N places"},
    {ZP_DECISION_KASLR_NONE, ANY, "no KASLR, for $y"},
    {ZP_DECISION_KASLR_NONE, ZP_FIELD_KERNEL, "no KASLR for the physical base, for $y"},
    {ZP_DECISION_KASLR_NONE, ZP_FIELD_VIRTUAL_BASE, "no KASLR for the virtual base, for $y"},
    {ZP_DECISION_RELOCATIONS, ANY,
     "$n entries of the relocation table are patched, for virtual addresses move by $l"},
    {ZP_DECISION_DEFERRED, ANY, "$n moves in the last step, of $S, for their homes are busy until entry"},
};

static const char *const kaslr_reasons[] = {
    [ZP_KASLR_NONE_CMDLINE] = "the command line says nokaslr",
    [ZP_KASLR_NONE_OWN] = "the bzImage's own code moves the kernel by itself",
    [ZP_KASLR_NONE_NOT_LINUX] = "nothing says that this is Linux",
    [ZP_KASLR_NONE_PROTOCOL] = "this entry does not let the kernel be moved so",
    [ZP_KASLR_NONE_NO_TABLE] = "the image has no relocation table",
    [ZP_KASLR_NONE_MEMORY] = "mem=, memmap= or hugepages= on the command line may take the place away",
    [ZP_KASLR_NONE_PINNED] = "the kernel is pinned",
    [ZP_KASLR_NONE_SPACE] = "there is one place alone",
    [ZP_KASLR_NONE_SPOILED] = "the relocation table is spoiled",
};

/* What an error speaks of where it has a place in the file. */
static const struct {
    uint32_t first, last;
    const char *name;
} structures[] = {
    {ZP_FIELD_SETUP_SECTS, ZP_FIELD_KERNEL_INFO_OFFSET, "setup header"},
    {ZP_FIELD_SETUP_CODE, ZP_FIELD_ENTRY64, "kernel code"},
    {ZP_FIELD_E_IDENT, ZP_FIELD_E_SHOFF, "ELF header"},
    {ZP_FIELD_P_OFFSET, ZP_FIELD_P_ALIGN, "program header"},
    {ZP_FIELD_NOTE, ZP_FIELD_PHYS32_RELOC, "ELF note"},
    {ZP_FIELD_P_TYPE, ZP_FIELD_P_TYPE, "program header"},
    {ZP_FIELD_MB_CHECKSUM, ZP_FIELD_MB_ENTRY_ADDR, "multiboot header"},
    {ZP_FIELD_MB2_ARCHITECTURE, ZP_FIELD_MB2_INFORMATION_REQUEST, "multiboot 2 header"},
    {ZP_FIELD_PE_HEADER, ZP_FIELD_PE_HEADER, "PE header"},
    {ZP_FIELD_PE_SECTION, ZP_FIELD_PE_SECTION, "PE section table"},
    {ZP_FIELD_PAYLOAD, ZP_FIELD_PAYLOAD_SIZE, "payload"},
};

/* A line that grows up to its room, and is cut there. */
struct line {
    char *text;
    size_t size, length;
};

static void put(struct line *line, const char *text)
{
    int wanted = snprintf(line->text + line->length, line->size - line->length, "%s", text);
    size_t rest = line->size - line->length - 1;

    if (wanted > 0)
        line->length += (size_t)wanted < rest ? (size_t)wanted : rest;
}

static void put_number(struct line *line, uint64_t number, bool hexadecimal)
{
    char text[32];

    snprintf(text, sizeof(text), hexadecimal ? "0x%" PRIx64 : "%" PRIu64, number);
    put(line, text);
}

static void put_size(struct line *line, uint64_t size)
{
    char text[32];

    put(line, zp_size_format(size, text, sizeof(text)));
}

static void put_version(struct line *line, uint64_t version)
{
    char text[48];

    snprintf(text, sizeof(text), "%" PRIu64 ".%02" PRIu64, version >> 8, version & 0xff);
    put(line, text);
}

static void put_mask(struct line *line, uint64_t mask)
{
    bool first = true;

    for (uint32_t protocol = 1; protocol < ZP_PROTOCOL_COUNT; protocol++) {
        if (!(mask & (UINT64_C(1) << protocol)))
            continue;
        put(line, first ? "" : mask >> (protocol + 1) ? ", " : " and ");
        put(line, zp_protocol_name(protocol));
        first = false;
    }
    if (first)
        put(line, "nothing");
}

/* The structure is named before, so "multiboot load_addr" need not say it again. */
static void put_field(struct line *line, uint32_t field)
{
    const char *name = zp_field_name(field);

    if (field >= ZP_FIELD_MB_CHECKSUM && field <= ZP_FIELD_MB2_INFORMATION_REQUEST && strchr(name, ' '))
        name = strchr(name, ' ') + 1;
    put(line, name);
}

static const char *unpacker(uint64_t compression)
{
    switch (compression) {
    case ZP_COMPRESSION_GZIP: return "by gzip -dc";
    case ZP_COMPRESSION_BZIP2: return "by bzip2 -dc";
    case ZP_COMPRESSION_LZMA: return "by xz --format=lzma -dc";
    case ZP_COMPRESSION_XZ: return "by xz -dc";
    case ZP_COMPRESSION_LZO: return "by lzop -dc";
    case ZP_COMPRESSION_LZ4: return "by lz4 -dc";
    case ZP_COMPRESSION_ZSTD: return "by zstd -dc";
    }
    return "with the tool that packed it";
}

static const char *kaslr_reason(uint64_t why)
{
    bool known = why < sizeof(kaslr_reasons) / sizeof(kaslr_reasons[0]) && kaslr_reasons[why];

    return known ? kaslr_reasons[why] : "a reason that has no words yet";
}

static void put_token(struct line *line, char token, const struct zp_error *error, const char *file)
{
    switch (token) {
    case 'f': put_field(line, error->field); return;
    case 'n': put_number(line, error->value, false); return;
    case 'N': put_number(line, error->limit, false); return;
    case 'v': put_number(line, error->value, true); return;
    case 'l': put_number(line, error->limit, true); return;
    case 's': put_size(line, error->value); return;
    case 'S': put_size(line, error->limit); return;
    case 'p': put(line, zp_protocol_name((uint32_t)error->value)); return;
    case 'm': put_mask(line, error->limit); return;
    case 'c': put(line, zp_compression_name((uint32_t)error->value)); return;
    case 'u': put(line, unpacker(error->value)); return;
    case 'e': put(line, strerror((int)error->limit)); return;
    case 'R': put(line, zp_status_text(-(int)error->limit)); return;
    case 'k': put(line, zp_span_kind_name((uint32_t)error->limit)); return;
    case 'y': put(line, kaslr_reason(error->value)); return;
    case 'h': put_version(line, error->value); return;
    case 'H': put_version(line, error->limit); return;
    case 'i': put(line, file); return;
    }
}

static void put_sentence(struct line *line, const char *sentence, const struct zp_error *error,
                         const char *file)
{
    for (; *sentence; sentence++) {
        char one[2] = {*sentence, '\0'};

        if (*sentence != '$')
            put(line, one);
        else
            put_token(line, *++sentence, error, file);
    }
}

/* The row of that code and field, else the one for any field, else NULL. */
static const char *sentence_of(const struct row *rows, size_t count, int code, uint32_t field)
{
    const char *any = NULL;

    for (size_t i = 0; i < count; i++) {
        if (rows[i].code != code)
            continue;
        if (rows[i].field == field && field != ANY)
            return rows[i].text;
        if (rows[i].field == ANY)
            any = rows[i].text;
    }
    return any;
}

static void put_place(struct line *line, const struct zp_error *error)
{
    const char *name = NULL;

    /* What the file is needs no place in it, nor does a file that is packed as a whole. */
    if (error->offset == ZP_NO_OFFSET ||
        (error->offset == 0 && (error->field == ZP_FIELD_PAYLOAD || error->field == ZP_FIELD_PAYLOAD_SIZE)) ||
        (error->code <= ZP_ERR_EMPTY && error->code >= ZP_ERR_COMPRESSED))
        return;
    for (size_t i = 0; i < sizeof(structures) / sizeof(structures[0]); i++)
        if (error->field >= structures[i].first && error->field <= structures[i].last)
            name = structures[i].name;
    if (name) {
        put(line, name);
        put(line, " ");
    }
    put(line, "at ");
    put_number(line, error->offset, true);
    put(line, ": ");
}

char *zp_error_explain(const struct zp_error *error, const char *file_name, char *text, size_t text_size)
{
    struct line line = {text, text_size, 0};
    const char *sentence = sentence_of(errors, sizeof(errors) / sizeof(errors[0]), error->code, error->field);

    if (text_size == 0)
        return text;
    text[0] = '\0';
    if (file_name) {
        put(&line, file_name);
        put(&line, ": ");
    }
    put_place(&line, error);
    if (error->code == ZP_ERR_REAL_MODE_ONLY && error->value != ZP_PROTOCOL_AUTO)
        sentence = "the 16-bit entry needs a BIOS; zeropage run has one with --engine qemu; others need none";
    if (error->code == ZP_ERR_ALIGNMENT && error->limit != 0 && error->field < ZP_FIELD_KERNEL)
        sentence = "$f $v is no multiple of $l";
    put_sentence(&line, sentence ? sentence : zp_status_text(error->code), error,
                 file_name ? file_name : "FILE");
    return text;
}

char *zp_decision_explain(const struct zp_decision *decision, char *text, size_t text_size)
{
    const struct zp_error numbers = {
        .field = decision->field, .offset = ZP_NO_OFFSET, .value = decision->a, .limit = decision->b};
    struct line line = {text, text_size, 0};
    const char *sentence = sentence_of(decisions, sizeof(decisions) / sizeof(decisions[0]),
                                       (int)decision->code, decision->field);

    if (text_size == 0)
        return text;
    text[0] = '\0';
    if (decision->code == ZP_DECISION_RSDP && decision->b == 0)
        sentence = "RSDP at $v is announced";
    if (decision->code == ZP_DECISION_E820 && decision->b == 0)
        sentence = "memory map of $n ranges";
    put_sentence(&line, sentence ? sentence : "a decision that has no words yet", &numbers, "");
    return text;
}
