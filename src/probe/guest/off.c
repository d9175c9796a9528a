/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Off, by each known way in turn, each said before it is tried: first those that power off, then resets, then
 * a triple fault. A way that works ends the run while the next are not reached. ACPI 6.4: 4.8.3.2 "PM1
 * Control Registers", 4.8.3.7 "Sleep Control and Status Registers", 4.8.3.6 "Reset Register", 7.4.2.5 "_S5".
 */
#include <zeropage/wire/acpi.h>
#include <zeropage/wire/bootparam.h>
#include <zeropage/wire/multiboot2.h>
#include <zeropage/wire/xen.h>

#include "guest.h"

#define TABLES_MAX 64u
#define DSDT_MAX   0x40000u
#define TAGS_MAX   128u
#define TICKS      UINT64_C(250000000) /* of the TSC, about a tenth of a second */
#define PATIENCE   200000u /* reads of a port, about a microsecond each, where there are no ticks */

#define KBD_COMMAND  0x64
#define KBD_RESET    0xfe
#define PORT92       0x92
#define RESET_CF9    0xcf9
#define QEMU_PM1     0x604
#define BOCHS_PM1    0xb004
#define VIRTUALBOX   0x4004
#define CLOUD_SLEEP  0x600
#define DEBUG_EXIT   0xf4
#define DEBUG_EXIT32 0x501
#define BOCHS_OFF    0x8900

#define AML_PACKAGE 0x12
#define AML_BYTE    0x0a
#define AML_ONE     0x01

/* An emulator may take a while to notice that it was switched off. */
static void pause(void)
{
    uint64_t start = guest_ticks();

    for (unsigned i = 0; i < PATIENCE && guest_ticks() - start < TICKS; i++)
        guest_inb(0x80);
}

static bool has_signature(uint64_t at, const char *signature, uint32_t size)
{
    char bytes[8];

    return guest_peek(NULL, at, bytes, size) == 0 && memcmp(bytes, signature, size) == 0;
}

static uint64_t scan_rsdp(uint64_t start, uint64_t end)
{
    for (; start < end; start += ZP_ACPI_RSDP_ALIGN)
        if (has_signature(start, ZP_ACPI_RSDP_SIGNATURE, 8))
            return start;
    return 0;
}

/* A copy of the RSDP in the information of multiboot 2: the newer one where there are both. */
static uint64_t multiboot2_rsdp(uint64_t info)
{
    struct zp_multiboot2_tag tag;
    uint64_t at = info + sizeof(struct zp_multiboot2_info), old = 0;

    for (unsigned i = 0; i < TAGS_MAX; i++) {
        if (guest_peek(NULL, at, &tag, sizeof(tag)) != 0 || tag.size < sizeof(tag))
            break;
        if (tag.type == ZP_MULTIBOOT2_TAG_TYPE_ACPI_NEW)
            return at + sizeof(tag);
        if (tag.type == ZP_MULTIBOOT2_TAG_TYPE_ACPI_OLD)
            old = at + sizeof(tag);
        at += (tag.size + ZP_MULTIBOOT2_TAG_ALIGN - 1) & ~(uint64_t)(ZP_MULTIBOOT2_TAG_ALIGN - 1);
    }
    return old;
}

static uint64_t told_rsdp(void)
{
    uint64_t rsdp = 0;

    if (guest_found.protocol == ZP_PROTOCOL_LINUX32 || guest_found.protocol == ZP_PROTOCOL_LINUX64)
        guest_peek(NULL, guest_found.cpu.rsi + offsetof(struct zp_boot_params, acpi_rsdp_addr), &rsdp, 8);
    if (guest_found.protocol == ZP_PROTOCOL_PVH)
        guest_peek(NULL, guest_found.cpu.rbx + offsetof(struct zp_hvm_start_info, rsdp_paddr), &rsdp, 8);
    if (guest_found.protocol == ZP_PROTOCOL_MULTIBOOT2)
        rsdp = multiboot2_rsdp(guest_found.cpu.rbx);
    if (guest_found.protocol == ZP_PROBE_PROTOCOL_EFI)
        rsdp = guest_efi_rsdp();
    return rsdp;
}

