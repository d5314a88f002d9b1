/* Requests to providers: URL and body, and what the answer is worth. */
#include <stdio.h>
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

/* Fill it in, and print it.  NULL with err. */
static char *
submission_print(const struct provider *p, const struct submission *s,
    struct json_object *doc, struct errbuf *err)
{
	char	*object, *list;

	if (p->own_id_member != NULL && s->own_id != NULL &&
	    json_string_at(doc, p->own_id_member) == NULL &&
	    !json_put_text(doc, p->own_id_member, s->own_id)) {
		(void)errbuf_no_memory(err);
		return NULL;
	}
	if (!p->submit_fill(doc, s, err))
		return NULL;
	if ((object = json_print(doc)) == NULL)
		(void)errbuf_no_memory(err);
	if (object == NULL || !p->submit_is_list)
		return object;
	if (asprintf(&list, "[%s]", object) == -1) {
		(void)errbuf_no_memory(err);
		list = NULL;
	}
	free(object);
	return list;
}

char *
submission_own_id(const struct provider *p, const struct submission *s,
    const char *request)
{
	struct json_object	*doc;
	struct errbuf		 unused;
	const char		*id;
	char			*copy;

	if (p->own_id_member == NULL || json_parse(request, strlen(request),
	    &doc, &unused) != JSON_OK)
		return NULL;
	if ((id = json_string_at(doc, p->own_id_member)) == NULL)
		id = s->own_id;
	copy = id != NULL ? strdup(id) : NULL;
	json_free(doc);
	return copy;
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
	else
		body = submission_print(p, s, doc, err);
	json_free(doc);
	return body;
}

/*
 * Answers of a proxy, whoever's API is behind it.  Envoy says 503 also where the
 * connection broke after the request had gone out.
 */
static const struct submit_quirk submission_quirks[] = {
	{ 503, "reset reason: connection termination", SUBMIT_UNKNOWN },
	{ 503, "reset reason: remote reset",	       SUBMIT_UNKNOWN },
	{ 503, "reset reason: protocol error",	       SUBMIT_UNKNOWN },
	{ 0, NULL, SUBMIT_DONE }
};

static const struct submit_quirk *
submission_find_quirk(const struct submit_quirk *q, const struct api_answer *a)
{
	for (; q != NULL && q->status != 0; q++)
		if (q->status == a->http && a->body != NULL &&
		    memmem(a->body, a->len, q->words, strlen(q->words)) != NULL)
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

/*
 * What a status says of the request, where the answer has no more to say.  What
 * is not here: a 3xx or 4xx says no, anything else nobody can tell.
 *
 * From 520 on they are Cloudflare's, by its pages on 5xx errors.  It never
 * reached the origin with 521 (connection refused), 523 (no route), 525 and 526
 * (no TLS) and 530 (no address).  520 and 524 come after the request was sent.
 * So may 522: it stands for a connection that could not be opened, and as well
 * for one on which the request was sent and never acknowledged.
 */
static const struct {
	int			 status;
	bool			 of_http;	/* a body's "code" is not meant */
	enum submit_verdict	 verdict;
} submission_statuses[] = {
	/* Who gives a request up half read may have acted on it. */
	{ 408, false, SUBMIT_UNKNOWN },
	{ 425, false, SUBMIT_LATER },
	{ 501, true,  SUBMIT_LATER },
	{ 503, false, SUBMIT_LATER },
	{ 505, true,  SUBMIT_LATER },
	{ 511, true,  SUBMIT_LATER },
	{ 520, true,  SUBMIT_UNKNOWN },
	{ 521, true,  SUBMIT_LATER },
	{ 522, true,  SUBMIT_UNKNOWN },
	{ 523, true,  SUBMIT_LATER },
	{ 524, true,  SUBMIT_UNKNOWN },
	{ 525, true,  SUBMIT_LATER },
	{ 526, true,  SUBMIT_LATER },
	{ 530, true,  SUBMIT_LATER },
};

static enum submit_verdict
submission_judge_status(const struct api_answer *a)
{
	int	status = api_answer_status(a->http, a->doc);
	size_t	i;

	for (i = 0; i < sizeof(submission_statuses) /
	    sizeof(submission_statuses[0]); i++)
		if (submission_statuses[i].status == status &&
		    (!submission_statuses[i].of_http || status == a->http))
			return submission_statuses[i].verdict;
	if (status / 100 == 4 || status / 100 == 3)
		return SUBMIT_REFUSED;
	return SUBMIT_UNKNOWN;
}

/* What stands before an API made no task.  But a 2xx without a page may be the
 * API's own answer, damaged on its way. */
static enum submit_verdict
submission_judge_wall(const struct api_answer *a)
{
	return a->http / 100 == 2 && !api_answer_is_page(a) ? SUBMIT_UNKNOWN :
	    SUBMIT_LATER;
}

/* What is left when there is no task. */
static enum submit_verdict
submission_judge_rest(const struct api_answer *a, enum poll_verdict poll,
    enum api_trouble trouble)
{
	if (trouble == API_NO_CREDIT)
		return SUBMIT_LATER;
	if (trouble == API_WALL)
		return submission_judge_wall(a);
	/* A 403 is as often about what was asked for. */
	if (api_answer_status(a->http, a->doc) == 401)
		return SUBMIT_BAD_KEY;
	if (poll == POLL_RATE_LIMITED)
		return SUBMIT_RATE_LIMITED;
	if (poll == POLL_NOT_FOUND)
		return SUBMIT_REFUSED;
	return submission_judge_status(a);
}

enum submit_verdict
submission_judge(const struct provider *p, const struct api_answer *a,
    const char **task_id, enum api_trouble *trouble, struct errbuf *err)
{
	enum poll_verdict		 poll;
	const struct submit_quirk	*quirk;

	*trouble = API_NONE;
	*task_id = NULL;
	poll = (p->submit_classify != NULL ? p->submit_classify :
	    p->poll_classify)(a->http, a->doc, err);
	if ((quirk = submission_find_quirk(p->submit_quirks, a)) != NULL)
		return quirk->verdict;
	if (poll == POLL_TASK) {
		if ((*task_id = submission_find_id(p, a->doc)) != NULL)
			return SUBMIT_DONE;
		errbuf_set(err, "answered %d without a task's id", a->http);
		return SUBMIT_UNKNOWN;
	}
	*trouble = api_trouble_of(p, a, err);
	if ((quirk = submission_find_quirk(submission_quirks, a)) != NULL)
		return quirk->verdict;
	return submission_judge_rest(a, poll, *trouble);
}
