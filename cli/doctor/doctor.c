/* genhook doctor: runs every check, and says what mends what is wrong. */
#include <stdarg.h>
#include <string.h>

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
	{ doctor_wal, CONF | DB | SETUP },
	{ doctor_spool, CONF },
	{ doctor_signers, CONF },
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

static void
doctor_say_cure(const char *cure)
{
	printf("       cure: %s\n", cure);
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

void
doctor_advise(struct doctor *d, const char *what, const char *cure,
    const char *fmt, ...)
{
	va_list	ap;

	if (d->alert)
		return;
	va_start(ap, fmt);
	doctor_say("note", what, fmt, ap);
	va_end(ap);
	doctor_say_cure(cure);
}

void
doctor_line(const char *mark, const char *what, const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	doctor_say(mark, what, fmt, ap);
	va_end(ap);
}

void
doctor_wrong(struct doctor *d, const char *what, const char *cure,
    const char *fmt, ...)
{
	char	words[CLI_TEXT_MAX];
	va_list	ap;

	va_start(ap, fmt);
	(void)vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	if (d->alert)
		doctor_alert_keep(d, what, words, cure);
	else {
		doctor_line("WRONG", what, "%s", words);
		doctor_say_cure(cure);
	}
	d->wrong++;
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
	if (d.alert)
		doctor_alert_tell(&d, offline);
	else
		printf("%d wrong\n", d.wrong);
	doctor_alert_free(&d);
	db_free(d.db);
	return d.wrong == 0 ? CLI_OK : CLI_WRONG;
}
