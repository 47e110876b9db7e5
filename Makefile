# hb - one Makefile, no recursion, no configure.
#
#   make deps     install what building needs          make demo     train a hold'em blueprint
#   make          build into build/                    make test     everything a developer runs
#   make bench    JSON lines, never pass or fail       make install  PREFIX= DESTDIR=
#
#   make check    make test, but installs nothing  make floors   who includes whom
#   make style    formatting, shellcheck, banned   make analyze  cppcheck, clang-tidy, gcc -fanalyzer
#   make fuzz     SECONDS=20 a target (clang)      make coverage lines reached by the unit tests
#   make identity  every build trains to the same bits: compilers, -O0 to -O3, native, portable
#   make check-long  sanitizers, valgrind, c17, a trial install: before a release
#
# Knobs: B= build folder, CC=, OPT=-O2, ARCH= (e.g. -march=native), WERROR= (packagers),
#        SAN=address,undefined, PORTABLE=1 (no Linux-only call), V=1.

VERSION  := 0.1.0
B        ?= build
PREFIX   ?= /usr/local
OPT      ?= -O2
ARCH     ?=
WERROR   ?= -Werror
STD      ?= -std=c11

all: # the default target; its parts are collected below

# A word and a file for each step; V=1 shows the commands, -s nothing.
ifeq ($(V),1)
Q   :=
say :=
else
Q    := @
quiet := $(findstring s,$(firstword -$(MAKEFLAGS)))
say   = @$(if $(quiet),:,printf '  %-4s %s\n' $(1) $@)
endif

# All processors unless told; goals that undo others keep their order.
ifeq ($(filter-out 0,$(MAKELEVEL))$(filter clean uninstall,$(MAKECMDGOALS)),)
MAKEFLAGS += -j$(shell getconf _NPROCESSORS_ONLN)
endif

# ---- flags -------------------------------------------------------------------------------------
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wcast-qual -Wcast-align \
        -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wpointer-arith \
        -Wwrite-strings -Wundef -Wvla -Wformat=2 -Wswitch-enum -Wredundant-decls \
        -Wnull-dereference -Wdouble-promotion -Wimplicit-fallthrough -fno-common
ifeq ($(findstring clang,$(shell $(CC) --version 2>/dev/null)),)
WARN += -Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wjump-misses-init
ifdef SAN # gcc: sanitizers and low optimisation make these guess
WARN += -Wno-format-truncation -Wno-maybe-uninitialized
endif
endif
# One meaning of float arithmetic everywhere; behind the user's flags, so that none of them changes a bit.
FP   := -fno-fast-math -ffp-contract=off
DEFS := -D_POSIX_C_SOURCE=200809L -DHB_VERSION='"$(VERSION)"'
ifdef PORTABLE
DEFS += -DHB_PORTABLE=1
endif
ifdef SAN
SANFLAGS := -fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer
endif
# CFLAGS=, CPPFLAGS= and LDFLAGS= of a packager take the place of OPT, ARCH and -g; what hb needs stays.
CFLAGS ?= $(OPT) $(ARCH) -g
override CPPFLAGS += -Ilib -I$(B)/gen $(DEFS)
override CFLAGS   += $(STD) $(FP) $(WARN) $(WERROR) $(SANFLAGS)
override LDFLAGS  += $(SANFLAGS)
override LDLIBS   += -Wl,--as-needed -lcyaml -ljansson -lzstd -lxxhash -lsodium -ldl -lm -pthread

# ---- what must be installed --------------------------------------------------------------------
# `make demo` and `make test` look for what they need and install what is missing.
ifneq ($(filter test,$(MAKECMDGOALS)),)
NEED := need-test
else ifneq ($(filter demo,$(MAKECMDGOALS)),)
NEED := need-build
endif
deps deps-test deps-dev need-build need-test: export CC := $(CC)
deps:
	@.ci/deps build
deps-test:
	@.ci/deps build test
deps-dev:
	@.ci/deps build test dev
need-build:
	@.ci/deps --if-missing build
need-test:
	@.ci/deps --if-missing build test

