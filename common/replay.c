/* Deliveries parsed anew: claim some, judge them, store them, finish them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/pgarray.h"
#include "common/finished.h"
#include "common/replay.h"
#include "common/statements.h"
#include "common/store.h"

#define AT_ONCE		16	/* bodies may have 16 MiB each */
#define LEASE_S		60
#define TIMEOUT_MS	8000

/* The columns of DB_CLAIM_REPLAYS. */
enum {
	C_REPLAY_ID, C_REQUESTED_AT, C_RECEIVED_AT, C_ID, C_PROVIDER,
	C_ACCOUNT, C_OUTCOME, C_VERDICT, C_REMOTE_ADDR, C_HEADERS, C_BODY
};

struct replay {
	char		 id[37];
	const char	*outcome;	/* the word it had before */
	struct delivery	*delivery;	/* NULL: none is to be made */
	char		*note;		/* why not */
};

/* What was claimed together. */
struct replay_batch {
	struct replay	replay[AT_ONCE];
	size_t		n;
	const struct conf *conf;
};

/* It makes no delivery: the old one keeps its outcome.  False: no memory. */
static bool
replay_keep_outcome(struct replay *r, const char *note)
{
	bool	ok = result_set(&r->note, note);

	delivery_free(r->delivery);
	r->delivery = NULL;
	return ok;
}

/* Came it while the key that proves its sender was not known? */
static bool
replay_is_unproven(const struct delivery *d)
{
	const struct signature_scheme	*s = d->provider->signature;

	return s != NULL && s->method == SIGNATURE_ED25519 &&
	    d->verdict != VERDICT_SIGNATURE;
}

/*
 * Parse as if it had come just now, but for the clock: what the payload says
 * in seconds was counted from when it really came.
 */
static bool
replay_judge(struct delivery *d, const struct conf *conf, usec_t requested_at)
{
	const struct account	*a = conf_account(conf, d->provider,
				    d->account);

	if (!delivery_judge(d, (a != NULL && a->requery) ||
	    replay_is_unproven(d)))
		return false;
	if (d->result.finished_at == 0)
		d->result.finished_at = d->received_at;
	d->received_at = requested_at;
	return true;
}

/* "replay of ID", and behind it what the parser had to say. */
static bool
replay_note_origin(struct delivery *d, const char *id)
{
	struct errbuf	words;

	errbuf_set(&words, "replay of %s%s%s", id, d->note != NULL ? ": " : "",
	    d->note != NULL ? d->note : "");
	return delivery_set_note(d, words.text);
}

/* The delivery of a row, its body the one that was kept; NULL: no memory. */
static struct delivery *
replay_delivery(const struct db_rows *rows, int row, const struct provider *p,
    int verdict)
{
	struct delivery	*d;
	char		*body;
	size_t		 len;

	d = delivery_new(p, db_value(rows, row, C_ACCOUNT), SOURCE_REPLAY);
	if (d == NULL)
		return NULL;
	(void)snprintf(d->id, sizeof(d->id), "%s",
	    db_value(rows, row, C_REPLAY_ID));
	d->received_at = db_number(db_value(rows, row, C_RECEIVED_AT));
	d->verdict = (enum verdict)verdict;
	if ((body = db_bytes(rows, row, C_BODY, &len)) != NULL)
		delivery_set_body(d, body, len);
	if (body != NULL &&
	    result_set(&d->remote_addr, db_value(rows, row, C_REMOTE_ADDR)) &&
	    result_set(&d->headers, db_value(rows, row, C_HEADERS)))
		return d;
	delivery_free(d);
	return NULL;
}

/* One claimed row, parsed; false: no memory. */
static bool
replay_take_row(struct replay *r, const struct db_rows *rows, int row,
    const struct conf *conf)
{
	const char		*name = db_value(rows, row, C_PROVIDER);
	const struct provider	*p = name != NULL ? provider_find(name) : NULL;
	int			 was = OUTCOME_UNPARSED, verdict = -1;

	(void)snprintf(r->id, sizeof(r->id), "%s",
	    db_value(rows, row, C_REPLAY_ID));
	if (p != NULL) {
		was = word_index(outcome_words, OUTCOME__MAX,
		    db_value(rows, row, C_OUTCOME));
		verdict = word_index(verdict_words, VERDICT__MAX,
		    db_value(rows, row, C_VERDICT));
	}
	r->outcome = outcome_words[was == -1 ? OUTCOME_UNPARSED : was];
	if (verdict == -1)
		return replay_keep_outcome(r, "no such delivery, or no such "
		    "provider");
	if (db_value(rows, row, C_BODY) == NULL)
		return replay_keep_outcome(r, "its body is kept no more");
	r->delivery = replay_delivery(rows, row, p, verdict);
	if (r->delivery == NULL || !replay_judge(r->delivery, conf,
	    db_number(db_value(rows, row, C_REQUESTED_AT))))
		return false;
	/* A result may be a better one now: the database says so. */
	if ((int)r->delivery->outcome == was && was != OUTCOME_ACCEPTED)
		return replay_keep_outcome(r, r->delivery->note);
	return replay_note_origin(r->delivery, db_value(rows, row, C_ID));
}

static void
replay_batch_free(struct replay_batch *b)
{
	size_t	i;

	for (i = 0; i < AT_ONCE; i++) {
		delivery_free(b->replay[i].delivery);
		free(b->replay[i].note);
	}
}

