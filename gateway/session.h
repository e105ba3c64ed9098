/* Sessions of browsers: a cookie with 256 random bits, of which
 * STATE_DIR/gateway/sessions (0600, JSON) has the SHA-256, so that a gateway that is
 * killed logs nobody out. What a session may is what its token may. */
#ifndef GW_SESSION_H
#define GW_SESSION_H

#include "nv_paths.h"
#include "nv_token.h"

#define GW_SESSION_CHARS     43
#define GW_SESSIONS_MAX      256
#define GW_SESSIONS_OF_TOKEN 32
#define GW_SESSION_SAVE_MS   60000 /* the time of last use is kept that exactly */

struct gw_session {
	uint64_t number; /* of this process; never reused */
	uint8_t hash[NV_SHA256_BYTES];
	char token[NV_TOKEN_ID_CHARS + 1];
	int64_t created_ns;
	int64_t seen_ns;
};

struct gw_sessions {
	struct gw_session list[GW_SESSIONS_MAX];
	size_t n;
	uint64_t numbers;
	int64_t idle_ns;
	bool changed; /* since it was saved */
	int64_t saved_ns;
	char path[NV_PATH_MAX + 32];
};

/* Read them; a file that cannot be is said in err, and nobody is logged in. */
int gw_sessions_open(struct gw_sessions *s, const char *state_dir, int64_t idle_ms,
	int64_t wall_ns, struct nv_err *err);
/* Write what has changed. 0 or -errno. */
int gw_sessions_save(struct gw_sessions *s, int64_t wall_ns);

/* The text of the file; pure. 0, -EINVAL, -ENOMEM. */
int gw_sessions_parse(struct gw_sessions *s, const char *text, size_t bytes);

/* A new one for a token: the value of its cookie. The one that was not used for longest
 * goes when there are too many. Is not saved yet. */
const struct gw_session *gw_sessions_new(struct gw_sessions *s, const char *token,
	int64_t wall_ns, char ret[GW_SESSION_CHARS + 1]);
/* By the value of a cookie; NULL: there is none, or it was not used for too long. */
struct gw_session *
gw_sessions_find(struct gw_sessions *s, const char *cookie, int64_t wall_ns);
struct gw_session *gw_sessions_by_number(struct gw_sessions *s, uint64_t number);
/* It is used. */
void gw_session_touch(struct gw_sessions *s, struct gw_session *session, int64_t wall_ns);
void gw_session_drop(struct gw_sessions *s, struct gw_session *session);
/* Those of tokens that do not hold any more, and those that are too old. */
void
gw_sessions_prune(struct gw_sessions *s, const struct nv_tokens *tokens, int64_t wall_ns);

/* The CSRF token of a session: another hash of its cookie, so it need not be kept. */
void gw_session_csrf(const char *cookie, char ret[GW_SESSION_CHARS + 1]);

#endif
