/* server/receive: what is answered when libcrypto cannot compute an HMAC. */
#include <string.h>

#include "lib/crypto.h"
#include "server/receive.h"
#include "tests/cunit_main.h"
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

int
main(void)
{
	static const struct test	tests[] = {
		{ "no HMAC", test_no_hmac },
		{ NULL, NULL }
	};

	return cunit_run("receive", tests);
}
