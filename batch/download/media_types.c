/* The tables of file types: what each is called, by us and by libmagic. */
#include <string.h>

#include "batch/download/media_types.h"

const struct media media_types[] = {
	[MEDIA_PNG]	= { "image/png",		"png" },
	[MEDIA_JPG]	= { "image/jpeg",		"jpg" },
	[MEDIA_GIF]	= { "image/gif",		"gif" },
	[MEDIA_WEBP]	= { "image/webp",		"webp" },
	[MEDIA_AVIF]	= { "image/avif",		"avif" },
	[MEDIA_HEIC]	= { "image/heic",		"heic" },
	[MEDIA_JXL]	= { "image/jxl",		"jxl" },
	[MEDIA_BMP]	= { "image/bmp",		"bmp" },
	[MEDIA_TIFF]	= { "image/tiff",		"tif" },
	[MEDIA_SVG]	= { "image/svg+xml",		"svg" },
	[MEDIA_MP4]	= { "video/mp4",		"mp4" },
	[MEDIA_MOV]	= { "video/quicktime",	"mov" },
	[MEDIA_WEBM]	= { "video/webm",		"webm" },
	[MEDIA_MKV]	= { "video/x-matroska",	"mkv" },
	[MEDIA_AVI]	= { "video/x-msvideo",	"avi" },
	[MEDIA_OGV]	= { "video/ogg",		"ogv" },
	[MEDIA_MP3]	= { "audio/mpeg",		"mp3" },
	[MEDIA_WAV]	= { "audio/wav",		"wav" },
	[MEDIA_FLAC]	= { "audio/flac",		"flac" },
	[MEDIA_OGG]	= { "audio/ogg",		"ogg" },
	[MEDIA_M4A]	= { "audio/mp4",		"m4a" },
	[MEDIA_AAC]	= { "audio/aac",		"aac" },
	[MEDIA_AIFF]	= { "audio/aiff",		"aif" },
	[MEDIA_GLB]	= { "model/gltf-binary",	"glb" },
	[MEDIA_PLY]	= { "model/ply",		"ply" },
	[MEDIA_FBX]	= { "model/vnd.fbx",		"fbx" },
	[MEDIA_PDF]	= { "application/pdf",	"pdf" },
	[MEDIA_ZIP]	= { "application/zip",	"zip" },
	[MEDIA_GZIP]	= { "application/gzip",	"gz" },
	[MEDIA_TS]	= { "video/mp2t",		"ts" },
	[MEDIA_FLV]	= { "video/x-flv",		"flv" },
	[MEDIA_EXR]	= { "image/x-exr",		"exr" },
	[MEDIA_HDR]	= { "image/vnd.radiance",	"hdr" },
	[MEDIA_TGA]	= { "image/x-tga",		"tga" },
	[MEDIA_ALAW]	= { "audio/x-alaw-basic",	"alaw" },
	[MEDIA_ULAW]	= { "audio/basic",		"ulaw" },
	[MEDIA_PCM]	= { "audio/pcm",		"pcm" },
	[MEDIA_OBJ]	= { "model/obj",		"obj" },
	[MEDIA_MTL]	= { "model/mtl",		"mtl" },
	[MEDIA_STL]	= { "model/stl",		"stl" },
	[MEDIA_GLTF]	= { "model/gltf+json",	"gltf" },
	[MEDIA_USD]	= { "model/vnd.usd",		"usd" },
	[MEDIA_USDZ]	= { "model/vnd.usdz+zip",	"usdz" },
	[MEDIA_3MF]	= { "model/3mf",		"3mf" },
	[MEDIA_DAE]	= { "model/vnd.collada+xml",	"dae" },
	[MEDIA_JSONL]	= { "application/jsonl",	"jsonl" },
	[MEDIA_HTML]	= { "text/html",		"html" },
	[MEDIA_XML]	= { "application/xml",	"xml" },
	[MEDIA_JSON]	= { "application/json",	"json" },
	[MEDIA_TEXT]	= { "text/plain",		"txt" },
	[MEDIA_BINARY]	= { "application/octet-stream", "bin" },
};

#define LENGTH(a)	(sizeof(a) / sizeof((a)[0]))

