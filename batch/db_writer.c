/* The thread that runs statements for the downloads, and the two queues between
 * it and the main thread. */
#include <pthread.h>
#include <stdlib.h>

#include "lib/thread.h"
#include "batch/db_writer.h"

struct db_writer {
	struct run	*run;
	void		(*wake)(void *);
	void		*arg;
	pthread_t	 thread;
	struct workq	 given;		/* from the main thread */
	struct workq	 done;		/* back to it */
	int		 count;		/* of the main thread: not yet reaped */
};

/* The writer's thread.  Once the database is away, what else was given fails
 * with the same words, without another wait. */
static void *
db_writer_thread(void *arg)
{
	struct db_writer	*w = arg;
	struct db_write		*item;
	struct errbuf		 err = { .text = "" };
	enum db_verdict		 v = DB_OK;

	while ((item = workq_take(&w->given, true)) != NULL) {
		if (v != DB_AWAY && v != DB_BROKEN)
			v = run_query_any_thread(w->run, item->stmt,
			    item->params, &item->rows, &err);
		item->verdict = v;
		item->err = err;
		workq_put(&w->done, &item->link, item);
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
db_writer_new(struct run *run, void (*wake)(void *), void *arg,
    struct errbuf *err)
{
	struct db_writer	*w;

	if ((w = calloc(1, sizeof(*w))) == NULL) {
		(void)errbuf_no_memory(err);
		return NULL;
	}
	w->run = run;
	w->wake = wake;
	w->arg = arg;
	workq_init(&w->given);
	workq_init(&w->done);
	if (thread_start(&w->thread, db_writer_thread, w, err))
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
db_writer_put(struct db_writer *w, struct db_write *item)
{
	item->rows = NULL;
	w->count++;
	workq_put(&w->given, &item->link, item);
}

void
db_writer_reap(struct db_writer *w, bool wait)
{
	struct db_write	*item;

	for (wait = wait && w->count > 0;
	    (item = workq_take(&w->done, wait)) != NULL; wait = false) {
		w->count--;
		if (item->verdict == DB_AWAY || item->verdict == DB_BROKEN)
			run_break(w->run, item->err.text);
		item->on_done(item);
	}
}

int
db_writer_pending(const struct db_writer *w)
{
	return w->count;
}
