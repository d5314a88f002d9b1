/* handlers/wavespeed: the same as of the others, and every way in which a
 * signature can be wrong. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/crypto.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"

extern const struct provider wavespeed_provider;

bool	__real_hmac_sha256(struct bytes, const struct bytes *, size_t,
	    unsigned char[SHA256_BYTES]);
bool	__wrap_hmac_sha256(struct bytes, const struct bytes *, size_t,
	    unsigned char[SHA256_BYTES]);

/* So many more can be computed; INT_MAX: as many as are wanted. */
static int	hmacs_left = INT_MAX;

bool
__wrap_hmac_sha256(struct bytes key, const struct bytes *parts,
    size_t nparts, unsigned char mac[SHA256_BYTES])
{
	if (hmacs_left <= 0)
		return false;
	hmacs_left -= hmacs_left < INT_MAX;
	return __real_hmac_sha256(key, parts, nparts, mac);
}

#define TASK_ID	"5f0c7a9be1d24c3f8a6b5d4e3f2a1b0c"
#define MODEL	"wavespeed-ai/flux-dev"
#define FILES	"https://d1q70pf5vjeyhc.cloudfront.net/predictions/5f0c/"
#define CREATED	INT64_C(1763999980239112)
#define ENDED	INT64_C(1763999986949000)
#define WEEK_ON	1764604780	/* seven days after CREATED */
#define LATEST	1764604800	/* seven days after it came in */

#define DONE	TASK_ID, "completed", TASK_SUCCEEDED, false, false
#define PLAIN	MODEL, NULL, NULL, CREATED, ENDED
#define ONE_PNG	{ { OUTPUT_IMAGE, FILES "1.png", WEEK_ON, EXPIRES_PROVIDER } }
#define TEXT(words)	{ OUTPUT_TEXT, words, 0, EXPIRES_UNKNOWN }

