/* Who may what: see auth.h. */
#include "auth.h"

#include "creds.h"
#include "gateway.h"
#include "lockout.h"
#include "nv_clock.h"
#include "nv_log.h"
#include "query.h"
#include "reply.h"
#include "session.h"
#include "stamp.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COOKIES_TRIED 4
#define UNREAD_TICKS  3
/* Logins are on the disk before they are answered, so many at once and a second; those of
 * somebody who does nothing else wait for the tick, and nobody has to wait for them. */
#define SAVES_AHEAD    20
#define SAVES_A_SECOND 2
#define TOKEN_MAX      128 /* of what is sent as one */

static_assert((int)GW_READONLY == (int)NV_ROLE_READONLY &&
		      (int)GW_OPERATOR == (int)NV_ROLE_OPERATOR &&
		      (int)GW_ADMIN == (int)NV_ROLE_ADMIN,
	"the roles of tokens are those of routes");
static_assert(GW_TOKEN_ID_BYTES > NV_TOKEN_ID_CHARS, "an id fits into who");

struct gw_auth {
	const char *state_dir; /* borrowed */
	char path[NV_PATH_MAX + 32];
	struct gw_stamp stamp;
	struct nv_tokens tokens;
	struct gw_sessions sessions;
	struct gw_lockout lockout;
	struct gw_auth_figures figures;
	unsigned unread_ticks; /* the file could not be read for so long; 0: it is */
	bool unread;
	bool save_failed;
	bool save_due;
	int64_t saves_m; /* that may be made at once, in thousandths */
	int64_t saves_ms;
};

static struct gw_auth *
auth_of(const struct gw_call *call)
{
	return ((const struct gw *)call->arg)->auth;
}

/* ---- tokens ---- */

/* Read the tokens again if they have changed. */
static void
refresh(struct gw_auth *a)
{
	struct gw_stamp now = gw_stamp_look(a->path);
	struct nv_err err = {0};

	if (!a->unread && gw_stamp_same(&now, &a->stamp))
		return;
	nv_tokens_fini(&a->tokens);
	bool bad = nv_tokens_read(a->state_dir, &a->tokens, &err) < 0;

	if (bad && !a->unread)
		nv_error("no token is good until this is mended: %s", err.text);
	a->unread = bad;
	a->stamp = now;
}

/* ---- sessions on the disk ---- */

static void
save_now(struct gw_auth *a)
{
	int rc = gw_sessions_save(&a->sessions, nv_wall_ns());

	if (rc < 0 && !a->save_failed)
		nv_warn("%s: %s; who logs in now is logged out when the gateway ends",
			a->sessions.path, strerror(-rc));
	a->save_failed = rc < 0;
	a->save_due = false;
}

static void
save_soon(struct gw_auth *a)
{
	int64_t now_ms = nv_mono_ms();

	a->saves_m = NV_MIN(a->saves_m + (now_ms - a->saves_ms) * SAVES_A_SECOND,
		INT64_C(1000) * SAVES_AHEAD);
	a->saves_ms = now_ms;
	a->save_due = true;
	if (a->saves_m < 1000)
		return;
	a->saves_m -= 1000;
	save_now(a);
}

/* ---- who it is ---- */

static int
refuse(struct gw_call *call, int status, const char *why, const char **ret_why)
{
	struct gw_auth *a = auth_of(call);

	if (status == 401)
		gw_answer_header(call, "WWW-Authenticate", "Bearer");
	if (status == 403)
		a->figures.forbidden++;
	*ret_why = why;
	return status;
}

static int
check_lock(struct gw_call *call, const char **ret_why)
{
	int64_t ms =
		gw_lockout_left(&auth_of(call)->lockout, call->address, nv_mono_ms());
	char seconds[24];

	if (ms == 0)
		return 0;
	(void)snprintf(seconds, sizeof(seconds), "%lld", (long long)ms / 1000 + 1);
	gw_answer_header(call, "Retry-After", seconds);
	return refuse(call, 429, "too many wrong tokens came from this address", ret_why);
}

/* A token by its text: 0 with *ret, or the refusal. Only one that nobody has ever had is
 * held against the address: guessing gives nothing else. */
