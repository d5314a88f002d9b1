/* What genhook doctor --alert told while there was no database to note it: a file of
 * the spool's folder. */
#ifndef GENHOOK_CLI_MAIL_NOTE_H
#define GENHOOK_CLI_MAIL_NOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/hex.h"
#include "lib/crypto.h"
#include "common/conf.h"

#define MAIL_NOTE_MAX	100	/* findings; more are told each time */
#define MAIL_WORDS_MAX	400

struct mail_told {
	char	key[SHA256_HEX];	/* of the finding */
	int64_t	since, told;		/* seconds since 1970 */
	char	what[32];
	char	words[MAIL_WORDS_MAX];
};

struct mail_note {
	struct mail_told	list[MAIL_NOTE_MAX];
	size_t			n;
};

/* What the file says; nothing where there is none, or it cannot be read. */
void	mail_note_read(const struct conf *, struct mail_note *);

/* Put it in the file's place; without anything to note the file is removed.  Where
 * it cannot be written, all is told again. */
void	mail_note_write(const struct conf *, const struct mail_note *);

/* That finding's place, or NULL. */
struct mail_told *mail_note_find(struct mail_note *, const char *key);

/* One more, told at that moment; NULL: there is no room. */
struct mail_told *mail_note_add(struct mail_note *, const char *key,
	    const char *what, const char *words, int64_t now);

/* It is well again, and that was told. */
void	mail_note_remove(struct mail_note *, struct mail_told *);

#endif
