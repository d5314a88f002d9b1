#include <sys/stat.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <confuse.h>

#include "lib/crypto.h"
#include "common/conf.h"

#define SETTINGS_MAX	(1 << 20)
#define SECRET_FILE_MAX	4096
#define TOKEN_MIN	8
#define TOKEN_MAX	128

enum key_type { KEY_TEXT, KEY_SECRET, KEY_LIST, KEY_NUMBER, KEY_BOOL };

/* Where a value goes: into struct conf, or into struct account. */
#define C(member)	offsetof(struct conf, member)
#define A(member)	offsetof(struct account, member)

/*
 * Every setting there is.  The section "account" stands for the sections of
 * the providers.  A NULL default has to be set; for numbers min and max hold.
 */
static const struct key {
	const char	*section;
	const char	*name;
	enum key_type	 type;
	size_t		 at;
	const char	*dflt;
	long		 min, max;
	const char	*words;
} keys[] = {
	{ "database", "conninfo", KEY_SECRET, C(conninfo), NULL, 0, 0,
	    "libpq connection string; several hosts for failover" },
	{ "database", "pooler", KEY_BOOL, C(pooler), "no", 0, 0,
	    "yes behind PgBouncer in transaction mode" },
	{ "receiver", "conninfo", KEY_SECRET, C(receiver_conninfo), "", 0, 0,
	    "connection string of the handlers, else database.conninfo" },
	{ "receiver", "base_url", KEY_TEXT, C(base_url), "", 0, 0,
	    "public address of this server, as the providers see it" },
	{ "receiver", "threads", KEY_NUMBER, C(threads), "32", 1, 256,
	    "requests in flight in one handler" },
	{ "receiver", "max_body", KEY_NUMBER, C(max_body_bytes), "1048576",
	    1024, 16777216, "bytes; a larger callback is answered 413" },
	{ "receiver", "spool_dir", KEY_TEXT, C(spool_dir),
	    "/var/spool/genhook", 0, 0,
	    "where callbacks wait while the database is away" },
	{ "receiver", "spool_max_bytes", KEY_NUMBER, C(spool_max_bytes),
	    "1073741824", 0, LONG_MAX, "bytes; above it 503" },
	{ "archive", "url", KEY_TEXT, C(archive_url),
	    "file:///var/lib/genhook/outputs", 0, 0,
	    "where outputs are kept: file:///directory or s3://bucket/prefix" },
	{ "archive", "s3_endpoint", KEY_TEXT, C(s3_endpoint), "", 0, 0,
	    "address of the S3-compatible store" },
	{ "archive", "s3_region", KEY_TEXT, C(s3_region), "us-east-1", 0, 0,
	    "its region" },
	{ "archive", "s3_access_key", KEY_SECRET, C(s3_access_key), "", 0, 0,
	    "access key id" },
	{ "archive", "s3_secret_key", KEY_SECRET, C(s3_secret_key), "", 0, 0,
	    "secret access key" },
	{ "archive", "s3_staging_dir", KEY_TEXT, C(s3_staging_dir),
	    "/var/lib/genhook/staging", 0, 0,
	    "where outputs are until the store has them" },
	{ "sweep", "conninfo", KEY_SECRET, C(sweep_conninfo), "", 0, 0,
	    "connection string of the sweep, else database.conninfo" },
	{ "sweep", "max_seconds", KEY_NUMBER, C(max_seconds), "50", 1, 86400,
	    "a run ends by itself after so long" },
	{ "sweep", "polls_in_flight", KEY_NUMBER, C(polls_in_flight), "16",
	    1, 1024, "status requests at once" },
	{ "sweep", "downloads_in_flight", KEY_NUMBER, C(downloads_in_flight),
	    "16", 1, 256, "downloads at once" },
	{ "sweep", "max_output_bytes", KEY_NUMBER, C(max_output_bytes),
	    "4294967296", 1, LONG_MAX, "bytes; a larger output is failed" },
	{ "sweep", "allow_private_networks", KEY_BOOL,
	    C(allow_private_networks), "no", 0, 0,
	    "fetch from loopback and private addresses, without TLS" },
	{ "sweep", "retain_deliveries_days", KEY_NUMBER,
	    C(retain_deliveries_days), "30", 1, 36500,
	    "months of deliveries wholly older are dropped" },
	{ "account", "token", KEY_LIST, A(tokens), NULL, 0, 0,
	    "the secret part of the callback path; several live at once" },
	{ "account", "webhook_secret", KEY_LIST, A(secrets), "", 0, 0,
	    "wavespeed's whsec_ secret; several live at once" },
	{ "account", "api_key", KEY_SECRET, A(api_key), "", 0, 0,
	    "the provider's API key, for submits and polls" },
	{ "account", "api_base", KEY_TEXT, A(api_base), "", 0, 0,
	    "scheme and host of the provider's API" },
	{ "account", "trust", KEY_TEXT, A(requery), "callback", 0, 0,
	    "callback, or requery: a callback only makes the sweep ask" },
	{ "account", "poll_after", KEY_NUMBER, A(poll_after_s), "120", 1,
	    604800, "seconds without a callback before the first poll" },
	{ "account", "poll_every_max", KEY_NUMBER, A(poll_every_max_s),
	    "3600", 1, 604800, "seconds; ceiling of the doubling interval" },
	{ "account", "give_up_after", KEY_NUMBER, A(give_up_after_s),
	    "604800", 60, 31536000, "seconds; then the task is lost" },
	{ "account", "polls_per_minute", KEY_NUMBER, A(polls_per_minute),
	    "60", 1, 60000, "status requests a minute" },
	{ "account", "submits_per_minute", KEY_NUMBER, A(submits_per_minute),
	    "60", 1, 60000, "queued requests sent a minute" },
	{ "account", "resend_unknown", KEY_BOOL, A(resend_unknown), "no",
	    0, 0, "apimart: the models in use honour its Idempotency-Key" },
};
#define NKEYS	(sizeof(keys) / sizeof(keys[0]))

