/* fal.ai: the queue and its webhooks, by the pages of docs.fal.ai. */
#include <inttypes.h>
#include <nettle/base64.h>
#include <nettle/eddsa.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "files.h"
#include "hash.h"
#include "provider.h"

static const int	 refusals[] = {
	[R_BAD_REQUEST] = 400, [R_NO_KEY] = 401, [R_WRONG_KEY] = 401,
	[R_NOT_FOUND] = 404, [R_BUSY] = 429, [R_MEMORY] = 503,
};

static void
fal_refuse(struct reply *r, enum refusal why, const char *text)
{
	reply_json(r, (unsigned)refusals[why], json_pack("{s:s}", "detail",
	    text));
}

/* A UUID of version 4. */
static void
fal_id(char *buf, size_t size)
{
	char	 hex[33];

	provider_id_hex(hex, sizeof(hex));
	(void)snprintf(buf, size, "%.8s-%.4s-4%.3s-a%.3s-%.12s", hex, hex + 8,
	    hex + 13, hex + 17, hex + 20);
}

/* ---- the keys ----------------------------------------------------------- */

/* The private key that signs: of the secret that other providers sign with. */
static void
fal_private(uint8_t key[ED25519_KEY_SIZE])
{
	struct sha256_ctx	 ctx;
	const char		*secret = provider_secret(FAL);

	sha256_init(&ctx);
	sha256_update(&ctx, strlen(secret), (const uint8_t *)secret);
	sha256_digest(&ctx, SHA256_DIGEST_SIZE, key);
}

/* An older key stands beside the one in use, and another kind of key. */
static bool
fal_publish(const struct call *c, struct reply *r)
{
	uint8_t	 private[ED25519_KEY_SIZE], public[ED25519_KEY_SIZE];
	char	 x[BASE64_ENCODE_RAW_LENGTH(ED25519_KEY_SIZE) + 1];

	if (strcmp(c->path, ".well-known/jwks.json") != 0)
		return false;
	fal_private(private);
	ed25519_sha512_public_key(public, private);
	base64_encode_raw(x, sizeof(public), public);
	x[43] = '\0';		/* without the padding */
	for (char *p = x; *p != '\0'; p++)
		*p = *p == '+' ? '-' : *p == '/' ? '_' : *p;
	reply_json(r, 200, json_pack("{s:[{s:s, s:s, s:s},"
	    "{s:s, s:s, s:s}, {s:s, s:s, s:s}]}", "keys", "kty", "OKP", "crv",
	    "Ed25519", "x", "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
	    "kty", "EC", "crv", "P-256", "x", "AA", "kty", "OKP", "crv",
	    "Ed25519", "x", x));
	return true;
}

static int
fal_sign(const struct task *t, int64_t seconds, const char *body, size_t len,
    char (*lines)[SIGN_LINE])
{
	uint8_t			 private[ED25519_KEY_SIZE];
	uint8_t			 public[ED25519_KEY_SIZE];
	uint8_t			 signature[ED25519_SIGNATURE_SIZE];
	struct sha256_ctx	 ctx;
	char			 text[300], sum[HASH_HEX];
	char			 hex[2 * ED25519_SIGNATURE_SIZE + 1];

	sha256_init(&ctx);
	sha256_update(&ctx, len, (const uint8_t *)body);
	hash_finish(&ctx, sum);
	(void)snprintf(text, sizeof(text), "%s\nauth0|user\n%" PRId64 "\n%s",
	    t->id, seconds, sum);
	fal_private(private);
	ed25519_sha512_public_key(public, private);
	ed25519_sha512_sign(public, private, strlen(text),
	    (const uint8_t *)text, signature);
	hash_hex(signature, sizeof(signature), hex);
	(void)snprintf(lines[0], SIGN_LINE, "X-Fal-Webhook-Request-Id: %s",
	    t->id);
	(void)snprintf(lines[1], SIGN_LINE, "X-Fal-Webhook-User-Id: "
	    "auth0|user");
	(void)snprintf(lines[2], SIGN_LINE, "X-Fal-Webhook-Timestamp: %"
	    PRId64, seconds);
	(void)snprintf(lines[3], SIGN_LINE, "X-Fal-Webhook-Signature: %s",
	    hex);
	return 4;
}

