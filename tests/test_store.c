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

struct db_rows {
	const char	*word[4];
	int		 n;
};

int		 __wrap_db_rows_count(const struct db_rows *);
const char	*__wrap_db_value(const struct db_rows *, int row, int col);
void		 __wrap_db_rows_free(struct db_rows *);

static const struct conf	nobody;	/* of no account */

/* What the database answers, or NULL: it is away; and all that was sent. */
static struct db_rows	*answer;
static char		 params_sent[65536];
static size_t		 params_len;

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

static void
params_note(int n, const struct db_param *params)
{
	size_t	len;
	int	i;

	params_len = 0;
	for (i = 0; i < n; i++) {
		len = params[i].value == NULL ? 0 : params[i].len == DB_TEXT ?
		    strlen(params[i].value) : (size_t)params[i].len;
		if (params_len + len > sizeof(params_sent))
			return;
		if (len > 0)
			memcpy(params_sent + params_len, params[i].value, len);
		params_len += len;
	}
}

static bool
was_sent(const char *bytes, size_t n)
{
	return memmem(params_sent, params_len, bytes, n) != NULL;
}

enum db_verdict
__wrap_db_run(struct db *db, const struct db_stmt *stmt,
    const struct db_param *params, int timeout_ms, struct db_rows **rows,
    struct errbuf *err)
{
	(void)db;
	(void)timeout_ms;
	params_note(stmt->nparam, params);
	*rows = answer;
	errbuf_set(err, "away");
	return answer != NULL ? DB_OK : DB_AWAY;
}

int
__wrap_db_rows_count(const struct db_rows *rows)
{
	return rows->n;
}

const char *
__wrap_db_value(const struct db_rows *rows, int row, int col)
{
	(void)col;
	return rows->word[row];
}

void
__wrap_db_rows_free(struct db_rows *rows)
{
	(void)rows;
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

/* A delivery with an output, for the caller to free. */
static struct delivery *
delivery_with(enum outcome outcome, enum task_state state, const char *url)
{
	struct delivery	*d = delivery_new(provider_find("apimart"), "default",
			    SOURCE_CALLBACK);
	struct output	*o = calloc(1, sizeof(*o));

	CU_ASSERT_FATAL(d != NULL && o != NULL);
	delivery_set_body(d, strdup("{}"), 2);
	d->outcome = outcome;
	d->result.state = state;
	CU_ASSERT_FATAL(result_set(&o->url, url) &&
	    result_set(&d->result.task_id, "t-1") &&
	    result_set(&d->result.error_code, "zq-code") &&
	    result_set(&d->result.error_message, "zq-words"));
	d->result.outputs = o;
	d->result.noutputs = 1;
	return d;
}

/* One for each delivery, all of them known: else the answer is none. */
static void
test_outcomes(void)
{
	static struct db_rows	good = { { "accepted", "conflict" }, 2 },
				few = { { "accepted", "conflict" }, 1 },
				many = { { "accepted", "conflict", "stale" }, 3 },
				strange = { { "accepted", "fine" }, 2 },
				null = { { "accepted", NULL }, 2 };
	struct db_rows		*bad[] = { &few, &many, &strange, &null };
	struct delivery		*d[2];
	struct errbuf		 err;
	enum outcome		 outcomes[2];
	size_t			 i;

	for (i = 0; i < 2; i++)
		d[i] = delivery_with(OUTCOME_ACCEPTED, TASK_SUCCEEDED,
		    "https://a.example/1.png");
	answer = &good;
	CU_ASSERT_EQUAL(store_deliveries(NULL, &nobody, d, 2, STORE_AGAIN, 1,
	    outcomes, &err), DB_OK);
	CU_ASSERT_EQUAL(outcomes[0], OUTCOME_ACCEPTED);
	CU_ASSERT_EQUAL(outcomes[1], OUTCOME_CONFLICT);
	for (i = 0; i < COUNT(bad); i++) {
		answer = bad[i];
		CU_ASSERT_EQUAL(store_deliveries(NULL, &nobody, d, 2,
		    STORE_AGAIN, 1, outcomes, &err), DB_BROKEN);
	}
	answer = NULL;
	delivery_free(d[0]);
	delivery_free(d[1]);
}

/* What of each goes to the database. */
static void
test_sent(void)
{
	/* int4[] in binary: of which deliveries the outputs are. */
	static const char	one_two[] = { 0, 0, 0, 4, 0, 0, 0, 1,
				    0, 0, 0, 4, 0, 0, 0, 2 };
	struct delivery		*d[2];
	struct errbuf		 err;
	enum outcome		 outcomes[2];

	d[0] = delivery_with(OUTCOME_ACCEPTED, TASK_SUCCEEDED,
	    "https://zq.example/1.png");
	d[1] = delivery_with(OUTCOME_ACCEPTED, TASK_SUCCEEDED,
	    "https://zq.example/2.png");
	(void)store_deliveries(NULL, &nobody, d, 2, STORE_FIRST, 1, outcomes,
	    &err);
	CU_ASSERT_TRUE(was_sent(one_two, sizeof(one_two)));
	CU_ASSERT_EQUAL(params_sent[params_len - 1], 'f');
	CU_ASSERT_FALSE(was_sent("zq-code", 7) || was_sent("zq-words", 8));
	d[1]->outcome = OUTCOME_STALE;
	d[0]->result.state = TASK_FAILED;
	(void)store_deliveries(NULL, &nobody, d, 2, STORE_AGAIN, 1, outcomes,
	    &err);
	CU_ASSERT_TRUE(was_sent("zq.example/1", 12));
	CU_ASSERT_FALSE(was_sent("zq.example/2", 12));
	CU_ASSERT_EQUAL(params_sent[params_len - 1], 't');
	CU_ASSERT_TRUE(was_sent("zq-code", 7) && was_sent("zq-words", 8));
	delivery_free(d[0]);
	delivery_free(d[1]);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "outcomes",	test_outcomes },
		{ "sent",	test_sent },
		{ "large files", test_large_files },
		{ "repeats",	test_repeats },
		{ "others",	test_others },
		{ NULL,		NULL }
	};

	return cunit_run("store", tests);
}
