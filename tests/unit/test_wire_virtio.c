/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio's structures, registers and numbers, and PCI's, against linux-libc-dev's headers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <linux/pci_regs.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>
#include <linux/virtio_scsi.h>

#include <zeropage/wire/pci.h>
#include <zeropage/wire/virtio.h>

#include "same.h"

/* ZP_ours has the value that their name has */
#define SAME_VALUE(ours, theirs) assert_int_equal((uint32_t)(ZP_##ours), (uint32_t)(theirs))

static void rings(void **state)
{
    size_t covered = 0;

    (void)state;
    SAME_MEMBER(struct zp_virtq_desc, struct vring_desc, addr);
    SAME_MEMBER(struct zp_virtq_desc, struct vring_desc, len);
    SAME_MEMBER(struct zp_virtq_desc, struct vring_desc, flags);
    SAME_MEMBER(struct zp_virtq_desc, struct vring_desc, next);
    SAME_SIZE(struct zp_virtq_desc, struct vring_desc, 0);
    covered = 0;
    SAME_MEMBER(struct zp_virtq_used_elem, struct vring_used_elem, id);
    SAME_MEMBER(struct zp_virtq_used_elem, struct vring_used_elem, len);
    SAME_SIZE(struct zp_virtq_used_elem, struct vring_used_elem, 0);
    covered = 0;
    SAME_MEMBER(struct zp_virtq_avail, struct vring_avail, flags);
    SAME_MEMBER(struct zp_virtq_avail, struct vring_avail, idx);
    assert_int_equal(sizeof(struct zp_virtq_avail), offsetof(struct vring_avail, ring));
    SAME_MEMBER(struct zp_virtq_used, struct vring_used, flags);
    SAME_MEMBER(struct zp_virtq_used, struct vring_used, idx);
    assert_int_equal(sizeof(struct zp_virtq_used), offsetof(struct vring_used, ring));
    SAME_VALUE(VIRTQ_DESC_F_NEXT, VRING_DESC_F_NEXT);
    SAME_VALUE(VIRTQ_DESC_F_WRITE, VRING_DESC_F_WRITE);
    SAME_VALUE(VIRTQ_AVAIL_F_NO_INTERRUPT, VRING_AVAIL_F_NO_INTERRUPT);
}

static void status_and_features(void **state)
{
    (void)state;
    SAME_VALUE(VIRTIO_STATUS_ACKNOWLEDGE, VIRTIO_CONFIG_S_ACKNOWLEDGE);
    SAME_VALUE(VIRTIO_STATUS_DRIVER, VIRTIO_CONFIG_S_DRIVER);
    SAME_VALUE(VIRTIO_STATUS_DRIVER_OK, VIRTIO_CONFIG_S_DRIVER_OK);
    SAME_VALUE(VIRTIO_STATUS_FEATURES_OK, VIRTIO_CONFIG_S_FEATURES_OK);
    SAME_VALUE(VIRTIO_STATUS_NEEDS_RESET, VIRTIO_CONFIG_S_NEEDS_RESET);
    SAME_VALUE(VIRTIO_STATUS_FAILED, VIRTIO_CONFIG_S_FAILED);
    SAME_CONSTANT(VIRTIO_F_VERSION_1);
    SAME_CONSTANT(VIRTIO_F_ACCESS_PLATFORM);
    SAME_CONSTANT(VIRTIO_F_ORDER_PLATFORM);
    SAME_CONSTANT(VIRTIO_ID_BLOCK);
    SAME_CONSTANT(VIRTIO_ID_RNG);
    SAME_CONSTANT(VIRTIO_ID_SCSI);
}

