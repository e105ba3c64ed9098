# /metrics of a real fleet, and what Prometheus makes of it.
nova_run(face_metrics face_metrics TIMEOUT 600)
