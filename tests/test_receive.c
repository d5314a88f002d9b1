/* server/receive: what is answered, and what is kept, where a request or our own
 * machine is not as it should be; and handshakes, for which nothing is asked of
 * the database. */
#include <string.h>

#include "lib/buf.h"
#include "lib/crypto.h"
#include "lib/json.h"
#include "server/receive.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"
#include "tests/scratch.h"

#define TOKEN	"tok-of-the-test"
#define BODY	"{\"id\":\"w-1\",\"status\":\"failed\"}"
#define ZEROES	"v3,00000000000000000000000000000000000000000000000000000000" \
		"00000000"

bool	__real_hmac_sha256(struct bytes, const struct bytes *, size_t,
	    unsigned char[SHA256_BYTES]);
bool	__wrap_hmac_sha256(struct bytes, const struct bytes *, size_t,
	    unsigned char[SHA256_BYTES]);
bool	__wrap_committer_submit(struct committer *, struct commit *);
enum verify_verdict __real_signature_verify(const struct signature_scheme *,
	    const struct verify_input *, struct errbuf *);
enum verify_verdict __wrap_signature_verify(const struct signature_scheme *,
	    const struct verify_input *, struct errbuf *);

static bool	no_memory;		/* for an HMAC */
static bool	strange;		/* the check's verdict is none of ours */
static bool	forced;			/* or it is this one: */
static enum verify_verdict forced_verdict;
static bool	token_is_kept;		/* in the body that was submitted */
static bool	submitted;		/* a delivery was to be committed, */
static enum outcome submitted_as;	/* as this, */
static enum verdict submitted_on;	/* for this reason */
static struct spool *spool;		/* for what is submitted, or NULL */

bool
__wrap_hmac_sha256(struct bytes key, const struct bytes *parts,
    size_t nparts, unsigned char mac[SHA256_BYTES])
{
	return !no_memory && __real_hmac_sha256(key, parts, nparts, mac);
}

enum verify_verdict
__wrap_signature_verify(const struct signature_scheme *s,
    const struct verify_input *in, struct errbuf *err)
{
	if (forced)
		return forced_verdict;
	if (!strange)
		return __real_signature_verify(s, in, err);
	errbuf_set(err, "no verdict of ours");
	return (enum verify_verdict)77;
}

static size_t	keys_wanted;	/* how often new keys were asked for */
void	__wrap_key_file_want(const struct conf *, const struct account *);
size_t	__wrap_key_file_read(const struct conf *, const struct account *,
	    struct public_key *);

void
__wrap_key_file_want(const struct conf *conf, const struct account *a)
{
	(void)conf;
	(void)a;
	keys_wanted++;
}

size_t
__wrap_key_file_read(const struct conf *conf, const struct account *a,
    struct public_key *keys)
{
	(void)conf;
	(void)a;
	(void)keys;
	return 0;
}

/* As plain CGI does, with a database that is away. */
bool
__wrap_committer_submit(struct committer *c, struct commit *one)
{
	(void)c;
	one->stored = false;
	errbuf_set(&one->err, "away");
	if (one->delivery == NULL)
		return false;
	submitted = true;
	token_is_kept = memmem(one->delivery->body, one->delivery->bodylen,
	    TOKEN, strlen(TOKEN)) != NULL;
	submitted_as = one->delivery->outcome;
	submitted_on = one->delivery->verdict;
	errbuf_set(&one->spool_err, "no spool");
	one->spooled = submitted_as != OUTCOME_UNVERIFIED && spool != NULL &&
	    spool_write(spool, one->delivery, &one->spool_err);
	return false;
}

/* What the web server has of the body; all of it, or this many bytes. */
static size_t	body_bytes = sizeof(BODY) - 1;

static size_t
read_body(void *arg, char *buf, size_t n)
{
	(void)arg;
	CU_ASSERT_EQUAL_FATAL(n, strlen(BODY));
	memcpy(buf, BODY, body_bytes);
	return body_bytes;
}

/* The answer to a callback with that signature's headers, as "400 words of the
 * log". */
