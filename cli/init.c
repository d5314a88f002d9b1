/* genhook init: from nothing to settings, database and addresses, by questions or
 * by its arguments. */
#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/db_conninfo.h"
#include "lib/xalloc.h"
#include "archive/file_url.h"
#include "cli/address.h"
#include "cli/init.h"
#include "cli/process.h"

#define INIT_RUNNER		"www-data"	/* of Debian's web servers */
#define INIT_LIGHTTPD		"/etc/lighttpd/conf-available/50-genhook.conf"

/* ---- the arguments ------------------------------------------------------ */

/* What may stand there often. */
struct init_words {
	const char	**providers, **keys, **secrets;
	int		 nproviders, nkeys, nsecrets;
};

static void
init_take_words(struct init_words *w, int *argc, char **argv)
{
	int	i, n = 0;

	for (i = 0; i < *argc; i++)
		if (i + 1 < *argc && strcmp(argv[i], "--provider") == 0)
			w->providers[w->nproviders++] = argv[++i];
		else if (i + 1 < *argc && strcmp(argv[i], "--key") == 0)
			w->keys[w->nkeys++] = argv[++i];
		else if (i + 1 < *argc && strcmp(argv[i], "--secret") == 0)
			w->secrets[w->nsecrets++] = argv[++i];
		else
			argv[n++] = argv[i];
	*argc = n;
}

/* "PROVIDER=VALUE" of an account that was named. */
static bool
init_assign(struct init *in, const char *word,
    bool (*set)(struct init_account *, const char *))
{
	const char		*value = strchr(word, '=');
	char			*name;
	const struct provider	*p;
	struct init_account	*a = NULL;

	if (value != NULL) {
		name = xstrdup(word);
		name[value - word] = '\0';
		if ((p = provider_find(name)) != NULL)
			a = init_account_of(in, p);
		free(name);
	}
	if (a == NULL) {
		(void)cli_wrong("\"%.*s\" is not PROVIDER=VALUE of a --provider "
		    "that was given", value != NULL ? (int)(value - word) :
		    16, word);
		return false;
	}
	return set(a, value + 1);
}

static bool
init_take_accounts(struct init *in, const struct init_words *w)
{
	bool	ok = true;
	int	i;

	for (i = 0; i < w->nproviders; i++)
		ok = init_account_add(in, w->providers[i]) && ok;
	for (i = 0; i < w->nkeys; i++)
		ok = init_assign(in, w->keys[i], init_account_set_key) && ok;
	for (i = 0; i < w->nsecrets; i++)
		ok = init_assign(in, w->secrets[i],
		    init_account_set_secret) && ok;
	return ok;
}

/* ---- where everything goes ---------------------------------------------- */

/* The settings' place, whole. */
static bool
init_place_settings(struct init *in)
{
	const char	*path = getenv("GENHOOK_CONF");
	char		 here[PATH_MAX];

	if (path == NULL)
		path = CONF_DEFAULT_PATH;
	if (*path == '/')
		in->path = xstrdup(path);
	else if (getcwd(here, sizeof(here)) == NULL ||
	    asprintf(&in->path, "%s/%s", here, path) == -1)
		in->path = NULL;
	if (in->path == NULL)
		(void)cli_wrong("the folder: %s", strerror(errno));
	else if (access(in->path, F_OK) == 0)
		(void)cli_wrong("%s is there already, and is not replaced: "
		    "genhook address prints its addresses, genhook doctor "
		    "looks at it, --config FILE names another", in->path);
	else
		return true;
	return false;
}

/* Who runs handlers and sweep, where root sets it up. */
static bool
init_place_runner(struct init *in, const char *user)
{
	const struct passwd	*pw;

	if (user == NULL && geteuid() == 0)
		user = INIT_RUNNER;
	if (user == NULL)
		return true;
	if ((pw = getpwnam(user)) == NULL) {
		(void)cli_wrong("this machine has no user %s: --user NAME names "
		    "the one that runs the handlers", user);
		return false;
	}
	in->runner = xstrdup(user);
	in->runner_uid = pw->pw_uid;
	in->runner_gid = pw->pw_gid;
	return true;
}

