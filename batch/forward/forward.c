/* The step that tells applications: what has happened is looked for in the
 * database, and each event is claimed, sent, and what became of it written. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/clock.h"
#include "lib/crypto.h"
#include "lib/db.h"
#include "lib/hex.h"
#include "lib/log.h"
#include "lib/pgarray.h"
#include "lib/xalloc.h"
#include "common/statements.h"
#include "batch/forward/envelope.h"
#include "batch/forward/forward.h"
#include "batch/place.h"
#include "batch/sweep.h"

/* Of one forward at once.  There is no bound on all of them together: whoever
 * hangs would use it up for the others. */
#define FORWARD_OF_ONE		8
#define FORWARD_LEASE_S		(2 * FORWARD_TIMEOUT_S)
/* A receiver that has failed so often in a row gets no more in this run. */
#define FORWARD_FAILURES_MAX	3
#define FORWARD_CLAIM_EVERY_MS	100
#define FORWARD_LOOK_EVERY_MS	1000
#define FORWARD_TURN_MS		50

struct forward_state {
	const struct forward	*forward;
	int			 in_flight;
	int			 failures;	/* in a row */
};

struct forward_run {
	struct sweep		*sweep;
	struct run		*run;		/* the sweep's */
	struct sender		*sender;
	struct forward_state	*states;	/* one for each of the settings */
	size_t			 nstates;
	int64_t			 until_ms;
	int64_t			 claimed_ms, looked_ms;	/* the last time */
	bool			 more;		/* may be due at once */
};

/* An event that is claimed. */
struct forward_event {
	struct forward_run	*fr;
	struct forward_state	*state;
	char			*id, *type, *webhook_id, *body, *about;
	struct envelope		 envelope;
	struct send		 send;
};

/* ---- what the settings have --------------------------------------------- */

static void
forward_digest_list(struct sha256 *h, char **list)
{
	size_t	i;

	for (i = 0; list[i] != NULL; i++)
		(void)sha256_update(h, list[i], strlen(list[i]) + 1);
	(void)sha256_update(h, "", 1);
}

/* Of all that a section says, so that a change is seen; false: no memory. */
static bool
forward_digest(const struct forward *f, char hex[SHA256_HEX])
{
	unsigned char	 digest[SHA256_BYTES];
	struct sha256	*h;

	if ((h = sha256_new()) == NULL)
		return false;
	(void)sha256_update(h, f->url, strlen(f->url) + 1);
	(void)sha256_update(h, f->command, strlen(f->command) + 1);
	forward_digest_list(h, f->secrets);
	forward_digest_list(h, f->types);
	forward_digest_list(h, f->accounts);
	(void)sha256_update(h, f->allow_private ? "1" : "0", 1);
	if (!sha256_finish(h, digest))
		return false;
	hex_encode(digest, sizeof(digest), hex);
	return true;
}

/* Joined by commas, which none of them has. */
static void
forward_put_list(struct pgarray *a, char **list)
{
	struct buf	joined;
	size_t		i;

	buf_init(&joined, 64 * 1024);
	for (i = 0; list[i] != NULL; i++)
		buf_printf(&joined, "%s%s", i > 0 ? "," : "", list[i]);
	pgarray_text(a, i > 0 && buf_ok(&joined) ? joined.data : "");
	buf_free(&joined);
}

/* Tell the database which forwards there are.  False: the run is broken, or
 * there is none to send to. */
static bool
forward_note(struct forward_run *fr)
{
	const struct conf	*conf = fr->run->conf;
	char			 host[RUN_HOST_MAX], hex[SHA256_HEX];
	struct pgarray		 arrays[4];
	struct db_param		 params[5];
	struct errbuf		 err;
	size_t			 i;
	bool			 ok = true;

	for (i = 0; i < 4; i++)
		pgarray_begin(&arrays[i], PG_TEXT);
	for (i = 0; ok && i < conf->nforwards; i++) {
		ok = forward_digest(&conf->forwards[i], hex);
		pgarray_text(&arrays[0], conf->forwards[i].name);
		pgarray_text(&arrays[1], hex);
		forward_put_list(&arrays[2], conf->forwards[i].types);
		forward_put_list(&arrays[3], conf->forwards[i].accounts);
	}
	run_host(host);
	params[0] = db_text(host);
	for (i = 0; i < 4; i++) {
		ok = pgarray_end(&arrays[i]) && ok;
		params[i + 1] = pgarray_param(&arrays[i]);
	}
	if (ok && run_query(fr->run, DB_NOTE_FORWARDS, params, NULL, &err) !=
	    DB_OK) {
		run_hindered(fr->run, "applications are not told: %s",
		    err.text);
		ok = false;
	}
	for (i = 0; i < 4; i++)
		pgarray_free(&arrays[i]);
	return ok && conf->nforwards > 0;
}

/* ---- what has happened -------------------------------------------------- */

