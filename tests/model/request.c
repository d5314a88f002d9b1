/*
 * A request of the outbox: two sweeps claim it, send it, and write what was
 * answered; each may die or stand still at any moment, also between the look at
 * the clock and the sending.  A person may send again, once, what is unknown.
 */
#include <stdint.h>

#include "tests/model/models.h"

enum row	{ QUEUED, SENDING, UNKNOWN, SUBMITTED, REFUSED };
enum at		{ IDLE, CLAIMED, TAKEN, DENIED, LOST, UNSENT };

struct request {
	uint8_t	row;		/* enum row */
	uint8_t	sender;		/* who + 1; it stays after the end */
	uint8_t	lease;		/* it is not over */
	uint8_t	words;		/* how often a person had it sent again */
	uint8_t	taken[2];	/* by the provider, by senders that claimed it
				   before and after the person's word */
	uint8_t	registered;	/* the task is in the table */
	uint8_t	at[2];		/* enum at */
	uint8_t	claimed_in[2];	/* words at the time of the claim */
};

static bool
request_claim(void *state, int who)
{
	struct request	*r = state;

	if (r->at[who] != IDLE || (r->row != QUEUED &&
	    !(model_flaw == FLAW_NO_LEASE && r->row == SENDING)))
		return false;
	r->row = SENDING;
	r->sender = (uint8_t)(who + 1);
	r->lease = 1;
	r->at[who] = CLAIMED;
	r->claimed_in[who] = r->words;
	return true;
}

/* What comes of the sending: the provider's to say, and the network's. */
static bool
request_send(struct request *r, int who, enum at then, bool taken)
{
	if (r->at[who] != CLAIMED)
		return false;
	r->taken[r->claimed_in[who]] += taken;
	r->at[who] = (uint8_t)then;
	return true;
}

static bool
request_taken(void *state, int who)
{
	return request_send(state, who, TAKEN, true);
}

static bool
request_denied(void *state, int who)
{
	return request_send(state, who, DENIED, false);
}

static bool
request_lost(void *state, int who)
{
	return request_send(state, who, LOST, true);
}

static bool
request_unsent(void *state, int who)
{
	return request_send(state, who, UNSENT, false);
}

static const uint8_t	request_becomes[] = {
	[TAKEN] = SUBMITTED, [DENIED] = REFUSED, [LOST] = UNKNOWN,
	[UNSENT] = QUEUED,
};

static bool
request_finish(void *state, int who)
{
	struct request	*r = state;
	uint8_t		 at = r->at[who];

	if (at == IDLE || at == CLAIMED)
		return false;
	r->at[who] = IDLE;
	r->claimed_in[who] = 0;
	if (at == TAKEN)
		r->registered = 1;
	if (model_flaw != FLAW_NO_FENCE && (r->sender != who + 1 ||
	    (r->row != SENDING && r->row != UNKNOWN)))
		return true;
	r->row = at == LOST && model_flaw == FLAW_SENT_AGAIN ? QUEUED :
	    request_becomes[at];
	r->lease = 0;
	return true;
}

static bool
request_expire(void *state, int who)
{
	struct request	*r = state;

	if (who != 0 || r->row != SENDING || r->lease)
		return false;
	r->row = model_flaw == FLAW_SENT_AGAIN ? QUEUED : UNKNOWN;
	return true;
}

static bool
request_again(void *state, int who)
{
	struct request	*r = state;

	if (who != 0 || r->words == 1 || (r->row != UNKNOWN &&
	    r->row != REFUSED))
		return false;
	r->words = 1;
	r->row = QUEUED;
	return true;
}

static bool
request_die(void *state, int who)
{
	struct request	*r = state;

	if (r->at[who] == IDLE)
		return false;
	r->at[who] = IDLE;
	r->claimed_in[who] = 0;
	return true;
}

static bool
request_time(void *state, int who)
{
	struct request	*r = state;

	if (who != 0 || !r->lease)
		return false;
	r->lease = 0;
	return true;
}

static const char *
request_wrong(const void *state)
{
	const struct request	*r = state;

	if (r->taken[0] > 1 || r->taken[1] > 1)
		return "it was taken twice, and nobody has said so";
	if (r->row == SUBMITTED && !r->registered)
		return "it is submitted, and its task is not there";
	if (r->row == REFUSED && r->taken[r->words] > 0)
		return "it is refused, and was taken";
	return NULL;
}

/* Unknown is an end: it stands in attention until a person has said more. */
static bool
request_over(const void *state)
{
	const struct request	*r = state;

	return r->row != QUEUED && r->row != SENDING;
}

#define SQL	"sql/functions/requests.sql"
#define SENDER	"batch/submits.c"
static const struct model_step request_steps[] = {
	{ "claims it", SQL, "claim_requests", request_claim },
	{ "sends it, and has the task", SENDER, "submit_post", request_taken },
	{ "sends it, and is refused", SENDER, "submit_take_answer",
	    request_denied },
	{ "sends it, and has no answer", SENDER, "submit_is_unknown",
	    request_lost },
	{ "cannot send it", SENDER, "submit_put_back", request_unsent },
	{ "writes what was answered", SQL, "finish_request", request_finish },
	{ "a sweep finds it unanswered", SQL, "expire_requests",
	    request_expire },
	{ "a person has it sent again", SQL, "requeue_requests",
	    request_again },
	{ "dies", NULL, NULL, request_die },
	{ "the lease is over", NULL, NULL, request_time },
};
#undef SQL
#undef SENDER

const struct model request_model = {
	sizeof(struct request), 2, request_steps,
	sizeof(request_steps) / sizeof(request_steps[0]), request_wrong,
	request_over,
};
