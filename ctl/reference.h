/* Settings and verbs as text, from the tables that parse them. */
#ifndef CTL_REFERENCE_H
#define CTL_REFERENCE_H

#include "nv_options.h"
#include "ref_text.h"

/* The tables of settings by the name of what has them. */
struct ref_table {
	const char *of; /* "fleet", "group", "worker" */
	const struct nv_option *options;
	const size_t *n;
};
#define REF_TABLES 3
extern const struct ref_table ref_tables[REF_TABLES];

/* Type, limits, default, variables, and what a change means, as sentences in the markup
 * of the tables. */
void ref_facts(struct nv_buf *buf, const struct nv_option *option);
/* All settings of a table as a list. */
void ref_settings(const struct ref_text *t, const struct ref_table *table);

/* The verb of this name, or the verbs of a family ("ledger"), as a list. False: there is
 * none. */
bool ref_verbs(const struct ref_text *t, const char *name);
/* The options of every verb. */
void ref_globals(const struct ref_text *t);

/* The rows of the first table of a Markdown text whose line of heads begins with `head`.
 * False: there is none. */
bool ref_table(const struct ref_text *t, const char *document, const char *head);

#endif
