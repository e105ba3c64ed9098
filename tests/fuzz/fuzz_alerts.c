/* What reaches nova-alerts from outside: words of workers in every channel's form,
 * answers of vendors, buttons, and the file it kept. The first byte says which. */
#include "alert.h"
#include "queue.h"
#include "wording.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void
words(const char *text)
{
	struct alert_notice list[3] = {0};

	for (size_t i = 0; i < NV_LEN(list); i++) {
		list[i].alert.severity = ALERT_ERROR;
		list[i].alert.approval = i == 2 ? 5 : 0;
		(void)snprintf(list[i].alert.key, sizeof(list[i].alert.key), "k%zu", i);
		alert_say(&list[i].alert, "%s", text);
		NV_ASSERT(strlen(list[i].alert.text) < ALERT_TEXT_BYTES);
	}
	for (int kind = 0; kind < ALERT_CHANNEL_COUNT; kind++) {
		const struct alert_batch batch = {
			.list = list, .n = NV_LEN(list), .host = "h"};
		size_t said = 0;
		json_t *body = alert_words((enum alert_channel_kind)kind, &batch, &said);
		const char *slack = json_string_value(json_object_get(body, "text"));

		/* Whatever a worker says, there is something to be said. */
		NV_ASSERT(body && said >= 1 && said <= NV_LEN(list));
		if (kind == ALERT_TO_SLACK || kind == ALERT_TO_TELEGRAM)
			NV_ASSERT(slack && !strpbrk(slack, "<>"));
		if (kind == ALERT_TO_TELEGRAM)
			NV_ASSERT(strlen(slack) < 4 * 4096);
		json_decref(body);
	}
}

static void
reply(const char *text)
{
	static const int statuses[] = {0, 200, 400, 403, 404, 429, 500, 999};

	for (int kind = 0; kind < ALERT_CHANNEL_COUNT; kind++) {
		for (size_t i = 0; i < NV_LEN(statuses); i++) {
			int64_t wait_ms = -1;

			(void)alert_reply((enum alert_channel_kind)kind, statuses[i],
				text, &wait_ms);
			NV_ASSERT(wait_ms >= -1 && wait_ms <= INT64_C(86400001));
		}
	}
}

static void
button(const char *text)
{
	bool approve;
	int64_t id = -1;

	if (alert_button_parse(text, &approve, &id) == 0)
		NV_ASSERT(id >= 0);
}

/* What was loaded is saved and loaded again as the same. */
static void
state(const char *text)
{
	json_t *saved = json_loads(text, 0, NULL);
	struct alert_book *book = alert_book_new();
	struct alert_queue queue = {0};

	NV_ASSERT(book);
	if (saved && alert_book_load(book, saved) == 0) {
		json_t *once = alert_book_save(book);
		struct alert_book *again = alert_book_new();

		NV_ASSERT(once && again && alert_book_load(again, once) == 0);
		json_t *twice = alert_book_save(again);

		NV_ASSERT(json_equal(once, twice));
		NV_ASSERT(alert_book_open(book) <= ALERT_OPEN_MAX);
		json_decref(once);
		json_decref(twice);
		alert_book_free(again);
	}
	if (saved && alert_queue_load(&queue, saved) == 0)
		NV_ASSERT(queue.n <= ALERT_QUEUE_MAX);
	alert_queue_fini(&queue);
	alert_book_free(book);
	json_decref(saved);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static void (*const targets[])(const char *text) = {words, reply, button, state};

	if (bytes == 0)
		return 0;
	char *text = malloc(bytes);

	if (!text)
		return 0;
	memcpy(text, data + 1, bytes - 1);
	text[bytes - 1] = '\0';
	targets[data[0] % NV_LEN(targets)](text);
	free(text);
	return 0;
}
