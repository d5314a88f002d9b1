/* The leases of a run that downloads: prolonged as long as it works, and no file
 * is moved to its place once they may have run out; an account that wants no more
 * questions is left alone.  The network, the database and the clock are this test. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/clock.h"
#include "common/statements.h"
#include "batch/steps.h"
#include "net/http.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"
#include "tests/scratch.h"

struct db_rows {
	const char	*value[14];	/* of the only row */
	int		 n;
};

int64_t		 __wrap_clock_ms(void);
bool		 __wrap_http_start(struct http_engine *,
		    const struct http_request *, struct http_response *);
void		 __wrap_http_turn(struct http_engine *, int timeout_ms);
int		 __wrap_http_in_flight(const struct http_engine *);
int		 __wrap_http_free_slots(const struct http_engine *);
enum db_verdict	 __wrap_run_query(struct run *, const struct db_stmt *,
		    const struct db_param *, struct db_rows **,
		    struct errbuf *);
enum db_verdict	 __wrap_run_query_any_thread(const struct run *,
		    const struct db_stmt *, const struct db_param *,
		    struct db_rows **, struct errbuf *);
int		 __wrap_db_rows_count(const struct db_rows *);
const char	*__wrap_db_value(const struct db_rows *, int row, int col);
void		 __wrap_db_rows_free(struct db_rows *);

#define TURN_MS		1000	/* of the test's clock, while a transfer is
				   in flight */
#define REAL_TURN_NS	1000000
#define TURNS_MAX	20000

static struct {
	int64_t			 now_ms;
	int			 turns;
	/* The transfer, and when its answer comes. */
	struct http_request	 req;
	struct http_response	*res;
	bool			 in_flight, is_api;
	int64_t			 answer_ms;
	/* What the database has, and does. */
	int			 due, claimed, stored, failed, beats, pauses;
	const char		*fresh_link;	/* column of the claim */
	enum db_verdict		 beat_verdict;
	int64_t			 last_beat_ms, longest_ms;	/* without */
	char			 lease[32], beat_owner[160], pause_wait[32],
				 pause_account[64];
	char			 owner[160];
} world;

static char	*picture;
static size_t	 picture_len;

int64_t
__wrap_clock_ms(void)
{
	return world.now_ms;
}

bool
__wrap_http_start(struct http_engine *engine, const struct http_request *req,
    struct http_response *res)
{
	(void)engine;
	CU_ASSERT_FALSE_FATAL(world.in_flight);
	memset(res, 0, sizeof(*res));
	res->length = -1;
	world.req = *req;
	world.res = res;
	world.in_flight = true;
	world.is_api = req->bearer != NULL;
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

static void
answer_api(struct http_response *res)
{
	static const char	slow[] = "{\"message\":\"slow down\"}";

	res->status = 429;
	res->retry_after_s = 77;
	CU_ASSERT(world.req.on_body(world.req.arg, slow, strlen(slow)));
}

static void
answer_link(struct http_response *res)
{
	res->status = 200;
	res->is_file = res->framed = true;
	(void)snprintf(res->content_type, sizeof(res->content_type),
	    "image/jpeg");
	CU_ASSERT(world.req.on_body(world.req.arg, picture, picture_len));
	res->received = (int64_t)picture_len;
}

/* The clock goes only while a transfer is in flight, so that it does not matter
 * how quick the other threads are. */
void
__wrap_http_turn(struct http_engine *engine, int timeout_ms)
{
	const struct timespec	moment = { .tv_nsec = REAL_TURN_NS };
	struct http_request	req;

	(void)engine;
	(void)timeout_ms;
	CU_ASSERT_FATAL(world.turns++ < TURNS_MAX);
	if (!world.in_flight) {
		(void)nanosleep(&moment, NULL);
		/* A claim that brought less than asked is not repeated before. */
		world.now_ms += world.claimed > 0 ? TURN_MS : 0;
		return;
	}
	world.now_ms += TURN_MS;
	if (world.now_ms - world.last_beat_ms > world.longest_ms)
		world.longest_ms = world.now_ms - world.last_beat_ms;
	if (!world.is_api && world.now_ms < world.answer_ms)
		return;
	req = world.req;
	world.res->verdict = HTTP_ANSWERED;
	if (world.is_api)
		answer_api(world.res);
	else
		answer_link(world.res);
	world.in_flight = false;
	req.on_done(req.arg);
}

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

static enum db_verdict
take_beat(const struct db_param *params)
{
	world.beats++;
	note(world.beat_owner, sizeof(world.beat_owner), params[2]);
	note(world.lease, sizeof(world.lease), params[3]);
	world.last_beat_ms = world.now_ms;
	return world.beat_verdict;
}

enum db_verdict
__wrap_run_query(struct run *r, const struct db_stmt *stmt,
    const struct db_param *params, struct db_rows **rows, struct errbuf *err)
{
	static struct db_rows	one = { { "7" }, 1 }, yes = { { "t" }, 1 };

	(void)r;
	(void)err;
	if (rows != NULL)
		*rows = &yes;
	if (stmt == DB_BEAT_SWEEP)
		return take_beat(params);
	if (stmt == DB_START_SWEEP)
		*rows = &one;
	else if (stmt == DB_FAIL_OUTPUT)
		world.failed++;
	else if (stmt == DB_PAUSE_ACCOUNT) {
		world.pauses++;
		note(world.pause_account, sizeof(world.pause_account),
		    params[0]);
		note(world.pause_wait, sizeof(world.pause_wait), params[2]);
	}
	return DB_OK;
}

/* On the db_writer's thread. */
enum db_verdict
__wrap_run_query_any_thread(const struct run *r, const struct db_stmt *stmt,
    const struct db_param *params, struct db_rows **rows, struct errbuf *err)
{
	static struct db_rows	claim = { { "novita", "task", "0", "image",
				    "https://a.example/0.jpg", NULL, "1",
				    "1796000000", "default", "flux", "1", "f",
				    "f", NULL }, 1 };
	static struct db_rows	none, first = { { "1" }, 1 };

	(void)r;
	(void)err;
	*rows = &none;
	if (stmt == DB_CLAIM_OUTPUTS) {
		note(world.owner, sizeof(world.owner), params[0]);
		claim.value[12] = world.fresh_link;
		if (world.due > 0)
			*rows = &claim;
		world.due = 0;
		world.claimed = 1;
	} else if (stmt == DB_STORE_OUTPUTS) {
		world.stored++;
		*rows = &first;
	}
	return DB_OK;
}

/* One output, whose file comes after so many seconds. */
static void
download(int64_t seconds, const char *fresh_link, enum db_verdict beats,
    struct sweep_counts *counts, char said[4096])
{
	static char	 name[] = "default", key[] = "a-key-of-the-test";
	static char	 base[] = "https://api.example";
	char		*tokens[] = { (char[]){ "token-of-the-test" }, NULL };
	char		 dir[SCRATCH_PATH], url[SCRATCH_PATH + 8];
	struct account	 account = { .name = name, .api_key = key,
			    .api_base = base, .tokens = tokens };
	struct conf	 conf = { .accounts = &account, .naccounts = 1,
			    .downloads_in_flight = 1, .archive_url = url,
			    .max_output_bytes = 1 << 24, .max_seconds = 3600 };
	struct sweep	 s = { .run = { .conf = &conf } };
	struct capture	 cap;

