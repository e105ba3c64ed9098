/* Sessions: see session.h. */
#include "session.h"

#include "nv_base64.h"
#include "nv_clock.h"
#include "nv_fd.h"
#include "nv_json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define RANDOM_BYTES   32
#define FILE_BYTES_MAX ((size_t)256 << 10)

/* Two hashes of one cookie that tell nothing of each other. */
static void
hash_cookie(const char *use, const char *cookie, uint8_t ret[NV_SHA256_BYTES])
{
	struct nv_piece pieces[] = {{use, strlen(use) + 1}, {cookie, strlen(cookie)}};

	nv_sha256(pieces, NV_LEN(pieces), ret);
}

void
gw_session_csrf(const char *cookie, char ret[GW_SESSION_CHARS + 1])
{
	uint8_t hash[NV_SHA256_BYTES];

	hash_cookie("nova csrf", cookie, hash);
	(void)nv_base64_encode(NV_BASE64_URL, hash, sizeof(hash), ret);
}

/* ---- the file ---- */

static int
read_one(const json_t *row, struct gw_session *ret)
{
	struct nv_err err = {0};
	const char *hash;
	const char *token;
	const char *times[2];
	static const char *const keys[] = {"created", "seen"};

	if (nv_json_need_str(row, "sha256", (size_t)2 * NV_SHA256_BYTES, &hash, &err) <
			0 ||
		nv_json_need_str(row, "token", NV_TOKEN_ID_CHARS, &token, &err) < 0 ||
		nv_hex_decode(hash, strlen(hash), ret->hash, sizeof(ret->hash)) < 0)
		return -EINVAL;
	(void)snprintf(ret->token, sizeof(ret->token), "%s", token);
	for (size_t i = 0; i < NV_LEN(keys); i++)
		if (nv_json_need_str(row, keys[i], NV_RFC3339_BYTES, &times[i], &err) < 0)
			return -EINVAL;
	if (nv_rfc3339_parse(times[0], strlen(times[0]), &ret->created_ns) < 0 ||
		nv_rfc3339_parse(times[1], strlen(times[1]), &ret->seen_ns) < 0)
		return -EINVAL;
	return 0;
}

int
gw_sessions_parse(struct gw_sessions *s, const char *text, size_t bytes)
{
	json_t *root = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, NULL);
	const json_t *rows = json_object_get(root, "sessions");
	int rc = root && json_is_array(rows) && json_array_size(rows) <= GW_SESSIONS_MAX
			 ? 0
			 : -EINVAL;

	s->n = 0;
	for (size_t i = 0; rc == 0 && i < json_array_size(rows); i++) {
		s->list[i] = (struct gw_session){.number = ++s->numbers};
		rc = read_one(json_array_get(rows, i), &s->list[i]);
		s->n = i + 1;
	}
	if (rc < 0)
		s->n = 0;
	json_decref(root);
	return rc;
}

int
gw_sessions_open(struct gw_sessions *s, const char *state_dir, int64_t idle_ms,
	int64_t wall_ns, struct nv_err *err)
{
	NV_CLEANUP_FREE char *text = NULL;
	struct stat st;
	size_t bytes = 0;

	s->idle_ns = idle_ms * NV_NS_PER_MS;
	s->saved_ns = wall_ns;
	(void)snprintf(s->path, sizeof(s->path), "%.*s/gateway/sessions", NV_PATH_MAX - 1,
		state_dir);
	if (stat(s->path, &st) < 0)
		return errno == ENOENT ? 0
				       : nv_err_set(err, -errno, "%s: %s", s->path,
						 strerror(errno));
	if (!S_ISREG(st.st_mode))
		return nv_err_set(err, -EPERM, "%s is no plain file", s->path);
	/* Whoever could write it could log in. */
	if (st.st_mode & 022)
		return nv_err_set(err, -EPERM,
			"%s: mode %04o lets others write it, expected 0600", s->path,
			st.st_mode & 07777u);
	int rc = nv_read_file_at(AT_FDCWD, s->path, FILE_BYTES_MAX, &text, &bytes);

	if (rc == 0)
		rc = gw_sessions_parse(s, text, bytes);
	if (rc < 0)
		return nv_err_set(err, rc, "%s: %s", s->path,
			rc == -EINVAL ? "is damaged" : strerror(-rc));
	return 0;
}

