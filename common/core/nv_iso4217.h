/* Which currency codes ISO 4217 knows as active. */
#ifndef NV_ISO4217_H
#define NV_ISO4217_H

#include "nv_base.h"

#define NV_ISO4217_CODES 176

/* Three capital letters, as the standard writes them; anything else is false. */
bool nv_iso4217_active(const char *code);
/* The list in order, a blank behind each code. */
const char *nv_iso4217_list(void);

#endif
