/*
 * An output: two sweeps claim it, download, move the file to its place, and write
 * its row; each may die, or stand still until its lease is over, at any moment.
 * Bytes of two downloads may differ, so whose file is in the place counts.
 */
#include <stdint.h>

#include "tests/model/models.h"

enum row	{ PENDING, STORED, GIVEN_UP };
enum at		{ IDLE, LOADING, SURE, MOVED };

struct output {
	uint8_t	row;		/* enum row */
	uint8_t	owner;		/* who + 1; 0: nobody */
	uint8_t	lease;		/* it is not over */
	uint8_t	stored;		/* whose bytes the row tells of: who + 1 */
	uint8_t	placed;		/* whose bytes are in the file */
	uint8_t	at[2];		/* enum at */
	uint8_t	believes[2];	/* by its own clock its lease is not over */
	uint8_t	taken_away;	/* it was ended by who had no lease, before
				   the eyes of one that has */
};

static bool
output_is_held_by(const struct output *o, int who)
{
	return model_flaw == FLAW_NO_FENCE || o->owner == who + 1;
}

static void
output_rest(struct output *o, int who)
{
	o->at[who] = IDLE;
	o->believes[who] = 0;
}

static void
output_end(struct output *o, int who, enum row row)
{
	o->taken_away = o->owner != 0 && o->owner != who + 1 && o->lease;
	o->row = row;
	o->owner = o->lease = 0;
}

static bool
output_claim(void *state, int who)
{
	struct output	*o = state;

	if (o->at[who] != IDLE || o->row != PENDING ||
	    (o->lease && model_flaw != FLAW_NO_LEASE))
		return false;
	o->owner = (uint8_t)(who + 1);
	o->lease = o->believes[who] = 1;
	o->at[who] = LOADING;
	return true;
}

/* The run's own clock says that its lease is not over: three quarters of it are
 * not, and the move follows within the last one. */
static bool
output_look(void *state, int who)
{
	struct output	*o = state;

	if (o->at[who] != LOADING)
		return false;
	if (o->believes[who] || model_flaw == FLAW_LATE_MOVE)
		o->at[who] = SURE;
	else
		output_rest(o, who);
	return true;
}

static bool
output_move(void *state, int who)
{
	struct output	*o = state;

	if (o->at[who] != SURE)
		return false;
	o->placed = (uint8_t)(who + 1);
	o->at[who] = MOVED;
	return true;
}

static bool
output_store(void *state, int who)
{
	struct output	*o = state;

	if (o->at[who] != MOVED)
		return false;
	output_rest(o, who);
	if (o->row == PENDING && output_is_held_by(o, who)) {
		o->stored = (uint8_t)(who + 1);
		output_end(o, who, STORED);
	}
	return true;
}

static bool
output_give_up(void *state, int who)
{
	struct output	*o = state;

	if (o->at[who] != LOADING)
		return false;
	output_rest(o, who);
	if (o->row == PENDING && output_is_held_by(o, who))
		output_end(o, who, GIVEN_UP);
	return true;
}

static bool
output_put_back(void *state, int who)
{
	struct output	*o = state;

	if (o->at[who] != LOADING)
		return false;
	output_rest(o, who);
	if (o->row == PENDING && output_is_held_by(o, who))
		o->owner = o->lease = 0;
	return true;
}

static bool
output_die(void *state, int who)
{
	struct output	*o = state;

	if (o->at[who] == IDLE)
		return false;
	output_rest(o, who);
	return true;
}

/* Who has the lease dies or stands still: but between its look and the move, as
 * that one says. */
static bool
output_time(void *state, int who)
{
	struct output	*o = state;

	if (who != 0 || !o->lease || (model_flaw != FLAW_LATE_MOVE &&
	    (o->at[0] == SURE || o->at[1] == SURE)))
		return false;
	o->lease = 0;
	if (o->owner != 0)
		o->believes[o->owner - 1] = 0;
	return true;
}

/* Were the claim committed without a flush, a crash would forget it; who made it
 * goes on until it asks the database again. */
static bool
output_forget(void *state, int who)
{
	struct output	*o = state;

	if (who != 0 || model_flaw != FLAW_FORGETFUL || !o->lease)
		return false;
	o->owner = o->lease = 0;
	return true;
}

static const char *
output_wrong(const void *state)
{
	const struct output	*o = state;

	if (o->row == STORED && o->placed != o->stored)
		return "the row tells of another file than the one in its place";
	if (o->taken_away)
		return "it was ended by one that did not have it";
	return NULL;
}

static bool
output_over(const void *state)
{
	const struct output	*o = state;

	return o->row != PENDING;
}

#define SQL	"sql/functions/outputs.sql"
static const struct model_step output_steps[] = {
	{ "claims it", SQL, "claim_outputs", output_claim },
	{ "finds its lease safe, or leaves it", "batch/download/job.c",
	    "sweep_lease_is_safe", output_look },
	{ "moves the file to its place", "archive/dir_commit.c", "dir_move",
	    output_move },
	{ "writes that it is stored", SQL, "store_outputs", output_store },
	{ "gives it up", SQL, "fail_output", output_give_up },
	{ "puts it back", SQL, "release_outputs", output_put_back },
	{ "dies", NULL, NULL, output_die },
	{ "the lease is over", NULL, NULL, output_time },
	{ "the database crashes, and forgets", NULL, NULL, output_forget },
};
#undef SQL

const struct model output_model = {
	sizeof(struct output), 2, output_steps,
	sizeof(output_steps) / sizeof(output_steps[0]), output_wrong,
	output_over,
};
