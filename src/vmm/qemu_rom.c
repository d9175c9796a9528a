/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fills in the entry ROM: receives a plan, gives a memory file that QEMU takes as its BIOS. Besides the
 * planned CPU state the ROM does what a PC's firmware would have done by then: memory types (Intel SDM
 * volume 3A, 11.11), and the registers of the PIIX3/PIIX4 that say where power management lies and how PCI
 * interrupts are routed (Intel 82371SB and 82371AB data sheets), as our ACPI tables tell the guest.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <zeropage/wire/x86.h>

#include "qemu.h"
#include "qemu_pc.h"
#include "rom_parameters.h"

extern const unsigned char zp_rom_page[ZP_ROM_PAGE_SIZE];

#define PCI_CONFIG_ADDRESS 0xcf8
#define PCI_CONFIG_DATA    0xcfc
#define PCI_CONFIG_ENABLE  UINT32_C(0x80000000)
#define ELCR_HIGH          0x4d1 /* edge or level of IRQ 8 to 15 */

/* Variable MTRR masks reach this far; every x86-64 CPU has at least 36 bits, QEMU's has 40. */
#define PHYSICAL_MASK ((UINT64_C(1) << 40) - 1)

static void add_port_write(struct zp_rom_parameters *parameters, uint16_t port, uint16_t width,
                           uint32_t value)
{
    parameters->port_writes[parameters->port_write_count++] = (struct zp_rom_port_write){port, width, value};
}

static void add_msr_write(struct zp_rom_parameters *parameters, uint32_t msr, uint64_t value)
{
    parameters->msr_writes[parameters->msr_write_count++] = (struct zp_rom_msr_write){msr, 0, value};
}

static void add_pci_write(struct zp_rom_parameters *parameters, uint32_t device, uint32_t function,
                          uint32_t reg, uint16_t width, uint32_t value)
{
    add_port_write(parameters, PCI_CONFIG_ADDRESS, 4,
                   PCI_CONFIG_ENABLE | device << 11 | function << 8 | (reg & ~UINT32_C(3)));
    add_port_write(parameters, (uint16_t)(PCI_CONFIG_DATA + (reg & 3)), width, value);
}

/* QEMU's pc: device 1 is the PIIX; function 0 ISA, 1 IDE, 3 power management. */
static void add_chipset(struct zp_rom_parameters *parameters)
{
    uint32_t irqs = ZP_QEMU_PIRQA_IRQ | ZP_QEMU_PIRQB_IRQ << 8 | ZP_QEMU_PIRQC_IRQ << 16 |
                    (uint32_t)ZP_QEMU_PIRQD_IRQ << 24;
    uint32_t levels =
        1u << ZP_QEMU_PIRQA_IRQ | 1u << ZP_QEMU_PIRQB_IRQ | 1u << ZP_QEMU_PIRQC_IRQ | 1u << ZP_QEMU_PIRQD_IRQ;

    add_pci_write(parameters, 1, 3, 0x40, 4, ZP_QEMU_PM_BASE | 1); /* PMBA */
    add_pci_write(parameters, 1, 3, 0x80, 1, 1);                   /* PMREGMISC: decode it */
    add_pci_write(parameters, 1, 0, 0x60, 4, irqs);                /* PIRQRC[A:D] */
    add_port_write(parameters, ELCR_HIGH, 1, levels >> 8);         /* PCI interrupts are level */
    add_pci_write(parameters, 1, 1, 0x40, 4, 0x80008000);          /* IDETIM: decode both channels */
}

