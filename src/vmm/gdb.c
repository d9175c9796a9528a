/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A server for GDB's remote serial protocol (GDB manual, appendix E) on 127.0.0.1: one connection at a
 * time, all-stop, each CPU a thread. The guest waits before its first instruction until gdb continues it.
 *
 * Everything here runs on the main thread, and touches a vCPU only while all are parked. Registers are
 * always shown in the 64-bit layout, whatever mode the CPU is in; addresses are linear ones and go through
 * the CPU's own page tables (KVM_TRANSLATE). Breakpoints: Z0 writes INT3, Z1 to Z4 use the four debug
 * registers (Intel SDM 3B, 17.2). What comes over the wire is checked like any other input.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <zeropage/wire/x86.h>

#include "kvm.h"

#define PACKET_SIZE 4096u
#define SOFT_MAX    32
#define HARD_MAX    4
#define INT3        0xcc
#define INTERRUPT   0x03 /* Ctrl-C, outside of any packet */

#define SIGNAL_INT  2
#define SIGNAL_TRAP 5

struct breakpoint {
    bool used;
    uint64_t address;
    unsigned type; /* of Z1 to Z4: 1 execute, 2 write, 3 and 4 access */
    unsigned length;
    uint8_t saved; /* what INT3 replaced */
};

struct zp_gdb {
    struct zp_kvm *kvm;
    int listener, connection;
    unsigned current; /* CPU that g, m and s speak of */
    bool stopped;     /* gdb believes that the guest stands */
    struct breakpoint soft[SOFT_MAX], hard[HARD_MAX];
    char in[PACKET_SIZE + 1];
    size_t in_count;
    bool in_packet;
    unsigned check_left; /* bytes of the checksum to come */
    char out[2 * PACKET_SIZE];
};

/* org.gnu.gdb.i386.core in its 64-bit order, then what tells an entry state. */
static const char target_xml[] =
    "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target version=\"1.0\">"
    "<architecture>i386:x86-64</architecture><feature name=\"org.gnu.gdb.i386.core\">"
    "<reg name=\"rax\" bitsize=\"64\" type=\"int64\"/><reg name=\"rbx\" bitsize=\"64\" type=\"int64\"/>"
    "<reg name=\"rcx\" bitsize=\"64\" type=\"int64\"/><reg name=\"rdx\" bitsize=\"64\" type=\"int64\"/>"
    "<reg name=\"rsi\" bitsize=\"64\" type=\"int64\"/><reg name=\"rdi\" bitsize=\"64\" type=\"int64\"/>"
    "<reg name=\"rbp\" bitsize=\"64\" type=\"data_ptr\"/><reg name=\"rsp\" bitsize=\"64\" type=\"data_ptr\"/>"
    "<reg name=\"r8\" bitsize=\"64\" type=\"int64\"/><reg name=\"r9\" bitsize=\"64\" type=\"int64\"/>"
    "<reg name=\"r10\" bitsize=\"64\" type=\"int64\"/><reg name=\"r11\" bitsize=\"64\" type=\"int64\"/>"
    "<reg name=\"r12\" bitsize=\"64\" type=\"int64\"/><reg name=\"r13\" bitsize=\"64\" type=\"int64\"/>"
    "<reg name=\"r14\" bitsize=\"64\" type=\"int64\"/><reg name=\"r15\" bitsize=\"64\" type=\"int64\"/>"
    "<reg name=\"rip\" bitsize=\"64\" type=\"code_ptr\"/><reg name=\"eflags\" bitsize=\"32\" type=\"int32\"/>"
    "<reg name=\"cs\" bitsize=\"32\" type=\"int32\"/><reg name=\"ss\" bitsize=\"32\" type=\"int32\"/>"
    "<reg name=\"ds\" bitsize=\"32\" type=\"int32\"/><reg name=\"es\" bitsize=\"32\" type=\"int32\"/>"
    "<reg name=\"fs\" bitsize=\"32\" type=\"int32\"/><reg name=\"gs\" bitsize=\"32\" type=\"int32\"/>"
    "<reg name=\"st0\" bitsize=\"80\" type=\"i387_ext\"/><reg name=\"st1\" bitsize=\"80\" type=\"i387_ext\"/>"
    "<reg name=\"st2\" bitsize=\"80\" type=\"i387_ext\"/><reg name=\"st3\" bitsize=\"80\" type=\"i387_ext\"/>"
    "<reg name=\"st4\" bitsize=\"80\" type=\"i387_ext\"/><reg name=\"st5\" bitsize=\"80\" type=\"i387_ext\"/>"
    "<reg name=\"st6\" bitsize=\"80\" type=\"i387_ext\"/><reg name=\"st7\" bitsize=\"80\" type=\"i387_ext\"/>"
    "<reg name=\"fctrl\" bitsize=\"32\" type=\"int\" group=\"float\"/>"
    "<reg name=\"fstat\" bitsize=\"32\" type=\"int\" group=\"float\"/>"
    "<reg name=\"ftag\" bitsize=\"32\" type=\"int\" group=\"float\"/>"
    "<reg name=\"fiseg\" bitsize=\"32\" type=\"int\" group=\"float\"/>"
    "<reg name=\"fioff\" bitsize=\"32\" type=\"int\" group=\"float\"/>"
    "<reg name=\"foseg\" bitsize=\"32\" type=\"int\" group=\"float\"/>"
    "<reg name=\"fooff\" bitsize=\"32\" type=\"int\" group=\"float\"/>"
    "<reg name=\"fop\" bitsize=\"32\" type=\"int\" group=\"float\"/></feature>"
    "<feature name=\"zeropage.control\">"
    "<reg name=\"cr0\" bitsize=\"64\" type=\"int64\"/><reg name=\"cr2\" bitsize=\"64\" type=\"int64\"/>"
    "<reg name=\"cr3\" bitsize=\"64\" type=\"int64\"/><reg name=\"cr4\" bitsize=\"64\" type=\"int64\"/>"
    "<reg name=\"efer\" bitsize=\"64\" type=\"int64\"/>"
    "<reg name=\"gdt_base\" bitsize=\"64\" type=\"int64\"/><reg name=\"gdt_limit\" bitsize=\"32\" "
    "type=\"int32\"/>"
    "<reg name=\"idt_base\" bitsize=\"64\" type=\"int64\"/><reg name=\"idt_limit\" bitsize=\"32\" "
    "type=\"int32\"/>"
    "<reg name=\"tr\" bitsize=\"32\" type=\"int32\"/><reg name=\"ldtr\" bitsize=\"32\" type=\"int32\"/>"
    "</feature></target>";