static void over_pci(void **state)
{
    (void)state;
    SAME_CONSTANT(VIRTIO_PCI_CAP_COMMON_CFG);
    SAME_CONSTANT(VIRTIO_PCI_CAP_NOTIFY_CFG);
    SAME_CONSTANT(VIRTIO_PCI_CAP_ISR_CFG);
    SAME_CONSTANT(VIRTIO_PCI_CAP_DEVICE_CFG);
    SAME_CONSTANT(VIRTIO_PCI_CAP_LEN);
    SAME_CONSTANT(VIRTIO_PCI_CAP_CFG_TYPE);
    SAME_CONSTANT(VIRTIO_PCI_CAP_BAR);
    SAME_CONSTANT(VIRTIO_PCI_CAP_OFFSET);
    SAME_CONSTANT(VIRTIO_PCI_CAP_LENGTH);
    SAME_VALUE(VIRTIO_PCI_CAP_BYTES, sizeof(struct virtio_pci_cap));
    SAME_VALUE(VIRTIO_PCI_CAP_NOTIFY_MULTIPLIER, VIRTIO_PCI_NOTIFY_CAP_MULT);
    SAME_VALUE(VIRTIO_PCI_CAP_NOTIFY_BYTES, sizeof(struct virtio_pci_notify_cap));
    SAME_VALUE(VIRTIO_PCI_DEVICE_FEATURE_SELECT, VIRTIO_PCI_COMMON_DFSELECT);
    SAME_VALUE(VIRTIO_PCI_DEVICE_FEATURE, VIRTIO_PCI_COMMON_DF);
    SAME_VALUE(VIRTIO_PCI_DRIVER_FEATURE_SELECT, VIRTIO_PCI_COMMON_GFSELECT);
    SAME_VALUE(VIRTIO_PCI_DRIVER_FEATURE, VIRTIO_PCI_COMMON_GF);
    SAME_VALUE(VIRTIO_PCI_DEVICE_STATUS, VIRTIO_PCI_COMMON_STATUS);
    SAME_VALUE(VIRTIO_PCI_CONFIG_GENERATION, VIRTIO_PCI_COMMON_CFGGENERATION);
    SAME_VALUE(VIRTIO_PCI_QUEUE_SELECT, VIRTIO_PCI_COMMON_Q_SELECT);
    SAME_VALUE(VIRTIO_PCI_QUEUE_SIZE, VIRTIO_PCI_COMMON_Q_SIZE);
    SAME_VALUE(VIRTIO_PCI_QUEUE_ENABLE, VIRTIO_PCI_COMMON_Q_ENABLE);
    SAME_VALUE(VIRTIO_PCI_QUEUE_NOTIFY_OFF, VIRTIO_PCI_COMMON_Q_NOFF);
    SAME_VALUE(VIRTIO_PCI_QUEUE_DESC, VIRTIO_PCI_COMMON_Q_DESCLO);
    SAME_VALUE(VIRTIO_PCI_QUEUE_DRIVER, VIRTIO_PCI_COMMON_Q_AVAILLO);
    SAME_VALUE(VIRTIO_PCI_QUEUE_DEVICE, VIRTIO_PCI_COMMON_Q_USEDLO);
    SAME_VALUE(VIRTIO_PCI_COMMON_BYTES, sizeof(struct virtio_pci_common_cfg));
}

static void over_mmio(void **state)
{
    (void)state;
    SAME_CONSTANT(VIRTIO_MMIO_MAGIC_VALUE);
    SAME_CONSTANT(VIRTIO_MMIO_VERSION);
    SAME_CONSTANT(VIRTIO_MMIO_DEVICE_ID);
    SAME_CONSTANT(VIRTIO_MMIO_DEVICE_FEATURES);
    SAME_CONSTANT(VIRTIO_MMIO_DEVICE_FEATURES_SEL);
    SAME_CONSTANT(VIRTIO_MMIO_DRIVER_FEATURES);
    SAME_CONSTANT(VIRTIO_MMIO_DRIVER_FEATURES_SEL);
    SAME_CONSTANT(VIRTIO_MMIO_QUEUE_SEL);
    SAME_CONSTANT(VIRTIO_MMIO_QUEUE_NUM_MAX);
    SAME_CONSTANT(VIRTIO_MMIO_QUEUE_NUM);
    SAME_CONSTANT(VIRTIO_MMIO_QUEUE_READY);
    SAME_CONSTANT(VIRTIO_MMIO_QUEUE_NOTIFY);
    SAME_CONSTANT(VIRTIO_MMIO_STATUS);
    SAME_VALUE(VIRTIO_MMIO_QUEUE_DESC, VIRTIO_MMIO_QUEUE_DESC_LOW);
    SAME_VALUE(VIRTIO_MMIO_QUEUE_DRIVER, VIRTIO_MMIO_QUEUE_AVAIL_LOW);
    SAME_VALUE(VIRTIO_MMIO_QUEUE_DEVICE, VIRTIO_MMIO_QUEUE_USED_LOW);
    SAME_CONSTANT(VIRTIO_MMIO_CONFIG_GENERATION);
    SAME_CONSTANT(VIRTIO_MMIO_CONFIG);
    assert_memory_equal(&(uint32_t){ZP_VIRTIO_MMIO_MAGIC}, "virt", 4);
}

