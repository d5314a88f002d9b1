/* What the tests of parsers share: payloads in files, and tables of what has
 * to become of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "lib/buf.h"
#include "handlers/submission.h"
#include "tests/fixture.h"

/* In err beforehand: whoever succeeds leaves it there. */
#define UNTOUCHED	"untouched"

char *
fixture_read(const char *path, size_t *len)
{
	FILE	*f;
	char	*text;
	long	 size;

	if ((f = fopen(path, "rb")) == NULL) {
		perror(path);
		exit(2);
	}
	if (fseek(f, 0, SEEK_END) == -1 || (size = ftell(f)) < 0 ||
	    fseek(f, 0, SEEK_SET) == -1 ||
	    (text = malloc((size_t)size + 1)) == NULL ||
	    fread(text, 1, (size_t)size, f) != (size_t)size) {
		perror(path);
		exit(2);
	}
	(void)fclose(f);
	text[size] = '\0';
	*len = (size_t)size;
	return text;
}

/* The path of a provider's fixture. */
static void
fixture_path(char path[256], const struct provider *p, const char *file)
{
	(void)snprintf(path, 256, "tests/fixtures/%s/%s", p->name, file);
}

static enum parse_verdict
text_parse(const struct provider *p, const char *text, size_t len,
    struct result *r, struct errbuf *err)
{
	const struct parse_context	ctx = {
		.received_at = RECEIVED_AT, .api_base = p->api_base
	};
	struct json_object		*doc;
	enum parse_verdict		 verdict;
	enum json_verdict		 json;

	memset(r, 0, sizeof(*r));
	errbuf_set(err, "%s", UNTOUCHED);
	json = json_parse(text, len, &doc, err);
	CU_ASSERT_EQUAL(json, JSON_OK);
	if (json != JSON_OK)
		return PARSE_UNKNOWN;
	verdict = p->parse(doc, &ctx, r, err);
	json_free(doc);
	return verdict;
}

/* CUnit names this line and not the row, which the caller tells. */
static void
assert_text(const char *name, const char *got, const char *want)
{
	bool	same;

	same = got == NULL || want == NULL ? got == want :
	    strcmp(got, want) == 0;
	CU_ASSERT(same);
	if (!same)
		fprintf(stderr, "\n    %s is %s, not %s", name,
		    got != NULL ? got : "NULL", want != NULL ? want : "NULL");
}

static void
assert_number(const char *name, int64_t got, int64_t want)
{
	CU_ASSERT_EQUAL(got, want);
	if (got != want)
		fprintf(stderr, "\n    %s is %lld, not %lld", name,
		    (long long)got, (long long)want);
}

static void
assert_outputs(const struct result *r, const struct expect *want)
{
	const struct output	*o;
	size_t			 i, n = 0;

	while (n < EXPECT_OUTPUTS && want->outputs[n].what != NULL)
		n++;
	assert_number("number of outputs", (int64_t)r->noutputs, (int64_t)n);
	for (i = 0; i < n && i < r->noutputs; i++) {
		o = &r->outputs[i];
		assert_text("kind", output_kind_words[o->kind],
		    output_kind_words[want->outputs[i].kind]);
		assert_text("output", o->kind == OUTPUT_TEXT ?
		    o->inline_text : o->url, want->outputs[i].what);
		assert_number("expiry", o->expires_at / USEC_PER_SEC,
		    want->outputs[i].expires_s);
		assert_text("source of expiry",
		    expires_source_words[o->expires_source],
		    expires_source_words[want->outputs[i].source]);
	}
}

static void
assert_result(const struct result *r, const struct expect *want)
{
	assert_text("task_id", r->task_id, want->task_id);
	assert_text("status_word", r->status_word, want->status_word);
	assert_text("state", task_state_words[r->state],
	    task_state_words[want->state]);
	assert_number("status_known", r->status_known,
	    want->status_word != NULL && !want->status_unknown);
	assert_number("is_test", r->is_test, want->is_test);
	assert_text("model", r->model, want->model);
	assert_text("error_code", r->error_code, want->error_code);
	assert_text("error_message", r->error_message, want->error_message);
	assert_number("submitted_at", r->submitted_at, want->submitted_at);
	assert_number("finished_at", r->finished_at, want->finished_at);
	assert_outputs(r, want);
}

/* part: of the words; NULL: there have to be none. */
static void
assert_words(const char *name, const char *words, const char *part)
{
	bool	ok;

	ok = part == NULL ? words[0] == '\0' : strstr(words, part) != NULL;
	CU_ASSERT(ok);
	if (!ok)
		fprintf(stderr, "\n    %s is \"%s\", not \"%s\"", name, words,
		    part != NULL ? part : "");
}

/* A final result has a note, and err is for all others. */
static void
assert_why(enum parse_verdict verdict, const struct result *r,
    const struct errbuf *err, const char *part)
{
	if (verdict != PARSE_FINAL) {
		assert_words("err", err->text, part);
		return;
	}
	assert_words("note", r->note != NULL ? r->note : "", part);
	assert_text("err", err->text, UNTOUCHED);
}

