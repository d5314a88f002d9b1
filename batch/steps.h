/* The steps of a sweep, in their order. */
#ifndef GENHOOK_STEPS_H
#define GENHOOK_STEPS_H

#include <stdbool.h>
#include <stdint.h>

#include "batch/sweep.h"

struct step {
	const char	*name;		/* as --dry-run and the pages have it */
	int		 ends;		/* when it ends, in percent of the run's
					   time */
	bool		 always;	/* it begins however late it is */
	bool		 not_for_task;	/* passed over by a run for one task */
	/* Do it until that moment (monotonic ms). */
	void		(*run)(struct sweep *, int64_t until_ms);
	/* For --dry-run, or NULL: print a line for each thing that is due,
	 * behind the step's name, and return how many that are. */
	int64_t		(*print_due)(struct sweep *, const struct step *);
	const char	*due;		/* what these are */
	const char	*words;		/* what the step does */
};

/* The table; a row without a name ends it. */
extern const struct step	steps[];

/* Do all of them that the run has time for. */
void	steps_run(struct sweep *);

/* Steps that have a file of their own; steps.c has the others. */
void	check_step(struct sweep *, int64_t until_ms);
void	keys_step(struct sweep *, int64_t until_ms);
void	submits_step(struct sweep *, int64_t until_ms);
void	polls_step(struct sweep *, int64_t until_ms);
void	give_up_step(struct sweep *, int64_t until_ms);
void	download_step(struct sweep *, int64_t until_ms);
void	thumbs_step(struct sweep *, int64_t until_ms);

#endif
