/* How the runs of a worker are shared out between variants: what an experiment wants, and
 * which variant a run or an instance gets. The engine decides it, novasupd carries it,
 * nova-runner obeys it, so the text form and the choice stand here.
 *
 * Text form: "a:700000,b:300000": variants with their shares in parts per million, which
 * are a million together. Where the variants are values of a parameter, its name and the
 * values (JSON, percent-encoded) stand there as well:
 * "style;style.1:500000:%22plain%22,style.2:500000:%22question%22". */
#ifndef NV_SPLIT_H
#define NV_SPLIT_H

#include "nv_err.h"
#include "nv_name.h"

#define NV_SPLIT_ARMS        8
#define NV_SPLIT_WHOLE_PPM   UINT32_C(1000000)
#define NV_SPLIT_VALUE_BYTES 48 /* with the NUL; before it is encoded */
/* Of the text, with the NUL: the longest there can be. */
#define NV_SPLIT_BYTES \
	(NV_NAME_MAX + NV_SPLIT_ARMS * (NV_NAME_MAX + 9 + 3 * NV_SPLIT_VALUE_BYTES))

struct nv_split_arm {
	char name[NV_NAME_MAX];           /* as nv_name_valid wants it */
	uint32_t share_ppm;               /* 0 = dropped: no run gets it any more */
	char value[NV_SPLIT_VALUE_BYTES]; /* JSON; "" without a parameter */
};

struct nv_split {
	unsigned n;              /* 0 = no experiment */
	char param[NV_NAME_MAX]; /* "" = the variants are names alone */
	struct nv_split_arm arms[NV_SPLIT_ARMS];
};

/* "" is no experiment. 0, or -EINVAL with what was expected; *ret is untouched then. */
int nv_split_parse(const char *text, struct nv_split *ret, struct nv_err *err);
/* Returns buf. The split is one that could be parsed again. */
const char *nv_split_text(const struct nv_split *split, char buf[NV_SPLIT_BYTES]);
/* Shares as doubles, which need not add up to exactly one, become parts per million that
 * do: by the largest remainder. n as in the split; all shares zero: equal ones. */
void nv_split_set_shares(struct nv_split *split, const double *shares);

/* More than one variant gets runs. */
bool nv_split_is_mixed(const struct nv_split *split);

/* Whose variant a run with this id is: a hash of the id against the shares, so that it is
 * settled by the id alone, differs from run to run like a throw of dice, and follows no
 * rhythm of the day. n > 0. */
unsigned nv_split_of_run(const struct nv_split *split, const char *run_id);
/* Whose variant an instance of a service is, from its start to its end. Neighbouring
 * numbers, and each start of the same instance, are spread evenly over the shares. */
unsigned nv_split_of_instance(const struct nv_split *split, const char *worker,
	uint32_t instance, uint32_t generation);

#endif
