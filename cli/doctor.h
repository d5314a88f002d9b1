/* What genhook doctor looks at. */
#ifndef GENHOOK_CLI_DOCTOR_H
#define GENHOOK_CLI_DOCTOR_H

#include "cli/cli.h"

struct doctor {
	const struct conf	*conf;		/* NULL: not to be had */
	struct db		*db;		/* NULL: not to be had (yet) */
	const char		*lighttpd;	/* its configuration file;
						   NULL: Debian's */
	bool			 alert;		/* say what is wrong alone */
	int			 wrong;		/* findings so far */
};

/* Words about one thing: that it is well; that it may be so and yet be meant;
 * that it is wrong, and what mends it. */
void	doctor_well(struct doctor *, const char *what, const char *, ...)
	    __attribute__((format(printf, 3, 4)));
void	doctor_note(struct doctor *, const char *what, const char *, ...)
	    __attribute__((format(printf, 3, 4)));
void	doctor_wrong(struct doctor *, const char *what, const char *cure,
	    const char *, ...) __attribute__((format(printf, 4, 5)));

/* How long ago: "3 min", "2 h"; borrowed until the next call. */
const char *doctor_ago(long seconds);

/* The looks: on this machine ... */
void	doctor_settings(struct doctor *);
void	doctor_spool(struct doctor *);
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
/* ... and over the network.  The store is the archive where it is no
 * directory. */
void	doctor_store(struct doctor *);
void	doctor_healthz(struct doctor *);
void	doctor_keys(struct doctor *);

#endif