static const char *const plain_sections[] = {
	"database", "receiver", "archive", "sweep"
};
#define NPLAIN	(sizeof(plain_sections) / sizeof(plain_sections[0]))
#define MAX_SECTIONS	(NPLAIN + 64)

/* libconfuse has no place for a caller's pointer in its callbacks. */
static _Thread_local struct errbuf	*parse_why;
static _Thread_local const char		*parse_path;
static _Thread_local const char		*parse_lines;	/* the file's text */

static const struct key *
key_find(const char *section, const char *name)
{
	size_t	i;

	if (provider_find(section) != NULL)
		section = "account";
	for (i = 0; i < NKEYS; i++)
		if (strcmp(keys[i].section, section) == 0 &&
		    strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

static void __attribute__((format(printf, 2, 0)))
on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	char	words[200];

	(void)vsnprintf(words, sizeof(words), fmt, ap);
	errbuf_set(parse_why, "%s:%d: %s", parse_path,
	    cfg != NULL ? cfg->line : 0, words);
}

static int
check_number(cfg_t *cfg, cfg_opt_t *opt, const struct key *k)
{
	long	v = cfg_opt_getnint(opt, 0);

	if (v >= k->min && v <= k->max)
		return 0;
	cfg_error(cfg, "%s.%s is %ld, not from %ld to %ld", cfg_name(cfg),
	    cfg_opt_name(opt), v, k->min, k->max);
	return -1;
}

static int
check_trust(cfg_t *cfg, cfg_opt_t *opt)
{
	const char	*word = cfg_opt_getnstr(opt, 0);

	if (strcmp(word, "callback") == 0 || strcmp(word, "requery") == 0)
		return 0;
	cfg_error(cfg, "%s.trust is \"%s\", neither callback nor requery",
	    cfg_name(cfg), word);
	return -1;
}

/*
 * What can be checked of a value by itself, as soon as it is read.  libconfuse
 * keeps no line for a value, but a comment, which nobody reads here.
 */
static int
on_value(cfg_t *cfg, cfg_opt_t *opt)
{
	const struct key	*k = key_find(cfg_name(cfg), cfg_opt_name(opt));
	char			 line[16];

	(void)snprintf(line, sizeof(line), "%d", cfg->line);
	if (cfg_opt_setcomment(opt, line) != CFG_SUCCESS)
		return -1;
	if (k != NULL && k->type == KEY_NUMBER)
		return check_number(cfg, opt, k);
	if (strcmp(cfg_opt_name(opt), "trust") == 0)
		return check_trust(cfg, opt);
	return 0;
}

static const char *
line_of_file(long line)
{
	const char	*s = parse_lines;

	for (; line > 1 && *s != '\0'; line--) {
		s += strcspn(s, "\n");
		s += *s == '\n';
	}
	return s;
}

/* Behind the words: the first variable on that line that stands for nothing,
 * as libconfuse reads "${NAME}"; "${NAME:-text}" stands for the text then. */
static void
add_unset(struct errbuf *words, long line)
{
	const char	*s = line_of_file(line), *end = s + strcspn(s, "\n");
	char		 name[128];
	size_t		 len = strlen(words->text);

	while ((s = strstr(s, "${")) != NULL && s < end) {
		s += 2;
		(void)snprintf(name, sizeof(name), "%.*s",
		    (int)strcspn(s, "}"), s);
		if (strstr(name, ":-") != NULL || getenv(name) != NULL)
			continue;
		(void)snprintf(words->text + len, sizeof(words->text) - len,
		    "; ${%s} is not set", name);
		return;
	}
}

/*
 * Put "FILE:LINE: SECTION.KEY " before the words; without a key they are of
 * the whole section.  The line is the value's, or where it is missing, the
 * one on which its section ends.
 */
static void __attribute__((format(printf, 4, 5)))
complain(struct errbuf *err, cfg_t *sec, const char *key, const char *fmt, ...)
{
	struct errbuf	 words;
	char		 line[24] = "";
	const char	*title = cfg_title(sec), *at = NULL;
	va_list		 ap;

	va_start(ap, fmt);
	(void)vsnprintf(words.text, sizeof(words.text), fmt, ap);
	va_end(ap);
	if (key != NULL)
		at = cfg_opt_getcomment(cfg_getopt(sec, key));
	if (at != NULL) {
		(void)snprintf(line, sizeof(line), "%s:", at);
		add_unset(&words, strtol(at, NULL, 10));
	} else if (sec->line > 0)
		(void)snprintf(line, sizeof(line), "%d:", sec->line);
	errbuf_set(err, "%s:%s %s%s%s%s%s %s", parse_path, line, cfg_name(sec),
	    title != NULL ? " " : "", title != NULL ? title : "",
	    key != NULL ? "." : "", key != NULL ? key : "", words.text);
}

/* One option as libconfuse describes it. */
static cfg_opt_t
option_of(const struct key *k)
{
	cfg_opt_t	text = CFG_STR(k->name, NULL, CFGF_NODEFAULT);
	cfg_opt_t	list = CFG_STR_LIST(k->name, NULL, CFGF_NODEFAULT);
	cfg_opt_t	number = CFG_INT(k->name, k->dflt != NULL &&
			    k->type == KEY_NUMBER ? strtol(k->dflt, NULL, 10) : 0,
			    CFGF_NONE);
	cfg_opt_t	flag = CFG_BOOL(k->name, cfg_false, CFGF_NONE);

	switch (k->type) {
	case KEY_LIST:
		return list;
	case KEY_NUMBER:
		return number;
	case KEY_BOOL:
		return flag;
	case KEY_TEXT:
	case KEY_SECRET:
		break;
	}
	return text;
}

static void
fill_options(const char *section, cfg_opt_t *opts)
{
	cfg_opt_t	end = CFG_END();
	size_t		i, n = 0;

	for (i = 0; i < NKEYS; i++)
		if (strcmp(keys[i].section, section) == 0)
			opts[n++] = option_of(&keys[i]);
	opts[n] = end;
}

static void
set_checks(cfg_t *cfg, const char *section, const char *as)
{
	char	path[128];
	size_t	i;

	for (i = 0; i < NKEYS; i++) {
		if (strcmp(keys[i].section, as) != 0)
			continue;
		(void)snprintf(path, sizeof(path), "%s|%s", section,
		    keys[i].name);
		cfg_set_validate_func(cfg, path, on_value);
	}
}

/* The whole grammar; the caller frees with cfg_free(). */
static cfg_t *
grammar(void)
{
	cfg_opt_t	 opts[MAX_SECTIONS + 1], sub[NPLAIN + 1][NKEYS + 1];
	cfg_opt_t	 end = CFG_END();
	cfg_t		*cfg;
	size_t		 i, n = 0;

	for (i = 0; i < NPLAIN; i++) {
		cfg_opt_t	sec = CFG_SEC(plain_sections[i], sub[i],
				    CFGF_NONE);

		fill_options(plain_sections[i], sub[i]);
		opts[n++] = sec;
	}
	fill_options("account", sub[NPLAIN]);
	for (i = 0; providers[i] != NULL && n < MAX_SECTIONS; i++) {
		cfg_opt_t	sec = CFG_SEC(providers[i]->name, sub[NPLAIN],
				    CFGF_MULTI | CFGF_TITLE |
				    CFGF_NO_TITLE_DUPES);

		opts[n++] = sec;
	}
	opts[n] = end;
	if ((cfg = cfg_init(opts, CFGF_NONE)) == NULL)
		return NULL;
	cfg_set_error_function(cfg, on_error);
	for (i = 0; i < NPLAIN; i++)
		set_checks(cfg, plain_sections[i], plain_sections[i]);
	for (i = 0; providers[i] != NULL; i++)
		set_checks(cfg, providers[i]->name, "account");
	return cfg;
}

/* Refused when others can read it: 0640 root:group is as open as it gets. */
static int
open_private(const char *path, const char *what, struct errbuf *err)
{
	struct stat	st;
	int		fd;

	/* Not to wait for a writer, should it be a FIFO. */
	if ((fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)) == -1) {
		errbuf_set(err, "%s \"%s\": %s", what, path, strerror(errno));
		return -1;
	}
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)) {
		errbuf_set(err, "%s \"%s\" is no regular file", what, path);
		goto bad;
	}
	if ((st.st_mode & 007) != 0) {
		errbuf_set(err, "%s \"%s\" can be read by others (mode %04o): "
		    "chmod o= it", what, path, st.st_mode & 07777);
		goto bad;
	}
	return fd;
