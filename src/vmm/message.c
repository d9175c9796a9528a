/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages for a person: one line each on stderr, in a single write so that lines of threads and of a
 * child never mix. The guest's serial port owns stdout.
 */
#include "vmm.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static void write_line(const char *format, va_list arguments)
{
    static const char prefix[] = "zeropage: ";
    char line[4096];
    size_t length = sizeof(prefix) - 1;
    ssize_t written;
    int wanted;

    __builtin_memcpy(line, prefix, length);
    wanted = vsnprintf(line + length, sizeof(line) - length, format, arguments);
    if (wanted < 0)
        return;
    length += (size_t)wanted;
    if (length > sizeof(line) - 2)
        length = sizeof(line) - 2;
    /* Names of files are in it, and their bytes are a stranger's: no terminal is to obey them. */
    for (size_t i = sizeof(prefix) - 1; i < length; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            line[i] = '?';
    line[length++] = '\n';
    fflush(stderr);
    written = write(STDERR_FILENO, line, length);
    (void)written; /* nobody is left to be told */
}

void zp_vm_say(const struct zp_vm_config *config, const char *format, ...)
{
    va_list arguments;

    if (config && config->quiet)
        return;
    va_start(arguments, format);
    write_line(format, arguments);
    va_end(arguments);
}

void zp_vm_error(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    write_line(format, arguments);
    va_end(arguments);
}