static int
find_token(struct gw_call *call, const char *text, const struct nv_token **ret,
	const char **ret_why)
{
	struct gw_auth *a = auth_of(call);
	int status = check_lock(call, ret_why);

	if (status)
		return status;
	const struct nv_token *t =
		strlen(text) <= TOKEN_MAX ? nv_tokens_by_text(&a->tokens, text) : NULL;

	/* Nobody knows which are wrong while they cannot be read: who has a good one must
	 * not be locked out when they can. */
	if (!t && a->unread)
		return refuse(
			call, 401, "tokens cannot be read here: see the log", ret_why);
	if (!t) {
		a->figures.wrong++;
		gw_lockout_wrong(&a->lockout, call->address, nv_mono_ms());
		if (gw_lockout_left(&a->lockout, call->address, nv_mono_ms()))
			nv_warn("%s is locked out: too many wrong tokens", call->peer);
		return refuse(call, 401, "this token is not known here", ret_why);
	}
	if (!nv_token_holds(t, nv_wall_ns())) {
		a->figures.ended++;
		return refuse(call, 401,
			t->revoked_ns ? "this token was revoked"
				      : "this token has expired",
			ret_why);
	}
	*ret = t;
	return 0;
}

static void
set_who(struct gw_call *call, enum gw_who_kind kind, const struct nv_token *t)
{
	call->who = (struct gw_who){.kind = kind, .role = (enum gw_role)t->role};
	(void)snprintf(call->who.name, sizeof(call->who.name), "%s", t->name);
	(void)snprintf(call->who.token, sizeof(call->who.token), "%s", t->id);
}

static const char *
cookie_name(const struct gw_call *call)
{
	const struct gw *gw = call->arg;

	/* The prefix keeps other hosts below the same name from setting it (RFC 6265bis,
	 * section 4.1.3); it needs Secure, and so TLS. */
	return gw->server.tls ? "__Host-nova_session" : "nova_session";
}

/* The session of the request's cookie, which is copied. Another program on this machine
 * may have set one of the same name: the first that is good counts. */
static struct gw_session *
find_session(struct gw_call *call, char cookie[GW_COOKIE_BYTES_MAX])
{
	const char *cookies = gw_header(call->request, "cookie");
	struct gw_auth *a = auth_of(call);

	for (size_t i = 0; cookies && i < COOKIES_TRIED; i++) {
		if (!gw_creds_cookie(cookies, cookie_name(call), i, cookie))
			break;
		struct gw_session *s =
			gw_sessions_find(&a->sessions, cookie, nv_wall_ns());
		const struct nv_token *t =
			s ? nv_tokens_by_id(&a->tokens, s->token) : NULL;

		if (t && nv_token_holds(t, nv_wall_ns())) {
			set_who(call, GW_WHO_SESSION, t);
			call->who.session = s->number;
			return s;
		}
	}
	return NULL;
}

/* Is it a page of ours that asks? A browser says where a request comes from; what is no
 * browser says nothing. */
static bool
is_same_origin(const struct gw_call *call, bool changes)
{
	const struct gw_request *r = call->request;
	const char *site = gw_header(r, "sec-fetch-site");
	const char *origin = gw_header(r, "origin");

	if (site && strcmp(site, "same-origin") != 0 &&
		(changes || strcmp(site, "none") != 0))
		return false;
	return !origin || gw_creds_origin_is_ours(origin, gw_header(r, "host"));
}

static int
admit_session(struct gw_call *call, const char *cookie, const char **ret_why)
{
	const struct gw_request *r = call->request;
	bool changes = r->method != GW_GET && r->method != GW_HEAD;
	const char *said = gw_header(r, "x-nova-csrf");
	char csrf[GW_SESSION_CHARS + 1];

	if (!is_same_origin(call, changes))
		return refuse(call, 403, "a request of another site", ret_why);
	if (!changes)
		return 0;
	gw_session_csrf(cookie, csrf);
	if (!said || !nv_same_secret(csrf, strlen(csrf), said, strlen(said)))
		return refuse(call, 403,
			"expected the session's token in the header X-Nova-CSRF",
			ret_why);
	return 0;
}

static int
identify(struct gw_call *call, const char **ret_why)
{
	const char *authorization = gw_header(call->request, "authorization");
	char cookie[GW_COOKIE_BYTES_MAX];
	const struct nv_token *t = NULL;

	if (authorization) {
		const char *text = gw_creds_bearer(authorization);

		if (!text || gw_header_count(call->request, "authorization") > 1)
			return refuse(call, 401, "expected Authorization: Bearer TOKEN",
				ret_why);
		int status = find_token(call, text, &t, ret_why);

		if (status == 0)
			set_who(call, GW_WHO_TOKEN, t);
		return status;
	}
	struct gw_session *s = find_session(call, cookie);

	if (!s)
		return refuse(call, 401,
			"not logged in: expected a session or Authorization: Bearer "
			"TOKEN",
			ret_why);
	int status = admit_session(call, cookie, ret_why);

	if (status == 0)
		gw_session_touch(&auth_of(call)->sessions, s, nv_wall_ns());
	return status;
}