void
expect_all(const struct provider *p, const struct expect *want, size_t n)
{
	struct result	 r;
	struct errbuf	 err;
	char		 path[256], *text;
	size_t		 len;
	unsigned int	 before;

	for (; n > 0; n--, want++) {
		before = CU_get_number_of_failures();
		fixture_path(path, p, want->file);
		text = fixture_read(path, &len);
		assert_number("verdict", text_parse(p, text, len, &r, &err),
		    want->verdict);
		if (want->verdict != PARSE_UNKNOWN)
			assert_result(&r, want);
		assert_why(want->verdict, &r, &err, want->err);
		if (CU_get_number_of_failures() != before)
			fprintf(stderr, "\n  in %s\n", path);
		result_free(&r);
		result_free(&r);
		free(text);
	}
}

void
expect_prefixes_refused(const char *path)
{
	struct json_object	*doc;
	struct errbuf		 err;
	char			*text, *exact;
	size_t			 i, len;

	text = fixture_read(path, &len);
	while (len > 0 && text[len - 1] == '\n')
		len--;
	for (i = 0; i < len; i++) {
		/* Of its exact size, so that a read too far is seen. */
		exact = malloc(i > 0 ? i : 1);
		CU_ASSERT_PTR_NOT_NULL_FATAL(exact);
		memcpy(exact, text, i);
		CU_ASSERT_EQUAL(json_parse(exact, i, &doc, &err),
		    JSON_INVALID);
		CU_ASSERT_PTR_NULL(doc);
		CU_ASSERT_PTR_NOT_NULL(strstr(err.text,
		    i == 0 ? "empty body" : " at byte "));
		free(exact);
	}
	free(text);
}

void
expect_statuses(const struct provider *p, const char *path,
    const struct expect_status *want, size_t n)
{
	static const char	 mark[] = "@STATUS@";
	struct result		 r;
	struct errbuf		 err;
	char			*text, *at, full[4096];
	size_t			 len;
	int			 written;

	text = fixture_read(path, &len);
	at = strstr(text, mark);
	CU_ASSERT_PTR_NOT_NULL_FATAL(at);
	for (; n > 0; n--, want++) {
		written = snprintf(full, sizeof(full), "%.*s%s%s",
		    (int)(at - text), text, want->word, at + strlen(mark));
		CU_ASSERT_FATAL(written > 0 && (size_t)written < sizeof(full));
		CU_ASSERT_EQUAL(text_parse(p, full, (size_t)written, &r, &err),
		    want->verdict);
		assert_text("state", task_state_words[r.state],
		    task_state_words[want->state]);
		assert_number("status_known", r.status_known, want->known);
		assert_text("status_word", r.status_word, want->word);
		CU_ASSERT_PTR_NOT_NULL(r.task_id);
		if (want->verdict == PARSE_PROGRESS)
			assert_words("err", err.text, want->word);
		result_free(&r);
	}
	free(text);
}

void
expect_poll_urls(const struct provider *p, const struct expect_url *want,
    size_t n)
{
	struct errbuf	err;
	char		mem[512];
	struct buf	buf;
	bool		made;

	for (; n > 0; n--, want++) {
		errbuf_set(&err, "%s", "");
		buf_over(&buf, mem, sizeof(mem));
		made = p->poll_url(&buf, "http://127.0.0.1:1/p/",
		    want->task_id, want->model, &err);
		CU_ASSERT_EQUAL(made, want->url != NULL);
		if (want->url != NULL && made)
			assert_text("poll URL", mem, want->url);
		else
			assert_words("err", err.text, want->err);
		/* The last byte, too, has to fit. */
		if (made && want->url != NULL) {
			buf_over(&buf, mem, strlen(want->url));
			CU_ASSERT_FALSE(p->poll_url(&buf,
			    "http://127.0.0.1:1/p/", want->task_id,
			    want->model, &err));
		}
	}
}

void
expect_answers(const struct provider *p, const struct expect_answer *want,
    size_t n)
{
	struct json_object	*doc;
	struct errbuf		 err;
	enum poll_verdict	 verdict;

	for (; n > 0; n--, want++) {
		doc = NULL;
		if (want->body != NULL)
			CU_ASSERT_EQUAL(json_parse(want->body,
			    strlen(want->body), &doc, &err), JSON_OK);
		verdict = p->poll_classify(provider_http_status(p, want->http,
		    doc), doc, &err);
		assert_number("verdict", verdict, want->verdict);
		if (want->err != NULL)
			assert_words("err", err.text, want->err);
		if (verdict != want->verdict)
			fprintf(stderr, "\n  for %d %s\n", want->http,
			    want->body != NULL ? want->body : "");
		json_free(doc);
	}
}

void
expect_submits(const struct provider *p, const struct submission *base,
    const struct expect_submit *rows, size_t n)
{
	struct submission	 s = *base;
	struct errbuf		 err;
	struct buf		 url;
	char			 mem[512], *body;
	size_t			 i;

	for (i = 0; i < n; i++) {
		s.model = rows[i].model;
		s.path = rows[i].path;
		buf_over(&url, mem, sizeof(mem));
		CU_ASSERT_EQUAL(submission_url(&url, p, &s, &err),
		    rows[i].url != NULL);
		if (rows[i].url == NULL)
			continue;
		CU_ASSERT_STRING_EQUAL(mem, rows[i].url);
		body = submission_body(p, &s, rows[i].request, &err);
		CU_ASSERT_PTR_NOT_NULL_FATAL(body);
		CU_ASSERT_STRING_EQUAL(body, rows[i].body);
		free(body);
	}
}
