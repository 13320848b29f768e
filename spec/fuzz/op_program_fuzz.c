/*
 * op_program_fuzz.c - one program of operations run on the widest kernels that this CPU has, on the
 * reference kernels, and on the widest ones with every operation computed at once on one thread: rows,
 * features and statuses agree to the bit.
 */
#include "op_program.h"

#include "core/backend.h"
#include "core/context.h"

void lac_install__cpu(lac__backend *table);

enum { MOST_STEPS = 40 };

/* An instruction that is interrupted leaves no result, and what was there as it was. */
static void interrupted_step(machine *m, bytes *b, int32_t op) {
    lac_sparse *kept[SLOTS];
    for (int i = 0; i < SLOTS; i++) {
        kept[i] = m->slot[i];
        if (kept[i] != NULL) lac_sparse_retain(kept[i]);
    }
    const size_t logged = m->logged;
    const uint32_t random = m->random;
    const bytes start = *b;
    lac_context_interrupt(m->ctx);
    convolve(m, b, op & 1, op & 2);
    change(m, b);
    combine(m, b);
    lac_context_clear_interrupt(m->ctx);
    m->logged = logged; /* what is deferred is not interrupted: this may differ */
    m->random = random + 1;
    b->at = start.end - start.at > 8 ? start.at + 8 : start.end;
    for (int i = 0; i < SLOTS; i++) {
        lac_sparse_release(m->slot[i]);
        m->slot[i] = kept[i];
    }
}

static void run(const uint8_t *data, size_t size, int reference, int eager, machine *m) {
    lac__backend plain;
    bytes b = {data, data + size};
    m->ctx = fuzz_context();
    m->random = (uint32_t)size;
    plain = *m->ctx->cpu.backend;
    lac_install__cpu(&plain);
    plain.isa = "reference";
    if (reference) m->ctx->cpu.backend = &plain;
    REQUIRE(lac_context_set_flag(m->ctx, LAC_FLAG_EAGER, eager) == LAC_OK);
    REQUIRE(lac_context_set_threads(m->ctx, eager ? 1 : 2) == LAC_OK);
    for (int i = 0; i < MOST_STEPS && b.at < b.end; i++) {
        const int32_t op = take(&b);
        if (op >= 248)
            interrupted_step(m, &b, op);
        else
            step(m, &b, op);
    }
    for (int i = 0; i < SLOTS; i++) {
        log_slot(m, m->slot[i]);
        lac_sparse_release(m->slot[i]);
    }
    fuzz_close(m->ctx);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t logs[3][LOG_BYTES];
    machine m[3] = {{.log = logs[0]}, {.log = logs[1]}, {.log = logs[2]}};
    for (int i = 0; i < 3; i++) run(data, size, i == 1, i == 2, &m[i]);
    for (int i = 1; i < 3; i++) {
        REQUIRE(m[i].logged == m[0].logged);
        REQUIRE(memcmp(m[i].log, m[0].log, m[0].logged) == 0);
    }
    return 0;
}
