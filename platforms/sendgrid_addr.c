/* Addresses of mail: see sendgrid_addr.h. */
#include "sendgrid_addr.h"

#include "nv_value.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LOCAL_BYTES_MAX 64
#define LABEL_BYTES_MAX 63

bool
sg_is_line(const char *text)
{
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	return true;
}

/* RFC 5322, 3.2.3: atext, and dots between. */
static bool
is_local(const char *text, size_t n)
{
	if (n == 0 || n > LOCAL_BYTES_MAX || text[0] == '.' || text[n - 1] == '.')
		return false;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '.' ? text[i + 1] == '.'
			     : c > 0x7e || (!isalnum(c) &&
						   !strchr("!#$%&'*+-/=?^_`{|}~", c)))
			return false;
	}
	return true;
}

static bool
is_domain(const char *text, size_t n)
{
	size_t label = 0, labels = 1;

	for (size_t i = 0; i <= n; i++) {
		unsigned char c = i < n ? (unsigned char)text[i] : '.';

		if (c == '.') {
			if (label == 0 || label > LABEL_BYTES_MAX || text[i - 1] == '-')
				return false;
			labels += i < n;
			label = 0;
		} else if (c > 0x7e || (!isalnum(c) && (c != '-' || label == 0))) {
			return false;
		} else {
			label++;
		}
	}
	return labels > 1;
}

static bool
is_email(const char *text, size_t n)
{
	const char *at = memchr(text, '@', n);

	return n < SG_EMAIL_BYTES && at && is_local(text, (size_t)(at - text)) &&
	       is_domain(at + 1, n - (size_t)(at - text) - 1);
}

/* The name before <...>: quotes around it go, and it may hold none of what ends it. */
static bool
take_name(const char *text, size_t n, char name[SG_NAME_BYTES])
{
	while (n > 0 && text[n - 1] == ' ')
		n--;
	while (n > 0 && *text == ' ') {
		text++;
		n--;
	}
	bool quoted = n >= 2 && text[0] == '"' && text[n - 1] == '"';

	if (quoted) {
		text++;
		n -= 2;
	}
	if (n >= SG_NAME_BYTES)
		return false;
	memcpy(name, text, n);
	name[n] = '\0';
	return sg_is_line(name) && !strpbrk(name, quoted ? "\"<>\\" : "\"<>@,;:\\");
}

int
sg_address_parse(const char *text, struct sg_address *ret, struct nv_err *err)
{
	struct sg_address a = {0};
	const char *open = strrchr(text, '<');
	const char *email = open ? open + 1 : text;
	size_t n = strlen(email);
	bool ok = true;

	if (open) {
		ok = n > 0 && email[n - 1] == '>';
		n -= ok;
		ok = ok && take_name(text, (size_t)(open - text), a.name);
	}
	if (!ok || !is_email(email, n)) {
		char quoted[NV_QUOTE_BYTES];

		return nv_err_set(err, -EINVAL,
			"expected an address such as a@b.example or Name <a@b.example>, "
			"found \"%s\"",
			nv_value_quote(text, quoted));
	}
	memcpy(a.email, email, n);
	*ret = a;
	return 0;
}

json_t *
sg_address_json(const struct sg_address *a)
{
	return json_pack(
		"{s:s, s:s*}", "email", a->email, "name", a->name[0] ? a->name : NULL);
}

void
sg_address_key(const struct sg_address *a, char key[SG_EMAIL_BYTES])
{
	size_t i = 0;

	for (; a->email[i]; i++)
		key[i] = (char)tolower((unsigned char)a->email[i]);
	key[i] = '\0';
}
