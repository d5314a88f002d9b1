#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cunit_main.h"
#include "media.h"

#define BYTES(s)	s, sizeof(s) - 1

static const struct {
	const char	*bytes;
	size_t		 len;
	const char	*extension;
} cases[] = {
	{ BYTES("\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),	"png" },
	{ BYTES("\x89PNG\r\n\x1a"),			"bin" },
	{ BYTES("\xff\xd8\xff\xe0\0\x10JFIF"),		"jpg" },
	{ BYTES("GIF89a\1\0\1\0"),			"gif" },
	{ BYTES("GIF87a\1\0\1\0"),			"gif" },
	{ BYTES("GIF90a\1\0\1\0"),			"bin" },
	{ BYTES("RIFF\x10\0\0\0WEBPVP8 "),		"webp" },
	{ BYTES("RIFF\x10\0\0\0WAVEfmt "),		"wav" },
	{ BYTES("RIFF\x10\0\0\0AVI LIST"),		"avi" },
	{ BYTES("\0\0\0\x20" "ftypisom\0\0\2\0"),	"mp4" },
	{ BYTES("\0\0\0\x20" "ftypmp42\0\0\0\0"),	"mp4" },
	{ BYTES("\0\0\0\x14" "ftypqt  \0\0\2\0"),	"mov" },
	{ BYTES("\0\0\0\x20" "ftypM4A \0\0\2\0"),	"m4a" },
	{ BYTES("\0\0\0\x20" "ftypavif\0\0\0\0"),	"avif" },
	{ BYTES("\0\0\0\x20" "ftypheic\0\0\0\0"),	"heic" },
	{ BYTES("\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm"), "webm" },
	{ BYTES("\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska"), "mkv" },
	{ BYTES("ID3\4\0\0\0\0\0\0"),			"mp3" },
	{ BYTES("\xff\xfb\x90\x64\0\0"),		"mp3" },
	{ BYTES("\xff\xf3\x84\x64\0\0"),		"mp3" },
	{ BYTES("\xff\xfb\xf0\x64\0\0"),		"bin" },
	{ BYTES("\xff\xf1\x50\x80\0\0"),		"aac" },
	{ BYTES("fLaC\0\0\0\x22"),			"flac" },
	{ BYTES("OggS\0\2\0\0"),			"ogg" },
	{ BYTES("glTF\2\0\0\0\x10\0\0\0"),		"glb" },
	{ BYTES("%PDF-1.7\n"),				"pdf" },
	{ BYTES("PK\3\4\x14\0\0\0"),			"zip" },
	{ BYTES("\x1f\x8b\x08\0\0\0"),			"gz" },
	{ BYTES("ply\nformat ascii 1.0\n"),		"ply" },
	{ BYTES("BM\x46\0\0\0\0\0\0\0\x36\0"),		"bmp" },
	{ BYTES("II*\0\x08\0\0\0"),			"tif" },
	{ BYTES("<svg xmlns=\"http://www.w3.org/2000/svg\"/>"), "svg" },
	{ BYTES("<?xml version=\"1.0\"?>\n<svg width=\"1\"/>"), "svg" },
	{ BYTES("<!DOCTYPE html><title>404</title>"),	"html" },
	{ BYTES("\xef\xbb\xbf \r\n\t<HTML><body>"),	"html" },
	{ BYTES("<?xml version=\"1.0\"?><html xmlns=\"x\">"), "html" },
	{ BYTES("<!-- x --><html>"),			"html" },
	{ BYTES("<Error><Code>AccessDenied</Code></Error>"), "xml" },
	{ BYTES("<?xml version=\"1.0\"?>\n<Error/>"),	"xml" },
	{ BYTES("{\"error\":\"expired\"}"),		"json" },
	{ BYTES("  [1]"),				"json" },
	{ BYTES("Not found\n"),				"txt" },
	{ BYTES("\xe4\xbd\xa0\xe5\xa5\xbd"),		"txt" },
	{ BYTES("\0\0\0\0\0\0\0\0"),			"bin" },
	{ BYTES("plain\0with a NUL"),			"bin" },
};

static const struct media *
sniff(const char *bytes, size_t len)
{
	/* Of the exact size, so that a byte too far is seen. */
	char			*exact = malloc(len > 0 ? len : 1);
	const struct media	*m;

	CU_ASSERT_PTR_NOT_NULL_FATAL(exact);
	memcpy(exact, bytes, len);
	m = media_sniff(exact, len);
	free(exact);
	return m;
}

static void
test_types(void)
{
	const struct media	*m;
	size_t			 i, n;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		m = sniff(cases[i].bytes, cases[i].len);
		CU_ASSERT_STRING_EQUAL(m->extension, cases[i].extension);
		if (strcmp(m->extension, cases[i].extension) != 0)
			(void)fprintf(stderr, "\n    row %zu: %s\n", i,
			    m->extension);
		for (n = 0; n < cases[i].len; n++)
			CU_ASSERT_PTR_NOT_NULL(sniff(cases[i].bytes, n));
	}
}

static const struct {
	const char	*bytes;
	const char	*kind;
	bool		 fits;
} kinds[] = {
	{ "GIF89a", "image", true },
	{ "GIF89a", "video", true },	/* a payload may call it what it likes */
	{ "GIF89a", "file", true },
	{ "", "image", false },
	{ "", "file", false },
	{ "<html>", "image", false },
	{ "<html>", "file", false },
	{ "<Error/>", "video", false },
	{ "<Error/>", "file", true },
	{ "{}", "audio", false },
	{ "{}", "file", true },
	{ "{}", "text", true },
	{ "oops", "image", false },
	{ "words", "file", true },
	{ "<svg/>", "image", true },
	{ "\001\002", "image", true },	/* unknown, kept as it is */
};

static void
test_kinds(void)
{
	struct errbuf	why;
	size_t		i, len;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		errbuf_set(&why, "%s", "");
		len = strlen(kinds[i].bytes);
		CU_ASSERT_EQUAL(media_fits(sniff(kinds[i].bytes, len),
		    kinds[i].kind, len, &why), kinds[i].fits);
		CU_ASSERT_EQUAL(why.text[0] == '\0', kinds[i].fits);
	}
}

