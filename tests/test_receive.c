/* server/receive: what is answered when libcrypto cannot compute an HMAC, and
 * handshakes, for which nothing is asked of the database. */
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

bool	__wrap_hmac_sha256(struct bytes, const struct bytes *, size_t,
	    unsigned char[SHA256_BYTES]);

/* As if there were no memory. */
bool
__wrap_hmac_sha256(struct bytes key, const struct bytes *parts,
    size_t nparts, unsigned char mac[SHA256_BYTES])
{
	(void)key;
	(void)parts;
	(void)nparts;
	(void)mac;
	return false;
}

static size_t
read_body(void *arg, char *buf, size_t n)
{
	(void)arg;
	CU_ASSERT_EQUAL_FATAL(n, strlen(BODY));
	memcpy(buf, BODY, n);
	return n;
}

/* A signature that we cannot compute: nothing is believed, nothing is kept,
 * and it is not the sender's fault. */
static void
test_no_hmac(void)
{
	char			*tokens[] = { (char[]){ TOKEN }, NULL };
	char			*secrets[] = { (char[]){ "whsec_x" }, NULL };
	char			 name[] = "default", length[32];
	char			*env[] = { (char[]){ "REQUEST_METHOD=POST" },
				    (char[]){ "PATH_INFO=/" TOKEN }, length,
				    (char[]){ "HTTP_WEBHOOK_ID=1" },
				    (char[]){ "HTTP_WEBHOOK_TIMESTAMP=1" },
				    (char[]){ "HTTP_WEBHOOK_SIGNATURE=v3,0" },
				    NULL };
	struct account		 account = { .name = name, .tokens = tokens,
				    .secrets = secrets };
	struct conf		 conf = { .accounts = &account,
				    .naccounts = 1, .max_body_bytes = 1024 };
	struct receiver		 rx = { .conf = &conf };
	struct request		 req = { .env = env, .read = read_body };
	struct callback		 cb = { .kept = false };
	struct capture		 cap;
	char			 out[ANSWER_TEXT_MAX], said[1024];

	(void)snprintf(length, sizeof(length), "CONTENT_LENGTH=%zu",
	    strlen(BODY));
	rx.provider = account.provider = provider_find("wavespeed");
	CU_ASSERT_FALSE(receive_begin(&cb, &rx, &req));
	CU_ASSERT_FALSE(cb.kept);
	capture_begin(&cap);
	(void)receive_end(&cb, out);
	(void)capture_end(&cap, said, sizeof(said));
	CU_ASSERT_EQUAL(strncmp(out, "Status: 503 ", 12), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(said, "could not compute the "
	    "signature"));
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
		{ "no HMAC", test_no_hmac },
		{ "handshake", test_handshake },
		{ NULL, NULL }
	};

	return cunit_run("receive", tests);
}
