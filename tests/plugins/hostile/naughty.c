/* A direct plugin that breaks the one promise its argument names; without arguments it keeps them
 * all. hb-bucket check must find each. */
#define _GNU_SOURCE /* MAP_ANONYMOUS, pthread */
#include "hb_plugin.h"

#include <fcntl.h>
#include <fenv.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define BUCKETS 10u

struct hb_abs {
    const struct hb_host *host;
    int street;
    char how[32];
    const char *kept; /* what create() was given */
    uint64_t number;  /* of the instance */
    uint64_t n_asked;
    struct hb_ext_streets announced;
};

static uint64_t n_instances;
static volatile uint64_t scratch; /* threads meet here */
static int pipes[2] = {-1, -1};

static bool is(const struct hb_abs *a, const char *how)
{
    return strcmp(a->how, how) == 0;
}

static void crash(void)
{
    (void)raise(SIGSEGV);
}

static void hang(void)
{
    char c;

    if (pipe(pipes) == 0)
        while (read(pipes[0], &c, 1) != 0)
            continue; /* nobody ever writes */
}

static void handle(int s)
{
    (void)s;
}

static void *idle(void *arg)
{
    hang();
    return arg;
}

static void change_rounding(void)
{
    (void)fesetround(FE_UPWARD);
}

static void be_bad_in_create(struct hb_abs *a)
{
    struct sigaction action = {.sa_handler = handle};
    sigset_t set;
    pthread_t thread;
    char c;

    if (is(a, "crash-create"))
        crash();
    if (is(a, "hang-create"))
        hang();
    if (is(a, "exit-create"))
        exit(3);
    if (is(a, "prints"))
        (void)printf("hello\nfrom a plugin\n");
    if (is(a, "complains"))
        (void)write(2, "hello", 5);
    if (is(a, "listens"))
        (void)read(0, &c, 1);
    if (is(a, "handles"))
        (void)sigaction(SIGUSR2, &action, NULL);
    if (is(a, "blocks") && sigemptyset(&set) == 0 && sigaddset(&set, SIGUSR2) == 0)
        (void)sigprocmask(SIG_BLOCK, &set, NULL);
    if (is(a, "locale"))
        (void)setlocale(LC_ALL, "C.UTF-8");
    if (is(a, "rounding"))
        change_rounding();
    if (is(a, "starts"))
        (void)pthread_create(&thread, NULL, idle, NULL);
    if (is(a, "leaks-fd"))
        (void)open("/dev/null", O_RDONLY);
    if (is(a, "leaks-heap"))
        a->kept = malloc(100);
    if (is(a, "leaks-map"))
        (void)mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static struct hb_abs *create(const struct hb_host *host, const struct hb_shape *shape,
                             const char *args, char *errbuf, size_t errcap)
{
    struct hb_abs *a;

    if (strcmp(args, "silent") == 0)
        return NULL;
    if (strcmp(args, "refuses") == 0 || strchr(args, '=') != NULL) {
        (void)snprintf(errbuf, errcap, "not this");
        return NULL;
    }
    if (strlen(args) > 100) { /* "loose" means to be, and forgets the bounds */
        memset(errbuf, 'x', scratch == 77 ? errcap + 8 : errcap);
        errbuf[errcap - 1] = '\0';
        return NULL;
    }
    a = calloc(1, sizeof *a);
    if (a == NULL)
        return NULL;
    a->host = host;
    (void)snprintf(a->how, sizeof a->how, "%.31s", args);
    a->kept = args;
    a->number = n_instances++;
    while ((shape->streets >> a->street & 1) == 0)
        a->street++;
    if (is(a, "loose"))
        scratch = 77;
    a->announced = (struct hb_ext_streets){sizeof a->announced, is(a, "liar") ? ~0u : 0};
    be_bad_in_create(a);
    return a;
}

static void destroy(struct hb_abs *a)
{
    if (a != NULL && is(a, "crash-destroy"))
        crash();
    if (a == NULL || is(a, "leaks-instance"))
        return;
    free(a);
}

static uint32_t buckets(const struct hb_abs *a, int street)
{
    struct hb_abs *mine = (struct hb_abs *)(uintptr_t)a;

    if (is(a, "liar"))
        return (uint32_t)a->host->count(a->host->ctx, street);
    if (is(a, "no-buckets"))
        return 0;
    return is(a, "grows") ? BUCKETS + (uint32_t)mine->n_asked++ : BUCKETS;
}

static uint32_t honest(uint64_t hand)
{
    return (uint32_t)(hand * 2654435761u >> 7) % BUCKETS;
}

static uint32_t in_public(uint64_t hand)
{
    for (int i = 0; i < 100; i++) {
        scratch = hand;
        for (volatile int j = 0; j < 20; j++)
            continue;
        if (scratch != hand)
            break;
    }
    return honest(scratch);
}

static uint32_t by_first_suit(const struct hb_abs *a, uint64_t hand)
{
    uint8_t cards[8];

    a->host->cards(a->host->ctx, a->street, hand, cards);
    return cards[0] & 3;
}

static uint32_t bucket(const struct hb_abs *a, int street, uint64_t hand)
{
    struct hb_abs *mine = (struct hb_abs *)(uintptr_t)a;

    (void)street;
    if (is(a, "crash-bucket") && hand == 3)
        crash();
    if (is(a, "hang-bucket") && hand == 3)
        hang();
    if (is(a, "exit-bucket") && hand == 3)
        exit(3);
    if (is(a, "prints-late") && hand == 3)
        (void)fputs("late", stdout);
    if (is(a, "range") && hand == 3)
        return BUCKETS;
    if (is(a, "moody") && hand == 3)
        return (uint32_t)(mine->n_asked++ % BUCKETS);
    if (is(a, "second"))
        return honest(hand + (a->number > 0 ? 1 : 0));
    if (is(a, "process"))
        return honest(hand + (uint64_t)getpid());
    if (is(a, "kept"))
        return honest(hand + (uint64_t)(unsigned char)a->kept[0]);
    if (is(a, "race"))
        return in_public(hand);
    if (is(a, "suits"))
        return by_first_suit(a, hand);
    if (is(a, "allocates") && hand == 3)
        mine->kept = malloc(1000);
    return honest(hand);
}

static void bucket_n(const struct hb_abs *a, int street, const uint64_t *hand, uint32_t *out,
                     size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = is(a, "batch") && hand[i] == 3 ? 0 : bucket(a, street, hand[i]);
}

static const void *get_extension(const struct hb_abs *a, const char *id)
{
    return strcmp(id, "identity/1") == 0 ? &a->announced : NULL;
}

static const struct hb_abstraction table = {
    .size = sizeof table,
    .abi_major = HB_ABI_MAJOR,
    .abi_minor = HB_ABI_MINOR,
    .id = "test.naughty",
    .version = "1",
    .create = create,
    .destroy = destroy,
    .buckets = buckets,
    .bucket = bucket,
    .bucket_n = bucket_n,
    .get_extension = get_extension,
};

const struct hb_abstraction *hb_abstraction_v1(void)
{
    return &table;
}
