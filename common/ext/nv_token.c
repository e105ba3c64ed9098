/* Tokens for the API: see nv_token.h. */
#include "nv_token.h"

#include "nv_base64.h"
#include "nv_clock.h"
#include "nv_fd.h"
#include "nv_json.h"
#include "nv_paths.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define RANDOM_BYTES  32
#define LOCK_TRIES    250 /* 20 ms each */
#define TIME_CHARS    40
#define VERSION       1
#define DIRECTORY     "gateway"
#define FILE_NAME     "tokens"
#define PATH_BYTES    (NV_PATH_MAX + 32)
#define LOCK_PAUSE_NS (20 * NV_NS_PER_MS)

static const char *const roles[] = {[NV_ROLE_NONE] = "none",
	[NV_ROLE_READONLY] = "readonly",
	[NV_ROLE_OPERATOR] = "operator",
	[NV_ROLE_ADMIN] = "admin"};

const char *
nv_role_name(enum nv_role role)
{
	return roles[role];
}

enum nv_role
nv_role_find(const char *name)
{
	for (size_t i = NV_ROLE_READONLY; i < NV_LEN(roles); i++)
		if (strcmp(roles[i], name) == 0)
			return (enum nv_role)i;
	return NV_ROLE_NONE;
}

/* ---- reading ---- */

static int
read_time(
	const json_t *row, const char *key, bool needed, int64_t *ret, struct nv_err *err)
{
	const char *text = "";
	int rc = nv_json_get_str(row, key, TIME_CHARS, &text, err);

	*ret = 0;
	if (rc == -ENOENT && !needed)
		return 0;
	if (rc < 0 || nv_rfc3339_parse(text, strlen(text), ret) < 0)
		return nv_err_set(err, -EINVAL, "\"%s\": expected an RFC 3339 time", key);
	return 0;
}

static bool
name_fits(const char *name)
{
	return nv_name_valid(name) && strlen(name) <= NV_TOKEN_NAME_CHARS;
}

static bool
is_id(const char *text)
{
	uint8_t id[NV_TOKEN_ID_CHARS / 2];

	return nv_hex_decode(text, strlen(text), id, sizeof(id)) == 0;
}

static int
read_token(const json_t *row, struct nv_token *t, struct nv_err *err)
{
	const char *id = "";
	const char *name = "";
	const char *hash = "";
	const char *role = "";
	int rc = nv_json_need_str(row, "id", NV_TOKEN_ID_CHARS, &id, err);

	if (rc == 0)
		rc = nv_json_need_str(row, "name", NV_TOKEN_NAME_CHARS, &name, err);
	if (rc == 0)
		rc = nv_json_need_str(
			row, "sha256", (size_t)2 * NV_SHA256_BYTES, &hash, err);
	if (rc == 0)
		rc = nv_json_need_str(row, "role", NV_NAME_MAX, &role, err);
	if (rc < 0)
		return rc;
	t->role = nv_role_find(role);
	if (!is_id(id) || !name_fits(name) || t->role == NV_ROLE_NONE ||
		nv_hex_decode(hash, strlen(hash), t->hash, sizeof(t->hash)) < 0)
		return nv_err_set(
			err, -EINVAL, "an id, name, role or sha256 that is none");
	(void)snprintf(t->id, sizeof(t->id), "%s", id);
	(void)snprintf(t->name, sizeof(t->name), "%s", name);
	rc = read_time(row, "created", true, &t->created_ns, err);
	if (rc == 0)
		rc = read_time(row, "expires", false, &t->expires_ns, err);
	if (rc == 0)
		rc = read_time(row, "revoked", false, &t->revoked_ns, err);
	return rc;
}

static int
read_all(const json_t *root, struct nv_tokens *ret, struct nv_err *err)
{
	const json_t *rows = json_object_get(root, "tokens");
	uint64_t version = 0;
	int rc = nv_json_get_u64(root, "version", 1, VERSION, &version, err);

	if (rc < 0 || !json_is_array(rows) || json_array_size(rows) > NV_TOKENS_MAX)
		return nv_err_set(err, -EINVAL,
			"expected {\"version\":%d,\"tokens\":[at most %d]}", VERSION,
			NV_TOKENS_MAX);
	ret->list = calloc(json_array_size(rows) + 1, sizeof(*ret->list));
	if (!ret->list)
		return nv_err_set(err, -ENOMEM, "no memory");
	for (rc = 0; rc == 0 && ret->n < json_array_size(rows); ret->n++)
		rc = read_token(json_array_get(rows, ret->n), &ret->list[ret->n], err);
	return rc;
}