bad:
	(void)close(fd);
	return -1;
}

/* "file:PATH" stands for the first line of that file. */
static char *
secret_of(const char *value, struct errbuf *err)
{
	char	 buf[SECRET_FILE_MAX + 1];
	ssize_t	 n;
	int	 fd;

	if (strncmp(value, "file:", 5) != 0)
		return strdup(value);
	if ((fd = open_private(value + 5, "secret file", err)) == -1)
		return NULL;
	n = read(fd, buf, SECRET_FILE_MAX);
	(void)close(fd);
	if (n <= 0) {
		errbuf_set(err, "secret file \"%s\" is empty or unreadable",
		    value + 5);
		return NULL;
	}
	buf[n] = '\0';
	buf[strcspn(buf, "\r\n")] = '\0';
	return strdup(buf);
}

static void
list_free(char **list)
{
	size_t	i;

	for (i = 0; list != NULL && list[i] != NULL; i++)
		free(list[i]);
	free(list);
}

static char **
list_of(cfg_opt_t *opt, struct errbuf *err)
{
	unsigned	 i, n = cfg_opt_size(opt);
	char		**list;

	if ((list = calloc(n + 1, sizeof(*list))) == NULL)
		return NULL;
	for (i = 0; i < n; i++)
		if ((list[i] = secret_of(cfg_opt_getnstr(opt, i), err)) ==
		    NULL) {
			list_free(list);
			return NULL;
		}
	return list;
}

