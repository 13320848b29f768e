# Lacuna: `make help` lists the targets.
#
# Objects are keyed by the compiler and its flags, so that builds with other flags do not mix.

VERSION  := 0.1.0
PREFIX   ?= /usr/local
DESTDIR  ?=
BUILD    ?= build
CC       ?= cc
OPT      ?= -O2 -g
WERROR   ?= 0
SANITIZE ?=
CUDA     ?= $(if $(shell command -v nvcc 2>/dev/null),1,0)
DEPS     ?= 1

WARN   := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes $(if $(filter 1,$(WERROR)),-Werror)
CFLAGS_ALL := -std=c11 -D_GNU_SOURCE -DLAC_VERSION='"$(VERSION)"' $(OPT) $(CFLAGS) $(WARN) -fPIC -fopenmp \
  -fvisibility=hidden -ffp-contract=off -fno-math-errno -fno-trapping-math \
  $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer) -Iruntime/include -Iruntime
LDFLAGS_ALL := $(LDFLAGS) -fopenmp $(if $(SANITIZE),-fsanitize=$(SANITIZE))

KEY := $(shell printf '%s' '$(CC) $(shell $(CC) -dumpfullversion -dumpmachine 2>/dev/null) $(CFLAGS_ALL)' | cksum | cut -d' ' -f1)
OBJ := $(BUILD)/obj/$(KEY)

# The convolution kernels are one portable source, built once for each instruction set.
ISA_SRC  := $(wildcard runtime/cpu/isa/*.c)
ISAS     := portable $(if $(filter x86_64-%,$(shell $(CC) -dumpmachine 2>/dev/null)),avx2 avx512)
ISA_portable :=
ISA_avx2     := -mavx2 -mfma -mf16c
ISA_avx512   := $(ISA_avx2) -mavx512f -mavx512vl -mavx512dq -mavx512bw -mprefer-vector-width=512

LIB_SRC  := $(wildcard runtime/core/*.c runtime/sparse/*.c runtime/ops/*.c runtime/cpu/*.c)
LIB_OBJ  := $(LIB_SRC:%.c=$(OBJ)/%.o) $(foreach i,$(ISAS),$(ISA_SRC:runtime/cpu/isa/%.c=$(OBJ)/isa/$i/%.o))
IO_OBJ   := $(patsubst %.c,$(OBJ)/%.o,$(wildcard runtime/io/*.c))
PROG_OBJ := $(patsubst %.c,$(OBJ)/%.o,$(wildcard runtime/script/*.c))
HEADERS  := $(wildcard runtime/include/lacuna/*.h)

LIB  := $(BUILD)/liblacuna.so
IO   := $(BUILD)/liblacuna_io.so
PROG := $(BUILD)/lacuna
CDEF := $(BUILD)/lua/lacuna/cdef.lua

HDF5_CFLAGS = $(shell pkg-config --cflags hdf5)
HDF5_LIBS   = $(shell pkg-config --libs hdf5)
PNG_CFLAGS  = $(shell pkg-config --cflags libpng)
PNG_LIBS    = $(shell pkg-config --libs libpng zlib)
LUA_CFLAGS  = $(shell pkg-config --cflags luajit)
LUA_LIBS    = $(shell pkg-config --libs luajit)

.PHONY: all
all: $(LIB) $(IO) $(PROG) $(CDEF)

$(OBJ)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) $(EXTRA) -MMD -MP -c $< -o $@

$(OBJ)/runtime/io/%.o: EXTRA = $(HDF5_CFLAGS) $(PNG_CFLAGS)
$(OBJ)/runtime/script/%.o: EXTRA = $(LUA_CFLAGS)

define isa_rule
$(OBJ)/isa/$1/%.o: runtime/cpu/isa/%.c
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS_ALL) $$(ISA_$1) -O3 -ffp-contract=fast -DLAC_ISA=$1 -MMD -MP -c $$< -o $$@
endef
$(foreach i,$(ISAS),$(eval $(call isa_rule,$i)))

# A file that lists the objects of this build: it changes when the flags or the sources do.
$(BUILD)/%.link: FORCE
	@mkdir -p $(@D)
	@echo '$(OBJ) $(LIB_SRC) $(ISA_SRC) $(IO_OBJ) $(PROG_OBJ)' | cmp -s - $@ || echo '$(OBJ) $(LIB_SRC) $(ISA_SRC) $(IO_OBJ) $(PROG_OBJ)' > $@
.PHONY: FORCE
FORCE:

$(LIB): $(LIB_OBJ) $(BUILD)/objects.link
	$(CC) -shared -Wl,-soname,liblacuna.so.0 -Wl,--no-undefined -o $@ $(LIB_OBJ) $(LDFLAGS_ALL) -lm -ldl -lpthread
	@ln -sf liblacuna.so $(BUILD)/liblacuna.so.0

$(IO): $(IO_OBJ) $(BUILD)/objects.link
	$(CC) -shared -Wl,-soname,liblacuna_io.so.0 -Wl,--no-undefined -o $@ $(IO_OBJ) $(LDFLAGS_ALL) $(HDF5_LIBS) $(PNG_LIBS) -lm

$(PROG): $(PROG_OBJ) $(BUILD)/objects.link
	$(CC) -rdynamic -o $@ $(PROG_OBJ) $(LDFLAGS_ALL) $(LUA_LIBS) -lm -ldl

# What ffi.cdef reads is the body of lacuna.h: no comments, no preprocessor lines, no extern "C".
$(CDEF): runtime/include/lacuna/lacuna.h runtime/packaging/cdef.sh
	@mkdir -p $(@D)
	sh runtime/packaging/cdef.sh $< > $@.tmp && mv $@.tmp $@

-include $(shell find $(OBJ) -name '*.d' 2>/dev/null)

.PHONY: clean
clean:
	rm -rf $(BUILD)
