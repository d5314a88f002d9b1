/* common/delivery: the outcome that is proposed for each verdict of a parser. */
#include <stdlib.h>
#include <string.h>

#include "common/delivery.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"

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

int
main(void)
{
	static const struct test	tests[] = {
		{ "outcomes", test_outcomes },
		{ NULL, NULL }
	};

	return cunit_run("delivery", tests);
}
