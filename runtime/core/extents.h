/*
 * extents.h - free ranges of pages, ordered by address, neighbours joined.
 *
 * Large blocks of the pool are cut from these and return to them, so that pages once taken from the
 * system serve blocks of any size: fresh pages cost a zeroing each time, which at LiDAR sizes is a tenth
 * of a forward. The list lives in the free pages themselves.
 */
#ifndef LAC_CORE_EXTENTS_H
#define LAC_CORE_EXTENTS_H

#include <stddef.h>
#include <stdint.h>

typedef struct lac__extent {
    struct lac__extent *next; /* at a higher address */
    size_t bytes;
} lac__extent;

enum { LAC__PAGE = 4096 };

/** The smallest range that holds `bytes` (a multiple of LAC__PAGE), cut to size; NULL: none does. */
void *lac__extents_take(lac__extent **list, size_t bytes);
void lac__extents_give(lac__extent **list, void *pages, size_t bytes);
/** Fresh pages from the system, on huge pages where it has them; NULL: it has none. If possible they end
 *  where those at `below` begin, so that they can join. */
void *lac__extents_map(void *below, size_t bytes);
/** Returns free pages to the system, highest addresses first, at least `wanted` bytes where there are as
 *  many; returns how many. */
size_t lac__extents_unmap(lac__extent **list, size_t wanted);

#endif
