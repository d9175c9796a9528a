/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text out on COM1, by polling: 115200 baud, 8 bits, no parity, one stop bit, whatever the loader left. A
 * UART that never gets ready costs its patience once, and one that is not there (all ones) costs nothing.
 * National Semiconductor PC16550D, section 8 "Registers".
 */
#include "guest.h"

#define COM1          0x3f8
#define DATA          0 /* with DLAB: divisor, low */
#define INTERRUPTS    1 /* with DLAB: divisor, high */
#define FIFO          2
#define LINE          3
#define MODEM         4
#define STATUS        5
#define LINE_8N1      0x03
#define LINE_DLAB     0x80
#define FIFO_ON_CLEAR 0x07
#define MODEM_DTR_RTS 0x03
#define STATUS_ROOM   0x20                  /* the holding register is empty */
#define STATUS_DONE   0x40                  /* the shift register too */
#define TICKS         UINT64_C(0x300000000) /* of the TSC: 3 to 12 seconds */
#define PATIENCE      20000000u             /* reads of a port, where the TSC stands still */
#define DEAF_PATIENCE 100u

static bool deaf;

static void wait_for(uint8_t bits)
{
    uint64_t start = guest_ticks();

    for (unsigned i = 0; i < (deaf ? DEAF_PATIENCE : PATIENCE); i++) {
        if (guest_inb(COM1 + STATUS) & bits) {
            deaf = false;
            return;
        }
        if (guest_ticks() - start > TICKS)
            break;
    }
    deaf = true;
}

void guest_serial_init(void)
{
    guest_outb(COM1 + INTERRUPTS, 0);
    guest_outb(COM1 + LINE, LINE_DLAB | LINE_8N1);
    guest_outb(COM1 + DATA, 1);
    guest_outb(COM1 + INTERRUPTS, 0);
    guest_outb(COM1 + LINE, LINE_8N1);
    guest_outb(COM1 + FIFO, FIFO_ON_CLEAR);
    guest_outb(COM1 + MODEM, MODEM_DTR_RTS);
}

void guest_put(void *context, const char *bytes, uint32_t length)
{
    (void)context;
    for (uint32_t i = 0; i < length; i++) {
        wait_for(STATUS_ROOM);
        guest_outb(COM1 + DATA, (uint8_t)bytes[i]);
    }
}

void guest_serial_drain(void)
{
    wait_for(STATUS_DONE);
}
