/*
 * Successful bodies of each provider, changed at random: members renamed, moved
 * into others, put in lists, made strings of JSON, reordered.  None may end as a
 * success without its links.  A body is known by its seed; MUTATIONS=1 prints how
 * many there were of each verdict, and MUTATIONS_FROM begins with another seed.
 */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "lib/json.h"
#include "handlers/provider.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"

#define BODIES		2000	/* for each provider */
#define BASES_MAX	64
#define LINKS_MAX	32
#define NODES_MAX	512
#define RECEIVED	(INT64_C(1796000000) * USEC_PER_SEC)

static uint64_t	state;

/* xorshift64*: the same numbers for a seed everywhere. */
static size_t
below(size_t n)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (size_t)((state * UINT64_C(2685821657736338717)) >> 33) % n;
}

static const char *
any_of(const char *const *words, size_t n)
{
	return words[below(n)];
}

/* What a release of the API could call a container, or a link. */
static const char *const containers[] = {
	"data", "result", "results", "response", "payload", "output", "outputs",
	"item", "items", "media", "content", "value", "files", "artifacts",
	"assets", "generations", "choices", "predictions", "creations", "body",
	"generated", "deliverables", "x", "0", "1", "17", "r\xc3\xa9sultat",
};
static const char *const names[] = {
	"url", "urls", "uri", "link", "links", "href", "src", "image", "images",
	"picture", "photo_url", "videoUrl", "video", "videos", "film", "clip",
	"audio", "audio_file", "song", "sound", "music", "mesh", "model_glb",
	"file", "sample", "download", "downloadUrl", "cdn_url", "resultUrl",
	"fileUrl", "signed_url", "public_url", "value", "content", "Q7x", "_",
};

/* ---- trees --------------------------------------------------------------- */

/* A value, and where it stands. */
struct node {
	struct json_object	*value, *parent;
	const char		*key;		/* in an object, or NULL */
	size_t			 index;		/* in a list */
};

struct nodes {
	struct node	node[NODES_MAX];
	size_t		n;
};

static void
collect(struct nodes *all, struct json_object *parent)
{
	size_t	i;

	if (json_object_is_type(parent, json_type_object)) {
		json_object_object_foreach(parent, key, value) {
			if (all->n == NODES_MAX)
				return;
			all->node[all->n++] = (struct node){ value, parent,
			    key, 0 };
			collect(all, value);
		}
	} else if (json_object_is_type(parent, json_type_array))
		for (i = 0; i < json_object_array_length(parent) &&
		    all->n < NODES_MAX; i++) {
			all->node[all->n++] = (struct node){
			    json_object_array_get_idx(parent, i), parent, NULL,
			    i };
			collect(all, json_object_array_get_idx(parent, i));
		}
}

/* Put a value where a node stands; it is taken over. */
static void
put(const struct node *at, struct json_object *value)
{
	if (at->key != NULL)
		(void)json_object_object_add(at->parent, at->key, value);
	else
		(void)json_object_array_put_idx(at->parent, at->index, value);
}

/* ---- changes ------------------------------------------------------------- */

static void
rename_member(const struct node *at)
{
	struct json_object	*old = json_object_get(at->value);
	const char		*to = json_object_is_type(old,
				    json_type_string) ?
				    any_of(names, COUNT(names)) :
				    any_of(containers, COUNT(containers));

	if (at->key == NULL || json_object_object_get_ex(at->parent, to,
	    NULL)) {
		json_object_put(old);
		return;
	}
	json_object_object_del(at->parent, at->key);
	(void)json_object_object_add(at->parent, to, old);
}

static void
wrap_in_object(const struct node *at)
{
	struct json_object	*outer = json_object_new_object();

	(void)json_object_object_add(outer, any_of(containers,
	    COUNT(containers)), json_object_get(at->value));
	put(at, outer);
}

static void
wrap_in_list(const struct node *at)
{
	struct json_object	*outer = json_object_new_array();

	(void)json_object_array_add(outer, json_object_get(at->value));
	put(at, outer);
}

static void
make_text(const struct node *at)
{
	if (json_object_is_type(at->value, json_type_string) && below(4) > 0)
		return;
	put(at, json_object_new_string(json_object_to_json_string_ext(
	    at->value, below(2) ? JSON_C_TO_STRING_PLAIN :
	    JSON_C_TO_STRING_PRETTY)));
}

