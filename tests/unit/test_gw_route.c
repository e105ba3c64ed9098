/* Routes: which pattern takes a path, which body may come, and what the table of the
 * gateway promises; query parameters; codings and tags of pages. */
#include "conn.h"
#include "gateway.h"
#include "pages.h"
#include "query.h"
#include "routes.h"
#include "run_suite.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void
nothing(struct gw_call *call)
{
	(void)call;
}

#define R(m, p, t, b) \
	{ \
		.method = (m), .path = (p), .types = (t), .body_bytes_max = (b), \
		.handle = nothing \
	}

static const struct gw_route routes[] = {
	R(GW_GET, "/", NULL, 0),
	R(GW_GET, "/workers/{worker}", NULL, 0),
	R(GW_GET, "/workers/all", NULL, 0),
	R(GW_POST, "/workers/{worker}/pause", "?application/json", 100),
	R(GW_POST, "/hooks/{name}", "application/json text/json", 100),
	R(GW_POST, "/hooks/{name}/of/{other}", NULL, 100),
	R(GW_DELETE, "/hooks/{name}", NULL, 0),
};

static const struct {
	enum gw_method method;
	const char *path;
	int status;
	const char *route;
	const char *params[2];
	const char *allow;
} paths[] = {
	{GW_GET, "/", 0, "/", {"", ""}, ""},
	{GW_HEAD, "/", 0, "/", {"", ""}, ""},
	{GW_GET, "//", 404, NULL, {"", ""}, ""},
	{GW_GET, "", 404, NULL, {"", ""}, ""},
	{GW_GET, "*", 404, NULL, {"", ""}, ""},
	{GW_GET, "/workers/a.b-c_1", 0, "/workers/{worker}", {"a.b-c_1", ""}, ""},
	{GW_GET, "/workers/all", 0, "/workers/all", {"", ""}, ""},
	{GW_GET, "/workers/allx", 0, "/workers/{worker}", {"allx", ""}, ""},
	{GW_GET, "/workers/{worker}", 0, "/workers/{worker}", {"{worker}", ""}, ""},
	{GW_GET, "/workers/..", 0, "/workers/{worker}", {"..", ""}, ""},
	{GW_GET, "/workers/", 404, NULL, {"", ""}, ""},
	{GW_GET, "/workers", 404, NULL, {"", ""}, ""},
	{GW_GET, "/workers/a/", 404, NULL, {"", ""}, ""},
	{GW_GET, "/workers/a/b", 404, NULL, {"", ""}, ""},
	{GW_GET, "/Workers/a", 404, NULL, {"", ""}, ""},
	{GW_POST, "/workers/a/pause", 0, "/workers/{worker}/pause", {"a", ""}, ""},
	{GW_POST, "/workers//pause", 404, NULL, {"", ""}, ""},
	{GW_POST, "/workers/a/pause/", 404, NULL, {"", ""}, ""},
	{GW_GET, "/workers/a/pause", 405, NULL, {"", ""}, "POST"},
	{GW_POST, "/workers/a", 405, NULL, {"", ""}, "GET, HEAD"},
	{GW_PUT, "/hooks/x", 405, NULL, {"", ""}, "POST, DELETE"},
	{GW_POST, "/hooks/x/of/y", 0, "/hooks/{name}/of/{other}", {"x", "y"}, ""},
	{GW_POST, "/hooks/x/of/", 404, NULL, {"", ""}, ""},
	{GW_OPTIONS, "/", 405, NULL, {"", ""}, "GET, HEAD"},
};

START_TEST(finds_routes)
{
	const struct gw_server server = {.routes = routes, .n_routes = NV_LEN(routes)};
	const struct gw_request r = {
		.method = paths[_i].method, .path = paths[_i].path, .query = ""};
	struct gw_match m;

	ck_assert_int_eq(gw_route_find(&server, &r, &m), paths[_i].status);
	ck_assert_str_eq(
		m.route ? m.route->path : "-", paths[_i].route ? paths[_i].route : "-");
	for (size_t i = 0; i < 2 && m.route; i++) {
		const char *want = paths[_i].params[i];

		ck_assert_uint_eq(m.params[i].bytes, strlen(want));
		ck_assert(m.params[i].bytes == 0 ||
			  memcmp(m.params[i].at, want, strlen(want)) == 0);
	}
	if (paths[_i].status == 405)
		ck_assert_str_eq(m.allow, paths[_i].allow);
}
END_TEST

