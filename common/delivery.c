/* Deliveries: made, judged by their provider's parser, freed. */
#include <stdlib.h>
#include <string.h>

#include "lib/crypto.h"
#include "lib/json.h"
#include "common/delivery.h"

const char *const source_words[] = {
	[SOURCE_CALLBACK]	= "callback",
	[SOURCE_POLL]		= "poll",
	[SOURCE_REPLAY]		= "replay",
};

const char *const outcome_words[] = {
	[OUTCOME_ACCEPTED]	= "accepted",
	[OUTCOME_REQUERY]	= "requery",
	[OUTCOME_DUPLICATE]	= "duplicate",
	[OUTCOME_CONFLICT]	= "conflict",
	[OUTCOME_IGNORED]	= "ignored",
	[OUTCOME_UNPARSED]	= "unparsed",
	[OUTCOME_STALE]		= "stale",
	[OUTCOME_REJECTED]	= "rejected",
	[OUTCOME_UNVERIFIED]	= "unverified",
};

const char *const verdict_words[] = {
	[VERDICT_SIGNATURE]	= "signature",
	[VERDICT_TOKEN]		= "token",
	[VERDICT_NONE]		= "none",
	[VERDICT_FAILED]		= "failed",
};

int
word_index(const char *const *words, int n, const char *word)
{
	int	i;

	for (i = 0; i < n; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return -1;
}

struct delivery *
delivery_new(const struct provider *p, const char *account,
    enum delivery_source source)
{
	struct delivery	*d;

	if ((d = calloc(1, sizeof(*d))) == NULL)
		return NULL;
	d->provider = p;
	d->source = source;
	d->received_at = time_now();
	if (!uuid7(d->id) || (d->account = strdup(account)) == NULL) {
		delivery_free(d);
		return NULL;
	}
	return d;
}

void
delivery_free(struct delivery *d)
{
	if (d == NULL)
		return;
	result_free(&d->result);
	free(d->account);
	free(d->remote_addr);
	free(d->headers);
	free(d->body);
	free(d->note);
	free(d);
}

void
delivery_set_body(struct delivery *d, char *body, size_t len)
{
	free(d->body);
	d->body = body;
	d->bodylen = len;
}

bool
delivery_set_note(struct delivery *d, const char *words)
{
	return result_set(&d->note, words);
}

/* The outcome to propose for what a parser found. */
static enum outcome
delivery_outcome(enum parse_verdict v, bool requery)
{
	switch (v) {
	case PARSE_FINAL:
		return requery ? OUTCOME_REQUERY : OUTCOME_ACCEPTED;
	case PARSE_PROGRESS:
		return OUTCOME_IGNORED;
	case PARSE_HINT:
		return OUTCOME_REQUERY;
	case PARSE_UNKNOWN:
		break;
	}
	return OUTCOME_UNPARSED;
}

bool
delivery_judge(struct delivery *d, bool requery)
{
	struct parse_context	 ctx = {
		.received_at = d->received_at,
		.api_base = d->provider->api_base,
	};
	struct json_object	*doc = NULL;
	struct errbuf		 err = { .text = "" };
	enum parse_verdict	 v;

	result_free(&d->result);
	switch (json_parse(d->body, d->bodylen, &doc, &err)) {
	case JSON_OK:
		(void)json_ran_short();
		v = d->provider->parse(doc, &ctx, &d->result, &err);
		json_free(doc);
		if (json_ran_short() ||
		    (v == PARSE_UNKNOWN && err.class == ERR_NO_MEMORY))
			return false;
		d->outcome = delivery_outcome(v, requery);
		/* What a hint makes the sweep ask for is nothing odd. */
		if (v == PARSE_HINT)
			return delivery_set_note(d, NULL);
		return delivery_set_note(d, v == PARSE_FINAL ?
		    d->result.note : err.text);
	case JSON_INVALID:
		d->outcome = OUTCOME_REJECTED;
		break;
	case JSON_UNFIT:
		d->outcome = OUTCOME_UNPARSED;
		break;
	case JSON_NO_MEMORY:
		return false;
	}
	return delivery_set_note(d, err.text);
}
