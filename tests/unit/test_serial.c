/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The UART against its data sheet, and against the steps by which Linux recognises a 16550A.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "devices.h"

enum {
    RBR = 0,
    IER,
    IIR,
    LCR,
    MCR,
    LSR,
    MSR,
    SCR
};

struct line {
    struct zp_serial serial;
    uint8_t sent[64];
    size_t sent_count;
    bool level;
    unsigned edges;
};

static void transmit(void *context, uint8_t byte)
{
    struct line *line = context;

    assert_true(line->sent_count < sizeof(line->sent));
    line->sent[line->sent_count++] = byte;
}

static void interrupt(void *context, bool level)
{
    struct line *line = context;

    assert_int_not_equal(line->level, level);
    line->level = level;
    line->edges++;
}

static int setup(void **state)
{
    static struct line line;

    memset(&line, 0, sizeof(line));
    zp_serial_init(&line.serial, transmit, interrupt, &line);
    *state = &line;
    return 0;
}

static uint8_t in(struct line *line, unsigned offset)
{
    return zp_serial_read(&line->serial, offset);
}

static void out(struct line *line, unsigned offset, uint8_t value)
{
    zp_serial_write(&line->serial, offset, value);
}

static void after_reset_it_is_idle(void **state)
{
    struct line *line = *state;

    assert_int_equal(in(line, IER), 0);
    assert_int_equal(in(line, IIR), 0x01);
    assert_int_equal(in(line, LCR), 0);
    assert_int_equal(in(line, MCR), 0);
    assert_int_equal(in(line, LSR), 0x60);
    assert_int_equal(in(line, MSR), 0xb0);
    assert_false(line->level);
}

static void bytes_are_sent_at_once(void **state)
{
    struct line *line = *state;

    for (const char *c = "boot"; *c; c++) {
        assert_int_equal(in(line, LSR) & 0x20, 0x20);
        out(line, RBR, (uint8_t)*c);
    }
    assert_int_equal(line->sent_count, 4);
    assert_memory_equal(line->sent, "boot", 4);
}

static void the_divisor_hides_behind_dlab(void **state)
{
    struct line *line = *state;

    out(line, LCR, 0x83);
    out(line, RBR, 0x01);
    out(line, IER, 0x02);
    assert_int_equal(in(line, RBR), 0x01);
    assert_int_equal(in(line, IER), 0x02);
    out(line, LCR, 0x03);
    assert_int_equal(in(line, RBR), 0);
    assert_int_equal(in(line, IER), 0);
    assert_int_equal(line->sent_count, 0);
    assert_int_equal(in(line, LCR), 0x03);
}

/* The checks of Linux's 8250 driver, in its order. */
static void linux_finds_a_16550a(void **state)
{
    struct line *line = *state;

    out(line, IER, 0);
    assert_int_equal(in(line, IER) & 0x0f, 0);
    out(line, IER, 0x0f);
    assert_int_equal(in(line, IER) & 0x0f, 0x0f);
    out(line, IER, 0);
    out(line, MCR, 0x10 | 0x0a);
    assert_int_equal(in(line, MSR) & 0xf0, 0x90);
    out(line, MCR, 0);
    out(line, LCR, 0xbf); /* no enhanced registers: this is the divisor */
    out(line, IIR, 0);
    out(line, LCR, 0);
    out(line, IIR, 0x01);
    assert_int_equal(in(line, IIR) >> 6, 3);
    out(line, IER, 0x40); /* XScale's UART enable bit does not stick */
    assert_int_equal(in(line, IER), 0);
    out(line, IIR, 0);
    assert_int_equal(in(line, IIR) >> 6, 0);
    out(line, SCR, 0x5a);
    assert_int_equal(in(line, SCR), 0x5a);
}

static void transmitter_interrupt(void **state)
{
    struct line *line = *state;

    out(line, IER, 0x02);
    assert_false(line->level); /* OUT2 keeps the gate shut */
    out(line, MCR, 0x08);
    assert_true(line->level);
    assert_int_equal(in(line, IIR), 0x02);
    assert_false(line->level); /* reading IIR is the acknowledgement */
    assert_int_equal(in(line, IIR), 0x01);
    out(line, RBR, 'x');
    assert_true(line->level);
    out(line, IER, 0x00);
    assert_false(line->level);
    out(line, IER, 0x02);
    assert_true(line->level);
}

