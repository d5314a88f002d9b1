/* A settings file, read with libconfuse by the table of keys. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <confuse.h>

#include "lib/file.h"
#include "common/conf_check.h"
#include "common/conf_file.h"
#include "common/conf_keys.h"
#include "common/conf_private.h"

#define SETTINGS_MAX	(1 << 20)
#define MAX_SECTIONS	(CONF_NSECTIONS + 64)
#define UNSET_MAX	64	/* lines with variables that are not set */
#define AGAIN_MAX	100	/* mistakes of grammar that are told */
#define WRONG_MAX	64	/* values that may be told of twice, from there on */

/* A file while it is read. */
struct conf_file {
	const char	*path;
	char		*text;		/* its comments overwritten */
	cfg_t		*cfg;
	cfg_t		*section;	/* that is checked */
	struct errbuf	*err;		/* the caller's: the first mistake */
	long		 mistakes;
	long		 line;		/* of the grammar's last mistake */
	/* Told of each mistake; NULL: the first one is enough. */
	void		(*each)(void *, const char *);
	void		*arg;
	long		 told[UNSET_MAX];	/* lines of which a variable
						   has been named */
	size_t		 ntold;
	const cfg_opt_t	*wrong[WRONG_MAX];	/* values of which a mistake
						   has been told */
	size_t		 nwrong;
	bool		 is_short;	/* of memory for what stands in */
};

/* libconfuse has no place for a caller's pointer in its callbacks. */
static _Thread_local struct conf_file	*conf_file_parsed;

/* ---- what is wrong, and where ------------------------------------------- */

/* One more mistake.  The caller's err keeps the first. */
static void
conf_file_mistake(struct conf_file *f, const struct errbuf *words)
{
	if (f->mistakes++ == 0)
		errbuf_reword(f->err, "%s", words->text);
	if (f->each != NULL)
		f->each(f->arg, words->text);
}

/* libconfuse's own complaints. */
static void __attribute__((format(printf, 2, 0)))
conf_file_on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	struct conf_file	*f = conf_file_parsed;
	struct errbuf		 mistake;
	char			 words[200];

	(void)vsnprintf(words, sizeof(words), fmt, ap);
	f->line = cfg != NULL ? cfg->line : 0;
	errbuf_set(&mistake, "%s:%ld: %s", f->path, f->line, words);
	conf_file_mistake(f, &mistake);
}

