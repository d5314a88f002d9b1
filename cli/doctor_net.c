/* What doctor sees over the network. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "batch/provider_api.h"
#include "cli/doctor.h"
#include "cli/web.h"

#define URL_MAX		1024
#define CLOCK_MAX_S	30	/* a Date is in seconds, and on its way */
#define TURN_MS		1000

/* No task has this name: whoever knows no such task knows the key. */
#define NO_TASK		"00000000-0000-0000-0000-000000000000"
#define NO_MODEL	"genhook-doctor"

static void
handler_look(struct doctor *d, const char *provider)
{
	struct web_answer	a;
	char			url[URL_MAX];

	(void)snprintf(url, sizeof(url), "%s/hook/%s/healthz",
	    d->conf->base_url, provider);
	web_get(url, NULL, true, &a);
	if (a.verdict == HTTP_ANSWERED && a.status == 200 && a.body != NULL &&
	    strstr(a.body, "\"schema_version\"") != NULL)
		doctor_well(d, "handlers", "%s is well", provider);
	else if (a.verdict == HTTP_ANSWERED && a.body != NULL &&
	    strstr(a.body, "\"schema_version\"") != NULL)
		doctor_wrong(d, "handlers", "its log, genhook.log of lighttpd, "
		    "says why; so does genhook doctor as its user",
		    "%s: HTTP %ld: %s", provider, a.status, a.body);
	else if (a.verdict == HTTP_ANSWERED)
		doctor_wrong(d, "handlers", "is this genhook's lighttpd, and "
		    "its configuration included?  503: the handler does not "
		    "start, see genhook.log", "%s answers HTTP %ld, which is "
		    "none of genhook's", url, a.status);
	else
		doctor_wrong(d, "handlers", "is lighttpd running, and is "
		    "receiver.base_url its address?", "%s", a.err.text);
	web_answer_free(&a);
}

/* One handler for each provider that has an account. */
void
doctor_healthz(struct doctor *d)
{
	const struct provider	*p, *last = NULL;
	size_t			 i;

	if (*d->conf->base_url == '\0') {
		doctor_note(d, "handlers", "receiver.base_url is not set: "
		    "they were not asked");
		return;
	}
	for (i = 0; i < d->conf->naccounts; i++) {
		p = d->conf->accounts[i].provider;
		if (p != last)
			handler_look(d, p->name);
		last = p;
	}
}

static void
provider_clock_look(struct doctor *d, const struct api_call *a)
{
	int64_t	server = http_server_time(&a->response);
	long	off = (long)(server - (int64_t)time(NULL));

	if (server == 0 || labs(off) <= CLOCK_MAX_S)
		return;
	doctor_wrong(d, "clock", "let NTP set this machine's: timedatectl "
	    "set-ntp true", "%s's is %ld s %s this machine's",
	    a->account->provider->name, labs(off),
	    off < 0 ? "behind" : "ahead of");
}

/* What the answers about no task are worth. */
static void
on_answer(struct api_call *a)
{
	struct doctor		*d = a->arg;
	const char		*provider = a->account->provider->name;
	const char		*name = a->account->name;

	if (a->answered)
		provider_clock_look(d, a);
	if (!a->answered)
		doctor_wrong(d, "keys", "does this machine reach it?  curl -I "
		    "API_BASE", "%s %s: %s", provider, name, a->err.text);
	else if (a->verdict == POLL_BAD_KEY)
		doctor_wrong(d, "keys", "put the right api_key into that "
		    "section", "%s %s: the key is refused: %s", provider,
		    name, a->err.text);
	else if (a->response.status > 500)
		doctor_wrong(d, "keys", "wait, and ask again; then the "
		    "provider's status page", "%s %s: %s", provider, name,
		    a->err.text);
	else if (a->response.status == 500)
		doctor_note(d, "keys", "%s %s: not refused, but for a task "
		    "that there is not: %s", provider, name, a->err.text);
	else
		doctor_well(d, "keys", "%s %s: not refused (HTTP %ld)",
		    provider, name, a->response.status);
}

static void
key_ask(struct doctor *d, struct http_engine *engine, const struct account *a)
{
	struct errbuf	 err = { .text = "out of memory" };
	struct api_call	*ask = calloc(1, sizeof(*ask));

	if (ask != NULL) {
		ask->account = a;
		ask->arg = d;
		ask->on_answer = on_answer;
	}
	if (ask == NULL ||
	    !api_call_get(ask, engine, NO_TASK, NO_MODEL, &err))
		doctor_wrong(d, "keys", "mend that section", "%s %s: %s",
		    a->provider->name, a->name, err.text);
}

/* Asking for a task that there is not costs nothing anywhere. */
void
doctor_keys(struct doctor *d)
{
	const struct conf	*conf = d->conf;
	struct http_engine	*engine;
	size_t			 i;

	engine = http_engine_new((int)conf->naccounts + 1,
	    conf->allow_private_networks);
	for (i = 0; engine != NULL && i < conf->naccounts; i++)
		if (*conf->accounts[i].api_key != '\0')
			key_ask(d, engine, &conf->accounts[i]);
	while (engine != NULL && http_in_flight(engine) > 0)
		http_turn(engine, TURN_MS);
	http_engine_free(engine);
}
