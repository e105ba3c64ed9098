/* A novasupd for the tests of novactl: answers on RUN_DIR/novasupd.sock with a fleet that
 * the test describes line by line on standard input, and says on standard output what was
 * asked, so that the test can go on exactly then. Fields are separated by tabs:
 *
 *   nova PID READY ENGINE_STATE ENGINE_REASON STATE_DIR LOG_DIR CONFIG
 *   clear
 *   proc NAME PID STATE UPTIME_MS RESTARTS LAST_EXIT
 *   worker NAME GROUP STATE DESIRED UP PAUSED EPOCH RETRY_MS REASON
 *   instance WORKER N PID GENERATION STATE UPTIME_MS RESTARTS LAST_EXIT
 *   reply CODE TEXT          the answer to everything but status, from now on
 *   mode normal|silent|hangup|garbage|hold
 *   release                  send the reply that `hold` kept back
 *   sync                     say "synced": everything before it is in force
 *
 * A worker or instance with a known name replaces the old one. */
#include "nv_fd.h"
#include "nv_msg_body.h"
#include "nv_msg_flow.h"
#include "nv_version.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ROWS_MAX    4096
#define CLIENTS_MAX 16
#define FIELDS_MAX  12

enum mode { NORMAL, SILENT, HANGUP, GARBAGE, HOLD };

static struct {
	struct nv_ctl_nova nova;
	struct nv_ctl_proc procs[16];
	size_t n_procs;
	struct nv_ctl_worker workers[ROWS_MAX];
	size_t n_workers;
	struct nv_ctl_instance instances[ROWS_MAX];
	size_t n_instances;
	struct nv_ctl_reply reply;
	enum mode mode;
	int held; /* client that waits for `release`, -1 none */
} fake = {.held = -1};

static void
copy(char *out, size_t out_bytes, const char *text)
{
	(void)snprintf(out, out_bytes, "%s", text);
}

static uint32_t
number(const char *text)
{
	return (uint32_t)strtoul(text, NULL, 10);
}

static void
set_worker(char **f)
{
	size_t i = 0;

	while (i < fake.n_workers && strcmp(fake.workers[i].worker, f[1]) != 0)
		i++;
	NV_ASSERT(i < ROWS_MAX);
	fake.n_workers = NV_MAX(fake.n_workers, i + 1);
	struct nv_ctl_worker *w = &fake.workers[i];

	*w = (struct nv_ctl_worker){.desired = number(f[4]),
		.up = number(f[5]),
		.paused = f[6][0] == '1',
		.epoch = number(f[7]),
		.crashes_max = 5,
		.window_ms = 3600000,
		.retry_in_ms = strtoll(f[8], NULL, 10)};
	copy(w->worker, sizeof(w->worker), f[1]);
	copy(w->group, sizeof(w->group), f[2]);
	copy(w->state, sizeof(w->state), f[3]);
	copy(w->reason, sizeof(w->reason), f[9]);
}

static void
set_instance(char **f)
{
	uint32_t n = number(f[2]);
	size_t i = 0;

	while (i < fake.n_instances && (strcmp(fake.instances[i].worker, f[1]) != 0 ||
					       fake.instances[i].instance != n))
		i++;
	NV_ASSERT(i < ROWS_MAX);
	fake.n_instances = NV_MAX(fake.n_instances, i + 1);
	struct nv_ctl_instance *in = &fake.instances[i];

	*in = (struct nv_ctl_instance){.instance = n,
		.pid = (int32_t)number(f[3]),
		.generation = number(f[4]),
		.uptime_ms = number(f[6]),
		.restarts = number(f[7])};
	copy(in->worker, sizeof(in->worker), f[1]);
	copy(in->state, sizeof(in->state), f[5]);
	copy(in->last_exit, sizeof(in->last_exit), f[8]);
}

