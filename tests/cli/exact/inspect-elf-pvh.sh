# SPDX-License-Identifier: BSD-2-Clause
# An ELF with Xen's notes.
gen-image elf64-pvh vmlinux
zeropage inspect vmlinux
