/* common/conf: files that are refused, with their words, and what the keys of
 * others come to. */
#include <stdlib.h>
#include <string.h>

#include <confuse.h>

#include "lib/crypto.h"
#include "common/conf.h"
#include "common/conf_keys.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"
#include "tests/scratch.h"

#define DB	"database {\n conninfo = \"host=/x\"\n}\n"	/* 3 lines */
#define WHSEC	"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define HOOK	" url = \"https://shop.example/hook\"\n"
#define S3	"archive {\n url = \"s3://bucket\"\n" \
		" s3_endpoint = \"https://h\"\n s3_access_key = \"k\"\n"
#define NOVITA	"novita default {\n token = {\"tok-novita\"}\n}\n"
#define MAX_64	"9223372036854775807"
#define OVER_64	"9223372036854775808"

bool	__real_sha256(const void *, size_t, unsigned char[SHA256_BYTES]);
bool	__wrap_sha256(const void *, size_t, unsigned char[SHA256_BYTES]);

unsigned	__real_cfg_opt_size(cfg_opt_t *);
unsigned	__wrap_cfg_opt_size(cfg_opt_t *);

static const char	*lost;		/* libconfuse's value of that key, or NULL */

unsigned
__wrap_cfg_opt_size(cfg_opt_t *opt)
{
	return lost != NULL && strcmp(cfg_opt_name(opt), lost) == 0 ? 0 :
	    __real_cfg_opt_size(opt);
}

static char	dir[SCRATCH_PATH], path[SCRATCH_PATH + 32];
static int	digests_left = -1;	/* then no memory is; -1: there is */

bool
__wrap_sha256(const void *data, size_t len, unsigned char digest[SHA256_BYTES])
{
	if (digests_left == 0)
		return false;
	if (digests_left > 0)
		digests_left--;
	return __real_sha256(data, len, digest);
}

static struct conf *
load(const char *text, struct errbuf *err)
{
	scratch_write(path, 0600, text);
	return conf_load(path, err);
}

/* ---- what is refused --------------------------------------------------- */

