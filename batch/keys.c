/* The step that fetches the keys that providers publish for their signatures. */
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "net/http.h"
#include "common/key_file.h"
#include "batch/accounts.h"
#include "batch/steps.h"

#define KEYS_TIMEOUT_S	5
#define KEYS_TURN_MS	200

struct keys_fetch {
	char			*text;		/* KEY_FILE_MAX_BYTES */
	size_t			 len;
	struct http_response	 response;
};

static bool
keys_on_body(void *arg, const void *data, size_t len)
{
	struct keys_fetch	*f = arg;

	/* The engine keeps it below max_bytes. */
	if (KEY_FILE_MAX_BYTES - f->len < len)
		return false;
	memcpy(f->text + f->len, data, len);
	f->len += len;
	return true;
}

/* The response is the caller's, and whole by now. */
static void
keys_on_done(void *arg)
{
	(void)arg;
}

/* Fetch an address, without any API key; false with err. */
static bool
keys_fetch(struct keys_fetch *f, struct http_engine *engine, const char *url,
    int64_t until_ms, struct errbuf *err)
{
	struct http_request	req = {
		.policy = HTTP_PUBLIC_API, .url = url,
		.max_bytes = KEY_FILE_MAX_BYTES, .timeout_s = KEYS_TIMEOUT_S,
		.on_body = keys_on_body, .on_done = keys_on_done, .arg = f,
	};

	if (!http_start(engine, &req, &f->response))
		return errbuf_no_memory(err);
	while (http_in_flight(engine) > 0 && clock_ms() < until_ms)
		http_turn(engine, KEYS_TURN_MS);
	if (http_in_flight(engine) > 0)
		errbuf_set(err, "the run's time for it is over");
	else if (f->response.verdict != HTTP_ANSWERED)
		errbuf_set(err, "%s", f->response.err.text);
	else if (f->response.status != 200)
		errbuf_set(err, "answered %ld", (long)f->response.status);
	else
		return true;
	return false;
}

/* All of it for one account, over an engine of its own. */
static void
keys_renew(struct sweep *s, const struct account *a, int64_t until_ms)
{
	const struct conf	*conf = s->run.conf;
	struct keys_fetch	 f = { .len = 0 };
	struct http_engine	*engine;
	struct errbuf		 err = { .text = "" };
	bool			 ok = false;

	f.text = malloc(KEY_FILE_MAX_BYTES);
	engine = http_engine_new(1, conf->allow_private_networks);
	if (f.text == NULL || engine == NULL)
		(void)errbuf_no_memory(&err);
	else
		ok = keys_fetch(&f, engine, a->keys_url, until_ms, &err) &&
		    key_file_write(conf, a, f.text, f.len, &err);
	http_engine_free(engine);
	free(f.text);
	/* What comes meanwhile is asked for at the API: nothing is lost. */
	if (!ok)
		log_line(LOG_WARN, "%s/%s: the keys of its signatures could "
		    "not be fetched: %s", a->provider->name, a->name, err.text);
}

void
keys_step(struct sweep *s, int64_t until_ms)
{
	const struct conf	*conf = s->run.conf;
	size_t			 i;

	for (i = 0; i < conf->naccounts && clock_ms() < until_ms; i++)
		if (account_is_of(&conf->accounts[i], s->provider) &&
		    key_file_is_due(conf, &conf->accounts[i]))
			keys_renew(s, &conf->accounts[i], until_ms);
}
