/* The states of a download: what is asked of whom, and what the database is told,
 * whatever an origin and a provider answer.  The network, the database and the clock
 * are this test; the archive is a real one. */
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/clock.h"
#include "lib/crypto.h"
#include "lib/hex.h"
#include "common/statements.h"
#include "archive/archive.h"
#include "batch/download/media.h"
#include "batch/steps.h"
#include "net/http.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"
#include "tests/scratch.h"

struct db_rows {
	const char	*value[14];	/* of each of n rows */
	int		 n;
};

int64_t		 __wrap_clock_ms(void);
time_t		 __wrap_time(time_t *);
bool		 __wrap_http_start(struct http_engine *,
		    const struct http_request *, struct http_response *);
void		 __wrap_http_turn(struct http_engine *, int timeout_ms);
int		 __wrap_http_in_flight(const struct http_engine *);
int		 __wrap_http_free_slots(const struct http_engine *);
void		 __wrap_http_engine_free(struct http_engine *);
void		 __real_http_engine_free(struct http_engine *);
enum db_verdict	 __wrap_run_query(struct run *, const struct db_stmt *,
		    const struct db_param *, struct db_rows **,
		    struct errbuf *);
enum db_verdict	 __wrap_run_query_any_thread(const struct run *,
		    const struct db_stmt *, const struct db_param *,
		    struct db_rows **, struct errbuf *);
int		 __wrap_db_rows_count(const struct db_rows *);
const char	*__wrap_db_value(const struct db_rows *, int row, int col);
char		*__wrap_db_bytes(const struct db_rows *, int row, int col,
		    size_t *);
void		 __wrap_db_rows_free(struct db_rows *);

#define TURN_MS		1000	/* of the test's clock, while a transfer is
				   in flight */
#define REAL_TURN_NS	1000000
#define TURNS_MAX	100000
#define RUN_S		100
#define MOST_BYTES	(1 << 24)
#define BEGIN_MS	1000000
#define BEGIN_S		INT64_C(1796000000)	/* the same moment */
#define ANSWERS		6

/* The file that the origin has. */
static char	*picture, picture_sha256[SHA256_HEX];
static size_t	 picture_len;

/* What comes to one request; all zeroes: it is not made. */
struct answer {
	enum http_verdict	 verdict;
	long			 status;	/* 0: nothing came */
	int			 from, upto;	/* percent of the picture */
	const char		*validator;
	const char		*body;		/* in the picture's place */
	bool			 resumed, not_whole, unframed, http2_broke;
	enum http_fault		 fault;
	int64_t			 length;	/* 0: as it is */
	const char		*sha256;	/* that the server says, or NULL */
	int			 after_s;	/* it takes so long */
};

#define PICTURE		{ .status = 200, .upto = 100 }
/* So much of it, and the connection breaks. */
#define CUT(percent, mark) { HTTP_TROUBLE, 200, 0, percent, .validator = mark }
#define CUT_AGAIN(some, percent) \
	{ HTTP_TROUBLE, 206, some, percent, .validator = "\"a\"", .resumed = true }
#define REST(percent)	{ .status = 206, .from = percent, .upto = 100, \
	.validator = "\"a\"", .resumed = true }
#define STATUS(code)	{ .status = code, .not_whole = true }
#define API(text)	{ .status = 200, .body = text }
#define ENDLESS		{ .verdict = HTTP_ABORTED }
/* What has come when the run's time is over. */
#define BROKEN_OFF(mark) \
	{ .verdict = HTTP_ABORTED, .status = 200, .upto = 40, .validator = mark }

#define LINK		"https://a.example/0.jpg"
#define FRESH		"https://a.example/1.jpg"
#define RESULT(url)	"{\"id\":\"task\",\"status\":\"completed\"," \
	"\"created\":1763000000,\"completed\":1763000060,\"result\":" \
	"{\"images\":[{\"url\":[\"" url "\"],\"expires_at\":4000000000}]}}"