int
gw_auth_admit(struct gw_call *call, const char **ret_why)
{
	const struct gw *gw = call->arg;
	const struct nv_conf_gateway *conf = &gw->config->gateway;
	const struct gw_route *route = call->route;

	if (route->kind == GW_KIND_HOOK || route->kind == GW_KIND_PROBE)
		return 0;
	if (gw->loopback && !gw_creds_host_is_ours(gw_header(call->request, "host"),
				    (const char *const *)conf->names.list, conf->names.n))
		return refuse(call, 421,
			"this Host is not known here: see gateway.names in nova.yaml",
			ret_why);
	refresh(gw->auth);
	if (route->role == GW_OPEN)
		return 0;
	int status = identify(call, ret_why);

	if (status == 0 && call->who.role < route->role)
		status = refuse(call, 403,
			route->role == GW_ADMIN
				? "this needs a token of the role admin"
				: "this needs a token of the role operator",
			ret_why);
	return status;
}

/* ---- login ---- */

static void
put_session(
	struct gw_call *call, int status, const struct gw_session *s, const char *cookie)
{
	const struct gw_auth *a = auth_of(call);
	const struct nv_token *t = nv_tokens_by_id(&a->tokens, call->who.token);
	int64_t expires_ns = s->seen_ns + a->sessions.idle_ns;
	char csrf[GW_SESSION_CHARS + 1];

	if (t && t->expires_ns)
		expires_ns = NV_MIN(expires_ns, t->expires_ns);
	gw_session_csrf(cookie, csrf);
	gw_answer_json(call, status,
		json_pack("{s:s, s:s, s:s, s:o}", "name", call->who.name, "role",
			gw_role_name(call->who.role), "csrf", csrf, "expires",
			nv_json_time(expires_ns)));
}

static void
set_cookie(struct gw_call *call, const char *value, bool ends)
{
	const struct gw *gw = call->arg;
	char text[200];

	(void)snprintf(text, sizeof(text), "%s=%s; Path=/; HttpOnly; SameSite=Strict%s%s",
		cookie_name(call), value, gw->server.tls ? "; Secure" : "",
		ends ? "; Max-Age=0" : "");
	gw_answer_header(call, "Set-Cookie", text);
}

void
gw_session_post(struct gw_call *call)
{
	static const char *const keys[] = {"token", NULL};
	struct gw_auth *a = auth_of(call);
	const struct nv_token *t;
	const char *text;
	const char *why = "";
	char cookie[GW_SESSION_CHARS + 1];
	struct nv_err err = {0};
	json_t *body;

	if (gw_query_none(call) < 0)
		return;
	if (!is_same_origin(call, true)) {
		a->figures.forbidden++;
		gw_answer_error(call, 403, "a request of another site");
		return;
	}
	if (gw_body_json(call, keys, &body) < 0)
		return;
	if (nv_json_need_str(body, "token", TOKEN_MAX, &text, &err) < 0) {
		gw_answer_error(call, 400, err.text);
		json_decref(body);
		return;
	}
	int status = find_token(call, text, &t, &why);

	json_decref(body);
	if (status) {
		gw_answer_error(call, status, why);
		return;
	}
	set_who(call, GW_WHO_SESSION, t);
	const struct gw_session *s =
		gw_sessions_new(&a->sessions, t->id, nv_wall_ns(), cookie);

	save_soon(a);
	a->figures.logins++;
	nv_info("login name=%s role=%s address=%s", call->who.name,
		gw_role_name(call->who.role), call->peer);
	set_cookie(call, cookie, false);
	put_session(call, 200, s, cookie);
}

void
gw_session_get(struct gw_call *call)
{
	if (gw_query_none(call) < 0)
		return;
	char cookie[GW_COOKIE_BYTES_MAX];
	const struct gw_session *s =
		call->who.kind == GW_WHO_SESSION ? find_session(call, cookie) : NULL;

	if (s) {
		put_session(call, 200, s, cookie);
		return;
	}
	const struct nv_token *t =
		nv_tokens_by_id(&auth_of(call)->tokens, call->who.token);

	/* A token needs no CSRF token: no browser sends it by itself. */
	gw_answer_json(call, 200,
		json_pack("{s:s, s:s, s:n, s:o}", "name", call->who.name, "role",
			gw_role_name(call->who.role), "csrf", "expires",
			nv_json_time(t ? t->expires_ns : 0)));
}

