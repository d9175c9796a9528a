# SPDX-License-Identifier: BSD-2-Clause
# Younger fields do not exist, and the 16-bit entry stands alone.
gen-image bzimage-2.03 old
zeropage inspect old
