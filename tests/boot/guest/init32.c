/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /init for 32-bit kernels, which no 64-bit busybox runs on: receives a kernel that has mounted its
 * initramfs, says in tools/initramfs's words what the tests ask for (where _text lies, the command line),
 * and powers off. System calls by int 0x80, no library.
 */
#define SYS_EXIT   1
#define SYS_READ   3
#define SYS_WRITE  4
#define SYS_OPEN   5
#define SYS_MOUNT  21
#define SYS_MKDIR  39
#define SYS_REBOOT 88

#define REBOOT_MAGIC1    0xfee1deadu
#define REBOOT_MAGIC2    672274793u
#define REBOOT_RESTART   0x01234567u
#define REBOOT_POWER_OFF 0x4321fedcu

static long call(long number, long a, long b, long c, long d, long e)
{
    long result;

    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
                     : "memory");
    return result;
}

static void say(const char *text, long length)
{
    call(SYS_WRITE, 1, (long)text, length, 0, 0);
}
#define SAY(text) say(text, sizeof(text) - 1)

/* A file of /proc byte by byte, through a buffer. */
struct reader {
    long fd, at, end;
    char bytes[4096];
};

static int next(struct reader *reader)
{
    if (reader->at == reader->end) {
        reader->at = 0;
        reader->end = call(SYS_READ, reader->fd, (long)reader->bytes, sizeof(reader->bytes), 0, 0);
        if (reader->end <= 0) {
            reader->end = 0;
            return -1;
        }
    }
    return reader->bytes[reader->at++];
}

/* The next line without its end; -1 at the end of the file. Longer lines are cut. */
static long next_line(struct reader *reader, char *line, long size)
{
    long length = 0;
    int byte;

    while ((byte = next(reader)) >= 0 && byte != '\n')
        if (length < size)
            line[length++] = (char)byte;
    return byte < 0 && length == 0 ? -1 : length;
}

static struct reader reader;
static char line[512];

/* "c1000000 T _text" */
static int is_text(long length)
{
    static const char name[] = " _text";

    if (length != 10 + (long)sizeof(name) - 1)
        return 0;
    for (unsigned i = 0; i < sizeof(name) - 1; i++)
        if (line[10 + i] != name[i])
            return 0;
    return 1;
}

static void open_proc(const char *name)
{
    reader.at = reader.end = 0;
    reader.fd = call(SYS_OPEN, (long)name, 0, 0, 0, 0);
}

void _start(void);
void _start(void)
{
    long length;

    call(SYS_MKDIR, (long)"/proc", 0755, 0, 0, 0);
    call(SYS_MOUNT, (long)"proc", (long)"/proc", (long)"proc", 0, 0);
    open_proc("/proc/cmdline");
    length = next_line(&reader, line, sizeof(line));
    SAY("zeropage: cmdline: ");
    say(line, length < 0 ? 0 : length);
    open_proc("/proc/kallsyms");
    while ((length = next_line(&reader, line, sizeof(line))) >= 0 && !is_text(length))
        ;
    SAY("\nzeropage: text: ");
    say(line, length < 0 ? 0 : 8);
    SAY("\nzeropage: init reached\n");
    call(SYS_REBOOT, (long)REBOOT_MAGIC1, (long)REBOOT_MAGIC2, (long)REBOOT_POWER_OFF, 0, 0);
    call(SYS_REBOOT, (long)REBOOT_MAGIC1, (long)REBOOT_MAGIC2, (long)REBOOT_RESTART, 0, 0);
    call(SYS_EXIT, 0, 0, 0, 0, 0);
    for (;;)
        ;
}
