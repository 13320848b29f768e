/*
 * op_program.h - a machine with eight slots for sparse tensors, whose instructions are operations. All of
 * its arguments come from bytes, so that a program runs the same way on any backend. What it
 * does is logged: statuses, rows and features.
 */
#ifndef LACUNA_SPEC_OP_PROGRAM_H
#define LACUNA_SPEC_OP_PROGRAM_H

#include "half_bound.h"
#include "op_program_index.h"

static inline void construct(machine *m, bytes *b, int32_t choice) {
    int32_t rows[40][4];
    const int64_t n = take_in(b, 0, 40), c = take_in(b, 1, 40);
    const int32_t low = take_in(b, -3, 3), size = take_in(b, 1, 9);
    for (int64_t i = 0; i < n; i++)
        for (int a = 0; a < 4; a++) rows[i][a] = a == 0 ? take(b) % 2 : low + take(b) % size;
    lac_tensor *r = fuzz_tensor(m->ctx, LAC_DTYPE_I32, rows, 2, n, 4, 0), *unique = NULL;
    lac_tensor *at = NULL, *of = NULL;
    lac_status status = lac_unique(m->ctx, r, &unique, &at, &of);
    lac_coords *coords = NULL;
    lac_sparse *x = NULL;
    const int64_t left = status == LAC_OK ? lac_tensor_numel(unique) / 4 : 0;
    lac_tensor *feats = machine_tensor(m, choose_dtype(m, choice), 2, left, c, 0);
    if (status == LAC_OK) status = lac_coords_create(m->ctx, unique, &coords);
    lac_sparse_desc desc = {
        .size = sizeof desc, .stride = {1, 1, 1}, .has_range = take(b) % 3 == 0, .range = {2}};
    for (int a = 1; a < 4; a++)
        desc.range[a] = low + size + take(b) % 2; /* and at times too small */
    if (status == LAC_OK) status = lac_sparse_create(m->ctx, feats, coords, &desc, &x);
    lac_coords_release(coords);
    lac_tensor_release(feats);
    lac_tensor_release(unique);
    lac_tensor_release(at);
    lac_tensor_release(of);
    lac_tensor_release(r);
    put(m, b, status, x);
}

static inline lac_conv3d_options take_geometry(bytes *b) {
    lac_conv3d_options o = {.size = sizeof o};
    const int32_t choice = take(b), k = take_in(b, 1, 3);
    for (int a = 0; a < 3; a++) {
        o.kernel_size[a] = choice & 1 ? take_in(b, 1, 3) : k;
        o.stride[a] = choice & 2 ? take_in(b, 1, 2) : choice & 4 ? k : 1;
        o.padding[a] = choice & 8 ? take_in(b, 0, 1) : 0;
        o.dilation[a] = choice & 16 ? 2 : 1;
    }
    o.kmap_mode = (choice >> 5) & 1;
    o.downsample_mode = (choice >> 6) & 1;
    return o;
}

static inline void convolve(machine *m, bytes *b, int transposed, int generative) {
    lac_sparse *x = *any_slot(m, b), *y = NULL;
    lac_conv3d_options o = take_geometry(b);
    const int32_t choice = take(b), cout = take_in(b, 1, 40);
    if (x == NULL || rows_of(x) > MOST_PROGRAM_ROWS / 4) return;
    o.transposed = transposed;
    o.generative = generative;
    o.dataflow = choice % 4;
    if (o.dataflow == LAC_DATAFLOW_GATHER_SCATTER && choice < 192) o.dataflow = 0;
    o.sort = (choice >> 2) % 3;
    o.splits = (choice >> 4) % 5;
    for (int a = 0; a < 3 && transposed && choice & 128; a++) {
        o.stride[a] = o.dilation[a] = 0; /* what the forward convolution had */
        o.padding[a] = -1;
    }
    const int64_t taps = o.kernel_size[0] * o.kernel_size[1] * o.kernel_size[2];
    const lac_tensor_desc d = feats_of(x);
    const lac_dtype dtype = cout == 40 ? choose_dtype(m, choice) : d.dtype; /* another is refused */
    lac_tensor *w = machine_tensor(m, dtype, 3, taps, d.shape[1], cout);
    lac_tensor *bias = choice & 64 ? machine_tensor(m, dtype, 1, cout, 0, 0) : NULL;
    o.bias = bias;
    const lac_status status = lac_conv3d(m->ctx, x, w, &o, &y);
    if (status == LAC_OK && dtype != LAC_DTYPE_F32 && !m->interrupted && machine_bits(m) % 4 == 0)
        require_half_bound(m, x, w, &o, y);
    lac_tensor_release(w);
    lac_tensor_release(bias);
    put(m, b, status, y);
}

static inline void pool(machine *m, bytes *b) {
    lac_sparse *x = *any_slot(m, b), *y = NULL;
    const lac_conv3d_options o = take_geometry(b);
    const int32_t kind = take(b) & 1;
    if (x == NULL) return;
    const lac_status status = lac_pool3d(m->ctx, x, (lac_pool_kind)kind, &o, &y);
    put(m, b, status, y);
}