struct row {
	int		 line;
	const char	*url;		/* NULL: LINK */
	int64_t		 expires_in_s;	/* 0: not known */
	const char	*attempts;	/* NULL: the first */
	bool		 named;		/* by a person, for a fresh link */
	bool		 go_on;		/* in the folder of the row before */
	bool		 not_ours;	/* the database takes no fresh link */
	bool		 paused;	/* the provider wants no questions */
	int		 outputs;	/* so many alike; 0: one */
	struct answer	 answers[ANSWERS];
	const char	*asked;		/* a word for each request: 0 1 or api,
					   and from which percent on */
	const char	*told;		/* STATUS: WORDS, or "stored", or "" */
};

static struct {
	int64_t			 now_ms;
	int			 turns;
	const struct row	*row;
	int			 nanswers;
	/* The transfer, and what came of it so far. */
	struct http_request	 req;
	struct http_response	*res;
	bool			 in_flight, is_api, begun;
	int64_t			 answer_ms;
	char			 asked[256], told[512], expires[24];
	bool			 claimed;
	const char		*payload;	/* NULL: none is kept */
	enum db_verdict		 payload_verdict;
	int			 released;
} world;

static void	note(char *, size_t, const char *, ...)
		    __attribute__((format(printf, 3, 4)));

static void
note(char *to, size_t size, const char *fmt, ...)
{
	size_t	n = strlen(to);
	va_list	ap;

	va_start(ap, fmt);
	(void)vsnprintf(to + n, size - n, fmt, ap);
	va_end(ap);
}

int64_t
__wrap_clock_ms(void)
{
	return world.now_ms;
}

time_t
__wrap_time(time_t *unused)
{
	(void)unused;
	return (time_t)(BEGIN_S + (world.now_ms - BEGIN_MS) / 1000);
}

/* --- the network */

static const struct answer *
answer_now(void)
{
	CU_ASSERT_FATAL(world.nanswers <= ANSWERS && world.nanswers > 0);
	return &world.row->answers[world.nanswers - 1];
}

/* A link is asked as what a stranger has named, and from where the bytes end. */
static void
note_link(const struct http_request *req)
{
	size_t	from = (size_t)req->from,
		percent = (100 * from + picture_len - 1) / picture_len;

	CU_ASSERT_EQUAL(req->policy, HTTP_PUBLIC_LINK);
	CU_ASSERT_TRUE(req->file_only);
	CU_ASSERT_EQUAL(req->max_bytes, MOST_BYTES);
	CU_ASSERT_EQUAL(from, picture_len * percent / 100);
	if (from > 0)
		CU_ASSERT_STRING_EQUAL(req->if_range, "\"a\"");
	note(world.asked, sizeof(world.asked), "%s%s%zu ",
	    strcmp(req->url, FRESH) == 0 ? "1" : "0", from > 0 ? "+" : ":",
	    percent);
}

bool
__wrap_http_start(struct http_engine *engine, const struct http_request *req,
    struct http_response *res)
{
	(void)engine;
	CU_ASSERT_FALSE_FATAL(world.in_flight);
	memset(res, 0, sizeof(*res));
	world.req = *req;
	world.res = res;
	world.in_flight = true;
	world.begun = false;
	world.is_api = req->bearer != NULL;
	world.nanswers++;
	world.answer_ms = world.now_ms + 1000 * answer_now()->after_s;
	if (world.is_api)
		note(world.asked, sizeof(world.asked), "api ");
	else
		note_link(req);
	return true;
}

int
__wrap_http_in_flight(const struct http_engine *engine)
{
	(void)engine;
	return world.in_flight;
}

int
__wrap_http_free_slots(const struct http_engine *engine)
{
	(void)engine;
	return !world.in_flight;
}

