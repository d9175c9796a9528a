/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio.h - virtio devices over PCI and memory-mapped registers, split virtqueues, block and SCSI requests.
 *
 * Layouts of "Virtual I/O Device (VIRTIO) Version 1.2": sections 2.1 (status), 2.7 (split virtqueues), 4.1
 * (PCI), 4.2 (MMIO), 5.2 (block), 5.6 (SCSI host), 6 (reserved feature bits). All values are little endian.
 * Registers are offsets, for each is accessed alone; what lies in memory is a structure.
 */
#ifndef ZEROPAGE_WIRE_VIRTIO_H
#define ZEROPAGE_WIRE_VIRTIO_H

/* Device types */
#define ZP_VIRTIO_ID_BLOCK 2
#define ZP_VIRTIO_ID_RNG   4
#define ZP_VIRTIO_ID_SCSI  8

/* Device status */
#define ZP_VIRTIO_STATUS_ACKNOWLEDGE 0x01
#define ZP_VIRTIO_STATUS_DRIVER      0x02
#define ZP_VIRTIO_STATUS_DRIVER_OK   0x04
#define ZP_VIRTIO_STATUS_FEATURES_OK 0x08
#define ZP_VIRTIO_STATUS_NEEDS_RESET 0x40
#define ZP_VIRTIO_STATUS_FAILED      0x80

/* Reserved feature bits, by number */
#define ZP_VIRTIO_F_VERSION_1       32
#define ZP_VIRTIO_F_ACCESS_PLATFORM 33
#define ZP_VIRTIO_F_ORDER_PLATFORM  36

/* PCI: vendor and devices; a transitional device tells its type by its subsystem ID, another by 0x1040 + type
 */
#define ZP_VIRTIO_PCI_VENDOR       0x1af4
#define ZP_VIRTIO_PCI_DEVICE_FIRST 0x1000
#define ZP_VIRTIO_PCI_DEVICE_TYPE0 0x1040
#define ZP_VIRTIO_PCI_DEVICE_LAST  0x107f

/* virtio_pci_cap.cfg_type */
#define ZP_VIRTIO_PCI_CAP_COMMON_CFG 1
#define ZP_VIRTIO_PCI_CAP_NOTIFY_CFG 2
#define ZP_VIRTIO_PCI_CAP_ISR_CFG    3
#define ZP_VIRTIO_PCI_CAP_DEVICE_CFG 4

/* PCI: offsets in a capability, which lies in configuration space */
#define ZP_VIRTIO_PCI_CAP_LEN               2
#define ZP_VIRTIO_PCI_CAP_CFG_TYPE          3
#define ZP_VIRTIO_PCI_CAP_BAR               4
#define ZP_VIRTIO_PCI_CAP_OFFSET            8
#define ZP_VIRTIO_PCI_CAP_LENGTH            12
#define ZP_VIRTIO_PCI_CAP_BYTES             16
#define ZP_VIRTIO_PCI_CAP_NOTIFY_MULTIPLIER 16
#define ZP_VIRTIO_PCI_CAP_NOTIFY_BYTES      20

/* PCI: registers of the common configuration */
#define ZP_VIRTIO_PCI_DEVICE_FEATURE_SELECT 0
#define ZP_VIRTIO_PCI_DEVICE_FEATURE        4
#define ZP_VIRTIO_PCI_DRIVER_FEATURE_SELECT 8
#define ZP_VIRTIO_PCI_DRIVER_FEATURE        12
#define ZP_VIRTIO_PCI_DEVICE_STATUS         20 /* u8 */
#define ZP_VIRTIO_PCI_CONFIG_GENERATION     21 /* u8 */
#define ZP_VIRTIO_PCI_QUEUE_SELECT          22 /* u16 */
#define ZP_VIRTIO_PCI_QUEUE_SIZE            24 /* u16 */
#define ZP_VIRTIO_PCI_QUEUE_ENABLE          28 /* u16 */
#define ZP_VIRTIO_PCI_QUEUE_NOTIFY_OFF      30 /* u16 */
#define ZP_VIRTIO_PCI_QUEUE_DESC            32 /* u64 */
#define ZP_VIRTIO_PCI_QUEUE_DRIVER          40 /* u64 */
#define ZP_VIRTIO_PCI_QUEUE_DEVICE          48 /* u64 */
#define ZP_VIRTIO_PCI_COMMON_BYTES          56

