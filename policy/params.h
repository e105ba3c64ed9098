/* Which values of a declared parameter are tried against each other in one experiment.
 * Pure.
 *
 * The value in force is always among them, first: an experiment that leaves out what runs
 * compares nothing with it. There are few of them, since each variant needs some thirty
 * sales: a range is searched step by step, each experiment around the winner of the last.
 */
#ifndef POL_PARAMS_H
#define POL_PARAMS_H

#include "pol.h"

#define POL_PARAMS_ARMS 4 /* of choices, in one experiment */

/* Of n choices with `now` in force (n: none of them is): indices, `now` first, then the
 * others in order from the one after it, so that the next experiment goes on where this
 * one stopped. Returns how many: at most POL_PARAMS_ARMS, and n. */
unsigned pol_params_choices(size_t n, size_t now, size_t ret[POL_PARAMS_ARMS]);

/* Of a range: the value in force, held to the range, and a step to either side: half as
 * much again and two thirds where the range is above 0, else an eighth of the range; all
 * multiples of grain (> 0) but for the ends of the range. Returns 1 to 3, distinct. */
unsigned
pol_params_range(int64_t low, int64_t high, int64_t now, int64_t grain, int64_t ret[3]);

#endif