/* The headers, and the body as far as it comes.  False: no more is wanted. */
static bool
answer_begin(const struct answer *a)
{
	struct http_response	*res = world.res;
	size_t			 from = picture_len * (size_t)a->from / 100;
	size_t			 upto = picture_len * (size_t)a->upto / 100;
	const char		*data = a->body != NULL ? a->body :
				    picture + from;
	size_t			 len = a->body != NULL ? strlen(a->body) :
				    upto - from;

	world.begun = true;
	res->status = a->status;
	res->is_file = a->status / 100 == 2 && !a->not_whole;
	res->resumed = a->resumed;
	res->http2_broke = a->http2_broke;
	res->framed = !a->unframed;
	res->length = a->length != 0 ? a->length : a->verdict == HTTP_ANSWERED ?
	    (int64_t)len : -1;
	(void)snprintf(res->validator, sizeof(res->validator), "%s",
	    a->validator != NULL ? a->validator : "");
	(void)snprintf(res->digest_header.sha256,
	    sizeof(res->digest_header.sha256), "%s",
	    a->sha256 != NULL ? a->sha256 : "");
	res->received = (int64_t)len;
	return len == 0 || !(world.is_api || res->is_file) ||
	    world.req.on_body(world.req.arg, data, len);
}

static void
answer_end(enum http_verdict verdict, enum http_fault fault)
{
	struct http_request	req = world.req;

	world.in_flight = false;
	world.res->verdict = verdict;
	world.res->fault = fault;
	if (verdict != HTTP_STOPPED)
		errbuf_set(&world.res->err, "words");
	req.on_done(req.arg);
}

/* The clock goes only while a transfer is in flight, so that it does not matter
 * how quick the other threads are. */
void
__wrap_http_turn(struct http_engine *engine, int timeout_ms)
{
	const struct timespec	 moment = { .tv_nsec = REAL_TURN_NS };
	const struct answer	*a;

	(void)engine;
	(void)timeout_ms;
	CU_ASSERT_FATAL(world.turns++ < TURNS_MAX);
	if (!world.in_flight) {
		(void)nanosleep(&moment, NULL);
		return;
	}
	world.now_ms += TURN_MS;
	a = answer_now();
	if (!world.begun && !answer_begin(a))
		answer_end(HTTP_STOPPED, a->fault);
	else if (a->verdict != HTTP_ABORTED && world.now_ms >= world.answer_ms)
		answer_end(a->verdict, a->fault);
}

void
__wrap_http_engine_free(struct http_engine *engine)
{
	if (world.in_flight)
		answer_end(HTTP_ABORTED, HTTP_FAULT_SERVER);
	__real_http_engine_free(engine);
}

/* --- the database */

int
__wrap_db_rows_count(const struct db_rows *rows)
{
	return rows != NULL ? rows->n : 0;
}

const char *
__wrap_db_value(const struct db_rows *rows, int row, int col)
{
	(void)row;
	return rows->value[col];
}

char *
__wrap_db_bytes(const struct db_rows *rows, int row, int col, size_t *len)
{
	char	*data = malloc(picture_len);

	(void)row;
	CU_ASSERT_PTR_NOT_NULL_FATAL(data);
	CU_ASSERT_PTR_NOT_NULL(rows->value[col]);
	memcpy(data, picture, picture_len);
	*len = picture_len;
	return data;
}

void
__wrap_db_rows_free(struct db_rows *rows)
{
	(void)rows;
}

enum db_verdict
__wrap_run_query(struct run *r, const struct db_stmt *stmt,
    const struct db_param *params, struct db_rows **rows, struct errbuf *err)
{
	static struct db_rows	one = { { "7" }, 1 }, yes = { { "t" }, 1 },
				no = { { "f" }, 1 }, payload = { { "" }, 1 };

	(void)r;
	if (rows != NULL)
		*rows = &yes;
	if (stmt == DB_START_SWEEP)
		*rows = &one;
	else if (stmt == DB_FAIL_OUTPUT)
		note(world.told, sizeof(world.told), "%s: %s",
		    params[4].value, params[5].value);
	else if (stmt == DB_RENEW_OUTPUT && world.row->not_ours)
		*rows = &no;
	else if (stmt == DB_RELEASE_OUTPUTS)
		world.released++;
	else if (stmt == DB_EMBEDDED_CONTENT) {
		errbuf_set(err, "refused");
		payload.value[0] = world.payload;
		*rows = &payload;
		return world.payload_verdict;
	}
	return DB_OK;
}