int
nv_tokens_parse(const char *text, size_t bytes, struct nv_tokens *ret, struct nv_err *err)
{
	struct nv_tokens read = {0};
	json_error_t where;
	json_t *root = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &where);
	int rc;

	if (root)
		rc = read_all(root, &read, err);
	else
		rc = nv_err_set(
			err, -EINVAL, "no JSON, line %d: %s", where.line, where.text);
	json_decref(root);
	if (rc < 0)
		nv_tokens_fini(&read);
	else
		*ret = read;
	return rc;
}

static void
path_of(char path[PATH_BYTES], const char *state_dir, const char *end)
{
	(void)snprintf(path, PATH_BYTES, "%.*s/" DIRECTORY "%s", NV_PATH_MAX - 1,
		state_dir, end);
}

/* Whoever could write it could make a token. */
static int
check_mode(const char *path, struct nv_err *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	/* A pipe would hold up who reads it for as long as its writer likes. */
	if (!S_ISREG(st.st_mode))
		return nv_err_set(err, -EPERM, "%s is no plain file", path);
	if ((st.st_mode & 022) == 0)
		return 0;
	return nv_err_set(err, -EPERM,
		"%s: mode %04o lets others write it, expected 0600", path,
		st.st_mode & 07777u);
}

int
nv_tokens_read(const char *state_dir, struct nv_tokens *ret, struct nv_err *err)
{
	char path[PATH_BYTES];
	NV_CLEANUP_FREE char *text = NULL;
	struct nv_err why = {0};
	size_t bytes = 0;

	path_of(path, state_dir, "/" FILE_NAME);
	int rc = check_mode(path, err);

	if (rc == -ENOENT) {
		*ret = (struct nv_tokens){0};
		return 0;
	}
	if (rc == -EPERM && err->text[0])
		return rc;
	if (rc == 0)
		rc = nv_read_file_at(AT_FDCWD, path, NV_TOKENS_BYTES_MAX, &text, &bytes);
	if (rc < 0)
		return nv_err_set(err, rc, "%s: %s", path, strerror(-rc));
	rc = nv_tokens_parse(text, bytes, ret, &why);
	return rc < 0 ? nv_err_set(err, rc, "%s: %s", path, why.text) : 0;
}

void
nv_tokens_fini(struct nv_tokens *tokens)
{
	free(tokens->list);
	*tokens = (struct nv_tokens){0};
}

/* ---- finding ---- */

static void
hash_text(const char *text, uint8_t ret[NV_SHA256_BYTES])
{
	nv_sha256(&(struct nv_piece){text, strlen(text)}, 1, ret);
}

const struct nv_token *
nv_tokens_by_text(const struct nv_tokens *tokens, const char *text)
{
	const struct nv_token *found = NULL;
	uint8_t hash[NV_SHA256_BYTES];

	hash_text(text, hash);
	for (size_t i = 0; i < tokens->n; i++)
		if (nv_same(hash, tokens->list[i].hash, sizeof(hash)))
			found = &tokens->list[i];
	return found;
}

const struct nv_token *
nv_tokens_by_id(const struct nv_tokens *tokens, const char *id)
{
	for (size_t i = 0; i < tokens->n; i++)
		if (strcmp(tokens->list[i].id, id) == 0)
			return &tokens->list[i];
	return NULL;
}

bool
nv_token_holds(const struct nv_token *t, int64_t wall_ns)
{
	return !t->revoked_ns && (!t->expires_ns || wall_ns < t->expires_ns);
}

json_t *
nv_token_json(const struct nv_token *t, int64_t wall_ns)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o}", "id", t->id, "name",
		t->name, "role", nv_role_name(t->role), "state",
		t->revoked_ns                ? "revoked"
		: nv_token_holds(t, wall_ns) ? "active"
					     : "expired",
		"created", nv_json_time(t->created_ns), "expires",
		nv_json_time(t->expires_ns), "revoked", nv_json_time(t->revoked_ns));
}