/* --- registers as gdb numbers them ----------------------------------------------------------------- */

struct registers {
    struct kvm_regs regs;
    struct kvm_sregs sregs;
    struct kvm_fpu fpu;
};

enum {
    REGISTER_ST0 = 24,
    REGISTER_FPU = 32,
    REGISTER_CONTROL = 40,
    REGISTER_COUNT = 51
};

/* Where a register's bytes are and how many gdb sees; those without a home of their own are `zero`. */
static void *register_place(struct registers *r, unsigned number, unsigned *ret_size)
{
    static uint64_t zero;
    __u64 *const general[] = {&r->regs.rax, &r->regs.rbx, &r->regs.rcx, &r->regs.rdx, &r->regs.rsi,
                              &r->regs.rdi, &r->regs.rbp, &r->regs.rsp, &r->regs.r8,  &r->regs.r9,
                              &r->regs.r10, &r->regs.r11, &r->regs.r12, &r->regs.r13, &r->regs.r14,
                              &r->regs.r15, &r->regs.rip};
    __u16 *const selectors[] = {&r->sregs.cs.selector, &r->sregs.ss.selector, &r->sregs.ds.selector,
                                &r->sregs.es.selector, &r->sregs.fs.selector, &r->sregs.gs.selector};
    struct {
        void *place;
        unsigned size;
    } const control[] = {{&r->sregs.cr0, 8},         {&r->sregs.cr2, 8},         {&r->sregs.cr3, 8},
                         {&r->sregs.cr4, 8},         {&r->sregs.efer, 8},        {&r->sregs.gdt.base, 8},
                         {&r->sregs.gdt.limit, 2},   {&r->sregs.idt.base, 8},    {&r->sregs.idt.limit, 2},
                         {&r->sregs.tr.selector, 2}, {&r->sregs.ldt.selector, 2}};

    zero = 0;
    *ret_size = 8;
    if (number < 17)
        return general[number];
    if (number >= REGISTER_CONTROL) {
        *ret_size = control[number - REGISTER_CONTROL].size;
        return control[number - REGISTER_CONTROL].place;
    }
    if (number >= REGISTER_ST0 && number < REGISTER_FPU) {
        *ret_size = 10;
        return r->fpu.fpr[number - REGISTER_ST0];
    }
    *ret_size = number == 17 ? 4 : 2;
    if (number == 17)
        return &r->regs.rflags;
    if (number < REGISTER_ST0)
        return selectors[number - 18];
    if (number == REGISTER_FPU)
        return &r->fpu.fcw;
    if (number == REGISTER_FPU + 1)
        return &r->fpu.fsw;
    return &zero;
}

