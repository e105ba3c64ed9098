/* The ledger of the fleet, opened read-only, for the verbs that read it directly. */
#ifndef CTL_LEDGER_OPEN_H
#define CTL_LEDGER_OPEN_H

#include "ctl.h"
#include "led.h"

#define CTL_LEDGER_DIR_BYTES (NV_PATH_MAX + 16)
/* An error is printed and its exit code returned, in all. */
int ctl_ledger_dir(struct ctl *ctl, char dir[CTL_LEDGER_DIR_BYTES]);
/* The state directory is half the old and half the new one: says so; NULL: it is not. */
const char *ctl_restore_begun(const struct ctl *ctl);
/* Why `dir` could not be opened: this errno, or that there is none yet, or not until a
 * restore that was interrupted is finished. */
int ctl_ledger_missing(struct ctl *ctl, const char *dir, int error);
/* There is a ledger; else that is said. */
int ctl_ledger_there(struct ctl *ctl, const char *dir);
/* A led_problem_fn: one line a problem, but in JSON; arg is the struct ctl. */
void ctl_ledger_problem(void *arg, const char *problem);
int ctl_ledger_open(struct ctl *ctl, struct led **ret_led, struct led_view **ret_view);

#endif