static const struct expect cases[] = {
	{ "callback-vector.json", PARSE_FINAL, NULL,
	  "45b392b22c3b449fa935bd4dc", "completed", TASK_SUCCEEDED, false,
	  false, MODEL, NULL, NULL, INT64_C(1758791568239112),
	  INT64_C(1758791574949000), {
	    { OUTPUT_IMAGE, "https://d2p7pge43lyniu.cloudfront.net/output/"
	      "18058184-5df8-4d05-9e1b-7ad84c8b963e-u1_9bfd4537-e541-4ad0-"
	      "a0f6-4812b11a37f1.jpeg", 1759396368, EXPIRES_PROVIDER } } },
	{ "callback-completed.json", PARSE_FINAL, NULL, DONE, PLAIN,
	  ONE_PNG },
	{ "poll-wrapped.json", PARSE_FINAL, NULL, DONE, PLAIN, ONE_PNG },
	{ "submit-answer.json", PARSE_PROGRESS, "status \"created\"", TASK_ID,
	  "created", TASK_PENDING, false, false, MODEL, NULL, NULL, CREATED,
	  0, { { 0 } } },
	{ "sync-still-running.json", PARSE_PROGRESS, "status \"processing\"",
	  TASK_ID, "processing", TASK_PENDING, false, false, MODEL, NULL,
	  NULL, CREATED, 0, { { 0 } } },
	{ "callback-failed.json", PARSE_FINAL, NULL, TASK_ID, "failed",
	  TASK_FAILED, false, false, MODEL, "1200",
	  "Content was flagged as sensitive.", CREATED, 0, { { 0 } } },
	{ "failed-code-zero.json", PARSE_FINAL, NULL, TASK_ID, "failed",
	  TASK_FAILED, false, false, MODEL, NULL, "generation failed",
	  CREATED, ENDED, { { 0 } } },
	{ "status-timeout.json", PARSE_FINAL, NULL, TASK_ID, "timeout",
	  TASK_FAILED, false, false, MODEL, "timeout",
	  "the task ran too long", CREATED, ENDED, { { 0 } } },
	{ "status-deleted.json", PARSE_FINAL, NULL, TASK_ID, "deleted",
	  TASK_CANCELLED, false, false, PLAIN, { { 0 } } },
	{ "outputs-object.json", PARSE_FINAL, NULL, DONE, PLAIN, {
	    TEXT("Good morning, harbour.") } },
	{ "outputs-object-details.json", PARSE_FINAL, NULL, DONE, PLAIN, {
	    TEXT("{\"text\":\"Good morning.\",\"text_details\":[{\"text\":"
	      "\"Good morning.\",\"start\":0,\"end\":1.2}]}") } },
	{ "outputs-plain-text.json", PARSE_FINAL, NULL, DONE, PLAIN, {
	    TEXT("Good morning, harbour.") } },
	{ "outputs-mixed.json", PARSE_FINAL, NULL, DONE, PLAIN, {
	    { OUTPUT_IMAGE, FILES "1.png", WEEK_ON, EXPIRES_PROVIDER },
	    TEXT("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"),
	    { OUTPUT_FILE, FILES "2.glb", WEEK_ON, EXPIRES_PROVIDER },
	    TEXT("https://see.example/a and more") } },
	{ "outputs-null.json", PARSE_FINAL, "without any output", DONE, PLAIN,
	  { { 0 } } },
	{ "outputs-number.json", PARSE_FINAL, NULL, DONE, PLAIN, {
	    TEXT("1.5"), TEXT("true") } },
	{ "outputs-one-string.json", PARSE_FINAL, NULL, DONE, PLAIN, ONE_PNG },
	{ "video.json", PARSE_FINAL, NULL, DONE, PLAIN, {
	    { OUTPUT_VIDEO,
	      "https://cdn.wavespeed.ai/predictions/5f0c/1.MP4?v=2", WEEK_ON,
	      EXPIRES_PROVIDER } } },
	{ "no-created-at.json", PARSE_FINAL, NULL, DONE, MODEL, NULL, NULL, 0,
	  0, { { OUTPUT_IMAGE, FILES "1.png", LATEST, EXPIRES_PROVIDER } } },
	{ "created-at-nonsense.json", PARSE_FINAL, NULL, DONE, MODEL, NULL,
	  NULL, 0, 0, {
	    { OUTPUT_IMAGE, FILES "1.png", LATEST, EXPIRES_PROVIDER } } },
	{ "nul-in-output.json", PARSE_FINAL, NULL, DONE, PLAIN, {
	    TEXT("\"https://a.example/\\u0000.png\"") } },
	{ "outputs-bad-link.json", PARSE_FINAL,
	  "no http or https URL: https:///nohost.png", DONE, PLAIN, {
	    { OUTPUT_IMAGE, FILES "1.png", WEEK_ON, EXPIRES_PROVIDER },
	    { OUTPUT_IMAGE, "https:///nohost.png", WEEK_ON,
	      EXPIRES_PROVIDER } } },
	{ .file = "nul-in-id.json", .verdict = PARSE_UNKNOWN,
	  .err = "\"id\"" },
	{ .file = "id-is-number.json", .verdict = PARSE_UNKNOWN,
	  .err = "\"id\"" },
	{ .file = "id-missing.json", .verdict = PARSE_UNKNOWN,
	  .err = "\"id\"" },
	{ .file = "status-missing.json", .verdict = PARSE_UNKNOWN,
	  .err = "\"status\"" },
	{ .file = "error-answer.json", .verdict = PARSE_UNKNOWN,
	  .err = "\"id\"" },
};

static void
test_fixtures(void)
{
	expect_all(&wavespeed_provider, cases, COUNT(cases));
}

static void
test_prefixes(void)
{
	expect_prefixes_refused(
	    "tests/fixtures/wavespeed/callback-completed.json");
}

/* The second key is not "id", though json-c alone would have it so. */
static void
test_shadowed_id(void)
{
	struct json_object	*doc;
	struct errbuf		 err;
	char			*text;
	size_t			 len;

	text = fixture_read(
	    "tests/fixtures/wavespeed/nul-key-shadows-id.json", &len);
	CU_ASSERT_EQUAL(json_parse(text, len, &doc, &err), JSON_UNFIT);
	CU_ASSERT_PTR_NULL(doc);
	free(text);
}

