/* genhook, the operator's command: the table of its subcommands, and main(). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "lib/version.h"
#include "cli/cli.h"

static const struct cli_word migrate_words[] = {
	{ "--check", "what differs in the database; changes nothing" },
	{ "--print", "the SQL, for an empty database, on standard output" },
	{ NULL, NULL }
};

#define LIST_WORDS							\
	{ "PROVIDER", "only of this provider" },			\
	{ "--account ACCOUNT", "only of this account" },		\
	{ "--since TIME", "only later ones: yesterday, "		\
	    "'2026-11-21 08:00Z'" },					\
	{ "--json", "one JSON document, with every column" },		\
	{ "--csv", "every column as comma-separated values" },		\
	{ "--limit N", "N rows, not 50" },				\
	{ NULL, NULL }

/* Of lists whose rows have them. */
#define LIST_TASK_WORDS							\
	{ "--model TEXT", "only where the model's name has this in it" },	\
	{ "--metadata JSON", "only where the metadata holds this: "	\
	    "'{\"order\": 17}'" },					\
	LIST_WORDS

static const struct cli_word tasks_words[] = {
	{ "pending|succeeded|failed|cancelled|lost", "only these" },
	LIST_TASK_WORDS
};

static const struct cli_word outputs_words[] = {
	{ "pending|stored|expired|failed|inline", "only these" },
	LIST_TASK_WORDS
};

static const struct cli_word deliveries_words[] = {
	{ "accepted|duplicate|conflict|ignored|unparsed|stale|rejected|"
	    "unverified", "only these" },
	LIST_WORDS
};

static const struct cli_word requests_words[] = {
	{ "queued|sending|submitted|refused|unknown", "only these" },
	LIST_TASK_WORDS
};

static const struct cli_word forwards_words[] = {
	{ "pending|sent|failed", "only these" },
	LIST_WORDS
};

static const struct cli_word forward_words[] = {
	{ "test", "send an event of the type \"test\" now" },
	{ "NAME", "a section \"forward NAME\" of the settings" },
	{ NULL, NULL }
};

/* Of what has no status. */
static const struct cli_word attention_words[] = {
	LIST_WORDS
};

static const struct cli_word health_words[] = {
	{ "PROVIDER", "only of this provider" },
	{ "--account ACCOUNT", "how accounts of this name do" },
	{ "--since TIME", "only with later callbacks: yesterday, "
	    "'2026-11-21 08:00Z'" },
	{ "--json", "one JSON document, with every column" },
	{ "--csv", "every column as comma-separated values" },
	{ "--limit N", "N rows, not 50" },
	{ NULL, NULL }
};

static const struct cli_word stats_words[] = {
	{ "--model TEXT", "only where the model's name has this in it" },
	LIST_WORDS
};

static const struct cli_word sweeps_words[] = {
	{ "--since TIME", "only later ones: yesterday, "
	    "'2026-11-21 08:00Z'" },
	{ "--json", "one JSON document, with every column" },
	{ "--csv", "every column as comma-separated values" },
	{ "--limit N", "N rows, not 50" },
	{ NULL, NULL }
};

static const struct cli_word delivery_words[] = {
	{ "ID", "as genhook deliveries prints it, or how that begins" },
	{ "--json", "what stands beside the body: headers, outcome, note" },
	{ NULL, NULL }
};

static const struct cli_word request_words[] = {
	{ "cancel ID", "withdraw a request that is still queued" },
	{ "requeue ID", "send it once more; an unknown one may then be paid "
	    "twice" },
	{ "settle ID TASK", "it became this task, as the provider's list has "
	    "it" },
	{ NULL, NULL }
};

static const struct cli_word resume_words[] = {
	{ "--unknown", "what was queued may have been sent: do not send it" },
	{ NULL, NULL }
};

static const struct cli_word show_words[] = {
	{ "TASK", "PROVIDER/ID, the id alone, or how it begins" },
	{ "--json", "task, outputs and deliveries as one JSON document" },
	{ NULL, NULL }
};

static const struct cli_word retry_words[] = {
	{ "TASK", "the outputs of one task: PROVIDER/ID, or how the id begins" },
	{ "PROVIDER", "the outputs of this provider's tasks" },
	{ "--all", "all outputs" },
	{ "--status expired|failed|pending", "only outputs of this status" },
	{ NULL, NULL }
};

