/* A bucket file that is cut, damaged or another's is refused; the golden one is read. */
#define _XOPEN_SOURCE 700 /* realpath, mkdtemp */

#include "abstraction/hba.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abstraction/buckets.h"
#include "abstraction/build.h"
#include "base/bytes.h"
#include "base/io.h"
#include "bucketfiles.h"

static const struct hb_deck four_streets = {3, 4, 2, 4, {0, 1, 2, 3}};

static int reopen(void)
{
    struct hb_buckets b = {0};
    struct hb_err e = {0};
    int rc = hb_buckets_open(file, NULL, &b, &e);

    CHECK(rc == HB_OK || e.msg[0] != '\0');
    hb_buckets_fini(&b);
    return rc;
}

static void write_file(const void *p, size_t n)
{
    int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    CHECK(fd >= 0 && hb_io_write_full(fd, p, n, file, NULL) == HB_OK && close(fd) == 0);
}

static void every_truncation_is_refused(void)
{
    struct hb_buf good = {0};
    struct hb_err e = {0};

    CHECK_OK(build(&leduc, "misbehaves", "mod=2", &e), e);
    CHECK_OK(hb_io_read_file(file, 1 << 20, &good, &e), e);
    for (size_t n = good.len; n-- > 0;) {
        CHECK_EQ(truncate(file, (off_t)n), 0);
        CHECK_EQ(reopen(), HB_EFORMAT);
    }
    write_file(good.data, good.len);
    CHECK_EQ(reopen(), HB_OK);
    hb_buf_fini(&good);
}

static void every_flipped_bit_is_refused(void)
{
    struct hb_buf good = {0};
    struct hb_err e = {0};
    int fd;

    CHECK_OK(build(&leduc, "misbehaves", "mod=2", &e), e);
    CHECK_OK(hb_io_read_file(file, 1 << 20, &good, &e), e);
    fd = open(file, O_WRONLY);
    CHECK(fd >= 0);
    for (size_t at = 0; at < good.len; at++) {
        uint8_t flipped = good.data[at] ^ (uint8_t)(1u << (at * 5 % 8));
        int rc;

        CHECK_EQ(pwrite(fd, &flipped, 1, (off_t)at), 1);
        rc = reopen();
        if (rc != HB_EFORMAT && rc != HB_EVERSION)
            printf("# byte %zu: %d\n", at, rc);
        CHECK(rc == HB_EFORMAT || rc == HB_EVERSION);
        CHECK_EQ(pwrite(fd, &good.data[at], 1, (off_t)at), 1);
    }
    CHECK_EQ(close(fd), 0);
    CHECK_EQ(reopen(), HB_OK);
    hb_buf_fini(&good);
}

static void the_meta_section_is_the_same_again_or_refused(void)
{
    struct hb_buckets b = made(&four_streets, "misbehaves", "mod=2");
    struct hb_buckets again;
    struct hb_hba_maps maps = {0};
    struct hb_buf bytes = {0};
    struct hb_buf twice = {0};
    struct hb_err e = {0};

    maps.hash[0].b[0] = 1; /* any; the hash of the content then is another one */
    hb_hba_content(&b, &maps, &b.content);
    hb_hba_encode(&b, &maps, &bytes);
    memset(&again, 0, sizeof again);
    CHECK_OK(hb_hba_decode(bytes.data, bytes.len, &again, &maps, &e), e);
    hb_hba_encode(&again, &maps, &twice);
    CHECK(bytes.len == twice.len && memcmp(bytes.data, twice.data, bytes.len) == 0);
    for (size_t n = 0; n < bytes.len; n++)
        CHECK_EQ(hb_hba_decode(bytes.data, n, &again, &maps, &e), HB_EFORMAT);
    for (size_t at = 0; at < 8 * bytes.len; at++) {
        bytes.data[at / 8] ^= (uint8_t)(1u << (at % 8));
        memset(&again, 0, sizeof again);
        if (hb_hba_decode(bytes.data, bytes.len, &again, &maps, NULL) == HB_OK) {
            hb_buf_fini(&twice); /* a text or the weight of the hottest bucket: still canonical */
            hb_hba_encode(&again, &maps, &twice);
            CHECK(bytes.len == twice.len && memcmp(bytes.data, twice.data, bytes.len) == 0);
        }
        bytes.data[at / 8] ^= (uint8_t)(1u << (at % 8));
    }
    hb_buf_fini(&bytes);
    hb_buf_fini(&twice);
    hb_buckets_fini(&b);
}

/* Leduc, lossless before the flop, ehs k=4 on it: format version 1 stays readable for ever, and
 * what builds today says the same. */
