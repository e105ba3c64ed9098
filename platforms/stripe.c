/* The platform "stripe": its table, its settings, its state. */
#include "stripe.h"

#include "nv_log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const secrets[] = {"stripe_api_key", NULL};

static int
stripe_settings(
	const struct nv_config *config, struct plat_settings *ret, struct nv_err *err)
{
	const struct nv_conf_platform *conf = &config->platforms[NV_PLATFORM_STRIPE];

	(void)err;
	ret->poll_ms = conf->poll_ms;
	ret->rate = (struct plat_limit){conf->rate.n, conf->rate.window_ms};
	ret->agent_rate =
		(struct plat_limit){conf->agent_rate.n, conf->agent_rate.window_ms};
	return 0;
}

/* sk_test_, rk_test_: test mode. */
static bool
is_of_test(const char *key)
{
	return key && strstr(key, "_test_") != NULL;
}

/* A live key in a fleet that books test money, or the other way round, would put both
 * into one ledger. */
static const char *
find_problem(const char *key, bool test)
{
	if (is_of_test(key) == test)
		return NULL;
	return test ? "stripe_api_key is a live key, and platforms.stripe.mode is test: "
		      "test "
		      "and real money are not mixed"
		    : "stripe_api_key is a key of test mode, and platforms.stripe.mode "
		      "is "
		      "live: its money is not real";
}

static int
set_headers(struct stripe *s, const char *key, const char *version)
{
	static const char scheme[] = "Bearer ";
	size_t bytes = strlen(key) + sizeof(scheme);
	size_t n = 0;

	s->bearer = malloc(bytes);
	if (!s->bearer)
		return -ENOMEM;
	memcpy(s->bearer, scheme, sizeof(scheme) - 1);
	memcpy(s->bearer + sizeof(scheme) - 1, key, bytes - sizeof(scheme) + 1);
	s->headers[n++] = (struct nv_http_header){"Authorization", s->bearer};
	s->headers[n++] = (struct nv_http_header){"Stripe-Version", version};
	if (s->account)
		s->headers[n++] = (struct nv_http_header){"Stripe-Account", s->account};
	s->api.headers = s->headers;
	s->api.headers_n = n;
	return 0;
}

static void
stripe_free(struct stripe *s)
{
	plat_api_fini(&s->api);
	stripe_scan_stop(s);
	stripe_seen_free(s->seen);
	json_decref(s->not_booked);
	if (s->bearer)
		explicit_bzero(s->bearer, strlen(s->bearer));
	free(s->bearer);
	free(s);
}

static int
stripe_start(struct plat *p, struct nv_err *err)
{
	const struct nv_config *config = plat_config(p);
	const struct nv_conf_platform *conf = &config->platforms[NV_PLATFORM_STRIPE];
	const char *key = plat_secret(p, secrets[0]);
	struct stripe *s = calloc(1, sizeof(*s));
	int rc;

	if (!s)
		return nv_err_set(err, -ENOMEM, "out of memory");
	s->plat = p;
	s->account = config->stripe.account;
	s->test = config->stripe.mode == NV_STRIPE_AUTO
			  ? is_of_test(key)
			  : config->stripe.mode == NV_STRIPE_TEST;
	s->catch_up_s = config->stripe.catch_up_ms / 1000;
	s->not_booked = json_object();
	s->seen = stripe_seen_new();
	rc = s->not_booked && s->seen
		     ? plat_api_init(&s->api, p, conf->base_url, STRIPE_VENDOR_URL, err)
		     : nv_err_set(err, -ENOMEM, "out of memory");
	s->api.policy = &stripe_policy;
	s->api.body_bytes_max = STRIPE_ANSWER_BYTES_MAX;
	if (rc == 0 && key)
		rc = set_headers(s, key, config->stripe.api_version);
	if (rc) {
		stripe_free(s);
		return rc;
	}
	/* Without a key the frame says so itself. */
	s->problem = key ? find_problem(key, s->test) : NULL;
	if (s->problem)
		nv_error("%s", s->problem);
	else if (s->test)
		nv_warn("test mode: what is booked is no real money");
	plat_set_own(p, s);
	return 0;
}

static void
stripe_stop(struct plat *p)
{
	struct stripe *s = plat_own(p);

	if (!s)
		return;
	s->ending = true;
	stripe_free(s);
	plat_set_own(p, NULL);
}

static void
stripe_show(struct plat *p, json_t *state)
{
	struct stripe *s = plat_own(p);

	(void)json_object_set_new(state, "mode", json_string(s->test ? "test" : "live"));
	if (s->account)
		(void)json_object_set_new(state, "account", json_string(s->account));
	if (s->problem)
		(void)json_object_set_new(state, "problem", json_string(s->problem));
	(void)json_object_set_new(state, "booked", json_integer((json_int_t)s->n_booked));
	(void)json_object_set_new(
		state, "refused", json_integer((json_int_t)s->n_refused));
	stripe_scan_show(s, state);
}

const struct plat_kind plat_stripe = {.name = "stripe",
	.summary = "Stripe: payments, subscriptions, refunds, revenue",
	.secrets = secrets,
	.n_required = 1,
	.verbs = stripe_verbs,
	.settings = stripe_settings,
	.start = stripe_start,
	.stop = stripe_stop,
	.poll = stripe_poll,
	.restored = stripe_scan_restored,
	.show = stripe_show};
