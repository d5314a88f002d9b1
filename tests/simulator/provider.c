/* What the providers do alike: keys, secrets, submits, polls. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "callbacks.h"
#include "clock.h"
#include "ledger.h"
#include "provider.h"

/* A submit never waits longer than this for its early callback. */
#define EARLY_WAIT_MS	3000

static const struct provider *const providers[] = {
	&novita, &apimart, &apixo, &wavespeed, &replicate,
	&luma, &kie, &fal, &minimax, &runway, &runware, &bfl,
	&openai, &openrouter,
};

static char	 secrets[PROVIDER__MAX][128];

static const struct provider *
provider_find(const char *name, size_t len)
{
	for (int i = 0; i < PROVIDER__MAX; i++)
		if (strlen(providers[i]->name) == len &&
		    strncmp(providers[i]->name, name, len) == 0)
			return providers[i];
	return NULL;
}

/* Takes the secrets from the options, or makes some; the dice are ready. */
void
provider_open(void)
{
	static const char	 digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	char			 text[45];

	for (int p = 0; p < PROVIDER__MAX; p++) {
		/* 32 bytes: of the last digit the lower bits are no one's. */
		for (int i = 0; i < 43; i++)
			text[i] = digits[dice_bits() & (i == 42 ? 60 : 63)];
		text[43] = '=';
		text[44] = '\0';
		(void)snprintf(secrets[p], sizeof(secrets[p]), "whsec_%s",
		    text);
		if (opts.secrets[p] != NULL)
			(void)snprintf(secrets[p], sizeof(secrets[p]), "%s",
			    opts.secrets[p]);
	}
}

/* What the provider of that index signs with. */
const char *
provider_secret(int index)
{
	return secrets[index];
}

bool
path_below(const char *path, const char *start, const char **rest)
{
	size_t	 len = strlen(start);

	if (strncmp(path, start, len) != 0)
		return false;
	*rest = path + len;
	return true;
}

/* Without a key of its own, a provider takes any, but not none. */
static bool
key_check(const struct call *c, struct reply *r, const struct provider *p)
{
	const char	*header = call_header(c, p->key_header != NULL ?
			    p->key_header : "Authorization"), *key;
	const char	*prefix = p->key_prefix != NULL ? p->key_prefix :
			    p->key_header != NULL ? "" : "Bearer ";

	if (header == NULL || !path_below(header, prefix, &key) ||
	    *key == '\0') {
		p->refuse(r, R_NO_KEY, "no API key was sent");
		return false;
	}
	if (opts.keys[p->index] != NULL &&
	    strcmp(opts.keys[p->index], key) != 0) {
		p->refuse(r, R_WRONG_KEY, "invalid API key");
		return false;
	}
	return true;
}

/* A submit, with what may go wrong on its way. */
static void
submit_answer(const struct provider *p, const struct call *c, struct reply *r)
{
	if (faults_roll(F_SUBMIT_BUSY)) {
		p->refuse(r, R_BUSY, "too many requests");
		reply_header(r, "Retry-After", "1");
		return;
	}
	if (faults_roll(F_SUBMIT_REFUSE)) {
		p->refuse(r, R_BAD_REQUEST, "this prompt is not wanted");
		return;
	}
	p->route(c, r);
	(void)clock_sleep_ms(faults_submit_delay_ms());
	if (status_2xx(r->status) && faults_roll(F_SUBMIT_HANGUP))
		r->closed = true;
}

static bool
is_a_submit(const struct provider *p, const struct call *c)
{
	return strcmp(c->method, "POST") == 0 &&
	    (p->is_poll == NULL || !p->is_poll(c));
}

/*
 * Answers in place of the provider, which hears nothing of it: an empty purse
 * in JSON, all else with a page.  False: nothing stands before it.
 */
static bool
turn_away(const struct provider *p, const struct call *c, struct reply *r)
{
	bool	 is_submit = is_a_submit(p, c);
	long	 status = is_submit ? faults_submit_status() :
		    faults_poll_status();

	if (status == 0)
		return false;
	if (status == 402)
		reply_json(r, 402, json_pack("{s:i, s:s}", "code", 402,
		    "message", "insufficient balance"));
	else
		reply_text(r, (unsigned)status, "text/html",
		    "<!DOCTYPE html>\n<html><head><title>%ld in the way"
		    "</title></head><body>%ld</body></html>\n", status,
		    status);
	ledger_write("turned_away", p->name, "", json_pack("{s:i, s:b}",
	    "http", (int)status, "submit", is_submit));
	return true;
}

