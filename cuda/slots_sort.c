/*
 * slots_sort.c - the operations that sort or select on a GPU. Positions are 32-bit numbers in a
 * sort, so those that sort take fewer than 2^31 elements.
 */
#include "launch_order.h"
#include "launch_sort.h"
#include "slots_coords.h"

static lac_status check_count(const char *op, int64_t n) {
    if (n <= INT32_MAX) return LAC_OK;
    return lac__fail(LAC_ERR_UNSUPPORTED,
                     "%s: %lld elements on a GPU, expected at most 2^31 - 1: use device \"cpu\"",
                     op, (long long)n);
}

/* Memory of a sort of n elements. */
typedef struct sorter {
    lac__block scratch;
    uint64_t *keys, *sorted;
    int32_t *order, *spare;
    int32_t *heads, *numbers; /* these two only where they are asked for */
    int64_t *word;
    void *sort, *scan;
} sorter;

static lac_status sorter_make(const lac_tensor *on, int64_t n, bool groups, sorter *s) {
    const size_t count = (size_t)n, grouped = groups ? count : 0;
    size_t bytes = 0;
    const size_t word = lac__piece(&bytes, sizeof(int64_t));
    const size_t keys = lac__piece(&bytes, count * sizeof(uint64_t));
    const size_t sorted = lac__piece(&bytes, count * sizeof(uint64_t));
    const size_t order = lac__piece(&bytes, count * sizeof(int32_t));
    const size_t spare = lac__piece(&bytes, count * sizeof(int32_t));
    const size_t heads = lac__piece(&bytes, grouped * sizeof(int32_t));
    const size_t numbers = lac__piece(&bytes, grouped * sizeof(int32_t));
    const size_t sort = lac__piece(&bytes, lac__radix_scratch(n));
    const size_t scan = lac__piece(&bytes, lac__scan_scratch(n));
    lac__block b = {0};
    LAC_TRY(lac__scratch(on, bytes, &b));
    *s = (sorter){.scratch = b,
                  .keys = lac__piece_at(&b, keys),
                  .sorted = lac__piece_at(&b, sorted),
                  .order = lac__piece_at(&b, order),
                  .spare = lac__piece_at(&b, spare),
                  .heads = lac__piece_at(&b, heads),
                  .numbers = lac__piece_at(&b, numbers),
                  .word = lac__piece_at(&b, word),
                  .sort = lac__piece_at(&b, sort),
                  .scan = lac__piece_at(&b, scan)};
    return LAC_OK;
}

lac_status lac_sort__cuda(lac_context *ctx, const lac__sort_args *args) {
    const lac__lane_shape shape = {args->lanes.outer, args->lanes.n, args->lanes.inner};
    const int64_t lanes = shape.outer * shape.inner, n = lanes * shape.n;
    const int32_t dtype = (int32_t)args->x->dtype;
    const int32_t bits = lac__sort_key_bits(dtype), lane_bits = lac__bits_of(lanes);
    lac__gpu *gpu = lac__gpu_of(args->x);
    sorter s;
    (void)ctx;
    if (args->k == 0 || n == 0) return LAC_OK;
    LAC_TRY(check_count("sort", n));
    LAC_TRY(sorter_make(args->x, n, false, &s));
    const bool at_once = bits + lane_bits <= 64;
    const int32_t *order = s.order;
    lac__launch_value_keys(gpu, lac__data(args->x), dtype, shape, args->descending,
                           at_once && lanes > 1, s.keys);
    lac__launch_radix_sort(gpu, s.keys, s.sorted, NULL, s.order, n, 0,
                           at_once ? bits + lane_bits : bits, s.sort);
    if (!at_once) { /* by value, and then by lane */
        lac__launch_lane_keys(gpu, s.order, shape, s.keys);
        lac__launch_radix_sort(gpu, s.keys, s.sorted, s.order, s.spare, n, 0, lane_bits, s.sort);
        order = s.spare;
    }
    lac__launch_sorted_lanes(gpu, lac__data(args->x), dtype, order, shape, args->k,
                             args->values == NULL ? NULL : lac__data(args->values),
                             args->indices == NULL ? NULL : lac__data(args->indices));
    lac__pool_free(lac__device_of(args->x)->pool, &s.scratch);
    return lac__gpu_check(gpu);
}

