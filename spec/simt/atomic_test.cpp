/*
 * atomic_test.cpp - what each atomic returns and leaves, and that updates are not lost.
 */
#include "check.h"

#include <algorithm>

/* old[i] and now[i] of the i-th operation on a cell that holds 12. */
template <class T> __global__ void all(T *cell, T *old) {
    int i = 0;
    auto note = [&](T v) {
        old[i] = v;
        ++i;
    };
    note(atomicAdd(cell + i, (T)5));
    note(atomicMin(cell + i, (T)7));
    note(atomicMin(cell + i, (T)70));
    note(atomicMax(cell + i, (T)70));
    note(atomicMax(cell + i, (T)7));
    note(atomicAnd(cell + i, (T)10));
    note(atomicOr(cell + i, (T)3));
    note(atomicXor(cell + i, (T)6));
    note(atomicExch(cell + i, (T)99));
    note(atomicCAS(cell + i, (T)12, (T)1));
    note(atomicCAS(cell + i, (T)13, (T)1));
}

template <class T> static bool all_right() {
    const std::vector<T> wanted = {17, 7, 12, 70, 12, 8, 15, 10, 99, 1, 12};
    Device<T> cell(std::vector<T>(wanted.size(), 12)), old(wanted.size());
    RUN((all<T>), 1, 1, 0, cell.data, old.data);
    return cell.get() == wanted && old.get() == std::vector<T>(wanted.size(), 12);
}

__global__ void others(unsigned *u, int *i, float *f, double *d) {
    u[0] = 3, u[1] = 0, u[2] = 9, u[3] = 5;
    atomicInc(u + 0, 3u);
    atomicInc(u + 1, 3u);
    atomicDec(u + 1, 7u);
    atomicDec(u + 1, 7u);
    atomicDec(u + 2, 7u);
    atomicSub(u + 3, 7u);
    i[0] = 5;
    atomicSub(i, 8);
    f[0] = 1.5f;
    atomicAdd(f, 0.25f);
    d[0] = 1.5;
    atomicAdd(d, 0.125);
    f[1] = atomicExch(f, 4.0f);
}

__global__ void tickets(unsigned *next, unsigned *taken) {
    taken[atomicAdd(next, 1u)] = 1;
}

/* A table with open addressing: every key once, whoever comes first. */
__global__ void insert(unsigned long long *keys, unsigned *rows, unsigned slots, unsigned n) {
    const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    const unsigned long long key = i % (n / 2) + 1;
    for (unsigned s = (unsigned)key * 7 % slots;; s = (s + 1) % slots) {
        const unsigned long long old = atomicCAS(keys + s, 0ull, key);
        if (old != 0 && old != key) continue;
        atomicMin(rows + s, i);
        return;
    }
}

int main() {
    CHECK(all_right<int>());
    CHECK(all_right<unsigned>());
    CHECK(all_right<unsigned long long>());
    {
        Device<unsigned> u(4);
        Device<int> i(1);
        Device<float> f(2);
        Device<double> d(1);
        RUN(others, 1, 1, 0, u.data, i.data, f.data, d.data);
        CHECK((u.get() == std::vector<unsigned>{0, 7, 7, ~1u}));
        CHECK(i.get()[0] == -3);
        CHECK((f.get() == std::vector<float>{4.0f, 1.75f}));
        CHECK(d.get()[0] == 1.625);
    }
    {
        Device<unsigned> next(std::vector<unsigned>{0}), taken(std::vector<unsigned>(960, 0));
        RUN(tickets, 10, 96, 0, next.data, taken.data);
        CHECK(next.get()[0] == 960);
        CHECK(taken.get() == std::vector<unsigned>(960, 1));
    }
    {
        const unsigned n = 600, slots = 1024;
        Device<unsigned long long> keys(std::vector<unsigned long long>(slots, 0));
        Device<unsigned> rows(std::vector<unsigned>(slots, ~0u));
        RUN(insert, 5, 128, 0, keys.data, rows.data, slots, n);
        auto k = keys.get();
        auto r = rows.get();
        unsigned found = 0;
        for (unsigned s = 0; s < slots; ++s) found += k[s] != 0 && r[s] == k[s] - 1;
        CHECK(found == n / 2);
    }
    return finish("atomic");
}