/* ---- answers ------------------------------------------------------------ */

static json_t *
fal_file(const struct task *t, int i)
{
	char	 url[LINK_MAX];

	files_link(t, i, url, sizeof(url));
	return json_pack("{s:s, s:s, s:s, s:i}", "url", url, "content_type",
	    media_type(t->kind), "file_name", "output", "file_size", 1824075);
}

/* The model's own answer: pictures in a list, and one of anything else. */
static json_t *
fal_output(const struct task *t)
{
	json_t	*list, *obj = json_pack("{s:I, s:s}", "seed",
		    (json_int_t)INT64_C(196619188014358660), "prompt",
		    "a lighthouse");
	char	*text, name[24];

	if (t->kind == MEDIA_TEXT) {
		text = task_text(t, 0);
		(void)json_object_set_new(obj, "output", json_string(text));
		free(text);
		return obj;
	}
	if (t->kind != MEDIA_PNG && t->kind != MEDIA_JPEG) {
		for (int i = 0; i < t->outputs; i++) {
			(void)snprintf(name, sizeof(name), "extra_%d", i);
			(void)json_object_set_new(obj, i > 0 ? name :
			    t->kind == MEDIA_MP4 ? "video" : "audio_file",
			    fal_file(t, i));
		}
		return obj;
	}
	list = json_array();
	for (int i = 0; i < t->outputs; i++)
		(void)json_array_append_new(list, fal_file(t, i));
	(void)json_object_set_new(obj, "images", list);
	return obj;
}

static json_t *
fal_errors(void)
{
	return json_pack("{s:[{s:[s, s], s:s, s:s}]}", "detail", "loc", "body",
	    "prompt", "msg", "prompt not allowed", "type",
	    "content_policy_violation");
}

static json_t *
fal_render(const struct task *t, bool callback)
{
	bool	 ok = task_state(t) == S_SUCCEEDED;
	json_t	*obj;

	if (!callback && task_state(t) < S_SUCCEEDED)
		return json_pack("{s:s}", "detail",
		    "Request is still in progress");
	if (!callback)
		return ok ? fal_output(t) : fal_errors();
	obj = json_pack("{s:s, s:s, s:s, s:o}", "request_id", t->id,
	    "gateway_request_id", t->id, "status", ok ? "OK" : "ERROR",
	    "payload", ok ? fal_output(t) : fal_errors());
	if (!ok)
		(void)json_object_set_new(obj, "error",
		    json_string("Invalid status code: 422"));
	return obj;
}

static json_t *
fal_poll(const struct task *t)
{
	return fal_render(t, false);
}

/* The addresses of a request leave the subpath of its model out. */
static json_t *
fal_put_urls(json_t *obj, const struct task *t)
{
	static const char *const names[][2] = { { "response_url", "" },
				    { "status_url", "/status" },
				    { "cancel_url", "/cancel" } };
	size_t			 len = strcspn(t->model, "/");
	char			 url[400];

	if (t->model[len] == '/')
		len += 1 + strcspn(t->model + len + 1, "/");
	for (int i = 0; i < 3; i++) {
		(void)snprintf(url, sizeof(url), "%s/fal/%.*s/requests/%s%s",
		    http_base(), (int)len, t->model, t->id, names[i][1]);
		(void)json_object_set_new(obj, names[i][0], json_string(url));
	}
	return obj;
}

/* The queue calls failures completed; of every other one it says what happened,
 * and of the rest only the model's answer does. */