static const char *
conf_file_line(const char *text, long line)
{
	for (; line > 1 && *text != '\0'; line--) {
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return text;
}

/* The first variable from s to end that stands for nothing, as libconfuse reads
 * "${NAME}"; "${NAME:-text}" stands for the text then.  NULL: there is none. */
static const char *
conf_file_unset(const char *s, const char *end, char *name, size_t size)
{
	while ((s = strstr(s, "${")) != NULL && s < end) {
		s += 2;
		(void)snprintf(name, size, "%.*s", (int)strcspn(s, "}"), s);
		if (strstr(name, ":-") == NULL && getenv(name) == NULL)
			return name;
	}
	return NULL;
}

/* Behind the words: the first such variable on that line. */
static void
conf_file_add_unset(struct conf_file *f, long line, struct errbuf *words)
{
	const char	*s = conf_file_line(f->text, line);
	char		 name[128];
	size_t		 len = strlen(words->text);

	if (conf_file_unset(s, s + strcspn(s, "\n"), name,
	    sizeof(name)) == NULL)
		return;
	(void)snprintf(words->text + len, sizeof(words->text) - len,
	    "; ${%s} is not set", name);
	if (f->ntold < UNSET_MAX)
		f->told[f->ntold++] = line;
}

/*
 * Put "FILE:LINE: SECTION.KEY " before the words; without a key they are of
 * the whole section.  The line is the value's, or where it is missing, the
 * one on which its section ends.  False, so that a caller can return it.
 */
static bool __attribute__((format(printf, 4, 5)))
conf_file_complain(struct conf_file *f, cfg_t *sec, const char *key,
    const char *fmt, ...)
{
	struct errbuf	 words, mistake;
	char		 line[24] = "";
	const char	*title = cfg_title(sec), *at = NULL;
	va_list		 ap;

	va_start(ap, fmt);
	(void)vsnprintf(words.text, sizeof(words.text), fmt, ap);
	va_end(ap);
	if (key != NULL) {
		if (f->nwrong < WRONG_MAX)
			f->wrong[f->nwrong++] = cfg_getopt(sec, key);
		at = cfg_opt_getcomment(cfg_getopt(sec, key));
	}
	if (at != NULL) {
		(void)snprintf(line, sizeof(line), "%s:", at);
		conf_file_add_unset(f, strtol(at, NULL, 10), &words);
	} else if (sec->line > 0)
		(void)snprintf(line, sizeof(line), "%d:", sec->line);
	errbuf_set(&mistake, "%s:%s %s%s%s%s%s %s", f->path, line,
	    cfg_name(sec), title != NULL ? " " : "", title != NULL ? title : "",
	    key != NULL ? "." : "", key != NULL ? key : "", words.text);
	conf_file_mistake(f, &mistake);
	return false;
}

/* The same of a secret that could not be had; its class is the caller's. */
static bool
conf_file_complain_secret(struct conf_file *f, cfg_t *sec, const char *key,
    const struct errbuf *why)
{
	(void)conf_file_complain(f, sec, key, "%s", why->text);
	if (f->mistakes == 1)
		f->err->class = why->class;
	return false;
}

/* ---- the grammar -------------------------------------------------------- */

static int
conf_file_check_number(cfg_t *cfg, cfg_opt_t *opt, const struct conf_key *k)
{
	long	v = cfg_opt_getnint(opt, 0);

	if (v >= k->min && v <= k->max)
		return 0;
	cfg_error(cfg, "%s.%s is %ld, not from %ld to %ld", cfg_name(cfg),
	    cfg_opt_name(opt), v, k->min, k->max);
	return -1;
}

static int
conf_file_check_trust(cfg_t *cfg, cfg_opt_t *opt)
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
conf_file_on_value(cfg_t *cfg, cfg_opt_t *opt)
{
	const struct conf_key	*k = conf_key_find(cfg_name(cfg),
				    cfg_opt_name(opt));
	char			 line[16];

	(void)snprintf(line, sizeof(line), "%d", cfg->line);
	if (cfg_opt_setcomment(opt, line) != CFG_SUCCESS)
		return -1;
	if (k != NULL && k->type == CONF_NUMBER)
		return conf_file_check_number(cfg, opt, k);
	if (k != NULL && k->type == CONF_TRUST)
		return conf_file_check_trust(cfg, opt);
	return 0;
}

/* One option as libconfuse describes it. */
static cfg_opt_t
conf_file_option(const struct conf_key *k)
{
	cfg_opt_t	text = CFG_STR(k->name, NULL, CFGF_NODEFAULT);
	cfg_opt_t	list = CFG_STR_LIST(k->name, NULL, CFGF_NODEFAULT);
	cfg_opt_t	number = CFG_INT(k->name, k->type == CONF_NUMBER ?
			    strtol(k->dflt, NULL, 10) : 0, CFGF_NONE);
	cfg_opt_t	flag = CFG_BOOL(k->name, cfg_false, CFGF_NONE);

	switch (k->type) {
	case CONF_LIST:
		return list;
	case CONF_NUMBER:
		return number;
	case CONF_BOOL:
		return flag;
	case CONF_TEXT:
	case CONF_SECRET:
	case CONF_TRUST:
		break;
	}
	return text;
}

static void
conf_file_fill_options(const char *section, cfg_opt_t *opts)
{
	const struct conf_key	*k;
	cfg_opt_t		 end = CFG_END();
	size_t			 n = 0;

	for (k = conf_keys; k->name != NULL; k++)
		if (strcmp(k->section, section) == 0)
			opts[n++] = conf_file_option(k);
	opts[n] = end;
}

/* The file's section has the keys of the table's. */
static void
conf_file_set_checks(cfg_t *cfg, const char *in_file, const char *in_table)
{
	const struct conf_key	*k;
	char			 path[128];

	for (k = conf_keys; k->name != NULL; k++) {
		if (strcmp(k->section, in_table) != 0)
			continue;
		(void)snprintf(path, sizeof(path), "%s|%s", in_file, k->name);
		cfg_set_validate_func(cfg, path, conf_file_on_value);
	}
}

/* The whole grammar; the caller frees with cfg_free(). */
static cfg_t *
conf_file_grammar(void)
{
	cfg_opt_t	 opts[MAX_SECTIONS + 1];
	cfg_opt_t	 keys[CONF_NSECTIONS + 2][CONF_KEYS_MAX];
	cfg_opt_t	 forward = CFG_SEC(CONF_FORWARD,
			    keys[CONF_NSECTIONS + 1], CFGF_MULTI |
			    CFGF_TITLE | CFGF_NO_TITLE_DUPES);
	cfg_opt_t	 end = CFG_END();
	cfg_t		*cfg;
	size_t		 i, n = 0;

	for (i = 0; i < CONF_NSECTIONS; i++) {
		cfg_opt_t	sec = CFG_SEC(conf_sections[i], keys[i],
				    CFGF_NONE);

		conf_file_fill_options(conf_sections[i], keys[i]);
		opts[n++] = sec;
	}
	conf_file_fill_options(CONF_ACCOUNT, keys[CONF_NSECTIONS]);
	conf_file_fill_options(CONF_FORWARD, keys[CONF_NSECTIONS + 1]);
	opts[n++] = forward;
	for (i = 0; providers[i] != NULL && n < MAX_SECTIONS; i++) {
		cfg_opt_t	sec = CFG_SEC(providers[i]->name,
				    keys[CONF_NSECTIONS], CFGF_MULTI |
				    CFGF_TITLE | CFGF_NO_TITLE_DUPES);

		opts[n++] = sec;
	}
	opts[n] = end;
	if ((cfg = cfg_init(opts, CFGF_NONE)) == NULL)
		return NULL;
	cfg_set_error_function(cfg, conf_file_on_error);
	for (i = 0; i < CONF_NSECTIONS; i++)
		conf_file_set_checks(cfg, conf_sections[i], conf_sections[i]);
	conf_file_set_checks(cfg, CONF_FORWARD, CONF_FORWARD);
	for (i = 0; providers[i] != NULL; i++)
		conf_file_set_checks(cfg, providers[i]->name, CONF_ACCOUNT);
	return cfg;
}

/* ---- from libconfuse's values to ours ----------------------------------- */

/* libpq's string may have blanks, and only its first line counts; a key or a
 * token has neither by intention. */
static bool
conf_file_is_clean(struct conf_file *f, cfg_t *sec, const struct conf_key *k,
    char *secret)
{
	if (strcmp(k->section, "database") == 0)
		secret[strcspn(secret, "\r\n")] = '\0';
	return strcmp(k->section, "database") == 0 ||
	    conf_private_is_clean(secret) || conf_file_complain(f, sec,
	    k->name, "has a control byte, a blank at an end, or a byte order "
	    "mark");
}

/* A list of secrets, whole or not conf_free()'s to free. */
static bool
conf_file_take_list(struct conf_file *f, cfg_t *sec, const struct conf_key *k,
    char ***list)
{
	cfg_opt_t	*opt = cfg_getopt(sec, k->name);
	struct errbuf	 why;
	unsigned	 i, n = cfg_opt_size(opt);

	(void)errbuf_no_memory(&why);
	if ((*list = calloc(n + 1, sizeof(**list))) != NULL) {
		for (i = 0; i < n; i++)
			if (((*list)[i] = conf_private_secret(
			    cfg_opt_getnstr(opt, i), &why)) == NULL)
				break;
			else if (!conf_file_is_clean(f, sec, k, (*list)[i]))
				return false;
		if (i == n)
			return true;
	}
	return conf_file_complain_secret(f, sec, k->name, &why);
}

/* A value that is text in the file, into the member at base + k->at. */
static bool
conf_file_take_text(struct conf_file *f, cfg_t *sec, const struct conf_key *k,
    char *base)
{
	cfg_opt_t	*opt = cfg_getopt(sec, k->name);
	struct errbuf	 why;
	const char	*text;
	char		*copy;

	(void)errbuf_no_memory(&why);
	text = cfg_opt_size(opt) > 0 ? cfg_opt_getnstr(opt, 0) : k->dflt;
	if (text == NULL || (k->dflt == NULL && *text == '\0'))
		return conf_file_complain(f, sec, k->name, "is missing");
	if (k->type == CONF_TRUST) {
		*(bool *)(base + k->at) = strcmp(text, "requery") == 0;
		return true;
	}
	copy = k->type == CONF_SECRET ? conf_private_secret(text, &why) :
	    strdup(text);
	*(char **)(void *)(base + k->at) = copy;
	if (copy == NULL)
		return conf_file_complain_secret(f, sec, k->name, &why);
	return k->type != CONF_SECRET || conf_file_is_clean(f, sec, k, copy);
}

/* Without memory libconfuse leaves out what should be there, defaults among it, and
 * does not say so.  False. */
static bool
conf_file_lost(struct conf_file *f)
{
	struct errbuf	words;

	f->is_short = true;
	errbuf_set(&words, "%s: out of memory", f->path);
	conf_file_mistake(f, &words);
	return false;
}

/* Read one value into the member that the table names. */
static bool
conf_file_take_value(struct conf_file *f, cfg_t *sec,
    const struct conf_key *k, char *base)
{
	cfg_opt_t	*opt = cfg_getopt(sec, k->name);

	if (opt == NULL || ((k->type == CONF_NUMBER || k->type == CONF_BOOL) &&
	    cfg_opt_size(opt) == 0))
		return conf_file_lost(f);
	switch (k->type) {
	case CONF_NUMBER:
		*(int64_t *)(void *)(base + k->at) = cfg_opt_getnint(opt, 0);
		return true;
	case CONF_BOOL:
		*(bool *)(base + k->at) = cfg_opt_getnbool(opt, 0) == cfg_true;
		return true;
	case CONF_LIST:
		return conf_file_take_list(f, sec, k,
		    (char ***)(void *)(base + k->at));
	case CONF_TEXT:
	case CONF_SECRET:
	case CONF_TRUST:
		break;
	}
	return conf_file_take_text(f, sec, k, base);
}

/* In place of a value that could not be read, so that the others can be checked. */
static bool
conf_file_stand_in(const struct conf_key *k, char *base)
{
	void	*at = base + k->at;

	if (k->type == CONF_LIST)
		return *(char ***)at != NULL;
	if (k->type == CONF_TEXT || k->type == CONF_SECRET) {
		if (*(char **)at == NULL)
			*(char **)at = strdup("");
		return *(char **)at != NULL;
	}
	return true;
}

static bool
conf_file_take_section(struct conf_file *f, cfg_t *sec, const char *in_table,
    char *base)
{
	const struct conf_key	*k;
	bool			 ok = true;

	for (k = conf_keys; k->name != NULL; k++) {
		if (strcmp(k->section, in_table) != 0 ||
		    conf_file_take_value(f, sec, k, base))
			continue;
		ok = false;
		if (!conf_file_stand_in(k, base))
			f->is_short = true;
	}
	return ok;
}

/* May what belongs together be checked, where some of it could not be read?  A
 * person is told of all mistakes at once. */
static bool
conf_file_may_check(const struct conf_file *f, bool ok)
{
	return ok || (f->each != NULL && !f->is_short);
}

/* Say where the fault is, unless that value could not be read at all; without memory
 * err has said so from the start. */
static void
conf_file_blame(void *arg, const struct conf_fault *fault)
{
	struct conf_file	*f = arg;
	cfg_t			*sec = fault->section != NULL ?
				    cfg_getsec(f->cfg, fault->section) :
				    f->section;
	size_t			 i;

	if (fault->words.class == ERR_NO_MEMORY)
		return;
	for (i = 0; fault->key != NULL && i < f->nwrong; i++)
		if (f->wrong[i] == cfg_getopt(sec, fault->key))
			return;
	(void)conf_file_complain(f, sec, fault->key, "%s", fault->words.text);
}

static bool
conf_file_take_common(struct conf_file *f, struct conf *c)
{
	const struct conf_faults	faults = { conf_file_blame, f };
	bool				ok = true;
	size_t				i;

	for (i = 0; i < CONF_NSECTIONS; i++)
		ok = conf_file_take_section(f, cfg_getsec(f->cfg,
		    conf_sections[i]), conf_sections[i], (char *)c) && ok;
	return conf_file_may_check(f, ok) && conf_check_common(c, &faults) && ok;
}

static bool
conf_file_take_account(struct conf_file *f, struct conf *c,
    const struct provider *p, cfg_t *sec)
{
	const struct conf_faults	 faults = { conf_file_blame, f };
	struct account			*a = &c->accounts[c->naccounts++];
	bool				 ok;

	a->provider = p;
	f->section = sec;
	if ((a->name = strdup(cfg_title(sec))) == NULL)
		return false;
	ok = conf_file_take_section(f, sec, CONF_ACCOUNT, (char *)a);
	return conf_file_may_check(f, ok) && conf_check_account(c, a, &faults) &&
	    ok;
}

static bool
conf_file_take_accounts(struct conf_file *f, struct conf *c)
{
	const struct provider	*const *p;
	unsigned		 i;
	size_t			 total = 0;
	bool			 ok = true;

	for (p = providers; *p != NULL; p++)
		total += cfg_size(f->cfg, (*p)->name);
	if ((c->accounts = calloc(total + 1, sizeof(*c->accounts))) == NULL)
		return false;
	for (p = providers; *p != NULL; p++)
		for (i = 0; i < cfg_size(f->cfg, (*p)->name); i++)
			ok = conf_file_take_account(f, c, *p,
			    cfg_getnsec(f->cfg, (*p)->name, i)) && ok;
	return ok;
}

static bool
conf_file_take_forwards(struct conf_file *f, struct conf *c)
{
	const struct conf_faults	 faults = { conf_file_blame, f };
	unsigned			 i, n = cfg_size(f->cfg, CONF_FORWARD);
	struct forward			*w;
	bool				 ok = true, read;

	if ((c->forwards = calloc(n + 1, sizeof(*c->forwards))) == NULL)
		return false;
	for (i = 0; i < n; i++) {
		w = &c->forwards[c->nforwards++];
		f->section = cfg_getnsec(f->cfg, CONF_FORWARD, i);
		if ((w->name = strdup(cfg_title(f->section))) == NULL)
			return false;
		read = conf_file_take_section(f, f->section, CONF_FORWARD,
		    (char *)w);
		ok = conf_file_may_check(f, read) &&
		    conf_check_forward(c, w, &faults) && read && ok;
	}
	return ok;
}

/* ---- the text ----------------------------------------------------------- */

/* The end of the comment or the quoted string that begins at s. */
static char *
conf_file_span_end(char *s)
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
conf_file_blank_comments(char *s)
{
	char	*end;
	int	 depth = 0;

	for (; *s != '\0'; s++) {
		depth += (*s == '{') - (*s == '}');
		if (*s != '#' && *s != '"' && *s != '\'' &&
		    (*s != '/' || (s[1] != '/' && s[1] != '*')))
			continue;
		end = conf_file_span_end(s);
		if (*s == '#' || *s == '/')
			for (; s < end; s++)
				*s = *s == '\n' ? '\n' : ' ';
		s = end - 1;
	}
	return depth;
}

static bool
conf_file_load(struct conf_file *f)
{
	size_t	len;
	int	fd;

	if ((fd = conf_private_open(f->path, "settings", f->err)) == -1)
		return false;
	f->text = file_read_all(fd, SETTINGS_MAX + 1, &len);
	if (f->text == NULL ? errno != ENOMEM : len > SETTINGS_MAX) {
		errbuf_set(f->err, "%s: unreadable, or over %d bytes", f->path,
		    SETTINGS_MAX);
		free(f->text);
		f->text = NULL;
	}
	(void)close(fd);
	return f->text != NULL;
}

/* Trees that are left as they are, so that they are known to be. */
struct tree_left {
	struct tree_left	*next;
	cfg_t			*cfg;
};

/* Without memory libconfuse leaves its tree half made, and trips over that when it is
 * to free it: then it stays.  The program is about to end. */
static void
conf_file_leave_tree(cfg_t *cfg)
{
	static struct tree_left	*left;
	struct tree_left	*t = malloc(sizeof(*t));

	if (t == NULL)
		return;
	t->cfg = cfg;
	t->next = left;
	left = t;
}

static void
conf_file_free_tree(struct conf_file *f)
{
	if (f->cfg != NULL && f->is_short)
		conf_file_leave_tree(f->cfg);
	else if (f->cfg != NULL)
		cfg_free(f->cfg);
	f->cfg = NULL;
}

static bool
conf_file_parse_text(struct conf_file *f, char *text)
{
	FILE	*fp;
	int	 mistakes = f->mistakes;
	bool	 ok;

	f->line = 0;
	conf_file_free_tree(f);
	if ((f->cfg = conf_file_grammar()) == NULL ||
	    (fp = fmemopen(text, strlen(text), "r")) == NULL)
		return false;
	ok = cfg_parse_fp(f->cfg, fp) == CFG_SUCCESS;
	(void)fclose(fp);
	/* Without a word: it ran out of memory. */
	f->is_short |= !ok && f->mistakes == mistakes;
	return ok;
}

/*
 * Overwrite what begins on that line, up to the line on which its braces are
 * closed: a value, or a section.  False: there is nothing, or it closes what
 * was opened before it, and no more can be told.
 */
static bool
conf_file_cut(char *text, long line)
{
	char	*begin = text + (conf_file_line(text, line) - text), *s, *end;
	int	 depth = 0;
	bool	 any = false;

	for (s = begin; line > 0 && *s != '\0' && (*s != '\n' || depth > 0);
	    s = end) {
		end = *s == '"' || *s == '\'' ? conf_file_span_end(s) : s + 1;
		depth += (*s == '{') - (*s == '}');
		any |= *s != ' ' && *s != '\t' && *s != '\n';
		if (depth < 0)
			return false;
	}
	for (end = s, s = begin; s < end; s++)
		*s = *s == '\n' ? '\n' : ' ';
	return any;
}

/* libconfuse stops at what it does not understand: to tell of what is behind
 * that, it reads the file again without it. */
static bool
conf_file_parse_rest(struct conf_file *f)
{
	char	*rest = strdup(f->text);
	bool	 ok = false;
	int	 n;

	for (n = 0; rest != NULL && !ok && n < AGAIN_MAX &&
	    conf_file_cut(rest, f->line); n++)
		ok = conf_file_parse_text(f, rest);
	free(rest);
	return ok;
}

static bool
conf_file_parse(struct conf_file *f)
{
	if (conf_file_blank_comments(f->text) > 0) {
		errbuf_set(f->err, "%s: a brace or a quote is not closed",
		    f->path);
		return false;
	}
	return conf_file_parse_text(f, f->text) ||
	    (f->each != NULL && conf_file_parse_rest(f));
}

static bool
conf_file_has_told(const struct conf_file *f, long line)
{
	size_t	i;

	for (i = 0; i < f->ntold; i++)
		if (f->told[i] == line)
			return true;
	return false;
}

/* Tell of variables that are not set, where nothing else was wrong: a key that
 * may be empty then is. */
static void
conf_file_tell_unset(struct conf_file *f)
{
	const char	*s = f->text, *end;
	struct errbuf	 mistake;
	char		 name[128];
	long		 line = 1;

	for (; *s != '\0'; s = *end == '\0' ? end : end + 1, line++) {
		end = s + strcspn(s, "\n");
		if (conf_file_has_told(f, line) ||
		    conf_file_unset(s, end, name, sizeof(name)) == NULL)
			continue;
		errbuf_set(&mistake, "%s:%ld: ${%s} is not set", f->path, line,
		    name);
		conf_file_mistake(f, &mistake);
	}
}

static bool
conf_file_read_with(struct conf_file *f, struct conf *c)
{
	bool	ok;

	errbuf_set(f->err, "%s: out of memory", c->path);
	conf_file_parsed = f;
	ok = conf_file_load(f) && conf_file_parse(f);
	if (ok) {
		ok = conf_file_take_common(f, c);
		ok = conf_file_take_accounts(f, c) && ok;
		ok = conf_file_take_forwards(f, c) && ok;
		if (f->each != NULL)
			conf_file_tell_unset(f);
	}
	conf_file_free_tree(f);
	conf_file_parsed = NULL;
	free(f->text);
	return ok && f->mistakes == 0;
}

bool
conf_file_read(struct conf *c, struct errbuf *err)
{
	struct conf_file	f = { .path = c->path, .err = err };

	return conf_file_read_with(&f, c);
}

bool
conf_file_check(struct conf *c, void (*each)(void *, const char *), void *arg)
{
	struct errbuf		err;
	struct conf_file	f = { .path = c->path, .err = &err,
				    .each = each, .arg = arg };
	bool			ok = conf_file_read_with(&f, c);

	if (!ok && f.mistakes == 0)
		each(arg, err.text);
	return ok;
}
