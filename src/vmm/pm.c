/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ACPI fixed hardware and the reset port: receives port accesses and a clock, says when the guest powers
 * off or resets. ACPI specification 6.4, section 4.8: PM1a event block at + 0, PM1a control at + 4, a
 * 32-bit power management timer at + 8. There is no SMI command port: the machine is in ACPI mode from the
 * start, so SCI_EN always reads as 1. No event is ever raised; the timer's carry can be polled.
 * Port 0xcf9 is the PIIX reset control register: 1 to bit 2 resets.
 */
#include <string.h>

#include <zeropage/wire/acpi.h>

#include "devices.h"

#define STATUS  0
#define ENABLE  2
#define CONTROL 4
#define TIMER   8

#define RESET_CPU 0x04

static uint32_t timer_value(const struct zp_pm *pm)
{
    __extension__ typedef unsigned __int128 wide;

    return (uint32_t)((wide)pm->nanoseconds(pm->context) * ZP_PM_TIMER_HZ / 1000000000u);
}

/* TMR_STS is set whenever the timer's highest bit changes. */
static uint32_t look_at_timer(struct zp_pm *pm)
{
    uint32_t now = timer_value(pm);

    if ((now ^ pm->timer_seen) & 0x80000000u)
        pm->status |= ZP_ACPI_PM1_TMR;
    pm->timer_seen = now;
    return now;
}

void zp_pm_init(struct zp_pm *ret_pm, uint64_t (*nanoseconds)(void *context), void *context)
{
    memset(ret_pm, 0, sizeof(*ret_pm));
    ret_pm->control = ZP_ACPI_PM1_CNT_SCI_EN;
    ret_pm->nanoseconds = nanoseconds;
    ret_pm->context = context;
    ret_pm->timer_seen = timer_value(ret_pm);
}

/* The register block as bytes, so that accesses of any width and place read the same. */
static void block_bytes(struct zp_pm *pm, uint8_t bytes[ZP_PM_PORTS])
{
    uint32_t timer = look_at_timer(pm);

    memset(bytes, 0, ZP_PM_PORTS);
    for (unsigned i = 0; i < 2; i++) {
        bytes[STATUS + i] = (uint8_t)(pm->status >> 8 * i);
        bytes[ENABLE + i] = (uint8_t)(pm->enable >> 8 * i);
        bytes[CONTROL + i] = (uint8_t)(pm->control >> 8 * i);
    }
    for (unsigned i = 0; i < 4; i++)
        bytes[TIMER + i] = (uint8_t)(timer >> 8 * i);
}

uint32_t zp_pm_read(struct zp_pm *pm, unsigned offset, unsigned size)
{
    uint8_t bytes[ZP_PM_PORTS];
    uint32_t value = 0;

    block_bytes(pm, bytes);
    for (unsigned i = 0; i < size && i < 4; i++)
        value |= (uint32_t)(offset + i < ZP_PM_PORTS ? bytes[offset + i] : 0xff) << 8 * i;
    return value;
}

static int write_control(struct zp_pm *pm, uint16_t value)
{
    unsigned type = (value & ZP_ACPI_PM1_CNT_SLP_TYP) >> ZP_ACPI_PM1_CNT_SLP_TYP_SHIFT;

    /* SLP_EN is write-only. */
    pm->control = (uint16_t)((value & ~ZP_ACPI_PM1_CNT_SLP_EN) | ZP_ACPI_PM1_CNT_SCI_EN);
    return (value & ZP_ACPI_PM1_CNT_SLP_EN) && type == ZP_PM_SLP_TYP_S5 ? ZP_VM_POWERED_OFF : 0;
}

int zp_pm_write(struct zp_pm *pm, unsigned offset, unsigned size, uint32_t value)
{
    uint16_t control = pm->control;
    bool control_written = false;

    for (unsigned i = 0; i < size && i < 4; i++, value >>= 8) {
        unsigned place = offset + i;
        unsigned shift = 8 * (place & 1);
        uint16_t byte = (uint16_t)((value & 0xff) << shift);
        uint16_t keep = (uint16_t)(0xff00 >> shift);

        if (place / 2 == STATUS / 2)
            pm->status &= (uint16_t)~byte;
        if (place / 2 == ENABLE / 2)
            pm->enable = (uint16_t)((pm->enable & keep) | byte);
        if (place / 2 == CONTROL / 2) {
            control = (uint16_t)((control & keep) | byte);
            control_written = true;
        }
    }
    return control_written ? write_control(pm, control) : 0;
}

uint8_t zp_pm_reset_read(const struct zp_pm *pm)
{
    return pm->reset_control;
}

int zp_pm_reset_write(struct zp_pm *pm, uint8_t value)
{
    pm->reset_control = value & (uint8_t)~RESET_CPU;
    return value & RESET_CPU ? ZP_VM_RESET : 0;
}