/* Does the row say what the file is?  params: of DB_STORE_OUTPUTS. */
static bool
row_is_true(const struct db_param *params)
{
	char	bytes[16];

	(void)snprintf(bytes, sizeof(bytes), "%zu", picture_len);
	return memmem(params[5].value, (size_t)params[5].len, bytes,
	    strlen(bytes)) != NULL && memmem(params[6].value,
	    (size_t)params[6].len, picture_sha256, SHA256_HEX - 1) != NULL;
}

/* On the db_writer's thread. */
enum db_verdict
__wrap_run_query_any_thread(const struct run *r, const struct db_stmt *stmt,
    const struct db_param *params, struct db_rows **rows, struct errbuf *err)
{
	static struct db_rows	claim = { { "apimart", "task", "0", "image",
				    NULL, NULL, "1", "1796000000", "default",
				    "flux", "1", "f", "f", NULL }, 1 };
	static struct db_rows	none, first = { { "1" }, 1 };
	const struct row	*row = world.row;

	(void)r;
	(void)params;
	(void)err;
	*rows = &none;
	if (stmt == DB_CLAIM_OUTPUTS && !world.claimed) {
		claim.value[4] = row->url != NULL ? row->url : LINK;
		claim.value[5] = row->expires_in_s != 0 ? world.expires : NULL;
		claim.value[6] = row->attempts != NULL ? row->attempts : "1";
		claim.value[11] = row->paused ? "t" : "f";
		claim.value[12] = row->named ? "t" : "f";
		claim.n = row->outputs > 0 ? row->outputs : 1;
		*rows = &claim;
		world.claimed = true;
	} else if (stmt == DB_STORE_OUTPUTS) {
		note(world.told, sizeof(world.told), row_is_true(params) ?
		    "stored" : "stored as another");
		*rows = &first;
	}
	return DB_OK;
}

/* --- a run */

/* The one file in the archive is the picture, all of it. */
static bool
picture_is_in(const char *dir)
{
	char	 pattern[SCRATCH_PATH + 64], *text;
	bool	 same = false;
	size_t	 len;
	glob_t	 found;

	(void)snprintf(pattern, sizeof(pattern), "%s/apimart/*/*/*/task/0.*",
	    dir);
	if (glob(pattern, 0, NULL, &found) == 0 && found.gl_pathc == 1) {
		text = fixture_read(found.gl_pathv[0], &len);
		same = len == picture_len && memcmp(text, picture, len) == 0;
		free(text);
	}
	globfree(&found);
	return same;
}

/* One that claims what the row says. */
static void
run_one(const struct row *row, const char *dir, struct sweep_counts *counts,
    char said[4096])
{
	static char	 name[] = "default", key[] = "a-key-of-the-test",
			 base[] = "https://api.example";
	char		*tokens[] = { (char[]){ "token-of-the-test" }, NULL };
	char		 url[SCRATCH_PATH + 8];
	struct account	 account = { .name = name, .api_key = key,
			    .api_base = base, .tokens = tokens };
	struct conf	 conf = { .accounts = &account, .naccounts = 1,
			    .downloads_in_flight = 1, .archive_url = url,
			    .max_output_bytes = MOST_BYTES, .max_seconds = RUN_S };
	struct sweep	 s = { .run = { .conf = &conf } };
	struct capture	 cap;

	(void)snprintf(url, sizeof(url), "file://%s", dir);
	world.turns = world.nanswers = world.released = 0;
	world.claimed = false;
	world.asked[0] = world.told[0] = '\0';
	world.now_ms = s.started_ms = BEGIN_MS;
	world.row = row;
	(void)snprintf(world.expires, sizeof(world.expires), "%lld",
	    (long long)(BEGIN_S + row->expires_in_s));
	account.provider = provider_find("apimart");
	capture_begin(&cap);
	CU_ASSERT(sweep_begin(&s));
	download_step(&s, world.now_ms + (RUN_S - 2) * 1000);
	(void)capture_end(&cap, said, 4096);
	CU_ASSERT_EQUAL(world.released, 1);
	*counts = s.counts;
}

