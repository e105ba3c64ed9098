# The emergency stop, and what stops by itself.
nova_run(brake_stop brake_stop TIMEOUT 600)
nova_run(brake_moments brake_moments)
