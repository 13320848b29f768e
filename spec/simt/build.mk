# Builds a program out of kernels, tests and the engine:
#
#   make -f spec/simt/build.mk OUT=/tmp/t SOURCES='cuda/scan.cu spec/cuda/scan_test.cpp' MODE=race
#
# from the repository's root. MODE: plain, asan (AddressSanitizer and UBSan), race (the race checker),
# cov (gcov), ucontext (the portable switch). SHARED=1 links a shared library instead. Objects are kept
# in DIR and reused; those of sources elsewhere lie beside their sources.

ROOT := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))/../..)
HERE := $(ROOT)/spec/simt
MODE ?= plain
DIR  ?= $(ROOT)/build/simt/$(MODE)
CXX  ?= g++
CC   ?= cc

WARN := -Wall -Wshadow -Wno-unknown-pragmas
INC  := -I$(HERE)/shim -I$(HERE) -I$(ROOT)/cuda -I$(ROOT)/runtime/include -I$(ROOT)/runtime
COMMON := -g -fPIC -ffp-contract=off -D_GNU_SOURCE $(WARN) $(INC) $(FLAGS_$(MODE)) $(EXTRA) -MMD -MP

FLAGS_asan     := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
FLAGS_ucontext := -DSIMT_UCONTEXT
# Of kernels and tests, not of the engine.
KERNEL_race    := -fsanitize=thread --param tsan-distinguish-volatile=1
KERNEL_cov     := --coverage
OPT            := $(if $(filter cov,$(MODE)),-O0,-O1)

ENGINE ?= $(filter-out %_test.cpp,$(wildcard $(HERE)/*.cpp))
inside  = $(filter $(ROOT)/%,$(abspath $1))
object  = $(if $(inside),$(DIR)/$(subst /,_,$(patsubst $(ROOT)/%,%,$(inside))).o,$(abspath $1).$(MODE).o)
ENGINE_OBJ := $(foreach s,$(ENGINE),$(call object,$s))
SOURCE_OBJ := $(foreach s,$(SOURCES),$(call object,$s))

$(OUT): $(SOURCE_OBJ) $(ENGINE_OBJ)
	@mkdir -p $(@D)
	$(CXX) $(FLAGS_$(MODE)) $(if $(filter cov,$(MODE)),--coverage) $(if $(SHARED),-shared) -o $@ $^ $(LDLIBS) -ldl -lpthread

compile_cpp = $(CXX) -std=c++17 $(COMMON)
compile_c   = $(CC) -std=c11 $(COMMON)

define engine_rule
$(call object,$1): $1
	@mkdir -p $$(@D)
	$(compile_cpp) -Wextra -O2 -c $$< -o $$@
endef
define source_rule
$(call object,$1): $1
	@mkdir -p $$(@D)
	$(if $(filter %.c,$1),$(compile_c) $(OPT),$(compile_cpp) $(OPT) $(KERNEL_$(MODE)) -x c++) -c $$< -o $$@
endef
$(foreach s,$(ENGINE),$(eval $(call engine_rule,$s)))
$(foreach s,$(SOURCES),$(eval $(call source_rule,$s)))

-include $(ENGINE_OBJ:.o=.d) $(SOURCE_OBJ:.o=.d)
