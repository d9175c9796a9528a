/* SPDX-License-Identifier: BSD-2-Clause */
/* A unified kernel image, and itself as its addon. Asserted: what fw_entries.h says. */
#include "fw_entries.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct entries entries;

    entries_begin(&entries);
    fw_tree_add(&entries.tree, "/EFI/Linux/a+3-1.efi", data, size);
    fw_tree_add(&entries.tree, "/b", data, size);
    fw_tree_add(&entries.tree, "/b.extra.d/a.addon.efi", data, size);
    fw_tree_add(&entries.tree, "/loader/addons/a.addon.efi", data, size);
    fw_tree_text(&entries.tree, "/loader/entries/b.conf", "linux /b\ninitrd /k\n");
    fw_bls_read(&entries.menu, &entries.tree.fs);
    fw_uki_read(&entries.menu, &entries.tree.fs);
    entries_end(&entries, size);
    return 0;
}
