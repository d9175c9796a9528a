/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Disks for the firmware's readers. Holds them to what disk.h promises to drivers: reads are of 1 to
 * max_count sectors and lie on the disk; else the program ends.
 */
#include "fw_host.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char fw_host_notes[16384];
void (*fw_host_hear)(const char *line);

static void insist(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "property broken: %s\n", what);
    abort();
}

static int read_sectors(void *context, uint64_t sector, uint32_t count, void *buffer)
{
    struct fw_host_disk *host = context;
    uint64_t offset = sector * host->disk.sector_size;
    size_t size = (size_t)count * host->disk.sector_size;

    insist(count > 0 && count <= host->disk.max_count, "a read has 1 to max_count sectors");
    insist(sector < host->disk.sectors && count <= host->disk.sectors - sector, "a read lies on the disk");
    host->reads++;
    insist(!host->limit || host->reads <= host->limit, "reads are bounded");
    if (host->fail_at == host->reads || host->fail_at == UINT64_MAX)
        return -1;
    if (host->bytes) {
        memcpy(buffer, host->bytes + offset, size);
        ((unsigned char *)buffer)[host->reads * 7919 % size] ^= host->change;
        return 0;
    }
    return pread(host->fd, buffer, size, (off_t)offset) == (ssize_t)size ? 0 : -1;
}

static void begin(struct fw_host_disk *host, const char *name, uint64_t size, uint32_t sector_size)
{
    memset(host, 0, sizeof(*host));
    snprintf(host->disk.name, sizeof(host->disk.name), "%s", name);
    host->disk.sector_size = sector_size;
    host->disk.sectors = size / sector_size;
    host->disk.read = read_sectors;
    host->disk.max_count = 64;
    host->disk.context = host;
    host->fd = -1;
}

void fw_host_memory(struct fw_host_disk *host, const void *bytes, uint64_t size, uint32_t sector_size)
{
    begin(host, "memory", size, sector_size);
    host->bytes = bytes;
}

int fw_host_file(struct fw_host_disk *host, const char *path, uint32_t sector_size)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return -1;
    if (fstat(fd, &status) != 0) {
        close(fd);
        return -1;
    }
    begin(host, "file", (uint64_t)status.st_size, sector_size);
    host->fd = fd;
    return 0;
}

struct fw_volume fw_host_volume(const struct fw_host_disk *host)
{
    return (struct fw_volume){.disk = &host->disk, .size = host->disk.sectors * host->disk.sector_size};
}

void fw_host_forget(void)
{
    fw_host_notes[0] = '\0';
}

void fw_host_format(char *to, size_t size, const char *format, va_list arguments)
{
    char *end = to + size;

    for (; *format && to < end - 1; format++) {
        char text[24] = {*format, '\0'};
        const char *part = text;

        if (*format == '%') {
            switch (*++format) {
            case 's': part = va_arg(arguments, const char *); break;
            case 'd': snprintf(text, sizeof(text), "%lld", (long long)va_arg(arguments, int64_t)); break;
            case 'u':
                snprintf(text, sizeof(text), "%llu", (unsigned long long)va_arg(arguments, uint64_t));
                break;
            case 'x':
                snprintf(text, sizeof(text), "%llx", (unsigned long long)va_arg(arguments, uint64_t));
                break;
            case 'c': text[0] = (char)va_arg(arguments, int); break;
            case '%': break;
            default: insist(false, "a format that fw_note knows");
            }
        }
        to += snprintf(to, (size_t)(end - to), "%s", part);
        if (to > end - 1)
            to = end - 1;
    }
    *to = '\0';
}

void fw_note(const char *format, ...)
{
    size_t length = strlen(fw_host_notes);
    va_list arguments;
    char line[6000];

    va_start(arguments, format);
    fw_host_format(line, sizeof(line), format, arguments);
    va_end(arguments);
    if (fw_host_hear)
        fw_host_hear(line);
    snprintf(fw_host_notes + length, sizeof(fw_host_notes) - length, "%s\n", line);
}
