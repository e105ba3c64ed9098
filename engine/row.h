/* A worker as JSON text: written straight out, since a thousand of them are asked for
 * every second and a tree of JSON in between takes five times as long. The parts are
 * there for other answers, too (api_show.c makes JSON of them). Values have the forms of
 * nv_json.h: amounts are decimal strings, times RFC 3339, null what is not known.
 *
 * Nothing fails but the buffer, which remembers it. */
#ifndef ENG_ROW_H
#define ENG_ROW_H

#include "eng.h"

#include "nv_buf.h"

/* `unconverted`: JSON text to add as that member; NULL = none. */
void eng_row_metrics(struct nv_buf *buf, const struct eng *eng,
	const struct led_totals *t, const char *unconverted);
void eng_row_desired(struct nv_buf *buf, const struct eng_worker *w);
/* Of one instance; 0 = all of them. */
void eng_row_resources(struct nv_buf *buf, const struct eng_worker *w, uint32_t instance);

/* Members of an object that is open: configuration, state, figures. `unconverted` as
 * above. brief: without resources and instances. */
void eng_row_worker(struct nv_buf *buf, const struct eng *eng, const struct eng_worker *w,
	const char *unconverted, bool brief);
/* More members: what an agent is besides. */
void eng_row_agent(struct nv_buf *buf, const struct eng_worker *w);
/* What is wished for, unless it is not so: tried too often, or no process of it is there
 * (novasupd knows whether it is in backoff, in cooldown or finished). */
const char *eng_agent_state(const struct eng_worker *w);

#endif