# ---- library -----------------------------------------------------------------------------------
LIB_SRC := $(sort $(wildcard lib/*/*.c))
ifdef PORTABLE
LIB_SRC := $(filter-out lib/base/os_linux.c,$(LIB_SRC))
else
LIB_SRC := $(filter-out lib/base/os_posix.c,$(LIB_SRC))
endif
LIB_OBJ := $(LIB_SRC:%.c=$(B)/%.o) $(B)/gen/eval_tables.o
LIB     := $(B)/libhb.a

$(B)/%.o: %.c | $(NEED)
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

$(LIB): $(LIB_OBJ)
	@rm -f $@
	$(call say,AR)
	$(Q)$(AR) rcs $@ $^

# tables of the hand evaluator, made by a program that runs here
HOSTCC ?= $(CC)
$(B)/gen/eval_tables.c: lib/cards/gen/eval_tables.c
	@mkdir -p $(@D)
	$(call say,HOST)
	$(Q)$(HOSTCC) $(STD) -O2 $(WARN) $(WERROR) $< -o $(B)/gen/eval_tables
	@$(B)/gen/eval_tables >$@.tmp
	@mv $@.tmp $@
$(B)/gen/eval_tables.o: $(B)/gen/eval_tables.c
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

# ---- tools, plugins ----------------------------------------------------------------------------
TOOLS   := $(patsubst tools/%.c,$(B)/bin/%,$(sort $(wildcard tools/hb-*.c)))
PLUGINS := $(patsubst plugins/%.c,$(B)/plugins/%.so,$(sort $(wildcard plugins/*.c)))
TOOL_OBJ := $(patsubst %.c,$(B)/%.o,$(wildcard tools/tool.c))

$(B)/bin/%: $(B)/tools/%.o $(TOOL_OBJ) $(LIB)
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(filter %.o,$^) $(LIB) $(LDLIBS) -o $@

# programs too long for one file: hb-bucket.c, bucket.c and bucket_*.c
$(B)/bin/hb-bucket: $(patsubst %.c,$(B)/%.o,$(sort $(wildcard tools/bucket*.c)))
$(B)/bin/hb-ckpt: $(patsubst %.c,$(B)/%.o,$(sort $(wildcard tools/ckpt*.c)))
$(B)/bin/hb-eval: $(patsubst %.c,$(B)/%.o,$(sort $(wildcard tools/eval*.c)))

$(B)/plugins/%.so: plugins/%.c lib/abstraction/hb_plugin.h
	@mkdir -p $(@D)
	$(call say,SO)
	$(Q)$(CC) -Ilib/abstraction $(DEFS) $(CFLAGS) -fPIC -shared $< -lm -o $@

all: $(LIB) $(TOOLS) $(PLUGINS)

# ---- tests -------------------------------------------------------------------------------------
UNIT  := $(patsubst tests/unit/%.c,$(B)/tests/%,$(sort $(wildcard tests/unit/t_*.c)))
BENCH := $(patsubst tests/bench/%.c,$(B)/bench/%,$(sort $(wildcard tests/bench/b_*.c)))
# code shared by the tests, e.g. the plain model of the solver
TEST_OBJ := $(patsubst %.c,$(B)/%.o,$(filter-out tests/unit/t_%.c tests/unit/long_%.c,$(wildcard tests/unit/*.c)))
TEST_LIB := $(B)/libtest.a
# unit tests that take long: check-long only
LONG  := $(patsubst tests/unit/%.c,$(B)/tests/%,$(sort $(wildcard tests/unit/long_*.c)))

$(TEST_LIB): $(TEST_OBJ)
	@rm -f $@
	$(call say,AR)
	$(Q)$(AR) rcs $@ $^

$(B)/tests/%: $(B)/tests/unit/%.o $(TEST_LIB) $(LIB)
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -lm -o $@
$(B)/bench/%: $(B)/tests/bench/%.o $(TEST_LIB) $(LIB)
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -lm -o $@

# plugins that are wrong on purpose, for the loader
TEST_PLUGINS := $(patsubst tests/plugins/%.c,$(B)/tests/plugins/%.so,$(sort $(wildcard tests/plugins/*.c tests/plugins/*/*.c)))
$(B)/tests/plugins/%.so: tests/plugins/%.c lib/abstraction/hb_plugin.h
	@mkdir -p $(@D)
	$(call say,SO)
	$(Q)$(CC) -Ilib/abstraction $(DEFS) $(CFLAGS) -fPIC -shared $< -lm -pthread -o $@

