/* What every file of Nova may use: assertions, cleanup attributes, small macros. */
#ifndef NV_BASE_H
#define NV_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NV_LEN(array)        (sizeof(array) / sizeof((array)[0]))
#define NV_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define NV_NORETURN          __attribute__((noreturn))
#define NV_WARN_UNUSED       __attribute__((warn_unused_result))

#define NV_MIN(a, b) ((a) < (b) ? (a) : (b))
#define NV_MAX(a, b) ((a) > (b) ? (a) : (b))

/* A broken invariant of ours: on in release too. The process dies and its
 * supervisor restarts it; going on would put the user's money at risk. */
#define NV_ASSERT(cond) \
	((cond) ? (void)0 : nv_assert_failed(#cond, __FILE__, __LINE__, __func__))

NV_NORETURN void
nv_assert_failed(const char *cond, const char *file, int line, const char *func);

/* free() at the end of the scope; NULL is fine. */
#define NV_CLEANUP_FREE __attribute__((cleanup(nv_cleanup_free)))
void nv_cleanup_free(void *ptr_to_ptr);

/* Exit codes of every program of Nova (protocol: novactl). */
enum nv_exit {
	NV_EXIT_OK = 0,          /* done */
	NV_EXIT_NO = 1,          /* the answer is no: unhealthy, not found, denied */
	NV_EXIT_USAGE = 2,       /* wrong use: the same call will never work */
	NV_EXIT_UNREACHABLE = 3, /* a daemon is not reachable */
	NV_EXIT_FAILED = 4       /* the system failed: may work later */
};

#endif
