nova_run(prices prices)