static void
row_check(const struct row *row, const char *dir)
{
	unsigned int		before = CU_get_number_of_failures();
	bool			stored = strcmp(row->told, "stored") == 0;
	char			said[4096];
	struct sweep_counts	counts;

	run_one(row, dir, &counts, said);
	CU_ASSERT_STRING_EQUAL(world.asked, row->asked);
	CU_ASSERT_STRING_EQUAL(world.told, row->told);
	CU_ASSERT_EQUAL(counts.stored, stored);
	CU_ASSERT_EQUAL(picture_is_in(dir), stored);
	if (CU_get_number_of_failures() != before)
		(void)fprintf(stderr, "\n    row of line %d: asked \"%s\", told "
		    "\"%s\"\n    %s\n", row->line, world.asked, world.told, said);
}

static void
run_rows(const struct row *rows, size_t n)
{
	char	dir[SCRATCH_PATH];
	size_t	i;

	for (i = 0; i < n; i++) {
		if (i > 0 && !rows[i].go_on)
			scratch_remove(dir);
		if (!rows[i].go_on)
			scratch_make(dir);
		row_check(&rows[i], dir);
	}
	scratch_remove(dir);
}

/* --- links */

static const struct row links[] = {
	{ __LINE__, .answers = { PICTURE }, .asked = "0:0 ", .told = "stored" },
	/* One that is no good any more: the provider is asked, once. */
	{ __LINE__, .answers = { STATUS(404), API(RESULT(FRESH)), PICTURE },
	    .asked = "0:0 api 1:0 ", .told = "stored" },
	{ __LINE__, .answers = { STATUS(403), API(RESULT(FRESH)), STATUS(403) },
	    .asked = "0:0 api 1:0 ", .told = "pending: words" },
	{ __LINE__, .answers = { STATUS(410), API(RESULT(LINK)) },
	    .asked = "0:0 api ", .told =
	    "pending: words; no fresh link: the provider has no other link" },
	{ __LINE__, .answers = { STATUS(410), API(RESULT(FRESH)) },
	    .not_ours = true, .asked = "0:0 api ", .told = "pending: words" },
	/* A provider that is in trouble may have one later. */
	{ __LINE__, .attempts = "5", .answers = { STATUS(404), STATUS(503) },
	    .asked = "0:0 api ",
	    .told = "pending: words; no fresh link: answered 503 without a "
	    "JSON object" },
	/* What may pass is nobody's question; nor is what is no link's end. */
	{ __LINE__, .answers = { STATUS(503) }, .asked = "0:0 ",
	    .told = "pending: words" },
	{ __LINE__, .answers = { STATUS(400) }, .asked = "0:0 ",
	    .told = "pending: words" },
	{ __LINE__, .attempts = "5", .answers = { STATUS(400) },
	    .asked = "0:0 ", .told = "failed: words" },
	{ __LINE__, .attempts = "5", .answers = { STATUS(503) },
	    .asked = "0:0 ", .told = "pending: words" },
	/* An ended one: a fresh one first, and the old one where there is none. */
	{ __LINE__, .expires_in_s = -60, .answers = { API(RESULT(FRESH)),
	    PICTURE }, .asked = "api 1:0 ", .told = "stored" },
	{ __LINE__, .expires_in_s = -60, .answers = { STATUS(500), PICTURE },
	    .asked = "api 0:0 ", .told = "stored" },
	{ __LINE__, .expires_in_s = -60, .answers = { API(RESULT(LINK)),
	    STATUS(403) }, .asked = "api 0:0 ", .told =
	    "expired: words; no fresh link: the provider has no other link" },
	{ __LINE__, .named = true, .answers = { API(RESULT(FRESH)), PICTURE },
	    .asked = "api 1:0 ", .told = "stored" },
	{ __LINE__, .url = "somewhere", .answers = { API(RESULT(FRESH)),
	    PICTURE }, .asked = "api 1:0 ", .told = "stored" },
	{ __LINE__, .url = "somewhere", .answers = { API(RESULT("nowhere")) },
	    .asked = "api ", .told = "pending: the link is no http or https "
	    "URL; no fresh link: "
	    "no http or https URL: nowhere" },
	/* No question is wanted now: later, then, but for what there is. */
	{ __LINE__, .expires_in_s = -60, .paused = true, .answers = { PICTURE },
	    .asked = "0:0 ", .told = "stored" },
	{ __LINE__, .paused = true, .attempts = "5", .answers = { STATUS(404) },
	    .asked = "0:0 ", .told = "pending: words; no fresh link: the "
	    "provider wants no questions now" },
	/* The run ends while the provider is asked. */
	{ __LINE__, .named = true, .answers = { ENDLESS }, .asked = "api ",
	    .told = "" },
};

