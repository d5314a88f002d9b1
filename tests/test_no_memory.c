/* Want of memory: each allocation of ours that a callback's way in, the spool, the
 * drain, a submit and what is told to an application make fails once, and from
 * then on.  Nothing is lost over it, and nothing is taken for what it is not. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/crypto.h"
#include "lib/hex.h"
#include "lib/json.h"
#include "common/drain.h"
#include "common/spool.h"
#include "common/store.h"
#include "handlers/submission.h"
#include "server/receive.h"
#include "batch/forward/envelope.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"
#include "tests/scratch.h"

void	*__real_malloc(size_t);
void	*__wrap_malloc(size_t);
void	*__real_calloc(size_t, size_t);
void	*__wrap_calloc(size_t, size_t);
void	*__real_realloc(void *, size_t);
void	*__wrap_realloc(void *, size_t);
char	*__real_strdup(const char *);
char	*__wrap_strdup(const char *);
char	*__real_strndup(const char *, size_t);
char	*__wrap_strndup(const char *, size_t);

static bool	counting;	/* allocations are ours to fail */
static long	calls, fail_at;	/* 0: none fails */
static bool	ever;		/* nor does any after that one succeed */

static bool
fails(void)
{
	if (!counting)
		return false;
	calls++;
	return fail_at != 0 && (ever ? calls >= fail_at : calls == fail_at);
}