static const struct {
	const char *types;
	size_t max;
	const char *type; /* NULL: none */
	int64_t length;   /* -1: no body, -2: chunked */
	int status;
} bodies[] = {
	{NULL, 0, NULL, -1, 0},
	{NULL, 0, NULL, 0, 0},
	{NULL, 0, "text/plain", 1, 413},
	{NULL, 0, "text/plain", -2, 413},
	{"application/json", 10, "application/json", 10, 0},
	{"application/json", 10, "application/json", 11, 413},
	{"application/json", 10, "APPLICATION/JSON; charset=utf-8", 1, 0},
	{"application/json", 10, "application/json", -2, 0},
	{"application/json", 10, "application/json", -1, 411},
	{"application/json", 10, NULL, 1, 415},
	{"application/json", 10, "application/jsonx", 1, 415},
	{"application/json", 10, "text/plain", 0, 415},
	{"?application/json", 10, NULL, -1, 0},
	{"?application/json", 10, NULL, 0, 0},
	{"?application/json", 10, NULL, 1, 415},
	{"?application/json", 10, NULL, -2, 415},
	{"?application/json", 10, "application/json", 10, 0},
	{"?application/json", 10, "application/json", 11, 413},
	{"?application/json", 10, "text/plain", 2, 415},
};

START_TEST(checks_bodies)
{
	struct gw_request r = {.length = NV_MAX(bodies[_i].length, 0),
		.has_body = bodies[_i].length != -1,
		.chunked = bodies[_i].length == -2};
	const struct gw_route route = {
		.types = bodies[_i].types, .body_bytes_max = bodies[_i].max};

	if (bodies[_i].type)
		r.headers[r.n_headers++] =
			(struct gw_header){"content-type", bodies[_i].type};
	ck_assert_int_eq(gw_route_check(&route, &r), bodies[_i].status);
}
END_TEST

/* What everybody may without a token, and nothing else. */
static bool
may_be_open(const struct gw_route *r)
{
	return r->kind == GW_KIND_HOOK || r->kind == GW_KIND_PROBE ||
	       r->kind == GW_KIND_PAGE || strcmp(r->path, "/api/v1/openapi.json") == 0 ||
	       (strcmp(r->path, "/api/v1/session") == 0 && r->method == GW_POST);
}

START_TEST(the_table_is_sound)
{
	const struct nv_conf_gateway conf = {.dashboard = true, .body_bytes_max = 4711};
	struct gw_server server = {0};
	struct gw_route *own;

	ck_assert_int_eq(gw_routes_make(&conf, &own, &server.n_routes), 0);
	server.routes = own;
	ck_assert_uint_gt(server.n_routes, 50);
	for (size_t i = 0; i < server.n_routes; i++) {
		const struct gw_route *r = &own[i];
		const struct gw_request request = {
			.method = r->method, .path = r->path, .query = ""};
		struct gw_match m;

		/* Its own path finds it and no other: none is there twice. */
		ck_assert_int_eq(gw_route_find(&server, &request, &m), 0);
		ck_assert_msg(m.route == r, "%s %s", gw_method_name(r->method), r->path);
		ck_assert_ptr_nonnull((const void *)(uintptr_t)r->handle);
		ck_assert_int_eq(r->kind, gw_route_kind(r->path));
		ck_assert_msg(
			r->role != GW_OPEN || may_be_open(r), "%s is open", r->path);
		/* Who only looks changes nothing. */
		ck_assert_msg(r->method == GW_GET || r->role >= GW_OPERATOR ||
				      may_be_open(r) ||
				      strcmp(r->path, "/api/v1/session") == 0 ||
				      strcmp(r->path, "/api/v1/simulate") == 0,
			"%s %s for readonly", gw_method_name(r->method), r->path);
		ck_assert_msg(
			r->method != GW_GET || r->body_bytes_max == 0, "%s", r->path);
		ck_assert_uint_le(r->body_bytes_max, 1 << 20);
		if (r->kind == GW_KIND_HOOK && r->method == GW_POST)
			ck_assert_uint_eq(r->body_bytes_max, 4711);
	}
	free(own);
}
END_TEST

START_TEST(without_a_dashboard_only_webhooks_are_left)
{
	struct nv_conf_gateway conf = {.open_metrics = true};
	struct gw_route *own;
	size_t n;

	ck_assert_int_eq(gw_routes_make(&conf, &own, &n), 0);
	ck_assert_uint_gt(n, 8);
	for (size_t i = 0; i < n; i++) {
		ck_assert_msg(own[i].kind == GW_KIND_HOOK ||
				      own[i].kind == GW_KIND_PROBE ||
				      own[i].kind == GW_KIND_METRICS,
			"%s", own[i].path);
		ck_assert_int_eq(own[i].role, GW_OPEN);
	}
	free(own);
	conf.open_metrics = false;
	ck_assert_int_eq(gw_routes_make(&conf, &own, &n), 0);
	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(own[i].role,
			own[i].kind == GW_KIND_METRICS ? GW_READONLY : GW_OPEN);
	free(own);
}
END_TEST

/* ---- queries ---- */

