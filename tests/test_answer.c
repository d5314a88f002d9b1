/* server/answer: the HTTP answer of each outcome, byte for byte. */
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "server/answer.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"

/* Every answer: status line, the JSON's member, header of its own. */
static const struct {
	enum answer	 answer;
	const char	*status_line;
	const char	*status;	/* NULL: an error */
	const char	*header;	/* or NULL */
} rows[] = {
	{ ANSWER_ACCEPTED, "200 OK", "accepted", NULL },
	{ ANSWER_DUPLICATE, "200 OK", "duplicate", NULL },
	{ ANSWER_IGNORED, "200 OK", "ignored", NULL },
	{ ANSWER_UNPARSED, "200 OK", "unparsed", NULL },
	{ ANSWER_STALE, "200 OK", "stale", NULL },
	{ ANSWER_SPOOLED, "200 OK", "spooled", NULL },
	{ ANSWER_REJECTED, "400 Bad Request", NULL, NULL },
	{ ANSWER_BAD_REQUEST, "400 Bad Request", NULL, NULL },
	{ ANSWER_UNVERIFIED, "401 Unauthorized", NULL, NULL },
	{ ANSWER_NOT_FOUND, "404 Not Found", NULL, NULL },
	{ ANSWER_BAD_METHOD, "405 Method Not Allowed", NULL, "Allow: POST" },
	{ ANSWER_TOO_LARGE, "413 Content Too Large", NULL, NULL },
	{ ANSWER_BAD_ENCODING, "415 Unsupported Media Type", NULL, NULL },
	{ ANSWER_UNAVAILABLE, "503 Service Unavailable", NULL,
	    "Retry-After: 5" },
};

/* Split "head CR LF CR LF body" and check what holds for all of them. */
static struct json_object *
body_of(char *text, size_t len)
{
	struct json_object	*doc = NULL;
	struct errbuf		 err;
	char			*body, *length;

	CU_ASSERT_EQUAL_FATAL(len, strlen(text));
	CU_ASSERT_FATAL(len < ANSWER_TEXT_MAX);
	body = strstr(text, "\r\n\r\n");
	CU_ASSERT_PTR_NOT_NULL_FATAL(body);
	body[2] = '\0';
	body += 4;
	CU_ASSERT_PTR_NOT_NULL(strstr(text,
	    "\r\nContent-Type: application/json\r\n"));
	length = strstr(text, "\r\nContent-Length: ");
	CU_ASSERT_PTR_NOT_NULL_FATAL(length);
	CU_ASSERT_EQUAL(strtoul(length + 18, NULL, 10), strlen(body));
	CU_ASSERT_EQUAL(json_parse(body, strlen(body), &doc, &err), JSON_OK);
	CU_ASSERT(json_is_object(doc));
	return doc;
}

static void
assert_answer(size_t i, const char *words, const char *want)
{
	struct json_object	*doc;
	char			 text[ANSWER_TEXT_MAX], line[64];
	const char		*key = rows[i].status != NULL ? "status" :
				    "error", *value;

	doc = body_of(text, answer_print(rows[i].answer, words, text));
	(void)snprintf(line, sizeof(line), "Status: %s\r\n",
	    rows[i].status_line);
	CU_ASSERT_EQUAL(strncmp(text, line, strlen(line)), 0);
	CU_ASSERT_EQUAL(answer_http(rows[i].answer),
	    strtol(rows[i].status_line, NULL, 10));
	CU_ASSERT_EQUAL(json_members(doc), 1);
	value = json_string_at(doc, key);
	CU_ASSERT_PTR_NOT_NULL_FATAL(value);
	CU_ASSERT_STRING_EQUAL(value, rows[i].status != NULL ?
	    rows[i].status : want);
	if (rows[i].header != NULL) {
		(void)snprintf(line, sizeof(line), "\r\n%s\r\n",
		    rows[i].header);
		CU_ASSERT_PTR_NOT_NULL(strstr(text, line));
	}
	CU_ASSERT_EQUAL(strstr(text, "Allow:") != NULL, rows[i].header != NULL
	    && strncmp(rows[i].header, "Allow", 5) == 0);
	CU_ASSERT_EQUAL(strstr(text, "Retry-After:") != NULL,
	    answer_http(rows[i].answer) == 503);
	json_free(doc);
}

