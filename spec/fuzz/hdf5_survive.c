/*
 * hdf5_survive.c - how many of N damaged HDF5 files end the process that reads them? Each is read by a child,
 * which does what hdf5_fuzz.c does.
 *
 *   make hdf5-survive N=20000    the damage is the same in every run; files that crash go to a folder
 */
#include "fuzz.h"

#include <signal.h>
#include <sys/wait.h>

enum { LARGEST = 1 << 20 };

static uint64_t state;
static uint32_t draw(uint32_t n) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33) % n;
}

/* Where to damage: not in long runs of 0, and half of the time shortly after the signature of a structure. */
static size_t place(const uint8_t *data, size_t size) {
    static const char *const signatures[] = {"TREE", "SNOD", "HEAP",   "OHDR",
                                             "GCOL", "FRHP", "\x89HDF"};
    const char *signature = signatures[draw(7)];
    size_t at = draw((uint32_t)size);
    for (size_t i = 0; draw(2) == 0 && i + 100 < size; i++) {
        const size_t from = (at + i) % (size - 100);
        if (memcmp(data + from, signature, 4) == 0) return from + 4 + draw(90);
    }
    for (int tries = 0; data[at] == 0 && tries < 8; tries++) at = draw((uint32_t)size);
    return at;
}

/* A few bits, bytes, numbers or pieces. */
static size_t damage(uint8_t *data, size_t size) {
    static const uint64_t numbers[] = {
        0,          1,         2,          8,        255,  65535,    0x7fffffff,
        0xffffffff, 24,        UINT64_MAX, 1u << 31, 4096, 1u << 20, UINT64_MAX - 1,
        0x100,      INT64_MAX, 48,         96};
    for (uint32_t n = 1 + draw(draw(3) == 0 ? 8 : 2); n > 0; n--) {
        const size_t at = place(data, size), room = (size_t)1 << draw(4);
        const size_t from = draw((uint32_t)size);
        switch (draw(6)) {
        case 0: data[at] ^= (uint8_t)(1u << draw(8)); break;
        case 1: data[at] = (uint8_t)draw(256); break;
        case 2:
        case 3:
            if (at + room <= size) memcpy(data + at, &numbers[draw(18)], room);
            break;
        case 4:
            if (at + 32 <= size && from + 32 <= size) memmove(data + at, data + from, draw(32));
            break;
        default:
            data[at] = (uint8_t)(data[at] + (draw(2) ? 1 : 255));
            if (draw(100) == 0) size = at + 1 > 200 ? at + 1 : size;
        }
    }
    return size;
}

static int run_child(const uint8_t *data, size_t size) {
    const pid_t child = fork();
    if (child == 0) {
        (void)freopen("/dev/null", "w", stderr);
        alarm(10);
        _exit(LLVMFuzzerTestOneInput(data, size));
    }
    int status = 0;
    (void)waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

int main(int argc, char **argv) {
    static uint8_t whole[LARGEST], data[LARGEST];
    const int runs = argc > 3 ? atoi(argv[1]) : 0;
    int crashed = 0, slow = 0;
    if (runs < 1) return 2;
    for (int i = 0; i < runs; i++) {
        FILE *f = fopen(argv[3 + i % (argc - 3)], "rb");
        REQUIRE(f != NULL);
        size_t size = fread(whole, 1, sizeof whole, f);
        (void)fclose(f);
        memcpy(data, whole, size);
        state = (uint64_t)i;
        for (int k = 0; k < 4; k++) (void)draw(2);
        size = damage(data, size);
        const int signal = run_child(data, size);
        if (signal == 0) continue;
        crashed += signal != SIGALRM;
        slow += signal == SIGALRM;
        char name[1024];
        (void)snprintf(name, sizeof name, "%.900s/crash-%d-%d.h5", argv[2], signal, i);
        f = fopen(name, "wb");
        if (f == NULL) continue;
        (void)fwrite(data, 1, size, f);
        (void)fclose(f);
    }
    printf("of %d damaged files %d ended their process, %d took more than 10 s\n", runs, crashed,
           slow);
    return 0;
}