/* at: the line that has to be named; 0: none is known. */
static const struct refused {
	const char	*text;
	int		 at;
	const char	*err;
} refused[] = {
	/* The grammar, in libconfuse's words. */
	{ DB "nonsense {\n}\n", 4, "nonsense" },
	{ DB "receiver {\n thread = 3\n}\n", 5, "thread" },
	{ DB "novita default {\n token = {\"tok-novita\"}\n secret = \"x\"\n}\n",
	  6, "secret" },
	{ DB "receiver {\n threads = many\n}\n", 5, "threads" },
	{ DB "receiver {\n threads = 3.5\n}\n", 5, "threads" },
	{ DB "receiver {\n threads = 99999999999999999999\n}\n", 5,
	  "threads" },
	{ DB "sweep {\n allow_private_networks = maybe\n}\n", 5,
	  "allow_private_networks" },
	{ DB NOVITA "novita default {\n token = {\"tok-other\"}\n}\n", 7,
	  "default" },
	{ DB "receiver {\n trusted_proxies = {\"10.0.0.0/8\", \"10.0.0.1/8\"}\n}\n"
	  NOVITA, 5, "has \"10.0.0.1/8\", which is no address or network" },
	{ DB "receiver {\n threads = 3\n", 0, "a brace or a quote is not closed" },
	{ DB "novita default {\n token = {\"tok-novita\"\n}\n", 0,
	  "a brace or a quote is not closed" },
	{ DB NOVITA "}\n", 7, "" },
	{ "database {\n conninfo = \"host=/x\n}\n", 0, "quote is not closed" },
	/* What has to be there. */
	{ "", 0, "database.conninfo is missing" },
	{ "# nothing but words\n", 0, "database.conninfo is missing" },
	{ "database {\n\n}\n", 3, "database.conninfo is missing" },
	{ DB "novita default {\n}\n", 5, "novita default.token is missing" },
	{ DB "novita default {\n token = {}\n}\n", 6,
	  "novita default.token is missing" },
	{ DB "wavespeed w {\n token = {\"tok-wavespeed\"}\n}\n", 6,
	  "wavespeed w.webhook_secret is missing" },
	{ DB "wavespeed w {\n token = {\"tok-wavespeed\"}\n"
	  " webhook_secret = {\"whsec_a\",\n \"\"}\n}\n", 7,
	  "wavespeed w.webhook_secret is empty" },
	{ DB "novita default {\n token = {\"tok-novita\"}\n"
	  " resend_unknown = yes\n}\n", 6,
	  "novita default.resend_unknown is yes, but this provider" },
	/* Tokens. */
	{ DB "novita default {\n token = {\"tok-1\"}\n}\n", 5,
	  "token number 1 is not 8 to 128 letters" },
	{ DB "novita default {\n token = {\"tok-novita\",\n \"tok/novita\"}\n}\n",
	  6, "token number 2 is not 8 to 128" },
	{ DB "novita default {\n token = {\"tok novita\"}\n}\n", 5,
	  "token number 1" },
	{ DB "novita default {\n token = {\"${GENHOOK_TEST_UNSET}\"}\n}\n", 5,
	  "token number 1" },
	/* Variables that stand for nothing are named. */
	{ DB "novita default {\n token = {\"${GENHOOK_TEST_UNSET}\"}\n}\n", 5,
	  "; ${GENHOOK_TEST_UNSET} is not set" },
	{ "database {\n\n conninfo = \"${GENHOOK_TEST_UNSET}\"\n}\n", 3,
	  "database.conninfo is missing; ${GENHOOK_TEST_UNSET} is not set" },
	{ DB "wavespeed w {\n token = {\"tok-wavespeed\"}\n"
	  " webhook_secret = {\"${GENHOOK_TEST_OTHER:-}${GENHOOK_TEST_UNSET}\"}\n}\n", 6,
	  "webhook_secret is empty; ${GENHOOK_TEST_UNSET} is not set" },
	{ DB "novita default {\n token = {\"1234567890\"}\n}\n", 5,
	  "looks like a number" },
	{ DB "novita default {\n token = {\"12345e-678\"}\n}\n", 5,
	  "looks like a number" },
	{ DB NOVITA "novita two {\n token = {\"tok-second\", \"tok-novita\"}\n}\n",
	  8, "novita two.token number 2 is novita default's as well" },
	/* Words and addresses. */
	{ DB "novita \"a b\" {\n token = {\"tok-novita\"}\n}\n", 6,
	  "novita a b is no account name" },
	{ DB "novita \"\" {\n token = {\"tok-novita\"}\n}\n", 6,
	  "is no account name" },
	{ DB "novita default {\n token = {\"tok-novita\"}\n trust = blind\n}\n",
	  6, "novita.trust is \"blind\", neither callback nor requery" },
	{ DB "novita default {\n token = {\"tok-novita\"}\n"
	  " api_base = \"http://127.0.0.1:1/novita\"\n}\n", 6,
	  "novita default.api_base is not https://" },
	{ DB "sweep {\n allow_private_networks = yes\n}\n"
	  "novita default {\n token = {\"tok-novita\"}\n"
	  " api_base = \"ftp://h.example\"\n}\n", 9,
	  "novita default.api_base is not https://" },
	{ DB "receiver {\n spool_dir = \"spool\"\n}\n", 5,
	  "receiver.spool_dir \"spool\" is no absolute path" },
	{ DB "receiver {\n spool_dir = \"\"\n}\n", 5, "no absolute path" },
	{ DB "receiver {\n\n base_url = \"h.example\"\n}\n", 6,
	  "receiver.base_url is no http(s) URL" },
	{ DB "archive {\n url = \"s3://b\"\n}\n", 6,
	  "archive.s3_endpoint is no http(s) URL" },
	{ DB S3 " s3_region = \"a:b\"\n}\n", 8, "archive.s3_region is not" },
	{ DB S3 " s3_region = \"\"\n}\n", 8, "archive.s3_region is not" },
	{ DB S3 " s3_access_key = \"\"\n}\n", 8,
	  "archive.s3_access_key is missing" },
	{ DB S3 "}\n", 8, "archive.s3_secret_key is missing" },
	{ DB S3 " s3_secret_key = \"x\"\n s3_staging_dir = \"st\"\n}\n", 9,
	  "archive.s3_staging_dir is no absolute path" },
	{ DB "archive {\n url = \"/var/lib\"\n}\n", 5,
	  "archive.url is neither" },
	{ DB "web {\n sendfile = \"yes\"\n}\n", 5,
	  "web.sendfile is neither \"X-Sendfile\" nor a" },
	{ DB "web {\n sendfile = \"/files\"\n}\n", 5, "web.sendfile is neither" },
	{ DB "web {\n sendfile = \"/f/;x/\"\n}\n", 5,
	  "web.sendfile is neither" },
	/* Forwards. */
	{ DB NOVITA "forward shop {\n" HOOK "}\n", 9,
	  "forward shop.secret is missing" },
	{ DB NOVITA "forward shop {\n" HOOK " secret = {\"whsec_abc\"}\n}\n",
	  9, "forward shop.secret number 1 is not whsec_" },
	{ DB NOVITA "forward shop {\n" HOOK " secret = {\"" WHSEC "\",\n"
	  " \"secret\"}\n}\n", 10, "forward shop.secret number 2 is not" },
	{ DB NOVITA "forward shop {\n secret = {\"" WHSEC "\"}\n}\n", 9,
	  "forward shop.url has to be there, or command" },
	{ DB NOVITA "forward shop {\n" HOOK " secret = {\"" WHSEC "\"}\n"
	  " command = \"cat\"\n}\n", 8, "url has to be there, or command" },
	{ DB NOVITA "forward shop {\n url = \"ftp://h\"\n secret = {\"" WHSEC
	  "\"}\n}\n", 8, "forward shop.url is no http(s) URL" },
	{ DB NOVITA "forward shop {\n command = \"cat\"\n"
	  " on = {\"task.done\"}\n}\n", 9, "has \"task.done\", which is none" },
	{ DB NOVITA "forward shop {\n command = \"cat\"\n"
	  " account = {\"novita other\"}\n}\n", 9,
	  "has \"novita other\", and the settings have no such section" },
	{ DB NOVITA "forward \"a b\" {\n command = \"cat\"\n}\n", 9,
	  "is no name of 1 to 64" },
	/* A comment counts as one line, and hides nothing but itself. */
	{ "# one\n// two\n/* three\n four */\n" DB "receiver { # here\n"
	  " # \"\n threads = 0 // no\n}\n", 10, "receiver.threads is 0" },
	{ "database {\n conninfo = 'host=/x # \\' // no /* comment'\n}\n"
	  "receiver {\n threads = 0\n}\n", 5, "receiver.threads is 0" },
	{ "database {\n conninfo = \"host=/x\\\n # \\\" \"\n}\n"
	  "receiver {\n threads = 0\n}\n", 6, "receiver.threads is 0" },
	{ DB "#\n#################################\nreceiver {\n threads = 0 }",
	  7, "receiver.threads is 0" },
	/* Secrets in files. */
	{ DB "novita default {\n token = {\"tok-novita\"}\n"
	  " api_key = \"file:/nonexistent/key\"\n}\n", 6,
	  "novita default.api_key secret file \"/nonexistent/key\": No such" },
	{ DB "novita default {\n token = {\"tok-novita\",\n"
	  "  \"file:/nonexistent/key\"}\n}\n", 6,
	  "novita default.token secret file \"/nonexistent/key\": No such" },
	{ "database {\n conninfo = \"file:/\"\n}\n", 2,
	  "database.conninfo secret file \"/\" is no regular file" },
};

