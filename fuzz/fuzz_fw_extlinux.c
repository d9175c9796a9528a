/* SPDX-License-Identifier: BSD-2-Clause */
/* extlinux.conf, which may include itself. Asserted: what fw_entries.h says. */
#include "fw_entries.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct entries entries;

    entries_begin(&entries);
    fw_tree_add(&entries.tree, "/extlinux.conf", data, size);
    fw_tree_add(&entries.tree, "/f", data, size);
    fw_extlinux_read(&entries.menu, &entries.tree.fs);
    entries_end(&entries, 0);
    return 0;
}
