/* genhook-sweep --dry-run: what is due, shown and not done. */
#ifndef GENHOOK_DRY_RUN_H
#define GENHOOK_DRY_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "batch/steps.h"

/* What a run would do, on stdout, in the order of its steps.  Claims nothing.
 * The run is broken where the database does not say. */
void	dry_run(struct sweep *);

/* What is due for a step, as its print_due. */
int64_t	dry_run_drain(struct sweep *, const struct step *);
int64_t	dry_run_submits(struct sweep *, const struct step *);
int64_t	dry_run_polls(struct sweep *, const struct step *);
int64_t	dry_run_downloads(struct sweep *, const struct step *);
int64_t	dry_run_forwards(struct sweep *, const struct step *);

#endif