static void receiver_interrupt_and_priorities(void **state)
{
    struct line *line = *state;

    out(line, MCR, 0x08);
    out(line, IER, 0x03);
    assert_int_equal(in(line, IIR), 0x02);
    assert_int_equal(zp_serial_receive(&line->serial, (const uint8_t *)"ab", 2), 1); /* no FIFO */
    assert_true(line->level);
    out(line, RBR, 'x'); /* both causes; data first */
    assert_int_equal(in(line, IIR), 0x04);
    assert_int_equal(in(line, LSR), 0x61);
    assert_int_equal(in(line, RBR), 'a');
    assert_int_equal(in(line, IIR), 0x02);
    assert_false(line->level);
    assert_int_equal(in(line, LSR), 0x60);
}

static void fifo_levels(void **state)
{
    struct line *line = *state;
    uint8_t bytes[20];

    for (unsigned i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)i;
    out(line, IIR, 0x81); /* trigger at 8 */
    out(line, MCR, 0x08);
    out(line, IER, 0x01);
    assert_int_equal(zp_serial_room(&line->serial), 16);
    assert_int_equal(zp_serial_receive(&line->serial, bytes, 20), 16);
    assert_int_equal(zp_serial_room(&line->serial), 0);
    assert_int_equal(in(line, IIR), 0xc4);
    for (unsigned i = 0; i < 9; i++)
        assert_int_equal(in(line, RBR), i);
    assert_int_equal(in(line, IIR), 0xcc); /* 7 left: below the level, timed out */
    assert_true(line->level);
    out(line, IIR, 0x83);
    assert_int_equal(in(line, LSR) & 1, 0);
    assert_false(line->level);
    assert_int_equal(zp_serial_receive(&line->serial, bytes, 16), 16); /* the ring wraps */
    for (unsigned i = 0; i < 16; i++)
        assert_int_equal(in(line, RBR), i);
    assert_int_equal(in(line, RBR), 0);
}

static void loopback_returns_bytes_lines_and_break(void **state)
{
    struct line *line = *state;

    in(line, MSR);
    out(line, MCR, 0x10);
    assert_int_equal(zp_serial_room(&line->serial), 0); /* the outside is cut off */
    assert_int_equal(in(line, MSR), 0x0b);              /* all inputs fell */
    assert_int_equal(in(line, MSR), 0x00);
    out(line, MCR, 0x14);
    out(line, MCR, 0x10);
    assert_int_equal(in(line, MSR), 0x04); /* trailing edge of ring */
    out(line, RBR, 0x42);
    out(line, RBR, 0x43);
    assert_int_equal(line->sent_count, 0);
    assert_int_equal(in(line, LSR), 0x63); /* overrun: there is no FIFO */
    assert_int_equal(in(line, LSR), 0x61);
    assert_int_equal(in(line, RBR), 0x42);
    out(line, LCR, 0x43);
    assert_int_equal(in(line, LSR), 0x71);
    assert_int_equal(in(line, RBR), 0);
}

static void modem_and_line_status_interrupts(void **state)
{
    struct line *line = *state;

    out(line, MCR, 0x18);
    out(line, RBR, 1);
    out(line, RBR, 2);
    out(line, IER, 0x0c);
    assert_false(line->level); /* loopback shuts the gate */
    assert_int_equal(in(line, IIR), 0x06);
    assert_int_equal(in(line, LSR) & 0x02, 0x02);
    assert_int_equal(in(line, IIR), 0x00);
    out(line, MCR, 0x08);
    assert_true(line->level);
    in(line, MSR);
    assert_false(line->level);
}

static void status_registers_cannot_be_written(void **state)
{
    struct line *line = *state;

    out(line, LSR, 0xff);
    out(line, MSR, 0xff);
    assert_int_equal(in(line, LSR), 0x60);
    assert_int_equal(in(line, MSR), 0xb0);
    assert_int_equal(in(line, 8), 0xff);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(after_reset_it_is_idle, setup),
        cmocka_unit_test_setup(bytes_are_sent_at_once, setup),
        cmocka_unit_test_setup(the_divisor_hides_behind_dlab, setup),
        cmocka_unit_test_setup(linux_finds_a_16550a, setup),
        cmocka_unit_test_setup(transmitter_interrupt, setup),
        cmocka_unit_test_setup(receiver_interrupt_and_priorities, setup),
        cmocka_unit_test_setup(fifo_levels, setup),
        cmocka_unit_test_setup(loopback_returns_bytes_lines_and_break, setup),
        cmocka_unit_test_setup(modem_and_line_status_interrupts, setup),
        cmocka_unit_test_setup(status_registers_cannot_be_written, setup),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
