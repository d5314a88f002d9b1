/*
 * A search of every order of events of a small model, to its end.
 *
 * A model has a state of some bytes, actors, and steps that an actor may take.  The
 * search takes each step from each state that it comes to, and looks whether the
 * state is wrong, and whether an end can still be reached from it.
 */
#ifndef GENHOOK_MODEL_EXPLORE_H
#define GENHOOK_MODEL_EXPLORE_H

#include <stdbool.h>
#include <stddef.h>

struct model_step {
	const char	*words;		/* what happens */
	const char	*file;		/* the source that it stands for, */
	const char	*function;	/* and the function there; NULL: the world's */
	bool		(*take)(void *state, int who);	/* false: not now */
};

struct model {
	size_t			 size;		/* of a state; it begins all 0 */
	int			 actors;
	const struct model_step	*steps;
	size_t			 nsteps;
	const char		*(*wrong)(const void *state);	/* NULL: it is not */
	bool			 (*over)(const void *state);
};

struct exploration {
	size_t		 states;
	const char	*wrong;		/* the first wrong state's words, or NULL */
	size_t		 stuck;		/* states that lead to no end */
	char		 way[4096];	/* to the first such state, step by step */
};

/* Fills in *e.  False: there was no memory, or the states have no end. */
bool	explore(const struct model *m, struct exploration *e);

#endif
