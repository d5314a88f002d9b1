/* batch/polls: what becomes of a task and of its account by what the status API
 * answered, with the network and the database played by this test. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/redact.h"
#include "common/store.h"
#include "batch/provider_api.h"
#include "batch/steps.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"
#include "tests/scratch.h"

#define TASKS	8	/* that are due */

struct db_rows {
	int	n;
};

bool		 __wrap_http_start(struct http_engine *,
		    const struct http_request *, struct http_response *);
void		 __wrap_http_turn(struct http_engine *, int timeout_ms);
enum db_verdict	 __wrap_run_query(struct run *, const struct db_stmt *,
		    const struct db_param *, struct db_rows **,
		    struct errbuf *);
int		 __wrap_db_rows_count(const struct db_rows *);
const char	*__wrap_db_value(const struct db_rows *, int row, int col);
void		 __wrap_db_rows_free(struct db_rows *);

static struct http_request	 asked[TASKS];
static struct http_response	*answers[TASKS];
static int			 nasked, nanswered, due;
static int			 http;
static int64_t			 retry_after_s;
static const char		*body;
static bool			 probation;
/* Whom it is about, and what a second question is answered; 0: it cannot even be
 * asked. */
static const char		*provider = "novita";
static bool			 is_second[TASKS];
static int			 second_http;
static const char		*second_body;

/* All answers come in one turn; and the database refuses that one's, and all that
 * come with it. */
#define REFUSED_ONE	5

static bool			 all_at_once;
static const char		*refused_body;
static size_t			 stored, most_stored, refused;

enum db_verdict	 __wrap_store_deliveries(struct db *, const struct conf *,
		    struct delivery *const *, size_t, enum store_try, int,
		    enum outcome *, struct errbuf *);
bool		 __wrap_db_is_connected(const struct db *);

enum db_verdict
__wrap_store_deliveries(struct db *db, const struct conf *conf,
    struct delivery *const *batch, size_t n, enum store_try nth,
    int timeout_ms, enum outcome *outcomes, struct errbuf *err)
{
	size_t	i;

	(void)db;
	(void)conf;
	CU_ASSERT(nth == STORE_AGAIN && timeout_ms > 0);
	if (n > most_stored)
		most_stored = n;
	for (i = 0; i < n; i++) {
		outcomes[i] = OUTCOME_ACCEPTED;
		if (memmem(batch[i]->body, batch[i]->bodylen, "refused-one",
		    11) != NULL) {
			refused++;
			errbuf_set(err, "it breaks a rule");
			return DB_REFUSED;
		}
	}
	stored += n;
	return DB_OK;
}

bool
__wrap_db_is_connected(const struct db *db)
{
	(void)db;
	return false;
}

/* What was written. */
static int	notes, pauses, released;
static char	kind[32], words[400], wait[32], pause_kind[32], pause_asked[32];

bool
__wrap_http_start(struct http_engine *engine, const struct http_request *req,
    struct http_response *res)
{
	(void)engine;
	CU_ASSERT_FATAL(nasked < TASKS);
	CU_ASSERT(req->timeout_s > 0 && req->timeout_s <= 60);
	CU_ASSERT_PTR_NULL(req->post);
	is_second[nasked] = strstr(req->url, "/files/") != NULL;
	if (is_second[nasked] && second_http == 0)
		return false;
	asked[nasked] = *req;
	memset(res, 0, sizeof(*res));
	answers[nasked++] = res;
	return true;
}

/* One answer comes; http 0: there is nobody. */
static void
one_answer(void)
{
	struct http_response	*res;
	const char		*text = body;
	int			 status = http;

	if (refused_body != NULL && nanswered == REFUSED_ONE)
		text = refused_body;
	if (is_second[nanswered]) {
		status = second_http;
		text = second_body;
	}
	res = answers[nanswered];
	res->verdict = status != 0 ? HTTP_ANSWERED : HTTP_TROUBLE;
	res->status = status;
	res->retry_after_s = retry_after_s;
	errbuf_set(&res->err, "it broke");
	if (status != 0)
		CU_ASSERT(asked[nanswered].on_body(asked[nanswered].arg, text,
		    strlen(text)));
	asked[nanswered].on_done(asked[nanswered].arg);
	nanswered++;
}

void
__wrap_http_turn(struct http_engine *engine, int timeout_ms)
{
	int	n = nasked;

	(void)engine;
	(void)timeout_ms;
	if (!all_at_once && n > nanswered)
		n = nanswered + 1;
	while (nanswered < n)
		one_answer();
}

int
__wrap_db_rows_count(const struct db_rows *rows)
{
	return rows != NULL ? rows->n : 0;
}