/* "PATH:LINE: ..." with the words in it. */
static void
assert_refused(const struct refused *row)
{
	struct errbuf	 err = { .text = "" };
	struct conf	*c = load(row->text, &err);
	char		 head[SCRATCH_PATH + 64];
	int		 before = (int)CU_get_number_of_failures();

	CU_ASSERT_PTR_NULL(c);
	conf_free(c);
	if (row->at > 0)
		(void)snprintf(head, sizeof(head), "%s:%d: ", path, row->at);
	else
		(void)snprintf(head, sizeof(head), "%s: ", path);
	CU_ASSERT_EQUAL(strncmp(err.text, head, strlen(head)), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, row->err));
	if ((int)CU_get_number_of_failures() != before)
		fprintf(stderr, "\n    want %s%s\n    have %s\n", head,
		    row->err, err.text);
}

static void
test_refused(void)
{
	size_t	i;

	(void)unsetenv("GENHOOK_TEST_UNSET");
	for (i = 0; i < COUNT(refused); i++)
		assert_refused(&refused[i]);
}

/* ---- numbers ----------------------------------------------------------- */

static const struct number {
	const char	*section, *key;
	const char	*under, *min, *max, *over;
	const char	*range;
} numbers[] = {
	{ "receiver", "threads", "0", "1", "256", "257",
	  "is %s, not from 1 to 256" },
	{ "receiver", "max_body", "1023", "1024", "16777216", "16777217",
	  "is %s, not from 1024 to 16777216" },
	{ "receiver", "spool_max_bytes", "-1", "0", MAX_64, OVER_64,
	  "is %s, not from 0 to " MAX_64 },
	{ "sweep", "max_seconds", "0", "1", "86400", "86401",
	  "is %s, not from 1 to 86400" },
	{ "sweep", "polls_in_flight", "0", "1", "1024", "1025",
	  "is %s, not from 1 to 1024" },
	{ "sweep", "downloads_in_flight", "0", "1", "256", "257",
	  "is %s, not from 1 to 256" },
	{ "sweep", "max_output_bytes", "0", "1", MAX_64, OVER_64,
	  "is %s, not from 1 to " MAX_64 },
	{ "sweep", "retain_deliveries_days", "0", "1", "36500", "36501",
	  "is %s, not from 1 to 36500" },
	{ "sweep", "every", "0", "1", "86400", "86401",
	  "is %s, not from 1 to 86400" },
	{ "web", "thumbs", "-1", "0", "10000000", "10000001",
	  "is %s, not from 0 to 10000000" },
	{ "alert", "remind_hours", "0", "1", "8760", "8761",
	  "is %s, not from 1 to 8760" },
	{ "novita", "poll_after", "0", "1", "604800", "604801",
	  "is %s, not from 1 to 604800" },
	{ "novita", "poll_every_max", "0", "1", "604800", "604801",
	  "is %s, not from 1 to 604800" },
	{ "apixo", "give_up_after", "59", "60", "31536000", "31536001",
	  "is %s, not from 60 to 31536000" },
	{ "apimart", "polls_per_minute", "0", "1", "60000", "60001",
	  "is %s, not from 1 to 60000" },
	{ "apimart", "submits_per_minute", "0", "1", "60000", "60001",
	  "is %s, not from 1 to 60000" },
};

static void
number_text(const struct number *n, const char *value, char text[512])
{
	const char	*account = strcmp(n->section, "receiver") != 0 &&
			    strcmp(n->section, "sweep") != 0 &&
			    strcmp(n->section, "web") != 0 &&
			    strcmp(n->section, "alert") != 0 ?
			    " default" : "";

	(void)snprintf(text, 512, DB "%s%s {\n %s%s = %s\n}\n", n->section,
	    account, *account != '\0' ? "token = {\"tok-number\"}\n " : "\n",
	    n->key, value);
}

static void
assert_number(const struct number *n, const char *value, bool good)
{
	struct errbuf	 err = { .text = "" };
	struct conf	*c;
	char		 text[512], fmt[64], words[128];

	number_text(n, value, text);
	if (good) {
		c = load(text, &err);
		CU_ASSERT_PTR_NOT_NULL(c);
		if (c == NULL)
			fprintf(stderr, "\n    %s\n", err.text);
		conf_free(c);
		return;
	}
	/* Beyond what a number holds, libconfuse finds the words. */
	(void)snprintf(fmt, sizeof(fmt), "%s", n->range);
	if (strcmp(value, OVER_64) == 0)
		(void)snprintf(words, sizeof(words), "%s", n->key);
	else
		(void)snprintf(words, sizeof(words), "%s.%s is %s%s",
		    n->section, n->key, value, strchr(fmt, ','));
	assert_refused(&(struct refused){ text, 6, words });
}

/* Each key whose bounds the program tells has a row above. */
static size_t	numbers_told;

static void
count_number(const char *section, const char *key, const char *dflt,
    const char *bounds, const char *words)
{
	size_t	i;

	(void)section;
	(void)words;
	if (*bounds == '\0')
		return;
	numbers_told++;
	for (i = 0; i < COUNT(numbers); i++)
		if (strcmp(numbers[i].key, key) == 0)
			break;
	CU_ASSERT_FATAL(i < COUNT(numbers));
	CU_ASSERT_PTR_NOT_NULL_FATAL(dflt);
	CU_ASSERT_EQUAL(strncmp(bounds, numbers[i].min,
	    strlen(numbers[i].min)), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(bounds,
	    strcmp(numbers[i].max, MAX_64) == 0 ? "or more" :
	    numbers[i].max));
}

static void
test_numbers(void)
{
	size_t	i;

	for (i = 0; i < COUNT(numbers); i++) {
		assert_number(&numbers[i], numbers[i].under, false);
		assert_number(&numbers[i], numbers[i].min, true);
		assert_number(&numbers[i], numbers[i].max, true);
		assert_number(&numbers[i], numbers[i].over, false);
	}
	numbers_told = 0;
	conf_keys_each(count_number);
	CU_ASSERT_EQUAL(numbers_told, COUNT(numbers));
}

