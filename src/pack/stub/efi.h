/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The inside of efi.c: the firmware as it is asked, one file per question. Functions of the firmware take
 * Microsoft's calling convention and give an EFI_STATUS; memory is identity-mapped while boot services run
 * (UEFI 2.10, 2.3.4), so that a physical address is a pointer.
 *
 *   efi.c          the story, and the way out of boot services
 *   efi_memory.c   pages below 4 GiB; all of us below 4 GiB
 *   efi_map.c      memory map -> e820 ranges
 *   efi_text.c     load options -> command line
 *   efi_screen.c   graphics output -> screen_info
 *   efi_tables.c   RSDP, Secure Boot, random numbers
 *   efi_file.c     the payload from the disk that we come from, an initrd that a loader offers
 *   efi_console.c  lines to the firmware's console
 *   efi_arrive.c   what a firmware left in RAM, in every stub
 */
#ifndef ZP_PACK_STUB_EFI_H
#define ZP_PACK_STUB_EFI_H

#include <zeropage/wire/efi.h>

#include "../../core/seam.h"
#include "stub.h"

#define STUB_EFI_BELOW    UINT64_C(0xffffffff) /* the last byte that we may use */
#define STUB_EFI_SEED     32                   /* bytes of entropy */
#define STUB_EFI_PAGE(at) (((at) + 0xfff) & ~UINT64_C(0xfff))

typedef uint64_t __attribute__((ms_abi))
stub_efi_allocate_pages(uint32_t how, uint32_t type, uint64_t pages, uint64_t *address);
typedef uint64_t __attribute__((ms_abi)) stub_efi_get_memory_map(uint64_t *size, void *map, uint64_t *ret_key,
                                                                 uint64_t *ret_stride, uint32_t *ret_version);
typedef uint64_t __attribute__((ms_abi)) stub_efi_free_pool(void *pool);
typedef uint64_t __attribute__((ms_abi))
stub_efi_handle_protocol(uint64_t handle, const struct zp_efi_guid *protocol, void **ret_interface);
typedef uint64_t __attribute__((ms_abi))
stub_efi_locate_device_path(const struct zp_efi_guid *protocol, const void **path, uint64_t *ret_handle);
typedef uint64_t __attribute__((ms_abi))
stub_efi_exit(uint64_t image, uint64_t status, uint64_t data_size, const uint16_t *data);
typedef uint64_t __attribute__((ms_abi)) stub_efi_exit_boot_services(uint64_t image, uint64_t key);
typedef uint64_t __attribute__((ms_abi))
stub_efi_set_watchdog_timer(uint64_t seconds, uint64_t code, uint64_t data_size, const uint16_t *data);
typedef uint64_t __attribute__((ms_abi))
stub_efi_locate_handle_buffer(uint32_t how, const struct zp_efi_guid *protocol, void *key,
                              uint64_t *ret_count, uint64_t **ret_handles);
typedef uint64_t __attribute__((ms_abi))
stub_efi_locate_protocol(const struct zp_efi_guid *protocol, void *registration, void **ret_interface);
typedef uint64_t __attribute__((ms_abi))
stub_efi_get_variable(const uint16_t *name, const struct zp_efi_guid *vendor, uint32_t *ret_attributes,
                      uint64_t *size, void *data);
typedef uint64_t __attribute__((ms_abi)) stub_efi_output_string(void *self, const uint16_t *text);
typedef uint64_t __attribute__((ms_abi)) stub_efi_open_volume(void *self, struct zp_efi_file **ret_root);
typedef uint64_t __attribute__((ms_abi))
stub_efi_open(struct zp_efi_file *self, struct zp_efi_file **ret_file, const uint16_t *name, uint64_t mode,
              uint64_t attributes);
