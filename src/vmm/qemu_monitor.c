/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * QEMU's monitor: QMP, one JSON object a line (docs/interop/qmp-spec in QEMU's tree). Receives what QEMU
 * sends, keeps the one event that matters here (SHUTDOWN and its reason), and asks for registers in the
 * human monitor's words, which have been the same for many years. Each question is bounded in time.
 */
#include "qemu.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <json-c/json.h>

#include <zeropage/wire/x86.h>

#define PATIENCE      10000         /* ms for an answer; QEMU answers in less than one when it lives */
#define TEXT_MAX      (1024 * 1024) /* a longer line is no answer to us */
#define ANSWER_GREET  "QMP"
#define ANSWER_RETURN "return"

void zp_qemu_monitor_open(struct zp_qemu_monitor *ret_monitor, int fd)
{
    *ret_monitor = (struct zp_qemu_monitor){.fd = fd};
}

void zp_qemu_monitor_close(struct zp_qemu_monitor *monitor)
{
    free(monitor->text);
    monitor->text = NULL;
    monitor->length = monitor->capacity = 0;
}

/* Reads what is there, without waiting. */
static void fill(struct zp_qemu_monitor *monitor)
{
    while (!monitor->closed) {
        ssize_t got;

        if (monitor->capacity - monitor->length < 4096) {
            char *text = NULL;

            if (monitor->capacity < TEXT_MAX)
                text = realloc(monitor->text, monitor->capacity + 16384);
            if (!text) {
                monitor->closed = true;
                return;
            }
            monitor->text = text;
            monitor->capacity += 16384;
        }
        got = read(monitor->fd, monitor->text + monitor->length, monitor->capacity - monitor->length - 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN)
            return;
        if (got <= 0)
            monitor->closed = true;
        else
            monitor->length += (size_t)got;
    }
}

/* The next line that has come whole, parsed; NULL when there is none. Lines that are no JSON are passed over.
 */
static struct json_object *take(struct zp_qemu_monitor *monitor)
{
    for (;;) {
        char *newline = monitor->length ? memchr(monitor->text, '\n', monitor->length) : NULL;
        struct json_object *object;
        size_t taken;

        if (!newline)
            return NULL;
        *newline = 0;
        object = json_tokener_parse(monitor->text);
        taken = (size_t)(newline - monitor->text) + 1;
        monitor->length -= taken;
        memmove(monitor->text, monitor->text + taken, monitor->length);
        if (object)
            return object;
    }
}

static const char *get_text(struct json_object *object, const char *name)
{
    struct json_object *value;

    return json_object_object_get_ex(object, name, &value) ? json_object_get_string(value) : NULL;
}

static void note_event(struct zp_qemu_monitor *monitor, struct json_object *object)
{
    const char *event = get_text(object, "event");
    struct json_object *data = NULL;
    const char *reason;

    if (!event || strcmp(event, "SHUTDOWN") != 0)
        return;
    reason = json_object_object_get_ex(object, "data", &data) ? get_text(data, "reason") : NULL;
    monitor->shut_down = true;
    snprintf(monitor->shutdown_cause, sizeof(monitor->shutdown_cause), "%s", reason ? reason : "");
}

void zp_qemu_monitor_receive(struct zp_qemu_monitor *monitor)
{
    struct json_object *object;

    fill(monitor);
    while ((object = take(monitor))) {
        note_event(monitor, object);
        json_object_put(object);
    }
}

/* Waits for an object with that member. *ret_value, when asked for, is the caller's. */
static int await(struct zp_qemu_monitor *monitor, const char *member, struct json_object **ret_value)
{
    int64_t deadline = zp_qemu_now() + PATIENCE;

    for (;;) {
        struct pollfd file = {.fd = monitor->fd, .events = POLLIN};
        struct json_object *object = take(monitor);
        struct json_object *value = NULL;
        int64_t left = deadline - zp_qemu_now();
        bool found, refused;

        if (!object) {
            if (monitor->closed || left <= 0)
                return -1;
            poll(&file, 1, (int)left);
            fill(monitor);
            continue;
        }
        note_event(monitor, object);
        found = json_object_object_get_ex(object, member, &value);
        refused = json_object_object_get_ex(object, "error", NULL);
        if (found && ret_value)
            *ret_value = json_object_get(value);
        json_object_put(object);
        if (found || refused)
            return found ? 0 : -1;
    }
}

static int ask(struct zp_qemu_monitor *monitor, struct json_object *question)
{
    const char *text = json_object_to_json_string_ext(question, JSON_C_TO_STRING_PLAIN);
    size_t length = strlen(text);
    ssize_t sent = send(monitor->fd, text, length, MSG_NOSIGNAL); /* far smaller than the socket's buffer */

    return sent == (ssize_t)length ? 0 : -1;
}