/* Read one value into the member that the table names. */
static bool
take_value(cfg_t *sec, const struct key *k, char *base, struct errbuf *err)
{
	cfg_opt_t	*opt = cfg_getopt(sec, k->name);
	const char	*text;
	char		*copy, **list;

	switch (k->type) {
	case KEY_NUMBER:
		*(int64_t *)(void *)(base + k->at) = cfg_opt_getnint(opt, 0);
		return true;
	case KEY_BOOL:
		*(bool *)(base + k->at) = cfg_opt_getnbool(opt, 0) == cfg_true;
		return true;
	case KEY_LIST:
		if ((list = list_of(opt, err)) == NULL) {
			complain(err, sec, k->name, "%s", err->text);
			return false;
		}
		*(char ***)(void *)(base + k->at) = list;
		return true;
	case KEY_TEXT:
	case KEY_SECRET:
		break;
	}
	text = cfg_opt_size(opt) > 0 ? cfg_opt_getnstr(opt, 0) : k->dflt;
	if (text == NULL || (k->dflt == NULL && *text == '\0')) {
		complain(err, sec, k->name, "is missing");
		return false;
	}
	if (strcmp(k->name, "trust") == 0) {
		*(bool *)(base + k->at) = strcmp(text, "requery") == 0;
		return true;
	}
	copy = k->type == KEY_SECRET ? secret_of(text, err) : strdup(text);
	if (copy == NULL)
		complain(err, sec, k->name, "%s", err->text);
	*(char **)(void *)(base + k->at) = copy;
	return copy != NULL;
}

