/* ledger seal and anchor: on the files themselves, whether or not anything runs. */
#include "anchor.h"
#include "ledger_open.h"
#include "nv_clock.h"
#include "seal.h"
#include "shape.h"
#include "verbs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
key_path(struct ctl *ctl, char path[CTL_LEDGER_DIR_BYTES])
{
	(void)snprintf(path, CTL_LEDGER_DIR_BYTES, "%s/seal.key", ctl->paths.state_dir);
}

/* Root may make it for a Nova that runs as somebody else. */
static int
give_key(const char *path, const char *state_dir)
{
	struct stat st;

	if (stat(state_dir, &st) < 0 || chown(path, st.st_uid, st.st_gid) < 0)
		return -errno;
	return 0;
}

/* The first day that is not over: what was before it is sealed without a key. */
static uint32_t
today(const struct led *led, struct led_view *view)
{
	struct led_seal last;
	uint32_t day = (uint32_t)(NV_MAX(nv_wall_ns(), led_last_time(led)) /
				  (INT64_C(86400) * NV_NS_PER_SEC));

	if (led_view_seal_last(view, &last) == 0)
		day = NV_MAX(day, last.day + 1);
	return day;
}

static int
init_key(struct ctl *ctl, const struct led *led, struct led_view *view)
{
	char path[CTL_LEDGER_DIR_BYTES];
	char text[LED_SEAL_KEY_BYTES];
	char date[LED_DATE_BYTES];
	struct led_seal_key key;

	key_path(ctl, path);
	if (access(path, F_OK) == 0 && !ctl_opt(&ctl->args, "replace"))
		return ctl_fail(&ctl->out, NV_EXIT_NO,
			"%s exists: with --replace days from today on are sealed with a "
			"new key, and the old one verifies those before",
			path);
	int rc = led_seal_key_make(led_id(led), today(led, view), &key);

	if (rc == 0)
		rc = led_seal_key_store(path, &key);
	if (rc == 0)
		rc = give_key(path, ctl->paths.state_dir);
	if (rc < 0)
		return ctl_fail(&ctl->out, NV_EXIT_FAILED, "%s: %s", path, strerror(-rc));
	led_seal_key_text(&key, text);
	if (ctl->out.json)
		ctl_json(&ctl->out,
			ctl_need(json_pack("{s:s, s:s, s:s}", "key", text, "from",
				led_date(key.day, date), "file", path)));
	else
		ctl_print(&ctl->out, CTL_PLAIN,
			"%s\n\nKeep this line where nobody has it who can reach this "
			"machine. It is shown this once; it\nverifies every seal from %s "
			"on (novactl ledger verify --seal-key FILE).\n",
			text, led_date(key.day, date));
	explicit_bzero(&key, sizeof(key));
	explicit_bzero(text, sizeof(text));
	return NV_EXIT_OK;
}

/* What the key file is good for, as a word or a sentence. */
static const char *
key_state(struct ctl *ctl, const struct led *led, char ret_from[LED_DATE_BYTES])
{
	char path[CTL_LEDGER_DIR_BYTES];
	struct led_seal_key key;
	const char *state = "in force";

	key_path(ctl, path);
	int rc = led_seal_key_load(path, &key);

	ret_from[0] = '\0';
	if (rc == -ENOENT)
		state = "none (novactl ledger seal --init)";
	else if (rc < 0)
		state = rc == -EBADMSG ? "damaged" : strerror(-rc);
	else if (memcmp(key.ledger, led_id(led), sizeof(key.ledger)) != 0)
		state = "of another ledger";
	else
		(void)led_date(key.day, ret_from);
	explicit_bzero(&key, sizeof(key));
	return state;
}

static int
show_seals(struct ctl *ctl, const struct led *led, struct led_view *view)
{
	char from[LED_DATE_BYTES];
	char date[LED_DATE_BYTES];
	char root[2 * LED_HASH_BYTES + 1];
	struct led_seal last = {0};
	const char *state = key_state(ctl, led, from);
	int rc = led_view_seal_last(view, &last);

	if (rc < 0 && rc != -ENOENT)
		return ctl_fail(&ctl->out, NV_EXIT_FAILED, "the seals cannot be read: %s",
			strerror(-rc));
	if (ctl->out.json) {
		json_t *seal = rc < 0 ? json_null()
				      : ctl_need(json_pack("{s:s, s:I, s:s, s:b}", "day",
						led_date(last.day, date), "batches",
						(json_int_t)last.batches, "root",
						led_hex(last.root, LED_HASH_BYTES, root),
						"authenticated", last.has_mac));

		ctl_json(&ctl->out, ctl_need(json_pack("{s:s, s:s, s:o}", "key", state,
					    "key_from", from, "last", seal)));
		return NV_EXIT_OK;
	}
	ctl_field(&ctl->out, "key", state);
	if (from[0])
		ctl_field(&ctl->out, "seals from", from);
	ctl_field(&ctl->out, "last seal", rc < 0 ? "none yet" : led_date(last.day, date));
	if (rc == 0) {
		ctl_field(&ctl->out, "root", led_hex(last.root, LED_HASH_BYTES, root));
		ctl_field(&ctl->out, "with the key", last.has_mac ? "yes" : "no");
	}
	return NV_EXIT_OK;
}

int
ctl_verb_ledger_seal(struct ctl *ctl)
{
	struct led *led = NULL;
	struct led_view *view = NULL;
	bool init = ctl_opt(&ctl->args, "init") != NULL;

	if (!init && ctl_opt(&ctl->args, "replace"))
		return ctl_fail(&ctl->out, NV_EXIT_USAGE, "--replace goes with --init");
	int code = ctl_ledger_open(ctl, &led, &view);

	if (code != NV_EXIT_OK)
		return code;
	code = init ? init_key(ctl, led, view) : show_seals(ctl, led, view);
	led_view_end(view);
	led_close(led);
	return code;
}

int
ctl_verb_ledger_anchor(struct ctl *ctl)
{
	struct led *led = NULL;
	struct led_view *view = NULL;
	struct led_anchor anchor;
	char line[LED_ANCHOR_LINE_BYTES];
	int code = ctl_ledger_open(ctl, &led, &view);

	if (code != NV_EXIT_OK)
		return code;
	int rc = led_anchor_of(view, nv_wall_ns(), &anchor);

	led_view_end(view);
	led_close(led);
	if (rc < 0)
		return ctl_fail(&ctl->out, rc == -ENOENT ? NV_EXIT_NO : NV_EXIT_FAILED,
			"%s",
			rc == -ENOENT ? "nothing was committed yet" : strerror(-rc));
	(void)led_anchor_line(&anchor, line);
	/* The same line in both shapes: it is what `verify --anchors` reads. */
	if (ctl->out.json)
		ctl_json(&ctl->out, ctl_need(json_loads(line, 0, NULL)));
	else
		ctl_print(&ctl->out, CTL_PLAIN, "%s\n", line);
	return NV_EXIT_OK;
}
