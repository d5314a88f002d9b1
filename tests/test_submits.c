/* batch/submits: what becomes of a request and of its account by what the API
 * answered, with the network and the database played by this test. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "batch/provider_api.h"
#include "batch/submits.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"
#include "tests/scratch.h"

struct db_rows {
	int			 n;
	const char *const	*values;	/* of the one row there is */
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
int64_t		 __wrap_clock_ms(void);

#define KEY	"a-key-of-the-test"
#define TOKEN	"tok-of-the-test"
#define PAGE(title) "<html><head><title>" title "</title></head></html>"

/* What the API does with a request. */
struct play {
	enum http_verdict	 verdict;
	bool			 begun;		/* of no answer */
	int			 status;
	int64_t			 retry_after_s;
	const char		*body;
};

static const struct play	*play, *next;	/* of the second; NULL: the same */
static int			 away;	/* so many times it is not written */
static struct http_request	 asked;
static struct http_response	*answer;
static char			*tokens[] = { (char[]){ TOKEN }, NULL };
static char			 name[] = "default", key[] = KEY;
static char			 base[] = "https://api.example";
static char			 hook_base[] = "https://hooks.example";
static char			 spool[SCRATCH_PATH];
static struct account		 account;
static struct conf		 conf;
static int64_t			 now_ms, claim_takes_ms;
static int			 queued;	/* requests to be claimed */
static int			 posts;
static char			 sent_headers[512];	/* of the last one */
static const char		*body = "{\"prompt\":\"a\"}";
static bool			 probation;
static const char		*attempts, *doubt;

/* What was written. */
static int	finishes, pauses, wells;
static char	status[32], words[400], wait[32], pause_kind[32];
static char	pause_first[32], pause_asked[32], pause_words[400];

int64_t
__wrap_clock_ms(void)
{
	return now_ms;
}

bool
__wrap_http_start(struct http_engine *engine, const struct http_request *req,
    struct http_response *res)
{
	size_t	i;

	(void)engine;
	asked = *req;
	answer = res;
	memset(res, 0, sizeof(*res));
	posts++;
	sent_headers[0] = '\0';
	for (i = 0; req->headers != NULL && req->headers[i] != NULL; i++) {
		(void)strncat(sent_headers, req->headers[i],
		    sizeof(sent_headers) - strlen(sent_headers) - 2);
		(void)strcat(sent_headers, ";");
	}
	CU_ASSERT(req->timeout_s > 0 && req->timeout_s <= 60);
	CU_ASSERT_EQUAL(req->policy, HTTP_PUBLIC_API);
	return true;
}

void
__wrap_http_turn(struct http_engine *engine, int timeout_ms)
{
	struct http_response	*res = answer;

	(void)engine;
	(void)timeout_ms;
	if (res == NULL)
		return;
	if (posts == 2 && next != NULL)
		play = next;
	answer = NULL;
	res->verdict = play->verdict;
	res->begun = play->begun || play->verdict == HTTP_ANSWERED;
	res->status = play->status;
	res->retry_after_s = play->retry_after_s;
	if (play->verdict != HTTP_ANSWERED)
		errbuf_set(&res->err, "api.example: it broke");
	else if (*play->body != '\0')
		CU_ASSERT(asked.on_body(asked.arg, play->body,
		    strlen(play->body)));
	asked.on_done(asked.arg);
}

int
__wrap_db_rows_count(const struct db_rows *rows)
{
	return rows != NULL ? rows->n : 0;
}

