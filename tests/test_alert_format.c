/* Alerts in each format: what is foreign in them is words and nothing else, they
 * fit, and what does not is counted. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "batch/alert_format.h"
#include "tests/cunit_main.h"

#define HOSTILE	"a <!channel> \"quote\" & @everyone \\ \xe6\x97\xa5\xe6\x9c\xac\n" \
		"line\x01\x7f"
#define MANY	300

static const struct alert_finding	hostile = {
	.state = "new", .reason = "lost task", .provider = "novita",
	.task_id = "t<1>", .details = HOSTILE, .cure = "select 'x';",
	.since = "2026-11-30T09:00:00Z"
};

static char	title[ALERT_TITLE_MAX];

static char *
written(enum alert_format format, const struct alert_finding *f, size_t n)
{
	char	*text = alert_write(format, "host", f, n, title,
		    sizeof(title));

	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	return text;
}

/* The string at a path of a JSON text, for the caller to free. */
static char *
string_at(const char *text, const char *path)
{
	struct json_object	*doc = NULL;
	struct errbuf		 err;
	char			*copy;

	CU_ASSERT_EQUAL_FATAL(json_parse(text, strlen(text), &doc, &err),
	    JSON_OK);
	copy = json_text_at(doc, path);
	json_free(doc);
	return copy;
}

/* Is it there, as it is? */
static void
assert_string(const char *text, const char *path, const char *want)
{
	char	*got = string_at(text, path);

	CU_ASSERT_PTR_NOT_NULL_FATAL(got);
	CU_ASSERT_STRING_EQUAL(got, want);
	free(got);
}

static void
assert_has(const char *text, const char *part, bool wanted)
{
	bool	has = strstr(text, part) != NULL;

	CU_ASSERT_EQUAL(has, wanted);
	if (has != wanted)
		(void)fprintf(stderr, "\n    \"%s\" in: %s\n", part, text);
}

/* ---- the first line ----------------------------------------------------- */

static const struct {
	const char	*states;	/* n, r, w */
	const char	*title;
} titles[] = {
	{ "n", "genhook on host: 1 new" },
	{ "r", "genhook on host: 1 still there" },
	{ "w", "genhook on host: 1 well again" },
	{ "nnrwww", "genhook on host: 2 new, 1 still there, 3 well again" },
	{ "wn", "genhook on host: 1 new, 1 well again" },
};

static void
test_titles(void)
{
	struct alert_finding	f[8];
	size_t			i, n;

	for (i = 0; i < sizeof(titles) / sizeof(titles[0]); i++) {
		for (n = 0; titles[i].states[n] != '\0'; n++) {
			f[n] = hostile;
			f[n].state = titles[i].states[n] == 'n' ? "new" :
			    titles[i].states[n] == 'r' ? "reminder" : "well";
		}
		free(written(ALERT_TEXT, f, n));
		CU_ASSERT_STRING_EQUAL(title, titles[i].title);
	}
}

/* ---- words of others ---------------------------------------------------- */

static void
test_text(void)
{
	char	*text = written(ALERT_TEXT, &hostile, 1);

	CU_ASSERT_STRING_EQUAL(text, "genhook on host: 1 new\n\n"
	    "NEW: lost task, novita task t<1>, since 2026-11-30T09:00:00Z\n"
	    "  " HOSTILE "\n  cure: select 'x';\n");
	free(text);
}

/* What is well needs no cure, and what has no task names none. */
static void
test_well(void)
{
	struct alert_finding	f = { .state = "well", .reason = "sweep fails",
				    .details = "", .since = "then",
				    .cure = "do it" };
	char			*text = written(ALERT_TEXT, &f, 1);

	CU_ASSERT_STRING_EQUAL(text, "genhook on host: 1 well again\n\n"
	    "WELL AGAIN: sweep fails, since then\n");
	free(text);
	f.state = "reminder";
	text = written(ALERT_TEXT, &f, 1);
	assert_has(text, "\nSTILL: sweep fails, since then\n  cure: do it\n",
	    true);
	free(text);
}

/* The title is a header of its own, so it is not in the text. */
static void
test_ntfy(void)
{
	struct alert_headers	 room;
	const char *const	*headers;
	char			*text = written(ALERT_NTFY, &hostile, 1);

	CU_ASSERT_EQUAL(strncmp(text, "NEW: lost task", 14), 0);
	headers = alert_headers(ALERT_NTFY, title, &room);
	CU_ASSERT_STRING_EQUAL(headers[0],
	    "Content-Type: text/plain; charset=utf-8");
	CU_ASSERT_STRING_EQUAL(headers[1], "Title: genhook on host: 1 new");
	CU_ASSERT_STRING_EQUAL(headers[2], "Priority: high");
	CU_ASSERT_PTR_NULL(headers[3]);
	headers = alert_headers(ALERT_NTFY, "genhook on host: 1 well again",
	    &room);
	CU_ASSERT_STRING_EQUAL(headers[2], "Priority: default");
	headers = alert_headers(ALERT_TEXT, title, &room);
	CU_ASSERT_PTR_NULL(headers[1]);
	CU_ASSERT_PTR_NULL(alert_headers(ALERT_SLACK, title, &room));
	CU_ASSERT_PTR_NULL(alert_headers(ALERT_DISCORD, title, &room));
	CU_ASSERT_PTR_NULL(alert_headers(ALERT_JSON, title, &room));
	free(text);
}

