/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * grub.cfg, which may read itself as a script, as its environment and as entries of the boot loader
 * specification. Asserted: what fw_entries.h says.
 */
#include "fw_entries.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct entries entries;

    entries_begin(&entries);
    fw_tree_add(&entries.tree, "/grub/grub.cfg", data, size);
    fw_tree_add(&entries.tree, "/grub/grubenv", data, size);
    fw_tree_add(&entries.tree, "/f", data, size);
    fw_tree_add(&entries.tree, "/loader/entries/e.conf", data, size);
    fw_tree_text(&entries.tree, "/loader/entries/a.conf", "linux /k\noptions $a ${b}\n");
    fw_grub_read(&entries.menu, &entries.tree.fs, NULL);
    entries_end(&entries, 0);
    return 0;
}