static void
test_statuses(void)
{
	static const struct expect_status	words[] = {
		{ "created", PARSE_PROGRESS, TASK_PENDING, true },
		{ "processing", PARSE_PROGRESS, TASK_PENDING, true },
		{ "pending", PARSE_PROGRESS, TASK_PENDING, true },
		{ "completed", PARSE_FINAL, TASK_SUCCEEDED, true },
		{ "failed", PARSE_FINAL, TASK_FAILED, true },
		{ "cancelled", PARSE_FINAL, TASK_CANCELLED, true },
		{ "deleted", PARSE_FINAL, TASK_CANCELLED, true },
		{ "timeout", PARSE_FINAL, TASK_FAILED, true },
		{ "succeeded", PARSE_FINAL, TASK_SUCCEEDED, true },
		{ "canceled", PARSE_FINAL, TASK_CANCELLED, true },
		{ "COMPLETED", PARSE_FINAL, TASK_SUCCEEDED, true },
		{ "resting", PARSE_UNKNOWN, TASK_PENDING, false },
	};

	expect_statuses(&wavespeed_provider,
	    "tests/fixtures/wavespeed/status.template", words, COUNT(words));
}

static void
test_poll_urls(void)
{
	static const struct expect_url	urls[] = {
		{ "5f0c", NULL,
		  "http://127.0.0.1:1/p/api/v3/predictions/5f0c/result",
		  NULL },
		{ "5f/0c", NULL,
		  "http://127.0.0.1:1/p/api/v3/predictions/5f%2F0c/result",
		  NULL },
		{ "..", NULL, NULL, "cannot stand in a URL" },
	};

	expect_poll_urls(&wavespeed_provider, urls, COUNT(urls));
}

static void
test_answers(void)
{
	static const struct expect_answer	answers[] = {
		{ 200, "{\"code\":200,\"message\":\"success\",\"data\":{}}",
		  POLL_TASK, "" },
		{ 200, "{\"id\":\"5f0c\",\"status\":\"failed\","
		  "\"code\":1200}", POLL_TASK, "" },
		{ 200, "{\"code\":401,\"message\":\"Unauthorized\"}",
		  POLL_BAD_KEY, "answered 401: Unauthorized" },
		{ 401, "{\"code\":401,\"message\":\"Unauthorized\"}",
		  POLL_BAD_KEY, "Unauthorized" },
		{ 404, "{\"error\":\"task not found\"}", POLL_NOT_FOUND,
		  "task not found" },
		{ 429, "{\"code\":429,\"message\":\"You have reached your "
		  "concurrency limit\"}", POLL_RATE_LIMITED, "concurrency" },
		{ 504, NULL, POLL_TROUBLE, "504" },
	};

	expect_answers(&wavespeed_provider, answers, COUNT(answers));
}

/* A signed request; NULL stands for a header that is not there. */
struct request {
	const char	*id, *timestamp, *signature;
	const char	*body;
	size_t		 bodylen;
	const char	*secrets[3];
	int64_t		 now_s;
};

static const char *
request_header(const void *arg, const char *name)
{
	const struct request	*r = arg;

	if (strcmp(name, "HTTP_WEBHOOK_ID") == 0)
		return r->id;
	if (strcmp(name, "HTTP_WEBHOOK_TIMESTAMP") == 0)
		return r->timestamp;
	if (strcmp(name, "HTTP_WEBHOOK_SIGNATURE") == 0)
		return r->signature;
	return NULL;
}

static enum verify_verdict
request_verify(const struct request *r, struct errbuf *err)
{
	const struct verify_input	in = {
		.header	 = request_header,
		.arg	 = r,
		.body	 = r->body,
		.bodylen = r->bodylen,
		.secrets = r->secrets,
		.now	 = r->now_s * USEC_PER_SEC + 999999,
	};

	errbuf_set(err, "%s", "");
	return signature_verify(wavespeed_provider.signature, &in, err);
}

