#ifndef SIM_FIXTURES_H
#define SIM_FIXTURES_H

#include <stddef.h>

/* Made by simulator.mk from tests/fixtures/media. */
extern const unsigned char	 fixture_base_jpg[];
extern const size_t		 fixture_base_jpg_len;
extern const unsigned char	 fixture_base_mp3[];
extern const size_t		 fixture_base_mp3_len;
extern const unsigned char	 fixture_base_mp4[];
extern const size_t		 fixture_base_mp4_len;
extern const unsigned char	 fixture_zeros_gz[];
extern const size_t		 fixture_zeros_gz_len;

#endif