_Static_assert(LENGTH(media_types) == MEDIA__MAX, "a type has no name");

/* The names that libmagic, in several versions, has for what the table has. */
static const struct {
	const char	*name;
	enum media_type	 type;
} media_names[] = {
	{ "image/png",			MEDIA_PNG },
	{ "image/jpeg",			MEDIA_JPG },
	{ "image/gif",			MEDIA_GIF },
	{ "image/webp",			MEDIA_WEBP },
	{ "image/avif",			MEDIA_AVIF },
	{ "image/heic",			MEDIA_HEIC },
	{ "image/heif",			MEDIA_HEIC },
	{ "image/heic-sequence",	MEDIA_HEIC },
	{ "image/heif-sequence",	MEDIA_HEIC },
	{ "image/jxl",			MEDIA_JXL },
	{ "image/bmp",			MEDIA_BMP },
	{ "image/x-ms-bmp",		MEDIA_BMP },
	{ "image/tiff",			MEDIA_TIFF },
	{ "image/svg+xml",		MEDIA_SVG },
	{ "image/svg",			MEDIA_SVG },
	{ "video/mp4",			MEDIA_MP4 },
	{ "video/quicktime",		MEDIA_MOV },
	{ "video/webm",			MEDIA_WEBM },
	{ "video/x-matroska",		MEDIA_MKV },
	{ "video/x-msvideo",		MEDIA_AVI },
	{ "video/ogg",			MEDIA_OGV },
	{ "audio/mpeg",			MEDIA_MP3 },
	{ "audio/wav",			MEDIA_WAV },
	{ "audio/x-wav",		MEDIA_WAV },
	{ "audio/vnd.wave",		MEDIA_WAV },
	{ "audio/flac",			MEDIA_FLAC },
	{ "audio/x-flac",		MEDIA_FLAC },
	{ "audio/ogg",			MEDIA_OGG },
	{ "audio/mp4",			MEDIA_M4A },
	{ "audio/x-m4a",		MEDIA_M4A },
	{ "audio/aac",			MEDIA_AAC },
	{ "audio/x-aac",		MEDIA_AAC },
	{ "audio/x-hx-aac-adts",	MEDIA_AAC },
	{ "audio/aiff",			MEDIA_AIFF },
	{ "audio/x-aiff",		MEDIA_AIFF },
	{ "model/gltf-binary",		MEDIA_GLB },
	{ "application/pdf",		MEDIA_PDF },
	{ "application/zip",		MEDIA_ZIP },
	{ "application/gzip",		MEDIA_GZIP },
	{ "application/x-gzip",		MEDIA_GZIP },
	{ "video/mp2t",			MEDIA_TS },
	{ "video/MP2T",			MEDIA_TS },
	{ "video/x-flv",		MEDIA_FLV },
	{ "image/x-exr",		MEDIA_EXR },
	{ "image/aces",			MEDIA_EXR },
	{ "image/vnd.radiance",		MEDIA_HDR },
	{ "image/x-tga",		MEDIA_TGA },
	{ "text/html",			MEDIA_HTML },
	{ "application/xhtml+xml",	MEDIA_HTML },
	{ "text/xml",			MEDIA_XML },
	{ "application/xml",		MEDIA_XML },
};

enum media_type
media_type_of(const struct media *media)
{
	return (enum media_type)(media - media_types);
}

enum media_type
media_type_named(const char *name)
{
	size_t	i;

	for (i = 0; i < LENGTH(media_names); i++)
		if (strcmp(media_names[i].name, name) == 0)
			return media_names[i].type;
	return MEDIA_BINARY;
}

bool
media_is_words(enum media_type type)
{
	return type == MEDIA_HTML || type == MEDIA_XML || type == MEDIA_JSON ||
	    type == MEDIA_JSONL || type == MEDIA_TEXT;
}

bool
media_is_boxed(enum media_type type)
{
	switch (type) {
	case MEDIA_MP4:
	case MEDIA_MOV:
	case MEDIA_M4A:
	case MEDIA_AVIF:
	case MEDIA_HEIC:
		return true;
	default:
		return false;
	}
}
