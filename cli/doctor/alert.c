/* genhook doctor --alert: of what is wrong, what somebody has not heard of yet, or
 * is to be reminded of; and what is well again. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/crypto.h"
#include "lib/hex.h"
#include "lib/pgarray.h"
#include "batch/run.h"
#include "common/statements.h"
#include "cli/doctor/doctor.h"
#include "cli/doctor/mail_note.h"
#include "cli/statements.h"

#define KEY_TEXT_MAX	2048

/* Columns of DB_NOTE_ALERTS. */
enum { STATE, KEY, WHAT, WORDS, CURE, SINCE };

void
doctor_alert_keep(struct doctor *d, const char *what, const char *words,
    const char *cure)
{
	struct doctor_finding	*grown = realloc(d->findings,
				    ((size_t)d->wrong + 1) * sizeof(*grown));

	if (grown == NULL)
		return;
	d->findings = grown;
	d->findings[d->nfindings++] = (struct doctor_finding) {
		.what = what, .words = strdup(words), .cure = strdup(cure)
	};
}

void
doctor_alert_free(struct doctor *d)
{
	size_t	i;

	for (i = 0; i < d->nfindings; i++) {
		free(d->findings[i].words);
		free(d->findings[i].cure);
	}
	free(d->findings);
	d->findings = NULL;
	d->nfindings = 0;
}

/* Behind a number: how it was counted, "min" today and "h" tomorrow. */
static const char *
mail_skip_unit(const char *s)
{
	static const char	*const units[] = { " s ", " min ", " h ",
				    " days " };
	size_t			 i;

	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strncmp(s, units[i], strlen(units[i])) == 0)
			return s + strlen(units[i]) - 1;
	return s;
}

/* Is it a number, and no part of a name? */
static bool
mail_is_number(const char *s, char before)
{
	size_t	len = strspn(s, "0123456789.");

	return isdigit((unsigned char)*s) && before != '_' &&
	    !isalnum((unsigned char)before) && s[len] != '_' &&
	    !isalpha((unsigned char)s[len]);
}

/* What the words say whenever it is: without numbers, which grow. */
static void
mail_steady_words(const char *words, char *out, size_t size)
{
	char	before = ' ';
	size_t	n = 0;

	while (*words != '\0' && n + 1 < size)
		if (mail_is_number(words, before)) {
			out[n++] = before = '#';
			words += strspn(words, "0123456789.");
			words = mail_skip_unit(words);
		} else
			out[n++] = before = *words++;
	out[n] = '\0';
}

/* By what a finding is known again: a sum of all that does not change. */
static bool
mail_key(const struct doctor_finding *f, char key[SHA256_HEX])
{
	char		text[KEY_TEXT_MAX], steady[KEY_TEXT_MAX / 2];
	unsigned char	digest[SHA256_BYTES];

	mail_steady_words(f->words, steady, sizeof(steady));
	(void)snprintf(text, sizeof(text), "%s\n%s\n%s", f->what, steady,
	    f->cure);
	if (!sha256(text, strlen(text), digest))
		return false;
	hex_encode(digest, sizeof(digest), key);
	return true;
}

/* ---- the database ------------------------------------------------------- */

/* Who found it: what an offline doctor has not looked at is not well. */
static void
mail_source(bool offline, char *source, size_t size)
{
	char	host[RUN_HOST_MAX];

	run_host(host);
	(void)snprintf(source, size, "doctor %s%s", host,
	    offline ? " offline" : "");
}

enum { KEYS, WHATS, WORDSES, CURES, NARRAYS };

static bool
mail_arrays(const struct doctor *d, struct pgarray arrays[NARRAYS])
{
	const struct doctor_finding	*f = d->findings;
	char				 key[SHA256_HEX];
	size_t				 i;
	bool				 ok = true;

	for (i = 0; i < NARRAYS; i++)
		pgarray_begin(&arrays[i], PG_TEXT);
	for (i = 0; i < d->nfindings; i++) {
		ok = ok && f[i].words != NULL && f[i].cure != NULL &&
		    mail_key(&f[i], key);
		if (!ok)
			break;
		pgarray_text(&arrays[KEYS], key);
		pgarray_words(&arrays[WHATS], f[i].what);
		pgarray_words(&arrays[WORDSES], f[i].words);
		pgarray_words(&arrays[CURES], f[i].cure);
	}
	for (i = 0; i < NARRAYS; i++)
		ok = pgarray_end(&arrays[i]) && ok;
	return ok && d->nfindings == (size_t)d->wrong;
}

