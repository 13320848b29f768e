/*
 * dataflow.c - the choice of a dataflow, in one place.
 *
 * FetchOnDemand walks pair lists and wastes no multiply-add; it wins on LiDAR data, where a voxel has 3 to
 * 9 of 27 neighbours. ImplicitGEMM keeps its accumulators in registers over all taps, but multiplies by
 * zero where a row of its tile lacks a neighbour; it wins where nearly every row has nearly every tap.
 * GatherScatter buffers its rows for OpenBLAS and is there for comparison.
 *
 * AUTO takes ImplicitGEMM, sorted in one part, where the pairs fill at least DENSE of the map and there
 * are few channels, so that loading and storing accumulators counts: on a solid cube it is 8 to 20 %
 * faster at 16 channels, equal within noise from 32 on, and slower on anything sparser. Both compute the
 * same chain for an element (taps ascending, the centre last, channels ascending, one fused multiply-add
 * each), so the choice does not show in float32. The one difference, zero times an infinity, is avoided:
 * weights that are not finite always run FetchOnDemand.
 *
 * On a GPU AUTO is ImplicitGEMM: pair lists cost a wait for their lengths, and tensor cores pay for the
 * multiplications by zero. Its kernels skip absent rows where weights are not finite.
 */
#include "ops/dataflow.h"

static const double DENSE = 0.9;
enum { FEW_CHANNELS = 16 };

lac_status lac__flow_make(const lac_context *ctx, const lac_conv3d_options *o, lac__flow *out) {
    if (o->dataflow < LAC_DATAFLOW_AUTO || o->dataflow > LAC_DATAFLOW_FETCH_ON_DEMAND)
        return lac__fail(LAC_ERR_ARGUMENT, "conv3d: there is no dataflow %d", o->dataflow);
    if (o->sort < 0 || o->sort > 2)
        return lac__fail(LAC_ERR_ARGUMENT, "conv3d: sort %d, expected 0 to 2", o->sort);
    if (o->splits < 0 || o->splits > 4)
        return lac__fail(LAC_ERR_ARGUMENT, "conv3d: split_mask_num %d, expected 1 to 4", o->splits);
    if (!(o->epsilon >= 0) || !(o->mm_thresh >= 0))
        return lac__fail(LAC_ERR_ARGUMENT,
                         "conv3d: epsilon %g and mm_thresh %g, expected numbers from 0", o->epsilon,
                         o->mm_thresh);
    const int32_t mode = ctx->flags[LAC_FLAG_CONV_MODE];
    lac__flow flow = {.dataflow = (lac_dataflow)o->dataflow,
                      .epsilon = o->epsilon,
                      .tf32 = ctx->flags[LAC_FLAG_ALLOW_TF32] != 0};
    flow.sorted = o->sort == 0 ? mode > 0 : o->sort == 2;
    flow.splits = !flow.sorted ? 1 : o->splits > 0 ? o->splits : mode == 2 ? 3 : 1;
    flow.mm_thresh = o->mm_thresh < 1e15 ? (int64_t)o->mm_thresh : (int64_t)1e15;
    *out = flow;
    return LAC_OK;
}

lac_dataflow lac__flow_choose(const lac__flow *flow, const lac_kernel_map *map,
                              const lac__packed *weight, bool gpu) {
    if (gpu && flow->dataflow == LAC_DATAFLOW_AUTO) return LAC_DATAFLOW_IMPLICIT_GEMM;
    if (!weight->finite && !gpu) return LAC_DATAFLOW_FETCH_ON_DEMAND;
    if (flow->dataflow != LAC_DATAFLOW_AUTO) return flow->dataflow;
    int64_t taps, pairs, rows;
    lac_kernel_map_describe(map, &taps, &pairs, NULL, &rows);
    const bool dense = (double)pairs >= DENSE * (double)taps * (double)rows;
    return dense && taps > 1 && weight->cin <= FEW_CHANNELS ? LAC_DATAFLOW_IMPLICIT_GEMM
                                                            : LAC_DATAFLOW_FETCH_ON_DEMAND;
}
