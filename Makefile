# Lacuna: `make help` lists the targets.
#
# Objects are keyed by the compiler and its flags, so that builds with other flags do not mix.
# What a fresh machine lacks is installed by `demo` and `test` first; they then call make again,
# because the variables below ask the compiler and pkg-config while this file is read.

VERSION  := 0.1.0
PREFIX   ?= /usr/local
DESTDIR  ?=
BUILD    ?= build
# A folder below this one goes by one name, however it was given: make knows headers' users by name.
override BUILD := $(patsubst $(CURDIR)/%,%,$(abspath $(BUILD)))
CC       ?= cc
OPT      ?= -O2 -g
WERROR   ?= 0
SANITIZE ?=
ISA_OPT  ?= $(if $(SANITIZE),-O1 -DLAC_EXPLICIT_FMA,-O3)
CUDA     ?= $(if $(shell command -v $(or $(NVCC),nvcc) 2>/dev/null),1,0)
NVCC     ?= nvcc
DEPS     ?= 1

ifeq ($(MAKELEVEL)$(filter -j% --jobserver%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 1)
endif
comma := ,
# V=1 shows whole commands.
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(Q),@printf '  %-6s %s\n' '$1' '$2')

WARN   := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes $(if $(filter 1,$(WERROR)),-Werror)
CFLAGS_ALL := -std=c11 -D_GNU_SOURCE -DLAC_VERSION='"$(VERSION)"' $(OPT) $(CFLAGS) $(WARN) -fPIC -fopenmp \
  -fvisibility=hidden -ffp-contract=off -fno-math-errno -fno-trapping-math \
  $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer) -Iruntime/include -Iruntime
LDFLAGS_ALL := $(LDFLAGS) -fopenmp -Wl,--compress-debug-sections=zlib $(if $(SANITIZE),-fsanitize=$(SANITIZE))

KEY := $(shell printf '%s' '$(CC) $(shell $(CC) -dumpfullversion -dumpmachine 2>/dev/null) $(CFLAGS_ALL)' | cksum | cut -d' ' -f1)
OBJ := $(BUILD)/obj/$(KEY)