/* ---- what is taken ----------------------------------------------------- */

static void
test_defaults(void)
{
	struct errbuf		 err;
	struct conf		*c = load(DB NOVITA, &err);
	const struct account	*a;

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_STRING_EQUAL(c->path, path);
	CU_ASSERT_STRING_EQUAL(c->conninfo, "host=/x");
	CU_ASSERT_STRING_EQUAL(c->receiver_conninfo, "");
	CU_ASSERT_STRING_EQUAL(c->sweep_conninfo, "");
	CU_ASSERT_FALSE(c->pooler);
	CU_ASSERT_STRING_EQUAL(c->base_url, "");
	CU_ASSERT_EQUAL(c->threads, 32);
	CU_ASSERT_EQUAL(c->max_body_bytes, 1048576);
	CU_ASSERT_PTR_NULL(c->trusted_proxies[0]);
	CU_ASSERT_STRING_EQUAL(c->spool_dir, "/var/spool/genhook");
	CU_ASSERT_EQUAL(c->spool_max_bytes, 1073741824);
	CU_ASSERT_STRING_EQUAL(c->archive_url,
	    "file:///var/lib/genhook/outputs");
	CU_ASSERT_STRING_EQUAL(c->s3_endpoint, "");
	CU_ASSERT_STRING_EQUAL(c->s3_region, "us-east-1");
	CU_ASSERT_STRING_EQUAL(c->s3_access_key, "");
	CU_ASSERT_STRING_EQUAL(c->s3_secret_key, "");
	CU_ASSERT_STRING_EQUAL(c->s3_staging_dir, "/var/lib/genhook/staging");
	CU_ASSERT_EQUAL(c->max_seconds, 50);
	CU_ASSERT_EQUAL(c->polls_in_flight, 16);
	CU_ASSERT_EQUAL(c->downloads_in_flight, 16);
	CU_ASSERT_EQUAL(c->max_output_bytes, INT64_C(4294967296));
	CU_ASSERT_FALSE(c->allow_private_networks);
	CU_ASSERT_EQUAL(c->retain_deliveries_days, 30);
	CU_ASSERT_EQUAL_FATAL(c->naccounts, 1);
	a = &c->accounts[0];
	CU_ASSERT_STRING_EQUAL(a->provider->name, "novita");
	CU_ASSERT_STRING_EQUAL(a->name, "default");
	CU_ASSERT_STRING_EQUAL(a->tokens[0], "tok-novita");
	CU_ASSERT_PTR_NULL(a->tokens[1]);
	CU_ASSERT_PTR_NULL(a->secrets[0]);
	CU_ASSERT_STRING_EQUAL(a->api_key, "");
	CU_ASSERT_STRING_EQUAL(a->api_base, a->provider->api_base);
	CU_ASSERT_FALSE(a->requery);
	CU_ASSERT_EQUAL(a->poll_after_s, 120);
	CU_ASSERT_EQUAL(a->poll_every_max_s, 3600);
	CU_ASSERT_EQUAL(a->give_up_after_s, 604800);
	CU_ASSERT_EQUAL(a->polls_per_minute, 60);
	CU_ASSERT_EQUAL(a->submits_per_minute, 60);
	CU_ASSERT_FALSE(a->resend_unknown);
	conf_free(c);
}

static const char	every_key[] =
    "database {\n conninfo = \"host=/x\"\n pooler = yes\n}\n"
    "receiver {\n conninfo = \"host=/r\"\n"
    " base_url = \"https://hooks.example.com\"\n"
    " threads = 7\n max_body = 2048\n"
    " trusted_proxies = {\"10.0.0.0/8\", \"::1\"}\n spool_dir = \"/s\"\n"
    " spool_max_bytes = 99\n}\n"
    "archive {\n url = \"s3://bucket/prefix\"\n"
    " s3_endpoint = \"https://s3.example.com\"\n s3_region = \"eu\"\n"
    " s3_access_key = \"id\"\n s3_secret_key = \"${GENHOOK_TEST_KEY}\"\n"
    " s3_staging_dir = \"/st\"\n}\n"
    "sweep {\n conninfo = \"host=/w\"\n max_seconds = 11\n"
    " polls_in_flight = 12\n downloads_in_flight = 13\n"
    " max_output_bytes = 14\n allow_private_networks = yes\n"
    " retain_deliveries_days = 15\n}\n"
    "wavespeed team-2 {\n token = {\"tok-wave-1\", 'tok-wave-2'}\n"
    " webhook_secret = {\"whsec_a\", \"whsec_b\"}\n"
    " api_key = \"k${GENHOOK_TEST_KEY}k\"\n"
    " api_base = \"http://127.0.0.1:1/w///\"\n trust = requery\n"
    " poll_after = 21\n poll_every_max = 22\n give_up_after = 73\n"
    " polls_per_minute = 24\n submits_per_minute = 25\n}\n" NOVITA
    "apimart again {\n token = {\"tok-again\"}\n resend_unknown = yes\n}\n"
    "novita two {\n token = {\"tok-second\"}\n}\n";

