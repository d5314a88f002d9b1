/*
 * genhook migrate: brings the database's schema to this program's version, and
 * --check compares the two.  What is applied, and when, is in sql/README.md.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/buf.h"
#include "lib/crypto.h"
#include "lib/hex.h"
#include "common/database.h"
#include "cli/cli.h"

#define MIGRATE_TIMEOUT_MS	(30 * 60 * 1000)
#define SCRIPT_MAX		(16 * 1024 * 1024)	/* bytes */

/* The last version that older files made: a database of it has the tables of
 * the baseline, which is the first of today's files. */
#define ADOPTED_VERSION		25

#define REPEATABLE_NAME		"functions, views and grants"

/* What the numbered files want; older ones get no more corrections. */
#define SERVER_OLDEST	"15"

/* The statements that are sent beside the files. */
enum migrate_stmt {
	MIGRATE_SETTINGS,
	MIGRATE_LOCK,
	MIGRATE_FOUND,
	MIGRATE_APPLIED,
	MIGRATE_REPEATABLE,
	MIGRATE_RECORD,
	MIGRATE_RECORDED_HERE,
	MIGRATE_GRANT,
	MIGRATE_GRANTS_AS_MADE,
	MIGRATE_RECORD_GRANTS,
	MIGRATE_INDEX_NEW,
	MIGRATE_INDEX_LACKS,
	MIGRATE_INDEX_SETTINGS,
	MIGRATE_INDEX_DROP,
	MIGRATE_INDEX_LATE,
	MIGRATE_RECORD_INDEX,
	MIGRATE_DRIFT,
	MIGRATE_TRIAL,
	MIGRATE_TRIAL_SWAP,
	MIGRATE_TRIAL_FOUND,
	MIGRATE_TRIAL_END
};

static const char *const migrate_sql[] = {
	[MIGRATE_SETTINGS] =
	    "set statement_timeout = 0; set lock_timeout = '10s'",
	/* Held until the connection ends.  A second `migrate` asks again and
	 * again: one that waited in a statement would hold up the making of an
	 * index, which waits for all older statements. */
	[MIGRATE_LOCK] =
	    "select pg_try_advisory_lock(hashtext('genhook migrate'))",
	[MIGRATE_FOUND] =
	    "select current_setting('server_encoding'),"
	    " to_regclass('genhook.migrations'),"
	    " case when current_setting('server_version_num')::integer"
	    " < " SERVER_OLDEST " * 10000 then current_setting('server_version') end",
	[MIGRATE_APPLIED] =
	    "select version, name, digest from genhook.migrations",
	[MIGRATE_REPEATABLE] =
	    "select digest from genhook.objects where kind = 'files'",

	/* What the schema is from now on compared with; and was it recorded by
	 * a server that writes definitions as this one does? */
	[MIGRATE_RECORD] =
	    "select genhook.record_objects()",
	[MIGRATE_RECORDED_HERE] =
	    "select not exists (select from genhook.schema_drift()"
	    " where kind = 'server')",

	/* Grants for roles that were made since, too. */
	[MIGRATE_GRANT] =
	    "select role from genhook.grant_roles() as role",
	[MIGRATE_GRANTS_AS_MADE] =
	    "select not exists (select from genhook.schema_drift()"
	    " where kind = 'grants')",
	[MIGRATE_RECORD_GRANTS] =
	    "insert into genhook.objects as o (kind, name, digest)"
	    " select kind, name, digest from genhook.objects_now()"
	    " where kind = 'grants'"
	    " on conflict (kind, name) do update set digest = excluded.digest"
	    " where o.digest <> excluded.digest",

	/*
	 * The index that the gallery goes by.  A new database has it from the
	 * beginning.  In one that is full it takes minutes, so it is made when
	 * all else is done, and in a way that stops no callback; such a
	 * statement is none of a transaction's.  One that was cut off is left
	 * invalid, and made anew.
	 */
	[MIGRATE_INDEX_NEW] =
	    "create index outputs_kind on genhook.outputs (kind, stored_at)"
	    " where status = 'stored'",
	[MIGRATE_INDEX_LACKS] =
	    "select not coalesce((select i.indisvalid from pg_index i"
	    " where i.indexrelid = to_regclass('genhook.outputs_kind')), false)",
	/* It waits for whatever runs just then, however long that takes. */
	[MIGRATE_INDEX_SETTINGS] =
	    "set lock_timeout = 0",
	[MIGRATE_INDEX_DROP] =
	    "drop index concurrently if exists genhook.outputs_kind",
	[MIGRATE_INDEX_LATE] =
	    "create index concurrently outputs_kind on genhook.outputs"
	    " (kind, stored_at) where status = 'stored'",
	[MIGRATE_RECORD_INDEX] =
	    "insert into genhook.objects as o (kind, name, digest)"
	    " select kind, name, digest from genhook.objects_now()"
	    " where kind = 'index' and name = 'genhook.outputs_kind'"
	    " on conflict (kind, name) do update set digest = excluded.digest",

	[MIGRATE_DRIFT] =
	    "select kind || ' ' || name || ' ' || what"
	    " from genhook.schema_drift()",

	/*
	 * Are the tables those of the baseline?  In a transaction that is never
	 * committed a new schema is made beside the one there is, which for
	 * that time has another name; each object of it is then looked for in
	 * the old one, under its own name again.  Comments may differ.  Of the
	 * functions only those that tell the objects are made: the others are
	 * for today's tables, which the baseline's are not.
	 */
	[MIGRATE_TRIAL] =
	    "begin; alter schema genhook rename to genhook_there;",
	[MIGRATE_TRIAL_SWAP] =
	    "select genhook.record_objects();"
	    " alter schema genhook rename to genhook_new;"
	    " alter schema genhook_there rename to genhook;",
	[MIGRATE_TRIAL_FOUND] =
	    "select w.kind || ' ' || w.name || case when n.name is null"
	    " then ' is missing' else ' is not that of the baseline' end"
	    " from genhook_new.objects w"
	    " left join genhook_new.objects_now() n"
	    " on n.kind = w.kind and n.name = w.name"
	    " where w.kind in ('table', 'column', 'constraint', 'index', 'type',"
	    " 'domain') and split_part(w.digest, ':', 1)"
	    " is distinct from split_part(n.digest, ':', 1) order by 1",
	[MIGRATE_TRIAL_END] =
	    "rollback"
};

