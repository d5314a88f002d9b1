#include <pthread.h>
#include <stdlib.h>

#include "batch/db_writer.h"
#include "lib/thread.h"

struct clerk {
	struct sweep	*sweep;
	void		(*wake)(void *);
	void		*arg;
	pthread_t	 thread;
	struct workq	 given, done;
	int		 count;		/* the giver's own */
};

/* Once the database is away, nobody has to wait again to learn that. */
static void *
work(void *arg)
{
	struct clerk		*c = arg;
	struct clerk_note	*note;
	struct errbuf		 why = { "" };
	enum db_verdict		 v = DB_OK;

	while ((note = workq_take(&c->given, true)) != NULL) {
		if (v != DB_AWAY && v != DB_BROKEN)
			v = sweep_ask(c->sweep, note->stmt, note->params,
			    &note->rows, &why);
		note->verdict = v;
		note->why = why;
		workq_put(&c->done, &note->link, note);
		c->wake(c->arg);
	}
	return NULL;
}

static void
clerk_destroy(struct clerk *c)
{
	workq_destroy(&c->given);
	workq_destroy(&c->done);
	free(c);
}

struct clerk *
clerk_new(struct sweep *sweep, void (*wake)(void *), void *arg,
    struct errbuf *why)
{
	struct clerk	*c;

	if ((c = calloc(1, sizeof(*c))) == NULL) {
		errbuf_set(why, "out of memory");
		return NULL;
	}
	c->sweep = sweep;
	c->wake = wake;
	c->arg = arg;
	workq_init(&c->given);
	workq_init(&c->done);
	if (thread_start(&c->thread, work, c, why))
		return c;
	clerk_destroy(c);
	return NULL;
}

void
clerk_free(struct clerk *c)
{
	if (c == NULL)
		return;
	workq_close(&c->given);
	(void)pthread_join(c->thread, NULL);
	clerk_destroy(c);
}

void
clerk_give(struct clerk *c, struct clerk_note *note)
{
	note->rows = NULL;
	c->count++;
	workq_put(&c->given, &note->link, note);
}

void
clerk_take(struct clerk *c, bool wait)
{
	struct clerk_note	*note;

	for (wait = wait && c->count > 0;
	    (note = workq_take(&c->done, wait)) != NULL; wait = false) {
		c->count--;
		if (note->verdict == DB_AWAY || note->verdict == DB_BROKEN)
			sweep_break(c->sweep, note->why.text);
		note->on_done(note);
	}
}

int
clerk_count(const struct clerk *c)
{
	return c->count;
}