lac_status lac_unique__cuda(lac_context *ctx, const lac__unique_args *args) {
    const int64_t n = args->x->shape[0], columns = args->x->ndim == 2 ? args->x->shape[1] : 1;
    const int32_t dtype = (int32_t)args->x->dtype, bits = dtype == LAC_DTYPE_I64 ? 64 : 32;
    const void *x = lac__data(args->x);
    lac__gpu *gpu = lac__gpu_of(args->x);
    sorter s;
    *args->count = 0;
    if (n == 0) return LAC_OK;
    LAC_TRY(check_count("unique", n));
    LAC_TRY(lac__check_interrupt(ctx));
    LAC_TRY(sorter_make(args->x, n, true, &s));
    lac_status status = LAC_OK;
    int32_t *from = NULL, *order = s.order;
    if (columns == 0) { /* all rows are equal */
        status = lac__gpu_set(gpu, s.keys, 0, (size_t)n * sizeof *s.keys);
        lac__launch_radix_sort(gpu, s.keys, s.sorted, NULL, order, n, 0, 0, s.sort);
    }
    for (int64_t c = columns - 1; c >= 0; c--) {
        order = from == s.order ? s.spare : s.order;
        lac__launch_column_keys(gpu, x, dtype, n, columns, c, from, s.keys);
        lac__launch_radix_sort(gpu, s.keys, s.sorted, from, order, n, 0, bits, s.sort);
        from = order;
    }
    lac__launch_row_heads(gpu, x, dtype, n, columns, order, s.heads);
    lac__launch_scan_i32(gpu, s.heads, s.numbers, n, s.word, s.scan);
    lac__launch_row_groups(gpu, order, s.heads, s.numbers, n, lac__data(args->first),
                           lac__data(args->inverse));
    if (status == LAC_OK) status = lac__gpu_read(gpu, args->count, s.word, sizeof *args->count);
    lac__pool_free(lac__device_of(args->x)->pool, &s.scratch);
    return status == LAC_OK ? lac__gpu_check(gpu) : status;
}

/* Memory for the positions of set flags. */
typedef struct selection {
    lac__block scratch;
    uint8_t *flags;
    int64_t *positions, *word;
    void *scan;
} selection;

static lac_status selection_make(const lac_tensor *on, int64_t flags, int64_t n, int64_t positions,
                                 selection *s) {
    size_t bytes = 0;
    const size_t word_at = lac__piece(&bytes, sizeof(int64_t));
    const size_t flags_at = lac__piece(&bytes, (size_t)flags);
    const size_t positions_at = lac__piece(&bytes, (size_t)positions * sizeof(int64_t));
    const size_t scan_at = lac__piece(&bytes, lac__scan_scratch(n));
    lac__block b = {0};
    LAC_TRY(lac__scratch(on, bytes, &b));
    *s = (selection){.scratch = b,
                     .flags = lac__piece_at(&b, flags_at),
                     .positions = lac__piece_at(&b, positions_at),
                     .word = lac__piece_at(&b, word_at),
                     .scan = lac__piece_at(&b, scan_at)};
    return LAC_OK;
}

