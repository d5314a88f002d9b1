/* For the tests alone: what is going on, and the faults, while it runs. */
#include <string.h>

#include "callbacks.h"
#include "control.h"
#include "files.h"
#include "provider.h"

static void
control_error(struct reply *r, unsigned status, const char *what,
    const char *name)
{
	reply_json(r, status, json_pack("{s:s, s:s}", "error", what, "name",
	    name));
}

static void
control_health(const struct call *c, struct reply *r)
{
	json_int_t	 total = 0, open = 0;

	(void)c;
	tasks_lock();
	for (const struct task *t = tasks_first(); t != NULL; t = t->next) {
		total++;
		open += t->state == S_QUEUED && !t->plan.never;
	}
	tasks_unlock();
	reply_json(r, 200, json_pack("{s:s, s:I, s:I, s:I}", "status", "ok",
	    "tasks", total, "tasks_open", open, "callbacks_open",
	    (json_int_t)callbacks_pending()));
}

static json_t *
task_outputs(const struct task *t)
{
	json_t	*list = json_array(), *obj;
	char	 url[LINK_MAX];

	for (int i = 0; t->state == S_SUCCEEDED && i < t->outputs; i++) {
		obj = json_pack("{s:s, s:I}", "sha256", t->output[i].sha256,
		    "bytes", (json_int_t)t->output[i].bytes);
		if (t->kind != MEDIA_TEXT) {
			files_link(t, i, url, sizeof(url));
			(void)json_object_set_new(obj, "url",
			    json_string(url));
		}
		(void)json_array_append_new(list, obj);
	}
	return list;
}

static bool
task_wanted(const struct call *c, const struct task *t)
{
	const char	*provider = call_query(c, "provider");
	const char	*id = call_query(c, "task_id");

	return (provider == NULL ||
	    strcmp(provider, t->provider->name) == 0) &&
	    (id == NULL || strcmp(id, t->id) == 0);
}

static void
control_tasks(const struct call *c, struct reply *r)
{
	json_t	*list = json_array();

	tasks_lock();
	for (const struct task *t = tasks_first(); t != NULL; t = t->next)
		if (task_wanted(c, t))
			(void)json_array_append_new(list, json_pack(
			    "{s:s, s:s, s:s, s:s, s:b, s:o, s:i, s:i}",
			    "provider", t->provider->name, "task_id", t->id,
			    "model", t->model, "state",
			    task_state_word(task_state(t)), "test", t->test,
			    "outputs", task_outputs(t), "callbacks_sent",
			    (int)t->sent, "callbacks_answered",
			    (int)t->answered));
	tasks_unlock();
	reply_json(r, 200, list);
}

static void
control_faults_show(const struct call *c, struct reply *r)
{
	(void)c;
	reply_json(r, 200, faults_show());
}

static void
control_faults(const struct call *c, struct reply *r)
{
	json_t		*obj = call_json(c);
	const char	*bad = "";

	if (obj == NULL)
		control_error(r, 400, "not a JSON object", "");
	else if (!faults_change(obj, &bad))
		control_error(r, 400, "unknown or out of bounds", bad);
	else
		reply_json(r, 200, faults_show());
	json_decref(obj);
}

static struct task *
callback_task(json_t *obj)
{
	const char	*provider = json_string_value(json_object_get(obj,
			    "provider"));
	const char	*id = json_string_value(json_object_get(obj,
			    "task_id"));
	struct task	*t;

	if (provider == NULL || id == NULL)
		return NULL;
	tasks_lock();
	t = tasks_find_any(id);
	tasks_unlock();
	return t != NULL && strcmp(t->provider->name, provider) == 0 ? t :
	    NULL;
}

static void
control_callback(const struct call *c, struct reply *r)
{
	json_t		*obj = call_json(c);
	struct task	*t = callback_task(obj);

	if (t == NULL)
		control_error(r, 404, "no such task", "task_id");
	else if (!callbacks_again(t))
		control_error(r, 409, "not finished, or without a webhook",
		    t->id);
	else
		reply_json(r, 202, json_pack("{s:b}", "queued", true));
	json_decref(obj);
}

static const struct {
	const char	*method;
	const char	*path;
	void		(*answer)(const struct call *, struct reply *);
} routes[] = {
	{ "GET", "health", control_health },
	{ "GET", "tasks", control_tasks },
	{ "GET", "faults", control_faults_show },
	{ "POST", "faults", control_faults },
	{ "POST", "callback", control_callback },
};

void
control_answer(const struct call *c, struct reply *r)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		if (strcmp(c->method, routes[i].method) == 0 &&
		    strcmp(c->path, routes[i].path) == 0) {
			routes[i].answer(c, r);
			return;
		}
	control_error(r, 404, "no such control", c->path);
}
