# shellcheck shell=bash
# What somebody has who comes from the original: its database and its .env.production.

before()
{
	mkdir -p ~/novaos-v2/data
	PYTHONPATH=$NOVA_SOURCE/tests/run python3 -B -c \
		'import sys, novaoslib; novaoslib.typical(sys.argv[1])' ~/novaos-v2/data/novaos.db
	(
		umask 077
		cat >~/novaos-v2/.env.production <<-'EOF'
			# NovaOS V2 Production Environment Variables
			ANTHROPIC_API_KEY=sk-ant-api03-secret
			DATABASE_URL=postgresql://user:password@host:5432/novaos_production
			STRIPE_API_KEY=sk_test_your_stripe_key
			NOVAOS_MASTER_PASSWORD=correct-horse
			NOVAOS_DAILY_BUDGET=200.0       # Increased
			NOVAOS_HOURLY_BUDGET=30.0
			SCALE_ROI_THRESHOLD=300.0
			AUTONOMOUS_ENABLED=false
		EOF
	)
}

finally()
{
	novactl shutdown
}
