/* What the decision core thinks, printed; shared by the verbs about decisions. */
#ifndef CTL_JUDGEMENT_H
#define CTL_JUDGEMENT_H

#include "ctl.h"

/* The table of `autonomous run`; false: the engine's policy does not judge (classic). */
bool ctl_print_judgements(const struct ctl *ctl, const json_t *data);
/* `decisions calibration`. Returns an enum nv_exit. */
int ctl_calibration(struct ctl *ctl);

#endif
