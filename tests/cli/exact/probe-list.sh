# SPDX-License-Identifier: BSD-2-Clause
# The images, and what is written of them.
zeropage probe --list
zeropage probe --write out --image pvh
ls out
cat out/probe.cmdline
echo
wc -c < out/probe.initrd
cksum out/probe.initrd
