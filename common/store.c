/* A batch of deliveries as the columns of genhook.receive(), and its answer. */
#include <string.h>

#include "lib/crypto.h"
#include "lib/pgarray.h"
#include "common/body.h"
#include "common/statements.h"
#include "common/store.h"

/* The array parameters of genhook.receive(), in its order; behind them stands
 * p_again. */
enum column {
	P_ID, P_RECEIVED_AT, P_PROVIDER, P_ACCOUNT, P_SOURCE, P_OUTCOME,
	P_VERDICT, P_REMOTE_ADDR, P_HEADERS, P_BODY, P_NOTE, P_TASK_ID,
	P_STATUS, P_MODEL, P_ERROR_CODE, P_ERROR_MESSAGE, P_IS_TEST,
	P_SUBMITTED_AT, P_FINISHED_AT, P_RESULT_DIGEST,
	O_DELIVERY, O_POSITION, O_KIND, O_URL, O_TEXT, O_EXPIRES_AT,
	O_EXPIRES_SOURCE, P_TOKEN, O_NAME, E_OUTPUT, E_CONTENT, P_ACCOUNTS,
	P_BODY_DIGEST, COLUMN__MAX
};

static const enum pg_type store_types[] = {
	[P_ID] = PG_UUID, [P_RECEIVED_AT] = PG_TIMESTAMPTZ,
	[P_PROVIDER] = PG_TEXT, [P_ACCOUNT] = PG_TEXT, [P_SOURCE] = PG_TEXT,
	[P_OUTCOME] = PG_TEXT, [P_VERDICT] = PG_TEXT,
	[P_REMOTE_ADDR] = PG_TEXT, [P_HEADERS] = PG_TEXT, [P_BODY] = PG_BYTEA,
	[P_NOTE] = PG_TEXT, [P_TASK_ID] = PG_TEXT, [P_STATUS] = PG_TEXT,
	[P_MODEL] = PG_TEXT, [P_ERROR_CODE] = PG_TEXT,
	[P_ERROR_MESSAGE] = PG_TEXT, [P_IS_TEST] = PG_BOOL,
	[P_SUBMITTED_AT] = PG_TIMESTAMPTZ, [P_FINISHED_AT] = PG_TIMESTAMPTZ,
	[P_RESULT_DIGEST] = PG_BYTEA, [O_DELIVERY] = PG_INT4,
	[O_POSITION] = PG_INT4, [O_KIND] = PG_TEXT, [O_URL] = PG_TEXT,
	[O_TEXT] = PG_TEXT, [O_EXPIRES_AT] = PG_TIMESTAMPTZ,
	[O_EXPIRES_SOURCE] = PG_TEXT, [P_TOKEN] = PG_TEXT, [O_NAME] = PG_TEXT,
	[E_OUTPUT] = PG_INT4, [E_CONTENT] = PG_BYTEA, [P_ACCOUNTS] = PG_TEXT,
	[P_BODY_DIGEST] = PG_BYTEA,
};
_Static_assert(sizeof(store_types) / sizeof(store_types[0]) == COLUMN__MAX,
    "a column has no type");

/*
 * Fingerprint of a result: what must be the same for a second final result
 * to be a repeat.  A link's query is left out, since a provider may sign the
 * same link anew for each delivery.
 */
static bool
store_result_digest(const struct result *r, unsigned char digest[SHA256_BYTES])
{
	struct sha256	*sha;
	const char	*parts[4];
	size_t		 i, j;

	if ((sha = sha256_new()) == NULL)
		return false;
	sha256_update(sha, task_state_words[r->state],
	    strlen(task_state_words[r->state]) + 1);
	if (r->error_code != NULL)
		sha256_update(sha, r->error_code, strlen(r->error_code) + 1);
	for (i = 0; i < r->noutputs; i++) {
		parts[0] = output_kind_words[r->outputs[i].kind];
		parts[1] = r->outputs[i].url;
		parts[2] = r->outputs[i].inline_text;
		parts[3] = NULL;
		for (j = 0; j < 3; j++)
			if (parts[j] != NULL)
				sha256_update(sha, parts[j], j == 1 ?
				    strcspn(parts[j], "?#") :
				    strlen(parts[j]) + 1);
	}
	return sha256_finish(sha, digest);
}

