# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
# `make help` lists the targets.

PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
BINDIR ?= $(PREFIX)/bin
DATADIR ?= $(PREFIX)/share
LIBEXECDIR ?= $(PREFIX)/libexec
MANDIR ?= $(DATADIR)/man
DOCDIR ?= $(DATADIR)/doc/virnodedev
DESTDIR ?=

CARGO ?= cargo
CARGO_FLAGS ?= --locked
CFLAGS ?= -O2 -g
BUILD_DIR := build

# Where cargo builds, and for which machine: none is this one. Another one needs its own compiler, too:
# make TARGET=aarch64-unknown-linux-gnu CC=aarch64-linux-gnu-gcc
# Only as an argument: in the environment TARGET may be anything.
TARGET_DIR := $(or $(CARGO_TARGET_DIR),$(CARGO_BUILD_TARGET_DIR),target)
ifneq ($(origin TARGET),command line)
override TARGET := $(CARGO_BUILD_TARGET)
endif
CARGO_PLACE = --target-dir '$(TARGET_DIR)' $(if $(TARGET),--target '$(TARGET)') $(CARGO_FEATURES)
ifneq ($(TARGET),)
ifneq ($(origin CC),default)
export CARGO_TARGET_$(shell printf '%s' '$(TARGET)' | LC_ALL=C tr 'a-z-' 'A-Z_')_LINKER ?= $(CC)
endif
# Debian has the libraries of each architecture in a folder of its own. Elsewhere PKG_CONFIG_LIBDIR or PKG_CONFIG is the user's to say.
MULTIARCH := $(shell $(CC) -print-multiarch 2>/dev/null)
ifneq ($(and $(MULTIARCH),$(wildcard /usr/lib/$(MULTIARCH)/pkgconfig)),)
export PKG_CONFIG_LIBDIR ?= /usr/lib/$(MULTIARCH)/pkgconfig:/usr/share/pkgconfig
export PKG_CONFIG_ALLOW_CROSS ?= 1
endif
endif

# LIBUDEV=no: the library reads uevents and the hardware database itself. Cargo gives the shared library the same name
# with and without a feature, so each has a folder of its own.
LIBUDEV ?= yes
WITHOUT_LIBUDEV := $(TARGET_DIR)/without-libudev
ifeq ($(LIBUDEV),no)
CARGO_FEATURES := --no-default-features
override TARGET_DIR := $(WITHOUT_LIBUDEV)
else ifneq ($(LIBUDEV),yes)
$(error LIBUDEV is yes or no, not '$(LIBUDEV)')
endif

# rustup puts its programs there; a shell that was open before does not know.
export PATH := $(PATH):$(HOME)/.cargo/bin

