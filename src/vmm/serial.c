/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A 16550A UART: receives the guest's register accesses and the bytes of the terminal, gives bytes to
 * transmit and the level of its interrupt line. Registers behave as in National Semiconductor's PC16550D
 * data sheet, section 8; baud rates are kept and have no effect: a byte is gone as soon as it is written,
 * so the transmitter is always empty.
 */
#include <string.h>

#include "devices.h"

enum {
    THR = 0,
    IER,
    IIR,
    LCR,
    MCR,
    LSR,
    MSR,
    SCR
};

#define IER_RDA  0x01 /* received data */
#define IER_THRE 0x02 /* transmitter empty */
#define IER_RLS  0x04 /* line status */
#define IER_MSI  0x08 /* modem status */

#define IIR_NONE    0x01
#define IIR_MSI     0x00
#define IIR_THRE    0x02
#define IIR_RDA     0x04
#define IIR_RLS     0x06
#define IIR_TIMEOUT 0x0c
#define IIR_FIFO    0xc0

#define FCR_ENABLE   0x01
#define FCR_CLEAR_RX 0x02

#define LCR_BREAK 0x40
#define LCR_DLAB  0x80

#define MCR_DTR  0x01
#define MCR_RTS  0x02
#define MCR_OUT1 0x04
#define MCR_OUT2 0x08
#define MCR_LOOP 0x10

#define LSR_DATA    0x01
#define LSR_OVERRUN 0x02
#define LSR_BREAK   0x10
#define LSR_THRE    0x20
#define LSR_TEMT    0x40

#define MSR_DCTS 0x01
#define MSR_DDSR 0x02
#define MSR_TERI 0x04
#define MSR_DDCD 0x08
#define MSR_CTS  0x10
#define MSR_DSR  0x20
#define MSR_RI   0x40
#define MSR_DCD  0x80

static size_t capacity(const struct zp_serial *serial)
{
    return serial->fcr & FCR_ENABLE ? ZP_SERIAL_FIFO : 1;
}

static size_t trigger_level(const struct zp_serial *serial)
{
    static const uint8_t levels[] = {1, 4, 8, 14};

    return serial->fcr & FCR_ENABLE ? levels[serial->fcr >> 6] : 1;
}

/*
 * The most urgent cause, as IIR tells it. Bytes below the trigger level count as timed out at once: nobody
 * knows when the terminal will bring more.
 */
static uint8_t cause(const struct zp_serial *serial)
{
    if ((serial->ier & IER_RLS) && serial->lsr_errors != 0)
        return IIR_RLS;
    if ((serial->ier & IER_RDA) && serial->fifo_count >= trigger_level(serial))
        return IIR_RDA;
    if ((serial->ier & IER_RDA) && serial->fifo_count > 0)
        return IIR_TIMEOUT;
    if ((serial->ier & IER_THRE) && serial->thre_pending)
        return IIR_THRE;
    if ((serial->ier & IER_MSI) && (serial->msr & (MSR_DCTS | MSR_DDSR | MSR_TERI | MSR_DDCD)))
        return IIR_MSI;
    return IIR_NONE;
}

/* On a PC the interrupt passes a gate that OUT2 opens; in loopback the pin is idle and the gate shut. */
static void update_line(struct zp_serial *serial)
{
    bool gate = (serial->mcr & (MCR_OUT2 | MCR_LOOP)) == MCR_OUT2;
    bool line = gate && cause(serial) != IIR_NONE;

    if (line == serial->line)
        return;
    serial->line = line;
    serial->interrupt(serial->context, line);
}

static void clear_receiver(struct zp_serial *serial)
{
    serial->fifo_start = 0;
    serial->fifo_count = 0;
}

static void receive_byte(struct zp_serial *serial, uint8_t byte)
{
    if (serial->fifo_count >= capacity(serial)) {
        serial->lsr_errors |= LSR_OVERRUN;
        return;
    }
    serial->fifo[(serial->fifo_start + serial->fifo_count) % ZP_SERIAL_FIFO] = byte;
    serial->fifo_count++;
}

static uint8_t read_receiver(struct zp_serial *serial)
{
    uint8_t byte;

    if (serial->fifo_count == 0)
        return 0;
    byte = serial->fifo[serial->fifo_start];
    serial->fifo_start = (serial->fifo_start + 1) % ZP_SERIAL_FIFO;
    serial->fifo_count--;
    return byte;
}

/* A terminal is always there and ready; in loopback the four inputs are the four outputs. */
static void update_modem(struct zp_serial *serial)
{
    uint8_t old = serial->msr;
    uint8_t lines = MSR_CTS | MSR_DSR | MSR_DCD;

    if (serial->mcr & MCR_LOOP)
        lines = (uint8_t)((serial->mcr & MCR_RTS ? MSR_CTS : 0) | (serial->mcr & MCR_DTR ? MSR_DSR : 0) |
                          (serial->mcr & MCR_OUT1 ? MSR_RI : 0) | (serial->mcr & MCR_OUT2 ? MSR_DCD : 0));
    serial->msr = (uint8_t)(lines | (old & 0x0f));
    if ((old ^ lines) & MSR_CTS)
        serial->msr |= MSR_DCTS;
    if ((old ^ lines) & MSR_DSR)
        serial->msr |= MSR_DDSR;
    if ((old & MSR_RI) && !(lines & MSR_RI))
        serial->msr |= MSR_TERI;
    if ((old ^ lines) & MSR_DCD)
        serial->msr |= MSR_DDCD;
}

