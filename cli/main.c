#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "cli/cli.h"

static const struct cli_word migrate_words[] = {
	{ "--check", "what differs in the database; changes nothing" },
	{ "--print", "the SQL, for an empty database, on standard output" },
	{ NULL, NULL }
};

#define LIST_WORDS							\
	{ "--json", "one JSON document, with every column" },		\
	{ "--limit N", "so many in place of 50" },			\
	{ NULL, NULL }

static const struct cli_word tasks_words[] = {
	{ "pending|succeeded|failed|cancelled|lost", "those alone" },
	LIST_WORDS
};

static const struct cli_word outputs_words[] = {
	{ "pending|stored|expired|failed|inline", "those alone" },
	LIST_WORDS
};

static const struct cli_word deliveries_words[] = {
	{ "accepted|duplicate|conflict|ignored|unparsed|stale|rejected|"
	    "unverified", "those alone" },
	LIST_WORDS
};

static const struct cli_word requests_words[] = {
	{ "queued|sending|submitted|refused|unknown", "those alone" },
	LIST_WORDS
};

static const struct cli_word show_words[] = {
	{ "TASK", "PROVIDER/ID, or the id alone where no two share it" },
	{ "--json", "task, outputs and deliveries as one JSON document" },
	{ NULL, NULL }
};

static const struct cli_word retry_words[] = {
	{ "TASK", "those of one task: PROVIDER/ID, or the id alone" },
	{ "PROVIDER", "those of a provider" },
	{ "--all", "all of them" },
	{ "--status expired|failed|pending", "those alone" },
	{ NULL, NULL }
};

static const struct cli_word repoll_words[] = {
	{ "TASK", "one task: PROVIDER/ID, or the id alone" },
	{ "PROVIDER", "those of a provider" },
	{ "--all", "all of them" },
	{ "--status pending|lost", "those alone" },
	{ NULL, NULL }
};

static const struct cli_word cancel_words[] = {
	{ "TASK", "PROVIDER/ID, or the id alone" },
	{ NULL, NULL }
};

static const struct cli_word replay_words[] = {
	{ "--outcome unparsed|rejected|ignored|stale", "unparsed by default" },
	{ "--provider PROVIDER", "those of a provider" },
	{ "--account ACCOUNT", "those of an account" },
	{ "--task ID", "those of a task" },
	{ "--since TIME", "as PostgreSQL has it: yesterday, '2026-11-21 08:00Z'" },
	{ "--id ID", "this one, whatever its outcome" },
	{ "--queue", "leave the work to the next sweep" },
	{ NULL, NULL }
};

static const struct cli_word submit_words[] = {
	{ "PROVIDER", "novita, apimart, apixo or wavespeed" },
	{ "MODEL", "as the provider's page writes it" },
	{ "--param KEY=VALUE", "a part of the request; any number of them" },
	{ "--account ACCOUNT", "whose API key, else default" },
	{ "--metadata JSON", "your own, kept with the task" },
	{ "--wait", "until the outputs are downloaded; prints where they are" },
	{ "--test-mode", "a mock event in place of a generation (novita)" },
	{ "--no-callback", "none is asked for: the task is found by polls" },
	{ "--path PATH", "where to send it below api_base, if not where the "
	    "model says" },
	{ "--queued", "alone: send at once what is queued in genhook.requests" },
	{ NULL, NULL }
};

static const struct cli_word tail_words[] = {
	{ "--json", "a JSON document in each line, as in task_results" },
	{ NULL, NULL }
};

static const struct cli_word token_words[] = {
	{ "new", "make one" },
	{ "PROVIDER", "for this provider" },
	{ "ACCOUNT", "and this account of it" },
	{ NULL, NULL }
};

static const struct cli_word secret_words[] = {
	{ "fetch", "ask for it, with the account's api_key" },
	{ "wavespeed", "the one provider that signs" },
	{ "ACCOUNT", "its account, else default" },
	{ NULL, NULL }
};

static const struct cli_word doctor_words[] = {
	{ "--alert", "for cron: silent when all is well, else a mail's text" },
	{ "--offline", "ask neither lighttpd nor the providers" },
	{ "--lighttpd FILE", "its configuration, else "
	    "/etc/lighttpd/lighttpd.conf" },
	{ NULL, NULL }
};

static const struct cli_word config_words[] = {
	{ "check", "read the file and name the first mistake" },
	{ "keys", "every setting, with default and bounds" },
	{ NULL, NULL }
};

static const struct cli_word no_words[] = {
	{ NULL, NULL }
};

const struct cli_command cli_commands[] = {
	{ "submit", "PROVIDER MODEL [--param KEY=VALUE ...] ... | --queued",
	    "send a request to a provider, once",
	    "The request is the JSON on standard input, or put together of "
	    "--param: KEY may\nbe a path (input.prompt); VALUE is a number, "
	    "true, false, null, [...], {...} or\n\"...\" if it reads as one, "
	    "@FILE for the text of a file, else text.  The callback\nis put "
	    "in as the provider wants it.  Prints the task's id.",
	    submit_words, cli_submit, CLI_CONF, NULL },
	{ "tasks", "[STATUS] [--json] [--limit N]", "the newest tasks",
	    "Newest first, by their end or else their beginning.",
	    tasks_words, cli_tasks, CLI_CONF, NULL },
	{ "outputs", "[STATUS] [--json] [--limit N]", "the newest outputs",
	    "Newest first, by their tasks' end.  \"where\" is the file, the text, "
	    "or why\nthere is none.",
	    outputs_words, cli_outputs, CLI_CONF, NULL },
	{ "deliveries", "[OUTCOME] [--json] [--limit N]",
	    "the newest callbacks and poll answers",
	    "Newest first; \"note\" says why one was not accepted.",
	    deliveries_words, cli_deliveries, CLI_CONF, NULL },
	{ "requests", "[STATUS] [--json] [--limit N]",
	    "the newest requests of the outbox",
	    "Newest first; \"error\" says why one waits, was refused, or is of "
	    "unknown fate.",
	    requests_words, cli_requests, CLI_CONF, NULL },
	{ "show", "TASK [--json]", "one task's life as a time line",
	    "Submitted, called back, polled, finished, downloaded; and what is "
	    "yet to come.",
	    show_words, cli_show, CLI_CONF, NULL },
	{ "tail", "[--json]", "a line for each task as it finishes",
	    "Until Ctrl-C.  It connects again by itself, and then prints what "
	    "finished\nmeanwhile.",
	    tail_words, cli_tail, CLI_CONF, NULL },
	{ "retry", "TASK | PROVIDER | --all [--status STATUS]",
	    "download again what was given up",
	    "Expired and failed outputs become due now; with --status pending, "
	    "those that\nwait for their next attempt.  The next sweep takes "
	    "them.",
	    retry_words, cli_retry, CLI_CONF, NULL },
	{ "repoll", "TASK | PROVIDER | --all [--status STATUS]",
	    "ask the provider again",
	    "Pending and lost tasks become due now.  The next sweep asks.",
	    repoll_words, cli_repoll, CLI_CONF, NULL },
	{ "cancel", "TASK", "stop waiting for a task",
	    "Nothing is said to the provider, who may charge for it still.  A "
	    "late result is\nrecorded, and no longer counts.",
	    cancel_words, cli_cancel, CLI_CONF, NULL },
	{ "replay", "[--outcome OUTCOME] [--since TIME] [--id ID] ...",
	    "parse kept deliveries anew",
	    "As after an upgrade: those that were unparsed, or of another "
	    "outcome.  One that\nwas unverified is replayed by its id alone, "
	    "which vouches for it.  A finished\ntask is never overwritten.",
	    replay_words, cli_replay, CLI_CONF, NULL },
	{ "doctor", "[--alert] [--offline] [--lighttpd FILE]",
	    "look at everything, and say what mends what is wrong",
	    "Settings, database, rights, clocks, cron's last run, late work, "
	    "spool, archive,\nspace, lighttpd, handlers; and API keys, by "
	    "asking for a task that there is not,\nwhich costs nothing.",
	    doctor_words, cli_doctor, CLI_CONF_IF_WELL, NULL },
	{ "migrate", "[--check | --print]",
	    "bring the database to this version's schema",
	    "Harmless when there is nothing to do; two at once wait for each "
	    "other.",
	    migrate_words, cli_migrate, CLI_CONF_NOT_BARE, "--print" },
	{ "config", "check | keys",
	    "check the settings file, or list every setting", NULL,
	    config_words, cli_config, CLI_CONF_NOT_BARE, "keys" },
	{ "token", "new [PROVIDER [ACCOUNT]]",
	    "make the secret part of a callback's address",
	    "Prints it, its line for the settings, and the address for the "
	    "provider.\nChanges nothing.",
	    token_words, cli_token, CLI_CONF_IF_WELL, NULL },
	{ "secret", "fetch wavespeed [ACCOUNT]",
	    "get what a provider signs its callbacks with",
	    "Prints it, and its line for the settings; changes nothing.",
	    secret_words, cli_secret, CLI_CONF, NULL },
	{ "completion", "", "completion for bash",
	    "Once, for this shell:  source <(genhook completion)",
	    no_words, cli_completion, CLI_CONF_IF_WELL, NULL },
	{ NULL, NULL, NULL, NULL, NULL, NULL, CLI_CONF, NULL }
};