/* A list's first item alone in its place, where that is all. */
static void
unwrap_list(const struct node *at)
{
	if (json_object_is_type(at->value, json_type_array) &&
	    json_object_array_length(at->value) == 1)
		put(at, json_object_get(json_object_array_get_idx(at->value,
		    0)));
}

/* A list as an object with numbered keys. */
static void
number_list(const struct node *at)
{
	struct json_object	*outer;
	char			 key[24];
	size_t			 i;

	if (!json_object_is_type(at->value, json_type_array))
		return;
	outer = json_object_new_object();
	for (i = 0; i < json_object_array_length(at->value); i++) {
		(void)snprintf(key, sizeof(key), "%zu", i);
		(void)json_object_object_add(outer, key, json_object_get(
		    json_object_array_get_idx(at->value, i)));
	}
	put(at, outer);
}

/* The members of an object in the opposite order. */
static void
reorder(const struct node *at)
{
	struct json_object	*turned;
	const char		*keys[NODES_MAX];
	size_t			 n = 0;

	if (!json_object_is_type(at->value, json_type_object))
		return;
	json_object_object_foreach(at->value, key, value) {
		(void)value;
		if (n < NODES_MAX)
			keys[n++] = key;
	}
	turned = json_object_new_object();
	while (n > 0) {
		n--;
		(void)json_object_object_add(turned, keys[n], json_object_get(
		    json_object_object_get(at->value, keys[n])));
	}
	put(at, turned);
}

/* Something new beside the others. */
static void
add_member(const struct node *at)
{
	if (json_object_is_type(at->value, json_type_object))
		(void)json_object_object_add(at->value, "addedLater",
		    json_object_new_int((int)below(1000)));
}

static void (*const changes[])(const struct node *) = {
	rename_member, rename_member, wrap_in_object, wrap_in_list, make_text,
	unwrap_list, number_list, reorder, add_member,
};

static void
change(struct json_object *doc)
{
	struct nodes	all = { .n = 0 };

	collect(&all, doc);
	if (all.n > 0)
		changes[below(COUNT(changes))](&all.node[below(all.n)]);
}

/* ---- bodies -------------------------------------------------------------- */

/* A body that is a success, and its links. */
struct base {
	char			*path;
	struct json_object	*doc;
	char			*links[LINKS_MAX];
	size_t			 nlinks;
};

/* Where no callback brings a result, but only an answer to a poll does; and
 * where that holds texts and files in place of links. */
static const struct {
	const char	*provider, *task_id;
	bool		 whole;
} asked[] = {
	{ "runware", "a770f077-f413-47de-9dac-be0b26a35da6", false },
	{ "openai", "resp_67ccd2bed1ec8190b14f964abc0542670bb6a6b452d3795b",
	  true },
};

static bool
is_whole(const struct provider *p)
{
	size_t	i;

	for (i = 0; i < COUNT(asked); i++)
		if (strcmp(p->name, asked[i].provider) == 0)
			return asked[i].whole;
	return false;
}

/* By which an output is known. */
static const char *
mark_of(const struct output *o)
{
	return o->url != NULL ? o->url : o->inline_text;
}

static enum parse_verdict
parse_body(const struct provider *p, const char *body, struct result *r)
{
	struct parse_context	 ctx = { .received_at = RECEIVED,
				    .api_base = p->api_base };
	struct json_object	*doc;
	struct errbuf		 err = { .text = "" };
	enum parse_verdict	 v;
	size_t			 i;

	memset(r, 0, sizeof(*r));
	if (json_parse(body, strlen(body), &doc, &err) != JSON_OK)
		return PARSE_UNKNOWN;
	for (i = 0; i < COUNT(asked); i++)
		if (strcmp(p->name, asked[i].provider) == 0) {
			ctx.task_id = asked[i].task_id;
			ctx.http = 200;
		}
	v = p->parse(doc, &ctx, r, &err);
	json_free(doc);
	return v;
}

static bool
base_read(const struct provider *p, const char *path, struct base *b)
{
	struct result	 r;
	size_t		 i, len;
	char		*body = fixture_read(path, &len);
	bool		 ok = parse_body(p, body, &r) == PARSE_FINAL &&
			    r.state == TASK_SUCCEEDED && r.noutputs > 0;

	memset(b, 0, sizeof(*b));
	for (i = 0; ok && i < r.noutputs && i < LINKS_MAX; i++) {
		ok = !r.outputs[i].odd && ((is_whole(p) &&
		    *mark_of(&r.outputs[i]) != '{') ||
		    (r.outputs[i].url != NULL &&
		    strstr(body, r.outputs[i].url) != NULL));
		if (ok)
			b->links[b->nlinks++] = strdup(mark_of(&r.outputs[i]));
	}
	if (ok) {
		b->path = strdup(path);
		b->doc = json_tokener_parse(body);
	}
	result_free(&r);
	free(body);
	return ok;
}

