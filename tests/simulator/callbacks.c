/*
 * The sender: one thread that ends tasks when their time has come and calls
 * back, many at once, as each provider would.
 */
#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "callbacks.h"
#include "clock.h"
#include "ledger.h"
#include "provider.h"
#include "timers.h"

#define ANSWER_MAX	200
#define COPY_SPREAD_MS	100
#define SLOW_PIECES	10
#define SLOW_PIECE_MS	150
#define IDLE_MAX_MS	1000

enum kind { D_RESULT, D_MORE, D_COPY, D_AGAIN, D_GARBAGE };

static const char *const kind_words[] = {
	[D_RESULT] = "result", [D_MORE] = "more", [D_COPY] = "duplicate", [D_AGAIN] = "again",
	[D_GARBAGE] = "garbage",
};

/* One callback with all its attempts. */
struct delivery {
	struct task		*task;
	enum kind		 kind;
	const char		*body;		/* the task's, or static */
	size_t			 len;
	int			 attempt;
	int			 slot;		/* in flight[] */
	CURL			*curl;
	struct curl_slist	*headers;
	bool			 slow;
	bool			 paused;
	size_t			 sent;
	int64_t			 next_piece_us;
	char			 answer[ANSWER_MAX + 1];
	size_t			 answer_len;
	struct delivery		*then;		/* sent when this one is over */
	struct delivery		*next;
};

static pthread_t	 thread;
static bool		 running;
static CURLM		*multi;
static struct delivery	**flight;		/* attempts under way */
static int		 in_flight;
static struct delivery	*ready, **ready_end = &ready;
static CURL		**idle;
static int		 idle_count;
static pthread_mutex_t	 count_lock = PTHREAD_MUTEX_INITIALIZER;
static long		 alive;

static const struct {
	const char	*text;
	size_t		 len;
} garbage[] = {
#define TEXT(s)	{ s, sizeof(s) - 1 }
	TEXT("{\"event_type\":\"ASYNC_TASK_RESULT\",\"payload\":{\"task\":{"),
	TEXT("<html><body>502 Bad Gateway</body></html>"),
	TEXT("{\"hello\":\"world\"}"),
	TEXT("{\"id\":\"\xff\xfe\"}"),
	TEXT("[1,2,3]"),
	TEXT("{\"a\":1} trailing"),
	TEXT("null"),
	TEXT("{\"id\":\"a\\u0000b\"}"),
	TEXT(" "),
#undef TEXT
};

static void
alive_add(long n)
{
	(void)pthread_mutex_lock(&count_lock);
	alive += n;
	(void)pthread_mutex_unlock(&count_lock);
}

/* How many callbacks are not yet answered or given up. */
long
callbacks_pending(void)
{
	long	 n;

	(void)pthread_mutex_lock(&count_lock);
	n = alive;
	(void)pthread_mutex_unlock(&count_lock);
	return n;
}

static struct delivery *
delivery_new(struct task *t, enum kind kind)
{
	struct delivery	*d = calloc(1, sizeof(*d));
	size_t		 i;

	if (d == NULL)
		return NULL;
	d->task = t;
	d->kind = kind;
	d->body = t->callback;
	d->len = t->callback_len;
	d->slow = kind == D_RESULT && t->plan.on[F_SLOW];
	if (kind == D_GARBAGE) {
		i = t->serial % (sizeof(garbage) / sizeof(garbage[0]));
		d->body = garbage[i].text;
		d->len = garbage[i].len;
	}
	alive_add(1);
	return d;
}

static void
delivery_free(struct delivery *d)
{
	if (d == NULL)
		return;
	delivery_free(d->then);
	curl_slist_free_all(d->headers);
	free(d);
	alive_add(-1);
}

static size_t
answer_take(char *data, size_t one, size_t len, void *arg)
{
	struct delivery	*d = arg;
	size_t		 n = ANSWER_MAX - d->answer_len;

	(void)one;
	n = len < n ? len : n;
	memcpy(d->answer + d->answer_len, data, n);
	d->answer_len += n;
	d->answer[d->answer_len] = '\0';
	return len;
}