/*
 * The files of sql/ are part of the program: nothing to find, nothing to mix
 * with another version.  FILE_TEXT gives one of them a name, and MIGRATION a
 * numbered one its row.
 */
#define FILE_TEXT(symbol, file)						\
	__asm__(".section .rodata\n"					\
	    #symbol ":\n"						\
	    ".incbin \"" file "\"\n"					\
	    ".byte 0\n"							\
	    ".previous\n");						\
	extern const char symbol[];
#define MIGRATION(number, name, symbol)
#include "migrations.def"
#undef FILE_TEXT
#undef MIGRATION

static const struct migration {
	int		 version;
	const char	*name;
	const char	*sql;
} migrations[] = {
#define FILE_TEXT(symbol, file)
#define MIGRATION(number, name, symbol)	{ number, name, symbol },
#include "migrations.def"
#undef FILE_TEXT
#undef MIGRATION
};
#define NMIGRATIONS	(sizeof(migrations) / sizeof(migrations[0]))

/* What a database has had; all zeroes for one without a schema. */
struct schema {
	bool		 made;
	int		 version;	/* 0: nothing was applied */
	struct db_rows	*applied;	/* version, name, digest of each file */
	char		 repeatable[SHA256_HEX];	/* digest, or "" */
};

static bool
migrate_query(struct db *db, enum migrate_stmt id, struct db_rows **rows,
    struct errbuf *err)
{
	*rows = NULL;
	return db_query(db, migrate_sql[id], NULL, 0, MIGRATE_TIMEOUT_MS, rows,
	    err) == DB_OK;
}

/* One truth value. */
static bool
migrate_ask(struct db *db, enum migrate_stmt id, bool *answer,
    struct errbuf *err)
{
	struct db_rows	*rows;

	if (!migrate_query(db, id, &rows, err))
		return false;
	*answer = strcmp(db_value(rows, 0, 0), "t") == 0;
	db_rows_free(rows);
	return true;
}

static bool
migrate_script(struct db *db, const char *script, struct errbuf *err)
{
	return db_script(db, script, MIGRATE_TIMEOUT_MS, err) == DB_OK;
}