/* Settings in the system's place have the system's folders, others their own
 * beside them. */
static void
init_place_data(struct init *in, const char *data, const char *archive)
{
	bool	 system = data == NULL && in->runner != NULL &&
		    strcmp(in->path, CONF_DEFAULT_PATH) == 0;
	char	*outputs = NULL;

	if (data != NULL)
		in->data_dir = xstrdup(data);
	else if (system)
		in->data_dir = xstrdup("/var/lib/genhook");
	else {
		in->data_dir = xstrdup(in->path);
		*strrchr(in->data_dir, '/') = '\0';
	}
	if (system)
		in->spool_dir = xstrdup("/var/spool/genhook");
	else if (asprintf(&in->spool_dir, "%s/spool", in->data_dir) == -1)
		in->spool_dir = NULL;
	if (archive != NULL && *archive != '/')
		in->archive_url = xstrdup(archive);
	else if (archive != NULL)
		in->archive_url = file_url_of(archive);
	else if (asprintf(&outputs, "%s/outputs", in->data_dir) != -1)
		in->archive_url = file_url_of(outputs);
	free(outputs);
}

/* Are the system's users the logins: root, PostgreSQL's socket, no login said?  */
static bool
init_is_local(const struct init *in)
{
	char	*host = db_conninfo_value(in->conninfo, "host");
	char	*user = db_conninfo_value(in->conninfo, "user");
	char	*password = db_conninfo_value(in->conninfo, "password");
	bool	 is = in->runner != NULL && geteuid() == 0 && user == NULL &&
		    password == NULL && (host == NULL || *host == '/');

	free(host);
	free(user);
	free(password);
	return is;
}

/* Each account that has to have a secret and has none is named. */
static bool
init_has_secrets(const struct init *in)
{
	const struct init_account	*a;
	bool				 ok = true;
	size_t				 i;

	for (i = 0; i < in->naccounts; i++) {
		a = &in->accounts[i];
		if (a->secret != NULL || !init_needs_secret(a->provider))
			continue;
		(void)cli_wrong("%s signs its callbacks: --secret %s=SECRET is "
		    "needed", a->provider->name, a->provider->name);
		ok = false;
	}
	return ok;
}

/* All that is missing or wrong is named, and not only the first. */
static bool
init_is_complete(const struct init *in)
{
	struct errbuf	err;
	bool		ok = true;

	if (in->conninfo == NULL) {
		(void)cli_wrong("--database is needed: a connection string");
		ok = false;
	} else if (!db_conninfo_check(in->conninfo, &err)) {
		(void)cli_wrong("--database: %s", err.text);
		ok = false;
	}
	if (in->naccounts == 0) {
		(void)cli_wrong("--provider is needed, once for each provider");
		ok = false;
	}
	return init_has_secrets(in) && ok;
}

/* What nobody said has its default, or is missed. */
static bool
init_complete(struct init *in)
{
	size_t	len;

	if (in->conninfo == NULL && in->runner != NULL)
		init_set(&in->conninfo, "host=/run/postgresql dbname=genhook");
	if (in->base_url == NULL)
		init_set(&in->base_url, "");
	while ((len = strlen(in->base_url)) > 0 && in->base_url[len - 1] == '/')
		in->base_url[len - 1] = '\0';
	return init_is_complete(in);
}

static void
init_free(struct init *in)
{
	size_t	i;

	for (i = 0; i < in->naccounts; i++) {
		free(in->accounts[i].api_key);
		free(in->accounts[i].secret);
	}
	free(in->path);
	free(in->data_dir);
	free(in->spool_dir);
	free(in->conninfo);
	free(in->admin);
	free(in->base_url);
	free(in->archive_url);
	free(in->s3.endpoint);
	free(in->s3.region);
	free(in->s3.access_key);
	free(in->s3.secret_key);
	free(in->web_secret);
	free(in->runner);
}

