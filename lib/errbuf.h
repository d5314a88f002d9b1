/*
 * What went wrong: its class, by which code decides, and its words, which are
 * for people alone.  The buffer is on the caller's stack.
 */
#ifndef GENHOOK_ERRBUF_H
#define GENHOOK_ERRBUF_H

#include <stdbool.h>

enum err_class {
	ERR_OTHER,		/* what its words say, and no more is known */
	ERR_NO_MEMORY,
	ERR_SETTING,		/* a setting cannot be what it is */
	ERR_NO_FILE,		/* there is no such file */
	ERR_NO_RIGHT,		/* the file is not this user's to read */
	ERR_EXPOSED,		/* others may read what is secret */
	ERR_SQL,		/* the server refused: sqlstate */
	ERR_NO_ANSWER,		/* no server was reached, or none answered in
				   time */
	ERR_SCHEMA		/* the schema is of another version */
};

#define SQLSTATE_SIZE	6	/* five characters and a NUL */

struct errbuf {
	char		text[320];
	enum err_class	class;
	char		sqlstate[SQLSTATE_SIZE];	/* "" but for ERR_SQL */
};

/* Replace the words, and the class by ERR_OTHER.  A text that is too long ends
 * in "...". */
void	errbuf_set(struct errbuf *, const char *, ...)
	    __attribute__((format(printf, 2, 3)));

/* Replace the words and keep the class: to say where it happened. */
void	errbuf_reword(struct errbuf *, const char *, ...)
	    __attribute__((format(printf, 2, 3)));

/* There is no memory.  False, so that a caller can return it. */
bool	errbuf_no_memory(struct errbuf *);

#endif
