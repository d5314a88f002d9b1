/* genhook secret: what a provider signs its callbacks with, from its API. */
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "cli/cli.h"
#include "cli/http_get.h"

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

static int
secret_print(const struct account *a, struct json_object *doc)
{
	const char	*secret = secret_in(doc);
	char		 text[CLI_TEXT_MAX];

	if (secret == NULL || *secret == '\0')
		return cli_wrong("the answer of %s has no secret",
		    a->provider->name);
	(void)cli_text(text, sizeof(text), secret, CLI_WHOLE);
	printf("%s\n\nPut this into the section %s %s of the settings:\n"
	    "    webhook_secret = {\"%s\"}\nThen reload lighttpd.\n", text,
	    a->provider->name, a->name, text);
	return CLI_OK;
}

static int
secret_fetch(const struct conf *conf, const struct account *a)
{
	struct http_answer	 answer;
	struct json_object	*doc = NULL;
	struct errbuf		 err = { .text = "" };
	char			 url[URL_MAX];
	int			 status = CLI_WRONG;

	(void)snprintf(url, sizeof(url), "%s%s", a->api_base,
	    a->provider->secret_path);
	http_get(url, a->api_key, conf->allow_private_networks, &answer);
	if (answer.body != NULL)
		(void)json_parse(answer.body, answer.len, &doc, &err);
	if (answer.response.verdict != HTTP_ANSWERED)
		(void)cli_wrong("%s", answer.response.err.text);
	else if (a->provider->poll_classify((int)answer.response.status, doc,
	    &err) != POLL_TASK)
		(void)cli_wrong("%s answered %ld: %s", a->provider->name,
		    answer.response.status, err.text);
	else
		status = secret_print(a, doc);
	json_free(doc);
	http_answer_free(&answer);
	return status;
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