/* ---- changing ---- */

/* The file as text; NULL without memory. */
static char *
write_text(const struct nv_tokens *tokens)
{
	json_t *rows = json_array();
	json_t *root = json_pack("{s:i, s:o}", "version", VERSION, "tokens", rows);
	int bad = root ? 0 : -1;
	char *text = NULL;

	for (size_t i = 0; i < tokens->n && !bad; i++) {
		const struct nv_token *t = &tokens->list[i];
		char hash[2 * NV_SHA256_BYTES + 1];

		nv_hex_encode(t->hash, sizeof(t->hash), hash);
		bad |= json_array_append_new(rows,
			json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o}", "id", t->id,
				"name", t->name, "role", nv_role_name(t->role), "sha256",
				hash, "created", nv_json_time(t->created_ns), "expires",
				nv_json_time(t->expires_ns), "revoked",
				nv_json_time(t->revoked_ns)));
	}
	if (!bad)
		text = json_dumps(root, JSON_INDENT(1));
	json_decref(root);
	return text;
}

/* Root makes tokens for a fleet of another user: what belongs to the state directory
 * belongs to its owner. */
static int
hand_over(const char *path, const char *state_dir)
{
	struct stat st;

	if (geteuid() != 0)
		return 0;
	/* Never through a link that the owner has put there meanwhile. */
	if (stat(state_dir, &st) < 0 || lchown(path, st.st_uid, st.st_gid) < 0)
		return -errno;
	return 0;
}

static int
write_all(const char *state_dir, const struct nv_tokens *tokens, struct nv_err *err)
{
	NV_CLEANUP_FREE char *text = write_text(tokens);
	char path[PATH_BYTES];

	path_of(path, state_dir, "/" FILE_NAME);
	int rc = text ? nv_write_file_atomic(path, text, strlen(text), 0600) : -ENOMEM;

	if (rc == 0)
		rc = hand_over(path, state_dir);
	return rc < 0 ? nv_err_set(err, rc, "%s: %s", path, strerror(-rc)) : 0;
}

/* One writer at a time. *ret_fd holds the lock. */
static int
lock(const char *state_dir, int *ret_fd, struct nv_err *err)
{
	char path[PATH_BYTES];
	struct timespec pause = {.tv_nsec = LOCK_PAUSE_NS};

	path_of(path, state_dir, "");
	bool fresh = access(path, F_OK) < 0;
	int rc = nv_mkdir_p(path, 0700);

	if (rc == 0 && fresh)
		rc = hand_over(path, state_dir);
	if (rc < 0)
		return nv_err_set(err, rc, "%s: %s", path, strerror(-rc));
	path_of(path, state_dir, "/" FILE_NAME ".lock");
	NV_CLEANUP_FD fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return nv_err_set(err, -errno, "%s: %s", path, strerror(errno));
	rc = hand_over(path, state_dir);
	if (rc < 0)
		return nv_err_set(err, rc, "%s: %s", path, strerror(-rc));
	for (unsigned i = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; i++) {
		if (errno != EWOULDBLOCK || i == LOCK_TRIES)
			return nv_err_set(err, -errno, "%s: %s", path,
				errno == EWOULDBLOCK ? "another program holds it"
						     : strerror(errno));
		(void)nanosleep(&pause, NULL);
	}
	*ret_fd = nv_fd_steal(&fd);
	return 0;
}

/* Those that ended long ago are nobody's business any more. */
static void
forget_old(struct nv_tokens *tokens, int64_t wall_ns)
{
	size_t n = 0;

	for (size_t i = 0; i < tokens->n; i++) {
		const struct nv_token *t = &tokens->list[i];
		int64_t ended_ns = t->revoked_ns ? t->revoked_ns : t->expires_ns;

		if (nv_token_holds(t, wall_ns) ||
			wall_ns - ended_ns < NV_TOKEN_KEPT_MS * NV_NS_PER_MS)
			tokens->list[n++] = *t;
	}
	tokens->n = n;
}

static const struct nv_token *
by_name(const struct nv_tokens *tokens, const char *name, int64_t wall_ns)
{
	for (size_t i = 0; i < tokens->n; i++)
		if (nv_token_holds(&tokens->list[i], wall_ns) &&
			strcmp(tokens->list[i].name, name) == 0)
			return &tokens->list[i];
	return NULL;
}