/* ---- what follows the settings ------------------------------------------ */

static void
init_print_addresses(const struct init *in, const struct conf *conf)
{
	size_t	i;

	printf("\nThe addresses for callbacks, one for each provider.  Requests "
	    "that genhook sends\nhave theirs in them; where your application "
	    "calls a provider by itself, or a\nprovider's own pages ask for an "
	    "address, it is this one:\n\n");
	for (i = 0; i < conf->naccounts; i++)
		address_print(conf, &conf->accounts[i],
		    conf->accounts[i].tokens[0]);
	printf("\nWhere each provider wants it:\n\n");
	for (i = 0; i < conf->naccounts; i++)
		printf("%-10s %s\n", conf->accounts[i].provider->name,
		    address_place(conf->accounts[i].provider));
	printf("\ngenhook address prints them again; docs/providers shows "
	    "whole requests.\n");
	if (*in->base_url == '\0')
		printf("Put your own host in place of YOUR.HOST, also into "
		    "receiver.base_url of\n%s.\n", in->path);
	(void)fflush(stdout);
}

/* The first sweep, as cron will run it: what it cannot do shows at once.  The
 * program stands beside this one. */
static int
init_first_sweep(void *arg)
{
	const struct init	*in = arg;
	char			 path[PATH_MAX];
	const char		*argv[] = { path, "--config", in->path, NULL };

	return process_beside("-sweep", path) ? process_run(argv, false) : CLI_OK;
}

/* lighttpd serves the providers that had an account when it was loaded; and a sweep
 * that is a service waits for the settings. */
static void
init_serve(void)
{
	static const char *const	argv[] = { "/bin/sh", "-c",
	    /* 2: it was enabled before */
	    "exec >/dev/null; lighttpd-enable-mod genhook;"
	    " case $? in 0|2) ;; *) exit 1 ;; esac;"
	    " if [ -d /run/systemd/system ]; then"
	    " systemctl start genhook-sweep 2>&1;"
	    " exec systemctl reload-or-restart lighttpd; fi;"
	    " if service lighttpd status; then exec service lighttpd reload; fi;"
	    " exec service lighttpd start", NULL };

	if (geteuid() != 0 || access(INIT_LIGHTTPD, F_OK) == -1)
		return;
	if (process_run(argv, false) == 0)
		printf("lighttpd serves them.\n");
	else
		(void)cli_wrong("lighttpd does not take it: lighttpd -tt -f "
		    "/etc/lighttpd/lighttpd.conf says why");
}

/* The doctor's arguments, and the settings that it looks at. */
struct init_doctor {
	const struct conf	*conf;
	bool			 offline;
};

static int
init_doctor(void *arg)
{
	static char		 name[] = "doctor", offline[] = "--offline";
	const struct init_doctor *d = arg;
	char			*argv[] = { name, d->offline ? offline : NULL,
				    NULL };

	return cli_doctor(d->conf, d->offline ? 2 : 1, argv);
}

static int
init_finish(const struct init *in)
{
	union { const struct init *from; void *to; } arg = { .from = in };
	struct init_doctor	 doctor = { .offline = in->offline };
	struct errbuf		 err;
	struct conf		*conf;
	int			 status = CLI_OK;

	if ((conf = conf_load(in->path, &err)) == NULL)
		return cli_wrong("%s", err.text);
	init_print_addresses(in, conf);
	if (!in->no_database) {
		init_serve();
		(void)(in->runner != NULL && geteuid() == 0 ?
		    process_run_as(in->runner, init_first_sweep, arg.to) :
		    init_first_sweep(arg.to));
		printf("\ngenhook doctor:\n");
		doctor.conf = conf;
		status = in->local ? process_run_as(INIT_OWNER, init_doctor,
		    &doctor) : init_doctor(&doctor);
	}
	conf_free(conf);
	return status;
}

