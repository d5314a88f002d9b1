#include <pthread.h>
#include <stdlib.h>

#include "lib/thread.h"
#include "batch/db_writer.h"

struct db_writer {
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
	struct db_writer		*w = arg;
	struct db_write	*note;
	struct errbuf		 err = { .text = "" };
	enum db_verdict		 v = DB_OK;

	while ((note = workq_take(&w->given, true)) != NULL) {
		if (v != DB_AWAY && v != DB_BROKEN)
			v = sweep_ask(w->sweep, note->stmt, note->params,
			    &note->rows, &err);
		note->verdict = v;
		note->err = err;
		workq_put(&w->done, &note->link, note);
		w->wake(w->arg);
	}
	return NULL;
}

static void
db_writer_destroy(struct db_writer *w)
{
	workq_destroy(&w->given);
	workq_destroy(&w->done);
	free(w);
}

struct db_writer *
db_writer_new(struct sweep *sweep, void (*wake)(void *), void *arg,
    struct errbuf *err)
{
	struct db_writer	*w;

	if ((w = calloc(1, sizeof(*w))) == NULL) {
		(void)errbuf_no_memory(err);
		return NULL;
	}
	w->sweep = sweep;
	w->wake = wake;
	w->arg = arg;
	workq_init(&w->given);
	workq_init(&w->done);
	if (thread_start(&w->thread, work, w, err))
		return w;
	db_writer_destroy(w);
	return NULL;
}

void
db_writer_free(struct db_writer *w)
{
	if (w == NULL)
		return;
	workq_close(&w->given);
	(void)pthread_join(w->thread, NULL);
	db_writer_destroy(w);
}

void
db_writer_put(struct db_writer *w, struct db_write *note)
{
	note->rows = NULL;
	w->count++;
	workq_put(&w->given, &note->link, note);
}

void
db_writer_reap(struct db_writer *w, bool wait)
{
	struct db_write	*note;

	for (wait = wait && w->count > 0;
	    (note = workq_take(&w->done, wait)) != NULL; wait = false) {
		w->count--;
		if (note->verdict == DB_AWAY || note->verdict == DB_BROKEN)
			sweep_break(w->sweep, note->err.text);
		note->on_done(note);
	}
}

int
db_writer_pending(const struct db_writer *w)
{
	return w->count;
}
