/* Where each provider wants the callback's address (docs/providers/ has the
 * whole requests). */
#include <string.h>

#include "cli/address.h"

static const struct {
	const char	*provider, *place;
} places[] = {
	{ "novita",	"extra.webhook.url in the request's body" },
	{ "apimart",	"webhook in the body; it appends /callback itself" },
	{ "apixo",	"callback_url in the body, and request_type: callback" },
	{ "wavespeed",	"webhook in the query of the request's address" },
	{ "replicate",	"webhook in the body; webhook_events_filter: completed" },
	{ "luma",	"callback_url in the body" },
	{ "kie",	"callBackUrl in the body" },
	{ "fal",	"fal_webhook in the query of the request's address" },
	{ "minimax",	"callback_url in the body" },
	{ "runway",	"nowhere: it calls nobody back, and is polled" },
	{ "runware",	"webhookURL in each task of the body" },
	{ "bfl",	"webhook_url in the body, with webhook_secret" },
	{ "openai",	"no request: its dashboard, Webhooks of the project" },
	{ "openrouter",	"callback_url in the body" },
};

const char *
address_place(const struct provider *p)
{
	size_t	i;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (strcmp(places[i].provider, p->name) == 0)
			return places[i].place;
	return "its page in docs/providers says";
}
