/* common/store: which results are the same, and which are another one. */
#include <stdlib.h>
#include <string.h>

#include "lib/crypto.h"
#include "lib/pgarray.h"
#include "common/conf.h"
#include "common/store.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"

void	__real_pgarray_bytes(struct pgarray *, const void *, size_t);
void	__wrap_pgarray_bytes(struct pgarray *, const void *, size_t);
enum db_verdict __wrap_db_run(struct db *, const struct db_stmt *,
	    const struct db_param *, int, struct db_rows **, struct errbuf *);

static const struct conf	nobody;	/* of no account */

/* The fingerprint that was about to be sent: a body here is shorter.  And how long
 * the longest value was. */
static unsigned char	sent[SHA256_BYTES];
static size_t		longest;

void
__wrap_pgarray_bytes(struct pgarray *a, const void *bytes, size_t n)
{
	if (n > longest)
		longest = n;
	if (n == SHA256_BYTES)
		memcpy(sent, bytes, n);
	__real_pgarray_bytes(a, bytes, n);
}

enum db_verdict
__wrap_db_run(struct db *db, const struct db_stmt *stmt,
    const struct db_param *params, int timeout_ms, struct db_rows **rows,
    struct errbuf *err)
{
	(void)db;
	(void)stmt;
	(void)params;
	(void)timeout_ms;
	(void)rows;
	errbuf_set(err, "away");
	return DB_AWAY;
}

/* What of a result a row may set; two outputs at most. */
struct given {
	enum task_state	 state;
	const char	*error_code, *error_message, *model;
	struct {
		enum output_kind	 kind;
		const char		*url, *text;
	} outputs[2];
	size_t		 noutputs;
};

static void
result_fill(struct result *r, struct output outputs[2], const struct given *g)
{
	size_t	i;

	r->state = g->state;
	CU_ASSERT_TRUE_FATAL(result_set(&r->task_id, "t-1") &&
	    result_set(&r->error_code, g->error_code) &&
	    result_set(&r->error_message, g->error_message) &&
	    result_set(&r->model, g->model));
	for (i = 0; i < g->noutputs; i++) {
		outputs[i].kind = g->outputs[i].kind;
		CU_ASSERT_TRUE_FATAL(
		    result_set(&outputs[i].url, g->outputs[i].url) &&
		    result_set(&outputs[i].inline_text, g->outputs[i].text));
	}
}

static void
fingerprint(const struct given *g, unsigned char digest[SHA256_BYTES])
{
	struct delivery	*d = delivery_new(provider_find("apimart"), "default",
			    SOURCE_CALLBACK);
	struct output	 outputs[2];
	struct errbuf	 err;
	enum outcome	 outcome;
	size_t		 i;

	CU_ASSERT_PTR_NOT_NULL_FATAL(d);
	memset(outputs, 0, sizeof(outputs));
	memset(sent, 0, sizeof(sent));
	delivery_set_body(d, strdup("{}"), 2);
	d->outcome = OUTCOME_ACCEPTED;
	result_fill(&d->result, outputs, g);
	d->result.outputs = outputs;
	d->result.noutputs = g->noutputs;
	CU_ASSERT_EQUAL(store_deliveries(NULL, &nobody, &d, 1, STORE_AGAIN, 1,
	    &outcome, &err), DB_AWAY);
	memcpy(digest, sent, sizeof(sent));
	for (i = 0; i < 2; i++) {
		free(outputs[i].url);
		free(outputs[i].inline_text);
	}
	d->result.outputs = NULL;
	d->result.noutputs = 0;
	delivery_free(d);
}

#define LINK(at)	{ OUTPUT_IMAGE, at, NULL }
#define ONE		{ LINK("https://a.example/1.png") }, 1

static const struct given	first = {
	TASK_SUCCEEDED, NULL, NULL, "m", ONE
};

/* The same result told in other words is a repeat. */
static void
test_repeats(void)
{
	static const struct given	repeats[] = {
		{ TASK_SUCCEEDED, NULL, NULL, "m", ONE },
		{ TASK_SUCCEEDED, NULL, NULL, "other", ONE },
		{ TASK_SUCCEEDED, NULL, "words", "m", ONE },
		{ TASK_SUCCEEDED, NULL, NULL, "m",
		  { LINK("https://a.example/1.png?sig=2") }, 1 },
	};
	unsigned char	want[SHA256_BYTES], got[SHA256_BYTES];
	size_t		i;

	fingerprint(&first, want);
	for (i = 0; i < COUNT(repeats); i++) {
		fingerprint(&repeats[i], got);
		CU_ASSERT_EQUAL(memcmp(want, got, sizeof(want)), 0);
	}
}

