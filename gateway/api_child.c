/* What children say, as answers: see api_ask.h. */
#include "api_ask.h"
#include "reply.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The first line, without the name of the program. */
static void
take_line(const char *errors, char *error, size_t error_bytes)
{
	static const char name[] = "novactl: ";

	if (strncmp(errors, name, strlen(name)) == 0)
		errors += strlen(name);
	(void)snprintf(error, error_bytes, "%.*s", (int)strcspn(errors, "\n"), errors);
}

/* Of commands about workers: what the first one says that it was not done to. */
static const char *
refusal_of(const json_t *answer)
{
	size_t i;
	json_t *row;

	json_array_foreach(json_object_get(answer, "workers"), i, row)
	{
		if (json_is_false(json_object_get(row, "ok")))
			return json_string_value(json_object_get(row, "result"));
	}
	return NULL;
}

json_t *
gw_child_answer(const struct nv_program_end *end, char *error, size_t error_bytes)
{
	json_t *answer = json_loadb(end->out, end->out_bytes, 0, NULL);
	const char *theirs = json_string_value(json_object_get(answer, "error"));
	const char *result = json_string_value(json_object_get(answer, "result"));
	const char *refusal = refusal_of(answer);

	error[0] = '\0';
	if (end->code == 0 && answer)
		return answer;
	if (theirs)
		(void)snprintf(error, error_bytes, "%s", theirs);
	else if (end->why[0])
		(void)snprintf(error, error_bytes, "%s", end->why);
	else if (result)
		(void)snprintf(error, error_bytes, "the answer is: %s", result);
	else if (refusal)
		(void)snprintf(error, error_bytes, "%s", refusal);
	else if (end->errors[0])
		take_line(end->errors, error, error_bytes);
	else
		(void)snprintf(error, error_bytes, "novactl could not be understood");
	return answer;
}

void
gw_answer_busy(struct gw_call *call, int rc)
{
	if (rc == -EBUSY) {
		gw_answer_header(call, "Retry-After", "2");
		gw_answer_error(call, 503, "too much is being done already: come again");
	} else {
		gw_answer_error(call, 500, "novactl cannot be started");
	}
}

bool
gw_wants_stream(const struct gw_call *call)
{
	const char *accept = gw_header(call->request, "accept");

	return accept && strstr(accept, "text/event-stream");
}