void *
__wrap_malloc(size_t n)
{
	return fails() ? NULL : __real_malloc(n);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *
__wrap_realloc(void *p, size_t n)
{
	return fails() ? NULL : __real_realloc(p, n);
}

char *
__wrap_strdup(const char *s)
{
	return fails() ? NULL : __real_strdup(s);
}

char *
__wrap_strndup(const char *s, size_t n)
{
	return fails() ? NULL : __real_strndup(s, n);
}

/* What is tried; with false, nothing fails, and all has to go well. */
typedef void	trial(const void *arg, bool faulty);

static void
faults_begin(long at, bool from_then_on)
{
	calls = 0;
	fail_at = at;
	ever = from_then_on;
	counting = true;
}

static void
faults_end(void)
{
	counting = false;
}

static long	at_now;		/* for who reads a failure */

/* Each allocation, once and for ever; how many there were. */
static long
each_fails(trial *try, const void *arg, const char *name)
{
	int	before = (int)CU_get_number_of_failures();
	long	n;

	fail_at = 0;
	at_now = 0;
	try(arg, false);
	n = calls;
	for (at_now = 1; at_now <= n; at_now++) {
		ever = false;
		try(arg, true);
		ever = true;
		try(arg, true);
		if ((int)CU_get_number_of_failures() != before) {
			fprintf(stderr, "\n    %s: allocation %ld of %ld\n",
			    name, at_now, n);
			break;
		}
	}
	CU_ASSERT(n > 0);
	return n;
}

/* ---- the database, the disk, and what came --------------------------------- */

enum db_verdict	__wrap_db_run(struct db *, const struct db_stmt *,
	    const struct db_param *, int, struct db_rows **, struct errbuf *);
bool		__wrap_db_is_connected(const struct db *);
int		__wrap_db_rows_count(const struct db_rows *);
const char	*__wrap_db_value(const struct db_rows *, int row, int col);
void		__wrap_db_rows_free(struct db_rows *);

#define MARKS		3
#define OUTCOME_COLUMN	5	/* of receive()'s parameters */
#define BODY_COLUMN	9
#define TOKEN		"tok-wavespeed"
#define SECRET		"x"

/* In each body is one of these. */
static const char	*const marks[MARKS] = { "mark-0", "mark-1", "mark-2" };

static bool	database_there;
static bool	stored[MARKS];
static int	nrows;

static char		 dir[SCRATCH_PATH], spool_dir[SCRATCH_PATH + 16];
static struct spool	*spool;
static struct conf	*conf;

/* It takes what comes, whole: the array's head has how many. */
enum db_verdict
__wrap_db_run(struct db *db, const struct db_stmt *stmt,
    const struct db_param *params, int timeout_ms, struct db_rows **rows,
    struct errbuf *err)
{
	const unsigned char	*head;
	size_t			 i;

	(void)db;
	(void)stmt;
	(void)timeout_ms;
	errbuf_set(err, "away");
	if (!database_there)
		return DB_AWAY;
	if (rows == NULL)
		return DB_OK;
	head = (const unsigned char *)params[BODY_COLUMN].value;
	nrows = head[15];
	/* That a parser had no memory is not what a body is. */
	CU_ASSERT_PTR_NULL(memmem(params[OUTCOME_COLUMN].value,
	    (size_t)params[OUTCOME_COLUMN].len, "unparsed", 8));
	for (i = 0; i < MARKS; i++)
		stored[i] = stored[i] || memmem(head,
		    (size_t)params[BODY_COLUMN].len, marks[i],
		    strlen(marks[i])) != NULL;
	*rows = (struct db_rows *)&nrows;
	return DB_OK;
}

bool
__wrap_db_is_connected(const struct db *db)
{
	(void)db;
	return database_there;
}

int
__wrap_db_rows_count(const struct db_rows *rows)
{
	(void)rows;
	return nrows;
}

const char *
__wrap_db_value(const struct db_rows *rows, int row, int col)
{
	(void)rows;
	(void)row;
	(void)col;
	return "accepted";
}

void
__wrap_db_rows_free(struct db_rows *rows)
{
	(void)rows;
}

static bool
file_has(const char *path, const char *mark)
{
	size_t	len;
	char	*text = fixture_read(path, &len);
	bool	has = memmem(text, len, mark, strlen(mark)) != NULL;

	free(text);
	return has;
}

/* Is it in a file that the drain will find? */
static bool
spool_holds(const char *mark)
{
	struct dirent	*e;
	char		 path[SCRATCH_PATH + 300];
	DIR		*d = opendir(spool_dir);
	bool		 holds = false;

	while (d != NULL && !holds && (e = readdir(d)) != NULL) {
		(void)snprintf(path, sizeof(path), "%s/%s", spool_dir,
		    e->d_name);
		holds = spool_is_delivery(e->d_name) && file_has(path, mark);
	}
	if (d != NULL)
		(void)closedir(d);
	return holds;
}

static void
start_anew(bool database)
{
	scratch_remove(spool_dir);
	memset(stored, 0, sizeof(stored));
	database_there = database;
}

/* ---- a callback ------------------------------------------------------------- */

struct body {
	const char	*text;
	size_t		 left;
};

static size_t
body_read(void *arg, char *buf, size_t n)
{
	struct body	*b = arg;

	n = n < b->left ? n : b->left;
	memcpy(buf, b->text, n);
	b->text += n;
	b->left -= n;
	return n;
}

/* The variables of a signed callback, in one text after the other. */
static void
callback_env(char text[8][256], char *env[9], const char *body)
{
	char			 stamp[24], hex[2 * SHA256_BYTES + 1];
	unsigned char		 mac[SHA256_BYTES];
	const struct bytes	 key = { SECRET, strlen(SECRET) };
	size_t			 i;

	(void)snprintf(stamp, sizeof(stamp), "%ld", (long)time(NULL));
	const struct bytes	 parts[] = { { "w-1.", 4 },
				    { stamp, strlen(stamp) }, { ".", 1 },
				    { body, strlen(body) } };
	CU_ASSERT_TRUE_FATAL(hmac_sha256(key, parts, COUNT(parts), mac));
	hex_encode(mac, sizeof(mac), hex);
	(void)snprintf(text[0], 256, "REQUEST_METHOD=POST");
	(void)snprintf(text[1], 256, "PATH_INFO=/" TOKEN);
	(void)snprintf(text[2], 256, "CONTENT_LENGTH=%zu", strlen(body));
	(void)snprintf(text[3], 256, "REMOTE_ADDR=127.0.0.1");
	(void)snprintf(text[4], 256, "HTTP_WEBHOOK_ID=w-1");
	(void)snprintf(text[5], 256, "HTTP_WEBHOOK_TIMESTAMP=%s", stamp);
	(void)snprintf(text[6], 256, "HTTP_WEBHOOK_SIGNATURE=v3,%s", hex);
	(void)snprintf(text[7], 256, "CONTENT_TYPE=application/json");
	for (i = 0; i < 8; i++)
		env[i] = text[i];
	env[8] = NULL;
}

static int
callback_answer(const struct receiver *rx, const char *body, bool faulty)
{
	struct body	 left = { body, strlen(body) };
	char		 text[8][256], *env[9], out[ANSWER_TEXT_MAX], said[8192];
	struct request	 req = { .env = env, .read = body_read, .arg = &left };
	struct callback	 cb;
	struct capture	 cap;

	callback_env(text, env, body);
	capture_begin(&cap);
	faults_begin(faulty ? at_now : 0, ever);
	CU_ASSERT_FALSE(receive_begin(&cb, rx, &req));
	(void)receive_end(&cb, out);
	faults_end();
	(void)capture_end(&cap, said, sizeof(said));
	CU_ASSERT_EQUAL(strncmp(out, "Status: ", 8), 0);
	return (int)strtol(out + 8, NULL, 10);
}

/* 200 says that it is kept; it is our fault, and never the sender's. */
static void
try_callback(const void *arg, bool faulty)
{
	static const char	body[] = "{\"id\":\"w-1\",\"status\":\"failed\","
				    "\"error\":\"mark-0\",\"outputs\":[]}";
	struct receiver		rx = { provider_find("wavespeed"), conf, NULL,
				    spool, 0 };
	struct errbuf		err;
	int			http;

	start_anew(*(const bool *)arg);
	rx.committer = committer_start(conf, spool, false, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(rx.committer);
	http = callback_answer(&rx, body, faulty);
	CU_ASSERT(http == 200 || (faulty && http >= 500));
	if (http == 200)
		CU_ASSERT_TRUE(stored[0] || spool_holds(marks[0]));
	committer_free(rx.committer);
}

static void
test_callback(void)
{
	static const bool	with = true, without = false;

	(void)each_fails(try_callback, &with, "callback");
	(void)each_fails(try_callback, &without, "callback, database away");
}

/* A handler that cannot begin says so, and leaves nothing behind. */
static void
try_start(const void *arg, bool faulty)
{
	struct committer	*c;
	struct spool		*s;
	struct drain		*d = NULL;
	struct errbuf		 err = { .text = "" };

	(void)arg;
	faults_begin(faulty ? at_now : 0, ever);
	c = committer_start(conf, spool, false, &err);
	CU_ASSERT(c != NULL || err.class == ERR_NO_MEMORY);
	if ((s = spool_open(spool_dir, 1 << 20, &err)) != NULL)
		d = drain_new(s);
	faults_end();
	CU_ASSERT_TRUE(faulty || (c != NULL && d != NULL));
	drain_free(d);
	spool_close(s);
	committer_free(c);
}

static void
test_start(void)
{
	(void)each_fails(try_start, NULL, "start");
}

/* ---- the spool, and its drain ------------------------------------------------ */

static void
deliveries_make(struct delivery *d[MARKS])
{
	char	*body;
	size_t	 i;

	for (i = 0; i < MARKS; i++) {
		d[i] = delivery_new(provider_find("apimart"), "default",
		    SOURCE_CALLBACK);
		CU_ASSERT_FATAL(d[i] != NULL && asprintf(&body,
		    "{\"id\":\"t-%zu\",\"status\":\"failed\",\"error\":"
		    "{\"message\":\"%s\"}}", i, marks[i]) != -1);
		delivery_set_body(d[i], body, strlen(body));
		d[i]->verdict = VERDICT_TOKEN;
	}
}

static void
deliveries_free(struct delivery *d[MARKS])
{
	size_t	i;

	for (i = 0; i < MARKS; i++)
		delivery_free(d[i]);
}

/* What is said to be written is; of what is not it is said why. */
static void
try_spool(const void *arg, bool faulty)
{
	struct delivery	*d[MARKS];
	struct errbuf	 err = { .text = "" };
	bool		 written[MARKS];
	size_t		 i;

	(void)arg;
	start_anew(false);
	deliveries_make(d);
	faults_begin(faulty ? at_now : 0, ever);
	if (!spool_write_all(spool, d, MARKS, written, &err))
		CU_ASSERT(faulty && err.text[0] != '\0');
	faults_end();
	for (i = 0; i < MARKS; i++)
		CU_ASSERT_EQUAL(written[i], spool_holds(marks[i]));
	deliveries_free(d);
}

static void
test_spool(void)
{
	(void)each_fails(try_spool, NULL, "spool");
}

#define NONSENSE	"00000000000000000001-x.delivery"

/* Two files, and one that is none. */
static void
spool_fill(void)
{
	struct delivery	*d[MARKS];
	struct errbuf	 err;
	bool		 written[MARKS];
	char		 path[SCRATCH_PATH + 64];

	start_anew(true);
	deliveries_make(d);
	CU_ASSERT_TRUE(spool_write_all(spool, d, 2, written, &err));
	CU_ASSERT_TRUE(spool_write(spool, d[2], &err));
	deliveries_free(d);
	(void)snprintf(path, sizeof(path), "%s/" NONSENSE, spool_dir);
	scratch_write(path, 0600, "nonsense");
}

static struct drain_counts
drain_once(struct drain *d, bool faulty)
{
	struct drain_counts	counts;
	struct errbuf		err;
	struct capture		cap;
	char			said[8192];

	capture_begin(&cap);
	faults_begin(faulty ? at_now : 0, ever);
	(void)drain_run(d, NULL, conf, 0, &counts, &err);
	faults_end();
	(void)capture_end(&cap, said, sizeof(said));
	return counts;
}

/* Each is stored or stays where the next drain finds it, which then ends it. */
static void
try_drain(const void *arg, bool faulty)
{
	struct drain		*d;
	struct drain_counts	 counts;
	size_t			 i;
	long			 first;

	(void)arg;
	spool_fill();
	CU_ASSERT_PTR_NOT_NULL_FATAL(d = drain_new(spool));
	counts = drain_once(d, faulty);
	first = calls;
	CU_ASSERT(counts.refused <= 1);
	for (i = 0; i < MARKS; i++)
		CU_ASSERT_TRUE(stored[i] || spool_holds(marks[i]));
	counts = drain_once(d, false);
	CU_ASSERT_EQUAL(counts.left, 0);
	for (i = 0; i < MARKS; i++)
		CU_ASSERT_TRUE(stored[i]);
	drain_free(d);
	calls = first;
}

static void
test_drain(void)
{
	(void)each_fails(try_drain, NULL, "drain");
}

/* ---- what parsers make of a body ---------------------------------------------- */

static const struct sample {
	const char	*provider, *file;
} samples[] = {
	{ "novita", "novita/callback-images.json" },
	{ "novita", "novita/callback-failed.json" },
	{ "apimart", "apimart/callback-completed.json" },
	{ "apimart", "apimart/callback-failed.json" },
	{ "apixo", "apixo/callback-success.json" },
	{ "wavespeed", "wavespeed/callback-completed.json" },
	{ "replicate", "replicate/callback-pieces.json" },
	{ "luma", "luma/callback-video.json" },
	{ "kie", "kie/callback-market.json" },
	{ "kie", "kie/callback-suno.json" },
	{ "fal", "fal/callback-images.json" },
	{ "minimax", "minimax/callback-success.json" },
	{ "runware", "runware/callback-image.json" },
	{ "bfl", "bfl/callback-ready.json" },
	{ "openai", "openai/event-response-completed.json" },
	{ "openrouter", "openrouter/callback-completed.json" },
};

static struct delivery *
sample_delivery(const struct sample *s)
{
	struct delivery	*d = delivery_new(provider_find(s->provider), "default",
			    SOURCE_CALLBACK);
	char		 path[256];
	size_t		 len;

	CU_ASSERT_PTR_NOT_NULL_FATAL(d);
	(void)snprintf(path, sizeof(path), "tests/fixtures/%s", s->file);
	delivery_set_body(d, fixture_read(path, &len), 0);
	d->bodylen = len;
	return d;
}

static struct delivery	*right;	/* as it is with memory */

/* It cannot be judged, or it is judged rightly: a result is not lost over it. */
static void
try_judge(const void *arg, bool faulty)
{
	struct delivery	*d = sample_delivery(arg);
	bool		 ok;

	faults_begin(faulty ? at_now : 0, ever);
	ok = delivery_judge(d, false);
	faults_end();
	CU_ASSERT_TRUE(ok || faulty);
	if (ok) {
		CU_ASSERT_EQUAL(d->outcome, right->outcome);
		CU_ASSERT_EQUAL(d->result.state, right->result.state);
		CU_ASSERT_EQUAL(d->result.noutputs, right->result.noutputs);
		CU_ASSERT_EQUAL(d->result.task_id == NULL,
		    right->result.task_id == NULL);
	}
	delivery_free(d);
}

static void
test_judge(void)
{
	size_t	i;

	for (i = 0; i < COUNT(samples); i++) {
		right = sample_delivery(&samples[i]);
		CU_ASSERT_TRUE_FATAL(delivery_judge(right, false));
		(void)each_fails(try_judge, &samples[i], samples[i].file);
		delivery_free(right);
	}
}

/* ---- submits ------------------------------------------------------------------- */

static const struct submit_row {
	const char	*provider, *request, *answer, *task_id;
} submits[] = {
	{ "novita", "{\"prompt\":\"a\"}", "{\"task_id\":\"3b68d9c8\"}",
	  "3b68d9c8" },
	{ "apimart", "{\"prompt\":\"a\"}", "{\"code\":200,\"data\":[{"
	  "\"status\":\"submitted\",\"task_id\":\"t-9\"}]}", "t-9" },
	{ "apixo", "{\"prompt\":\"a\"}", "{\"code\":200,\"message\":\"success\","
	  "\"data\":{\"taskId\":\"e89e4b0c\"}}", "e89e4b0c" },
	{ "wavespeed", "{\"prompt\":\"a\"}", "{\"code\":200,\"data\":{\"id\":"
	  "\"5f0c\",\"status\":\"created\"}}", "5f0c" },
};

/* The whole body or none; and what was taken is never sent again. */
static void
try_submit(const void *arg, bool faulty)
{
	const struct submit_row	*row = arg;
	const struct provider	*p = provider_find(row->provider);
	const struct submission	 s = { .api_base = "https://a.example",
				    .model = "m", .hook = "https://h.example/x" };
	struct api_answer	 a = { 200, NULL, row->answer,
				    strlen(row->answer) };
	enum api_trouble	 trouble;
	enum submit_verdict	 v;
	const char		*task_id = NULL;
	struct errbuf		 err;
	char			*whole, *body;

	whole = submission_body(p, &s, row->request, &err);
	CU_ASSERT_EQUAL_FATAL(json_parse(row->answer, a.len, &a.doc, &err),
	    JSON_OK);
	faults_begin(faulty ? at_now : 0, ever);
	body = submission_body(p, &s, row->request, &err);
	v = submission_judge(p, &a, &task_id, &trouble, &err);
	faults_end();
	CU_ASSERT_FATAL(whole != NULL && (body != NULL || faulty));
	if (body != NULL)
		CU_ASSERT_STRING_EQUAL(body, whole);
	CU_ASSERT(v == SUBMIT_DONE || (faulty && v == SUBMIT_UNKNOWN));
	if (v == SUBMIT_DONE)
		CU_ASSERT_STRING_EQUAL(task_id, row->task_id);
	json_free(a.doc);
	free(whole);
	free(body);
}

static void
test_submit(void)
{
	size_t	i;

	for (i = 0; i < COUNT(submits); i++)
		(void)each_fails(try_submit, &submits[i], submits[i].provider);
}

/* ---- what is told ---------------------------------------------------------------- */

#define SPEC_SIGNATURE	"webhook-signature: " \
	"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

/* Signed, or not sent. */
static void
try_envelope(const void *arg, bool faulty)
{
	static char	secret[] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
	static char	url[] = "https://shop.example/hook", nothing[] = "";
	char		*secrets[] = { secret, NULL };
	struct forward	f = { .url = url, .command = nothing,
			    .secrets = secrets };
	struct envelope	e;
	struct send	m = { .url = NULL };
	struct errbuf	err;
	bool		ok;

	(void)arg;
	faults_begin(faulty ? at_now : 0, ever);
	ok = envelope_address(&e, &m, &f, "msg_p5jXN8AQM9LWM0D4loKWxJek",
	    "{\"test\": 2432232314}", 1614265330, &err);
	faults_end();
	CU_ASSERT_TRUE(ok || faulty);
	if (ok)
		CU_ASSERT_STRING_EQUAL(m.headers[2], SPEC_SIGNATURE);
	envelope_free(&e);
}

static void
test_envelope(void)
{
	(void)each_fails(try_envelope, NULL, "envelope");
}

static void
start(void)
{
	struct errbuf	err;
	char		path[SCRATCH_PATH + 32], text[1024];

	scratch_make(dir);
	(void)snprintf(spool_dir, sizeof(spool_dir), "%s/spool", dir);
	(void)snprintf(path, sizeof(path), "%s/genhook.conf", dir);
	(void)snprintf(text, sizeof(text),
	    "database {\n conninfo = \"host=/nonexistent dbname=x\"\n}\n"
	    "receiver {\n spool_dir = \"%s\"\n}\n"
	    "apimart default {\n token = {\"tok-apimart\"}\n}\n"
	    "wavespeed default {\n token = {\"" TOKEN "\"}\n"
	    " webhook_secret = {\"whsec_" SECRET "\"}\n}\n", spool_dir);
	scratch_write(path, 0600, text);
	if ((conf = conf_load(path, &err)) == NULL ||
	    (spool = spool_open(spool_dir, 1 << 20, &err)) == NULL) {
		fprintf(stderr, "%s\n", err.text);
		exit(2);
	}
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "callback", test_callback },
		{ "start", test_start },
		{ "spool", test_spool },
		{ "drain", test_drain },
		{ "judge", test_judge },
		{ "submit", test_submit },
		{ "envelope", test_envelope },
		{ NULL, NULL }
	};
	int	status;

	start();
	status = cunit_run("no memory", tests);
	spool_close(spool);
	conf_free(conf);
	scratch_remove(dir);
	return status;
}