SONAME := libvirnodedev.so.0
TOOL_SOURCES := $(wildcard tools/*.c)
REPORT_PAGE := $(BUILD_DIR)/report_page.c
TOOL_OBJECTS := $(TOOL_SOURCES:tools/%.c=$(BUILD_DIR)/%.o) $(REPORT_PAGE:.c=.o)
# WERROR=-Werror makes errors of warnings: for who changes the sources, and for continuous integration. Other compilers warn
# of other things.
WERROR ?=
export WERROR
# Nothing that is built tells the folder that it was built in.
PREFIX_MAP := -ffile-prefix-map='$(CURDIR)'=.
# On 32 bits, too, files may be large, with large numbers.
TOOL_CFLAGS := $(PREFIX_MAP) -std=c99 -pedantic -Wall -Wextra $(WERROR) -D_POSIX_C_SOURCE=200809L -D_FILE_OFFSET_BITS=64 -Iinclude -Itools

# The loader's own folders need no run path, and packages must not have one.
SEARCHED = $(filter /lib /lib/% /usr/lib /usr/lib/% /lib64 /usr/lib64,$(LIBDIR))
COMMA := ,

# Libraries under libvirt's names: below $(BUILD_DIR) as below LIBDIR.
COMPAT_DIR := virnodedev/compat
COMPAT_LIBRARIES := $(addprefix $(BUILD_DIR)/$(COMPAT_DIR)/, \
	libvirt.so.0 libvirt-qemu.so.0 libvirt-lxc.so.0 libvirt-admin.so.0 libvirnodedev-preload.so.0)
COMPAT_APIS := $(addprefix $(BUILD_DIR)/$(COMPAT_DIR)/, libvirt-api.xml libvirt-qemu-api.xml libvirt-lxc-api.xml)
COMPAT_LDFLAGS = -shared -Wl,-z,defs,-z,nodelete,--enable-new-dtags -Wl,--filter,$(SONAME) \
	$(if $(SEARCHED),,-Wl$(COMMA)-rpath$(COMMA)'$$ORIGIN/../..')

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.PHONY: all library without-libudev static html sbom wheel demo check check-rust check-deps check-api check-asan check-tsan faults describable fuzz prove mutants compare vm-check distro-check cross-check release bench install install-strip uninstall clean help

all: $(BUILD_DIR)/nodedev $(COMPAT_LIBRARIES) $(COMPAT_APIS) $(BUILD_DIR)/virnodedev-run $(BUILD_DIR)/man3 $(BUILD_DIR)/THIRD-PARTY ## build the library and the programs

# cargo knows best what is out of date.
library: ## build the library alone
	@scripts/build-library $(BUILD_DIR) $(CARGO) rustc --release --lib --crate-type cdylib,staticlib \
	    $(CARGO_FLAGS) $(CARGO_PLACE)

$(BUILD_DIR)/$(SONAME): library ;

# Not optimised, which takes a third of the time; LIBUDEV=no makes the one to install.
without-libudev: ## build the library without libudev a second time, in build/without-libudev, for its tests
	@scripts/build-library $(BUILD_DIR)/without-libudev $(CARGO) rustc --lib --crate-type cdylib,staticlib \
	    $(CARGO_FLAGS) --target-dir '$(WITHOUT_LIBUDEV)' \
	    $(if $(TARGET),--target '$(TARGET)') --no-default-features

# nodedev with everything in it. Nothing unwinds there, so the tables for that are left out, a tenth of its size.
STATIC_DIR := $(BUILD_DIR)/static
STATIC_UNWINDER := tools/static/unwind.c
STATIC_SOURCES = tools/static/xpath.c $(STATIC_UNWINDER) $(filter-out tools/xpath.c,$(TOOL_SOURCES)) $(REPORT_PAGE)
STATIC_TABLES := -Wl,-T,tools/static/without_tables.ld

# STD=source builds Rust's standard library as well, small and without what finds names and lines for backtraces: a tenth
# of the program less. A release of the compiler does that where RUSTC_BOOTSTRAP is set, and for a target that is named.
STD ?= built
ifeq ($(STD),source)
STATIC_STD = -Zbuild-std=std,panic_abort -Zbuild-std-features=optimize_for_size --target '$(or $(TARGET),$(shell rustc -vV | sed -n 's/^host: //p'))'
static: export RUSTC_BOOTSTRAP := 1
else ifneq ($(STD),built)
$(error STD is built or source, not '$(STD)')
endif

static: ## build nodedev as one file without any shared library, build/static/nodedev (with musl: TARGET=x86_64-unknown-linux-musl CC=musl-gcc; smaller: STD=source)
	@scripts/build-library $(STATIC_DIR) $(CARGO) rustc --profile static --lib --crate-type staticlib \
	    $(CARGO_FLAGS) --target-dir '$(TARGET_DIR)' $(or $(STATIC_STD),$(if $(TARGET),--target '$(TARGET)')) --no-default-features
	@scripts/notices $(STATIC_DIR)/cargo.json '$(CARGO)' $(CARGO_FLAGS) --no-default-features $(if $(TARGET),--target '$(TARGET)') >$(STATIC_DIR)/THIRD-PARTY
	@rm -f $(STATIC_DIR)/nodedev # the library may be an older one, of another STD or TARGET
	@$(MAKE) --no-print-directory $(STATIC_DIR)/nodedev

$(STATIC_DIR)/nodedev: $(STATIC_SOURCES) $(wildcard tools/*.h tools/static/*.ld) include/virnodedev.h $(STATIC_DIR)/libvirnodedev.a
	$(CC) $(TOOL_CFLAGS) $(CPPFLAGS) $(CFLAGS) -g0 -Os -ffunction-sections -fdata-sections $(LDFLAGS) -static -Wl,--gc-sections -s \
	    $(STATIC_TABLES) -o $@ $(STATIC_SOURCES) $(STATIC_DIR)/libvirnodedev.a

# The licences of the crates that are linked in. Where there is no cargo (`sudo make install`), what was made before serves.
$(BUILD_DIR)/THIRD-PARTY: $(BUILD_DIR)/$(SONAME)
	@if command -v '$(CARGO)' >/dev/null || ! [ -e $@ ]; then \
	    scripts/notices $(BUILD_DIR)/cargo.json '$(CARGO)' $(CARGO_FLAGS) $(CARGO_FEATURES) $(if $(TARGET),--target '$(TARGET)') >$@; fi

sbom: ## list what the library is made of (CycloneDX)
	@mkdir -p $(BUILD_DIR)
	CARGO='$(CARGO)' CARGO_BUILD_TARGET='$(TARGET)' scripts/sbom $(filter-out --locked,$(CARGO_FLAGS)) $(CARGO_FEATURES) >$(BUILD_DIR)/virnodedev.cdx.json
	@echo $(BUILD_DIR)/virnodedev.cdx.json

$(BUILD_DIR)/%.o: tools/%.c $(wildcard tools/*.h) include/virnodedev.h
	@mkdir -p $(BUILD_DIR)
	$(CC) $(TOOL_CFLAGS) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# The page of `nodedev report`.
$(REPORT_PAGE): $(wildcard tools/report/*)
	@mkdir -p $(BUILD_DIR)
	LC_ALL=C awk -f tools/report/embed.awk tools/report/page.html >$@

$(BUILD_DIR)/%.o: $(BUILD_DIR)/%.c tools/report.h
	$(CC) $(TOOL_CFLAGS) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# Runs where it was built.
$(BUILD_DIR)/nodedev: $(TOOL_OBJECTS) $(BUILD_DIR)/$(SONAME)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(TOOL_OBJECTS) $(BUILD_DIR)/$(SONAME) -ldl '-Wl,-rpath,$$ORIGIN'

.SECONDARY: $(COMPAT_LIBRARIES:$(BUILD_DIR)/$(COMPAT_DIR)/%=$(BUILD_DIR)/stubs/%.c)

# What libvirt's table of symbols says of one of its libraries, or of all for the one that is preloaded.
$(BUILD_DIR)/stubs/%.c: compat/stubs.awk compat/symbols.tsv
	@mkdir -p $(@D)
	LC_ALL=C awk -f compat/stubs.awk -v part=c -v library=$(filter-out libvirnodedev%,$*) \
	    compat/symbols.tsv >$@
	LC_ALL=C awk -f compat/stubs.awk -v part=map -v library=$(filter-out libvirnodedev%,$*) \
	    compat/symbols.tsv >$(@:.c=.map)

$(BUILD_DIR)/$(COMPAT_DIR)/%: $(BUILD_DIR)/stubs/%.c compat/stub.h $(BUILD_DIR)/$(SONAME)
	@mkdir -p $(@D)
	$(CC) $(PREFIX_MAP) -std=c99 -Wall -Wextra $(WERROR) -fPIC -Icompat $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $(COMPAT_LDFLAGS) \
	    -Wl,-soname,$* -Wl,--version-script=$(<:.c=.map) -o $@ $(filter %.c,$^) $(BUILD_DIR)/$(SONAME)

$(BUILD_DIR)/$(COMPAT_DIR)/libvirnodedev-preload.so.0: compat/preload.c

# The header declares nothing of libvirt-qemu and libvirt-lxc.
$(BUILD_DIR)/$(COMPAT_DIR)/libvirt-api.xml: API_HEADER := include/virnodedev.h
$(BUILD_DIR)/$(COMPAT_DIR)/%-api.xml: compat/header.awk compat/api.awk include/virnodedev.h
	@mkdir -p $(@D)
	LC_ALL=C awk -f compat/header.awk -f compat/api.awk -v name=$* $(or $(API_HEADER),/dev/null) >$@

# A page for each function of the header.
$(BUILD_DIR)/man3: compat/header.awk man/functions.awk include/virnodedev.h
	@rm -rf $@ $@.new && mkdir -p $@.new
	LC_ALL=C awk -f compat/header.awk -f man/functions.awk -v folder=$@.new include/virnodedev.h
	@mv $@.new $@

# Looks for its libraries beside itself first, and then where it was built for.
RUN = $(CC) $(TOOL_CFLAGS) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -DLIBRARY_DIR='"$(1)"' -DLIBRARY_RELATIVE='"$(2)"' -o $@ $<

$(BUILD_DIR)/virnodedev-run: compat/run.c include/virnodedev.h
	@mkdir -p $(@D)
	$(call RUN,$(abspath $(BUILD_DIR)),.)

$(BUILD_DIR)/virnodedev-run-installed: compat/run.c include/virnodedev.h FORCE
	@mkdir -p $(@D)
	$(call RUN,$(LIBDIR),$(TO_LIBDIR))

# Handed over one by one: exported, they would also reach another `make install` that a
# test runs with a PREFIX of its own.
PLACES = PREFIX='$(PREFIX)' LIBDIR='$(LIBDIR)' INCLUDEDIR='$(INCLUDEDIR)' BINDIR='$(BINDIR)' \
	DATADIR='$(DATADIR)' MANDIR='$(MANDIR)' LIBEXECDIR='$(LIBEXECDIR)' DOCDIR='$(DOCDIR)' DESTDIR='$(DESTDIR)' BUILD_DIR='$(BUILD_DIR)' \
	LIBUDEV='$(LIBUDEV)'

# From an installed program to the libraries.
TO_LIBDIR = $(shell scripts/relative '$(BINDIR)' '$(LIBDIR)')

# Runs where it is installed, also in a prefix that the loader does not search, and where the whole tree
# is moved to.
$(BUILD_DIR)/nodedev-installed: $(TOOL_OBJECTS) $(BUILD_DIR)/$(SONAME) FORCE
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(TOOL_OBJECTS) $(BUILD_DIR)/$(SONAME) -ldl $(RPATH)

RPATH = $(if $(SEARCHED),,'-Wl,-rpath,$$ORIGIN/$(TO_LIBDIR):$(LIBDIR)')

html: $(BUILD_DIR)/man3 ## the manual pages as HTML
	@scripts/html $(BUILD_DIR)

wheel: library $(BUILD_DIR)/$(SONAME) $(BUILD_DIR)/THIRD-PARTY ## build the Python package, with the library in it
	VIRNODEDEV_LIBRARY=$(BUILD_DIR)/$(SONAME) VIRNODEDEV_NOTICES=$(BUILD_DIR)/THIRD-PARTY python3 python/wheel_backend.py $(BUILD_DIR)

demo: ## set up what is missing, build, and show this host's devices
	@scripts/setup --build
	@$(MAKE) --no-print-directory --silent all
	@scripts/demo $(BUILD_DIR)/nodedev

# With CLIENTS=1 a program written for libvirt that is not there is a failure, else its tests are skipped.
check: ## set up what is missing and run every test (CLIENTS=1: those of programs written for libvirt, too; LIBUDEV=no: without libudev)
	scripts/setup $(if $(CLIENTS),--clients,--test)
	$(if $(CLIENTS),scripts/build-clients)
	$(MAKE) --no-print-directory check-rust
	$(MAKE) --no-print-directory all without-libudev
	CLIENTS='$(CLIENTS)' scripts/check

# What a formatter and lints say differs between versions: who changes the sources has them, and
# continuous integration.
IF_THERE = if $(CARGO) $(1) --version >/dev/null 2>&1; then $(CARGO) $(1) $(2); \
	else echo '$@: cargo $(1) is not here and is left out'; fi

check-rust: ## the Rust part of `make check`
	scripts/layers
	$(call IF_THERE,fmt,--check)
	$(call IF_THERE,clippy,--all-targets $(CARGO_FLAGS) $(CARGO_PLACE) -- $(if $(WERROR),-D warnings))
	$(CARGO) test $(CARGO_FLAGS) $(CARGO_PLACE)
	RUSTDOCFLAGS='$(if $(WERROR),-D warnings)' $(CARGO) doc --quiet --no-deps $(CARGO_FLAGS) $(CARGO_PLACE)

check-deps: ## licences and known faults of crates (cargo deny), licence and copyright of each file (reuse), where these are installed
	@$(call IF_THERE,deny,check)
	@if reuse --version 2>/dev/null | grep -q 'version [3-9]'; then reuse lint; \
	else echo '$@: reuse 3 or newer is not here and is left out'; fi

# That of the last release; before the first, that of the commit from which on it is compared.
API_BASELINE ?= $(shell git describe --tags --abbrev=0 --match 'v[0-9]*' 2>/dev/null || echo 3cc1023)

check-api: ## what the Rust API has lost since the last release (cargo semver-checks), where that is installed: API_BASELINE=COMMIT
	@$(call IF_THERE,semver-checks,--baseline-rev $(API_BASELINE))

# The compiler of a release accepts -Z only with this variable. Leaks are counted by
# valgrind in scripts/check, which sees the C side too. A test asks for more memory than
# there is, and wants NULL for it.
check-asan: ## the Rust tests under AddressSanitizer
	host=$$(rustc -vV | sed -n 's/^host: //p') && \
	ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=address RUSTDOCFLAGS=-Zsanitizer=address \
	$(CARGO) test $(CARGO_FLAGS) --target "$$host" --target-dir '$(TARGET_DIR)/asan'

check-tsan: ## the C programs with threads under ThreadSanitizer (what that means: scripts/check-tsan)
	CARGO_TARGET_DIR='$(TARGET_DIR)' scripts/check-tsan

compare: all ## replay recorded machines (MACHINES=FOLDER: others than ours) and count what differs from libvirt (DIFF=1 shows it)
	scripts/compare-machines $(if $(DIFF),--diff) $(if $(MACHINES),--machines '$(MACHINES)')

vm-check: ## as root: compare with libvirt in a virtual machine (REPORT=FILE keeps the report)
	scripts/setup --vm
	$(MAKE) --no-print-directory all
	BUILD_DIR='$(BUILD_DIR)' REPORT='$(REPORT)' tests/vm/check

distro-check: ## as root: demo and check in a bare DIST (trixie, bookworm, sid; ARCH=…: cross-check and packages for it; REPORT=FILE)
	scripts/distro-check '$(DIST)' $(if $(ARCH),--arch '$(ARCH)') $(if $(REPORT),--report '$(REPORT)')

cross-check: ## build for ARCH (arm64, armhf, i386, ppc64el, riscv64, s390x) and test there under emulation (MACHINES=FOLDER, REPORT=FILE)
	scripts/setup --test
	@scripts/cross-check --look '$(ARCH)'
	$(MAKE) --no-print-directory all
	scripts/cross-check '$(ARCH)' $(if $(MACHINES),--machines '$(MACHINES)') $(if $(REPORT),--report '$(REPORT)')

faults: all ## fail every system call once with each error (hours; EVERY=100: every 100th and the first of each kind)
	scripts/setup --test
	VND_FAULTS=$(or $(EVERY),1) VND_TIMEOUT=36000 scripts/check test_faults

describable: all ## spoil each file of the recorded machines of MACHINES=FOLDER and ask for everything (137 took 7 minutes)
	scripts/setup --test
	VND_MACHINES='$(or $(MACHINES),tests/data/machines)' VND_TIMEOUT=36000 scripts/check test_describable

fuzz: library ## let a fuzzer run each fuzz target for SECONDS (20), and say whether it found anything
	scripts/fuzz $(or $(SECONDS),20)

prove: ## run the proofs: no panic, every input up to a bound, every order of threads (docs/proofs.md)
	scripts/prove

mutants: ## change each operator, condition and result in IN (src/caps, manage, view, xml), and see whether a test notices: an hour
	scripts/setup --test
	scripts/mutants $(IN)

release: ## set the version to VERSION, commit and tag it, and make what is published (KEY=… signs); docs/releasing.md
	scripts/release '$(VERSION)' $(if $(KEY),--key '$(KEY)')

bench: all ## time the library against plain C loops, and libvirt where it is installed; SCALE=yes: up to 200,000 devices, too
	scripts/bench

install: all $(BUILD_DIR)/nodedev-installed $(BUILD_DIR)/virnodedev-run-installed ## install below PREFIX (DESTDIR for packages)
	@$(PLACES) scripts/install

install-strip: ## install without symbol tables
	STRIP="$$($(CC) -print-prog-name=strip)" $(MAKE) --no-print-directory install

uninstall: ## remove what install put there
	@$(PLACES) scripts/install --uninstall

clean: ## remove everything that was built
	rm -rf $(BUILD_DIR)
	$(CARGO) clean --target-dir '$(TARGET_DIR)'

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.* ## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-21s %s\n", $$1, $$2 }'
	@echo
	@echo 'LIBUDEV=no builds without libudev; TARGET=TRIPLE CC=COMPILER (of Rust and of C) for another machine.'
	@echo 'install and uninstall take PREFIX (/usr/local), LIBDIR, INCLUDEDIR, BINDIR, DATADIR, MANDIR, LIBEXECDIR, DOCDIR, DESTDIR.'

FORCE:
