/* Which handler a request is for, and whether its body may come. */
#include "conn.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Literal bytes as they are, {NAME} one segment. How many parameters it took; -1: it does
 * not match. */
static int
path_matches(const char *pattern, const char *path, struct gw_match *m)
{
	int n = 0;

	while (*pattern && *pattern == *path) {
		pattern++;
		path++;
		if (*pattern != '{')
			continue;
		size_t bytes = strcspn(path, "/");

		if (bytes == 0)
			return -1;
		NV_ASSERT(n < GW_PARAMS_MAX);
		m->params[n].at = path;
		m->params[n++].bytes = bytes;
		path += bytes;
		pattern += strcspn(pattern, "}") + 1;
	}
	return *pattern || *path ? -1 : n;
}

static void
allow(struct gw_match *m, enum gw_method method)
{
	size_t at = strlen(m->allow);

	(void)snprintf(m->allow + at, sizeof(m->allow) - at, "%s%s%s", at ? ", " : "",
		gw_method_name(method), method == GW_GET ? ", HEAD" : "");
}

int
gw_route_find(const struct gw_server *s, const struct gw_request *r, struct gw_match *ret)
{
	enum gw_method method = r->method == GW_HEAD ? GW_GET : r->method;

	int fewest = GW_PARAMS_MAX + 1;

	*ret = (struct gw_match){0};
	for (size_t i = 0; i < s->n_routes; i++) {
		const struct gw_route *route = &s->routes[i];
		struct gw_match m = {0};
		int n = path_matches(route->path, r->path, &m);

		if (n < 0)
			continue;
		if (route->method != method) {
			allow(ret, route->method);
			continue;
		}
		if (n >= fewest)
			continue;
		fewest = n;
		ret->route = route;
		memcpy(ret->params, m.params, sizeof(m.params));
	}
	return ret->route ? 0 : ret->allow[0] ? 405 : 404;
}

/* Is the content type, without its parameters, one of the route's? */
static bool
type_matches(const char *types, const char *value)
{
	size_t bytes = value ? strcspn(value, "; \t") : 0;

	while (*types) {
		size_t n = strcspn(types, " ");

		if (value && n == bytes && strncasecmp(types, value, n) == 0)
			return true;
		types += n + strspn(types + n, " ");
	}
	return false;
}

int
gw_route_check(const struct gw_route *route, const struct gw_request *r)
{
	const char *coding = gw_header(r, "content-encoding");
	const char *types = route->types;
	bool optional = types && types[0] == '?';
	bool none = !r->has_body || (!r->chunked && r->length == 0);

	if (optional && none)
		return 0;
	if (route->body_bytes_max && !r->has_body)
		return 411;
	if (r->has_body && !r->chunked && (uint64_t)r->length > route->body_bytes_max)
		return 413;
	if (!route->body_bytes_max && r->chunked)
		return 413;
	if (coding && strcasecmp(coding, "identity") != 0)
		return 415;
	if (types && !type_matches(types + optional, gw_header(r, "content-type")))
		return 415;
	return 0;
}

const char *
gw_status_text(int status)
{
	static const struct {
		int status;
		const char *text;
	} texts[] = {
		{200, "OK"},
		{202, "Accepted"},
		{204, "No Content"},
		{303, "See Other"},
		{304, "Not Modified"},
		{400, "Bad Request"},
		{401, "Unauthorized"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{408, "Request Timeout"},
		{409, "Conflict"},
		{411, "Length Required"},
		{413, "Content Too Large"},
		{414, "URI Too Long"},
		{415, "Unsupported Media Type"},
		{417, "Expectation Failed"},
		{421, "Misdirected Request"},
		{429, "Too Many Requests"},
		{431, "Request Header Fields Too Large"},
		{500, "Internal Server Error"},
		{501, "Not Implemented"},
		{503, "Service Unavailable"},
		{505, "HTTP Version Not Supported"},
	};

	for (size_t i = 0; i < NV_LEN(texts); i++)
		if (texts[i].status == status)
			return texts[i].text;
	return "Status";
}