static const struct cli_word repoll_words[] = {
	{ "TASK", "one task: PROVIDER/ID, or how the id begins" },
	{ "PROVIDER", "the tasks of this provider" },
	{ "--all", "all tasks" },
	{ "--status pending|lost", "only tasks of this status" },
	{ NULL, NULL }
};

static const struct cli_word cancel_words[] = {
	{ "TASK", "PROVIDER/ID, the id alone, or how it begins" },
	{ NULL, NULL }
};

static const struct cli_word replay_words[] = {
	{ "--outcome unparsed|rejected|ignored|stale",
	    "only these; unparsed if not said" },
	{ "--provider PROVIDER", "only deliveries of this provider" },
	{ "--account ACCOUNT", "only deliveries of this account" },
	{ "--task ID", "only deliveries about this task, or how its id begins" },
	{ "--since TIME", "only later ones: yesterday, '2026-11-21 08:00Z'" },
	{ "--id ID", "only this one, or how its id begins, whatever its outcome" },
	{ "--queue", "only mark them: the next sweep replays them" },
	{ NULL, NULL }
};

static const struct cli_word submit_words[] = {
	{ "PROVIDER", "one of those that the settings have a section for" },
	{ "MODEL", "as the provider's page writes it" },
	{ "--param KEY=VALUE", "one field of the request; may be repeated" },
	{ "--account ACCOUNT", "whose API key is used; if not said, default" },
	{ "--metadata JSON", "data of your own, kept with the task" },
	{ "--wait", "download the outputs at once, and print where" },
	{ "--test-mode", "a mock event in place of a generation (novita)" },
	{ "--no-callback", "ask for none: the sweep polls the task" },
	{ "--path PATH", "below api_base, if not the model's usual path" },
	{ "--queued", "send now what is queued in genhook.requests" },
	{ NULL, NULL }
};

static const struct cli_word tail_words[] = {
	{ "--json", "each line is JSON: a row of genhook.task_results" },
	{ NULL, NULL }
};

static const struct cli_word init_words[] = {
	{ "--provider PROVIDER", "one that you use; may be repeated" },
	{ "--key PROVIDER=KEY", "its API key, or file:PATH; may be repeated" },
	{ "--secret PROVIDER=SECRET", "what it signs callbacks with; may be "
	    "repeated" },
	{ "--database CONNINFO", "a connection string; as root, if not said, "
	    "the local one" },
	{ "--admin CONNINFO", "a superuser's, to make roles and database" },
	{ "--no-database", "print that SQL, and touch no database" },
	{ "--base-url URL", "this server, as the providers see it" },
	{ "--archive PLACE", "a folder for the outputs, or s3://bucket/prefix" },
	{ "--s3-endpoint URL", "the store" },
	{ "--s3-region REGION", "its region, if not us-east-1" },
	{ "--s3-access-key KEY", "its access key id" },
	{ "--s3-secret-key KEY", "its secret, or file:PATH" },
	{ "--data DIR", "spool and outputs go below it" },
	{ "--user USER", "who runs handlers and sweep; as root, if not said, "
	    "www-data" },
	{ "--web", "switch the page on" },
	{ "--offline", "the doctor asks neither lighttpd nor the providers" },
	{ "--yes", "ask nothing, and take the defaults" },
	{ NULL, NULL }
};

static const struct cli_word address_words[] = {
	{ "PROVIDER", "the addresses of this provider alone" },
	{ "ACCOUNT", "of this account alone" },
	{ NULL, NULL }
};

static const struct cli_word token_words[] = {
	{ "new", "make a token" },
	{ "list", "say of each token whether it is in use" },
	{ "PROVIDER", "print the address for this provider alone" },
	{ "ACCOUNT", "the account's name in the settings; else default" },
	{ NULL, NULL }
};

static const struct cli_word account_words[] = {
	{ "rename", "move what an account has to do yet to another" },
	{ "PROVIDER", "whose account it is" },
	{ "ACCOUNT", "first the old name, then the one in the settings" },
	{ NULL, NULL }
};

