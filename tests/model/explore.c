/* The search: breadth first, so that the way to a wrong state is a shortest one. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/model/explore.h"

#define STATES_MAX	(1 << 21)
#define TABLE_SIZE	(STATES_MAX * 2)	/* a power of two */
#define STATE_MAX	64
#define NOWHERE		UINT32_MAX

struct edge {
	uint32_t	from, to;
};

struct search {
	const struct model	*m;
	unsigned char		*states;	/* n of them, one after the other */
	uint32_t		*table;		/* by their bytes: place + 1 */
	uint32_t		*parent;
	uint16_t		*by;		/* the step that led there, times
						   actors, plus who took it */
	struct edge		*edges;
	size_t			 n, nedges, room;
};

static unsigned char *
search_state(const struct search *s, size_t i)
{
	return s->states + i * s->m->size;
}

static uint32_t
search_hash(const unsigned char *state, size_t size)
{
	uint32_t	h = 2166136261u;
	size_t		i;

	for (i = 0; i < size; i++)
		h = (h ^ state[i]) * 16777619u;
	return h & (TABLE_SIZE - 1);
}

/* The place of a state, which is noted where it is new; NOWHERE: too many. */
static uint32_t
search_place(struct search *s, const unsigned char *state, uint32_t from,
    size_t by)
{
	uint32_t	h = search_hash(state, s->m->size);

	while (s->table[h] != 0) {
		if (memcmp(search_state(s, s->table[h] - 1), state,
		    s->m->size) == 0)
			return s->table[h] - 1;
		h = (h + 1) & (TABLE_SIZE - 1);
	}
	if (s->n == STATES_MAX)
		return NOWHERE;
	memcpy(search_state(s, s->n), state, s->m->size);
	s->parent[s->n] = from;
	s->by[s->n] = (uint16_t)by;
	s->table[h] = (uint32_t)s->n + 1;
	return (uint32_t)s->n++;
}

static bool
search_add_edge(struct search *s, uint32_t from, uint32_t to)
{
	struct edge	*grown;

	if (s->nedges == s->room) {
		s->room = s->room == 0 ? 1024 : s->room * 2;
		grown = realloc(s->edges, s->room * sizeof(*grown));
		if (grown == NULL)
			return false;
		s->edges = grown;
	}
	s->edges[s->nedges++] = (struct edge){ from, to };
	return true;
}

/* Every step that can be taken from the state at from. */
static bool
search_steps(struct search *s, uint32_t from)
{
	unsigned char	state[STATE_MAX];
	size_t		by, all = s->m->nsteps * (size_t)s->m->actors;
	uint32_t	to;

	for (by = 0; by < all; by++) {
		memcpy(state, search_state(s, from), s->m->size);
		if (!s->m->steps[by / (size_t)s->m->actors].take(state,
		    (int)(by % (size_t)s->m->actors)))
			continue;
		to = search_place(s, state, from, by);
		if (to == NOWHERE || !search_add_edge(s, from, to))
			return false;
	}
	return true;
}

/* How one comes to the state at i, as words. */
static void
search_tell_way(const struct search *s, uint32_t i, char *way, size_t size)
{
	size_t	len;

	if (s->parent[i] == NOWHERE) {
		way[0] = '\0';
		return;
	}
	search_tell_way(s, s->parent[i], way, size);
	len = strlen(way);
	(void)snprintf(way + len, size - len, "    %d: %s\n",
	    s->by[i] % s->m->actors,
	    s->m->steps[s->by[i] / s->m->actors].words);
}

/* Mark what leads to an end, backwards until nothing is added. */
static size_t
search_count_stuck(const struct search *s, bool *ends, uint32_t *first)
{
	size_t	i, stuck = 0;
	bool	more = true;

	for (i = 0; i < s->n; i++)
		ends[i] = s->m->over(search_state(s, i));
	while (more) {
		more = false;
		for (i = s->nedges; i-- > 0;)
			if (ends[s->edges[i].to] && !ends[s->edges[i].from])
				more = ends[s->edges[i].from] = true;
	}
	for (i = s->n; i-- > 0;)
		if (!ends[i]) {
			*first = (uint32_t)i;
			stuck++;
		}
	return stuck;
}

static bool
search_open(struct search *s, const struct model *m)
{
	static const unsigned char	begin[STATE_MAX];

	memset(s, 0, sizeof(*s));
	s->m = m;
	s->states = malloc(STATES_MAX * m->size);
	s->table = calloc(TABLE_SIZE, sizeof(*s->table));
	s->parent = malloc(STATES_MAX * sizeof(*s->parent));
	s->by = malloc(STATES_MAX * sizeof(*s->by));
	return m->size <= STATE_MAX && s->states != NULL && s->table != NULL &&
	    s->parent != NULL && s->by != NULL &&
	    search_place(s, begin, NOWHERE, 0) == 0;
}

static void
search_close(struct search *s)
{
	free(s->states);
	free(s->table);
	free(s->parent);
	free(s->by);
	free(s->edges);
}

static bool
search_all(struct search *s, struct exploration *e)
{
	uint32_t	 i, stuck = 0;
	bool		*ends;

	for (i = 0; i < s->n; i++) {
		e->wrong = s->m->wrong(search_state(s, i));
		if (e->wrong != NULL) {
			search_tell_way(s, i, e->way, sizeof(e->way));
			return true;
		}
		if (!search_steps(s, i))
			return false;
	}
	if ((ends = calloc(s->n, sizeof(*ends))) == NULL)
		return false;
	e->stuck = search_count_stuck(s, ends, &stuck);
	if (e->stuck > 0)
		search_tell_way(s, stuck, e->way, sizeof(e->way));
	free(ends);
	return true;
}

bool
explore(const struct model *m, struct exploration *e)
{
	struct search	s;
	bool		ok;

	memset(e, 0, sizeof(*e));
	ok = search_open(&s, m) && search_all(&s, e);
	e->states = s.n;
	search_close(&s);
	return ok;
}