#define SECRET	"whsec_dGVzdC1zZWNyZXQ="
#define BODY	"{\"id\":\"pred_1\",\"status\":\"completed\"," \
		"\"outputs\":[\"https://example.com/1.png\"]}"
#define HEX	"35d6b68ac9571147e160215b534edb80" \
		"44376f62f8db508e79e7f9d910b65af1"
#define ZEROES	"0000000000000000000000000000000000000000000000000000000000" \
		"000000"

static const struct request good = {
	"pred_1", "1700000000", "v3," HEX, BODY, sizeof(BODY) - 1,
	{ SECRET, NULL, NULL }, 1700000000
};

/* The first sum is what the documented rule gives, the second what the
 * provider's page prints; the page's own sample does not keep the rule. */
static void
test_published_vectors(void)
{
	static const struct {
		const char	*timestamp;
		int64_t		 now_s;
		const char	*computed, *published;
	} vectors[] = {
		{ "1758798328", 1758798328, "v3,7a32ef7ef2c0cc05dbf74c9456add"
		  "530c638730d40b36ecbce282a4251feaba7", "v3,424a292e812c06273"
		  "bc4efd6b451010a5f046454ae15e6a7c0834428ca76255d" },
		{ "1758802746", 1758802746, "v3,f8b7bf9947e6c9eae9009baa626b1"
		  "a91202e0103bce66fbcc516195b6a20c7d9", "v3,cf2866ec96051d733"
		  "99f0b8627ea7bafd7dbac73725f80b855383a9b64f0c7d8" },
	};
	struct request	 r = { .id = "45b392b22c3b449fa935bd4dc" };
	struct errbuf	 err;
	char		*body;
	size_t		 i;

	body = fixture_read("tests/fixtures/wavespeed/callback-vector.json",
	    &r.bodylen);
	r.body = body;
	r.secrets[0] = "whsec_e9EE3BdyXSxcB4ZyZUKjQUEoQX4sF9P1+eMpb/KluCM=";
	for (i = 0; i < COUNT(vectors); i++) {
		r.timestamp = vectors[i].timestamp;
		r.now_s = vectors[i].now_s;
		r.signature = vectors[i].computed;
		CU_ASSERT_EQUAL(request_verify(&r, &err), VERIFY_OK);
		r.signature = vectors[i].published;
		CU_ASSERT_EQUAL(request_verify(&r, &err), VERIFY_FAILED);
	}
	free(body);
}

