/* The file of a provider's published keys, and the marks beside it. */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/crypto.h"
#include "lib/file.h"
#include "lib/hex.h"
#include "common/key_file.h"

#define KEY_FILE_NAME_MAX	96
#define KEY_FILE_DIGEST_BYTES	8

/* Beside the callbacks of the spool, which have other names. */
#define KEY_FILE_PREFIX		".keys-"
#define KEY_FILE_WANTED		".wanted"	/* a handler left it */
#define KEY_FILE_ASKED		".asked"	/* when it was asked for last */

bool
key_file_is_used(const struct account *a)
{
	return a->provider->signature != NULL &&
	    a->provider->signature->method == SIGNATURE_ED25519 &&
	    *a->keys_url != '\0';
}

/* After the account, not the address: a handler may have begun before the
 * settings changed, and finds the keys all the same.  False: no name. */
static bool
key_file_name(const struct account *a, const char *suffix,
    char name[KEY_FILE_NAME_MAX])
{
	unsigned char	digest[SHA256_BYTES];
	char		hex[2 * KEY_FILE_DIGEST_BYTES + 1];

	if (!sha256(a->name, strlen(a->name), digest))
		return false;
	hex_encode(digest, KEY_FILE_DIGEST_BYTES, hex);
	return snprintf(name, KEY_FILE_NAME_MAX, KEY_FILE_PREFIX "%s-%s%s",
	    a->provider->name, hex, suffix) < KEY_FILE_NAME_MAX;
}

