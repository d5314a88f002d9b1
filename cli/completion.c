/* What bash may offer, out of the table of commands. */
#include <ctype.h>
#include <string.h>

#include "cli.h"

static const char	head[] =
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

static const char	middle[] =
    ")\n"
    "\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
    "\t\treturn ;;\n"
    "\tesac\n"
    "\tcase $command in\n";

static const char	tail[] =
    "\t*) list='' ;;\n"
    "\tesac\n"
    "\tmapfile -t COMPREPLY < <(compgen -W \"$list\" -- \"$word\")\n"
    "}\n"
    "complete -F _genhook genhook\n";

/* Options that a file's name follows. */
static void
file_options_print(void)
{
	const struct cli_command	*c;
	const struct cli_word		*w;

	for (c = cli_commands; c->name != NULL; c++)
		for (w = c->words; w->word != NULL; w++)
			if (strstr(w->word, " FILE") != NULL)
				printf("|%.*s", (int)strcspn(w->word, " "),
				    w->word);
}

/* Names for foreign words are in capitals, and cannot be offered. */
static void
words_print(const struct cli_word *w)
{
	const char	*s;

	for (; w->word != NULL; w++) {
		if (isupper((unsigned char)w->word[0]))
			continue;
		for (s = w->word; *s != '\0' && *s != ' '; s++)
			putchar(*s == '|' ? ' ' : *s);
		putchar(' ');
	}
}

int
cli_completion(const struct conf *conf, int argc, char **argv)
{
	const struct cli_command	*c;

	(void)conf;
	if (argc != 1)
		return cli_usage(argv[0]);
	fputs(head, stdout);
	file_options_print();
	fputs(middle, stdout);
	printf("\t'') list='--config --help");
	for (c = cli_commands; c->name != NULL; c++)
		printf(" %s", c->name);
	printf("' ;;\n");
	for (c = cli_commands; c->name != NULL; c++) {
		printf("\t%s) list='", c->name);
		words_print(c->words);
		printf("--help' ;;\n");
	}
	fputs(tail, stdout);
	return CLI_OK;
}