static void
test_signature(void)
{
	static const struct {
		const char		*signature, *secret, *second;
		enum verify_verdict	 verdict;
		const char		*err;
	} rows[] = {
		{ "v3," HEX, SECRET, NULL, VERIFY_OK, "" },
		{ "v3," HEX, "dGVzdC1zZWNyZXQ=", NULL, VERIFY_OK, "" },
		{ "v3," HEX, "whsec_other", SECRET, VERIFY_OK, "" },
		{ "v3," HEX, SECRET, "whsec_other", VERIFY_OK, "" },
		{ "v3," ZEROES " v3," HEX, SECRET, NULL, VERIFY_OK, "" },
		{ "v3," HEX " v3," ZEROES, SECRET, NULL, VERIFY_OK, "" },
		{ " v3," HEX "  ", SECRET, NULL, VERIFY_OK, "" },
		{ "v1,abc v3," HEX, SECRET, NULL, VERIFY_OK, "" },
		{ "v3," HEX ", v3," HEX, SECRET, NULL, VERIFY_AMBIGUOUS,
		  "webhook-signature came twice" },
		{ "v3," ZEROES, SECRET, NULL, VERIFY_FAILED, "does not fit" },
		{ "v3," HEX, "whsec_other", NULL, VERIFY_FAILED,
		  "does not fit" },
		/* What an empty key would give. */
		{ "v3,a8554b8daeb64bfd60ab3597ac7e713e"
		  "2f6180eaa49f9ce5b6d1f3476e35b4a0", "whsec_", NULL,
		  VERIFY_FAILED, "does not fit" },
		{ "v3," HEX, NULL, NULL, VERIFY_FAILED,
		  "no webhook_secret" },
		{ HEX, SECRET, NULL, VERIFY_FAILED, "does not fit" },
		{ "v1," HEX, SECRET, NULL, VERIFY_FAILED, "does not fit" },
		{ "V3," HEX, SECRET, NULL, VERIFY_FAILED, "does not fit" },
		{ "v3," HEX "0", SECRET, NULL, VERIFY_FAILED,
		  "does not fit" },
		{ "v3,35D6B68AC9571147E160215B534EDB80"
		  "44376F62F8DB508E79E7F9D910B65AF1", SECRET, NULL,
		  VERIFY_FAILED, "does not fit" },
		{ "v3,", SECRET, NULL, VERIFY_FAILED, "does not fit" },
		{ "v3, " HEX, SECRET, NULL, VERIFY_FAILED, "does not fit" },
	};
	struct request	r = good;
	struct errbuf	err;
	size_t		i;

	for (i = 0; i < COUNT(rows); i++) {
		r.signature = rows[i].signature;
		r.secrets[0] = rows[i].secret;
		r.secrets[1] = rows[i].second;
		CU_ASSERT_EQUAL(request_verify(&r, &err), rows[i].verdict);
		CU_ASSERT_PTR_NOT_NULL(strstr(err.text, rows[i].err));
	}
}

/* A signature that we cannot compute is not one that does not fit. */
static void
test_no_hmac(void)
{
	struct request	r = good;
	struct errbuf	err;

	r.secrets[0] = "whsec_other";
	r.secrets[1] = SECRET;
	hmacs_left = 1;
	CU_ASSERT_EQUAL(request_verify(&r, &err), VERIFY_TROUBLE);
	CU_ASSERT_STRING_EQUAL(err.text, "could not compute the signature");
	/* One that fits does, whatever else cannot be tried. */
	r.secrets[0] = SECRET;
	r.secrets[1] = "whsec_other";
	hmacs_left = 1;
	CU_ASSERT_EQUAL(request_verify(&r, &err), VERIFY_OK);
	hmacs_left = INT_MAX;
}

static void
test_headers(void)
{
	static const struct {
		const char		*id, *timestamp, *signature;
		enum verify_verdict	 verdict;
		const char		*err;
	} rows[] = {
		{ NULL, "1700000000", "v3," HEX, VERIFY_FAILED,
		  "webhook-id is missing" },
		{ "", "1700000000", "v3," HEX, VERIFY_FAILED,
		  "webhook-id is missing" },
		{ "pred_1", NULL, "v3," HEX, VERIFY_FAILED,
		  "webhook-timestamp is missing" },
		{ "pred_1", "1700000000", NULL, VERIFY_FAILED,
		  "webhook-signature is missing" },
		{ "pred_1, pred_1", "1700000000", "v3," HEX, VERIFY_AMBIGUOUS,
		  "webhook-id came twice" },
		{ "pred_1", "1700000000,1700000000", "v3," HEX,
		  VERIFY_AMBIGUOUS, "webhook-timestamp came twice" },
		{ "pred_1", "+1700000000", "v3," HEX, VERIFY_FAILED,
		  "no number" },
		{ "pred_1", " 1700000000", "v3," HEX, VERIFY_FAILED,
		  "no number" },
		{ "pred_1", "1700000000.5", "v3," HEX, VERIFY_FAILED,
		  "no number" },
		{ "pred_1", "0x6553f100", "v3," HEX, VERIFY_FAILED,
		  "no number" },
		{ "pred_1", "-1", "v3," HEX, VERIFY_FAILED, "no number" },
		{ "pred_1", "99999999999999999999", "v3," HEX, VERIFY_FAILED,
		  "no number" },
		{ "pred_1", "01700000000", "v3," HEX, VERIFY_FAILED,
		  "does not fit" },
		{ "pred_1.1700000000", "1700000000", "v3," HEX,
		  VERIFY_FAILED, "does not fit" },
	};
	char		names[SIGNATURE_HEADERS_MAX][SIGNATURE_NAME_MAX];
	char		cgi[SIGNATURE_CGI_MAX];
	struct request	r = good;
	struct errbuf	err;
	size_t		i;

	for (i = 0; i < COUNT(rows); i++) {
		r.id = rows[i].id;
		r.timestamp = rows[i].timestamp;
		r.signature = rows[i].signature;
		CU_ASSERT_EQUAL(request_verify(&r, &err), rows[i].verdict);
		CU_ASSERT_PTR_NOT_NULL(strstr(err.text, rows[i].err));
	}
	CU_ASSERT_EQUAL(signature_headers(wavespeed_provider.signature, names),
	    3);
	signature_cgi_name(names[2], cgi);
	CU_ASSERT_STRING_EQUAL(cgi, "HTTP_WEBHOOK_SIGNATURE");
}