static void
usage(FILE *fp)
{
	const struct cli_command	*c;

	fputs("usage: genhook [--config FILE] COMMAND [ARGUMENTS]\n\n", fp);
	for (c = cli_commands; c->name != NULL; c++)
		fprintf(fp, "  %-11s %s\n", c->name, c->says);
	fputs("\ngenhook COMMAND --help says more of each.\n"
	    "The settings come from FILE, else $GENHOOK_CONF, else "
	    CONF_DEFAULT_PATH ".\n"
	    "Exit status: 0 well, 1 something is wrong, 2 bad usage.\n", fp);
}

static int
help(const struct cli_command *c)
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

static const struct cli_command *
command_find(const char *name)
{
	const struct cli_command	*c;

	for (c = cli_commands; c->name != NULL; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

static bool
is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static bool
goes_without_conf(const struct cli_command *c, int argc, char **argv)
{
	return c->conf == CLI_CONF_NOT_BARE && argc == 2 &&
	    strcmp(argv[1], c->bare) == 0;
}

static int
run(const struct cli_command *c, int argc, char **argv)
{
	struct conf	*conf = NULL;
	struct errbuf	 err;
	int		 status;

	if (!goes_without_conf(c, argc, argv) &&
	    (conf = conf_load(NULL, &err)) == NULL &&
	    c->conf != CLI_CONF_IF_WELL)
		return cli_wrong("%s", err.text);
	status = c->run(conf, argc, argv);
	conf_free(conf);
	return status;
}

int
main(int argc, char **argv)
{
	const struct cli_command	*c;
	int				 at = 1;

	log_open("genhook", LOG_INFO);
	if (at + 1 < argc && strcmp(argv[at], "--config") == 0) {
		/* What reads the settings, now or later, finds them there. */
		if (setenv("GENHOOK_CONF", argv[at + 1], 1) == -1)
			return cli_wrong("out of memory");
		at += 2;
	}
	if (at < argc && is_help(argv[at])) {
		usage(stdout);
		return CLI_OK;
	}
	if (at >= argc) {
		usage(stderr);
		return CLI_USAGE;
	}
	if ((c = command_find(argv[at])) == NULL) {
		(void)cli_wrong("no command \"%s\"; genhook --help lists them",
		    argv[at]);
		return CLI_USAGE;
	}
	if (at + 1 < argc && is_help(argv[at + 1]))
		return help(c);
	return run(c, argc - at, argv + at);
}
