/* genhook completion: for bash, zsh and fish, which all ask this program what may
 * stand there; it goes by the table of commands, the settings and the database. */
#include <ctype.h>
#include <string.h>

#include "common/database.h"
#include "cli/cli.h"
#include "cli/statements.h"

#define OFFER_TIMEOUT_MS	2000	/* somebody waits for the key's effect */

/* In each '%' stands for the options a file's name follows. */
static const char completion_bash[] =
    "# bash completion for genhook: made by `genhook completion`.\n"
    "_genhook()\n"
    "{\n"
    "\tlocal word=${COMP_WORDS[COMP_CWORD]}\n"
    "\n"
    "\tcase ${COMP_WORDS[COMP_CWORD - 1]} in\n"
    "\t%)\n"
    "\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
    "\t\treturn ;;\n"
    "\tesac\n"
    "\tmapfile -t COMPREPLY < <(\"${COMP_WORDS[0]}\" completion offer -- \\\n"
    "\t    \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null)\n"
    "}\n"
    "complete -F _genhook genhook\n";

static const char completion_zsh[] =
    "#compdef genhook\n"
    "# zsh completion for genhook: made by `genhook completion zsh`.\n"
    "_genhook()\n"
    "{\n"
    "\tlocal -a list\n"
    "\n"
    "\tcase ${words[CURRENT - 1]} in\n"
    "\t%)\n"
    "\t\t_files\n"
    "\t\treturn ;;\n"
    "\tesac\n"
    "\tlist=(\"${(@f)$(\"${words[1]}\" completion offer -- \\\n"
    "\t    \"${(@)words[2,CURRENT]}\" 2>/dev/null)}\")\n"
    "\tcompadd -- \"${(@)list:#}\"\n"
    "}\n"
    "if [ \"$funcstack[1]\" = _genhook ]; then\n"
    "\t_genhook\n"
    "else\n"
    "\tcompdef _genhook genhook\n"
    "fi\n";

static const char completion_fish[] =
    "# fish completion for genhook: made by `genhook completion fish`.\n"
    "function __genhook_offer\n"
    "\tset -l words (commandline -opc)\n"
    "\tset -l word (commandline -ct)\n"
    "\tif string match -qr -- '^(%)$' $words[-1]\n"
    "\t\t__fish_complete_path $word\n"
    "\t\treturn\n"
    "\tend\n"
    "\t$words[1] completion offer -- $words[2..-1] \"$word\" 2>/dev/null\n"
    "end\n"
    "complete -c genhook -f -a '(__genhook_offer)'\n";

static const struct {
	const char	*shell, *script;
} completion_shells[] = {
	{ "bash", completion_bash }, { "zsh", completion_zsh },
	{ "fish", completion_fish }
};

/* Options that a file's name follows, with bars between. */
static void
completion_file_options(void)
{
	const struct cli_command	*c;
	const struct cli_word		*w;

	printf("--config");
	for (c = cli_commands; c->name != NULL; c++)
		for (w = c->words; w->word != NULL; w++)
			if (strstr(w->word, " FILE") != NULL)
				printf("|%.*s", (int)strcspn(w->word, " "),
				    w->word);
}

static int
completion_print(const char *shell)
{
	const char	*p;
	size_t		 i;

	for (i = 0; i < sizeof(completion_shells) /
	    sizeof(completion_shells[0]); i++) {
		if (strcmp(completion_shells[i].shell, shell) != 0)
			continue;
		for (p = completion_shells[i].script; *p != '\0'; p++)
			if (*p == '%')
				completion_file_options();
			else
				putchar(*p);
		return CLI_OK;
	}
	return cli_usage("completion");
}

/* ---- what may stand there ----------------------------------------------- */

/* The line so far: the last of its words is the one to be completed. */
struct offer {
	const struct conf		*conf;	/* NULL: not to be had */
	const struct cli_command	*command;	/* NULL: none yet */
	const char			*before;	/* the word before, or "" */
	const char			*word;
};

static void
offer_word(const struct offer *o, const char *word, size_t len)
{
	size_t	n = strlen(o->word);

	if (len >= n && strncmp(word, o->word, n) == 0)
		printf("%.*s\n", (int)len, word);
}

static void
offer_providers(const struct offer *o)
{
	size_t	i;

	for (i = 0; providers[i] != NULL; i++)
		offer_word(o, providers[i]->name, strlen(providers[i]->name));
}

/* Each name once. */
static void
offer_accounts(const struct offer *o)
{
	const struct account	*a;
	size_t			 i, j;

	for (i = 0; o->conf != NULL && i < o->conf->naccounts; i++) {
		a = &o->conf->accounts[i];
		for (j = 0; j < i; j++)
			if (strcmp(o->conf->accounts[j].name, a->name) == 0)
				break;
		if (j == i)
			offer_word(o, a->name, strlen(a->name));
	}
}

