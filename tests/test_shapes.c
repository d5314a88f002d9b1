/*
 * Results in the many shapes that providers give them, each through every
 * provider's parser: where the links are, of what kind, and what is no result.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"

#define H	"https://cdn.example.net/f/"

/* A PNG of one pixel, 70 bytes. */
#define PNG	"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfD" \
		"wAChwGA60e6kgAAAABJRU5ErkJggg=="

/*
 * What a success's result is, and its outputs in their order: a letter for the
 * kind (i image, v video, a audio, f file) and what follows H, or kind and size
 * of what came in the payload itself; blanks between.
 * "?": it is not understood, and the task is to be asked for.  "": it is empty
 * by its own word.
 */
static const struct {
	const char	*result, *want;
} shapes[] = {
	/* plain, in lists, in objects */
	{ "\"" H "1.png\"", "i1.png" },
	{ "[\"" H "1.png\"]", "i1.png" },
	{ "[\"" H "1.png\",\"" H "2.mp4\",\"" H "3.mp3\",\"" H "4.glb\"]",
	  "i1.png v2.mp4 a3.mp3 f4.glb" },
	{ "{\"url\":\"" H "1.png\"}", "i1.png" },
	{ "{\"urls\":[\"" H "1.png\",\"" H "2.png\"]}", "i1.png i2.png" },
	{ "{\"url\":\"" H "1.png\",\"urls\":[\"" H "1.png\",\"" H "2.png\"]}",
	  "i1.png i2.png" },
	{ "[{\"url\":\"" H "1.mp3\",\"duration\":31.5}]", "a1.mp3" },
	{ "[{\"url\":[\"" H "1.png\",\"" H "2.png\"]}]", "i1.png i2.png" },
	{ "[{\"uri\":\"" H "1\"}]", "f1" },
	{ "[{\"href\":\"" H "1.webp\"}]", "i1.webp" },
	{ "[{\"file\":{\"link\":\"" H "1.png\"}}]", "i1.png" },
	{ "[[[\"" H "1.png\"]]]", "i1.png" },
	{ "{\"0\":\"" H "1.png\",\"1\":\"" H "2.png\"}", "i1.png i2.png" },
	{ "{\"items\":{\"0\":{\"url\":\"" H "1.png\"}}}", "i1.png" },
	{ "{\"data\":{\"result\":{\"output\":[\"" H "1.png\"]}}}", "i1.png" },
	/* singular and plural, and other words */
	{ "{\"image\":{\"url\":\"" H "1\"}}", "i1" },
	{ "{\"images\":[{\"url\":\"" H "1\"}]}", "i1" },
	{ "{\"image_url\":\"" H "1\"}", "i1" },
	{ "{\"imageUrls\":[\"" H "1\",\"" H "2\"]}", "i1 i2" },
	{ "{\"video\":{\"url\":\"" H "1\"}}", "v1" },
	{ "{\"videos\":[\"" H "1\"]}", "v1" },
	{ "{\"video_url\":\"" H "1\"}", "v1" },
	{ "{\"generated_video\":\"" H "1\"}", "v1" },
	{ "{\"audio\":{\"url\":\"" H "1\"}}", "a1" },
	{ "{\"audio_file\":{\"url\":\"" H "1\",\"file_name\":\"x\"}}", "a1" },
	{ "{\"music\":[{\"url\":\"" H "1\"}]}", "a1" },
	{ "{\"songs\":[\"" H "1\"]}", "a1" },
	{ "{\"speech\":\"" H "1\"}", "a1" },
	{ "{\"model_mesh\":{\"url\":\"" H "1.glb\"}}", "f1.glb" },
	{ "{\"model_urls\":{\"glb\":\"" H "1.glb\",\"obj\":\"" H "2.obj\"}}",
	  "f1.glb f2.obj" },
	{ "{\"sample\":\"" H "1.jpeg\"}", "i1.jpeg" },
	/* the declared type goes before the name, the name before the ending */
	{ "[{\"url\":\"" H "1\",\"content_type\":\"video/mp4\"}]", "v1" },
	{ "[{\"url\":\"" H "1\",\"mimeType\":\"audio/wav\"}]", "a1" },
	{ "[{\"url\":\"" H "1\",\"type\":\"image\"}]", "i1" },
	{ "[{\"url\":\"" H "1.png\",\"type\":\"video\"}]", "v1.png" },
	{ "[{\"video_url\":\"" H "1.png\",\"video_type\":\"png\"}]", "i1.png" },
	{ "{\"videos\":[\"" H "1.gif\"]}", "v1.gif" },
	{ "[{\"url\":\"" H "1.png\",\"type\":\"something\"}]", "i1.png" },
	/* an empty place for a link beside one that is not */
	{ "[{\"url\":\"\",\"image_url\":\"" H "1.png\"}]", "i1.png" },
	{ "[{\"image_url\":\"" H "1.png\",\"link\":\"null\"}]", "i1.png" },
	{ "[{\"video\":{\"url\":null},\"images\":[\"" H "1.png\"]}]",
	  "i1.png" },
	/* text within text */
	{ "\"[\\\"" H "1.png\\\"]\"", "i1.png" },
	{ "\"{\\\"images\\\":[\\\"" H "1\\\"]}\"", "i1" },
	{ "\"\\\"{\\\\\\\"url\\\\\\\":\\\\\\\"" H "1.png\\\\\\\"}\\\"\"",
	  "i1.png" },
	{ "{\"resultUrls\":\"[\\\"" H "1.png\\\"]\"}", "i1.png" },
	{ "\"" H "1.png," H "2.png\"", "i1.png i2.png" },
	{ "\"" H "1.png, " H "2.png\"", "i1.png i2.png" },
	{ "\"" H "1.png\\n" H "2.png\"", "i1.png i2.png" },
	{ "\"" H "a,b.png\"", "ia,b.png" },
	/* blanks, control bytes, entities */
	{ "\"" H "1.png\\n\"", "i1.png" },
	{ "\"  " H "1.png\\t \"", "i1.png" },
	{ "[\"\\u0007" H "1.png\"]", "i1.png" },
	{ "\"" H "my file.png\"", "imy%20file.png" },
	{ "{\"url\":\"" H "1\\n2.png\"}", "i12.png" },
	{ "{\"url\":\"" H "a\\\"b.png\"}", "ia%22b.png" },
	{ "{\"url\":\"" H "1.png?a=1&amp;b=2\"}", "i1.png?a=1&b=2" },
	{ "{\"url\":\"HTTPS://cdn.example.net/f/1.png\"}",
	  "=HTTPS://cdn.example.net/f/1.png" },
	/* what comes beside the result, after it */
	{ "{\"thumbnail_url\":\"" H "t.jpg\",\"video_url\":\"" H "1.mp4\"}",
	  "v1.mp4 it.jpg" },
	{ "{\"video\":{\"url\":\"" H "1.mp4\",\"cover\":\"" H "c\"}}",
	  "v1.mp4 ic" },
	{ "{\"resultUrls\":[\"" H "1.mp4\"],\"originUrls\":[\"" H "o.mp4\"],"
	  "\"firstFrameUrl\":\"" H "ff.png\"}", "v1.mp4 vo.mp4 iff.png" },
	{ "{\"last_frame_url\":\"" H "l.png\",\"video_url\":\"" H "1\"}",
	  "v1 il.png" },
	{ "[{\"audio_url\":\"" H "1\",\"image_url\":\"" H "c1\"},"
	  "{\"audio_url\":\"" H "2\",\"image_url\":\"" H "c2\"}]",
	  "a1 a2 ic1 ic2" },
	{ "{\"thumbnail\":\"" H "t.jpg\"}", "it.jpg" },
	{ "{\"url\":\"" H "1.png\",\"watermark_url\":\"" H "w.png\"}",
	  "i1.png iw.png" },
	/* files in the payload itself */
	{ "\"data:image/png;base64," PNG "\"", "image:70" },
	{ "[\"data:image/png;base64," PNG "\",\"DATA:audio/mpeg;base64,SUQz\"]",
	  "image:70 audio:3" },
	{ "[{\"url\":\"data:video/mp4;base64,AAAAGGZ0eXA=\"}]", "video:8" },
	{ "[{\"b64_json\":\"" PNG "\",\"revised_prompt\":\"a cat\"}]",
	  "image:70" },
	{ "{\"image_base64\":\"" PNG "\"}", "image:70" },
	{ "{\"images\":[\"" PNG "\"]}", "image:70" },
	{ "\"" PNG "\"", "image:70" },
	{ "{\"videoBase64\":\"AAEC\"}", "video:3" },
	{ "{\"data\":\"" PNG "\",\"mime_type\":\"image/png\"}",
	  "image:70" },
	{ "{\"image\":\"data:;base64,AAEC\"}", "image:3" },
	{ "[\"data:image/svg+xml,%3Csvg%2F%3E\"]", "image:6" },
	{ "{\"url\":\"" H "1.png\",\"b64_json\":\"" PNG "\"}",
	  "i1.png image:70" },
	{ "{\"url\":\"data:image/png;base64," PNG "\",\"b64_json\":\"" PNG
	  "\"}", "image:70" },
	{ "{\"url\":\"" H "1.png\",\"b64_json\":null}", "i1.png" },
	{ "\"{\\\"b64_json\\\":\\\"" PNG "\\\"}\"", "image:70" },
	{ "{\"video\":\"" H "1\",\"cover\":\"data:image/png;base64," PNG
	  "\"}", "v1 image:70" },
	{ "{\"audio\":{\"data\":\"data:audio/wav;base64,UklGRgAA\"}}",
	  "audio:6" },
	/* what a request echoes, and how to ask on, is none */
	{ "{\"input\":{\"image\":\"" H "in.png\"},\"url\":\"" H "1.png\"}",
	  "i1.png" },
	{ "{\"url\":\"" H "1.png\",\"webhook\":\"https://me.example/hook\"}",
	  "i1.png" },
	{ "{\"url\":\"" H "1.png\",\"callBackUrl\":\"https://me.example/h\"}",
	  "i1.png" },
	{ "{\"url\":\"" H "1.png\",\"urls\":{\"get\":\"https://a.example/1\"}}",
	  "i1.png" },
	{ "{\"url\":\"" H "1.png\",\"status_url\":\"https://a.example/1\"}",
	  "i1.png" },
	{ "{\"url\":\"" H "1.png\",\"prompt\":\"https://a.example/ as a film\"}",
	  "i1.png" },
	/* empty by its own word */
	{ "null", "" },
	{ "[]", "" },
	{ "{}", "" },
	{ "\"\"", "" },
	{ "[null,\"\"]", "" },
	{ "{\"images\":[],\"videos\":null}", "" },
	{ "{\"images\":[],\"seed\":17,\"nsfw\":false}", "" },
};

