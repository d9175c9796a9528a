# SPDX-License-Identifier: BSD-2-Clause
# Every clause of every protocol with its level and section: what a verdict may rest on.
zeropage probe --clauses
for protocol in linux16 linux32 linux64 pvh multiboot1 multiboot2 efi; do
    echo "$protocol: $(zeropage probe --clauses $protocol | grep -c '^[a-z]')"
done
