/* Where each family of Kie's models has its results: pictures, films, songs and
 * their texts. */
#include <string.h>
#include <strings.h>

#include "handlers/kie.h"
#include "handlers/parse.h"

#define DAY_S		(24 * 3600)	/* as the page of the market says */
#define FORTNIGHT_S	(14 * DAY_S)	/* as Suno's and Runway's say */

/* ---- its outputs -------------------------------------------------------- */

/* The members of "data" in which a family has its results; where none is there,
 * "data" itself has them. */
static const struct kie_place {
	const char	*member;
	int64_t		 lifetime_s;
} kie_places[] = {
	{ "resultJson",		DAY_S },
	{ "response",		DAY_S },
	{ "info",		DAY_S },
	{ "videoInfo",		FORTNIGHT_S },
	{ "vocal_removal_info",	FORTNIGHT_S },
};

/* Members that hold results, whether they are understood or not. */
static const char *const kie_members[] = {
	"data.resultJson", "data.response", "data.info", "data.videoInfo",
	"data.vocal_removal_info", "data.data", "data.video_url",
	"data.result_video_url", NULL
};

/* The request, whose links are no outputs, and what was sent in with it. */
static const char *const kie_echoes[] = {
	"data.param", "data.paramJson", "data.promptJson",
	"data.generateParam", "data.info.originImageUrl",
	"data.response.originImageUrl", "data.vocal_removal_info.origin_url",
	"data.response.originUrl", NULL
};

/* A song's stream, which ends with its making. */
static const char *const kie_streams[] = {
	"stream_audio_url", "source_stream_audio_url", "streamAudioUrl",
	"sourceStreamAudioUrl",
};
#define NSTREAMS	(sizeof(kie_streams) / sizeof(kie_streams[0]))

/* Of these each item is a file, or a text such as a song's words. */
static const struct parse_place kie_texts[] = {
	{ "resultObject", NULL, true },
	{ "lyricsData",	  NULL, true },
	{ "data",	  NULL, true },
};

/* What a song's file is called, and its cover. */
static const char *const kie_song_names[][2] = {
	{ "audio_url", "image_url" },
	{ "audioUrl",  "imageUrl" },
};
#define NSONG_NAMES	(sizeof(kie_song_names) / sizeof(kie_song_names[0]))

/* By which of the names a list's items are songs that have their files; NULL:
 * it is no list of songs. */
static const char *const *
kie_songs_by(struct json_object *list)
{
	const char	*url;
	size_t		 i, k;

	for (k = 0; k < NSONG_NAMES; k++) {
		for (i = 0; i < json_length(list); i++) {
			url = json_string_at(json_item(list, i),
			    kie_song_names[k][0]);
			if (url == NULL || *url == '\0')
				break;
		}
		if (i > 0 && i == json_length(list))
			return kie_song_names[k];
	}
	return NULL;
}

static bool
kie_song_file(struct result *r, struct json_object *song, const char *name,
    const char *array, struct link_facts facts, struct errbuf *err)
{
	const char	*url = json_string_at(song, name);

	facts.name = name;
	facts.array_name = array;
	return url == NULL || *url == '\0' ||
	    result_add_url(r, url, &facts, err);
}

static void
kie_pass_over(struct links_done *done, struct json_object *value)
{
	if (value != NULL && done->n < LINKS_DONE_MAX)
		done->value[done->n++] = value;
}

/* First the songs, then their covers, and no streams. */
static bool
kie_songs(struct result *r, struct json_object *list,
    const char *const names[2], struct link_facts *facts,
    struct links_done *done, struct errbuf *err)
{
	size_t	i, k;

	facts->lifetime_s = FORTNIGHT_S;
	for (i = 0; i < json_length(list); i++)
		if (!kie_song_file(r, json_item(list, i), names[0], "audios",
		    *facts, err))
			return false;
	for (i = 0; i < json_length(list); i++)
		if (!kie_song_file(r, json_item(list, i), names[1], "images",
		    *facts, err))
			return false;
	for (i = 0; i < json_length(list); i++)
		for (k = 0; k < NSTREAMS; k++)
			kie_pass_over(done, json_at(json_item(list, i),
			    kie_streams[k]));
	return true;
}

static bool
kie_outputs(struct result *r, struct json_object *place,
    struct link_facts *facts, struct links_done *done, struct errbuf *err)
{
	struct json_object	*songs = json_at(place, "sunoData");
	const char *const	*names;
	size_t			 i;

	if (songs == NULL)
		songs = json_at(place, "data");
	if ((names = kie_songs_by(songs)) != NULL)
		return kie_songs(r, songs, names, facts, done, err);
	for (i = 0; i < sizeof(kie_texts) / sizeof(kie_texts[0]); i++)
		if (!parse_items(r, place, &kie_texts[i], NULL, facts, done,
		    err))
			return false;
	return true;
}

/* The results' place, and how long its links live; what was JSON within a
 * string is the caller's to free. */
static struct json_object *
kie_place(struct json_object *data, int64_t *lifetime_s,
    struct json_object **parsed)
{
	struct json_object	*place = data;
	const char		*text;
	struct errbuf		 unused;
	size_t			 i;

	*parsed = NULL;
	*lifetime_s = FORTNIGHT_S;
	for (i = 0; i < sizeof(kie_places) / sizeof(kie_places[0]); i++)
		if (json_has(data, kie_places[i].member)) {
			place = json_at(data, kie_places[i].member);
			*lifetime_s = kie_places[i].lifetime_s;
			break;
		}
	text = json_string(place);
	return text != NULL && json_parse(text, strlen(text), parsed,
	    &unused) == JSON_OK ? *parsed : place;
}

enum parse_verdict
kie_success(struct result *r, struct json_object *doc,
    const struct parse_context *ctx, struct errbuf *err)
{
	struct json_object	*parsed, *place;
	const char *const	*echo;
	struct link_facts	 facts = { .lifetime_from = ctx->received_at };
	struct parse_end	 end = { doc, kie_members, NULL, &facts,
				    false, { { NULL }, 0 } };
	enum parse_verdict	 verdict;

	place = kie_place(json_at(doc, "data"), &facts.lifetime_s, &parsed);
	if (r->finished_at > 0)
		facts.lifetime_from = r->finished_at;
	for (echo = kie_echoes; *echo != NULL; echo++)
		kie_pass_over(&end.done, json_at(doc, *echo));
	verdict = parse_end(r, kie_outputs(r, place, &facts, &end.done, err),
	    &end, err);
	json_free(parsed);
	if (verdict != PARSE_FINAL || r->noutputs > 0 ||
	    strcasecmp(r->status_word, "CALLBACK_EXCEPTION") != 0)
		return verdict;
	errbuf_set(err, "status \"%s\" without any output", r->status_word);
	return PARSE_UNKNOWN;
}