static const struct cli_word archive_words[] = {
	{ "move", "bring its files to the archive of the settings" },
	{ "--from FILE", "the old archive: file:///PATH, s3://BUCKET/PREFIX in "
	    "the same\n                   store, or a file with the settings as "
	    "they were" },
	{ "--keep", "leave the old copies where they are" },
	{ "--dry-run", "say how much there is to move; change nothing" },
	{ NULL, NULL }
};

static const struct cli_word web_words[] = {
	{ "login", "print a link that signs in once, within ten minutes" },
	{ "logout", "end every session of this name" },
	{ "NAME", "who; what they do is recorded under it" },
	{ "--act", "with login: to look and to act, not to look alone" },
	{ NULL, NULL }
};

static const struct cli_word secret_words[] = {
	{ "fetch", "ask the provider, with the account's api_key" },
	{ "PROVIDER", "wavespeed or replicate" },
	{ "ACCOUNT", "the account in the settings; else default" },
	{ NULL, NULL }
};

static const struct cli_word lighttpd_words[] = {
	{ "--cgi", "for plain CGI in place of FastCGI" },
	{ "--single", "one program, genhook-hook, serves all providers" },
	{ NULL, NULL }
};

static const struct cli_word doctor_words[] = {
	{ "--alert", "for cron: nothing if all is ok, else a mail's text" },
	{ "--offline", "ask neither lighttpd nor the providers" },
	{ "--lighttpd FILE", "its configuration; else "
	    "/etc/lighttpd/lighttpd.conf" },
	{ "--cron FILE", "cron's lines for the sweep; else "
	    "/etc/cron.d/genhook" },
	{ NULL, NULL }
};

static const struct cli_word config_words[] = {
	{ "check", "read the file and name every mistake" },
	{ "keys", "every setting, with default and bounds" },
	{ NULL, NULL }
};

static const struct cli_word metrics_words[] = {
	{ NULL, NULL }
};

static const struct cli_word completion_words[] = {
	{ "bash|zsh|fish", "the shell" },
	{ NULL, NULL }
};