/* Bytes of a register on the wire. */
static unsigned register_width(unsigned number)
{
    if (number < 17)
        return 8;
    if (number >= REGISTER_ST0 && number < REGISTER_FPU)
        return 10;
    if (number >= REGISTER_CONTROL)
        return (number >= 46 && number != 47) ? 4 : 8;
    return 4;
}

static bool get_registers(struct zp_gdb *gdb, struct registers *ret_registers)
{
    int fd = gdb->kvm->vcpus[gdb->current].fd;

    return ioctl(fd, KVM_GET_REGS, &ret_registers->regs) == 0 &&
           ioctl(fd, KVM_GET_SREGS, &ret_registers->sregs) == 0 &&
           ioctl(fd, KVM_GET_FPU, &ret_registers->fpu) == 0;
}

static bool set_registers(struct zp_gdb *gdb, struct registers *registers)
{
    int fd = gdb->kvm->vcpus[gdb->current].fd;

    return ioctl(fd, KVM_SET_SREGS, &registers->sregs) == 0 &&
           ioctl(fd, KVM_SET_REGS, &registers->regs) == 0 && ioctl(fd, KVM_SET_FPU, &registers->fpu) == 0;
}

/* --- hexadecimal ----------------------------------------------------------------------------------- */

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static char *put_hex(char *to, const void *bytes, size_t count)
{
    const uint8_t *byte = bytes;

    for (size_t i = 0; i < count; i++) {
        *to++ = "0123456789abcdef"[byte[i] >> 4];
        *to++ = "0123456789abcdef"[byte[i] & 15];
    }
    *to = 0;
    return to;
}

/* Exactly count bytes; the text behind them, or NULL. */
static const char *get_hex(const char *from, void *bytes, size_t count)
{
    uint8_t *byte = bytes;

    for (size_t i = 0; i < count; i++, from += 2) {
        int high = digit(from[0]), low = high < 0 ? -1 : digit(from[1]);

        if (low < 0)
            return NULL;
        byte[i] = (uint8_t)(high << 4 | low);
    }
    return from;
}

/* A number and, when stop is not 0, that character behind it; the text behind, or NULL. */
static const char *get_number(const char *from, char stop, uint64_t *ret_value)
{
    uint64_t value = 0;
    const char *start = from;

    while (digit(*from) >= 0 && from - start < 16)
        value = value << 4 | (unsigned)digit(*from++);
    if (from == start || (stop != 0 && *from != stop))
        return NULL;
    *ret_value = value;
    return stop != 0 ? from + 1 : from;
}

/* --- guest memory ---------------------------------------------------------------------------------- */

/* RAM behind a linear address, and how far it goes in one page; NULL: nothing there. */
static uint8_t *memory_at(struct zp_gdb *gdb, uint64_t address, size_t *ret_room)
{
    struct kvm_translation translation = {.linear_address = address};
    uint64_t room = ZP_PAGE_SIZE - address % ZP_PAGE_SIZE;

    if (ioctl(gdb->kvm->vcpus[gdb->current].fd, KVM_TRANSLATE, &translation) != 0 || !translation.valid)
        return NULL;
    *ret_room = (size_t)room;
    return zp_guest_pointer(&gdb->kvm->vm->ram->guest, (zp_gpa){translation.physical_address}, room);
}

static bool copy_memory(struct zp_gdb *gdb, uint64_t address, uint8_t *bytes, size_t count, bool write)
{
    while (count > 0) {
        size_t room;
        uint8_t *memory = memory_at(gdb, address, &room);

        if (!memory)
            return false;
        room = room < count ? room : count;
        memcpy(write ? memory : bytes, write ? bytes : memory, room);
        address += room;
        bytes += room;
        count -= room;
    }
    return true;
}

/* --- breakpoints ----------------------------------------------------------------------------------- */

