/*
 * png.c - 8-bit images through libpng. libpng reports errors by longjmp: everything that is looked
 * at after one lives in a struct, not in locals of the function that called setjmp.
 */
#include "io/atomic_file.h"
#include "io/io.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>

typedef struct job {
    lac__atomic_file *file;
    lac_status status; /* of a failed write; else of libpng itself */
    png_structp png;
    png_infop info;
    jmp_buf escape;
} job;

static void on_error(png_structp png, png_const_charp text) {
    job *j = png_get_error_ptr(png);
    if (j->status == LAC_OK)
        j->status =
            lac__fail(LAC_ERR_IO, "write_png: cannot write %s: libpng: %s", j->file->path, text);
    longjmp(j->escape, 1);
}

static void on_warning(png_structp png, png_const_charp text) {
    (void)png;
    (void)text;
}

static void on_write(png_structp png, png_bytep data, size_t bytes) {
    job *j = png_get_io_ptr(png);
    j->status = lac__atomic_write(j->file, data, bytes);
    if (j->status != LAC_OK) png_error(png, "write failed");
}

static void on_flush(png_structp png) {
    (void)png;
}

static void encode(job *j, const unsigned char *pixels, int64_t height, int64_t width,
                   int64_t channels) {
    if (setjmp(j->escape) != 0) return;
    j->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, j, on_error, on_warning);
    if (j->png != NULL) j->info = png_create_info_struct(j->png);
    if (j->info == NULL) {
        j->status = lac__fail(LAC_ERR_OOM, "write_png: out of memory in libpng");
        return;
    }
    png_set_write_fn(j->png, j, on_write, on_flush);
    png_set_IHDR(j->png, j->info, (png_uint_32)width, (png_uint_32)height, 8,
                 channels == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    /* Views of points are mostly background: filters and hard searching take long and save little. */
    png_set_filter(j->png, PNG_FILTER_TYPE_BASE, PNG_FILTER_NONE);
    png_set_compression_level(j->png, 2);
    png_write_info(j->png, j->info);
    for (int64_t row = 0; row < height; row++)
        png_write_row(j->png, pixels + row * width * channels);
    png_write_end(j->png, j->info);
}

static lac_status check_image(lac_tensor *image, lac_tensor_desc *desc) {
    if (image == NULL) return lac__fail(LAC_ERR_ARGUMENT, "write_png: the image is NULL");
    lac__host->tensor_describe(image, desc);
    if (desc->dtype != LAC_DTYPE_U8)
        return lac__fail(LAC_ERR_DTYPE, "write_png: the image is %s, expected uint8",
                         lac__dtype_text(desc));
    if ((desc->ndim != 2 && desc->ndim != 3) || (desc->ndim == 3 && desc->shape[2] != 3))
        return lac__fail(LAC_ERR_SHAPE,
                         "write_png: the image has %d dimensions, expected [H,W] or [H,W,3]",
                         desc->ndim);
    for (int i = 0; i < 2; i++)
        if (desc->shape[i] < 1 || desc->shape[i] > 1000000)
            return lac__fail(LAC_ERR_SHAPE, "write_png: %s of %lld pixels, expected 1 to 1000000",
                             i == 0 ? "a height" : "a width", (long long)desc->shape[i]);
    return LAC_OK;
}

lac_status lac__png_write(lac_context *ctx, const char *path, lac_tensor *image) {
    lac_tensor_desc desc;
    LAC_TRY(check_image(image, &desc));
    lac_tensor *readable = NULL;
    LAC_TRY(lac__host->tensor_readable(ctx, image, -1, &readable));
    lac__atomic_file file;
    lac_status status = lac__atomic_create("write_png", path, &file);
    if (status == LAC_OK) {
        job j = {.file = &file};
        encode(&j, lac__host->tensor_memory(readable), desc.shape[0], desc.shape[1],
               desc.ndim == 3 ? 3 : 1);
        png_destroy_write_struct(&j.png, &j.info);
        status = j.status;
        if (status == LAC_OK)
            status = lac__atomic_commit(&file);
        else
            lac__atomic_discard(&file);
    }
    lac__drop(readable);
    return status;
}
