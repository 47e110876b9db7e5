# hb - one Makefile, no recursion, no configure.
#
#   make deps     install what building needs          make demo     train a hold'em blueprint
#   make          build into build/                    make test     everything a developer runs
#   make bench    JSON lines, never pass or fail       make install  PREFIX= DESTDIR=
#
# Knobs: B= build folder, CC=, OPT=-O2, ARCH= (e.g. -march=native), WERROR= (packagers),
#        SAN=address,undefined, PORTABLE=1 (no Linux-only call).

VERSION  := 0.1.0
B        ?= build
PREFIX   ?= /usr/local
OPT      ?= -O2
ARCH     ?=
WERROR   ?= -Werror
STD      ?= -std=c11

all: # the default target; its parts are collected below

# ---- flags -------------------------------------------------------------------------------------
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wcast-qual -Wcast-align \
        -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wpointer-arith \
        -Wwrite-strings -Wundef -Wvla -Wformat=2 -Wswitch-enum -Wredundant-decls \
        -Wnull-dereference -Wdouble-promotion -Wimplicit-fallthrough -fno-common
ifeq ($(findstring clang,$(shell $(CC) --version 2>/dev/null)),)
WARN += -Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wjump-misses-init
endif
FP   := -ffp-contract=off
DEFS := -D_POSIX_C_SOURCE=200809L -DHB_VERSION='"$(VERSION)"'
ifdef PORTABLE
DEFS += -DHB_PORTABLE=1
endif
ifdef SAN
SANFLAGS := -fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer
endif
CPPFLAGS += -Ilib -I$(B)/gen $(DEFS)
CFLAGS   += $(STD) $(OPT) $(ARCH) -g $(FP) $(WARN) $(WERROR) $(SANFLAGS)
LDFLAGS  += $(SANFLAGS)
LDLIBS   += -Wl,--as-needed -lcyaml -ljansson -lzstd -lxxhash -lsodium -ldl -lm

# ---- library -----------------------------------------------------------------------------------
LIB_SRC := $(sort $(wildcard lib/*/*.c))
ifdef PORTABLE
LIB_SRC := $(filter-out lib/base/os_linux.c,$(LIB_SRC))
else
LIB_SRC := $(filter-out lib/base/os_posix.c,$(LIB_SRC))
endif
GEN_SRC :=
LIB_OBJ := $(LIB_SRC:%.c=$(B)/%.o)
LIB     := $(B)/libhb.a

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

$(LIB): $(LIB_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

# tables of the hand evaluator, made by a program that runs here
HOSTCC ?= $(CC)
$(B)/gen/eval_tables.inc: lib/cards/gen/eval_tables.c
	@mkdir -p $(@D)
	$(HOSTCC) $(STD) -O2 $(WARN) $(WERROR) $< -o $(B)/gen/eval_tables
	$(B)/gen/eval_tables >$@.tmp
	@mv $@.tmp $@
$(B)/lib/cards/eval.o: $(B)/gen/eval_tables.inc

# ---- tools, plugins ----------------------------------------------------------------------------
TOOLS   := $(patsubst tools/%.c,$(B)/bin/%,$(sort $(wildcard tools/hb-*.c)))
PLUGINS := $(patsubst plugins/%.c,$(B)/plugins/%.so,$(sort $(wildcard plugins/*.c)))
TOOL_OBJ := $(patsubst %.c,$(B)/%.o,$(wildcard tools/tool.c))

$(B)/bin/%: $(B)/tools/%.o $(TOOL_OBJ) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -o $@

$(B)/plugins/%.so: plugins/%.c lib/abstraction/hb_plugin.h
	@mkdir -p $(@D)
	$(CC) -Ilib/abstraction $(DEFS) $(CFLAGS) -fPIC -shared $< -lm -o $@

all: $(LIB) $(TOOLS) $(PLUGINS)

# ---- tests -------------------------------------------------------------------------------------
UNIT  := $(patsubst tests/unit/%.c,$(B)/tests/%,$(sort $(wildcard tests/unit/t_*.c)))
BENCH := $(patsubst tests/bench/%.c,$(B)/bench/%,$(sort $(wildcard tests/bench/b_*.c)))
# code shared by the tests, e.g. the plain model of the solver
TEST_OBJ := $(patsubst %.c,$(B)/%.o,$(filter-out tests/unit/t_%.c,$(wildcard tests/unit/*.c)))

$(B)/tests/%: $(B)/tests/unit/%.o $(TEST_OBJ) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -lm -o $@
$(B)/bench/%: $(B)/tests/bench/%.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -lm -o $@

# plugins that are wrong on purpose, for the loader
TEST_PLUGINS := $(patsubst tests/plugins/%.c,$(B)/tests/plugins/%.so,$(sort $(wildcard tests/plugins/*.c)))
$(B)/tests/plugins/%.so: tests/plugins/%.c lib/abstraction/hb_plugin.h
	@mkdir -p $(@D)
	$(CC) -Ilib/abstraction $(DEFS) $(CFLAGS) -fPIC -shared $< -o $@

# faults on order: short reads and writes, EINTR
$(B)/tests/t_io: LDFLAGS += -Wl,--wrap=read,--wrap=write

unit: $(UNIT) $(PLUGINS) $(TEST_PLUGINS)
	@fail=0; for t in $(UNIT); do $$t >$$t.tap || { fail=1; echo "FAILED $$t"; grep -v '^ok' $$t.tap; }; done; \
	 cat /dev/null $(UNIT:%=%.tap) | awk '/^ok/{p++} /^not ok/{f++} END{printf "unit: %d passed, %d failed\n", p, f}'; exit $$fail
bench: all $(BENCH)
	@for t in $(BENCH); do $$t || exit 1; done

clean:
	rm -rf $(B)

.PHONY: all unit bench clean
.SECONDARY:
-include $(LIB_OBJ:.o=.d) $(patsubst %.c,$(B)/%.d,$(wildcard tools/*.c tests/unit/*.c tests/bench/*.c))
