# SPDX-License-Identifier: BSD-2-Clause
# Before 2.10 the memory that the kernel needs is a guess, and said to be one.
gen-image bzimage-2.05 vmlinuz
zeropage inspect vmlinuz
