/* Why an incarnation ended, in words: see why.h. */
#include "why.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

static bool
is(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static bool
starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static void
put_after(struct nv_buf *out, uint64_t ms)
{
	uint64_t s = ms / 1000;

	if (s < 100)
		nv_buf_printf(out, " after %llu.%llu s", (unsigned long long)s,
			(unsigned long long)(ms % 1000 / 100));
	else if (s < 7200)
		nv_buf_printf(out, " after %llu min", (unsigned long long)(s / 60));
	else
		nv_buf_printf(out, " after %llu h %llu min",
			(unsigned long long)(s / 3600),
			(unsigned long long)(s / 60 % 60));
}

static void
put_mib(struct nv_buf *out, uint64_t bytes)
{
	uint64_t tenths = bytes * 10 >> 20;

	nv_buf_printf(out, "%llu.%llu MiB", (unsigned long long)(tenths / 10),
		(unsigned long long)(tenths % 10));
}

/* What a signal means to those who do not know their numbers. */
static const char *
signal_meaning(int sig)
{
	static const struct {
		int sig;
		const char *text;
	} meanings[] = {
		{SIGSEGV, "it used memory that is not its own"},
		{SIGBUS, "it used memory that is not there"},
		{SIGABRT, "it gave itself up, as a failed assertion does"},
		{SIGILL, "it ran into bytes that are no instruction"},
		{SIGFPE, "it divided by zero or the like"},
		{SIGKILL, "somebody killed it, and it was not Nova"},
		{SIGTERM, "somebody asked it to end, and it was not Nova"},
		{SIGINT, "somebody interrupted it, and it was not Nova"},
		{SIGHUP, "somebody hung up on it, and it was not Nova"},
		{SIGPIPE, "it wrote to what nobody reads any more"},
		{SIGSYS, "it made a system call that is not allowed to it"},
		{SIGXCPU, "it used more CPU time than limits.cpu_time allows"},
		{SIGXFSZ, "it wrote a larger file than limits.file_size allows"},
	};

	for (size_t i = 0; i < NV_LEN(meanings); i++) {
		if (meanings[i].sig == sig)
			return meanings[i].text;
	}
	return NULL;
}

/* "exit code 3", "signal 11 (SEGV)". */
static void
put_status(struct nv_buf *out, int status)
{
	if (WIFSIGNALED(status)) {
		const char *name = sigabbrev_np(WTERMSIG(status));

		nv_buf_printf(out, "signal %d (%s)", WTERMSIG(status), name ? name : "?");
	} else {
		nv_buf_printf(out, "exit code %d", WEXITSTATUS(status));
	}
}

static void
put_crash(struct nv_buf *out, const struct eng_why *w)
{
	const char *meaning =
		WIFSIGNALED(w->status) ? signal_meaning(WTERMSIG(w->status)) : NULL;

	nv_buf_puts(out, WIFSIGNALED(w->status) ? "was ended by " : "ended with ");
	put_status(out, w->status);
	put_after(out, w->uptime_ms);
	if (meaning)
		nv_buf_printf(out, ": %s", meaning);
}

static void
put_oom(struct nv_buf *out, const struct eng_why *w)
{
	nv_buf_puts(out, "was killed by the kernel");
	put_after(out, w->uptime_ms);
	nv_buf_puts(out, ", as it wanted more memory than there was: its peak was ");
	put_mib(out, w->mem_peak_bytes);
	if (w->mem_limit_bytes > 0) {
		nv_buf_puts(out, ", its limit is ");
		put_mib(out, w->mem_limit_bytes);
	} else {
		nv_buf_puts(out, ", and it has no limit of its own");
	}
}

static void
put_exec(struct nv_buf *out, const struct eng_why *w)
{
	nv_buf_printf(out, "could not be started: %s: %s", w->stage, w->err_name);
	if (w->detail[0])
		nv_buf_printf(out, " (%s)", w->detail);
}

/* Who asked, and with which words. */
static void
put_stop(struct nv_buf *out, const struct eng_why *w)
{
	bool engine = !w->by[0] || is(w->by, "engine");
	bool wished = engine && w->wish[0] && !is(w->wish, "running");
	bool event = is(w->by, "shutdown") || is(w->by, "reload") ||
		     is(w->by, "removed") || starts(w->by, "dependency ") ||
		     (engine && w->wish[0]); /* said after the time */

	nv_buf_printf(out, "was %s",
		wished && is(w->wish, "killed") ? "killed for good" : "stopped");
	if (wished)
		nv_buf_printf(out, " by %s", w->wish_by[0] ? w->wish_by : "the engine");
	else if (starts(w->by, "group "))
		nv_buf_printf(out, " with its group (%s)", w->by + strlen("group "));
	else if (!event)
		nv_buf_printf(out, " by %s", engine ? "the engine" : w->by);
	put_after(out, w->uptime_ms);
	if (is(w->by, "shutdown"))
		nv_buf_puts(out, ", as Nova ended");
	else if (is(w->by, "reload"))
		nv_buf_puts(out, ", for a new start, as its configuration changed");
	else if (starts(w->by, "dependency "))
		nv_buf_printf(out, ", as %s, on which it depends, went down",
			w->by + strlen("dependency "));
	else if (is(w->by, "removed"))
		nv_buf_puts(out, ", as it is no longer in the configuration");
	else if (engine && !wished && w->wish[0])
		nv_buf_printf(out, ", as fewer instances are wanted (%s)",
			w->wish_by[0] ? w->wish_by : "engine");
	if (engine && w->wish_reason[0])
		nv_buf_printf(out, ": %s", w->wish_reason);
	else if (w->detail[0])
		nv_buf_printf(out, ": %s", w->detail);
}

/* Nova's own verdicts, by the name that went into the journal. */
static const struct verdict {
	const char *cause;
	const char *how;
	const char *as;
	const char *advice;
} verdicts[] = {
	{"watchdog", "killed", "it gave no sign of life",
		"see what it was busy with in its last lines; raise heartbeat.timeout if "
		"it may be silent for so long"},
	{"livelock", "killed", "it gave signs of life and made no progress",
		"it beats, and gets nothing done: look for what it waits for"},
	{"unhealthy", "killed", "it did not pass its probe",
		"try the probe by hand; see nova.yaml(5) for its settings"},
	{"not_ready", "ended", "it did not become ready in time",
		"see what its start waits for in its last lines, or give it more time"},
	{"budget", "ended", "its budget is spent", "see novactl costs"},
};

static const struct verdict *
verdict_of(const struct eng_why *w)
{
	for (size_t i = 0; i < NV_LEN(verdicts); i++) {
		if (is(verdicts[i].cause, w->cause))
			return &verdicts[i];
	}
	return NULL;
}

void
eng_why_what(struct nv_buf *out, const struct eng_why *w)
{
	const struct verdict *v = verdict_of(w);

	nv_buf_printf(out, "%s#%u ", w->worker, w->instance);
	if (is(w->cause, "exec")) {
		put_exec(out, w);
	} else if (is(w->cause, "oom")) {
		put_oom(out, w);
	} else if (is(w->cause, "stop") || is(w->cause, "dependency") ||
		   is(w->cause, "group") || is(w->cause, "rolling")) {
		put_stop(out, w);
	} else if (is(w->cause, "exit") || is(w->cause, "crash")) {
		put_crash(out, w);
	} else {
		nv_buf_printf(out, "was %s by Nova", v ? v->how : "ended");
		if (!v)
			nv_buf_printf(out, " (%s)", w->cause);
		put_after(out, w->uptime_ms);
		if (v)
			nv_buf_printf(out, ", as %s", v->as);
		if (w->detail[0])
			nv_buf_printf(out, ": %s", w->detail);
	}
}

void
eng_why_did(struct nv_buf *out, const struct eng_why *w, const struct eng_why_next *next)
{
	if (next->state[0]) {
		if (is(next->state, "failed") || is(next->state, "finished") ||
			(is(next->state, "stopped") && is(w->cause, "exit")))
			nv_buf_puts(out, "it stays down");
		else if (is(next->state, "cooldown"))
			nv_buf_puts(out, "it was given a rest");
		else
			nv_buf_printf(out, "it was %s", next->state);
		if (next->reason[0])
			nv_buf_printf(out, " (%s)", next->reason);
		if (next->started)
			nv_buf_puts(out, "; ");
	}
	if (next->started) {
		nv_buf_puts(out, "it was started again");
		put_after(out, (uint64_t)NV_MAX(next->after_ms, 0));
		nv_buf_printf(out, ", as generation %u", next->generation);
	} else if (!next->state[0]) {
		nv_buf_puts(out, "it has not been started again");
	}
}

static const char *
exec_advice(const struct eng_why *w)
{
	if (is(w->stage, "exec") && is(w->err_name, "ENOENT"))
		return "the program is not there: check the first word of command, and "
		       "PATH";
	if (is(w->stage, "exec") && is(w->err_name, "EACCES"))
		return "the program may not be executed by the worker's account";
	if (is(w->err_name, "EMFILE") || is(w->err_name, "ENFILE") ||
		is(w->err_name, "EAGAIN") || is(w->err_name, "ENOMEM"))
		return "the machine has run out of descriptors, processes or memory; "
		       "Nova "
		       "tries again by itself";
	return "check the setting that this step is about with novactl config show";
}

static const char *
crash_advice(const struct eng_why *w)
{
	if (WIFSIGNALED(w->status)) {
		int sig = WTERMSIG(w->status);

		if (sig == SIGKILL || sig == SIGTERM || sig == SIGINT || sig == SIGHUP)
			return "ask who else manages processes here; the kernel's log "
			       "(dmesg) names its own victims";
		if (sig == SIGSYS)
			return "see isolation.syscalls in nova.yaml(5)";
		if (sig == SIGXCPU)
			return "raise limits.cpu_time, or find what it was busy with";
		if (sig == SIGXFSZ)
			return "raise limits.file_size, or find what it writes";
		return "a fault of the program: its last lines, and a debugger, say "
		       "where";
	}
	if (WEXITSTATUS(w->status) == 127)
		return "127 is what a shell says when it does not find a command";
	if (WEXITSTATUS(w->status) == 126)
		return "126 is what a shell says when a command may not be executed";
	return "its last lines should say why it gave up";
}

void
eng_why_advice(
	struct nv_buf *out, const struct eng_why *w, const struct eng_why_next *next)
{
	const struct verdict *v = verdict_of(w);

	if (is(w->cause, "exec"))
		nv_buf_puts(out, exec_advice(w));
	else if (is(w->cause, "oom"))
		nv_buf_puts(
			out, w->mem_limit_bytes > 0
				     ? "raise limits.memory, or find what grows"
				     : "give workers a limits.memory, so that the one "
				       "that grows is the one that goes");
	else if (v)
		nv_buf_puts(out, v->advice);
	else if (w->crash)
		nv_buf_puts(out, crash_advice(w));
	else if (w->decision)
		nv_buf_printf(out, "novactl explain %llu says how that was decided",
			(unsigned long long)w->decision);
	if (is(next->state, "halted"))
		nv_buf_printf(out, "%sit stays down until novactl workers start %s",
			out->bytes ? "; " : "", w->worker);
	else if (is(w->cause, "stop") && !next->started && is(w->wish, "killed"))
		nv_buf_printf(
			out, "%snovactl deploy brings it back", out->bytes ? "; " : "");
	else if (is(w->cause, "stop") && !next->started && is(w->wish, "stopped"))
		nv_buf_printf(out, "%snovactl workers start %s brings it back",
			out->bytes ? "; " : "", w->worker);
}