static void
test_links(void)
{
	run_rows(links, COUNT(links));
}

/* --- cuts */

static const struct row cuts[] = {
	/* What is known to be of the same file follows at once. */
	{ __LINE__, .answers = { CUT(40, "\"a\""), REST(40) },
	    .asked = "0:0 0+40 ", .told = "stored" },
	{ __LINE__, .answers = { CUT(40, "\"a\""), PICTURE },
	    .asked = "0:0 0+40 ", .told = "stored" },
	/* Not for ever; and the next attempt has what came. */
	{ __LINE__, .answers = { CUT(20, "\"a\""), CUT_AGAIN(20, 40),
	    CUT_AGAIN(40, 60), CUT_AGAIN(60, 80) },
	    .asked = "0:0 0+20 0+40 0+60 ", .told = "pending: words" },
	{ __LINE__, .go_on = true, .attempts = "2", .answers = { REST(80) },
	    .asked = "0+80 ", .told = "stored" },
	/* What nobody can tell to be the same is not kept. */
	{ __LINE__, .answers = { CUT(40, "") }, .asked = "0:0 ",
	    .told = "pending: words" },
	{ __LINE__, .go_on = true, .attempts = "2", .answers = { PICTURE },
	    .asked = "0:0 ", .told = "stored" },
	/* Nothing came: nothing can follow. */
	{ __LINE__, .answers = { CUT(0, "\"a\"") }, .asked = "0:0 ",
	    .told = "pending: words" },
	{ __LINE__, .answers = { CUT(40, "\"a\""), CUT_AGAIN(40, 40) },
	    .asked = "0:0 0+40 ", .told = "pending: words" },
	{ __LINE__, .go_on = true, .answers = { REST(40) }, .asked = "0+40 ",
	    .told = "stored" },
	/* Another way of asking may bring all of it. */
	{ __LINE__, .answers = { { HTTP_TROUBLE, 200, 0, 40, .http2_broke = true },
	    PICTURE }, .asked = "0:0 0:0 ", .told = "stored" },
	/* A link that has ended is not asked again. */
	{ __LINE__, .expires_in_s = -60, .answers = { API(RESULT(LINK)),
	    CUT(40, "\"a\"") }, .asked = "api 0:0 ", .told = "pending: words; "
	    "no fresh link: the provider has no other link" },
	/* An answer that the part would explain: without it, then. */
	{ __LINE__, .answers = { CUT(40, "\"a\""), STATUS(416), PICTURE },
	    .asked = "0:0 0+40 0:0 ", .told = "stored" },
	{ __LINE__, .answers = { CUT(40, "\"a\""), STATUS(206), PICTURE },
	    .asked = "0:0 0+40 0:0 ", .told = "stored" },
	{ __LINE__, .answers = { STATUS(416) }, .asked = "0:0 ",
	    .told = "pending: words" },
	{ __LINE__, .answers = { STATUS(206) }, .asked = "0:0 ",
	    .told = "pending: words" },
	/* A part stays where an answer says nothing of it. */
	{ __LINE__, .answers = { CUT(40, "\"a\""), STATUS(503) },
	    .asked = "0:0 0+40 ", .told = "pending: words" },
	{ __LINE__, .go_on = true, .answers = { REST(40) },
	    .asked = "0+40 ", .told = "stored" },
	/* Whose trouble it was. */
	{ __LINE__, .attempts = "12", .answers = { { HTTP_TROUBLE,
	    .fault = HTTP_FAULT_SERVER } }, .asked = "0:0 ",
	    .told = "failed: words" },
	{ __LINE__, .attempts = "12", .answers = { { HTTP_TROUBLE,
	    .fault = HTTP_FAULT_NETWORK } }, .asked = "0:0 ",
	    .told = "uncounted: words" },
	{ __LINE__, .attempts = "12", .answers = { { HTTP_TROUBLE,
	    .fault = HTTP_FAULT_MACHINE } }, .asked = "0:0 ",
	    .told = "uncounted: words" },
	{ __LINE__, .answers = { { .verdict = HTTP_FORBIDDEN } },
	    .asked = "0:0 ", .told = "failed: words" },
	{ __LINE__, .answers = { { HTTP_TOO_LARGE, 200, 0, 40,
	    .validator = "\"a\"" } },
	    .asked = "0:0 ", .told = "failed: words" },
};