static void
forward_look(struct forward_run *fr)
{
	struct db_rows	*rows;
	struct errbuf	 err;
	bool		 more = true;

	while (more && run_goes_on(fr->run, fr->until_ms)) {
		rows = NULL;
		if (run_query(fr->run, DB_QUEUE_FORWARDS, NULL, &rows, &err) !=
		    DB_OK) {
			run_hindered(fr->run, "applications are not told of "
			    "what is new: %s", err.text);
			more = false;
		} else
			more = *db_value(rows, 0, 0) == 't';
		db_rows_free(rows);
		run_beat(fr->run);
	}
	fr->looked_ms = clock_ms();
	fr->more = true;
}

/* ---- events ------------------------------------------------------------- */

static void
forward_event_free(struct forward_event *e)
{
	free(e->id);
	free(e->type);
	free(e->webhook_id);
	free(e->body);
	free(e->about);
	envelope_free(&e->envelope);
	free(e);
}

/* What the database is told of each verdict. */
static const char *const	forward_kinds[] = {
	[SEND_TAKEN]	= "sent",
	[SEND_REFUSED]	= "retry",
	[SEND_GONE]	= "gone",
	[SEND_ABORTED]	= "release",
};

static void
forward_log(const struct forward_event *e, const char *now)
{
	const struct send	*m = &e->send;
	const char		*name = e->state->forward->name;

	if (m->verdict == SEND_GONE)
		run_warn(e->fr->run, "forward %s: %s, so nothing is sent until "
		    "its section changes", name, m->err.text);
	else if (now != NULL && strcmp(now, "failed") == 0)
		run_warn(e->fr->run, "forward %s: %s of %s is given up: %s",
		    name, e->type, e->about, m->err.text);
	else if (m->verdict == SEND_REFUSED)
		log_line(LOG_DEBUG, "forward %s: %s of %s: %s", name, e->type,
		    e->about, m->err.text);
}

static void
forward_count(struct forward_event *e, const char *now)
{
	struct sweep_counts	*c = &e->fr->sweep->counts;

	if (e->send.verdict == SEND_TAKEN) {
		e->state->failures = 0;
		c->told++;
	} else
		e->state->failures++;
	if (now != NULL && strcmp(now, "failed") == 0)
		c->untold++;
	if (e->send.verdict == SEND_GONE)
		e->state->failures = FORWARD_FAILURES_MAX;
	/* Its next one of the same task may go now. */
	e->fr->more = true;
}

static void
forward_on_end(struct send *m)
{
	struct forward_event	*e = m->arg;
	char			 status[DB_NUMBER_MAX], wait[DB_NUMBER_MAX];
	struct db_param		 params[6];
	struct db_rows		*rows = NULL;
	struct errbuf		 err;
	const char		*now = NULL;

	e->state->in_flight--;
	params[0] = db_text(e->id);
	params[1] = db_text(e->fr->run->owner);
	params[2] = db_text(forward_kinds[m->verdict]);
	params[3] = m->status != 0 ? db_int(m->status, status) : db_text(NULL);
	params[4] = db_text(m->verdict == SEND_TAKEN ? NULL : m->err.text);
	params[5] = m->retry_after_s > 0 ?
	    db_interval(m->retry_after_s, wait) : db_text(NULL);
	if (!e->fr->run->broken && run_query(e->fr->run, DB_FINISH_FORWARD,
	    params, &rows, &err) == DB_OK)
		now = db_value(rows, 0, 0);
	if (m->verdict != SEND_ABORTED) {
		forward_count(e, now);
		forward_log(e, now);
	}
	db_rows_free(rows);
	forward_event_free(e);
}

/* Columns of DB_CLAIM_FORWARDS. */
enum { ROW_ID, ROW_NAME, ROW_TYPE, ROW_WEBHOOK_ID, ROW_BODY, ROW_ABOUT };

static struct forward_state *
forward_state_of(struct forward_run *fr, const char *name)
{
	size_t	i;

	for (i = 0; i < fr->nstates; i++)
		if (strcmp(fr->states[i].forward->name, name) == 0)
			return &fr->states[i];
	return NULL;
}

static void
forward_send(struct forward_run *fr, const struct db_rows *rows, int row)
{
	struct forward_event	*e;
	struct forward_state	*state;
	struct errbuf		 err;

	state = forward_state_of(fr, db_value(rows, row, ROW_NAME));
	if (state == NULL)
		return;
	e = xcalloc(sizeof(*e));
	e->fr = fr;
	e->state = state;
	e->id = xstrdup(db_value(rows, row, ROW_ID));
	e->type = xstrdup(db_value(rows, row, ROW_TYPE));
	e->webhook_id = xstrdup(db_value(rows, row, ROW_WEBHOOK_ID));
	e->body = xstrdup(db_value(rows, row, ROW_BODY));
	e->about = xstrdup(db_value(rows, row, ROW_ABOUT));
	e->send = (struct send) { .on_end = forward_on_end, .arg = e };
	if (!envelope_address(&e->envelope, &e->send, state->forward,
	    e->webhook_id, e->body, (int64_t)time(NULL), &err)) {
		run_break(fr->run, err.text);
		forward_event_free(e);
		return;
	}
	state->in_flight++;
	sender_put(fr->sender, &e->send);
}