static const char *
answer_to(const struct provider *p, const char *id, const char *signature,
    bool broken)
{
	static char		 said[1200];
	char			*tokens[] = { (char[]){ TOKEN }, NULL };
	char			*secrets[] = { (char[]){ "whsec_x" }, NULL };
	char			 name[] = "default", length[32];
	char			 id_header[64], signature_header[128];
	char			*env[] = { (char[]){ "REQUEST_METHOD=POST" },
				    (char[]){ "PATH_INFO=/" TOKEN }, length,
				    (char[]){ "HTTP_WEBHOOK_TIMESTAMP=1" },
				    id_header, signature_header, NULL };
	struct account		 account = { .provider = p, .name = name,
				    .tokens = tokens, .secrets = secrets };
	struct conf		 conf = { .accounts = &account,
				    .naccounts = 1, .max_body_bytes = 1024 };
	struct receiver		 rx = { .conf = &conf, .provider = p };
	struct request		 req = { .env = env, .read = read_body,
				    .broken = broken };
	struct callback		 cb = { .kept = false };
	struct capture		 cap;
	char			 out[ANSWER_TEXT_MAX], log[1024];

	(void)snprintf(length, sizeof(length), "CONTENT_LENGTH=%zu",
	    strlen(BODY));
	(void)snprintf(id_header, sizeof(id_header), "HTTP_WEBHOOK_ID=%s", id);
	(void)snprintf(signature_header, sizeof(signature_header),
	    "HTTP_WEBHOOK_SIGNATURE=%s", signature);
	submitted = false;
	CU_ASSERT_FALSE(receive_begin(&cb, &rx, &req));
	capture_begin(&cap);
	(void)receive_end(&cb, out);
	(void)capture_end(&cap, log, sizeof(log));
	CU_ASSERT_EQUAL(strncmp(out, "Status: ", 8), 0);
	(void)snprintf(said, sizeof(said), "%.3s %s", out + 8, log);
	return said;
}

static void
expect_answer(const char *said, const char *http, const char *words)
{
	CU_ASSERT_EQUAL(strncmp(said, http, 3), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(said, words));
}

/* A signature that we cannot compute: nothing is believed, nothing is kept,
 * and it is not the sender's fault. */
static void
test_no_hmac(void)
{
	no_memory = true;
	expect_answer(answer_to(provider_find("wavespeed"), "1", "v3,0",
	    false), "503", "could not compute the signature");
	no_memory = false;
	CU_ASSERT_FALSE(submitted);
}

/* A header that the web server joined of two: whose it is, nobody can say. */
static void
test_ambiguous(void)
{
	const struct provider	*p = provider_find("wavespeed");

	expect_answer(answer_to(p, "evt_1, evt_2", ZEROES, false), "400",
	    "header webhook-id came twice");
	CU_ASSERT_FALSE(submitted);
	expect_answer(answer_to(p, "evt_1", ZEROES ", " ZEROES, false), "400",
	    "header webhook-signature came twice");
	CU_ASSERT_FALSE(submitted);
}

static void
test_forged(void)
{
	expect_answer(answer_to(provider_find("wavespeed"), "evt_1", ZEROES,
	    false), "401", "does not fit");
	CU_ASSERT_TRUE(submitted);
	CU_ASSERT_EQUAL(submitted_as, OUTCOME_UNVERIFIED);
	CU_ASSERT_EQUAL(submitted_on, VERDICT_FAILED);
}

/* Whatever is not known to be proven is not believed. */
static void
test_undecided(void)
{
	strange = true;
	expect_answer(answer_to(provider_find("wavespeed"), "evt_1", ZEROES,
	    false), "401", "no verdict of ours");
	strange = false;
	CU_ASSERT_TRUE(submitted);
	CU_ASSERT_EQUAL(submitted_as, OUTCOME_UNVERIFIED);
	CU_ASSERT_EQUAL(submitted_on, VERDICT_FAILED);
}

/* A body that ends early is the sender's fault, but not when it is we who
 * cannot read: then it is to be sent again. */
static void
test_short_body(void)
{
	const struct provider	*p = provider_find("wavespeed");

	body_bytes = 5;
	expect_answer(answer_to(p, "evt_1", ZEROES, false), "400",
	    "body ended after 5 of ");
	CU_ASSERT_FALSE(submitted);
	expect_answer(answer_to(p, "evt_1", ZEROES, true), "503",
	    "could not read the body");
	CU_ASSERT_FALSE(submitted);
	body_bytes = sizeof(BODY) - 1;
}

/* ---- handshakes --------------------------------------------------------- */