/* The rows to tell; NULL: the database does not say what was told. */
static struct db_rows *
mail_ask(const struct doctor *d, const char *source)
{
	struct pgarray	 arrays[NARRAYS];
	struct db_param	 params[NARRAYS + 2];
	struct db_rows	*rows = NULL;
	struct errbuf	 err;
	char		 hours[32];
	size_t		 i;

	(void)snprintf(hours, sizeof(hours), "%lld hours",
	    (long long)d->conf->alert_remind_hours);
	params[0] = db_text(source);
	params[NARRAYS + 1] = db_text(hours);
	if (mail_arrays(d, arrays)) {
		for (i = 0; i < NARRAYS; i++)
			params[i + 1] = pgarray_param(&arrays[i]);
		(void)db_run_once(d->db, DB_NOTE_ALERTS, params,
		    CLI_TIMEOUT_MS, &rows, &err);
	}
	for (i = 0; i < NARRAYS; i++)
		pgarray_free(&arrays[i]);
	return rows;
}

/* The mail is written: cron sends it. */
static void
mail_alerts_told(const struct doctor *d, const char *source,
    const struct db_rows *rows)
{
	struct pgarray	keys;
	struct db_param	params[2];
	struct errbuf	err;
	int		i;

	pgarray_begin(&keys, PG_TEXT);
	for (i = 0; i < db_rows_count(rows); i++)
		pgarray_text(&keys, db_value(rows, i, KEY));
	if (fflush(stdout) == 0 && pgarray_end(&keys)) {
		params[0] = db_text(source);
		params[1] = pgarray_param(&keys);
		(void)db_run_once(d->db, DB_ALERTS_TOLD, params,
		    CLI_TIMEOUT_MS, NULL, &err);
	}
	pgarray_free(&keys);
}

/* ---- the mail ----------------------------------------------------------- */

static void
mail_head(bool any_wrong)
{
	char		host[RUN_HOST_MAX], when[32] = "?";
	struct tm	tm;
	time_t		now = time(NULL);

	run_host(host);
	if (gmtime_r(&now, &tm) != NULL)
		(void)strftime(when, sizeof(when), "%Y-%m-%d %H:%M UTC", &tm);
	printf("genhook on %s, %s: %s\n\n", host, when, any_wrong ?
	    "somebody should look at this." : "well again.");
}

static bool
mail_is(const struct db_rows *rows, int row, const char *state)
{
	return strcmp(db_value(rows, row, STATE), state) == 0;
}

static void
mail_print_row(const struct db_rows *rows, int i)
{
	const char	*words = db_value(rows, i, WORDS);

	if (mail_is(rows, i, "well"))
		doctor_line("well", db_value(rows, i, WHAT), "%s", words);
	else if (mail_is(rows, i, "reminder"))
		doctor_line("WRONG", db_value(rows, i, WHAT),
		    "%s (still, since %s)", words, db_value(rows, i, SINCE));
	else
		doctor_line("WRONG", db_value(rows, i, WHAT), "%s", words);
	if (!mail_is(rows, i, "well"))
		printf("       cure: %s\n", db_value(rows, i, CURE));
}

static void
mail_print_finding(const struct doctor_finding *f, const char *since)
{
	doctor_line("WRONG", f->what, "%s%s%s%s", f->words != NULL ? f->words :
	    "out of memory", *since != '\0' ? " (still, since " : "", since,
	    *since != '\0' ? ")" : "");
	printf("       cure: %s\n", f->cure != NULL ? f->cure : "more memory");
}

static void
mail_print_all(const struct doctor *d)
{
	size_t	i;

	if (d->wrong > 0)
		mail_head(true);
	for (i = 0; i < d->nfindings; i++)
		mail_print_finding(&d->findings[i], "");
}

/* ---- without a database ------------------------------------------------- */