static int
key_file_dir(const struct conf *conf)
{
	return open(conf->spool_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Seconds since a file was written; -1: there is none.  One from the future,
 * by a clock that was set back, is as old as can be. */
static int64_t
key_file_age_s(int dirfd, const char *name)
{
	struct stat	st;
	time_t		now = time(NULL);

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return -1;
	return st.st_mtime > now ? INT64_MAX : now - st.st_mtime;
}

/* ---- reading ------------------------------------------------------------ */

/* The keys of a set's text. */
static size_t
key_file_parse(const char *text, size_t len,
    struct public_key keys[JWKS_KEYS_MAX])
{
	struct json_object	*set = NULL;
	struct errbuf		 unused;
	size_t			 n = 0;

	if (json_parse(text, len, &set, &unused) == JSON_OK)
		n = jwks_read(set, keys);
	json_free(set);
	return n;
}

static size_t
key_file_read_in(int dirfd, const char *name,
    struct public_key keys[JWKS_KEYS_MAX])
{
	int64_t	 age_s = key_file_age_s(dirfd, name);
	char	*text = NULL;
	size_t	 len = 0, n;
	int	 fd;

	if (age_s < 0 || age_s > KEY_FILE_TRUSTED_S)
		return 0;
	fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return 0;
	text = file_read_all(fd, KEY_FILE_MAX_BYTES, &len);
	(void)close(fd);
	if (text == NULL)
		return 0;
	n = key_file_parse(text, len, keys);
	free(text);
	return n;
}

size_t
key_file_read(const struct conf *conf, const struct account *a,
    struct public_key keys[JWKS_KEYS_MAX])
{
	char	name[KEY_FILE_NAME_MAX];
	size_t	n = 0;
	int	dirfd;

	if (!key_file_is_used(a) || !key_file_name(a, "", name) ||
	    (dirfd = key_file_dir(conf)) == -1)
		return 0;
	n = key_file_read_in(dirfd, name, keys);
	(void)close(dirfd);
	return n;
}

int64_t
key_file_age(const struct conf *conf, const struct account *a)
{
	char	name[KEY_FILE_NAME_MAX];
	int64_t	age_s;
	int	dirfd;

	if (!key_file_name(a, "", name) || (dirfd = key_file_dir(conf)) == -1)
		return -1;
	age_s = key_file_age_s(dirfd, name);
	(void)close(dirfd);
	return age_s;
}

/* ---- marks -------------------------------------------------------------- */

/* An empty file of that name, written now. */
static bool
key_file_mark(int dirfd, const char *name)
{
	int	fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC |
		    O_NOFOLLOW | O_CLOEXEC, 0600);
	bool	ok = fd != -1 && futimens(fd, NULL) == 0;

	if (fd != -1)
		(void)close(fd);
	return ok;
}

void
key_file_want(const struct conf *conf, const struct account *a)
{
	char	name[KEY_FILE_NAME_MAX];
	int	dirfd;

	if (!key_file_is_used(a) || !key_file_name(a, KEY_FILE_WANTED, name) ||
	    (dirfd = key_file_dir(conf)) == -1)
		return;
	/* Without it the keys are fetched all the same, when they are old. */
	if (faccessat(dirfd, name, F_OK, 0) == -1)
		(void)key_file_mark(dirfd, name);
	(void)close(dirfd);
}

static bool
key_file_is_due_in(int dirfd, const char *name, const char *wanted,
    const char *asked)
{
	int64_t	age_s = key_file_age_s(dirfd, name);
	int64_t	asked_s = key_file_age_s(dirfd, asked);

	if (age_s >= 0 && age_s < KEY_FILE_FRESH_S &&
	    faccessat(dirfd, wanted, F_OK, 0) == -1)
		return false;
	if (asked_s >= 0 && asked_s < KEY_FILE_PAUSE_S)
		return false;
	/* What cannot be noted would be asked for at each turn. */
	return key_file_mark(dirfd, asked);
}

bool
key_file_is_due(const struct conf *conf, const struct account *a)
{
	char	name[KEY_FILE_NAME_MAX], wanted[KEY_FILE_NAME_MAX];
	char	asked[KEY_FILE_NAME_MAX];
	bool	due;
	int	dirfd;

	if (!key_file_is_used(a) || !key_file_name(a, "", name) ||
	    !key_file_name(a, KEY_FILE_WANTED, wanted) ||
	    !key_file_name(a, KEY_FILE_ASKED, asked) ||
	    (dirfd = key_file_dir(conf)) == -1)
		return false;
	due = key_file_is_due_in(dirfd, name, wanted, asked);
	(void)close(dirfd);
	return due;
}

/* ---- writing ------------------------------------------------------------ */

/* A name is there with all of its bytes, or as it was. */
static bool
key_file_replace(int dirfd, const char *name, const char *text, size_t len)
{
	char	tmp[KEY_FILE_NAME_MAX + 32];
	int	fd, failed;
	bool	ok;

	(void)snprintf(tmp, sizeof(tmp), "%s.%ld", name, (long)getpid());
	fd = openat(dirfd, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW |
	    O_CLOEXEC, 0600);
	if (fd == -1)
		return false;
	ok = file_write_all(fd, text, len) && file_sync(fd);
	failed = errno;
	if (close(fd) == -1 && ok) {
		failed = errno;
		ok = false;
	}
	if (ok && renameat(dirfd, tmp, dirfd, name) == -1) {
		failed = errno;
		ok = false;
	}
	if (!ok)
		(void)unlinkat(dirfd, tmp, 0);
	errno = failed;
	return ok;
}

bool
key_file_write(const struct conf *conf, const struct account *a,
    const char *set, size_t len, struct errbuf *err)
{
	struct public_key	keys[JWKS_KEYS_MAX];
	char			name[KEY_FILE_NAME_MAX];
	char			wanted[KEY_FILE_NAME_MAX];
	int			dirfd;
	bool			ok;

	if (key_file_parse(set, len, keys) == 0) {
		errbuf_set(err, "the answer holds no Ed25519 key");
		return false;
	}
	if (!key_file_name(a, "", name) ||
	    !key_file_name(a, KEY_FILE_WANTED, wanted))
		return errbuf_no_memory(err);
	if ((dirfd = key_file_dir(conf)) == -1) {
		errbuf_set(err, "could not open \"%s\": %s", conf->spool_dir,
		    strerror(errno));
		return false;
	}
	/* A mark that is left from now on is about the new keys. */
	(void)unlinkat(dirfd, wanted, 0);
	if (!(ok = key_file_replace(dirfd, name, set, len)))
		errbuf_set(err, "could not write the keys: %s",
		    strerror(errno));
	(void)close(dirfd);
	return ok;
}
