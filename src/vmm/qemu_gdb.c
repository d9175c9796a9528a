/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client of gdb's remote protocol that can do one thing: run a stopped guest up to an address. The engine
 * needs it because a debugger shall find the guest at the kernel's first instruction, not at the reset
 * vector of our ROM. GDB manual, appendix E "Remote Serial Protocol": packets $data#checksum, acknowledged
 * by "+".
 */
#include "qemu.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE 10000 /* ms for an answer; the ROM runs some hundred instructions */

static int send_packet(int fd, const char *data)
{
    unsigned sum = 0;
    char packet[128];
    int length;

    for (const char *at = data; *at; at++)
        sum += (unsigned char)*at;
    length = snprintf(packet, sizeof(packet), "$%s#%02x", data, sum & 0xff);
    return send(fd, packet, (size_t)length, MSG_NOSIGNAL) == length ? 0 : -1;
}

static int read_byte(int fd, int64_t deadline)
{
    unsigned char byte;

    for (;;) {
        struct pollfd file = {.fd = fd, .events = POLLIN};
        int64_t left = deadline - zp_qemu_now();
        ssize_t got = read(fd, &byte, 1);

        if (got == 1)
            return byte;
        if (got == 0 || (errno != EAGAIN && errno != EINTR) || left <= 0)
            return -1;
        poll(&file, 1, (int)left);
    }
}

/* Reads up to the end of a packet and acknowledges it. 0 or -1. */
static int read_packet(int fd, char *data, size_t size)
{
    int64_t deadline = zp_qemu_now() + PATIENCE;
    size_t length = 0;
    int byte;

    do {
        byte = read_byte(fd, deadline);
    } while (byte >= 0 && byte != '$');
    while ((byte = read_byte(fd, deadline)) >= 0 && byte != '#') {
        if (length < size - 1)
            data[length++] = (char)byte;
    }
    data[length] = 0;
    if (byte < 0 || read_byte(fd, deadline) < 0 || read_byte(fd, deadline) < 0) /* the checksum */
        return -1;
    return send(fd, "+", 1, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

static int ask(int fd, const char *question, char *answer, size_t size)
{
    return send_packet(fd, question) != 0 ? -1 : read_packet(fd, answer, size);
}

int zp_qemu_gdb_run_to(int fd, uint64_t address)
{
    char question[64], answer[256];

    snprintf(question, sizeof(question), "Z1,%" PRIx64 ",1", address);
    if (ask(fd, question, answer, sizeof(answer)) != 0 || strcmp(answer, "OK") != 0)
        return -1;
    if (ask(fd, "c", answer, sizeof(answer)) != 0 || strncmp(answer, "T05", 3) != 0)
        return -1;
    question[0] = 'z';
    if (ask(fd, question, answer, sizeof(answer)) != 0 || strcmp(answer, "OK") != 0)
        return -1;
    return 0;
}
