/* common/key_file: the keys that are kept, how long they are trusted, and when
 * they are fetched anew. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/key_file.h"
#include "tests/cunit_main.h"
#include "tests/scratch.h"

extern const struct provider fal_provider, luma_provider;

#define X1	"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define X2	"PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw"
#define KEY(x)	"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" x "\"}"

static char		 url[] = "https://keys.example/jwks.json";
static char		 none[] = "", name[] = "default";
static struct account	 account = { .provider = &fal_provider,
			    .name = name, .keys_url = url };
static struct conf	 conf;

static bool
keep(const char *set)
{
	struct errbuf	err;

	return key_file_write(&conf, &account, set, strlen(set), &err);
}

static size_t
count(void)
{
	struct public_key	keys[JWKS_KEYS_MAX];

	return key_file_read(&conf, &account, keys);
}

/* Let what is in the spool's directory be so many seconds older. */
static void
age(const char *suffix, int64_t seconds)
{
	char		 command[512];

	(void)snprintf(command, sizeof(command), "for f in '%s'/.keys-*%s; do "
	    "touch -d @%lld \"$f\"; done", conf.spool_dir, suffix,
	    (long long)(time(NULL) - seconds));
	CU_ASSERT_EQUAL(system(command), 0);
}

static void
test_sets(void)
{
	static const struct {
		const char	*set;
		size_t		 n;	/* 0: it is refused */
	} rows[] = {
		{ "{\"keys\":[" KEY(X1) "]}", 1 },
		{ "{\"keys\":[" KEY(X1) "," KEY(X2) "]}", 2 },
		{ "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\"}," KEY(X2)
		  ",{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\"},"
		  "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"use\":\"enc\","
		  "\"x\":\"" X1 "\"},7,null]}", 1 },
		{ "{\"keys\":[]}", 0 },
		{ "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" X1
		  "\"}]}", 0 },
		{ "[]", 0 },
		{ "<html>", 0 },
		{ "", 0 },
	};
	size_t	i, had = 0;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CU_ASSERT_EQUAL(keep(rows[i].set), rows[i].n > 0);
		had = rows[i].n > 0 ? rows[i].n : had;
		CU_ASSERT_EQUAL(count(), had);	/* of before, if refused */
	}
}

/* Several keys, with ids and more than fit. */
static void
test_ids(void)
{
	char			set[4096] = "{\"keys\":[", one[128];
	struct public_key	keys[JWKS_KEYS_MAX];
	int			i;

	for (i = 0; i < JWKS_KEYS_MAX + 2; i++) {
		(void)snprintf(one, sizeof(one), "%s{\"kty\":\"OKP\",\"crv\":"
		    "\"Ed25519\",\"kid\":\"k%d\",\"x\":\"" X1 "\"}",
		    i > 0 ? "," : "", i);
		strcat(set, one);
	}
	strcat(set, "]}");
	CU_ASSERT_TRUE(keep(set));
	CU_ASSERT_EQUAL(key_file_read(&conf, &account, keys), JWKS_KEYS_MAX);
	CU_ASSERT_STRING_EQUAL(keys[3].id, "k3");
}

/* What somebody has put in a key file's place is no key file. */
static void
test_link(void)
{
	char	command[1024];

	CU_ASSERT_TRUE(keep("{\"keys\":[" KEY(X1) "]}"));
	(void)snprintf(command, sizeof(command), "cd '%s' && for f in .keys-*; "
	    "do case ${f#.} in *.*) ;; *) mv \"$f\" elsewhere && "
	    "ln -s elsewhere \"$f\" ;; esac; done", conf.spool_dir);
	CU_ASSERT_EQUAL(system(command), 0);
	CU_ASSERT_EQUAL(count(), 0);
	CU_ASSERT_TRUE(keep("{\"keys\":[" KEY(X1) "]}"));
	CU_ASSERT_EQUAL(count(), 1);
}

static void
test_trust(void)
{
	CU_ASSERT_TRUE(keep("{\"keys\":[" KEY(X1) "]}"));
	age("", KEY_FILE_TRUSTED_S - 10);
	CU_ASSERT_EQUAL(count(), 1);
	age("", KEY_FILE_TRUSTED_S + 10);
	CU_ASSERT_EQUAL(count(), 0);
	age("", -3600);		/* the clock was set back */
	CU_ASSERT_EQUAL(count(), 0);
	CU_ASSERT_TRUE(keep("{\"keys\":[" KEY(X2) "]}"));
	CU_ASSERT_EQUAL(count(), 1);
}

static void
test_due(void)
{
	age("", KEY_FILE_TRUSTED_S + 10);
	CU_ASSERT_EQUAL(count(), 0);
	CU_ASSERT_TRUE(key_file_is_due(&conf, &account));	/* none yet */
	CU_ASSERT_FALSE(key_file_is_due(&conf, &account));	/* just asked */
	age(".asked", KEY_FILE_PAUSE_S + 1);
	CU_ASSERT_TRUE(key_file_is_due(&conf, &account));
	CU_ASSERT_TRUE(keep("{\"keys\":[" KEY(X1) "]}"));
	age(".asked", KEY_FILE_PAUSE_S + 1);
	CU_ASSERT_FALSE(key_file_is_due(&conf, &account));	/* fresh */
	key_file_want(&conf, &account);
	CU_ASSERT_TRUE(key_file_is_due(&conf, &account));
	CU_ASSERT_FALSE(key_file_is_due(&conf, &account));
	CU_ASSERT_TRUE(keep("{\"keys\":[" KEY(X2) "]}"));
	age(".asked", KEY_FILE_PAUSE_S + 1);
	CU_ASSERT_FALSE(key_file_is_due(&conf, &account));	/* satisfied */
	age("", KEY_FILE_FRESH_S + 1);
	CU_ASSERT_TRUE(key_file_is_due(&conf, &account));
}

/* Who publishes no keys has no file. */
static void
test_unused(void)
{
	struct account	other = { .provider = &luma_provider, .name = name,
			    .keys_url = none };

	CU_ASSERT_FALSE(key_file_is_used(&other));
	CU_ASSERT_FALSE(key_file_is_due(&conf, &other));
	key_file_want(&conf, &other);
	CU_ASSERT_TRUE(key_file_is_used(&account));
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "sets",	test_sets },
		{ "ids",	test_ids },
		{ "link",	test_link },
		{ "trust",	test_trust },
		{ "due",	test_due },
		{ "unused",	test_unused },
		{ NULL,		NULL }
	};

	char	dir[SCRATCH_PATH];
	int	rc;

	scratch_make(dir);
	conf.spool_dir = dir;
	rc = cunit_run("key_file", tests);
	scratch_remove(dir);
	return rc;
}
