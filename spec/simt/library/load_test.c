/*
 * load_test.c - kernels and engine as one shared library that a program loads: load_test LIBRARY.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
    int passed = 0, failed = 0, x[128], y[128];
    for (int i = 0; i < 128; i++) x[i] = i * 5;
    for (int turn = 0; turn < 2; turn++) {
        void *library = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
        int (*run)(const int *, int *, int, int) = NULL;
        if (library) *(void **)&run = dlsym(library, "run_reverse");
        memset(y, 0, sizeof y);
        int right = run != NULL && run(x, y, 4, 32) == 0;
        for (int i = 0; i < 128; i++) right &= y[i] == (i / 32 * 32 + 31 - i % 32) * 5 + 3;
        right ? passed++ : failed++;
        if (!library) printf("%s\n", dlerror());
        if (library) dlclose(library); /* nothing of it may run later */
    }
    printf("library: %d passed, %d failed\n", passed, failed);
    return failed != 0;
}
