/*
 * replay.c - main of a fuzz target without libFuzzer: runs it over the files that are named, or over those
 * in folders that are. The file at hand is printed when it crashes.
 */
#include "fuzz.h"

#include <dirent.h>
#include <signal.h>
#include <sys/stat.h>

static char current[4096];
static int files;

static void say_file(int number) {
    (void)!write(2, "crashed on ", 11);
    (void)!write(2, current, strlen(current));
    (void)!write(2, "\n", 1);
    signal(number, SIG_DFL);
    raise(number);
}

static void run_file(const char *path) {
    FILE *f = fopen(path, "rb");
    REQUIRE(f != NULL && fseek(f, 0, SEEK_END) == 0);
    const long size = ftell(f);
    rewind(f);
    uint8_t *data = malloc((size_t)size + 1); /* the sanitizer knows where it ends but for a byte */
    uint8_t *tight = malloc((size_t)size);
    REQUIRE(data != NULL && (tight != NULL || size == 0));
    REQUIRE(fread(data, 1, (size_t)size, f) == (size_t)size);
    (void)fclose(f);
    if (size > 0) memcpy(tight, data, (size_t)size);
    free(data);
    (void)snprintf(current, sizeof current, "%s", path);
    (void)LLVMFuzzerTestOneInput(tight, (size_t)size);
    free(tight);
    files++;
}

static void run(const char *path) {
    struct stat info;
    if (stat(path, &info) != 0) return;
    if (!S_ISDIR(info.st_mode)) {
        run_file(path);
        return;
    }
    struct dirent **list = NULL;
    const int count = scandir(path, &list, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        char name[2048];
        (void)snprintf(name, sizeof name, "%.1024s/%.512s", path, list[i]->d_name);
        if (list[i]->d_name[0] != '.') run(name);
        free(list[i]);
    }
    free(list);
}

int main(int argc, char **argv) {
    signal(SIGABRT, say_file);
    for (int i = 1; i < argc; i++) run(argv[i]);
    printf("%d passed, 0 failed\n", files);
    return 0;
}
