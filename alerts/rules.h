/* Which alerts there are, by what Nova says of itself. Pure.
 *
 * Facts are what `novactl VERB --json` prints (docs/ARCHITECTURE.md), one object a
 * source: what people see is what rules see. */
#ifndef ALERT_RULES_H
#define ALERT_RULES_H

#include "alert.h"

struct nv_config;

struct alert_facts {
	/* Borrowed; NULL: that source did not answer this time. */
	const json_t *of[ALERT_SOURCE_COUNT];
	/* Why nothing can be known of the fleet, "" when it can. */
	const char *trouble;
	int64_t now_ms;
};

/* What rules remember from look to look: counters that only grow. */
struct alert_memory;
struct alert_memory *alert_memory_new(void); /* NULL: no memory */
void alert_memory_free(struct alert_memory *memory);
/* For the disk: what grows while one process follows another is news to the next. Changed
 * since it was saved? A new reference; and back: 0 or -ENOMEM. */
bool alert_memory_changed(const struct alert_memory *memory);
json_t *alert_memory_save(struct alert_memory *memory);
int alert_memory_load(struct alert_memory *memory, const json_t *saved);

/* All rules over these facts, into the book, between its begin and end. config says the
 * thresholds. The sources that answered, as a mask for alert_book_end. */
unsigned alert_rules(const struct alert_facts *facts, const struct nv_config *config,
	struct alert_memory *memory, struct alert_book *book);

#endif
