# SPDX-License-Identifier: BSD-2-Clause
# Multiboot 1 and 2 of one file.
gen-image elf64-multiboot kernel
printf abc > one
zeropage plan kernel --protocol multiboot1 --no-acpi --module one:line -m 32M
zeropage plan kernel --protocol multiboot2 --no-acpi --module one:line -m 32M
