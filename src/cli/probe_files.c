/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a probe is given and what it is judged by: the known initrd and command line, the images as files,
 * captured output, and the list of clauses.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "output.h"
#include "probe.h"

/* Of what a command printed that gave no report. */
#define TAIL_LINES 5
#define TAIL_MAX   600

/*
 * Everything that loaders are known to lose: repeated blanks, quotes, equals signs, commas, a percent sign.
 * No backslash and no dollar, which any script would take for its own.
 */
const char probe_cmdline[] =
    "probe=known root=/dev/null quoted=\"two  words\" empty= chain=a=b=c  after-two-blanks single='one word' "
    "list=1,2,3;4:5 percent=%41 hash=#1 tilde=~ plus=+ at=@ brackets=[x]{y}(z) last=yes";

/* The generator of ISO C's example rand: no two neighbouring pages are alike, none is zero. */
void probe_initrd(unsigned char bytes[PROBE_INITRD_SIZE])
{
    uint32_t state = 1;
    for (size_t i = 0; i < PROBE_INITRD_SIZE; i++) {
        state = state * 1103515245u + 12345u;
        bytes[i] = (unsigned char)(state >> 16);
    }
}

int probe_text_read(const char *name, struct probe_text *ret_text)
{
    bool is_stdin = strcmp(name, "-") == 0;
    FILE *file = is_stdin ? stdin : fopen(name, "re");
    size_t taken = 1;
    *ret_text = (struct probe_text){0};
    if (!file) {
        cli_error_errno(name, errno);
        return CLI_NO;
    }
    while (taken > 0 && ret_text->length < PROBE_OUTPUT_MAX) {
        ret_text->bytes = cli_grow(ret_text->bytes, ret_text->length + 65536 + 1, 1);
        taken = fread(ret_text->bytes + ret_text->length, 1, 65536, file);
        ret_text->length += taken;
        ret_text->bytes[ret_text->length] = '\0';
    }
    int error = ferror(file) ? errno : 0;
    if (!is_stdin)
        fclose(file);
    if (error == 0)
        return 0;
    cli_error_errno(name, error);
    probe_text_free(ret_text);
    return CLI_NO;
}

void probe_text_free(struct probe_text *text)
{
    free(text->bytes);
    *text = (struct probe_text){0};
}

void probe_tail(FILE *file, const struct probe_text *output, const char *prefix)
{
    size_t end = output->length, begin, lines = 0;
    while (end > 0 && strchr("\r\n", output->bytes[end - 1]))
        end--;
    for (begin = end; begin > 0; begin--)
        if (output->bytes[begin - 1] == '\n' && ++lines == TAIL_LINES)
            break;
    if (end - begin > TAIL_MAX)
        begin = end - TAIL_MAX;
    while (begin < end) {
        const char *line = output->bytes + begin, *stop = memchr(line, '\n', end - begin);
        size_t length = stop ? (size_t)(stop - line) : end - begin;
        bool is_cr = length > 0 && line[length - 1] == '\r';
        char *raw = strndup(line, length - is_cr), *safe = raw ? cli_escape_copy(raw) : NULL;
        fprintf(file, "%s%s\n", prefix, safe ? safe : "");
        free(safe);
        free(raw);
        begin += length + 1;
    }
}

void probe_asked_cmdline(struct probe_asked *asked, const char *cmdline)
{
    asked->expected.cmdline_known = true;
    asked->expected.cmdline = cmdline;
}

void probe_asked_module(struct probe_asked *asked, const void *bytes, size_t size)
{
    asked->module.size = size;
    asked->module.crc32 = (uint32_t)crc32_z(0, bytes, size);
    asked->expected.modules_known = true;
    asked->expected.module_count = 1;
    asked->expected.modules = &asked->module;
}

static void list_protocols(const struct zp_probe_image *image)
{
    const char *comma = "";
    for (uint32_t i = 1; i < ZP_PROTOCOL_COUNT; i++)
        if (image->protocols >> i & 1) {
            printf("%s%s", comma, zp_protocol_name(i));
            comma = ", ";
        }
    puts(image->efi ? "efi" : "");
}

int probe_list(void)
{
    for (size_t i = 0; i < zp_probe_image_count; i++) {
        const struct zp_probe_image *image = &zp_probe_images[i];
        printf("%-11s %s\n%-11s entered by ", image->name, image->about, "");
        list_protocols(image);
    }
    return cli_finish(CLI_DONE);
}

static int write_one(const char *folder, const char *name, const void *bytes, size_t size)
{
    struct zp_memory_source source;
    char *path;
    if (asprintf(&path, "%s/%s", folder, name) < 0)
        return CLI_NO;
    zp_memory_source_init(&source, bytes, size);
    int code = cli_output_copy(path, &source.source, name, 0, size);
    if (code == 0)
        puts(path);
    free(path);
    return code;
}

int probe_write(const char *folder, const char *image)
{
    unsigned char initrd[PROBE_INITRD_SIZE];
    int code = CLI_DONE;
    if (mkdir(folder, 0777) != 0 && errno != EEXIST) {
        cli_error_errno(folder, errno);
        return CLI_NO;
    }
    for (size_t i = 0; i < zp_probe_image_count && code == CLI_DONE; i++)
        if (!image || strcmp(image, zp_probe_images[i].name) == 0)
            code = write_one(folder, zp_probe_images[i].file_name, zp_probe_images[i].bytes,
                             zp_probe_images[i].size);
    probe_initrd(initrd);
    if (code == CLI_DONE)
        code = write_one(folder, "probe.initrd", initrd, sizeof initrd);
    if (code == CLI_DONE)
        code = write_one(folder, "probe.cmdline", probe_cmdline, strlen(probe_cmdline));
    return cli_finish(code);
}

const char *probe_level_name(enum zp_clause_level level)
{
    switch (level) {
    case ZP_CLAUSE_MUST: return "must";
    case ZP_CLAUSE_SHOULD: return "should";
    case ZP_CLAUSE_NOTE: return "note";
    }
    return "?";
}

const char *probe_verdict_name(enum zp_clause_verdict verdict)
{
    switch (verdict) {
    case ZP_CLAUSE_PASS: return "passed";
    case ZP_CLAUSE_FAIL: return "failed";
    case ZP_CLAUSE_NOT_OBSERVABLE: return "not observable";
    case ZP_CLAUSE_NOT_APPLICABLE: return "not applicable";
    }
    return "?";
}

int probe_clauses(const char *protocol, bool json)
{
    struct zp_clause_result *clauses;
    size_t count;
    if (zp_judge_clauses(protocol, &clauses, &count) != 0) {
        cli_error("out of memory");
        return CLI_NO;
    }
    struct json_object *array = json ? json_object_new_array() : NULL;
    for (size_t i = 0; i < count; i++) {
        const struct zp_clause_result *clause = &clauses[i];
        if (!json) {
            printf("%-28s %-6s  %s\n%-36s%s\n", clause->id, probe_level_name(clause->level), clause->text, "",
                   clause->section);
            continue;
        }
        struct json_object *object = json_object_new_object();
        cli_json_text(object, "id", clause->id);
        cli_json_text(object, "level", probe_level_name(clause->level));
        cli_json_text(object, "text", clause->text);
        cli_json_text(object, "section", clause->section);
        json_object_array_add(array, object);
    }
    if (json) {
        struct json_object *object = json_object_new_object();
        json_object_object_add(object, "clauses", array);
        cli_json_print(object);
    }
    free(clauses);
    return cli_finish(CLI_DONE);
}