static bool
migrate_digest(const char *text, char hex[SHA256_HEX])
{
	unsigned char	digest[SHA256_BYTES];

	if (!sha256(text, strlen(text), digest))
		return false;
	hex_encode(digest, sizeof(digest), hex);
	return true;
}

/* Can the schema be made there?  A new database of another encoding could not
 * hold what providers write: such callbacks would wait in the spool for ever. */
static bool
server_fits(const char *encoding, const char *too_old, bool made,
    struct errbuf *err)
{
	if (too_old != NULL) {
		errbuf_set(err, "database: PostgreSQL %s is too old: genhook "
		    "needs " SERVER_OLDEST " or later", too_old);
		return false;
	}
	if (!made && strcmp(encoding, "UTF8") != 0) {
		errbuf_set(err, "database: its encoding is %s, not UTF8: "
		    "createdb --encoding=UTF8 --template=template0", encoding);
		return false;
	}
	return true;
}

/* What schema_read() began to read. */
static bool
schema_found(struct db *db, struct schema *s, struct errbuf *err)
{
	struct db_rows	*rows;
	bool		 fits;

	if (!migrate_query(db, MIGRATE_FOUND, &rows, err))
		return false;
	s->made = db_value(rows, 0, 1) != NULL;
	fits = server_fits(db_value(rows, 0, 0), db_value(rows, 0, 2), s->made,
	    err);
	db_rows_free(rows);
	return fits;
}

/* The caller frees, also after false. */
static bool
schema_read(struct db *db, struct schema *s, struct errbuf *err)
{
	struct db_rows	*rows;
	int		 i, version;

	memset(s, 0, sizeof(*s));
	if (!schema_found(db, s, err))
		return false;
	if (!s->made)
		return true;
	if (!migrate_query(db, MIGRATE_APPLIED, &s->applied, err))
		return false;
	for (i = 0; i < db_rows_count(s->applied); i++) {
		version = (int)strtol(db_value(s->applied, i, 0), NULL, 10);
		if (version > s->version)
			s->version = version;
	}
	if (s->version < migrations[0].version)
		return true;
	if (!migrate_query(db, MIGRATE_REPEATABLE, &rows, err))
		return false;
	if (db_rows_count(rows) == 1)
		(void)snprintf(s->repeatable, sizeof(s->repeatable), "%s",
		    db_value(rows, 0, 0));
	db_rows_free(rows);
	return true;
}

static void
schema_free(struct schema *s)
{
	db_rows_free(s->applied);
	s->applied = NULL;
}

/* The row of a file in s->applied, or -1. */
static int
schema_row(const struct schema *s, const struct migration *m)
{
	int	i;

	if (s->applied != NULL)
		for (i = 0; i < db_rows_count(s->applied); i++)
			if (strtol(db_value(s->applied, i, 0), NULL, 10) ==
			    m->version)
				return i;
	return -1;
}

/* Is it a database that older files made, up to the baseline's tables? */
static bool
schema_is_adopted(const struct schema *s)
{
	return s->made && s->version == ADOPTED_VERSION;
}

/* Were today's functions, views and grants the last that it has had? */
static bool
schema_is_current(const struct schema *s, bool *is, struct errbuf *err)
{
	char	digest[SHA256_HEX];

	if (!migrate_digest(repeatable_sql, digest))
		return errbuf_no_memory(err);
	*is = strcmp(s->repeatable, digest) == 0;
	return true;
}

/* Each file that both know has to be the same one. */
static bool
schema_same_files(const struct schema *s, struct errbuf *err)
{
	char	digest[SHA256_HEX];
	size_t	i;
	int	row;

	for (i = 0; i < NMIGRATIONS; i++) {
		if ((row = schema_row(s, &migrations[i])) == -1)
			continue;
		if (!migrate_digest(migrations[i].sql, digest))
			return errbuf_no_memory(err);
		if (strcmp(db_value(s->applied, row, 2), digest) != 0) {
			errbuf_set(err, "migration %d: the database has had "
			    "another %s.sql than this program's",
			    migrations[i].version,
			    db_value(s->applied, row, 1));
			return false;
		}
	}
	return true;
}