# The convolution kernels are one portable source, built once for each instruction set. (Optimized and
# sanitized, the register tiles would take minutes to compile, with clang in any way.)
ISA_SRC  := $(wildcard runtime/cpu/isa/*.c)
ISAS     := cpu $(if $(filter x86_64-%,$(shell $(CC) -dumpmachine 2>/dev/null)),avx2 avx512)
ISA_cpu      :=
ISA_avx2     := -mavx2 -mfma -mf16c
ISA_avx512   := $(ISA_avx2) -mavx512f -mavx512vl -mavx512dq -mavx512bw -mprefer-vector-width=512

ISA_avx512bf16 := $(ISA_avx512) -mavx512bf16

LIB_SRC  := $(wildcard runtime/core/*.c runtime/sparse/*.c runtime/ops/*.c runtime/cpu/*.c)
LIB_OBJ  := $(LIB_SRC:%.c=$(OBJ)/%.o) $(foreach i,$(ISAS),$(ISA_SRC:runtime/cpu/isa/%.c=$(OBJ)/isa/$i/%.o)) \
  $(if $(filter avx512,$(ISAS)),$(OBJ)/isa/avx512bf16/tile_bf16.o)
IO_OBJ   := $(patsubst %.c,$(OBJ)/%.o,$(wildcard runtime/io/*.c))
SCRIPT_OBJ := $(patsubst %.c,$(OBJ)/%.o,$(wildcard runtime/script/lib_*.c) runtime/script/root.c)
PROG_OBJ := $(patsubst %.c,$(OBJ)/%.o,$(filter-out runtime/script/lib_%.c,$(wildcard runtime/script/*.c)))

# The CUDA backend: kernels in .cu, their host side in C. It is built by nvcc into liblacuna_cuda.so, and by
# g++ on the emulator of spec/simt into a library of the same name, on which it is tested without a GPU.
# Kernels whose arithmetic must not be contracted are named in CUDA_NO_FMA. The newest target is embedded as
# PTX too, for GPUs to come.
CUDA_CU     := $(wildcard cuda/*.cu)
CUDA_C      := $(wildcard cuda/*.c)
CUDA_NO_FMA := dense_% point_% voxelize% pool% group_norm to_dense coords_%
CUDA_ARCHS  ?= 80 90
CUDA_HOME   ?= $(patsubst %/bin/,%,$(dir $(realpath $(shell command -v $(NVCC) 2>/dev/null))))
NVCC_FLAGS  := -std=c++17 -O3 -Xptxas -v $(foreach a,$(CUDA_ARCHS),-gencode=arch=compute_$a,code=sm_$a) \
  -gencode=arch=compute_$(lastword $(CUDA_ARCHS)),code=compute_$(lastword $(CUDA_ARCHS)) \
  -Xcompiler -fPIC,-fvisibility=hidden -Icuda -Iruntime/include -Iruntime $(if $(filter 1,$(WERROR)),-Werror all-warnings)
CUDA_KEY    := $(shell printf '%s' '$(NVCC_FLAGS)' | cksum | cut -d' ' -f1)
CUDA_OBJ    := $(CUDA_CU:%.cu=$(OBJ)/cuda-$(CUDA_KEY)/%.o) $(CUDA_C:%.c=$(OBJ)/cuda-$(CUDA_KEY)/%.o)
GPU         := $(BUILD)/liblacuna_cuda.so
BUNDLE      := $(BUILD)/bundle/lacuna-$(VERSION)
EMULATED    := $(BUILD)/emulator/liblacuna_cuda.so

LIB  := $(BUILD)/liblacuna.so
IO   := $(BUILD)/liblacuna_io.so
SCRIPT := $(BUILD)/liblacuna_script.so
PROG := $(BUILD)/lacuna
CDEF := $(BUILD)/lua/lacuna/cdef.lua

HDF5_CFLAGS = $(shell pkg-config --cflags hdf5)
HDF5_LIBS   = $(shell pkg-config --libs hdf5)
PNG_CFLAGS  = $(shell pkg-config --cflags libpng)
PNG_LIBS    = $(shell pkg-config --libs libpng zlib)
EDIT_CFLAGS = $(shell pkg-config --cflags libedit)
EDIT_LIBS   = $(shell pkg-config --libs libedit)
LUA_CFLAGS  = $(shell pkg-config --cflags luajit)
LUA_LIBS    = $(shell pkg-config --libs luajit)

.PHONY: all
all: $(LIB) $(IO) $(SCRIPT) $(PROG) $(CDEF) $(if $(filter 1,$(CUDA)),$(GPU))

$(OBJ)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CFLAGS_ALL) $(EXTRA) -MMD -MP -c $< -o $@

$(OBJ)/runtime/io/%.o: EXTRA = $(HDF5_CFLAGS) $(PNG_CFLAGS)
$(OBJ)/runtime/script/%.o: EXTRA = $(LUA_CFLAGS) $(EDIT_CFLAGS)

define isa_rule
$(OBJ)/isa/$1/%.o: runtime/cpu/isa/%.c
	@mkdir -p $$(@D)
	$$(call say,CC,$$< ($1))
	$$(Q)$$(CC) $$(CFLAGS_ALL) $$(ISA_$1) $$(ISA_OPT) $$(if $$(FUZZER),$$(if $$(findstring tile,$$*),-O2 -fno-sanitize=all)) $$(if $$(filter tile tile_bf16 implicit_tile epilogue,$$*),-ffp-contract=fast) -DLAC_ISA=$1 -MMD -MP -c $$< -o $$@
endef
$(foreach i,$(ISAS) avx512bf16,$(eval $(call isa_rule,$i)))

$(OBJ)/cuda-$(CUDA_KEY)/%.o: %.cu
	@mkdir -p $(@D)
	$(call say,NVCC,$<)
	$(Q)$(NVCC) $(NVCC_FLAGS) $(if $(filter $(CUDA_NO_FMA),$(basename $(<F))),-fmad=false)$(if $(filter conv3d_mma.cu,$(<F)), -no-compress) -MMD -MP -c $< -o $@ 2>$@.ptxas || { cat $@.ptxas >&2; exit 1; }

$(OBJ)/cuda-$(CUDA_KEY)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CFLAGS_ALL) -Icuda -isystem $(CUDA_HOME)/include -MMD -MP -c $< -o $@

# A file that lists the objects of this build: it changes when the flags or the sources do.
$(BUILD)/%.link: FORCE
	@mkdir -p $(@D)
	@echo '$(OBJ) $(LIB_SRC) $(ISA_SRC) $(IO_OBJ) $(SCRIPT_OBJ) $(PROG_OBJ) $(CUDA_OBJ)' | cmp -s - $@ || echo '$(OBJ) $(LIB_SRC) $(ISA_SRC) $(IO_OBJ) $(SCRIPT_OBJ) $(PROG_OBJ) $(CUDA_OBJ)' > $@
.PHONY: FORCE
FORCE:

$(LIB): $(LIB_OBJ) $(BUILD)/objects.link
	$(call say,LINK,$@)
	$(Q)$(CC) -shared -Wl,-soname,liblacuna.so.0 -Wl,-z,nodelete -Wl,--no-undefined -o $@ $(LIB_OBJ) $(LDFLAGS_ALL) -lm -ldl -lpthread
	@ln -sf liblacuna.so $(BUILD)/liblacuna.so.0

$(GPU): $(CUDA_OBJ) $(BUILD)/cuda.link
	$(call say,LINK,$@)
	$(Q)$(NVCC) -shared -cudart static $(foreach a,$(lastword $(CUDA_ARCHS)),-arch=sm_$a) -Xlinker --exclude-libs,ALL,-soname,liblacuna_cuda.so.0 -o $@ $(CUDA_OBJ) -ldl -lpthread -lrt

# Programs for a GPU: the PTX wrappers beside their twins, bandwidth, and the kernels' own tests.
GPU_TESTS := $(patsubst spec/simt/kernels/%.cpp,$(BUILD)/gpu/%,$(wildcard spec/simt/kernels/*_test.cpp))
KERNELS_A := $(OBJ)/cuda-$(CUDA_KEY)/kernels.a
GPU_NVCC   = $(NVCC) -std=c++17 -O3 $(foreach a,$(CUDA_ARCHS),-gencode=arch=compute_$a,code=sm_$a) -cudart static \
  -Xcompiler -Wall,-ffp-contract=off -Icuda -Iruntime/include -Iruntime -Ispec/simt

.PHONY: gpu-programs
gpu-programs: $(BUILD)/gpu/conformance $(BUILD)/gpu/bandwidth $(GPU_TESTS)

$(KERNELS_A): $(CUDA_CU:%.cu=$(OBJ)/cuda-$(CUDA_KEY)/%.o)
	@rm -f $@ && ar rcs $@ $^

$(BUILD)/gpu/conformance: spec/gpu/conformance.cu spec/simt/warp_matrix.cpp $(wildcard spec/simt/*.h spec/simt/kernels/*.h cuda/*.cuh)
	@mkdir -p $(@D)
	$(call say,NVCC,$<)
	$(Q)$(GPU_NVCC) $(filter %.cu %.cpp,$^) -o $@

$(BUILD)/gpu/bandwidth: spec/gpu/bandwidth.cu $(wildcard spec/simt/kernels/*.h cuda/*.cuh)
	@mkdir -p $(@D)
	$(call say,NVCC,$<)
	$(Q)$(GPU_NVCC) $< -o $@

$(BUILD)/gpu/%_test: spec/simt/kernels/%_test.cpp $(KERNELS_A) $(wildcard spec/simt/kernels/*.h)
	@mkdir -p $(@D)
	$(call say,NVCC,$<)
	$(Q)$(NVCC) -std=c++17 -O1 -cudart static -Icuda -Iruntime/include -Iruntime $< $(KERNELS_A) -o $@

# The emulated library: by the makefile of spec/simt, whose objects its tests share.
SIMT_DEPS := $(wildcard cuda/* spec/simt/*.cpp spec/simt/*.h spec/simt/*/*.h runtime/core/*.h runtime/sparse/*.h runtime/ops/*.h)
$(EMULATED): $(SIMT_DEPS)
	$(call say,G++,$@)
	$(Q)$(MAKE) -s -f spec/simt/build.mk DIR=$(abspath $(BUILD))/simt/plain OUT=$@ SOURCES='$(CUDA_CU) $(CUDA_C)' SHARED=1 \
	  EXTRA='-DLAC_EMULATED -fvisibility=hidden -Wno-extra $(if $(filter 1,$(WERROR)),-Werror)'

$(IO): $(IO_OBJ) $(BUILD)/objects.link
	$(call say,LINK,$@)
	$(Q)$(CC) -shared -Wl,-soname,liblacuna_io.so.0 $(if $(FUZZER),,-Wl$(comma)--no-undefined) -o $@ $(IO_OBJ) $(LDFLAGS_ALL) $(HDF5_LIBS) $(PNG_LIBS) -lm

# It finds liblacuna beside itself, whatever the host was linked with.
$(SCRIPT): $(SCRIPT_OBJ) $(LIB) $(CDEF) $(BUILD)/objects.link
	$(call say,LINK,$@)
	$(Q)$(CC) -shared -Wl,-soname,liblacuna_script.so.0 -Wl,--no-undefined -Wl,-rpath,'$$ORIGIN' -o $@ $(SCRIPT_OBJ) -L$(BUILD) -llacuna $(LDFLAGS_ALL) $(LUA_LIBS) -ldl -lpthread
	@ln -sf liblacuna_script.so $(BUILD)/liblacuna_script.so.0
	@[ $(abspath $(BUILD)) = $(CURDIR)/build ] || ln -sfn $(CURDIR) $(BUILD)/source

$(PROG): $(PROG_OBJ) $(BUILD)/objects.link
	$(call say,LINK,$@)
	$(Q)$(CC) -o $@ $(PROG_OBJ) $(LDFLAGS_ALL) $(LUA_LIBS) $(EDIT_LIBS) -lm -ldl
	@[ $(abspath $(BUILD)) = $(CURDIR)/build ] || ln -sfn $(CURDIR) $(BUILD)/source

# What ffi.cdef reads is the body of lacuna.h: no comments, no preprocessor lines, no extern "C".
$(CDEF): runtime/include/lacuna/lacuna.h runtime/packaging/cdef.sh
	@mkdir -p $(@D)
	$(Q)sh runtime/packaging/cdef.sh $< > $@.tmp && mv $@.tmp $@

-include $(shell find $(OBJ) -name '*.d' 2>/dev/null)

# ---- what people call ---------------------------------------------------------------------------

.PHONY: help
help:
	@echo 'make            build liblacuna, liblacuna_io and the program, $(BUILD)/lacuna'
	@echo 'make demo       segment a scan with MinkUNet into $(BUILD)/demo; installs what is missing first'
	@echo '                SCAN=FILE (default: a synthetic scan)  COLUMNS=N (of a .bin, if several fit)'
	@echo '                WEIGHTS=FILE.h5 (default: a fresh initialisation)'
	@echo 'make test       every check there is; installs what is missing first'
	@echo 'make bench      the standard set of models, each ratio beside its bar, on synthetic scans or on those'
	@echo '                in SCANS=DIR; THREADS=1,2 BENCH="--repeat 9"; one model on one scan: SCAN=FILE COLUMNS=N'
	@echo 'make examples   the C and C++ examples, into $(BUILD)/examples'
	@echo 'make install    into PREFIX=$(PREFIX), below DESTDIR= if given;  make uninstall'
	@echo 'make deb        a Debian package of what make install puts;  make dist: the sources as one .tar.gz'
	@echo 'make rockspec   for luarocks: the Lua files alone, beside an installed liblacuna'
	@echo 'make deps       install what building and testing need (apt-get on Debian and Ubuntu)'
	@echo 'make planted    take barriers out of the CUDA kernels one at a time: do their tests notice? (long)'
	@echo 'make cuda-coverage   lines of the kernels that their tests run'
	@echo 'make test-gpu   what needs a GPU: PTX wrappers, kernels and specs on it, compute-sanitizer'
	@echo 'make bench-gpu  bandwidth, layers and networks on a GPU, each beside its bar'
	@echo 'make bundle     both of these and all that they need in one folder, $(BUNDLE), for a machine with'
	@echo '                a GPU and nothing else installed'
	@echo 'make lint       luacheck, headers that compile alone, gcc and clang with -Werror'
	@echo 'make format-check   clang-format, without changing anything'
	@echo 'make sanitize   C harnesses, fuzz targets over their seeds and all specs under AddressSanitizer and UBSan (long)'
	@echo 'make sanitize-threads   the C harnesses under ThreadSanitizer; needs clang and, on Debian, libomp-dev'
	@echo 'make fuzz       libFuzzer (of clang) on the targets of spec/fuzz, T=60 seconds each; FUZZ="hdf5 options"'
	@echo '                names some;  make hdf5-survive: N=20000 damaged HDF5 files, each read by a process'
	@echo 'make soak       N=10000 scans, or SECONDS=3600 of them, through one process; threads, budgets, batches, kills'
	@echo 'make coverage   lines of runtime/ that harnesses and specs run, exported functions that none calls (long)'
	@echo 'make clean      remove $(BUILD)'
	@echo
	@echo 'Variables: CC OPT CFLAGS LDFLAGS BUILD=build WERROR=1 V=1 (whole commands)'
	@echo '           DEPS=0 (never install)'
	@echo '           CUDA=$(CUDA): 1 builds the CUDA backend, for which it needs nvcc (default: 1 where that is)'
	@echo '           NVCC CUDA_ARCHS="$(CUDA_ARCHS)"'

.PHONY: deps demo demo-run bench
deps:
	@sh runtime/packaging/deps.sh test

demo:
	@DEPS=$(DEPS) sh runtime/packaging/deps.sh build
	@$(MAKE) --no-print-directory demo-run

demo-run: all
	@BUILD=$(BUILD) SCAN='$(SCAN)' COLUMNS='$(COLUMNS)' WEIGHTS='$(WEIGHTS)' sh runtime/packaging/demo.sh

bench: all
	@$(BUILD)/lacuna bench $(if $(SCAN),--model minkunet --input '$(SCAN)',--standard $(if $(SCANS),--scans '$(SCANS)')) $(if $(COLUMNS),--columns $(COLUMNS)) $(if $(THREADS),--threads $(THREADS)) $(BENCH)

# ---- checks --------------------------------------------------------------------------------------

HARNESS     := $(patsubst spec/c/%.c,%,$(wildcard spec/c/*_test.c))
HARNESS_BIN := $(HARNESS:%=$(BUILD)/spec/%)
SANITIZED    = $(MAKE) --no-print-directory BUILD=$(BUILD)/sanitize SANITIZE=address,undefined OPT='-O1 -g'

$(BUILD)/spec/script_%: LINK_MORE = $(LUA_CFLAGS) -llacuna_script $(LUA_LIBS)
$(BUILD)/spec/%: spec/c/%.c $(wildcard spec/c/*.h spec/c/*/*.h) $(LIB) $(IO) $(SCRIPT)
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CFLAGS_ALL) -Ispec/c $< -o $@ -L$(BUILD) $(LINK_MORE) -llacuna -Wl,-rpath,$(abspath $(BUILD)) $(LDFLAGS_ALL) -lm

