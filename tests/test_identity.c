/* batch/identity: the note of what was sent, on disk. */
#include <string.h>

#include "batch/identity.h"
#include "tests/cunit_main.h"
#include "tests/scratch.h"

static char	folder[SCRATCH_PATH];

static struct identity
note_of(const char *nonce)
{
	struct identity	id = { .folder = folder };

	(void)snprintf(id.name, sizeof(id.name), "sent-%s", nonce);
	return id;
}

/* What is noted is there again, also for another process, and never falls. */
static void
test_note(void)
{
	struct identity	id = note_of("a"), again = note_of("a");

	CU_ASSERT_EQUAL(identity_noted(&id), -1);
	identity_note(&id, 0);
	CU_ASSERT_EQUAL(identity_noted(&again), 0);
	identity_note(&id, 41);
	CU_ASSERT_EQUAL(identity_noted(&again), 41);
	identity_note(&again, 40);
	CU_ASSERT_EQUAL(identity_noted(&id), 41);
	identity_note(&again, INT64_MAX);
	CU_ASSERT_EQUAL(identity_noted(&id), INT64_MAX);
	CU_ASSERT_FALSE(id.blind || again.blind);
}

/* Of another database, and what is none. */
static void
test_others(void)
{
	struct identity	a = note_of("a"), b = note_of("b");

	CU_ASSERT_FALSE(identity_has_others(&a));
	CU_ASSERT(identity_has_others(&b));
	identity_note(&b, 7);
	CU_ASSERT(identity_has_others(&a));
	CU_ASSERT_EQUAL(identity_noted(&b), 7);
}

/* A note that somebody has damaged is none; the next one mends it. */
static void
test_damaged(void)
{
	static const char *const	texts[] = {
		"", "7\n", "00000000000000000007", "0000000000000000000x\n",
		"99999999999999999999\n", "00000000000000000007 "
	};
	struct identity			id = note_of("c");
	char				path[SCRATCH_PATH + 8];
	FILE				*fp;
	size_t				i;

	(void)snprintf(path, sizeof(path), "%s/sent-c", folder);
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		fp = fopen(path, "w");
		CU_ASSERT_PTR_NOT_NULL_FATAL(fp);
		(void)fputs(texts[i], fp);
		(void)fclose(fp);
		CU_ASSERT_EQUAL(identity_noted(&id), -1);
		identity_note(&id, 3);
		CU_ASSERT_EQUAL(identity_noted(&id), 3);
	}
}

/* Where it cannot be written, that is said, and once. */
static void
test_no_folder(void)
{
	struct identity	id = note_of("a");
	struct capture	cap;
	char		said[1024];

	id.folder = "/nonexistent/genhook";
	CU_ASSERT_EQUAL(identity_noted(&id), -1);
	CU_ASSERT_FALSE(identity_has_others(&id));
	capture_begin(&cap);
	identity_note(&id, 1);
	identity_note(&id, 2);
	(void)capture_end(&cap, said, sizeof(said));
	CU_ASSERT_PTR_NOT_NULL(strstr(said, "/nonexistent/genhook: "));
	CU_ASSERT_PTR_NULL(strstr(strstr(said, "/nonexistent") + 1,
	    "/nonexistent"));
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "a note", test_note },
		{ "notes of others", test_others },
		{ "damaged notes", test_damaged },
		{ "no folder", test_no_folder },
		{ NULL, NULL }
	};
	int				status;

	scratch_make(folder);
	status = cunit_run("identity", tests);
	scratch_remove(folder);
	return status;
}
