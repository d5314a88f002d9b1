#include <sys/file.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/crypto.h"
#include "lib/file.h"
#include "lib/log.h"
#include "common/spool.h"
#include "common/store.h"

#define SPOOL_MAGIC	"genhook-spool 1"
#define NAME_SUFFIX	".delivery"
#define TMP_PREFIX	".tmp-"
#define REFUSED_DIR	"refused"
#define LOCK_NAME	".drain.lock"
#define TMP_MAX_AGE_S	3600

/* A batch is bounded in files and in bytes. */
#define BATCH_FILES	64
#define BATCH_BYTES	(4 << 20)
/* So many files that fail each by itself, one behind the other, are no longer
 * those files' fault. */
#define ALONE_FAILURES	3
/* Longer than the session's lock_timeout; a handler that drains when the
 * database freezes, and is told to end, has to end within 5 s. */
#define BATCH_TIMEOUT_MS 3000

/* The size is counted anew now and then, since others write here too: at most
 * once a second, and in all no more than a twentieth of the time.  No sender
 * waits while a million files are counted: each time it is so many names, and
 * as long as this when nothing is known yet. */
#define RECOUNT_MS	1000
#define RECOUNT_SHARE	20
#define RECOUNT_STEP	256
#define FIRST_COUNT_MS	500

struct names {
	char	**name;
	size_t	  n, room;
};

struct census {
	DIR		*dir;		/* NULL: none is under way */
	int64_t		 bytes;		/* seen so far */
	int64_t		 spent_ms, due_ms;
	bool		 begun;		/* the first one was */
};

/*
 * Whoever writes or counts opens the directory anew, so that one moved, removed
 * or mounted over while we run is not written to for ever.  The drainer first
 * empties the one that it knows.
 */
struct spool {
	char		*dir;
	int64_t		 max_bytes;
	pthread_mutex_t	 lock;		/* for the two below */
	int64_t		 bytes;
	struct census	 census;
	/* The drainer's own: its directory, or -1, and what it has listed there
	 * while it holds the lock. */
	int		 dirfd;
	int		 drain_lock;
	struct names	 list;
	size_t		 next;
	size_t		 alone_until;	/* up to here each by itself */
};

/* A new directory's name is on disk like that of a file. */
static void
sync_parent(const char *dir)
{
	const char	*slash = strrchr(dir, '/');
	char		*parent;
	int		 fd;

	parent = slash == NULL ? strdup(".") :
	    strndup(dir, slash == dir ? 1 : (size_t)(slash - dir));
	if (parent == NULL)
		return;
	if ((fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) != -1) {
		(void)fsync(fd);
		(void)close(fd);
	}
	free(parent);
}

/* The directory as it is now, made where it is not there; -1 with err. */
static int
dir_open(const struct spool *s, struct errbuf *err)
{
	int	fd;

	if (mkdir(s->dir, 0700) == 0)
		sync_parent(s->dir);
	else if (errno != EEXIST) {
		errbuf_set(err, "spool: could not make \"%s\": %s", s->dir,
		    strerror(errno));
		return -1;
	}
	fd = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) == -1) {
		errbuf_set(err, "spool: could not use \"%s\": %s", s->dir,
		    strerror(errno));
		if (fd != -1)
			(void)close(fd);
		return -1;
	}
	return fd;
}

struct spool *
spool_at(const char *dir, int64_t max_bytes)
{
	struct spool	*s;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return NULL;
	if ((s->dir = strdup(dir)) == NULL) {
		free(s);
		return NULL;
	}
	s->max_bytes = max_bytes;
	s->drain_lock = -1;
	(void)pthread_mutex_init(&s->lock, NULL);
	s->dirfd = -1;
	return s;
}

bool
spool_check(struct spool *s, struct errbuf *err)
{
	if (s->dirfd == -1)
		s->dirfd = dir_open(s, err);
	return s->dirfd != -1;
}

struct spool *
spool_open(const char *dir, int64_t max_bytes, struct errbuf *err)
{
	struct spool	*s = spool_at(dir, max_bytes);

	if (s == NULL)
		errbuf_set(err, "spool: out of memory");
	else if (!spool_check(s, err)) {
		spool_close(s);
		s = NULL;
	}
	return s;
}