static enum db_verdict
replay_claim(struct db *db, const struct conf *conf, const char *owner,
    struct replay_batch *b, struct errbuf *err)
{
	char		 lease[DB_NUMBER_MAX], limit[DB_NUMBER_MAX];
	struct db_param	 params[] = {
		db_text(owner), db_interval(LEASE_S, lease),
		db_int(AT_ONCE, limit)
	};
	struct db_rows	*rows = NULL;
	enum db_verdict	 v;
	int		 i, n;

	v = db_run(db, DB_CLAIM_REPLAYS, params, TIMEOUT_MS, &rows, err);
	if (v != DB_OK)
		return v;
	n = db_rows_count(rows);
	for (i = 0; i < n && v == DB_OK; i++, b->n++)
		if (!replay_take_row(&b->replay[b->n], rows, i, conf)) {
			(void)errbuf_no_memory(err);
			v = DB_AWAY;
		}
	db_rows_free(rows);
	return v;
}

/* Store those from..from+n of the batch that made a delivery. */
static enum db_verdict
replay_store_some(struct db *db, struct replay_batch *b, size_t from, size_t n,
    struct replay_counts *counts, struct errbuf *err)
{
	struct delivery	*made[AT_ONCE];
	struct finished	 finished = { .n = 0 };
	enum outcome	 outcomes[AT_ONCE];
	enum db_verdict	 v;
	size_t		 i, nmade = 0;

	for (i = from; i < from + n; i++)
		if (b->replay[i].delivery != NULL)
			made[nmade++] = b->replay[i].delivery;
	if (nmade == 0)
		return DB_OK;
	v = store_deliveries(db, b->conf, made, nmade, STORE_AGAIN, TIMEOUT_MS,
	    outcomes, err);
	if (v != DB_OK)
		return v;
	for (i = 0; i < nmade; i++)
		if (outcomes[i] == OUTCOME_ACCEPTED)
			counts->accepted++;
	finished_add(&finished, made, nmade, outcomes);
	finished_notify(&finished, db, TIMEOUT_MS);
	return DB_OK;
}

/* Do any two speak of one task?  Where a result is replaced, it is by the first
 * that is better, and so each has to go alone. */
static bool
replay_has_repeats(const struct replay_batch *b)
{
	const struct delivery	*d, *e;
	size_t			 i, j;

	for (i = 0; i < b->n; i++)
		for (j = 0; j < i; j++) {
			d = b->replay[i].delivery;
			e = b->replay[j].delivery;
			if (d != NULL && e != NULL &&
			    d->provider == e->provider &&
			    d->result.task_id != NULL &&
			    e->result.task_id != NULL &&
			    strcmp(d->result.task_id, e->result.task_id) == 0)
				return true;
		}
	return false;
}

/* All together; where one of them is refused, each by itself, and the refused
 * ones stay what they were. */
static enum db_verdict
replay_store_batch(struct db *db, struct replay_batch *b,
    struct replay_counts *counts, struct errbuf *err)
{
	enum db_verdict	v = DB_REFUSED;
	size_t		i;

	if (!replay_has_repeats(b))
		v = replay_store_some(db, b, 0, b->n, counts, err);
	if (v != DB_REFUSED)
		return v;
	for (i = 0; i < b->n; i++) {
		v = replay_store_some(db, b, i, 1, counts, err);
		if (v == DB_REFUSED) {
			if (!replay_keep_outcome(&b->replay[i], err->text))
				return DB_AWAY;
			counts->refused++;
		} else if (v != DB_OK)
			return v;
	}
	return DB_OK;
}

static enum db_verdict
replay_finish(struct db *db, const char *owner, const struct replay_batch *b,
    struct errbuf *err)
{
	struct pgarray	 a[3];
	struct db_param	 params[4] = { db_text(owner) };
	enum db_verdict	 v = DB_AWAY;
	bool		 ok = true;
	size_t		 i;

	pgarray_begin(&a[0], PG_UUID);
	pgarray_begin(&a[1], PG_TEXT);
	pgarray_begin(&a[2], PG_TEXT);
	for (i = 0; i < b->n; i++) {
		pgarray_uuid(&a[0], b->replay[i].id);
		pgarray_text(&a[1], b->replay[i].outcome);
		pgarray_words(&a[2], b->replay[i].note);
	}
	for (i = 0; i < 3; i++) {
		ok = pgarray_end(&a[i]) && ok;
		params[i + 1] = pgarray_param(&a[i]);
	}
	if (ok)
		v = db_run(db, DB_FINISH_REPLAYS, params, TIMEOUT_MS, NULL,
		    err);
	else
		(void)errbuf_no_memory(err);
	for (i = 0; i < 3; i++)
		pgarray_free(&a[i]);
	return v;
}

enum db_verdict
replay_run(struct db *db, const struct conf *conf, const char *owner,
    int64_t stop_at_ms, struct replay_counts *counts, struct errbuf *err)
{
	enum db_verdict	v = DB_OK;
	size_t		n;

	memset(counts, 0, sizeof(*counts));
	do {
		struct replay_batch	b = { .n = 0, .conf = conf };

		v = replay_claim(db, conf, owner, &b, err);
		if (v == DB_OK && b.n > 0)
			v = replay_store_batch(db, &b, counts, err);
		if (v == DB_OK && b.n > 0)
			v = replay_finish(db, owner, &b, err);
		if (v == DB_OK)
			counts->replayed += (long)b.n;
		n = b.n;
		replay_batch_free(&b);
	} while (v == DB_OK && n > 0 &&
	    (stop_at_ms == 0 || clock_ms() < stop_at_ms));
	return v;
}
