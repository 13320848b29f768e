/*
 * points.c - lac_points_read: which reader a file name asks for.
 */
#include "io/io.h"
#include "io/points.h"

#include <string.h>
#include <strings.h>

static bool ends_with(const char *path, const char *ending) {
    const size_t n = strlen(path), m = strlen(ending);
    return n >= m && strcasecmp(path + n - m, ending) == 0;
}

static lac_status check_options(const lac_points_options *options, lac_points_options *known) {
    *known = (lac_points_options){.size = sizeof *known, .dtype = -1};
    if (options == NULL) return LAC_OK;
    if (options->size != sizeof *known)
        return lac__fail(LAC_ERR_ARGUMENT,
                         "read_points: options of %u bytes, expected %zu: set size", options->size,
                         sizeof *known);
    *known = *options;
    if (known->columns != 0 && (known->columns < 3 || known->columns > LAC__MAX_COLUMNS))
        return lac__fail(LAC_ERR_ARGUMENT, "read_points: columns = %d, expected 3 to %d",
                         known->columns, (int)LAC__MAX_COLUMNS);
    if (known->dtype != -1 && known->dtype != LAC_DTYPE_F32 && known->dtype != LAC_DTYPE_F16)
        return lac__fail(LAC_ERR_DTYPE, "read_points: dtype %s, expected float32 or float16",
                         lac__host->dtype_name((lac_dtype)known->dtype));
    return LAC_OK;
}

lac_status lac__points_read(lac_context *ctx, const char *path, const lac_points_options *options,
                            lac_tensor **out) {
    lac_points_options known;
    LAC_TRY(check_options(options, &known));
    if (path == NULL || path[0] == '\0')
        return lac__fail(LAC_ERR_ARGUMENT, "read_points: the path is empty, expected a file");
    const bool pcd = ends_with(path, ".pcd"), ply = ends_with(path, ".ply");
    if (!pcd && !ply && !ends_with(path, ".bin"))
        return lac__fail(LAC_ERR_ARGUMENT,
                         "read_points: %s: unknown kind of file, expected .bin, .pcd or .ply",
                         path);
    if (!pcd && !ply)
        return lac__bin_read(ctx, path, known.columns,
                             known.dtype < 0 ? LAC_DTYPE_F32 : (lac_dtype)known.dtype, out);
    if (known.columns != 0 || known.dtype != -1)
        return lac__fail(LAC_ERR_ARGUMENT,
                         "read_points: %s: columns and dtype are for .bin files: this one "
                         "names its fields",
                         path);
    lac__file file;
    LAC_TRY(lac__file_load(ctx, LAC__READ_POINTS, path, &file));
    const lac_status status =
        pcd ? lac__pcd_read(ctx, path, &file, out) : lac__ply_read(ctx, path, &file, out);
    lac__file_unload(ctx, &file);
    return status;
}
