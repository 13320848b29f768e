/*
 * two_threads.cpp - one file of weights, two threads, each with a context and a script of its own.
 *
 *   c++ two_threads.cpp $(pkg-config --cflags --libs lacuna_script) -pthread -o two_threads
 *   ./two_threads WEIGHTS.h5
 *
 * The weights are those that make_weights() saves where the file is not given.
 */
#include <lacuna/lacuna.hpp>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace {

const char *const config = "{\"num_classes\": 19, \"cr\": 0.25}";

void make_weights(const std::string &path) {
    lacuna::context ctx;
    lacuna::script script(ctx);
    script.run("require('lacuna').models.minkunet{num_classes = 19, cr = 0.25}:save('" + path +
               "')");
}

/* A ring of points, x y z intensity, as a sensor would deliver it. */
std::vector<float> make_points() {
    std::vector<float> points;
    for (int i = 0; i < 2000; ++i) {
        const float distance = 5.0f + 0.01f * static_cast<float>(i % 500);
        points.push_back(distance * static_cast<float>(i % 40 - 20) / 20.0f);
        points.push_back(distance * static_cast<float>(i / 40 - 25) / 25.0f);
        points.push_back(0.02f * static_cast<float>(i % 7));
        points.push_back(static_cast<float>(i % 10) / 10.0f);
    }
    return points;
}

struct outcome {
    std::vector<float> logits;
    std::string failure;
};

/* No exception leaves a thread: what failed is told. */
void segment(const lacuna::weights &weights, outcome &out) {
    try {
        lac_context_options options = lac_context_options();
        options.threads = 1;
        lacuna::context ctx(options);
        lacuna::script script(ctx);
        lacuna::model net = script.load("minkunet", config, weights);

        std::vector<float> points = make_points();
        const int64_t count = static_cast<int64_t>(points.size() / 4);
        lacuna::tensor cloud =
            lacuna::tensor::wrap(ctx, LAC_DTYPE_F32, {count, 4}, points.data());
        lac_quantize_options grid = lac_quantize_options();
        grid.size = sizeof grid;
        grid.voxel_size[0] = grid.voxel_size[1] = grid.voxel_size[2] = 0.1;
        lacuna::sparse x;
        lacuna::check(lac_quantize(ctx, cloud, &grid, x.put(), nullptr, nullptr, nullptr));

        for (int scan = 0; scan < 3; ++scan) out.logits = net(x).tensor().values<float>(ctx);
    } catch (const std::exception &e) {
        out.failure = e.what();
    }
}

int run(const std::string &path) {
    const lacuna::weights weights(path);
    std::printf("%lld tensors, read once\n", static_cast<long long>(weights.count()));
    outcome first, second;
    std::thread other(segment, std::cref(weights), std::ref(first));
    segment(weights, second);
    other.join();
    for (const outcome *o : {&first, &second}) {
        if (o->failure.empty()) continue;
        std::fprintf(stderr, "two_threads: %s\n", o->failure.c_str());
        return 1;
    }
    const bool equal = first.logits == second.logits;
    std::printf("%zu logits in each thread, %s to the bit\n", first.logits.size(),
                equal ? "equal" : "different");
    return equal ? 0 : 1;
}

} /* namespace */

int main(int argc, char **argv) {
    try {
        if (argc > 1) return run(argv[1]);
        const std::string path = "two_threads_weights.h5";
        make_weights(path);
        const int status = run(path);
        std::remove(path.c_str());
        return status;
    } catch (const std::exception &e) {
        std::fprintf(stderr, "two_threads: %s\n", e.what());
        return 1;
    }
}
