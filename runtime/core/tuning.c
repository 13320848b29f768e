/*
 * tuning.c - see tuning.h.
 */
#include "core/tuning.h"

#include "core/context.h"

#include <string.h>

enum { FIRST = 16, MOST = 65536 };

static bool equal(const lac_tuning_key *a, const lac_tuning_key *b) {
    return a->device == b->device && a->dtype == b->dtype && a->taps == b->taps &&
           a->cin == b->cin && a->cout == b->cout && a->rows == b->rows && a->density == b->density;
}

const lac_tuning_choice *lac__tuning_find(const lac__tuning *table, const lac_tuning_key *key) {
    for (int32_t i = 0; i < table->count; i++)
        if (equal(&table->entries[i].key, key)) return &table->entries[i].choice;
    return NULL;
}

void lac__tuning_free(lac__pool *pool, lac__tuning *table) {
    lac__object_free(pool, table->entries, (size_t)table->capacity * sizeof *table->entries);
    *table = (lac__tuning){0};
}

static lac_status grow(lac__pool *pool, lac__tuning *table) {
    if (table->count < table->capacity) return LAC_OK;
    if (table->count >= MOST)
        return lac__fail(LAC_ERR_RANGE, "tuning_set: the table holds %d choices, its limit",
                         table->count);
    const int32_t capacity = table->capacity > 0 ? 2 * table->capacity : FIRST;
    lac__tuning_entry *entries = lac__object_alloc(pool, (size_t)capacity * sizeof *entries);
    if (entries == NULL) return LAC_ERR_OOM;
    const int32_t count = table->count;
    if (count > 0) memcpy(entries, table->entries, (size_t)count * sizeof *entries);
    lac__tuning_free(pool, table);
    *table = (lac__tuning){.entries = entries, .count = count, .capacity = capacity};
    return LAC_OK;
}

static lac_status check(const lac_tuning_key *key, const lac_tuning_choice *choice) {
    if (key->device < 0 || key->dtype < 0 || key->taps < 1 || key->cin < 0 || key->cout < 0 ||
        key->rows < 0 || key->density < 0 || key->density > 16)
        return lac__fail(LAC_ERR_ARGUMENT,
                         "tuning_set: a key of %d taps, density %d, expected at least one tap, "
                         "density 0 to 16 and nothing below 0",
                         key->taps, key->density);
    if (choice->dataflow < LAC_DATAFLOW_IMPLICIT_GEMM ||
        choice->dataflow > LAC_DATAFLOW_FETCH_ON_DEMAND)
        return lac__fail(LAC_ERR_ARGUMENT, "tuning_set: dataflow %d, expected 1 to 3",
                         choice->dataflow);
    if (choice->splits < 0 || choice->splits > 4 || (choice->splits > 0 && !choice->sorted))
        return lac__fail(LAC_ERR_ARGUMENT,
                         "tuning_set: %d splits, expected 1 to 4 with sorted rows, else 0",
                         choice->splits);
    return LAC_OK;
}

lac_status lac_tuning_set(lac_context *ctx, const lac_tuning_key *key,
                          const lac_tuning_choice *choice) {
    LAC_NEED("tuning_set", ctx, key, choice);
    LAC_TRY(check(key, choice));
    lac__tuning *table = &ctx->tuning;
    for (int32_t i = 0; i < table->count; i++)
        if (equal(&table->entries[i].key, key)) {
            table->entries[i].choice = *choice;
            return LAC_OK;
        }
    LAC_TRY(grow(ctx->pool, table));
    table->entries[table->count++] = (lac__tuning_entry){.key = *key, .choice = *choice};
    return LAC_OK;
}

int32_t lac_tuning_get(const lac_context *ctx, const lac_tuning_key *key, lac_tuning_choice *out) {
    if (ctx == NULL || key == NULL || out == NULL) return 0;
    const lac_tuning_choice *found = lac__tuning_find(&ctx->tuning, key);
    if (found == NULL) return 0;
    *out = *found;
    return 1;
}

int32_t lac_tuning_count(const lac_context *ctx) {
    if (ctx == NULL) return 0;
    return ctx->tuning.count;
}

void lac_tuning_clear(lac_context *ctx) {
    if (ctx == NULL) return;
    lac__tuning_free(ctx->pool, &ctx->tuning);
}
