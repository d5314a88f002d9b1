/*
 * What the database takes for a callback: COUNT deliveries of one body, each of
 * a task of its own, stored by the handlers' own statement, BATCH at a time.
 *
 *	rows CONNINFO PROVIDER BODY COUNT BATCH new|registered
 *
 * BODY is a template of bodies/.  Novita's ids fall anywhere, those of others
 * are in order of time.  Prints the microseconds of processor that the
 * database's process took for each callback, and how many were accepted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/buf.h"
#include "lib/crypto.h"
#include "lib/hex.h"
#include "lib/log.h"
#include "common/store.h"

#define BATCH_MAX	64
#define BODY_MAX	65536
#define ID_MAX		40
#define TIMEOUT_MS	120000

struct plan {
	const struct provider	*provider;
	char			 body[BODY_MAX];	/* the template */
	long			 count, batch;
	bool			 registered;
	long long		 salt;			/* of this run's ids */
};

static _Noreturn void
rows_die(const char *what, const char *why)
{
	log_line(LOG_ERROR, "%s: %s", what, why);
	exit(1);
}

static void
rows_read_body(const char *path, char body[BODY_MAX])
{
	FILE	*f = fopen(path, "rb");
	size_t	 len;

	if (f == NULL)
		rows_die(path, "could not open it");
	len = fread(body, 1, BODY_MAX - 1, f);
	body[len] = '\0';
	(void)fclose(f);
}

static void
rows_id(const struct plan *p, long n, char id[ID_MAX])
{
	unsigned char	digest[SHA256_BYTES];
	char		text[64];
	int		len;

	len = snprintf(text, sizeof(text), "%014llx%010lx", p->salt, n);
	if (strcmp(p->provider->name, "novita") != 0)
		(void)snprintf(id, ID_MAX, "task_01K%.*s", len, text);
	else if (sha256(text, (size_t)len, digest))
		hex_encode(digest, 16, id);
	else
		rows_die("sha256", "failed");
}

/* The template with an id and times filled in. */
static char *
rows_body(const struct plan *p, const char *id)
{
	long long	now = (long long)time(NULL);
	const char	*at = p->body, *name;
	struct buf	 text;

	buf_init(&text, BODY_MAX);
	while ((name = strchr(at, '@')) != NULL) {
		buf_bytes(&text, at, (size_t)(name - at));
		if (strncmp(name, "@ID@", 4) == 0)
			buf_text(&text, id);
		else
			buf_printf(&text, "%lld", now +
			    (strncmp(name, "@E", 2) == 0 ? 86400 :
			    strncmp(name, "@S", 2) == 0 ? -60 : 0));
		at = strchr(name + 1, '@') + 1;
	}
	buf_text(&text, at);
	return buf_take(&text);
}

static struct delivery *
rows_delivery(const struct plan *p, long n)
{
	struct delivery	*d = delivery_new(p->provider, "default",
			    SOURCE_CALLBACK);
	char		 id[ID_MAX], *body;

	rows_id(p, n, id);
	if (d == NULL || (body = rows_body(p, id)) == NULL)
		rows_die("a delivery", "no memory");
	delivery_set_body(d, body, strlen(body));
	d->verdict = VERDICT_TOKEN;
	d->remote_addr = strdup("192.0.2.17");
	d->headers = strdup("{\"content-type\":\"application/json\","
	    "\"content-length\":\"240\",\"user-agent\":\"python/3.9\"}");
	memcpy(d->token, "0a1b2c3d", sizeof("0a1b2c3d"));
	if (!delivery_judge(d, false) || d->outcome != OUTCOME_ACCEPTED)
		rows_die("a body", d->note != NULL ? d->note : "no result");
	return d;
}

/* As an application does that has submitted them, but all at once. */
static void
rows_register(const struct plan *p, struct db *db)
{
	struct db_param	params[2] = { db_text(p->provider->name) };
	struct db_rows	*rows = NULL;
	struct buf	ids;
	struct errbuf	err;
	char		id[ID_MAX];
	long		n;

	buf_init(&ids, (size_t)p->count * ID_MAX + 2);
	for (n = 0; n < p->count; n++) {
		rows_id(p, n, id);
		buf_printf(&ids, "%c%s", n == 0 ? '{' : ',', id);
	}
	buf_text(&ids, "}");
	if (!buf_ok(&ids))
		rows_die("ids", "no memory");
	params[1] = db_text(ids.data);
	if (db_query(db, "select count(*) from unnest($2::text[]) as t(id),"
	    " genhook.register_task($1, t.id)", params, 2, TIMEOUT_MS, &rows,
	    &err) != DB_OK)
		rows_die("register_task", err.text);
	db_rows_free(rows);
	buf_free(&ids);
}

