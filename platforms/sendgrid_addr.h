/* Addresses of mail, strictly: what gets by here can stand in a header and in JSON
 * without meaning anything else. ASCII only (RFC 5321 without SMTPUTF8; SendGrid takes no
 * more); no quoted local parts, no comments, no domain literals. Pure. */
#ifndef SENDGRID_ADDR_H
#define SENDGRID_ADDR_H

#include "nv_err.h"

#include <jansson.h>

#define SG_EMAIL_BYTES 255 /* RFC 5321, 4.5.3.1.3, with the NUL */
#define SG_NAME_BYTES  200

struct sg_address {
	char email[SG_EMAIL_BYTES];
	char name[SG_NAME_BYTES]; /* "" = none */
};

/* "a@b.example", "A Name <a@b.example>" or "\"A, Name\" <a@b.example>". -EINVAL with
 * err, which shows what was found without control characters. */
int sg_address_parse(const char *text, struct sg_address *ret, struct nv_err *err);
/* {"email","name"?}: a new reference, NULL without memory. */
json_t *sg_address_json(const struct sg_address *address);
/* The address as it is compared: in lower case. */
void sg_address_key(const struct sg_address *address, char key[SG_EMAIL_BYTES]);
/* No line break and no other control character. */
bool sg_is_line(const char *text);

#endif
