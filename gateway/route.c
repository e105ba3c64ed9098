/* Which handler a request is for, and whether its body may come. */
#include "conn.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool
path_matches(const struct gw_route *route, const char *path, const char **ret_rest)
{
	size_t bytes = strlen(route->path);

	*ret_rest = "";
	if (bytes < 2 || route->path[bytes - 1] != '/')
		return strcmp(route->path, path) == 0;
	if (strncmp(route->path, path, bytes) != 0 || !path[bytes] ||
		strchr(path + bytes, '/'))
		return false;
	*ret_rest = path + bytes;
	return true;
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

	*ret = (struct gw_match){0};
	for (size_t i = 0; i < s->n_routes; i++) {
		const struct gw_route *route = &s->routes[i];
		const char *rest;

		if (!path_matches(route, r->path, &rest))
			continue;
		if (route->method == method) {
			ret->route = route;
			ret->rest = rest;
			return 0;
		}
		allow(ret, route->method);
	}
	return ret->allow[0] ? 405 : 404;
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

	if (route->body_bytes_max && !r->has_body)
		return 411;
	if (r->has_body && !r->chunked && (uint64_t)r->length > route->body_bytes_max)
		return 413;
	if (!route->body_bytes_max && r->chunked)
		return 413;
	if (coding && strcasecmp(coding, "identity") != 0)
		return 415;
	if (route->types && !type_matches(route->types, gw_header(r, "content-type")))
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
		{400, "Bad Request"},
		{401, "Unauthorized"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{408, "Request Timeout"},
		{411, "Length Required"},
		{413, "Content Too Large"},
		{414, "URI Too Long"},
		{415, "Unsupported Media Type"},
		{417, "Expectation Failed"},
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