static bool
take_section(cfg_t *sec, const char *as, char *base, struct errbuf *err)
{
	size_t	i;

	for (i = 0; i < NKEYS; i++)
		if (strcmp(keys[i].section, as) == 0 &&
		    !take_value(sec, &keys[i], base, err))
			return false;
	return true;
}

/* One that could be part of a number in JSON is none: where it is redacted,
 * the rest would be JSON no more. */
bool
conf_token_is_valid(const char *token)
{
	size_t	len = strlen(token), i;

	if (len < TOKEN_MIN || len > TOKEN_MAX ||
	    strspn(token, "0123456789eE-") == len)
		return false;
	for (i = 0; i < len; i++)
		if (!isalnum((unsigned char)token[i]) && token[i] != '-' &&
		    token[i] != '_')
			return false;
	return true;
}

static bool
valid_account_name(const char *name)
{
	size_t	len = strlen(name);

	return len >= 1 && len <= 64 && strspn(name,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
	    == len;
}

static bool
starts_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

static bool
check_tokens(const struct conf *c, const struct account *a, cfg_t *sec,
    struct errbuf *err)
{
	const struct account	*other;
	size_t			 i;

	if (a->tokens[0] == NULL) {
		complain(err, sec, "token", "is missing");
		return false;
	}
	for (i = 0; a->tokens[i] != NULL; i++) {
		if (!conf_token_is_valid(a->tokens[i])) {
			complain(err, sec, "token", "number %zu is not %d to "
			    "%d letters, digits, '-' and '_', or looks like "
			    "a number",
			    i + 1, TOKEN_MIN, TOKEN_MAX);
			return false;
		}
		other = conf_account_by_token(c, a->provider, a->tokens[i],
		    strlen(a->tokens[i]));
		if (other != NULL && other != a) {
			complain(err, sec, "token", "number %zu is %s %s's as "
			    "well", i + 1, a->provider->name, other->name);
			return false;
		}
	}
	return true;
}

static bool
check_secrets(const struct account *a, cfg_t *sec, struct errbuf *err)
{
	size_t	i;

	if (a->provider->verify != NULL && a->secrets[0] == NULL) {
		complain(err, sec, "webhook_secret", "is missing, and this "
		    "provider signs its callbacks");
		return false;
	}
	for (i = 0; a->secrets[i] != NULL; i++)
		if (a->secrets[i][0] == '\0') {
			complain(err, sec, "webhook_secret", "is empty");
			return false;
		}
	return true;
}

/* Fill in the provider's own address, and cut off slashes at the end. */
static bool
check_api_base(const struct conf *c, struct account *a, cfg_t *sec,
    struct errbuf *err)
{
	size_t	len;

	if (*a->api_base == '\0') {
		free(a->api_base);
		if ((a->api_base = strdup(a->provider->api_base)) == NULL)
			return false;
	}
	while ((len = strlen(a->api_base)) > 0 && a->api_base[len - 1] == '/')
		a->api_base[len - 1] = '\0';
	if (starts_with(a->api_base, "https://") ||
	    (c->allow_private_networks && starts_with(a->api_base, "http://")))
		return true;
	complain(err, sec, "api_base", "is not https://");
	return false;
}

static bool
check_account(const struct conf *c, struct account *a, cfg_t *sec,
    struct errbuf *err)
{
	if (!valid_account_name(a->name)) {
		complain(err, sec, NULL, "is no account name of 1 to 64 "
		    "letters, digits, '-' and '_'");
		return false;
	}
	if (a->resend_unknown && a->provider->once_header == NULL) {
		complain(err, sec, "resend_unknown", "is yes, but this provider "
		    "takes no Idempotency-Key");
		return false;
	}
	return check_secrets(a, sec, err) && check_api_base(c, a, sec, err) &&
	    check_tokens(c, a, sec, err);
}

/* What an archive in a store needs; each row has to hold. */
static bool
check_store(const struct conf *c, cfg_t *sec, struct errbuf *err)
{
	const struct {
		const char	*key, *words;
		bool		 holds;
	} rules[] = {
		{ "s3_endpoint", "is no http(s) URL, and archive.url is s3://",
		    url_is_link(c->s3_endpoint) },
		{ "s3_region", "is not 1 to 64 letters, digits and '-'",
		    *c->s3_region != '\0' && strlen(c->s3_region) <= 64 &&
		    strspn(c->s3_region, "abcdefghijklmnopqrstuvwxyz"
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") ==
		    strlen(c->s3_region) },
		{ "s3_access_key", "is missing, and archive.url is s3://",
		    *c->s3_access_key != '\0' },
		{ "s3_secret_key", "is missing, and archive.url is s3://",
		    *c->s3_secret_key != '\0' },
		{ "s3_staging_dir", "is no absolute path",
		    *c->s3_staging_dir == '/' },
	};
	size_t	i;

	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (!rules[i].holds) {
			complain(err, sec, rules[i].key, "%s", rules[i].words);
			return false;
		}
	return true;
}

static bool
check_common(cfg_t *cfg, const struct conf *c, struct errbuf *err)
{
	if (c->spool_dir[0] != '/') {
		complain(err, cfg_getsec(cfg, "receiver"), "spool_dir",
		    "\"%s\" is no absolute path", c->spool_dir);
		return false;
	}
	if (!starts_with(c->archive_url, "file:///") &&
	    !starts_with(c->archive_url, "s3://")) {
		complain(err, cfg_getsec(cfg, "archive"), "url", "is neither "
		    "file:///directory nor s3://bucket");
		return false;
	}
	if (starts_with(c->archive_url, "s3://") &&
	    !check_store(c, cfg_getsec(cfg, "archive"), err))
		return false;
	if (*c->base_url != '\0' && !url_is_link(c->base_url)) {
		complain(err, cfg_getsec(cfg, "receiver"), "base_url",
		    "is no http(s) URL");
		return false;
	}
	return true;
}

static bool
take_accounts(cfg_t *cfg, struct conf *c, struct errbuf *err)
{
	struct account	*a;
	unsigned	 i;
	size_t		 p, total = 0;
	cfg_t		*sec;

	for (p = 0; providers[p] != NULL; p++)
		total += cfg_size(cfg, providers[p]->name);
	if ((c->accounts = calloc(total + 1, sizeof(*a))) == NULL)
		return false;
	for (p = 0; providers[p] != NULL; p++)
		for (i = 0; i < cfg_size(cfg, providers[p]->name); i++) {
			sec = cfg_getnsec(cfg, providers[p]->name, i);
			a = &c->accounts[c->naccounts++];
			a->provider = providers[p];
			if ((a->name = strdup(cfg_title(sec))) == NULL ||
			    !take_section(sec, "account", (char *)a, err) ||
			    !check_account(c, a, sec, err))
				return false;
		}
	return true;
}

static bool
take_all(cfg_t *cfg, struct conf *c, struct errbuf *err)
{
	size_t	i;

	for (i = 0; i < NPLAIN; i++)
		if (!take_section(cfg_getsec(cfg, plain_sections[i]),
		    plain_sections[i], (char *)c, err))
			return false;
	return check_common(cfg, c, err) && take_accounts(cfg, c, err);
}

/* The end of the comment or the quoted string that begins at s. */
static char *
span_end(char *s)
{
	char	 quote = *s, *end;

	if (quote == '#' || (s[0] == '/' && s[1] == '/'))
		return s + strcspn(s, "\n");
	if (quote == '/')
		return (end = strstr(s + 2, "*/")) != NULL ? end + 2 :
		    s + strlen(s);
	for (s++; *s != '\0' && *s != quote; s++)
		if (*s == '\\' && s[1] != '\0')
			s++;
	return *s == quote ? s + 1 : s;
}

/*
 * Overwrite all comments with blanks, and count the braces that are left
 * open.  libconfuse 3.3 counts the line of each comment thrice, so that it
 * would name wrong lines from there on, and takes a file that ends within a
 * section.
 */
static int
blank_comments(char *s)
{
	char	*end;
	int	 depth = 0;

	for (; *s != '\0'; s++) {
		depth += (*s == '{') - (*s == '}');
		if (*s != '#' && *s != '"' && *s != '\'' &&
		    (*s != '/' || (s[1] != '/' && s[1] != '*')))
			continue;
		end = span_end(s);
		if (*s == '#' || *s == '/')
			for (; s < end; s++)
				*s = *s == '\n' ? '\n' : ' ';
		s = end - 1;
	}
	return depth;
}

/* The settings' text, which the caller frees; NULL with err. */
static char *
read_settings(const char *path, struct errbuf *err)
{
	char	*text = NULL;
	FILE	*fp;
	size_t	 n;
	int	 fd;

	if ((fd = open_private(path, "settings", err)) == -1)
		return NULL;
	if ((fp = fdopen(fd, "r")) == NULL) {
		(void)close(fd);
		return NULL;
	}
	if ((text = malloc(SETTINGS_MAX + 1)) != NULL) {
		n = fread(text, 1, SETTINGS_MAX + 1, fp);
		if (n > SETTINGS_MAX || ferror(fp) != 0) {
			errbuf_set(err, "%s: unreadable, or over %d bytes",
			    path, SETTINGS_MAX);
			free(text);
			text = NULL;
		} else
			text[n] = '\0';
	}
	(void)fclose(fp);
	return text;
}

static bool
parse_text(cfg_t *cfg, char *text)
{
	FILE	*fp;
	bool	 ok;

	if (blank_comments(text) > 0) {
		errbuf_set(parse_why, "%s: a brace or a quote is not closed", parse_path);
		return false;
	}
	if ((fp = fmemopen(text, strlen(text), "r")) == NULL)
		return false;
	ok = cfg_parse_fp(cfg, fp) == CFG_SUCCESS;
	(void)fclose(fp);
	return ok;
}

struct conf *
conf_load(const char *path, struct errbuf *err)
{
	struct conf	*c = NULL;
	cfg_t		*cfg = NULL;
	char		*text;
	bool		 ok = false;

	if (path == NULL && (path = getenv("GENHOOK_CONF")) == NULL)
		path = CONF_DEFAULT_PATH;
	errbuf_set(err, "%s: out of memory", path);
	if ((text = read_settings(path, err)) == NULL)
		return NULL;
	if ((c = calloc(1, sizeof(*c))) == NULL ||
	    (c->path = strdup(path)) == NULL || (cfg = grammar()) == NULL)
		goto out;
	parse_why = err;
	parse_path = path;
	parse_lines = text;
	ok = parse_text(cfg, text) && take_all(cfg, c, err);
out:
	if (cfg != NULL)
		cfg_free(cfg);
	free(text);
	parse_lines = NULL;
	if (!ok) {
		conf_free(c);
		return NULL;
	}
	return c;
}

static void
section_free(const char *as, char *base)
{
	size_t	i;

	for (i = 0; i < NKEYS; i++) {
		if (strcmp(keys[i].section, as) != 0 ||
		    strcmp(keys[i].name, "trust") == 0)
			continue;
		if (keys[i].type == KEY_LIST)
			list_free(*(char ***)(void *)(base + keys[i].at));
		else if (keys[i].type == KEY_TEXT ||
		    keys[i].type == KEY_SECRET)
			free(*(char **)(void *)(base + keys[i].at));
	}
}

void
conf_free(struct conf *c)
{
	size_t	i;

	if (c == NULL)
		return;
	for (i = 0; i < c->naccounts; i++) {
		section_free("account", (char *)&c->accounts[i]);
		free(c->accounts[i].name);
	}
	free(c->accounts);
	for (i = 0; i < NPLAIN; i++)
		section_free(plain_sections[i], (char *)c);
	free(c->path);
	free(c);
}

const struct account *
conf_account(const struct conf *c, const struct provider *p, const char *name)
{
	size_t	i;

	for (i = 0; i < c->naccounts; i++)
		if (c->accounts[i].provider == p &&
		    strcmp(c->accounts[i].name, name) == 0)
			return &c->accounts[i];
	return NULL;
}

const struct account *
conf_account_by_token(const struct conf *c, const struct provider *p,
    const char *token, size_t len)
{
	const struct account	*found = NULL, *a;
	unsigned char		 want[SHA256_BYTES], have[SHA256_BYTES];
	size_t			 i, t;
	bool			 sure;

	/* Digests are of one length, so that time tells nothing of a token's. */
	sure = sha256(token, len, want);
	for (i = 0; i < c->naccounts; i++) {
		a = &c->accounts[i];
		if (a->provider != p)
			continue;
		for (t = 0; a->tokens != NULL && a->tokens[t] != NULL; t++) {
			sure = sure && sha256(a->tokens[t],
			    strlen(a->tokens[t]), have);
			if (sure && found == NULL &&
			    equal_constant_time(want, have, sizeof(want)))
				found = a;
		}
	}
	errno = sure ? 0 : ENOMEM;
	return found;
}

void
conf_each_key(void (*fn)(const char *, const char *, const char *,
    const char *, const char *))
{
	char	bounds[64];
	size_t	i;

	for (i = 0; i < NKEYS; i++) {
		bounds[0] = '\0';
		if (keys[i].type == KEY_NUMBER && keys[i].max == LONG_MAX)
			(void)snprintf(bounds, sizeof(bounds), "%ld or more",
			    keys[i].min);
		else if (keys[i].type == KEY_NUMBER)
			(void)snprintf(bounds, sizeof(bounds), "%ld to %ld",
			    keys[i].min, keys[i].max);
		fn(keys[i].section, keys[i].name, keys[i].dflt, bounds,
		    keys[i].words);
	}
}