static bool
echo_challenge(struct json_object *doc, struct buf *answer)
{
	const char	*challenge = json_string_at(doc, "challenge");

	if (challenge == NULL)
		return false;
	buf_printf(answer, "{\"challenge\":\"%s\"}", challenge);
	return buf_ok(answer);
}

struct text {
	const char	*at;
	size_t		 left;
};

static size_t
read_text(void *arg, char *buf, size_t n)
{
	struct text	*t = arg;
	size_t		 got = t->left < n ? t->left : n;

	memcpy(buf, t->at, got);
	t->at += got;
	t->left -= got;
	return got;
}

/* One request with a body, to a provider that shakes hands; there is no
 * committer, as nothing is to be committed. */
static void
shake(const char *path, const char *body, char out[ANSWER_TEXT_MAX])
{
	static const struct provider	fake = {
		.name = "fake", .handshake = echo_challenge
	};
	char		*tokens[] = { (char[]){ TOKEN }, NULL };
	char		*secrets[] = { NULL };
	char		 name[] = "default", length[48], info[64];
	char		*env[] = { (char[]){ "REQUEST_METHOD=POST" }, info,
			    length, NULL };
	struct account	 account = { .name = name, .tokens = tokens,
			    .secrets = secrets, .provider = &fake };
	struct conf	 conf = { .accounts = &account, .naccounts = 1,
			    .max_body_bytes = 1 << 20 };
	struct receiver	 rx = { .conf = &conf, .provider = &fake };
	struct text	 text = { body, strlen(body) };
	struct request	 req = { .env = env, .read = read_text,
			    .arg = &text };
	struct callback	 cb = { .kept = false };
	struct capture	 cap;
	char		 said[1024];

	(void)snprintf(length, sizeof(length), "CONTENT_LENGTH=%zu",
	    strlen(body));
	(void)snprintf(info, sizeof(info), "PATH_INFO=%s", path);
	capture_begin(&cap);
	CU_ASSERT_FALSE(receive_begin(&cb, &rx, &req));
	(void)receive_end(&cb, out);
	(void)capture_end(&cap, said, sizeof(said));
}

static void
test_handshake(void)
{
	char	out[ANSWER_TEXT_MAX], body[ANSWER_BODY_MAX], long_one[1900];

	shake("/" TOKEN, "{\"challenge\":\"c-1\"}", out);
	CU_ASSERT_EQUAL(strncmp(out, "Status: 200 ", 12), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(out,
	    "\r\n\r\n{\"challenge\":\"c-1\"}"));
	/* Nothing is cut. */
	memset(long_one, 'x', sizeof(long_one) - 1);
	long_one[sizeof(long_one) - 1] = '\0';
	(void)snprintf(body, sizeof(body), "{\"challenge\":\"%s\"}",
	    long_one);
	shake("/" TOKEN, body, out);
	CU_ASSERT_PTR_NOT_NULL(strstr(out, body));
	/* For the account alone. */
	shake("/another-token", "{\"challenge\":\"c-1\"}", out);
	CU_ASSERT_EQUAL(strncmp(out, "Status: 404 ", 12), 0);
	CU_ASSERT_PTR_NULL(strstr(out, "c-1"));
}

/* ---- one that is heard --------------------------------------------------- */

#define NONE_KEPT	OUTCOME__MAX	/* nothing is to be committed */

/* A callback whose signature is what the row says, with one more header, and what
 * becomes of it while the database is away; with a spool, or without one. */