/* Gives a tenth of the body, then pauses until the next one's time. */
static size_t
piece_give(char *buf, size_t one, size_t max, void *arg)
{
	struct delivery	*d = arg;
	size_t		 n = d->len / SLOW_PIECES + 1;
	int64_t		 now = clock_steady_us();

	if (d->sent < d->len && now < d->next_piece_us) {
		d->paused = true;
		return CURL_READFUNC_PAUSE;
	}
	n = n < d->len - d->sent ? n : d->len - d->sent;
	n = n < max * one ? n : max * one;
	memcpy(buf, d->body + d->sent, n);
	d->sent += n;
	d->next_piece_us = now + SLOW_PIECE_MS * 1000;
	return n;
}

/* libcurl starts again when a kept connection turns out to be dead. */
static int
piece_seek(void *arg, curl_off_t offset, int origin)
{
	struct delivery	*d = arg;

	if (origin != SEEK_SET || offset < 0 || (size_t)offset > d->len)
		return CURL_SEEKFUNC_CANTSEEK;
	d->sent = (size_t)offset;
	return CURL_SEEKFUNC_OK;
}

static void
headers_add(struct delivery *d, const char *line)
{
	struct curl_slist	*more = curl_slist_append(d->headers, line);

	if (more != NULL)
		d->headers = more;
}

static void
headers_make(struct delivery *d)
{
	const struct provider	*p = d->task->provider;
	char			 lines[SIGN_LINES][SIGN_LINE];
	int			 n = 0;

	curl_slist_free_all(d->headers);
	d->headers = NULL;
	headers_add(d, "Content-Type: application/json");
	headers_add(d, "Expect:");
	if (p->sign != NULL)
		n = p->sign(d->task, clock_unix_us() / 1000000, d->body,
		    d->len, lines);
	for (int i = 0; i < n; i++)
		headers_add(d, lines[i]);
}

static void
body_set(struct delivery *d)
{
	CURL	*c = d->curl;

	d->sent = 0;
	d->paused = false;
	d->next_piece_us = 0;
	(void)curl_easy_setopt(c, CURLOPT_POST, 1L);
	(void)curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE,
	    (curl_off_t)d->len);
	if (!d->slow) {
		(void)curl_easy_setopt(c, CURLOPT_POSTFIELDS, d->body);
		return;
	}
	(void)curl_easy_setopt(c, CURLOPT_READFUNCTION, piece_give);
	(void)curl_easy_setopt(c, CURLOPT_READDATA, d);
	(void)curl_easy_setopt(c, CURLOPT_SEEKFUNCTION, piece_seek);
	(void)curl_easy_setopt(c, CURLOPT_SEEKDATA, d);
}

