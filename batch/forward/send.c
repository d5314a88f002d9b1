/* Events on their way: the webhook's POST with its signatures, and what its
 * answer means. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/crypto.h"
#include "batch/forward/command.h"
#include "batch/forward/send.h"

/* Nobody reads the answer's body; one that is longer is cut off. */
#define SEND_ANSWER_MAX		(64 * 1024)
#define SEND_RETRY_AFTER_MAX_S	86400
#define SEND_HEADER_MAX		8192
#define SEND_COMMAND_TURN_MS	20	/* how often commands are looked at */
#define SEND_MAC_BASE64		48

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
		command_kill(m->pid);
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

/* The value of webhook-signature: one "v1,..." for each secret, over
 * "webhook_id.timestamp.body".  The caller's to free; NULL with err. */
static char *
send_signature(const struct forward *to, const char *webhook_id,
    int64_t timestamp, const char *body, struct errbuf *err)
{
	unsigned char	key[CONF_FORWARD_KEY_MAX], mac[SHA256_BYTES];
	char		head[256], text[SEND_MAC_BASE64];
	struct bytes	parts[2];
	struct buf	out;
	size_t		i, n;
	bool		ok = true;

	n = (size_t)snprintf(head, sizeof(head), "%s.%lld.", webhook_id,
	    (long long)timestamp);
	parts[0] = (struct bytes) { head, n };
	parts[1] = (struct bytes) { body, strlen(body) };
	buf_init(&out, SEND_HEADER_MAX);
	for (i = 0; ok && to->secrets[i] != NULL; i++) {
		n = conf_forward_key(to->secrets[i], key);
		ok = hmac_sha256((struct bytes) { key, n }, parts, 2, mac);
		base64_encode(mac, sizeof(mac), text);
		buf_printf(&out, "%sv1,%s", i > 0 ? " " : "", text);
	}
	if (ok && buf_ok(&out))
		return buf_take(&out);
	errbuf_set(err, "the event could not be signed");
	buf_free(&out);
	return NULL;
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
	if (res->verdict == HTTP_ANSWERED || res->verdict == HTTP_TOO_LARGE)
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
send_post(struct sender *sender, struct send *m)
{
	int64_t			 now = (int64_t)time(NULL);
	char			 id[256], at[64], *signature, *line = NULL;
	const char		*headers[4] = { id, at, NULL, NULL };
	struct http_request	 req = {
		.policy = m->to->allow_private ? HTTP_OPERATOR_HOST :
		    HTTP_PUBLIC_HOOK,
		.url = m->to->url, .post = m->body, .headers = headers,
		.max_bytes = SEND_ANSWER_MAX, .timeout_s = SEND_TIMEOUT_S,
		.on_body = send_on_body, .on_done = send_on_answer, .arg = m,
	};
	bool			 started;

	signature = send_signature(m->to, m->webhook_id, now, m->body, &m->err);
	if (signature == NULL)
		return false;
	(void)snprintf(id, sizeof(id), "webhook-id: %s", m->webhook_id);
	(void)snprintf(at, sizeof(at), "webhook-timestamp: %lld",
	    (long long)now);
	if (asprintf(&line, "webhook-signature: %s", signature) == -1)
		line = NULL;
	headers[2] = line;
	started = line != NULL && http_start(sender->engine, &req,
	    &m->response);
	if (!started)
		(void)errbuf_no_memory(&m->err);
	free(line);
	free(signature);
	return started;
}

static bool
send_command(struct sender *sender, struct send *m)
{
	m->deadline_ms = clock_ms() + SEND_TIMEOUT_S * 1000;
	if (!command_start(m->to->command, m->webhook_id, m->body, &m->pid,
	    &m->err))
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
	if (*m->to->command != '\0' ? send_command(sender, m) :
	    send_post(sender, m))
		return;
	m->on_end(m);
}

/* ---- turns -------------------------------------------------------------- */

/* Has the command ended, or is its time over? */
static bool
send_command_is_over(struct send *m)
{
	switch (command_look(m->pid, &m->status, &m->err)) {
	case COMMAND_RUNS:
		if (clock_ms() < m->deadline_ms)
			return false;
		command_kill(m->pid);
		m->status = 0;
		errbuf_set(&m->err, "the command was ended after %d seconds",
		    SEND_TIMEOUT_S);
		break;
	case COMMAND_SUCCEEDED:
		m->verdict = SEND_TAKEN;
		break;
	case COMMAND_FAILED:
		break;
	}
	return true;
}

static void
sender_look_at_commands(struct sender *sender)
{
	struct send	*m, *next;

	for (m = LIST_FIRST(&sender->commands); m != NULL; m = next) {
		next = LIST_NEXT(m, next);
		if (send_command_is_over(m))
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
