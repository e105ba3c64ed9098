/* The dashboard of a build without it (-DNOVA_WEB=OFF): no files. */
#include "web_assets.h"

const struct gw_web_asset gw_web_assets[1] = {{0}};
const size_t gw_web_n_assets = 0;
