/* genhook doctor: its checks, and how they say what they found. */
#ifndef GENHOOK_CLI_DOCTOR_H
#define GENHOOK_CLI_DOCTOR_H

#include "cli/cli.h"

/* What is wrong, kept until the end where --alert chooses what to tell. */
struct doctor_finding {
	const char	*what;		/* borrowed */
	char		*words, *cure;	/* owned; NULL: no memory */
};

struct doctor {
	const struct conf	*conf;		/* NULL: not to be had */
	struct db		*db;		/* NULL: not to be had (yet) */
	const char		*lighttpd;	/* its configuration file;
						   NULL: Debian's */
	const char		*cron;		/* cron's lines for the sweep;
						   NULL: /etc/cron.d/genhook */
	char			 runs_handlers[64];	/* lighttpd_user()'s */
	bool			 lighttpd_asked;	/* is that known? */
	bool			 alert;		/* say what is wrong alone */
	int			 wrong;		/* findings so far */
	struct doctor_finding	*findings;	/* owned; for --alert alone */
	size_t			 nfindings;
};

/* Words about one thing: that it is ok; that it may be so and yet be meant;
 * likewise, and what would be better; that it is wrong, and what mends it. */
void	doctor_ok(struct doctor *, const char *what, const char *, ...)
	    __attribute__((format(printf, 3, 4)));
void	doctor_note(struct doctor *, const char *what, const char *, ...)
	    __attribute__((format(printf, 3, 4)));
void	doctor_advise(struct doctor *, const char *what, const char *cure,
	    const char *, ...) __attribute__((format(printf, 4, 5)));
void	doctor_wrong(struct doctor *, const char *what, const char *cure,
	    const char *, ...) __attribute__((format(printf, 4, 5)));

/* Print one line about one thing, behind its mark. */
void	doctor_line(const char *mark, const char *what, const char *, ...)
	    __attribute__((format(printf, 3, 4)));

/* For --alert: keep a finding; what they hold is copied, but for what.  Print of
 * all that was kept what somebody has not been told of, or is to be reminded of,
 * and what is well again, as genhook.alerts knows, or a note in the spool's folder
 * where the database does not say.  And free it. */
void	doctor_alert_keep(struct doctor *, const char *what,
	    const char *words, const char *cure);
void	doctor_alert_tell(struct doctor *, bool offline);
void	doctor_alert_free(struct doctor *);

/* How long ago: "3 min", "2 h"; borrowed until the next call. */
const char *doctor_ago(long seconds);

/* What mends this failure of the database, by its class and SQLSTATE; NULL
 * where nobody knows. */
const char *doctor_cure(const struct errbuf *);
/* Say that the database failed: with that cure, or with the advice to go by
 * PostgreSQL's own words. */
void	doctor_db_wrong(struct doctor *, const char *what,
	    const struct errbuf *);

/* The rows of a statement, for the caller to free; NULL when it failed, which
 * has then been said of what. */
struct db_rows *doctor_ask(struct doctor *, const char *what,
	    const struct db_stmt *, const struct db_param *params);

/* The user as whom lighttpd runs handlers, where its configuration serves
 * genhook and says so; else NULL.  It is asked once. */
const char *lighttpd_user(struct doctor *);

/* The checks: on this machine ... */
void	doctor_settings(struct doctor *);
void	doctor_spool(struct doctor *);
void	doctor_signers(struct doctor *);
void	doctor_archive(struct doctor *);
void	doctor_space(struct doctor *);
void	doctor_types(struct doctor *);
void	doctor_lighttpd(struct doctor *);
/* ... in the database; the first one sets db ... */
void	doctor_database(struct doctor *);
void	doctor_rights(struct doctor *);
void	doctor_clock(struct doctor *);
void	doctor_sweep(struct doctor *);
void	doctor_work(struct doctor *);
void	doctor_wal(struct doctor *);
/* ... and over the network.  The store is the archive where it is no
 * directory. */
void	doctor_store(struct doctor *);
void	doctor_handlers(struct doctor *);
void	doctor_keys(struct doctor *);

#endif
