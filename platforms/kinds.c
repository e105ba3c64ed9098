/* The platforms there are, one line each. */
#include "plat.h"

const struct plat_kind *const plat_kinds[] = {NULL};
