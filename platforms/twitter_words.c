/* Refusals in words: see twitter_words.h. X answers problem objects (RFC 7807) `{title,
 * detail, type, status}`, or `{"errors":[{message|detail|title}]}`; its prose is quoted,
 * what it means stands before it. */
#include "twitter_words.h"

#include "nv_buf.h"

#include <stdio.h>
#include <string.h>

#define QUOTE_BYTES 240

/* The first row that fits: status (0: any), a part of type, title or detail without
 * regard to case (NULL: any), the act (NULL: any). */
static const struct {
	int status;
	const char *part;
	const char *act;
	enum tw_no why;
	const char *words;
} rows[] = {
	{0, "creditsdepleted", NULL, TW_NO_CREDITS,
		"the X account is out of credits, and X does nothing until there are "
		"some"},
	{0, "problems/credits", NULL, TW_NO_CREDITS,
		"the X account is out of credits, and X does nothing until there are "
		"some"},
	{0, "usage-capped", NULL, TW_NO_CREDITS,
		"the X account has used up what it may spend or read this month"},
	{0, "usagecapexceeded", NULL, TW_NO_CREDITS,
		"the X account has used up what it may spend or read this month"},
	{0, "spend cap", NULL, TW_NO_CREDITS,
		"the X account has used up what it may spend or read this month"},
	{402, NULL, NULL, TW_NO_CREDITS, "X wants to be paid first"},
	{403, "duplicate content", NULL, TW_NO_DUPLICATE,
		"there is a post with this very text already"},
	{403, "oauth1-permissions", NULL, TW_NO_POLICY,
		"the app may only read: give it read and write permission in X's "
		"developer "
		"console, then make new access tokens"},
	{403, "unsupported-authentication", NULL, TW_NO_POLICY,
		"X wants another kind of key for this: twitter_access_token and "
		"twitter_access_secret for what a user does, else twitter_bearer_token"},
	{403, "client-not-enrolled", NULL, TW_NO_POLICY,
		"the app belongs to no project with access to version 2 of X's API"},
	{403, "client-forbidden", NULL, TW_NO_POLICY,
		"the app's access level does not include this"},
	{403, "suspended", NULL, TW_NO_POLICY, "the account or the app is suspended"},
	{403, "not been mentioned", NULL, TW_NO_POLICY,
		"since 2026-02-23 a program may reply only where the author mentioned or "
		"summoned it; replies to own posts are allowed"},
	{403, "reply to this conversation", NULL, TW_NO_POLICY,
		"since 2026-02-23 a program may reply only where the author mentioned or "
		"summoned it; replies to own posts are allowed"},
	{403, "deleted or not visible", NULL, TW_NO_POLICY,
		"the post that is replied to is deleted or not visible to this account"},
	{403, "quote", NULL, TW_NO_POLICY,
		"since 2026-04-20 quote posts need an enterprise contract with X"},
	{403, NULL, "like", TW_NO_POLICY,
		"since 2026-04-20 likes need an enterprise contract with X"},
	{403, NULL, "unlike", TW_NO_POLICY,
		"since 2026-04-20 likes need an enterprise contract with X"},
	{403, NULL, NULL, TW_NO_POLICY, "X's rules do not allow this"},
	{400, NULL, NULL, TW_NO_INPUT, "X does not understand the request"},
	{401, NULL, NULL, TW_NO_KEYS,
		"X does not know these keys: look at secrets/twitter_api_key, "
		"twitter_api_secret, twitter_access_token and twitter_access_secret (or "
		"twitter_bearer_token)"},
	{404, NULL, NULL, TW_NO_MISSING, "X knows nothing of that name or id"},
	{0, "resource-not-found", NULL, TW_NO_MISSING,
		"X knows nothing of that name or id"},
	{0, "not-authorized-for-resource", NULL, TW_NO_POLICY,
		"X does not show this to this account"},
	{429, NULL, NULL, TW_NO_THROTTLED, "X's limit for this is used up"},
};

static const char *
member(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* The object that says most: the first of `errors`, else the whole. */
static const json_t *
problem_of(const json_t *body)
{
	const json_t *first = json_array_get(json_object_get(body, "errors"), 0);

	return json_is_object(first) ? first : body;
}

/* What people may be shown of X's own prose. */
static void
quote(const json_t *body, char out[QUOTE_BYTES])
{
	static const char *const keys[] = {"detail", "message", "title", "error"};
	const json_t *const places[] = {problem_of(body), body};
	const char *text = "";
	size_t n = 0;

	for (size_t p = 0; p < NV_LEN(places) && !text[0]; p++) {
		for (size_t i = 0; i < NV_LEN(keys) && !text[0]; i++)
			text = member(places[p], keys[i]);
	}
	while (*text) {
		size_t len = nv_utf8_len(text, strlen(text));

		if (len == 0 || n + len >= QUOTE_BYTES)
			break;
		if (len == 1 && ((unsigned char)*text < 0x20 || *text == 0x7F))
			out[n] = ' ';
		else
			memcpy(out + n, text, len);
		n += len;
		text += len;
	}
	out[n] = '\0';
}

static bool
mentions(const json_t *object, const char *part)
{
	static const char *const keys[] = {
		"type", "title", "detail", "message", "reason"};

	for (size_t i = 0; i < NV_LEN(keys); i++) {
		if (strcasestr(member(object, keys[i]), part))
			return true;
	}
	return false;
}

static bool
row_fits(size_t i, int status, const json_t *body, const char *act)
{
	if (rows[i].status && rows[i].status != status)
		return false;
	if (rows[i].act && strcmp(rows[i].act, act) != 0)
		return false;
	return !rows[i].part || mentions(body, rows[i].part) ||
	       mentions(problem_of(body), rows[i].part);
}

void
tw_problem_read(int status, const json_t *body, const char *act, struct tw_problem *ret)
{
	char said[QUOTE_BYTES];
	const char *words = "X refused";
	size_t i = 0;

	ret->why = TW_NO_OTHER;
	while (i < NV_LEN(rows) && !row_fits(i, status, body, act))
		i++;
	if (i < NV_LEN(rows)) {
		ret->why = rows[i].why;
		words = rows[i].words;
	} else if (status >= 500) {
		ret->why = TW_NO_SERVER;
		words = "X is in trouble";
	}
	quote(body, said);
	(void)snprintf(ret->text, sizeof ret->text, "%s: %s%s%s%s", act, words,
		said[0] ? " (X says: " : "", said, said[0] ? ")" : "");
}
