/*
 * An event for an application: two sweeps claim it, tell it, and write what came of
 * that; each may die or stand still at any moment.  The database writes neither the
 * claim nor the end to its log at once: a crash of it may forget the last of them.
 */
#include <stdint.h>

#include "tests/model/models.h"

enum row	{ PENDING, SENT, FAILED };
enum at		{ IDLE, CLAIMED, TAKEN, REFUSED };
#define TRIES	2	/* eight in truth */

struct forward_row {
	uint8_t	status;		/* enum row */
	uint8_t	owner;		/* who + 1; 0: nobody */
	uint8_t	lease;		/* it is not over */
	uint8_t	tries;
};

struct forward {
	struct forward_row	row, on_disk;
	uint8_t			told;		/* the application has it */
	uint8_t			at[2];		/* enum at */
	uint8_t			holder;		/* the last that claimed it and
						   goes on; who + 1 */
	uint8_t			given_up_early;	/* while that one told it */
};

static bool
forward_claim(void *state, int who)
{
	struct forward	*f = state;

	if (f->at[who] != IDLE || f->row.status != PENDING ||
	    (f->row.lease && model_flaw != FLAW_NO_LEASE))
		return false;
	f->row.owner = f->holder = (uint8_t)(who + 1);
	f->row.lease = 1;
	f->at[who] = CLAIMED;
	return true;
}

static bool
forward_tell(void *state, int who)
{
	struct forward	*f = state;

	if (f->at[who] != CLAIMED)
		return false;
	f->told = 1;
	f->at[who] = TAKEN;
	return true;
}

static bool
forward_refuse(void *state, int who)
{
	struct forward	*f = state;

	if (f->at[who] != CLAIMED)
		return false;
	f->at[who] = REFUSED;
	return true;
}

static void
forward_write(struct forward *f, int who, bool taken)
{
	struct forward_row	*r = &f->row;

	r->tries++;
	r->owner = r->lease = 0;
	r->status = taken ? SENT : r->tries >= TRIES ? FAILED : PENDING;
	f->given_up_early = r->status == FAILED && f->holder != 0 &&
	    f->holder != who + 1;
}

static bool
forward_finish(void *state, int who)
{
	struct forward	*f = state;
	uint8_t		 at = f->at[who];

	if (at != TAKEN && at != REFUSED)
		return false;
	f->at[who] = IDLE;
	if (f->row.status == PENDING && (f->row.owner == who + 1 ||
	    model_flaw == FLAW_NO_FENCE))
		forward_write(f, who, at == TAKEN);
	if (f->holder == who + 1)
		f->holder = 0;
	return true;
}

static bool
forward_die(void *state, int who)
{
	struct forward	*f = state;

	if (f->at[who] == IDLE)
		return false;
	f->at[who] = IDLE;
	if (f->holder == who + 1)
		f->holder = 0;
	return true;
}

static bool
forward_time(void *state, int who)
{
	struct forward	*f = state;

	if (who != 0 || !f->row.lease)
		return false;
	f->row.lease = 0;
	return true;
}

static bool
forward_is_flushed(const struct forward *f)
{
	return f->row.status == f->on_disk.status &&
	    f->row.owner == f->on_disk.owner &&
	    f->row.lease == f->on_disk.lease &&
	    f->row.tries == f->on_disk.tries;
}

static bool
forward_flush(void *state, int who)
{
	struct forward	*f = state;

	if (who != 0 || forward_is_flushed(f))
		return false;
	f->on_disk = f->row;
	return true;
}

static bool
forward_forget(void *state, int who)
{
	struct forward	*f = state;

	if (who != 0 || forward_is_flushed(f))
		return false;
	f->row = f->on_disk;
	f->holder = f->row.status == PENDING ? f->row.owner : 0;
	if (f->holder != 0 && f->at[f->holder - 1] == IDLE)
		f->holder = 0;
	return true;
}

static const char *
forward_wrong(const void *state)
{
	const struct forward	*f = state;

	if (f->row.status == SENT && !f->told)
		return "it counts as sent, and nobody was told";
	if (f->given_up_early)
		return "it was given up while another one told it";
	return NULL;
}

static bool
forward_over(const void *state)
{
	const struct forward	*f = state;

	return f->row.status != PENDING && forward_is_flushed(f);
}

#define SQL	"sql/functions/forwards.sql"
static const struct model_step forward_steps[] = {
	{ "claims it", SQL, "claim_forwards", forward_claim },
	{ "tells it", "batch/forward/forward.c", "forward_send", forward_tell },
	{ "is refused", "batch/forward/forward.c", "forward_on_end",
	    forward_refuse },
	{ "writes what came of it", SQL, "finish_forward", forward_finish },
	{ "dies", NULL, NULL, forward_die },
	{ "the lease is over", NULL, NULL, forward_time },
	{ "the database writes its log", NULL, NULL, forward_flush },
	{ "the database crashes", NULL, NULL, forward_forget },
};
#undef SQL

const struct model forward_model = {
	sizeof(struct forward), 2, forward_steps,
	sizeof(forward_steps) / sizeof(forward_steps[0]), forward_wrong,
	forward_over,
};
