/*
 * A callback in the spool: a handler writes the file and answers, two drainers
 * bring it into the database and remove it.  Each may die at any moment; so may the
 * machine, and what is on the disk then is what was synced, or what the kernel had
 * written by itself, in any order.
 */
#include <stdint.h>

#include "tests/model/models.h"

enum at		{ IDLE, SEEN, READ, STORED, CLEAR };
enum writing	{ NEW, HAS_DIR, WRITTEN, SYNCED, NAMED, CERTAIN, ANSWERED, DEAD };

/* What there is in memory, or on the disk. */
struct files {
	uint8_t	dir;		/* the spool itself, by its name */
	uint8_t	name;		/* the file's name in it */
	uint8_t	whole;		/* its bytes */
};

struct spool_state {
	struct files	memory, disk;
	uint8_t		writing;	/* enum writing: the handler */
	uint8_t		answered;	/* with 200 */
	uint8_t		at[2];		/* enum at: the drainers */
	uint8_t		rows;		/* how often it was taken */
	uint8_t		aside;		/* no file that anybody can read */
};

/* The handler goes on from one step to the next. */
static bool
spool_goes(struct spool_state *s, enum writing from, enum writing to)
{
	if (s->writing != from)
		return false;
	s->writing = (uint8_t)to;
	return true;
}

static bool
spool_make_dir(void *state, int who)
{
	struct spool_state	*s = state;

	if (who != 0 || !spool_goes(s, NEW, HAS_DIR))
		return false;
	s->memory.dir = 1;
	if (model_flaw != FLAW_NO_PARENT_SYNC)
		s->disk.dir = 1;
	return true;
}

static bool
spool_write_bytes(void *state, int who)
{
	struct spool_state	*s = state;

	if (who != 0 || !spool_goes(s, HAS_DIR, WRITTEN))
		return false;
	s->memory.whole = 1;
	return true;
}

static bool
spool_sync_bytes(void *state, int who)
{
	struct spool_state	*s = state;

	if (who != 0 || !spool_goes(s, WRITTEN, SYNCED))
		return false;
	if (model_flaw != FLAW_NO_FILE_SYNC)
		s->disk.whole = s->memory.whole;
	return true;
}

static bool
spool_give_name(void *state, int who)
{
	struct spool_state	*s = state;

	if (who != 0 || !spool_goes(s, SYNCED, NAMED))
		return false;
	s->memory.name = 1;
	return true;
}

static bool
spool_sync_name_of_file(void *state, int who)
{
	struct spool_state	*s = state;

	if (who != 0 || !spool_goes(s, NAMED, CERTAIN))
		return false;
	if (model_flaw != FLAW_NO_DIR_SYNC)
		s->disk.name = s->memory.name;
	return true;
}

static bool
spool_answer(void *state, int who)
{
	struct spool_state	*s = state;

	if (who != 0 || !(spool_goes(s, CERTAIN, ANSWERED) ||
	    (model_flaw == FLAW_EARLY_ANSWER && s->writing < CERTAIN &&
	    !s->answered)))
		return false;
	s->answered = 1;
	return true;
}

/* ---- the drainers, of which one may have taken the other's lock over */

static bool
spool_see(void *state, int who)
{
	struct spool_state	*s = state;

	if (s->at[who] != IDLE || !s->memory.name)
		return false;
	s->at[who] = SEEN;
	return true;
}

static bool
spool_read(void *state, int who)
{
	struct spool_state	*s = state;

	if (s->at[who] != SEEN)
		return false;
	s->at[who] = IDLE;
	if (s->memory.name && s->memory.whole)
		s->at[who] = model_flaw == FLAW_EARLY_REMOVAL ? CLEAR : READ;
	else if (s->memory.name) {
		s->aside = 1;
		s->memory.name = 0;
	}
	return true;
}

static bool
spool_store(void *state, int who)
{
	struct spool_state	*s = state;

	if (s->at[who] != READ)
		return false;
	if (s->rows == 0 || (model_flaw == FLAW_NO_ID && s->rows < 2))
		s->rows++;
	s->at[who] = model_flaw == FLAW_EARLY_REMOVAL ? IDLE : STORED;
	return true;
}

