/* What a connection string says, without connecting. */
#include <string.h>

#include "lib/db_conninfo.h"
#include "lib/db_internal.h"

bool
db_conninfo_check(const char *conninfo, struct errbuf *err)
{
	char			*words = NULL;
	PQconninfoOption	*options;

	if ((options = PQconninfoParse(conninfo, &words)) == NULL)
		db_words(err, "connection string", words != NULL ? words :
		    "out of memory");
	PQfreemem(words);
	PQconninfoFree(options);
	return options != NULL;
}

char *
db_conninfo_value(const char *conninfo, const char *keyword)
{
	PQconninfoOption	*options = PQconninfoParse(conninfo, NULL);
	PQconninfoOption	*o;
	char			*value = NULL;

	for (o = options; o != NULL && o->keyword != NULL; o++)
		if (strcmp(o->keyword, keyword) == 0 && o->val != NULL &&
		    *o->val != '\0')
			value = strdup(o->val);
	PQconninfoFree(options);
	return value;
}

void
db_conninfo_add(struct buf *conninfo, const char *keyword, const char *value)
{
	buf_printf(conninfo, "%s%s='", conninfo->len > 0 ? " " : "", keyword);
	for (; *value != '\0'; value++) {
		if (*value == '\'' || *value == '\\')
			buf_text(conninfo, "\\");
		buf_bytes(conninfo, value, 1);
	}
	buf_text(conninfo, "'");
}
