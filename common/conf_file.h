/* Reading a settings file: the one door to libconfuse. */
#ifndef GENHOOK_CONF_FILE_H
#define GENHOOK_CONF_FILE_H

#include <stdbool.h>

#include "lib/errbuf.h"
#include "common/conf.h"

/*
 * Read the file at conf->path and fill in all else, each value by its row of
 * conf_keys and all of them checked.  False with err, which names file, line
 * and key; what was filled in by then is for conf_free().
 */
bool	conf_file_read(struct conf *, struct errbuf *err);

/* The same for a person: each mistake is told in words, and variables that are
 * not set are mistakes as well.  False: there were some; what could be read has
 * been filled in. */
bool	conf_file_check(struct conf *, void (*each)(void *arg, const char *words),
	    void *arg);

#endif