#undef H
#define H	"https://cdn.example.net/f/"

/* Around a result, what each provider puts; %s is the result. */
static const struct wrap {
	const char	*provider, *before, *behind;
	bool		 in_string;
} wraps[] = {
	{ "novita", "{\"event_type\":\"ASYNC_TASK_RESULT\",\"payload\":{"
	  "\"task\":{\"task_id\":\"t-1\",\"status\":\"TASK_STATUS_SUCCEED\","
	  "\"reason\":\"\"},\"images\":[],\"result\":", "}}", false },
	{ "apimart", "{\"id\":\"t-1\",\"status\":\"completed\",\"result\":",
	  ",\"progress\":100}", false },
	{ "apixo", "{\"code\":200,\"data\":{\"taskId\":\"t-1\","
	  "\"state\":\"success\",\"resultJson\":\"", "\"}}", true },
	{ "wavespeed", "{\"id\":\"t-1\",\"model\":\"m\",\"status\":\"completed\","
	  "\"error\":\"\",\"outputs\":", "}", false },
};

static char *
wrapped(const struct wrap *w, const char *result)
{
	struct buf	b;

	buf_init(&b, 65536);
	buf_text(&b, w->before);
	for (; *result != '\0'; result++) {
		if (w->in_string && strchr("\"\\", *result) != NULL)
			buf_text(&b, "\\");
		buf_bytes(&b, result, 1);
	}
	buf_text(&b, w->behind);
	return buf_take(&b);
}