/* The directory is synced at the end of a batch: a name may come back before. */
static bool
spool_remove(void *state, int who)
{
	struct spool_state	*s = state;

	if (s->at[who] != STORED && s->at[who] != CLEAR)
		return false;
	s->at[who] = s->at[who] == CLEAR ? READ : IDLE;
	s->memory.name = 0;
	return true;
}

static bool
spool_end_batch(void *state, int who)
{
	struct spool_state	*s = state;

	if (s->at[who] != IDLE || s->disk.name == s->memory.name ||
	    s->memory.name)
		return false;
	s->disk.name = 0;
	return true;
}

/* ---- the world */

static bool
spool_kernel_bytes(void *state, int who)
{
	struct spool_state	*s = state;

	if (who != 0 || s->disk.whole == s->memory.whole)
		return false;
	s->disk.whole = s->memory.whole;
	return true;
}

static bool
spool_kernel_names(void *state, int who)
{
	struct spool_state	*s = state;

	if (who != 0 || (s->disk.name == s->memory.name &&
	    s->disk.dir == s->memory.dir))
		return false;
	s->disk.name = s->memory.name;
	s->disk.dir = s->memory.dir;
	return true;
}

static bool
spool_kill_drainer(void *state, int who)
{
	struct spool_state	*s = state;

	if (s->at[who] == IDLE)
		return false;
	s->at[who] = IDLE;
	return true;
}

static bool
spool_kill_handler(void *state, int who)
{
	struct spool_state	*s = state;

	if (who != 0 || s->writing == DEAD || s->writing == ANSWERED)
		return false;
	s->writing = DEAD;
	return true;
}

static bool
spool_power_cut(void *state, int who)
{
	struct spool_state	*s = state;

	if (who != 0 || s->writing == NEW)
		return false;
	if (!s->disk.dir)
		s->disk.name = 0;
	s->memory = s->disk;
	s->writing = DEAD;
	s->at[0] = s->at[1] = IDLE;
	return true;
}

static const char *
spool_wrong(const void *state)
{
	const struct spool_state	*s = state;

	if (s->answered && s->rows == 0 &&
	    !(s->memory.name && s->memory.whole))
		return "it was acknowledged, and is nowhere";
	if (s->rows > 1)
		return "it was taken twice";
	return NULL;
}

/* Nothing was promised, or all is done. */
static bool
spool_over(const void *state)
{
	const struct spool_state	*s = state;

	return !s->memory.name && (s->rows == 1 || (!s->answered &&
	    (s->writing == DEAD || s->writing == ANSWERED)));
}

#define SPOOL	"common/spool.c"
#define DRAIN	"common/drain.c"
#define DRAIN_FILE	"common/drain_file.c"
static const struct model_step spool_steps[] = {
	{ "makes the directory, and syncs its parent", SPOOL,
	    "spool_have_name", spool_make_dir },
	{ "writes the bytes", SPOOL, "spool_write_tmp", spool_write_bytes },
	{ "syncs them", SPOOL, "spool_write_tmp", spool_sync_bytes },
	{ "gives them their name", SPOOL, "spool_write_file", spool_give_name },
	{ "syncs the directory", SPOOL, "spool_write_file",
	    spool_sync_name_of_file },
	{ "answers 200", "server/receive.c", "receive_conclude",
	    spool_answer },
	{ "lists the file", DRAIN, "drain_list", spool_see },
	{ "reads it", DRAIN_FILE, "drain_file_open", spool_read },
	{ "commits its row", DRAIN, "drain_batch_store_some", spool_store },
	{ "removes it", DRAIN, "drain_batch_remove", spool_remove },
	{ "syncs the directory after a batch", DRAIN, "drain_listed",
	    spool_end_batch },
	{ "the kernel writes bytes", NULL, NULL, spool_kernel_bytes },
	{ "the kernel writes names", NULL, NULL, spool_kernel_names },
	{ "the drainer dies", NULL, NULL, spool_kill_drainer },
	{ "the handler dies", NULL, NULL, spool_kill_handler },
	{ "the power fails", NULL, NULL, spool_power_cut },
};
#undef SPOOL
#undef DRAIN

const struct model spool_model = {
	sizeof(struct spool_state), 2, spool_steps,
	sizeof(spool_steps) / sizeof(spool_steps[0]), spool_wrong, spool_over,
};