const char *
__wrap_db_value(const struct db_rows *rows, int row, int col)
{
	CU_ASSERT_FATAL(row < rows->n);
	return rows->values[col];
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

/* The statements that write something. */
static void
db_write(const struct db_stmt *stmt, const struct db_param *params)
{
	if (stmt == DB_FINISH_REQUEST) {
		finishes++;
		CU_ASSERT_STRING_EQUAL(params[0].value, "7");
		note(status, sizeof(status), params[2]);
		note(words, sizeof(words), params[4]);
		note(wait, sizeof(wait), params[5]);
	} else if (stmt == DB_TROUBLE_ACCOUNT) {
		pauses++;
		note(pause_kind, sizeof(pause_kind), params[2]);
		note(pause_first, sizeof(pause_first), params[3]);
		note(pause_asked, sizeof(pause_asked), params[5]);
		note(pause_words, sizeof(pause_words), params[6]);
	} else if (stmt == DB_PAUSE_ACCOUNT) {
		pauses++;
		note(pause_kind, sizeof(pause_kind), db_text("rate limit"));
		note(pause_asked, sizeof(pause_asked), params[2]);
	} else if (stmt == DB_ACCOUNT_IS_WELL)
		wells++;
	else
		CU_FAIL("another statement");
}

enum db_verdict
__wrap_run_query(struct run *r, const struct db_stmt *stmt,
    const struct db_param *params, struct db_rows **rows, struct errbuf *err)
{
	static const char	*identity[] = { "nonce", "0" };
	static const char	*doubts[1], *troubled[2], *written[1];
	static const char	*claimed[9];
	static struct db_rows	 answers;

	(void)r;
	(void)err;
	answers.n = 1;
	doubts[0] = doubt;
	written[0] = status;
	if (rows != NULL)
		*rows = &answers;
	if (stmt == DB_IDENTIFY_DATABASE)
		answers.values = identity;
	else if (stmt == DB_DOUBT_DATABASE)
		answers.values = doubts;
	else if (stmt == DB_TROUBLED_ACCOUNTS) {
		troubled[0] = account.provider->name;
		troubled[1] = account.name;
		answers.values = troubled;
		answers.n = probation ? 1 : 0;
	} else if (stmt == DB_CLAIM_REQUESTS) {
		/* What is claimed has to be sent soon: one at a time. */
		CU_ASSERT_STRING_EQUAL(params[4].value, "1");
		claimed[0] = "7";
		claimed[1] = "model";
		claimed[2] = body;
		claimed[3] = NULL;
		claimed[4] = "t";
		claimed[5] = "f";
		claimed[6] = "once";
		claimed[7] = attempts;
		claimed[8] = "1";
		answers.values = claimed;
		answers.n = queued > 0 ? 1 : 0;
		queued--;
		now_ms += claim_takes_ms;
	} else if (stmt == DB_EXPIRE_REQUESTS || stmt == DB_NOTE_TOKENS ||
	    stmt == DB_NOTE_STRAY_REQUESTS)
		answers.n = 0;
	else if (stmt == DB_FINISH_REQUEST && away > 0) {
		away--;
		return DB_AWAY;
	} else {
		db_write(stmt, params);
		answers.values = written;
	}
	return DB_OK;
}

/* Queue so many requests, and send what is to be sent. */
static void
send_to(const struct provider *p, int n, const struct play *what)
{
	struct run	run = { .conf = &conf };
	int64_t		submitted = 0;

	account = (struct account){ .provider = p, .name = name,
	    .tokens = tokens, .api_key = key, .api_base = base,
	    .resend_unknown = account.resend_unknown,
	    .submits_per_minute = 60 };
	conf.accounts = &account;
	conf.naccounts = 1;
	conf.polls_in_flight = 16;
	conf.base_url = hook_base;
	conf.spool_dir = spool;
	play = what;
	queued = n;
	posts = finishes = pauses = wells = 0;
	status[0] = words[0] = wait[0] = '\0';
	pause_kind[0] = pause_first[0] = pause_asked[0] = '\0';
	submits_run(&(struct submit_run){ .run = &run,
	    .until_ms = now_ms + 3600000, .submitted = &submitted });
	CU_ASSERT_FALSE(run.broken);
	CU_ASSERT_EQUAL(submitted, strcmp(status, "submitted") == 0 ?
	    finishes : 0);
}

static void
begin(void)
{
	account.resend_unknown = false;
	now_ms = 1000000;
	claim_takes_ms = 0;
	probation = false;
	attempts = "1";
	doubt = NULL;
	next = NULL;
}

/* ---- one request -------------------------------------------------------- */

#define ANSWERED(status, retry, body) \
	{ HTTP_ANSWERED, true, (status), (retry), (body) }
#define DOWN	"down", "30 s"
#define POOR	"no credit", "60 s"
#define WALL	"walled off", "60 s"
#define NONE	"", ""
#define ID_FOR_ALL \
	"{\"code\":200,\"id\":\"t1\",\"task_id\":\"t1\",\"request_id\":\"t1\"," \
	"\"data\":{\"taskId\":\"t1\",\"id\":" \
	"\"t1\",\"task_id\":\"t1\"}}"

/* The same of those whose answers are lists. */
#define ID_IN_A_LIST	"{\"data\":[{\"taskUUID\":\"t1\"}]}"

/* What each provider's answer makes of the first request of an account. */
static const struct {
	struct play	 play;
	const char	*status, *words, *wait;
	const char	*pause, *first;		/* of the account */
	const char	*asked;			/* by the server */
} answers[] = {
	{ ANSWERED(200, 0, ID_FOR_ALL), "submitted", "-", "0 s", NONE, "" },
	{ ANSWERED(201, 0, ID_FOR_ALL), "submitted", "-", "0 s", NONE, "" },
	{ ANSWERED(400, 0, "{\"message\":\"bad\"}"), "refused",
	  "answered 400: bad", "0 s", NONE, "" },
	{ ANSWERED(422, 0, "{\"detail\":[{\"loc\":[\"body\",\"prompt\"],"
	  "\"msg\":\"field required\",\"type\":\"missing\"}]}"), "refused",
	  "answered 422: body.prompt: field required", "0 s", NONE, "" },
	{ ANSWERED(422, 0, "{\"detail\":\"no\"}"), "refused",
	  "answered 422: no", "0 s", NONE, "" },
	{ ANSWERED(404, 0, "{\"message\":\"no such model\"}"), "refused",
	  "answered 404: no such model", "0 s", NONE, "" },
	{ ANSWERED(413, 0, PAGE("Too Large")), "refused",
	  "answered 413 with a web page: Too Large", "0 s", NONE, "" },
	{ ANSWERED(425, 0, "{}"), "queued", "answered 425", "10 s", NONE, "" },
	{ ANSWERED(401, 0, "{\"message\":\"no key\"}"), "queued",
	  "answered 401: no key", "10 s", NONE, "" },
	{ ANSWERED(429, 17, "{\"message\":\"slow\"}"), "queued",
	  "answered 429: slow", "17 s", "rate limit", "", "17 s" },
	{ ANSWERED(429, 0, ""), "queued",
	  "answered 429 without a JSON object", "10 s", "rate limit", "",
	  "60 s" },
	{ ANSWERED(500, 0, "{\"message\":\"x\"}"), "unknown",
	  "answered 500: x", "0 s", DOWN, "0 s" },
	{ ANSWERED(502, 0, PAGE("502 Bad Gateway")), "unknown",
	  "answered 502 with a web page: 502 Bad Gateway", "0 s", DOWN,
	  "0 s" },
	{ ANSWERED(503, 120, ""), "queued",
	  "answered 503 without a JSON object", "120 s", DOWN, "120 s" },
	{ ANSWERED(503, 999999, "{\"message\":\"m\"}"), "queued",
	  "answered 503: m", "3600 s", DOWN, "86400 s" },
	{ ANSWERED(504, 0, ""), "unknown",
	  "answered 504 without a JSON object", "0 s", DOWN, "0 s" },
	{ ANSWERED(520, 0, PAGE("520")), "unknown",
	  "answered 520 with a web page: 520", "0 s", DOWN, "0 s" },
	{ ANSWERED(521, 0, PAGE("521")), "queued",
	  "answered 521 with a web page: 521", "10 s", DOWN, "0 s" },
	{ ANSWERED(521, 120, "error code: 521"), "queued",
	  "answered 521 without a JSON object: error code: 521", "120 s",
	  DOWN, "120 s" },
	{ ANSWERED(522, 0, ""), "unknown",
	  "answered 522 without a JSON object", "0 s", DOWN, "0 s" },
	{ ANSWERED(523, 0, ""), "queued",
	  "answered 523 without a JSON object", "10 s", DOWN, "0 s" },
	{ ANSWERED(524, 0, ""), "unknown",
	  "answered 524 without a JSON object", "0 s", DOWN, "0 s" },
	{ ANSWERED(525, 0, ""), "queued",
	  "answered 525 without a JSON object", "10 s", DOWN, "0 s" },
	{ ANSWERED(526, 0, ""), "queued",
	  "answered 526 without a JSON object", "10 s", DOWN, "0 s" },
	{ ANSWERED(530, 0, ""), "queued",
	  "answered 530 without a JSON object", "10 s", DOWN, "0 s" },
	{ ANSWERED(402, 0, "{\"message\":\"pay\"}"), "queued",
	  "answered 402: pay", "10 s", POOR, "0 s" },
	{ ANSWERED(402, 0, ""), "queued",
	  "answered 402 without a JSON object", "10 s", POOR, "0 s" },
	{ ANSWERED(403, 0, "{\"reason\":\"NOT_ENOUGH_BALANCE\"}"), "queued",
	  "answered 403: NOT_ENOUGH_BALANCE", "10 s", POOR, "0 s" },
	{ ANSWERED(400, 0, "{\"code\":400,\"message\":\"Insufficient "
	  "credits\"}"), "queued", "answered 400: Insufficient credits",
	  "10 s", POOR, "0 s" },
	{ ANSWERED(200, 0, "{\"code\":402,\"message\":\"pay\"}"), "queued",
	  "answered 402: pay", "10 s", POOR, "0 s" },
	{ ANSWERED(403, 0, PAGE("Just a moment...")), "queued",
	  "answered 403 with a web page: Just a moment...", "10 s", WALL,
	  "0 s" },
	{ ANSWERED(403, 0, "error code: 1020"), "queued",
	  "answered 403 without a JSON object: error code: 1020", "10 s",
	  WALL, "0 s" },
	{ ANSWERED(200, 0, PAGE("Welcome")), "queued",
	  "answered 200 with a web page: Welcome", "10 s", WALL, "0 s" },
	{ ANSWERED(429, 600, PAGE("Rate limited")), "queued",
	  "answered 429 with a web page: Rate limited", "600 s", WALL,
	  "600 s" },
	{ ANSWERED(302, 0, ""), "queued",
	  "answered 302 without a JSON object", "10 s", WALL, "0 s" },
	{ ANSWERED(200, 0, "{\"task_id\":\"t"), "unknown",
	  "answered 200 without a JSON object: {\"task_id\":\"t", "0 s", WALL,
	  "0 s" },
	{ ANSWERED(200, 0, "{}"), "unknown",
	  "answered 200 without a task's id", "0 s", NONE, "" },
	/* What an answer echoes of ours is in no words. */
	{ ANSWERED(403, 0, "{\"message\":\"not " KEY "\"}"), "refused",
	  "answered 403: not [token]", "0 s", NONE, "" },
	{ ANSWERED(403, 0, "<title>" KEY " " TOKEN "</title>"), "queued",
	  "answered 403 with a web page: [token] [token]", "10 s", WALL,
	  "0 s" },
	/* No answer: the request went out, or nobody was there. */
	{ { HTTP_TROUBLE, false, 0, 0, "" }, "queued",
	  "api.example: it broke", "10 s", DOWN, "0 s" },
	{ { HTTP_FORBIDDEN, false, 0, 0, "" }, "queued",
	  "api.example: it broke", "10 s", DOWN, "0 s" },
	{ { HTTP_TROUBLE, true, 0, 0, "" }, "unknown",
	  "api.example: it broke", "0 s", NONE, "" },
	{ { HTTP_TOO_LARGE, true, 200, 0, "" }, "unknown",
	  "api.example: it broke", "0 s", NONE, "" },
};

static void
expect_answer(const struct provider *p, size_t i)
{
	unsigned int	before = CU_get_number_of_failures();
	struct play	what = answers[i].play;
	struct capture	cap;
	char		said[4096];
	bool		asks;

	if (p->submit_is_list && strcmp(what.body, ID_FOR_ALL) == 0)
		what.body = ID_IN_A_LIST;
	/* Where the task's id is known, the provider is asked about it. */
	asks = p->own_id_member != NULL &&
	    strcmp(answers[i].status, "unknown") == 0;
	begin();
	capture_begin(&cap);
	send_to(p, 1, &what);
	(void)capture_end(&cap, said, sizeof(said));
	CU_ASSERT_EQUAL(posts, asks ? 2 : 1);
	CU_ASSERT_EQUAL(finishes, 1);
	CU_ASSERT_STRING_EQUAL(status, answers[i].status);
	CU_ASSERT_STRING_EQUAL(words, answers[i].words);
	CU_ASSERT_STRING_EQUAL(wait, answers[i].wait);
	CU_ASSERT_STRING_EQUAL(pause_kind, answers[i].pause);
	CU_ASSERT_STRING_EQUAL(pause_first, answers[i].first);
	CU_ASSERT_STRING_EQUAL(pause_asked, answers[i].asked);
	CU_ASSERT_EQUAL(pauses, *answers[i].pause != '\0');
	if (pauses > 0 && *answers[i].first != '\0')
		CU_ASSERT_STRING_EQUAL(pause_words, answers[i].words);
	CU_ASSERT_PTR_NULL(strstr(said, KEY));
	CU_ASSERT_PTR_NULL(strstr(said, TOKEN));
	if (CU_get_number_of_failures() != before)
		(void)fprintf(stderr, "\n    row %zu (%s): %s, %s, %s; %s "
		    "%s %s\n", i, p->name, status, words, wait, pause_kind,
		    pause_first, pause_asked);
}

static void
test_answers(void)
{
	size_t	i, k;

	for (i = 0; i < COUNT(answers); i++)
		for (k = 0; providers[k] != NULL; k++)
			expect_answer(providers[k], i);
}

/* ---- many ---------------------------------------------------------------- */

static const struct {
	struct play	 play;
	int		 sent;		/* of 40 */
	bool		 probation;
} queues[] = {
	{ ANSWERED(200, 0, ID_FOR_ALL), 40, false },
	{ ANSWERED(400, 0, "{\"message\":\"bad\"}"), 40, false },
	{ ANSWERED(502, 0, ""), 1, false },
	{ ANSWERED(521, 0, ""), 1, false },
	{ ANSWERED(402, 0, ""), 1, false },
	{ ANSWERED(403, 0, PAGE("no")), 1, false },
	{ ANSWERED(200, 0, PAGE("no")), 1, false },
	{ ANSWERED(429, 0, "{}"), 1, false },
	{ ANSWERED(401, 0, "{}"), 1, false },
	{ { HTTP_TROUBLE, false, 0, 0, "" }, 1, false },
	{ { HTTP_TROUBLE, true, 0, 0, "" }, 3, false },
	/* After a trouble one goes first, whatever became of it. */
	{ { HTTP_TROUBLE, true, 0, 0, "" }, 1, true },
	{ ANSWERED(200, 0, ID_FOR_ALL), 40, true },
};

static void
test_queues(void)
{
	struct capture	cap;
	char		said[65536];
	size_t		i;

	for (i = 0; i < COUNT(queues); i++) {
		begin();
		probation = queues[i].probation;
		capture_begin(&cap);
		send_to(provider_find("novita"), 40, &queues[i].play);
		(void)capture_end(&cap, said, sizeof(said));
		CU_ASSERT_EQUAL(posts, queues[i].sent);
		CU_ASSERT_EQUAL(finishes, queues[i].sent);
		CU_ASSERT_EQUAL(wells, queues[i].probation &&
		    queues[i].sent == 40);
		if (posts != queues[i].sent)
			(void)fprintf(stderr, "\n    row %zu: %d\n", i, posts);
	}
}

/* ---- what is not sent, and how often ------------------------------------- */

/* A process that slept between claim and request: it is not sent, nor lost. */
static void
test_late(void)
{
	static const struct play	well = ANSWERED(200, 0, ID_FOR_ALL);

	begin();
	claim_takes_ms = 30000;
	send_to(provider_find("novita"), 1, &well);
	CU_ASSERT_EQUAL(posts, 0);
	CU_ASSERT_STRING_EQUAL(status, "queued");
	CU_ASSERT_STRING_EQUAL(words, "it was claimed, and not sent in time");
	begin();
	claim_takes_ms = 29999;
	send_to(provider_find("novita"), 1, &well);
	CU_ASSERT_EQUAL(posts, 1);
	CU_ASSERT_STRING_EQUAL(status, "submitted");
}

/* With a key against doubles an answer that was lost is asked for again, but
 * not without end. */
static void
test_resends(void)
{
	static const struct play	lost = { HTTP_TROUBLE, true, 0, 0, "" };
	static const char *const	tries[] = { "1", "4", "5", "9" };
	struct capture			cap;
	char				said[4096];
	size_t				i;

	for (i = 0; i < COUNT(tries); i++) {
		begin();
		attempts = tries[i];
		account.resend_unknown = true;
		capture_begin(&cap);
		send_to(provider_find("apimart"), 1, &lost);
		(void)capture_end(&cap, said, sizeof(said));
		CU_ASSERT_STRING_EQUAL(status, i < 2 ? "queued" : "unknown");
	}
}

/* A copy of the database sends nothing, and says so. */
static void
test_doubt(void)
{
	static const struct play	well = ANSWERED(200, 0, ID_FOR_ALL);
	struct capture			cap;
	char				said[4096];

	begin();
	doubt = "not sent: it is a copy";
	capture_begin(&cap);
	send_to(provider_find("novita"), 3, &well);
	(void)capture_end(&cap, said, sizeof(said));
	CU_ASSERT_EQUAL(posts + finishes, 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(said, "requests are not sent: it is a "
	    "copy"));
}

static void
poll_answered(struct api_call *a)
{
	(void)a;
}

/* A status API that takes for ever is not waited for. */
static void
test_poll_time(void)
{
	struct api_call	*a = calloc(1, sizeof(*a));
	struct errbuf	 err;

	CU_ASSERT_PTR_NOT_NULL_FATAL(a);
	account.provider = provider_find("novita");
	a->account = &account;
	a->on_answer = poll_answered;
	asked.timeout_s = 0;
	CU_ASSERT(api_call_get(a, NULL, "t", "m", NULL, &err));
	CU_ASSERT(asked.timeout_s > 0 && asked.timeout_s <= 60);
	asked.on_done(asked.arg);
	answer = NULL;
}

/* What the provider itself calls lost is not asked for again, whatever the account
 * is set to. */
static void
test_lost(void)
{
	static const struct play	lost = ANSWERED(409, 0,
	    "{\"error\":{\"code\":\"idempotency_result_indeterminate\","
	    "\"message\":\"m\"}}");
	struct capture			cap;
	char				said[4096];

	begin();
	account.resend_unknown = true;
	capture_begin(&cap);
	send_to(provider_find("apimart"), 1, &lost);
	(void)capture_end(&cap, said, sizeof(said));
	CU_ASSERT_EQUAL(posts, 1);
	CU_ASSERT_STRING_EQUAL(status, "unknown");
}

/* A database that is away for a moment costs no task that is paid for. */
static void
test_away(void)
{
	static const struct play	well = ANSWERED(200, 0, ID_FOR_ALL);

	begin();
	away = 1;
	send_to(provider_find("novita"), 1, &well);
	CU_ASSERT_EQUAL(away, 0);
	CU_ASSERT_EQUAL(finishes, 1);
	CU_ASSERT_STRING_EQUAL(status, "submitted");
}

/* An answer that knows no such task proves nothing: the request may be on its way
 * still. */
static void
test_no_such_task(void)
{
	static const struct play	lost = { HTTP_TROUBLE, true, 0, 0, "" };
	static const struct play	none = ANSWERED(200, 0, "{\"errors\":"
	    "[{\"code\":\"taskNotFound\",\"taskUUID\":\"once\"}]}");
	static const struct play	gone = ANSWERED(404, 0, "{\"data\":"
	    "[{\"taskUUID\":\"once\",\"status\":\"processing\"}]}");
	static const struct play	there = ANSWERED(200, 0, "{\"data\":"
	    "[{\"taskUUID\":\"once\",\"status\":\"processing\"}]}");
	struct capture			cap;
	char				said[4096];

	begin();
	next = &none;
	capture_begin(&cap);
	send_to(provider_find("runware"), 1, &lost);
	(void)capture_end(&cap, said, sizeof(said));
	CU_ASSERT_EQUAL(posts, 2);
	CU_ASSERT_STRING_EQUAL(status, "unknown");
	/* Nor does an answer that is an error, whatever stands in it. */
	begin();
	next = &gone;
	capture_begin(&cap);
	send_to(provider_find("runware"), 1, &lost);
	(void)capture_end(&cap, said, sizeof(said));
	CU_ASSERT_EQUAL(posts, 2);
	CU_ASSERT_STRING_EQUAL(status, "unknown");
	begin();
	next = &there;
	send_to(provider_find("runware"), 1, &lost);
	CU_ASSERT_EQUAL(posts, 2);
	CU_ASSERT_STRING_EQUAL(status, "submitted");
	next = NULL;
}

/* One that cannot be sent as it is goes nowhere, and does not come again. */
static void
test_no_request(void)
{
	static const struct play	well = ANSWERED(200, 0, ID_FOR_ALL);
	const char			*before = body;

	begin();
	body = "[]";
	send_to(provider_find("novita"), 1, &well);
	body = before;
	CU_ASSERT_EQUAL(posts, 0);
	CU_ASSERT_EQUAL(finishes, 1);
	CU_ASSERT_STRING_EQUAL(status, "refused");
}

/* Who takes a key against doubles is sent the request's own. */
static void
test_once(void)
{
	static const struct play	well = ANSWERED(200, 0, ID_FOR_ALL);
	size_t				k;

	for (k = 0; providers[k] != NULL; k++) {
		begin();
		play = &well;
		if (providers[k]->submit_is_list)
			continue;
		send_to(providers[k], 1, &well);
		CU_ASSERT_EQUAL(strstr(sent_headers, ": once;") != NULL,
		    providers[k]->once_header != NULL);
		if (providers[k]->once_header != NULL)
			CU_ASSERT_PTR_NOT_NULL(strstr(sent_headers,
			    providers[k]->once_header));
	}
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "lost", test_lost },
		{ "away for a moment", test_away },
		{ "answers", test_answers },
		{ "queues", test_queues },
		{ "claimed long ago", test_late },
		{ "sent again", test_resends },
		{ "a copy of the database", test_doubt },
		{ "a poll's time", test_poll_time },
		{ "no such task", test_no_such_task },
		{ "no request", test_no_request },
		{ "a key against doubles", test_once },
		{ NULL, NULL }
	};
	int				status_of_all;

	scratch_make(spool);
	status_of_all = cunit_run("submits", tests);
	scratch_remove(spool);
	return status_of_all;
}