static struct json_object *make_question(const char *name)
{
    struct json_object *question = json_object_new_object();

    json_object_object_add(question, "execute", json_object_new_string(name));
    return question;
}

static int ask_and_await(struct zp_qemu_monitor *monitor, struct json_object *question,
                         struct json_object **ret_value)
{
    int status = ask(monitor, question);

    json_object_put(question);
    return status != 0 ? status : await(monitor, ANSWER_RETURN, ret_value);
}

int zp_qemu_monitor_greet(struct zp_qemu_monitor *monitor)
{
    if (await(monitor, ANSWER_GREET, NULL) != 0)
        return -1;
    return zp_qemu_monitor_command(monitor, "qmp_capabilities");
}

int zp_qemu_monitor_command(struct zp_qemu_monitor *monitor, const char *name)
{
    return ask_and_await(monitor, make_question(name), NULL);
}

char *zp_qemu_monitor_human(struct zp_qemu_monitor *monitor, const char *line)
{
    struct json_object *question = make_question("human-monitor-command");
    struct json_object *arguments = json_object_new_object();
    struct json_object *answer = NULL;
    char *text;

    json_object_object_add(arguments, "command-line", json_object_new_string(line));
    json_object_object_add(question, "arguments", arguments);
    if (ask_and_await(monitor, question, &answer) != 0)
        return NULL;
    text = json_object_get_string(answer) ? strdup(json_object_get_string(answer)) : NULL;
    json_object_put(answer);
    return text;
}

bool zp_qemu_monitor_is_running(struct zp_qemu_monitor *monitor)
{
    struct json_object *answer = NULL;
    const char *status;
    bool running;

    if (ask_and_await(monitor, make_question("query-status"), &answer) != 0)
        return false;
    status = get_text(answer, "status");
    running = status && strcmp(status, "running") == 0;
    json_object_put(answer);
    return running;
}

void zp_qemu_monitor_quit(struct zp_qemu_monitor *monitor)
{
    struct json_object *question = make_question("quit");

    ask(monitor, question);
    json_object_put(question);
}

/* The hexadecimal number after a label such as "RIP=", which stands at the beginning of a line or after a
 * blank. */
static bool find_number(const char *text, const char *end, const char *label, uint64_t *ret_value)
{
    const char *found = text;
    size_t length = strlen(label);

    while ((found = memmem(found, (size_t)(end - found), label, length))) {
        if (found == text || found[-1] == ' ' || found[-1] == '\n') {
            *ret_value = strtoull(found + length, NULL, 16);
            return true;
        }
        found += length;
    }
    return false;
}

/* A general register under its 64-bit or its 32-bit name: "RAX=" or "EAX=". */
static bool find_register(const char *text, const char *end, const char *name, uint64_t *ret_value)
{
    char label[8];

    snprintf(label, sizeof(label), "R%s=", name);
    if (find_number(text, end, label, ret_value))
        return true;
    label[0] = 'E';
    return find_number(text, end, label, ret_value);
}

/* "CS =0010 0000000000000000 ffffffff 00a09b00 ...": selector, base, limit, the descriptor's second word. */
static bool find_segment(const char *text, const char *end, const char *label,
                         struct zp_segment_register *ret_segment)
{
    const char *found = memmem(text, (size_t)(end - text), label, strlen(label));
    unsigned long long base;
    unsigned selector, limit, bits;

    if (!found || sscanf(found + strlen(label), "%x %llx %x %x", &selector, &base, &limit, &bits) != 4)
        return false;
    *ret_segment = (struct zp_segment_register){
        .base = base,
        .limit = limit,
        .selector = (uint16_t)selector,
        .type = bits >> 8 & 15,
        .s = bits >> 12 & 1,
        .dpl = bits >> 13 & 3,
        .present = bits >> 15 & 1,
        .avl = bits >> 20 & 1,
        .l = bits >> 21 & 1,
        .db = bits >> 22 & 1,
        .g = bits >> 23 & 1,
        .unusable = !(bits >> 15 & 1),
    };
    return true;
}

static bool find_code_segment(const char *text, const char *end, struct zp_cpu_view *view)
{
    struct zp_segment_register cs;

    if (!find_segment(text, end, "CS =", &cs))
        return false;
    view->cs = cs.selector;
    view->cs_base = cs.base;
    view->cs_long = cs.l;
    view->cs_default32 = cs.db;
    return true;
}

