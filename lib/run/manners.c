#include "run/manners.h"

#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/os.h"

#define FDS_MAX 4096 /* descriptors looked at */
#define SIGNALS                                                                                    \
    64 /* 1 to 64 on Linux; where there are fewer, sigaction fails and nothing is noted */

const char *hb_manner_name(enum hb_manner which)
{
    static const char *const names[HB_MANNERS] = {"output", "signals", "locale", "rounding",
                                                  "starts"};

    return names[which];
}

const char *hb_manner_deed(enum hb_manner which)
{
    static const char *const deeds[HB_MANNERS] = {
        "read or wrote descriptor 0, 1 or 2", "changed what signals do or which are blocked",
        "changed the locale", "changed the modes of floating point arithmetic",
        "left other threads running"};

    return deeds[which];
}

static uint64_t look_at_signals(void)
{
    struct {
        void (*handler)(int);
        int flags;
        int blocked;
    } seen[SIGNALS + 1];
    sigset_t mask;

    memset(seen, 0, sizeof seen); /* padding is hashed */
    (void)sigemptyset(&mask);     /* cannot fail */
    (void)sigprocmask(SIG_SETMASK, NULL, &mask);
    for (int s = 1; s <= SIGNALS; s++) {
        struct sigaction action;

        if (sigaction(s, NULL, &action) != 0)
            continue;
        seen[s].handler = action.sa_handler;
        seen[s].flags = action.sa_flags;
        seen[s].blocked = sigismember(&mask, s);
    }
    return hb_xxh3(seen, sizeof seen);
}

/* Third parts are rounded, the product of two small numbers is a denormal one: both depend on the
 * modes. */
static uint64_t look_at_rounding(void)
{
    volatile double one = 1.0;
    volatile double three = 3.0;
    volatile double small = 0x1p-530;
    const double seen[3] = {one / three, -one / three, small * small / 3.0};

    return hb_xxh3(seen, sizeof seen);
}

void hb_manners_look(struct hb_manners *m)
{
    const char *locale = setlocale(LC_ALL, NULL);
    struct hb_os_self self;

    memset(m, 0, sizeof *m);
    (void)fflush(stdout); /* what is lost is seen as what is written: it moves an offset, or not */
    (void)fflush(stderr);
    for (int fd = 0; fd <= 2; fd++)
        m->at[fd] = (int64_t)lseek(fd, 0, SEEK_CUR);
    m->signals = look_at_signals();
    m->rounding = look_at_rounding();
    hb_os_self(&self);
    m->threads = self.threads;
    (void)snprintf(m->locale, sizeof m->locale, "%s",
                   locale != NULL ? locale : ""); /* or its start */
}

int hb_manners_descriptors(void)
{
    long most = sysconf(_SC_OPEN_MAX);
    int n = 0;

    for (int fd = 0; fd < (most > 0 && most < FDS_MAX ? (int)most : FDS_MAX); fd++)
        n += fcntl(fd, F_GETFD) != -1;
    return n;
}

unsigned hb_manners_changed(const struct hb_manners *before, const struct hb_manners *now)
{
    unsigned changed = 0;

    changed |= (unsigned)(memcmp(before->at, now->at, sizeof now->at) != 0) << HB_MANNER_OUTPUT;
    changed |= (unsigned)(before->signals != now->signals) << HB_MANNER_SIGNALS;
    changed |= (unsigned)(strcmp(before->locale, now->locale) != 0) << HB_MANNER_LOCALE;
    changed |= (unsigned)(before->rounding != now->rounding) << HB_MANNER_ROUNDING;
    /* Fewer is no sign: a thread that was joined may be counted a moment longer. */
    changed |= (unsigned)(now->threads > before->threads) << HB_MANNER_STARTS;
    return changed;
}
