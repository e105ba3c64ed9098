/* See nv_http_retry.h. */
#include "nv_http_retry.h"

#include "nv_http_headers.h"

#include <stdio.h>
#include <string.h>

#define SAFE  (1u << NV_HTTP_SAFE)
#define KEYED (1u << NV_HTTP_KEYED)
#define ONCE  (1u << NV_HTTP_ONCE)

const struct nv_http_policy nv_http_policy_default = {
	.tries_max = 3, .wait_ms_min = 500, .wait_ms_max = 8000};
const struct nv_http_policy nv_http_policy_once = {
	.tries_max = 1, .wait_ms_min = 500, .wait_ms_max = 8000};

/* The general rules, by complete answers. 2xx and what no line names come last. */
static const struct nv_http_rule general[] = {
	{304, 304, SAFE, NV_HTTP_V_DONE, 0},
	{303, 303, KEYED | ONCE, NV_HTTP_V_UNKNOWN, 0},
	{408, 408, SAFE, NV_HTTP_V_AGAIN, NV_HTTP_V_REFUSED},
	{408, 408, KEYED, NV_HTTP_V_AGAIN, NV_HTTP_V_UNKNOWN},
	{408, 408, ONCE, NV_HTTP_V_UNKNOWN, 0},
	{425, 425, 0, NV_HTTP_V_AGAIN, NV_HTTP_V_REFUSED},
	{429, 429, 0, NV_HTTP_V_AGAIN, NV_HTTP_V_REFUSED},
	{300, 499, 0, NV_HTTP_V_REFUSED, 0},
	/* Not supported, not configured: it will be the same next time. */
	{501, 501, 0, NV_HTTP_V_REFUSED, 0},
	{505, 505, 0, NV_HTTP_V_REFUSED, 0},
	/* Not taken up; for now. */
	{503, 503, 0, NV_HTTP_V_AGAIN, NV_HTTP_V_REFUSED},
	{500, 599, SAFE, NV_HTTP_V_AGAIN, NV_HTTP_V_REFUSED},
	{500, 599, KEYED, NV_HTTP_V_AGAIN, NV_HTTP_V_UNKNOWN},
	{500, 599, ONCE, NV_HTTP_V_UNKNOWN, 0},
	{200, 299, 0, NV_HTTP_V_DONE, 0},
};

/* Answers that say nothing about what an earlier try of the same request did: they come
 * from before the place where a repeat is recognised. */
static bool
says_nothing_of_earlier(int status)
{
	return status == 401 || status == 403 || status == 407 || status == 408 ||
	       status == 409 || status == 425 || status == 429 || status >= 500;
}

static const struct nv_http_rule *
find(const struct nv_http_rule *rules, size_t n, enum nv_http_class class, int status)
{
	for (size_t i = 0; i < n; i++) {
		if (status >= rules[i].status_min && status <= rules[i].status_max &&
			(rules[i].classes == 0 || rules[i].classes & (1u << class)))
			return &rules[i];
	}
	return NULL;
}

static const char *
header(const struct nv_http_try *t, const char *name)
{
	return t->headers && name ? nv_http_headers_get(t->headers, name, 0) : NULL;
}

/* What a complete answer means, by the tables. */
static struct nv_http_rule
rule_of(const struct nv_http_policy *p, const struct nv_http_try *t)
{
	/* A status nobody knows: nothing can be concluded from it. */
	struct nv_http_rule rule = {.verdict = t->class == NV_HTTP_SAFE
						       ? NV_HTTP_V_REFUSED
						       : NV_HTTP_V_UNKNOWN};
	const struct nv_http_rule *found =
		find(p->rules, p->rules_n, t->class, t->status);
	const char *should = header(t, p->should_retry);

	if (!found)
		found = find(general, NV_LEN(general), t->class, t->status);
	if (found)
		rule = *found;
	if (rule.verdict == NV_HTTP_V_DONE || !should)
		return rule;
	if (strcmp(should, "false") == 0 && rule.verdict == NV_HTTP_V_AGAIN)
		rule.verdict = rule.otherwise;
	/* What may have acted and must not be repeated stays so, whatever is said. */
	if (strcmp(should, "true") == 0 && rule.verdict != NV_HTTP_V_AGAIN &&
		!(t->class == NV_HTTP_ONCE && rule.verdict == NV_HTTP_V_UNKNOWN))
		rule = (struct nv_http_rule){
			.verdict = NV_HTTP_V_AGAIN, .otherwise = rule.verdict};
	return rule;
}