# faults on order: short reads and writes, EINTR
$(B)/tests/t_io: LDFLAGS += -Wl,--wrap=read,--wrap=write

# fuzz targets with a plain driver: the corpus is replayed in every test run
FUZZ := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
$(B)/fuzz/%: $(B)/tests/fuzz/%.o $(B)/tests/fuzz/driver.o $(LIB)
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -lm -o $@

# Golden files change only by this, in a commit of its own that says why.
golden-update: $(B)/tests/t_message $(B)/tests/t_compact $(B)/tests/t_container
	$(B)/tests/t_message --golden >tests/golden/frames.hex
	$(B)/tests/t_compact --golden >tests/golden/delta-zstd.hex
	$(B)/tests/t_container --golden tests/golden/container-1.hbc >tests/golden/container-1.root

# The parts of tests/run.sh; the last line is "N passed, N failed".
PARTS ?= unit cli fuzz floors man
test check: all $(UNIT) $(TEST_PLUGINS) $(FUZZ) $(NEED)
	@B=$(B) tests/run.sh $(PARTS)
unit: $(UNIT) $(PLUGINS) $(TEST_PLUGINS)
	@B=$(B) tests/run.sh unit
cli: all $(TEST_PLUGINS)
	@B=$(B) tests/run.sh cli
fuzz-replay: $(FUZZ)
	@B=$(B) tests/run.sh fuzz
floors: $(LIB)
	@B=$(B) tests/run.sh floors
man-check: all
	@B=$(B) tests/run.sh man
style: export CC := $(CC)
style: export CPPFLAGS := $(CPPFLAGS)
style: export CFLAGS := $(CFLAGS)
style:
	@tests/style.sh

bench: all $(BENCH)
	@for t in $(BENCH); do $$t || exit 1; done

demo: export HB_DEMO_SINCE := $(shell date +%s)
demo: all
	@$(if $(wildcard examples/demo.sh),B=$(B) examples/demo.sh,echo "no examples/demo.sh" >&2; exit 66)

# ---- for developers ----------------------------------------------------------------------------
# Builds of their own in $(B)-NAME.
SECONDS ?= 20
fuzz:
	$(MAKE) B=$(B)-fuzz CC=clang OPT=-O1 SAN=address,undefined,fuzzer-no-link fuzzers
	@B=$(B)-fuzz SECONDS_EACH=$(SECONDS) tests/fuzz/fuzz.sh
fuzzers: $(FUZZ:%=%.libfuzzer)
$(B)/fuzz/%.libfuzzer: $(B)/tests/fuzz/%.o $(LIB)
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -fsanitize=fuzzer $^ $(LDLIBS) -lm -o $@

