/* All tasks of all providers, and what each one will turn into. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "provider.h"
#include "tasks.h"

#define SLOTS	65536

static pthread_mutex_t	 lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t	 tried_cond = PTHREAD_COND_INITIALIZER;
static struct task	**slots;
static struct task	*first, **last = &first;
static uint64_t		 output_seed;
static unsigned long	 serials[PROVIDER__MAX];

void
tasks_lock(void)
{
	(void)pthread_mutex_lock(&lock);
}

void
tasks_unlock(void)
{
	(void)pthread_mutex_unlock(&lock);
}

bool
tasks_open(void)
{
	output_seed = dice_bits();
	return (slots = calloc(SLOTS, sizeof(*slots))) != NULL;
}

void
tasks_close(void)
{
	struct task	*t;

	while ((t = first) != NULL) {
		first = t->next;
		task_free(t);
	}
	last = &first;
	free(slots);
	slots = NULL;
}

/* FNV-1a */
static struct task **
slot_of(const char *id)
{
	uint32_t	 h = 2166136261U;

	for (; *id != '\0'; id++)
		h = (h ^ (uint8_t)*id) * 16777619U;
	return &slots[h % SLOTS];
}

/* A task with a fresh id, not yet known to anyone; NULL without memory. */
struct task *
task_new(const struct provider *p, const char *model)
{
	struct task	*t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->provider = p;
	t->created_us = clock_unix_us();
	t->outputs = 1;
	tasks_lock();
	t->serial = serials[p->index]++;
	tasks_unlock();
	(void)snprintf(t->model, sizeof(t->model), "%s", model);
	p->make_id(t->id, sizeof(t->id));
	return t;
}

void
task_free(struct task *t)
{
	if (t == NULL)
		return;
	free(t->hook);
	free(t->request);
	free(t->once);
	free(t->callback);
	for (int i = 0; i < OUTPUTS_MAX; i++)
		free(t->more[i]);
	free(t);
}

/* Takes over t. */
void
tasks_add(struct task *t)
{
	struct task	**slot = slot_of(t->id);

	tasks_lock();
	t->next_in_slot = *slot;
	*slot = t;
	*last = t;
	last = &t->next;
	tasks_unlock();
}

/* With the lock held. */
struct task *
tasks_find_any(const char *id)
{
	struct task	*t = *slot_of(id);

	while (t != NULL && strcmp(t->id, id) != 0)
		t = t->next_in_slot;
	return t;
}

/* With the lock held.  NULL also for what its poll API would not know. */
struct task *
tasks_find(const struct provider *p, const char *id)
{
	struct task	*t = id == NULL ? NULL : tasks_find_any(id);

	if (t == NULL || t->provider != p || t->test || t->plan.notfound)
		return NULL;
	return t;
}

/* With the lock held.  The task that was submitted with this key. */
struct task *
tasks_find_once(const struct provider *p, const char *key)
{
	struct task	*t = key == NULL ? NULL : first;

	while (t != NULL && (t->provider != p || t->once == NULL ||
	    strcmp(t->once, key) != 0))
		t = t->next;
	return t;
}

const struct task *
tasks_first(void)
{
	return first;
}

/* A task waits for the first half of its time, and works in the second. */
enum state
task_state(const struct task *t)
{
	if (t->state != S_QUEUED)
		return t->state;
	return clock_unix_us() - t->created_us <
	    (t->finished_us - t->created_us) / 2 ? S_QUEUED : S_PROCESSING;
}

const char *
task_state_word(enum state s)
{
	static const char *const words[] = { "queued", "processing",
	    "succeeded", "failed", "cancelled" };

	return words[s];
}

/* The 32 bytes that make the output at this position like no other. */
static void
task_key(const struct task *t, int position, uint8_t *key)
{
	struct sha256_ctx	 ctx;

	sha256_init(&ctx);
	sha256_update(&ctx, sizeof(output_seed),
	    (const uint8_t *)&output_seed);
	sha256_update(&ctx, strlen(t->id), (const uint8_t *)t->id);
	sha256_update(&ctx, sizeof(position), (const uint8_t *)&position);
	sha256_digest(&ctx, SHA256_DIGEST_SIZE, key);
}

void
task_file(const struct task *t, int position, struct media_file *f)
{
	uint8_t	 key[SHA256_DIGEST_SIZE];

	task_key(t, position, key);
	media_make(t->kind, key, f);
}

/* The words of a text output; the caller frees them. */
char *
task_text(const struct task *t, int position)
{
	char	*text;

	if (asprintf(&text, "Words %d heard in task %s: caf\xc3\xa9, "
	    "\xe6\x97\xa5\xe6\x9c\xac.", position, t->id) == -1)
		return NULL;
	return text;
}

static void
output_sum(const struct task *t, int position, struct output *o)
{
	struct media_file	 f;
	struct sha256_ctx	 ctx;
	char			*text;

	if (t->kind != MEDIA_TEXT) {
		task_file(t, position, &f);
		o->bytes = media_size(&f);
		media_sha256(&f, o->sha256);
		return;
	}
	if ((text = task_text(t, position)) == NULL)
		return;
	sha256_init(&ctx);
	o->bytes = strlen(text);
	sha256_update(&ctx, o->bytes, (const uint8_t *)text);
	hash_finish(&ctx, o->sha256);
	free(text);
}

