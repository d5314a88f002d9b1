/* The settings file: can it be read, by those alone who may, and has it
 * accounts? */
#include <sys/stat.h>

#include "cli/doctor/doctor.h"

/* What keeps the settings from being read, and what mends it. */
static const struct {
	enum err_class	 class;
	const char	*cure;
} settings_cures[] = {
	{ ERR_EXPOSED, "chmod o= that file" },
	{ ERR_NO_FILE, "copy genhook.conf.example there, or name the file "
	    "with --config or $GENHOOK_CONF" },
	{ ERR_NO_RIGHT, "run this as root, or as the user of the handlers" },
	{ ERR_OTHER, NULL }
};

static void
settings_mistake(void *arg, const char *words)
{
	struct doctor	*d = arg;

	doctor_wrong(d, "settings", "correct that line; then: genhook config "
	    "check", "%s", words);
}

static void
settings_unset(void *arg, const char *words)
{
	struct doctor	*d = arg;

	doctor_note(d, "settings", "%s; handlers and sweep need it in their "
	    "environment", words);
}

static void
settings_refused(struct doctor *d)
{
	struct errbuf	err;
	struct conf	*again;
	size_t		 i = 0;

	/* Once more, for the words. */
	if ((again = conf_load(NULL, &err)) != NULL) {
		conf_free(again);
		return;
	}
	while (settings_cures[i].class != err.class &&
	    settings_cures[i].class != ERR_OTHER)
		i++;
	if (settings_cures[i].class == ERR_OTHER)
		conf_free(conf_check(NULL, settings_mistake, d));
	else
		doctor_wrong(d, "settings", settings_cures[i].cure, "%s",
		    err.text);
}

static void
settings_accounts(struct doctor *d)
{
	const struct account	*a;
	size_t			 i;

	for (i = 0; i < d->conf->naccounts; i++) {
		a = &d->conf->accounts[i];
		if (*a->api_key == '\0')
			doctor_note(d, "settings", "%s %s has no api_key: the "
			    "sweep cannot ask for what a lost callback said",
			    a->provider->name, a->name);
	}
	if (d->conf->naccounts == 0)
		doctor_wrong(d, "settings", "add a section for each account "
		    "of a provider", "there is no account: no callback is "
		    "accepted");
}

void
doctor_settings(struct doctor *d)
{
	struct stat	st;

	if (d->conf == NULL) {
		settings_refused(d);
		return;
	}
	if (stat(d->conf->path, &st) == 0 && (st.st_mode & S_IWGRP) != 0)
		doctor_wrong(d, "settings", "chmod g-w that file",
		    "%s can be changed by its group (mode %04o)",
		    d->conf->path, (unsigned)st.st_mode & 07777);
	else
		doctor_ok(d, "settings", "%s, %zu accounts", d->conf->path,
		    d->conf->naccounts);
	settings_accounts(d);
	/* They could be loaded, so that is all there can be. */
	conf_free(conf_check(NULL, settings_unset, d));
}
