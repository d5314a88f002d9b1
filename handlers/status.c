/* What providers' words for the states of a task mean. */
#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "handlers/status.h"

#define WORD_MAX	40	/* bytes with the NUL; a longer one is none */

/*
 * The words of the providers' pages, and their synonyms that public clients
 * list.  A word is here only if no provider uses it for another state.
 */
static const struct {
	const char	*word;
	enum task_state	 state;
	const char	*code;
} status_words[] = {
	{ "pending",	   TASK_PENDING,   NULL },
	{ "queued",	   TASK_PENDING,   NULL },
	{ "queuing",	   TASK_PENDING,   NULL },
	{ "queueing",	   TASK_PENDING,   NULL },
	{ "in_queue",	   TASK_PENDING,   NULL },
	{ "waiting",	   TASK_PENDING,   NULL },
	{ "wait",	   TASK_PENDING,   NULL },
	{ "created",	   TASK_PENDING,   NULL },
	{ "scheduled",	   TASK_PENDING,   NULL },
	{ "accepted",	   TASK_PENDING,   NULL },
	{ "submitted",	   TASK_PENDING,   NULL },
	{ "not_start",	   TASK_PENDING,   NULL },
	{ "not_started",   TASK_PENDING,   NULL },
	{ "init",	   TASK_PENDING,   NULL },
	{ "starting",	   TASK_PENDING,   NULL },
	{ "started",	   TASK_PENDING,   NULL },
	{ "preparing",	   TASK_PENDING,   NULL },
	{ "processing",	   TASK_PENDING,   NULL },
	{ "in_progress",   TASK_PENDING,   NULL },
	{ "inprogress",	   TASK_PENDING,   NULL },
	{ "running",	   TASK_PENDING,   NULL },
	{ "generating",	   TASK_PENDING,   NULL },
	{ "staged",	   TASK_PENDING,   NULL },
	{ "throttled",	   TASK_PENDING,   NULL },
	{ "uploading",	   TASK_PENDING,   NULL },
	{ "validating",	   TASK_PENDING,   NULL },
	{ "finalizing",	   TASK_PENDING,   NULL },
	{ "cancelling",	   TASK_PENDING,   NULL },
	{ "modal",	   TASK_PENDING,   NULL },	/* Midjourney asks */
	{ "succeed",	   TASK_SUCCEEDED, NULL },
	{ "succeeded",	   TASK_SUCCEEDED, NULL },
	{ "success",	   TASK_SUCCEEDED, NULL },
	{ "successful",	   TASK_SUCCEEDED, NULL },
	{ "completed",	   TASK_SUCCEEDED, NULL },
	{ "complete",	   TASK_SUCCEEDED, NULL },
	{ "finished",	   TASK_SUCCEEDED, NULL },
	{ "finish",	   TASK_SUCCEEDED, NULL },
	{ "done",	   TASK_SUCCEEDED, NULL },
	{ "ready",	   TASK_SUCCEEDED, NULL },
	{ "fail",	   TASK_FAILED,	   NULL },
	{ "failed",	   TASK_FAILED,	   NULL },
	{ "failure",	   TASK_FAILED,	   NULL },
	{ "error",	   TASK_FAILED,	   NULL },
	{ "errored",	   TASK_FAILED,	   NULL },
	{ "rejected",	   TASK_FAILED,	   NULL },
	{ "incomplete",	   TASK_FAILED,	   NULL },
	{ "nsfw",	   TASK_FAILED,	   NULL },
	{ "request_moderated", TASK_FAILED, "moderated" },
	{ "content_moderated", TASK_FAILED, "moderated" },
	{ "timeout",	   TASK_FAILED,	   "timeout" },
	{ "timed_out",	   TASK_FAILED,	   "timeout" },
	{ "time_out",	   TASK_FAILED,	   "timeout" },
	{ "expired",	   TASK_FAILED,	   "timeout" },
	{ "cancel",	   TASK_CANCELLED, NULL },
	{ "canceled",	   TASK_CANCELLED, NULL },
	{ "cancelled",	   TASK_CANCELLED, NULL },
	{ "aborted",	   TASK_CANCELLED, NULL },
	{ "deleted",	   TASK_CANCELLED, NULL },
};

static const char *const status_prefixes[] = {
	"task_status_", "task_", "status_", "state_"
};

/* In lower case, with '_' for blanks and hyphens.  False: it is too long. */
static bool
status_fold(const char *word, char folded[WORD_MAX])
{
	size_t	n;

	for (n = 0; word[n] != '\0'; n++) {
		if (n + 1 >= WORD_MAX)
			return false;
		folded[n] = word[n] == ' ' || word[n] == '-' ? '_' :
		    (char)tolower((unsigned char)word[n]);
	}
	folded[n] = '\0';
	return true;
}

bool
status_find(const char *word, enum task_state *state, const char **code)
{
	char		folded[WORD_MAX];
	const char	*name = folded;
	size_t		i;

	if (!status_fold(word, folded))
		return false;
	for (i = 0; i < sizeof(status_prefixes) / sizeof(status_prefixes[0]) &&
	    name == folded; i++)
		if (strncmp(folded, status_prefixes[i],
		    strlen(status_prefixes[i])) == 0)
			name += strlen(status_prefixes[i]);
	for (i = 0; i < sizeof(status_words) / sizeof(status_words[0]); i++)
		if (strcmp(status_words[i].word, name) == 0) {
			*state = status_words[i].state;
			*code = status_words[i].code;
			return true;
		}
	return false;
}
