/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zeropage pack: makes one file of a kernel, a command line and initrds that boots everywhere; puts another
 * command line or initrd into such a file; checks one. The file is written whole or not at all. What was
 * packed is told as a table of sizes, or as JSON.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "opening.h"
#include "output.h"
#include "pack.h"

enum {
    KEY_OUTPUT = 0x500,
    KEY_CMDLINE,
    KEY_INITRD,
    KEY_COMPRESS,
    KEY_FLAVOUR,
    KEY_ESP,
    KEY_MULTIBOOT,
    KEY_ENTRY,
    KEY_PARTITION,
    KEY_INITRD_ROOM,
    KEY_CMDLINE_ROOM,
    KEY_SET_CMDLINE,
    KEY_SET_INITRD,
    KEY_VERIFY,
    KEY_JSON
};

#define PARTITION_TYPE 0x83u /* Linux */
#define SENTENCE       2048u

struct named {
    char *name;
    struct zp_file file;
    uint8_t type; /* of a partition */
};

struct pack_options {
    const char *kernel_name, *output_name;
    int edit; /* 0, KEY_SET_CMDLINE, KEY_SET_INITRD or KEY_VERIFY */
    const char *edited_name;
    const char *argument; /* the first that is no option */
    struct named *initrds;
    size_t initrd_count;
    struct named partitions[ZP_PACK_PARTITION_MAX];
    size_t partition_count;
    bool json, esp_given, packs; /* packs: an option was given that only packing knows */
    struct zp_pack_request request;
    struct cli_progress progress;
    struct zp_opening opening;
    struct zp_opened_image opened;
};

/* One of a few words, as a number from 0. */
static uint32_t take_word(const struct argp_state *state, const char *option, const char *text,
                          const char *const *words)
{
    char list[64] = "";
    for (uint32_t i = 0; words[i]; i++) {
        if (strcmp(words[i], text) == 0)
            return i;
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i ? ", " : "", words[i]);
    }
    cli_usage(state, "%s %s: not one of %s", option, text, list);
}

static uint64_t take_size(const struct argp_state *state, const char *option, const char *text)
{
    uint64_t size;
    if (!zp_size_parse(text, &size) || size == 0)
        cli_usage(state, "%s %s: not a size such as 4096, 64K or 8M", option, text);
    return size;
}

static uint32_t take_entry(const struct argp_state *state, const char *text)
{
    int protocol = zp_protocol_by_name(text);
    if (protocol <= ZP_PROTOCOL_LINUX16)
        cli_usage(state, "--entry %s: not one of linux64, linux32, pvh, multiboot1, multiboot2", text);
    return (uint32_t)protocol;
}

/* FILE[:TYPE], TYPE being one or two hexadecimal digits. */
static void take_partition(struct pack_options *options, const struct argp_state *state, char *text)
{
    char *colon = strrchr(text, ':');
    size_t digits = colon ? strlen(colon + 1) : 0;
    struct named *partition = &options->partitions[options->partition_count];
    if (options->partition_count++ == ZP_PACK_PARTITION_MAX)
        cli_usage(state, "--partition %s: there is room for two", text);
    *partition = (struct named){.name = text, .type = PARTITION_TYPE};
    if (digits == 0 || digits > 2 || colon == text || strspn(colon + 1, "0123456789abcdefABCDEF") != digits)
        return;
    *colon = '\0';
    partition->type = (uint8_t)strtoul(colon + 1, NULL, 16);
    if (partition->type == 0)
        cli_usage(state, "--partition %s:00: type 0 means that there is no partition", text);
}

static void take_initrd(struct pack_options *options, char *name)
{
    options->initrds = cli_grow(options->initrds, options->initrd_count + 1, sizeof *options->initrds);
    options->initrds[options->initrd_count++] = (struct named){.name = name};
}

static void take_edit(struct pack_options *options, const struct argp_state *state, int key, char *name)
{
    if (options->edit)
        cli_usage(state, "one of --set-cmdline, --set-initrd and --verify at a time");
    options->edit = key;
    options->edited_name = name;
}