static json_t *
fal_queue(const struct task *t)
{
	enum state	 s = task_state(t);
	json_t		*obj = json_pack("{s:s}", "status", s == S_QUEUED ?
			    "IN_QUEUE" : s == S_PROCESSING ? "IN_PROGRESS" :
			    "COMPLETED");

	if (t->serial % 2 == 0)
		(void)json_object_set_new(obj, "request_id",
		    json_string(t->id));
	if (s == S_QUEUED)
		(void)json_object_set_new(obj, "queue_position",
		    json_integer(0));
	if (s > S_SUCCEEDED && t->serial % 2 == 0)
		(void)json_object_update_new(obj, json_pack("{s:s, s:s}",
		    "error", "Runner disconnected", "error_type",
		    "runner_disconnected"));
	return fal_put_urls(obj, t);
}

static unsigned
fal_poll_status(const struct task *t)
{
	return task_state(t) < S_SUCCEEDED ? 202 : 200;
}

/* The model's answer has the model's own status. */
static void
fal_answer(struct reply *r, const char *id)
{
	const struct task	*t;

	provider_poll(&fal, id, NULL, r, fal_poll);
	tasks_lock();
	t = tasks_find(&fal, id);
	if (t != NULL && status_2xx(r->status))
		r->status = task_state(t) < S_SUCCEEDED ? 400 :
		    task_state(t) == S_SUCCEEDED ? 200 : 422;
	tasks_unlock();
}

static void
fal_submit(const struct call *c, struct reply *r)
{
	json_t		*obj = call_json(c);
	const char	*hook = call_query(c, "fal_webhook");
	struct task	*t = NULL;

	if (!json_is_object(obj))
		fal_refuse(r, R_BAD_REQUEST, "a JSON object is wanted");
	else if ((t = task_new(&fal, c->path)) == NULL)
		fal_refuse(r, R_MEMORY, "out of memory");
	else if (!task_choose(t, obj)) {
		fal_refuse(r, R_BAD_REQUEST, "num_images out of range");
		task_free(t);
	} else {
		t->hook = hook == NULL ? NULL : strdup(hook);
		provider_submit(c, t);
		reply_json(r, 200, fal_put_urls(json_pack("{s:s, s:s, s:i}",
		    "status", "IN_QUEUE", "request_id", t->id,
		    "queue_position", 0), t));
	}
	json_decref(obj);
}

/* {owner}/{alias}/requests/{id}, and /status behind it. */
static void
fal_route(const struct call *c, struct reply *r)
{
	static const char	 place[] = "/requests/", end[] = "/status";
	const char		*alias = strchr(c->path, '/');
	const char		*rest = alias == NULL ? NULL :
				    strchr(alias + 1, '/');
	char			 id[48];
	size_t			 len;

	if (strcmp(c->method, "POST") == 0) {
		fal_submit(c, r);
		return;
	}
	if (rest == NULL || strncmp(rest, place, sizeof(place) - 1) != 0) {
		fal_refuse(r, R_NOT_FOUND, "Not Found");
		return;
	}
	rest += sizeof(place) - 1;
	len = strcspn(rest, "/");
	(void)snprintf(id, sizeof(id), "%.*s", (int)len, rest);
	if (strcmp(rest + len, end) == 0)
		provider_poll(&fal, id, NULL, r, fal_queue);
	else
		fal_answer(r, rest);
}

const struct provider	 fal = {
	.name = "fal",
	.key_prefix = "Key ",
	.index = FAL,
	.timeout_ms = 15000,
	.retries = 5,
	.retry_ms = { 5000, 10000, 20000, 40000, 80000 },
	.link_seconds = 86400,
	.link_gone = 404,
	.knows_cancelled = false,
	.has_text = true,
	.make_id = fal_id,
	.publish = fal_publish,
	.poll_status = fal_poll_status,
	.route = fal_route,
	.refuse = fal_refuse,
	.render = fal_render,
	.accepts = status_2xx,
	.insists = status_not_2xx,
	.sign = fal_sign,
};
