/*
 * libFuzzer: a request as the web server hands it over.  Up to an empty line each line
 * is a CGI variable, the rest is the body; the first byte chooses the provider.  Who
 * has no secret of ours is never believed, and our own trouble is never a 4xx.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "server/receive.h"

#define TOKEN		"tok-of-the-fuzzer"
#define VARIABLES	64

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static const char	*body;
static size_t		 bodylen;

/* As plain CGI does, with a database that is away. */
bool
committer_submit(struct committer *c, struct commit *one)
{
	(void)c;
	one->stored = false;
	errbuf_set(&one->err, "away");
	if (one->delivery != NULL &&
	    one->delivery->verdict == VERDICT_SIGNATURE)
		abort();
	return false;
}

static size_t
read_body(void *arg, char *to, size_t n)
{
	size_t	got = n < bodylen ? n : bodylen;

	(void)arg;
	memcpy(to, body, got);
	return got;
}

/* Split the head into variables; what is behind it is the body. */
static void
head_split(char *text, size_t len, char **env)
{
	char	*line = text, *end = text + len, *next;
	size_t	 n = 0;

	while (line < end && *line != '\n' && n < VARIABLES) {
		next = memchr(line, '\n', (size_t)(end - line));
		if (next == NULL)
			next = end;
		*next = '\0';
		env[n++] = line;
		line = next < end ? next + 1 : end;
	}
	env[n] = NULL;
	body = line < end ? line + 1 : end;
	bodylen = (size_t)(end - body);
}

static void
request_run(const struct provider *p, char **env)
{
	char		*tokens[] = { (char[]){ TOKEN }, NULL };
	char		*secrets[] = { (char[]){ "whsec_bm9ib2R5IGtub3dzIHRoaXM=" },
			    NULL };
	char		 name[] = "default", none[] = "", nowhere[] = "/nonexistent";
	struct account	 account = { .provider = p, .name = name,
			    .tokens = tokens, .secrets = secrets,
			    .api_key = none, .api_base = none, .keys_url = none };
	struct conf	 conf = { .accounts = &account, .naccounts = 1,
			    .max_body_bytes = 4096, .spool_dir = nowhere };
	struct receiver	 rx = { .conf = &conf, .provider = p };
	struct request	 req = { .env = env, .read = read_body };
	struct callback	 cb = { .kept = false };
	char		 out[ANSWER_TEXT_MAX];
	bool		 kept;

	if (receive_begin(&cb, &rx, &req))
		abort();
	kept = cb.kept && cb.proposed != OUTCOME_UNVERIFIED &&
	    cb.proposed != OUTCOME_REJECTED;
	if (receive_end(&cb, out) == 0 || strncmp(out, "Status: ", 8) != 0)
		abort();
	/* Nothing could be stored: what is worth keeping is not taken, and the
	 * sender is not told that it was at fault. */
	if (kept && strncmp(out + 8, "503", 3) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char	*env[VARIABLES + 1], *text;
	size_t	 n = 0;

	if (len == 0)
		return 0;
	log_open("fuzz", LOG_LEVEL__MAX);
	while (providers[n] != NULL)
		n++;
	if ((text = malloc(len)) == NULL)
		abort();
	memcpy(text, data + 1, len - 1);
	text[len - 1] = '\0';
	head_split(text, len - 1, env);
	request_run(providers[data[0] % n], env);
	free(text);
	return 0;
}
