# When things may start, in which order, and how many at once.
nova_run(flow_deps flow_deps TIMEOUT 600)
nova_run(deps_moments deps_moments)
nova_run(flow_storm flow_storm TIMEOUT 600)
nova_run(flow_plan flow_plan TIMEOUT 600)
nova_run(flow_slow flow_slow TIMEOUT 600)
nova_run(flow_rolling flow_rolling TIMEOUT 600)
nova_run(flow_resume flow_resume TIMEOUT 600)
nova_run(flow_scale flow_scale TIMEOUT 600)
