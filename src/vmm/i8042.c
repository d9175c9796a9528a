/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The two old ways to pull the reset line: command 0xfe to the keyboard controller (IBM PC AT Technical
 * Reference, "Keyboard controller") and bit 0 of port 0x92 (PS/2 system control port A). There is no
 * keyboard and no controller behind ports 0x60 and 0x64: they read as ones, which drivers take as absent.
 */
#include "devices.h"

#define COMMAND_PULSE      0xf0 /* bits 0 to 3: lines that are NOT pulsed */
#define COMMAND_RESET_LINE 0x01
#define PORT92_RESET       0x01
#define PORT92_A20         0x02

void zp_i8042_init(struct zp_i8042 *ret_i8042)
{
    ret_i8042->port92 = PORT92_A20;
}

uint8_t zp_i8042_read(const struct zp_i8042 *i8042, unsigned port)
{
    return port == ZP_PORT92 ? i8042->port92 : 0xff;
}

int zp_i8042_write(struct zp_i8042 *i8042, unsigned port, uint8_t value)
{
    if (port == ZP_I8042_COMMAND && (value & COMMAND_PULSE) == COMMAND_PULSE && !(value & COMMAND_RESET_LINE))
        return ZP_VM_RESET;
    if (port != ZP_PORT92)
        return 0;
    /* A20 is always on. */
    i8042->port92 = (uint8_t)((value | PORT92_A20) & ~PORT92_RESET);
    return value & PORT92_RESET ? ZP_VM_RESET : 0;
}