/* Can this program go on from what the database has? */
static bool
schema_fits(const struct schema *s, struct errbuf *err)
{
	if (!s->made)
		return true;
	if (s->version < ADOPTED_VERSION) {
		errbuf_set(err, "database: schema version is %d, and this "
		    "program goes on from %d: run \"genhook migrate\" of the "
		    "last commit that has sql/025_grants.sql, then this one "
		    "again; nothing was changed, and callbacks wait in the "
		    "spool", s->version, ADOPTED_VERSION);
		return false;
	}
	if (s->version > database_schema_version()) {
		errbuf_set(err, "database: schema version is %d, this program "
		    "knows %d at most: use the newer genhook", s->version,
		    database_schema_version());
		return false;
	}
	return schema_same_files(s, err);
}

/* A numbered file and the note of it.  Of the baseline a database that has its
 * tables takes the comments alone. */
static void
script_file(struct buf *b, const struct schema *s, const struct migration *m)
{
	char	digest[SHA256_HEX];

	b->failed |= !migrate_digest(m->sql, digest);
	buf_printf(b, "-- %s.sql\n", m->name);
	buf_text(b, m == migrations && schema_is_adopted(s) ?
	    baseline_comments_sql : m->sql);
	buf_printf(b, "\ninsert into genhook.migrations (version, name, digest)"
	    "\nvalues (%d, '%s', '%s');\n\n", m->version, m->name, digest);
}

/* What makes a schema this program's: all of it, or nothing. */
static void
script_make(struct buf *b, const struct schema *s)
{
	char	digest[SHA256_HEX];
	size_t	i;

	for (i = 0; i < NMIGRATIONS; i++)
		if (schema_row(s, &migrations[i]) == -1)
			script_file(b, s, &migrations[i]);
	if (!s->made)
		buf_printf(b, "%s;\n\n", migrate_sql[MIGRATE_INDEX_NEW]);
	b->failed |= !migrate_digest(repeatable_sql, digest);
	buf_printf(b, "-- %s\n%s\n", REPEATABLE_NAME, repeatable_sql);
	buf_printf(b, "insert into genhook.objects (kind, name, digest)\n"
	    "values ('files', '%s', '%s')\n"
	    "on conflict (kind, name) do update set digest = excluded.digest;\n"
	    "%s;\ncommit;\n", REPEATABLE_NAME, digest,
	    migrate_sql[MIGRATE_RECORD]);
}

/* What stands before it where `psql -f` applies it in our place. */
static const char	migrate_print_head[] =
    "-- For an empty database: psql -v ON_ERROR_STOP=1 -f FILE\n"
    "begin;\n"
    "do $$\n"
    "begin\n"
    "    if to_regclass('genhook.migrations') is not null then\n"
    "        raise exception 'this database has a schema of genhook already:"
    " \"genhook migrate\" brings it to this version';\n"
    "    end if;\n"
    "end\n"
    "$$;\n\n";

/* What ends it: psql goes on after an error unless it is told to stop, and its
 * last words are what a person sees. */
static void
migrate_print_tail(struct buf *b)
{
	buf_printf(b, "\ndo $$\n"
	    "begin\n"
	    "    if genhook.schema_version() is distinct from %d then\n"
	    "        raise exception 'nothing was changed: the first error"
	    " above says why';\n"
	    "    end if;\n"
	    "end\n"
	    "$$;\n", database_schema_version());
}

static int
migrate_print(void)
{
	struct schema	none = { .made = false };
	struct buf	b;
	bool		ok;

	buf_init(&b, SCRIPT_MAX);
	buf_text(&b, migrate_print_head);
	script_make(&b, &none);
	migrate_print_tail(&b);
	ok = buf_ok(&b) && fputs(b.data, stdout) != EOF;
	buf_free(&b);
	return ok ? CLI_OK : cli_wrong("out of memory");
}

/* The trial that MIGRATE_TRIAL describes; prints each object that differs. */
static bool
trial_run(struct db *db, int *differ, struct errbuf *err)
{
	struct db_rows	*rows = NULL;
	struct buf	 b;
	bool		 ok;
	int		 i;

	buf_init(&b, SCRIPT_MAX);
	buf_printf(&b, "%s\n%s\n%s\n%s", migrate_sql[MIGRATE_TRIAL],
	    migrations[0].sql, schema_functions_sql,
	    migrate_sql[MIGRATE_TRIAL_SWAP]);
	(void)errbuf_no_memory(err);
	ok = buf_ok(&b) && migrate_script(db, b.data, err) &&
	    migrate_query(db, MIGRATE_TRIAL_FOUND, &rows, err);
	buf_free(&b);
	if (ok)
		*differ = db_rows_count(rows);
	for (i = 0; ok && i < *differ; i++)
		printf("%s\n", db_value(rows, i, 0));
	db_rows_free(rows);
	return ok && migrate_script(db, migrate_sql[MIGRATE_TRIAL_END], err);
}

