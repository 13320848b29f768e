/*
 * to_dense.cu - rows into the cells of a grid, one thread an element. Rows are unique, so threads
 * never meet.
 */
#include "launch_pool.h"
#include "point_walk.cuh"

template <class T>
static __global__ void __launch_bounds__(LAC__WALK_THREADS) fill_cells(lac__grid_cells g) {
    const T *feats = static_cast<const T *>(g.feats);
    T *out = static_cast<T *>(g.out);
    for (int64_t i = lac__walk_first(); i < g.rows * g.channels; i += lac__walk_step()) {
        const lac__place at = lac__place_of(i, g.channels);
        int64_t cell = at.column * g.stride[4];
        for (int axis = 0; axis < 4; axis++) cell += g.cell[4 * at.row + axis] * g.stride[axis];
        out[cell] = feats[i];
    }
}

template <class T> static void launch(lac__gpu *gpu, const lac__grid_cells *cells) {
    LAC_LAUNCH(gpu, (fill_cells<T>), lac__walk_blocks(cells->rows * cells->channels),
               LAC__WALK_THREADS, 0, *cells);
}

void lac__launch_to_dense(lac__gpu *gpu, const lac__grid_cells *cells) {
    switch (cells->element) {
    case 1: launch<uint8_t>(gpu, cells); break;
    case 2: launch<uint16_t>(gpu, cells); break;
    case 4: launch<uint32_t>(gpu, cells); break;
    default: launch<uint64_t>(gpu, cells);
    }
}
