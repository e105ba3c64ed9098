/* The platforms there are, one line each. */
#include "plat.h"

extern const struct plat_kind plat_stripe;
extern const struct plat_kind plat_gumroad;
extern const struct plat_kind plat_sendgrid;
extern const struct plat_kind plat_twitter;
extern const struct plat_kind plat_scrape;

const struct plat_kind *const plat_kinds[] = {
	&plat_stripe,
	&plat_gumroad,
	&plat_sendgrid,
	&plat_twitter,
	&plat_scrape,
	NULL,
};
