/* The choice of a fresh link from what a status API answers. */
#include <stdlib.h>
#include <string.h>

#include "batch/download/renew.h"

static enum renew_verdict
renew_choose_output(const struct renew_key *key, const struct result *result,
    const struct output **fresh, struct errbuf *err)
{
	size_t			 i = (size_t)strtoul(key->position, NULL, 10);
	const struct output	*o;

	if ((int64_t)result->noutputs != key->outputs ||
	    i >= result->noutputs) {
		errbuf_set(err, "it now has %zu outputs, not %lld",
		    result->noutputs, (long long)key->outputs);
		return RENEW_NONE;
	}
	o = &result->outputs[i];
	if (o->url == NULL ||
	    strcmp(output_kind_words[o->kind], key->kind) != 0) {
		errbuf_set(err, "its output is now of kind %s",
		    output_kind_words[o->kind]);
		return RENEW_NONE;
	}
	if (strcmp(o->url, key->url) == 0) {
		errbuf_set(err, "the provider has no other link");
		return RENEW_NONE;
	}
	*fresh = o;
	return RENEW_FRESH;
}

static enum renew_verdict
renew_choose_task(const struct api_call *a, const struct renew_key *key,
    struct result *result, const struct output **fresh, struct errbuf *err)
{
	enum parse_verdict	v;

	v = api_call_parse(a, time_now(), result, err);
	if (v == PARSE_FINAL && result->state == TASK_SUCCEEDED)
		return renew_choose_output(key, result, fresh, err);
	if (v == PARSE_UNKNOWN || v == PARSE_HINT)
		return RENEW_LATER;
	errbuf_set(err, "the provider no longer calls the task succeeded");
	return RENEW_NONE;
}

enum renew_verdict
renew_choose(const struct api_call *a, const struct renew_key *key,
    struct result *result, const struct output **fresh, struct errbuf *err)
{
	errbuf_set(err, "%s", a->err.text);
	switch (a->verdict) {
	case POLL_TASK:
		return renew_choose_task(a, key, result, fresh, err);
	case POLL_NOT_FOUND:
		return RENEW_NONE;
	case POLL_BAD_KEY:
	case POLL_RATE_LIMITED:
	case POLL_TROUBLE:
		break;
	}
	return RENEW_LATER;
}
