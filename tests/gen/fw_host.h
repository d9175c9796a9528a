/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For tests of the firmware: disks made of memory or of a file, disks that fail, and what fw_note said.
 */
#ifndef ZP_TESTS_FW_HOST_H
#define ZP_TESTS_FW_HOST_H

#include "disk.h"

#include <stdarg.h>

struct fw_host_disk {
    struct fw_disk disk;        /* give &disk to the firmware */
    const unsigned char *bytes; /* the disk, or NULL: */
    int fd;
    uint64_t reads;   /* so many were asked for */
    uint64_t fail_at; /* the read of this number fails, from 1; 0: none; UINT64_MAX: all */
    uint8_t change;   /* each read differs in one byte by this */
    uint64_t limit;   /* abort when there are more; 0: as many as there may be */
};

/* size is cut down to whole sectors. */
void fw_host_memory(struct fw_host_disk *host, const void *bytes, uint64_t size, uint32_t sector_size);
int fw_host_file(struct fw_host_disk *host, const char *path, uint32_t sector_size); /* 0, or -1 with errno */
/* The disk as one volume. */
struct fw_volume fw_host_volume(const struct fw_host_disk *host);

/* What was noted since the last fw_host_forget, a line each; and whom to tell each line as it comes. */
extern char fw_host_notes[16384];
extern void (*fw_host_hear)(const char *line);
void fw_host_forget(void);

/* As fw_note forms it: %s, %d, %u, %x of 64 bits each, %c and %%. */
void fw_host_format(char *to, size_t size, const char *format, va_list arguments);

#endif