static void
set_nova(char **f)
{
	fake.nova = (struct nv_ctl_nova){.pid = (int32_t)number(f[1]),
		.ready = f[2][0] == '1',
		.uptime_ms = 5000,
		.config_gen = 1};
	copy(fake.nova.version, sizeof(fake.nova.version), nv_version());
	copy(fake.nova.isolation, sizeof(fake.nova.isolation), "none: a test");
	copy(fake.nova.engine_state, sizeof(fake.nova.engine_state), f[3]);
	copy(fake.nova.engine_reason, sizeof(fake.nova.engine_reason), f[4]);
	copy(fake.nova.state_dir, sizeof(fake.nova.state_dir), f[5]);
	copy(fake.nova.log_dir, sizeof(fake.nova.log_dir), f[6]);
	copy(fake.nova.config, sizeof(fake.nova.config), f[7]);
}

static void
set_proc(char **f)
{
	NV_ASSERT(fake.n_procs < NV_LEN(fake.procs));
	struct nv_ctl_proc *p = &fake.procs[fake.n_procs++];

	*p = (struct nv_ctl_proc){.pid = (int32_t)number(f[2]),
		.uptime_ms = number(f[4]),
		.restarts = number(f[5])};
	copy(p->name, sizeof(p->name), f[1]);
	copy(p->state, sizeof(p->state), f[3]);
	copy(p->last_exit, sizeof(p->last_exit), f[6]);
}

static void
send_reply(int fd, uint32_t id)
{
	static uint8_t body[NV_MSG_BODY_MAX];
	struct nv_wr w;

	nv_wr_init(&w, body, sizeof(body));
	fake.reply.request_id = id;
	(void)nv_ctl_reply_encode(&w, &fake.reply);
	(void)nv_msg_send(fd, NV_MSG_CTL_REPLY, w.data, w.bytes, NULL, 0);
}

static void
set_mode(const char *name)
{
	static const char *const names[] = {
		"normal", "silent", "hangup", "garbage", "hold"};

	for (size_t i = 0; i < NV_LEN(names); i++) {
		if (strcmp(name, names[i]) == 0)
			fake.mode = (enum mode)i;
	}
}

static void
command(char *line)
{
	static char empty[1];
	char *f[FIELDS_MAX];

	for (size_t n = 0; n < FIELDS_MAX; n++)
		f[n] = line ? strsep(&line, "\t") : empty;
	if (strcmp(f[0], "worker") == 0)
		set_worker(f);
	else if (strcmp(f[0], "instance") == 0)
		set_instance(f);
	else if (strcmp(f[0], "nova") == 0)
		set_nova(f);
	else if (strcmp(f[0], "proc") == 0)
		set_proc(f);
	else if (strcmp(f[0], "clear") == 0)
		fake.n_workers = fake.n_instances = fake.n_procs = 0;
	else if (strcmp(f[0], "mode") == 0)
		set_mode(f[1]);
	else if (strcmp(f[0], "sync") == 0)
		(void)puts("synced");
	if (strcmp(f[0], "reply") == 0) {
		fake.reply.code = (uint8_t)number(f[1]);
		copy(fake.reply.text, sizeof(fake.reply.text), f[2]);
	} else if (strcmp(f[0], "release") == 0 && fake.held >= 0) {
		send_reply(fake.held, fake.reply.request_id);
		fake.held = -1;
	}
}

/* A status row: encode with `fn` and send; a full socket is waited for. */
#define SEND_ROW(fd, type, encode, row) \
	do { \
		uint8_t body_[NV_MSG_BODY_MAX]; \
		struct nv_wr w_; \
		struct pollfd p_ = {.fd = (fd), .events = POLLOUT}; \
		nv_wr_init(&w_, body_, sizeof(body_)); \
		(row).request_id = id; \
		(void)encode(&w_, &(row)); \
		while (nv_msg_send((fd), (type), w_.data, w_.bytes, NULL, 0) == -EAGAIN) \
			(void)poll(&p_, 1, 1000); \
	} while (0)

