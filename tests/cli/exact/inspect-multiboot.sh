# SPDX-License-Identifier: BSD-2-Clause
# One file, three protocols.
gen-image elf64-multiboot kernel
zeropage inspect kernel
