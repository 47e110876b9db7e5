/* driver.c - gives files, one after the other, to a fuzz target without a fuzzer: the corpus is
 * replayed in every test run, with any compiler. TAP on stdout; a crash ends the program.
 * Each file is also cut short at every length (of the first 4 KiB), which finds reads past the end
 * under the address sanitizer. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { FILE_MAX = 1 << 24, CUT_MAX = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A block of exactly n bytes, so that the byte behind it is not ours. */
static int give(const uint8_t *data, size_t n)
{
    uint8_t *copy = malloc(n ? n : 1);

    if (!copy)
        return 1;
    for (size_t i = 0; i < n; i++)
        copy[i] = data[i];
    (void)LLVMFuzzerTestOneInput(copy, n);
    free(copy);
    return 0;
}

static int replay(const char *path, uint8_t *buf)
{
    FILE *f = fopen(path, "rb");
    size_t n;
    int bad = 0;

    if (!f)
        return 1;
    n = fread(buf, 1, FILE_MAX, f);
    bad = ferror(f) != 0;
    if (fclose(f) != 0)
        bad = 1;
    for (size_t cut = 0; !bad && cut < n && cut < CUT_MAX; cut++)
        bad = give(buf, cut);
    return bad || give(buf, n);
}

int main(int argc, char **argv)
{
    uint8_t *buf = malloc(FILE_MAX);
    int bad = 0;

    printf("1..%d\n", argc - 1);
    for (int i = 1; buf && i < argc; i++) {
        int rc;

        printf("# %s\n", argv[i]); /* the last line before a crash names the file */
        (void)fflush(stdout);
        rc = replay(argv[i], buf);
        printf("%s %d - %s\n", rc ? "not ok" : "ok", i, argv[i]);
        bad |= rc;
    }
    free(buf);
    return bad;
}