/* What a try means that got no complete answer. */
static struct nv_http_rule
rule_of_failure(const struct nv_http_policy *p, const struct nv_http_try *t)
{
	struct nv_http_rule rule = {
		.verdict = NV_HTTP_V_AGAIN, .otherwise = NV_HTTP_V_REFUSED};

	/* A refusal is one by its status, even if its text is cut. */
	if (t->phase == NV_HTTP_PH_BODY && t->status >= 300) {
		rule = rule_of(p, t);
		if (rule.verdict != NV_HTTP_V_DONE)
			return rule;
		rule = (struct nv_http_rule){
			.verdict = NV_HTTP_V_AGAIN, .otherwise = NV_HTTP_V_REFUSED};
	}
	if (t->phase >= NV_HTTP_PH_SEND && t->class != NV_HTTP_SAFE) {
		rule.otherwise = NV_HTTP_V_UNKNOWN;
		if (t->class == NV_HTTP_ONCE)
			rule.verdict = NV_HTTP_V_UNKNOWN;
	}
	if (t->fatal && rule.verdict == NV_HTTP_V_AGAIN)
		rule.verdict = rule.otherwise;
	return rule;
}

/* The latest reset of the empty windows; of all, when none says that it is empty. */
static int64_t
windows_wait_ms(const struct nv_http_policy *p, const struct nv_http_try *t)
{
	int64_t empty = -1, any = -1;
	char name[128];

	for (size_t i = 0; p->windows && p->windows[i]; i++) {
		(void)snprintf(name, sizeof(name), "%sreset", p->windows[i]);
		int64_t wait = nv_http_epoch_wait_ms(header(t, name), t->now_wall_ms);
		(void)snprintf(name, sizeof(name), "%sremaining", p->windows[i]);
		const char *remaining = header(t, name);

		any = NV_MAX(any, wait);
		if (remaining && strcmp(remaining, "0") == 0)
			empty = NV_MAX(empty, wait);
	}
	return empty >= 0 ? empty : any;
}

static int64_t
server_wait_ms(const struct nv_http_policy *p, const struct nv_http_try *t)
{
	int64_t wait;

	if (t->phase < NV_HTTP_PH_BODY || t->status < 300)
		return -1;
	wait = nv_http_retry_after_ms(header(t, "retry-after"), t->now_wall_ms);
	if (t->status == 429)
		wait = NV_MAX(wait, windows_wait_ms(p, t));
	if (p->body_wait_ms && t->body)
		wait = NV_MAX(wait, p->body_wait_ms(t->status, t->body, t->body_bytes));
	return wait;
}

/* Half to all of a window that doubles: tries of many do not fall together. */
static int64_t
own_wait_ms(const struct nv_http_policy *p, const struct nv_http_try *t)
{
	int64_t window = NV_MAX(p->wait_ms_min, 1);

	for (unsigned i = 1; i < t->tries && window < p->wait_ms_max; i++)
		window *= 2;
	window = NV_MIN(window, NV_MAX(p->wait_ms_max, 1));
	return window / 2 + (int64_t)(t->random % (uint64_t)(window - window / 2 + 1));
}

struct nv_http_decision
nv_http_decide(const struct nv_http_policy *policy, const struct nv_http_try *t)
{
	const struct nv_http_policy *p = policy ? policy : &nv_http_policy_default;
	struct nv_http_rule rule =
		t->phase == NV_HTTP_PH_ANSWER ? rule_of(p, t) : rule_of_failure(p, t);
	struct nv_http_decision d = {
		.verdict = rule.verdict, .server_wait_ms = server_wait_ms(p, t)};

	/* This try may have acted: as the table says what it is worth without another
	 * one. */
	d.maybe =
		t->maybe || rule.verdict == NV_HTTP_V_UNKNOWN ||
		(rule.verdict == NV_HTTP_V_AGAIN && rule.otherwise == NV_HTTP_V_UNKNOWN);
	if (rule.verdict == NV_HTTP_V_AGAIN) {
		d.wait_ms = own_wait_ms(p, t);
		if (d.server_wait_ms >= 0)
			d.wait_ms = NV_MAX(d.wait_ms, d.server_wait_ms);
		/* A wait that leaves no time for the try is no use. */
		if (t->tries >= p->tries_max || d.wait_ms >= t->left_ms) {
			d.throttled = t->status == 429 || d.server_wait_ms >= t->left_ms;
			d.verdict = rule.otherwise;
			d.wait_ms = 0;
		}
	} else if (rule.verdict == NV_HTTP_V_REFUSED) {
		d.throttled = t->status == 429;
	}
	if (d.verdict == NV_HTTP_V_REFUSED && t->maybe && t->class != NV_HTTP_SAFE &&
		(t->phase != NV_HTTP_PH_ANSWER || says_nothing_of_earlier(t->status)))
		d.verdict = NV_HTTP_V_UNKNOWN;
	if (d.verdict == NV_HTTP_V_AGAIN)
		return d;
	/* A read has nothing to be unsure of. */
	if (t->class == NV_HTTP_SAFE) {
		d.maybe = false;
		if (d.verdict == NV_HTTP_V_UNKNOWN)
			d.verdict = NV_HTTP_V_REFUSED;
	}
	return d;
}