bool zp_gdb_owns(const struct zp_gdb *gdb, uint64_t address)
{
    for (size_t i = 0; i < SOFT_MAX; i++)
        if (gdb->soft[i].used && gdb->soft[i].address == address)
            return true;
    return false;
}

static struct breakpoint *find_breakpoint(struct breakpoint *list, size_t count,
                                          const struct breakpoint *wanted)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].used == wanted->used &&
            (!wanted->used || (list[i].address == wanted->address && list[i].type == wanted->type)))
            return &list[i];
    return NULL;
}

static bool insert(struct zp_gdb *gdb, const struct breakpoint *wanted)
{
    struct breakpoint *list = wanted->type == 0 ? gdb->soft : gdb->hard;
    size_t count = wanted->type == 0 ? SOFT_MAX : HARD_MAX;
    struct breakpoint *place = find_breakpoint(list, count, wanted);
    uint8_t trap = INT3;

    if (place)
        return true;
    place = find_breakpoint(list, count, &(struct breakpoint){.used = false});
    if (!place)
        return false;
    *place = *wanted;
    if (wanted->type == 0 && (!copy_memory(gdb, wanted->address, &place->saved, 1, false) ||
                              !copy_memory(gdb, wanted->address, &trap, 1, true)))
        place->used = false;
    return place->used;
}

static bool take_out(struct zp_gdb *gdb, const struct breakpoint *wanted)
{
    struct breakpoint *list = wanted->type == 0 ? gdb->soft : gdb->hard;
    struct breakpoint *place = find_breakpoint(list, wanted->type == 0 ? SOFT_MAX : HARD_MAX, wanted);
    uint8_t now;

    if (!place)
        return false;
    place->used = false;
    /* A guest that was loaded over it since keeps what it has. */
    if (wanted->type == 0 && copy_memory(gdb, place->address, &now, 1, false) && now == INT3)
        copy_memory(gdb, place->address, &place->saved, 1, true);
    return true;
}

static void take_all_out(struct zp_gdb *gdb)
{
    for (size_t i = 0; i < SOFT_MAX; i++)
        if (gdb->soft[i].used)
            take_out(gdb, &gdb->soft[i]);
    memset(gdb->hard, 0, sizeof(gdb->hard));
}

/* Debug registers as gdb's list wants them, on every CPU; a step on one. */
static bool arm(struct zp_gdb *gdb, int step)
{
    static const uint8_t conditions[] = {0, 0, 1, 3, 3}; /* by type */
    struct kvm_guest_debug debug = {.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_SW_BP};
    uint64_t dr7 = 0;

    for (unsigned i = 0; i < HARD_MAX; i++) {
        const struct breakpoint *b = &gdb->hard[i];
        uint64_t length = b->type == 1 ? 0 : b->length == 8 ? 2 : b->length - 1;

        if (!b->used)
            continue;
        debug.arch.debugreg[i] = b->address;
        dr7 |= UINT64_C(2) << 2 * i | (conditions[b->type] | length << 2) << (16 + 4 * i);
    }
    if (dr7 != 0) {
        debug.control |= KVM_GUESTDBG_USE_HW_BP;
        debug.arch.debugreg[7] = dr7 | 0x600;
    }
    for (unsigned i = 0; i < gdb->kvm->vcpu_count; i++) {
        struct kvm_guest_debug mine = debug;

        if (step == (int)i)
            mine.control |= KVM_GUESTDBG_SINGLESTEP;
        if (ioctl(gdb->kvm->vcpus[i].fd, KVM_SET_GUEST_DEBUG, &mine) != 0)
            return false;
    }
    return true;
}

static void disarm(struct zp_gdb *gdb)
{
    struct kvm_guest_debug none = {0};

    take_all_out(gdb);
    for (unsigned i = 0; i < gdb->kvm->vcpu_count; i++)
        ioctl(gdb->kvm->vcpus[i].fd, KVM_SET_GUEST_DEBUG, &none);
}

/* --- packets --------------------------------------------------------------------------------------- */

static void send_bytes(struct zp_gdb *gdb, const char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t sent = send(gdb->connection, bytes, count, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return; /* the next read finds the connection closed */
        bytes += sent;
        count -= (size_t)sent;
    }
}

static void reply(struct zp_gdb *gdb, const char *text)
{
    uint8_t sum = 0;
    char end[4];

    for (const char *c = text; *c; c++)
        sum = (uint8_t)(sum + (uint8_t)*c);
    snprintf(end, sizeof(end), "#%02x", sum);
    send_bytes(gdb, "$", 1);
    send_bytes(gdb, text, strlen(text));
    send_bytes(gdb, end, 3);
}

