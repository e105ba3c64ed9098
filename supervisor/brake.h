/* The emergency stop: every agent is asked to end at once, in no order, and none starts
 * until a person lifts it. It works without an engine and outlives everything: our own
 * death by the image, a restart of the machine by a file in the state directory, whose
 * appearance, made by whomever may write there, is an emergency stop as well.
 *
 * Members of supervision trees end in the order of their tree; until it is their turn
 * they are frozen. A run of a task is not waited for. */
#ifndef SUP_BRAKE_H
#define SUP_BRAKE_H

#include "nv_msg_brake.h"

#include <sys/inotify.h>

struct sup;

#define SUP_BRAKE_FILE "emergency-stop"

/* Is the file there? Watch for it. To be called once, with an event loop, and before the
 * processes of the fleet are known: whoever applies what is wanted of them acts upon it.
 */
void sup_brake_open(struct sup *sup);
/* now: SIGKILL at once. Returns how many agents had a process; text says what was done,
 * and what could not be. Called again it only hastens. */
unsigned sup_brake_pull(struct sup *sup, uint32_t uid, const char *reason, bool now,
	char *text, size_t text_bytes);
/* -ESRCH when there is none. */
int sup_brake_lift(
	struct sup *sup, uint32_t uid, const char *reason, char *text, size_t text_bytes);
/* True when the event was ours. */
bool sup_brake_watch_event(struct sup *sup, const struct inotify_event *event);

#endif
