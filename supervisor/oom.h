/* Whom the kernel ends first when the machine is out of memory: an agent, never Nova.
 * Nova's own processes are protected as far as this user may do that (lowering the value
 * takes CAP_SYS_RESOURCE); an agent gets what the user gave Nova, but at least 0. */
#ifndef SUP_OOM_H
#define SUP_OOM_H

#define SUP_OOM_SCORE_ADJ_OWN (-900) /* not -1000: a leak of ours must end some time */

/* For this process and what it forks; to be called once, before any child. */
void sup_oom_protect(void);
/* What another binary had found out before. */
void sup_oom_set_agents(const char *value);
/* What /proc/PID/oom_score_adj of an agent is to hold; never NULL. */
const char *sup_oom_agents(void);

#endif
