/* SPDX-License-Identifier: BSD-2-Clause */
/* fw_note, through which readers of disks say what they pass over: a line like any other. */
#include "boot.h"

void fw_note(const char *format, ...)
{
    va_list values;

    va_start(values, format);
    stub_say_list(format, values);
    va_end(values);
}