$(BUILD)/soak/%: spec/soak/%.c spec/c/harness.h $(LIB) $(IO) $(SCRIPT)
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CFLAGS_ALL) $(LUA_CFLAGS) $< -o $@ -L$(BUILD) -llacuna_script -llacuna $(LUA_LIBS) -Wl,-rpath,$(abspath $(BUILD)) $(LDFLAGS_ALL) -lm

# The examples for hosts, as a reader of their first lines would build them. The ROS node is compiled against
# stand-in headers.
EXAMPLES     := $(patsubst examples/%.c,$(BUILD)/examples/%,$(wildcard examples/c/*.c)) \
  $(patsubst examples/%.cpp,$(BUILD)/examples/%,$(wildcard examples/cpp/*.cpp))
EXAMPLE_WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion $(if $(filter 1,$(WERROR)),-Werror)
EXAMPLE_LIBS  = -L$(BUILD) -Wl,-rpath,$(abspath $(BUILD)) -llacuna_script -llacuna

$(BUILD)/examples/c/%: examples/c/%.c $(HEADERS) $(LIB) $(IO) $(SCRIPT)
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) -std=c11 $(EXAMPLE_WARN) $(if $(SANITIZE),-g -fsanitize=$(SANITIZE)) -Iruntime/include $(LUA_CFLAGS) $< -o $@ $(EXAMPLE_LIBS) $(LUA_LIBS)

$(BUILD)/examples/cpp/%: examples/cpp/%.cpp $(HEADERS) $(LIB) $(IO) $(SCRIPT) $(wildcard spec/support/ros2/*/*.hpp spec/support/ros2/*/*/*.hpp)
	@mkdir -p $(@D)
	$(call say,CXX,$<)
	$(Q)$(CXX) -std=c++11 $(EXAMPLE_WARN) $(if $(SANITIZE),-g -fsanitize=$(SANITIZE)) -Iruntime/include -isystem spec/support/ros2 $< -o $@ $(EXAMPLE_LIBS) -pthread

.PHONY: examples
examples: $(EXAMPLES)

# Fuzz targets: a function over bytes and the objects of the library, with libFuzzer's main under FUZZER=1,
# else with one that replays files. Only the main program has the sanitizers' functions: it exports them.
FUZZ_BIN  := $(patsubst spec/fuzz/%_fuzz.c,$(BUILD)/fuzz/%,$(wildcard spec/fuzz/*_fuzz.c))
FUZZ_MAIN := $(if $(FUZZER),-fsanitize=fuzzer -rdynamic,spec/fuzz/replay.c)

$(BUILD)/fuzz/%: spec/fuzz/%_fuzz.c $(wildcard spec/fuzz/*.h spec/fuzz/replay.c) $(LIB_OBJ) $(IO)
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CFLAGS_ALL) -Ispec/fuzz $< $(FUZZ_MAIN) -o $@ $(LIB_OBJ) $(LDFLAGS_ALL) -lm -ldl -lpthread

.PHONY: fuzz fuzz-targets
fuzz-targets: $(FUZZ_BIN)

# How many of N damaged HDF5 files end their reader?
.PHONY: hdf5-survive
hdf5-survive: all
	@mkdir -p $(BUILD)/hdf5_crashes
	$(Q)$(CC) $(CFLAGS_ALL) -Ispec/fuzz spec/fuzz/hdf5_survive.c spec/fuzz/hdf5_fuzz.c -o $(BUILD)/hdf5_survive -L$(BUILD) -llacuna -Wl,-rpath,$(abspath $(BUILD)) $(LDFLAGS_ALL)
	@OMP_NUM_THREADS=1 $(BUILD)/hdf5_survive $(or $(N),20000) $(BUILD)/hdf5_crashes spec/fuzz/seeds/hdf5/*.h5 spec/io/fixtures/foreign.h5

# One line where clang or a part of it is missing. Its sanitizers and OpenMP are packages of their own.
define clang_with
@echo 'int main(void) { return 0; }' | clang -fopenmp -fsanitize=$1 -x c - -o /dev/null 2>/dev/null || { \
	  echo 'make $@ needs clang with its sanitizers, $2 (Debian: clang libclang-rt-dev libomp-dev)' >&2; exit 1; }
endef

T ?= 60
fuzz:
	$(call clang_with,address$(comma)undefined$(comma)fuzzer-no-link,libFuzzer)
	@$(MAKE) --no-print-directory WERROR=1 BUILD=$(BUILD)/fuzzer CC=clang FUZZER=1 CUDA=0 OPT='-O1 -g -Wno-pass-failed' \
	  SANITIZE=address,undefined,fuzzer-no-link fuzz-targets
	@bash spec/fuzz/fuzz.sh $(BUILD)/fuzzer $(T) $(FUZZ)

.PHONY: test test-run harnesses walks sanitize sanitize-run sanitize-threads coverage coverage-run soak lint format-check
test:
	@DEPS=$(DEPS) sh runtime/packaging/deps.sh test
	@$(MAKE) --no-print-directory WERROR=1 test-run

test-run: all emulator examples walks $(BUILD)/soak/hosts $(BUILD)/soak/wide
	+@$(SANITIZED) CUDA=0 harnesses
	@BUILD=$(BUILD) CC='$(CC)' CFLAGS_ALL='$(subst ','\'',$(CFLAGS_ALL))' \
	  CUDA_OBJECTS='$(if $(filter 1,$(CUDA)),$(OBJ)/cuda-$(CUDA_KEY)/cuda)' bash spec/support/run_all.sh

# What the sanitizers of this build have to report.
PLANTED := $(if $(findstring address,$(SANITIZE)),$(BUILD)/spec/planted_leak) \
  $(if $(findstring thread,$(SANITIZE)),$(BUILD)/spec/planted_race)

harnesses: $(HARNESS_BIN) $(FUZZ_BIN) $(PLANTED)

# Refused memory: without sanitizers, which own malloc, its requests are refused too.
walks: $(filter %_test,$(foreach h,$(HARNESS_BIN),$(if $(findstring alloc_walk,$h),$h)))

.PHONY: test-gpu bench-gpu bundle emulator planted cuda-coverage
emulator: $(EMULATED)

planted:
	@JOBS=2 sh spec/simt/kernels.sh planted

cuda-coverage:
	@JOBS=2 sh spec/simt/kernels.sh cov

test-gpu: all gpu-programs
	@BUILD=$(BUILD) bash spec/gpu/test.sh

bench-gpu: all gpu-programs
	@BUILD=$(BUILD) bash spec/gpu/bench.sh

bundle: all gpu-programs
	@DEPS=$(DEPS) sh runtime/packaging/deps.sh test
	@BUILD=$(BUILD) bash runtime/packaging/bundle.sh $(BUNDLE)

# Specs that call make get the flags of this one: nothing is built again without sanitizers.
sanitize:
	+@$(SANITIZED) CUDA=0 WERROR=1 sanitize-run

sanitize-run: all harnesses examples
	@bash spec/support/harnesses.sh $(BUILD)/spec
	@bash spec/support/sanitized_specs.sh $(BUILD)

# With clang, whose OpenMP tells ThreadSanitizer about its barriers (libarcher); gcc's looks like races.
sanitize-threads:
	$(call clang_with,thread,OpenMP and libarcher)
	@[ -e "$$(clang -print-resource-dir)/../../libarcher.so" ] || { echo 'make $@ needs libarcher.so of clang (Debian: libomp-dev)' >&2; exit 1; }
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/thread CC=clang SANITIZE=thread OPT='-O1 -g' CUDA=0 \
	  LDFLAGS='-Wl,-z,undefs' harnesses
	@lib=$$(clang -print-resource-dir)/../..; OMP_TOOL_LIBRARIES=$$lib/libarcher.so LD_LIBRARY_PATH=$$lib \
	  TSAN_OPTIONS=ignore_noninstrumented_modules=1 bash spec/support/harnesses.sh $(BUILD)/thread/spec

# Load for long: N scans, or SECONDS of them; SEED chooses them.
N       ?= 10000
SECONDS ?= 3600
SEED    ?= 1
soak: all $(BUILD)/soak/hosts $(BUILD)/soak/wide
	@BUILD=$(BUILD) bash spec/soak/run.sh $(N) $(SECONDS) $(SEED)

# What the harnesses and the specs in the interpreter run of runtime/, its half of a GPU on the emulator. Specs that
# call make get the flags of this one, so that nothing is built again without its counters.
coverage: emulator
	@find $(BUILD)/coverage -name '*.gcda' -delete 2>/dev/null || true
	@EMULATOR=$(EMULATED) $(MAKE) --no-print-directory BUILD=$(BUILD)/coverage CUDA=0 WERROR=1 OPT='-O1 -g' LDFLAGS=--coverage \
	  CFLAGS='--coverage -fprofile-update=atomic' ISA_OPT='-O1 -DLAC_EXPLICIT_FMA' coverage-run

coverage-run: all harnesses examples
	@BUILD=$(BUILD) OBJ=$(OBJ) bash spec/support/coverage.sh

lint:
	@CC='$(CC)' CFLAGS_ALL='$(subst ','\'',$(CFLAGS_ALL))' bash spec/support/lint.sh

# Minutes: not part of `make test`.
.PHONY: analyze
analyze:
	@bash spec/support/analyze.sh

format-check:
	@find runtime cuda spec examples -name '*.[ch]' | xargs clang-format --dry-run -Werror

# ---- installation --------------------------------------------------------------------------------

.PHONY: install uninstall dist deb rockspec clean
install: all
	@sh runtime/packaging/install.sh '$(BUILD)' $(VERSION) '$(PREFIX)' '$(DESTDIR)'

uninstall:
	@sh runtime/packaging/uninstall.sh '$(PREFIX)' '$(DESTDIR)'

dist:
	@sh runtime/packaging/dist.sh $(VERSION) '$(BUILD)/lacuna-$(VERSION).tar.gz'

deb: all
	@sh runtime/packaging/deb.sh '$(BUILD)' $(VERSION)

rockspec: all
	@sh runtime/packaging/rockspec.sh '$(BUILD)' $(VERSION)

clean:
	rm -rf $(BUILD)
