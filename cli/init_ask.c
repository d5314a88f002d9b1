/* genhook init: the questions, to a person at a terminal. */
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "lib/db_conninfo.h"
#include "lib/xalloc.h"
#include "archive/file_url.h"
#include "handlers/result.h"
#include "cli/init.h"
#include "cli/secret.h"

#define ASK_ANSWER_MAX	4096
#define ASK_CONTROL_C	'\003'

/* ---- one question ------------------------------------------------------- */

/* A line without its end; false: there are no more, or it is too long for any
 * answer, or somebody gave up. */
static bool
ask_line(char answer[ASK_ANSWER_MAX])
{
	size_t	len;

	if (fgets(answer, ASK_ANSWER_MAX, stdin) == NULL)
		return false;
	len = strcspn(answer, "\r\n");
	if (len == ASK_ANSWER_MAX - 1 || memchr(answer, ASK_CONTROL_C, len) != NULL)
		return false;
	answer[len] = '\0';
	return true;
}

/* The answer to a question, trimmed; the default where it is empty. */
static bool
ask(char answer[ASK_ANSWER_MAX], const char *question, const char *dflt)
{
	char	*begin;
	size_t	 len;

	printf(*dflt != '\0' ? "%s [%s]: " : "%s: ", question, dflt);
	(void)fflush(stdout);
	if (!ask_line(answer))
		return false;
	begin = answer + strspn(answer, " \t");
	for (len = strlen(begin); len > 0 && (begin[len - 1] == ' ' ||
	    begin[len - 1] == '\t'); len--)
		;
	memmove(answer, begin, len);
	answer[len] = '\0';
	if (len == 0)
		(void)snprintf(answer, ASK_ANSWER_MAX, "%s", dflt);
	return true;
}

/*
 * The same without an echo.  While there is none, Ctrl-C is a letter: a
 * signal would leave the terminal without its echo.
 */
static bool
ask_hidden(char answer[ASK_ANSWER_MAX], const char *question)
{
	struct termios	before, quiet;
	bool		was = tcgetattr(STDIN_FILENO, &before) == 0, ok;

	if (was) {
		quiet = before;
		quiet.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	}
	ok = ask(answer, question, "");
	if (was)
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	putchar('\n');
	return ok;
}

static bool
ask_yes(bool *yes, const char *question, bool dflt)
{
	char	answer[ASK_ANSWER_MAX];

	do {
		if (!ask(answer, question, dflt ? "yes" : "no"))
			return false;
	} while (strchr("yYnN", answer[0]) == NULL || answer[0] == '\0');
	*yes = answer[0] == 'y' || answer[0] == 'Y';
	return true;
}

/* ---- the questions ------------------------------------------------------ */

/* What hosts give people, in the words in which they give it. */
static bool
ask_database(struct init *in)
{
	bool		 root = in->runner != NULL;
	char		 host[ASK_ANSWER_MAX], name[ASK_ANSWER_MAX];
	char		 user[ASK_ANSWER_MAX], password[ASK_ANSWER_MAX] = "";
	struct buf	 conninfo;

	if (in->conninfo != NULL)
		return true;
	if (!ask(host, "PostgreSQL: host, or folder of its socket", root ?
	    "/run/postgresql" : "localhost") ||
	    !ask(name, "Name of the database", "genhook") ||
	    !ask(user, root ? "Its user (empty: by the system's users)" :
	    "Its user", "") ||
	    (*user != '\0' && !ask_hidden(password,
	    "The user's password (not shown)")))
		return false;
	buf_init(&conninfo, SIZE_MAX);
	db_conninfo_add(&conninfo, "host", host);
	db_conninfo_add(&conninfo, "dbname", name);
	if (*user != '\0')
		db_conninfo_add(&conninfo, "user", user);
	if (*password != '\0')
		db_conninfo_add(&conninfo, "password", password);
	in->conninfo = buf_take(&conninfo);
	return in->conninfo != NULL;
}

