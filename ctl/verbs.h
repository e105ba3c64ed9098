/* The handlers, by file. */
#ifndef CTL_VERBS_H
#define CTL_VERBS_H

#include "ctl.h"

/* verb_status.c */
int ctl_verb_status(struct ctl *ctl);
int ctl_verb_top(struct ctl *ctl); /* top.c */
int ctl_verb_workers_status(struct ctl *ctl);
int ctl_verb_workers_health(struct ctl *ctl);

/* verb_workers.c */
int ctl_verb_workers_start(struct ctl *ctl);
int ctl_verb_workers_stop(struct ctl *ctl);
int ctl_verb_workers_restart(struct ctl *ctl);
int ctl_verb_workers_pause(struct ctl *ctl);
int ctl_verb_workers_resume(struct ctl *ctl);
int ctl_verb_workers_scale(struct ctl *ctl);
int ctl_verb_workers_tune(struct ctl *ctl); /* verb_tune.c */
int ctl_verb_forecast(struct ctl *ctl);     /* verb_forecast.c */
int ctl_verb_prices(struct ctl *ctl);       /* verb_prices.c */

/* verb_agents.c */
int ctl_verb_agents(struct ctl *ctl);
int ctl_verb_agent(struct ctl *ctl);
int ctl_verb_kill(struct ctl *ctl);

/* verb_deploy.c */
int ctl_verb_deploy(struct ctl *ctl);
int ctl_verb_undeploy(struct ctl *ctl);

/* verb_autonomous.c */
int ctl_verb_autonomous_enable(struct ctl *ctl);
int ctl_verb_autonomous_disable(struct ctl *ctl);
int ctl_verb_autonomous_status(struct ctl *ctl);
int ctl_verb_autonomous_run(struct ctl *ctl);
int ctl_verb_approvals(struct ctl *ctl);
int ctl_verb_approve(struct ctl *ctl);
int ctl_verb_deny(struct ctl *ctl);
int ctl_verb_decisions(struct ctl *ctl);
int ctl_verb_explain(struct ctl *ctl);
int ctl_verb_simulate(struct ctl *ctl); /* verb_simulate.c */

/* verb_budget.c */
int ctl_verb_budget_show(struct ctl *ctl);
int ctl_verb_budget_grant(struct ctl *ctl); /* verb_entry.c */

/* verb_money.c */
int ctl_verb_costs(struct ctl *ctl);
int ctl_verb_revenue(struct ctl *ctl);
int ctl_verb_track(struct ctl *ctl);

/* verb_report.c */
int ctl_verb_pnl(struct ctl *ctl);
int ctl_verb_roi(struct ctl *ctl);
int ctl_verb_timeline(struct ctl *ctl);
int ctl_verb_performers(struct ctl *ctl);

/* verb_cash.c */
int ctl_verb_cashflow(struct ctl *ctl);
int ctl_verb_cohorts(struct ctl *ctl);
int ctl_verb_reinvest(struct ctl *ctl);
int ctl_verb_quality(struct ctl *ctl);

/* verb_ledger.c */
int ctl_verb_ledger_verify(struct ctl *ctl);
int ctl_verb_ledger_stats(struct ctl *ctl);
int ctl_verb_ledger_export(struct ctl *ctl);
/* verb_prove.c */
int ctl_verb_ledger_prove(struct ctl *ctl);
/* verb_retain.c */
int ctl_verb_ledger_retain(struct ctl *ctl);
int ctl_verb_ledger_compact(struct ctl *ctl);
/* verb_seal.c */
int ctl_verb_ledger_seal(struct ctl *ctl);
int ctl_verb_ledger_anchor(struct ctl *ctl);

/* verb_backup.c */
int ctl_verb_ledger_backup(struct ctl *ctl);
int ctl_verb_ledger_restore(struct ctl *ctl);
int ctl_verb_ledger_schema(struct ctl *ctl);
int ctl_verb_ledger_downgrade(struct ctl *ctl);
int ctl_verb_ledger_correct(struct ctl *ctl);
int ctl_verb_ledger_rebuild(struct ctl *ctl);

/* verb_save.c */
int ctl_verb_backup_create(struct ctl *ctl);
int ctl_verb_backup_list(struct ctl *ctl);
int ctl_verb_backup_verify(struct ctl *ctl);
int ctl_verb_restore(struct ctl *ctl);

/* verb_logs.c */
int ctl_verb_logs(struct ctl *ctl);

/* verb_why.c */
int ctl_verb_why(struct ctl *ctl);

/* verb_events.c */
int ctl_verb_events(struct ctl *ctl);
int ctl_verb_quarantine(struct ctl *ctl);

/* verb_gateway.c */
int ctl_verb_gateway(struct ctl *ctl);

/* verb_token.c */
int ctl_verb_token_create(struct ctl *ctl);
int ctl_verb_token_list(struct ctl *ctl);
int ctl_verb_token_revoke(struct ctl *ctl);

/* verb_anomalies.c */
int ctl_verb_anomalies(struct ctl *ctl);
/* verb_brake.c */
int ctl_verb_stop_everything(struct ctl *ctl);
int ctl_verb_resume_everything(struct ctl *ctl);
/* verb_roll.c: workers restart --rolling, --abort */
int ctl_rolling(struct ctl *ctl);

/* verb_import.c */
int ctl_verb_import_novaos(struct ctl *ctl);
int ctl_verb_import_env(struct ctl *ctl); /* verb_import_env.c */

/* verb_incidents.c */
int ctl_verb_incidents(struct ctl *ctl);

/* verb_group.c */
int ctl_verb_group_list(struct ctl *ctl);
int ctl_verb_group_show(struct ctl *ctl);
int ctl_verb_group_start(struct ctl *ctl);
int ctl_verb_group_stop(struct ctl *ctl);
int ctl_verb_group_restart(struct ctl *ctl);
int ctl_verb_group_child(struct ctl *ctl);

/* verb_config.c */
int ctl_verb_config_check(struct ctl *ctl);
int ctl_verb_config_show(struct ctl *ctl);
int ctl_verb_config_diff(struct ctl *ctl);
int ctl_verb_reload(struct ctl *ctl);
int ctl_verb_config_settings(struct ctl *ctl); /* verb_settings.c */
int ctl_verb_config_schema(struct ctl *ctl);
int ctl_verb_shutdown(struct ctl *ctl);
int ctl_verb_reexec(struct ctl *ctl);

/* verb_platform.c */
int ctl_verb_platform(struct ctl *ctl);

/* verb_alerts.c */
int ctl_verb_alerts(struct ctl *ctl);

/* verb_health.c */
int ctl_verb_health(struct ctl *ctl);

/* verb_doctor.c */
int ctl_verb_doctor(struct ctl *ctl);

#endif
