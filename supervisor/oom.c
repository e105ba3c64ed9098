/* Out of memory: see oom.h. */
#include "oom.h"
#include "nv_base.h"
#include "nv_fd.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char path[] = "/proc/self/oom_score_adj";
static char agents[16] = "0";

static bool
set_own(int value)
{
	char text[16];
	NV_CLEANUP_FD fd = open(path, O_WRONLY | O_CLOEXEC);

	(void)snprintf(text, sizeof(text), "%d", value);
	return fd >= 0 && write(fd, text, strlen(text)) > 0;
}

void
sup_oom_protect(void)
{
	char text[16] = "";
	NV_CLEANUP_FD fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || nv_read_full(fd, text, sizeof(text) - 1) <= 0)
		return; /* no /proc: then nothing can be set either */
	int given = (int)strtol(text, NULL, 10);

	(void)snprintf(agents, sizeof(agents), "%d", NV_MAX(given, 0));
	/* An ordinary user may go back to 0 at most. */
	if (given > SUP_OOM_SCORE_ADJ_OWN && !set_own(SUP_OOM_SCORE_ADJ_OWN) && given > 0)
		(void)set_own(0);
}

void
sup_oom_set_agents(const char *value)
{
	(void)snprintf(agents, sizeof(agents), "%s", value);
}

const char *
sup_oom_agents(void)
{
	return agents;
}
