/* genhook secret: what a provider signs its callbacks with, from its API. */
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/xalloc.h"
#include "cli/cli.h"
#include "cli/http_get.h"
#include "cli/secret.h"

#define URL_MAX	1024

/* Where the providers' answers have it; WaveSpeed documents two forms. */
static const char *const secret_paths[] = {
	"data.secret", "secret", "key", NULL
};

static const char *
secret_in(struct json_object *doc)
{
	const char *const	*path;
	const char		*secret = NULL;

	for (path = secret_paths; secret == NULL && *path != NULL; path++)
		secret = json_string_at(doc, *path);
	return secret;
}

/* The secret of an answer's document, for the caller to free. */
static char *
secret_take(const struct provider *p, struct json_object *doc)
{
	const char	*secret = secret_in(doc);

	if (secret != NULL && *secret != '\0')
		return xstrdup(secret);
	(void)cli_wrong("the answer of %s has no secret", p->name);
	return NULL;
}

char *
secret_ask(const struct provider *p, const char *api_base,
    const char *api_key, bool allow_private)
{
	struct http_answer	 answer;
	struct json_object	*doc = NULL;
	struct errbuf		 err = { .text = "" };
	char			 url[URL_MAX], *secret = NULL;

	(void)snprintf(url, sizeof(url), "%s%s", api_base, p->secret_path);
	http_get(url, api_key, allow_private, &answer);
	if (answer.body != NULL)
		(void)json_parse(answer.body, answer.len, &doc, &err);
	if (answer.response.verdict != HTTP_ANSWERED)
		(void)cli_wrong("%s", answer.response.err.text);
	else if (p->poll_classify((int)answer.response.status, doc, &err) !=
	    POLL_TASK)
		(void)cli_wrong("%s answered %ld: %s", p->name,
		    answer.response.status, err.text);
	else
		secret = secret_take(p, doc);
	json_free(doc);
	http_answer_free(&answer);
	return secret;
}

static int
secret_fetch(const struct conf *conf, const struct account *a)
{
	char	*secret = secret_ask(a->provider, a->api_base, a->api_key,
		    conf->allow_private_networks);
	char	 text[CLI_TEXT_MAX];

	if (secret == NULL)
		return CLI_WRONG;
	(void)cli_text(text, sizeof(text), secret, CLI_WHOLE);
	free(secret);
	printf("%s\n\nPut this into the section %s %s of the settings:\n"
	    "    webhook_secret = {\"%s\"}\nThen reload lighttpd.\n", text,
	    a->provider->name, a->name, text);
	return CLI_OK;
}

int
cli_secret(const struct conf *conf, int argc, char **argv)
{
	const struct provider	*p;
	const struct account	*a;
	struct cli_option	 none = { NULL, NULL, NULL };
	const char		*words[3] = { NULL, NULL, "default" };

	if (cli_arguments(argc, argv, &none, words, 3) == -1)
		return CLI_USAGE;
	if (words[1] == NULL || strcmp(words[0], "fetch") != 0)
		return cli_usage(argv[0]);
	if ((p = provider_find(words[1])) == NULL || p->secret_path == NULL)
		return cli_wrong("\"%s\" is not a provider that tells its "
		    "secret", words[1]);
	if ((a = conf_account(conf, p, words[2])) == NULL)
		return cli_wrong("the settings have no section %s %s", p->name,
		    words[2]);
	if (*a->api_key == '\0')
		return cli_wrong("%s %s has no api_key", p->name, a->name);
	return secret_fetch(conf, a);
}