lac_status lac_nonzero__cuda(lac_context *ctx, const lac__nonzero_args *args) {
    const int64_t n = lac_tensor_numel(args->x);
    const int64_t count = args->out == NULL ? 0 : args->out->shape[0];
    lac__gpu *gpu = lac__gpu_of(args->x);
    lac_status status = LAC_OK;
    selection s;
    (void)ctx;
    *args->count = count;
    if (n == 0) return LAC_OK;
    LAC_TRY(selection_make(args->x, n, n, count, &s));
    lac__launch_nonzero_flags(gpu, lac__data(args->x), (int32_t)args->x->dtype, n, s.flags);
    if (args->out == NULL) {
        lac__launch_compact(gpu, s.flags, n, NULL, s.word, s.scan);
        status = lac__gpu_read(gpu, args->count, s.word, sizeof *args->count);
    } else if (count > 0) {
        lac__launch_compact(gpu, s.flags, n, s.positions, NULL, s.scan);
        lac__launch_unravel(gpu, s.positions, count, args->x->ndim, args->x->shape,
                            lac__data(args->out));
    }
    lac__pool_free(lac__device_of(args->x)->pool, &s.scratch);
    return status == LAC_OK ? lac__gpu_check(gpu) : status;
}

lac_status lac_masked_select__cuda(lac_context *ctx, const lac__masked_select_args *args) {
    const int64_t n = lac_tensor_numel(args->x), count = lac_tensor_numel(args->out);
    lac__gpu *gpu = lac__gpu_of(args->x);
    selection s;
    (void)ctx;
    if (count == 0) return LAC_OK;
    LAC_TRY(selection_make(args->x, 0, n, count, &s));
    lac__launch_compact(gpu, lac__data(args->mask), n, s.positions, NULL, s.scan);
    lac__launch_take(gpu, lac__data(args->x), (int32_t)lac_dtype_size(args->x->dtype), s.positions,
                     count, lac__data(args->out));
    lac__pool_free(lac__device_of(args->x)->pool, &s.scratch);
    return lac__gpu_check(gpu);
}

/* RANGE for the first index that is outside of the dimension. Waits. */
static lac_status check_index(lac__gpu *gpu, const lac_tensor *index, int64_t n, int64_t rows,
                              int64_t *word) {
    int64_t bad = 0, value = 0;
    const int64_t *at = lac__data(index);
    lac__launch_first_bad(gpu, at, n, rows, word);
    LAC_TRY(lac__gpu_read(gpu, &bad, word, sizeof bad));
    if (bad == INT64_MAX) return lac__gpu_check(gpu);
    LAC_TRY(lac__gpu_read(gpu, &value, at + bad, sizeof value));
    return lac__fail(LAC_ERR_RANGE, "scatter_add: index %lld at position %lld, expected 0 to %lld",
                     (long long)value, (long long)bad, (long long)rows - 1);
}

lac_status lac_scatter_add__cuda(lac_context *ctx, const lac__scatter_add_args *args) {
    const lac_tensor *index = args->index, *out = args->out;
    lac__gpu *gpu = lac__gpu_of(out);
    lac__scatter_shape shape = {
        .ndim = index->ndim, .dim = args->dim, .n = lac_tensor_numel(index)};
    sorter s;
    (void)ctx;
    if (shape.n == 0) return LAC_OK;
    LAC_TRY(check_count("scatter_add", shape.n));
    for (int32_t d = 0; d < index->ndim; d++) {
        shape.shape[d] = index->shape[d];
        shape.from_stride[d] = args->src->stride[d];
        shape.to_stride[d] = out->stride[d];
    }
    LAC_TRY(sorter_make(out, shape.n, false, &s));
    lac_status status = check_index(gpu, index, shape.n, out->shape[args->dim], s.word);
    if (status == LAC_OK) {
        lac__launch_scatter_targets(gpu, lac__data(index), &shape, s.keys);
        lac__launch_radix_sort(gpu, s.keys, s.sorted, NULL, s.order, shape.n, 0,
                               lac__bits_of(lac_tensor_numel(out)), s.sort);
        lac__launch_scatter_sums(gpu, s.sorted, s.order, &shape, (int32_t)out->dtype,
                                 lac__data(args->src), lac__data(out));
        status = lac__gpu_check(gpu);
    }
    lac__pool_free(lac__device_of(out)->pool, &s.scratch);
    return status;
}
