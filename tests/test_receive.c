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
static bool	submitted;		/* a delivery was to be committed, */
static enum outcome submitted_as;	/* as this, */
static enum verdict submitted_on;	/* for this reason */

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
	if (!strange)
		return __real_signature_verify(s, in, err);
	errbuf_set(err, "no verdict of ours");
	return (enum verify_verdict)77;
}

/* As plain CGI does, with a database that is away. */
bool
__wrap_committer_submit(struct committer *c, struct commit *one)
{
	(void)c;
	submitted = true;
	submitted_as = one->delivery->outcome;
	submitted_on = one->delivery->verdict;
	one->stored = false;
	errbuf_set(&one->err, "away");
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

int
main(void)
{
	static const struct test	tests[] = {
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
