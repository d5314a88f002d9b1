/* Every order of events of the models of tests/model/, to its end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/cunit_main.h"
#include "tests/fixture.h"
#include "tests/model/models.h"

enum model_flaw	model_flaw = FLAW_NONE;

static const struct {
	const char		*name;
	const struct model	*model;
} models[] = {
	{ "output", &output_model },
	{ "request", &request_model },
	{ "forward", &forward_model },
	{ "spool", &spool_model },
};
#define MODELS	(sizeof(models) / sizeof(models[0]))

/* What has to be found when it is left out. */
static const struct {
	const struct model	*model;
	enum model_flaw		 flaw;
	const char		*words;
} flaws[] = {
	{ &output_model, FLAW_NO_FENCE, "did not have it" },
	{ &output_model, FLAW_NO_LEASE, "another file than the one" },
	{ &output_model, FLAW_LATE_MOVE, "another file than the one" },
	{ &output_model, FLAW_FORGETFUL, "another file than the one" },
	{ &request_model, FLAW_NO_FENCE, "refused, and was taken" },
	{ &request_model, FLAW_NO_LEASE, "taken twice" },
	{ &request_model, FLAW_SENT_AGAIN, "taken twice" },
	{ &forward_model, FLAW_NO_FENCE, "while another one told it" },
	{ &spool_model, FLAW_NO_FILE_SYNC, "is nowhere" },
	{ &spool_model, FLAW_NO_DIR_SYNC, "is nowhere" },
	{ &spool_model, FLAW_NO_PARENT_SYNC, "is nowhere" },
	{ &spool_model, FLAW_EARLY_ANSWER, "is nowhere" },
	{ &spool_model, FLAW_EARLY_REMOVAL, "is nowhere" },
	{ &spool_model, FLAW_NO_ID, "taken twice" },
};

/* No state is wrong, and from each an end can be reached. */
static void
test_models(void)
{
	struct exploration	e;
	size_t			i;

	for (i = 0; i < MODELS; i++) {
		model_flaw = FLAW_NONE;
		CU_ASSERT_TRUE_FATAL(explore(models[i].model, &e));
		CU_ASSERT_PTR_NULL(e.wrong);
		CU_ASSERT_EQUAL(e.stuck, 0);
		CU_ASSERT_TRUE(e.states > 50);
		(void)printf("\n    %s: %zu states\n", models[i].name,
		    e.states);
		if (e.wrong != NULL || e.stuck > 0)
			(void)printf("    %s; %zu lead to no end:\n%s",
			    e.wrong != NULL ? e.wrong : "none is wrong",
			    e.stuck, e.way);
	}
}

/* A search that finds nothing when a part is left out shows nothing. */
static void
test_flaws(void)
{
	struct exploration	e;
	size_t			i;
	bool			found;

	for (i = 0; i < sizeof(flaws) / sizeof(flaws[0]); i++) {
		model_flaw = flaws[i].flaw;
		CU_ASSERT_TRUE_FATAL(explore(flaws[i].model, &e));
		model_flaw = FLAW_NONE;
		found = e.wrong != NULL &&
		    strstr(e.wrong, flaws[i].words) != NULL;
		CU_ASSERT_TRUE(found);
		if (!found)
			(void)fprintf(stderr, "\n    row %zu: %s\n%s", i,
			    e.wrong != NULL ? e.wrong : "nothing", e.way);
	}
}

/* The functions that the steps stand for are there. */
static void
test_names(void)
{
	const struct model_step	*s;
	size_t			 i, j, len;
	char			*text;
	bool			 there;

	for (i = 0; i < MODELS; i++)
		for (j = 0; j < models[i].model->nsteps; j++) {
			s = &models[i].model->steps[j];
			if (s->file == NULL)
				continue;
			text = fixture_read(s->file, &len);
			there = strstr(text, s->function) != NULL;
			CU_ASSERT_TRUE(there);
			if (!there)
				(void)fprintf(stderr, "\n    %s: no %s\n",
				    s->file, s->function);
			free(text);
		}
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "no state is wrong or leads to no end", test_models },
		{ "what is left out is missed", test_flaws },
		{ "what the steps stand for is there", test_names },
		{ NULL, NULL }
	};

	return cunit_run("models", tests);
}