/* Forget what is listed, and let another drainer at it. */
void
spool_leave(struct spool *s)
{
	size_t	i;

	for (i = 0; i < s->list.n; i++)
		free(s->list.name[i]);
	free(s->list.name);
	memset(&s->list, 0, sizeof(s->list));
	s->next = s->alone_until = 0;
	if (s->drain_lock != -1)
		(void)close(s->drain_lock);
	s->drain_lock = -1;
}

void
spool_close(struct spool *s)
{
	if (s == NULL)
		return;
	spool_leave(s);
	if (s->census.dir != NULL)
		(void)closedir(s->census.dir);
	if (s->dirfd != -1)
		(void)close(s->dirfd);
	(void)pthread_mutex_destroy(&s->lock);
	free(s->dir);
	free(s);
}

static bool
is_delivery_name(const char *name)
{
	size_t	len = strlen(name), suffix = strlen(NAME_SUFFIX);

	return name[0] != '.' && len > suffix &&
	    strcmp(name + len - suffix, NAME_SUFFIX) == 0;
}

/*
 * Call fn with the directory for each name in it; fn returns false to stop.
 * Returns false when the directory cannot be read.
 */
static bool
each_name(int dirfd, bool (*fn)(int, const char *, void *), void *arg)
{
	struct dirent	*e;
	DIR		*d;
	int		 fd, failed;

	if ((fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY |
	    O_CLOEXEC)) == -1)
		return false;
	if ((d = fdopendir(fd)) == NULL) {
		(void)close(fd);
		return false;
	}
	while ((errno = 0, e = readdir(d)) != NULL)
		if (!fn(dirfd, e->d_name, arg))
			break;
	failed = e == NULL ? errno : 0;
	(void)closedir(d);
	errno = failed;
	return failed == 0;
}

static bool
add_count(int dirfd, const char *name, void *arg)
{
	(void)dirfd;
	if (is_delivery_name(name))
		(*(long *)arg)++;
	return true;
}

long
spool_count(struct spool *s)
{
	struct errbuf	err;
	long		n = 0;
	int		dirfd = dir_open(s, &err);

	if (dirfd == -1)
		return -1;
	if (!each_name(dirfd, add_count, &n))
		n = -1;
	(void)close(dirfd);
	return n;
}

/* Begin to count anew, unless that is under way or not due. */
static bool
census_begin(struct census *c, int dirfd)
{
	int	fd;

	if (c->dir != NULL)
		return true;
	if (clock_ms() < c->due_ms)
		return false;
	fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd != -1 && (c->dir = fdopendir(fd)) == NULL)
		(void)close(fd);
	c->bytes = c->spent_ms = 0;
	return c->dir != NULL;
}

static void
census_end(struct census *c)
{
	if (c->dir != NULL)
		(void)closedir(c->dir);
	c->dir = NULL;
	c->due_ms = clock_ms() + (c->spent_ms * RECOUNT_SHARE > RECOUNT_MS ?
	    c->spent_ms * RECOUNT_SHARE : RECOUNT_MS);
}

