/* The descriptor table that keeper and novasupd proper share.
 *
 * The window: some low numbers are kept taken by placeholders, for the few descriptors
 * that a program is started with. Its process shares our table for a moment and then
 * copies it up to SUP_WINDOW_END only, so a start costs the same whether the fleet holds
 * ten descriptors or a hundred thousand. */
#ifndef SUP_FDTABLE_H
#define SUP_FDTABLE_H

#include "nv_base.h"

#define SUP_FDS_AT_START 16384 /* room for some 1800 instances, 128 KiB */
#define SUP_WINDOW_FIRST 16
#define SUP_WINDOW_END   32 /* one past the last, which is never used for anything else */

/* Make the table large enough for n descriptors, as far as the limit goes, and do so
 * while it is still one process's own: growing a shared one waits for an RCU grace
 * period, some 10 ms, at each doubling. Best effort. */
void sup_fds_reserve(unsigned n);
/* Close-on-exec of every descriptor but the first three. */
void sup_fdtable_cloexec(bool on);
/* Close from..to, both included, whatever is open of it; keeps errno. */
void sup_close_range(int from, int to);
/* Close everything but the first three, the window, and the n in own, which is sorted. */
void sup_fdtable_sweep(int *own, size_t n);
/* Take the window's numbers; what is open there is closed. 0, or -errno: a kernel without
 * close_range (before 5.9) has none. */
int sup_window_reserve(void);
/* fd under a number of the window, at is the n-th of it. The number, or -errno. */
int sup_window_put(unsigned at, int fd);
/* The first n of the window are placeholders again. */
void sup_window_clear(unsigned n);

#endif
