/* handlers/signature: each form in which providers sign, with its vector, and
 * every way in which it can be wrong. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/hex.h"
#include "handlers/signature.h"
#include "lib/crypto.h"
#include "lib/json.h"
#include "server/headers.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"

#define BODY	"{\"a\":1}"
#define NOW_S	1764000000
#define STANDARD_BODY	"{\"test\": 2432232314}"
#define OPENAI_BODY	"{\"id\": \"evt_685c059ae3a481909bdc86819b066fb6\", " \
	"\"object\": \"event\", \"created_at\": 1750861210, " \
	"\"type\": \"response.completed\", \"data\": {\"id\": \"resp_123\"}}"
#define FAL_ID	"123e4567-e89b-12d3-a456-426614174000"
#define FAL_BODY	"{\"request_id\":\"" FAL_ID "\",\"status\":\"OK\"," \
	"\"payload\":{\"images\":[]}}"
#define KIE_TASK	"ee9c2715375b7837f8bb51d641ff5863"

static const struct signature_scheme elevenlabs = {
	.header = "elevenlabs-signature", .form = FORM_PAIRS,
	.version = "v0=", .signed_text = "{t}.{body}", .tolerance_s = 1800,
}, openrouter = {
	.header = "x-openrouter-signature", .form = FORM_PAIRS,
	.version = "v1=", .signed_text = "{t},{body}", .tolerance_s = 300,
	.optional = true,
}, bfl = {
	.header = "x-bfl-signature", .version = "sha256=",
	.signed_text = "{body}", .optional = true,
}, hexkey = {
	.header = "x-signature", .time_header = "x-timestamp", .version = "",
	.signed_text = "{x-timestamp}.{body}", .key = KEY_HEX,
	.tolerance_s = 300,
}, kie = {
	.header = "x-webhook-signature", .time_header = "x-webhook-timestamp",
	.version = "", .encoding = ENCODED_BASE64,
	.signed_text = "{task-id}.{x-webhook-timestamp}",
	.task_id_paths = (const char *const []){ "data.taskId",
	    "data.task_id", "taskId", NULL },
	.tolerance_s = 300, .optional = true,
}, fal = {
	.method = SIGNATURE_ED25519, .header = "x-fal-webhook-signature",
	.time_header = "x-fal-webhook-timestamp", .version = "",
	.signed_text = "{x-fal-webhook-request-id}\n{x-fal-webhook-user-id}\n"
	    "{x-fal-webhook-timestamp}\n{body-sha256}", .tolerance_s = 300,
}, atlas = {
	.method = SIGNATURE_ED25519, .header = "x-atlas-signature",
	.time_header = "x-atlas-timestamp", .key_id_header = "x-atlas-key-id",
	.version = "", .encoding = ENCODED_BASE64URL,
	.signed_text = "{x-atlas-timestamp}.{body}", .tolerance_s = 300,
}, shared = {
	.method = SIGNATURE_SHARED, .header = "x-webhook-secret",
	.version = "",
}, bearer = {
	.method = SIGNATURE_SHARED, .header = "authorization",
	.version = "Bearer ",
};

/* The public key of RFC 8032, section 7.1, test 1. */
#define RFC_KEY	"d75a980182b10ab7d54bfed3c964073a" \
		"0ee172f3daa62325af021a68f707511a"

struct signed_case {
	const char			*name;
	const struct signature_scheme	*scheme;
	const char			*headers[10];	/* CGI name, value, ... */
	const char			*body, *secret;
	int64_t				 now_s;
};

#define H_ID	"HTTP_WEBHOOK_ID"
#define H_TIME	"HTTP_WEBHOOK_TIMESTAMP"
#define H_SIGN	"HTTP_WEBHOOK_SIGNATURE"

