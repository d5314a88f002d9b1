/*
 * The spool: a directory in which callbacks are kept while the database is away,
 * those that came together in one file.  Handlers write here, drain.h brings the
 * files home, and spool_format.h says what is in one.
 */
#ifndef GENHOOK_SPOOL_H
#define GENHOOK_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/errbuf.h"
#include "common/delivery.h"

/* Deliveries in a file that is written here, and what a name may say. */
#define SPOOL_FILE_MOST		64
#define SPOOL_COUNT_MOST	100000

struct spool;

/*
 * The spool in that directory, whether or not it can be used just now: each
 * call opens the directory anew, and makes it where its parent exists.  NULL:
 * no memory.  Any thread may use it from then on.
 */
struct spool *spool_at(const char *dir, int64_t max_bytes);
/* Can it be used now?  False with err. */
bool	spool_check(const struct spool *, struct errbuf *err);
/* Both: NULL with err when it cannot be used now. */
struct spool *spool_open(const char *dir, int64_t max_bytes,
	    struct errbuf *err);
void	spool_close(struct spool *);		/* NULL is fine */

/*
 * Write n deliveries, in as few files as is sensible.  True: all of them are on
 * disk for certain; the files, their directory and the name of that were
 * fsynced, as far as file_sync_dir() can.  written[i] says so of each.  False
 * with err of one that is not, also when it is full.
 */
bool	spool_write_all(struct spool *, struct delivery *const *batch,
	    size_t n, bool *written, struct errbuf *err);
/* The same of one. */
bool	spool_write(struct spool *, struct delivery *, struct errbuf *err);

/* Is there room for some callbacks?  False with err. */
bool	spool_has_room(const struct spool *, struct errbuf *err);
/* Write a file, sync it and remove it.  False with err: spool_write() would
 * fail. */
bool	spool_try(const struct spool *, struct errbuf *err);

/* In the directory, beside the callbacks: why the last sweep could not begin. */
#define SPOOL_SWEEP_NOTE	".sweep.failed"
/* Its alerts': since when no run can begin, and when that was told; and when it
 * last looked whether to alert, and pinged. */
#define SPOOL_ALERT_NOTE	".alert.note"
#define SPOOL_ALERT_MINUTE	".alert.minute"
#define SPOOL_PING_MINUTE	".ping.minute"
/* Held by the run that makes small pictures. */
#define SPOOL_THUMBS_LOCK	".thumbs.lock"
/* What doctor --alert told while there was no database to note it. */
#define SPOOL_MAIL_NOTE		".mail.note"

/* Callbacks that wait; -1 when the directory cannot be read. */
long	spool_count(const struct spool *);

/* ---- for drain.c -------------------------------------------------------- */

/* Files of this prefix are being written, or were when somebody died. */
#define SPOOL_TMP_PREFIX	".tmp-"

/* The directory's path, borrowed. */
const char *spool_path(const struct spool *);
/* The directory as it is now, for the caller to close; -1 with err. */
int	spool_dir_open(const struct spool *, struct errbuf *err);
/* Is an open directory still the one of that name? */
bool	spool_dir_is_current(const struct spool *, int dirfd);

/* Is this the name of a file that holds deliveries? */
bool	spool_is_delivery(const char *name);
/* How many, as its name has it: "TIME-ID.delivery" holds one, and
 * "TIME-ID.16.delivery" sixteen.  0: it is no such name. */
long	spool_name_count(const char *name);
/* Call fn with the directory for each name in it, until fn returns false.
 * False with errno: the directory cannot be read. */
bool	spool_each_name(int dirfd,
	    bool (*fn)(int dirfd, const char *name, void *arg), void *arg);

#endif
