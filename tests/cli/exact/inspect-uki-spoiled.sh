# SPDX-License-Identifier: BSD-2-Clause
# Sections of a UKI that lie outside of the file or over each other; a kernel of no bytes; none inside another.
gen-image uki uki
header() { # of section $1, from .text on: gen_uki's section table
    echo $((0x108 + 40 * $1))
}
spoil() { # WHAT SECTION MEMBER VALUE
    gen-image uki --poke $(($(header $2) + $3)):4:$4 uki
    zeropage inspect uki >/dev/null
    echo "$1: $?"
}
spoil 'wild .cmdline' 2 20 0xffffffff
spoil 'wild .osrel' 1 20 0x7fffffff
spoil 'wild .linux' 3 20 0xfffff000
spoil '.cmdline over .osrel' 2 20 0x300
spoil '.cmdline in .linux' 2 20 0x500
spoil 'VirtualSize of .cmdline' 2 8 0x1000000
spoil 'empty .linux' 3 8 0
gzip -c uki | gzip -c >twice
zeropage inspect twice
echo "twice: $?"