typedef uint64_t __attribute__((ms_abi)) stub_efi_close(struct zp_efi_file *self);
typedef uint64_t __attribute__((ms_abi))
stub_efi_read(struct zp_efi_file *self, uint64_t *size, void *buffer);
typedef uint64_t __attribute__((ms_abi)) stub_efi_get_position(struct zp_efi_file *self, uint64_t *ret_at);
typedef uint64_t __attribute__((ms_abi)) stub_efi_set_position(struct zp_efi_file *self, uint64_t at);
typedef uint64_t __attribute__((ms_abi))
stub_efi_load_file(void *self, const void *path, uint8_t boot_policy, uint64_t *size, void *buffer);
typedef uint64_t __attribute__((ms_abi))
stub_efi_get_rng(void *self, const struct zp_efi_guid *algorithm, uint64_t size, void *buffer);

/* A member of a firmware's table as the function that it is. */
#define STUB_EFI_CALL(type, address) ((type *)(uintptr_t)(address))

struct stub_efi {
    uint64_t image; /* our handle */
    const struct zp_efi_system_table *system;
    const struct zp_efi_boot_services *services;
    const struct zp_efi_loaded_image *loaded; /* NULL: the handle has none (handover by odd loaders) */
};

/* The interface of a handle, or NULL. */
void *stub_efi_interface(const struct stub_efi *efi, uint64_t handle, const struct zp_efi_guid *protocol);

/* efi_memory.c. Pages below 4 GiB, cleared. Refuses, naming `what`, when there are none. */
void *stub_efi_allocate(const struct stub_efi *efi, uint64_t size, uint32_t type, const char *what);
/*
 * When body, stub or what the stub needs reach above 4 GiB: copies the body to a place below, and names a
 * place behind it for stub_take_over to continue in.
 */
void stub_efi_come_below(const struct stub_efi *efi, struct stub_entry *entry);

/*
 * efi_map.c. Ranges of `map` by address, neighbours of one type merged, as Linux's own EFI stub types them.
 * Descriptors that are empty or wrap are left out. Returns how many there are, which may exceed capacity;
 * stored are the first.
 */
size_t stub_efi_ranges(const void *map, uint64_t size, uint64_t stride, struct zp_boot_e820_entry *ranges,
                       size_t capacity);
/* The descriptor at an offset of the map; false: it describes nothing. */
bool stub_efi_descriptor(const void *map, uint64_t at, struct zp_efi_memory_descriptor *ret);
/* The type of e820 for a descriptor. */
uint32_t stub_efi_type(uint32_t type, uint64_t attribute);

/*
 * efi_text.c. UTF-8 of load options, without the first word when a shell put the program's name there.
 * 0 and *ret_length, -1: they are not text, -2: text, longer than capacity - 1 bytes.
 */
int stub_efi_text(const void *options, uint64_t size, bool named, char *text, size_t capacity,
                  size_t *ret_length);

/* efi_screen.c. false: that mode has no frame buffer that could be told. */
bool stub_efi_screen_mode(struct zp_screen_info *screen, const struct zp_efi_graphics_output_mode *mode,
                          const struct zp_efi_graphics_output_mode_information *info);
void stub_efi_screen(const struct stub_efi *efi, struct zp_boot_params *boot_params);

/* efi_tables.c */
uint64_t stub_efi_rsdp(const struct stub_efi *efi);
uint8_t stub_efi_secure_boot(const struct stub_efi *efi); /* ZP_EFI_SECUREBOOT_MODE_* */
bool stub_efi_random(const struct stub_efi *efi, uint8_t *seed, size_t size);

/* efi_file.c. The payload's address; refuses when there is none. */
uint64_t stub_efi_payload(const struct stub_efi *efi);
/* 0: no loader offers one. */
uint64_t stub_efi_initrd(const struct stub_efi *efi, uint64_t *ret_size);

/*
 * efi_console.c. A line (without its end) to the firmware's console: true when it took it, false when there
 * is no firmware, not any more or not yet. stub_efi_return: back to the firmware with EFI_LOAD_ERROR; comes
 * back at once when there is none to return to.
 */
bool stub_efi_print(const char *line);
void stub_efi_return(void);
void stub_efi_console(const struct stub_efi *efi); /* NULL: there is none from now on */

#endif
