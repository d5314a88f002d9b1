/* genhook doctor: runs every check, and says what mends what is wrong. */
#include <stdarg.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/colour.h"
#include "cli/doctor/doctor.h"

/* What a check needs; SETUP is one of what changes only by hand, which --alert
 * leaves out. */
enum { CONF = 1, DB = 2, NETWORK = 4, SETUP = 8 };

/* The checks, in the order in which they are run. */
static const struct {
	void	(*run)(struct doctor *);
	int	  flags;
} checks[] = {
	{ doctor_settings, 0 },
	{ doctor_database, CONF },
	{ doctor_rights, CONF | DB | SETUP },
	{ doctor_clock, CONF | DB },
	{ doctor_sweep, CONF | DB },
	{ doctor_work, CONF | DB },
	{ doctor_spool, CONF },
	{ doctor_archive, CONF },
	{ doctor_space, CONF },
	{ doctor_types, 0 },
	{ doctor_lighttpd, CONF | SETUP },
	{ doctor_store, CONF | NETWORK },
	{ doctor_handlers, CONF | NETWORK },
	{ doctor_keys, CONF | NETWORK | SETUP },
};

const char *
doctor_ago(long seconds)
{
	static const struct {
		long		 over, unit;
		const char	*word;
	} units[] = {
		{ 2 * 86400, 86400, "days" }, { 2 * 3600, 3600, "h" },
		{ 120, 60, "min" }, { -1, 1, "s" }
	};
	static char	buf[32];
	size_t		i = 0;

	if (seconds < 0)
		seconds = 0;
	while (seconds < units[i].over)
		i++;
	(void)snprintf(buf, sizeof(buf), "%ld %s", seconds / units[i].unit,
	    units[i].word);
	return buf;
}

static void __attribute__((format(printf, 3, 0)))
doctor_say(const char *mark, const char *what, const char *fmt, va_list ap)
{
	const char	*colour = colour_of(mark);
	char		 raw[CLI_TEXT_MAX], text[CLI_TEXT_MAX];

	(void)vsnprintf(raw, sizeof(raw), fmt, ap);
	(void)cli_text(text, sizeof(text), raw, CLI_WHOLE);
	printf("%s%-6s%s %-9s %s\n", colour, mark, colour_end(colour), what,
	    text);
}

void
doctor_ok(struct doctor *d, const char *what, const char *fmt, ...)
{
	va_list	ap;

	if (d->alert)
		return;
	va_start(ap, fmt);
	doctor_say("ok", what, fmt, ap);
	va_end(ap);
}

void
doctor_note(struct doctor *d, const char *what, const char *fmt, ...)
{
	va_list	ap;

	if (d->alert)
		return;
	va_start(ap, fmt);
	doctor_say("note", what, fmt, ap);
	va_end(ap);
}

/* The first line of a mail that cron sends. */
static void
doctor_mail_head(void)
{
	char		host[65] = "?", when[32] = "?";
	struct tm	tm;
	time_t		now = time(NULL);

	(void)gethostname(host, sizeof(host) - 1);
	if (gmtime_r(&now, &tm) != NULL)
		(void)strftime(when, sizeof(when), "%Y-%m-%d %H:%M UTC", &tm);
	printf("genhook on %s, %s: somebody should look at this.\n\n", host,
	    when);
}

void
doctor_wrong(struct doctor *d, const char *what, const char *cure,
    const char *fmt, ...)
{
	va_list	ap;

	if (d->alert && d->wrong == 0)
		doctor_mail_head();
	d->wrong++;
	va_start(ap, fmt);
	doctor_say("WRONG", what, fmt, ap);
	va_end(ap);
	printf("       cure: %s\n", cure);
}

static void
doctor_run(struct doctor *d, bool offline)
{
	size_t	i;
	int	flags;

	for (i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		flags = checks[i].flags;
		if (((flags & CONF) != 0 && d->conf == NULL) ||
		    ((flags & DB) != 0 && d->db == NULL) ||
		    ((flags & NETWORK) != 0 && offline) ||
		    ((flags & SETUP) != 0 && d->alert))
			continue;
		checks[i].run(d);
	}
}

int
cli_doctor(const struct conf *conf, int argc, char **argv)
{
	struct doctor		 d = { .conf = conf };
	bool			 offline = false;
	struct cli_option	 options[] = {
		{ "--alert", &d.alert, NULL }, { "--offline", &offline, NULL },
		{ "--lighttpd", NULL, &d.lighttpd },
		{ "--cron", NULL, &d.cron }, { NULL, NULL, NULL }
	};

	if (cli_arguments(argc, argv, options, NULL, 0) == -1)
		return CLI_USAGE;
	doctor_run(&d, offline);
	db_free(d.db);
	if (!d.alert)
		printf("%d wrong\n", d.wrong);
	return d.wrong == 0 ? CLI_OK : CLI_WRONG;
}
