/*
 * extents.c - see extents.h.
 */
#include "core/extents.h"

#include <sys/mman.h>

enum { HUGE_PAGE = 2 << 20 };

void *lac__extents_take(lac__extent **list, size_t bytes) {
    lac__extent **best = NULL;
    for (lac__extent **at = list; *at != NULL; at = &(*at)->next) {
        if ((*at)->bytes >= bytes && (best == NULL || (*at)->bytes < (*best)->bytes)) best = at;
    }
    if (best == NULL) return NULL;
    lac__extent *extent = *best;
    if (extent->bytes == bytes) {
        *best = extent->next;
        return extent;
    }
    extent->bytes -= bytes; /* the tail is given away, the head stays in the list */
    return (char *)extent + extent->bytes;
}

void lac__extents_give(lac__extent **list, void *pages, size_t bytes) {
    lac__extent **at = list, *previous = NULL;
    while (*at != NULL && (uintptr_t)*at < (uintptr_t)pages) {
        previous = *at;
        at = &(*at)->next;
    }
    lac__extent *extent = pages, *next = *at;
    extent->bytes = bytes;
    extent->next = next;
    *at = extent;
    if (next != NULL && (char *)extent + extent->bytes == (char *)next) {
        extent->bytes += next->bytes;
        extent->next = next->next;
    }
    if (previous != NULL && (char *)previous + previous->bytes == (char *)extent) {
        previous->bytes += extent->bytes;
        previous->next = extent->next;
    }
}

static void *map(void *hint, size_t bytes) {
    void *p = mmap(hint, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

void *lac__extents_map(void *below, size_t bytes) {
    const size_t alignment = bytes >= HUGE_PAGE ? HUGE_PAGE : LAC__PAGE;
    const uintptr_t hint = ((uintptr_t)below - bytes) / alignment * alignment;
    char *pages = below == NULL ? NULL : map((void *)hint, bytes);
    if (pages == NULL || (uintptr_t)pages % alignment != 0) {
        if (pages != NULL) (void)munmap(pages, bytes);
        pages = map(NULL, bytes + alignment);
        if (pages == NULL) return NULL;
        const size_t head = (alignment - (uintptr_t)pages % alignment) % alignment;
        if (head > 0) (void)munmap(pages, head);
        pages += head;
        (void)munmap(pages + bytes, alignment - head);
    }
    if (alignment == HUGE_PAGE) (void)madvise(pages, bytes, MADV_HUGEPAGE);
    return pages;
}

size_t lac__extents_unmap(lac__extent **list, size_t wanted) {
    size_t done = 0;
    while (*list != NULL && done < wanted) {
        lac__extent **last = list;
        while ((*last)->next != NULL) last = &(*last)->next;
        lac__extent *extent = *last;
        const size_t left = wanted - done;
        const size_t part =
            left >= extent->bytes ? extent->bytes : (left + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
        if (part >= extent->bytes) {
            *last = NULL;
            done += extent->bytes;
            (void)munmap(extent, extent->bytes);
        } else {
            extent->bytes -= part;
            done += part;
            (void)munmap((char *)extent + extent->bytes, part);
        }
    }
    return done;
}