static void
assert_every_account(const struct conf *c)
{
	const struct account	*a;

	CU_ASSERT_EQUAL(c->naccounts, 4);
	a = conf_account(c, provider_find("wavespeed"), "team-2");
	CU_ASSERT_PTR_NOT_NULL_FATAL(a);
	CU_ASSERT_STRING_EQUAL(a->tokens[0], "tok-wave-1");
	CU_ASSERT_STRING_EQUAL(a->tokens[1], "tok-wave-2");
	CU_ASSERT_PTR_NULL(a->tokens[2]);
	CU_ASSERT_STRING_EQUAL(a->secrets[0], "whsec_a");
	CU_ASSERT_STRING_EQUAL(a->secrets[1], "whsec_b");
	CU_ASSERT_PTR_NULL(a->secrets[2]);
	CU_ASSERT_STRING_EQUAL(a->api_key, "kfrom-envk");
	CU_ASSERT_STRING_EQUAL(a->api_base, "http://127.0.0.1:1/w");
	CU_ASSERT(a->requery);
	CU_ASSERT_EQUAL(a->poll_after_s, 21);
	CU_ASSERT_EQUAL(a->poll_every_max_s, 22);
	CU_ASSERT_EQUAL(a->give_up_after_s, 73);
	CU_ASSERT_EQUAL(a->polls_per_minute, 24);
	CU_ASSERT_EQUAL(a->submits_per_minute, 25);
	a = conf_account(c, provider_find("apimart"), "again");
	CU_ASSERT_PTR_NOT_NULL_FATAL(a);
	CU_ASSERT(a->resend_unknown);
}

static void
test_every_key(void)
{
	struct errbuf	 err;
	struct conf	*c;

	(void)setenv("GENHOOK_TEST_KEY", "from-env", 1);
	c = load(every_key, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT(c->pooler);
	CU_ASSERT_STRING_EQUAL(c->receiver_conninfo, "host=/r");
	CU_ASSERT_STRING_EQUAL(c->sweep_conninfo, "host=/w");
	CU_ASSERT_STRING_EQUAL(c->base_url, "https://hooks.example.com");
	CU_ASSERT_EQUAL(c->threads, 7);
	CU_ASSERT_EQUAL(c->max_body_bytes, 2048);
	CU_ASSERT_STRING_EQUAL(c->trusted_proxies[0], "10.0.0.0/8");
	CU_ASSERT_STRING_EQUAL(c->trusted_proxies[1], "::1");
	CU_ASSERT_PTR_NULL(c->trusted_proxies[2]);
	CU_ASSERT_STRING_EQUAL(c->spool_dir, "/s");
	CU_ASSERT_EQUAL(c->spool_max_bytes, 99);
	CU_ASSERT_STRING_EQUAL(c->archive_url, "s3://bucket/prefix");
	CU_ASSERT_STRING_EQUAL(c->s3_endpoint, "https://s3.example.com");
	CU_ASSERT_STRING_EQUAL(c->s3_region, "eu");
	CU_ASSERT_STRING_EQUAL(c->s3_access_key, "id");
	CU_ASSERT_STRING_EQUAL(c->s3_secret_key, "from-env");
	CU_ASSERT_STRING_EQUAL(c->s3_staging_dir, "/st");
	CU_ASSERT_EQUAL(c->max_seconds, 11);
	CU_ASSERT_EQUAL(c->polls_in_flight, 12);
	CU_ASSERT_EQUAL(c->downloads_in_flight, 13);
	CU_ASSERT_EQUAL(c->max_output_bytes, 14);
	CU_ASSERT(c->allow_private_networks);
	CU_ASSERT_EQUAL(c->retain_deliveries_days, 15);
	assert_every_account(c);
	conf_free(c);
}

/* Each provider has accounts of its own; a token counts for one only. */
static void
test_lookup(void)
{
	static const struct {
		const char	*provider, *token, *account;
		size_t		 len;
	} rows[] = {
		{ "novita", "tok-novita", "default", 10 },
		{ "novita", "tok-second", "two", 10 },
		{ "novita", "tok-second/callback", "two", 10 },
		{ "novita", "tok-secon", NULL, 9 },
		{ "novita", "tok-second", NULL, 9 },
		{ "novita", "tok-second2", NULL, 11 },
		{ "novita", "tok-second\0\0", NULL, 12 },
		{ "novita", "tok-second-and-more-than-any-token-may-have-0123456789"
		  "012345678901234567890123456789012345678901234567890123456789"
		  "01234567890123456789", NULL, 134 },
		{ "novita", "tok-wave-1", NULL, 10 },
		{ "novita", "", NULL, 0 },
		{ "wavespeed", "tok-wave-2", "team-2", 10 },
		{ "apimart", "tok-novita", NULL, 10 },
	};
	struct conf_token	 found;
	struct errbuf		 err;
	struct conf		*c;
	size_t			 i;

	(void)setenv("GENHOOK_TEST_KEY", "from-env", 1);
	c = load(every_key, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	for (i = 0; i < COUNT(rows); i++) {
		CU_ASSERT_EQUAL(conf_account_by_token(c,
		    provider_find(rows[i].provider), rows[i].token,
		    rows[i].len, &found), rows[i].account != NULL ? TOKEN_FOUND :
		    TOKEN_NONE);
		CU_ASSERT_EQUAL(found.account != NULL,
		    rows[i].account != NULL);
		if (found.account != NULL && rows[i].account != NULL)
			CU_ASSERT_STRING_EQUAL(found.account->name,
			    rows[i].account);
	}
	CU_ASSERT_PTR_NULL(conf_account(c, provider_find("novita"), "team-2"));
	CU_ASSERT_PTR_NULL(conf_account(c, provider_find("apixo"), "default"));
	conf_free(c);
}

/* Without memory a right token is not taken for a wrong one. */
static void
test_token_without_memory(void)
{
	const struct provider	*novita = provider_find("novita");
	struct conf_token	 found;
	enum token_match	 match;
	struct errbuf		 err;
	struct conf		*c;

	(void)setenv("GENHOOK_TEST_KEY", "from-env", 1);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c = load(every_key, &err));
	digests_left = 0;
	match = conf_account_by_token(c, novita, "tok-second", 10, &found);
	digests_left = -1;
	CU_ASSERT_PTR_NULL(found.account);
	CU_ASSERT_EQUAL(match, TOKEN_UNKNOWN);
	match = conf_account_by_token(c, novita, "tok-wrong", 9, &found);
	CU_ASSERT_PTR_NULL(found.account);
	CU_ASSERT_EQUAL(match, TOKEN_NONE);
	conf_free(c);
}

/* Of one token for two providers, each gets its own. */
static void
test_same_token(void)
{
	struct errbuf	 err;
	struct conf	*c = load(DB NOVITA
	    "apixo default {\n token = {\"tok-novita\"}\n}\n", &err);

	CU_ASSERT_PTR_NOT_NULL(c);
	conf_free(c);
}

/* ---- files ------------------------------------------------------------- */

/* Others can do nothing; the group may read. */
static void
test_modes(void)
{
	static const struct {
		mode_t	mode;
		bool	good;
	} rows[] = {
		{ 0600, true }, { 0400, true }, { 0640, true }, { 0660, true },
		{ 0644, false }, { 0604, false }, { 0602, false },
		{ 0601, false }, { 0666, false },
	};
	struct errbuf	 err;
	struct conf	*c;
	char		 key[SCRATCH_PATH + 32], text[1024];
	size_t		 i;

	(void)snprintf(key, sizeof(key), "%s/key", dir);
	(void)snprintf(text, sizeof(text), DB "novita default {\n"
	    " token = {\"tok-novita\"}\n api_key = \"file:%s\"\n}\n", key);
	for (i = 0; i < COUNT(rows); i++) {
		scratch_write(path, rows[i].mode, DB);
		c = conf_load(path, &err);
		CU_ASSERT_EQUAL(c != NULL, rows[i].good);
		conf_free(c);
		if (!rows[i].good)
			CU_ASSERT_PTR_NOT_NULL(strstr(err.text,
			    "can be read by others"));
		scratch_write(key, rows[i].mode, "secret\n");
		c = load(text, &err);
		CU_ASSERT_EQUAL(c != NULL, rows[i].good);
		if (c != NULL) {
			CU_ASSERT_STRING_EQUAL(c->accounts[0].api_key,
			    "secret");
		} else {
			CU_ASSERT_PTR_NOT_NULL(strstr(err.text, ":6: "
			    "novita default.api_key secret file "));
		}
		conf_free(c);
	}
}

/* The first line of it, without its end. */
static void
test_secret_texts(void)
{
	static const struct {
		const char	*text, *want;	/* NULL: refused */
	} rows[] = {
		{ "secret", "secret" }, { "secret\n", "secret" },
		{ "secret\r\nmore\n", "secret" }, { "\n", "" },
		{ " a b ", " a b " }, { "", NULL },
	};
	struct errbuf	 err;
	struct conf	*c;
	char		 key[SCRATCH_PATH + 32], text[1024];
	size_t		 i;

	(void)snprintf(key, sizeof(key), "%s/key", dir);
	(void)snprintf(text, sizeof(text),
	    "database {\n conninfo = \"file:%s\"\n}\n", key);
	for (i = 0; i < COUNT(rows); i++) {
		scratch_write(key, 0600, rows[i].text);
		c = load(text, &err);
		CU_ASSERT_EQUAL(c != NULL, rows[i].want != NULL);
		if (c != NULL && rows[i].want != NULL)
			CU_ASSERT_STRING_EQUAL(c->conninfo, rows[i].want);
		if (rows[i].want == NULL)
			CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "is empty"));
		conf_free(c);
	}
}

/* A key without its line's end; what was copied badly is refused by name. */
static void
test_key_texts(void)
{
	static const struct {
		const char	*text, *want;	/* NULL: refused */
	} rows[] = {
		{ "k-1", "k-1" }, { "k-1\n", "k-1" }, { "k-1\r\n", "k-1" },
		{ "k 1", "k 1" }, { "k-1\n\n", NULL }, { "k-1\nk-2\n", NULL },
		{ "k-1 \n", NULL }, { " k-1", NULL }, { "k-1\t", NULL },
		{ "k\r1", NULL }, { "k-1\x7f", NULL },
		{ "\xef\xbb\xbfk-1\n", NULL },
	};
	struct errbuf	 err;
	struct conf	*c;
	char		 key[SCRATCH_PATH + 32], text[1024];
	size_t		 i;

	(void)snprintf(key, sizeof(key), "%s/key", dir);
	(void)snprintf(text, sizeof(text), DB "novita default {\n"
	    " api_key = \"file:%s\"\n token = {\"tok-novita\"}\n}\n", key);
	for (i = 0; i < COUNT(rows); i++) {
		scratch_write(key, 0600, rows[i].text);
		c = load(text, &err);
		CU_ASSERT_EQUAL(c != NULL, rows[i].want != NULL);
		if (c != NULL && rows[i].want != NULL)
			CU_ASSERT_STRING_EQUAL(c->accounts[0].api_key,
			    rows[i].want);
		if (rows[i].want == NULL)
			CU_ASSERT_PTR_NOT_NULL(strstr(err.text, ":5: "
			    "novita default.api_key has a control byte"));
		conf_free(c);
	}
	(void)snprintf(text, sizeof(text), DB "novita default {\n"
	    " token = {\"file:%s\"}\n}\n", key);
	scratch_write(key, 0600, "tok-novita \n");
	CU_ASSERT_PTR_NULL(load(text, &err));
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text,
	    "novita default.token has a control byte, a blank"));
}

/* No file, a directory, a FIFO that nobody writes to, a link. */
static void
test_kinds(void)
{
	struct errbuf	 err;
	struct conf	*c;
	char		 other[SCRATCH_PATH + 32];

	CU_ASSERT_PTR_NULL(conf_load("/nonexistent/genhook.conf", &err));
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text,
	    "\"/nonexistent/genhook.conf\": No such file"));
	CU_ASSERT_PTR_NULL(conf_load(dir, &err));
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "is no regular file"));
	(void)snprintf(other, sizeof(other), "%s/fifo", dir);
	scratch_need(mkfifo(other, 0600) == 0, other);
	CU_ASSERT_PTR_NULL(conf_load(other, &err));
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "is no regular file"));
	/* A link's target is what counts. */
	(void)snprintf(other, sizeof(other), "%s/link", dir);
	scratch_need(symlink(path, other) == 0, other);
	scratch_write(path, 0600, DB);
	c = conf_load(other, &err);
	CU_ASSERT_PTR_NOT_NULL(c);
	conf_free(c);
	scratch_write(path, 0644, DB);
	CU_ASSERT_PTR_NULL(conf_load(other, &err));
}