static uint64_t find_rsdp(void)
{
    uint64_t rsdp = told_rsdp();
    uint16_t ebda = 0;

    if (rsdp != 0 && has_signature(rsdp, ZP_ACPI_RSDP_SIGNATURE, 8))
        return rsdp;
    guest_peek(NULL, ZP_BDA_EBDA_SEGMENT, &ebda, sizeof(ebda));
    rsdp = ebda != 0 ? scan_rsdp((uint64_t)ebda << 4, ((uint64_t)ebda << 4) + 1024) : 0;
    return rsdp != 0 ? rsdp : scan_rsdp(ZP_BIOS_ROM_SEARCH_START, ZP_BIOS_ROM_END);
}

/* Reads the FADT, as much as there is of it; false: there is none. */
static bool find_fadt(struct zp_acpi_fadt *ret_fadt)
{
    struct zp_acpi_rsdp rsdp;
    struct zp_acpi_description_header header;
    uint64_t at = find_rsdp(), table = 0;
    uint32_t width = 4;

    if (at == 0 || guest_peek(NULL, at, &rsdp, sizeof(rsdp)) != 0)
        return false;
    at = rsdp.rsdt_address;
    if (rsdp.revision >= 2 && rsdp.xsdt_address != 0) {
        at = rsdp.xsdt_address;
        width = 8;
    }
    if (guest_peek(NULL, at, &header, sizeof(header)) != 0 || header.length < sizeof(header))
        return false;
    for (uint32_t i = 0; i < (header.length - sizeof(header)) / width && i < TABLES_MAX; i++) {
        if (guest_peek(NULL, at + sizeof(header) + i * width, &table, width) != 0)
            return false;
        if (!has_signature(table, "FACP", 4))
            continue;
        guest_peek(NULL, table, &header, sizeof(header));
        if (header.length > sizeof(*ret_fadt))
            header.length = sizeof(*ret_fadt);
        return guest_peek(NULL, table, ret_fadt, header.length) == 0;
    }
    return false;
}

/* Elements of a package at the start of aml: SLP_TYPa, SLP_TYPb. */
static bool read_package(const uint8_t *aml, uint8_t types[2])
{
    unsigned at = 1 + 1 + (aml[1] >> 6) + 1; /* opcode, length of 1 to 4 bytes, number of elements */

    if (aml[0] != AML_PACKAGE)
        return false;
    for (unsigned i = 0; i < 2; i++) {
        if (aml[at] == AML_BYTE)
            at++;
        else if (aml[at] > AML_ONE)
            return false;
        types[i] = aml[at++] & 7;
    }
    return true;
}

/* Looks for the name _S5_ and its package, as bytes: an interpreter would do no better here. */
static bool find_s5(uint64_t dsdt, uint8_t types[2])
{
    struct zp_acpi_description_header header;
    uint8_t bytes[512];

    if (dsdt == 0 || guest_peek(NULL, dsdt, &header, sizeof(header)) != 0)
        return false;
    if (header.length > DSDT_MAX)
        header.length = DSDT_MAX;
    for (uint32_t at = sizeof(header); at + 4 < header.length; at += sizeof(bytes) - 16) {
        if (guest_peek(NULL, dsdt + at, bytes, sizeof(bytes)) != 0)
            return false;
        for (unsigned i = 0; i + 16 <= sizeof(bytes); i++)
            if (bytes[i] == '_' && bytes[i + 1] == 'S' && bytes[i + 2] == '5' && bytes[i + 3] == '_' &&
                read_package(bytes + i + 4, types))
                return true;
    }
    return false;
}

static void say(struct zp_probe_writer *writer, const char *way, uint32_t port)
{
    uint32_t length = 0;

    while (way[length])
        length++;
    zp_probe_line(writer, "off");
    zp_probe_text(writer, "way", way, length);
    zp_probe_hex(writer, "at", port);
    zp_probe_line_end(writer);
    guest_serial_drain();
}

static void try_byte(struct zp_probe_writer *writer, const char *way, uint16_t port, uint8_t value)
{
    say(writer, way, port);
    guest_outb(port, value);
    pause();
}

static void try_word(struct zp_probe_writer *writer, const char *way, uint16_t port, uint16_t value)
{
    say(writer, way, port);
    guest_outw(port, value);
    pause();
}

static void try_pm1(struct zp_probe_writer *writer, const struct zp_acpi_fadt *fadt, unsigned type_a,
                    unsigned type_b)
{
    uint16_t a = (uint16_t)fadt->pm1a_cnt_blk, b = (uint16_t)fadt->pm1b_cnt_blk;

    try_word(writer, "pm1a", a, (uint16_t)(ZP_ACPI_PM1_CNT_SLP_EN | type_a << ZP_ACPI_PM1_CNT_SLP_TYP_SHIFT));
    if (b != 0)
        try_word(writer, "pm1b", b,
                 (uint16_t)(ZP_ACPI_PM1_CNT_SLP_EN | type_b << ZP_ACPI_PM1_CNT_SLP_TYP_SHIFT));
}

