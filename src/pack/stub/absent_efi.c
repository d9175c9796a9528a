/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * In place of efi*.c in stubs that no EFI firmware enters: there is no console but our own, and nobody to
 * return to.
 */
#include "stub.h"

void stub_efi(struct stub_entry *entry)
{
    stub_refuse("this file is made without the part that EFI starts (entry %d)", (uint64_t)entry->way);
}

bool stub_efi_print(const char *line)
{
    (void)line;
    return false;
}

void stub_efi_return(void)
{
}
