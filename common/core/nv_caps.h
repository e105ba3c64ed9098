/* Capabilities of Linux by name and number. */
#ifndef NV_CAPS_H
#define NV_CAPS_H

#include "nv_base.h"

#define NV_CAPS 41 /* known here; a mask has 1 << number */

/* "net_bind_service" for 10; number < NV_CAPS. */
const char *nv_cap_name(unsigned number);
/* Its number, or -1; "CAP_" in front and capital letters are fine. */
int nv_cap_find(const char *name);
/* The known name nearest to a wrong one, or NULL. */
const char *nv_cap_nearest(const char *name);

#endif