static void the_golden_file_is_readable(void)
{
    static const char content[] =
        "dd8639ca2390e2d6a8f70f807884be11f3348a723af48f557cf8af51c90a0a72";
    static const bool need[HB_STREETS] = {true, true, false, false};
    struct hb_cards_spec spec = same_on_all("ehs", "k=4");
    struct hb_buckets golden = {0};
    struct hb_buckets now = {0};
    struct hb_err e = {0};
    char hex[HB_HASH_HEX];

    CHECK_OK(hb_buckets_open("tests/golden/buckets-1.hba", NULL, &golden, &e), e);
    hb_hash_hex(&golden.content, hex);
    CHECK_STR(hex, content);
    spec.street[0] = same_on_all("lossless", "").street[0];
    CHECK_OK(hb_buckets_build(&leduc, need, &spec, file,
                              &(struct hb_build_options){.plugin_dirs = dirs, .n_processes = 2},
                              NULL, &e),
             e);
    CHECK_OK(hb_buckets_open(file, NULL, &now, &e), e);
    CHECK(hb_hash_equal(&golden.content, &now.content));
    CHECK_STR(golden.street[1].plugin, "hb.ehs");
    CHECK_STR(golden.street[1].args, "k=4");
    CHECK_EQ(golden.street[1].hottest, now.street[1].hottest);
    hb_buckets_fini(&golden);
    hb_buckets_fini(&now);
}

static void a_zero_inside_a_text_is_refused(void)
{
    struct hb_buckets b = made(&leduc, "lossless", "");
    struct hb_hba_maps maps = {0};
    struct hb_buf bytes = {0};
    struct hb_err e = {0};

    hb_hba_encode(&b, &maps, &bytes);
    CHECK_OK(hb_hba_decode(bytes.data, bytes.len, &b, &maps, &e), e);
    CHECK_EQ(bytes.data[12 + 64 + 4], 'h'); /* of "hb.lossless" of the first street */
    bytes.data[12 + 64 + 6] = 0;
    CHECK_EQ(hb_hba_decode(bytes.data, bytes.len, &b, &maps, &e), HB_EFORMAT);
    hb_buf_fini(&bytes);
    hb_buckets_fini(&b);
}

static void another_file_or_another_game_is_refused(void)
{
    struct hb_buckets b = made(&leduc, "misbehaves", "mod=2");
    struct hb_buckets again = {0};
    struct hb_hash other = b.root;
    struct hb_err e = {0};
    bool need[HB_STREETS] = {true, true, false, false};
    char cwd[512];

    CHECK_EQ(b.path[0], '/');
    CHECK_OK(hb_buckets_open(b.path, &b.root, &again, &e), e);
    CHECK(hb_hash_equal(&again.content, &b.content));
    CHECK(again.street[1].map != NULL);
    hb_buckets_fini(&again);
    other.b[31] ^= 1;
    CHECK_EQ(hb_buckets_open(b.path, &other, &again, &e), HB_EIDENTITY);
    CHECK_OK(hb_buckets_fit(&b, &leduc, need, &e), e);
    CHECK_EQ(hb_buckets_fit(&b, &holdem, need, &e), HB_EIDENTITY);
    CHECK(strstr(e.msg, "3 ranks x 2 suits, 1 own, board 0/1; the game has 13 ranks") != NULL);
    b.street[1].kind = HB_BUCKETS_NONE;
    CHECK_EQ(hb_buckets_fit(&b, &leduc, need, &e), HB_EIDENTITY);
    CHECK(strstr(e.msg, "flop") != NULL);
    hb_buckets_fini(&b);
    CHECK_EQ(hb_buckets_open("/nonexistent/x.hba", NULL, &again, &e), HB_ENOINPUT);
    CHECK(getcwd(cwd, sizeof cwd) != NULL && chdir(scratch) == 0);
    CHECK_OK(hb_buckets_open("x.hba", NULL, &again, &e), e); /* a relative name becomes absolute */
    CHECK_EQ(again.path[0], '/');
    hb_buckets_fini(&again);
    CHECK_EQ(chdir(cwd), 0);
}

int main(int argc, char **argv)
{
    if (!bucketfiles_init(argc, argv))
        return 1;
    RUN(every_truncation_is_refused);
    RUN(every_flipped_bit_is_refused);
    RUN(the_meta_section_is_the_same_again_or_refused);
    RUN(the_golden_file_is_readable);
    RUN(a_zero_inside_a_text_is_refused);
    RUN(another_file_or_another_game_is_refused);
    return bucketfiles_done();
}
