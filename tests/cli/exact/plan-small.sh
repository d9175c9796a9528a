# SPDX-License-Identifier: BSD-2-Clause
# 8 MiB are a machine too.
gen-image bzimage-fixed vmlinuz
zeropage plan vmlinuz --no-acpi -m 8M