/* A database that has the baseline's tables goes on with them, and no other. */
static bool
schema_adopt(struct db *db, struct errbuf *err)
{
	int	differ = 0;

	if (!trial_run(db, &differ, err))
		return false;
	if (differ > 0)
		errbuf_set(err, "database: %d differences from the tables of "
		    "version %d: put them back as sql/%s.sql has them, then "
		    "migrate again; nothing was changed", differ,
		    ADOPTED_VERSION, migrations[0].name);
	return differ == 0;
}

static void
migrate_say_applied(const struct schema *s)
{
	size_t	i;

	for (i = 0; i < NMIGRATIONS; i++)
		if (schema_row(s, &migrations[i]) == -1)
			printf("applied %s%s\n", migrations[i].name, i == 0 &&
			    schema_is_adopted(s) ? ": its tables are there" :
			    "");
	printf("applied " REPEATABLE_NAME "\n");
}

static bool
migrate_apply(struct db *db, const struct schema *s, struct errbuf *err)
{
	struct buf	b;
	bool		ok;

	if (schema_is_adopted(s) && !schema_adopt(db, err))
		return false;
	buf_init(&b, SCRIPT_MAX);
	buf_text(&b, "begin;\n");
	script_make(&b, s);
	(void)errbuf_no_memory(err);
	ok = buf_ok(&b) && migrate_script(db, b.data, err);
	buf_free(&b);
	if (ok)
		migrate_say_applied(s);
	return ok;
}

/* Roles that are not there are named, since a login that was to have one may
 * nothing then. */
static bool
migrate_grant(struct db *db, struct errbuf *err)
{
	struct db_rows	*rows;
	bool		 before, after;
	int		 i;

	if (!migrate_ask(db, MIGRATE_GRANTS_AS_MADE, &before, err) ||
	    !migrate_query(db, MIGRATE_GRANT, &rows, err))
		return false;
	for (i = 0; i < db_rows_count(rows); i++)
		printf("there is no role %s: the owner does its work\n",
		    db_value(rows, i, 0));
	db_rows_free(rows);
	/* What was granted just now, and by nobody else, is as it was made. */
	return migrate_ask(db, MIGRATE_GRANTS_AS_MADE, &after, err) &&
	    (!before || after ||
	    migrate_script(db, migrate_sql[MIGRATE_RECORD_GRANTS], err));
}

static bool
migrate_record(struct db *db, struct errbuf *err)
{
	bool	done;

	return migrate_ask(db, MIGRATE_RECORDED_HERE, &done, err) &&
	    (done || migrate_script(db, migrate_sql[MIGRATE_RECORD], err));
}

/* The index that a full database gets last. */
static bool
migrate_index(struct db *db, struct errbuf *err)
{
	bool	lacks;

	if (!migrate_ask(db, MIGRATE_INDEX_LACKS, &lacks, err))
		return false;
	if (!lacks)
		return true;
	printf("making the index outputs_kind; everything else goes on\n");
	return migrate_script(db, migrate_sql[MIGRATE_INDEX_SETTINGS], err) &&
	    migrate_script(db, migrate_sql[MIGRATE_INDEX_DROP], err) &&
	    migrate_script(db, migrate_sql[MIGRATE_INDEX_LATE], err) &&
	    migrate_script(db, migrate_sql[MIGRATE_RECORD_INDEX], err);
}

/* Does the database lack a file, or today's functions? */
static bool
schema_is_behind(const struct schema *s, bool *behind, struct errbuf *err)
{
	size_t	i;
	bool	current = false;

	if (!schema_is_current(s, &current, err))
		return false;
	*behind = !current;
	for (i = 0; i < NMIGRATIONS; i++)
		*behind |= schema_row(s, &migrations[i]) == -1;
	return true;
}