/* The outputs in the words of the table. */
static void
print_outputs(const struct result *r, struct buf *got)
{
	size_t	i, n = strlen(H);

	for (i = 0; i < r->noutputs; i++) {
		buf_text(got, i > 0 ? " " : "");
		if (r->outputs[i].url == NULL)
			buf_text(got, "text");
		else if (r->outputs[i].data != NULL)
			buf_printf(got, "%s:%zu",
			    output_kind_words[r->outputs[i].kind],
			    r->outputs[i].datalen);
		else if (strncmp(r->outputs[i].url, H, n) == 0)
			buf_printf(got, "%c%s",
			    output_kind_words[r->outputs[i].kind][0],
			    r->outputs[i].url + n);
		else
			buf_printf(got, "=%s", r->outputs[i].url);
	}
}

static void
expect_shape(const struct wrap *w, const char *result, const char *want)
{
	struct parse_context	 ctx = { .received_at = RECEIVED_AT };
	struct result		 r = { .state = TASK_PENDING };
	struct json_object	*doc = NULL;
	struct errbuf		 err = { .text = "" };
	enum parse_verdict	 v;
	struct buf		 got;
	char			*body = wrapped(w, result), mem[4096];

	CU_ASSERT_PTR_NOT_NULL_FATAL(body);
	CU_ASSERT_EQUAL(json_parse(body, strlen(body), &doc, &err), JSON_OK);
	v = provider_find(w->provider)->parse(doc, &ctx, &r, &err);
	buf_over(&got, mem, sizeof(mem));
	print_outputs(&r, &got);
	CU_ASSERT_EQUAL(v, *want == '?' ? PARSE_UNKNOWN : PARSE_FINAL);
	CU_ASSERT_PTR_NOT_NULL(r.task_id);
	if (*want != '?')
		CU_ASSERT_STRING_EQUAL(mem, want);
	if (v != (*want == '?' ? PARSE_UNKNOWN : PARSE_FINAL) ||
	    (*want != '?' && strcmp(mem, want) != 0))
		(void)fprintf(stderr, "\n    %s: %s\n    verdict %d, \"%s\", "
		    "not \"%s\" (%s)\n", w->provider, result, (int)v, mem,
		    want, err.text);
	result_free(&r);
	json_free(doc);
	free(body);
}

