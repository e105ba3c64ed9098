# The benchmarks run; their figures are for people.
nova_run(bench_supervisors bench_supervisors TIMEOUT 600)
