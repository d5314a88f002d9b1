/* Messages on their way: what is asked of a receiver, or of a command, and what
 * its answer means. */
#include <stdlib.h>
#include <string.h>

#include "batch/send.h"

/* Nobody reads the answer's body; one that is longer is cut off. */
#define SEND_ANSWER_MAX		(64 * 1024)
#define SEND_RETRY_AFTER_MAX_S	86400
#define SEND_COMMAND_TURN_MS	20	/* how often commands are looked at */
#define SEND_ONE_TURN_MS	200

LIST_HEAD(send_list, send);

struct sender {
	struct http_engine	*engine;
	struct send_list	 commands;
	int			 ncommands;
};

struct sender *
sender_new(int max_in_flight)
{
	struct sender	*sender = calloc(1, sizeof(*sender));

	/* The engine's leave to go anywhere is that of sweep links alone. */
	if (sender == NULL || (sender->engine = http_engine_new(max_in_flight,
	    false)) == NULL) {
		free(sender);
		return NULL;
	}
	LIST_INIT(&sender->commands);
	return sender;
}

static void
sender_end_command(struct sender *sender, struct send *m)
{
	LIST_REMOVE(m, next);
	sender->ncommands--;
	m->on_end(m);
}

void
sender_free(struct sender *sender)
{
	struct send	*m;

	if (sender == NULL)
		return;
	while ((m = LIST_FIRST(&sender->commands)) != NULL) {
		command_kill(&m->process);
		m->verdict = SEND_ABORTED;
		errbuf_set(&m->err, "the run ended first");
		sender_end_command(sender, m);
	}
	http_engine_free(sender->engine);
	free(sender);
}

int
sender_in_flight(const struct sender *sender)
{
	return http_in_flight(sender->engine) + sender->ncommands;
}

/* ---- the answer --------------------------------------------------------- */

static void
send_judge_status(struct send *m, long status)
{
	m->status = (int)status;
	if (status >= 200 && status < 300)
		m->verdict = SEND_TAKEN;
	else if (status == 410) {
		m->verdict = SEND_GONE;
		errbuf_set(&m->err, "answered 410: it wants no more events");
	} else if (status >= 300 && status < 400)
		errbuf_set(&m->err, "answered %ld: redirects are not followed",
		    status);
	else
		errbuf_set(&m->err, "answered %ld", status);
}

static void
send_on_answer(void *arg)
{
	struct send			*m = arg;
	const struct http_response	*res = &m->response;

	m->verdict = SEND_REFUSED;
	if (res->verdict == HTTP_ABORTED)
		m->verdict = SEND_ABORTED;
	/* The status is the answer, though its body be cut off or never end: who
	 * has taken it need not be sent it again. */
	if (m->verdict != SEND_ABORTED && res->status >= 200)
		send_judge_status(m, res->status);
	else
		errbuf_set(&m->err, "%s", res->err.text);
	if (m->verdict == SEND_REFUSED)
		m->retry_after_s = res->retry_after_s < SEND_RETRY_AFTER_MAX_S ?
		    res->retry_after_s : SEND_RETRY_AFTER_MAX_S;
	m->on_end(m);
}

static bool
send_on_body(void *arg, const void *data, size_t len)
{
	(void)arg;
	(void)data;
	(void)len;
	return true;
}

/* ---- the way there ------------------------------------------------------ */

static bool
send_request(struct sender *sender, struct send *m)
{
	const struct http_request	req = {
		.policy = m->policy, .url = m->url, .post = m->body,
		.headers = m->headers, .max_bytes = SEND_ANSWER_MAX,
		.timeout_s = m->timeout_s, .on_body = send_on_body,
		.on_done = send_on_answer, .arg = m,
	};

	return http_start(sender->engine, &req, &m->response) ||
	    errbuf_no_memory(&m->err);
}

static bool
send_command(struct sender *sender, struct send *m)
{
	const struct command_order	order = {
		.text = m->command, .variable = m->variable,
		.input = m->body != NULL ? m->body : "",
		.len = m->body != NULL ? strlen(m->body) : 0,
		.timeout_s = m->timeout_s
	};

	if (!command_start(&m->process, &order, &m->err))
		return false;
	LIST_INSERT_HEAD(&sender->commands, m, next);
	sender->ncommands++;
	return true;
}

void
sender_put(struct sender *sender, struct send *m)
{
	m->verdict = SEND_REFUSED;
	m->status = 0;
	m->retry_after_s = 0;
	m->err.text[0] = '\0';
	if (!(m->url != NULL ? send_request(sender, m) :
	    send_command(sender, m)))
		m->on_end(m);
}

/* ---- turns -------------------------------------------------------------- */

static void
sender_look_at_commands(struct sender *sender)
{
	struct send		*m, *next;
	enum command_state	 state;

	for (m = LIST_FIRST(&sender->commands); m != NULL; m = next) {
		next = LIST_NEXT(m, next);
		state = command_look(&m->process, &m->err);
		if (state == COMMAND_RUNS)
			continue;
		m->status = m->process.status;
		if (state == COMMAND_SUCCEEDED)
			m->verdict = SEND_TAKEN;
		sender_end_command(sender, m);
	}
}

void
sender_turn(struct sender *sender, int timeout_ms)
{
	if (sender->ncommands > 0 && timeout_ms > SEND_COMMAND_TURN_MS)
		timeout_ms = SEND_COMMAND_TURN_MS;
	http_turn(sender->engine, timeout_ms);
	sender_look_at_commands(sender);
}

/* ---- one alone ---------------------------------------------------------- */

static void
send_on_one_end(struct send *m)
{
	(void)m;
}

void
send_one(struct send *m, bool (*stopping)(void))
{
	struct sender	*sender = sender_new(1);

	m->on_end = send_on_one_end;
	if (sender == NULL) {
		m->verdict = SEND_REFUSED;
		(void)errbuf_no_memory(&m->err);
		return;
	}
	sender_put(sender, m);
	while (sender_in_flight(sender) > 0 && (stopping == NULL ||
	    !stopping()))
		sender_turn(sender, SEND_ONE_TURN_MS);
	sender_free(sender);
}
