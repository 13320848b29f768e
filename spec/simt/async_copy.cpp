/*
 * async_copy.cpp - cp.async: copies from global to shared memory, in groups that a thread waits
 * for.
 *
 * The hardware may move the data at any time between the instruction and the wait. "Early" moves it
 * at once, "late" at the wait: a kernel must be right in both. Late shows a missing wait, early a
 * buffer that is overwritten while others still read it.
 */
#include "engine.h"

#include <cstring>

namespace simt {

struct Copy {
    void *to;
    const void *from;
    unsigned bytes, from_bytes;
};

/* Copies in the order of issue, as a ring that grows; groups as counts of copies. */
struct Queue {
    Copy *copies;
    unsigned capacity, head, count;
    unsigned open; /* copies since the last commit */
    unsigned groups, first_group;
    unsigned group[32];
};
static Queue queues[max_threads];

static void perform(const Copy &copy) {
    std::memcpy(copy.to, copy.from, copy.from_bytes);
    std::memset((char *)copy.to + copy.from_bytes, 0, copy.bytes - copy.from_bytes);
}

static void append(Queue &queue, const Copy &copy) {
    if (queue.count == queue.capacity) {
        const unsigned capacity = queue.capacity ? 2 * queue.capacity : 64;
        Copy *grown = new Copy[capacity];
        for (unsigned i = 0; i < queue.count; ++i)
            grown[i] = queue.copies[(queue.head + i) % queue.capacity];
        delete[] queue.copies;
        queue.copies = grown;
        queue.capacity = capacity;
        queue.head = 0;
    }
    queue.copies[(queue.head + queue.count++) % queue.capacity] = copy;
}

/* Both at the issue and at the wait the target counts as written: nobody may touch it in between.
 * */
static void note(const Copy &copy) {
    note_access(copy.from, copy.from_bytes, Access::read);
    note_access(copy.to, copy.bytes, Access::write);
}

void async_copy(void *to, const void *from, unsigned bytes, unsigned from_bytes) {
    if (from_bytes > bytes) die("cp.async of %u bytes takes %u from its source", bytes, from_bytes);
    if (((uintptr_t)to | (uintptr_t)from) % bytes)
        die("cp.async of %u bytes is misaligned (to %p, from %p)", bytes, to, from);
    if (is_device_memory(to)) die("cp.async to %p, which is not shared memory", to);
    if (!is_device_memory(from)) die("cp.async from %p, which is not device memory", from);
    Queue &queue = queues[current->flat];
    const Copy copy = {to, from, bytes, from_bytes};
    ++queue.open;
    if (checker) note(copy);
    if (config.late_copies || checker) append(queue, copy);
    if (!config.late_copies) perform(copy);
}

static void finish_group(Queue &queue) {
    const unsigned copies = queue.group[queue.first_group];
    queue.first_group = (queue.first_group + 1) % 32;
    --queue.groups;
    if (!config.late_copies && !checker) return;
    for (unsigned i = 0; i < copies; ++i) {
        const Copy copy = queue.copies[queue.head];
        queue.head = (queue.head + 1) % queue.capacity;
        --queue.count;
        if (checker) note(copy);
        if (config.late_copies) perform(copy);
    }
}

void async_commit() {
    Queue &queue = queues[current->flat];
    if (queue.groups == 32) finish_group(queue);
    queue.group[(queue.first_group + queue.groups++) % 32] = queue.open;
    queue.open = 0;
}

void async_wait(unsigned groups_left) {
    Queue &queue = queues[current->flat];
    while (queue.groups > groups_left) finish_group(queue);
}

void async_thread_exits(const Thread &thread) {
    Queue &queue = queues[thread.flat];
    unsigned copies = queue.open;
    for (unsigned i = 0; i < queue.groups; ++i) copies += queue.group[(queue.first_group + i) % 32];
    if (copies) die("the thread exits with %u cp.async under way: it needs a wait", copies);
    queue.groups = 0;
}

} // namespace simt
