/* Who calls, and what that one may. */
#ifndef GW_WHO_H
#define GW_WHO_H

#include "nv_name.h"

/* Each may what those before it may. */
#define GW_ROLES(X) \
	X(OPEN, "open") \
	X(READONLY, "readonly") \
	X(OPERATOR, "operator") \
	X(ADMIN, "admin")

enum gw_role {
#define X(name, text) GW_##name,
	GW_ROLES(X)
#undef X
};
const char *gw_role_name(enum gw_role role);

enum gw_who_kind {
	GW_WHO_NOBODY, /* no credentials that are good; the role is GW_OPEN */
	GW_WHO_TOKEN,  /* Authorization: Bearer */
	GW_WHO_SESSION /* the cookie of a login */
};

#define GW_TOKEN_ID_BYTES 24

struct gw_who {
	enum gw_who_kind kind;
	enum gw_role role;
	char name[NV_NAME_MAX];        /* of the token; "" for nobody */
	char token[GW_TOKEN_ID_BYTES]; /* its id, also of a session; "" for nobody */
	uint64_t session;              /* its number; 0: none */
};

#endif