/* MMIO: registers, each of 32 bits; magic is "virt" */
#define ZP_VIRTIO_MMIO_MAGIC               0x74726976
#define ZP_VIRTIO_MMIO_MAGIC_VALUE         0x000
#define ZP_VIRTIO_MMIO_VERSION             0x004
#define ZP_VIRTIO_MMIO_DEVICE_ID           0x008
#define ZP_VIRTIO_MMIO_DEVICE_FEATURES     0x010
#define ZP_VIRTIO_MMIO_DEVICE_FEATURES_SEL 0x014
#define ZP_VIRTIO_MMIO_DRIVER_FEATURES     0x020
#define ZP_VIRTIO_MMIO_DRIVER_FEATURES_SEL 0x024
#define ZP_VIRTIO_MMIO_QUEUE_SEL           0x030
#define ZP_VIRTIO_MMIO_QUEUE_NUM_MAX       0x034
#define ZP_VIRTIO_MMIO_QUEUE_NUM           0x038
#define ZP_VIRTIO_MMIO_QUEUE_READY         0x044
#define ZP_VIRTIO_MMIO_QUEUE_NOTIFY        0x050
#define ZP_VIRTIO_MMIO_STATUS              0x070
#define ZP_VIRTIO_MMIO_QUEUE_DESC          0x080 /* low, high */
#define ZP_VIRTIO_MMIO_QUEUE_DRIVER        0x090 /* low, high */
#define ZP_VIRTIO_MMIO_QUEUE_DEVICE        0x0a0 /* low, high */
#define ZP_VIRTIO_MMIO_CONFIG_GENERATION   0x0fc
#define ZP_VIRTIO_MMIO_CONFIG              0x100

/* virtq_desc.flags, virtq_avail.flags */
#define ZP_VIRTQ_DESC_F_NEXT          1
#define ZP_VIRTQ_DESC_F_WRITE         2
#define ZP_VIRTQ_AVAIL_F_NO_INTERRUPT 1

/* Block: feature bits by number, offsets of the configuration, requests */
#define ZP_VIRTIO_BLK_F_SIZE_MAX   1
#define ZP_VIRTIO_BLK_F_SEG_MAX    2
#define ZP_VIRTIO_BLK_F_BLK_SIZE   6
#define ZP_VIRTIO_BLK_CAPACITY     0 /* u64, in units of 512 bytes */
#define ZP_VIRTIO_BLK_SIZE_MAX     8
#define ZP_VIRTIO_BLK_SEG_MAX      12
#define ZP_VIRTIO_BLK_BLK_SIZE     20
#define ZP_VIRTIO_BLK_CONFIG_BYTES 24
#define ZP_VIRTIO_BLK_T_IN         0
#define ZP_VIRTIO_BLK_S_OK         0

/* SCSI host: offsets of the configuration, queues, lengths, response codes */
#define ZP_VIRTIO_SCSI_SEG_MAX         4
#define ZP_VIRTIO_SCSI_MAX_SECTORS     8
#define ZP_VIRTIO_SCSI_SENSE_SIZE      20
#define ZP_VIRTIO_SCSI_CDB_SIZE        24
#define ZP_VIRTIO_SCSI_MAX_TARGET      30 /* u16 */
#define ZP_VIRTIO_SCSI_CONFIG_BYTES    36
#define ZP_VIRTIO_SCSI_REQUEST_QUEUE   2
#define ZP_VIRTIO_SCSI_SENSE_DEFAULT   96
#define ZP_VIRTIO_SCSI_CDB_DEFAULT     32
#define ZP_VIRTIO_SCSI_S_OK            0
#define ZP_VIRTIO_SCSI_S_OVERRUN       1
#define ZP_VIRTIO_SCSI_S_BAD_TARGET    3
#define ZP_VIRTIO_SCSI_S_RESET         4
#define ZP_VIRTIO_SCSI_S_BUSY          5
#define ZP_VIRTIO_SCSI_S_INCORRECT_LUN 12

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

#include <zeropage/static_assert.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One piece of a buffer. */
struct zp_virtq_desc {
    uint64_t addr;
    uint32_t len;
    uint16_t flags;
    uint16_t next;
};

static_assert(offsetof(struct zp_virtq_desc, addr) == 0, "virtq_desc.addr");
static_assert(offsetof(struct zp_virtq_desc, len) == 8, "virtq_desc.len");
static_assert(offsetof(struct zp_virtq_desc, flags) == 12, "virtq_desc.flags");
static_assert(offsetof(struct zp_virtq_desc, next) == 14, "virtq_desc.next");
static_assert(sizeof(struct zp_virtq_desc) == 16, "virtq_desc");

