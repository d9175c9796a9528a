/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An image for a person: first what it is and what it demands in words, then the tables from which that
 * follows, each value as it stands in the file with its offset.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zeropage/wire/bootparam.h>
#include <zeropage/wire/elf.h>
#include <zeropage/wire/xen.h>

#include "host.h"
#include "image_view.h"

static char *size_text(uint64_t size, char *text, size_t text_size)
{
    return zp_size_format(size, text, text_size);
}

/* "Linux bzImage, boot protocol 2.15; EFI application", the parts that the file is. */
static void print_what(const struct zp_image *image, const char *image_name, const struct cli_style *style)
{
    const struct zp_bzimage *bzimage = &image->bzimage;
    const struct zp_elf *elf = &image->elf;
    char size[32];
    const char *between = "";
    printf("%s%s%s: ", style->bold, image_name, style->plain);
    if (image->formats & (ZP_FORMAT_BZIMAGE | ZP_FORMAT_ZIMAGE)) {
        printf("%s, boot protocol %u.%02u", image->formats & ZP_FORMAT_BZIMAGE ? "bzImage" : "zImage",
               bzimage->version >> 8, bzimage->version & 0xff);
        between = "; ";
    } else if (image->formats & ZP_FORMAT_PRE_200) {
        printf("Linux image older than boot protocol 2.00");
        between = "; ";
    }
    if (elf->class_bits) {
        printf("%sELF%" PRIu32 " for %s", between, elf->class_bits,
               elf->machine == ZP_EM_X86_64 ? "x86-64" : "i386");
        between = "; ";
    }
    if (image->formats & ZP_FORMAT_MULTIBOOT1) {
        printf("%smultiboot 1", between);
        between = "; ";
    }
    if (image->formats & ZP_FORMAT_MULTIBOOT2) {
        printf("%smultiboot 2", between);
        between = "; ";
    }
    if (image->formats & ZP_FORMAT_PE)
        printf("%sEFI application", between);
    printf("; %s\n", size_text(image->source->size, size, sizeof size));
}

static void print_heading(const char *heading, const struct cli_style *style)
{
    printf("\n%s%s%s\n", style->bold, heading, style->plain);
}

static void print_demands(const struct zp_image *image, const struct cli_style *style)
{
    const struct zp_bzimage *bzimage = &image->bzimage;
    char text[1100];
    char size[32];
    bool linux_image = image->formats & (ZP_FORMAT_BZIMAGE | ZP_FORMAT_ZIMAGE | ZP_FORMAT_PRE_200);
    if (!linux_image)
        return;
    print_heading("Demands", style);
    if (cli_kernel_version(image, text, sizeof text)[0])
        printf("  %-13s %s\n", "version", text);
    printf("  %-13s %s at 0x%" PRIx64 " of the file, %s\n", "code",
           size_text(bzimage->code_size, size, sizeof size), bzimage->code_offset,
           bzimage->loaded_high ? "loaded high" : "loaded low");
    if (bzimage->trailing_size)
        printf("  %-13s %s after the code (a signature, say) are not loaded\n", "trailing",
               size_text(bzimage->trailing_size, size, sizeof size));
    if (bzimage->kernel_alignment)
        printf("  %-13s relocatable, to multiples of %s\n", "place",
               size_text(bzimage->kernel_alignment, size, sizeof size));
    else
        printf("  %-13s not relocatable\n", "place");
    printf("  %-13s up to %" PRIu64 " bytes\n", "command line", bzimage->cmdline_max);
    printf("  %-13s up to address 0x%" PRIx64 "\n", "initrd", bzimage->initrd_max.value);
    if (bzimage->payload_compression != ZP_COMPRESSION_NONE)
        printf("  %-13s %s, %s at 0x%" PRIx64 " of the file\n", "payload",
               zp_compression_name(bzimage->payload_compression),
               size_text(bzimage->payload_length, size, sizeof size), bzimage->payload_offset);
    if (bzimage->kernel_info_offset)
        printf("  %-13s at 0x%" PRIx64 " of the file; setup_data types up to 0x%" PRIx32 "\n", "kernel_info",
               bzimage->kernel_info_offset, bzimage->setup_type_max);
}

