/*
 * The types of files that are told apart, as the files behind media.h share
 * them: media.c tells by its bytes which one a file is, media_names.c by its
 * name what these leave open, media_watch.c whether it is whole.
 */
#ifndef GENHOOK_MEDIA_TYPES_H
#define GENHOOK_MEDIA_TYPES_H

#include "batch/download/media.h"

enum media_type {
	MEDIA_PNG, MEDIA_JPG, MEDIA_GIF, MEDIA_WEBP, MEDIA_AVIF, MEDIA_HEIC,
	MEDIA_JXL, MEDIA_BMP, MEDIA_TIFF, MEDIA_SVG, MEDIA_MP4, MEDIA_MOV,
	MEDIA_WEBM, MEDIA_MKV, MEDIA_AVI, MEDIA_OGV, MEDIA_MP3, MEDIA_WAV,
	MEDIA_FLAC, MEDIA_OGG, MEDIA_M4A, MEDIA_AAC, MEDIA_AIFF, MEDIA_GLB,
	MEDIA_PLY, MEDIA_FBX, MEDIA_PDF, MEDIA_ZIP, MEDIA_GZIP, MEDIA_TS,
	MEDIA_FLV, MEDIA_EXR, MEDIA_HDR, MEDIA_TGA, MEDIA_ALAW, MEDIA_ULAW,
	MEDIA_PCM, MEDIA_OBJ, MEDIA_MTL, MEDIA_STL, MEDIA_GLTF, MEDIA_USD,
	MEDIA_USDZ, MEDIA_3MF, MEDIA_DAE, MEDIA_JSONL, MEDIA_HTML, MEDIA_XML,
	MEDIA_JSON, MEDIA_TEXT, MEDIA_BINARY, MEDIA__MAX
};

/* What each type is called. */
extern const struct media media_types[];

/* The type that a row of media_types is of. */
enum media_type media_type_of(const struct media *);

/* The type that libmagic calls so; MEDIA_BINARY: none of ours. */
enum media_type media_type_named(const char *);

/* Page, data or words: nothing to see or hear. */
bool	media_is_words(enum media_type);

/* Is a file of that type made of boxes (ISO 14496-12, 4.2)? */
bool	media_is_boxed(enum media_type);

#endif