/* What the driver offers; the ring follows: u16 heads of chains, by idx modulo the queue's size. */
struct zp_virtq_avail {
    uint16_t flags;
    uint16_t idx;
};

static_assert(offsetof(struct zp_virtq_avail, flags) == 0, "virtq_avail.flags");
static_assert(offsetof(struct zp_virtq_avail, idx) == 2, "virtq_avail.idx");
static_assert(sizeof(struct zp_virtq_avail) == 4, "virtq_avail");

struct zp_virtq_used_elem {
    uint32_t id;
    uint32_t len; /* bytes written */
};

static_assert(offsetof(struct zp_virtq_used_elem, id) == 0, "virtq_used_elem.id");
static_assert(offsetof(struct zp_virtq_used_elem, len) == 4, "virtq_used_elem.len");
static_assert(sizeof(struct zp_virtq_used_elem) == 8, "virtq_used_elem");

/* What the device is done with; the ring follows: virtq_used_elem, by idx modulo the queue's size. */
struct zp_virtq_used {
    uint16_t flags;
    uint16_t idx;
};

static_assert(offsetof(struct zp_virtq_used, flags) == 0, "virtq_used.flags");
static_assert(offsetof(struct zp_virtq_used, idx) == 2, "virtq_used.idx");
static_assert(sizeof(struct zp_virtq_used) == 4, "virtq_used");

/* Before the data; a byte of status follows it. */
struct zp_virtio_blk_req {
    uint32_t type;
    uint32_t reserved;
    uint64_t sector; /* in units of 512 bytes */
};

static_assert(offsetof(struct zp_virtio_blk_req, type) == 0, "virtio_blk_req.type");
static_assert(offsetof(struct zp_virtio_blk_req, reserved) == 4, "virtio_blk_req.reserved");
static_assert(offsetof(struct zp_virtio_blk_req, sector) == 8, "virtio_blk_req.sector");
static_assert(sizeof(struct zp_virtio_blk_req) == 16, "virtio_blk_req");

/* Of the default lengths. */
struct zp_virtio_scsi_cmd {
    uint8_t lun[8];
    uint64_t tag;
    uint8_t task_attr;
    uint8_t prio;
    uint8_t crn;
    uint8_t cdb[32];
} __attribute__((packed));

static_assert(offsetof(struct zp_virtio_scsi_cmd, lun) == 0, "virtio_scsi_cmd.lun");
static_assert(offsetof(struct zp_virtio_scsi_cmd, tag) == 8, "virtio_scsi_cmd.tag");
static_assert(offsetof(struct zp_virtio_scsi_cmd, task_attr) == 16, "virtio_scsi_cmd.task_attr");
static_assert(offsetof(struct zp_virtio_scsi_cmd, prio) == 17, "virtio_scsi_cmd.prio");
static_assert(offsetof(struct zp_virtio_scsi_cmd, crn) == 18, "virtio_scsi_cmd.crn");
static_assert(offsetof(struct zp_virtio_scsi_cmd, cdb) == 19, "virtio_scsi_cmd.cdb");
static_assert(sizeof(struct zp_virtio_scsi_cmd) == 51, "virtio_scsi_cmd");

/* Of the default lengths. */
struct zp_virtio_scsi_resp {
    uint32_t sense_len;
    uint32_t resid;
    uint16_t status_qualifier;
    uint8_t status;
    uint8_t response;
    uint8_t sense[96];
} __attribute__((packed));

static_assert(offsetof(struct zp_virtio_scsi_resp, sense_len) == 0, "virtio_scsi_resp.sense_len");
static_assert(offsetof(struct zp_virtio_scsi_resp, resid) == 4, "virtio_scsi_resp.resid");
static_assert(offsetof(struct zp_virtio_scsi_resp, status_qualifier) == 8,
              "virtio_scsi_resp.status_qualifier");
static_assert(offsetof(struct zp_virtio_scsi_resp, status) == 10, "virtio_scsi_resp.status");
static_assert(offsetof(struct zp_virtio_scsi_resp, response) == 11, "virtio_scsi_resp.response");
static_assert(offsetof(struct zp_virtio_scsi_resp, sense) == 12, "virtio_scsi_resp.sense");
static_assert(sizeof(struct zp_virtio_scsi_resp) == 108, "virtio_scsi_resp");

#ifdef __cplusplus
}
#endif

#endif /* __ASSEMBLER__ */

#endif