static bool
is_of_session(const struct gw_call *call, void *arg)
{
	return call->who.session == *(const uint64_t *)arg;
}

void
gw_session_delete(struct gw_call *call)
{
	static const char *const keys[] = {NULL};
	struct gw *gw = call->arg;
	struct gw_auth *a = gw->auth;
	uint64_t number = call->who.session;
	json_t *body;

	if (gw_query_none(call) < 0 || gw_body_json(call, keys, &body) < 0)
		return;
	json_decref(body);
	struct gw_session *s =
		number ? gw_sessions_by_number(&a->sessions, number) : NULL;

	if (!s) {
		gw_answer_error(
			call, 400, "this is a token and no session: nothing ends");
		return;
	}
	gw_session_drop(&a->sessions, s);
	save_soon(a);
	gw_server_end_streams(&gw->server, is_of_session, &number);
	nv_info("logout name=%s address=%s", call->who.name, call->peer);
	set_cookie(call, "", true);
	gw_answer(call, 204, NULL, NULL, 0);
}

/* ---- as time goes by ---- */

/* May who has this stream not have it any more? A session whose stream is open is in
 * use. */
static bool
has_ended(const struct gw_call *call, void *arg)
{
	struct gw_auth *a = arg;
	int64_t now_ns = nv_wall_ns();

	if (call->who.kind == GW_WHO_NOBODY)
		return false;
	const struct nv_token *t = nv_tokens_by_id(&a->tokens, call->who.token);

	if (!t || !nv_token_holds(t, now_ns) || (enum gw_role)t->role < call->route->role)
		return true;
	if (call->who.kind != GW_WHO_SESSION)
		return false;
	struct gw_session *s = gw_sessions_by_number(&a->sessions, call->who.session);

	if (s && now_ns - s->seen_ns >= GW_SESSION_SAVE_MS * NV_NS_PER_MS)
		gw_session_touch(&a->sessions, s, now_ns);
	return !s;
}

void
gw_auth_tick(struct gw *gw)
{
	struct gw_auth *a = gw->auth;
	int64_t now_ns = nv_wall_ns();

	refresh(a);
	/* A file that is being handed over to us may not be ours to read for a moment. */
	a->unread_ticks = a->unread ? a->unread_ticks + 1 : 0;
	if (gw->server.n_streams && (!a->unread || a->unread_ticks > UNREAD_TICKS))
		gw_server_end_streams(&gw->server, has_ended, a);
	if (!a->unread)
		gw_sessions_prune(&a->sessions, &a->tokens, now_ns);
	if (a->save_due ||
		now_ns - a->sessions.saved_ns >= GW_SESSION_SAVE_MS * NV_NS_PER_MS ||
		now_ns < a->sessions.saved_ns)
		save_now(a);
}

int
gw_auth_open(struct gw *gw, const char *state_dir)
{
	struct gw_auth *a = calloc(1, sizeof(*a));
	struct nv_err err = {0};

	if (!a)
		return -ENOMEM;
	gw->auth = a;
	a->saves_m = INT64_C(1000) * SAVES_AHEAD;
	a->saves_ms = nv_mono_ms();
	a->state_dir = state_dir;
	(void)snprintf(a->path, sizeof(a->path), "%.*s/gateway/tokens", NV_PATH_MAX - 1,
		state_dir);
	refresh(a);
	if (gw_sessions_open(&a->sessions, state_dir, gw->config->gateway.session_ms,
		    nv_wall_ns(), &err) < 0)
		nv_error("everybody has to log in again: %s", err.text);
	return 0;
}

void
gw_auth_close(struct gw *gw)
{
	struct gw_auth *a = gw->auth;

	if (!a)
		return;
	(void)gw_sessions_save(
		&a->sessions, nv_wall_ns()); /* it was said when it failed */
	nv_tokens_fini(&a->tokens);
	free(a);
	gw->auth = NULL;
}

void
gw_auth_figures(const struct gw *gw, struct gw_auth_figures *ret)
{
	*ret = gw->auth->figures;
	ret->sessions = gw->auth->sessions.n;
	ret->lockouts = gw->auth->lockout.locks;
}
