/* The price table of language models, as genai-prices keeps it (etc/prices): providers,
 * how they and their models are recognised, prices per million tokens with tiers, dates
 * and hours. All prices are integers at scale 10^-9 of a US dollar per million tokens. */
#ifndef ENG_PRICE_H
#define ENG_PRICE_H

#include "eng.h"

#include <regex.h>

#define ENG_PRICE_FILE_BYTES_MAX ((size_t)16 << 20)
#define ENG_PRICE_NODES_MAX      ((size_t)1000000)
#define ENG_PRICE_CACHE_SLOTS    512
#define ENG_PRICE_KEY_BYTES      200

enum eng_clause_kind {
	ENG_CLAUSE_EQUALS,
	ENG_CLAUSE_STARTS,
	ENG_CLAUSE_ENDS,
	ENG_CLAUSE_CONTAINS,
	ENG_CLAUSE_REGEX,
	ENG_CLAUSE_OR,
	ENG_CLAUSE_AND
};

struct eng_clause {
	enum eng_clause_kind kind;
	char *text;              /* owned; NULL for regex, or, and */
	regex_t *regex;          /* owned */
	struct eng_clause *list; /* owned; of or, and */
	size_t n;
};

struct eng_tier { /* above `start` input tokens every token costs this */
	uint64_t start;
	int64_t nano;
};

enum eng_token {
	ENG_TOK_INPUT,
	ENG_TOK_CACHE_READ,
	ENG_TOK_CACHE_WRITE,
	ENG_TOK_OUTPUT,
	ENG_TOK_INPUT_AUDIO,
	ENG_TOK_OUTPUT_AUDIO,
	ENG_TOK_COUNT
};

struct eng_token_rate {
	bool known;
	int64_t nano;
	struct eng_tier *tiers; /* owned */
	size_t n_tiers;
};

enum eng_when { ENG_WHEN_ALWAYS, ENG_WHEN_FROM_DATE, ENG_WHEN_HOURS };

struct eng_rates { /* one set of prices, and when it is in force (UTC) */
	enum eng_when when;
	int64_t from_ns;
	int32_t start_s; /* second of the day */
	int32_t end_s;
	struct eng_token_rate tokens[ENG_TOK_COUNT];
	int64_t per_1000_requests_nano;
	bool free; /* listed without any price, as free */
};

struct eng_model {
	char *id; /* owned */
	struct eng_clause match;
	struct eng_rates *rates; /* owned; later ones win */
	size_t n_rates;
};

struct eng_provider {
	char id[NV_NAME_MAX];
	bool has_provider_match;
	bool has_model_match;
	struct eng_clause provider_match;
	struct eng_clause model_match;
	char (*fallbacks)[NV_NAME_MAX]; /* owned */
	size_t n_fallbacks;
	struct eng_model *models; /* owned */
	size_t n_models;
};

struct eng_price_hit {                 /* a name seen before */
	char key[ENG_PRICE_KEY_BYTES]; /* provider, a zero byte, model */
	size_t key_bytes;              /* 0 = empty */
	const struct eng_provider *provider;
	const struct eng_model *model; /* NULL: known to be unknown */
};

struct eng_price {
	struct eng_provider *providers; /* owned */
	size_t n_providers;
	struct eng_price_hit *cache; /* owned; ENG_PRICE_CACHE_SLOTS */
};

/* Read the table. -EINVAL with the place in err, -ENOENT, ... */
int eng_price_read(const char *path, struct eng_price **ret, struct nv_err *err);
int eng_price_parse(const char *text, size_t bytes, const char *name,
	struct eng_price **ret, struct nv_err *err);
void eng_price_free(struct eng_price *price);

/* Whose prices this usage has; its model is NULL when nobody knows it. NULL when the
 * names are too long to be any. Good until the next call. */
const struct eng_price_hit *
eng_price_find(const struct eng_price *price, const struct eng_usage *u);
/* Those in force then. */
const struct eng_rates *eng_rates_at(const struct eng_model *model, int64_t at_ns);

bool eng_clause_match(const struct eng_clause *clause, const char *text);

#endif