static void
test_shapes(void)
{
	size_t	i, k;

	for (i = 0; i < COUNT(shapes); i++)
		for (k = 0; k < COUNT(wraps); k++)
			expect_shape(&wraps[k], shapes[i].result,
			    shapes[i].want);
}

/* Not empty, and no link: it is not understood, and the task is asked for. */
static void
test_unknown_shapes(void)
{
	static const char *const	results[] = {
		"{\"file_id\":\"file-1\"}",
		"[{\"path\":\"outputs/1.png\"}]",
		"\"see our site\"",
		"{\"images\":[{\"id\":\"img-1\"}]}",
		"[\"ftp://cdn.example.net/1.png\"]",
		"{\"url\":\"//cdn.example.net/1.png\"}",
		"{\"url\":\"https:///1.png\"}",
		"{\"image\":\"data:image/png;base64,%%%\"}",
		"{\"b64_json\":\"not Base64, but words\"}",
	};
	size_t				i, k;

	/* The two others' outputs may be texts. */
	for (i = 0; i < COUNT(results); i++)
		for (k = 0; k < 2; k++)
			expect_shape(&wraps[k], results[i], "?");
}

/* In a list of outputs the same picture twice is two, as a link twice is. */
static void
test_twins(void)
{
	expect_shape(&wraps[3], "[\"" H "1.png\",\"" H "1.png\"]",
	    "i1.png i1.png");
	expect_shape(&wraps[3], "[\"data:image/png;base64," PNG "\","
	    "\"data:image/png;base64," PNG "\"]", "image:70 image:70");
}

