/* A request's body, by words of the command line or from standard input. */
#ifndef GENHOOK_CLI_PARAM_H
#define GENHOOK_CLI_PARAM_H

/*
 * Put KEY=VALUE words together to a JSON object.  KEY may be a path, as in
 * input.prompt.  VALUE is what it says as JSON (a number, true, [..], {..},
 * "..."), else text; @FILE is the text of a file.  The caller frees; NULL when
 * a word is none, which has then been said.
 */
char	*param_object(const char *const *words, int n);

/* All of standard input, which the caller frees; NULL when there is nothing,
 * which has then been said. */
char	*param_stdin(void);

#endif