static enum state
task_outcome(const struct task *t)
{
	if (t->test)
		return strstr(t->test_status, "FAILED") != NULL ? S_FAILED :
		    S_SUCCEEDED;
	if (t->plan.cancel && t->provider->knows_cancelled)
		return S_CANCELLED;
	return t->plan.cancel || t->plan.on[F_FAIL] ? S_FAILED : S_SUCCEEDED;
}

/* Gives the task its final state, its outputs and its callback. */
void
task_finish(struct task *t)
{
	enum state	 outcome = task_outcome(t);
	json_t		*body;

	for (int i = 0; outcome == S_SUCCEEDED && i < t->outputs; i++)
		output_sum(t, i, &t->output[i]);
	tasks_lock();
	if (outcome != S_SUCCEEDED)
		t->outputs = 0;
	t->state = outcome;
	t->finished_us = clock_unix_us();
	t->link_seconds = provider_link_seconds(t->provider);
	body = t->provider->render(t, true);
	t->callback = json_dumps(body, JSON_COMPACT);
	t->callback_len = t->callback == NULL ? 0 : strlen(t->callback);
	for (int i = 1; t->provider->render_more != NULL && i < t->outputs;
	    i++) {
		json_t	*more = t->provider->render_more(t, i);

		t->more[i] = json_dumps(more, JSON_COMPACT);
		json_decref(more);
	}
	tasks_unlock();
	json_decref(body);
}

/* Tells who waits for it that the first callback has been tried. */
void
task_tried(struct task *t)
{
	tasks_lock();
	t->tried = true;
	(void)pthread_cond_broadcast(&tried_cond);
	tasks_unlock();
}

/* Waits until then; returns false when that takes longer than ms. */
bool
tasks_wait_tried(struct task *t, long ms)
{
	struct timespec	 until;
	bool		 tried;

	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += ms / 1000;
	tasks_lock();
	while (!t->tried &&
	    pthread_cond_timedwait(&tried_cond, &lock, &until) != ETIMEDOUT)
		continue;
	tried = t->tried;
	tasks_unlock();
	return tried;
}

/* The first word found in the model's name decides; else it is an image. */
static const struct {
	const char	*word;
	enum media	 kind;
} kind_words[] = {
	{ "whisper", MEDIA_TEXT },
	{ "stt", MEDIA_TEXT },
	{ "tts", MEDIA_WAV },
	{ "audio", MEDIA_MP3 },
	{ "music", MEDIA_MP3 },
	{ "suno", MEDIA_MP3 },
	{ "replace-object", MEDIA_PNG },
	{ "video", MEDIA_MP4 },
	{ "hailuo", MEDIA_MP4 },
	{ "wan", MEDIA_MP4 },
	{ "kling", MEDIA_MP4 },
	{ "jpeg", MEDIA_JPEG },
	{ "jpg", MEDIA_JPEG },
};

static const struct {
	const char	*word;
	enum media	 from, to;
} format_words[] = {
	{ "jpeg", MEDIA_PNG, MEDIA_JPEG },
	{ "jpg", MEDIA_PNG, MEDIA_JPEG },
	{ "wav", MEDIA_MP3, MEDIA_WAV },
	{ "mp3", MEDIA_WAV, MEDIA_MP3 },
};

/* The places where the four providers take such settings. */
static json_t *
request_member(json_t *obj, const char *name)
{
	static const char *const inner[] = { "input", "request", "extra" };
	json_t	*v = json_object_get(obj, name);

	for (int i = 0; v == NULL && i < 3; i++)
		v = json_object_get(json_object_get(obj, inner[i]), name);
	return v;
}

static void
format_choose(struct task *t, json_t *obj)
{
	static const char *const names[] = { "output_format", "image_type",
	    "response_image_type", "audio_format", "format" };
	const char	*s = NULL;

	for (int i = 0; s == NULL && i < 5; i++)
		s = json_string_value(request_member(obj, names[i]));
	for (int i = 0; s != NULL && i < 4; i++)
		if (t->kind == format_words[i].from &&
		    strcmp(s, format_words[i].word) == 0) {
			t->kind = format_words[i].to;
			return;
		}
}

/*
 * Decides kind and number of outputs from the model's name and the request
 * (borrowed).  Returns false when the number asked for is out of bounds.
 */
bool
task_choose(struct task *t, json_t *obj)
{
	static const char *const counts[] = { "n", "image_num",
	    "num_outputs" };
	json_t	*v = NULL;

	for (size_t i = 0; i < sizeof(kind_words) / sizeof(kind_words[0]); i++)
		if (strstr(t->model, kind_words[i].word) != NULL) {
			t->kind = kind_words[i].kind;
			break;
		}
	if (t->kind == MEDIA_TEXT && !t->provider->has_text)
		t->kind = MEDIA_PNG;
	format_choose(t, obj);
	if (strstr(t->model, "suno") != NULL)
		t->outputs = 2;		/* that model makes two tracks */
	for (int i = 0; v == NULL && i < 3; i++)
		v = request_member(obj, counts[i]);
	if (!json_is_integer(v))
		return true;
	t->outputs = (int)json_integer_value(v);
	return json_integer_value(v) >= 1 &&
	    json_integer_value(v) <= OUTPUTS_MAX;
}
