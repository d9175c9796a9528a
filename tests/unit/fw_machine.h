/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine for the firmware's drivers: PCI functions, bridges, virtio devices over PCI and MMIO, and time,
 * all behind io.h. Its devices hold the driver to the specification (VIRTIO 1.2: order of the status bits,
 * nothing before DRIVER_OK, descriptors in memory that is theirs, readable before writable) and the program
 * ends when it breaks that; each of them can be made to break it itself, in one way.
 */
#ifndef ZP_TESTS_FW_MACHINE_H
#define ZP_TESTS_FW_MACHINE_H

#include "virtio.h"

/* What an enemy does. */
enum fw_mischief {
    FW_HONEST,
    FW_SILENT,       /* never answers */
    FW_LATE,         /* answers when it was waited for some rounds */
    FW_SLOW,         /* each answer takes just less than patience has */
    FW_WRONG_ID,     /* an answer to another descriptor */
    FW_TWICE,        /* all answers to the first of several */
    FW_WILD_ID,      /* one that no queue has */
    FW_LONG,         /* more bytes than there was room for */
    FW_SHORT,        /* fewer than were asked for, and says so */
    FW_INDEX_AHEAD,  /* the used index moves by two */
    FW_INDEX_BACK,   /* or backwards */
    FW_SCRIBBLES,    /* rings and descriptors are overwritten: loops, addresses out of memory */
    FW_WANTS_RESET,  /* DEVICE_NEEDS_RESET and no answer */
    FW_FORGETS,      /* its status becomes 0, and no answer */
    FW_PULLED_OUT,   /* all its registers are ones */
    FW_NEVER_RESETS, /* its status stays, from the first request on */
    FW_IMMUNE,       /* its status is never 0 */
    FW_TAKES_NO_FEATURES,
    FW_NO_STATUS_BYTE, /* an answer without a status */
    FW_FAILS,          /* honest errors of the medium */
    FW_RESTLESS,       /* another generation each time */
    FW_NO_QUEUE,
    FW_WIDE_STATUS,   /* MMIO: bits above the eight that there are */
    FW_EMPTY,         /* random numbers: none */
    FW_WILD_RESID,    /* SCSI: more bytes were not sent than asked for */
    FW_STRANGE_UNITS, /* SCSI: units by numbers of every form; one is 300 */
    FW_ENDLESS_UNITS, /* SCSI: each target has each unit, and the list says there are more */
    FW_MISCHIEFS
};

struct fw_model {
    enum fw_mischief mischief;
    uint32_t type;
    uint64_t offers; /* feature bits */
    uint32_t queue_max;
    uint8_t config[64]; /* the device's own configuration */
    uint32_t config_bytes;
    /* Disks: what is read is a function of the place (fw_machine_byte). SCSI: target 0 unit 0 */
    uint64_t sectors;
    uint32_t sector_size;
    unsigned targets, units; /* SCSI: so many, of one size */
    uint8_t scsi_type;       /* of INQUIRY */
    unsigned attentions;     /* first answers that are UNIT ATTENTION */
    uint64_t delay;          /* FW_SLOW: ticks */
    uint32_t limit;          /* of block limits, 0: no such page */
    /* What happened */
    unsigned resets, requests;
    uint32_t longest; /* bytes of data of a request */
    uint64_t segment_longest;
    uint8_t last_opcode;
    /* The machine's own */
    bool mmio, legacy;
    uint64_t base;
    unsigned function; /* number in the machine's list */
    uint8_t status;
    uint64_t accepted, desc, avail, used;
    uint32_t feature_select, driver_select, queue_select, queue_size;
    bool enabled;
    uint16_t seen, done; /* of avail; of used */
    bool pending, was_ready;
    unsigned rounds;
    uint32_t generation;
};

struct fw_function {
    uint16_t at;
    uint8_t config[256];
    uint32_t bar_mask[6];
    struct fw_model *model;
};

struct fw_machine {
    struct fw_function functions[80];
    size_t function_count;
    struct fw_model *models[80];
    size_t model_count;
    uint64_t ecam;
    uint32_t address;     /* of 0xcf8 */
    uint64_t ticks, step; /* by step with each pause; 0: time stands still */
    uint64_t accesses;    /* to registers; aborts above limit if that is not 0 */
    uint64_t limit;
    uint64_t unreachable; /* fw_reach fails from here on; 0: never */
    struct {
        const unsigned char *start;
        size_t size;
    } memory[4]; /* where descriptors may lead */
    size_t memory_count;
    /* For fuzzers: what is read from a register, and used rings, before the driver sees it. */
    uint64_t (*twist)(uint64_t value);
};
extern struct fw_machine fw_machine;

void fw_machine_begin(void);
void fw_machine_memory(const void *start, size_t size);
/* An empty function, and a bridge to buses. */
struct fw_function *fw_machine_function(uint16_t at, uint16_t vendor, uint16_t device);
struct fw_function *fw_machine_bridge(uint16_t at, uint8_t secondary, uint8_t subordinate);
/* A model of a type with sound defaults; put it on PCI (BAR 4, 64 bits, at base) or at base. */
void fw_machine_model(struct fw_model *model, uint32_t type);
struct fw_function *fw_machine_pci(struct fw_model *model, uint16_t at, uint64_t base);
void fw_machine_mmio(struct fw_model *model, uint64_t base);
/* The model's configuration by its sectors and sector size. */
void fw_machine_set(struct fw_model *model, uint32_t offset, unsigned width, uint64_t value);
/* Byte of a model's disk (and unit). */
uint8_t fw_machine_byte(uint64_t offset, unsigned unit);
/* Every device is reset, every command register as it was given. */
bool fw_machine_is_quiet(void);

#define FW_MACHINE_COMMAND 0x0103 /* I/O, memory, SERR: as firmware leaves it */
#define FW_MACHINE_CAPS    0x40   /* capabilities of a virtio function: common, ISR, device, notify */
#define FW_MACHINE_CAP_GAP 0x14
#define FW_MACHINE_BAR     0x4000u

#endif