static const struct heard {
	const char		*provider;
	enum verify_verdict	 verified;
	bool			 requery;	/* the account's trust */
	const char		*header;	/* more of the request */
	const char		*body;
	const char		*http, *spooled_http;
	enum outcome		 outcome;
	enum verdict		 verdict;
} heard[] = {
	{ "wavespeed", VERIFY_OK, false, "A=b", BODY, "503", "200",
	  OUTCOME_ACCEPTED, VERDICT_SIGNATURE },
	{ "apimart", VERIFY_OK, false, "A=b", BODY, "503", "200",
	  OUTCOME_ACCEPTED, VERDICT_TOKEN },
	{ "wavespeed", VERIFY_OK, true, "A=b", BODY, "503", "200",
	  OUTCOME_REQUERY, VERDICT_SIGNATURE },
	{ "wavespeed", VERIFY_STALE, false, "A=b", BODY, "503", "200",
	  OUTCOME_STALE, VERDICT_SIGNATURE },
	{ "wavespeed", VERIFY_NO_KEY, false, "A=b", BODY, "503", "200",
	  OUTCOME_REQUERY, VERDICT_TOKEN },
	{ "wavespeed", VERIFY_FAILED, false, "A=b", BODY, "401", "401",
	  OUTCOME_UNVERIFIED, VERDICT_FAILED },
	{ "wavespeed", VERIFY_TROUBLE, false, "A=b", BODY, "503", "503",
	  NONE_KEPT, 0 },
	{ "wavespeed", VERIFY_AMBIGUOUS, false, "A=b", BODY, "400", "400",
	  NONE_KEPT, 0 },
	{ "apimart", VERIFY_OK, false, "HTTP_CONTENT_ENCODING=gzip", BODY,
	  "415", "415", NONE_KEPT, 0 },
	{ "apimart", VERIFY_OK, false, "HTTP_CONTENT_ENCODING=identity", BODY,
	  "503", "200", OUTCOME_ACCEPTED, VERDICT_TOKEN },
	{ "wavespeed", VERIFY_OK, false, "HTTP_WEBHOOK_ID=second", BODY,
	  "400", "400", NONE_KEPT, 0 },
	{ "apimart", VERIFY_OK, false, "CONTENT_LENGTH=32", BODY, "400", "400",
	  NONE_KEPT, 0 },
	/* A token that the body repeats is not kept. */
	{ "apimart", VERIFY_OK, false, "A=b", "{\"id\":\"w-1\",\"status\":"
	  "\"failed\",\"hook\":\"/" TOKEN "\"}", "503", "200",
	  OUTCOME_ACCEPTED, VERDICT_TOKEN },
};

static struct conf	heard_conf;
static char		heard_dir[SCRATCH_PATH];

/* Answers into out. */
static void
hear(const struct heard *row, const char *length, char out[ANSWER_TEXT_MAX])
{
	char		*tokens[] = { (char[]){ TOKEN }, NULL };
	char		*secrets[] = { (char[]){ "whsec_x" }, NULL };
	char		 name[] = "default", header[64], length_is[48];
	char		*env[] = { (char[]){ "REQUEST_METHOD=POST" },
			    (char[]){ "PATH_INFO=/" TOKEN }, length_is,
			    (char[]){ "HTTP_WEBHOOK_ID=first" }, header, NULL };
	struct account	 account = { .name = name, .tokens = tokens,
			    .secrets = secrets, .requery = row->requery,
			    .provider = provider_find(row->provider) };
	struct text	 text = { row->body, strlen(row->body) };
	struct request	 req = { .env = env, .read = read_text,
			    .arg = &text };
	struct receiver	 rx = { .conf = &heard_conf, .spool = spool,
			    .provider = account.provider };
	struct callback	 cb = { .kept = false };
	struct capture	 cap;
	char		 said[4096];

	heard_conf = (struct conf){ .accounts = &account, .naccounts = 1,
	    .max_body_bytes = 1024 };
	(void)snprintf(header, sizeof(header), "%s", row->header);
	(void)snprintf(length_is, sizeof(length_is), "CONTENT_LENGTH=%s",
	    length);
	submitted = token_is_kept = false;
	forced = true;
	forced_verdict = row->verified;
	capture_begin(&cap);
	CU_ASSERT_FALSE(receive_begin(&cb, &rx, &req));
	(void)receive_end(&cb, out);
	(void)capture_end(&cap, said, sizeof(said));
	forced = false;
}

static void
hear_row(size_t i)
{
	const struct heard	*row = &heard[i];
	unsigned		 before = CU_get_number_of_failures();
	const char		*want = spool != NULL ? row->spooled_http :
				    row->http;
	char			 out[ANSWER_TEXT_MAX], length[24];
	long			 was = spool != NULL ? spool_count(spool) : 0;

	(void)snprintf(length, sizeof(length), "%zu", strlen(row->body));
	hear(row, length, out);
	CU_ASSERT_EQUAL(strncmp(out + strlen("Status: "), want, 3), 0);
	CU_ASSERT_EQUAL(submitted, row->outcome != NONE_KEPT);
	if (submitted) {
		CU_ASSERT_EQUAL(submitted_as, row->outcome);
		CU_ASSERT_EQUAL(submitted_on, row->verdict);
	}
	CU_ASSERT_FALSE(token_is_kept);
	if (spool != NULL)
		CU_ASSERT_EQUAL(spool_count(spool) - was,
		    strcmp(want, "200") == 0);
	if (CU_get_number_of_failures() != before)
		(void)fprintf(stderr, "\n    row %zu: %.40s\n", i, out);
}