const char *
__wrap_db_value(const struct db_rows *rows, int row, int col)
{
	static const char *const	troubled[] = { "novita", "default" };
	static const char *const	claimed[] = {
		"t", "m", "0", ""
	};

	(void)row;
	if (rows->n < 0)
		return "pending";
	return probation && due == TASKS ? troubled[col] : claimed[col];
}

void
__wrap_db_rows_free(struct db_rows *rows)
{
	(void)rows;
}

static void
note(char *to, size_t size, struct db_param p)
{
	(void)snprintf(to, size, "%s", p.value != NULL ? p.value : "-");
}

enum db_verdict
__wrap_run_query(struct run *r, const struct db_stmt *stmt,
    const struct db_param *params, struct db_rows **rows, struct errbuf *err)
{
	static struct db_rows	found;
	int			limit;

	(void)r;
	(void)err;
	found.n = 0;
	if (rows != NULL)
		*rows = &found;
	if (stmt == DB_TROUBLED_ACCOUNTS)
		found.n = probation ? 1 : 0;
	else if (stmt == DB_CLAIM_POLLS) {
		limit = (int)db_number(params[4].value);
		found.n = due < limit ? due : limit;
		due -= found.n;
	} else if (stmt == DB_NOTE_POLL) {
		notes++;
		note(kind, sizeof(kind), params[2]);
		note(words, sizeof(words), params[3]);
		note(wait, sizeof(wait), params[4]);
	} else if (stmt == DB_TROUBLE_ACCOUNT || stmt == DB_PAUSE_ACCOUNT) {
		pauses++;
		note(pause_kind, sizeof(pause_kind),
		    stmt == DB_TROUBLE_ACCOUNT ? params[2] :
		    db_text("rate limit"));
		note(pause_asked, sizeof(pause_asked),
		    params[stmt == DB_TROUBLE_ACCOUNT ? 5 : 2]);
	} else if (stmt == DB_RELEASE_POLLS)
		released++;
	else
		CU_ASSERT_EQUAL(stmt, DB_ACCOUNT_IS_WELL);
	return DB_OK;
}

static void
poll_all(void)
{
	static char	name[] = "default", key[] = "a-key-of-the-test";
	static char	base[] = "https://api.example";
	char		*tokens[] = { (char[]){ "token-of-the-test" }, NULL };
	struct account	account = { .name = name, .api_key = key,
			    .api_base = base, .tokens = tokens };
	struct conf	conf = { .accounts = &account, .naccounts = 1,
			    .polls_in_flight = 4 };
	struct sweep	s = { .run = { .conf = &conf } };

	account.provider = provider_find(provider);
	nasked = nanswered = notes = pauses = released = 0;
	due = strcmp(provider, "novita") == 0 ? TASKS : 1;
	kind[0] = words[0] = wait[0] = pause_kind[0] = pause_asked[0] = '\0';
	polls_step(&s, clock_ms() + 3600000);
	CU_ASSERT_FALSE(s.run.broken);
}

/* What each answer is worth for a task, how many of 8 are asked, and what
 * becomes of the account. */
static const struct {
	int		 http;
	int64_t		 retry_after_s;
	const char	*body;
	int		 asked;
	const char	*kind, *words, *wait;
	const char	*pause, *pause_asked;
} cases[] = {
	{ 404, 0, "{\"message\":\"no task\"}", 8, "not_found",
	  "answered 404: no task", "-", "", "" },
	/* As long as the server asks, for the task and the account. */
	{ 429, 900, "{\"message\":\"slow\"}", 1, "error",
	  "answered 429: slow", "900 s", "rate limit", "900 s" },
	{ 429, 0, "{}", 1, "error", "answered 429", "-", "rate limit",
	  "60 s" },
	{ 503, 120, "{}", 3, "error", "answered 503", "120 s", "down",
	  "120 s" },
	{ 400, 77, "{\"message\":\"bad\"}", 8, "error", "answered 400: bad",
	  "77 s", "", "" },
	{ 500, 0, "{}", 3, "error", "answered 500", "-", "down", "0 s" },
	{ 521, 0, "<title>521</title>", 3, "error",
	  "answered 521 with a web page: 521", "-", "down", "0 s" },
	{ 0, 0, "", 3, "error", "it broke", "-", "down", "0 s" },
	/* A page knows nothing of tasks and keys. */
	{ 404, 0, "<title>Not Found</title>", 3, "error",
	  "answered 404 with a web page: Not Found", "-", "walled off",
	  "0 s" },
	{ 403, 0, "<title>Blocked</title>", 3, "error",
	  "answered 403 with a web page: Blocked", "-", "walled off", "0 s" },
	{ 200, 0, "<title>Hello</title>", 3, "error",
	  "answered 200 with a web page: Hello", "-", "walled off", "0 s" },
	{ 302, 0, "moved", 3, "error",
	  "answered 302 without a JSON object: moved", "-", "walled off",
	  "0 s" },
	{ 403, 0, "{\"message\":\"no right\"}", 1, "error",
	  "answered 403: no right", "-", "", "" },
	/* What an answer repeats of ours is not kept. */
	{ 400, 0, "{\"message\":\"key a-key-of-the-test, hook "
	  "/h/token-of-the-test\"}", 8, "error",
	  "answered 400: key " REDACTED ", hook /h/" REDACTED, "-", "", "" },
};

