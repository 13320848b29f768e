/*
 * hdf5_type.c - see hdf5_type.h.
 */
#include "io/hdf5_type.h"

#include <string.h>

/* A 16-bit IEEE-like float: sign, `exponent` bits, the rest mantissa. */
static hid_t half_type(size_t exponent, H5T_order_t order) {
    const hid_t type = H5Tcopy(H5T_IEEE_F32LE);
    const size_t mantissa = 15 - exponent;
    if (type >= 0 && H5Tset_fields(type, 15, mantissa, exponent, 0, mantissa) >= 0 &&
        H5Tset_precision(type, 16) >= 0 && H5Tset_size(type, 2) >= 0 &&
        H5Tset_ebias(type, ((size_t)1 << (exponent - 1)) - 1) >= 0 &&
        H5Tset_order(type, order) >= 0)
        return type;
    lac__hdf5_close_id(type);
    return -1;
}

static bool is_half(hid_t file_type, size_t exponent, H5T_order_t order) {
    const hid_t type = half_type(exponent, order);
    const bool equal = type >= 0 && H5Tequal(file_type, type) > 0;
    lac__hdf5_close_id(type);
    return equal;
}

/* Files that cannot have the custom float keep bfloat16 as uint16 with an attribute that says so.
 */
static bool says_bfloat16(hid_t object) {
    char text[16] = "";
    if (H5Aexists(object, "dtype") <= 0) return false;
    const hid_t attribute = H5Aopen(object, "dtype", H5P_DEFAULT);
    const hid_t type = attribute >= 0 ? H5Aget_type(attribute) : -1;
    const hid_t space = attribute >= 0 ? H5Aget_space(attribute) : -1;
    bool found = false;
    if (type >= 0 && space >= 0 && H5Tget_class(type) == H5T_STRING &&
        H5Sget_simple_extent_npoints(space) == 1) {
        if (H5Tis_variable_str(type) > 0) {
            char *variable = NULL;
            if (H5Aread(attribute, type, &variable) >= 0 && variable != NULL) {
                found = strcmp(variable, "bfloat16") == 0;
                (void)H5Dvlen_reclaim(type, space, H5P_DEFAULT, &variable);
            }
        } else if (H5Tget_size(type) < sizeof text && H5Aread(attribute, type, text) >= 0) {
            found = strcmp(text, "bfloat16") == 0;
        }
    }
    lac__hdf5_close_id(space);
    lac__hdf5_close_id(type);
    lac__hdf5_close_id(attribute);
    return found;
}

static bool find_number(hid_t file_type, lac__hdf5_type *out) {
    const struct {
        hid_t little, big, memory;
        lac_dtype dtype;
    } known[] = {
        {H5T_IEEE_F32LE, H5T_IEEE_F32BE, H5T_NATIVE_FLOAT, LAC_DTYPE_F32},
        {H5T_IEEE_F64LE, H5T_IEEE_F64BE, H5T_NATIVE_DOUBLE, LAC_DTYPE_F64},
        {H5T_STD_I8LE, H5T_STD_I8BE, H5T_NATIVE_INT32, LAC_DTYPE_I32},
        {H5T_STD_U8LE, H5T_STD_U8BE, H5T_NATIVE_UINT8, LAC_DTYPE_U8},
        {H5T_STD_I16LE, H5T_STD_I16BE, H5T_NATIVE_INT32, LAC_DTYPE_I32},
        {H5T_STD_U16LE, H5T_STD_U16BE, H5T_NATIVE_INT32, LAC_DTYPE_I32},
        {H5T_STD_I32LE, H5T_STD_I32BE, H5T_NATIVE_INT32, LAC_DTYPE_I32},
        {H5T_STD_U32LE, H5T_STD_U32BE, H5T_NATIVE_INT64, LAC_DTYPE_I64},
        {H5T_STD_I64LE, H5T_STD_I64BE, H5T_NATIVE_INT64, LAC_DTYPE_I64},
        {H5T_STD_U64LE, H5T_STD_U64BE, H5T_NATIVE_UINT64, LAC_DTYPE_I64},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (H5Tequal(file_type, known[i].little) <= 0 && H5Tequal(file_type, known[i].big) <= 0)
            continue;
        out->dtype = known[i].dtype;
        out->memory = H5Tcopy(known[i].memory);
        out->is_uint64 = H5Tequal(known[i].memory, H5T_NATIVE_UINT64) > 0;
        return true;
    }
    return false;
}

static bool find_half(hid_t file_type, lac__hdf5_type *out) {
    static const struct {
        size_t exponent;
        lac_dtype dtype;
    } halves[] = {{5, LAC_DTYPE_F16}, {8, LAC_DTYPE_BF16}};
    for (int i = 0; i < 2; i++) {
        const bool big = is_half(file_type, halves[i].exponent, H5T_ORDER_BE);
        if (!big && !is_half(file_type, halves[i].exponent, H5T_ORDER_LE)) continue;
        out->dtype = halves[i].dtype;
        out->swap16 = big;
        out->memory = H5Tcopy(file_type); /* the bits as they are: no conversion to go wrong */
        return true;
    }
    return false;
}

static bool find_other(hid_t file_type, lac__hdf5_type *out) {
    const H5T_class_t class = H5Tget_class(file_type);
    const size_t size = H5Tget_size(file_type);
    const bool boolean = class == H5T_ENUM && size == 1;
    const bool text = class == H5T_STRING && H5Tis_variable_str(file_type) == 0;
    if (!boolean && !text) return false;
    out->dtype = LAC_DTYPE_U8;
    out->text_length = text ? (int64_t)size : 0;
    out->memory = H5Tcopy(file_type);
    return true;
}

lac_status lac__hdf5_read_type(const lac_hdf5 *f, const char *path, hid_t object, hid_t file_type,
                               lac__hdf5_type *out) {
    *out = (lac__hdf5_type){.memory = -1};
    const bool is_uint16 =
        H5Tequal(file_type, H5T_STD_U16LE) > 0 || H5Tequal(file_type, H5T_STD_U16BE) > 0;
    if (is_uint16 && says_bfloat16(object)) {
        out->dtype = LAC_DTYPE_BF16;
        out->memory = H5Tcopy(H5T_NATIVE_UINT16);
    } else if (!find_number(file_type, out) && !find_half(file_type, out) &&
               !find_other(file_type, out)) {
        return lac__fail(LAC_ERR_DTYPE,
                         "hdf5: %.400s: %.200s: dtype: a type of %zu bytes that no tensor has, "
                         "expected floats, integers or booleans",
                         f->path, path, H5Tget_size(file_type));
    }
    return out->memory >= 0 ? LAC_OK
                            : lac__hdf5_fail(f, LAC_ERR_INTERNAL, path, "dtype: cannot be copied");
}

hid_t lac__hdf5_write_type(lac_dtype dtype) {
    switch (dtype) {
    case LAC_DTYPE_F32: return H5Tcopy(H5T_IEEE_F32LE);
    case LAC_DTYPE_F16: return half_type(5, H5T_ORDER_LE);
    case LAC_DTYPE_BF16: return half_type(8, H5T_ORDER_LE);
    case LAC_DTYPE_F64: return H5Tcopy(H5T_IEEE_F64LE);
    case LAC_DTYPE_I32: return H5Tcopy(H5T_STD_I32LE);
    case LAC_DTYPE_I64: return H5Tcopy(H5T_STD_I64LE);
    case LAC_DTYPE_U8: return H5Tcopy(H5T_STD_U8LE);
    case LAC_DTYPE_I8: return H5Tcopy(H5T_STD_I8LE);
    }
    return -1;
}