static void
test_heard(void)
{
	struct errbuf	 err;
	size_t		 i;

	for (i = 0; i < sizeof(heard) / sizeof(heard[0]); i++)
		hear_row(i);
	scratch_make(heard_dir);
	spool = spool_open(heard_dir, 1 << 20, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(spool);
	for (i = 0; i < sizeof(heard) / sizeof(heard[0]); i++)
		hear_row(i);
	spool_close(spool);
	spool = NULL;
	scratch_remove(heard_dir);
}

/* Of a provider that publishes its keys: new ones are asked for when none of ours
 * fits, and not otherwise. */
static void
test_new_keys(void)
{
	static const struct {
		enum verify_verdict	verified;
		size_t			wanted;
	} rows[] = {
		{ VERIFY_NO_KEY, 1 }, { VERIFY_FAILED, 1 }, { VERIFY_OK, 0 },
		{ VERIFY_STALE, 0 }, { VERIFY_TROUBLE, 0 },
	};
	struct heard	row = heard[0];
	char		out[ANSWER_TEXT_MAX], length[24];
	size_t		i;

	row.provider = "fal";
	(void)snprintf(length, sizeof(length), "%zu", strlen(row.body));
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		row.verified = rows[i].verified;
		keys_wanted = 0;
		hear(&row, length, out);
		CU_ASSERT_EQUAL(keys_wanted, rows[i].wanted);
	}
}

/* What is said of the body's length. */
static void
test_length(void)
{
	static const struct {
		const char	*length, *http;
	} rows[] = {
		{ "1025", "413" }, { "999999999999", "413" }, { "-1", "400" },
		{ "+5", "400" }, { " 5", "400" }, { "0x5", "400" },
		{ "", "400" }, { "5x", "400" }, { "1024", "400" },
	};
	char	out[ANSWER_TEXT_MAX];
	size_t	i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		hear(&heard[1], rows[i].length, out);
		CU_ASSERT_EQUAL(strncmp(out + strlen("Status: "),
		    rows[i].http, 3), 0);
		CU_ASSERT_FALSE(submitted);
	}
}

/* Well is who has a database and a spool. */
static void
test_health(void)
{
	char		*env[] = { (char[]){ "REQUEST_METHOD=GET" },
			    (char[]){ "PATH_INFO=/healthz" }, NULL };
	struct conf	 conf = { .naccounts = 0 };
	struct receiver	 rx = { .conf = &conf,
			    .provider = provider_find("apimart") };
	struct request	 req = { .env = env };
	struct callback	 cb = { .kept = false };
	struct capture	 cap;
	struct errbuf	 err;
	char		 out[ANSWER_TEXT_MAX], said[4096];

	scratch_make(heard_dir);
	rx.spool = spool = spool_open(heard_dir, 1 << 20, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(spool);
	capture_begin(&cap);
	CU_ASSERT_FALSE(receive_begin(&cb, &rx, &req));
	(void)receive_end(&cb, out);
	CU_ASSERT_EQUAL(strncmp(out, "Status: 503 ", 12), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(out, "\"database\":\"unavailable\""));
	cb.commit.stored = true;
	(void)receive_end(&cb, out);
	CU_ASSERT_EQUAL(strncmp(out, "Status: 200 ", 12), 0);
	rx.spool = NULL;
	(void)receive_end(&cb, out);
	CU_ASSERT_EQUAL(strncmp(out, "Status: 503 ", 12), 0);
	(void)capture_end(&cap, said, sizeof(said));
	spool_close(spool);
	spool = NULL;
	scratch_remove(heard_dir);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "heard",	test_heard },
		{ "new keys",	test_new_keys },
		{ "length",	test_length },
		{ "health",	test_health },
		{ "no HMAC",	test_no_hmac },
		{ "ambiguous",	test_ambiguous },
		{ "forged",	test_forged },
		{ "undecided",	test_undecided },
		{ "short body",	test_short_body },
		{ "handshake",	test_handshake },
		{ NULL,		NULL }
	};

	return cunit_run("receive", tests);
}