/* How many more of a forward may be on their way. */
static int
forward_room(const struct forward_state *state)
{
	return state->failures < FORWARD_FAILURES_MAX ?
	    FORWARD_OF_ONE - state->in_flight : 0;
}

static void
forward_claim(struct forward_run *fr)
{
	char		 lease[DB_NUMBER_MAX];
	struct pgarray	 names, rooms;
	struct db_param	 params[4];
	struct db_rows	*rows = NULL;
	struct errbuf	 err;
	size_t		 i, n = 0;
	int		 row;

	fr->claimed_ms = clock_ms();
	fr->more = false;
	pgarray_begin(&names, PG_TEXT);
	pgarray_begin(&rooms, PG_INT4);
	for (i = 0; i < fr->nstates; i++)
		if (forward_room(&fr->states[i]) > 0) {
			pgarray_text(&names, fr->states[i].forward->name);
			pgarray_int4(&rooms, forward_room(&fr->states[i]));
			n++;
		}
	if (pgarray_end(&names) && pgarray_end(&rooms) && n > 0) {
		params[0] = db_text(fr->run->owner);
		params[1] = db_interval(FORWARD_LEASE_S, lease);
		params[2] = pgarray_param(&names);
		params[3] = pgarray_param(&rooms);
		if (run_query(fr->run, DB_CLAIM_FORWARDS, params, &rows,
		    &err) != DB_OK)
			run_hindered(fr->run, "applications are not told: %s",
			    err.text);
	}
	for (row = 0; row < db_rows_count(rows); row++)
		forward_send(fr, rows, row);
	db_rows_free(rows);
	pgarray_free(&names);
	pgarray_free(&rooms);
}

/* ---- the step ----------------------------------------------------------- */

/* What has happened since, and what may be sent of it; no wait. */
static void
forward_take(struct forward_run *fr)
{
	if (!run_goes_on(fr->run, fr->until_ms))
		return;
	if (clock_ms() - fr->looked_ms >= FORWARD_LOOK_EVERY_MS)
		forward_look(fr);
	if (fr->more && (sender_in_flight(fr->sender) == 0 ||
	    clock_ms() - fr->claimed_ms >= FORWARD_CLAIM_EVERY_MS))
		forward_claim(fr);
}

/* Until nothing is due, or the time is over.  While one receiver is slow, what
 * happens meanwhile goes to the others. */
static void
forward_send_all(struct forward_run *fr)
{
	for (;;) {
		forward_take(fr);
		if (run_stopping() || fr->run->broken ||
		    (sender_in_flight(fr->sender) == 0 &&
		    (!fr->more || clock_ms() >= fr->until_ms)))
			return;
		/* It may be that a receiver hangs, and nothing else is done. */
		place_leave();
		sender_turn(fr->sender, FORWARD_TURN_MS);
		run_beat(fr->run);
	}
}

/* Once in a run: what it is told by.  NULL: it tells nobody. */
static struct forward_run *
forward_open(struct sweep *s)
{
	const struct conf	*conf = s->run.conf;
	struct forward_run	*fr = xcalloc(sizeof(*fr));
	size_t			 i;

	fr->sweep = s;
	fr->run = &s->run;
	fr->nstates = conf->nforwards;
	fr->until_ms = sweep_ends_ms(s);
	fr->states = xcalloc((fr->nstates + 1) * sizeof(*fr->states));
	for (i = 0; i < fr->nstates; i++)
		fr->states[i].forward = &conf->forwards[i];
	s->telling = fr;
	if (!forward_note(fr))
		return NULL;
	fr->sender = sender_new((int)conf->nforwards * FORWARD_OF_ONE);
	if (fr->sender == NULL)
		run_break(&s->run, "out of memory");
	return fr->sender != NULL ? fr : NULL;
}

void
forward_turn(struct sweep *s)
{
	struct forward_run	*fr = s->telling;

	if (s->run.conf->nforwards == 0 || s->task_id != NULL ||
	    !run_goes_on(&s->run, INT64_MAX))
		return;
	if (fr == NULL)
		fr = forward_open(s);
	if (fr == NULL || fr->sender == NULL)
		return;
	forward_take(fr);
	sender_turn(fr->sender, 0);
}

/* However late it is, something is sent: a sweep that has downloads for all of
 * its time would never tell of them. */
#define FORWARD_LEAST_MS	2000

void
forward_step(struct sweep *s, int64_t until_ms)
{
	struct forward_run	*fr = s->telling;

	if (fr == NULL)
		fr = forward_open(s);
	if (fr == NULL || fr->sender == NULL)
		return;
	fr->until_ms = clock_ms() + FORWARD_LEAST_MS;
	if (until_ms > fr->until_ms)
		fr->until_ms = until_ms;
	/* The downloads that have just ended are what is looked for. */
	forward_look(fr);
	forward_send_all(fr);
}

void
forward_close(struct sweep *s)
{
	struct forward_run	*fr = s->telling;

	if (fr == NULL)
		return;
	sender_free(fr->sender);
	free(fr->states);
	free(fr);
	s->telling = NULL;
}
