/* The API keys: does each provider take the account's, and is its clock this
 * machine's?  It is asked for a task that does not exist, which costs nothing
 * anywhere. */
#include <stdlib.h>
#include <time.h>

#include "batch/provider_api.h"
#include "cli/doctor/doctor.h"

#define CLOCK_MAX_S	30	/* a Date is in seconds, and on its way */
#define TURN_MS		1000

/* No task has this name: whoever knows no such task knows the key. */
#define NO_TASK		"00000000-0000-0000-0000-000000000000"
/* Nor a model this one; fal's have two names at least. */
#define NO_MODEL	"genhook/doctor"

static void
key_clock(struct doctor *d, const struct api_call *a)
{
	int64_t	server = http_server_time(&a->response);
	long	off = (long)(server - (int64_t)time(NULL));

	if (server == 0 || labs(off) <= CLOCK_MAX_S)
		return;
	doctor_wrong(d, "clock", "let NTP set this machine's clock: "
	    "timedatectl set-ntp true", "%s's clock is %ld s %s this machine's",
	    a->account->provider->name, labs(off),
	    off < 0 ? "behind" : "ahead of");
}

/* What the answers about no task are worth. */
static void
key_answer(struct api_call *a)
{
	struct doctor		*d = a->arg;
	const char		*provider = a->account->provider->name;
	const char		*name = a->account->name;

	if (a->answered)
		key_clock(d, a);
	if (!a->answered)
		doctor_wrong(d, "keys", "can this machine reach the provider?  "
		    "curl -I API_BASE", "%s %s: %s", provider, name,
		    a->err.text);
	else if (a->verdict == POLL_BAD_KEY)
		doctor_wrong(d, "keys", "put the right api_key into that "
		    "section of the settings", "%s %s: the key is refused: %s",
		    provider, name, a->err.text);
	else if (a->response.status > 500)
		doctor_wrong(d, "keys", "wait and try again; if it stays so, "
		    "see the provider's status page", "%s %s: %s", provider,
		    name, a->err.text);
	else if (a->response.status == 500)
		doctor_note(d, "keys", "%s %s: the key is not refused, but a "
		    "question about a task that does not exist: %s", provider,
		    name, a->err.text);
	else
		doctor_ok(d, "keys", "%s %s: the key is not refused (HTTP %ld)",
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
		ask->on_answer = key_answer;
	}
	if (ask == NULL ||
	    !api_call_get(ask, engine, NO_TASK, NO_MODEL, NULL,
	    &err))
		doctor_wrong(d, "keys", "correct that section of the settings",
		    "%s %s: %s", a->provider->name, a->name, err.text);
}

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
