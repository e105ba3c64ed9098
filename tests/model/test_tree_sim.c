/* supervisor/tree.c against the reference model, over random histories.
 *
 * NOVA_HISTORIES: how many (default 50000); NOVA_SEED: of the first one. On a difference
 * the seed, the shortest history that still shows it, and both sides' actions are
 * printed; put that history into tests/model/histories.txt. */
#include "sim_random.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t
number_from(const char *name, uint64_t fallback)
{
	const char *text = getenv(name);

	return text == NULL ? fallback : strtoull(text, NULL, 10);
}

static void
show(struct history *h, uint64_t seed, const struct side_ops *judged)
{
	char problem[256];

	sim_shrink(h, &side_model, OTP_SOUND, judged, OTP_SOUND);
	(void)printf("# NOVA_SEED=%" PRIu64 "; the shortest history of this:\n", seed);
	history_print(stdout, h);
	(void)printf("# model | %s\n", judged->name);
	(void)sim_replay(h, &side_model, OTP_SOUND, judged, OTP_SOUND, stdout, problem,
		sizeof(problem));
	(void)printf("# differ: %s\n", problem);
}

int
main(void)
{
	static struct history h;
	uint64_t seed = number_from("NOVA_SEED", 1);
	uint64_t count = number_from("NOVA_HISTORIES", 50000);
	uint64_t events = 0;
#ifdef HAVE_SUP_TREE
	const struct side_ops *judged = &side_tree;
#else
	const struct side_ops *judged = &side_model;
#endif
	struct timespec begin, end;

	(void)clock_gettime(CLOCK_MONOTONIC, &begin);
	for (uint64_t i = 0; i < count; i++) {
		if (sim_random(&h, seed + i, &side_model, OTP_SOUND, judged, OTP_SOUND) >=
			0) {
			show(&h, seed + i, judged);
			return 1;
		}
		events += h.n;
	}
	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	(void)printf("%" PRIu64 " histories, %" PRIu64 " events, %.1f s: no difference\n",
		count, events,
		(double)(end.tv_sec - begin.tv_sec) +
			(double)(end.tv_nsec - begin.tv_nsec) / 1e9);
	side_fini();
	return 0;
}