/* Nanoseconds on a processor so far, of the process at a connection's end. */
static long long
rows_processor_ns(struct db *db)
{
	struct db_rows	*rows = NULL;
	struct errbuf	 err;
	char		 path[64];
	long long	 ns = -1;
	FILE		*f;

	if (db_query(db, "select pg_backend_pid()", NULL, 0, TIMEOUT_MS, &rows,
	    &err) != DB_OK)
		rows_die("pg_backend_pid", err.text);
	(void)snprintf(path, sizeof(path), "/proc/%s/schedstat",
	    db_value(rows, 0, 0));
	db_rows_free(rows);
	if ((f = fopen(path, "r")) == NULL || fscanf(f, "%lld", &ns) != 1)
		rows_die(path, "could not read it");
	(void)fclose(f);
	return ns;
}

/* One batch, from the from-th on; returns how many were accepted. */
static long
rows_store(const struct plan *p, struct db *db, long from)
{
	static const struct conf no_accounts;
	struct delivery	*batch[BATCH_MAX];
	enum outcome	 outcomes[BATCH_MAX];
	struct errbuf	 err;
	long		 i, accepted = 0;

	for (i = 0; i < p->batch; i++)
		batch[i] = rows_delivery(p, from + i);
	if (store_deliveries(db, &no_accounts, batch, (size_t)p->batch,
	    STORE_FIRST, TIMEOUT_MS, outcomes, &err) != DB_OK)
		rows_die("receive", err.text);
	for (i = 0; i < p->batch; i++) {
		accepted += outcomes[i] == OUTCOME_ACCEPTED;
		delivery_free(batch[i]);
	}
	return accepted;
}

/* The first batches make plans and fill caches, and are not counted. */
static void
rows_run(const struct plan *p, struct db *db)
{
	long		n, accepted = 0, warm = p->count / p->batch / 10 + 20;
	long		counted = 0;
	long long	ns = 0;

	for (n = 0; n + p->batch <= p->count; n += p->batch) {
		if (n / p->batch == warm)
			ns = rows_processor_ns(db);
		accepted += rows_store(p, db, n);
		counted += n / p->batch >= warm ? p->batch : 0;
	}
	ns = rows_processor_ns(db) - ns;
	printf("%.1f %ld\n", counted > 0 ? (double)ns / 1e3 / (double)counted :
	    0.0, accepted);
}

int
main(int argc, char **argv)
{
	static struct plan	plan;
	struct db_options	options = {
		.role = "genhook_receiver",
		.search_path = "genhook, pg_temp",
	};
	struct errbuf		err;
	struct db		*db, *apps;

	log_open("rows", LOG_WARN);
	if (argc != 7 || (plan.provider = provider_find(argv[2])) == NULL)
		rows_die("usage", "rows CONNINFO PROVIDER BODY COUNT BATCH "
		    "new|registered");
	rows_read_body(argv[3], plan.body);
	plan.count = strtol(argv[4], NULL, 10);
	plan.batch = strtol(argv[5], NULL, 10);
	plan.registered = strcmp(argv[6], "registered") == 0;
	plan.salt = (long long)time_now();
	if (plan.batch < 1 || plan.batch > BATCH_MAX)
		rows_die("BATCH", "from 1 to 64");
	options.conninfo = argv[1];
	if ((db = db_new(&options)) == NULL)
		rows_die("db", "no memory");
	options.role = NULL;
	if ((apps = db_new(&options)) == NULL)
		rows_die("db", "no memory");
	if (plan.registered)
		rows_register(&plan, apps);
	db_free(apps);
	if (db_connect(db, TIMEOUT_MS, &err) != DB_OK)
		rows_die("connect", err.text);
	rows_run(&plan, db);
	db_free(db);
	return 0;
}