/* Write-back RAM, an uncached VGA window, write-protected ROMs, an uncached hole below 4 GiB. */
static void add_memory_types(struct zp_rom_parameters *parameters)
{
    const uint64_t each = UINT64_C(0x0101010101010101);
    uint64_t hole_mask = PHYSICAL_MASK & ~(ZP_QEMU_HOLE_END - ZP_QEMU_HOLE_START - 1);

    add_msr_write(parameters, ZP_MSR_MTRR_FIX64K_00000, each * ZP_MTRR_TYPE_WB);
    add_msr_write(parameters, ZP_MSR_MTRR_FIX16K_80000, each * ZP_MTRR_TYPE_WB);
    add_msr_write(parameters, ZP_MSR_MTRR_FIX16K_A0000, each * ZP_MTRR_TYPE_UC);
    for (uint32_t i = 0; i < 8; i++)
        add_msr_write(parameters, ZP_MSR_MTRR_FIX4K_C0000 + i, each * ZP_MTRR_TYPE_WP);
    add_msr_write(parameters, ZP_MSR_MTRR_PHYSBASE0, ZP_QEMU_HOLE_START | ZP_MTRR_TYPE_UC);
    add_msr_write(parameters, ZP_MSR_MTRR_PHYSMASK0, hole_mask | ZP_MTRR_PHYSMASK_VALID);
    add_msr_write(parameters, ZP_MSR_MTRR_DEF_TYPE,
                  ZP_MTRR_DEF_TYPE_E | ZP_MTRR_DEF_TYPE_FE | ZP_MTRR_TYPE_WB);
}

static void set_state(struct zp_rom_parameters *parameters, const struct zp_entry_state *state)
{
    parameters->mode = state->mode;
    parameters->cr0 = (uint32_t)state->cr0;
    parameters->cr3 = (uint32_t)state->cr3;
    parameters->cr4 = (uint32_t)state->cr4;
    parameters->efer = (uint32_t)state->efer & ~(uint32_t)ZP_EFER_LMA;
    parameters->rax = state->rax;
    parameters->rbx = state->rbx;
    parameters->rcx = state->rcx;
    parameters->rdx = state->rdx;
    parameters->rsi = state->rsi;
    parameters->rdi = state->rdi;
    parameters->rbp = state->rbp;
    parameters->rip = state->rip;
    parameters->rflags = state->rflags;
    parameters->rsp = state->rsp;
    parameters->cs = state->cs.selector;
    parameters->ss = state->ss.selector;
    parameters->ds = state->ds.selector;
    parameters->es = state->es.selector;
    parameters->fs = state->fs.selector;
    parameters->gs = state->gs.selector;
    parameters->far_offset = (uint32_t)state->rip;
    parameters->far_selector = state->cs.selector;
    parameters->gdt.base = state->gdt_base.value;
    parameters->gdt.limit = (uint16_t)state->gdt_limit;
    parameters->idt.base = state->idt_base.value;
    parameters->idt.limit = (uint16_t)state->idt_limit;
    parameters->ldtr = state->ldtr.unusable ? 0 : state->ldtr.selector;
    if (state->tr.unusable || !state->tr.selector)
        return;
    parameters->tr = state->tr.selector;
    parameters->tss_access = (uint32_t)(state->gdt_base.value + (state->tr.selector & ~UINT64_C(7)) +
                                        offsetof(struct zp_segment_descriptor, access));
}

/* What the ROM's own code rests on. A plan of ours always agrees; a phrase says what does not. */
static const char *find_obstacle(const struct zp_plan *plan)
{
    const struct zp_entry_state *state = &plan->state;

    if ((state->cr0 & ZP_CR0_PG) && plan->identity_end.value < ZP_ROM_PAGE + ZP_ROM_PAGE_SIZE)
        return "its page tables do not map the first MiB";
    if (state->cr3 > UINT32_MAX)
        return "its page tables lie above 4 GiB";
    if (state->gdt_base.value + state->gdt_limit > UINT32_MAX)
        return "its GDT lies above 4 GiB";
    return NULL;
}

int zp_qemu_rom_make(const struct zp_plan *plan)
{
    struct zp_rom_parameters parameters = {0};
    unsigned char page[ZP_ROM_PAGE_SIZE];
    const char *obstacle = find_obstacle(plan);
    int fd;

    if (obstacle) {
        zp_vm_error("the entry ROM cannot enter this plan: %s", obstacle);
        return -1;
    }
    set_state(&parameters, &plan->state);
    add_chipset(&parameters);
    add_memory_types(&parameters);
    memcpy(page, zp_rom_page, sizeof(page));
    memcpy(page, &parameters, sizeof(parameters));

    fd = memfd_create("entry ROM", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, ZP_ROM_SIZE) != 0 ||
        pwrite(fd, page, sizeof(page), ZP_ROM_SIZE - ZP_ROM_PAGE_SIZE) != (ssize_t)sizeof(page)) {
        zp_vm_error("cannot make the entry ROM: %s", strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}
