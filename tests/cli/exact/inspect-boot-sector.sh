# SPDX-License-Identifier: BSD-2-Clause
# Older than 2.00.
gen-image boot-sector old
zeropage inspect old