static void check_options(struct pack_options *options, const struct argp_state *state)
{
    if (options->edit && (options->packs || options->json))
        cli_usage(state, "--set-cmdline, --set-initrd and --verify go without other options");
    if (options->edit == KEY_VERIFY && options->argument)
        cli_usage(state, "--verify takes one file: '%s' is too many", options->argument);
    if (options->edit == KEY_SET_CMDLINE && !options->argument)
        cli_usage(state, "--set-cmdline FILE TEXT: no text given");
    if (options->edit == KEY_SET_INITRD && !options->argument)
        cli_usage(state, "--set-initrd FILE INITRD: no initrd given");
    if (options->edit)
        return;
    options->kernel_name = options->argument;
    if (!options->kernel_name)
        cli_usage(state, "no kernel given");
    if (!options->output_name)
        cli_usage(state, "-o FILE is missing: where to write the packed file");
    if (options->request.flavour == ZP_PACK_PE && options->request.esp && options->esp_given)
        cli_usage(state, "--esp on: a file of the PE flavour is the EFI application itself and has no ESP");
}

static error_t parse_pack(int key, char *argument, struct argp_state *state)
{
    static const char *const compressions[] = {"none", "lz4", "zstd", NULL};
    static const char *const flavours[] = {"elf", "pe", NULL};
    static const char *const switches[] = {"off", "on", NULL};
    struct pack_options *options = state->input;
    struct zp_pack_request *request = &options->request;
    switch (key) {
    case KEY_SET_CMDLINE:
    case KEY_SET_INITRD:
    case KEY_VERIFY: take_edit(options, state, key, argument); return 0;
    case KEY_JSON: options->json = true; return 0;
    case ARGP_KEY_ARG:
        if (options->argument)
            cli_usage(state, "'%s' is too many", argument);
        options->argument = argument;
        return 0;
    case ARGP_KEY_END: check_options(options, state); return 0;
    }
    if (key != 'o' && (key < KEY_OUTPUT || key > KEY_CMDLINE_ROOM))
        return ARGP_ERR_UNKNOWN;
    options->packs = true;
    switch (key) {
    case 'o':
    case KEY_OUTPUT: options->output_name = argument; return 0;
    case KEY_CMDLINE: request->cmdline = argument; return 0;
    case KEY_INITRD: take_initrd(options, argument); return 0;
    case KEY_COMPRESS:
        request->compression = take_word(state, "--compress", argument, compressions);
        return 0;
    case KEY_FLAVOUR:
        request->flavour = ZP_PACK_ELF + take_word(state, "--flavour", argument, flavours);
        return 0;
    case KEY_ESP:
        request->esp = take_word(state, "--esp", argument, switches) == 1;
        options->esp_given = true;
        return 0;
    case KEY_MULTIBOOT: request->multiboot = true; return 0;
    case KEY_ENTRY: request->entry = take_entry(state, argument); return 0;
    case KEY_PARTITION: take_partition(options, state, argument); return 0;
    case KEY_INITRD_ROOM: request->initrd_room = take_size(state, "--initrd-room", argument); return 0;
    case KEY_CMDLINE_ROOM: {
        uint64_t room = take_size(state, "--cmdline-room", argument);
        request->cmdline_room = room > UINT32_MAX ? UINT32_MAX : (uint32_t)room;
        return 0;
    }
    }
    return ARGP_ERR_UNKNOWN;
}

static const struct argp_option argp_options[] = {
    {NULL, 'o', "FILE", 0, "The packed file", 1},
    {"output", KEY_OUTPUT, "FILE", OPTION_HIDDEN, NULL, 1},
    {"cmdline", KEY_CMDLINE, "TEXT", 0, "Built-in command line", 1},
    {"initrd", KEY_INITRD, "FILE", 0, "Built-in initrd or module; again for more", 1},
    {"compress", KEY_COMPRESS, "HOW", 0, "The kernel: none (default), lz4, zstd", 2},
    {"flavour", KEY_FLAVOUR, "KIND", 0, "elf (default), or pe: an EFI application", 2},
    {"esp", KEY_ESP, "on|off", 0, "EFI system partition in it (default on)", 2},
    {"multiboot", KEY_MULTIBOOT, NULL, 0, "Multiboot headers as well", 2},
    {"entry", KEY_ENTRY, "PROTOCOL", 0, "Enter the kernel by linux64, linux32, pvh, multiboot1, multiboot2",
     2},
    {"partition", KEY_PARTITION, "FILE[:TYPE]", 0, "Append as MBR partition (83)", 3},
    {"initrd-room", KEY_INITRD_ROOM, "SIZE", 0, "Room for a later --set-initrd", 3},
    {"cmdline-room", KEY_CMDLINE_ROOM, "SIZE", 0, "Room for a later --set-cmdline (2K)", 3},
    {"json", KEY_JSON, NULL, 0, "What was made, for a program", 3},
    {"set-cmdline", KEY_SET_CMDLINE, "FILE", 0, "Put TEXT into FILE, in place", 4},
    {"set-initrd", KEY_SET_INITRD, "FILE", 0, "Put INITRD into FILE, in place", 4},
    {"verify", KEY_VERIFY, "FILE", 0, "Check a packed file", 4},
    {0},
};

