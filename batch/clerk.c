#include <pthread.h>
#include <stdlib.h>

#include "clerk.h"
#include "thread.h"

struct clerk {
	struct sweep		*sweep;
	void			(*wake)(void *);
	void			*arg;
	pthread_t		 thread;
	pthread_mutex_t		 lock;
	pthread_cond_t		 given, done;
	struct clerk_note	*first, **last;		/* to be run, in order */
	struct clerk_note	*ready, **ready_last;	/* to be taken, too */
	int			 count;		/* the giver's own */
	bool			 ending;
};

/* The next note to run; NULL when the end has come. */
static struct clerk_note *
next_note(struct clerk *c)
{
	struct clerk_note	*note;

	(void)pthread_mutex_lock(&c->lock);
	while ((note = c->first) == NULL && !c->ending)
		(void)pthread_cond_wait(&c->given, &c->lock);
	if (note != NULL && (c->first = note->next) == NULL)
		c->last = &c->first;
	(void)pthread_mutex_unlock(&c->lock);
	return note;
}

static void
hand_back(struct clerk *c, struct clerk_note *note)
{
	(void)pthread_mutex_lock(&c->lock);
	note->next = NULL;
	*c->ready_last = note;
	c->ready_last = &note->next;
	(void)pthread_cond_signal(&c->done);
	(void)pthread_mutex_unlock(&c->lock);
	c->wake(c->arg);
}

/* Once the database is away, nobody has to wait again to learn that. */
static void *
work(void *arg)
{
	struct clerk		*c = arg;
	struct clerk_note	*note;
	struct errbuf		 why;
	enum db_verdict		 v = DB_OK;

	while ((note = next_note(c)) != NULL) {
		if (v != DB_AWAY && v != DB_BROKEN)
			v = sweep_ask(c->sweep, note->stmt, note->params,
			    &note->rows, &why);
		note->verdict = v;
		note->why = why;
		hand_back(c, note);
	}
	return NULL;
}

struct clerk *
clerk_new(struct sweep *sweep, void (*wake)(void *), void *arg)
{
	struct clerk	*c;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return NULL;
	c->sweep = sweep;
	c->wake = wake;
	c->arg = arg;
	c->last = &c->first;
	c->ready_last = &c->ready;
	(void)pthread_mutex_init(&c->lock, NULL);
	(void)pthread_cond_init(&c->given, NULL);
	(void)pthread_cond_init(&c->done, NULL);
	if (thread_start(&c->thread, work, c))
		return c;
	free(c);
	return NULL;
}

void
clerk_free(struct clerk *c)
{
	if (c == NULL)
		return;
	(void)pthread_mutex_lock(&c->lock);
	c->ending = true;
	(void)pthread_cond_signal(&c->given);
	(void)pthread_mutex_unlock(&c->lock);
	(void)pthread_join(c->thread, NULL);
	(void)pthread_mutex_destroy(&c->lock);
	(void)pthread_cond_destroy(&c->given);
	(void)pthread_cond_destroy(&c->done);
	free(c);
}

void
clerk_give(struct clerk *c, struct clerk_note *note)
{
	note->next = NULL;
	note->rows = NULL;
	c->count++;
	(void)pthread_mutex_lock(&c->lock);
	*c->last = note;
	c->last = &note->next;
	(void)pthread_cond_signal(&c->given);
	(void)pthread_mutex_unlock(&c->lock);
}

void
clerk_take(struct clerk *c, bool wait)
{
	struct clerk_note	*note, *next;

	(void)pthread_mutex_lock(&c->lock);
	while (wait && c->count > 0 && c->ready == NULL)
		(void)pthread_cond_wait(&c->done, &c->lock);
	note = c->ready;
	c->ready = NULL;
	c->ready_last = &c->ready;
	(void)pthread_mutex_unlock(&c->lock);
	for (; note != NULL; note = next) {
		next = note->next;
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
