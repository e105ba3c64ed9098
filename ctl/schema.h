/* The JSON schema of nova.yaml and of the files of workers.d, from the tables that parse
 * them: for editors. It may accept what the parser refuses, since rules between settings
 * and what depends on the machine are the parser's alone, but never refuses what it
 * accepts. */
#ifndef CTL_SCHEMA_H
#define CTL_SCHEMA_H

#include <jansson.h>

/* "fleet" or "worker"; NULL for another word. The caller's reference; memory is all or
 * nothing, as everywhere in novactl. */
json_t *ctl_schema(const char *of);

#endif
