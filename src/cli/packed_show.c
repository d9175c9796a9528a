/* SPDX-License-Identifier: BSD-2-Clause */
/* Shows a packed file: what is in it, where, and by which ways it is entered. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "packed_view.h"

static const char *compression_name(uint32_t compression)
{
    static const char *const names[] = {"none", "lz4", "zstd"};
    return compression < sizeof names / sizeof names[0] ? names[compression] : "unknown";
}

static const char *size_text(uint64_t size, char *text, size_t text_size)
{
    return zp_size_format(size, text, text_size);
}

static void print_kernel(const struct cli_packed *packed)
{
    const struct zp_pack_payload *payload = &packed->packed.payload;
    char size[32], plain[32];
    printf("  %-13s %s%s%s", "kernel", packed->kernel[0] ? packed->kernel : "of no known format", ", ",
           size_text(payload->kernel_bytes, plain, sizeof plain));
    if (payload->compression != ZP_PACK_STORED)
        printf(", stored as %s of %s", size_text(payload->kernel_size, size, sizeof size),
               compression_name(payload->compression));
    printf(" at 0x%" PRIx64 " of the file\n", packed->packed.payload_at + payload->kernel_offset);
    if (payload->entry == ZP_PROTOCOL_AUTO)
        printf("  %-13s by the entry that a plan chooses", "entered");
    else
        printf("  %-13s by %s%s", "entered", zp_protocol_name(payload->entry),
               payload->told ? ", as its author told (--entry)" : "");
    if (payload->home_size)
        printf("; it lies at 0x%" PRIx64 ", %s", payload->home,
               size_text(payload->home_size, size, sizeof size));
    putchar('\n');
}

static void print_modules(const struct cli_packed *packed)
{
    const struct zp_pack_payload *payload = &packed->packed.payload;
    char size[32];
    for (uint32_t i = 0; i < payload->module_count && i < ZP_PACK_MODULE_MAX; i++)
        printf("  %-13s %s at 0x%" PRIx64 " of the file\n", "initrd",
               size_text(payload->modules[i].size, size, sizeof size),
               packed->packed.payload_at + payload->modules[i].offset);
    if (payload->modules_room)
        printf("  %-13s %s for --set-initrd\n", "initrd room",
               size_text(payload->modules_room, size, sizeof size));
}

static void print_payload(const struct cli_packed *packed)
{
    const struct zp_packed *file = &packed->packed;
    char size[32];
    if (file->body.payload_offset == 0) {
        printf("  %-13s none: it reads EFI/BOOT/PAYLOAD.ZP where it is started from\n", "payload");
        return;
    }
    char *cmdline = cli_escape_copy(file->cmdline ? file->cmdline : "");
    print_kernel(packed);
    printf("  %-13s \"%s\", %" PRIu32 " of %" PRIu32 " bytes\n", "command line", cmdline,
           file->payload.cmdline_length, file->payload.cmdline_room ? file->payload.cmdline_room - 1 : 0);
    free(cmdline);
    print_modules(packed);
    printf("  %-13s %s at 0x%" PRIx64 " of the file\n", "payload",
           size_text(file->body.payload_size, size, sizeof size), file->payload_at);
}

static void print_places(const struct cli_packed *packed)
{
    const struct zp_packed *file = &packed->packed;
    char size[32], memory[32];
    printf("  %-13s 0x%x to 0x%" PRIx64 " of the file, %s; it needs %s of RAM from there\n", "loaded",
           ZP_PACK_BODY, file->loaded_end, size_text(file->loaded_end - ZP_PACK_BODY, size, sizeof size),
           size_text(file->body.work + file->body.stub_memory, memory, sizeof memory));
    printf("  %-13s %s, %s unpacked\n", "stub", size_text(file->body.stub_size, size, sizeof size),
           size_text(file->body.stub_bytes, memory, sizeof memory));
    if (file->esp)
        printf("  %-13s %s at 0x%" PRIx64 " of the file, partition 1\n", "ESP",
               size_text(file->esp_size, size, sizeof size), file->esp_at);
    for (size_t i = 0; i < file->partition_count && i < ZP_PACK_PARTITION_MAX; i++)
        printf("  %-13s %s of type %02x at 0x%" PRIx64 " of the file\n", "partition",
               size_text(file->partitions[i].size, size, sizeof size), file->partitions[i].type,
               file->partitions[i].at);
}

void cli_packed_table(const struct cli_packed *packed)
{
    struct cli_style style = cli_style();
    if (!packed->present || packed->spoiled)
        return;
    printf("\n%sPacked%s\n", style.bold, style.plain);
    printf("  %-13s %s%s%s\n", "flavour", packed->packed.flavour == ZP_PACK_PE ? "pe" : "elf",
           packed->packed.esp ? ", with an ESP" : "", packed->packed.multiboot ? ", multiboot headers" : "");
    print_payload(packed);
    print_places(packed);
    if (packed->altered) {
        char *why = cli_escape_copy(packed->why);
        printf("  %-13s %swrong%s: %s\n", "checksums", style.bad, style.plain, why);
        free(why);
    } else {
        printf("  %-13s right\n", "checksums");
    }
    printf("\n%sWays in%s\n", style.bold, style.plain);
    for (size_t i = 0; i < packed->way_count; i++) {
        const struct cli_packed_way *way = &packed->ways[i];
        printf("  %-13s 0x%" PRIx64 " of the file", way->name, way->at);
        if (way->address)
            printf(", at 0x%" PRIx64, way->address);
        printf(": %s\n", way->what);
    }
}

static struct json_object *payload_json(const struct cli_packed *packed)
{
    const struct zp_packed *file = &packed->packed;
    const struct zp_pack_payload *payload = &file->payload;
    struct json_object *object = json_object_new_object(), *initrds = json_object_new_array();
    char *cmdline = cli_escape_copy(file->cmdline ? file->cmdline : "");
    cli_json_size(object, "offset", file->payload_at);
    cli_json_size(object, "size", file->body.payload_size);
    cli_json_text(object, "kernel", packed->kernel);
    cli_json_size(object, "kernel_offset", file->payload_at + payload->kernel_offset);
    cli_json_size(object, "kernel_size", payload->kernel_bytes);
    cli_json_size(object, "stored_size", payload->kernel_size);
    cli_json_text(object, "compression", compression_name(payload->compression));
    cli_json_text(object, "entry", payload->entry ? zp_protocol_name(payload->entry) : "auto");
    cli_json_bool(object, "told", payload->told != 0);
    cli_json_hex(object, "home", payload->home);
    cli_json_size(object, "home_size", payload->home_size);
    cli_json_text(object, "cmdline", cmdline);
    cli_json_size(object, "cmdline_room", payload->cmdline_room);
    for (uint32_t i = 0; i < payload->module_count && i < ZP_PACK_MODULE_MAX; i++) {
        struct json_object *one = json_object_new_object();
        cli_json_size(one, "offset", file->payload_at + payload->modules[i].offset);
        cli_json_size(one, "size", payload->modules[i].size);
        json_object_array_add(initrds, one);
    }
    json_object_object_add(object, "initrds", initrds);
    cli_json_size(object, "initrd_room", payload->modules_room);
    free(cmdline);
    return object;
}

static struct json_object *partitions_json(const struct zp_packed *file)
{
    struct json_object *list = json_object_new_array();
    for (size_t i = 0; i < file->partition_count && i < ZP_PACK_PARTITION_MAX; i++) {
        struct json_object *one = json_object_new_object();
        cli_json_size(one, "offset", file->partitions[i].at);
        cli_json_size(one, "size", file->partitions[i].size);
        cli_json_hex(one, "type", file->partitions[i].type);
        json_object_array_add(list, one);
    }
    return list;
}

static struct json_object *ways_json(const struct cli_packed *packed)
{
    struct json_object *list = json_object_new_array();
    for (size_t i = 0; i < packed->way_count; i++) {
        struct json_object *one = json_object_new_object();
        cli_json_text(one, "way", packed->ways[i].name);
        cli_json_size(one, "offset", packed->ways[i].at);
        if (packed->ways[i].address)
            cli_json_hex(one, "address", packed->ways[i].address);
        else
            json_object_object_add(one, "address", NULL);
        cli_json_text(one, "what", packed->ways[i].what);
        json_object_array_add(list, one);
    }
    return list;
}

struct json_object *cli_packed_json(const struct cli_packed *packed)
{
    const struct zp_packed *file = &packed->packed;
    struct json_object *object, *esp = NULL;
    if (!packed->present || packed->spoiled)
        return NULL;
    object = json_object_new_object();
    cli_json_text(object, "flavour", file->flavour == ZP_PACK_PE ? "pe" : "elf");
    cli_json_bool(object, "multiboot", file->multiboot);
    cli_json_size(object, "body_size", file->body.body_size);
    cli_json_size(object, "stub_size", file->body.stub_size);
    cli_json_size(object, "stub_bytes", file->body.stub_bytes);
    cli_json_size(object, "memory", file->body.work + file->body.stub_memory);
    cli_json_size(object, "loaded_end", file->loaded_end);
    json_object_object_add(object, "payload", file->body.payload_offset ? payload_json(packed) : NULL);
    if (file->esp) {
        esp = json_object_new_object();
        cli_json_size(esp, "offset", file->esp_at);
        cli_json_size(esp, "size", file->esp_size);
    }
    json_object_object_add(object, "esp", esp);
    json_object_object_add(object, "partitions", partitions_json(file));
    if (packed->altered) {
        char *why = cli_escape_copy(packed->why);
        cli_json_text(object, "altered", why);
        free(why);
    } else {
        json_object_object_add(object, "altered", NULL);
    }
    json_object_object_add(object, "ways", ways_json(packed));
    return object;
}