static void block(void **state)
{
    size_t covered = 0;

    (void)state;
    SAME_MEMBER(struct zp_virtio_blk_req, struct virtio_blk_outhdr, type);
    SAME_MEMBER_AS(struct zp_virtio_blk_req, reserved, struct virtio_blk_outhdr, ioprio);
    SAME_MEMBER(struct zp_virtio_blk_req, struct virtio_blk_outhdr, sector);
    SAME_SIZE(struct zp_virtio_blk_req, struct virtio_blk_outhdr, 0);
    SAME_CONSTANT(VIRTIO_BLK_F_SIZE_MAX);
    SAME_CONSTANT(VIRTIO_BLK_F_SEG_MAX);
    SAME_CONSTANT(VIRTIO_BLK_F_BLK_SIZE);
    SAME_CONSTANT(VIRTIO_BLK_T_IN);
    SAME_CONSTANT(VIRTIO_BLK_S_OK);
    SAME_VALUE(VIRTIO_BLK_CAPACITY, offsetof(struct virtio_blk_config, capacity));
    SAME_VALUE(VIRTIO_BLK_SIZE_MAX, offsetof(struct virtio_blk_config, size_max));
    SAME_VALUE(VIRTIO_BLK_SEG_MAX, offsetof(struct virtio_blk_config, seg_max));
    SAME_VALUE(VIRTIO_BLK_BLK_SIZE, offsetof(struct virtio_blk_config, blk_size));
}

static void scsi(void **state)
{
    size_t covered = 0;

    (void)state;
    SAME_MEMBER(struct zp_virtio_scsi_cmd, struct virtio_scsi_cmd_req, lun);
    SAME_MEMBER(struct zp_virtio_scsi_cmd, struct virtio_scsi_cmd_req, tag);
    SAME_MEMBER(struct zp_virtio_scsi_cmd, struct virtio_scsi_cmd_req, task_attr);
    SAME_MEMBER(struct zp_virtio_scsi_cmd, struct virtio_scsi_cmd_req, prio);
    SAME_MEMBER(struct zp_virtio_scsi_cmd, struct virtio_scsi_cmd_req, crn);
    SAME_MEMBER(struct zp_virtio_scsi_cmd, struct virtio_scsi_cmd_req, cdb);
    SAME_SIZE(struct zp_virtio_scsi_cmd, struct virtio_scsi_cmd_req, 0);
    covered = 0;
    SAME_MEMBER(struct zp_virtio_scsi_resp, struct virtio_scsi_cmd_resp, sense_len);
    SAME_MEMBER(struct zp_virtio_scsi_resp, struct virtio_scsi_cmd_resp, resid);
    SAME_MEMBER(struct zp_virtio_scsi_resp, struct virtio_scsi_cmd_resp, status_qualifier);
    SAME_MEMBER(struct zp_virtio_scsi_resp, struct virtio_scsi_cmd_resp, status);
    SAME_MEMBER(struct zp_virtio_scsi_resp, struct virtio_scsi_cmd_resp, response);
    SAME_MEMBER(struct zp_virtio_scsi_resp, struct virtio_scsi_cmd_resp, sense);
    SAME_SIZE(struct zp_virtio_scsi_resp, struct virtio_scsi_cmd_resp, 0);
    SAME_VALUE(VIRTIO_SCSI_SEG_MAX, offsetof(struct virtio_scsi_config, seg_max));
    SAME_VALUE(VIRTIO_SCSI_MAX_SECTORS, offsetof(struct virtio_scsi_config, max_sectors));
    SAME_VALUE(VIRTIO_SCSI_SENSE_SIZE, offsetof(struct virtio_scsi_config, sense_size));
    SAME_VALUE(VIRTIO_SCSI_CDB_SIZE, offsetof(struct virtio_scsi_config, cdb_size));
    SAME_VALUE(VIRTIO_SCSI_MAX_TARGET, offsetof(struct virtio_scsi_config, max_target));
    SAME_VALUE(VIRTIO_SCSI_CONFIG_BYTES, sizeof(struct virtio_scsi_config));
    SAME_VALUE(VIRTIO_SCSI_SENSE_DEFAULT, VIRTIO_SCSI_SENSE_DEFAULT_SIZE);
    SAME_VALUE(VIRTIO_SCSI_CDB_DEFAULT, VIRTIO_SCSI_CDB_DEFAULT_SIZE);
    SAME_CONSTANT(VIRTIO_SCSI_S_OK);
    SAME_CONSTANT(VIRTIO_SCSI_S_OVERRUN);
    SAME_CONSTANT(VIRTIO_SCSI_S_BAD_TARGET);
    SAME_CONSTANT(VIRTIO_SCSI_S_RESET);
    SAME_CONSTANT(VIRTIO_SCSI_S_BUSY);
    SAME_CONSTANT(VIRTIO_SCSI_S_INCORRECT_LUN);
}

