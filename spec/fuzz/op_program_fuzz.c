/*
 * op_program_fuzz.c - one program of operations run on the widest kernels that this CPU has, on the
 * reference kernels, and on the widest ones with every operation computed at once on one thread: rows,
 * features and statuses agree to the bit. Programs of an odd length mix float32 with 16-bit
 * features, which are rounded where they are stored: those agree for each kind of kernels, fused
 * and, in a fourth run, computed at once; and single convolutions with float32 within a bound.
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
    const byte_log facts = m->facts, values = m->values;
    const uint32_t random = m->random;
    const bytes start = *b;
    lac_context_interrupt(m->ctx);
    m->interrupted = 1;
    convolve(m, b, op & 1, op & 2);
    change(m, b);
    combine(m, b);
    lac_context_clear_interrupt(m->ctx);
    m->interrupted = 0;
    m->facts = facts;
    m->values = values; /* what is deferred is not interrupted: this may differ */
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
    m->mixed = size % 2;
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

static int same(const byte_log *a, const byte_log *b) {
    return a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    enum { WIDEST, REFERENCE, EAGER, EAGER_REFERENCE, RUNS };
    static uint8_t logs[RUNS][2][LOG_BYTES];
    const int mixed = size % 2, runs = mixed ? RUNS : EAGER_REFERENCE;
    machine m[RUNS];
    for (int i = 0; i < runs; i++) {
        m[i] = (machine){.facts = {.data = logs[i][0]}, .values = {.data = logs[i][1]}};
        run(data, size, i & REFERENCE, (i & EAGER) != 0, &m[i]);
        REQUIRE(same(&m[i].facts, &m[WIDEST].facts));
    }
    for (int i = 1; i < runs; i++)
        if (!mixed || i & REFERENCE)
            REQUIRE(same(&m[i].values, &m[mixed ? i & EAGER : WIDEST].values));
    return 0;
}