/* What the payload calls each output. */
static void
test_names(void)
{
	static const struct {
		const char	*result, *names;
	} rows[] = {
		{ "{\"video\":{\"url\":\"" H "1\"},\"cover\":{\"url\":\"" H
		  "c\"}}", "video cover" },
		{ "{\"images\":[{\"url\":\"" H "1\"},{\"url\":\"" H "2\"}]}",
		  "images images" },
		{ "[{\"image_url\":\"" H "1\",\"thumbnail_url\":\"" H "2\"}]",
		  "image_url thumbnail_url" },
		{ "{\"data\":{\"url\":\"" H "1\"}}", "result" },
		{ "{\"0\":{\"audio_url\":\"" H "1\"}}", "audio_url" },
		{ "[{\"b64_json\":\"" PNG "\"}]", "result" },
		{ "{\"picture\":{\"b64_json\":\"" PNG "\"}}", "picture" },
		{ "{\"a\\u0007b\":\"" H "1.png\"}", "a?b" },
	};
	struct parse_context	 ctx = { .received_at = RECEIVED_AT };
	struct result		 r;
	struct json_object	*doc;
	struct errbuf		 err;
	struct buf		 got;
	char			*body, mem[256];
	size_t			 i, k;

	for (i = 0; i < COUNT(rows); i++) {
		memset(&r, 0, sizeof(r));
		body = wrapped(&wraps[1], rows[i].result);
		CU_ASSERT_EQUAL_FATAL(json_parse(body, strlen(body), &doc,
		    &err), JSON_OK);
		CU_ASSERT_EQUAL(provider_find("apimart")->parse(doc, &ctx, &r,
		    &err), PARSE_FINAL);
		buf_over(&got, mem, sizeof(mem));
		for (k = 0; k < r.noutputs; k++)
			buf_printf(&got, "%s%s", k > 0 ? " " : "",
			    r.outputs[k].name);
		CU_ASSERT_STRING_EQUAL(mem, rows[i].names);
		result_free(&r);
		json_free(doc);
		free(body);
	}
}

/* What stands in the place of a link and is none fails alone, and is seen. */
static void
test_odd_links(void)
{
	static const char *const	links[] = {
		"https:///1.png", "ftp://cdn.example.net/1.png",
		"//cdn.example.net/1.png", "refused",
	};
	struct parse_context	 ctx = { .received_at = RECEIVED_AT };
	struct result		 r;
	struct json_object	*doc;
	struct errbuf		 err;
	char			 body[512];
	size_t			 i;

	for (i = 0; i < COUNT(links); i++) {
		memset(&r, 0, sizeof(r));
		(void)snprintf(body, sizeof(body), "{\"id\":\"t-1\","
		    "\"status\":\"completed\",\"result\":{\"images\":"
		    "[{\"url\":[\"" H "1.png\",\"%s\"]}]}}", links[i]);
		CU_ASSERT_EQUAL_FATAL(json_parse(body, strlen(body), &doc,
		    &err), JSON_OK);
		CU_ASSERT_EQUAL(provider_find("apimart")->parse(doc, &ctx, &r,
		    &err), PARSE_FINAL);
		CU_ASSERT_EQUAL_FATAL(r.noutputs, 2);
		CU_ASSERT_FALSE(r.outputs[0].odd);
		CU_ASSERT(r.outputs[1].odd);
		CU_ASSERT_STRING_EQUAL(r.outputs[1].url, links[i]);
		CU_ASSERT_PTR_NOT_NULL(r.note);
		result_free(&r);
		json_free(doc);
	}
}

