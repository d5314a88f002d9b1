/* The handlers behind receiver.base_url: do they answer, and are they ours? */
#include <stdio.h>

#include "lib/json.h"
#include "cli/doctor/doctor.h"
#include "cli/http_get.h"

#define URL_MAX	1024

/* Is it what a handler of genhook says of its health, whatever that is? */
static bool
handler_is_ours(const struct http_answer *a)
{
	struct json_object	*doc = NULL;
	struct errbuf		 unused;
	bool			 ours;

	if (a->body != NULL)
		(void)json_parse(a->body, a->len, &doc, &unused);
	ours = json_is_object(doc) && json_has(doc, "schema_version");
	json_free(doc);
	return ours;
}

static void
handler_look(struct doctor *d, const char *provider)
{
	struct http_answer	a;
	char			url[URL_MAX];

	(void)snprintf(url, sizeof(url), "%s/hook/%s/healthz",
	    d->conf->base_url, provider);
	http_get(url, NULL, true, &a);
	if (a.response.verdict != HTTP_ANSWERED)
		doctor_wrong(d, "handlers", "is lighttpd running, and is "
		    "receiver.base_url its address?", "%s",
		    a.response.err.text);
	else if (!handler_is_ours(&a))
		doctor_wrong(d, "handlers", "is this genhook's lighttpd, and "
		    "its configuration included?  503: the handler does not "
		    "start, see genhook.log", "%s answers HTTP %ld, which is "
		    "not from genhook", url, a.response.status);
	else if (a.response.status != 200)
		doctor_wrong(d, "handlers", "the handlers' log (lighttpd's "
		    "genhook.log) says why; so does genhook doctor, run as "
		    "their user",
		    "%s: HTTP %ld: %s", provider, a.response.status, a.body);
	else
		doctor_ok(d, "handlers", "%s is healthy", provider);
	http_answer_free(&a);
}

/* One handler for each provider that has an account. */
void
doctor_handlers(struct doctor *d)
{
	const struct provider	*p, *last = NULL;
	size_t			 i;

	if (*d->conf->base_url == '\0') {
		doctor_note(d, "handlers", "receiver.base_url is not set: "
		    "the handlers were not asked");
		return;
	}
	for (i = 0; i < d->conf->naccounts; i++) {
		p = d->conf->accounts[i].provider;
		if (p != last)
			handler_look(d, p->name);
		last = p;
	}
}