/* Each of these is another result than every other one: a conflict. */
static void
test_others(void)
{
	static const struct given	others[] = {
		{ TASK_SUCCEEDED, NULL, NULL, "m", ONE },
		{ TASK_SUCCEEDED, NULL, NULL, "m", { LINK(NULL) }, 0 },
		{ TASK_FAILED, NULL, NULL, "m", { LINK(NULL) }, 0 },
		{ TASK_CANCELLED, NULL, NULL, "m", { LINK(NULL) }, 0 },
		{ TASK_FAILED, "c", NULL, "m", { LINK(NULL) }, 0 },
		{ TASK_FAILED, "d", NULL, "m", { LINK(NULL) }, 0 },
		{ TASK_CANCELLED, "c", NULL, "m", { LINK(NULL) }, 0 },
		{ TASK_SUCCEEDED, NULL, NULL, "m",
		  { LINK("https://a.example/2.png") }, 1 },
		{ TASK_SUCCEEDED, NULL, NULL, "m",
		  { { OUTPUT_VIDEO, "https://a.example/1.png", NULL } }, 1 },
		{ TASK_SUCCEEDED, NULL, NULL, "m",
		  { LINK("https://a.example/1.png"),
		    LINK("https://a.example/2.png") }, 2 },
		{ TASK_SUCCEEDED, NULL, NULL, "m",
		  { LINK("https://a.example/2.png"),
		    LINK("https://a.example/1.png") }, 2 },
		{ TASK_SUCCEEDED, NULL, NULL, "m",
		  { { OUTPUT_TEXT, NULL, "one" } }, 1 },
		{ TASK_SUCCEEDED, NULL, NULL, "m",
		  { { OUTPUT_TEXT, NULL, "two" } }, 1 },
	};
	unsigned char	digest[COUNT(others)][SHA256_BYTES];
	size_t		i, j;

	for (i = 0; i < COUNT(others); i++) {
		fingerprint(&others[i], digest[i]);
		for (j = 0; j < i; j++)
			CU_ASSERT_NOT_EQUAL(memcmp(digest[i], digest[j],
			    SHA256_BYTES), 0);
	}
}

/* How long the body is kept of a result with a file of FILE_BYTES in it. */
#define FILE_BYTES	90000
static size_t
kept(enum outcome outcome)
{
	struct delivery	*d = delivery_new(provider_find("apimart"), "default",
			    SOURCE_CALLBACK);
	struct output	*o = calloc(1, sizeof(*o));
	char		*body = malloc(2 * FILE_BYTES);
	struct errbuf	 err;
	enum outcome	 unused;

	CU_ASSERT_FATAL(d != NULL && o != NULL && body != NULL);
	o->data = calloc(1, FILE_BYTES);
	o->datalen = FILE_BYTES;
	CU_ASSERT_FATAL(o->data != NULL &&
	    result_set(&o->url, "data:image/png;sha256=0"));
	memcpy(body, "{\"x\":\"", 7);
	base64_encode(o->data, FILE_BYTES, body + 6);
	strcat(body, "\"}");
	delivery_set_body(d, body, strlen(body));
	d->outcome = outcome;
	d->result.outputs = o;
	d->result.noutputs = 1;
	longest = 0;
	(void)store_deliveries(NULL, &nobody, &d, 1, STORE_AGAIN, 1, &unused,
	    &err);
	delivery_free(d);
	return longest;
}

/* A large file is left out of the body where it becomes an output, and there
 * alone. */
static void
test_large_files(void)
{
	CU_ASSERT_EQUAL(kept(OUTCOME_ACCEPTED), FILE_BYTES);
	CU_ASSERT_EQUAL(kept(OUTCOME_REQUERY), 8 + FILE_BYTES / 3 * 4);
	CU_ASSERT_EQUAL(kept(OUTCOME_STALE), 8 + FILE_BYTES / 3 * 4);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "large files", test_large_files },
		{ "repeats",	test_repeats },
		{ "others",	test_others },
		{ NULL,		NULL }
	};

	return cunit_run("store", tests);
}
