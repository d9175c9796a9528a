/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The PC's clock and CMOS memory: an MC146818 (Motorola data sheet) with the century at 0x32. Receives
 * accesses to ports 0x70 and 0x71 and a clock, gives the host's time in UTC. Update-in-progress is never
 * seen: a guest that waits for it to end never waits. Setting the time has no effect and there are no
 * interrupts; the rest is memory.
 */
#include <string.h>

#include "devices.h"

enum {
    SECONDS = 0x00,
    MINUTES = 0x02,
    HOURS = 0x04,
    WEEKDAY = 0x06,
    DAY = 0x07,
    MONTH = 0x08,
    YEAR = 0x09,
    STATUS_A = 0x0a,
    STATUS_B = 0x0b,
    STATUS_C = 0x0c,
    STATUS_D = 0x0d,
    CENTURY = 0x32
};

#define STATUS_A_UIP      0x80
#define STATUS_B_24H      0x02
#define STATUS_B_BINARY   0x04
#define STATUS_D_VALID    0x80
#define HOURS_PM          0x80
#define SNAPSHOT_LIFETIME UINT64_C(10000000) /* nanoseconds: the reads of one time belong together */

void zp_rtc_init(struct zp_rtc *ret_rtc, uint64_t (*nanoseconds)(void *context), void *context)
{
    memset(ret_rtc, 0, sizeof(*ret_rtc));
    ret_rtc->cmos[STATUS_A] = 0x26; /* 32768 Hz, 1024 Hz */
    ret_rtc->cmos[STATUS_B] = STATUS_B_24H;
    ret_rtc->nanoseconds = nanoseconds;
    ret_rtc->context = context;
}

/* Reads within some milliseconds see one time, so that no minute passes between two registers. */
static const struct tm *time_shown(struct zp_rtc *rtc)
{
    uint64_t now = rtc->nanoseconds(rtc->context);
    time_t seconds = (time_t)(now / 1000000000u);

    if (rtc->shown_at != 0 && now >= rtc->shown_at && now - rtc->shown_at < SNAPSHOT_LIFETIME)
        return &rtc->shown;
    if (!gmtime_r(&seconds, &rtc->shown))
        memset(&rtc->shown, 0, sizeof(rtc->shown));
    rtc->shown_at = now;
    return &rtc->shown;
}

static uint8_t encode(const struct zp_rtc *rtc, int value)
{
    if (rtc->cmos[STATUS_B] & STATUS_B_BINARY)
        return (uint8_t)value;
    return (uint8_t)(value / 10 << 4 | value % 10);
}

static uint8_t encode_hours(const struct zp_rtc *rtc, int hours)
{
    if (rtc->cmos[STATUS_B] & STATUS_B_24H)
        return encode(rtc, hours);
    return (uint8_t)(encode(rtc, hours % 12 == 0 ? 12 : hours % 12) | (hours >= 12 ? HOURS_PM : 0));
}

static uint8_t read_cmos(struct zp_rtc *rtc)
{
    const struct tm *time = time_shown(rtc);

    switch (rtc->index) {
    case SECONDS: return encode(rtc, time->tm_sec);
    case MINUTES: return encode(rtc, time->tm_min);
    case HOURS: return encode_hours(rtc, time->tm_hour);
    case WEEKDAY: return encode(rtc, time->tm_wday + 1);
    case DAY: return encode(rtc, time->tm_mday);
    case MONTH: return encode(rtc, time->tm_mon + 1);
    case YEAR: return encode(rtc, time->tm_year % 100);
    case CENTURY: return encode(rtc, 19 + time->tm_year / 100);
    case STATUS_A: return rtc->cmos[STATUS_A] & (uint8_t)~STATUS_A_UIP;
    case STATUS_C: return 0;
    case STATUS_D: return STATUS_D_VALID;
    default: return rtc->cmos[rtc->index];
    }
}

uint8_t zp_rtc_read(struct zp_rtc *rtc, unsigned offset)
{
    return offset == 1 ? read_cmos(rtc) : 0xff; /* the index is write-only */
}

void zp_rtc_write(struct zp_rtc *rtc, unsigned offset, uint8_t value)
{
    if (offset == 0)
        rtc->index = value & 0x7f; /* bit 7 masks the NMI */
    else
        rtc->cmos[rtc->index] = value;
}
