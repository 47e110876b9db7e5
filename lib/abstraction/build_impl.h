/* build_impl.h - what build.c and build_plan.c share. abstraction, private. */
#ifndef HB_ABSTRACTION_BUILD_IMPL_H
#define HB_ABSTRACTION_BUILD_IMPL_H

#include "abstraction/build.h"
#include "abstraction/host.h"
#include "abstraction/plugin.h"

/* The plugins of the streets in need[]. Errors: HB_EPLUGIN, HB_ECONFIG. */
int hb_build_load(const struct hb_deck *deck, const bool need[HB_STREETS],
                  const struct hb_cards_spec *spec, const char *dirs,
                  struct hb_plugin plugin[HB_STREETS], struct hb_err *e) HB_MUSTUSE;

/* The stages that a build will go through, with times and sizes. */
int hb_build_estimate(struct hb_services *services, const bool need[HB_STREETS],
                      const struct hb_cards_spec *spec, const struct hb_plugin plugin[HB_STREETS],
                      int n_processes, struct hb_build_report *out, struct hb_err *e) HB_MUSTUSE;

#endif
