/* A request's body: put together of words, or read from standard input. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/json.h"
#include "cli/cli.h"
#include "cli/param.h"

#define FILE_MAX_BYTES	(64 * 1024 * 1024)

/* What a file holds, with a NUL behind it; NULL: it cannot be read, is too
 * large, or there is no memory. */
static char *
param_read(FILE *fp)
{
	size_t	size = 65536, len = 0, got;
	char	*text = malloc(size), *bigger;

	while (text != NULL &&
	    (got = fread(text + len, 1, size - len - 1, fp)) > 0) {
		len += got;
		if (size - len > 1)
			continue;
		size *= 2;
		bigger = size <= FILE_MAX_BYTES ? realloc(text, size) : NULL;
		if (bigger == NULL)
			free(text);
		text = bigger;
	}
	if (text != NULL && (ferror(fp) != 0 || memchr(text, '\0', len))) {
		free(text);
		return NULL;
	}
	if (text != NULL)
		text[len] = '\0';
	return text;
}

static bool
param_put_file(struct json_object *doc, const char *key, const char *path)
{
	FILE	*fp = fopen(path, "re");
	char	*text = fp != NULL ? param_read(fp) : NULL;
	bool	 ok = text != NULL && json_put_text(doc, key, text);

	if (fp != NULL)
		(void)fclose(fp);
	free(text);
	return ok;
}

static bool
param_put_value(struct json_object *doc, const char *key, const char *value)
{
	struct json_object	*typed;
	struct errbuf		 unused;

	if (*value == '@')
		return param_put_file(doc, key, value + 1);
	if (json_parse(value, strlen(value), &typed, &unused) == JSON_OK)
		return json_put(doc, key, typed);
	return json_put_text(doc, key, value);
}

static bool
param_put(struct json_object *doc, const char *word)
{
	const char	*equals = strchr(word, '=');
	char		*key;
	bool		 ok;

	if (equals == NULL || equals == word ||
	    (key = strndup(word, (size_t)(equals - word))) == NULL)
		return false;
	ok = param_put_value(doc, key, equals + 1);
	free(key);
	return ok;
}

char *
param_object(const char *const *words, int n)
{
	struct json_object	*doc;
	struct errbuf		 err;
	char			*text = NULL;
	int			 i;

	if (json_parse("{}", 2, &doc, &err) != JSON_OK) {
		(void)cli_wrong("%s", err.text);
		return NULL;
	}
	for (i = 0; i < n && param_put(doc, words[i]); i++)
		;
	if (i < n)
		(void)cli_wrong("--param \"%s\" is not KEY=VALUE, its file "
		    "cannot be read, or its key is inside of a value that "
		    "is not an object", words[i]);
	else if ((text = json_print(doc)) == NULL)
		(void)cli_wrong("out of memory");
	json_free(doc);
	return text;
}

char *
param_stdin(void)
{
	char	*text = NULL;

	if (isatty(STDIN_FILENO) == 0)
		text = param_read(stdin);
	if (text != NULL && text[strspn(text, " \t\r\n")] != '\0')
		return text;
	free(text);
	(void)cli_wrong("there is no request: give --param KEY=VALUE, or JSON "
	    "on standard input");
	return NULL;
}