static const struct {
	const char	*bytes;
	size_t		 len;
	enum media_end	 end;
} ends[] = {
	{ BYTES("\x89PNG\r\n\x1a\n\0\0\0\0IEND\xae\x42\x60\x82"), MEDIA_WHOLE },
	{ BYTES("\x89PNG\r\n\x1a\n\0\0\0\0IEND\xae\x42\x60"), MEDIA_UNSURE },
	{ BYTES("\xff\xd8\xff\xe0xx\xff\xd9"), MEDIA_WHOLE },
	{ BYTES("\xff\xd8\xff\xe0xx\xff"), MEDIA_UNSURE },
	{ BYTES("GIF89a\0;"), MEDIA_WHOLE },
	{ BYTES("GIF89a\0"), MEDIA_UNSURE },
	{ BYTES("RIFF\x06\0\0\0WAVExx"), MEDIA_WHOLE },
	{ BYTES("RIFF\x06\0\0\0WAVEx"), MEDIA_SHORT },
	{ BYTES("glTF\2\0\0\0\x0e\0\0\0xx"), MEDIA_WHOLE },
	{ BYTES("glTF\2\0\0\0\x0e\0\0\0x"), MEDIA_SHORT },
	{ BYTES("%PDF-1.7"), MEDIA_WHOLE },
	/* two boxes; the second whole, cut, and with bytes behind it */
	{ BYTES("\0\0\0\x0c" "ftypisom\0\0\0\x0a" "mdatxx"), MEDIA_WHOLE },
	{ BYTES("\0\0\0\x0c" "ftypisom\0\0\0\x0a" "mdatx"), MEDIA_SHORT },
	{ BYTES("\0\0\0\x0c" "ftypisom\0\0\0\x0a" "mdatxxyyy"), MEDIA_WHOLE },
	/* a size of 64 bits */
	{ BYTES("\0\0\0\x0c" "ftypisom\0\0\0\1mdat\0\0\0\0\0\0\0\x11x"),
	    MEDIA_WHOLE },
	{ BYTES("\0\0\0\x0c" "ftypisom\0\0\0\1mdat\0\0\0\0\0\0\0\x12x"),
	    MEDIA_SHORT },
	/* up to the end, and no box at all */
	{ BYTES("\0\0\0\x0c" "ftypisom\0\0\0\0mdatx"), MEDIA_WHOLE },
	{ BYTES("\0\0\0\x0c" "ftypisom\0\0\0\3mdatx"), MEDIA_WHOLE },
	{ BYTES("\0\0\0\x0c" "ftypisom\0\0\0\1mdat\xff\xff\xff\xff\xff\xff"
	    "\xff\xff"), MEDIA_WHOLE },
};

/* However the bytes are cut into pieces, the end is the same. */
static void
test_ends(void)
{
	size_t	i, step, at, n;

	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		for (step = 1; step <= ends[i].len; step++) {
			struct media_watch	w = { 0 };

			for (at = 0; at < ends[i].len; at += n) {
				n = ends[i].len - at;
				n = n < step ? n : step;
				media_watch(&w, ends[i].bytes + at, n);
			}
			CU_ASSERT_EQUAL(w.bytes, ends[i].len);
			CU_ASSERT_EQUAL(media_end(media_sniff(w.head,
			    w.headlen), &w), ends[i].end);
			if (media_end(media_sniff(w.head, w.headlen), &w) !=
			    ends[i].end)
				(void)fprintf(stderr, "\n    row %zu\n", i);
		}
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "types by first bytes", test_types },
		{ "what fits a kind", test_kinds },
		{ "cut files", test_ends },
		{ NULL, NULL }
	};

	return cunit_run("media", tests);
}
