# SPDX-License-Identifier: BSD-2-Clause
# A small drawing, byte for byte.
gen-image bzimage-fixed vmlinuz
zeropage plan vmlinuz --no-acpi -m 8M --svg -
