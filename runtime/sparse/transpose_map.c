/*
 * transpose_map.c - kernel maps walked backwards, and the rows of strided sites without their map.
 */
#include "sparse/family.h"
#include "sparse/mirror.h"

#include <stddef.h>

/* The site of a transposed map is marked by the complement of its kind, so that no convolution finds
 * the map, and transposing it again finds the original. */
static lac_kernel_map *find(lac__family *family, const lac_kernel_map *m, const lac__site *site) {
    for (lac_kernel_map *other = family->maps; other != NULL; other = other->next) {
        if (other->in == m->out && other->out == m->in && lac__site_equal(&other->site, site))
            return other;
    }
    return NULL;
}

static lac_status fill(lac_context *ctx, const lac_kernel_map *m, lac_kernel_map *t) {
    t->in = m->out;
    t->out = m->in;
    t->taps = m->taps;
    t->pairs = m->pairs;
    t->centre = m->centre;
    t->monotone = m->monotone;
    if (lac__device_maps_of(m->in) != NULL)
        return LAC_OK; /* its table is made from the same sets */
    LAC_TRY(lac__pool_alloc(ctx->pool, (size_t)m->taps * sizeof(lac__tap), &t->tap_block));
    LAC_TRY(lac__pool_alloc(ctx->pool, sizeof(lac__block), &t->columns_block));
    t->tap = t->tap_block.data;
    t->columns = t->columns_block.data;
    t->columns[0] = (lac__block){0};
    t->column_count = 1;
    return lac__exchange_taps(ctx, m->tap, t->tap, m->taps, lac_coords_count(m->in),
                              m->monotone ? NULL : &t->columns[0]);
}

lac_status lac_kernel_map_transpose(lac_context *ctx, lac_kernel_map *m, lac_kernel_map **out) {
    LAC_NEED("kernel_map_transpose", ctx, m, out);
    LAC_TRY(lac__check_interrupt(ctx));
    lac__family *family = m->family;
    lac__site site = m->site;
    site.kind = ~site.kind;
    lac_kernel_map *t = find(family, m, &site);
    if (t == NULL) {
        t = lac__object_alloc(ctx->pool, sizeof *t);
        if (t == NULL) return LAC_ERR_OOM;
        t->family = family;
        t->site = site;
        const lac_status status = fill(ctx, m, t);
        if (status != LAC_OK) {
            lac__map_free(t);
            return status;
        }
        t->next = family->maps;
        family->maps = t;
    }
    lac_kernel_map_retain(t);
    *out = t;
    return LAC_OK;
}

lac_status lac_coords_strided(lac_context *ctx, lac_coords *c, const lac_conv3d_options *options,
                              lac_coords **out) {
    LAC_NEED("coords_strided", ctx, c, out);
    if (options == NULL || options->size != sizeof *options)
        return lac__fail(LAC_ERR_ARGUMENT,
                         "coords: options.size is not sizeof(lac_conv3d_options)");
    LAC_TRY(lac__check_interrupt(ctx));
    const lac_sparse_desc desc = {.size = sizeof desc, .stride = {1, 1, 1}};
    lac__site site;
    LAC_TRY(lac__site_make(ctx, options, &desc, &site));
    lac_coords *rows = c;
    if (site.kind != LAC__SUBMANIFOLD) LAC_TRY(lac__coords_derive(ctx, c, &site, &rows));
    lac_coords_retain(rows);
    *out = rows;
    return LAC_OK;
}
