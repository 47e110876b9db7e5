/* check.h - the whole test framework: TAP on stdout, non-zero exit when a check failed.
 *
 *   static void a_pair_beats_a_high_card(void) { CHECK(hb_eval(...) > hb_eval(...)); }
 *   int main(void) { RUN(a_pair_beats_a_high_card); return check_done(); }
 */
#ifndef HB_TESTS_CHECK_H
#define HB_TESTS_CHECK_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static int check_tests, check_bad_tests, check_bad_here;

#define CHECK(cond)                                                                                \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            printf("# %s:%d: %s\n", __FILE__, __LINE__, #cond);                                    \
            check_bad_here++;                                                                      \
        }                                                                                          \
    } while (0)
#define CHECK_EQ(a, b)                                                                             \
    do {                                                                                           \
        long long check_a = (long long)(a), check_b = (long long)(b);                              \
        if (check_a != check_b) {                                                                  \
            printf("# %s:%d: %s is %lld, want %s = %lld\n", __FILE__, __LINE__, #a, check_a, #b,   \
                   check_b);                                                                       \
            check_bad_here++;                                                                      \
        }                                                                                          \
    } while (0)
#define CHECK_NEAR(a, b, tolerance)                                                                \
    do {                                                                                           \
        double check_a = (a), check_b = (b);                                                       \
        if (!(check_a - check_b <= (tolerance) && check_b - check_a <= (tolerance))) {             \
            printf("# %s:%d: %s is %.12g, want %.12g +- %g\n", __FILE__, __LINE__, #a, check_a,    \
                   check_b, (double)(tolerance));                                                  \
            check_bad_here++;                                                                      \
        }                                                                                          \
    } while (0)
#define CHECK_STR(a, b)                                                                            \
    do {                                                                                           \
        const char *check_a = (a), *check_b = (b);                                                 \
        if (strcmp(check_a, check_b) != 0) {                                                       \
            printf("# %s:%d: %s is \"%s\", want \"%s\"\n", __FILE__, __LINE__, #a, check_a,        \
                   check_b);                                                                       \
            check_bad_here++;                                                                      \
        }                                                                                          \
    } while (0)
/* A call that must succeed; prints its error. `err` is the struct hb_err it was given. */
#define CHECK_OK(call, err)                                                                        \
    do {                                                                                           \
        int check_rc = (call);                                                                     \
        if (check_rc != 0) {                                                                       \
            printf("# %s:%d: %s returned %d: %s\n", __FILE__, __LINE__, #call, check_rc,           \
                   (err).msg);                                                                     \
            check_bad_here++;                                                                      \
        }                                                                                          \
    } while (0)

#define RUN(fn)                                                                                    \
    do {                                                                                           \
        check_bad_here = 0;                                                                        \
        fn();                                                                                      \
        check_tests++;                                                                             \
        check_bad_tests += check_bad_here != 0;                                                    \
        printf("%s %d - %s\n", check_bad_here ? "not ok" : "ok", check_tests, #fn);                \
        (void)fflush(stdout);                                                                      \
    } while (0)

static inline int check_done(void)
{
    printf("1..%d\n", check_tests);
    return check_bad_tests != 0;
}

#endif
