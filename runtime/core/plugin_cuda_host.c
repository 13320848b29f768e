/*
 * plugin_cuda_host.c - the host's half of plugin_cuda.h, and the opening of liblacuna_cuda.
 */
#include "core/plugin.h"
#include "core/plugin_cuda.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

static const lac__cuda_host host = {
    .version = LAC__CUDA_VERSION,
    .vfail = lac__vfail,
    .check_interrupt = lac__check_interrupt,
    .pool_alloc = lac__pool_alloc,
    .pool_free = lac__pool_free,
    .object_alloc = lac__object_alloc,
    .object_free = lac__object_free,
    .tensor_new_on = lac__tensor_new_on,
    .tensor_retain = lac_tensor_retain,
    .tensor_release = lac_tensor_release,
    .tensor_numel = lac_tensor_numel,
    .tensor_is_contiguous = lac_tensor_is_contiguous,
    .dtype_size = lac_dtype_size,
    .dtype_name = lac_dtype_name,
    .coords_count = lac_coords_count,
    .map_neighbours = lac__map_neighbours,
    .map_orders = lac__map_orders,
    .map_lists = lac__map_lists,
    .clock = lac_clock,
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const lac__cuda *_Atomic opened;

static lac_status open_cuda(const lac__cuda **out) {
    void *symbol = NULL;
    LAC_TRY(
        lac__plugin_open("liblacuna_cuda.so", "LACUNA_CUDA_LIB", LAC__CUDA_ENTRY, "GPUs", &symbol));
    lac__cuda_entry *entry = NULL;
    memcpy(&entry, &symbol,
           sizeof entry); /* ISO C has no cast from an object pointer to a function's */
    const lac__cuda *cuda = entry(&host);
    if (cuda == NULL || cuda->version != LAC__CUDA_VERSION)
        return lac__fail(LAC_ERR_UNSUPPORTED,
                         "liblacuna_cuda.so: of another version than liblacuna: "
                         "install both from one build");
    *out = cuda;
    return LAC_OK;
}

lac_status lac__plugin_cuda(const lac__cuda **out) {
    const lac__cuda *cuda = atomic_load(&opened);
    if (cuda == NULL) {
        (void)pthread_mutex_lock(&lock);
        cuda = atomic_load(&opened);
        const lac_status status = cuda != NULL ? LAC_OK : open_cuda(&cuda);
        if (status == LAC_OK) atomic_store(&opened, cuda);
        (void)pthread_mutex_unlock(&lock);
        if (status != LAC_OK) return status;
    }
    *out = cuda;
    return LAC_OK;
}