static bool
store_is_final(const struct delivery *d)
{
	return d->outcome == OUTCOME_ACCEPTED ||
	    d->outcome == OUTCOME_REQUERY;
}

static bool
store_add_bytes(struct pgarray *a, const void *body, size_t len)
{
	unsigned char	digest[SHA256_BYTES];

	if (!sha256(body, len, digest))
		return false;
	pgarray_bytes(&a[P_BODY], body, len);
	pgarray_bytes(&a[P_BODY_DIGEST], digest, sizeof(digest));
	return true;
}

/* The body as it is kept; false: no memory. */
static bool
store_add_body(struct pgarray *a, const struct delivery *d)
{
	struct buf	shorter;
	bool		ok;

	/* Only of what is to be an output: else nothing else would have it. */
	if (d->outcome != OUTCOME_ACCEPTED || !body_has_large_files(d))
		return store_add_bytes(a, d->body, d->bodylen);
	ok = body_without_files(d, &shorter) &&
	    store_add_bytes(a, shorter.data, shorter.len);
	buf_free(&shorter);
	return ok;
}

static bool
store_add_envelope(struct pgarray *a, const struct delivery *d)
{
	pgarray_uuid(&a[P_ID], d->id);
	pgarray_time(&a[P_RECEIVED_AT], d->received_at);
	pgarray_text(&a[P_PROVIDER], d->provider->name);
	pgarray_text(&a[P_ACCOUNT], d->account);
	pgarray_text(&a[P_SOURCE], source_words[d->source]);
	pgarray_text(&a[P_OUTCOME], outcome_words[d->outcome]);
	pgarray_text(&a[P_VERDICT], verdict_words[d->verdict]);
	pgarray_text(&a[P_REMOTE_ADDR], d->remote_addr);
	pgarray_text(&a[P_HEADERS], d->headers);
	pgarray_words(&a[P_NOTE], d->note);
	pgarray_text(&a[P_TOKEN], *d->token != '\0' ? d->token : NULL);
	return store_add_body(a, d);
}

static bool
store_add_result(struct pgarray *a, const struct delivery *d)
{
	const struct result	*r = &d->result;
	unsigned char		 digest[SHA256_BYTES];
	bool			 failed = r->state != TASK_SUCCEEDED;

	pgarray_text(&a[P_TASK_ID], r->task_id);
	pgarray_text(&a[P_MODEL], r->model);
	pgarray_bool(&a[P_IS_TEST], r->is_test);
	pgarray_time(&a[P_SUBMITTED_AT], r->submitted_at);
	pgarray_time(&a[P_FINISHED_AT], r->finished_at);
	if (!store_is_final(d)) {
		pgarray_null(&a[P_STATUS]);
		pgarray_null(&a[P_ERROR_CODE]);
		pgarray_null(&a[P_ERROR_MESSAGE]);
		pgarray_null(&a[P_RESULT_DIGEST]);
		return true;
	}
	pgarray_text(&a[P_STATUS], task_state_words[r->state]);
	pgarray_text(&a[P_ERROR_CODE], failed ? r->error_code : NULL);
	pgarray_text(&a[P_ERROR_MESSAGE], failed ? r->error_message : NULL);
	if (!store_result_digest(r, digest))
		return false;
	pgarray_bytes(&a[P_RESULT_DIGEST], digest, sizeof(digest));
	return true;
}

