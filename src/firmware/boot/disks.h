/* SPDX-License-Identifier: BSD-2-Clause */
/* What booting from disks needs of its helpers. */
#ifndef ZP_FIRMWARE_BOOT_DISKS_H
#define ZP_FIRMWARE_BOOT_DISKS_H

#include "../search.h"
#include "../virtio.h"
#include "boot.h"

/* menu.c: has somebody pressed a key on the serial port? What was typed is dropped. */
bool fw_key_pressed(void);
/* An entry as it is shown, until it is asked for again. */
const char *fw_title(const struct fw_entry *entry);
/* Shows the entries and asks; the chosen one, `first` after `seconds` (UINT32_MAX: never) without a key. */
size_t fw_menu_ask(const struct fw_menu *menu, size_t first, uint32_t seconds);

/* mmio.c: virtio devices that ACPI tells of (LNRO0005), as QEMU's microvm does. */
void fw_add_acpi(struct fw_virtio_bus *bus, uint64_t rsdp);

#endif