/* A failure's words as they came, however many there are. */
static void
test_long_words(void)
{
	struct parse_context	 ctx = { .received_at = RECEIVED_AT };
	struct result		 r = { .state = TASK_PENDING };
	struct json_object	*doc;
	struct errbuf		 err;
	struct buf		 b;
	int			 i;

	buf_init(&b, 65536);
	buf_text(&b, "{\"id\":\"t-1\",\"status\":\"failed\",\"error\":\"");
	for (i = 0; i < 1000; i++)
		buf_text(&b, "no more ");
	buf_text(&b, "\"}");
	CU_ASSERT_FATAL(buf_ok(&b));
	CU_ASSERT_EQUAL_FATAL(json_parse(b.data, b.len, &doc, &err), JSON_OK);
	CU_ASSERT_EQUAL(provider_find("wavespeed")->parse(doc, &ctx, &r, &err),
	    PARSE_FINAL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r.error_message);
	CU_ASSERT_EQUAL(strlen(r.error_message), 8000);
	CU_ASSERT_EQUAL(strncmp(r.error_message, "no more ", 8), 0);
	result_free(&r);
	json_free(doc);
	buf_free(&b);
}

/* ---- callbacks that were tried on a running genhook and lost ------------- */

static const struct {
	const char		*file;
	enum parse_verdict	 verdict;
	enum task_state		 state;
	const char		*want;		/* as above */
	const char		*words;		/* in error_message, or NULL */
} cases[] = {
	{ "ws-output-object-url", PARSE_FINAL, TASK_SUCCEEDED,
	  "=https://cdn.example.net/out/a1.mp3", NULL },
	{ "ws-output-object-audio", PARSE_FINAL, TASK_SUCCEEDED,
	  "=https://cdn.example.net/out/a1.mp3", NULL },
	{ "ws-json-string", PARSE_FINAL, TASK_SUCCEEDED,
	  "=https://cdn.example.net/files/j1.png", NULL },
	{ "ws-url-newline", PARSE_FINAL, TASK_SUCCEEDED,
	  "=https://cdn.example.net/files/nl.png", NULL },
	{ "ws-output-key", PARSE_FINAL, TASK_SUCCEEDED,
	  "=https://cdn.example.net/out/v.mp4", NULL },
	{ "ws-succeeded", PARSE_FINAL, TASK_SUCCEEDED,
	  "=https://cdn.example.net/out/v.mp4", NULL },
	{ "ws-canceled", PARSE_FINAL, TASK_CANCELLED, "", NULL },
	{ "ws-error-object", PARSE_FINAL, TASK_FAILED, "",
	  "Content flagged" },
	{ "mart-mj-video", PARSE_FINAL, TASK_SUCCEEDED,
	  "=https://cdn.example.net/v0.mp4 =https://cdn.example.net/v1.mp4",
	  NULL },
	{ "mart-video-singular", PARSE_FINAL, TASK_SUCCEEDED,
	  "=https://upload.example.net/f/video/a.mp4", NULL },
	{ "mart-result-url", PARSE_FINAL, TASK_SUCCEEDED,
	  "=https://upload.example.net/f/i1.png", NULL },
	{ "mart-urls-key", PARSE_FINAL, TASK_SUCCEEDED,
	  "=https://upload.example.net/f/i1.png "
	  "=https://upload.example.net/f/i2.png", NULL },
	{ "mart-succeeded", PARSE_FINAL, TASK_SUCCEEDED,
	  "=https://upload.example.net/f/i.png", NULL },
	{ "mart-canceled", PARSE_FINAL, TASK_CANCELLED, "", NULL },
	{ "nv-model3d", PARSE_FINAL, TASK_SUCCEEDED,
	  "=https://cdn.example.net/files/m.glb", NULL },
	{ "nv-url-space", PARSE_FINAL, TASK_SUCCEEDED,
	  "=https://cdn.example.net/files/my%20file.png", NULL },
	{ "nv-errdetail", PARSE_FINAL, TASK_FAILED, "", "NSFW detected" },
	{ "xo-double", PARSE_FINAL, TASK_SUCCEEDED,
	  "=https://cdn.example.net/files/d1.png", NULL },
	{ "xo-urlstr", PARSE_FINAL, TASK_SUCCEEDED,
	  "=https://cdn.example.net/files/s1.png "
	  "=https://cdn.example.net/files/s2.png", NULL },
	{ "xo-orig", PARSE_FINAL, TASK_SUCCEEDED,
	  "=https://cdn.example.net/files/r1.mp4 "
	  "=https://cdn.example.net/files/orig.mp4 "
	  "=https://cdn.example.net/files/ff.png", NULL },
	{ "xo-fail", PARSE_FINAL, TASK_FAILED, "", "content" },
	{ "xo-failmsg", PARSE_FINAL, TASK_FAILED, "", "nsfw" },
	{ "mart-data-uri", PARSE_FINAL, TASK_SUCCEEDED, "image:70", NULL },
};

