nova_run(budget_gate budget_gate TIMEOUT 600)
nova_run(budget_run budget_run)
nova_run(anomaly_pause anomaly_pause)
nova_run(budget_kills budget_kills TIMEOUT 600)