static char *
write_text(const struct gw_sessions *s)
{
	json_t *rows = json_array();
	json_t *root = json_pack("{s:o}", "sessions", rows);
	int bad = root ? 0 : -1;
	char *text = NULL;

	for (size_t i = 0; i < s->n && !bad; i++) {
		const struct gw_session *e = &s->list[i];
		char hash[2 * NV_SHA256_BYTES + 1];

		nv_hex_encode(e->hash, sizeof(e->hash), hash);
		bad |= json_array_append_new(
			rows, json_pack("{s:s, s:s, s:o, s:o}", "sha256", hash, "token",
				      e->token, "created", nv_json_time(e->created_ns),
				      "seen", nv_json_time(e->seen_ns)));
	}
	if (!bad)
		text = json_dumps(root, JSON_COMPACT);
	json_decref(root);
	return text;
}

int
gw_sessions_save(struct gw_sessions *s, int64_t wall_ns)
{
	if (!s->changed)
		return 0;
	NV_CLEANUP_FREE char *text = write_text(s);
	int rc = text ? nv_write_file_atomic(s->path, text, strlen(text), 0600) : -ENOMEM;

	s->saved_ns = wall_ns; /* one that failed is tried again, but not at once */
	s->changed = rc < 0;
	return rc;
}

/* ---- the list ---- */

static bool
is_old(const struct gw_sessions *s, const struct gw_session *e, int64_t wall_ns)
{
	/* One of the future: the clock was wrong then, or is now. */
	return wall_ns - e->seen_ns > s->idle_ns || e->seen_ns - wall_ns > s->idle_ns;
}

void
gw_session_drop(struct gw_sessions *s, struct gw_session *session)
{
	*session = s->list[--s->n];
	s->changed = true;
}

/* The longest unused one, of this token where one is given. */
static struct gw_session *
stalest(struct gw_sessions *s, const char *token)
{
	struct gw_session *found = NULL;

	for (size_t i = 0; i < s->n; i++)
		if ((!token || strcmp(s->list[i].token, token) == 0) &&
			(!found || s->list[i].seen_ns < found->seen_ns))
			found = &s->list[i];
	return found;
}

const struct gw_session *
gw_sessions_new(struct gw_sessions *s, const char *token, int64_t wall_ns,
	char ret[GW_SESSION_CHARS + 1])
{
	uint8_t secret[RANDOM_BYTES];
	size_t own = 0;

	for (size_t i = 0; i < s->n; i++)
		own += strcmp(s->list[i].token, token) == 0;
	if (own >= GW_SESSIONS_OF_TOKEN)
		gw_session_drop(s, stalest(s, token));
	else if (s->n == GW_SESSIONS_MAX)
		gw_session_drop(s, stalest(s, NULL));
	struct gw_session *e = &s->list[s->n++];

	*e = (struct gw_session){
		.number = ++s->numbers, .created_ns = wall_ns, .seen_ns = wall_ns};
	(void)snprintf(e->token, sizeof(e->token), "%s", token);
	nv_random(secret, sizeof(secret));
	(void)nv_base64_encode(NV_BASE64_URL, secret, sizeof(secret), ret);
	explicit_bzero(secret, sizeof(secret));
	hash_cookie("nova session", ret, e->hash);
	s->changed = true;
	return e;
}

struct gw_session *
gw_sessions_find(struct gw_sessions *s, const char *cookie, int64_t wall_ns)
{
	struct gw_session *found = NULL;
	uint8_t hash[NV_SHA256_BYTES];

	hash_cookie("nova session", cookie, hash);
	for (size_t i = 0; i < s->n; i++)
		if (nv_same(s->list[i].hash, hash, sizeof(hash)))
			found = &s->list[i];
	return found && !is_old(s, found, wall_ns) ? found : NULL;
}

struct gw_session *
gw_sessions_by_number(struct gw_sessions *s, uint64_t number)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->list[i].number == number)
			return &s->list[i];
	return NULL;
}

void
gw_session_touch(struct gw_sessions *s, struct gw_session *session, int64_t wall_ns)
{
	session->seen_ns = wall_ns;
	s->changed = true;
}

void
gw_sessions_prune(struct gw_sessions *s, const struct nv_tokens *tokens, int64_t wall_ns)
{
	for (size_t i = 0; i < s->n;) {
		struct gw_session *e = &s->list[i];
		const struct nv_token *t = nv_tokens_by_id(tokens, e->token);

		if (t && nv_token_holds(t, wall_ns) && !is_old(s, e, wall_ns))
			i++;
		else
			gw_session_drop(s, e);
	}
}