static void
test_stale(void)
{
	static const struct {
		int64_t			off_s;
		enum verify_verdict	verdict;
		const char		*err;
	} rows[] = {
		{ 0, VERIFY_OK, "" },
		{ 300, VERIFY_OK, "" },
		{ -300, VERIFY_OK, "" },
		{ 301, VERIFY_STALE, "301 seconds old" },
		{ -301, VERIFY_STALE, "301 seconds ahead" },
		{ 86400, VERIFY_STALE, "86400 seconds old" },
	};
	struct request	r = good;
	struct errbuf	err;
	size_t		i;

	for (i = 0; i < COUNT(rows); i++) {
		r.now_s = good.now_s + rows[i].off_s;
		CU_ASSERT_EQUAL(request_verify(&r, &err), rows[i].verdict);
		CU_ASSERT_PTR_NOT_NULL(strstr(err.text, rows[i].err));
	}
	/* Not even stale, when it is not authentic. */
	r.signature = "v3," ZEROES;
	CU_ASSERT_EQUAL(request_verify(&r, &err), VERIFY_FAILED);
}

/* Flip every bit of one part in turn; nothing may pass. */
static void
flip_bits(struct request *r, char *part, size_t len)
{
	struct errbuf		err;
	enum verify_verdict	verdict;
	size_t			bit;

	for (bit = 0; bit < 8 * len; bit++) {
		part[bit / 8] ^= (char)(1 << bit % 8);
		verdict = request_verify(r, &err);
		CU_ASSERT(verdict == VERIFY_FAILED ||
		    verdict == VERIFY_AMBIGUOUS);
		part[bit / 8] ^= (char)(1 << bit % 8);
	}
	CU_ASSERT_EQUAL(request_verify(r, &err), VERIFY_OK);
}

static void
test_bit_flips(void)
{
	struct request	r = good;
	char		id[] = "pred_1", timestamp[] = "1700000000";
	char		signature[] = "v3," HEX, body[] = BODY;

	r.id = id;
	r.timestamp = timestamp;
	r.signature = signature;
	r.body = body;
	flip_bits(&r, id, strlen(id));
	flip_bits(&r, timestamp, strlen(timestamp));
	flip_bits(&r, signature, strlen(signature));
	flip_bits(&r, body, strlen(body));
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "fixtures",		test_fixtures },
		{ "prefixes",		test_prefixes },
		{ "shadowed id",	test_shadowed_id },
		{ "statuses",		test_statuses },
		{ "poll URLs",		test_poll_urls },
		{ "answers",		test_answers },
		{ "published vectors",	test_published_vectors },
		{ "signature",		test_signature },
		{ "no HMAC",		test_no_hmac },
		{ "headers",		test_headers },
		{ "stale",		test_stale },
		{ "bit flips",		test_bit_flips },
		{ NULL,			NULL }
	};

	return cunit_run("wavespeed", tests);
}
