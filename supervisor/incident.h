/* Storms applied to instances: automatic restarts ask here, and a common cause becomes an
 * incident, which the journal, the status and the log tell about. The rules: storm.h. */
#ifndef SUP_INCIDENT_H
#define SUP_INCIDENT_H

#include "storm.h"

struct nv_config;
struct sup;
struct sup_instance;

void sup_incident_start(struct sup *sup);
/* After start, with the storm of the image. */
void sup_incident_resume(struct sup *sup);
void sup_incident_stop(struct sup *sup);
/* The policy of a new configuration. */
void sup_incident_reload(struct sup *sup);
/* Its backoff is over: may it start now? If not it is told later. */
bool sup_incident_may_restart(struct sup_instance *inst);
/* It ended, or did not start; machine.end says how. */
void sup_incident_ended(struct sup_instance *inst);
/* Held until the incident lets it go. */
bool sup_incident_holds(const struct sup_instance *inst);
/* "3 open: 12 workers crashed within 10s; ...": "" when there is none. */
void sup_incident_text(const struct sup *sup, char *buf, size_t buf_bytes);
/* "email_agent#1", or "". */
void sup_incident_canary(const struct sup *sup, char *buf, size_t buf_bytes);
/* How many instances are held. */
uint32_t sup_incident_held(const struct sup *sup);

#endif