/* Control bytes become '?' in JSON; letters of every script stay. */
#define AS_JSON		"a <!channel> \"quote\" & @everyone \\ " \
			"\xe6\x97\xa5\xe6\x9c\xac\nline"

static void
test_slack(void)
{
	char	*text = written(ALERT_SLACK, &hostile, 1);
	char	*said = string_at(text, "text");

	CU_ASSERT_PTR_NOT_NULL_FATAL(said);
	assert_has(said, "*genhook on host: 1 new*\n", true);
	assert_has(said, "a &lt;!channel&gt; \"quote\" &amp; @everyone", true);
	assert_has(said, "novita task t&lt;1&gt;", true);
	assert_has(said, "<", false);
	assert_has(said, "\xe6\x97\xa5\xe6\x9c\xac\nline", true);
	free(said);
	free(text);
}

static void
test_discord(void)
{
	char	*text = written(ALERT_DISCORD, &hostile, 1);
	char	*said = string_at(text, "content");

	CU_ASSERT_PTR_NOT_NULL_FATAL(said);
	assert_has(said, "**genhook on host: 1 new**\n", true);
	assert_has(said, AS_JSON, true);
	assert_has(text, "\"allowed_mentions\":{\"parse\":[]}", true);
	free(said);
	free(text);
}

static void
test_json(void)
{
	struct alert_finding	f[2] = { hostile, hostile };
	char			*text, *details;

	f[1].provider = f[1].task_id = f[1].cure = NULL;
	text = written(ALERT_JSON, f, 2);
	assert_string(text, "type", "alert");
	assert_string(text, "host", "host");
	assert_string(text, "title", "genhook on host: 2 new");
	assert_string(text, "count", "2");
	assert_string(text, "findings.0.state", "new");
	assert_string(text, "findings.0.provider", "novita");
	assert_string(text, "findings.0.task_id", "t<1>");
	assert_string(text, "findings.0.since", "2026-11-30T09:00:00Z");
	details = string_at(text, "findings.0.details");
	CU_ASSERT_PTR_NOT_NULL_FATAL(details);
	CU_ASSERT_EQUAL(strncmp(details, AS_JSON, strlen(AS_JSON)), 0);
	assert_has(text, "\"provider\":null,\"task_id\":null", true);
	assert_has(text, "\"cure\":null}]}", true);
	free(details);
	free(text);
}

/* ---- how much ----------------------------------------------------------- */

static size_t
letters(const char *utf8)
{
	size_t	n = 0;

	for (; *utf8 != '\0'; utf8++)
		n += ((unsigned char)*utf8 & 0xc0) != 0x80;
	return n;
}

/* The text for people in it, which is the caller's to free. */
static char *
words_of(enum alert_format format, const char *text)
{
	return format == ALERT_DISCORD ? string_at(text, "content") :
	    format == ALERT_JSON || format == ALERT_SLACK ?
	    string_at(text, "text") : strdup(text);
}

/* Many findings fit as their receiver wants, each whole, the others counted. */
static void
test_many(void)
{
	static const struct {
		enum alert_format	format;
		size_t			most;
	} bounds[] = {
		{ ALERT_NTFY, 4096 }, { ALERT_DISCORD, 2000 },
		{ ALERT_SLACK, 40000 }, { ALERT_TEXT, 40000 },
		{ ALERT_JSON, 40000 }
	};
	struct alert_finding	f[MANY];
	char			*text, *words;
	const char		*more;
	size_t			i, shown;

	for (i = 0; i < MANY; i++)
		f[i] = hostile;
	for (i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		text = written(bounds[i].format, f, MANY);
		words = words_of(bounds[i].format, text);
		CU_ASSERT_PTR_NOT_NULL_FATAL(words);
		CU_ASSERT_TRUE(letters(words) <= bounds[i].most);
		CU_ASSERT_PTR_NOT_NULL_FATAL(more = strstr(words, "and "));
		for (shown = 0, more = words; (more = strstr(more,
		    "NEW: lost task")) != NULL; more++)
			shown++;
		CU_ASSERT_TRUE(shown > 1);
		more = strstr(words, " more: genhook attention");
		CU_ASSERT_PTR_NOT_NULL_FATAL(more);
		while (isdigit((unsigned char)more[-1]))
			more--;
		CU_ASSERT_EQUAL(strtoul(more, NULL, 10), MANY - shown);
		free(words);
		free(text);
	}
}

/* One that alone is too long is told all the same. */
static void
test_one_long(void)
{
	static const enum alert_format	formats[] = { ALERT_NTFY, ALERT_SLACK,
					    ALERT_JSON, ALERT_TEXT };
	struct alert_finding		f = hostile;
	char				details[6000], *text;
	size_t				i;

	memset(details, 'x', sizeof(details) - 1);
	details[sizeof(details) - 1] = '\0';
	f.details = details;
	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		text = written(formats[i], &f, 1);
		assert_has(text, "lost task", true);
		free(text);
	}
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "titles", test_titles },
		{ "text", test_text },
		{ "well again", test_well },
		{ "ntfy", test_ntfy },
		{ "slack", test_slack },
		{ "discord", test_discord },
		{ "json", test_json },
		{ "many", test_many },
		{ "one long", test_one_long },
		{ NULL, NULL }
	};

	return cunit_run("alert_format", tests);
}