static const struct {
	const char *query;
	const char *worker; /* NULL: not there; of "error" what the sentence has in it */
	const char *limit;
	const char *error;
} queries[] = {
	{"", NULL, NULL, NULL},
	{"&&", NULL, NULL, NULL},
	{"worker=a", "a", NULL, NULL},
	{"worker=a&limit=10", "a", "10", NULL},
	{"limit=1&&worker=", "", "1", NULL},
	{"worker", "", NULL, NULL},
	{"worker=a%20b+c%26", "a b c&", NULL, NULL},
	{"work%65r=%C3%A9", "\xc3\xa9", NULL, NULL},
	{"worker=a=b", "a=b", NULL, NULL},
	{"worker=12345678901234567890", "12345678901234567890", NULL, NULL},
	{"worker=123456789012345678901", NULL, NULL, "too long"},
	{"worker=a&worker=b", NULL, NULL, "twice"},
	{"worker=&worker=", NULL, NULL, "twice"},
	{"wroker=a", NULL, NULL, "did you mean \"worker\"?"},
	{"x=1", NULL, NULL, "not known"},
	{"=1", NULL, NULL, "not known"},
	{"Worker=a", NULL, NULL, "not known"},
	{"worker=%", NULL, NULL, "escape"},
	{"worker=%0", NULL, NULL, "escape"},
	{"worker=%00", NULL, NULL, "escape"},
	{"worker=%zz", NULL, NULL, "escape"},
	{"worker=%0a", NULL, NULL, "control"},
	{"worker=%7f", NULL, NULL, "control"},
	{"worker=%c2%9b31m", NULL, NULL, "control"},
	{"worker=%c2%a0", "\xc2\xa0", NULL, NULL},
	{"worker=%ff", NULL, NULL, "UTF-8"},
	{"worker=%c0%80", NULL, NULL, "UTF-8"},
	{"%80=1", NULL, NULL, "UTF-8"},
};

START_TEST(reads_queries)
{
	struct gw_param p[] = {{"worker", 20, NULL}, {"limit", 4, NULL}};
	struct nv_err err = {0};
	struct nv_buf copy;

	nv_buf_init(&copy, 1000);
	int rc = gw_query_read(queries[_i].query, p, NV_LEN(p), &copy, &err);

	if (queries[_i].error) {
		ck_assert_int_eq(rc, -EINVAL);
		ck_assert_msg(strstr(err.text, queries[_i].error), "%s", err.text);
	} else {
		ck_assert_int_eq(rc, 0);
		ck_assert_pstr_eq(p[0].value, queries[_i].worker);
		ck_assert_pstr_eq(p[1].value, queries[_i].limit);
	}
	nv_buf_fini(&copy);
}
END_TEST

START_TEST(takes_no_parameter_where_there_is_none)
{
	struct nv_err err = {0};
	struct nv_buf copy;

	nv_buf_init(&copy, 10);
	ck_assert_int_eq(gw_query_read("", NULL, 0, &copy, &err), 0);
	ck_assert_int_eq(gw_query_read("a=1", NULL, 0, &copy, &err), -EINVAL);
	ck_assert_int_eq(gw_query_read("12345678901", NULL, 0, &copy, &err), -ENOBUFS);
	nv_buf_fini(&copy);
}
END_TEST

/* ---- pages ---- */

static const struct {
	const char *accept;
	bool gzip;
} codings[] = {
	{NULL, false},
	{"", false},
	{"gzip", true},
	{"GZIP", true},
	{"br, gzip", true},
	{"br,gzip;q=0.5", true},
	{"gzip;q=0.001", true},
	{"gzip;q=1", true},
	{"gzip;q=0", false},
	{"gzip; q=0.000", false},
	{"gzip ;Q=0, br", false},
	{"gzip;q=0, *", false},
	{"gzip;q=, br", false},
	{"*", true},
	{"*;q=0", false},
	{"*;q=0.5, br", true},
	{"identity", false},
	{"gzipx", false},
	{"x-gzip", false},
	{",,;,gzip", true},
	{";q=1", false},
};

START_TEST(reads_accept_encoding)
{
	ck_assert_int_eq(gw_takes_gzip(codings[_i].accept), codings[_i].gzip);
}
END_TEST

static const struct {
	const char *header;
	bool matches;
} tags[] = {
	{NULL, false},
	{"", false},
	{"\"abc\"", true},
	{"W/\"abc\"", true},
	{"\"x\", \"abc\"", true},
	{"\"x\",W/\"abc\" , \"y\"", true},
	{"*", true},
	{"\"abcd\"", false},
	{"\"abc", false},
	{"abc", false},
	{"\"abc\"x", false},
	{"\"x\"", false},
};

START_TEST(compares_tags)
{
	ck_assert_int_eq(gw_tag_matches(tags[_i].header, "\"abc\""), tags[_i].matches);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("gw_route");
	TCase *c = tcase_create("routes");

	tcase_add_loop_test(c, finds_routes, 0, NV_LEN(paths));
	tcase_add_loop_test(c, checks_bodies, 0, NV_LEN(bodies));
	tcase_add_test(c, the_table_is_sound);
	tcase_add_test(c, without_a_dashboard_only_webhooks_are_left);
	tcase_add_loop_test(c, reads_queries, 0, NV_LEN(queries));
	tcase_add_test(c, takes_no_parameter_where_there_is_none);
	tcase_add_loop_test(c, reads_accept_encoding, 0, NV_LEN(codings));
	tcase_add_loop_test(c, compares_tags, 0, NV_LEN(tags));
	suite_add_tcase(suite, c);
	return run_suite(suite);
}
