/*
 * attachment.c - what is derived from a storage's content and kept with it. Parameters may be shared by
 * contexts in several threads, so the one pointer is guarded by a spin lock, held for a few instructions.
 */
#include "core/tensor.h"

void lac__attachment_release(lac__attachment *attachment) {
    if (attachment != NULL && atomic_fetch_sub(&attachment->references, 1) == 1)
        attachment->destroy(attachment);
}

static void lock(lac__storage *s) {
    while (atomic_flag_test_and_set_explicit(&s->attachment_lock, memory_order_acquire)) {
    }
}

static void unlock(lac__storage *s) {
    atomic_flag_clear_explicit(&s->attachment_lock, memory_order_release);
}

void lac__storage_give_up(lac__storage *s) {
    if (!s->one_thread || atomic_load(&s->exposed) || s->block.data == NULL ||
        s->device->kind != LAC_DEVICE_CPU)
        return;
    s->given_up = true;
    s->given_up_bytes = s->block.capacity;
    s->data = NULL;
    lac__pool_free(s->device->pool, &s->block);
}

lac__attachment *lac__storage_attachment(lac__storage *s) {
    lock(s);
    lac__attachment *attachment = s->attachment;
    if (attachment != NULL) atomic_fetch_add(&attachment->references, 1);
    unlock(s);
    return attachment;
}

void lac__storage_attach(lac__storage *s, lac__attachment *attachment) {
    atomic_fetch_add(&attachment->references, 1);
    lock(s);
    lac__attachment *old = s->attachment;
    s->attachment = attachment;
    unlock(s);
    lac__attachment_release(old);
}
