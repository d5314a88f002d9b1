/* genhook web: who may see the page, for those who have a shell here. */
#include <stdlib.h>
#include <string.h>

#include "lib/crypto.h"
#include "lib/hex.h"
#include "web/session.h"
#include "cli/cli.h"
#include "cli/statements.h"

#define WEB_CODE_BYTES	24
#define WEB_CODE_SIZE	(2 * WEB_CODE_BYTES + 1)

/* A code, and the digest by which alone the database knows it. */
static bool
web_code_make(char code[WEB_CODE_SIZE], char digest[SHA256_HEX])
{
	unsigned char	noise[WEB_CODE_BYTES], sum[SHA256_BYTES];

	if (!random_bytes(noise, sizeof(noise)))
		return false;
	hex_encode(noise, sizeof(noise), code);
	if (!sha256(code, strlen(code), sum))
		return false;
	hex_encode(sum, sizeof(sum), digest);
	return true;
}

/* The page's address, as far as the settings tell. */
static void
web_print_link(const struct conf *conf, const char *code)
{
	const char	*url = conf->web_url, *tail = "";

	if (*url == '\0') {
		url = *conf->base_url != '\0' ? conf->base_url :
		    "https://YOUR.HOST";
		tail = "/genhook/";
	} else if (url[strlen(url) - 1] != '/')
		tail = "/";
	printf("%s%s#in=%s\n", url, tail, code);
}

static int
web_login(const struct conf *conf, const char *name, bool act)
{
	char		 code[WEB_CODE_SIZE], digest[SHA256_HEX];
	struct db_param	 params[3];
	struct db	*db;
	bool		 ok;

	if (!web_code_make(code, digest))
		return cli_wrong("the system has no random bytes");
	if ((db = cli_database(conf)) == NULL)
		return CLI_WRONG;
	params[0] = db_text(digest);
	params[1] = db_text(name);
	params[2] = db_text(act ? "t" : "f");
	ok = cli_query(db, DB_WEB_LOGIN, params, NULL);
	db_free(db);
	if (!ok)
		return CLI_WRONG;
	web_print_link(conf, code);
	fprintf(stderr, "It works once, within ten minutes; %s may then look%s "
	    "for %d days.\n", name, act ? " and act" : "", WEB_SESSION_DAYS);
	return CLI_OK;
}

static int
web_logout(const struct conf *conf, const char *name)
{
	const struct db_param	 params[] = { db_text(name) };
	struct db_rows		*rows = NULL;
	struct db		*db;
	bool			 ok, known;

	if ((db = cli_database(conf)) == NULL)
		return CLI_WRONG;
	ok = cli_query(db, DB_WEB_LOGOUT, params, &rows);
	known = ok && strcmp(db_value(rows, 0, 0), "t") == 0;
	db_rows_free(rows);
	db_free(db);
	if (!ok)
		return CLI_WRONG;
	printf("%s is signed out everywhere%s\n", name, known ? "" :
	    " (nobody of that name was known)");
	return CLI_OK;
}

int
cli_web(const struct conf *conf, int argc, char **argv)
{
	bool			 act = false;
	struct cli_option	 options[] = {
		{ "--act", &act, NULL }, { NULL, NULL, NULL }
	};
	const char		*words[2] = { NULL, NULL };
	bool			 in;

	if (cli_arguments(argc, argv, options, words, 2) == -1)
		return CLI_USAGE;
	in = words[0] != NULL && strcmp(words[0], "login") == 0;
	if (words[1] == NULL || (!in && (act ||
	    strcmp(words[0], "logout") != 0)))
		return cli_usage(argv[0]);
	if (!web_name_is_valid(words[1])) {
		(void)cli_wrong("a name has 1 to %d letters, digits, '.', '_', "
		    "'@' and '-'", WEB_NAME_MAX);
		return CLI_USAGE;
	}
	if (*conf->web_secret == '\0')
		return cli_wrong("web.secret is not set in the settings, so "
		    "there is no page: openssl rand -hex 24 makes one");
	return in ? web_login(conf, words[1], act) :
	    web_logout(conf, words[1]);
}