static bool
ask_base_url(struct init *in)
{
	char	answer[ASK_ANSWER_MAX];

	while (in->base_url == NULL) {
		if (!ask(answer, "Address of this server, as the providers see "
		    "it (https://hooks.example.com)", ""))
			return false;
		if (*answer == '\0' || url_is_link(answer))
			init_set(&in->base_url, answer);
		else
			(void)cli_wrong("that is no http(s) address");
	}
	return true;
}

static bool
ask_archive(struct init *in)
{
	char	 answer[ASK_ANSWER_MAX];
	char	*dflt = file_url_path(in->archive_url);
	bool	 ok = true;

	if (dflt == NULL)	/* the arguments named a store */
		return true;
	do {
		ok = ask(answer, "Folder for the outputs (a store: see "
		    "genhook.conf(5))", dflt);
	} while (ok && *answer != '/' &&
	    cli_wrong("a path begins with '/'") == CLI_WRONG);
	free(dflt);
	if (!ok)
		return false;
	free(in->archive_url);
	in->archive_url = file_url_of(answer);
	return in->archive_url != NULL;
}

static void
ask_print_providers(void)
{
	size_t	i;

	printf("Providers:");
	for (i = 0; providers[i] != NULL; i++)
		printf(" %s", providers[i]->name);
	putchar('\n');
}

/* Names with blanks or commas between. */
static bool
ask_providers(struct init *in)
{
	char	 answer[ASK_ANSWER_MAX], *rest, *name;

	if (in->naccounts > 0)
		return true;
	ask_print_providers();
	while (in->naccounts == 0) {
		if (!ask(answer, "Which of them do you use?", ""))
			return false;
		for (name = strtok_r(answer, " ,\t", &rest); name != NULL;
		    name = strtok_r(NULL, " ,\t", &rest))
			(void)init_account_add(in, name);
	}
	return true;
}

static bool
ask_key(struct init_account *a)
{
	char	answer[ASK_ANSWER_MAX], question[128];

	if (a->api_key != NULL)
		return true;
	(void)snprintf(question, sizeof(question), "API key of %s (not shown; "
	    "empty: none, and nothing is submitted or polled)",
	    a->provider->name);
	do {
		if (!ask_hidden(answer, question))
			return false;
	} while (!init_account_set_key(a, answer));
	return true;
}

/* With its key a provider may tell the secret itself. */
static bool
ask_provider_for_secret(struct init_account *a)
{
	char	*secret;

	if (a->provider->secret_path == NULL || a->api_key == NULL)
		return false;
	secret = secret_ask(a->provider, a->provider->api_base, a->api_key,
	    false);
	if (secret == NULL)
		return false;
	(void)init_account_set_secret(a, secret);
	free(secret);
	return a->secret != NULL;
}

static bool
ask_secret(struct init_account *a)
{
	char	answer[ASK_ANSWER_MAX], question[128];

	if (a->secret != NULL || !init_needs_secret(a->provider))
		return true;
	(void)snprintf(question, sizeof(question), "Secret with which %s signs "
	    "(not shown%s)", a->provider->name,
	    a->provider->secret_path != NULL && a->api_key != NULL ?
	    "; empty: ask the provider" : "");
	for (;;) {
		if (!ask_hidden(answer, question))
			return false;
		if (*answer == '\0' ? ask_provider_for_secret(a) :
		    init_account_set_secret(a, answer))
			return true;
	}
}

static bool
ask_web(struct init *in)
{
	char	secret[CLI_TOKEN_SIZE];
	bool	yes = in->web_secret != NULL;

	if (!yes && !ask_yes(&yes, "The page, to look at it in a browser?",
	    true))
		return false;
	if (yes && in->web_secret == NULL && cli_token_make(secret))
		init_set(&in->web_secret, secret);
	return true;
}

bool
init_ask(struct init *in)
{
	size_t	i;

	printf("genhook asks for what it has to know, and writes %s.\n"
	    "An empty answer takes what stands in brackets; Ctrl-C ends this, "
	    "and nothing is changed.\n\n", in->path);
	if (!ask_database(in) || !ask_base_url(in) || !ask_providers(in))
		return false;
	for (i = 0; i < in->naccounts; i++)
		if (!ask_key(&in->accounts[i]) || !ask_secret(&in->accounts[i]))
			return false;
	return ask_archive(in) && ask_web(in);
}