/* Two operands: cat, sums, products, comparisons; of any shapes. */
static inline void combine(machine *m, bytes *b) {
    lac_sparse *x = *any_slot(m, b), *y = *any_slot(m, b);
    const int32_t op = take_in(b, 0, 9);
    if (x == NULL || y == NULL) return;
    lac_tensor *list[2] = {lac_sparse_feats(x), lac_sparse_feats(y)}, *out = NULL;
    lac_status status = LAC_OK;
    if (op > 4)
        status = lac_cat(m->ctx, list, 2, 1, &out);
    else
        status = lac_binary(m->ctx, op == 4 ? LAC_BINARY_MAX : (lac_binary_op)op, list[0], list[1],
                            &out);
    lac_tensor_release(list[0]);
    lac_tensor_release(list[1]);
    lac_tensor_desc desc = {0};
    if (status == LAC_OK) lac_tensor_describe(out, &desc);
    if (status == LAC_OK && (desc.shape[0] > MOST_PROGRAM_ROWS || desc.shape[1] > MOST_CHANNELS))
        lac_tensor_release(out);
    else
        put_feats(m, b, status, x, out);
}

/* One operand: norms, activations, linear layers, views. */
static inline void change(machine *m, bytes *b) {
    lac_sparse *x = *any_slot(m, b);
    const int32_t op = take_in(b, 0, 8), choice = take(b);
    if (x == NULL) return;
    const lac_tensor_desc d = feats_of(x);
    const int64_t c = d.shape[1], first = choice % c, cout = choice % 40 + 1;
    const lac_dtype dtype = choice >= 240 ? choose_dtype(m, choice) : d.dtype;
    lac_tensor *t = lac_sparse_feats(x), *out = NULL;
    lac_tensor *vector[4] = {
        machine_tensor(m, dtype, 1, c, 0, 0), machine_tensor(m, dtype, 1, c, 0, 0),
        machine_tensor(m, dtype, 1, c, 0, 0), machine_tensor(m, dtype, 1, c, 0, 0)};
    lac_tensor *w = machine_tensor(m, dtype, 2, cout, c, 0), *index = NULL;
    lac_batch_norm_options n = {sizeof n,  op == 1,   1e-5,      0.1,
                                vector[0], vector[1], vector[2], vector[3]};
    lac_group_norm_options g = {sizeof g, choice & 1, 1e-5, vector[0], vector[1]};
    lac_status status = LAC_OK;
    switch (op) {
    case 0:
    case 1: status = lac_batch_norm(m->ctx, t, &n, &out); break;
    case 2: status = lac_activate(m->ctx, (lac_activation)(choice % 4), 0.01, t, &out); break;
    case 3: status = lac_linear(m->ctx, t, w, NULL, &out); break;
    case 4: status = lac_tensor_narrow(m->ctx, t, 1, first, c - first, &out); break;
    case 5:
        index = fuzz_tensor(m->ctx, LAC_DTYPE_I64, (int64_t[]){first, 0, c - 1}, 1, 3, 0, 0);
        status = lac_index_select(m->ctx, t, 1, index, &out);
        break;
    case 6: status = lac_group_norm(m->ctx, t, NULL, &g, &out); break;
    case 7: status = lac_convert(m->ctx, t, choose_dtype(m, choice), &out); break;
    default: status = lac_linear(m->ctx, t, w, vector[0], &out); break; /* often of a wrong size */
    }
    for (int i = 0; i < 4; i++) lac_tensor_release(vector[i]);
    lac_tensor_release(index);
    lac_tensor_release(w);
    lac_tensor_release(t);
    put_feats(m, b, status, x, out);
}

/* Writes into features, which others may be views of or have yet to read. */
static inline void overwrite(machine *m, bytes *b) {
    lac_sparse *x = *any_slot(m, b), *y = *any_slot(m, b);
    const int32_t choice = take(b);
    if (x == NULL || y == NULL) return;
    lac_tensor *t = lac_sparse_feats(x), *u = lac_sparse_feats(y);
    const lac_status status =
        choice & 1 ? lac_fill(m->ctx, t, choice / 16.0, 0) : lac_copy(m->ctx, t, u);
    log_status(m, status);
    well(status, NULL);
    lac_tensor_release(t);
    lac_tensor_release(u);
}

static inline void step(machine *m, bytes *b, int32_t op) {
    switch (op % 16) {
    case 0: construct(m, b, op / 16); break;
    case 1: log_slot(m, *any_slot(m, b)); break;
    case 2: {
        lac_sparse **x = any_slot(m, b);
        lac_sparse_release(*x);
        *x = NULL;
        break;
    }
    case 3: overwrite(m, b); break;
    case 4: pool(m, b); break;
    case 5: convolve(m, b, 1, 0); break;
    case 6: convolve(m, b, 1, 1); break;
    case 7:
    case 8:
    case 9: combine(m, b); break;
    case 10:
    case 11:
    case 12: change(m, b); break;
    case 13:
        if (op < 64)
            shuffle_feats(m, b);
        else if (op < 128)
            pick_rows(m, b);
        else
            gather(m, b);
        break;
    default: convolve(m, b, 0, 0); break;
    }
}

#endif
