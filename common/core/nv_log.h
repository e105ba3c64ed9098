/* Log lines of Nova's own processes: one event a line on standard error, as
 * "time level process[pid]: text key=value", or for systemd's journal (JOURNAL_STREAM)
 * "<level>process[pid]: text key=value". Shared code never logs; process code
 * logs once, where an error stops travelling, and says what it does next. */
#ifndef NV_LOG_H
#define NV_LOG_H

#include "nv_base.h"

enum nv_level { NV_DEBUG, NV_INFO, NV_WARN, NV_ERROR };

/* name is borrowed for the life of the process. The threshold comes from
 * NOVA_LOG_LEVEL (debug, info, warn, error; default info). */
void nv_log_init(const char *name);
/* Keeps errno. Control characters in the text are escaped, long text is cut. */
void nv_log(enum nv_level level, const char *fmt, ...) NV_PRINTF(2, 3);

#define nv_debug(...) nv_log(NV_DEBUG, __VA_ARGS__)
#define nv_info(...)  nv_log(NV_INFO, __VA_ARGS__)
#define nv_warn(...)  nv_log(NV_WARN, __VA_ARGS__)
#define nv_error(...) nv_log(NV_ERROR, __VA_ARGS__)

#endif
