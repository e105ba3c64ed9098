/* What nova.yaml says of the processes that talk to the world: platforms, gateway,
 * alerts. A section that is there starts its process, a *system worker* of novasupd;
 * without it nothing of that kind runs.
 *
 * Who adds a setting adds a field here and a row in nv_options_platforms.def; parsing,
 * `config show`, variables, the restart after a change and freeing follow from the row.
 */
#ifndef NV_CONF_PLATFORMS_H
#define NV_CONF_PLATFORMS_H

#include "nv_money.h"
#include "nv_name.h"

enum nv_platform {
	NV_PLATFORM_STRIPE,
	NV_PLATFORM_GUMROAD,
	NV_PLATFORM_SENDGRID,
	NV_PLATFORM_TWITTER,
	NV_PLATFORM_SCRAPE,
	NV_PLATFORMS
};
/* "stripe"; "twitter" is also called `x` in files and on the command line. */
const char *nv_platform_name(enum nv_platform platform);
/* By either name: true with *ret. */
bool nv_platform_from(const char *name, enum nv_platform *ret);

/* At most n in a window of window_ms. */
struct nv_conf_rate {
	uint32_t n;
	uint32_t window_ms;
};

/* An amount in its own currency: what a vendor asks for. */
struct nv_conf_price {
	int64_t nano;
	char currency[NV_CURRENCY_BYTES];
};

/* What several platforms have in common; what one has no use for stays zero. */
struct nv_conf_platform {
	bool on;        /* its section is there */
	char *base_url; /* owned; no slash at its end; NULL for scrape */
	bool vendor;    /* base_url is the vendor's own: public addresses only */
	int64_t poll_ms;
	struct nv_conf_rate rate;
	struct nv_conf_rate agent_rate; /* of each agent */
};

enum nv_stripe_mode { NV_STRIPE_AUTO, NV_STRIPE_LIVE, NV_STRIPE_TEST };
struct nv_conf_stripe {
	char *api_version; /* owned */
	char *account;     /* owned; NULL = the key's own */
	int64_t catch_up_ms;
	enum nv_stripe_mode mode;
};

/* What is due to whom: an offer code, a product's id or permalink -> a worker. */
struct nv_conf_due {
	char *of; /* owned */
	char agent[NV_NAME_MAX];
};

struct nv_conf_gumroad {
	int64_t window_ms; /* how far back refunds and chargebacks are looked for */
	struct nv_conf_due *agents; /* owned */
	size_t n_agents;
};

struct nv_conf_sendgrid {
	char *from;                 /* owned; NULL = each mail names its own */
	struct nv_conf_price price; /* of one mail */
	bool sandbox;
};

/* What X asks for. */
enum nv_twitter_price {
	NV_TWITTER_POST,
	NV_TWITTER_POST_URL,
	NV_TWITTER_READ,        /* a post of somebody's */
	NV_TWITTER_USER,        /* a user */
	NV_TWITTER_OWN,         /* a post of ours, or we */
	NV_TWITTER_INTERACTION, /* a like, a repost */
	NV_TWITTER_DELETE,      /* taking something back */
	NV_TWITTER_PRICES
};

struct nv_conf_twitter {
	struct nv_conf_price prices[NV_TWITTER_PRICES]; /* in one currency */
	uint32_t length; /* of a post at most, as X counts */
};

struct nv_conf_scrape {
	char *user_agent; /* owned; NULL = the program's own */
	char *contact;    /* owned; NULL = none is said */
	int64_t delay_ms; /* between two requests to a host */
	bool allow_private;
	uint64_t body_bytes_max;
	struct nv_conf_price price; /* of one request */
};

/* A webhook of the user's own: POST /webhooks/custom/NAME. */
struct nv_conf_webhook {
	char name[NV_NAME_MAX];
	char *header;    /* owned: the header with the signature */
	char *prefix;    /* owned: before it there, "" without */
	char *timestamp; /* owned: the header with the signed time; NULL = none is signed
			  */
	char agent[NV_NAME_MAX]; /* whom its events are about; "" = the body says */
};

struct nv_conf_hosts {
	char **list; /* owned, as what is in it */
	size_t n;
};

struct nv_conf_gateway {
	bool on;
	char *listen;          /* owned: "HOST:PORT", "[::1]:5001" */
	char *tls_certificate; /* owned path; both or neither of them */
	char *tls_key;
	bool insecure;                    /* another address than loopback without TLS */
	struct nv_conf_webhook *webhooks; /* owned, by name */
	size_t n_webhooks;
	int64_t header_timeout_ms; /* from the first byte of a request */
	int64_t body_timeout_ms;
	int64_t idle_timeout_ms; /* between two requests of a connection */
	uint32_t connections_max;
	uint32_t per_address_max; /* connections of one client */
	uint64_t body_bytes_max;
	int64_t bodies_age_ms; /* bodies of webhooks are kept so long */
	uint64_t bodies_bytes_max;
	bool dashboard;     /* pages and API answer */
	int64_t session_ms; /* a login ends when it is not used for so long */
	uint32_t streams_max;
	struct nv_conf_hosts names; /* by which a proxy calls it */
	bool open_metrics;          /* without a token */
	uint32_t metrics_workers;   /* that have rows of their own */
};

enum nv_severity {
	NV_SEVERITY_INFO,
	NV_SEVERITY_WARNING,
	NV_SEVERITY_ERROR,
	NV_SEVERITY_CRITICAL
};
enum nv_alert_channel {
	NV_ALERT_SLACK,
	NV_ALERT_PAGERDUTY,
	NV_ALERT_DISCORD,
	NV_ALERT_TELEGRAM,
	NV_ALERT_EMAIL,
	NV_ALERT_WEBHOOK,
	NV_ALERT_CHANNELS /* none */
};
struct nv_conf_alerts {
	bool on;
	int64_t every_ms;
	int64_t repeat_ms;   /* 0: said once */
	uint32_t crash_rate; /* crashes an hour; 0: not watched */
	enum nv_alert_channel fallback;
	enum nv_severity min[NV_ALERT_CHANNELS];
	char *slack_approvers; /* owned; ids with spaces between; NULL: nobody */
	char *pagerduty_base_url;
	char *telegram_base_url;
	char *telegram_chat; /* owned; NULL: Telegram is not used */
	char *telegram_approvers;
	char *email_to; /* owned; NULL: e-mail is not used */
};

#endif
