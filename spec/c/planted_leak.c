/*
 * planted_leak.c - contexts that nobody has a pointer to any more, which the leak sanitizer has to report:
 * harnesses.sh runs it to see that reports arrive.
 */
#include <lacuna/lacuna.h>

#include <stddef.h>

int main(void) {
    lac_context *ctx = NULL;
    for (int i = 0; i < 10; i++) /* the next takes the place of the last */
        if (lac_context_create(NULL, &ctx) != LAC_OK) return 1;
    lac_context_release(ctx);
    return 0;
}
