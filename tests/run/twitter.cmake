# X, with a double made from its own description.
nova_run(twitter_verbs twitter_verbs)
nova_run(twitter_lost twitter_lost)
