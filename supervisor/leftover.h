/* Where there are no cgroups: processes of an earlier fleet of the same run directory.
 * When keeper and novasupd proper are killed together, agents die with them, but not what
 * an agent had started. */
#ifndef SUP_LEFTOVER_H
#define SUP_LEFTOVER_H

/* SIGKILL to every process whose environment names a credentials directory of this run
 * directory, and to what descends from it, until none is left or it does not help. For
 * the start, under the lock. Returns how many were found; logs them. */
unsigned sup_leftover_kill(const char *run_dir);

#endif
