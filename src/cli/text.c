/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text for a person: errors of one line, styles for a terminal, and bytes of strangers made harmless.
 * A terminal obeys control characters (ECMA-48) wherever they come from, so that none of a file's bytes
 * reach it unescaped; the same form is valid UTF-8 for JSON and valid characters for SVG.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <langinfo.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zeropage/wire/e820.h>

#include "cli.h"

#define TEXT_MAX 4096u

void cli_error(const char *format, ...)
{
    char text[TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fprintf(stderr, "zeropage: %s\n", text);
}

void cli_error_errno(const char *name, int number)
{
    char *safe = cli_escape_copy(name);
    cli_error("%s: %s", safe, strerror(number));
    free(safe);
}

int cli_finish(int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    cli_error_errno("standard output", errno ? errno : EIO);
    return CLI_NO;
}

void *cli_grow(void *array, size_t count, size_t element_size)
{
    void *grown = reallocarray(array, count ? count : 1, element_size);
    if (!grown) {
        cli_error("out of memory");
        exit(CLI_NO);
    }
    return grown;
}

/* Bytes of the well-formed UTF-8 character at bytes, 0 when there is none; *ret_point is its number. */
static size_t character_at(const unsigned char *bytes, size_t length, uint32_t *ret_point)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char first = bytes[0];
    size_t need = first < 0x80 ? 1 : first >> 5 == 6 ? 2 : first >> 4 == 14 ? 3 : first >> 3 == 30 ? 4 : 0;
    if (need == 0 || need > length)
        return 0;
    uint32_t point = need == 1 ? first : first & (0x7fu >> need);
    for (size_t i = 1; i < need; i++) {
        if (bytes[i] >> 6 != 2)
            return 0;
        point = point << 6 | (bytes[i] & 0x3fu);
    }
    if (point < least[need] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
        return 0;
    *ret_point = point;
    return need;
}

static bool character_is_harmless(uint32_t point)
{
    if (point < 0x20 || (point >= 0x7f && point < 0xa0))
        return false;
    if (point == 0x061c || point == 0x200e || point == 0x200f || point == 0x2028 || point == 0x2029)
        return false;
    if ((point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069))
        return false;
    return (point & 0xfffe) != 0xfffe && point != 0xfeff;
}

char *cli_escape(const char *bytes, size_t length, char *text, size_t text_size)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *at = (const unsigned char *)bytes;
    size_t used = 0;
    while (length > 0) {
        char form[8];
        size_t form_size;
        uint32_t point = 0;
        size_t taken = character_at(at, length, &point);
        if (taken > 0 && character_is_harmless(point) && point != '\\') {
            memcpy(form, at, taken);
            form_size = taken;
        } else if (taken == 1 && point == '\\') {
            memcpy(form, "\\\\", 2);
            form_size = 2;
        } else {
            taken = 1;
            form[0] = '\\';
            form[1] = 'x';
            form[2] = digits[*at >> 4];
            form[3] = digits[*at & 15];
            form_size = 4;
        }
        if (used + form_size >= text_size)
            break;
        memcpy(text + used, form, form_size);
        used += form_size;
        at += taken;
        length -= taken;
    }
    text[used] = '\0';
    return text;
}

char *cli_escape_copy(const char *string)
{
    size_t length = strlen(string);
    char *text = cli_grow(NULL, length + 1, 4);
    return cli_escape(string, length, text, 4 * (length + 1));
}

char *cli_image_text(const struct zp_source *source, uint64_t offset, size_t length, char *text,
                     size_t text_size)
{
    char bytes[1024];
    text[0] = '\0';
    if (offset >= source->size)
        return text;
    if (length > sizeof bytes)
        length = sizeof bytes;
    if (length > source->size - offset)
        length = (size_t)(source->size - offset);
    if (source->read(source->context, offset, bytes, length) != 0)
        return text;
    return cli_escape(bytes, strnlen(bytes, length), text, text_size);
}

struct cli_style cli_style(void)
{
    struct cli_style style = {"", "", "", "", false, false};
    const char *no_colour = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");
    style.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    if (!isatty(STDOUT_FILENO) || (no_colour && no_colour[0]) || (terminal && strcmp(terminal, "dumb") == 0))
        return style;
    style.bold = "\033[1m";
    style.dim = "\033[2m";
    style.bad = "\033[31m";
    style.plain = "\033[0m";
    style.colour = true;
    return style;
}

const char *cli_e820_name(uint32_t type)
{
    switch (type) {
    case ZP_E820_RAM: return "RAM";
    case ZP_E820_RESERVED: return "reserved";
    case ZP_E820_ACPI: return "ACPI tables";
    case ZP_E820_NVS: return "ACPI NVS";
    case ZP_E820_UNUSABLE: return "unusable";
    case ZP_E820_DISABLED: return "disabled";
    case ZP_E820_PMEM: return "persistent memory";
    case ZP_E820_PRAM: return "persistent RAM";
    case ZP_E820_SOFT_RESERVED: return "soft reserved";
    }
    return "unknown";
}
