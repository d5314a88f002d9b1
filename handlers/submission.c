/* Requests to providers: URL and body, and what the answer is worth. */
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "handlers/result.h"
#include "handlers/submission.h"

#define SUBMISSION_PATH_MAX	2048

void
submission_hook(struct buf *url, const char *base, const struct provider *p,
    const char *token)
{
	url_append_base(url, base);
	buf_printf(url, "/hook/%s/%s", p->name, token);
}

static void
submission_append_hook(struct buf *url, const struct provider *p,
    const char *hook)
{
	if (hook == NULL || p->hook_parameter == NULL || !buf_ok(url))
		return;
	buf_printf(url, "%s%s=", strchr(url->data, '?') == NULL ? "?" : "&",
	    p->hook_parameter);
	buf_percent(url, hook, "");
}

/* Two dots, a second slash or a backslash, as they are or encoded, could lead
 * out of api_base, and so the key to somebody else. */
static bool
submission_stays_below(const char *path)
{
	char		 decoded[SUBMISSION_PATH_MAX];
	const char	*p;
	struct buf	 b;
	size_t		 n;

	buf_over(&b, decoded, sizeof(decoded));
	buf_percent_decoded(&b, path, strcspn(path, "?#"));
	if (!buf_ok(&b) || strlen(decoded) != b.len || decoded[0] != '/' ||
	    decoded[1] == '/')
		return false;
	for (p = decoded; *p != '\0'; p++)
		if ((unsigned char)*p <= 0x20 || *p == 0x7f || *p == '\\')
			return false;
	for (p = decoded + 1; ; p += n + 1) {
		n = strcspn(p, "/");
		if ((n == 1 && p[0] == '.') ||
		    (n == 2 && p[0] == '.' && p[1] == '.'))
			return false;
		if (p[n] == '\0')
			return true;
	}
}

bool
submission_url(struct buf *url, const struct provider *p,
    const struct submission *s, struct errbuf *err)
{
	bool	ok;

	url_append_base(url, s->api_base);
	if (s->path != NULL) {
		ok = submission_stays_below(s->path) &&
		    strpbrk(s->path, "# \t\r\n") == NULL;
		buf_text(url, s->path);
	} else
		ok = p->submit_path(url, s->model);
	submission_append_hook(url, p, s->hook);
	if (ok && buf_ok(url))
		return true;
	errbuf_set(err, "%s \"%s\" cannot stand in a URL",
	    s->path != NULL ? "path" : "model",
	    s->path != NULL ? s->path : s->model);
	return false;
}

char *
submission_body(const struct provider *p, const struct submission *s,
    const char *request, struct errbuf *err)
{
	struct json_object	*doc;
	struct errbuf		 cause;
	char			*body = NULL;

	if (s->test_mode && !p->has_test_mode) {
		errbuf_set(err, "%s has no test mode", p->name);
		return NULL;
	}
	if (json_parse(request, strlen(request), &doc, &cause) != JSON_OK) {
		errbuf_set(err, "the request is no JSON: %s", cause.text);
		return NULL;
	}
	if (!json_is_object(doc))
		errbuf_set(err, "the request is no JSON object");
	else if (!json_is_exact(doc))
		errbuf_set(err, "the request holds a whole number that does "
		    "not fit in 64 bits");
	else if (p->submit_fill(doc, s, err) &&
	    (body = json_print(doc)) == NULL)
		(void)errbuf_no_memory(err);
	json_free(doc);
	return body;
}

static const struct submit_quirk *
submission_find_quirk(const struct provider *p, int status, const char *body,
    size_t len)
{
	const struct submit_quirk	*q = p->submit_quirks;

	for (; q != NULL && q->status != 0; q++)
		if (q->status == status && body != NULL &&
		    memmem(body, len, q->words, strlen(q->words)) != NULL)
			return q;
	return NULL;
}

/* The first id that is one: as long and as plain as a task's may be. */
static const char *
submission_find_id(const struct provider *p, struct json_object *doc)
{
	const char *const	*path;
	const char		*id, *c;

	for (path = p->task_id_paths; *path != NULL; path++) {
		id = json_string_at(doc, *path);
		for (c = id; c != NULL && (unsigned char)*c >= 0x20 &&
		    *c != 0x7f; c++)
			;
		if (id != NULL && c != id && *c == '\0' &&
		    c - id <= TASK_ID_MAX)
			return id;
	}
	return NULL;
}

/* What is left when the answer is neither a task nor about the key. */
static enum submit_verdict
submission_judge_status(int http, struct json_object *doc)
{
	int	status = provider_answer_status(http, doc);
	int64_t	code;

	/* An error's own code, where the status says nothing. */
	if (status / 100 == 2 && json_int_at(doc, "error.code", &code) &&
	    code >= 400 && code < 600)
		status = (int)code;
	if (status == 503 || status == 425)
		return SUBMIT_LATER;
	/* Who gives a request up half read may have acted on it. */
	if (status == 408)
		return SUBMIT_UNKNOWN;
	if (status / 100 == 4 || status / 100 == 3)
		return SUBMIT_REFUSED;
	return SUBMIT_UNKNOWN;
}

enum submit_verdict
submission_judge(const struct provider *p, int http, struct json_object *doc,
    const char *body, size_t len, const char **task_id, struct errbuf *err)
{
	enum poll_verdict		 poll = p->poll_classify(http, doc, err);
	const struct submit_quirk	*quirk;

	*task_id = NULL;
	if ((quirk = submission_find_quirk(p, http, body, len)) != NULL)
		return quirk->verdict;
	switch (poll) {
	case POLL_TASK:
		if ((*task_id = submission_find_id(p, doc)) != NULL)
			return SUBMIT_DONE;
		errbuf_set(err, "answered %d without a task's id", http);
		return SUBMIT_UNKNOWN;
	case POLL_NOT_FOUND:
		return SUBMIT_REFUSED;
	case POLL_BAD_KEY:
		/* A 403 is as often about what was asked for. */
		return provider_answer_status(http, doc) == 401 ?
		    SUBMIT_BAD_KEY : SUBMIT_REFUSED;
	case POLL_RATE_LIMITED:
		return SUBMIT_RATE_LIMITED;
	case POLL_TROUBLE:
		break;
	}
	return submission_judge_status(http, doc);
}
