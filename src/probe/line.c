/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines of a handoff report: what writes them, and their checksum.
 *
 * A line goes out piece by piece, for the guest has no memory to put it together in. Each byte from the brace
 * through the newline counts into the checksum that the last line tells, so that a reader of a serial log can
 * say whether anything is lost. JSON as of RFC 8259, ASCII only; CRC-32 as of IEEE 802.3 and zlib, by a table
 * of 16 words: half the speed of the usual one, and 64 bytes of guest.
 */
#include "reporting.h"

uint32_t zp_probe_crc32(uint32_t crc, const void *bytes, uint32_t length)
{
    static const uint32_t table[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
                                       0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                       0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    const uint8_t *at = bytes;

    crc = ~crc;
    for (uint32_t i = 0; i < length; i++) {
        crc ^= at[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

static void put(struct zp_probe_writer *writer, const char *bytes, uint32_t length)
{
    writer->crc = zp_probe_crc32(writer->crc, bytes, length);
    writer->put(writer->context, bytes, length);
}

static void put_string(struct zp_probe_writer *writer, const char *string)
{
    uint32_t length = 0;

    while (string[length])
        length++;
    put(writer, string, length);
}

void zp_probe_line(struct zp_probe_writer *writer, const char *kind)
{
    put_string(writer, "{\"probe\":\"");
    put_string(writer, kind);
    put_string(writer, "\"");
    writer->first = false;
}

void zp_probe_line_end(struct zp_probe_writer *writer)
{
    put_string(writer, "}\n");
    writer->lines++;
}

static void put_name(struct zp_probe_writer *writer, const char *name)
{
    put_string(writer, writer->first ? "\"" : ",\"");
    put_string(writer, name);
    put_string(writer, "\":");
    writer->first = false;
}

void zp_probe_open(struct zp_probe_writer *writer, const char *name)
{
    put_name(writer, name);
    put_string(writer, "{");
    writer->first = true;
}

void zp_probe_close(struct zp_probe_writer *writer)
{
    put_string(writer, "}");
    writer->first = false;
}

static char digit_of(uint64_t value)
{
    return (char)(value < 10 ? '0' + value : 'a' + value - 10);
}

static void put_digits(struct zp_probe_writer *writer, uint64_t value, uint32_t least)
{
    char text[19];
    uint32_t at = sizeof(text);

    text[--at] = '"';
    for (uint32_t count = 0; count < least || value; count++, value >>= 4)
        text[--at] = digit_of(value & 15);
    put_string(writer, "\"0x");
    put(writer, text + at, (uint32_t)sizeof(text) - at);
}

void zp_probe_hex(struct zp_probe_writer *writer, const char *name, uint64_t value)
{
    put_name(writer, name);
    put_digits(writer, value, 1);
}

void zp_probe_sum(struct zp_probe_writer *writer, const char *name, uint32_t crc)
{
    put_name(writer, name);
    put_digits(writer, crc, 8);
}

void zp_probe_count(struct zp_probe_writer *writer, const char *name, uint64_t value)
{
    char text[20];
    uint32_t at = sizeof(text);

    do
        text[--at] = (char)('0' + value % 10);
    while (value /= 10);
    put_name(writer, name);
    put(writer, text + at, (uint32_t)sizeof(text) - at);
}

void zp_probe_bool(struct zp_probe_writer *writer, const char *name, bool value)
{
    put_name(writer, name);
    put_string(writer, value ? "true" : "false");
}

void zp_probe_null(struct zp_probe_writer *writer, const char *name)
{
    put_name(writer, name);
    put_string(writer, "null");
}

void zp_probe_text_open(struct zp_probe_writer *writer, const char *name)
{
    put_name(writer, name);
    put_string(writer, "\"");
}

void zp_probe_text_add(struct zp_probe_writer *writer, const char *bytes, uint32_t length)
{
    uint32_t plain = 0; /* bytes before i that go out as they are */

    for (uint32_t i = 0; i < length; i++) {
        uint8_t byte = (uint8_t)bytes[i];
        char escape[6] = {'\\', 'u', '0', '0', digit_of(byte >> 4), digit_of(byte & 15)};

        if (byte >= 0x20 && byte <= 0x7e && byte != '"' && byte != '\\') {
            plain++;
            continue;
        }
        put(writer, bytes + i - plain, plain);
        plain = 0;
        escape[1] = byte == '"' || byte == '\\' ? (char)byte : 'u';
        put(writer, escape, escape[1] == 'u' ? 6 : 2);
    }
    put(writer, bytes + length - plain, plain);
}

void zp_probe_text_close(struct zp_probe_writer *writer)
{
    put_string(writer, "\"");
}

void zp_probe_text(struct zp_probe_writer *writer, const char *name, const char *bytes, uint32_t length)
{
    zp_probe_text_open(writer, name);
    zp_probe_text_add(writer, bytes, length);
    zp_probe_text_close(writer);
}

void zp_probe_string(struct zp_probe_writer *writer, const char *name, const char *string)
{
    put_name(writer, name);
    put_string(writer, "\"");
    put_string(writer, string);
    put_string(writer, "\"");
}