C_SRC := $(LIB_SRC) $(sort $(wildcard tools/*.c plugins/*.c))
# without the generated tables, which take it a minute to read
cppcheck:
	cppcheck -q -j2 --std=c11 --library=tests/cppcheck.cfg --enable=warning,performance,portability --inline-suppr \
	    --suppress=missingIncludeSystem --suppress=ctuuninitvar --error-exitcode=1 \
	    -Ilib -Ilib/abstraction $(C_SRC)
# The analyser does not see that a call in another file filled a pointer in; the rest is better at -O2.
ANALYZER_OFF := -Wno-analyzer-null-dereference -Wno-analyzer-null-argument \
    -Wno-analyzer-shift-count-overflow -Wno-maybe-uninitialized -Wno-format-truncation
analyze: cppcheck
	clang-tidy --quiet --warnings-as-errors='*' $(C_SRC) -- $(CPPFLAGS) -Ilib/abstraction $(STD) \
	    2>$(B)/clang-tidy.err || { cat $(B)/clang-tidy.err; exit 1; }
	$(MAKE) B=$(B)-analyzer CC=gcc OPT='-O1 -fanalyzer' WERROR='-Werror $(ANALYZER_OFF)' all
coverage:
	$(MAKE) B=$(B)-cov CC=gcc OPT='-O0 --coverage' WERROR= unit
	@tests/coverage.sh $(B)-cov
identity:
	@B=$(B) tests/identity.sh
check-long: check style $(LONG)
	@B=$(B) tests/run.sh long
	$(MAKE) B=$(B) identity
	$(MAKE) B=$(B)-san SAN=address,undefined OPT=-O1 check
	$(MAKE) B=$(B)-c17 STD=-std=c17 unit
	$(MAKE) B=$(B)-portable PORTABLE=1 check
	@command -v valgrind >/dev/null || { echo "no valgrind: make deps-dev" >&2; exit 69; }
	@B=$(B) tests/run.sh memory
	HB_LONG=1 $(MAKE) B=$(B) check
	$(MAKE) B=$(B) DESTDIR=$(abspath $(B))/root PREFIX=/usr install
	$(MAKE) B=$(B) DESTDIR=$(abspath $(B))/root PREFIX=/usr uninstall

# ---- install -----------------------------------------------------------------------------------
INSTALL ?= install
BINDIR   = $(DESTDIR)$(PREFIX)/bin
PLUGDIR  = $(DESTDIR)$(PREFIX)/lib/hb/plugins
INCDIR   = $(DESTDIR)$(PREFIX)/include/hb
PCDIR    = $(DESTDIR)$(PREFIX)/lib/pkgconfig
MANDIR   = $(DESTDIR)$(PREFIX)/share/man
SHAREDIR = $(DESTDIR)$(PREFIX)/share/hb
MAN     := $(sort $(wildcard man/*.[1-9]))
HEADER  := $(wildcard lib/abstraction/hb_plugin.h)

install: all
	@$(INSTALL) -d $(BINDIR) $(PLUGDIR) $(INCDIR) $(PCDIR) $(SHAREDIR)
	@for f in $(TOOLS); do $(INSTALL) -m 755 $$f $(BINDIR)/ || exit 1; done
	@for f in $(PLUGINS); do $(INSTALL) -m 644 $$f $(PLUGDIR)/ || exit 1; done
	@for f in $(HEADER); do $(INSTALL) -m 644 $$f $(INCDIR)/ || exit 1; done
	@for f in $(MAN); do d=$(MANDIR)/man$${f##*.}; $(INSTALL) -d $$d && \
	    $(INSTALL) -m 644 $$f $$d/ || exit 1; done
	@tar -cf - --exclude='*.so' --exclude='*.o' examples | tar -C $(SHAREDIR) -xf -
	@printf '%s\n' 'prefix=$(PREFIX)' 'includedir=$${prefix}/include/hb' \
	    'plugindir=$${prefix}/lib/hb/plugins' '' 'Name: hb-plugin' \
	    'Description: card abstraction plugins for hb' 'Version: $(VERSION)' \
	    'Cflags: -I$${includedir}' >$(PCDIR)/hb-plugin.pc
	@echo "installed hb $(VERSION) under $(DESTDIR)$(PREFIX)"
uninstall:
	rm -f $(TOOLS:$(B)/bin/%=$(BINDIR)/%) $(PLUGINS:$(B)/plugins/%=$(PLUGDIR)/%) \
	    $(INCDIR)/hb_plugin.h $(PCDIR)/hb-plugin.pc $(foreach f,$(MAN),$(MANDIR)/man$(patsubst .%,%,$(suffix $(f)))/$(notdir $(f)))
	rm -rf $(SHAREDIR)/examples
	-@rmdir $(SHAREDIR) $(INCDIR) $(PLUGDIR) $(dir $(PLUGDIR)) 2>/dev/null || true

clean:
	rm -rf $(B) $(B)-fuzz $(B)-analyzer $(B)-cov $(B)-san $(B)-c17 $(B)-portable \
	    $(B)-O0 $(B)-O3 $(B)-native $(B)-clang $(B)-clang-O0 $(B)-clang-native

.PHONY: all golden-update deps deps-test deps-dev need-build need-test test check unit cli fuzz-replay floors \
        man-check style bench demo fuzz fuzzers cppcheck analyze coverage identity check-long install uninstall clean
.SECONDARY:
-include $(LIB_OBJ:.o=.d) $(patsubst %.c,$(B)/%.d,$(wildcard tools/*.c tests/unit/*.c tests/bench/*.c tests/fuzz/*.c))
