/* What goes with an event: its headers and signatures, or its command's
 * environment. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch/forward/envelope.h"
#include "tests/cunit_main.h"

/* The specification's own example (standard-webhooks/spec, "Signature scheme", and
 * the tests of its libraries): secret, id, time, body and signature. */
#define SPEC_SECRET	"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define SPEC_ID		"msg_p5jXN8AQM9LWM0D4loKWxJek"
#define SPEC_AT		1614265330
#define SPEC_BODY	"{\"test\": 2432232314}"
#define SPEC_SIGNATURE	"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

static char	one[] = SPEC_SECRET;
static char	other[] = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";
static char	url[] = "https://shop.example/hook", nothing[] = "";
static char	script[] = "php done.php";

static bool
address(struct forward *f, char **secrets, const char *body,
    struct envelope *e, struct send *m)
{
	struct errbuf	err;

	f->secrets = secrets;
	memset(m, 0, sizeof(*m));
	return envelope_address(e, m, f, SPEC_ID, body, SPEC_AT, &err);
}

static void
test_headers(void)
{
	struct forward	f = { .url = url, .command = nothing };
	char		*secrets[] = { one, NULL };
	struct envelope	e;
	struct send	m;

	CU_ASSERT_TRUE(address(&f, secrets, SPEC_BODY, &e, &m));
	CU_ASSERT_STRING_EQUAL(m.headers[0], "webhook-id: " SPEC_ID);
	CU_ASSERT_STRING_EQUAL(m.headers[1], "webhook-timestamp: 1614265330");
	CU_ASSERT_STRING_EQUAL(m.headers[2],
	    "webhook-signature: " SPEC_SIGNATURE);
	CU_ASSERT_PTR_NULL(m.headers[3]);
	CU_ASSERT_STRING_EQUAL(m.body, SPEC_BODY);
	CU_ASSERT_PTR_EQUAL(m.url, url);
	CU_ASSERT_PTR_NULL(m.command);
	CU_ASSERT_EQUAL(m.timeout_s, 15);
	envelope_free(&e);
	CU_ASSERT_PTR_NULL(e.signature);
}

/* Only its own section lets a forward go into a private network. */
static void
test_policy(void)
{
	struct forward	f = { .url = url, .command = nothing };
	char		*secrets[] = { one, NULL };
	struct envelope	e;
	struct send	m;

	CU_ASSERT_TRUE(address(&f, secrets, "{}", &e, &m));
	CU_ASSERT_EQUAL(m.policy, HTTP_PUBLIC_HOOK);
	envelope_free(&e);
	f.allow_private = true;
	CU_ASSERT_TRUE(address(&f, secrets, "{}", &e, &m));
	CU_ASSERT_EQUAL(m.policy, HTTP_OPERATOR_HOST);
	envelope_free(&e);
}

/* While a secret is changed, all of them sign, each on its own. */
static void
test_rotation(void)
{
	struct forward	f = { .url = url, .command = nothing };
	char		*both[] = { other, one, NULL }, *last[] = { other, NULL };
	struct envelope	e, alone;
	struct send	m, n;
	char		want[400];

	CU_ASSERT_TRUE(address(&f, both, SPEC_BODY, &e, &m));
	CU_ASSERT_TRUE(address(&f, last, SPEC_BODY, &alone, &n));
	(void)snprintf(want, sizeof(want), "%s " SPEC_SIGNATURE, n.headers[2]);
	CU_ASSERT_STRING_EQUAL(m.headers[2], want);
	CU_ASSERT_STRING_NOT_EQUAL(n.headers[2],
	    "webhook-signature: " SPEC_SIGNATURE);
	envelope_free(&e);
	envelope_free(&alone);
}

/* As many as the settings could ever hold, or a clear no. */
static void
test_many_secrets(void)
{
	struct forward	f = { .url = url, .command = nothing };
	char		*many[1001];
	struct envelope	e;
	struct send	m;
	size_t		i;

	for (i = 0; i < 1000; i++)
		many[i] = one;
	many[100] = NULL;
	CU_ASSERT_TRUE(address(&f, many, SPEC_BODY, &e, &m));
	CU_ASSERT_EQUAL(strlen(e.signature), strlen("webhook-signature:") +
	    100 * (1 + strlen(SPEC_SIGNATURE)));
	envelope_free(&e);
	many[100] = one;
	many[1000] = NULL;
	CU_ASSERT_FALSE(address(&f, many, SPEC_BODY, &e, &m));
	envelope_free(&e);
}

/* A command needs no signature, and nothing of the event is in its text. */
static void
test_command(void)
{
	struct forward	f = { .url = nothing, .command = script };
	char		*none[] = { NULL };
	struct envelope	e;
	struct send	m;

	CU_ASSERT_TRUE(address(&f, none, SPEC_BODY, &e, &m));
	CU_ASSERT_PTR_NULL(m.url);
	CU_ASSERT_PTR_EQUAL(m.command, script);
	CU_ASSERT_STRING_EQUAL(m.variable, "WEBHOOK_ID=" SPEC_ID);
	CU_ASSERT_STRING_EQUAL(m.body, SPEC_BODY);
	CU_ASSERT_PTR_NULL(m.headers);
	envelope_free(&e);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "headers", test_headers },
		{ "policy", test_policy },
		{ "two secrets", test_rotation },
		{ "many secrets", test_many_secrets },
		{ "command", test_command },
		{ NULL, NULL }
	};

	return cunit_run("envelope", tests);
}
