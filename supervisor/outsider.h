/* With the rights for it a process can leave the cgroup of its worker. When its parents
 * are gone it comes to the keeper: an unknown child that is in none of the fleet's
 * cgroups. */
#ifndef SUP_OUTSIDER_H
#define SUP_OUTSIDER_H

#include "nv_base.h"

#include <sys/types.h>

struct sup;
struct sup_incarnation;

/* Is there any now? Those that lost their main processes together (sup->look_batch) share
 * one look at the keeper's children, which are as many as the fleet has workers. */
bool sup_outsider_any(const struct sup *sup);
/* There may be one: a restart has not looked. */
void sup_outsider_suspect(struct sup *sup);
/* End those that belong to nobody that runs: true when there was any. What they leave
 * comes to the keeper, too: look again. */
bool sup_outsider_kill(const struct sup *sup);

/* The keeper had it before there was a fleet. */
bool sup_outsider_is_stranger(const struct sup *sup, pid_t pid);
/* In the cgroup of an agent, any of the fleet's? */
bool sup_outsider_is_housed(const struct sup *sup, pid_t pid);
/* Does it show, by its pipe or its environment, that it belongs to an incarnation that
 * runs, other than inc (NULL: any)? */
bool sup_outsider_is_anothers(
	const struct sup *sup, const struct sup_incarnation *inc, pid_t pid);

#endif
