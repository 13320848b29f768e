/*
 * backend.c - the CPU's kernel table: reference kernels in every slot, then the kernels built for the
 * widest instruction set of this machine over them. The feature check runs once in a process.
 */
#include "core/backend.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

void lac_install__cpu(lac__backend *table);
#if defined(__x86_64__)
void lac_install__avx2(lac__backend *table);
void lac_install__avx512(lac__backend *table);
extern const struct lac__tiles lac_tiles_bf16__avx512bf16;
#endif

static lac__backend table = {
#define LAC_OP(name) .name = lac_##name##__cpu,
#include "core/ops.def"
#undef LAC_OP
};
static pthread_once_t once = PTHREAD_ONCE_INIT;
static const char *unknown_isa;

static void choose(void) {
    const char *wanted = getenv("LACUNA_ISA");
    if (wanted != NULL && *wanted == '\0') wanted = NULL;
    lac_install__cpu(&table);
    table.isa = "reference";
    bool found = wanted == NULL || strcmp(wanted, "reference") == 0;
#if defined(__x86_64__)
    if (wanted == NULL || strcmp(wanted, "reference") != 0) {
        const bool narrow = wanted != NULL && strcmp(wanted, "avx2") == 0;
        found = wanted == NULL || narrow || strcmp(wanted, "avx512") == 0;
        __builtin_cpu_init();
        const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
        const bool avx512 =
            avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
            __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
        if (avx512 && !narrow) {
            lac_install__avx512(&table);
            if (__builtin_cpu_supports("avx512bf16")) {
                table.bf16_tiles = &lac_tiles_bf16__avx512bf16;
                table.bf16_instruction = true;
            }
        } else if (avx2) {
            lac_install__avx2(&table);
        }
    }
#endif
    if (!found) unknown_isa = wanted;
}

lac_status lac__cpu_backend(const lac__backend **out) {
    (void)pthread_once(&once, choose);
    if (unknown_isa != NULL)
        return lac__fail(LAC_ERR_ARGUMENT, "LACUNA_ISA=%s: expected reference, avx2 or avx512",
                         unknown_isa);
    *out = &table;
    return LAC_OK;
}