static void
test_every_answer(void)
{
	static const struct {
		const char	*words, *want;
	} words[] = {
		{ "", "" },
		{ "plain words", "plain words" },
		{ "a \"quoted\" \\ word", "a \"quoted\" \\ word" },
		{ "line\r\nX-Evil: 1\r\n\r\n<html>",
		  "line??X-Evil: 1????" "<html>" },
		{ "\001\033\177 caf\xc3\xa9 \xff", "??? caf?? ?" },
		{ "100%s %n", "100%s %n" },
	};
	size_t	i, k;

	CU_ASSERT_EQUAL(COUNT(rows) + 3, ANSWER__MAX);
	for (i = 0; i < COUNT(rows); i++)
		for (k = 0; k < COUNT(words); k++)
			assert_answer(i, words[k].words, words[k].want);
}

/* Words that do not fit are cut, at any length, and the JSON is whole. */
static void
test_long_words(void)
{
	struct json_object	*doc;
	char			 text[ANSWER_TEXT_MAX], words[4000];
	size_t			 i, n;

	for (i = 0; i < 2; i++)
		for (n = 900; n < sizeof(words); n += 31) {
			memset(words, i == 0 ? 'x' : '"', n);
			words[n] = '\0';
			doc = body_of(text, answer_print(ANSWER_BAD_REQUEST,
			    words, text));
			CU_ASSERT(strlen(json_string_at(doc, "error")) > 400);
			json_free(doc);
		}
}

static void
test_health(void)
{
	static const struct {
		enum answer	 answer;
		const char	*line;
	} health[] = {
		{ ANSWER_HANDSHAKE, "Status: 200 OK\r\n" },
		{ ANSWER_HEALTHY, "Status: 200 OK\r\n" },
		{ ANSWER_UNHEALTHY, "Status: 503 Service Unavailable\r\n" },
	};
	struct json_object	*doc;
	char			 text[ANSWER_TEXT_MAX];
	size_t			 i;

	for (i = 0; i < COUNT(health); i++) {
		doc = body_of(text, answer_print(health[i].answer,
		    "{\"database\":\"it\"}", text));
		CU_ASSERT_EQUAL(strncmp(text, health[i].line,
		    strlen(health[i].line)), 0);
		CU_ASSERT_STRING_EQUAL(json_string_at(doc, "database"), "it");
		json_free(doc);
	}
}

/* A repeat, or what nobody understood, is a success to its sender. */
static void
test_outcomes(void)
{
	static const struct {
		enum outcome	outcome;
		enum answer	answer;
		int		http;
	} outcomes[] = {
		{ OUTCOME_ACCEPTED, ANSWER_ACCEPTED, 200 },
		{ OUTCOME_REQUERY, ANSWER_ACCEPTED, 200 },
		{ OUTCOME_DUPLICATE, ANSWER_DUPLICATE, 200 },
		{ OUTCOME_CONFLICT, ANSWER_DUPLICATE, 200 },
		{ OUTCOME_IGNORED, ANSWER_IGNORED, 200 },
		{ OUTCOME_UNPARSED, ANSWER_UNPARSED, 200 },
		{ OUTCOME_STALE, ANSWER_STALE, 200 },
		{ OUTCOME_REJECTED, ANSWER_REJECTED, 400 },
		{ OUTCOME_UNVERIFIED, ANSWER_UNVERIFIED, 401 },
	};
	size_t	i;

	CU_ASSERT_EQUAL(COUNT(outcomes), OUTCOME__MAX);
	for (i = 0; i < COUNT(outcomes); i++) {
		CU_ASSERT_EQUAL(answer_of(outcomes[i].outcome),
		    outcomes[i].answer);
		CU_ASSERT_EQUAL(answer_http(outcomes[i].answer),
		    outcomes[i].http);
	}
	CU_ASSERT_EQUAL(answer_log_level(ANSWER_ACCEPTED), LOG_DEBUG);
	CU_ASSERT_EQUAL(answer_log_level(ANSWER_UNVERIFIED), LOG_WARN);
	CU_ASSERT_EQUAL(answer_log_level(ANSWER_UNAVAILABLE), LOG_ERROR);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "every answer", test_every_answer },
		{ "long words", test_long_words },
		{ "health", test_health },
		{ "outcomes", test_outcomes },
		{ NULL, NULL }
	};

	return cunit_run("answer", tests);
}