static const struct signed_case cases[] = {
	{ "Standard Webhooks", &signature_standard, {
	    H_ID, "msg_p5jXN8AQM9LWM0D4loKWxJek", H_TIME, "1614265330",
	    H_SIGN, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" },
	  STANDARD_BODY, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
	  1614265330 },
	{ "OpenAI", &signature_standard, {
	    H_ID, "wh_685c059ae39c8190af8c71ed1022a24d", H_TIME, "1750861210",
	    H_SIGN, "v1,gUAg4R2hWouRZqRQG4uJypNS8YK885G838+EHb4nKBY=" },
	  OPENAI_BODY, "whsec_RdvaYFYUXuIFuEbvZHwMfYFhUf7aMYjYcmM24+Aj40c=",
	  1750861210 },
	{ "ElevenLabs", &elevenlabs, {
	    "HTTP_ELEVENLABS_SIGNATURE", "t=1764000000,v0=7911e745f02d1716e0"
	    "f6917c233b9ce38b525c13b1d4ae7bcdaf8121b51a1a4e" },
	  BODY, "wsec_0123456789abcdef", NOW_S },
	{ "OpenRouter", &openrouter, {
	    "HTTP_X_OPENROUTER_SIGNATURE", "t=1764000000,v1=d25b63174dbce68ab"
	    "d522af51e14d5d7dfcc75b8d4a1809092a7d8e1d65d6ce4" },
	  BODY, "or-secret", NOW_S },
	{ "BFL", &bfl, {
	    "HTTP_X_BFL_SIGNATURE", "sha256=231ba004c748c8c6216b053180e947469"
	    "d336e38250fc716699dfaff0d234512" }, BODY, "bfl-secret", NOW_S },
	{ "a key in hex", &hexkey, {
	    "HTTP_X_TIMESTAMP", "1764000000", "HTTP_X_SIGNATURE",
	    "4187c9ab8adb44fe8326ccccc28f286417892fe2f0f42e591fac9dc5e4a8cd33"
	    }, BODY, "00112233445566778899aabbccddeeff", NOW_S },
	{ "Kie", &kie, {
	    "HTTP_X_WEBHOOK_TIMESTAMP", "1764000000",
	    "HTTP_X_WEBHOOK_SIGNATURE",
	    "wLqR4SVKUE6sP2qx71uUtg0BoD3TOz73s8tQGXi/PCA=" },
	  "{\"data\":{\"taskId\":\"" KIE_TASK "\"}}", "kie-key", NOW_S },
	{ "fal", &fal, {
	    "HTTP_X_FAL_WEBHOOK_REQUEST_ID", FAL_ID,
	    "HTTP_X_FAL_WEBHOOK_USER_ID", "auth0|user",
	    "HTTP_X_FAL_WEBHOOK_TIMESTAMP", "1764000000",
	    "HTTP_X_FAL_WEBHOOK_SIGNATURE",
	    "d0c7ab66e80300387180c5f775dbf47ccebcf2b821165492ace989824df28211"
	    "e5216b40e7d7ffe74d73850630ca2ed3ff6a44df29c08b02d4d0aaa2b8a3a105"
	    }, FAL_BODY, NULL, NOW_S },
	{ "Ed25519 with a key's name", &atlas, {
	    "HTTP_X_ATLAS_TIMESTAMP", "1764000000",
	    "HTTP_X_ATLAS_KEY_ID", "rfc", "HTTP_X_ATLAS_SIGNATURE",
	    "MfBFNqnZDDK2-mrI-ft_o5erR6FT2B9AdhM5WeG4xbik_4Pi75zIa7nfySPkDHqI"
	    "6gXar2OR4kcrdhD41X-PBQ" }, BODY, NULL, NOW_S },
	{ "a shared secret", &shared, {
	    "HTTP_X_WEBHOOK_SECRET", "s3cret" }, BODY, "s3cret", NOW_S },
	{ "a bearer's secret", &bearer, {
	    "HTTP_AUTHORIZATION", "Bearer s3cret" }, BODY, "s3cret", NOW_S },
};

/* A copy that may be spoiled. */
struct arrival {
	const struct signed_case	*row;
	char				 value[5][512], body[512];
	bool				 is_there[5];
	const char			*secrets[3];
	struct public_key		 keys[2];
	size_t				 nkeys;
	int64_t				 now_s;
	struct errbuf			 err;
};

static void
arrive(struct arrival *a, const struct signed_case *row)
{
	size_t	i;

	memset(a, 0, sizeof(*a));
	a->row = row;
	for (i = 0; i < 5 && row->headers[2 * i] != NULL; i++) {
		(void)snprintf(a->value[i], sizeof(a->value[i]), "%s",
		    row->headers[2 * i + 1]);
		a->is_there[i] = true;
	}
	(void)snprintf(a->body, sizeof(a->body), "%s", row->body);
	a->secrets[0] = row->secret;
	a->now_s = row->now_s;
	/* The first of two keys is somebody else's. */
	a->nkeys = 2;
	memset(a->keys[0].bytes, 9, sizeof(a->keys[0].bytes));
	(void)strcpy(a->keys[0].id, "other");
	(void)strcpy(a->keys[1].id, "rfc");
	CU_ASSERT_FATAL(hex_decode(RFC_KEY, 32, a->keys[1].bytes));
}

static const char *
arrived_header(const void *arg, const char *name)
{
	const struct arrival	*a = arg;
	size_t			 i;

	for (i = 0; i < 5; i++)
		if (a->is_there[i] && strcmp(a->row->headers[2 * i], name) == 0)
			return a->value[i];
	return NULL;
}

static enum verify_verdict
verify(struct arrival *a)
{
	const struct verify_input	in = {
		.header = arrived_header, .arg = a, .body = a->body,
		.bodylen = strlen(a->row->body), .secrets = a->secrets,
		.keys = a->keys, .nkeys = a->nkeys,
		.now = a->now_s * USEC_PER_SEC,
	};

	errbuf_set(&a->err, "%s", "");
	return signature_verify(a->row->scheme, &in, &a->err);
}

/* CUnit names the line; say which row of the table it was. */
static void
say_row(const struct signed_case *row, unsigned before)
{
	if (CU_get_number_of_failures() != before)
		fprintf(stderr, "\n    in %s\n", row->name);
}

static void
each_case(void (*fn)(const struct signed_case *))
{
	unsigned	before;
	size_t		i;

	for (i = 0; i < COUNT(cases); i++) {
		before = CU_get_number_of_failures();
		fn(&cases[i]);
		say_row(&cases[i], before);
	}
}

static void
vector_fits(const struct signed_case *row)
{
	struct arrival	a;

	arrive(&a, row);
	CU_ASSERT_EQUAL(verify(&a), VERIFY_OK);
	CU_ASSERT_STRING_EQUAL(a.err.text, "");
	CU_ASSERT(signature_is_due(row->scheme, a.secrets));
	if (row->secret == NULL)
		return;
	CU_ASSERT(signature_takes_secret(row->scheme, row->secret));
	a.secrets[1] = row->secret;
	a.secrets[0] = "whsec_b3RoZXI=";
	CU_ASSERT_EQUAL(verify(&a), VERIFY_OK);
	a.secrets[0] = row->secret;
	a.secrets[1] = "whsec_b3RoZXI=";
	CU_ASSERT_EQUAL(verify(&a), VERIFY_OK);
	a.secrets[0] = a.secrets[1];
	a.secrets[1] = NULL;
	CU_ASSERT_EQUAL(verify(&a), VERIFY_FAILED);
	CU_ASSERT_PTR_NOT_NULL(strstr(a.err.text, "does not fit"));
	a.secrets[0] = NULL;
	CU_ASSERT_EQUAL(verify(&a), VERIFY_FAILED);
	CU_ASSERT_PTR_NOT_NULL(strstr(a.err.text, "no webhook_secret"));
}

static void
test_vectors(void)
{
	each_case(vector_fits);
}

/* What is kept of the headers, as the table has it. */
struct kept {
	struct json_object		*doc;
	const struct signature_scheme	*scheme;
};

static const char *
kept_header(const void *arg, const char *cgi_name)
{
	const struct kept	*kept = arg;
	char	names[SIGNATURE_HEADERS_MAX][SIGNATURE_NAME_MAX];
	char	cgi[SIGNATURE_CGI_MAX];
	size_t	i, n = signature_headers(kept->scheme, names);

	for (i = 0; i < n; i++) {
		signature_cgi_name(names[i], cgi);
		if (strcmp(cgi, cgi_name) == 0)
			return json_string_at(kept->doc, names[i]);
	}
	return NULL;
}

/* A delivery can be verified again with what was kept of it; but of a shared
 * secret nothing is kept. */
static void
kept_fits(const struct signed_case *row)
{
	struct arrival		 a;
	char			 vars[5][400], *env[6] = { NULL }, *text;
	const struct request	 req = { .env = env };
	struct kept		 kept = { NULL, row->scheme };
	struct verify_input	 in = { .header = kept_header, .arg = &kept };
	size_t			 i;

	arrive(&a, row);
	for (i = 0; i < 5 && a.is_there[i]; i++) {
		(void)snprintf(vars[i], sizeof(vars[i]), "%s=%s",
		    row->headers[2 * i], a.value[i]);
		env[i] = vars[i];
	}
	text = headers_to_keep(&req, row->scheme);
	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	CU_ASSERT_EQUAL(json_parse(text, strlen(text), &kept.doc, &a.err),
	    JSON_OK);
	in.body = a.body;
	in.bodylen = strlen(a.body);
	in.secrets = a.secrets;
	in.keys = a.keys;
	in.nkeys = a.nkeys;
	in.now = row->now_s * USEC_PER_SEC;
	CU_ASSERT_EQUAL(signature_verify(row->scheme, &in, &a.err),
	    row->scheme->method == SIGNATURE_SHARED ? VERIFY_FAILED :
	    VERIFY_OK);
	if (row->scheme->method == SIGNATURE_SHARED)
		CU_ASSERT_PTR_NULL(strstr(text, row->secret));
	json_free(kept.doc);
	free(text);
}

static void
test_verified_again(void)
{
	each_case(kept_fits);
}

/* Flip every bit of one part in turn; nothing may pass. */
static void
flip(struct arrival *a, char *part, size_t len)
{
	enum verify_verdict	verdict;
	size_t			bit;

	for (bit = 0; bit < 8 * len; bit++) {
		part[bit / 8] ^= (char)(1 << bit % 8);
		verdict = verify(a);
		if (verdict == VERIFY_OK || verdict == VERIFY_STALE)
			fprintf(stderr, "\n    bit %zu\n", bit);
		CU_ASSERT(verdict != VERIFY_OK && verdict != VERIFY_STALE &&
		    verdict != VERIFY_TROUBLE);
		part[bit / 8] ^= (char)(1 << bit % 8);
	}
	CU_ASSERT_EQUAL(verify(a), VERIFY_OK);
}

static void
bits_count(const struct signed_case *row)
{
	struct arrival	a;
	size_t		i;

	arrive(&a, row);
	for (i = 0; a.is_there[i]; i++)
		flip(&a, a.value[i], strlen(a.value[i]));
	if (signature_covers_body(row->scheme))
		flip(&a, a.body, strlen(a.body));
}

static void
test_bit_flips(void)
{
	each_case(bits_count);
}

/* Each of its headers: gone, empty, and joined of two. */
static void
headers_decide(const struct signed_case *row)
{
	struct arrival	a;
	size_t		i;

	arrive(&a, row);
	for (i = 0; a.is_there[i]; i++) {
		a.is_there[i] = false;
		CU_ASSERT_EQUAL(verify(&a), VERIFY_FAILED);
		CU_ASSERT_PTR_NOT_NULL(strstr(a.err.text, "is missing"));
		a.is_there[i] = true;
		a.value[i][0] = '\0';
		CU_ASSERT_EQUAL(verify(&a), VERIFY_FAILED);
		(void)snprintf(a.value[i], sizeof(a.value[i]), "%s, %s",
		    row->headers[2 * i + 1], row->headers[2 * i + 1]);
		CU_ASSERT_EQUAL(verify(&a), VERIFY_AMBIGUOUS);
		CU_ASSERT_PTR_NOT_NULL(strstr(a.err.text, "came twice"));
		(void)snprintf(a.value[i], sizeof(a.value[i]), "%s",
		    row->headers[2 * i + 1]);
	}
	CU_ASSERT_EQUAL(verify(&a), VERIFY_OK);
}

static void
test_headers(void)
{
	char	names[SIGNATURE_HEADERS_MAX][SIGNATURE_NAME_MAX];
	char	cgi[SIGNATURE_CGI_MAX];

	each_case(headers_decide);
	CU_ASSERT_EQUAL(signature_headers(&atlas, names), 3);
	CU_ASSERT_STRING_EQUAL(names[0], "x-atlas-timestamp");
	CU_ASSERT_STRING_EQUAL(names[1], "x-atlas-key-id");
	CU_ASSERT_STRING_EQUAL(names[2], "x-atlas-signature");
	signature_cgi_name(names[1], cgi);
	CU_ASSERT_STRING_EQUAL(cgi, "HTTP_X_ATLAS_KEY_ID");
}

static void
clock_decides(const struct signed_case *row)
{
	int64_t		most = row->scheme->tolerance_s;
	struct arrival	a;

	arrive(&a, row);
	a.now_s = row->now_s + most;
	CU_ASSERT_EQUAL(verify(&a), VERIFY_OK);
	a.now_s = row->now_s - most;
	CU_ASSERT_EQUAL(verify(&a), VERIFY_OK);
	a.now_s = row->now_s + most + 1;
	CU_ASSERT_EQUAL(verify(&a), most == 0 ? VERIFY_OK : VERIFY_STALE);
	CU_ASSERT_EQUAL(strstr(a.err.text, "seconds old") != NULL, most != 0);
	a.now_s = row->now_s - most - 1;
	CU_ASSERT_EQUAL(verify(&a), most == 0 ? VERIFY_OK : VERIFY_STALE);
	/* Not even stale, when it is not authentic. */
	a.body[0] ^= 1;
	CU_ASSERT_EQUAL(verify(&a), row->scheme->method == SIGNATURE_SHARED ?
	    VERIFY_OK : VERIFY_FAILED);
}

static void
test_clock(void)
{
	each_case(clock_decides);
}

/* The header's own forms: rows of a scheme's value and what becomes of it. */
static void
test_forms(void)
{
#define OR_SUM	"d25b63174dbce68abd522af51e14d5d7dfcc75b8d4a1809092a7d8e1d65d6ce4"
#define ST_SUM	"g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
	static const struct {
		size_t			 row, header;
		const char		*value;
		enum verify_verdict	 verdict;
	} rows[] = {
		{ 3, 0, "v1=" OR_SUM ",t=1764000000", VERIFY_OK },
		{ 3, 0, "t=1764000000, v1=" OR_SUM, VERIFY_OK },
		{ 3, 0, "t=1764000000,v1=00,v1=" OR_SUM ",v0=1", VERIFY_OK },
		{ 3, 0, "t=1764000000,v0=" OR_SUM, VERIFY_FAILED },
		{ 3, 0, "t=1764000001,v1=" OR_SUM, VERIFY_FAILED },
		{ 3, 0, "v1=" OR_SUM, VERIFY_FAILED },
		{ 3, 0, "t=,v1=" OR_SUM, VERIFY_FAILED },
		{ 3, 0, "t=-1764000000,v1=" OR_SUM, VERIFY_FAILED },
		{ 3, 0, "t=1764000000,t=1764000000,v1=" OR_SUM,
		  VERIFY_AMBIGUOUS },
		{ 0, 2, "v1,AAAA v1," ST_SUM " v2,x", VERIFY_OK },
		{ 0, 2, "v1a,AAAA v1," ST_SUM, VERIFY_OK },
		{ 0, 2, ST_SUM, VERIFY_FAILED },
		{ 0, 2, "v1,", VERIFY_FAILED },
		/* The same bytes, written in other ways. */
		{ 0, 2, "v1,g0hM9SsE-OTPJTGt_tmIKtSyZlE3uFJELVlNIOLJ1OE=",
		  VERIFY_FAILED },
		{ 0, 2, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OF=",
		  VERIFY_FAILED },
		{ 4, 0, "231ba004c748c8c6216b053180e947469d336e38250fc716699d"
		  "faff0d234512", VERIFY_FAILED },
		{ 9, 0, "s3cret ", VERIFY_FAILED },
		{ 9, 0, "s3cre", VERIFY_FAILED },
		{ 10, 0, "bearer s3cret", VERIFY_FAILED },
	};
	struct arrival	a;
	size_t		i;

	for (i = 0; i < COUNT(rows); i++) {
		arrive(&a, &cases[rows[i].row]);
		(void)snprintf(a.value[rows[i].header],
		    sizeof(a.value[0]), "%s", rows[i].value);
		CU_ASSERT_EQUAL(verify(&a), rows[i].verdict);
		if (verify(&a) != rows[i].verdict)
			fprintf(stderr, "\n    %s\n", rows[i].value);
	}
}

/* What a secret's text may stand for. */
static void
test_secrets(void)
{
	static const struct {
		const struct signature_scheme	*scheme;
		const char			*secret;
		bool				 takes;
	} rows[] = {
		{ &signature_standard, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZI", true },
		{ &signature_standard, "MfKQ9r8GKYqrTwjUPD8ILPZI", true },
		{ &signature_standard, "any text at all", true },
		{ &signature_standard, "whsec_", false },
		{ &signature_standard, "whsec_no!base64", false },
		{ &hexkey, "0011", true },
		{ &hexkey, "001", false },
		{ &hexkey, "text", false },
		{ &kie, "any text", true },
		{ &shared, "no,comma", false },
	};
	struct arrival	a;
	size_t		i;

	for (i = 0; i < COUNT(rows); i++)
		CU_ASSERT_EQUAL(signature_takes_secret(rows[i].scheme,
		    rows[i].secret), rows[i].takes);
	/* Without its prefix it is Base64 to some, and text to others. */
	arrive(&a, &cases[0]);
	a.secrets[0] = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
	CU_ASSERT_EQUAL(verify(&a), VERIFY_OK);
	(void)strcpy(a.value[2],
	    "v1,9dkb5CsodNMalk3iyQGmHXCNWxDXknDsYH3b2NQje5Y=");
	a.secrets[0] = "plain-text";
	CU_ASSERT_EQUAL(verify(&a), VERIFY_OK);
	/* No key at all is no key. */
	a.secrets[0] = "whsec_";
	CU_ASSERT_EQUAL(verify(&a), VERIFY_FAILED);
	a.secrets[0] = "";
	CU_ASSERT_EQUAL(verify(&a), VERIFY_FAILED);
}

/* A key that we have not (yet) is another thing than a wrong signature. */
static void
test_public_keys(void)
{
	struct arrival	a;

	arrive(&a, &cases[7]);
	a.nkeys = 0;
	CU_ASSERT_EQUAL(verify(&a), VERIFY_NO_KEY);
	CU_ASSERT_PTR_NOT_NULL(strstr(a.err.text, "public key"));
	a.nkeys = 1;
	CU_ASSERT_EQUAL(verify(&a), VERIFY_FAILED);
	a.value[3][0] = 'x';
	a.nkeys = 0;
	CU_ASSERT_EQUAL(verify(&a), VERIFY_FAILED);
	/* By its name: another one does, though the bytes would fit. */
	arrive(&a, &cases[8]);
	(void)strcpy(a.value[1], "newer");
	CU_ASSERT_EQUAL(verify(&a), VERIFY_NO_KEY);
	(void)strcpy(a.value[1], "other");
	CU_ASSERT_EQUAL(verify(&a), VERIFY_FAILED);
}

/* Kie's task stands in several places, or nowhere. */
static void
test_task_id(void)
{
	static const struct {
		const char		*body;
		enum verify_verdict	 verdict;
	} rows[] = {
		{ "{\"data\":{\"task_id\":\"" KIE_TASK "\"}}", VERIFY_OK },
		{ "{\"taskId\":\"" KIE_TASK "\",\"data\":{}}", VERIFY_OK },
		{ "{\"data\":{\"taskId\":\"another\"}}", VERIFY_FAILED },
		{ "{\"data\":{}}", VERIFY_FAILED },
		{ "[]", VERIFY_FAILED },
		{ "no JSON", VERIFY_FAILED },
	};
	struct signed_case	row = cases[6];
	struct arrival		a;
	size_t			i;

	for (i = 0; i < COUNT(rows); i++) {
		row.body = rows[i].body;
		arrive(&a, &row);
		CU_ASSERT_EQUAL(verify(&a), rows[i].verdict);
	}
	CU_ASSERT(signature_reads_body(&kie));
	CU_ASSERT_FALSE(signature_covers_body(&kie));
	CU_ASSERT_FALSE(signature_reads_body(&fal));
	CU_ASSERT(signature_covers_body(&fal));
}

static void
test_due(void)
{
	static const char *const	some[] = { "s", NULL };
	static const char *const	none[] = { NULL };

	CU_ASSERT_FALSE(signature_is_due(NULL, some));
	CU_ASSERT(signature_is_due(&signature_standard, none));
	CU_ASSERT(signature_is_due(&fal, none));
	CU_ASSERT_FALSE(signature_is_due(&kie, none));
	CU_ASSERT_FALSE(signature_is_due(&kie, NULL));
	CU_ASSERT(signature_is_due(&kie, some));
}

/* A secret of nothing is a key that everybody has. */
static void
test_empty_key(void)
{
	const struct bytes	body = { BODY, strlen(BODY) };
	unsigned char		mac[SHA256_BYTES];
	char			hex[SHA256_HEX];
	struct arrival		a;
	size_t			i;

	for (i = 0; cases[i].scheme != &bfl; i++)
		;
	arrive(&a, &cases[i]);
	CU_ASSERT_TRUE_FATAL(hmac_sha256((struct bytes){ "", 0 }, &body, 1,
	    mac));
	hex_encode(mac, sizeof(mac), hex);
	(void)snprintf(a.value[0], sizeof(a.value[0]), "sha256=%s", hex);
	a.secrets[0] = "";
	CU_ASSERT_EQUAL(verify(&a), VERIFY_FAILED);
	CU_ASSERT_PTR_NOT_NULL(strstr(a.err.text, "does not fit"));
}

/* A time is digits and nothing else. */
static void
test_strange_times(void)
{
	static const char *const	times[] = {
		"-1614265330", "+1614265330", "1614265330 ", "0x6038", "1e9",
		"16142653301614", "1614265330.5",
	};
	struct arrival			a;
	size_t				i;

	for (i = 0; i < COUNT(times); i++) {
		arrive(&a, &cases[0]);
		(void)snprintf(a.value[1], sizeof(a.value[1]), "%s", times[i]);
		CU_ASSERT_EQUAL(verify(&a), VERIFY_FAILED);
		CU_ASSERT_PTR_NOT_NULL(strstr(a.err.text,
		    "is no number of seconds"));
	}
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "an empty key", test_empty_key },
		{ "strange times", test_strange_times },
		{ "vectors",		test_vectors },
		{ "verified again",	test_verified_again },
		{ "bit flips",		test_bit_flips },
		{ "headers",		test_headers },
		{ "clock",		test_clock },
		{ "forms",		test_forms },
		{ "secrets",		test_secrets },
		{ "public keys",	test_public_keys },
		{ "task id",		test_task_id },
		{ "due",		test_due },
		{ NULL,			NULL }
	};

	return cunit_run("signature", tests);
}
