/*
 * stored_bytes.c - see stored_bytes.h.
 */
#include "io/stored_bytes.h"

#include <string.h>
#include <zlib.h>

lac_status lac__stored_bytes_open(lac_context *ctx, lac__stored_bytes *s) {
    s->crc = (uint32_t)crc32(0, NULL, 0);
    s->from = s->end = s->position = 0;
    if (s->loaded != NULL) return LAC_OK;
    return lac__host->buffer_alloc(ctx, (size_t)lac__min(s->bytes, LAC__PIECE), &s->piece);
}

void lac__stored_bytes_close(lac_context *ctx, lac__stored_bytes *s) {
    lac__host->buffer_free(ctx, &s->piece);
}

/* A range that no longer skips anything, in steps that the checksum finds in the cache. */
static lac_status read_on(lac__stored_bytes *s, int64_t offset, char *to, int64_t bytes) {
    if (!s->check) return lac__byte_file_pread(s->file, s->what, s->start + offset, to, bytes);
    while (bytes > 0) {
        const int64_t n = lac__min(bytes, LAC__PIECE);
        LAC_TRY(lac__byte_file_pread(s->file, s->what, s->start + offset, to, n));
        s->crc = (uint32_t)crc32(s->crc, (const Bytef *)to, (uInt)n);
        s->position += n;
        offset += n;
        to += n;
        bytes -= n;
    }
    return LAC_OK;
}

/* What lies before `offset` counts for the checksum only. */
static lac_status skip_to(lac__stored_bytes *s, int64_t offset) {
    while (s->check && s->position < offset) {
        const int64_t n = lac__min(offset - s->position, LAC__PIECE);
        LAC_TRY(read_on(s, s->position, s->piece.data, n));
    }
    return LAC_OK;
}

lac_status lac__stored_bytes_copy(lac__stored_bytes *s, int64_t offset, void *to, int64_t bytes) {
    if (s->loaded != NULL) {
        if (bytes > 0) memcpy(to, s->loaded + offset, (size_t)bytes);
        return LAC_OK;
    }
    LAC_TRY(skip_to(s, offset));
    return read_on(s, offset, to, bytes);
}

lac_status lac__stored_bytes_at(lac__stored_bytes *s, int64_t offset, int64_t bytes, int64_t limit,
                                const char **data, int64_t *available) {
    if (s->loaded != NULL) {
        *data = s->loaded + offset;
        *available = limit - offset;
        return LAC_OK;
    }
    if (offset < s->from || offset + bytes > s->end) {
        /* The rest of an element that the piece cuts is kept: it has been read already. */
        const int64_t kept = offset < s->end ? s->end - offset : 0;
        char *piece = s->piece.data;
        if (kept > 0) memmove(piece, piece + (offset - s->from), (size_t)kept);
        if (kept == 0) LAC_TRY(skip_to(s, offset));
        const int64_t more = lac__min(limit - offset, LAC__PIECE) - kept;
        s->from = s->end = offset;
        LAC_TRY(read_on(s, offset + kept, piece + kept, more));
        s->end = offset + kept + more;
    }
    *data = (const char *)s->piece.data + (offset - s->from);
    *available = s->end - offset;
    return LAC_OK;
}

lac_status lac__stored_bytes_finish(lac__stored_bytes *s) {
    if (!s->check || s->loaded != NULL) return LAC_OK;
    LAC_TRY(skip_to(s, s->bytes));
    if (s->crc == s->expected) return LAC_OK;
    return lac__fail(LAC_ERR_FORMAT,
                     "%s: %.400s: %.200s: crc32 of the data is %08x, expected %08x: the file is "
                     "damaged",
                     s->file->op, s->file->path, s->what, s->crc, s->expected);
}
