/*
 * Uploads that were begun and that nobody came back for: the parts of a large
 * file in the store cost money until somebody aborts the upload.  Only those
 * are aborted whose key is one that genhook would have chosen.
 */
#include <sys/stat.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "handlers/provider.h"
#include "archive/s3_clean.h"

#define CLEAN_TURN_MS	50
#define CLEAN_EVERY_S	3600
#define CLEAN_WITHIN_MS	3000
#define CLEAN_STAMP_MODE	0640

/* Ask and wait.  False: no good answer in time. */
static bool
s3_clean_ask(struct s3_store *s, struct s3_call *call, const char *method,
    int64_t until_ms)
{
	if (!s3_call_start(call, s, method, S3_NO_BODY, NULL))
		return false;
	while (call->in_flight && clock_ms() < until_ms)
		http_turn(s->engine, CLEAN_TURN_MS);
	if (call->in_flight) {
		http_engine_free(s->engine);
		s->engine = NULL;
	}
	return call->response.verdict == HTTP_ANSWERED &&
	    call->response.status / 100 == 2;
}

/* Is it a key that genhook would have chosen: PREFIX PROVIDER/YYYY/... ? */
static bool
s3_clean_is_ours(const struct s3_store *s, const char *key)
{
	size_t	len = strlen(s->place.prefix), i;

	if (strncmp(key, s->place.prefix, len) != 0)
		return false;
	key += len;
	for (i = 0; providers[i] != NULL; i++) {
		len = strlen(providers[i]->name);
		if (strncmp(key, providers[i]->name, len) == 0 &&
		    key[len] == '/' && strspn(key + len + 1,
		    "0123456789") == 4 && key[len + 5] == '/')
			return true;
	}
	return false;
}

/* One upload of the list: was it begun before then, and is it gone now? */
static bool
s3_clean_one(struct s3_store *s, const char *item, time_t before,
    int64_t until_ms)
{
	struct s3_call	call = { 0 };
	char		key[S3_KEY_MAX], id[S3_ID_MAX], begun[40];
	int64_t		when;
	bool		ok;

	if (!s3_xml_text(item, "Key", key, sizeof(key)) ||
	    !s3_xml_text(item, "UploadId", id, sizeof(id)) ||
	    !s3_xml_text(item, "Initiated", begun, sizeof(begun)) ||
	    (when = s3_time(begun)) == 0 || when >= (int64_t)before ||
	    !s3_clean_is_ours(s, key))
		return false;
	ok = s3_call_url(&call, s, key) &&
	    s3_call_query(&call, "?uploadId=", id) &&
	    s3_clean_ask(s, &call, "DELETE", until_ms);
	s3_call_reset(&call);
	return ok;
}

/* Has it been an hour?  Then it is now. */
static bool
s3_clean_is_due(const char *stamp)
{
	struct stat	st;
	int		fd;

	if (stat(stamp, &st) == 0 && time(NULL) - st.st_mtime < CLEAN_EVERY_S)
		return false;
	fd = open(stamp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW |
	    O_CLOEXEC, CLEAN_STAMP_MODE);
	if (fd == -1)
		return false;
	(void)futimens(fd, NULL);
	(void)close(fd);
	return true;
}

/* The list of all uploads under the prefix.  False: no good answer in time. */
static bool
s3_clean_list(struct s3_store *s, struct s3_call *call, int64_t until_ms)
{
	return s3_call_url(call, s, "") && s3_call_query(call,
	    "?max-uploads=1000&prefix=", s->place.prefix) &&
	    s3_call_query(call, "&uploads=", "") &&
	    s3_clean_ask(s, call, "GET", until_ms);
}

long
s3_clean_uploads(struct s3_store *s, const char *stamp, time_t before)
{
	struct s3_call	 call = { 0 };
	const char	*at;
	char		*item;
	int64_t		 until_ms = clock_ms() + CLEAN_WITHIN_MS;
	long		 removed = 0;

	if (!s3_clean_is_due(stamp))
		return 0;
	if (s3_clean_list(s, &call, until_ms)) {
		at = s3_call_answer(&call);
		while (s->engine != NULL && clock_ms() < until_ms &&
		    (item = s3_xml_next(&at, "Upload")) != NULL) {
			removed += s3_clean_one(s, item, before, until_ms);
			free(item);
		}
	}
	s3_call_reset(&call);
	return removed;
}
