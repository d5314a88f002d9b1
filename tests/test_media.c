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
	const char	*head;
	size_t		 headlen;
	const char	*tail;
	size_t		 taillen;
	int64_t		 bytes;
	bool		 whole;
} ends[] = {
	{ BYTES("\x89PNG\r\n\x1a\n"), BYTES("\0\0\0\0IEND\xae\x42\x60\x82"),
	    90, true },
	{ BYTES("\x89PNG\r\n\x1a\n"), BYTES("\0\0\0\0IEND\xae\x42\x60"),
	    89, false },
	{ BYTES("\xff\xd8\xff\xe0"), BYTES("xx\xff\xd9"), 90, true },
	{ BYTES("\xff\xd8\xff\xe0"), BYTES("xx\xff"), 90, false },
	{ BYTES("GIF89a"), BYTES("\0;"), 90, true },
	{ BYTES("GIF89a"), BYTES("\0"), 90, false },
	{ BYTES("RIFF\x10\0\0\0WAVE"), BYTES("x"), 24, true },
	{ BYTES("RIFF\x10\0\0\0WAVE"), BYTES("x"), 23, false },
	{ BYTES("glTF\2\0\0\0\x20\0\0\0"), BYTES("x"), 32, true },
	{ BYTES("glTF\2\0\0\0\x20\0\0\0"), BYTES("x"), 31, false },
	{ BYTES("%PDF-1.7"), BYTES("x"), 5, true },
};

static void
test_ends(void)
{
	size_t	i;

	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		CU_ASSERT_EQUAL(media_is_whole(media_sniff(ends[i].head,
		    ends[i].headlen), (const unsigned char *)ends[i].head,
		    ends[i].headlen, (const unsigned char *)ends[i].tail,
		    ends[i].taillen, ends[i].bytes), ends[i].whole);
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