/* Count some more; true when that was all. */
static bool
count_names(struct census *c)
{
	int64_t		 began_ms = clock_ms();
	struct dirent	*e = NULL;
	struct stat	 st;
	int		 i;

	for (i = 0; i < RECOUNT_STEP && (e = readdir(c->dir)) != NULL; i++)
		if (is_delivery_name(e->d_name) && fstatat(dirfd(c->dir),
		    e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			c->bytes += st.st_size;
	c->spent_ms += clock_ms() - began_ms;
	return e == NULL;
}

static bool
census_step(struct census *c)
{
	int64_t	until_ms = c->begun ? 0 : clock_ms() + FIRST_COUNT_MS;

	c->begun = true;
	while (!count_names(c))
		if (clock_ms() >= until_ms)
			return false;
	return true;
}

/* Take len bytes of what the spool may hold, or false when it is full. */
static bool
reserve(struct spool *s, int dirfd, size_t len)
{
	bool	ok;

	(void)pthread_mutex_lock(&s->lock);
	if (census_begin(&s->census, dirfd) && census_step(&s->census)) {
		s->bytes = s->census.bytes;
		census_end(&s->census);
	}
	ok = s->bytes + (int64_t)len <= s->max_bytes;
	if (ok) {
		s->bytes += (int64_t)len;
		/* Seen, perhaps, as well: better twice than not at all. */
		s->census.bytes += (int64_t)len;
	}
	(void)pthread_mutex_unlock(&s->lock);
	return ok;
}

/* One line of the head; a value never holds a line break. */
static void
print_line(FILE *fp, const char *key, const char *value)
{
	const char	*c;

	if (value == NULL)
		return;
	fprintf(fp, "%s: ", key);
	for (c = value; *c != '\0'; c++)
		fputc(*c == '\n' || *c == '\r' ? ' ' : *c, fp);
	fputc('\n', fp);
}

/* The file's text in memory of *len bytes, which the caller frees. */
static char *
delivery_print(const struct delivery *d, size_t *len)
{
	char	*text = NULL;
	FILE	*fp;
	bool	 bad;

	if ((fp = open_memstream(&text, len)) == NULL)
		return NULL;
	fprintf(fp, "%s\n", SPOOL_MAGIC);
	print_line(fp, "id", d->id);
	fprintf(fp, "received_at: %" PRId64 "\n", d->received_at);
	print_line(fp, "provider", d->provider->name);
	print_line(fp, "account", d->account);
	print_line(fp, "source", source_words[d->source]);
	print_line(fp, "outcome", outcome_words[d->outcome]);
	print_line(fp, "verdict", verdict_words[d->verdict]);
	print_line(fp, "remote_addr", d->remote_addr);
	print_line(fp, "headers", d->headers);
	print_line(fp, "note", d->note);
	fprintf(fp, "body: %zu\n\n", d->bodylen);
	if (d->bodylen > 0)
		(void)fwrite(d->body, 1, d->bodylen, fp);
	bad = ferror(fp) != 0;
	if (fclose(fp) != 0 || bad) {
		free(text);
		return NULL;
	}
	return text;
}

/*
 * A name is there with all of its bytes, or not at all: temp file, fsync,
 * rename, fsync of the directory.
 */
static bool
write_file(int dirfd, const char *name, const char *data, size_t len,
    struct errbuf *err)
{
	char	tmp[128];
	int	fd;
	bool	ok = false;

	(void)snprintf(tmp, sizeof(tmp), "%s%s", TMP_PREFIX, name);
	fd = openat(dirfd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
	    O_CLOEXEC, 0600);
	if (fd == -1) {
		errbuf_set(err, "spool: could not create a file: %s",
		    strerror(errno));
		return false;
	}
	ok = file_write_all(fd, data, len) && fsync(fd) == 0;
	if (!ok)
		errbuf_set(err, "spool: could not write: %s", strerror(errno));
	if (close(fd) == -1 && ok) {
		errbuf_set(err, "spool: could not write: %s", strerror(errno));
		ok = false;
	}
	if (ok && renameat(dirfd, tmp, dirfd, name) == -1) {
		errbuf_set(err, "spool: could not rename: %s", strerror(errno));
		ok = false;
	}
	if (!ok) {
		(void)unlinkat(dirfd, tmp, 0);
		return false;
	}
	if (fsync(dirfd) == -1) {
		errbuf_set(err, "spool: could not sync the directory: %s",
		    strerror(errno));
		return false;
	}
	return true;
}

bool
spool_write(struct spool *s, const struct delivery *d, struct errbuf *err)
{
	char	 name[96], *text;
	size_t	 len = 0;
	bool	 ok = false;
	int	 dirfd;

	if ((dirfd = dir_open(s, err)) == -1)
		return false;
	if ((text = delivery_print(d, &len)) == NULL) {
		errbuf_set(err, "spool: out of memory");
		(void)close(dirfd);
		return false;
	}
	(void)snprintf(name, sizeof(name), "%020" PRId64 "-%s%s",
	    d->received_at, d->id, NAME_SUFFIX);
	if (!reserve(s, dirfd, len))
		errbuf_set(err, "spool: full: over %" PRId64 " bytes",
		    s->max_bytes);
	else
		ok = write_file(dirfd, name, text, len, err);
	free(text);
	(void)close(dirfd);
	return ok;
}

/* ---- the way back ------------------------------------------------------ */

struct head {
	const char	*id, *received_at, *provider, *account, *source;
	const char	*outcome, *verdict, *remote_addr, *headers, *note, *body;
};

/* Cut the head's lines apart in place; returns where the body begins. */
static char *
head_parse(char *text, struct head *h)
{
	const struct {
		const char	 *key;
		const char	**value;
	} lines[] = {
		{ "id", &h->id }, { "received_at", &h->received_at },
		{ "provider", &h->provider }, { "account", &h->account },
		{ "source", &h->source }, { "outcome", &h->outcome },
		{ "verdict", &h->verdict }, { "remote_addr", &h->remote_addr },
		{ "headers", &h->headers }, { "note", &h->note },
		{ "body", &h->body },
	};
	char	*line = text, *end, *colon;
	size_t	 i;

	memset(h, 0, sizeof(*h));
	for (;; line = end + 1) {
		if ((end = strchr(line, '\n')) == NULL)
			return NULL;
		*end = '\0';
		if (*line == '\0')
			return end + 1;
		if ((colon = strstr(line, ": ")) == NULL) {
			if (line == text && strcmp(line, SPOOL_MAGIC) == 0)
				continue;
			return NULL;
		}
		*colon = '\0';
		for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
			if (strcmp(lines[i].key, line) == 0)
				*lines[i].value = colon + 2;
	}
}

/* Can this program make a delivery of it?  False, with err. */
static bool
head_is_known(const struct head *h, size_t bodylen, struct errbuf *err)
{
	if (h->id == NULL || h->received_at == NULL || h->provider == NULL ||
	    h->account == NULL || h->source == NULL || h->outcome == NULL ||
	    h->verdict == NULL || h->body == NULL || !uuid_is_valid(h->id) ||
	    strtoull(h->body, NULL, 10) != bodylen) {
		errbuf_set(err, "not a whole spool file");
		return false;
	}
	if (provider_find(h->provider) == NULL) {
		errbuf_set(err, "this program knows no provider \"%s\"",
		    h->provider);
		return false;
	}
	if (word_index(source_words, SOURCE__MAX, h->source) == -1 ||
	    word_index(outcome_words, OUTCOME__MAX, h->outcome) == -1 ||
	    word_index(verdict_words, VERDICT__MAX, h->verdict) == -1) {
		errbuf_set(err, "this program knows no source \"%s\", outcome "
		    "\"%s\" or verdict \"%s\"", h->source, h->outcome,
		    h->verdict);
		return false;
	}
	return true;
}

static bool
head_apply(struct delivery *d, const struct head *h)
{
	memcpy(d->id, h->id, sizeof(d->id));
	d->received_at = strtoll(h->received_at, NULL, 10);
	d->outcome = (enum outcome)word_index(outcome_words, OUTCOME__MAX,
	    h->outcome);
	d->verdict = (enum verdict)word_index(verdict_words, VERDICT__MAX, h->verdict);
	return result_set(&d->remote_addr, h->remote_addr) &&
	    result_set(&d->headers, h->headers) &&
	    result_set(&d->note, h->note);
}

/*
 * What the handler found is found again, by the parser of today; what it
 * decided about the sender stays.
 */
static bool
judge_again(struct delivery *d, const struct conf *conf)
{
	const struct account	*a = conf_account(conf, d->provider,
				    d->account);
	enum outcome		 was = d->outcome;

	if (was == OUTCOME_UNVERIFIED)
		return true;
	if (!delivery_judge(d, a != NULL && a->requery))
		return false;
	if (was == OUTCOME_STALE && d->outcome != OUTCOME_REJECTED)
		d->outcome = OUTCOME_STALE;
	/* Nor is one believed because its account has left the settings. */
	if (was == OUTCOME_REQUERY && d->outcome == OUTCOME_ACCEPTED)
		d->outcome = OUTCOME_REQUERY;
	return true;
}

enum scan {
	SCAN_OK,
	SCAN_GONE,
	SCAN_STRANGE,	/* no later try would make more of it */
	SCAN_LATER	/* its turn comes again */
};

/* A delivery from a file's text of len bytes and a NUL. */
static enum scan
delivery_scan(char *text, size_t len, const struct conf *conf,
    struct delivery **out, struct errbuf *err)
{
	struct delivery	*d;
	struct head	 h;
	char		*body = head_parse(text, &h), *copy;
	size_t		 bodylen;

	if (body == NULL)
		memset(&h, 0, sizeof(h));
	bodylen = body != NULL ? (size_t)(text + len - body) : 0;
	if (!head_is_known(&h, bodylen, err))
		return SCAN_STRANGE;
	d = delivery_new(provider_find(h.provider), h.account,
	    (enum delivery_source)word_index(source_words, SOURCE__MAX,
	    h.source));
	(void)errbuf_no_memory(err);
	if (d == NULL || (copy = malloc(bodylen + 1)) == NULL) {
		delivery_free(d);
		return SCAN_LATER;
	}
	memcpy(copy, body, bodylen + 1);
	delivery_set_body(d, copy, bodylen);
	if (!head_apply(d, &h) || !judge_again(d, conf)) {
		delivery_free(d);
		return SCAN_LATER;
	}
	*out = d;
	return SCAN_OK;
}

/* A whole file's text, which the caller frees. */
static enum scan
read_file(int dirfd, const char *name, char **text, size_t *len,
    struct errbuf *err)
{
	struct stat	st;
	int		fd;

	/* No waiting for whoever would write to a named pipe. */
	fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC);
	if (fd == -1 && errno == ENOENT)
		return SCAN_GONE;
	errbuf_set(err, "not a regular file");
	if (fd == -1 && (errno == ELOOP || errno == ENXIO))
		return SCAN_STRANGE;
	*text = NULL;
	if (fd != -1 && fstat(fd, &st) == 0) {
		if (!S_ISREG(st.st_mode)) {
			(void)close(fd);
			return SCAN_STRANGE;
		}
		*text = file_read_all(fd, (size_t)st.st_size, len);
		if (*text != NULL && *len != (size_t)st.st_size) {
			free(*text);
			*text = NULL;
			errno = EIO;	/* it became shorter */
		}
	}
	if (*text == NULL)
		errbuf_set(err, "spool: could not read \"%s\": %s", name,
		    strerror(errno));
	if (fd != -1)
		(void)close(fd);
	return *text != NULL ? SCAN_OK : SCAN_LATER;
}

/* A delivery from a file; *len is what was read. */
static enum scan
file_scan(int dirfd, const char *name, const struct conf *conf,
    struct delivery **out, size_t *len, struct errbuf *err)
{
	char		*text;
	enum scan	 scan = read_file(dirfd, name, &text, len, err);

	if (scan != SCAN_OK)
		return scan;
	scan = delivery_scan(text, *len, conf, out, err);
	free(text);
	return scan;
}

/* Put a file aside for a person, with the reason beside it. */
static void
set_aside(struct spool *s, const char *name, const char *reason,
    struct drain_counts *counts)
{
	char	path[192], note[192];
	int	fd;

	(void)mkdirat(s->dirfd, REFUSED_DIR, 0700);
	(void)snprintf(path, sizeof(path), "%s/%s", REFUSED_DIR, name);
	(void)snprintf(note, sizeof(note), "%s/%s.reason", REFUSED_DIR, name);
	fd = openat(s->dirfd, note, O_WRONLY | O_CREAT | O_TRUNC |
	    O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd != -1) {
		(void)file_write_all(fd, reason, strlen(reason));
		(void)fsync(fd);
		(void)close(fd);
	}
	if (renameat(s->dirfd, name, s->dirfd, path) == 0) {
		counts->refused++;
		log_line(LOG_ERROR, "spool file %s set aside: %s", name, reason);
	} else {
		counts->passed++;
		log_line(LOG_ERROR, "spool file %s could not be set aside (%s): "
		    "%s", name, strerror(errno), reason);
	}
}

static bool
collect(int dirfd, const char *name, void *arg)
{
	struct names	 *list = arg;
	struct stat	  st;
	char		**grown;

	if (strncmp(name, TMP_PREFIX, strlen(TMP_PREFIX)) == 0 &&
	    fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_mtime < time(NULL) - TMP_MAX_AGE_S)
		(void)unlinkat(dirfd, name, 0);
	if (!is_delivery_name(name))
		return true;
	if (list->n == list->room) {
		list->room = list->room == 0 ? 64 : list->room * 2;
		grown = realloc(list->name, list->room * sizeof(*grown));
		if (grown == NULL)
			return false;
		list->name = grown;
	}
	if ((list->name[list->n] = strdup(name)) == NULL)
		return false;
	list->n++;
	return true;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

struct batch {
	struct delivery	*delivery[BATCH_FILES];
	const char	*name[BATCH_FILES];
	enum outcome	 outcome[BATCH_FILES];
	size_t		 n;
};

/* Fill the batch from the next names on; err is of what is passed over. */
static void
batch_fill(struct spool *s, const struct conf *conf, struct batch *b,
    struct drain_counts *counts, struct errbuf *err)
{
	struct delivery	*d;
	const char	*name;
	size_t		 len = 0, bytes = 0;
	size_t		 max = s->next < s->alone_until ? 1 : BATCH_FILES;

	b->n = 0;
	while (s->next < s->list.n && b->n < max && bytes < BATCH_BYTES) {
		name = s->list.name[s->next++];
		switch (file_scan(s->dirfd, name, conf, &d, &len, err)) {
		case SCAN_OK:
			b->delivery[b->n] = d;
			b->name[b->n++] = name;
			bytes += len;
			break;
		case SCAN_GONE:
			break;
		case SCAN_STRANGE:
			set_aside(s, name, err->text, counts);
			break;
		case SCAN_LATER:
			counts->passed++;
			break;
		}
	}
}

/* The rows are committed: the files have done their work. */
static void
batch_remove(struct spool *s, struct db *db, const struct batch *b,
    size_t from, size_t n, struct drain_counts *counts)
{
	struct finished	f = { NULL, 0, 0 };
	size_t		i;

	finished_add(&f, &b->delivery[from], n, &b->outcome[from]);
	finished_notify(&f, db, BATCH_TIMEOUT_MS);
	for (i = from; i < from + n; i++)
		if (unlinkat(s->dirfd, b->name[i], 0) == 0)
			counts->drained++;
}

static enum db_verdict
batch_store(struct spool *s, struct db *db, struct batch *b,
    struct drain_counts *counts, struct errbuf *err)
{
	enum db_verdict	v;
	size_t		i;

	v = store_deliveries(db, b->delivery, b->n, STORE_AGAIN,
	    BATCH_TIMEOUT_MS, b->outcome, err);
	if (v == DB_OK)
		batch_remove(s, db, b, 0, b->n, counts);
	if (v != DB_REFUSED)
		return v;
	/* One of them is refused: find it, and let the others through. */
	for (i = 0; i < b->n; i++) {
		v = store_deliveries(db, &b->delivery[i], 1, STORE_AGAIN,
		    BATCH_TIMEOUT_MS, &b->outcome[i], err);
		if (v == DB_OK)
			batch_remove(s, db, b, i, 1, counts);
		else if (v == DB_REFUSED)
			set_aside(s, b->name[i], err->text, counts);
		else
			return v;
	}
	return DB_OK;
}

/*
 * The batch could not be stored, though the database answers: a task of it may
 * be locked for long.  The next attempts are one by one, and what still cannot
 * be stored is passed over, lest all that is behind it has to wait as well.
 */
static enum db_verdict
pass_over(struct spool *s, size_t from, size_t n, struct drain_counts *counts,
    size_t *failures)
{
	if (n > 1) {
		s->alone_until = s->next;
		s->next = from;
		return DB_OK;
	}
	counts->passed++;
	return ++*failures < ALONE_FAILURES ? DB_OK : DB_AWAY;
}

/* At least one batch, however long the list took; then until stop_at_ms. */
static enum db_verdict
drain_names(struct spool *s, struct db *db, const struct conf *conf,
    int64_t stop_at_ms, struct drain_counts *counts, struct errbuf *err)
{
	struct batch	b = { .n = 0 };
	enum db_verdict	v = DB_OK;
	size_t		i, from, failures = 0;

	do {
		from = s->next;
		batch_fill(s, conf, &b, counts, err);
		if (b.n > 0)
			v = batch_store(s, db, &b, counts, err);
		if (v == DB_AWAY && db_is_connected(db))
			v = pass_over(s, from, b.n, counts, &failures);
		else
			failures = 0;
		for (i = 0; i < b.n; i++)
			delivery_free(b.delivery[i]);
	} while (v == DB_OK && s->next < s->list.n &&
	    (stop_at_ms == 0 || clock_ms() < stop_at_ms));
	(void)fsync(s->dirfd);
	return v;
}

/*
 * The lock's file; -1 with errno.  One that another user made (root, who ran a
 * sweep by hand) can be locked by who may read it; on NFS that takes writing.
 */
static int
lock_open(int dirfd)
{
	const int	flags = O_CLOEXEC | O_NOFOLLOW;
	struct stat	st;
	int		fd;

	fd = openat(dirfd, LOCK_NAME, O_RDWR | O_CREAT | flags, 0644);
	if (fd == -1 && errno == EACCES)
		return openat(dirfd, LOCK_NAME, O_RDONLY | flags);
	/* Whatever the umask is; and once, since each change of a mode writes,
	 * and an idle handler comes here every second. */
	if (fd != -1 && fstat(fd, &st) == 0 && (st.st_mode & 07777) != 0644)
		(void)fchmod(fd, 0644);
	return fd;
}

/* List what waits; false: nothing, or another drainer is at it, or with
 * *blind and err it cannot be seen. */
static bool
drain_begin(struct spool *s, bool *blind, struct errbuf *err)
{
	if (s->drain_lock != -1)
		return true;
	if (!spool_check(s, err)) {
		*blind = true;
		return false;
	}
	s->drain_lock = lock_open(s->dirfd);
	if (s->drain_lock != -1 &&
	    flock(s->drain_lock, LOCK_EX | LOCK_NB) == 0 &&
	    each_name(s->dirfd, collect, &s->list)) {
		if (s->list.n > 0)
			qsort(s->list.name, s->list.n, sizeof(*s->list.name),
			    by_name);
		return s->list.n > 0;
	}
	if (errno != EWOULDBLOCK) {
		*blind = true;
		errbuf_set(err, "spool: could not list \"%s\": %s", s->dir,
		    strerror(errno));
	}
	return false;
}

/* A pass through the directory is over: is it still the one of that name? */
static void
dir_follow(struct spool *s)
{
	struct stat	known, now;

	if (s->dirfd == -1 || (fstat(s->dirfd, &known) == 0 &&
	    stat(s->dir, &now) == 0 && known.st_dev == now.st_dev &&
	    known.st_ino == now.st_ino))
		return;
	(void)close(s->dirfd);
	s->dirfd = -1;
}

enum db_verdict
spool_drain(struct spool *s, struct db *db, const struct conf *conf,
    int64_t stop_at_ms, struct drain_counts *counts, struct errbuf *err)
{
	enum db_verdict	v = DB_OK;

	memset(counts, 0, sizeof(*counts));
	if (drain_begin(s, &counts->blind, err))
		v = drain_names(s, db, conf, stop_at_ms, counts, err);
	if (v != DB_OK || s->next == s->list.n) {
		spool_leave(s);
		if (v == DB_OK)
			dir_follow(s);
	}
	counts->left = s->drain_lock != -1 ? (long)(s->list.n - s->next) :
	    spool_count(s);
	return v;
}