const struct cli_command cli_commands[] = {
	{ "submit", "PROVIDER MODEL [--param KEY=VALUE ...] ... | --queued",
	    "send a request to a provider, once",
	    "The request is the JSON on standard input, or is made of the "
	    "--param options.\nKEY may be a path (input.prompt).  VALUE is "
	    "JSON where it reads as JSON (a\nnumber, true, [...], {...}, "
	    "\"...\"), the text of a file where it is @FILE, and\nelse text.  "
	    "The callback's address is filled in for the provider.  Prints\n"
	    "the task's id.",
	    submit_words, cli_submit, CLI_CONF, NULL },
	{ "tasks", "[STATUS] [PROVIDER] [--since TIME] [--csv] ...", "the newest tasks",
	    "Newest first: by when they finished, or were submitted.",
	    tasks_words, cli_tasks, CLI_CONF, NULL },
	{ "outputs", "[STATUS] [PROVIDER] [--since TIME] [--csv] ...", "the newest outputs",
	    "Newest first: by when their tasks finished.  \"where\" is the "
	    "file, or the text,\nor why there is none.",
	    outputs_words, cli_outputs, CLI_CONF, NULL },
	{ "deliveries", "[OUTCOME] [PROVIDER] [--since TIME] ...",
	    "the newest callbacks and poll answers",
	    "Newest first; \"note\" says why one was not accepted.",
	    deliveries_words, cli_deliveries, CLI_CONF, NULL },
	{ "delivery", "ID [--json]", "one delivery's body, as it came",
	    "The bytes as the provider sent them, with tokens redacted.  To a "
	    "terminal, what\nit cannot print stands as \\xNN.",
	    delivery_words, cli_delivery, CLI_CONF, NULL },
	{ "requests", "[STATUS] [PROVIDER] [--since TIME] [--csv] ...",
	    "the newest requests of the outbox",
	    "Newest first; \"error\" says why a request waits, was refused, or "
	    "is unknown.",
	    requests_words, cli_requests, CLI_CONF, NULL },
	{ "forwards", "[STATUS] [PROVIDER] [--since TIME] [--csv] ...",
	    "what applications were told, and what waits",
	    "Newest first; \"last_error\" says why an event was not taken.",
	    forwards_words, cli_forwards, CLI_CONF, NULL },
	{ "forward", "test NAME", "try whether an application takes events",
	    "Sends an event of the type \"test\", signed as any other, and says\n"
	    "what came of it.",
	    forward_words, cli_forward, CLI_CONF, NULL },
	{ "attention", "[PROVIDER] [--json] ...",
	    "what a person should look at, the most urgent first",
	    "\"cure\" is the statement that mends it, or shows more.",
	    attention_words, cli_attention, CLI_CONF, NULL },
	{ "health", "[PROVIDER] [--json] ...", "how each provider does",
	    "\"last\" is the age of the last callback, \"% poll\" the share of "
	    "results that polls\nfound, \"lost\" the links lost in the last "
	    "day, and \"quiet\" whether callbacks have\nstopped.",
	    health_words, cli_health, CLI_CONF, NULL },
	{ "sweeps", "[--since TIME] [--json] ...", "the newest runs of the sweep",
	    "\"error\" says what kept a run from doing all; a run without "
	    "\"seconds\" goes on, or\nwas killed.",
	    sweeps_words, cli_sweeps, CLI_CONF, NULL },
	{ "stats", "[PROVIDER] [--model TEXT] [--since TIME] [--csv] ...",
	    "tasks, outputs and costs of each day",
	    "By provider, account and model, the newest day first; days are "
	    "UTC.  \"cost\" is\nwhat providers said.  The sweep counts what "
	    "has ended.",
	    stats_words, cli_stats, CLI_CONF, NULL },
	{ "request", "cancel ID | requeue ID | settle ID TASK",
	    "withdraw a request, send it again, or say what it became",
	    "ID is the number that genhook requests prints.  A request that "
	    "was withdrawn\ncomes back only by its own id.",
	    request_words, cli_request, CLI_CONF, NULL },
	{ "resume", "[--unknown]",
	    "let a restored or moved database send requests",
	    "A database that looks like a copy of the one that has sent so far "
	    "sends\nnothing, since each request that the other has sent would "
	    "be paid for twice.\nThis is your word that no other database "
	    "sends its requests any more.",
	    resume_words, cli_resume, CLI_CONF, NULL },
	{ "show", "TASK [--json]", "everything about one task, by time",
	    "When it was submitted, called back, polled, finished, downloaded; "
	    "and what\ncomes next.",
	    show_words, cli_show, CLI_CONF, NULL },
	{ "tail", "[--json]", "print each task when it finishes",
	    "Runs until Ctrl-C.  When the connection breaks it connects again, "
	    "and prints\nwhat finished meanwhile.",
	    tail_words, cli_tail, CLI_CONF, NULL },
	{ "retry", "TASK | PROVIDER | --all [--status STATUS]",
	    "download outputs again that were given up",
	    "Expired and failed outputs become due now, or with --status "
	    "pending the outputs\nthat wait for their next attempt.  The next "
	    "sweep downloads them.",
	    retry_words, cli_retry, CLI_CONF, NULL },
	{ "repoll", "TASK | PROVIDER | --all [--status STATUS]",
	    "ask the provider again about tasks",
	    "Pending and lost tasks become due now.  The next sweep asks the "
	    "provider.",
	    repoll_words, cli_repoll, CLI_CONF, NULL },
	{ "cancel", "TASK", "stop waiting for a task",
	    "The provider is not told, and may still charge for it.  A result "
	    "that comes\nlater is recorded, but changes nothing.",
	    cancel_words, cli_cancel, CLI_CONF, NULL },
	{ "replay", "[--outcome OUTCOME] [--since TIME] [--id ID] ...",
	    "parse kept deliveries again",
	    "For example after an upgrade that can read more of them.  An "
	    "unverified delivery\nis replayed only when you name it with --id: "
	    "that says that you trust it.\nA finished task is never "
	    "overwritten.",
	    replay_words, cli_replay, CLI_CONF, NULL },
	{ "doctor", "[--alert] [--offline] [--lighttpd FILE] [--cron FILE]",
	    "check everything, and say how to fix what is wrong",
	    "Checks settings, database, rights, clocks, cron's last run, late "
	    "work, spool,\narchive, space, lighttpd, handlers; and API keys, "
	    "by asking each provider for a\ntask that does not exist, which "
	    "costs nothing.",
	    doctor_words, cli_doctor, CLI_CONF_OR_NULL, NULL },
	{ "metrics", "", "print the figures that monitoring reads",
	    "In the text format of Prometheus.  The page has the same at "
	    "metrics, for whoever\nhas web.metrics_token.",
	    metrics_words, cli_metrics, CLI_CONF, NULL },
	{ "migrate", "[--check | --print]",
	    "bring the database to this version's schema",
	    "Does nothing when the schema is current.  Two at once wait for "
	    "each other.",
	    migrate_words, cli_migrate, CLI_CONF_NOT_BARE, "--print" },
	{ "config", "check | keys",
	    "check the settings file, or list every setting", NULL,
	    config_words, cli_config, CLI_CONF_OR_NULL, NULL },
	{ "init", "[--provider PROVIDER ...] [--database CONNINFO] ...",
	    "set genhook up: settings, database, addresses",
	    "Asks on a terminal for what its options do not say.  Writes the "
	    "settings, with\nfresh tokens, where no file is yet; makes "
	    "folders, roles, database and tables;\nprints each provider's "
	    "address; ends with the doctor.",
	    init_words, cli_init, CLI_CONF_NONE, NULL },
	{ "address", "[PROVIDER [ACCOUNT]]",
	    "print what to give to providers as the callback's address",
	    "Each line has the account, and the address with its newest token.",
	    address_words, cli_address, CLI_CONF, NULL },
	{ "token", "list | new [PROVIDER [ACCOUNT]]",
	    "make a token, or say which are still in use",
	    "new: prints a token, its line for the settings, and the address "
	    "to give to the\nprovider.  list: prints of each token of the "
	    "settings its place, the first\ndigits of its SHA-256, and "
	    "whether it is the newest, in use, or may go.\nChanges nothing.",
	    token_words, cli_token, CLI_CONF_OR_NULL, NULL },
	{ "account", "rename PROVIDER ACCOUNT NEW_ACCOUNT",
	    "after a section's title in the settings was changed",
	    "Tasks that are pending, lost or have outputs to fetch, and requests "
	    "that are\nqueued, refused or unknown, become the new account's.  "
	    "What is finished\nkeeps its name.",
	    account_words, cli_account, CLI_CONF, NULL },
	{ "archive", "move --from OLD [--keep] [--dry-run]",
	    "move the stored files to the archive of the settings",
	    "Between directories and S3 stores.  Each file is read again at "
	    "its new place\nbefore its row changes, and then removed from the "
	    "old one.  It may be ended at\nany moment, and goes on when it is "
	    "started again; sweeps may run meanwhile.",
	    archive_words, cli_archive, CLI_CONF, NULL },
	{ "secret", "fetch PROVIDER [ACCOUNT]",
	    "get the secret a provider signs its callbacks with",
	    "Prints the secret, and its line for the settings.  Changes "
	    "nothing.",
	    secret_words, cli_secret, CLI_CONF, NULL },
	{ "lighttpd", "[--cgi] [--single]",
	    "print the part of lighttpd's configuration with the handlers",
	    "A block for each provider that has an account, and one for the "
	    "page where\nweb.secret is set.  The files that are installed for "
	    "lighttpd call this by\nthemselves, whenever lighttpd starts or "
	    "is reloaded.",
	    lighttpd_words, cli_lighttpd, CLI_CONF_OR_NULL, NULL },
	{ "web", "login NAME [--act] | logout NAME",
	    "let somebody see the page, or no more",
	    "The page is there once web.secret is set.  A session lasts 30 "
	    "days.",
	    web_words, cli_web, CLI_CONF, NULL },
	{ "completion", "[bash|zsh|fish]",
	    "print the completion for a shell, if not said bash",
	    "For this shell alone:  source <(genhook completion).  It offers "
	    "ids and accounts\ntoo, which it asks the settings and the "
	    "database for.",
	    completion_words, cli_completion, CLI_CONF_OR_NULL, NULL },
	{ NULL, NULL, NULL, NULL, NULL, NULL, CLI_CONF, NULL }
};

