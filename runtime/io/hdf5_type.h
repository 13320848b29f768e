/*
 * hdf5_type.h - dtypes of tensors and types of files.
 *
 * Only types that equal a standard one are read: float16 and bfloat16 (a 16-bit float with 8 bits
 * of exponent), float32, float64, integers of 8 to 64 bits, booleans (an enumeration of one byte),
 * each in both byte orders, and strings of fixed length, which become uint8 with the length as last
 * dimension.
 */
#ifndef LAC_IO_HDF5_TYPE_H
#define LAC_IO_HDF5_TYPE_H

#include "io/hdf5_file.h"

typedef struct lac__hdf5_type {
    lac_dtype dtype;
    hid_t memory;        /* what H5Dread is to deliver; closed with lac__hdf5_close_id */
    bool swap16;         /* the two bytes of each value are to be swapped after reading */
    bool is_uint64;      /* values above 2^63 - 1 do not fit */
    int64_t text_length; /* of a string, else 0 */
} lac__hdf5_type;

/** How `file_type` of the dataset `object` is read. Values of a memory type of another size than
 * the dtype never occur. */
lac_status lac__hdf5_read_type(const lac_hdf5 *f, const char *path, hid_t object, hid_t file_type,
                               lac__hdf5_type *out);
/** The type of a new dataset, which is that of memory too; < 0 on failure. The caller closes it. */
hid_t lac__hdf5_write_type(lac_dtype dtype);

#endif