	scratch_make(dir);
	(void)snprintf(url, sizeof(url), "file://%s", dir);
	memset(&world, 0, sizeof(world));
	world.now_ms = world.last_beat_ms = 1000000;
	world.answer_ms = world.now_ms + seconds * 1000;
	world.due = 1;
	world.fresh_link = fresh_link;
	world.beat_verdict = beats;
	account.provider = provider_find("novita");
	capture_begin(&cap);
	CU_ASSERT(sweep_begin(&s));
	download_step(&s, world.now_ms + 3600000);
	(void)capture_end(&cap, said, 4096);
	CU_ASSERT_FALSE(s.run.broken);
	*counts = s.counts;
	scratch_remove(dir);
}

/* However long a transfer takes. */
static void
test_prolonged(void)
{
	struct sweep_counts	counts;
	char			said[4096];

	download(600, "f", DB_OK, &counts, said);
	CU_ASSERT(world.beats >= 50);
	CU_ASSERT(world.longest_ms <= 15000);
	CU_ASSERT_STRING_EQUAL(world.lease, "120 s");
	CU_ASSERT_STRING_EQUAL(world.beat_owner, world.owner);
	CU_ASSERT_EQUAL(world.stored, 1);
	CU_ASSERT_EQUAL(counts.stored, 1);
	CU_ASSERT_EQUAL(world.failed, 0);
}

/* The database took no beat: another run may have the output by now, and its file
 * is not to be replaced. */
static void
test_unsafe(void)
{
	struct sweep_counts	counts;
	char			said[4096];

	download(80, "f", DB_REFUSED, &counts, said);
	CU_ASSERT(world.beats > 0);
	CU_ASSERT_EQUAL(world.stored, 1);
	CU_ASSERT_EQUAL(counts.stored, 1);
	download(119, "f", DB_REFUSED, &counts, said);
	CU_ASSERT_EQUAL(world.stored, 0);
	CU_ASSERT_EQUAL(counts.stored, 0);
	CU_ASSERT_EQUAL(world.failed, 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(said,
	    "novita/task/0: another sweep has taken it over"));
}

/* 429 for a question about a fresh link is for all that the account asks. */
static void
test_rate_limit(void)
{
	struct sweep_counts	counts;
	char			said[4096];

	download(1, "t", DB_OK, &counts, said);
	CU_ASSERT_EQUAL(world.pauses, 1);
	CU_ASSERT_STRING_EQUAL(world.pause_account, "novita");
	CU_ASSERT_STRING_EQUAL(world.pause_wait, "77 s");
	/* The old link is tried all the same. */
	CU_ASSERT_EQUAL(world.stored, 1);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "prolonged", test_prolonged },
		{ "perhaps run out", test_unsafe },
		{ "a rate limit", test_rate_limit },
		{ NULL, NULL }
	};
	int				failed;

	picture = fixture_read("tests/fixtures/media/base.jpg", &picture_len);
	failed = cunit_run("leases", tests);
	free(picture);
	return failed;
}