static int
add(struct nv_tokens *tokens, const struct nv_token *t, int64_t wall_ns,
	struct nv_err *err)
{
	if (by_name(tokens, t->name, wall_ns))
		return nv_err_set(err, -EEXIST,
			"there is an active token \"%s\": revoke it first, or take "
			"another "
			"name",
			t->name);
	if (tokens->n == NV_TOKENS_MAX)
		return nv_err_set(err, -ENOSPC,
			"there are %d tokens, as many as there may be: revoked and "
			"expired "
			"ones go after 90 days",
			NV_TOKENS_MAX);
	struct nv_token *list =
		realloc(tokens->list, (tokens->n + 1) * sizeof(*tokens->list));

	if (!list)
		return nv_err_set(err, -ENOMEM, "no memory");
	tokens->list = list;
	list[tokens->n++] = *t;
	return 0;
}

int
nv_tokens_create(const char *state_dir, const char *name, enum nv_role role,
	int64_t expires_ns, int64_t wall_ns, char ret_text[NV_TOKEN_CHARS + 1],
	struct nv_token *ret, struct nv_err *err)
{
	struct nv_token t = {
		.role = role, .created_ns = wall_ns, .expires_ns = expires_ns};
	struct nv_tokens tokens = {0};
	uint8_t secret[RANDOM_BYTES];
	char text[NV_TOKEN_CHARS + 1] = NV_TOKEN_PREFIX;
	NV_CLEANUP_FD fd = -1;

	if (!name_fits(name))
		return nv_err_set(err, -EINVAL,
			"\"%.60s\" is no name for a token: expected at most %d of a-z, "
			"0-9, "
			"_, . and -, a letter or digit first",
			name, NV_TOKEN_NAME_CHARS);
	(void)snprintf(t.name, sizeof(t.name), "%s", name);
	nv_random(secret, sizeof(secret));
	(void)nv_base64_encode(NV_BASE64_URL, secret, sizeof(secret),
		text + sizeof(NV_TOKEN_PREFIX) - 1);
	nv_random_hex(t.id, NV_TOKEN_ID_CHARS / 2);
	hash_text(text, t.hash);
	int rc = lock(state_dir, &fd, err);

	if (rc == 0)
		rc = nv_tokens_read(state_dir, &tokens, err);
	if (rc == 0) {
		forget_old(&tokens, wall_ns);
		rc = add(&tokens, &t, wall_ns, err);
	}
	if (rc == 0)
		rc = write_all(state_dir, &tokens, err);
	nv_tokens_fini(&tokens);
	if (rc == 0) {
		memcpy(ret_text, text, sizeof(text));
		*ret = t;
	}
	explicit_bzero(secret, sizeof(secret));
	explicit_bzero(text, sizeof(text));
	return rc;
}

static int
mark_revoked(struct nv_tokens *tokens, const char *which, int64_t wall_ns,
	struct nv_token *ret, struct nv_err *err)
{
	const struct nv_token *found = nv_tokens_by_id(tokens, which);

	if (!found)
		found = by_name(tokens, which, wall_ns);
	if (!found)
		return nv_err_set(err, -ENOENT,
			"no active token has the name or id \"%.60s\"", which);
	if (!nv_token_holds(found, wall_ns))
		return nv_err_set(err, -EALREADY, "token %s (%s) has ended before",
			found->id, found->name);
	tokens->list[found - tokens->list].revoked_ns = wall_ns;
	*ret = *found;
	return 0;
}

int
nv_tokens_revoke(const char *state_dir, const char *which, int64_t wall_ns,
	struct nv_token *ret, struct nv_err *err)
{
	struct nv_tokens tokens = {0};
	struct nv_token revoked;
	NV_CLEANUP_FD fd = -1;
	int rc = lock(state_dir, &fd, err);

	if (rc == 0)
		rc = nv_tokens_read(state_dir, &tokens, err);
	if (rc == 0)
		rc = mark_revoked(&tokens, which, wall_ns, &revoked, err);
	if (rc == 0)
		rc = write_all(state_dir, &tokens, err);
	if (rc == 0)
		*ret = revoked;
	nv_tokens_fini(&tokens);
	return rc;
}