static void
test_cuts(void)
{
	run_rows(cuts, COUNT(cuts));
}

/* --- the run's end */

static const struct row ends[] = {
	/* Nothing of it can be kept, and it had all of a run: a try. */
	{ __LINE__, .answers = { BROKEN_OFF("") },
	    .asked = "0:0 ", .told = "pending: not complete within the 100 s "
	    "of a run (393 B came)" },
	/* One that was begun late goes back as it was. */
	{ __LINE__, .outputs = 2, .answers = { { .status = 200, .upto = 100,
	    .after_s = 60 }, BROKEN_OFF("") },
	    .asked = "0:0 0:0 ", .told = "stored" },
	/* So does one whose next bytes can follow. */
	{ __LINE__, .answers = { BROKEN_OFF("\"a\"") },
	    .asked = "0:0 ", .told = "" },
	{ __LINE__, .go_on = true, .answers = { REST(40) },
	    .asked = "0+40 ", .told = "stored" },
};

static void
test_ends(void)
{
	run_rows(ends, COUNT(ends));
}

/* --- what came */

static char	page[MEDIA_HEAD + 32] = "<!doctype html><html>";

static const struct row contents[] = {
	/* No file. */
	{ __LINE__, .answers = { { .status = 200, .body = page } },
	    .asked = "0:0 ", .told =
	    "pending: a.example: got text/html where image is due" },
	{ __LINE__, .answers = { { .status = 200, .body = "<html></html>" } },
	    .asked = "0:0 ", .told =
	    "pending: a.example: got text/html where image is due" },
	/* Another one than the server says, whether it says how long it is or
	 * not. */
	{ __LINE__, .answers = { { .status = 200, .upto = 100, .sha256 = "AA==",
	    .length = -1 } }, .asked = "0:0 ", .told = "pending: a.example: the "
	    "file has not the SHA-256 that the server said" },
	{ __LINE__, .answers = { { .status = 200, .upto = 100,
	    .sha256 = "AA==" } }, .asked = "0:0 ", .told = "pending: a.example: "
	    "the file has not the SHA-256 that the server said" },
	/* Which the link's end would explain. */
	{ __LINE__, .expires_in_s = 1, .answers = { { .status =
	    200, .body = page }, API(RESULT(FRESH)), PICTURE },
	    .asked = "0:0 api 1:0 ", .told = "stored" },
	/* Not all of it, and nobody said how much it is. */
	{ __LINE__, .answers = { { .status = 200, .upto = 60,
	    .unframed = true, .length = -1 } },
	    .asked = "0:0 ", .told =
	    "pending: a.example: the file was cut short" },
};

static void
test_contents(void)
{
	memset(page + strlen(page), ' ', sizeof(page) - strlen(page) - 1);
	run_rows(contents, COUNT(contents));
}

