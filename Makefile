# SPDX-License-Identifier: BSD-2-Clause
#
# A front door to Meson and tools/: `make` builds, `make check` tests, `make demo` boots a kernel.
BUILD   ?= build
PREFIX  ?= /usr/local
DESTDIR ?=
JOBS    ?= $(shell nproc)
DEMO    ?=
SECONDS ?=
SEED    ?=

binary = $(BUILD)/src/cli/zeropage

.PHONY: all check check-full demo coverage fuzz soak bench format install clean

all: $(BUILD)/build.ninja
	@ninja -C $(BUILD) -j$(JOBS)
	@[ ! -x $(binary) ] || echo "The command is $(abspath $(binary))"

$(BUILD)/build.ninja:
	@command -v meson >/dev/null && command -v ninja >/dev/null || \
		{ echo "meson or ninja is missing: tools/deps build installs what the build needs" >&2; exit 1; }
	@meson setup $(BUILD) --prefix $(PREFIX)

# The tests of every day; at most ten minutes on two cores.
check:
	@tools/deps build check
	@tools/check quick

# The same and the long ones. CHECK_SKIP_QUICK=1 leaves out the tier that ran already.
check-full:
	@tools/deps build check full
	@tools/check $(if $(CHECK_SKIP_QUICK),--only) full

# Boots Debian's cloud kernel to a shell; DEMO=auto to a marker and power-off.
demo:
	@BUILD=$(BUILD) DEMO=$(DEMO) tools/demo

coverage:
	@tools/deps build check
	@tools/coverage

# SECONDS for each fuzzer.
fuzz:
	@tools/deps build check
	@tools/fuzz $(or $(SECONDS),60)

# Random boots for SECONDS, or those that SEED names; JOBS at a time, two at most.
soak:
	@tools/deps build check full
	@tools/soak $(BUILD) --jobs $(JOBS) $(if $(SEED),$(SEED),--seconds $(or $(SECONDS),3600))

bench:
	@tools/deps build bench
	@[ -f build-bench/build.ninja ] || meson setup build-bench --buildtype=release
	@ninja -C build-bench -j$(JOBS)
	@meson test -C build-bench --benchmark --verbose

format:
	git ls-files '*.c' '*.h' | xargs clang-format -i

install: all
	@meson configure $(BUILD) -Dprefix=$(PREFIX)
	DESTDIR=$(DESTDIR) meson install -C $(BUILD)

clean:
	rm -rf $(BUILD) build-* core-objects libzeropage.a
