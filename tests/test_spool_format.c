/* common/spool_format: files that were written once can always be read. */
#include <stdint.h>
#include <stdio.h>
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
	struct buf	 again;
	char		*text, *kept;
	size_t		 i, len, used;

	for (i = 0; i < COUNT(written); i++) {
		text = written_read(&written[i], &len);
		kept = written_read(&written[i], &len);
		d = spool_format_next(text, len, &used, &err);
		CU_ASSERT_PTR_NOT_NULL_FATAL(d);
		CU_ASSERT_EQUAL(used, len);
		assert_delivery(d, &written[i]);
		buf_init(&again, SIZE_MAX);
		spool_format_add(&again, d);
		CU_ASSERT_EQUAL_FATAL(again.len, len);
		CU_ASSERT_EQUAL(memcmp(again.data, kept, len), 0);
		buf_free(&again);
		free(kept);
		free(text);
		delivery_free(d);
	}
}

/* The files above one behind the other; for the caller to free. */
static char *
written_together(size_t *len)
{
	struct buf	 all;
	char		*text;
	size_t		 i, n;

	buf_init(&all, SIZE_MAX);
	for (i = 0; i < COUNT(written); i++) {
		text = written_read(&written[i], &n);
		buf_bytes(&all, text, n);
		free(text);
	}
	*len = all.len;
	CU_ASSERT_FATAL(buf_ok(&all));
	return buf_take(&all);
}

/* Of one file they are read in their order, each as it was. */
static void
test_several(void)
{
	struct delivery	*d;
	struct errbuf	 err;
	size_t		 i, len, used, at = 0;
	char		*text = written_together(&len);

	for (i = 0; i < COUNT(written); i++, at += used) {
		d = spool_format_next(text + at, len - at, &used, &err);
		CU_ASSERT_PTR_NOT_NULL_FATAL(d);
		assert_delivery(d, &written[i]);
		delivery_free(d);
	}
	CU_ASSERT_EQUAL(at, len);
	free(text);
}

/* How many whole ones are in the first len bytes; what is behind the last one
 * is none. */
static size_t
whole_in(const char *all, size_t len, size_t *rest)
{
	struct delivery	*d;
	struct errbuf	 err;
	char		*text = malloc(len + 1);
	size_t		 used, at = 0, n = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	memcpy(text, all, len);
	text[len] = '\0';
	while (at < len && (d = spool_format_next(text + at, len - at, &used,
	    &err)) != NULL) {
		delivery_free(d);
		at += used;
		n++;
	}
	CU_ASSERT(at == len || used == 0);
	*rest = len - at;
	free(text);
	return n;
}

/* Cut at each of its bytes, a file of several has those that are whole, no
 * other, and what is left over is known. */
static void
test_several_cut(void)
{
	size_t	 i, n, len, rest, ends[COUNT(written)], at = 0;
	char	*all = written_together(&len), *one;

	for (i = 0; i < COUNT(written); i++) {
		one = written_read(&written[i], &n);
		free(one);
		ends[i] = at += n;
	}
	for (n = i = 0; i <= len; i++) {
		n += n < COUNT(written) && i == ends[n];
		CU_ASSERT_EQUAL(whole_in(all, i, &rest), n);
		CU_ASSERT_EQUAL(rest, i - (n > 0 ? ends[n - 1] : 0));
	}
	free(all);
}

/* One that this program cannot make a delivery of does not hide the next. */
static void
test_unknown_between(void)
{
	char		 text[] = "genhook-spool 1\nbody: 2\nverdict: none\n"
			    "id: 01890000-0000-7000-8000-000000000000\n"
			    "received_at: 7\nprovider: tomorrow\naccount: a\n"
			    "source: callback\noutcome: ignored\n\n{}"
			    "genhook-spool 1\nbody: 2\nverdict: none\n"
			    "id: 01890000-0000-7000-8000-000000000000\n"
			    "received_at: 8\nprovider: apixo\naccount: a\n"
			    "source: callback\noutcome: ignored\n\n[]";
	size_t		 used, len = strlen(text);
	struct errbuf	 err;
	struct delivery	*d = spool_format_next(text, len, &used, &err);
	size_t		 at = used;

	CU_ASSERT_PTR_NULL_FATAL(d);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "\"tomorrow\""));
	CU_ASSERT_FATAL(at > 0 && at < len);
	d = spool_format_next(text + at, len - at, &used, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(d);
	CU_ASSERT_EQUAL(d->received_at, 8);
	CU_ASSERT_STRING_EQUAL(d->body, "[]");
	CU_ASSERT_EQUAL(at + used, len);
	delivery_free(d);
}

/* What says how long the body is has to be a number, and no longer than it. */
static void
test_lengths(void)
{
	static const char	*const lengths[] = { "", "-1", "+2", " 2", "2x",
				    "0x2", "3", "18446744073709551616",
				    "18446744073709551615" };
	struct errbuf		 err;
	char			 text[512];
	size_t			 i, used;

	for (i = 0; i < COUNT(lengths); i++) {
		(void)snprintf(text, sizeof(text), "genhook-spool 1\n"
		    "verdict: none\nid: 01890000-0000-7000-8000-000000000000"
		    "\nreceived_at: 7\nprovider: apixo\naccount: a\n"
		    "source: callback\noutcome: ignored\nbody: %s\n\n{}",
		    lengths[i]);
		CU_ASSERT_PTR_NULL(spool_format_next(text, strlen(text), &used,
		    &err));
		CU_ASSERT_EQUAL(used, 0);
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
	size_t		 used;
	struct errbuf	 err;
	struct delivery	*d = spool_format_next(text, strlen(text), &used, &err);

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
	size_t		 i, len, used;

	whole = written_read(&written[3], &len);
	for (i = 0; i < len; i++) {
		CU_ASSERT_PTR_NOT_NULL_FATAL(part = malloc(i + 1));
		memcpy(part, whole, i);
		part[i] = '\0';
		CU_ASSERT_PTR_NULL(spool_format_next(part, i, &used, &err));
		CU_ASSERT_EQUAL(used, 0);
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
		{ "several", test_several },
		{ "several, cut", test_several_cut },
		{ "an unknown one between", test_unknown_between },
		{ "lengths", test_lengths },
		{ NULL, NULL }
	};

	return cunit_run("spool format", tests);
}