static int
init_do(struct init *in)
{
	if (in->asks && !init_ask(in))
		return cli_wrong("nothing was changed");
	if (!init_complete(in))
		return CLI_USAGE;
	in->local = init_is_local(in);
	if (!init_settings_write(in))
		return CLI_WRONG;
	printf("%s is written.\n", in->path);
	if (in->no_database) {
		printf("For a superuser of PostgreSQL, before genhook migrate:\n\n");
		if (!init_database_print(in))
			return CLI_WRONG;
	} else if (!init_database_make(in))
		return cli_wrong("the database is not ready yet.  Mend that, "
		    "then: genhook migrate; genhook doctor.  To begin anew, "
		    "remove %s", in->path);
	return init_finish(in);
}

/* ---- the command -------------------------------------------------------- */

/* Options as they stand there, borrowed. */
struct init_options {
	const char	*database, *admin, *base_url, *archive, *data, *user;
	const char	*s3_endpoint, *s3_region, *s3_access_key, *s3_secret_key;
	bool		 web, no_database, offline, defaults;
};

static bool
init_set_up(struct init *in, const struct init_options *o,
    const struct init_words *words)
{
	char	secret[CLI_TOKEN_SIZE];
	bool	ok;

	in->asks = !o->defaults && isatty(STDIN_FILENO) == 1;
	in->no_database = o->no_database;
	in->offline = o->offline;
	init_set(&in->conninfo, o->database);
	init_set(&in->admin, o->admin);
	init_set(&in->base_url, o->base_url);
	init_set(&in->s3.endpoint, o->s3_endpoint);
	init_set(&in->s3.region, o->s3_region);
	init_set(&in->s3.access_key, o->s3_access_key);
	init_set(&in->s3.secret_key, o->s3_secret_key);
	ok = init_place_settings(in);
	ok = init_place_runner(in, o->user) && ok;
	if (!init_take_accounts(in, words) || !ok)
		return false;
	init_place_data(in, o->data, o->archive);
	if (o->web && cli_token_make(secret))
		init_set(&in->web_secret, secret);
	return in->spool_dir != NULL && in->archive_url != NULL;
}

int
cli_init(const struct conf *conf, int argc, char **argv)
{
	struct init_options	 o = { .web = false };
	struct cli_option	 options[] = {
		{ "--database", NULL, &o.database },
		{ "--admin", NULL, &o.admin },
		{ "--no-database", &o.no_database, NULL },
		{ "--base-url", NULL, &o.base_url },
		{ "--archive", NULL, &o.archive },
		{ "--s3-endpoint", NULL, &o.s3_endpoint },
		{ "--s3-region", NULL, &o.s3_region },
		{ "--s3-access-key", NULL, &o.s3_access_key },
		{ "--s3-secret-key", NULL, &o.s3_secret_key },
		{ "--data", NULL, &o.data }, { "--user", NULL, &o.user },
		{ "--web", &o.web, NULL }, { "--offline", &o.offline, NULL },
		{ "--yes", &o.defaults, NULL }, { NULL, NULL, NULL }
	};
	struct init_words	 words = { .nkeys = 0 };
	struct init		*in = xcalloc(sizeof(*in));
	int			 status = CLI_USAGE;

	(void)conf;
	words.providers = xcalloc((size_t)argc * sizeof(*words.providers));
	words.keys = xcalloc((size_t)argc * sizeof(*words.keys));
	words.secrets = xcalloc((size_t)argc * sizeof(*words.secrets));
	init_take_words(&words, &argc, argv);
	if (cli_arguments(argc, argv, options, NULL, 0) != -1)
		status = init_set_up(in, &o, &words) ? init_do(in) : CLI_WRONG;
	init_free(in);
	free(in);
	free(words.providers);
	free(words.keys);
	free(words.secrets);
	return status;
}
