/* What the handlers of the API share. */
#ifndef GW_API_ASK_H
#define GW_API_ASK_H

#include "ask.h"

/* A new reference to a copy of data (borrowed) with "as_of". NULL: no memory. */
json_t *gw_json_as_of(json_t *data, int64_t as_of_ns);

#endif
