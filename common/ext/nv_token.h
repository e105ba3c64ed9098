/* Tokens for the API: who may call nova-gateway, and how much. They are kept in
 * STATE_DIR/gateway/tokens (0600, JSON, replaced as a whole under tokens.lock); novactl
 * writes it, nova-gateway reads it. A token is "nova_" and 43 characters (256 random bits
 * as base64url); the file has its SHA-256 only. */
#ifndef NV_TOKEN_H
#define NV_TOKEN_H

#include "nv_crypto.h"
#include "nv_err.h"
#include "nv_name.h"

#include <jansson.h>

#define NV_TOKEN_PREFIX     "nova_"
#define NV_TOKEN_CHARS      48
#define NV_TOKEN_ID_CHARS   12
#define NV_TOKEN_NAME_CHARS 48 /* "dashboard:NAME" has room in the ledger's `via` */
#define NV_TOKENS_MAX       1000
#define NV_TOKENS_BYTES_MAX ((size_t)1 << 20)                /* of the file */
#define NV_TOKEN_KEPT_MS    (INT64_C(90) * 24 * 3600 * 1000) /* one that has ended */

/* Each may what those before it may. */
enum nv_role { NV_ROLE_NONE, NV_ROLE_READONLY, NV_ROLE_OPERATOR, NV_ROLE_ADMIN };
const char *nv_role_name(enum nv_role role);
/* NV_ROLE_NONE: it is none. */
enum nv_role nv_role_find(const char *name);

struct nv_token {
	char id[NV_TOKEN_ID_CHARS + 1];
	char name[NV_NAME_MAX];
	uint8_t hash[NV_SHA256_BYTES];
	enum nv_role role;
	int64_t created_ns;
	int64_t expires_ns; /* 0: never */
	int64_t revoked_ns; /* 0: it is not */
};

struct nv_tokens {
	struct nv_token *list; /* owned, oldest first */
	size_t n;
};

/* The text of the file. 0; -EINVAL with what is wrong with it; -ENOMEM. */
int nv_tokens_parse(
	const char *text, size_t bytes, struct nv_tokens *ret, struct nv_err *err);
/* A file that is not there has no tokens. One that others may write is -EPERM: whoever
 * did would be in. -errno with a sentence that names the file. */
int nv_tokens_read(const char *state_dir, struct nv_tokens *ret, struct nv_err *err);
void nv_tokens_fini(struct nv_tokens *tokens);

/* By what a caller says: NULL when it is none of them. Also finds those that have ended.
 * Takes the same time whatever the text is. */
const struct nv_token *
nv_tokens_by_text(const struct nv_tokens *tokens, const char *text);
const struct nv_token *nv_tokens_by_id(const struct nv_tokens *tokens, const char *id);
/* Neither revoked nor expired. */
bool nv_token_holds(const struct nv_token *token, int64_t wall_ns);
/* {"id","name","role","state","created","expires","revoked"}; state: active, expired,
 * revoked. */
json_t *nv_token_json(const struct nv_token *token, int64_t wall_ns);

/* Make one: its text into ret_text, which is kept nowhere. -EINVAL: a bad name; -EEXIST:
 * an active one has the name; -ENOSPC: too many; -errno. */
int nv_tokens_create(const char *state_dir, const char *name, enum nv_role role,
	int64_t expires_ns, int64_t wall_ns, char ret_text[NV_TOKEN_CHARS + 1],
	struct nv_token *ret, struct nv_err *err);
/* By id, or by the name of an active one. -ENOENT; -EALREADY: it has ended before. */
int nv_tokens_revoke(const char *state_dir, const char *which, int64_t wall_ns,
	struct nv_token *ret, struct nv_err *err);

#endif
