/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zeropage: boots any x86-64 kernel, anywhere.
 *
 * This is the whole public interface of the core. Data goes one way:
 *
 *     zp_inspect  image bytes          -> struct zp_image    what it is and every entry that it offers
 *     zp_plan     image, machine,
 *                 request              -> struct zp_plan     every byte of guest memory and the entry state
 *     zp_load     plan, guest memory   ->                    the only step that writes
 *     (enter)     struct zp_entry_state -> vCPU registers    done by the caller: KVM, a ROM, a far jump
 *
 * Conventions, valid for every function here:
 *
 * - Memory belongs to the caller. The core allocates nothing and keeps no globals, so every function is
 *   reentrant and may run in any number of threads on different objects.
 * - Counts are unbounded: the caller passes arrays with capacities ("room"). When one is too short the
 *   call fails with ZP_ERR_ROOM, zp_error.field names the array and zp_error.value says how many
 *   elements are needed, as far as the call got; grow it and call again.
 * - Functions return ZP_OK or a negative enum zp_status. On failure outputs named ret_* stay untouched,
 *   the contents of room arrays are unspecified, and *ret_error, when not NULL, says what and where.
 * - A struct that begins with struct_size will grow: set it to sizeof the struct, zero the rest.
 * - Sizes and lengths are bytes unless the name says otherwise. Guest physical addresses are zp_gpa.
 * - Pointers are borrowed: an image refers to its room, a plan to its image, machine and request.
 *   Keep them alive and unchanged until the last use of what was made from them.
 * - Every byte of an image, of a memory map and of a table may be hostile. The caller's own structs
 *   (pointers, capacities) are trusted.
 */
#ifndef ZEROPAGE_ZEROPAGE_H
#define ZEROPAGE_ZEROPAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zeropage/error.h>
#include <zeropage/image.h>
#include <zeropage/load.h>
#include <zeropage/machine.h>
#include <zeropage/plan.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ZP_VERSION_MAJOR 0
#define ZP_VERSION_MINOR 1
#define ZP_VERSION_PATCH 0

/* The version of the linked library, "0.1.0". Static string. */
const char *zp_version(void);

#ifdef __cplusplus
}
#endif

#endif