static void print_header(const struct zp_image *image, const struct cli_style *style)
{
    const struct zp_bzimage *bzimage = &image->bzimage;
    char flags[256];
    char size[32];
    if (!(image->formats & (ZP_FORMAT_BZIMAGE | ZP_FORMAT_ZIMAGE | ZP_FORMAT_PRE_200)))
        return;
    print_heading("Setup header", style);
    for (size_t i = 0; i < cli_header_field_count; i++) {
        const struct cli_header_field *field = &cli_header_fields[i];
        if (!cli_header_has(bzimage, field))
            continue;
        uint64_t value = cli_header_value(bzimage, field);
        char number[24];
        char meaning[300] = "";
        snprintf(number, sizeof number, field->number ? "%" PRIu64 : "0x%" PRIx64, value);
        if (strcmp(field->name, "setup_sects") == 0)
            snprintf(meaning, sizeof meaning, "%ssetup of %u sectors",
                     value ? "" : "means 4: ", bzimage->setup_sects);
        else if (strcmp(field->name, "syssize") == 0)
            snprintf(meaning, sizeof meaning, "%s", size_text(bzimage->syssize_bytes, size, sizeof size));
        else if (strcmp(field->name, "init_size") == 0 || strcmp(field->name, "payload_length") == 0)
            snprintf(meaning, sizeof meaning, "%s", size_text(value, size, sizeof size));
        else if (strcmp(field->name, "min_alignment") == 0 && value > 0 && value < 64)
            snprintf(meaning, sizeof meaning, "%s", size_text(UINT64_C(1) << value, size, sizeof size));
        else
            snprintf(meaning, sizeof meaning, "%s", cli_header_flags(field, value, flags, sizeof flags));
        printf("  0x%03x  %-22s%s%-*s%s\n", field->offset, field->name, " ", meaning[0] ? 12 : 0, number,
               meaning);
    }
}

static void print_elf(const struct zp_image *image, const struct cli_style *style)
{
    const struct zp_elf *elf = &image->elf;
    if (elf->class_bits == 0)
        return;
    print_heading("ELF", style);
    printf("  %-13s %" PRIu32 " bits, %s, machine %" PRIu32 ", OS ABI %" PRIu32 "\n", "class",
           elf->class_bits, elf->type == ZP_ET_DYN ? "ET_DYN" : "ET_EXEC", elf->machine, elf->osabi);
    printf("  %-13s 0x%" PRIx64 "\n", "entry", elf->entry.value);
    printf("  %-13s %" PRIu32 " at 0x%" PRIx64 " of the file\n", "headers", elf->phnum, elf->phoff);
    printf("  %-13s %" PRIu32 " at 0x%" PRIx64 " of the file\n", "sections", elf->shnum, elf->shoff);
}

static void print_segments(const struct zp_image *image, const struct cli_style *style)
{
    char file_size[32];
    char memory_size[32];
    char align[32];
    if (image->segment_count == 0)
        return;
    print_heading("Segments", style);
    printf("  %2s  %-10s  %10s  %-10s  %-18s  %10s  %-3s  %s\n", "", "offset", "bytes", "paddr", "vaddr",
           "memory", "", "align");
    for (size_t i = 0; i < image->segment_count; i++) {
        const struct zp_segment *segment = &image->segments[i];
        printf("  %2zu  0x%08" PRIx64 "  %10s  0x%08" PRIx64 "  0x%016" PRIx64 "  %10s  %c%c%c  %s\n", i,
               segment->file_offset, size_text(segment->file_size, file_size, sizeof file_size),
               segment->paddr.value, segment->vaddr,
               size_text(segment->memory_size, memory_size, sizeof memory_size),
               segment->flags & ZP_PF_R ? 'r' : '-', segment->flags & ZP_PF_W ? 'w' : '-',
               segment->flags & ZP_PF_X ? 'x' : '-',
               segment->align ? size_text(segment->align, align, sizeof align) : "-");
    }
}

static void print_note(const struct zp_image *image, const struct zp_note *note)
{
    char text[4200];
    uint32_t word;
    printf("  %2" PRIu32 "  %-18s ", note->type, cli_note_name(note->type));
    if (cli_note_is_text(note))
        printf("\"%s\"", cli_note_text(image, note, text, sizeof text));
    else if (note->type == ZP_XEN_ELFNOTE_PHYS32_RELOC) {
        static const char *const words[] = {"align", " min", " max"};
        for (unsigned w = 0; w < 3; w++)
            if (cli_note_word(image, note, w, &word))
                printf("%s 0x%" PRIx32, words[w], word);
        if (note->descriptor_size < 4)
            printf("align as the segments");
    } else if (note->descriptor_size == 4 || note->descriptor_size == 8)
        printf("0x%" PRIx64, note->number);
    else
        printf("%" PRIu32 " bytes at 0x%" PRIx64 " of the file", note->descriptor_size,
               note->descriptor_offset);
    putchar('\n');
}