static void
base_free(struct base *b)
{
	while (b->nlinks > 0)
		free(b->links[--b->nlinks]);
	json_object_put(b->doc);
	free(b->path);
}

static size_t
bases_read(const struct provider *p, struct base *bases)
{
	struct base	one;
	char		pattern[128];
	glob_t		found;
	size_t		i, n = 0;

	(void)snprintf(pattern, sizeof(pattern), "tests/fixtures/%s/*.json",
	    p->name);
	CU_ASSERT_EQUAL_FATAL(glob(pattern, 0, NULL, &found), 0);
	for (i = 0; i < found.gl_pathc && n < BASES_MAX; i++)
		if (base_read(p, found.gl_pathv[i], &one))
			bases[n++] = one;
		else
			base_free(&one);
	globfree(&found);
	return n;
}

static bool
has_link(const struct result *r, const char *link)
{
	size_t	i;

	for (i = 0; i < r->noutputs; i++)
		if (strcmp(mark_of(&r->outputs[i]), link) == 0 ||
		    (r->outputs[i].inline_text != NULL &&
		    strstr(r->outputs[i].inline_text, link) != NULL))
			return true;
	return false;
}

/* The first link that a final result has not, or NULL. */
static const char *
lost_link(const struct base *b, enum parse_verdict v, const struct result *r)
{
	size_t	i;

	if (v != PARSE_FINAL)
		return NULL;
	if (r->state != TASK_SUCCEEDED)
		return "it is no success any more";
	for (i = 0; i < b->nlinks; i++)
		if (!has_link(r, b->links[i]))
			return b->links[i];
	return NULL;
}

static enum parse_verdict
try_seed(const struct provider *p, const struct base *b, uint64_t seed)
{
	struct json_object	*doc = NULL;
	enum parse_verdict	 v;
	struct result		 r;
	const char		*body, *lost;
	size_t			 n;

	CU_ASSERT_EQUAL_FATAL(json_object_deep_copy(b->doc, &doc, NULL), 0);
	for (n = 1 + below(4); n > 0; n--)
		change(doc);
	body = json_object_to_json_string_ext(doc, JSON_C_TO_STRING_PLAIN |
	    JSON_C_TO_STRING_NOSLASHESCAPE);
	v = parse_body(p, body, &r);
	lost = lost_link(b, v, &r);
	CU_ASSERT_PTR_NULL(lost);
	if (lost != NULL)
		(void)fprintf(stderr, "\n    seed %llu, %s: %s\n    %s\n",
		    (unsigned long long)seed, b->path, lost, body);
	result_free(&r);
	json_object_put(doc);
	return v;
}

static void
test_provider(const struct provider *p)
{
	const char	*from = getenv("MUTATIONS_FROM");
	uint64_t	 seed, first = from != NULL ?
			    strtoull(from, NULL, 10) : 1;
	struct base	*bases = calloc(BASES_MAX, sizeof(*bases));
	size_t		 n = bases_read(p, bases), count[8] = { 0 };

	if (n <= 2)
		(void)fprintf(stderr, "\n    %s: %zu fixtures with links\n",
		    p->name, n);
	CU_ASSERT_FATAL(n > 2);
	for (seed = first; seed < first + BODIES; seed++) {
		state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
		(void)below(2);
		count[try_seed(p, &bases[below(n)], seed)]++;
	}
	/* Most are understood, or the test would prove little. */
	CU_ASSERT(count[PARSE_FINAL] > BODIES / 2);
	if (getenv("MUTATIONS") != NULL)
		(void)fprintf(stderr, "\n    %s: %zu bodies, %d changed: %zu "
		    "final, %zu in progress, %zu not understood\n", p->name, n,
		    BODIES, count[PARSE_FINAL], count[PARSE_PROGRESS],
		    count[PARSE_UNKNOWN]);
	while (n > 0)
		base_free(&bases[--n]);
	free(bases);
}

static void
test_mutations(void)
{
	size_t	i;

	for (i = 0; providers[i] != NULL; i++)
		test_provider(providers[i]);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "changed bodies", test_mutations },
		{ NULL, NULL }
	};

	return cunit_run("mutations", tests);
}
