/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the firmware knows and Linux is told in boot_params: where the RSDP lies (UEFI 2.10, 4.6 "EFI
 * Configuration Table"), whether Secure Boot is on (3.3 "Globally Defined Variables", and shim's switch for
 * its users), random numbers (37.5 "EFI Random Number Generator Protocol").
 */
#include "efi.h"

uint64_t stub_efi_rsdp(const struct stub_efi *efi)
{
    static const struct zp_efi_guid acpi20 = {
        0x8868e871, 0xe4f1, 0x11d3, {0xbc, 0x22, 0x00, 0x80, 0xc7, 0x3c, 0x88, 0x81}};
    static const struct zp_efi_guid acpi10 = {
        0xeb9d2d30, 0x2d88, 0x11d3, {0x9a, 0x16, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d}};
    const struct zp_efi_configuration_table *tables =
        (const void *)(uintptr_t)efi->system->configuration_table;
    uint64_t old = 0;

    for (uint64_t i = 0; tables && i < efi->system->number_of_table_entries; i++) {
        if (memcmp(&tables[i].vendor_guid, &acpi20, sizeof(acpi20)) == 0)
            return tables[i].vendor_table;
        if (memcmp(&tables[i].vendor_guid, &acpi10, sizeof(acpi10)) == 0)
            old = tables[i].vendor_table;
    }
    return old;
}

/* A variable of one byte: its value, -1: there is none, -2: it cannot be told. */
static int read_byte(const struct stub_efi *efi, const uint16_t *name, const struct zp_efi_guid *vendor,
                     uint32_t *ret_attributes)
{
    const struct zp_efi_runtime_services *runtime = (const void *)(uintptr_t)efi->system->runtime_services;
    uint64_t status, size = 1;
    uint8_t value = 0;

    if (runtime == NULL)
        return -2;
    status = STUB_EFI_CALL(stub_efi_get_variable, runtime->get_variable)(name, vendor, ret_attributes, &size,
                                                                         &value);
    if (status == ZP_EFI_NOT_FOUND)
        return -1;
    return status == ZP_EFI_SUCCESS && size == 1 ? value : -2;
}

uint8_t stub_efi_secure_boot(const struct stub_efi *efi)
{
    static const struct zp_efi_guid global = {
        0x8be4df61, 0x93ca, 0x11d2, {0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c}};
    static const struct zp_efi_guid shim = {
        0x605dab50, 0xe046, 0x4300, {0xab, 0xb6, 0x3d, 0xd8, 0x10, 0xdd, 0x8b, 0x23}};
    uint32_t attributes = 0;
    int secure = read_byte(efi, u"SecureBoot", &global, &attributes);
    int setup;

    if (secure == -2)
        return ZP_EFI_SECUREBOOT_MODE_UNKNOWN;
    if (secure != 1)
        return ZP_EFI_SECUREBOOT_MODE_DISABLED;
    setup = read_byte(efi, u"SetupMode", &global, &attributes);
    if (setup == -2)
        return ZP_EFI_SECUREBOOT_MODE_UNKNOWN;
    if (setup == 1)
        return ZP_EFI_SECUREBOOT_MODE_DISABLED;
    /* A user at the console told shim not to check. Not so when an operating system could have written it. */
    if (read_byte(efi, u"MokSBState", &shim, &attributes) == 1 && !(attributes & ZP_EFI_VARIABLE_RUNTIME))
        return ZP_EFI_SECUREBOOT_MODE_DISABLED;
    return ZP_EFI_SECUREBOOT_MODE_ENABLED;
}

bool stub_efi_random(const struct stub_efi *efi, uint8_t *seed, size_t size)
{
    static const struct zp_efi_guid protocol = {
        0x3152bca5, 0xeade, 0x433d, {0x86, 0x2e, 0xc0, 0x1c, 0xdc, 0x29, 0x1f, 0x44}};
    void *found = NULL;
    const struct zp_efi_rng *rng;

    if (STUB_EFI_CALL(stub_efi_locate_protocol, efi->services->locate_protocol)(&protocol, NULL, &found) !=
            ZP_EFI_SUCCESS ||
        found == NULL)
        return false;
    rng = found;
    return STUB_EFI_CALL(stub_efi_get_rng, rng->get_rng)(found, NULL, size, seed) == ZP_EFI_SUCCESS;
}
