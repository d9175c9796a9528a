/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The QEMU command line: receives what the user asked for and the files that the child inherits, gives an
 * argument vector. A planned boot gets a pc with our RAM and our ROM and nothing that was not asked for; a
 * real-mode boot gets SeaBIOS and QEMU's own -kernel. QEMU's man page, qemu-system-x86_64(1).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fcntl.h>
#include <json-c/json.h>

#include "qemu.h"
#include "qemu_pc.h"

#define PROGRAM "qemu-system-x86_64"

static bool is_program(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

char *zp_qemu_program(void)
{
    const char *wished = getenv("ZEROPAGE_QEMU");
    const char *from = getenv("PATH");

    if (wished && *wished)
        return is_program(wished) ? strdup(wished) : NULL;
    while (from && *from) {
        size_t length = strcspn(from, ":");
        char *path;

        if (asprintf(&path, "%.*s/" PROGRAM, (int)length, from) < 0)
            return NULL;
        if (length && is_program(path))
            return path;
        free(path);
        from += length + (from[length] == ':');
    }
    return NULL;
}

/* A growing, NULL-terminated vector of owned strings. */
struct arguments {
    char **list;
    size_t count;
    bool failed;
};

static void add_owned(struct arguments *arguments, char *text)
{
    char **list = realloc(arguments->list, (arguments->count + 2) * sizeof(*list));

    if (list)
        arguments->list = list;
    if (!list || !text) {
        free(text);
        arguments->failed = true;
        return;
    }
    list[arguments->count++] = text;
    list[arguments->count] = NULL;
}

static void add(struct arguments *arguments, const char *text)
{
    add_owned(arguments, strdup(text));
}

static void add_format(struct arguments *arguments, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void add_format(struct arguments *arguments, const char *format, ...)
{
    char *text = NULL;
    va_list values;

    va_start(values, format);
    if (vasprintf(&text, format, values) < 0)
        text = NULL;
    va_end(values);
    add_owned(arguments, text);
}

static bool is_qcow2(int fd)
{
    char magic[4];

    return pread(fd, magic, sizeof(magic), 0) == (ssize_t)sizeof(magic) && memcmp(magic, "QFI\xfb", 4) == 0;
}

/* A disk as a block node in JSON: QEMU gives a meaning to commas and colons in names anywhere else. */
static int add_disk(struct arguments *arguments, const char *name, size_t index)
{
    struct json_object *node, *file;
    struct stat status;
    char label[32];
    int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0 || fstat(fd, &status) != 0 || S_ISDIR(status.st_mode)) {
        zp_vm_error("--disk %s: %s", name, strerror(fd >= 0 && S_ISDIR(status.st_mode) ? EISDIR : errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    snprintf(label, sizeof(label), "disk%zu", index);
    file = json_object_new_object();
    json_object_object_add(file, "driver",
                           json_object_new_string(S_ISBLK(status.st_mode) ? "host_device" : "file"));
    json_object_object_add(file, "filename", json_object_new_string(name));
    node = json_object_new_object();
    json_object_object_add(node, "driver", json_object_new_string(is_qcow2(fd) ? "qcow2" : "raw"));
    json_object_object_add(node, "node-name", json_object_new_string(label));
    json_object_object_add(node, "read-only", json_object_new_boolean(access(name, W_OK) != 0));
    json_object_object_add(node, "file", file);
    add(arguments, "-blockdev");
    add(arguments, json_object_to_json_string_ext(node, JSON_C_TO_STRING_PLAIN));
    json_object_put(node);
    close(fd);
    add(arguments, "-device");
    add_format(arguments, "virtio-blk-pci,drive=%s", label);
    return 0;
}

static int add_devices(struct arguments *arguments, const struct zp_vm_config *config)
{
    for (size_t i = 0; i < config->disk_count; i++) {
        if (add_disk(arguments, config->disks[i], i) != 0)
            return -1;
    }
    if (config->net_user) {
        add(arguments, "-netdev");
        add(arguments, "user,id=net0");
        add(arguments, "-device");
        add(arguments, "virtio-net-pci,netdev=net0,romfile=");
    }
    return 0;
}

/* The machine of a planned boot. smm=off brings power management up in ACPI mode, as our FADT says. */
static void add_planned_machine(struct arguments *arguments, uint64_t ram_size,
                                const struct zp_qemu_files *files)
{
    add(arguments, "-machine");
    add_format(arguments, "pc,memory-backend=ram0,max-ram-below-4g=%" PRIu64 ",smm=off,vmport=off",
               ZP_QEMU_HOLE_START);
    add(arguments, "-object");
    add_format(arguments, "memory-backend-file,id=ram0,share=on,size=%" PRIu64 ",mem-path=/proc/self/fd/%d",
               ram_size, files->ram);
    add(arguments, "-bios");
    add_format(arguments, "/proc/self/fd/%d", files->rom);
}

/* graphics=off makes SeaBIOS copy the screen to the serial port. */
static int add_real_mode_machine(struct arguments *arguments, const struct zp_vm_config *config,
                                 uint64_t ram_size)
{
    const struct zp_request *request = &config->request;

    add(arguments, "-machine");
    add(arguments, "pc,graphics=off,vmport=off");
    add(arguments, "-m");
    add_format(arguments, "size=%" PRIu64 "k", ram_size / 1024);
    add(arguments, "-kernel");
    add(arguments, config->image_name);
    if (request->module_count && config->module_names) {
        add(arguments, "-initrd");
        add(arguments, config->module_names[0]);
    }
    if (request->cmdline_length) {
        add(arguments, "-append");
        add_format(arguments, "%.*s", (int)request->cmdline_length, request->cmdline);
    }
    return 0;
}

static void add_channels(struct arguments *arguments, const struct zp_qemu_files *files)
{
    add(arguments, "-chardev");
    add_format(arguments, "socket,id=serial0,fd=%d", files->serial);
    add(arguments, "-serial");
    add(arguments, "chardev:serial0");
    add(arguments, "-chardev");
    add_format(arguments, "socket,id=monitor0,fd=%d", files->monitor);
    add(arguments, "-mon");
    add(arguments, "chardev=monitor0,mode=control");
    if (files->gdb >= 0) {
        add(arguments, "-chardev");
        add_format(arguments, "socket,id=gdb0,fd=%d", files->gdb);
        add(arguments, "-gdb");
        add(arguments, "chardev:gdb0");
    }
    if (files->log >= 0) {
        add(arguments, "-d");
        add(arguments, "cpu_reset");
        add(arguments, "-D");
        add_format(arguments, "/proc/self/fd/%d", files->log);
    }
}

/* Is it among the user's own arguments? */
static bool has_argument(const struct zp_vm_config *config, const char *name)
{
    for (size_t i = 0; i < config->qemu_argument_count; i++) {
        if (strcmp(config->qemu_arguments[i], name) == 0)
            return true;
    }
    return false;
}

char **zp_qemu_command_make(const struct zp_vm_config *config, const char *program, uint64_t ram_size,
                            const struct zp_qemu_files *files)
{
    struct arguments arguments = {0};
    int status = 0;

    add(&arguments, program);
    add(&arguments, "-nodefaults");
    add(&arguments, "-no-user-config");
    add(&arguments, "-display");
    add(&arguments, "none");
    /* Ends and resets stop the machine, so that we learn the reason and see the registers. */
    add(&arguments, "-no-reboot");
    add(&arguments, "-no-shutdown");
    add(&arguments, "-S");
    if (!has_argument(config, "-accel") && !has_argument(config, "-enable-kvm")) { /* the first one wins */
        add(&arguments, "-accel");
        add(&arguments, "tcg");
    }
    add(&arguments, "-cpu");
    add(&arguments, "max");
    add(&arguments, "-smp");
    add_format(&arguments, "%" PRIu32, config->cpus);
    if (files->ram >= 0)
        add_planned_machine(&arguments, ram_size, files);
    else
        status = add_real_mode_machine(&arguments, config, ram_size);
    add_channels(&arguments, files);
    if (status == 0)
        status = add_devices(&arguments, config);
    for (size_t i = 0; i < config->qemu_argument_count; i++)
        add(&arguments, config->qemu_arguments[i]);
    if (status == 0 && !arguments.failed)
        return arguments.list;
    if (status == 0)
        zp_vm_error("out of memory");
    zp_qemu_command_free(arguments.list);
    return NULL;
}

void zp_qemu_command_free(char **command)
{
    for (size_t i = 0; command && command[i]; i++)
        free(command[i]);
    free(command);
}

bool zp_qemu_command_waits(const struct zp_vm_config *config)
{
    return has_argument(config, "-S");
}