/* "GDT=     00000000000a0000 00000027" */
static bool find_table(const char *text, const char *end, const char *label, zp_gpa *ret_base,
                       uint32_t *ret_limit)
{
    const char *found = memmem(text, (size_t)(end - text), label, strlen(label));
    unsigned long long base;
    unsigned limit;

    if (!found || sscanf(found + strlen(label), "%llx %x", &base, &limit) != 2)
        return false;
    ret_base->value = base;
    *ret_limit = limit;
    return true;
}

const char *zp_qemu_registers_next(const char *text)
{
    const char *found = strstr(text, "CPU#");

    return found ? found + 4 : NULL;
}

bool zp_qemu_registers_parse(const char *text, struct zp_qemu_cpu *ret_cpu)
{
    const char *next = zp_qemu_registers_next(text);
    const char *end = next ? next : text + strlen(text);
    struct zp_qemu_cpu cpu = {0};
    struct zp_cpu_view *view = &cpu.view;
    uint64_t halted = 0, a20 = 1;

    if (!find_register(text, end, "IP", &view->rip) || !find_register(text, end, "FL", &view->rflags) ||
        !find_code_segment(text, end, view))
        return false;
    find_register(text, end, "SP", &view->rsp);
    find_register(text, end, "AX", &view->rax);
    find_register(text, end, "BX", &view->rbx);
    find_register(text, end, "CX", &view->rcx);
    find_register(text, end, "DX", &view->rdx);
    find_register(text, end, "SI", &view->rsi);
    find_register(text, end, "DI", &view->rdi);
    find_register(text, end, "BP", &view->rbp);
    find_number(text, end, "CR0=", &view->cr0);
    find_number(text, end, "CR2=", &view->cr2);
    find_number(text, end, "CR3=", &view->cr3);
    find_number(text, end, "CR4=", &view->cr4);
    find_number(text, end, "EFER=", &view->efer);
    find_number(text, end, "HLT=", &halted);
    find_number(text, end, "A20=", &a20);
    cpu.halted = halted != 0;
    cpu.a20_masked = a20 == 0;
    *ret_cpu = cpu;
    return true;
}

static bool find_segments(const char *text, const char *end, struct zp_entry_state *state)
{
    if (!find_segment(text, end, "CS =", &state->cs) || !find_segment(text, end, "DS =", &state->ds) ||
        !find_segment(text, end, "ES =", &state->es) || !find_segment(text, end, "FS =", &state->fs) ||
        !find_segment(text, end, "GS =", &state->gs) || !find_segment(text, end, "SS =", &state->ss) ||
        !find_segment(text, end, "TR =", &state->tr) || !find_segment(text, end, "LDT=", &state->ldtr))
        return false;
    /* LTR marks the TSS busy; TCG does so in memory and forgets its own copy. */
    if (state->tr.present && !state->tr.s)
        state->tr.type |= ZP_SEGMENT_TSS32_BUSY & ~ZP_SEGMENT_TSS32_AVAILABLE;
    return find_table(text, end, "GDT=", &state->gdt_base, &state->gdt_limit) &&
           find_table(text, end, "IDT=", &state->idt_base, &state->idt_limit);
}

bool zp_qemu_registers_entered(const char *text, struct zp_vm_entered *ret_entered)
{
    static const char high[8][8] = {"R8 =", "R9 =", "R10=", "R11=", "R12=", "R13=", "R14=", "R15="};
    const char *next = zp_qemu_registers_next(text);
    const char *end = next ? next : text + strlen(text);
    struct zp_entry_state *state = &ret_entered->state;
    struct zp_qemu_cpu cpu;

    if (!zp_qemu_registers_parse(text, &cpu))
        return false;
    *state = (struct zp_entry_state){
        .mode = cpu.view.efer & ZP_EFER_LMA ? ZP_MODE_LONG64 : ZP_MODE_PROTECTED32,
        .rip = cpu.view.rip,
        .rflags = cpu.view.rflags,
        .rax = cpu.view.rax,
        .rbx = cpu.view.rbx,
        .rcx = cpu.view.rcx,
        .rdx = cpu.view.rdx,
        .rsi = cpu.view.rsi,
        .rdi = cpu.view.rdi,
        .rbp = cpu.view.rbp,
        .rsp = cpu.view.rsp,
        .cr0 = cpu.view.cr0,
        .cr3 = cpu.view.cr3,
        .cr4 = cpu.view.cr4,
        .efer = cpu.view.efer,
    };
    ret_entered->cr2 = cpu.view.cr2;
    for (size_t i = 0; i < sizeof(high) / sizeof(high[0]); i++) {
        ret_entered->r8_to_r15[i] = 0; /* not told of outside of 64-bit code */
        find_number(text, end, high[i], &ret_entered->r8_to_r15[i]);
    }
    return find_segments(text, end, state);
}
