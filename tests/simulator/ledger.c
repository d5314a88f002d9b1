/* What really happened: one JSON line per event, each one write(2). */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "ledger.h"

static int	 fd = -1;

/* Appends to path; NULL keeps no ledger. */
bool
ledger_open(const char *path, struct words *why)
{
	if (path == NULL)
		return true;
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (fd == -1)
		words_set(why, "could not open the ledger \"%s\": %m", path);
	return fd != -1;
}

void
ledger_close(void)
{
	if (fd != -1)
		(void)close(fd);
	fd = -1;
}

/* Foreign text as a JSON string: at most 200 bytes, all of them printable. */
json_t *
ledger_text(const char *text)
{
	char	 buf[201];
	size_t	 n = 0;

	for (; text[n] != '\0' && n < sizeof(buf) - 1; n++)
		buf[n] = text[n] < 0x20 || text[n] == 0x7f ? '?' : text[n];
	buf[n] = '\0';
	return json_string(buf);
}

/*
 * Writes the time, the event, provider and task, and the members of more,
 * which is taken over and may be NULL.
 */
void
ledger_write(const char *event, const char *provider, const char *id,
    json_t *more)
{
	json_t	*obj;
	char	*text, *line = NULL;
	int	 len;

	if (fd == -1) {
		json_decref(more);
		return;
	}
	obj = json_pack("{s:f, s:s, s:s, s:o}", "t",
	    (double)clock_unix_us() / 1e6, "event", event, "provider",
	    provider, "task_id", ledger_text(id));
	if (more != NULL)
		(void)json_object_update(obj, more);
	text = json_dumps(obj, JSON_COMPACT | JSON_REAL_PRECISION(16));
	if (text != NULL && (len = asprintf(&line, "%s\n", text)) != -1) {
		if (write(fd, line, (size_t)len) != len)
			perror("could not write the ledger");
		free(line);
	}
	free(text);
	json_decref(obj);
	json_decref(more);
}