static const struct argp_child children[] = {
    {&cli_common_argp, 0, NULL, 0},
    {0},
};

static const struct argp pack_argp = {
    argp_options,
    parse_pack,
    "KERNEL -o FILE\n--set-cmdline FILE TEXT\n--set-initrd FILE INITRD\n--verify FILE",
    "Makes one file of KERNEL that boots everywhere.",
    children,
    NULL,
    NULL,
};

/* A sentence of the packer, in the form asked for. Always CLI_NO. */
static int refuse(bool json, const char *name, const char *sentence)
{
    size_t size = strlen(sentence) + (name ? strlen(name) : 0) + 3;
    char *line = cli_grow(NULL, size, 1), *safe;
    snprintf(line, size, "%s%s%s", name ? name : "", name ? ": " : "", sentence);
    safe = cli_escape_copy(line);
    if (json) {
        struct json_object *object = json_object_new_object(), *fault = json_object_new_object();
        static const char *const none[] = {"code", "field", "offset", "value", "limit"};
        for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
            json_object_object_add(fault, none[i], NULL);
        cli_json_text(fault, "text", safe);
        json_object_object_add(object, "error", fault);
        cli_json_print(object);
    } else
        cli_error("%s", safe);
    free(safe);
    free(line);
    return CLI_NO;
}

struct telling {
    struct timespec begin;
    bool shown;
};

static void tell_progress(void *context, uint64_t done, uint64_t all)
{
    struct telling *telling = context;
    struct timespec now;
    char size[32], total[32];
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (now.tv_sec - telling->begin.tv_sec < 2 && !telling->shown)
        return;
    telling->shown = true;
    fprintf(stderr, "\rzeropage: packing, %s of %s, %u%%\033[K", zp_size_format(done, size, sizeof size),
            zp_size_format(all, total, sizeof total),
            (unsigned)((double)done / (double)(all ? all : 1) * 100));
}

static void size_json(struct json_object *object, const struct zp_pack_sizes *sizes)
{
    cli_json_size(object, "file_size", sizes->file);
    json_object_object_add(
        object, "added",
        json_object_new_int64((int64_t)(sizes->file - sizes->kernel - sizes->initrds - sizes->partitions)));
    cli_json_size(object, "kernel", sizes->kernel);
    cli_json_size(object, "kernel_stored", sizes->kernel_stored);
    cli_json_size(object, "initrds", sizes->initrds);
    cli_json_size(object, "front", sizes->front);
    cli_json_size(object, "stub", sizes->body);
    cli_json_size(object, "efi_stub", sizes->efi_stub);
    cli_json_size(object, "fat", sizes->fat);
    cli_json_size(object, "rooms", sizes->rooms);
    cli_json_size(object, "padding", sizes->padding);
    cli_json_size(object, "partitions", sizes->partitions);
}

static void tell_json(const struct pack_options *options, const struct zp_pack_sizes *sizes)
{
    struct json_object *object = json_object_new_object();
    char *safe = cli_escape_copy(options->output_name);
    cli_json_text(object, "image", safe);
    size_json(object, sizes);
    cli_json_hex(object, "disk_signature", sizes->disk_signature);
    cli_json_bool(object, "unpacked", options->opened.compression != ZP_COMPRESSION_NONE);
    cli_json_print(object);
    free(safe);
}

static void tell_row(const char *name, uint64_t size, const char *what)
{
    if (size > 0)
        printf("  %-11s %12" PRIu64 "  %s\n", name, size, what);
}

static void tell_table(const struct pack_options *options, const struct zp_pack_sizes *sizes)
{
    static const char *const stored[] = {"stored as it is", "lz4", "zstd"};
    int64_t added = (int64_t)(sizes->file - sizes->kernel - sizes->initrds - sizes->partitions);
    char *safe = cli_escape_copy(options->output_name), size[32], kernel[64];
    printf("%s: %s, %s %" PRId64 " bytes\n", safe, zp_size_format(sizes->file, size, sizeof size),
           added < 0 ? "saved" : "added", added < 0 ? -added : added);
    snprintf(kernel, sizeof kernel, "%s%s", stored[options->request.compression],
             options->opened.compression ? ", after unpacking the file given" : "");
    tell_row("kernel", sizes->kernel_stored, kernel);
    tell_row("initrds", sizes->initrds, "");
    tell_row("front", sizes->front, "headers and real-mode code");
    tell_row("stub", sizes->body, "");
    tell_row("EFI stub", sizes->efi_stub, "BOOTX64.EFI");
    tell_row("FAT", sizes->fat, "file system of the ESP");
    tell_row("rooms", sizes->rooms, "payload header, room for command line and initrd");
    tell_row("padding", sizes->padding, "");
    tell_row("partitions", sizes->partitions, "");
    if (sizes->partitions > 0)
        printf("  partition 2 is root=PARTUUID=%08" PRIx32 "-02 to Linux\n", sizes->disk_signature);
    free(safe);
}