/* The finding of that key, or NULL. */
static const struct doctor_finding *
mail_finding(const struct doctor *d, const char *key)
{
	char	other[SHA256_HEX];
	size_t	i;

	for (i = 0; i < d->nfindings; i++)
		if (d->findings[i].words != NULL &&
		    d->findings[i].cure != NULL &&
		    mail_key(&d->findings[i], other) &&
		    strcmp(key, other) == 0)
			return &d->findings[i];
	return NULL;
}

/* Has it been told, and not so long ago that it is to be told again?  Notes that
 * it is told now if not; since gets "" or since when it is known. */
static bool
mail_was_told(const struct doctor *d, struct mail_note *note,
    const struct doctor_finding *f, char since[32])
{
	char			 key[SHA256_HEX];
	int64_t			 now = (int64_t)time(NULL);
	struct mail_told	*t;
	struct tm		 tm;
	time_t			 at;

	since[0] = '\0';
	if (f->words == NULL || f->cure == NULL || !mail_key(f, key))
		return false;
	if ((t = mail_note_find(note, key)) == NULL) {
		(void)mail_note_add(note, key, f->what, f->words, now);
		return false;
	}
	if (t->told <= now &&
	    now - t->told < d->conf->alert_remind_hours * 3600)
		return true;
	at = (time_t)t->since;
	if (gmtime_r(&at, &tm) != NULL)
		(void)strftime(since, 32, "%Y-%m-%d %H:%M UTC", &tm);
	t->told = now;
	return false;
}

/* What was told and is no more, said and taken out of the note; head: nothing is
 * printed yet. */
static bool
mail_print_well(const struct doctor *d, struct mail_note *note, bool head)
{
	size_t	i = 0;

	while (i < note->n) {
		if (mail_finding(d, note->list[i].key) != NULL) {
			i++;
			continue;
		}
		if (head)
			mail_head(false);
		head = false;
		doctor_line("well", note->list[i].what, "%s",
		    note->list[i].words);
		mail_note_remove(note, &note->list[i]);
	}
	return head;
}

/* The database does not say what was told: the note does. */
static void
mail_tell_by_note(const struct doctor *d, struct mail_note *note)
{
	char	since[32];
	bool	head = true;
	size_t	i;

	for (i = 0; i < d->nfindings; i++) {
		if (mail_was_told(d, note, &d->findings[i], since))
			continue;
		if (head)
			mail_head(true);
		head = false;
		mail_print_finding(&d->findings[i], since);
	}
	(void)mail_print_well(d, note, head);
	if (fflush(stdout) == 0)
		mail_note_write(d->conf, note);
}

/* ---- with one ----------------------------------------------------------- */

/* News to the database, but not to who was told without it. */
static bool
mail_is_old(struct mail_note *note, const struct db_rows *rows, int row)
{
	return mail_is(rows, row, "new") &&
	    mail_note_find(note, db_value(rows, row, KEY)) != NULL;
}

static void
mail_tell_rows(struct doctor *d, struct mail_note *note,
    const struct db_rows *rows)
{
	bool	any_wrong = false, head = true;
	int	i;

	for (i = 0; i < db_rows_count(rows); i++)
		any_wrong |= !mail_is(rows, i, "well") &&
		    !mail_is_old(note, rows, i);
	for (i = 0; i < db_rows_count(rows); i++) {
		if (mail_is_old(note, rows, i))
			continue;
		if (head)
			mail_head(any_wrong);
		head = false;
		mail_print_row(rows, i);
	}
	(void)mail_print_well(d, note, head);
}

void
doctor_alert_tell(struct doctor *d, bool offline)
{
	static struct mail_note	 note;
	char			 source[128];
	struct db_rows		*rows = NULL;

	if (d->conf == NULL) {
		mail_print_all(d);
		return;
	}
	mail_note_read(d->conf, &note);
	mail_source(offline, source, sizeof(source));
	if (d->db != NULL)
		rows = mail_ask(d, source);
	if (rows == NULL) {
		mail_tell_by_note(d, &note);
		return;
	}
	mail_tell_rows(d, &note, rows);
	if (db_rows_count(rows) > 0)
		mail_alerts_told(d, source, rows);
	note.n = 0;
	mail_note_write(d->conf, &note);
	db_rows_free(rows);
}
