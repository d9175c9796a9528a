# SPDX-License-Identifier: BSD-2-Clause
# The object of a small image, whole.
gen-image multiboot1 kernel
zeropage inspect kernel --json