static void
transfer_set(struct delivery *d)
{
	double	 timeout = (double)d->task->provider->timeout_ms *
		    opts.timeout_scale;
	CURL	*c = d->curl;

	if (d->slow)
		timeout += SLOW_PIECES * SLOW_PIECE_MS;
	curl_easy_reset(c);
	(void)curl_easy_setopt(c, CURLOPT_URL, d->task->hook);
	(void)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(c, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(c, CURLOPT_USERAGENT, "genhook-simulator");
	(void)curl_easy_setopt(c, CURLOPT_TIMEOUT_MS,
	    timeout < 1 ? 1L : (long)timeout);
	(void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, answer_take);
	(void)curl_easy_setopt(c, CURLOPT_WRITEDATA, d);
	(void)curl_easy_setopt(c, CURLOPT_PRIVATE, d);
	body_set(d);
	headers_make(d);
	(void)curl_easy_setopt(c, CURLOPT_HTTPHEADER, d->headers);
}

static void
ledger_attempt(const char *event, const struct delivery *d, json_t *more)
{
	json_t	*obj = json_pack("{s:s, s:i}", "kind", kind_words[d->kind],
		    "attempt", d->attempt);

	(void)json_object_update(obj, more);
	json_decref(more);
	ledger_write(event, d->task->provider->name, d->task->id, obj);
}

static void
delivery_send(struct delivery *d)
{
	d->curl = idle_count > 0 ? idle[--idle_count] : curl_easy_init();
	if (d->curl == NULL) {
		delivery_free(d);
		return;
	}
	d->attempt++;
	d->answer_len = 0;
	d->answer[0] = '\0';
	transfer_set(d);
	tasks_lock();
	d->task->sent += d->kind != D_GARBAGE;
	tasks_unlock();
	if (d->kind != D_GARBAGE)
		ledger_attempt("sending", d, json_object());
	d->slot = in_flight;
	flight[in_flight++] = d;
	(void)curl_multi_add_handle(multi, d->curl);
}

/* A timer's task: send now, or as soon as there is room. */
static void
delivery_due(void *arg)
{
	struct delivery	*d = arg;

	d->next = NULL;
	*ready_end = d;
	ready_end = &d->next;
}

static void
ready_send(void)
{
	struct delivery	*d;

	while ((d = ready) != NULL && in_flight < opts.connections) {
		if ((ready = d->next) == NULL)
			ready_end = &ready;
		delivery_send(d);
	}
}

static void
delivery_after(struct delivery *d, double ms)
{
	if (d != NULL && !timers_add((int64_t)(ms * 1000), delivery_due, d))
		delivery_free(d);
}

static void
delivery_leave_flight(struct delivery *d)
{
	(void)curl_multi_remove_handle(multi, d->curl);
	flight[d->slot] = flight[--in_flight];
	flight[d->slot]->slot = d->slot;
	if (idle_count < opts.connections)
		idle[idle_count++] = d->curl;
	else
		curl_easy_cleanup(d->curl);
	d->curl = NULL;
}

/* What the provider does with this answer. */
static void
delivery_judge(struct delivery *d, long status)
{
	const struct provider	*p = d->task->provider;

	if (p->accepts(status)) {
		tasks_lock();
		d->task->answered++;
		tasks_unlock();
	} else if (p->insists(status) && d->attempt <= p->retries) {
		delivery_after(d, (double)p->retry_ms[d->attempt - 1] *
		    opts.scale);
		return;
	} else
		ledger_attempt("gave_up", d, json_object());
	delivery_free(d);
}

static void
delivery_over(struct delivery *d, CURLcode rc)
{
	struct delivery	*then = d->then;
	json_t		*more;
	long		 status = 0;

	if (rc == CURLE_OK)
		(void)curl_easy_getinfo(d->curl, CURLINFO_RESPONSE_CODE,
		    &status);
	delivery_leave_flight(d);
	more = json_pack("{s:i, s:o}", "http", (int)status, "answer",
	    ledger_text(d->answer));
	if (rc != CURLE_OK)
		(void)json_object_set_new(more, "error",
		    json_string(curl_easy_strerror(rc)));
	ledger_attempt(d->kind == D_GARBAGE ? "garbage" : "answered", d, more);
	if (d->kind == D_GARBAGE) {
		d->then = NULL;
		delivery_free(d);
		if (then != NULL)
			delivery_due(then);
		return;
	}
	if (d->attempt == 1)
		task_tried(d->task);
	delivery_judge(d, status);
}

static void
ledger_finished(const struct task *t)
{
	json_t	*list = json_array();

	for (int i = 0; i < t->outputs; i++)
		(void)json_array_append_new(list, json_pack("{s:s, s:I}",
		    "sha256", t->output[i].sha256, "bytes",
		    (json_int_t)t->output[i].bytes));
	ledger_write("finished", t->provider->name, t->id,
	    json_pack("{s:s, s:o}", "state", task_state_word(t->state),
	    "outputs", list));
}

static double
delivery_delay(const struct plan *plan)
{
	double	 ms = 0;

	if (plan->on[F_LATE])
		ms += (double)faults_late_ms();
	if (plan->on[F_REORDER])
		ms += (double)dice_between(opts.finish_min_ms,
		    opts.finish_max_ms);
	return ms;
}

static void
callbacks_plan(struct task *t)
{
	const struct plan	*plan = &t->plan;
	struct delivery		*d = delivery_new(t, D_RESULT), *g = NULL;
	double			 ms = delivery_delay(plan);

	if (plan->on[F_GARBAGE] && (g = delivery_new(t, D_GARBAGE)) != NULL)
		g->then = d;
	delivery_after(g != NULL ? g : d, ms);
	/* Of some providers each output has a callback of its own. */
	for (int i = 0; i < OUTPUTS_MAX; i++)
		if (t->more[i] != NULL && (d = delivery_new(t, D_MORE)) != NULL) {
			d->body = t->more[i];
			d->len = strlen(d->body);
			delivery_after(d, ms + (double)dice_between(0,
			    COPY_SPREAD_MS));
		}
	/* The first copy races with the original; the others trickle in. */
	for (long i = 0; plan->on[F_DUPLICATE] && i < plan->copies; i++)
		delivery_after(delivery_new(t, D_COPY), ms + (i == 0 ? 0 :
		    (double)dice_between(0, COPY_SPREAD_MS)));
}

/* A timer's task: the generation has come to its end. */
static void
task_due(void *arg)
{
	struct task	*t = arg;

	task_finish(t);
	ledger_finished(t);
	if (t->hook == NULL || t->callback == NULL ||
	    (t->state == S_CANCELLED && !t->provider->tells_cancelled)) {
		task_tried(t);
		return;
	}
	if (t->plan.on[F_LOSE]) {
		ledger_write("lost", t->provider->name, t->id, NULL);
		task_tried(t);
		return;
	}
	callbacks_plan(t);
}

/* Ends the task, and calls back, in ms milliseconds. */
void
callbacks_finish(struct task *t, long ms)
{
	(void)timers_add((int64_t)ms * 1000, task_due, t);
	(void)curl_multi_wakeup(multi);
}

/* Sends a finished task's callback once more; false when it has none. */
bool
callbacks_again(struct task *t)
{
	struct delivery	*d = NULL;

	tasks_lock();
	if (t->hook != NULL && t->callback != NULL)
		d = delivery_new(t, D_AGAIN);
	tasks_unlock();
	if (d == NULL)
		return false;
	delivery_after(d, 0);
	(void)curl_multi_wakeup(multi);
	return true;
}

/* Lets slow bodies go on; returns how soon it has to be called again. */
static int
slow_resume(void)
{
	int64_t	 now = clock_steady_us();
	int	 ms = IDLE_MAX_MS;

	for (int i = 0; i < in_flight; i++) {
		struct delivery	*d = flight[i];

		if (!d->slow)
			continue;
		ms = SLOW_PIECE_MS / 3;
		if (d->paused && now >= d->next_piece_us) {
			d->paused = false;
			(void)curl_easy_pause(d->curl, CURLPAUSE_CONT);
		}
	}
	return ms;
}

static void
finished_collect(void)
{
	CURLMsg		*m;
	void		*d;
	CURLcode	 rc;
	int		 left;

	while ((m = curl_multi_info_read(multi, &left)) != NULL) {
		if (m->msg != CURLMSG_DONE)
			continue;
		rc = m->data.result;
		(void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &d);
		delivery_over(d, rc);
	}
}

static void *
callbacks_run(void *arg)
{
	int	 ms, next, active;

	while (!clock_stopping()) {
		timers_run();
		ms = slow_resume();
		ready_send();
		(void)curl_multi_perform(multi, &active);
		finished_collect();
		ready_send();
		next = timers_next_ms();
		if (next >= 0 && next < ms)
			ms = next;
		(void)curl_multi_poll(multi, NULL, 0, ms, NULL);
	}
	return arg;
}

/* Starts the thread.  Returns false with the reason in why. */
bool
callbacks_open(struct words *why)
{
	size_t	 n = (size_t)opts.connections;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
	    (multi = curl_multi_init()) == NULL ||
	    (flight = calloc(n, sizeof(*flight))) == NULL ||
	    (idle = calloc(n, sizeof(*idle))) == NULL) {
		words_set(why, "could not start libcurl");
		return false;
	}
	(void)curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, opts.connections);
	if (pthread_create(&thread, NULL, callbacks_run, NULL) != 0) {
		words_set(why, "could not start the sender's thread");
		return false;
	}
	running = true;
	return true;
}

static void
timer_drop(timer_fn fn, void *arg)
{
	if (fn == delivery_due)
		delivery_free(arg);
}

/* Drops what is not yet sent; clock_stop() has to come before it. */
void
callbacks_close(void)
{
	struct delivery	*d;

	if (running) {
		(void)curl_multi_wakeup(multi);
		(void)pthread_join(thread, NULL);
	}
	running = false;
	while (in_flight > 0) {
		d = flight[0];
		delivery_leave_flight(d);
		delivery_free(d);
	}
	while ((d = ready) != NULL) {
		ready = d->next;
		delivery_free(d);
	}
	ready_end = &ready;
	timers_close(timer_drop);
	while (idle_count > 0)
		curl_easy_cleanup(idle[--idle_count]);
	free(idle);
	free(flight);
	if (multi != NULL)
		(void)curl_multi_cleanup(multi);
	multi = NULL;
	curl_global_cleanup();
}