static void
test_forwards(void)
{
	const struct forward	*f;
	struct errbuf		 err;
	struct conf		*c;

	/* What may be sent where is known at the time of sending: an address
	 * that is in vain keeps nothing else from being done. */
	c = load(DB NOVITA "forward shop {\n url = \"http://127.0.0.1:9/x\"\n"
	    " secret = {\"" WHSEC "\"}\n}\nforward two {\n command = \"cat\"\n"
	    " on = {\"request.unknown\"}\n account = {\"novita default\"}\n}\n",
	    &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL_FATAL(c->nforwards, 2);
	f = conf_forward(c, "shop");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	CU_ASSERT_STRING_EQUAL(f->types[0], "task.stored");
	CU_ASSERT_STRING_EQUAL(f->types[1], "task.failed");
	CU_ASSERT_PTR_NULL(f->types[2]);
	CU_ASSERT_PTR_NULL(f->accounts[0]);
	CU_ASSERT_FALSE(f->allow_private);
	f = conf_forward(c, "two");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	CU_ASSERT_STRING_EQUAL(f->types[0], "request.unknown");
	CU_ASSERT_PTR_NULL(f->types[1]);
	CU_ASSERT_STRING_EQUAL(f->accounts[0], "novita default");
	CU_ASSERT_PTR_NULL(conf_forward(c, "three"));
	conf_free(c);
}

static void
test_which_file(void)
{
	struct errbuf	 err;
	struct conf	*c;

	scratch_write(path, 0600, DB);
	(void)setenv("GENHOOK_CONF", path, 1);
	c = conf_load(NULL, &err);
	CU_ASSERT_PTR_NOT_NULL(c);
	conf_free(c);
	(void)setenv("GENHOOK_CONF", "/nonexistent/other.conf", 1);
	CU_ASSERT_PTR_NULL(conf_load(NULL, &err));
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "/nonexistent/other.conf"));
	(void)unsetenv("GENHOOK_CONF");
}

static void
test_too_large(void)
{
	struct errbuf	 err;
	size_t		 size = (1 << 20) + 1;
	char		*text = malloc(size + 1);
	struct conf	*c;

	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	memset(text, '\n', size);
	text[size] = '\0';
	CU_ASSERT_PTR_NULL(load(text, &err));
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "over 1048576 bytes"));
	memcpy(text, DB, strlen(DB));
	text[size - 1] = '\0';
	c = load(text, &err);
	CU_ASSERT_PTR_NOT_NULL(c);
	conf_free(c);
	free(text);
}

/* ---- every mistake ------------------------------------------------------ */

static char	mistakes[8192];

static void
note_mistake(void *arg, const char *words)
{
	size_t	len = strlen(mistakes);

	++*(int *)arg;
	/* Without the path. */
	CU_ASSERT_EQUAL(strncmp(words, path, strlen(path)), 0);
	(void)snprintf(mistakes + len, sizeof(mistakes) - len, "%s\n",
	    words + strlen(path));
}

static void
count_mistake(void *arg, const char *words)
{
	(void)words;
	++*(int *)arg;
}

/* A file, and what is told of it, line by line; "*" is any text. */
static const struct every {
	const char	*text;
	const char	*words[12];
} every[] = {
	{ DB NOVITA, { NULL } },
	/* Beyond the grammar. */
	{ "receiver {\n spool_dir = \"x\"\n base_url = \"y\"\n}\n"
	  "archive {\n url = \"z\"\n}\n" DB NOVITA, {
	  ":2: receiver.spool_dir \"x\" is no absolute path",
	  ":6: archive.url is neither", ":3: receiver.base_url is no", NULL } },
	{ DB "archive {\n url = \"s3://bucket\"\n}\n" NOVITA, {
	  ":6: archive.s3_endpoint is no", ":6: archive.s3_access_key is missing",
	  ":6: archive.s3_secret_key is missing", NULL } },
	{ "novita a {\n token = {\"short\"}\n api_base = \"ftp://x\"\n}\n"
	  "novita \"b c\" {\n}\nwavespeed w {\n token = {\"tok-novita\"}\n}\n", {
	  ": database.conninfo is missing", ":3: novita a.api_base is not",
	  ":2: novita a.token number 1", ":6: novita b c is no account name",
	  ":6: novita b c.token is missing",
	  ":9: wavespeed w.webhook_secret is missing", NULL } },
	/* Variables that are not set, wherever they stand. */
	{ DB "novita default {\n token = {\"tok-novita\"}\n"
	  " api_key = \"${GENHOOK_TEST_UNSET}\"\n}\n"
	  "receiver {\n base_url = \"${GENHOOK_TEST_OTHER}\"\n}\n", {
	  ":6: ${GENHOOK_TEST_UNSET} is not set",
	  ":9: ${GENHOOK_TEST_OTHER} is not set", NULL } },
	{ DB "# ${GENHOOK_TEST_UNSET}\nnovita default {\n"
	  " token = {\"tok-novita\"}\n"
	  " api_key = \"${GENHOOK_TEST_UNSET:-}\"\n}\n", { NULL } },
	{ DB "novita default {\n token = {\"${GENHOOK_TEST_UNSET}\"}\n}\n", {
	  ":5: novita default.token number 1 *; ${GENHOOK_TEST_UNSET} is not",
	  NULL } },
	/* The grammar, and what is behind its mistakes. */
	{ DB "receiver {\n thread = 3\n threads = 0\n max_body = many\n}\n"
	  "novita default {\n token = {\"tok-1\"}\n trust = blind\n}\n", {
	  ":5: *thread", ":6: receiver.threads is 0", ":7: *max_body",
	  ":11: novita.trust is \"blind\"", ":10: novita default.token number 1",
	  NULL } },
	{ DB "nonsense {\n a = {\"}\",\n \"b\"}\n c { d = 1 }\n}\n"
	  "sweep {\n max_seconds = 0\n}\n" NOVITA, {
	  ":4: *nonsense", ":10: sweep.max_seconds is 0", NULL } },
	{ DB NOVITA NOVITA "sweep {\n max_seconds = 0\n}\n", {
	  ":7: *default", ":11: sweep.max_seconds is 0", NULL } },
	/* What cannot be read, beside what can, and is told of once. */
	{ "database {\n conninfo = \"\"\n}\n"
	  "receiver {\n base_url = \"nowhere\"\n}\n"
	  "novita default {\n token = {\"short\"}\n"
	  " api_key = \"file:/nonexistent/key\"\n}\n"
	  "wavespeed default {\n token = {\"tok-wave\"}\n"
	  " webhook_secret = {\"file:/nonexistent/secret\"}\n"
	  " api_base = \"ftp://a\"\n}\n", {
	  ":2: database.conninfo is missing", ":5: receiver.base_url is no",
	  ":9: novita default.api_key secret file",
	  ":8: novita default.token number 1",
	  ":13: wavespeed default.webhook_secret secret file",
	  ":14: wavespeed default.api_base is not https", NULL } },
	{ DB NOVITA "forward app {\n url = \"ftp://a\"\n"
	  " secret = {\"file:/nonexistent/secret\"}\n}\n", {
	  ":9: forward app.secret secret file",
	  ":8: forward app.url is no http", NULL } },
	/* Where nothing can be told of the rest. */
	{ DB "receiver {\n threads = 0\n", { ": a brace or a quote is not closed",
	  NULL } },
	{ DB NOVITA "}\nsweep {\n max_seconds = 0\n}\n", { ":7:", NULL } },
};

