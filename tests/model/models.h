/* The models, and what may be left out of each to see that it is missed. */
#ifndef GENHOOK_MODEL_MODELS_H
#define GENHOOK_MODEL_MODELS_H

#include "tests/model/explore.h"

/* What is left out of the next search: one at a time. */
enum model_flaw {
	FLAW_NONE,
	FLAW_NO_FENCE,		/* who lost the lease writes the row all the same */
	FLAW_NO_LEASE,		/* what is under a lease is claimed */
	FLAW_LATE_MOVE,		/* no look at the lease before a file is moved */
	FLAW_FORGETFUL,		/* a claim that a crash of the database forgets */
	FLAW_SENT_AGAIN,	/* a request without an answer is queued again */
	FLAW_NO_FILE_SYNC,
	FLAW_NO_DIR_SYNC,
	FLAW_NO_PARENT_SYNC,
	FLAW_EARLY_ANSWER,	/* 200 before the syncs */
	FLAW_EARLY_REMOVAL,	/* the file goes before its row is committed */
	FLAW_NO_ID		/* a delivery that is known is taken again */
};

extern enum model_flaw		model_flaw;
extern const struct model	output_model, request_model, forward_model,
				spool_model;

#endif
