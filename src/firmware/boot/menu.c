/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The menu on the first serial port, for whoever presses a key. Time is counted by the first channel of the
 * timer, which can be asked without the gate and the port of the speaker, for a microvm has neither; where
 * there is no timer, by the time-stamp counter, as if it were the fastest: nobody has less time than
 * promised. Intel 8254, "mode 0" and "Read-Back Command"; National Semiconductor PC16550D, 8.
 */
#include "../../core/seam.h"
#include "../io.h"
#include "../text.h"
#include "disks.h"

#define COM1     0x3f8
#define COM_LSR  (COM1 + 5)
#define LSR_DATA 0x01
#define NO_PORT  0xff

#define TIMER         0x40
#define TIMER_CONTROL 0x43
#define TIMER_MODE_0  0x30 /* channel 0, both bytes */
#define TIMER_MODE_3  0x36 /* as a BIOS leaves it, with a count of 0 */
#define TIMER_STATUS  0xe2
#define TIMER_OUT     0x80
#define TICKS_20TH    59659u                     /* of 1193182 Hz */
#define TSC_20TH      ((UINT32_C(1) << 31) / 10) /* of 4.3 GHz */
#define PER_SECOND    20u
#define POLLS         (UINT32_C(1) << 22) /* should time stand still */

#define TITLE_MAX 100u

static int key(void)
{
    uint8_t status = fw_in8(COM_LSR);

    return status == NO_PORT || !(status & LSR_DATA) ? -1 : fw_in8(COM1);
}

bool fw_key_pressed(void)
{
    bool pressed = false;

    for (int i = 0; i < 64 && key() >= 0; i++)
        pressed = true;
    return pressed;
}

static void start_timer(uint8_t mode, uint32_t count)
{
    fw_out8(TIMER_CONTROL, mode);
    fw_out8(TIMER, (uint8_t)count);
    fw_out8(TIMER, (uint8_t)(count >> 8));
}

/* Is its time up? Where there is no timer it always is. */
static bool is_over(void)
{
    fw_out8(TIMER_CONTROL, TIMER_STATUS);
    return fw_in8(TIMER) & TIMER_OUT;
}

/* Waits for a twentieth of a second at most; the key, -1: none. */
static int wait_key(void)
{
    const uint64_t began = fw_ticks();
    int pressed = -1;
    bool has_timer;

    start_timer(TIMER_MODE_0, TICKS_20TH);
    has_timer = !is_over();
    for (uint32_t i = 0; i < POLLS; i++) {
        pressed = key();
        if (pressed >= 0 || (has_timer ? is_over() : fw_ticks() - began > TSC_20TH))
            break;
        fw_pause();
    }
    start_timer(TIMER_MODE_3, 0);
    return pressed;
}

/* The name of an entry, cut where a line would not hold what comes behind it. */
const char *fw_title(const struct fw_entry *entry)
{
    static char text[TITLE_MAX + sizeof("...")];
    const char *title = entry->title ? entry->title : entry->id;
    size_t length = 0;

    while (title[length] && length <= TITLE_MAX)
        length++;
    if (length <= TITLE_MAX)
        return title;
    do
        length--;
    while (length != 0 && ((unsigned char)title[length] & 0xc0) == 0x80); /* not within a character */
    memcpy(text, title, length);
    memcpy(text + length, "...", sizeof("..."));
    return text;
}

/* What tells an entry from others of its title: kernels of one system have all the same. */
static const char *distinction(const struct fw_menu *menu, const struct fw_entry *entry)
{
    for (size_t i = 0; i < menu->count; i++)
        if (&menu->entries[i] != entry && fw_order(menu->entries[i].title, entry->title) == 0)
            return entry->version ? entry->version : entry->id;
    return "";
}

static void show(const struct fw_menu *menu, size_t row, size_t marked)
{
    const struct fw_entry *entry = &menu->entries[row];
    const char *more = entry->title ? distinction(menu, entry) : "";

    fw_note("%s %d  %s%s%s%s", row == marked ? "*" : " ", (uint64_t)row + 1, fw_title(entry),
            *more ? ", " : "", more, entry->failed ? " (cannot be booted)" : "");
}

/* Arrows come as ESC [ A (or O A), up, and with B, down: one row on. */
static size_t move(const struct fw_menu *menu, size_t marked, int pressed)
{
    if (pressed == 'A')
        marked -= marked != 0;
    else
        marked += marked + 1 < menu->count;
    show(menu, marked, marked);
    return marked;
}

size_t fw_menu_ask(const struct fw_menu *menu, size_t first, uint32_t seconds)
{
    uint64_t left = (uint64_t)seconds * PER_SECOND;
    size_t number = 0, marked = first;
    int before, pressed = 0;

    for (size_t i = 0; i < menu->count; i++)
        show(menu, i, first);
    if (seconds == UINT32_MAX)
        fw_note("number or arrows, then Enter; Enter alone for %d", (uint64_t)first + 1);
    else
        fw_note("number or arrows, then Enter; %d boots in %d s", (uint64_t)first + 1, (uint64_t)seconds);
    while (seconds == UINT32_MAX || left-- != 0) {
        int key_now = wait_key();

        if (key_now < 0)
            continue;
        before = pressed;
        pressed = key_now;
        seconds = UINT32_MAX; /* there is somebody */
        if (pressed >= '0' && pressed <= '9' && number <= menu->count) {
            number = number * 10 + (size_t)(pressed - '0');
        } else if (pressed == '\r' || pressed == '\n') {
            size_t chosen = number == 0 ? marked : number - 1;

            if (chosen < menu->count && !menu->entries[chosen].failed)
                return chosen;
            fw_note("%d is none of them", (uint64_t)chosen + 1);
            number = 0;
        } else {
            number = 0;
            if ((before == '[' || before == 'O') && (pressed == 'A' || pressed == 'B'))
                marked = move(menu, marked, pressed);
        }
    }
    return first;
}
