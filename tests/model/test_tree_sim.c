/* supervisor/tree.c against the reference model, over random histories.
 *
 * NOVA_HISTORIES: how many (default 60000); NOVA_SEED: of the first one. On a difference
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

/* The file of old differences: returns how many show one again, -1: it cannot be read. */
static int
replay_file(const char *path, const struct side_ops *judged)
{
	static struct history h;
	FILE *in = fopen(path, "re");
	char line[1024];
	int failed = 0, n = 0;

	if (in == NULL)
		return -1;
	h.n = 0;
	for (bool more = true; more;) {
		more = fgets(line, sizeof(line), in) != NULL;
		if (more)
			line[strcspn(line, "\n")] = '\0';
		if (!more || strncmp(line, "begin", 5) == 0) {
			if (h.n > 0 && sim_replay(&h, &side_model, OTP_SOUND, judged,
					       OTP_SOUND, NULL, NULL, 0) >= 0) {
				(void)printf("# history %d of the file differs\n", n);
				show(&h, 0, judged);
				failed++;
			}
			n++;
			h.n = 0;
		}
		if (more && line[0] != '#' && line[0] != '\0' &&
			history_parse_line(&h, line) < 0) {
			(void)printf("# no event: %s\n", line);
			failed++;
		}
	}
	(void)fclose(in);
	(void)printf("%d histories of the file\n", n - 1);
	return failed;
}

int
main(void)
{
	static struct history h;
	uint64_t seed = number_from("NOVA_SEED", 1);
	uint64_t count = number_from("NOVA_HISTORIES", 60000);
	uint64_t events = 0;
	const struct side_ops *judged = &side_tree;
	struct timespec begin, end;

	if (replay_file(TREE_HISTORIES, judged) != 0)
		return 1;
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