/* Answers everything below /<provider>/. */
void
provider_answer(const struct call *c, struct reply *r)
{
	struct call		 inner = *c;
	size_t			 len = strcspn(c->path, "/");
	const struct provider	*p = provider_find(c->path, len);

	if (p == NULL || c->path[len] == '\0') {
		reply_text(r, 404, "text/plain", "no such provider\n");
		return;
	}
	inner.path = c->path + len + 1;
	if (p->publish != NULL && p->publish(&inner, r))
		return;
	if (turn_away(p, c, r) || !key_check(c, r, p))
		return;
	if (is_a_submit(p, c))
		submit_answer(p, &inner, r);
	else
		p->route(&inner, r);
}

/*
 * Takes over the filled-in task of an accepted submit, and sets its end in
 * motion.  The task may be read, but no longer changed, afterwards.
 */
void
provider_submit(const struct call *c, struct task *t)
{
	const char	*words = call_header(c, "X-Simulate");
	long		 ms = dice_between(opts.finish_min_ms,
			    opts.finish_max_ms);
	bool		 early, never;

	faults_plan(words, &t->plan);
	early = t->plan.on[F_EARLY] || t->test;
	never = t->plan.never;
	if (early)
		ms = 0;
	t->finished_us = t->created_us + (int64_t)ms * 1000;
	ledger_write("submitted", t->provider->name, t->id,
	    json_pack("{s:s, s:b, s:b, s:s?, s:o?}", "model", t->model,
	    "webhook", t->hook != NULL, "test", t->test, "hook", t->hook,
	    "request", call_json(c)));
	tasks_add(t);
	if (!never)
		callbacks_finish(t, ms);
	if (early && !never && !t->test)
		(void)tasks_wait_tried(t, EARLY_WAIT_MS);
}

static void
poll_ledger(const struct provider *p, const char *id, unsigned status,
    const char *state)
{
	json_t	*more = json_pack("{s:i}", "http", (int)status);

	if (state != NULL)
		(void)json_object_set_new(more, "state", json_string(state));
	ledger_write("polled", p->name, id, more);
}

/*
 * Answers a status request with what render makes of the task.  The model,
 * when it is not NULL, has to be the one of the submit.
 */
void
provider_poll(const struct provider *p, const char *id, const char *model,
    struct reply *r, json_t *(*render)(const struct task *))
{
	const char	*state = NULL;
	struct task	*t;

	(void)clock_sleep_ms(faults_status_delay_ms());
	if (id == NULL)
		id = "";
	if (faults_roll(F_BUSY)) {
		p->refuse(r, R_BUSY, "too many requests");
		reply_header(r, "Retry-After", "1");
		poll_ledger(p, id, r->status, NULL);
		return;
	}
	tasks_lock();
	t = tasks_find(p, id);
	if (t != NULL && model != NULL && strcmp(t->model, model) != 0)
		t = NULL;
	if (t != NULL) {
		state = task_state_word(task_state(t));
		reply_json(r, p->poll_status != NULL ? p->poll_status(t) : 200,
		    render(t));
	}
	tasks_unlock();
	if (t == NULL)
		p->refuse(r, R_NOT_FOUND, "task not found");
	poll_ledger(p, id, r->status, state);
}

/* How long a link lives from the task's end. */
long
provider_link_seconds(const struct provider *p)
{
	long	 seconds = faults_link_seconds();

	return seconds == -1 ? p->link_seconds : seconds;
}

/* https://www.standardwebhooks.com, with the secret of the task's provider. */
int
provider_sign_standard(const struct task *t, int64_t seconds, const char *body,
    size_t len, char (*lines)[SIGN_LINE])
{
	char	 head[96], id[64], sum[HASH_BASE64];

	(void)snprintf(id, sizeof(id), "msg_%s_%u", t->id, t->sent);
	(void)snprintf(head, sizeof(head), "%s.%" PRId64 ".", id, seconds);
	hash_hmac_base64(provider_secret(t->provider->index), head, body, len,
	    sum);
	(void)snprintf(lines[0], SIGN_LINE, "webhook-id: %s", id);
	(void)snprintf(lines[1], SIGN_LINE, "webhook-timestamp: %" PRId64,
	    seconds);
	(void)snprintf(lines[2], SIGN_LINE, "webhook-signature: v1,%s", sum);
	return 3;
}

/* 32 hexadecimal digits. */
void
provider_id_hex(char *buf, size_t size)
{
	(void)snprintf(buf, size, "%016llx%016llx",
	    (unsigned long long)dice_bits(), (unsigned long long)dice_bits());
}

/* A UUID of version 4. */
void
provider_id_uuid(char *buf, size_t size)
{
	char	 hex[33];

	provider_id_hex(hex, sizeof(hex));
	(void)snprintf(buf, size, "%.8s-%.4s-4%.3s-a%.3s-%.12s", hex, hex + 8,
	    hex + 13, hex + 17, hex + 20);
}

bool
status_2xx(long status)
{
	return status >= 200 && status <= 299;
}

bool
status_not_2xx(long status)
{
	return !status_2xx(status);
}
