# SPDX-License-Identifier: BSD-2-Clause
#
# The core's sources in plain Make, for projects that embed it without Meson:
#
#     ZP_ROOT := third_party/zeropage
#     include $(ZP_ROOT)/core.mk
#     objects += $(ZP_CORE_SOURCES:%.c=$(ZP_ROOT)/%.o)
#     CFLAGS  += -I$(ZP_ROOT)/include $(ZP_CORE_CFLAGS)
#
# Paths are relative to the project's root. `make -f core.mk libzeropage.a` builds the archive here.

ZP_CORE_SOURCES = \
	src/core/bzimage.c \
	src/core/compression.c \
	src/core/cpu.c \
	src/core/defer.c \
	src/core/e820.c \
	src/core/elf.c \
	src/core/errors.c \
	src/core/fill_cpu.c \
	src/core/fill_linux.c \
	src/core/fill_multiboot.c \
	src/core/fill_multiboot2.c \
	src/core/fill_pvh.c \
	src/core/foreign.c \
	src/core/image.c \
	src/core/initrd.c \
	src/core/inspect.c \
	src/core/kaslr.c \
	src/core/kernel.c \
	src/core/linux.c \
	src/core/load.c \
	src/core/machine.c \
	src/core/module_cmdlines.c \
	src/core/multiboot.c \
	src/core/multiboot2.c \
	src/core/multiboot_info.c \
	src/core/note.c \
	src/core/pe.c \
	src/core/place.c \
	src/core/plan.c \
	src/core/protocol.c \
	src/core/pvh.c \
	src/core/relocation.c \
	src/core/sharing.c \
	src/core/source.c \
	src/core/tell.c \
	src/core/version.c

ZP_CORE_CFLAGS = -std=c11 -ffreestanding -Wall -Wextra

# Only when this file is Make's own makefile, so that including it adds no target.
ifeq ($(firstword $(MAKEFILE_LIST)),$(lastword $(MAKEFILE_LIST)))
ZP_ROOT := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
CFLAGS ?= -O2 -g
ZP_CORE_OBJECTS := $(ZP_CORE_SOURCES:%.c=core-objects/%.o)

libzeropage.a: $(ZP_CORE_OBJECTS)
	rm -f $@
	$(AR) rcs $@ $^

core-objects/%.o: $(ZP_ROOT)/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(ZP_CORE_CFLAGS) -I$(ZP_ROOT)/include -MMD -c -o $@ $<

-include $(ZP_CORE_OBJECTS:.o=.d)
endif