/* Does the line say that?  A "*" stands for any text. */
static bool
line_says(const char *line, size_t len, const char *words)
{
	const char	*star = strchr(words, '*');
	char		 copy[1024];

	(void)snprintf(copy, sizeof(copy), "%.*s", (int)len, line);
	if (star == NULL)
		return strncmp(copy, words, strlen(words)) == 0;
	return strncmp(copy, words, (size_t)(star - words)) == 0 &&
	    strstr(copy + (star - words), star + 1) != NULL;
}

static void
test_every_mistake(void)
{
	const struct every	*e;
	const char		*line;
	struct errbuf		 err;
	struct conf		*c;
	size_t			 i, n;
	int			 told;

	for (i = 0; i < sizeof(every) / sizeof(every[0]); i++) {
		e = &every[i];
		told = 0;
		mistakes[0] = '\0';
		scratch_write(path, 0600, e->text);
		c = conf_check(path, note_mistake, &told);
		CU_ASSERT_PTR_NOT_NULL(c);
		conf_free(c);
		line = mistakes;
		for (n = 0; e->words[n] != NULL; n++) {
			if (!line_says(line, strcspn(line, "\n"),
			    e->words[n])) {
				CU_FAIL("another mistake was told");
				printf("%zu: not \"%s\" but:\n%s", i,
				    e->words[n], line);
			}
			line += strcspn(line, "\n");
			line += *line == '\n';
		}
		CU_ASSERT_STRING_EQUAL(line, "");
		CU_ASSERT_EQUAL(told, (int)n);
		/* What programs load is what has no mistake, but for variables
		 * that may be empty. */
		c = conf_load(path, &err);
		CU_ASSERT(c != NULL || told > 0);
		if (c == NULL)
			CU_ASSERT(strncmp(err.text + strlen(path), mistakes,
			    strcspn(mistakes, "\n")) == 0);
		conf_free(c);
	}
	told = 0;
	mistakes[0] = '\0';
	CU_ASSERT_EQUAL(unlink(path), 0);
	conf_free(conf_check("/nonexistent/genhook.conf", count_mistake,
	    &told));
	CU_ASSERT_EQUAL(told, 1);
}

/* Without memory libconfuse leaves a default out, and does not say so: a limit must not
 * be 0 then. */
static void
test_lost(void)
{
	static const char	*keys[] = { "max_body", "threads", "pooler" };
	struct errbuf		 err;
	struct conf		*c;
	size_t			 i;

	for (i = 0; i < COUNT(keys); i++) {
		lost = keys[i];
		CU_ASSERT_PTR_NULL(c = load(DB NOVITA, &err));
		CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "out of memory"));
		conf_free(c);
	}
	lost = NULL;
	CU_ASSERT_PTR_NOT_NULL(c = load(DB NOVITA, &err));
	conf_free(c);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "refused", test_refused },
		{ "numbers", test_numbers },
		{ "a default is lost", test_lost },
		{ "defaults", test_defaults },
		{ "every key", test_every_key },
		{ "lookup", test_lookup },
		{ "every mistake", test_every_mistake },
		{ "token without memory", test_token_without_memory },
		{ "same token", test_same_token },
		{ "modes", test_modes },
		{ "secret texts", test_secret_texts },
		{ "texts of keys", test_key_texts },
		{ "kinds", test_kinds },
		{ "forwards", test_forwards },
		{ "which file", test_which_file },
		{ "too large", test_too_large },
		{ NULL, NULL }
	};
	int	status;

	scratch_make(dir);
	(void)snprintf(path, sizeof(path), "%s/genhook.conf", dir);
	status = cunit_run("conf", tests);
	scratch_remove(dir);
	return status;
}
