/* One value of one setting: text as a person writes it -> the field, and back. What
 * nv_value_show prints reads back as the same value. */
#ifndef NV_VALUE_H
#define NV_VALUE_H

#include "nv_options.h"

/* What reading a value depends on besides its text; all borrowed. */
struct nv_value_context {
	const struct nv_config *config; /* base currency, rates, directory */
	uint32_t uid;                   /* of who will start workers */
	bool from_snapshot;             /* checked against this machine before */
};

/* Read text into the field at target (scalar kinds only). With `bare` a number may
 * come without its unit: base currency, %, seconds, bytes. 0, -EINVAL or -ERANGE with the
 * sentence in err, -ENOMEM. */
int nv_value_parse(const struct nv_value_context *ctx, const struct nv_option *option,
	const char *text, bool bare, void *target, struct nv_err *err);
/* Copy a field of the same kind (a default taken over). 0 or -ENOMEM. */
int nv_value_copy(enum nv_opt_kind kind, void *target, const void *from);
/* The exact value as it could stand in the file. */
void nv_value_show(const struct nv_config *config, const struct nv_option *option,
	const void *field, struct nv_buf *buf);

/* "expected ..., found ...": -EINVAL. */
int nv_value_wrong(const struct nv_option *option, const char *text, struct nv_err *err);

/* nv_value_net.c: kinds of the same names, called by nv_value_parse. */
int nv_value_parse_url(const struct nv_value_context *ctx, const struct nv_option *option,
	const char *text, void *target, struct nv_err *err);
int
nv_value_parse_address(const struct nv_value_context *ctx, const struct nv_option *option,
	const char *text, void *target, struct nv_err *err);
int
nv_value_parse_rate(const struct nv_value_context *ctx, const struct nv_option *option,
	const char *text, void *target, struct nv_err *err);
int
nv_value_parse_price(const struct nv_value_context *ctx, const struct nv_option *option,
	const char *text, void *target, struct nv_err *err);
void nv_value_show_rate(struct nv_buf *buf, const struct nv_conf_rate *rate);
/* Is the host of "HOST:PORT" an address of this machine only? */
bool nv_address_is_loopback(const char *address);

/* Is it a group of accounts that a worker may be given? -EINVAL with the sentence. */
int
nv_value_group(const struct nv_value_context *ctx, const char *text, struct nv_err *err);

/* "$10.00" or "10.00 EUR", exact; "1d2h3m4s5ms", exact. */
void nv_value_show_money(struct nv_buf *buf, int64_t nano, const char *currency);
void nv_value_show_duration(struct nv_buf *buf, int64_t ms);
/* A JSON number (so that it may stand bare in JSON). */
bool nv_value_is_number(const char *text);
/* "a..b" cut in two copies; -EINVAL when it is not that, -ENOMEM. */
int nv_value_split_range(const char *text, char **ret_min, char **ret_max);

#define NV_QUOTE_BYTES 80
/* Text from outside for an error message: cut, control characters as '?'. Returns buf. */
const char *nv_value_quote(const char *text, char buf[NV_QUOTE_BYTES]);

#endif