static const struct provider *
provider_of_case(const char *file)
{
	return provider_find(strncmp(file, "nv-", 3) == 0 ? "novita" :
	    strncmp(file, "mart-", 5) == 0 ? "apimart" :
	    strncmp(file, "xo-", 3) == 0 ? "apixo" : "wavespeed");
}

static void
expect_case(size_t i)
{
	struct parse_context	 ctx = {
		.received_at = INT64_C(1796000000) * USEC_PER_SEC
	};
	struct result		 r = { .state = TASK_PENDING };
	struct json_object	*doc = NULL;
	struct errbuf		 err = { .text = "" };
	unsigned int		 before = CU_get_number_of_failures();
	char			 path[128], *body, mem[4096];
	struct buf		 got;
	size_t			 len;

	(void)snprintf(path, sizeof(path), "tests/fixtures/cases/%s.json",
	    cases[i].file);
	body = fixture_read(path, &len);
	CU_ASSERT_EQUAL(json_parse(body, len, &doc, &err), JSON_OK);
	CU_ASSERT_EQUAL(provider_of_case(cases[i].file)->parse(doc, &ctx, &r,
	    &err), cases[i].verdict);
	CU_ASSERT_EQUAL(r.state, cases[i].state);
	buf_over(&got, mem, sizeof(mem));
	print_outputs(&r, &got);
	if (cases[i].want != NULL)
		CU_ASSERT_STRING_EQUAL(mem, cases[i].want);
	if (cases[i].words != NULL) {
		CU_ASSERT_PTR_NOT_NULL_FATAL(r.error_message);
		CU_ASSERT_PTR_NOT_NULL(strstr(r.error_message,
		    cases[i].words));
	}
	if (CU_get_number_of_failures() != before)
		(void)fprintf(stderr, "\n    %s: \"%s\" %s (%s)\n",
		    cases[i].file, mem, r.error_message != NULL ?
		    r.error_message : "-", err.text);
	result_free(&r);
	json_free(doc);
	free(body);
}

static void
test_cases(void)
{
	size_t	i;

	for (i = 0; i < COUNT(cases); i++)
		expect_case(i);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "shapes", test_shapes },
		{ "unknown shapes", test_unknown_shapes },
		{ "twins", test_twins },
		{ "names", test_names },
		{ "odd links", test_odd_links },
		{ "long words", test_long_words },
		{ "callbacks that were lost", test_cases },
		{ NULL, NULL }
	};

	return cunit_run("shapes", tests);
}
