/* Can the simulation see at all? Each rule is broken in turn in a copy of the model: a
 * difference from the sound one must be found. */
#include "sim_random.h"

#include <stdlib.h>

#define HISTORIES 20000

static const char *const break_text[OTP_BREAK_COUNT] = {
#define OTP_X(name, text) [OTP_##name] = (text),
	OTP_BREAKS(OTP_X)
#undef OTP_X
};

static int
histories_until_seen(enum otp_break broken, struct history *h)
{
	for (int i = 0; i < HISTORIES; i++)
		if (sim_random(h, (uint64_t)i + 1, &side_model, OTP_SOUND, &side_model,
			    broken) >= 0)
			return i + 1;
	return -1;
}

int
main(void)
{
	static struct history h;
	int blind = 0;

	(void)printf("1..%d\n", (int)OTP_BREAK_COUNT);
	for (int i = 0; i < OTP_BREAK_COUNT; i++) {
		int n = i == OTP_SOUND ? 0 : histories_until_seen((enum otp_break)i, &h);
		bool ok = n > 0;
		if (i == OTP_SOUND) /* and what is sound differs from nothing */
			ok = histories_until_seen(OTP_SOUND, &h) < 0;
		if (ok && n > 0) {
			sim_shrink(&h, &side_model, OTP_SOUND, &side_model,
				(enum otp_break)i);
			ok = sim_replay(&h, &side_model, OTP_SOUND, &side_model,
				     (enum otp_break)i, NULL, NULL, 0) >= 0;
		}
		(void)printf("%s %d - %s: seen in history %d, %u events\n",
			ok ? "ok" : "not ok", i + 1, break_text[i], n, h.n);
		if (!ok)
			blind++;
		else if (n > 0 && getenv("NOVA_SHOW") != NULL)
			(void)sim_replay(&h, &side_model, OTP_SOUND, &side_model,
				(enum otp_break)i, stdout, NULL, 0);
	}
	side_fini();
	return blind == 0 ? 0 : 1;
}
