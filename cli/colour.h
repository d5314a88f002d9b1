/* Colours on a terminal: what is well, what waits, what is wrong. */
#ifndef GENHOOK_CLI_COLOUR_H
#define GENHOOK_CLI_COLOUR_H

/* What switches a colour on before this word of a state, or before "" for a
 * head; "" where there is none: no terminal, $NO_COLOR (no-color.org) is set to
 * something, TERM is dumb, or the word is no state. */
const char *colour_of(const char *word);

/* What switches it off behind; "" where it was "". */
const char *colour_end(const char *begin);

#endif
