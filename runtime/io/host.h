/*
 * host.h - the services of liblacuna inside this plugin, under the names that the core uses.
 */
#ifndef LAC_IO_HOST_H
#define LAC_IO_HOST_H

#include "core/checked.h"
#include "core/plugin_io.h"

#if !defined(__BYTE_ORDER__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the file formats are read and written on little-endian machines only"
#endif

/** Set once, by the entry point, before anything else of this library runs. */
extern const lac__io_host *lac__host;

/** Releases a tensor that may be NULL. */
static inline void lac__drop(lac_tensor *t) {
    if (t != NULL) lac__host->tensor_release(t);
}

/** "float32" for messages. */
static inline const char *lac__dtype_text(const lac_tensor_desc *desc) {
    return lac__host->dtype_name(desc->dtype);
}

/** Checks that `t` is [rows, columns], columns >= 1; `name` is the argument's. */
lac_status lac__check_matrix(const char *op, const char *name, const lac_tensor *t, int64_t *rows,
                             int64_t *columns);
/** Checks a tensor of one integer label for each of `rows` rows (-1: any number), and gives it as
 * int64. */
lac_status lac__labels_readable(lac_context *ctx, const char *op, lac_tensor *labels, int64_t rows,
                                lac_tensor **out);
/** Checks colours, uint8 [rows,3], and gives them readable. */
lac_status lac__colours_readable(lac_context *ctx, const char *op, lac_tensor *colours,
                                 int64_t rows, lac_tensor **out);

#endif