/* Wait until no other `migrate` is at this database. */
static bool
migrate_lock(struct db *db, struct errbuf *err)
{
	const struct timespec	step = { .tv_nsec = 200000000L };
	bool			locked = false;

	while (migrate_ask(db, MIGRATE_LOCK, &locked, err) && !locked)
		(void)nanosleep(&step, NULL);
	return locked;
}

static bool
migrate_all(struct db *db, bool *applied, struct errbuf *err)
{
	struct schema	s = { .made = false };
	bool		ok;

	ok = migrate_script(db, migrate_sql[MIGRATE_SETTINGS], err) &&
	    migrate_lock(db, err) && schema_read(db, &s, err) && schema_fits(&s, err) &&
	    schema_is_behind(&s, applied, err) &&
	    (!*applied || migrate_apply(db, &s, err)) && migrate_record(db, err) &&
	    migrate_grant(db, err) && migrate_index(db, err);
	schema_free(&s);
	return ok;
}

/* What the database has not had.  -1: as migrate_check(). */
static int
migrate_check_files(const struct schema *s, void (*say)(void *, const char *),
    void *arg, struct errbuf *err)
{
	struct errbuf	words;
	size_t		i;
	bool		current = false;
	int		n = 0;

	for (i = 0; i < NMIGRATIONS; i++) {
		if (schema_row(s, &migrations[i]) != -1)
			continue;
		errbuf_set(&words, "migration %s has not been applied",
		    migrations[i].name);
		say(arg, words.text);
		n++;
	}
	if (n > 0)
		return n;
	if (!schema_is_current(s, &current, err))
		return -1;
	if (!current) {
		say(arg, REPEATABLE_NAME " are not those of this program: "
		    "genhook migrate applies them");
		n++;
	}
	return n;
}

static int
migrate_check_drift(struct db *db, void (*say)(void *, const char *), void *arg,
    struct errbuf *err)
{
	struct db_rows	*rows;
	int		 i, n;

	if (!migrate_query(db, MIGRATE_DRIFT, &rows, err))
		return -1;
	n = db_rows_count(rows);
	for (i = 0; i < n; i++)
		say(arg, db_value(rows, i, 0));
	db_rows_free(rows);
	return n;
}

int
migrate_check(struct db *db, void (*say)(void *, const char *), void *arg,
    struct errbuf *err)
{
	struct schema	s;
	int		n = -1;

	if (schema_read(db, &s, err) && schema_fits(&s, err) &&
	    (n = migrate_check_files(&s, say, arg, err)) == 0)
		n = migrate_check_drift(db, say, arg, err);
	schema_free(&s);
	return n;
}

static void
migrate_print_finding(void *arg, const char *words)
{
	(void)arg;
	printf("%s\n", words);
}

/* --check: what differs, a line each. */
static int
migrate_check_print(const struct conf *conf)
{
	struct errbuf	 err;
	struct db	*db;
	int		 n = -1;

	(void)errbuf_no_memory(&err);
	if ((db = database_new(conf->conninfo, NULL, false)) != NULL)
		n = migrate_check(db, migrate_print_finding, NULL, &err);
	db_free(db);
	if (n == -1)
		return cli_wrong("%s", err.text);
	if (n > 0)
		return cli_wrong("%d differences from schema version %d", n,
		    database_schema_version());
	printf("schema version %d, as it was made\n", database_schema_version());
	return CLI_OK;
}

int
cli_migrate(const struct conf *conf, int argc, char **argv)
{
	struct db	*db;
	struct errbuf	 err;
	bool		 applied = false, ok = false;

	if (argc == 2 && strcmp(argv[1], "--print") == 0)
		return migrate_print();
	if (argc == 2 && strcmp(argv[1], "--check") == 0)
		return migrate_check_print(conf);
	if (argc != 1)
		return cli_usage(argv[0]);
	/* The lock would stay behind in a session of the pooler's. */
	if (conf->pooler)
		return cli_wrong("database.pooler is yes: migrate by settings "
		    "(--config FILE) that reach PostgreSQL itself");
	(void)errbuf_no_memory(&err);
	if ((db = database_new(conf->conninfo, NULL, false)) != NULL)
		ok = migrate_all(db, &applied, &err);
	db_free(db);
	if (!ok) {
		fprintf(stderr, "genhook: %s\n", err.text);
		return CLI_WRONG;
	}
	printf("schema version %d%s\n", database_schema_version(),
	    applied ? "" : ", nothing to do");
	return CLI_OK;
}