static void pci(void **state)
{
    (void)state;
    SAME_CONSTANT(PCI_VENDOR_ID);
    SAME_CONSTANT(PCI_DEVICE_ID);
    SAME_CONSTANT(PCI_COMMAND);
    SAME_CONSTANT(PCI_STATUS);
    SAME_CONSTANT(PCI_HEADER_TYPE);
    SAME_CONSTANT(PCI_SUBSYSTEM_ID);
    SAME_CONSTANT(PCI_SECONDARY_BUS);
    SAME_CONSTANT(PCI_SUBORDINATE_BUS);
    SAME_CONSTANT(PCI_COMMAND_IO);
    SAME_CONSTANT(PCI_COMMAND_MEMORY);
    SAME_CONSTANT(PCI_COMMAND_MASTER);
    SAME_CONSTANT(PCI_COMMAND_INTX_DISABLE);
    SAME_VALUE(PCI_CLASS, PCI_CLASS_DEVICE);
    SAME_VALUE(PCI_BAR0, PCI_BASE_ADDRESS_0);
    SAME_VALUE(PCI_CAPABILITIES, PCI_CAPABILITY_LIST);
    SAME_VALUE(PCI_STATUS_CAPABILITIES, PCI_STATUS_CAP_LIST);
    SAME_VALUE(PCI_HEADER_BRIDGE, PCI_HEADER_TYPE_BRIDGE);
    SAME_VALUE(PCI_BAR_IO, PCI_BASE_ADDRESS_SPACE_IO);
    SAME_VALUE(PCI_BAR_TYPE_MASK, PCI_BASE_ADDRESS_MEM_TYPE_MASK);
    SAME_VALUE(PCI_BAR_TYPE_64, PCI_BASE_ADDRESS_MEM_TYPE_64);
    SAME_VALUE(PCI_BAR_PREFETCH, PCI_BASE_ADDRESS_MEM_PREFETCH);
    SAME_VALUE(PCI_CAPABILITY_FIRST, PCI_STD_HEADER_SIZEOF);
    SAME_VALUE(PCI_CAPABILITY_NEXT, PCI_CAP_LIST_NEXT);
    SAME_VALUE(PCI_CAPABILITY_VENDOR, PCI_CAP_ID_VNDR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rings),    cmocka_unit_test(status_and_features),
        cmocka_unit_test(over_pci), cmocka_unit_test(over_mmio),
        cmocka_unit_test(block),    cmocka_unit_test(scsi),
        cmocka_unit_test(pci),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
