/* What the providers have in common: answers, and URLs. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "lib/buf.h"
#include "handlers/provider.h"
#include "handlers/api_words.h"

static const struct {
	int			 status;
	enum poll_verdict	 verdict;
} provider_status_verdicts[] = {
	{ 401, POLL_BAD_KEY },
	{ 403, POLL_BAD_KEY },
	{ 404, POLL_NOT_FOUND },
	{ 429, POLL_RATE_LIMITED },
};
#define NVERDICTS	(sizeof(provider_status_verdicts) / \
			    sizeof(provider_status_verdicts[0]))

/* err gets the status, and the provider's own words where it has any. */
static void
provider_say_answer(int status, struct json_object *doc, struct errbuf *err)
{
	char		mem[1024];
	struct buf	words;

	buf_over(&words, mem, sizeof(mem));
	api_words(&words, doc);
	errbuf_set(err, "answered %d%s%s", status, words.len > 0 ? ": " : "",
	    mem);
}

int
provider_http_status(const struct provider *p, int http,
    struct json_object *doc)
{
	return p->answer_status != NULL ? p->answer_status(http, doc) : http;
}

int
provider_answer_status(int http, struct json_object *doc)
{
	int64_t	code;

	if (http / 100 == 2 && json_int_at(doc, "code", &code) &&
	    code != 200 && code >= INT_MIN && code <= INT_MAX)
		return (int)code;
	return http;
}

enum poll_verdict
poll_classify_common(int http, struct json_object *doc, struct errbuf *err)
{
	int	status = provider_answer_status(http, doc);
	size_t	i;

	if (http / 100 == 2 && !json_is_object(doc)) {
		errbuf_set(err, "answered %d without a JSON object", http);
		return POLL_TROUBLE;
	}
	if (status / 100 == 2) {
		errbuf_set(err, "%s", "");
		return POLL_TASK;
	}
	provider_say_answer(status, doc, err);
	for (i = 0; i < NVERDICTS; i++)
		if (provider_status_verdicts[i].status == status)
			return provider_status_verdicts[i].verdict;
	return POLL_TROUBLE;
}

void
url_append_base(struct buf *url, const char *api_base)
{
	buf_text(url, api_base);
	while (url->len > 0 && url->data[url->len - 1] == '/')
		buf_cut(url, url->len - 1);
}

/* False for what would change the path: "", "." and "..". */
static bool
url_is_segment(const char *text, size_t len)
{
	/* Clients fold these two away before they send a request. */
	return len > 0 && !(len == 1 && text[0] == '.') &&
	    !(len == 2 && text[0] == '.' && text[1] == '.');
}

bool
url_append_segments(struct buf *url, const char *path)
{
	char	segment[256];
	size_t	n;

	for (;;) {
		n = strcspn(path, "/");
		if (n >= sizeof(segment) || !url_is_segment(path, n))
			return false;
		memcpy(segment, path, n);
		segment[n] = '\0';
		buf_percent(url, segment, "");
		if (path[n] == '\0')
			return buf_ok(url);
		buf_text(url, "/");
		path += n + 1;
	}
}

bool
url_for_task(struct buf *url, const char *api_base, const char *before,
    const char *task_id, const char *behind, struct errbuf *err)
{
	if (!url_is_segment(task_id, strlen(task_id))) {
		errbuf_set(err, "task id \"%s\" cannot stand in a URL",
		    task_id);
		return false;
	}
	url_append_base(url, api_base);
	buf_text(url, before);
	buf_percent(url, task_id, "");
	buf_text(url, behind);
	if (!buf_ok(url))
		errbuf_set(err, "poll URL is longer than %zu bytes",
		    url->most);
	return buf_ok(url);
}