/* Opens what is named; 0 or CLI_NO. */
static int open_named(struct named *named, size_t count, bool json)
{
    for (size_t i = 0; i < count; i++) {
        int status = zp_file_open(&named[i].file, named[i].name);
        if (status)
            return cli_refuse(json, named[i].name, status, NULL);
    }
    return 0;
}

/* The kernel, as inspect would open it. */
static int open_kernel(struct pack_options *options)
{
    struct zp_opened_image *opened = &options->opened;
    bool told;
    options->opening.examine = true;
    int code = cli_image_open(opened, options->kernel_name, &options->opening, options->json);
    if (code != CLI_DONE)
        return code;
    if (opened->uki.present)
        return refuse(
            options->json, options->kernel_name,
            "a unified kernel image; zeropage unpack --section .linux:FILE takes the kernel out of it, "
            ".initrd and .cmdline likewise: pack those");
    told = options->request.entry && opened->image.source && opened->image.elf.class_bits;
    if (opened->refusal.code && !told)
        return cli_refuse_inside(options->json, options->kernel_name, opened->inside, opened->refusal.code,
                                 &opened->refusal);
    return CLI_DONE;
}

/* true: both are one file, of which packing would read what it writes. */
static bool is_same(const char *output, const char *input)
{
    struct stat a, b;
    return stat(output, &a) == 0 && stat(input, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static const char *same_input(const struct pack_options *options)
{
    if (is_same(options->output_name, options->kernel_name))
        return options->kernel_name;
    for (size_t i = 0; i < options->initrd_count; i++)
        if (is_same(options->output_name, options->initrds[i].name))
            return options->initrds[i].name;
    for (size_t i = 0; i < options->partition_count; i++)
        if (is_same(options->output_name, options->partitions[i].name))
            return options->partitions[i].name;
    return NULL;
}

/* Writes to a file that takes its name when all went well. */
static int write_packed(struct pack_options *options, const struct zp_pack_request *request)
{
    struct telling telling = {.shown = false};
    struct zp_pack_sizes sizes;
    struct cli_output output;
    char sentence[SENTENCE];
    struct stat about;
    if (stat(options->output_name, &about) == 0 && !S_ISREG(about.st_mode) && !S_ISDIR(about.st_mode))
        return refuse(options->json, options->output_name, "not a regular file, which a packed file must be");
    int status = cli_output_begin(&output, options->output_name), packed = -1;
    clock_gettime(CLOCK_MONOTONIC, &telling.begin);
    if (status == 0)
        packed = zp_pack_write(request, output.fd, &sizes, options->opening.progress ? tell_progress : NULL,
                               &telling, sentence, sizeof sentence);
    if (telling.shown)
        fputs("\r\033[K", stderr);
    status = cli_output_end(&output, status ? status : packed ? ECANCELED : 0);
    if (packed != 0 && status == ECANCELED)
        return refuse(options->json, NULL, sentence);
    if (status != 0)
        return cli_refuse(options->json, options->output_name, status, NULL);
    if (options->json)
        tell_json(options, &sizes);
    else
        tell_table(options, &sizes);
    return cli_finish(CLI_DONE);
}

/* The request with its files. */
static int pack_opened(struct pack_options *options)
{
    struct zp_pack_request *request = &options->request;
    struct zp_pack_partition partitions[ZP_PACK_PARTITION_MAX];
    const struct zp_source **initrds = cli_grow(NULL, options->initrd_count + 1, sizeof *initrds);
    const char **names = cli_grow(NULL, options->initrd_count + 1, sizeof *names);
    char kernel_name[4096 + ZP_INSIDE_SIZE];
    for (size_t i = 0; i < options->initrd_count; i++) {
        initrds[i] = &options->initrds[i].file.source;
        names[i] = options->initrds[i].name;
    }
    for (size_t i = 0; i < options->partition_count; i++)
        partitions[i] = (struct zp_pack_partition){&options->partitions[i].file.source,
                                                   options->partitions[i].name, options->partitions[i].type};
    request->kernel = options->opened.image.source;
    request->output_name = options->output_name;
    request->kernel_name =
        zp_inside_name(options->kernel_name, options->opened.inside, kernel_name, sizeof kernel_name);
    request->initrds = initrds;
    request->initrd_names = names;
    request->initrd_count = options->initrd_count;
    request->partitions = partitions;
    request->partition_count = options->partition_count;
    int code = write_packed(options, request);
    free(initrds);
    free(names);
    return code;
}

static int pack(struct pack_options *options)
{
    const char *same = same_input(options);
    if (same)
        return refuse(options->json, same,
                      "it would be written over while it is read; -o must name another file");
    cli_progress_use(&options->progress, &options->opening);
    int code = open_kernel(options);
    if (code == CLI_DONE)
        code = open_named(options->initrds, options->initrd_count, options->json);
    if (code == CLI_DONE)
        code = open_named(options->partitions, options->partition_count, options->json);
    if (code == CLI_DONE)
        code = pack_opened(options);
    zp_opened_image_close(&options->opened);
    for (size_t i = 0; i < options->initrd_count; i++)
        zp_file_close(&options->initrds[i].file);
    for (size_t i = 0; i < options->partition_count; i++)
        zp_file_close(&options->partitions[i].file);
    return code;
}

/* An edit that has begun is ended: Ctrl-C in the middle of it would leave a file to be packed again. */
static void hold_signals(int how)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigprocmask(how, &signals, NULL);
}

/* Nobody else may edit it meanwhile, nor a running QEMU have it as a disk, which locks bytes of it in the
 * same way. Where the file system knows no locks it goes without. 0 or a positive errno value. */
static int lock(int fd)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(fd, F_OFD_SETLK, &whole) == 0)
        return 0;
    return errno == EAGAIN || errno == EACCES ? EBUSY : 0;
}

