/* genhook completion: what bash may offer, out of the table of commands. */
#include <ctype.h>
#include <string.h>

#include "cli/cli.h"

static const char	completion_head[] =
    "# bash completion for genhook: made by `genhook completion`.\n"
    "_genhook()\n"
    "{\n"
    "\tlocal at=$COMP_CWORD word=${COMP_WORDS[COMP_CWORD]} i command='' list\n"
    "\n"
    "\tfor ((i = 1; i < at; i++)); do\n"
    "\t\tcase ${COMP_WORDS[i]} in\n"
    "\t\t--config) i=$((i + 1)) ;;\n"
    "\t\t-*) ;;\n"
    "\t\t*) command=${COMP_WORDS[i]}; break ;;\n"
    "\t\tesac\n"
    "\tdone\n"
    "\tcase ${COMP_WORDS[at - 1]} in\n"
    "\t--config";

static const char	completion_middle[] =
    ")\n"
    "\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
    "\t\treturn ;;\n"
    "\tesac\n"
    "\tcase $command in\n";

static const char	completion_tail[] =
    "\t*) list='' ;;\n"
    "\tesac\n"
    "\tmapfile -t COMPREPLY < <(compgen -W \"$list\" -- \"$word\")\n"
    "}\n"
    "complete -F _genhook genhook\n";

/* Options that a file's name follows. */
static void
completion_file_options(void)
{
	const struct cli_command	*c;
	const struct cli_word		*w;

	for (c = cli_commands; c->name != NULL; c++)
		for (w = c->words; w->word != NULL; w++)
			if (strstr(w->word, " FILE") != NULL)
				printf("|%.*s", (int)strcspn(w->word, " "),
				    w->word);
}

/* Names for foreign words are in capitals: of these we know the providers. */
static void
completion_word(const char *word)
{
	size_t	i;

	if (strcmp(word, "PROVIDER") == 0)
		for (i = 0; providers[i] != NULL; i++)
			printf("%s ", providers[i]->name);
	if (isupper((unsigned char)word[0]))
		return;
	for (; *word != '\0' && *word != ' '; word++)
		putchar(*word == '|' ? ' ' : *word);
	putchar(' ');
}

int
cli_completion(const struct conf *conf, int argc, char **argv)
{
	const struct cli_command	*c;
	const struct cli_word		*w;

	(void)conf;
	if (argc != 1)
		return cli_usage(argv[0]);
	fputs(completion_head, stdout);
	completion_file_options();
	fputs(completion_middle, stdout);
	printf("\t'') list='--config --help --version");
	for (c = cli_commands; c->name != NULL; c++)
		printf(" %s", c->name);
	printf("' ;;\n");
	for (c = cli_commands; c->name != NULL; c++) {
		printf("\t%s) list='", c->name);
		for (w = c->words; w->word != NULL; w++)
			completion_word(w->word);
		printf("--help' ;;\n");
	}
	fputs(completion_tail, stdout);
	return CLI_OK;
}