/* PM1 control does nothing before the firmware has given it over. */
static void try_acpi(struct zp_probe_writer *writer, const struct zp_acpi_fadt *fadt)
{
    uint64_t dsdt = fadt->x_dsdt != 0 ? fadt->x_dsdt : fadt->dsdt;
    uint8_t types[2] = {0, 0};
    bool found = find_s5(dsdt, types);

    if (fadt->pm1a_cnt_blk != 0 && !(fadt->flags & ZP_ACPI_FADT_HW_REDUCED_ACPI)) {
        if (fadt->smi_cmd != 0 && fadt->acpi_enable != 0 &&
            !(guest_inw((uint16_t)fadt->pm1a_cnt_blk) & ZP_ACPI_PM1_CNT_SCI_EN)) {
            guest_outb((uint16_t)fadt->smi_cmd, fadt->acpi_enable);
            pause();
        }
        try_pm1(writer, fadt, types[0], types[1]);
        if (!found)
            try_pm1(writer, fadt, 5, 5);
    }
    if (fadt->sleep_control_reg.address == 0)
        return;
    types[0] = found ? types[0] : 5;
    types[0] = (uint8_t)(types[0] << ZP_ACPI_SLEEP_CONTROL_SLP_TYP_SHIFT | ZP_ACPI_SLEEP_CONTROL_SLP_EN);
    say(writer, "sleep control", (uint32_t)fadt->sleep_control_reg.address);
    if (fadt->sleep_control_reg.address_space_id == ZP_ACPI_SPACE_SYSTEM_IO)
        guest_outb((uint16_t)fadt->sleep_control_reg.address, types[0]);
    else if (guest_window(fadt->sleep_control_reg.address) != NULL)
        *(volatile uint8_t *)guest_window(fadt->sleep_control_reg.address) = types[0];
    pause();
}

static void try_reset_register(struct zp_probe_writer *writer, const struct zp_acpi_fadt *fadt)
{
    if (!(fadt->flags & ZP_ACPI_FADT_RESET_REG_SUP) || fadt->reset_reg.address == 0)
        return;
    say(writer, "reset register", (uint32_t)fadt->reset_reg.address);
    if (fadt->reset_reg.address_space_id == ZP_ACPI_SPACE_SYSTEM_IO)
        guest_outb((uint16_t)fadt->reset_reg.address, fadt->reset_value);
    else if (fadt->reset_reg.address_space_id == ZP_ACPI_SPACE_SYSTEM_MEMORY &&
             guest_window(fadt->reset_reg.address) != NULL)
        *(volatile uint8_t *)guest_window(fadt->reset_reg.address) = fadt->reset_value;
    pause();
}

static void try_emulators(struct zp_probe_writer *writer)
{
    try_word(writer, "qemu", QEMU_PM1, ZP_ACPI_PM1_CNT_SLP_EN);
    try_word(writer, "bochs", BOCHS_PM1, ZP_ACPI_PM1_CNT_SLP_EN);
    try_word(writer, "virtualbox", VIRTUALBOX, 0x3400);
    try_byte(writer, "cloud-hypervisor", CLOUD_SLEEP, 0x34);
    try_byte(writer, "isa-debug-exit", DEBUG_EXIT, 0);
    say(writer, "isa-debug-exit", DEBUG_EXIT32);
    guest_outl(DEBUG_EXIT32, 0);
    pause();
    say(writer, "shutdown port", BOCHS_OFF);
    for (unsigned i = 0; i < 8; i++)
        guest_outb(BOCHS_OFF, (uint8_t) "Shutdown"[i]);
    pause();
}

_Noreturn void guest_off(struct zp_probe_writer *writer)
{
    static struct zp_acpi_fadt fadt;
    bool acpi = find_fadt(&fadt);

    if (acpi)
        try_acpi(writer, &fadt);
    try_emulators(writer);
    if (acpi)
        try_reset_register(writer, &fadt);
    guest_outb(RESET_CF9, 0x02);
    try_byte(writer, "cf9", RESET_CF9, 0x06);
    try_byte(writer, "i8042", KBD_COMMAND, KBD_RESET);
    try_byte(writer, "port92", PORT92, 0x01);
    say(writer, "triple fault", 0);
    guest_triple_fault();
}
