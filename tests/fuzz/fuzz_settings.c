/*
 * libFuzzer: a file of settings.  What is refused is told in words; what is taken has
 * all that the programs rely on, and a person who checks it is told of no mistake.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/file.h"
#include "common/conf.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static char	path[64];

static void
settings_remove(void)
{
	(void)unlink(path);
}

static void
settings_write(const uint8_t *data, size_t len)
{
	int	fd;

	if (path[0] == '\0') {
		(void)snprintf(path, sizeof(path), "/tmp/genhook-fuzz-%ld.conf",
		    (long)getpid());
		(void)atexit(settings_remove);
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd == -1 || !file_write_all(fd, data, len))
		abort();
	(void)close(fd);
}

static void
settings_count(void *arg, const char *words)
{
	if (words[0] == '\0')
		abort();
	++*(size_t *)arg;
}

static void
conf_look(const struct conf *c)
{
	size_t	i, j;

	if (c->conninfo == NULL || c->spool_dir == NULL ||
	    c->archive_url == NULL || c->threads < 1 || c->max_body_bytes < 1 ||
	    c->max_seconds < 1 || c->downloads_in_flight < 1)
		abort();
	for (i = 0; i < c->naccounts; i++) {
		if (c->accounts[i].provider == NULL ||
		    c->accounts[i].tokens == NULL ||
		    c->accounts[i].tokens[0] == NULL ||
		    c->accounts[i].api_base == NULL)
			abort();
		for (j = 0; c->accounts[i].tokens[j] != NULL; j++)
			if (!conf_token_is_valid(c->accounts[i].tokens[j]))
				abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct errbuf	 err = { .text = "" };
	struct conf	*c, *checked;
	size_t		 mistakes = 0;

	settings_write(data, len);
	c = conf_load(path, &err);
	checked = conf_check(path, settings_count, &mistakes);
	if (c == NULL && (err.text[0] == '\0' || mistakes == 0))
		abort();
	if (c != NULL && mistakes > 0)
		abort();
	if (c != NULL)
		conf_look(c);
	conf_free(c);
	conf_free(checked);
	return 0;
}
