# SPDX-License-Identifier: BSD-2-Clause
#
# A front door to Meson: `make` builds, `make check` tests. The work is done in tools/.
BUILD   ?= build
PREFIX  ?= /usr/local
DESTDIR ?=
JOBS    ?= $(shell nproc)

.PHONY: all check check-full demo coverage fuzz bench format install clean

all: $(BUILD)/build.ninja
	@ninja -C $(BUILD) -j$(JOBS)
	@if [ -x $(BUILD)/src/cli/zeropage ]; then echo "zeropage is $(abspath $(BUILD))/src/cli/zeropage"; fi

$(BUILD)/build.ninja:
	@meson setup $(BUILD) --prefix $(PREFIX)

format:
	git ls-files '*.c' '*.h' | xargs clang-format -i

install: all
	meson configure $(BUILD) -Dprefix=$(PREFIX)
	DESTDIR=$(DESTDIR) meson install -C $(BUILD)

clean:
	rm -rf build build-* core-objects libzeropage.a
