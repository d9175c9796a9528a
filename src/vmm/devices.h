/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The devices that the KVM engine models itself. Each is a plain struct with a read and a write function
 * for its ports; it neither locks nor sleeps, and tells the world through the callbacks it was given.
 * A write that ends the machine returns how (enum zp_vm_end), else 0.
 */
#ifndef ZP_VMM_DEVICES_H
#define ZP_VMM_DEVICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "vmm.h"

/* 16550A UART (serial.c). */
#define ZP_SERIAL_PORT  0x3f8
#define ZP_SERIAL_PORTS 8
#define ZP_SERIAL_IRQ   4
#define ZP_SERIAL_FIFO  16

struct zp_serial {
    uint8_t ier, lcr, mcr, scr, dll, dlm, fcr;
    uint8_t lsr_errors; /* overrun and break, until LSR is read */
    uint8_t msr;        /* lines and their deltas */
    bool thre_pending;
    bool line; /* level of the interrupt line */
    uint8_t fifo[ZP_SERIAL_FIFO];
    size_t fifo_start, fifo_count;
    void (*transmit)(void *context, uint8_t byte);
    void (*interrupt)(void *context, bool level);
    void *context;
};
void zp_serial_init(struct zp_serial *ret_serial, void (*transmit)(void *context, uint8_t byte),
                    void (*interrupt)(void *context, bool level), void *context);
uint8_t zp_serial_read(struct zp_serial *serial, unsigned offset);
void zp_serial_write(struct zp_serial *serial, unsigned offset, uint8_t value);
/* How many bytes the line can bring now; zp_serial_receive takes at most that many and says how many. */
size_t zp_serial_room(const struct zp_serial *serial);
size_t zp_serial_receive(struct zp_serial *serial, const uint8_t *bytes, size_t count);

/* ACPI power management and reset (pm.c). The same ports as QEMU's pc. */
#define ZP_PM_PORT          0x600
#define ZP_PM_PORTS         12
#define ZP_PM_SLP_TYP_S5    0 /* what \_S5 of our DSDT says */
#define ZP_PM_TIMER_HZ      3579545u
#define ZP_RESET_PORT       0xcf9
#define ZP_RESET_PORT_VALUE 0x06

struct zp_pm {
    uint16_t status, enable, control;
    uint8_t reset_control;
    uint32_t timer_seen; /* at the last look, for the carry */
    uint64_t (*nanoseconds)(void *context);
    void *context;
};
void zp_pm_init(struct zp_pm *ret_pm, uint64_t (*nanoseconds)(void *context), void *context);
uint32_t zp_pm_read(struct zp_pm *pm, unsigned offset, unsigned size);
int zp_pm_write(struct zp_pm *pm, unsigned offset, unsigned size, uint32_t value);
uint8_t zp_pm_reset_read(const struct zp_pm *pm);
int zp_pm_reset_write(struct zp_pm *pm, uint8_t value);

/* MC146818 clock and CMOS memory (rtc.c). */
#define ZP_RTC_PORT  0x70
#define ZP_RTC_PORTS 2

struct zp_rtc {
    uint8_t index;
    uint8_t cmos[128];
    struct tm shown;                        /* the time that is being read, UTC */
    uint64_t shown_at;                      /* nanoseconds */
    uint64_t (*nanoseconds)(void *context); /* since 1970 */
    void *context;
};
void zp_rtc_init(struct zp_rtc *ret_rtc, uint64_t (*nanoseconds)(void *context), void *context);
uint8_t zp_rtc_read(struct zp_rtc *rtc, unsigned offset);
void zp_rtc_write(struct zp_rtc *rtc, unsigned offset, uint8_t value);

/* The reset lines of the keyboard controller and of port 0x92 (i8042.c). */
#define ZP_I8042_DATA    0x60
#define ZP_I8042_COMMAND 0x64
#define ZP_PORT92        0x92

struct zp_i8042 {
    uint8_t port92;
};
void zp_i8042_init(struct zp_i8042 *ret_i8042);
uint8_t zp_i8042_read(const struct zp_i8042 *i8042, unsigned port);
int zp_i8042_write(struct zp_i8042 *i8042, unsigned port, uint8_t value);

#endif
