/*
 * tuning.h - the choices of a tuner, kept by a context: lac_tuning_key -> lac_tuning_choice.
 *
 * A few hundred entries at most, looked up once a convolution: an array, searched from its start.
 */
#ifndef LAC_CORE_TUNING_H
#define LAC_CORE_TUNING_H

#include "core/pool.h"

typedef struct lac__tuning_entry {
    lac_tuning_key key;
    lac_tuning_choice choice;
} lac__tuning_entry;

typedef struct lac__tuning {
    lac__tuning_entry *entries; /* NULL while there are none */
    int32_t count, capacity;
} lac__tuning;

/** The choice for `key`, or NULL. */
const lac_tuning_choice *lac__tuning_find(const lac__tuning *table, const lac_tuning_key *key);
void lac__tuning_free(lac__pool *pool, lac__tuning *table);

#endif
