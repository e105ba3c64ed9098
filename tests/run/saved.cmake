# Saving a whole fleet, and putting it back.
nova_run(saved_fleet saved_fleet)
nova_run(saved_sales saved_sales)
nova_run(saved_hostile saved_hostile)