static void
expect_case(size_t i, bool on_probation)
{
	int		before = (int)CU_get_number_of_failures();
	int		want = cases[i].asked;
	struct capture	cap;
	char		said[8192];

	http = cases[i].http;
	retry_after_s = cases[i].retry_after_s;
	body = cases[i].body;
	probation = on_probation;
	if (on_probation && want == 3)
		want = 1;
	capture_begin(&cap);
	poll_all();
	(void)capture_end(&cap, said, sizeof(said));
	CU_ASSERT_EQUAL(nasked, want);
	CU_ASSERT_EQUAL(notes, want);
	CU_ASSERT_STRING_EQUAL(kind, cases[i].kind);
	CU_ASSERT_STRING_EQUAL(words, cases[i].words);
	CU_ASSERT_STRING_EQUAL(wait, cases[i].wait);
	CU_ASSERT_EQUAL(pauses, *cases[i].pause != '\0');
	CU_ASSERT_STRING_EQUAL(pause_kind, cases[i].pause);
	CU_ASSERT_STRING_EQUAL(pause_asked, cases[i].pause_asked);
	if ((int)CU_get_number_of_failures() != before)
		(void)fprintf(stderr, "\n    row %zu: %d asked, %s, %s, %s; "
		    "%s %s\n", i, nasked, kind, words, wait, pause_kind,
		    pause_asked);
}

static void
test_answers(void)
{
	size_t	i;

	for (i = 0; i < COUNT(cases); i++)
		expect_case(i, false);
}

/* Of an account that was in trouble one goes first, and nothing after it but
 * where it was well. */
static void
test_probation(void)
{
	size_t	i;

	for (i = 0; i < COUNT(cases); i++)
		expect_case(i, true);
}

/* What the database refuses costs none of those that came with it, and its own
 * task is asked about again. */
static void
test_refused(void)
{
	struct capture	cap;
	char		said[8192];

	http = 200;
	body = "{\"task\":{\"task_id\":\"t\",\"status\":"
	    "\"TASK_STATUS_FAILED\",\"reason\":\"no\"}}";
	refused_body = "{\"task\":{\"task_id\":\"t\",\"status\":"
	    "\"TASK_STATUS_FAILED\",\"reason\":\"refused-one\"}}";
	all_at_once = true;
	probation = false;
	retry_after_s = 0;
	stored = most_stored = refused = 0;
	capture_begin(&cap);
	poll_all();
	(void)capture_end(&cap, said, sizeof(said));
	all_at_once = false;
	refused_body = NULL;
	CU_ASSERT_EQUAL(nasked, TASKS);
	CU_ASSERT(most_stored > 1);
	CU_ASSERT_EQUAL(refused, 2);	/* among others, and alone */
	CU_ASSERT_EQUAL(stored, TASKS - 1);
	CU_ASSERT_EQUAL(notes, 1);
	CU_ASSERT_STRING_EQUAL(kind, "error");
	CU_ASSERT_STRING_EQUAL(words, "it breaks a rule");
}

/* Where the result is asked for by a second question, that there is none says
 * nothing of the task; nor does it when nothing could be asked. */
static void
test_second_question(void)
{
	static const struct {
		int		 http;
		const char	*body;
		int		 asked;
	} rows[] = {
		{ 404, "{\"message\":\"no file\"}", 2 },
		{ 500, "{}", 2 },
		{ 0, "", 1 },
	};
	struct capture	 cap;
	char		 said[8192], *first;
	size_t		 i, len;

	first = fixture_read("tests/fixtures/minimax/poll-success.json", &len);
	provider = "minimax";
	http = 200;
	body = first;
	probation = false;
	for (i = 0; i < COUNT(rows); i++) {
		second_http = rows[i].http;
		second_body = rows[i].body;
		capture_begin(&cap);
		poll_all();
		(void)capture_end(&cap, said, sizeof(said));
		CU_ASSERT_EQUAL(nasked, rows[i].asked);
		CU_ASSERT_EQUAL(notes, 1);
		CU_ASSERT_STRING_EQUAL(kind, "error");
	}
	provider = "novita";
	free(first);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "answers", test_answers },
		{ "refused", test_refused },
		{ "a second question", test_second_question },
		{ "on probation", test_probation },
		{ NULL, NULL }
	};

	return cunit_run("polls", tests);
}
