/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * acpi_dump pc|kvm CPUS: writes the ACPI blob for a home at 0x9f000 to stdout, for test_acpi_tables.py.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm.h"

int main(int argc, char **argv)
{
    struct zp_acpi_hardware hardware = {
        .pm_base = 0x600, .sci_irq = 9, .reset_port = 0xcf9, .reset_value = 6};
    struct zp_acpi acpi;
    struct zp_blob blob;
    void *bytes;

    if (argc != 3)
        return 2;
    hardware.cpus = (uint32_t)atoi(argv[2]);
    hardware.has_pci = strcmp(argv[1], "pc") == 0;
    hardware.pci_hole_start = 0xc0000000;
    hardware.pci_hole_end = 0xfec00000;
    zp_acpi_blob(&acpi, &hardware, &blob);
    bytes = malloc(blob.size);
    if (!bytes || blob.fill(blob.context, (zp_gpa){0x9f000}, bytes, blob.size) != 0)
        return 1;
    return fwrite(bytes, 1, blob.size, stdout) == blob.size ? 0 : 1;
}
