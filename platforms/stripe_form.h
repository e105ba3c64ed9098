/* Parameters of Stripe's v1 API as a form: {"a":{"b":[1,{"c":true}]}} is
 * a[b][0]=1&a[b][1][c]=true. Pure. */
#ifndef STRIPE_FORM_H
#define STRIPE_FORM_H

#include "nv_buf.h"
#include "nv_err.h"

#include <jansson.h>

#define STRIPE_FORM_BYTES_MAX ((size_t)256 << 10)
#define STRIPE_FORM_DEPTH_MAX 8

/* Appends to buf. null and "" unset a parameter. -EINVAL with a sentence: a fraction (say
 * it as text: no amount passes through a double), nested too deep, a key with [ ] in it;
 * -E2BIG: over the buffer's ceiling; -ENOMEM. */
int stripe_form(struct nv_buf *buf, json_t *params, struct nv_err *err);

#endif