const struct cli_command *
cli_command(const char *name)
{
	const struct cli_command	*c;

	for (c = cli_commands; c->name != NULL; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

static void
main_usage(FILE *fp)
{
	const struct cli_command	*c;

	fputs("usage: genhook COMMAND [ARGUMENTS] [--config FILE]\n"
	    "       genhook --help | --version\n\n", fp);
	for (c = cli_commands; c->name != NULL; c++)
		fprintf(fp, "  %-11s %s\n", c->name, c->says);
	fputs("\ngenhook COMMAND --help says more about each.\n"
	    "The settings come from FILE, else $GENHOOK_CONF, else "
	    CONF_DEFAULT_PATH ".\n"
	    "Exit status: 0 ok, 1 something is wrong, 2 bad usage.\n", fp);
}

static int
main_help(const struct cli_command *c)
{
	const struct cli_word	*w;

	printf("usage: genhook %s%s%s\n\n%s.\n", c->name,
	    *c->args != '\0' ? " " : "", c->args, c->says);
	if (c->more != NULL)
		printf("%s\n", c->more);
	if (c->words->word != NULL)
		putchar('\n');
	for (w = c->words; w->word != NULL; w++)
		if (strlen(w->word) > 16)
			printf("  %s\n  %-16s %s\n", w->word, "", w->says);
		else
			printf("  %-16s %s\n", w->word, w->says);
	return CLI_OK;
}

static bool
main_wants_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* Anywhere behind the command, but for a line that is to be completed. */
static bool
main_wants_its_help(int argc, char **argv)
{
	int	i;

	for (i = 2; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (main_wants_help(argv[i]))
			return true;
	return false;
}

static bool
main_wants_version(const char *word)
{
	return strcmp(word, "--version") == 0 || strcmp(word, "version") == 0;
}

/*
 * Take "--config FILE", before or behind the command, out of the arguments:
 * what reads the settings, now or later, finds them by the environment.  False:
 * the file is missing, or there is no memory.
 */
static bool
main_take_config(int *argc, char **argv)
{
	int	i;

	for (i = 1; i < *argc; i++) {
		if (strcmp(argv[i], "--config") != 0)
			continue;
		if (i + 1 == *argc ||
		    setenv("GENHOOK_CONF", argv[i + 1], 1) == -1)
			return false;
		memmove(&argv[i], &argv[i + 2],
		    (size_t)(*argc - i - 1) * sizeof(*argv));
		*argc -= 2;
		break;
	}
	return true;
}

/* "help" and "help COMMAND", as "--help" and "COMMAND --help". */
static void
main_turn_help(int argc, char **argv)
{
	static char	help[] = "--help";

	if (argc < 2 || strcmp(argv[1], "help") != 0)
		return;
	argv[1] = argc > 2 ? argv[2] : help;
	if (argc > 2)
		argv[2] = help;
}

static bool
main_needs_no_conf(const struct cli_command *c, int argc, char **argv)
{
	return c->conf == CLI_CONF_NONE || (c->conf == CLI_CONF_NOT_BARE &&
	    argc == 2 && strcmp(argv[1], c->bare) == 0);
}

static int
main_run(const struct cli_command *c, int argc, char **argv)
{
	struct conf	*conf = NULL;
	struct errbuf	 err;
	int		 status;

	if (!main_needs_no_conf(c, argc, argv) &&
	    (conf = conf_load(NULL, &err)) == NULL &&
	    c->conf != CLI_CONF_OR_NULL)
		return cli_wrong("%s", err.text);
	status = c->run(conf, argc, argv);
	conf_free(conf);
	return status;
}

int
main(int argc, char **argv)
{
	const struct cli_command	*c;

	log_open("genhook", LOG_INFO);
	main_turn_help(argc, argv);
	if (!main_take_config(&argc, argv) || argc < 2) {
		main_usage(stderr);
		return CLI_USAGE;
	}
	if (main_wants_help(argv[1])) {
		main_usage(stdout);
		return CLI_OK;
	}
	if (main_wants_version(argv[1])) {
		version_print("genhook");
		return CLI_OK;
	}
	if ((c = cli_command(argv[1])) == NULL) {
		(void)cli_wrong("no command \"%s\"; genhook --help lists them",
		    argv[1]);
		return CLI_USAGE;
	}
	if (main_wants_its_help(argc, argv))
		return main_help(c);
	return main_run(c, argc - 1, argv + 1);
}
