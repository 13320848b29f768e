/*
 * slots_coords_derive.c - the output rows of strided and generative sites on a GPU: every cell that
 * an input reaches, as keys that are sorted and thinned out.
 */
#include "slots_coords.h"

#include "core/checked.h"
#include "launch_sort.h"

lac__geometry lac__geometry_of(const lac__site *s) {
    const int32_t kind = s->kind < 0 ? ~s->kind : s->kind;
    lac__geometry g = {.generative = kind == LAC__GENERATIVE, .floors = s->floors};
    for (int i = 0; i < 3; i++) {
        const bool power_of_two = (s->stride[i] & (s->stride[i] - 1)) == 0;
        g.kernel[i] = s->kernel[i];
        g.stride[i] = s->stride[i];
        g.anchor[i] = s->anchor[i];
        g.dilation[i] = s->dilation[i];
        g.shift[i] = power_of_two ? __builtin_ctz((unsigned)s->stride[i]) : -1;
    }
    return g;
}

/* How many cells every input reaches, where that is known: those of generative sites reach one a
   tap and those of floors one, if all are kept. Else 0. */
static int64_t cells_of_each(const lac__geometry *g, const lac__index *in) {
    if (!g->generative && !g->floors) return 0;
    int64_t taps = 1;
    for (int i = 0; i < 3; i++) {
        int64_t low = in->low[i + 1], high = in->high[i + 1];
        if (g->generative) {
            low = low * g->stride[i] + g->anchor[i];
            high =
                high * g->stride[i] + g->anchor[i] + (int64_t)g->dilation[i] * (g->kernel[i] - 1);
            taps *= g->kernel[i];
        } else {
            low = lac__floor_div(low, g->stride[i]);
            high = lac__floor_div(high, g->stride[i]);
        }
        if (low < g->keep_low[i] || high > g->keep_high[i]) return 0;
    }
    return taps;
}

/* The number of cells that the inputs reach, and where those of each begin; waits. */
static lac_status count_cells(const lac_tensor *rows, const lac__geometry *g, int32_t *starts,
                              int64_t *count) {
    lac__gpu *gpu = lac__gpu_of(rows);
    const int64_t n = rows->shape[0];
    size_t bytes = 0;
    const size_t total_at = lac__piece(&bytes, sizeof(int64_t));
    const size_t scan_at = lac__piece(&bytes, lac__scan_scratch(n));
    lac__block scratch = {0};
    LAC_TRY(lac__scratch(rows, bytes, &scratch));
    int64_t *total = lac__piece_at(&scratch, total_at);
    lac__launch_count_cells(gpu, g, lac__data(rows), n, starts);
    lac__launch_scan_i32(gpu, starts, starts, n, total, lac__piece_at(&scratch, scan_at));
    const lac_status status = lac__gpu_read(gpu, count, total, sizeof *count);
    lac__pool_free(lac__device_of(rows)->pool, &scratch);
    return status;
}

/* Sorts the cells' keys and makes one row of each. Waits for their number. */
static lac_status emit_rows(lac_context *ctx, const lac_tensor *in, const lac__geometry *g,
                            const int32_t *starts, int64_t each, int64_t count,
                            const lac__packing *packing, lac_tensor **rows) {
    lac__gpu *gpu = lac__gpu_of(in);
    int64_t shape[2] = {0, 4};
    size_t bytes = 0;
    const size_t total_at = lac__piece(&bytes, sizeof(int64_t));
    const size_t keys_at = lac__piece(&bytes, (size_t)count * sizeof(uint64_t));
    const size_t sorted_at = lac__piece(&bytes, (size_t)count * sizeof(uint64_t));
    const size_t numbers_at = lac__piece(&bytes, (size_t)count * sizeof(int32_t));
    const size_t scan_at = lac__piece(&bytes, lac__scan_scratch(count));
    const size_t sort_at = lac__piece(&bytes, lac__radix_scratch(count));
    lac__block scratch = {0};
    LAC_TRY(lac__scratch(in, bytes, &scratch));
    int64_t *total = lac__piece_at(&scratch, total_at);
    uint64_t *keys = lac__piece_at(&scratch, keys_at), *sorted = lac__piece_at(&scratch, sorted_at);
    int32_t *numbers = lac__piece_at(&scratch, numbers_at);
    lac__launch_emit_cells(gpu, g, lac__data(in), in->shape[0], starts, each, packing, keys);
    lac__launch_radix_sort(gpu, keys, sorted, NULL, NULL, count, 0, packing->bits,
                           lac__piece_at(&scratch, sort_at));
    lac__launch_heads(gpu, sorted, count, numbers);
    lac__launch_scan_i32(gpu, numbers, numbers, count, total, lac__piece_at(&scratch, scan_at));
    lac_status status = lac__gpu_read(gpu, &shape[0], total, sizeof shape[0]);
    if (status == LAC_OK)
        status = lac__tensor_new_on(ctx, lac__device_of(in), LAC_DTYPE_I32, 2, shape, rows);
    if (status == LAC_OK)
        lac__launch_unpack_rows(gpu, sorted, numbers, count, packing, lac__data(*rows));
    lac__pool_free(lac__device_of(in)->pool, &scratch);
    return status;
}

lac_status lac__derive__cuda(lac_context *ctx, const lac_coords *in, const lac__site *site,
                             const lac__reach *reach, lac_tensor **out) {
    const int64_t n = in->index.count, none[2] = {0, 4};
    lac__geometry g = lac__geometry_of(site);
    lac__packing packing;
    lac__block starts = {0};
    lac_tensor *rows = NULL;
    lac_status status = LAC_OK;
    if (n == 0)
        return lac__tensor_new_on(ctx, lac__device_of(in->rows), LAC_DTYPE_I32, 2, none, out);
    LAC_TRY(lac__narrow_packing(reach->low, reach->high, &packing));
    for (int i = 0; i < 3; i++) {
        g.keep_low[i] = reach->keep_low[i];
        g.keep_high[i] = reach->keep_high[i];
    }
    const int64_t each = cells_of_each(&g, &in->index);
    int64_t count = each * n;
    if (each == 0) {
        LAC_TRY(lac__scratch(in->rows, (size_t)n * sizeof(int32_t), &starts));
        LAC_TRY_OUT(count_cells(in->rows, &g, starts.data, &count));
    }
    if (count > INT32_MAX) {
        status = lac__fail(LAC_ERR_SHAPE,
                           "conv3d: %lld candidate output rows, expected at most 2^31 - 1",
                           (long long)count);
        goto out;
    }
    if (count > 0)
        status = emit_rows(ctx, in->rows, &g, starts.data, each, count, &packing, &rows);
    else
        status = lac__tensor_new_on(ctx, lac__device_of(in->rows), LAC_DTYPE_I32, 2, none, &rows);
    if (status == LAC_OK) status = lac__gpu_check(lac__gpu_of(in->rows));
    if (status == LAC_OK) *out = rows, rows = NULL;
out:
    lac__pool_free(lac__device_of(in->rows)->pool, &starts);
    lac_tensor_release(rows);
    return status;
}
