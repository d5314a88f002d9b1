/* common/spool_format: files that were written once can always be read. */
#include <stdlib.h>
#include <string.h>

#include "common/spool_format.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"

/* Files as the first version wrote them: whoever upgrades has such ones. */
static const struct written {
	const char	*file;
	const char	*id, *provider;
	enum outcome	 outcome;
	enum verdict	 verdict;
	const char	*note;		/* how it begins, or NULL */
	size_t		 bodylen;
	const char	*body;		/* how it begins */
} written[] = {
	{ "00001795990878485937-01a22965-f915-7d2e-87b0-4149119a2ee4",
	    "01a22965-f915-7d2e-87b0-4149119a2ee4", "novita",
	    OUTCOME_ACCEPTED, VERDICT_TOKEN, NULL, 1057,
	    "{\"event_type\":\"ASYNC_TASK_RESULT\"" },
	{ "00001795990878500499-01a22965-f924-7f06-86a3-731141aabd3b",
	    "01a22965-f924-7f06-86a3-731141aabd3b", "apimart",
	    OUTCOME_REQUERY, VERDICT_TOKEN, NULL, 272, "{\"id\":\"task_01K9" },
	{ "00001795990878519029-01a22965-f937-7096-bb84-3598f5747fa3",
	    "01a22965-f937-7096-bb84-3598f5747fa3", "apixo",
	    OUTCOME_UNPARSED, VERDICT_TOKEN, "\"taskId\" is missing", 59,
	    "{\"code\":200" },
	{ "00001795990878534870-01a22965-f946-7e70-9be8-a8bc58351fc4",
	    "01a22965-f946-7e70-9be8-a8bc58351fc4", "novita",
	    OUTCOME_REJECTED, VERDICT_TOKEN, "control byte 0x00", 22,
	    "no JSON" },
	{ "00001795990878558811-01a22965-f95e-71cf-9ce0-747e76d4d17b",
	    "01a22965-f95e-71cf-9ce0-747e76d4d17b", "wavespeed",
	    OUTCOME_STALE, VERDICT_SIGNATURE, "header webhook-timestamp", 406,
	    "{\"id\":\"5f0c7a9be1d2" },
};

static char *
written_read(const struct written *w, size_t *len)
{
	char	path[256];

	(void)snprintf(path, sizeof(path),
	    "tests/fixtures/spool/%s.delivery", w->file);
	return fixture_read(path, len);
}

static bool
begins(const char *text, const char *how)
{
	return text != NULL && strncmp(text, how, strlen(how)) == 0;
}

static void
assert_delivery(const struct delivery *d, const struct written *w)
{
	CU_ASSERT_STRING_EQUAL(d->id, w->id);
	CU_ASSERT_EQUAL(d->received_at, strtoll(w->file, NULL, 10));
	CU_ASSERT_PTR_EQUAL(d->provider, provider_find(w->provider));
	CU_ASSERT_STRING_EQUAL(d->account, "default");
	CU_ASSERT_EQUAL(d->source, SOURCE_CALLBACK);
	CU_ASSERT_EQUAL(d->outcome, w->outcome);
	CU_ASSERT_EQUAL(d->verdict, w->verdict);
	CU_ASSERT_STRING_EQUAL(d->remote_addr, "192.0.2.7");
	CU_ASSERT(begins(d->headers, "{\"content-type\":\"application/json\""));
	if (w->note == NULL)
		CU_ASSERT_PTR_NULL(d->note)
	else
		CU_ASSERT(begins(d->note, w->note))
	CU_ASSERT_EQUAL(d->bodylen, w->bodylen);
	CU_ASSERT(begins(d->body, w->body));
	CU_ASSERT_PTR_NULL(d->result.task_id);
}

/* Each is read as what it says, and written again byte for byte. */
static void
test_written(void)
{
	struct delivery	*d;
	struct errbuf	 err;
	char		*text, *kept, *again;
	size_t		 i, len, again_len = 0;

	for (i = 0; i < COUNT(written); i++) {
		text = written_read(&written[i], &len);
		kept = written_read(&written[i], &len);
		d = spool_format_parse(text, len, &err);
		CU_ASSERT_PTR_NOT_NULL_FATAL(d);
		assert_delivery(d, &written[i]);
		again = spool_format_print(d, &again_len);
		CU_ASSERT_PTR_NOT_NULL_FATAL(again);
		CU_ASSERT_EQUAL_FATAL(again_len, len);
		CU_ASSERT_EQUAL(memcmp(again, kept, len), 0);
		free(again);
		free(kept);
		free(text);
		delivery_free(d);
	}
}

/* A later version may say more in the head, and in any order. */
static void
test_other_lines(void)
{
	char		 text[] = "genhook-spool 1\nbody: 2\nweather: fine: no\n"
			    "verdict: none\nid: "
			    "01890000-0000-7000-8000-000000000000\n"
			    "received_at: 7\nprovider: apixo\naccount: a\n"
			    "source: callback\noutcome: ignored\n\n{}";
	struct errbuf	 err;
	struct delivery	*d = spool_format_parse(text, strlen(text), &err);

	CU_ASSERT_PTR_NOT_NULL_FATAL(d);
	CU_ASSERT_EQUAL(d->outcome, OUTCOME_IGNORED);
	CU_ASSERT_EQUAL(d->received_at, 7);
	CU_ASSERT_STRING_EQUAL(d->body, "{}");
	CU_ASSERT_PTR_NULL(d->remote_addr);
	CU_ASSERT_PTR_NULL(d->headers);
	CU_ASSERT_PTR_NULL(d->note);
	delivery_free(d);
}

/* No part of a file from its start on is taken for a whole one. */
static void
test_prefixes(void)
{
	struct errbuf	 err;
	char		*whole, *part;
	size_t		 i, len;

	whole = written_read(&written[3], &len);
	for (i = 0; i < len; i++) {
		CU_ASSERT_PTR_NOT_NULL_FATAL(part = malloc(i + 1));
		memcpy(part, whole, i);
		part[i] = '\0';
		CU_ASSERT_PTR_NULL(spool_format_parse(part, i, &err));
		CU_ASSERT_STRING_EQUAL(err.text, "not a whole spool file");
		free(part);
	}
	free(whole);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "written", test_written },
		{ "other lines", test_other_lines },
		{ "prefixes", test_prefixes },
		{ NULL, NULL }
	};

	return cunit_run("spool format", tests);
}