static void reply_stop(struct zp_gdb *gdb, unsigned signal)
{
    char text[40];

    snprintf(text, sizeof(text), "T%02xthread:%x;", signal, gdb->current + 1);
    reply(gdb, text);
}

static void reply_registers(struct zp_gdb *gdb, unsigned first, unsigned end)
{
    struct registers registers;
    char *to = gdb->out;

    if (!get_registers(gdb, &registers)) {
        reply(gdb, "E01");
        return;
    }
    for (unsigned i = first; i < end; i++) {
        uint8_t bytes[16] = {0};
        unsigned size;
        void *place = register_place(&registers, i, &size);

        memcpy(bytes, place, size < register_width(i) ? size : register_width(i));
        to = put_hex(to, bytes, register_width(i));
    }
    reply(gdb, gdb->out);
}

/* Registers that gdb reads back as unavailable ("xx") stay as they are. */
static void change_registers(struct zp_gdb *gdb, const char *text, unsigned first, unsigned end)
{
    struct registers registers;
    bool good = get_registers(gdb, &registers);

    for (unsigned i = first; good && i < end; i++) {
        uint8_t bytes[16];
        unsigned size, width = register_width(i);
        void *place = register_place(&registers, i, &size);

        if (strnlen(text, 2 * width) < 2 * width) {
            good = i > first; /* a shorter list changes fewer */
            break;
        }
        if (get_hex(text, bytes, width))
            memcpy(place, bytes, size < width ? size : width);
        text += 2 * width;
    }
    reply(gdb, good && set_registers(gdb, &registers) ? "OK" : "E01");
}

static void handle_register(struct zp_gdb *gdb, const char *text)
{
    bool write = text[0] == 'P';
    uint64_t number;

    text = get_number(text + 1, write ? '=' : 0, &number);
    if (!text || number >= REGISTER_COUNT)
        reply(gdb, "E01");
    else if (write)
        change_registers(gdb, text, (unsigned)number, (unsigned)number + 1);
    else
        reply_registers(gdb, (unsigned)number, (unsigned)number + 1);
}

static void handle_memory(struct zp_gdb *gdb, const char *text)
{
    uint8_t bytes[PACKET_SIZE / 2];
    bool write = text[0] == 'M';
    uint64_t address, count;

    text = get_number(text + 1, ',', &address);
    text = text ? get_number(text, write ? ':' : 0, &count) : NULL;
    if (!text || count > sizeof(bytes) || (write && !get_hex(text, bytes, (size_t)count)) ||
        !copy_memory(gdb, address, bytes, (size_t)count, write)) {
        reply(gdb, "E14");
        return;
    }
    if (write) {
        reply(gdb, "OK");
        return;
    }
    put_hex(gdb->out, bytes, (size_t)count);
    reply(gdb, gdb->out);
}

static void handle_breakpoint(struct zp_gdb *gdb, const char *text)
{
    struct breakpoint wanted = {.used = true};
    bool add = text[0] == 'Z';
    uint64_t type, length;

    text = get_number(text + 1, ',', &type);
    text = text ? get_number(text, ',', &wanted.address) : NULL;
    text = text ? get_number(text, 0, &length) : NULL;
    if (text && type > 4) {
        reply(gdb, "");
        return;
    }
    if (!text || (type > 1 && length != 1 && length != 2 && length != 4 && length != 8)) {
        reply(gdb, "E01");
        return;
    }
    wanted.type = (unsigned)type;
    wanted.length = (unsigned)length;
    reply(gdb, (add ? insert(gdb, &wanted) : take_out(gdb, &wanted)) ? "OK" : "E22");
}

static void resume(struct zp_gdb *gdb, bool step)
{
    struct zp_kvm *kvm = gdb->kvm;

    if (!arm(gdb, step ? (int)gdb->current : -1)) {
        reply(gdb, "E01");
        return;
    }
    pthread_mutex_lock(&kvm->lock);
    kvm->debug_stopped = -1;
    pthread_mutex_unlock(&kvm->lock);
    gdb->stopped = false;
    zp_kvm_unpark(kvm, step ? (int)gdb->current : -1);
}