static void print_notes(const struct zp_image *image, const struct cli_style *style)
{
    if (image->note_count == 0)
        return;
    print_heading("Xen notes", style);
    for (size_t i = 0; i < image->note_count; i++)
        print_note(image, &image->notes[i]);
}

static void print_multiboot(const struct zp_image *image, const struct cli_style *style)
{
    const struct zp_multiboot *first = &image->multiboot1;
    const struct zp_multiboot *second = &image->multiboot2;
    if (!first->present && !second->present)
        return;
    print_heading("Multiboot", style);
    if (first->present)
        printf("  1  header at 0x%" PRIx64 ", flags 0x%" PRIx32 "%s%s\n", first->header_offset, first->flags,
               first->wants_page_aligned_modules ? ", page-aligned modules" : "",
               first->wants_video_mode ? ", a video mode" : "");
    if (second->present)
        printf("  2  header at 0x%" PRIx64 ", %" PRIu32 " bytes%s%s\n", second->header_offset,
               second->header_length, second->wants_page_aligned_modules ? ", page-aligned modules" : "",
               second->wants_video_mode ? ", a video mode" : "");
}

static void print_entry(const struct zp_entry *entry, const char *image_name, const struct cli_style *style)
{
    char size[32];
    char align[32];
    char text[1024];
    printf("  %-10s at 0x%08" PRIx64 " (%s)", zp_protocol_name(entry->protocol), entry->address.value,
           cli_container_name(entry->container));
    if (entry->fault.code) {
        printf(", %sfaulty%s\n             %s\n", style->bad, style->plain,
               zp_error_explain(&entry->fault, image_name, text, sizeof text));
        return;
    }
    if (entry->protocol == ZP_PROTOCOL_LINUX16) {
        printf("\n             real mode; needs a BIOS\n");
        return;
    }
    printf("\n             needs %s from 0x%" PRIx64 "%s", size_text(entry->reserve_size, size, sizeof size),
           entry->reserve.value, entry->guessed_size ? " (a guess)" : "");
    if (entry->align == 0)
        printf(", not relocatable\n");
    else
        printf(", or moved by %s within 0x%" PRIx64 " to 0x%" PRIx64 "\n",
               size_text(entry->align, align, sizeof align), entry->min.value, entry->max.value);
}

static void print_entries(const struct zp_image *image, const char *image_name, const struct cli_style *style)
{
    print_heading("Entries, as a plan tries them", style);
    for (size_t i = 0; i < image->entry_count; i++)
        print_entry(&image->entries[i], image_name, style);
}

static void print_relocations(const struct zp_image *image, const char *image_name,
                              const struct cli_style *style)
{
    if (image->relocations.list_count == 0 && image->relocations.fault.code == ZP_OK)
        return;
    print_heading("Relocations", style);
    cli_relocations_table(image, image_name);
}

static void print_sections(const struct zp_opened_image *opened, const struct cli_style *style)
{
    if (!opened->uki.present)
        return;
    print_heading("Sections of the UKI", style);
    cli_sections_table(&zp_opened_image_uki_file(opened)->source);
}

void cli_image_table(const struct zp_opened_image *opened, const struct cli_packed *packed,
                     const char *image_name)
{
    const struct zp_image *image = &opened->image;
    struct cli_style style = cli_style();
    size_t size = strlen(image_name) + ZP_INSIDE_SIZE + 2;
    char *name = cli_grow(NULL, size, 1);
    zp_inside_name(image_name, opened->inside, name, size);
    print_what(image, name, &style);
    cli_inside_table(opened);
    cli_packed_table(packed);
    print_demands(image, &style);
    cli_boots_table(opened);
    cli_advice_table(opened);
    print_entries(image, name, &style);
    print_header(image, &style);
    print_elf(image, &style);
    print_segments(image, &style);
    print_relocations(image, name, &style);
    print_notes(image, &style);
    print_multiboot(image, &style);
    print_sections(opened, &style);
    free(name);
}