static int edit(const struct pack_options *options)
{
    struct zp_file initrd = {0};
    char sentence[SENTENCE];
    int status = 0, fd;
    if (options->edit == KEY_SET_INITRD)
        status = zp_file_open(&initrd, options->argument);
    if (status)
        return cli_refuse(false, options->argument, status, NULL);
    fd = open(options->edited_name, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        status = errno;
        zp_file_close(&initrd);
        return cli_refuse(false, options->edited_name, status, NULL);
    }
    if (lock(fd) == EBUSY) {
        close(fd);
        zp_file_close(&initrd);
        return refuse(false, options->edited_name,
                      "another program has locked it: a VM that runs from it, or another edit");
    }
    hold_signals(SIG_BLOCK);
    status = options->edit == KEY_SET_INITRD
                 ? zp_pack_set_initrd(fd, &initrd.source, sentence, sizeof sentence)
                 : zp_pack_set_cmdline(fd, options->argument, sentence, sizeof sentence);
    zp_file_close(&initrd);
    if (close(fd) != 0 && status == 0)
        return cli_refuse(false, options->edited_name, errno, NULL);
    hold_signals(SIG_UNBLOCK);
    return status ? refuse(false, options->edited_name, sentence) : CLI_DONE;
}

static int verify(const char *name)
{
    struct zp_packed packed;
    struct zp_file file;
    char sentence[SENTENCE];
    int status = zp_file_open(&file, name);
    if (status)
        return cli_refuse(false, name, status, NULL);
    status = zp_pack_read(&file.source, &packed, sentence, sizeof sentence);
    if (status == 0)
        snprintf(sentence, sizeof sentence, "no packed file");
    if (status == 1) {
        status = zp_pack_verify(&file.source, &packed, sentence, sizeof sentence) == 0;
        zp_packed_free(&packed);
        if (status == 0)
            status = -1;
    }
    zp_file_close(&file);
    if (status != 1)
        return refuse(false, name, sentence);
    char *safe = cli_escape_copy(name);
    printf("%s: as it was packed\n", safe);
    free(safe);
    return cli_finish(CLI_DONE);
}

int cli_pack(int argc, char **argv)
{
    struct pack_options options = {
        .request = {.cmdline = "", .compression = ZP_PACK_STORED, .flavour = ZP_PACK_ELF, .esp = true}};
    cli_options(&pack_argp, argc, argv, 0, &options);
    int code = options.edit == KEY_VERIFY ? verify(options.edited_name)
               : options.edit             ? edit(&options)
                                          : pack(&options);
    free(options.initrds);
    return code;
}
