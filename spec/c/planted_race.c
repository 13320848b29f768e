/*
 * planted_race.c - two threads of OpenMP that write one number, which the thread sanitizer has to report:
 * harnesses.sh runs it to see that reports arrive.
 */
#include <lacuna/lacuna.h>

static int64_t shared;

int main(void) {
#pragma omp parallel num_threads(2)
    for (int i = 0; i < 1000; i++) shared += i;
    return shared == 0;
}
