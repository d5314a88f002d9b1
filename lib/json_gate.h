/* The strict gate in front of json-c: libyajl, of which only the callbacks are
 * used. */
#ifndef GENHOOK_JSON_GATE_H
#define GENHOOK_JSON_GATE_H

#include <stddef.h>

#include "lib/errbuf.h"
#include "lib/json.h"

/*
 * Does the text keep every rule that json_parse() promises?  Builds nothing.
 * Returns JSON_OK, or another verdict with what and which byte in err.
 */
enum json_verdict json_gate(const char *body, size_t len, struct errbuf *err);

#endif
