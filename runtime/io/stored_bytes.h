/*
 * stored_bytes.h - the bytes of a storage, from the file or from memory, front to back.
 *
 * Invariant: ranges are asked for in rising order, so that a checksum over the whole storage sees
 * every byte once and no byte is read twice.
 */
#ifndef LAC_IO_STORED_BYTES_H
#define LAC_IO_STORED_BYTES_H

#include "io/byte_file.h"

enum { LAC__PIECE = 1 << 20 };

typedef struct lac__stored_bytes {
    const lac_file *file;
    const char *what;   /* for messages */
    const char *loaded; /* the whole storage in memory, or NULL */
    int64_t start;      /* of the storage, in the file */
    int64_t bytes;      /* of the storage */
    bool check;         /* against `expected` */
    uint32_t expected, crc;
    int64_t position;  /* bytes that the checksum has seen */
    lac__block piece;  /* up to LAC__PIECE bytes */
    int64_t from, end; /* what of the storage `piece` holds */
} lac__stored_bytes;

/** Takes the piece's memory; the caller closes it. */
lac_status lac__stored_bytes_open(lac_context *ctx, lac__stored_bytes *s);
void lac__stored_bytes_close(lac_context *ctx, lac__stored_bytes *s);

/** Copies a range to `to`. */
lac_status lac__stored_bytes_copy(lac__stored_bytes *s, int64_t offset, void *to, int64_t bytes);
/** *data: `bytes` (at most 8) at `offset`; *available, at least `bytes`, follow there and stay until
 * the next call. Nothing from `limit` on is read. Offsets may repeat, but not fall. */
lac_status lac__stored_bytes_at(lac__stored_bytes *s, int64_t offset, int64_t bytes, int64_t limit,
                                const char **data, int64_t *available);
/** Reads what is left for the checksum, and compares. */
lac_status lac__stored_bytes_finish(lac__stored_bytes *s);

#endif