/* "c", "s", with an optional address to go on from. */
static void handle_resume(struct zp_gdb *gdb, const char *text)
{
    struct registers registers;
    uint64_t address;

    if (text[1] != 0) {
        if (!get_number(text + 1, 0, &address) || !get_registers(gdb, &registers)) {
            reply(gdb, "E01");
            return;
        }
        registers.regs.rip = address;
        set_registers(gdb, &registers);
    }
    resume(gdb, text[0] == 's');
}

/* "Hg1", "Hc-1", "T2": 0 and -1 are any and all. */
static bool select_cpu(struct zp_gdb *gdb, const char *text, bool select)
{
    uint64_t number;

    if (text[0] == '-' || (text[0] == '0' && text[1] == 0))
        return true;
    if (!get_number(text, 0, &number) || number == 0 || number > gdb->kvm->vcpu_count)
        return false;
    if (select)
        gdb->current = (unsigned)number - 1;
    return true;
}

static void list_cpus(struct zp_gdb *gdb)
{
    char *to = gdb->out;

    *to++ = 'm';
    for (unsigned i = 0; i < gdb->kvm->vcpu_count; i++)
        to += sprintf(to, i == 0 ? "%x" : ",%x", i + 1);
    reply(gdb, gdb->out);
}

static void send_description(struct zp_gdb *gdb, const char *range)
{
    size_t size = sizeof(target_xml) - 1;
    uint64_t offset, count;

    range = get_number(range, ',', &offset);
    if (!range || !get_number(range, 0, &count) || offset > size) {
        reply(gdb, "E01");
        return;
    }
    if (count > PACKET_SIZE)
        count = PACKET_SIZE;
    if (count > size - offset)
        count = size - offset;
    gdb->out[0] = offset + count < size ? 'm' : 'l';
    memcpy(gdb->out + 1, target_xml + offset, (size_t)count);
    gdb->out[count + 1] = 0;
    reply(gdb, gdb->out);
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static void handle_query(struct zp_gdb *gdb, const char *text)
{
    static const char xfer[] = "qXfer:features:read:target.xml:";
    char answer[32];

    if (begins(text, "qSupported")) {
        reply(gdb, "PacketSize=1000;qXfer:features:read+");
    } else if (begins(text, xfer)) {
        send_description(gdb, text + sizeof(xfer) - 1);
    } else if (begins(text, "qfThreadInfo")) {
        list_cpus(gdb);
    } else if (begins(text, "qsThreadInfo")) {
        reply(gdb, "l");
    } else if (strcmp(text, "qC") == 0) {
        snprintf(answer, sizeof(answer), "QC%x", gdb->current + 1);
        reply(gdb, answer);
    } else if (begins(text, "qAttached")) {
        reply(gdb, "1");
    } else {
        reply(gdb, "");
    }
}

static void hang_up(struct zp_gdb *gdb)
{
    disarm(gdb);
    close(gdb->connection);
    gdb->connection = -1;
    gdb->in_count = 0;
    gdb->in_packet = false;
    gdb->check_left = 0;
    if (gdb->stopped)
        resume(gdb, false);
    disarm(gdb);
}

static void handle_packet(struct zp_gdb *gdb, const char *text)
{
    switch (text[0]) {
    case '?': reply_stop(gdb, SIGNAL_TRAP); break;
    case 'g': reply_registers(gdb, 0, REGISTER_COUNT); break;
    case 'G': change_registers(gdb, text + 1, 0, REGISTER_COUNT); break;
    case 'p':
    case 'P': handle_register(gdb, text); break;
    case 'm':
    case 'M': handle_memory(gdb, text); break;
    case 'c':
    case 's': handle_resume(gdb, text); break;
    case 'Z':
    case 'z': handle_breakpoint(gdb, text); break;
    case 'H': reply(gdb, text[1] != 0 && select_cpu(gdb, text + 2, true) ? "OK" : "E01"); break;
    case 'T': reply(gdb, select_cpu(gdb, text + 1, false) ? "OK" : "E01"); break;
    case 'q': handle_query(gdb, text); break;
    case 'k': zp_kvm_end(gdb->kvm, ZP_VM_STOPPED); break;
    case 'D':
        reply(gdb, "OK");
        hang_up(gdb);
        break;
    default: reply(gdb, ""); break;
    }
}

static void interrupt(struct zp_gdb *gdb)
{
    if (gdb->stopped || !zp_kvm_park(gdb->kvm))
        return;
    gdb->stopped = true;
    reply_stop(gdb, SIGNAL_INT);
}

/* $text#xx; TCP needs no checksum, so that it is skipped. A packet longer than we said is dropped. */
static void take_byte(struct zp_gdb *gdb, char c)
{
    if (gdb->check_left > 0) {
        if (--gdb->check_left > 0)
            return;
        gdb->in[gdb->in_count] = 0;
        send_bytes(gdb, "+", 1);
        if (gdb->stopped)
            handle_packet(gdb, gdb->in);
        return;
    }
    if (c == '$') {
        gdb->in_packet = true;
        gdb->in_count = 0;
    } else if (gdb->in_packet && c == '#') {
        gdb->in_packet = false;
        gdb->check_left = 2;
    } else if (gdb->in_packet && gdb->in_count < PACKET_SIZE) {
        gdb->in[gdb->in_count++] = c;
    } else if (gdb->in_packet) {
        gdb->in_packet = false;
    } else if (c == INTERRUPT) {
        interrupt(gdb);
    }
}

static void accept_connection(struct zp_gdb *gdb)
{
    int on = 1;

    gdb->connection = accept4(gdb->listener, NULL, NULL, SOCK_CLOEXEC);
    if (gdb->connection < 0)
        return;
    /* Answers are small and gdb waits for each. */
    setsockopt(gdb->connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (gdb->stopped)
        return;
    /* Somebody who comes while the guest runs finds it standing. */
    gdb->stopped = zp_kvm_park(gdb->kvm);
}

void zp_gdb_ready(struct zp_gdb *gdb)
{
    char bytes[512];
    ssize_t count;

    if (gdb->connection < 0) {
        accept_connection(gdb);
        return;
    }
    count = recv(gdb->connection, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (count < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (count <= 0) {
        if (!gdb->stopped)
            gdb->stopped = zp_kvm_park(gdb->kvm);
        hang_up(gdb);
        return;
    }
    for (ssize_t i = 0; i < count && gdb->connection >= 0; i++)
        take_byte(gdb, bytes[i]);
}

void zp_gdb_stopped(struct zp_gdb *gdb)
{
    struct zp_kvm *kvm = gdb->kvm;
    int index;

    pthread_mutex_lock(&kvm->lock);
    index = kvm->debug_stopped;
    kvm->debug_stopped = -1;
    pthread_mutex_unlock(&kvm->lock);
    if (gdb->connection < 0) {
        zp_kvm_unpark(kvm, -1);
        return;
    }
    gdb->current = (unsigned)index;
    gdb->stopped = true;
    reply_stop(gdb, SIGNAL_TRAP);
}

void zp_gdb_ended(struct zp_gdb *gdb, enum zp_vm_end end)
{
    bool died = end == ZP_VM_TRIPLE_FAULT || end == ZP_VM_FAILED;

    if (gdb->connection >= 0 && end != ZP_VM_STOPPED)
        reply(gdb, died ? "X0b" : "W00");
}

int zp_gdb_fd(const struct zp_gdb *gdb)
{
    return gdb->connection >= 0 ? gdb->connection : gdb->listener;
}

void zp_gdb_close(struct zp_gdb *gdb)
{
    if (gdb->connection >= 0)
        close(gdb->connection);
    if (gdb->listener >= 0)
        close(gdb->listener);
    free(gdb);
}

struct zp_gdb *zp_gdb_open(struct zp_kvm *kvm, unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct zp_gdb *gdb = calloc(1, sizeof(*gdb));
    char symbols[64];
    int on = 1;

    if (!gdb || port > UINT16_MAX) {
        free(gdb);
        zp_vm_error("--gdb %u: no such port", port);
        return NULL;
    }
    address.sin_port = htons((uint16_t)port);
    gdb->kvm = kvm;
    gdb->connection = -1;
    gdb->stopped = true;
    gdb->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (gdb->listener < 0 || setsockopt(gdb->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        bind(gdb->listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(gdb->listener, 1) != 0) {
        zp_vm_error("--gdb %u: %s", port, strerror(errno));
        zp_gdb_close(gdb);
        return NULL;
    }
    zp_vm_say(kvm->vm->config, "the guest waits at its entry: gdb -ex 'target remote 127.0.0.1:%u'%s", port,
              zp_vm_gdb_symbols(kvm->vm->plan, symbols, sizeof(symbols)));
    return gdb;
}