static void
send_status(int fd, uint32_t id, const char *only)
{
	uint8_t end[4];
	struct nv_wr w;

	SEND_ROW(fd, NV_MSG_CTL_NOVA, nv_ctl_nova_encode, fake.nova);
	for (size_t i = 0; i < fake.n_procs; i++)
		SEND_ROW(fd, NV_MSG_CTL_PROC, nv_ctl_proc_encode, fake.procs[i]);
	for (size_t i = 0; i < fake.n_workers; i++) {
		struct nv_ctl_worker *worker = &fake.workers[i];

		if (only[0] && strcmp(only, worker->worker) != 0)
			continue;
		SEND_ROW(fd, NV_MSG_CTL_WORKER, nv_ctl_worker_encode, *worker);
		for (size_t k = 0; k < fake.n_instances; k++) {
			if (strcmp(fake.instances[k].worker, worker->worker) == 0)
				SEND_ROW(fd, NV_MSG_CTL_INSTANCE, nv_ctl_instance_encode,
					fake.instances[k]);
		}
	}
	nv_wr_init(&w, end, sizeof(end));
	nv_wr_u32(&w, id);
	(void)nv_msg_send(fd, NV_MSG_CTL_END, w.data, w.bytes, NULL, 0);
}

/* False when the client is to be dropped. */
static bool
serve(int fd)
{
	static struct nv_msg msg;
	struct nv_sup_request request = {0};
	struct nv_sup_plan plan;
	int rc = nv_msg_recv(fd, 'C', 'S', &msg, NULL, 0);

	if (rc == -EAGAIN)
		return true;
	if (rc <= 0)
		return false;
	bool is_plan = msg.type == NV_MSG_SUP_PLAN;

	if (is_plan ? nv_sup_plan_decode(&plan, &msg) < 0
		    : nv_sup_request_decode(&request, &msg) < 0)
		return false;
	if (is_plan)
		request.request_id = plan.request_id;
	bool is_status = msg.type == NV_MSG_SUP_STATUS;

	if (!is_status)
		(void)printf("%s %s %u %u\n", nv_msg_name(msg.type),
			request.worker[0] ? request.worker : "-", request.instance,
			request.timeout_ms);
	if (fake.mode == SILENT)
		return true;
	if (fake.mode == HANGUP)
		return false;
	if (fake.mode == GARBAGE) {
		(void)send(fd, "\xff\xff\xff\xff garbage", 12, MSG_NOSIGNAL);
		return true;
	}
	if (is_status) {
		send_status(fd, request.request_id, request.worker);
	} else if (fake.mode == HOLD) {
		fake.held = fd;
		fake.reply.request_id = request.request_id;
	} else {
		send_reply(fd, request.request_id);
	}
	return true;
}

static int
listen_at(const char *run_dir)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	(void)snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/novasupd.sock", run_dir);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&sa, sizeof(sa)) < 0 ||
		listen(fd, CLIENTS_MAX) < 0) {
		perror(sa.sun_path);
		exit(NV_EXIT_FAILED);
	}
	return fd;
}

/* Lines of standard input; false at its end. */
static bool
read_commands(void)
{
	static char buf[65536];
	static size_t used;
	ssize_t n = read(STDIN_FILENO, buf + used, sizeof(buf) - used - 1);
	char *nl;

	if (n <= 0)
		return false;
	used += (size_t)n;
	buf[used] = '\0';
	while ((nl = strchr(buf, '\n'))) {
		*nl = '\0';
		command(buf);
		used -= (size_t)(nl + 1 - buf);
		memmove(buf, nl + 1, used + 1);
	}
	return true;
}

int
main(int argc, char **argv)
{
	struct pollfd polled[2 + CLIENTS_MAX];
	nfds_t n = 2;

	if (argc != 2)
		return NV_EXIT_USAGE;
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	polled[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
	polled[1] = (struct pollfd){.fd = listen_at(argv[1]), .events = POLLIN};
	(void)puts("listening");
	while (poll(polled, n, -1) > 0) {
		if (polled[0].revents && !read_commands())
			return NV_EXIT_OK; /* the test is gone */
		for (nfds_t i = 2; i < n; i++) {
			if (!polled[i].revents || serve(polled[i].fd))
				continue;
			nv_fd_close(&polled[i].fd);
			polled[i] = polled[--n];
			i--;
		}
		if (polled[1].revents && n < NV_LEN(polled))
			polled[n++] = (struct pollfd){
				.fd = accept(polled[1].fd, NULL, NULL), .events = POLLIN};
	}
	return NV_EXIT_FAILED;
}
