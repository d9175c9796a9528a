/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One line to whoever may be looking: the firmware's console while there is one, else the first serial port
 * and VGA text memory. Said only when something is amiss: a boot that goes well is the kernel's to announce.
 * National Semiconductor PC16550D, section 8; IBM VGA text mode.
 */
#include <stdarg.h>

#include "../../core/seam.h"
#include "stub.h"

#define LINE_MAX 240

#define COM1     0x3f8
#define COM_LCR  (COM1 + 3)
#define COM_MCR  (COM1 + 4)
#define COM_LSR  (COM1 + 5)
#define LCR_8N1  0x03
#define LCR_DLAB 0x80
#define LSR_THRE 0x20

#define VGA     0xb8000
#define COLUMNS 80
#define ROWS    25
#define GREY    0x0700

struct line {
    size_t length;
    char text[LINE_MAX + 1];
};

/* A line that is too long shows that it was cut. */
static void put(struct line *line, char character)
{
    if (line->length < LINE_MAX)
        line->text[line->length++] = character;
    else
        memcpy(line->text + LINE_MAX - 3, "...", 3);
}

/* What was read somewhere is not to tell a terminal what to do. */
static void put_text(struct line *line, const char *text)
{
    for (; *text; text++)
        put(line, (unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text);
}

static void put_number(struct line *line, uint64_t value, unsigned base)
{
    char digits[20];
    unsigned count = 0;

    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    while (count)
        put(line, digits[--count]);
}

static void put_format(struct line *line, const char *format, va_list values)
{
    put_text(line, "zeropage: ");
    for (; *format; format++) {
        if (*format != '%') {
            put(line, *format);
            continue;
        }
        format++;
        if (*format == 's')
            put_text(line, va_arg(values, const char *));
        else
            put_number(line, va_arg(values, uint64_t), *format == 'x' ? 16 : 10);
    }
    line->text[line->length] = '\0';
}

static void out(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static uint8_t in(uint16_t port)
{
    uint8_t value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

/*
 * As it was set by whoever came before us; after a reset nobody has. FIFOs stay off: to turn them on drops
 * what has been typed.
 */
static void set_serial(void)
{
    if (in(COM_LCR) != 0)
        return;
    out(COM_LCR, LCR_DLAB);
    out(COM1, 1); /* 115200 */
    out(COM1 + 1, 0);
    out(COM_LCR, LCR_8N1);
    out(COM_MCR, 3);
}

static void send(char character)
{
    for (unsigned wait = 0x10000; wait && !(in(COM_LSR)&LSR_THRE); wait--)
        ;
    out(COM1, (uint8_t)character);
}

static void say_serial(const char *text)
{
    set_serial();
    while (*text)
        send(*text++);
    send('\r');
    send('\n');
}

static bool is_blank(const volatile uint16_t *row)
{
    for (unsigned i = 0; i < COLUMNS; i++)
        if ((row[i] & 0xff) != ' ' && (row[i] & 0xff) != 0)
            return false;
    return true;
}

/* In the line below the last that is not blank; the screen moves up when that would be one too many. */
static void say_vga(const char *text)
{
    volatile uint16_t *screen = (volatile uint16_t *)VGA;
    unsigned row = ROWS, rows = 1;

    __asm__("" : "+r"(screen)); /* an address that no C object has */
    if (screen[0] == 0xffff)
        return; /* nobody there */
    while (row && is_blank(screen + (row - 1) * COLUMNS))
        row--;
    for (const char *end = text; *end; end++)
        rows = (unsigned)(end - text) / COLUMNS + 1;
    for (; row + rows > ROWS; row--)
        for (unsigned i = 0; i < ROWS * COLUMNS; i++)
            screen[i] = i < (ROWS - 1) * COLUMNS ? screen[i + COLUMNS] : GREY | ' ';
    for (screen += row * COLUMNS; *text; text++)
        *screen++ = (uint16_t)(GREY | *text);
}

void stub_say_list(const char *format, va_list values)
{
    struct line line;

    line.length = 0;
    put_format(&line, format, values);
    if (stub_efi_print(line.text))
        return;
    say_serial(line.text);
    say_vga(line.text);
}

void stub_say(const char *format, ...)
{
    va_list values;

    va_start(values, format);
    stub_say_list(format, values);
    va_end(values);
}

_Noreturn void stub_refuse(const char *format, ...)
{
    va_list values;

    va_start(values, format);
    stub_say_list(format, values);
    va_end(values);
    stub_efi_return();
    for (;;)
        __asm__ volatile("cli; hlt");
}