static void
store_add_outputs(struct pgarray *a, const struct delivery *d, size_t ordinal)
{
	const struct output	*o;
	size_t			 i;

	if (d->outcome != OUTCOME_ACCEPTED)
		return;
	for (i = 0; i < d->result.noutputs; i++) {
		o = &d->result.outputs[i];
		pgarray_int4(&a[O_DELIVERY], (int32_t)ordinal);
		pgarray_int4(&a[O_POSITION], (int32_t)i);
		pgarray_text(&a[O_KIND], output_kind_words[o->kind]);
		pgarray_text(&a[O_URL], o->url);
		pgarray_text(&a[O_TEXT], o->inline_text);
		pgarray_time(&a[O_EXPIRES_AT], o->expires_at);
		pgarray_text(&a[O_EXPIRES_SOURCE],
		    expires_source_words[o->expires_source]);
		pgarray_text(&a[O_NAME], o->name);
		if (o->data == NULL)
			continue;
		pgarray_int4(&a[E_OUTPUT], (int32_t)a[O_DELIVERY].nitems);
		pgarray_bytes(&a[E_CONTENT], o->data, o->datalen);
	}
}

/* The accounts that can be asked, of those providers that have several. */
static bool
store_add_accounts(struct pgarray *a, const struct conf *conf)
{
	const struct account	*one;
	struct buf		 name;
	size_t			 i, j, same;
	bool			 ok = true;

	for (i = 0; i < conf->naccounts; i++) {
		one = &conf->accounts[i];
		for (same = j = 0; j < conf->naccounts; j++)
			same += conf->accounts[j].provider == one->provider;
		if (same < 2 || *one->api_key == '\0')
			continue;
		buf_init(&name, 256);
		buf_printf(&name, "%s %s", one->provider->name, one->name);
		ok = buf_ok(&name) && ok;
		pgarray_text(&a[P_ACCOUNTS], name.data);
		buf_free(&name);
	}
	return ok;
}

static bool
store_build_columns(struct pgarray *a, const struct conf *conf,
    struct delivery *const *batch, size_t n)
{
	bool	ok = true;
	size_t	i;

	for (i = 0; i < COLUMN__MAX; i++)
		pgarray_begin(&a[i], store_types[i]);
	for (i = 0; i < n; i++) {
		ok = store_add_envelope(a, batch[i]) && ok;
		ok = store_add_result(a, batch[i]) && ok;
		store_add_outputs(a, batch[i], i + 1);
	}
	ok = store_add_accounts(a, conf) && ok;
	for (i = 0; i < COLUMN__MAX; i++)
		ok = pgarray_end(&a[i]) && ok;
	return ok;
}

static bool
store_read_outcomes(const struct db_rows *rows, size_t n,
    enum outcome *outcomes)
{
	const char	*word;
	size_t		 i;
	int		 o;

	if ((size_t)db_rows_count(rows) != n)
		return false;
	for (i = 0; i < n; i++) {
		word = db_value(rows, (int)i, 0);
		o = word != NULL ? word_index(outcome_words, OUTCOME__MAX,
		    word) : -1;
		if (o == -1)
			return false;
		outcomes[i] = (enum outcome)o;
	}
	return true;
}

enum db_verdict
store_deliveries(struct db *db, const struct conf *conf,
    struct delivery *const *batch, size_t n, enum store_try nth,
    int timeout_ms, enum outcome *outcomes, struct errbuf *err)
{
	struct pgarray	 columns[COLUMN__MAX];
	struct db_param	 params[COLUMN__MAX + 1];
	struct db_rows	*rows = NULL;
	enum db_verdict	 v = DB_AWAY;
	size_t		 i;

	if (!store_build_columns(columns, conf, batch, n)) {
		errbuf_set(err, "out of memory for a batch of %zu", n);
		goto out;
	}
	for (i = 0; i < COLUMN__MAX; i++)
		params[i] = pgarray_param(&columns[i]);
	params[COLUMN__MAX] = db_text(nth == STORE_AGAIN ? "t" : "f");
	v = db_run(db, DB_RECEIVE, params, timeout_ms, &rows, err);
	if (v == DB_OK && !store_read_outcomes(rows, n, outcomes)) {
		errbuf_set(err, "database: receive: unexpected answer");
		v = DB_BROKEN;
	}
	db_rows_free(rows);
out:
	for (i = 0; i < COLUMN__MAX; i++)
		pgarray_free(&columns[i]);
	return v;
}
