/* The one table of settings: key, default, bounds and meaning. */
#ifndef GENHOOK_CONF_KEYS_H
#define GENHOOK_CONF_KEYS_H

#include <stddef.h>

enum conf_type {
	CONF_TEXT,
	CONF_SECRET,	/* text, or "file:PATH" for the first line of a file */
	CONF_LIST,	/* of secrets */
	CONF_NUMBER,
	CONF_BOOL,
	CONF_TRUST	/* callback or requery: a bool, true for requery */
};

struct conf_key {
	const char	*section;
	const char	*name;
	enum conf_type	 type;
	size_t		 at;		/* its member's place in struct conf, or
					   for CONF_ACCOUNT in struct account,
					   for CONF_FORWARD in struct
					   forward */
	const char	*dflt;		/* NULL: it has to be set */
	long		 min, max;	/* of a CONF_NUMBER */
	const char	*words;
};

/* The section of the table that stands for the sections of all providers. */
#define CONF_ACCOUNT	"account"
/* The section of which there may be several, each with a title. */
#define CONF_FORWARD	"forward"

/* Every setting there is; ends in a NULL name. */
extern const struct conf_key conf_keys[];
#define CONF_KEYS_MAX	64

/* The sections that are there once. */
#define CONF_NSECTIONS	6
extern const char *const conf_sections[CONF_NSECTIONS];

/* A key by the section's name in the file and its own, or NULL. */
const struct conf_key *conf_key_find(const char *section, const char *name);

/* Call fn with each key's section, name, default and bounds as text: what
 * `genhook config keys` prints, and the documentation is checked against. */
void	conf_keys_each(void (*fn)(const char *section, const char *key,
	    const char *dflt, const char *bounds, const char *words));

#endif
