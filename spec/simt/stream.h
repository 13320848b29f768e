/*
 * stream.h - queues of work.
 *
 * A stream runs its tasks in order. Eager streams run a task at once; lazy ones only when something
 * waits for it, so that a missing synchronisation reads old data. The null stream waits for all
 * blocking streams, and they for it.
 */
#ifndef SIMT_STREAM_H
#define SIMT_STREAM_H

#include "engine.h"

#include <deque>
#include <functional>
#include <memory>
#include <vector>

namespace simt {

/* The first `count` tasks of a stream. A stream that is gone has done everything. */
struct Position {
    uint64_t stream, count;
};
struct Task {
    std::function<void()> run;
    std::vector<Position> after;
};

} // namespace simt

struct CUstream_st {
    uint64_t id;
    bool blocking;
    std::deque<simt::Task> queue;
    uint64_t queued, done;
    CUgraph_st *capture; /* tasks go there instead */
};

/* Tasks in an order that respects what they wait for. */
struct CUgraph_st {
    std::vector<std::function<void()>> tasks;
    CUstream_st *origin;
};

namespace simt {

/* The stream of a handle; null when there is none such. */
CUstream_st *find_stream(cudaStream_t stream);
cudaError_t enqueue(cudaStream_t stream, std::function<void()> run);
void drain(Position position);
void drain_all();
bool is_done(Position position);
bool any_capture();
/* Streams that take part in the capture go back to work. */
void end_capture(const CUgraph_st *graph);

} // namespace simt
#endif
