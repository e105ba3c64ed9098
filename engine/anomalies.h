/* The watch for anomalies (anomaly.h): looks at every running worker now and then; one
 * that does what it never did is paused as a desire, by "anomaly", until a person resumes
 * it, or only told about (`anomaly.action: alert`). Each is an event of kind alert, and
 * "anomaly/WORKER/KIND" holds the newest. */
#ifndef ENG_ANOMALIES_H
#define ENG_ANOMALIES_H

#include "eng.h"

int eng_anomalies_open(struct eng *eng, struct nv_err *err);
void eng_anomalies_close(struct eng *eng);
/* Look at all of them now. */
void eng_anomalies_look(struct eng *eng);

#endif