static void
offer_rows(const struct offer *o, const struct db_stmt *stmt)
{
	struct db_param	 param = db_text(o->word);
	struct db_rows	*rows = NULL;
	struct errbuf	 err;
	struct db	*db;
	int		 i;

	if (o->conf == NULL || (db = database_new(o->conf->conninfo, NULL,
	    o->conf->pooler)) == NULL)
		return;
	if (db_connect(db, OFFER_TIMEOUT_MS, &err) == DB_OK &&
	    db_run_once(db, stmt, &param, OFFER_TIMEOUT_MS, &rows, &err) ==
	    DB_OK)
		for (i = 0; i < db_rows_count(rows); i++)
			printf("%s\n", db_value(rows, i, 0));
	db_rows_free(rows);
	db_free(db);
}

static void
offer_tasks(const struct offer *o)
{
	offer_rows(o, DB_OFFER_TASKS);
}

/* The ids that a command means. */
static void
offer_ids(const struct offer *o)
{
	if (strcmp(o->command->name, "replay") == 0 &&
	    strcmp(o->before, "--task") == 0)
		offer_tasks(o);
	else
		offer_rows(o, strcmp(o->command->name, "request") == 0 ?
		    DB_OFFER_REQUESTS : DB_OFFER_DELIVERIES);
}

/* Of the commands that take a name, one means a forward. */
static void
offer_names(const struct offer *o)
{
	size_t	i;

	if (o->conf == NULL || strcmp(o->command->name, "forward") != 0)
		return;
	for (i = 0; i < o->conf->nforwards; i++)
		offer_word(o, o->conf->forwards[i].name,
		    strlen(o->conf->forwards[i].name));
}

/* Names for foreign words are in capitals: what is known of them. */
static const struct {
	const char	*name;
	void		(*offer)(const struct offer *);
} offer_kinds[] = {
	{ "PROVIDER", offer_providers }, { "ACCOUNT", offer_accounts },
	{ "TASK", offer_tasks }, { "ID", offer_ids }, { "NAME", offer_names }
};

/* What may stand for a word of the table: a kind, or one of some. */
static void
offer_alternatives(const struct offer *o, const char *text)
{
	size_t	len = strcspn(text, " "), i, n;

	if (isupper((unsigned char)text[0])) {
		for (i = 0; i < sizeof(offer_kinds) / sizeof(offer_kinds[0]); i++)
			if (strlen(offer_kinds[i].name) == len &&
			    strncmp(offer_kinds[i].name, text, len) == 0)
				offer_kinds[i].offer(o);
		return;
	}
	for (i = 0; i < len; i += n + 1) {
		n = strcspn(text + i, "| ");
		offer_word(o, text + i, n);
	}
}

/* What follows the word before, where the table says that something does. */
static bool
offer_value(const struct offer *o)
{
	const struct cli_word	*w;
	size_t			 len = strlen(o->before);
	bool			 has = false;

	for (w = o->command->words; len > 0 && w->word != NULL; w++)
		if (strncmp(w->word, o->before, len) == 0 &&
		    w->word[len] == ' ') {
			offer_alternatives(o, w->word + len + 1);
			has = true;
		}
	return has;
}

static void
offer_all(const struct offer *o)
{
	static const char *const	always[] = {
		"--config", "--help", "--version"
	};
	const struct cli_command	*c;
	const struct cli_word		*w;
	size_t				 i;

	if (o->command != NULL && offer_value(o))
		return;
	for (i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		if (o->command == NULL || i == 1)
			offer_word(o, always[i], strlen(always[i]));
	if (o->command == NULL)
		for (c = cli_commands; c->name != NULL; c++)
			offer_word(o, c->name, strlen(c->name));
	else
		for (w = o->command->words; w->word != NULL; w++)
			offer_alternatives(o, w->word);
}

/* The words behind the program's name; those of --config have been taken out. */
static int
completion_offer(const struct conf *conf, int n, char **words)
{
	struct offer	o = { .conf = conf, .before = "", .word = "" };
	int		i;

	for (i = 0; i < n - 1 && o.command == NULL; i++)
		if (words[i][0] != '-')
			o.command = cli_command(words[i]);
	if (n > 0)
		o.word = words[n - 1];
	if (n > 1 && i < n)
		o.before = words[n - 2];
	if (o.command != NULL && strcmp(o.before, o.command->name) == 0)
		o.before = "";
	offer_all(&o);
	return CLI_OK;
}

int
cli_completion(const struct conf *conf, int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "offer") == 0 &&
	    strcmp(argv[2], "--") == 0)
		return completion_offer(conf, argc - 3, argv + 3);
	if (argc > 2)
		return cli_usage(argv[0]);
	return completion_print(argc == 2 ? argv[1] : "bash");
}
