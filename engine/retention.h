/* ledger.retention: old months of events move to segment files (retain.h), a step now and
 * then while the workers say little. */
#ifndef ENG_RETENTION_H
#define ENG_RETENTION_H

#include "eng.h"

int eng_retention_open(struct eng *eng); /* -ENOMEM */
void eng_retention_config(struct eng *eng);
/* Why it does not go on; "" = it does. */
const char *eng_retention_problem(const struct eng *eng);
void eng_retention_close(struct eng *eng);

#endif
