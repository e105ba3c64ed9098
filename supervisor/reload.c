/* A new configuration: read whole, checked whole, and only then taken. */
#include "reload.h"
#include "notify.h"
#include "nv_clock.h"
#include "nv_fd.h"
#include "nv_log.h"
#include "sup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int
sup_conf_load(const char *path, bool snapshot_wanted, size_t n_workers,
	struct sup_conf **ret_conf, struct nv_conf_errors *errs)
{
	struct nv_conf_sources sources = {0};
	struct nv_config *config = NULL;
	int snapshot = -1;
	int rc = nv_conf_sources_read(&sources, path, errs);

	if (rc == 0 && n_workers > 0)
		rc = nv_conf_sources_need_workers(&sources, errs);
	if (rc == 0)
		rc = nv_config_parse(&sources, &config, errs);
	if (rc == 0 && snapshot_wanted)
		rc = nv_conf_snapshot_create(&sources, &snapshot);
	nv_conf_sources_fini(&sources);
	if (rc < 0) {
		nv_config_free(config);
		return rc;
	}
	*ret_conf = sup_conf_new(config);
	if (!*ret_conf) {
		nv_fd_close(&snapshot);
		return -ENOMEM;
	}
	(*ret_conf)->snapshot_fd = snapshot;
	return 0;
}

int
sup_conf_from_snapshot(int fd, uint32_t gen, struct sup_conf **ret)
{
	struct nv_conf_sources sources = {0};
	struct nv_conf_errors errs = {0};
	struct nv_config *config = NULL;
	int rc = nv_conf_snapshot_read(fd, &sources);

	if (rc == 0)
		rc = nv_config_parse(&sources, &config, &errs);
	nv_conf_sources_fini(&sources);
	nv_conf_errors_fini(&errs);
	if (rc < 0)
		return rc;
	*ret = sup_conf_new(config);
	if (!*ret)
		return -ENOMEM;
	(*ret)->snapshot_fd = fd;
	(*ret)->gen = gen;
	return 0;
}

static void
list_errors(const struct nv_conf_errors *errs, char *text, size_t text_bytes)
{
	size_t used = 0;

	for (size_t i = 0; i < errs->n && used + 1 < text_bytes; i++) {
		char line[1024];
		int n = snprintf(text + used, text_bytes - used, "%s%s", i ? "\n" : "",
			nv_err_string(&errs->list[i], line, sizeof(line)));

		used = NV_MIN(used + (size_t)NV_MAX(n, 0), text_bytes - 1);
	}
	if (errs->n_more)
		(void)snprintf(
			text + used, text_bytes - used, "\nand %zu more", errs->n_more);
}

/* 0, or -EINVAL with every error in text. */
static int
read_files(struct sup *sup, bool snapshot_wanted, struct sup_conf **ret_conf, char *text,
	size_t text_bytes)
{
	struct nv_conf_errors errs = {0};

	text[0] = '\0';
	if (sup->phase != SUP_RUNNING) {
		(void)snprintf(text, text_bytes, "nova is stopping");
		return -EINVAL;
	}
	int rc = sup_conf_load(sup->paths.config, snapshot_wanted,
		sup->conf->config->n_workers, ret_conf, &errs);

	if (rc < 0 && errs.n > 0)
		list_errors(&errs, text, text_bytes);
	else if (rc < 0)
		(void)snprintf(text, text_bytes, "%s", strerror(-rc));
	nv_conf_errors_fini(&errs);
	return rc < 0 ? -EINVAL : 0;
}

/* From here on there is only the new configuration. */
static void
take(struct sup *sup, struct sup_conf *conf)
{
	struct nv_err err = {0};

	struct sup_conf *old = sup->conf;

	sup->conf = conf;
	conf->gen = ++sup->config_gen;
	sup_state_conf(conf);
	sup_state_fleet(sup);
	sup_incident_reload(sup);
	if (sup_workers_load(sup, conf, &err) < 0)
		nv_error("reload: %s", err.text);
	sup_state_commit();
	sup_conf_drop(old);
	sup_enginelink_config(sup);
	sup_loggerlink_config(sup);
	sup_probelink_config(sup);
}

struct planning {
	struct sup *sup;
	sup_plan_row_fn *row;
	void *arg;
};

static uint32_t
running(void *arg, const char *worker)
{
	const struct planning *p = arg;
	const struct sup_worker *w = sup_worker_find(p->sup, worker);

	return w ? sup_worker_live(w) : 0;
}

static void
on_row(void *arg, const struct nv_ctl_plan *row)
{
	const struct planning *p = arg;

	if (p->row)
		p->row(p->arg, row);
}

int
sup_reload_plan(struct sup *sup, bool apply, sup_plan_row_fn *row, void *arg, char *text,
	size_t text_bytes)
{
	struct planning p = {.sup = sup, .row = row, .arg = arg};
	struct sup_plan_counts counts;
	struct sup_conf *conf = NULL;
	char sum[200];

	if (apply)
		sup_notify(sup, "RELOADING=1\nMONOTONIC_USEC=%lld",
			(long long)(nv_mono_ns() / 1000));
	int rc = read_files(sup, apply, &conf, text, text_bytes);

	if (rc == 0 && sup_plan_make(&sup->cgroups, sup->conf->config, conf->config,
			       running, on_row, &p, &counts) < 0) {
		(void)snprintf(text, text_bytes, "no memory for a comparison");
		sup_conf_drop(conf);
		rc = -EINVAL;
	}
	if (rc < 0) {
		if (apply && sup->phase == SUP_RUNNING) {
			nv_error("reload: nothing was changed: %.300s", text);
			sup_notify(sup, "READY=1\nSTATUS=running; a reload was refused");
		}
		return -EINVAL;
	}
	sup_plan_text(&counts, sum, sizeof(sum));
	if (!apply) {
		(void)snprintf(text, text_bytes, "%s", sum);
		sup_conf_drop(conf);
		return 0;
	}
	take(sup, conf);
	(void)snprintf(text, text_bytes, "configuration %u: %zu worker types; %s",
		sup->config_gen, conf->config->n_workers, sum);
	nv_info("reload: %s", text);
	sup_notify(sup, "READY=1\nSTATUS=running");
	return 0;
}

int
sup_reload(struct sup *sup, char *text, size_t text_bytes)
{
	return sup_reload_plan(sup, true, NULL, NULL, text, text_bytes);
}
