/*
 * libFuzzer: the first byte chooses the provider, the rest is a body.  Its
 * seeds are the fixtures, each with such a byte in front.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "handlers/provider.h"
#include "handlers/submission.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* What the rest of genhook relies on. */
static void
result_check(enum parse_verdict verdict, const struct result *r)
{
	size_t	i;

	if (verdict == PARSE_FINAL && (r->task_id == NULL ||
	    strlen(r->task_id) > TASK_ID_MAX || r->state == TASK_PENDING))
		abort();
	if (verdict == PARSE_PROGRESS && r->state != TASK_PENDING)
		abort();
	if (verdict == PARSE_HINT && (r->task_id == NULL ||
	    strlen(r->task_id) > TASK_ID_MAX))
		abort();
	for (i = 0; i < r->noutputs; i++)
		if ((r->outputs[i].url == NULL) ==
		    (r->outputs[i].inline_text == NULL) ||
		    r->outputs[i].expires_at < 0)
			abort();
}

/* The same bytes as an answer to a submit, and as a request. */
static void
submission_check(const struct provider *p, struct json_object *doc,
    const char *body, size_t len)
{
	const struct submission	 s = {
		"https://h", NULL, "m", "https://h/hook", false, NULL, NULL
	};
	const struct api_answer	 answer = { 200, doc, body, len };
	struct errbuf		 err;
	enum api_trouble	 trouble;
	const char		*id;
	char			*text, *filled;

	if ((submission_judge(p, &answer, &id, &trouble, &err) ==
	    SUBMIT_DONE) != (id != NULL))
		abort();
	if (id != NULL && trouble != API_NONE)
		abort();
	if (id != NULL && (*id == '\0' || strlen(id) > TASK_ID_MAX))
		abort();
	if ((text = strndup(body, len)) == NULL)
		abort();
	filled = submission_body(p, &s, text, &err);
	free(filled);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct parse_context	ctx = {
		.received_at = INT64_C(1764000000) * USEC_PER_SEC,
		.api_base = "https://api.example"
	};
	struct json_object	*doc;
	struct result		 r = { 0 };
	struct errbuf		 err;
	char			 url[1024];
	struct buf		 buf;
	const struct provider	*p;
	size_t			 n = 0;

	if (len == 0)
		return 0;
	while (providers[n] != NULL)
		n++;
	p = providers[data[0] % n];
	if (json_parse((const char *)data + 1, len - 1, &doc, &err) != JSON_OK)
		return 0;
	result_check(p->parse(doc, &ctx, &r, &err), &r);
	if (r.task_id != NULL) {
		buf_over(&buf, url, sizeof(url));
		(void)p->poll_url(&buf, "https://h", r.task_id, r.model, &err);
	}
	(void)p->poll_classify(200, doc, &err);
	submission_check(p, doc, (const char *)data + 1, len - 1);
	result_free(&r);
	json_free(doc);
	return 0;
}
