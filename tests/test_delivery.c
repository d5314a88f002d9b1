/* common/delivery: the outcome that is proposed for each verdict of a parser. */
#include <stdlib.h>
#include <string.h>

#include "common/delivery.h"
#include "common/finished.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"

/* There is no database: nothing is told. */
bool	__wrap_db_is_connected(const struct db *);

bool
__wrap_db_is_connected(const struct db *db)
{
	(void)db;
	return false;
}

/* The body itself says what its parser is to find. */
static enum parse_verdict
body_parse(struct json_object *doc, const struct parse_context *ctx,
    struct result *r, struct errbuf *err)
{
	static const char *const	words[] = {
		[PARSE_FINAL] = "final", [PARSE_PROGRESS] = "progress",
		[PARSE_HINT] = "hint", [PARSE_UNKNOWN] = "unknown",
	};
	const char	*word = json_string_at(doc, "is");

	CU_ASSERT_STRING_EQUAL(ctx->api_base, "https://api.example");
	CU_ASSERT_PTR_NULL(ctx->task_id);
	CU_ASSERT_EQUAL(ctx->http, 0);
	CU_ASSERT(ctx->received_at > 0);
	errbuf_set(err, "it is %s", word);
	r->state = strcmp(word, "final") == 0 ? TASK_SUCCEEDED : TASK_PENDING;
	(void)result_set(&r->task_id, "t-1");
	return (enum parse_verdict)word_index(words, COUNT(words), word);
}

static const struct provider fake = {
	.name = "fake", .api_base = "https://api.example", .parse = body_parse
};

static void
test_outcomes(void)
{
	static const struct {
		const char	*body;
		bool		 requery;
		enum outcome	 outcome;
		const char	*note;		/* NULL: none */
	} rows[] = {
		{ "{\"is\":\"final\"}", false, OUTCOME_ACCEPTED, NULL },
		{ "{\"is\":\"final\"}", true, OUTCOME_REQUERY, NULL },
		{ "{\"is\":\"progress\"}", false, OUTCOME_IGNORED,
		  "it is progress" },
		{ "{\"is\":\"hint\"}", false, OUTCOME_REQUERY, NULL },
		{ "{\"is\":\"hint\"}", true, OUTCOME_REQUERY, NULL },
		{ "{\"is\":\"unknown\"}", false, OUTCOME_UNPARSED,
		  "it is unknown" },
		{ "{", false, OUTCOME_REJECTED, "" },
		/* What is JSON, and no tree can hold, may be a result. */
		{ "{\"is\":\"final\",\"a\\u0000b\":1}", false,
		  OUTCOME_UNPARSED, "" },
	};
	struct delivery	*d;
	size_t		 i;

	for (i = 0; i < COUNT(rows); i++) {
		d = delivery_new(&fake, "default", SOURCE_CALLBACK);
		CU_ASSERT_PTR_NOT_NULL_FATAL(d);
		delivery_set_body(d, strdup(rows[i].body),
		    strlen(rows[i].body));
		CU_ASSERT(delivery_judge(d, rows[i].requery));
		CU_ASSERT_EQUAL(d->outcome, rows[i].outcome);
		if (rows[i].note == NULL)
			CU_ASSERT_PTR_NULL(d->note);
		if (rows[i].note != NULL)
			CU_ASSERT_PTR_NOT_NULL(strstr(d->note, rows[i].note));
		delivery_free(d);
	}
}

/* Of what was found before nothing stays. */
static void
test_again(void)
{
	struct delivery	*d = delivery_new(&fake, "default", SOURCE_CALLBACK);

	CU_ASSERT_PTR_NOT_NULL_FATAL(d);
	delivery_set_body(d, strdup("{\"is\":\"final\"}"), 14);
	CU_ASSERT(delivery_judge(d, false));
	CU_ASSERT_STRING_EQUAL(d->result.task_id, "t-1");
	CU_ASSERT_EQUAL(d->result.state, TASK_SUCCEEDED);
	delivery_set_body(d, strdup("{"), 1);
	CU_ASSERT(delivery_judge(d, false));
	CU_ASSERT_EQUAL(d->outcome, OUTCOME_REJECTED);
	CU_ASSERT_PTR_NULL(d->result.task_id);
	CU_ASSERT_EQUAL(d->result.state, TASK_PENDING);
	delivery_free(d);
}

/* Who waits for results hears of those that were stored as such, and the sweep of
 * what has to be asked. */
static void
test_finished(void)
{
	static const struct {
		enum outcome	said, stored;
		bool		finished, due;
	} rows[] = {
		{ OUTCOME_ACCEPTED, OUTCOME_ACCEPTED, true, false },
		{ OUTCOME_ACCEPTED, OUTCOME_DUPLICATE, false, false },
		{ OUTCOME_ACCEPTED, OUTCOME_CONFLICT, false, false },
		{ OUTCOME_REQUERY, OUTCOME_ACCEPTED, false, true },
		{ OUTCOME_REQUERY, OUTCOME_DUPLICATE, false, false },
		{ OUTCOME_STALE, OUTCOME_STALE, false, true },
		{ OUTCOME_UNPARSED, OUTCOME_UNPARSED, false, true },
		{ OUTCOME_IGNORED, OUTCOME_IGNORED, false, false },
		{ OUTCOME_UNVERIFIED, OUTCOME_UNVERIFIED, false, false },
	};
	char		 id[] = "t-1";
	struct delivery	 one = { .provider = &fake, .result = { .task_id = id } };
	struct delivery	*batch[] = { &one };
	struct finished	 f;
	size_t		 i;

	for (i = 0; i < COUNT(rows); i++) {
		memset(&f, 0, sizeof(f));
		one.outcome = rows[i].said;
		finished_add(&f, batch, 1, &rows[i].stored);
		CU_ASSERT_EQUAL(f.n, rows[i].finished);
		CU_ASSERT_EQUAL(f.poll_due, rows[i].due);
		CU_ASSERT_EQUAL(finished_has_news(&f), rows[i].finished ||
		    rows[i].due);
		if (f.n > 0)
			CU_ASSERT_STRING_EQUAL(f.names[0], "fake/t-1");
		finished_notify(&f, NULL, 0);
		CU_ASSERT_FALSE(finished_has_news(&f));
	}
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "outcomes", test_outcomes },
		{ "judged again", test_again },
		{ "what is told of it", test_finished },
		{ NULL, NULL }
	};

	return cunit_run("delivery", tests);
}