/* --- without a transfer */

/* A file that an earlier run has left whole for a store that was away. */
static void
leave_whole(const char *dir, const char *sha256)
{
	char			 url[SCRATCH_PATH + 8], mark[ARCHIVE_MARK_MAX];
	struct conf		 conf = { .archive_url = url };
	struct archive_key	 key = { "apimart", "task", "0", BEGIN_S };
	struct archive_part	*part;
	struct archive		*a;
	struct errbuf		 err;

	(void)snprintf(url, sizeof(url), "file://%s", dir);
	(void)snprintf(mark, sizeof(mark), ARCHIVE_WHOLE "%s", sha256);
	a = archive_open(&conf, "host:1:1", &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(a);
	part = archive_begin(a, &key, (int64_t)picture_len, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(part);
	CU_ASSERT_TRUE(archive_write(part, picture, picture_len, &err));
	CU_ASSERT_TRUE(archive_mark(part, mark));
	archive_leave(part);
	archive_close(a);
}

/* It is stored without a request, unless it is not what it was. */
static void
test_whole(void)
{
	static const struct row	same = { __LINE__, .asked = "",
				    .told = "stored" };
	static const struct row	other = { __LINE__, .answers = { PICTURE },
				    .asked = "0:0 ", .told = "stored" };
	char			sha[SHA256_HEX], dir[SCRATCH_PATH];
	int			i;

	(void)snprintf(sha, sizeof(sha), "%s", picture_sha256);
	for (i = 0; i < 2; i++, sha[0] ^= 1) {
		scratch_make(dir);
		leave_whole(dir, sha);
		row_check(i == 0 ? &same : &other, dir);
		scratch_remove(dir);
	}
}

static const struct row payload = { __LINE__, .url = "data:image/jpeg;base64",
	.asked = "", .told = "stored" };
static const struct row payload_gone = { __LINE__, .url = "data:image/jpeg;base64",
	.asked = "", .told = "failed: the file came within the payload and is no "
	    "longer kept" };
static const struct row payload_refused = { __LINE__,
	.url = "data:image/jpeg;base64", .attempts = "99", .asked = "",
	.told = "uncounted: refused" };

/* A file that came within the callback, out of the database. */
static void
test_payload(void)
{
	world.payload = "";
	run_rows(&payload, 1);
	world.payload_verdict = DB_REFUSED;
	run_rows(&payload_refused, 1);
	world.payload_verdict = DB_OK;
	world.payload = NULL;
	run_rows(&payload_gone, 1);
}

/* No room here is not the origin's fault, and what waits is not begun. */
static void
test_no_room(void)
{
	static const struct row	huge = { __LINE__, .attempts = "99",
				    .outputs = 3,
				    .answers = { { .status = 200, .upto = 100,
				    .length = INT64_C(1) << 60 } } };
	struct sweep_counts	counts;
	char			dir[SCRATCH_PATH], said[4096];

	scratch_make(dir);
	run_one(&huge, dir, &counts, said);
	CU_ASSERT_STRING_EQUAL(world.asked, "0:0 ");
	CU_ASSERT_EQUAL(strncmp(world.told, "uncounted: no room in ", 22), 0);
	CU_ASSERT_EQUAL(counts.retried, 1);
	CU_ASSERT_FALSE(picture_is_in(dir));
	scratch_remove(dir);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "links", test_links },
		{ "cuts", test_cuts },
		{ "the run's end", test_ends },
		{ "what came", test_contents },
		{ "a whole file that waited", test_whole },
		{ "a file within the payload", test_payload },
		{ "no room", test_no_room },
		{ NULL, NULL }
	};
	unsigned char			digest[SHA256_BYTES];
	int				failed;

	picture = fixture_read("tests/fixtures/media/base.jpg", &picture_len);
	scratch_need(sha256(picture, picture_len, digest), "sha256");
	hex_encode(digest, sizeof(digest), picture_sha256);
	failed = cunit_run("job", tests);
	free(picture);
	return failed;
}
