# Stripe in front of a double that validates requests by the vendor's own description.
nova_run(stripe_verbs stripe_verbs)
nova_run(stripe_lost stripe_lost)
nova_run(stripe_poll stripe_poll)
nova_run(stripe_fleet stripe_fleet)
