/*
 * plugin_io_host.c - the host's half of plugin_io.h, and the opening of liblacuna_io.
 */
#include "core/plugin.h"
#include "core/tensor.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

static void log_text(lac_context *ctx, lac_log_level level, const char *text) {
    lac__log_write(ctx->log, level, "%s", text);
}

static void *object_alloc(lac_context *ctx, size_t bytes) {
    return lac__object_alloc(ctx->pool, bytes);
}
static void object_free(lac_context *ctx, void *object, size_t bytes) {
    lac__object_free(ctx->pool, object, bytes);
}
static lac_status buffer_alloc(lac_context *ctx, size_t bytes, lac__block *out) {
    return lac__pool_alloc(ctx->pool, bytes, out);
}
static void buffer_free(lac_context *ctx, lac__block *block) {
    lac__pool_free(ctx->pool, block);
}
static void *tensor_memory(const lac_tensor *t) {
    return lac__data(t);
}

static lac_status tensor_readable(lac_context *ctx, lac_tensor *t, int32_t dtype,
                                  lac_tensor **out) {
    lac_tensor *here = NULL;
    LAC_TRY(lac__on_host(ctx, t, &here));
    if (dtype < 0 || (lac_dtype)dtype == t->dtype) {
        *out = here;
        return LAC_OK;
    }
    const lac_status status = lac_convert(ctx, here, (lac_dtype)dtype, out);
    lac_tensor_release(here);
    return status;
}

static const lac__io_host host = {
    .version = LAC__IO_VERSION,
    .vfail = lac__vfail,
    .log = log_text,
    .context_retain = lac_context_retain,
    .context_release = lac_context_release,
    .threads = lac_context_threads,
    .object_alloc = object_alloc,
    .object_free = object_free,
    .buffer_alloc = buffer_alloc,
    .buffer_free = buffer_free,
    .dtype_size = lac_dtype_size,
    .dtype_name = lac_dtype_name,
    .tensor_new = lac__tensor_new,
    .tensor_release = lac_tensor_release,
    .tensor_describe = lac_tensor_describe,
    .tensor_memory = tensor_memory,
    .tensor_readable = tensor_readable,
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const lac__io *_Atomic opened;

static lac_status open_io(const lac__io **out) {
    void *symbol = NULL;
    LAC_TRY(lac__plugin_open("liblacuna_io.so", "LACUNA_IO_LIB", LAC__IO_ENTRY, "files", &symbol));
    lac__io_entry *entry = NULL;
    memcpy(&entry, &symbol,
           sizeof entry); /* ISO C has no cast from an object pointer to a function's */
    const lac__io *io = entry(&host);
    if (io == NULL || io->version != LAC__IO_VERSION)
        return lac__fail(LAC_ERR_UNSUPPORTED, "liblacuna_io.so: of another version than liblacuna: "
                                              "install both from one build");
    *out = io;
    return LAC_OK;
}

lac_status lac__plugin_io(const lac__io **out) {
    const lac__io *io = atomic_load(&opened);
    if (io == NULL) {
        (void)pthread_mutex_lock(&lock);
        io = atomic_load(&opened);
        const lac_status status = io != NULL ? LAC_OK : open_io(&io);
        if (status == LAC_OK) atomic_store(&opened, io);
        (void)pthread_mutex_unlock(&lock);
        if (status != LAC_OK) return status;
    }
    *out = io;
    return LAC_OK;
}
