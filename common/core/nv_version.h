/* Which Nova a program is: the version of the sources, or of the package that it was
 * built for (cmake -DNOVA_VERSION=...). The text is in every program that asks for it,
 * behind a mark that what(1) knows too, so that it can be read from the file of a program
 * that runs and was replaced meanwhile. */
#ifndef NV_VERSION_H
#define NV_VERSION_H

#include <stddef.h>

#define NV_VERSION_MAX 64

/* "0.1.0" */
const char *nv_version(void);
/* "nova/0.1.0", as programs introduce themselves over HTTP. */
const char *nv_user_agent(void);

/* The version in the file of a program, such as /proc/PID/exe. 0, -ENODATA: it is none of
 * Nova's, or negative errno. */
int nv_version_of_file(const char *path, char ret[NV_VERSION_MAX]);

#endif