void zp_serial_init(struct zp_serial *ret_serial, void (*transmit)(void *context, uint8_t byte),
                    void (*interrupt)(void *context, bool level), void *context)
{
    memset(ret_serial, 0, sizeof(*ret_serial));
    ret_serial->dll = 12; /* 9600 baud, as firmware leaves it */
    ret_serial->msr = MSR_CTS | MSR_DSR | MSR_DCD;
    ret_serial->transmit = transmit;
    ret_serial->interrupt = interrupt;
    ret_serial->context = context;
}

static uint8_t read_iir(struct zp_serial *serial)
{
    uint8_t value = cause(serial);

    if (value == IIR_THRE)
        serial->thre_pending = false;
    return value | (serial->fcr & FCR_ENABLE ? IIR_FIFO : 0);
}

static uint8_t read_lsr(struct zp_serial *serial)
{
    uint8_t value = serial->lsr_errors | LSR_THRE | LSR_TEMT | (serial->fifo_count > 0 ? LSR_DATA : 0);

    serial->lsr_errors = 0;
    return value;
}

static uint8_t read_msr(struct zp_serial *serial)
{
    uint8_t value = serial->msr;

    serial->msr &= 0xf0;
    return value;
}

static uint8_t read_register(struct zp_serial *serial, unsigned offset)
{
    bool divisor = (serial->lcr & LCR_DLAB) != 0;

    switch (offset) {
    case THR: return divisor ? serial->dll : read_receiver(serial);
    case IER: return divisor ? serial->dlm : serial->ier;
    case IIR: return read_iir(serial);
    case LCR: return serial->lcr;
    case MCR: return serial->mcr;
    case LSR: return read_lsr(serial);
    case MSR: return read_msr(serial);
    case SCR: return serial->scr;
    default: return 0xff;
    }
}

uint8_t zp_serial_read(struct zp_serial *serial, unsigned offset)
{
    uint8_t value = read_register(serial, offset);

    update_line(serial);
    return value;
}

static void write_transmitter(struct zp_serial *serial, uint8_t value)
{
    if (serial->mcr & MCR_LOOP)
        receive_byte(serial, value);
    else
        serial->transmit(serial->context, value);
    serial->thre_pending = true;
}

/* Turning the transmitter interrupt on while the transmitter is empty, which it always is, raises it. */
static void write_ier(struct zp_serial *serial, uint8_t value)
{
    if ((value & IER_THRE) && !(serial->ier & IER_THRE))
        serial->thre_pending = true;
    serial->ier = value & 0x0f;
}

static void write_fcr(struct zp_serial *serial, uint8_t value)
{
    bool switched = ((value ^ serial->fcr) & FCR_ENABLE) != 0;

    if (switched || (value & FCR_CLEAR_RX))
        clear_receiver(serial);
    /* The other bits can be set only together with the enable bit. */
    serial->fcr = value & FCR_ENABLE ? value & 0xc9 : 0;
}

static void write_lcr(struct zp_serial *serial, uint8_t value)
{
    if ((serial->mcr & MCR_LOOP) && (value & LCR_BREAK) && !(serial->lcr & LCR_BREAK)) {
        receive_byte(serial, 0);
        serial->lsr_errors |= LSR_BREAK;
    }
    serial->lcr = value;
}

void zp_serial_write(struct zp_serial *serial, unsigned offset, uint8_t value)
{
    bool divisor = (serial->lcr & LCR_DLAB) != 0;

    switch (offset) {
    case THR:
        if (divisor)
            serial->dll = value;
        else
            write_transmitter(serial, value);
        break;
    case IER:
        if (divisor)
            serial->dlm = value;
        else
            write_ier(serial, value);
        break;
    case IIR: write_fcr(serial, value); break;
    case LCR: write_lcr(serial, value); break;
    case MCR:
        serial->mcr = value & 0x1f;
        update_modem(serial);
        break;
    case SCR: serial->scr = value; break;
    default: break; /* LSR and MSR: factory test, not for software */
    }
    update_line(serial);
}

size_t zp_serial_room(const struct zp_serial *serial)
{
    return serial->mcr & MCR_LOOP ? 0 : capacity(serial) - serial->fifo_count;
}

size_t zp_serial_receive(struct zp_serial *serial, const uint8_t *bytes, size_t count)
{
    size_t taken = 0;

    while (taken < count && zp_serial_room(serial) > 0)
        receive_byte(serial, bytes[taken++]);
    update_line(serial);
    return taken;
}
