# SPDX-License-Identifier: BSD-2-Clause
# A bzImage of protocol 2.15 with everything.
gen-image bzimage vmlinuz
zeropage inspect vmlinuz
