/* The description of the API, as JSON: made from openapi.yaml by the build. */
#ifndef GW_OPENAPI_H
#define GW_OPENAPI_H

#include <stddef.h>

extern const char gw_openapi[];
extern const size_t gw_openapi_bytes;

#endif
