# SPDX-License-Identifier: BSD-2-Clause
# PVH with modules.
gen-image elf64-pvh vmlinux
printf abc > one
printf defgh > two
zeropage plan vmlinux --protocol pvh --no-acpi --initrd one --module two:line -m 32M
